/*
 * Puts a sample together whose name and labels come piece by piece, as they do out of JSON. Keeps its memory from one
 * sample to the next.
 */
#ifndef CDC_SAMPLE_BUILDER_H
#define CDC_SAMPLE_BUILDER_H

#include "cdc/exposition.h"

struct cdc_sample_builder {
	struct cdc_buf texts; /* name\0 value\0 of each label, one behind the other */
	size_t count;
	bool full; /* a label did not find room any more */
	struct cdc_label labels[CDC_EXPOSITION_LABELS_MAX];
};

#define CDC_SAMPLE_BUILDER_INIT { .texts = CDC_BUF_LIMITED(CDC_EXPOSITION_LINE_MAX) }

void cdc_sample_builder_release(struct cdc_sample_builder *builder);

/* Forgets all labels. */
void cdc_sample_builder_clear(struct cdc_sample_builder *builder);

/* Adds a label; both texts are copied. */
void cdc_sample_builder_add(struct cdc_sample_builder *builder, const char *name, const char *value);

/* Takes the last label off again. */
void cdc_sample_builder_drop(struct cdc_sample_builder *builder);

/*
 * Gives the sample to the taker if it wants that name. value_text is a number's text; what is none has no value. The
 * sample's name is what the label `__name__` says where name is NULL. -1 and an error of the taker, or a
 * CDC_ERR_PROTOCOL when there are too many labels.
 */
int cdc_sample_builder_give(struct cdc_sample_builder *builder, const struct cdc_sample_taker *taker, const char *name,
    const char *value_text, struct cdc_err *err) CDC_MUST_USE;

#endif
