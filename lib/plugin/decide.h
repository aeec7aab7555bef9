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
 * For judging: since when the object is away, by the last run's memory; false when it was there, or is new. An object
 * that comes back after that was created anew, or is another one of the same name.
 */
bool cdc_was_absent(const struct cdc_check *check, const char *name, int64_t *since_ms);

/* True if the last run knew the object, there or away. */
bool cdc_was_known(const struct cdc_check *check, const char *name);

#endif
