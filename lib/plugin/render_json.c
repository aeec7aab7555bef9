#include "plugin/render.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>

#define SUMMARY_MAX 1000
#define ERROR_MAX   2000
#define VERBOSE_MAX 2000

static void add_lower(struct cdc_buf *buf, const char *text)
{
	for (; *text; text++)
		cdc_buf_add_char(buf, (char)tolower((unsigned char)*text));
}

static void add_range(struct cdc_buf *buf, const char *key, const struct cdc_range *range)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(buf, ",\"%s\":", key);
	if (!range->set) {
		cdc_buf_add(buf, "null");
		return;
	}
	cdc_range_print(&text, range);
	cdc_text_add_json(buf, text.text);
}

static void add_limit(struct cdc_buf *buf, const char *key, bool known, int64_t value)
{
	cdc_buf_addf(buf, ",\"%s\":", key);
	if (known)
		cdc_num_print(buf, cdc_num_int(value), 0);
	else
		cdc_buf_add(buf, "null");
}

static void add_metrics(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *item)
{
	const struct cdc_plugin *plugin = check->policy->plugin;
	const char *separator = "";

	for (size_t i = 0; i < plugin->metric_count; i++) {
		const struct cdc_metric *metric = &plugin->metrics[i];
		const struct cdc_threshold *threshold = &check->policy->thresholds[i];

		if (!item->values[i].known)
			continue;
		cdc_buf_addf(buf, "%s{\"name\":\"%s\",\"value\":", separator, metric->name);
		cdc_num_print(buf, item->values[i].value, cdc_unit_decimals(metric->unit));
		cdc_buf_addf(buf, ",\"unit\":\"%s\"", cdc_unit_name(metric->unit));
		add_range(buf, "warning", &threshold->warning);
		add_range(buf, "critical", &threshold->critical);
		add_limit(buf, "min", metric->has_min, metric->min);
		add_limit(buf, "max", metric->has_max, metric->max);
		cdc_buf_add_char(buf, '}');
		separator = ",";
	}
}

static void add_labels(struct cdc_buf *buf, const struct cdc_plugin *plugin, const struct cdc_item *item)
{
	const char *separator = "";

	for (size_t i = 0; plugin->labels[i] && item->labels[0]; i++) {
		cdc_buf_addf(buf, "%s\"", separator);
		add_lower(buf, plugin->labels[i]);
		cdc_buf_add(buf, "\":");
		cdc_text_add_json(buf, item->labels[i] ? item->labels[i] : "");
		separator = ",";
	}
}

static void add_item(struct cdc_buf *buf, const struct cdc_check *check, const struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_render_item_text(&text, check, item, NULL);
	cdc_buf_add(buf, "{\"name\":");
	cdc_text_add_json(buf, item->name);
	cdc_buf_addf(buf, ",\"state\":\"%s\",\"text\":", cdc_state_name(item->state));
	cdc_text_add_json(buf, text.text);
	cdc_buf_add(buf, ",\"metrics\":[");
	add_metrics(buf, check, item);
	cdc_buf_add(buf, "],\"labels\":{");
	add_labels(buf, check->policy->plugin, item);
	cdc_buf_add(buf, "}}");
}

static void add_texts(struct cdc_buf *buf, const struct cdc_texts *texts, const char *prefix, const char **separator)
{
	for (size_t i = 0; i < texts->count; i++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

		cdc_buf_add(buf, *separator);
		cdc_buf_add(&text, prefix);
		cdc_text_add_safe(&text, texts->at[i], VERBOSE_MAX);
		cdc_text_add_json(buf, text.text);
		*separator = ",";
	}
}

static void add_items(struct cdc_buf *buf, const struct cdc_check *check)
{
	struct cdc_item **sorted = cdc_result_sorted(&check->result);

	for (size_t i = 0; i < check->result.count; i++) {
		if (i)
			cdc_buf_add_char(buf, ',');
		add_item(buf, check, sorted[i]);
	}
	free(sorted);
}

static void add_error(struct cdc_buf *buf, const struct cdc_result *result)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (!result->error) {
		cdc_buf_add(buf, "null");
		return;
	}
	cdc_text_add_safe(&text, result->error, ERROR_MAX);
	cdc_text_add_json(buf, text.text);
}

void cdc_render_json(struct cdc_buf *buf, const struct cdc_check *check)
{
	CDC_BUF_CLEANUP struct cdc_buf summary = CDC_BUF_INIT;
	const struct cdc_result *result = &check->result;
	const char *separator = "";

	cdc_render_summary(&summary, check, SUMMARY_MAX);
	cdc_buf_addf(buf, "{\"plugin\":\"%s\",\"version\":\"%s\",\"state\":\"%s\",\"exit_code\":%d,\"summary\":",
	    result->plugin->name, CDC_VERSION, cdc_state_name(result->state), (int)result->state);
	cdc_text_add_json(buf, summary.text);
	cdc_buf_add(buf, ",\"items\":[");
	add_items(buf, check);
	cdc_buf_add(buf, "],\"error\":");
	add_error(buf, result);
	cdc_buf_add(buf, ",\"verbose\":[");
	if (check->policy->verbose)
		add_texts(buf, &result->verbose, "", &separator);
	add_texts(buf, &result->notes, "note: ", &separator);
	cdc_buf_add(buf, "]}\n");
}

void cdc_render_discovery(struct cdc_buf *buf, const struct cdc_check *check)
{
	const struct cdc_plugin *plugin = check->policy->plugin;
	struct cdc_item **sorted = cdc_result_sorted(&check->result);
	const char *separator = "";

	cdc_buf_add_char(buf, '[');
	for (size_t i = 0; i < check->result.count; i++) {
		if (sorted[i]->absent || !sorted[i]->labels[0])
			continue;
		cdc_buf_addf(buf, "%s{", separator);
		for (size_t l = 0; plugin->labels[l]; l++) {
			cdc_buf_addf(buf, "%s\"{#%s}\":", l ? "," : "", plugin->labels[l]);
			cdc_text_add_json(buf, sorted[i]->labels[l] ? sorted[i]->labels[l] : "");
		}
		cdc_buf_add_char(buf, '}');
		separator = ",";
	}
	cdc_buf_add(buf, "]\n");
	free(sorted);
}
