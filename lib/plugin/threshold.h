/*
 * Metrics against their ranges, with --warning-for and --critical-for (interface.md, section 1).
 */
#ifndef CDC_THRESHOLD_H
#define CDC_THRESHOLD_H

#include "plugin/result.h"

/* Tests one metric of an item and raises what follows. */
void cdc_decide_metric(struct cdc_check *check, struct cdc_item *item, size_t index);

#endif
