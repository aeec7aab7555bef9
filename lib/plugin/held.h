/*
 * Findings that compare with an earlier run are held: remembered when they are seen, and raised again in every run until
 * --hold is over, or a monitoring system that asks three times before it notifies would never tell (interface.md,
 * section 6).
 */
#ifndef CDC_HELD_H
#define CDC_HELD_H

#include "plugin/result.h"

/* Remembers a finding as seen at seen_ms (wall clock); headline may be NULL. */
void cdc_held_keep(struct cdc_check *check, const char *item, const struct cdc_condition *row, int64_t seen_ms,
    const char *text, const char *headline);

/* Raises again what earlier runs saw of an item, unless this run sees it too or its time is over. */
void cdc_held_raise(struct cdc_check *check, struct cdc_item *item);

/* True if anything is still held of that object. */
bool cdc_held_any(const struct cdc_check *check, const char *name);

/* True if an earlier run held that condition of the object, be its time over or not. */
bool cdc_held_was_told(const struct cdc_check *check, const char *name, size_t condition);

#endif
