#include "plugin/render.h"

#include <stdlib.h>

#include "base/text.h"
#include "plugin/labels.h"

/* interface.md section 3.1 */
#define LINE1_MAX        120
#define ITEM_NAME_MAX    200
#define VERBOSE_LINE_MAX 2000

/* "B;warning;critical;min;max" as far as they are known, without semicolons at the end. */
static char *unit_and_limits(const struct cdc_metric *metric, const struct cdc_threshold *threshold)
{
	struct cdc_buf text = CDC_BUF_INIT;
	size_t end;

	cdc_buf_add(&text, cdc_unit_name(metric->unit));
	end = text.len;
	cdc_buf_add_char(&text, ';');
	cdc_range_print(&text, &threshold->warning);
	if (text.len > end + 1)
		end = text.len;
	cdc_buf_add_char(&text, ';');
	cdc_range_print(&text, &threshold->critical);
	if (text.text[text.len - 1] != ';')
		end = text.len;
	cdc_buf_add_char(&text, ';');
	if (metric->has_min) {
		cdc_num_print(&text, cdc_num_int(metric->min), 0);
		end = text.len;
	}
	if (metric->has_max) {
		cdc_buf_add_char(&text, ';');
		cdc_num_print(&text, cdc_num_int(metric->max), 0);
		end = text.len;
	}
	cdc_buf_truncate(&text, end);
	return cdc_buf_take(&text);
}

/* Where performance data goes: behind "|" first, then behind a blank. */
struct perfdata {
	struct cdc_buf *buf;
	const struct cdc_policy *policy;
	const char *label;
	char **ends; /* by metric, what follows the value; NULL until it is needed */
	char separator;
};

static void add_metric(struct perfdata *perfdata, size_t index, cdc_num value)
{
	const struct cdc_metric *metric = &perfdata->policy->plugin->metrics[index];
	struct cdc_buf *buf = perfdata->buf;

	if (!perfdata->ends[index])
		perfdata->ends[index] = unit_and_limits(metric, &perfdata->policy->thresholds[index]);
	cdc_buf_add_char(buf, perfdata->separator);
	cdc_buf_add(buf, perfdata->label);
	cdc_buf_add_char(buf, '.');
	cdc_buf_add(buf, metric->name);
	cdc_buf_add_char(buf, '=');
	cdc_num_print(buf, value, cdc_unit_decimals(metric->unit));
	cdc_buf_add(buf, perfdata->ends[index]);
	perfdata->separator = ' ';
}

/* Whether an item's values are shown where only some are: it was named, or is a problem, or speaks of the whole. */
static bool is_among_few(const struct cdc_item *item)
{
	return item->fixed || item->named || item->state != CDC_OK;
}

static void add_item_perfdata(struct perfdata *perfdata, const struct cdc_labelled *labelled)
{
	const struct cdc_item *item = labelled->item;
	const struct cdc_left_out *left = labelled->left;

	for (size_t i = 0; item && i < perfdata->policy->plugin->metric_count; i++)
		if (item->values[i].known)
			add_metric(perfdata, i, item->values[i].value);
	for (size_t i = 0; left && i < left->count; i++)
		add_metric(perfdata, left->values[i].metric, left->values[i].value);
}

/* Behind the last text: "|" and the items separated by one blank; nothing when there are no values. */
static void add_perfdata(struct cdc_buf *buf, const struct cdc_check *check)
{
	const struct cdc_result *result = &check->result;
	bool few = cdc_result_item_count(result) > (size_t)check->policy->max_items;
	size_t metrics = check->policy->plugin->metric_count;
	struct perfdata perfdata = { .buf = buf, .policy = check->policy, .separator = '|',
		.ends = cdc_alloc(metrics, sizeof(*perfdata.ends)) };
	struct cdc_labels labels;

	cdc_labels_init(&labels, result, few ? is_among_few : NULL);
	for (size_t i = 0; i < labels.count; i++) {
		perfdata.label = labels.at[i].label;
		add_item_perfdata(&perfdata, &labels.at[i]);
	}
	cdc_labels_release(&labels);
	for (size_t i = 0; i < metrics; i++)
		free(perfdata.ends[i]);
	free(perfdata.ends);
}

/* No blank may stand at the end of a line: the last one would come to stand before the "|". */
static void trim_line(struct cdc_buf *buf)
{
	size_t n = buf->len;

	while (n > 0 && buf->text[n - 1] == ' ')
		n--;
	cdc_buf_truncate(buf, n);
}

static void add_item_line(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *item,
    const struct cdc_item *cut)
{
	cdc_buf_addf(buf, "\n[%s] ", cdc_state_name(item->state));
	cdc_text_add_safe(buf, item->name, ITEM_NAME_MAX);
	cdc_buf_add(buf, ": ");
	cdc_render_item_text(buf, check, item, cut);
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
static void add_item_lines(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *cut)
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
		add_item_line(buf, check, sorted[i], cut);
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
		add_item_lines(buf, check, left_out.cut);
	if (check->policy->verbose)
		add_texts(buf, &result->verbose, "");
	if (left_out.whole)
		add_whole(buf, result);
	add_texts(buf, &result->notes, "note: ");
	if (!check->policy->no_perfdata)
		add_perfdata(buf, check);
	cdc_buf_add_char(buf, '\n');
}
