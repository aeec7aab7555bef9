/*
 * What result.c and spare.c share. No other file includes it.
 */
#ifndef CDC_RESULT_INTERNAL_H
#define CDC_RESULT_INTERNAL_H

#include "plugin/result.h"

/* The order of the output: worst first, then by name. */
int cdc_item_compare(const struct cdc_item *x, const struct cdc_item *y);

void cdc_item_free(struct cdc_item *item, const struct cdc_plugin *plugin);

#endif
