/*
 * Metrics against their ranges, with --warning-for and --critical-for (interface.md, section 1).
 */
#ifndef CDC_THRESHOLD_H
#define CDC_THRESHOLD_H

#include "plugin/result.h"

/* Tests one metric of an item and raises what follows. */
void cdc_decide_metric(struct cdc_check *check, struct cdc_item *item, size_t index);

/*
 * True if the command line has a threshold for a metric that belongs to the item and has no value; the text says so,
 * and why where the judge told it (cdc_item_cause).
 */
bool cdc_threshold_has_no_value(const struct cdc_check *check, const struct cdc_item *item, size_t index,
    struct cdc_buf *text);

#endif
