/*
 * The labels of performance data (interface.md section 3.4): clean, distinct, and the same in every run, whichever of
 * them are shown.
 */
#ifndef CDC_LABELS_H
#define CDC_LABELS_H

#include "plugin/result.h"

/* An item, or what is left of one (then item is NULL), and its label. */
struct cdc_labelled {
	const struct cdc_item *item;
	const struct cdc_left_out *left;
	const char *name;
	char *label;
};

/* In the order of the output: fixed items first, each kind by name. */
struct cdc_labels {
	struct cdc_labelled *at;
	size_t count;
};

/*
 * Labels of the items that is_shown wants (all, when it is NULL) and of those left out that have values. The result
 * must last as long. Release it with cdc_labels_release.
 */
void cdc_labels_init(struct cdc_labels *labels, const struct cdc_result *result, bool (*is_shown)(const struct cdc_item *));
void cdc_labels_release(struct cdc_labels *labels);

#endif
