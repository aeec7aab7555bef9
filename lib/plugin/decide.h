/*
 * From what is the case to states: conditions by --on, grace and what is held; metrics by their ranges and --…-for;
 * objects of an earlier run that are not there any more. The rules are interface.md section 1 and 6; nothing else
 * decides a state.
 */
#ifndef CDC_DECIDE_H
#define CDC_DECIDE_H

#include "plugin/result.h"

/*
 * Decides every item and the whole, and completes the memory for the next run. `complete` is false when the check was
 * cut short: then what was not looked at is neither missing nor forgotten. Call it once.
 */
void cdc_decide(struct cdc_check *check, bool complete);

/*
 * Decides one item before the others, and lets go of whichever item the output will have no place for, so that
 * thousands can be judged one by one as they stream in. The item must be complete and there; the pointer is not valid
 * afterwards. The memory must be open already.
 */
void cdc_settle(struct cdc_check *check, struct cdc_item *item);

#endif
