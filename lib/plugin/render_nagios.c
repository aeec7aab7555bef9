#include "plugin/render.h"

#include "base/text.h"

#include <search.h>
#include <stdlib.h>

/* interface.md section 3.1 */
#define LINE1_MAX        120
#define ITEM_NAME_MAX    200
#define VERBOSE_LINE_MAX 2000

static int compare_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static char *clean_label(const char *name)
{
	struct cdc_buf label = CDC_BUF_INIT;
	size_t n = strlen(name);

	while (n > 0) {
		size_t len = cdc_text_utf8_len(name, n);
		bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
		    (*name >= '0' && *name <= '9') || strchr("_.-", *name);

		cdc_buf_add_char(&label, plain ? *name : '_');
		name += len ? len : 1;
		n -= len ? len : 1;
	}
	return cdc_buf_take(&label);
}

/* An item, or what is left of one (then item is NULL), and where its label goes. */
struct named_index {
	const struct cdc_item *item;
	const struct cdc_left_out *left;
	const char *name;
	size_t index;
};

static bool is_fixed(const struct named_index *named)
{
	return named->item && named->item->fixed;
}

/* Fixed items keep their labels, so they choose first; the others in byte order of their raw names. */
static int compare_items(const void *a, const void *b)
{
	const struct named_index *x = a, *y = b;

	if (is_fixed(x) != is_fixed(y))
		return is_fixed(x) ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Everything that takes a label, in the order of choosing. The caller frees it. */
static struct named_index *order_of_labels(const struct cdc_result *result, size_t *ret_count)
{
	size_t count = result->count + result->left_count;
	struct named_index *order = cdc_alloc(count, sizeof(*order));

	for (size_t i = 0; i < result->count; i++)
		order[i] = (struct named_index){ result->items[i], NULL, result->items[i]->name, i };
	for (size_t i = result->count; i < count; i++) {
		const struct cdc_left_out *left = &result->left_out[i - result->count];

		order[i] = (struct named_index){ NULL, left, left->name, i };
	}
	qsort(order, count, sizeof(*order), compare_items);
	*ret_count = count;
	return order;
}

static void no_free(void *text CDC_UNUSED)
{
}

char **cdc_perfdata_labels(const struct cdc_result *result)
{
	size_t count;
	struct named_index *order = order_of_labels(result, &count);
	char **labels = cdc_alloc(count, sizeof(*labels));
	void *used = NULL;

	for (size_t i = 0; i < count; i++) {
		char *label = clean_label(order[i].name);
		struct cdc_buf tried = CDC_BUF_INIT;

		cdc_buf_add(&tried, label);
		for (unsigned n = 2; tfind(tried.text, &used, compare_text); n++) {
			cdc_buf_clear(&tried);
			cdc_buf_addf(&tried, "%s_%u", label, n);
		}
		free(label);
		labels[order[i].index] = cdc_buf_take(&tried);
		tsearch(labels[order[i].index], &used, compare_text);
	}
	tdestroy(used, no_free);
	free(order);
	return labels;
}

void cdc_labels_free(char **labels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(labels[i]);
	free(labels);
}

static void add_value(struct cdc_buf *buf, const char *label, const struct cdc_metric *metric,
    const struct cdc_threshold *threshold, cdc_num value)
{
	size_t end;

	cdc_buf_addf(buf, "%s.%s=", label, metric->name);
	cdc_num_print(buf, value, cdc_unit_decimals(metric->unit));
	cdc_buf_addf(buf, "%s;", cdc_unit_name(metric->unit));
	end = buf->len - 1;
	cdc_range_print(buf, &threshold->warning);
	if (buf->len > end + 1)
		end = buf->len;
	cdc_buf_add_char(buf, ';');
	cdc_range_print(buf, &threshold->critical);
	if (buf->text[buf->len - 1] != ';')
		end = buf->len;
	if (metric->has_min || metric->has_max)
		cdc_buf_add_char(buf, ';');
	if (metric->has_min) {
		cdc_num_print(buf, cdc_num_int(metric->min), 0);
		end = buf->len;
	}
	if (metric->has_max) {
		cdc_buf_add_char(buf, ';');
		cdc_num_print(buf, cdc_num_int(metric->max), 0);
		end = buf->len;
	}
	cdc_buf_truncate(buf, end);
}

/* Where performance data goes: behind "|" first, then behind a blank. */
struct perfdata {
	struct cdc_buf *buf;
	const struct cdc_check *check;
	const char *label;
	char separator;
};

static void add_metric(struct perfdata *perfdata, size_t metric, cdc_num value)
{
	const struct cdc_policy *policy = perfdata->check->policy;

	cdc_buf_add_char(perfdata->buf, perfdata->separator);
	add_value(perfdata->buf, perfdata->label, &policy->plugin->metrics[metric], &policy->thresholds[metric], value);
	perfdata->separator = ' ';
}

static void add_item_perfdata(struct perfdata *perfdata, const struct cdc_item *item, bool few)
{
	if (few && !item->fixed && !item->named && item->state == CDC_OK)
		return;
	for (size_t i = 0; i < perfdata->check->policy->plugin->metric_count; i++)
		if (item->values[i].known)
			add_metric(perfdata, i, item->values[i].value);
}

/* Behind the last text: "|" and the items separated by one blank; nothing when there are no values. */
static void add_perfdata(struct cdc_buf *buf, const struct cdc_check *check)
{
	const struct cdc_result *result = &check->result;
	bool few = cdc_result_item_count(result) > (size_t)check->policy->max_items;
	struct perfdata perfdata = { .buf = buf, .check = check, .separator = '|' };
	char **labels = cdc_perfdata_labels(result);
	size_t count;
	struct named_index *order = order_of_labels(result, &count);

	for (size_t i = 0; i < count; i++) {
		const struct cdc_left_out *left = order[i].left;

		perfdata.label = labels[order[i].index];
		if (order[i].item)
			add_item_perfdata(&perfdata, order[i].item, few);
		for (size_t v = 0; left && v < left->count; v++)
			add_metric(&perfdata, left->values[v].metric, left->values[v].value);
	}
	cdc_labels_free(labels, count);
	free(order);
}

/* No blank may stand at the end of a line: the last one would come to stand before the "|". */
static void trim_line(struct cdc_buf *buf)
{
	size_t n = buf->len;

	while (n > 0 && buf->text[n - 1] == ' ')
		n--;
	cdc_buf_truncate(buf, n);
}

static void add_item_line(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *item)
{
	cdc_buf_addf(buf, "\n[%s] ", cdc_state_name(item->state));
	cdc_text_add_safe(buf, item->name, ITEM_NAME_MAX);
	cdc_buf_add(buf, ": ");
	cdc_render_item_text(buf, check, item);
	trim_line(buf);
}

/* Fixed items have a line only while they are not fine. */
static bool has_line(const struct cdc_item *item)
{
	return !item->fixed || item->state != CDC_OK;
}

static size_t line_count(const struct cdc_result *result)
{
	size_t n = result->left_count;

	for (size_t i = 0; i < result->count; i++)
		n += has_line(result->items[i]);
	return n;
}

/* At most --max-items of them; those of fixed items are not counted. */
static void add_item_lines(struct cdc_buf *buf, const struct cdc_check *check)
{
	const struct cdc_result *result = &check->result;
	struct cdc_item **sorted = cdc_result_sorted(result);
	size_t shown = 0, left = 0;

	for (size_t i = 0; i < result->count; i++) {
		if (!has_line(sorted[i]) || (check->policy->problems_only && sorted[i]->state == CDC_OK))
			continue;
		if (shown >= (size_t)check->policy->max_items && !sorted[i]->fixed) {
			left++;
			continue;
		}
		add_item_line(buf, check, sorted[i]);
		shown += !sorted[i]->fixed;
	}
	for (size_t i = 0; i < result->left_count; i++)
		left += !check->policy->problems_only || result->left_out[i].state != CDC_OK;
	if (left)
		cdc_buf_addf(buf, "\n... and %zu more", left);
	free(sorted);
}

static void add_texts(struct cdc_buf *buf, const struct cdc_texts *texts, const char *prefix)
{
	for (size_t i = 0; i < texts->count; i++) {
		cdc_buf_addf(buf, "\n%s", prefix);
		cdc_text_add_safe(buf, texts->at[i], VERBOSE_LINE_MAX);
		trim_line(buf);
	}
}

/* What line 1 had no room for. */
static void add_whole(struct cdc_buf *buf, const struct cdc_result *result)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		cdc_buf_add(buf, "\nnote: ");
		cdc_text_add_safe(buf, result->findings[i].text, VERBOSE_LINE_MAX);
		trim_line(buf);
	}
}

void cdc_render_nagios(struct cdc_buf *buf, const struct cdc_check *check)
{
	CDC_CLEANUP(cdc_free_string) char *title = cdc_plugin_title(check->policy->plugin);
	const struct cdc_result *result = &check->result;
	size_t start = buf->len, max;
	struct cdc_summary left_out;

	cdc_buf_addf(buf, "%s %s - ", title, cdc_state_name(result->state));
	max = LINE1_MAX - (buf->len - start);
	left_out = cdc_render_summary(buf, check, max);
	trim_line(buf);
	if (line_count(result) > 1 || (left_out.item && result->count > 0))
		add_item_lines(buf, check);
	if (check->policy->verbose)
		add_texts(buf, &result->verbose, "");
	if (left_out.whole)
		add_whole(buf, result);
	add_texts(buf, &result->notes, "note: ");
	if (!check->policy->no_perfdata)
		add_perfdata(buf, check);
	cdc_buf_add_char(buf, '\n');
}
