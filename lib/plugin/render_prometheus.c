#include "plugin/render.h"

#include "base/text.h"

#include <ctype.h>

static const char *unit_suffix(enum cdc_unit unit)
{
	switch (unit) {
	case CDC_SECONDS:
		return "_seconds";
	case CDC_BYTES:
		return "_bytes";
	case CDC_PERCENT:
		return "_percent";
	case CDC_COUNTER:
		return "_total";
	default:
		return "";
	}
}

void cdc_prometheus_add_name(struct cdc_buf *buf, const struct cdc_plugin *plugin, const struct cdc_metric *metric)
{
	cdc_buf_addf(buf, "cdc_%s", cdc_plugin_short_name(plugin));
	if (!cdc_streq(metric->name, cdc_plugin_short_name(plugin))) {
		cdc_buf_add_char(buf, '_');
		for (const char *c = metric->name; *c; c++)
			cdc_buf_add_char(buf, *c == '-' || *c == '.' ? '_' : *c);
	}
	cdc_buf_add(buf, unit_suffix(metric->unit));
}

/* Exposition format 0.0.4: backslash, quote and newline are escaped in label values. */
static void add_label_value(struct cdc_buf *buf, const char *text)
{
	size_t n = strlen(text);

	cdc_buf_add_char(buf, '"');
	while (n > 0) {
		size_t len = cdc_text_utf8_len(text, n);

		if (len == 0)
			cdc_buf_add_char(buf, '?');
		else if (*text == '\n')
			cdc_buf_add(buf, "\\n");
		else if (*text == '"' || *text == '\\')
			cdc_buf_addf(buf, "\\%c", *text);
		else
			cdc_buf_add_bytes(buf, text, len);
		text += len ? len : 1;
		n -= len ? len : 1;
	}
	cdc_buf_add_char(buf, '"');
}

static void add_labels(struct cdc_buf *buf, const struct cdc_plugin *plugin, const struct cdc_item *item)
{
	if (!item->labels[0])
		return;
	cdc_buf_add_char(buf, '{');
	for (size_t i = 0; plugin->labels[i]; i++) {
		if (i)
			cdc_buf_add_char(buf, ',');
		for (const char *c = plugin->labels[i]; *c; c++)
			cdc_buf_add_char(buf, (char)tolower((unsigned char)*c));
		cdc_buf_add_char(buf, '=');
		add_label_value(buf, item->labels[i] ? item->labels[i] : "");
	}
	cdc_buf_add_char(buf, '}');
}

static void add_head(struct cdc_buf *buf, const char *name, const char *type, const char *help)
{
	cdc_buf_addf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_metric(struct cdc_buf *buf, const struct cdc_result *result, size_t index)
{
	const struct cdc_metric *metric = &result->plugin->metrics[index];
	CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;
	bool first = true;

	cdc_prometheus_add_name(&name, result->plugin, metric);
	for (size_t i = 0; i < result->count; i++) {
		const struct cdc_item *item = result->items[i];

		if (!item->values[index].known)
			continue;
		if (first)
			add_head(buf, name.text, metric->unit == CDC_COUNTER ? "counter" : "gauge", metric->help);
		first = false;
		cdc_buf_add(buf, name.text);
		add_labels(buf, result->plugin, item);
		cdc_buf_add_char(buf, ' ');
		cdc_num_print(buf, item->values[index].value, cdc_unit_decimals(metric->unit));
		cdc_buf_add_char(buf, '\n');
	}
}

/* An object with the name of a fixed item ("server") would make the same series twice: it gets _2, as its label does. */
static void add_item_name(struct cdc_buf *buf, const struct cdc_result *result, const struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;

	cdc_buf_add(&name, item->name);
	for (size_t i = 0; i < result->count && !item->fixed; i++)
		if (result->items[i]->fixed && cdc_streq(result->items[i]->name, item->name))
			cdc_buf_add(&name, "_2");
	add_label_value(buf, name.text);
}

void cdc_render_prometheus(struct cdc_buf *buf, const struct cdc_check *check)
{
	const struct cdc_result *result = &check->result;

	for (size_t i = 0; i < result->plugin->metric_count; i++)
		add_metric(buf, result, i);
	add_head(buf, "cdc_check_state", "gauge", "State of the whole check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.");
	cdc_buf_addf(buf, "cdc_check_state{plugin=\"%s\"} %d\n", result->plugin->name, (int)result->state);
	if (result->count == 0)
		return;
	add_head(buf, "cdc_check_item_state", "gauge",
	    "State of one item of a check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.");
	for (size_t i = 0; i < result->count; i++) {
		cdc_buf_addf(buf, "cdc_check_item_state{plugin=\"%s\",item=", result->plugin->name);
		add_item_name(buf, result, result->items[i]);
		cdc_buf_addf(buf, "} %d\n", (int)result->items[i]->state);
	}
}

void cdc_render(struct cdc_buf *buf, const struct cdc_check *check)
{
	switch (check->policy->format) {
	case CDC_FORMAT_JSON:
		cdc_render_json(buf, check);
		break;
	case CDC_FORMAT_PROMETHEUS:
		cdc_render_prometheus(buf, check);
		break;
	default:
		cdc_render_nagios(buf, check);
	}
}
