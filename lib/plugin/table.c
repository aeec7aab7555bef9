#include "plugin/cmdline.h"

#include <stdlib.h>

static void add_row(struct cdc_table *table, const struct cdc_option *option, size_t base)
{
	CDC_GROW(table->rows, table->count, &table->capacity);
	table->rows[table->count++] = (struct cdc_row){ .option = *option, .base = base };
}

static const char *keep(struct cdc_table *table, struct cdc_buf *text)
{
	CDC_GROW(table->made, table->made_count, &table->made_capacity);
	table->made[table->made_count] = cdc_buf_take(text);
	return table->made[table->made_count++];
}

/* --warning-NAME or --critical-NAME of a metric; the main one is -w and -c. */
static void add_threshold(struct cdc_table *table, const struct cdc_plugin *plugin, size_t index, bool critical)
{
	const struct cdc_metric *metric = &plugin->metrics[index];
	const char *word = critical ? "critical" : "warning";
	struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_option option = {
		.type = critical ? CDC_OPT_CRITICAL : CDC_OPT_WARNING,
		.letter = metric->main ? *word : '\0',
		.metavar = "RANGE",
		.initial = critical ? metric->critical : metric->warning,
		.metric = index,
	};

	if (metric->main) {
		option.name = word;
	} else {
		cdc_buf_addf(&text, "%s-%s", word, metric->name);
		option.name = keep(table, &text);
	}
	cdc_buf_addf(&text, "%s range of %s", critical ? "Critical" : "Warning", metric->name);
	if (*cdc_unit_name(metric->unit))
		cdc_buf_addf(&text, " (%s)", cdc_unit_name(metric->unit));
	cdc_buf_add_char(&text, '.');
	option.help = keep(table, &text);
	/* the label says item.metric where an item is fixed, so that form is understood too */
	if (metric->item) {
		cdc_buf_addf(&text, "%s-%s.%s", word, metric->item, metric->name);
		option.alias = keep(table, &text);
	} else if (metric->main) {
		cdc_buf_addf(&text, "%s-%s", word, metric->name);
		option.alias = keep(table, &text);
	}
	add_row(table, &option, 0);
}

static void add_metrics(struct cdc_table *table, const struct cdc_plugin *plugin)
{
	size_t main = cdc_plugin_main_metric(plugin);

	add_threshold(table, plugin, main, false);
	add_threshold(table, plugin, main, true);
	for (size_t i = 0; i < plugin->metric_count; i++) {
		if (i == main)
			continue;
		add_threshold(table, plugin, i, false);
		add_threshold(table, plugin, i, true);
	}
}

/* The default of an option as this plugin has it. */
static const char *own_default(const struct cdc_plugin *plugin, const struct cdc_option *option)
{
	for (const struct cdc_default *own = plugin->defaults; own && own->option; own++)
		if (cdc_streq(own->option, option->name))
			return own->value;
	return option->initial;
}

static void add_rows(struct cdc_table *table, const struct cdc_plugin *plugin, const struct cdc_option *rows, size_t base)
{
	for (const struct cdc_option *row = rows; row->type != CDC_OPT_END; row++) {
		struct cdc_option option = *row;

		option.initial = own_default(plugin, row);
		add_row(table, &option, base);
		if (row->type == CDC_OPT_GROUP && row->group)
			add_rows(table, plugin, row->group, base + row->offset);
		if (row->type == CDC_OPT_GROUP && cdc_streq(row->name, "Thresholds and conditions"))
			add_metrics(table, plugin);
	}
}

void cdc_table_init(struct cdc_table *table, const struct cdc_plugin *plugin)
{
	*table = (struct cdc_table){ 0 };
	add_rows(table, plugin, plugin->options, 0);
	add_rows(table, plugin, cdc_policy_options, 0);
}

void cdc_table_release(struct cdc_table *table)
{
	for (size_t i = 0; i < table->made_count; i++)
		free(table->made[i]);
	free(table->made);
	free(table->rows);
	*table = (struct cdc_table){ 0 };
}

bool cdc_option_has_value(const struct cdc_option *option)
{
	return option->metavar != NULL;
}

bool cdc_option_repeatable(const struct cdc_option *option)
{
	return option->type == CDC_OPT_LIST || option->type == CDC_OPT_PATTERNS || option->type == CDC_OPT_ON ||
	    option->type == CDC_OPT_COUNT;
}
