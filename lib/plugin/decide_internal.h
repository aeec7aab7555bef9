/*
 * What decide.c, held.c, threshold.c and absent.c share. No other file includes it.
 */
#ifndef CDC_DECIDE_INTERNAL_H
#define CDC_DECIDE_INTERNAL_H

#include "plugin/decide.h"

/* The row of a finding's condition. */
static inline const struct cdc_condition *cdc_row_of(const struct cdc_check *check, const struct cdc_finding *finding)
{
	return check->policy->rows[finding->condition];
}

/* held.c: remembers a finding as seen at seen_ms (wall clock); headline may be NULL. */
void cdc_held_keep(struct cdc_check *check, const char *item, const struct cdc_condition *row, int64_t seen_ms,
    const char *text, const char *headline);

/* Raises again what earlier runs saw of an item, unless this run sees it too or its time is over. */
void cdc_held_raise(struct cdc_check *check, struct cdc_item *item);

/* True if anything is still held of that object. */
bool cdc_held_any(const struct cdc_check *check, const char *name);

/* True if an earlier run held that condition of the object, be its time over or not. */
bool cdc_held_was_told(const struct cdc_check *check, const char *name, size_t condition);

/* threshold.c: tests one metric of an item and raises what follows. */
void cdc_decide_metric(struct cdc_check *check, struct cdc_item *item, size_t index);

/* absent.c: what the next run must know of an item: that it was there, or since when it is not. */
void cdc_absent_remember(struct cdc_check *check, const struct cdc_item *item);

/* Carries what is remembered of an object that is not there; only its timers stop. */
void cdc_absent_carry(struct cdc_check *check, const char *name);

/* Looks at every object of the last run that this run did not come across; complete: it looked everywhere. */
void cdc_absent_visit(struct cdc_check *check, bool complete);

#endif
