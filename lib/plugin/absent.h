/*
 * Objects that an earlier run knew and this one did not come across: what is remembered of them, and whether they
 * vanished.
 */
#ifndef CDC_ABSENT_H
#define CDC_ABSENT_H

#include "plugin/result.h"

/*
 * For judging: since when the object is away, by the last run's memory; false when it was there, or is new. An object
 * that comes back after that was created anew, or is another one of the same name.
 */
bool cdc_was_absent(const struct cdc_check *check, const char *name, int64_t *since_ms);

/* True if the last run knew the object, there or away. */
bool cdc_was_known(const struct cdc_check *check, const char *name);

/* For decide.c: leaves what the last run left of an object that is not there, but its timers. */
void cdc_absent_carry(struct cdc_check *check, const struct cdc_item *item);

/* For decide.c: leaves what the next run must know of an item: that it was there, or since when it is not. */
void cdc_absent_remember(struct cdc_check *check, const struct cdc_item *item);

/* For decide.c: looks at every object of the last run that this run did not come across; complete: it looked everywhere. */
void cdc_absent_visit(struct cdc_check *check, bool complete);

#endif
