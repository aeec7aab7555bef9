#include "plugin/labels.h"

#include <search.h>
#include <stdlib.h>

#include "base/text.h"
#include "plugin/seen.h"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	    c == '-';
}

static void add_clean(struct cdc_buf *buf, const char *name)
{
	size_t n = strlen(name);

	while (n > 0) {
		size_t len = is_plain(*name) ? 1 : cdc_text_utf8_len(name, n);

		cdc_buf_add_char(buf, is_plain(*name) ? *name : '_');
		name += len ? len : 1;
		n -= len ? len : 1;
	}
}

static char *clean(const char *name)
{
	struct cdc_buf label = CDC_BUF_INIT;

	add_clean(&label, name);
	return cdc_buf_take(&label);
}

static bool is_fixed(const struct cdc_labelled *labelled)
{
	return labelled->item && labelled->item->fixed;
}

/* Fixed items keep their labels, so they choose first; the others in byte order of their raw names. */
static int compare(const void *a, const void *b)
{
	const struct cdc_labelled *x = a, *y = b;

	if (is_fixed(x) != is_fixed(y))
		return is_fixed(x) ? -1 : 1;
	return strcmp(x->name, y->name);
}

typedef bool shown_fn(const struct cdc_item *item);

static bool is_left_shown(const struct cdc_left_out *left)
{
	return left->count > 0;
}

/* Those that are shown, or all, in the order of choosing. */
static void collect(struct cdc_labels *labels, const struct cdc_result *result, shown_fn *is_shown, bool all)
{
	labels->at = cdc_alloc(result->count + result->left_count, sizeof(*labels->at));
	labels->count = 0;
	for (size_t i = 0; i < result->count; i++) {
		const struct cdc_item *item = result->items[i];

		if (all || !is_shown || is_shown(item))
			labels->at[labels->count++] = (struct cdc_labelled){ .item = item, .name = item->name };
	}
	for (size_t i = 0; i < result->left_count; i++) {
		const struct cdc_left_out *left = &result->left_out[i];

		if (all || is_left_shown(left))
			labels->at[labels->count++] = (struct cdc_labelled){ .left = left, .name = left->name };
	}
	qsort(labels->at, labels->count, sizeof(*labels->at), compare);
}

/* True if the clean name is not taken yet; text is for use again and again. */
static bool takes_own(struct cdc_seen *taken, const char *name, struct cdc_buf *text)
{
	cdc_buf_clear(text);
	add_clean(text, name);
	return cdc_seen_add(taken, text->text);
}

/* True if all clean names differ, as they nearly always do: then each is a label. */
static bool are_distinct(const struct cdc_result *result)
{
	CDC_CLEANUP(cdc_seen_release) struct cdc_seen taken = { 0 };
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	for (size_t i = 0; i < result->count; i++)
		if (!takes_own(&taken, result->items[i]->name, &text))
			return false;
	for (size_t i = 0; i < result->left_count; i++)
		if (!takes_own(&taken, result->left_out[i].name, &text))
			return false;
	return true;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void no_free(void *text CDC_UNUSED)
{
}

/* Each that finds its clean name taken takes the first of NAME_2, NAME_3 ... that is free. */
static void choose(struct cdc_labels *labels)
{
	void *used = NULL;

	for (size_t i = 0; i < labels->count; i++) {
		CDC_CLEANUP(cdc_free_string) char *label = clean(labels->at[i].name);
		struct cdc_buf tried = CDC_BUF_INIT;

		cdc_buf_add(&tried, label);
		for (int n = 2; tfind(tried.text, &used, compare_text); n++) {
			cdc_buf_clear(&tried);
			cdc_buf_addf(&tried, "%s_%d", label, n);
		}
		labels->at[i].label = cdc_buf_take(&tried);
		tsearch(labels->at[i].label, &used, compare_text);
	}
	tdestroy(used, no_free);
}

static void drop_hidden(struct cdc_labels *labels, shown_fn *is_shown)
{
	size_t kept = 0;

	for (size_t i = 0; i < labels->count; i++) {
		const struct cdc_labelled *labelled = &labels->at[i];

		if (labelled->item ? !is_shown || is_shown(labelled->item) : is_left_shown(labelled->left))
			labels->at[kept++] = *labelled;
		else
			free(labelled->label);
	}
	labels->count = kept;
}

void cdc_labels_init(struct cdc_labels *labels, const struct cdc_result *result, shown_fn *is_shown)
{
	bool distinct = are_distinct(result);

	/* the number behind a label depends on items that are not shown */
	collect(labels, result, is_shown, !distinct);
	if (!distinct) {
		choose(labels);
		drop_hidden(labels, is_shown);
		return;
	}
	for (size_t i = 0; i < labels->count; i++)
		labels->at[i].label = clean(labels->at[i].name);
}

void cdc_labels_release(struct cdc_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		free(labels->at[i].label);
	free(labels->at);
	*labels = (struct cdc_labels){ 0 };
}
