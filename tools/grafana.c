/*
 * A dashboard over the pages that cdc-textfile writes: the states, then a row for each plugin with a panel for each
 * metric. The label `target` is cdc-textfile's.
 */
#include "tools/grafana.h"

#include "base/text.h"
#include "plugin/render.h"

#include <ctype.h>

enum { COLUMNS = 24, WIDTH = 8, HEIGHT = 7 };

/* Where the next panel goes; its number is its id. */
struct grid {
	struct cdc_buf *buf;
	int id, x, y;
};

static void begin_panel(struct grid *grid, const char *type, const char *title, const char *help, int width,
    int height)
{
	if (grid->x + width > COLUMNS) {
		grid->x = 0;
		grid->y += HEIGHT;
	}
	cdc_buf_addf(grid->buf, "%s\n    {\"id\": %d, \"type\": \"%s\", \"title\": ", grid->id ? "," : "",
	    grid->id + 1, type);
	cdc_text_add_json(grid->buf, title);
	cdc_buf_add(grid->buf, ", \"description\": ");
	cdc_text_add_json(grid->buf, help);
	cdc_buf_addf(grid->buf, ",\n     \"gridPos\": {\"x\": %d, \"y\": %d, \"w\": %d, \"h\": %d}", grid->x,
	    grid->y, width, height);
	grid->id++;
	grid->x += width;
}

/* A heading over the panels below it. */
static void add_row(struct grid *grid, const struct cdc_plugin *plugin)
{
	if (grid->x > 0)
		grid->y += HEIGHT;
	grid->x = 0;
	begin_panel(grid, "row", plugin->name, plugin->question, COLUMNS, 1);
	cdc_buf_add(grid->buf, ", \"collapsed\": false, \"panels\": []}");
	grid->x = 0;
	grid->y++;
}

static void add_query(struct grid *grid, const char *expression, const char *legend)
{
	cdc_buf_add(grid->buf, ",\n     \"datasource\": {\"type\": \"prometheus\", \"uid\": \"${datasource}\"},\n"
	    "     \"targets\": [{\"refId\": \"A\", \"expr\": ");
	cdc_text_add_json(grid->buf, expression);
	cdc_buf_add(grid->buf, ", \"legendFormat\": ");
	cdc_text_add_json(grid->buf, legend);
	cdc_buf_add(grid->buf, "}]");
}

/* States in time, in the colours that monitoring systems give them. */
static void add_states(struct grid *grid, const char *title, const char *expression, const char *legend)
{
	static const char *const colours[] = { "green", "yellow", "red", "purple" };

	begin_panel(grid, "state-timeline", title, "OK, WARNING, CRITICAL and UNKNOWN, as the plugins judge.",
	    COLUMNS / 2, HEIGHT);
	add_query(grid, expression, legend);
	cdc_buf_add(grid->buf,
	    ",\n     \"fieldConfig\": {\"defaults\": {\"mappings\": [{\"type\": \"value\", \"options\": {");
	for (int state = 0; state < 4; state++)
		cdc_buf_addf(grid->buf, "%s\"%d\": {\"text\": \"%s\", \"color\": \"%s\", \"index\": %d}",
		    state ? ", " : "", state, cdc_state_name((enum cdc_state)state), colours[state], state);
	cdc_buf_add(grid->buf, "}}]}, \"overrides\": []}}");
}

static const char *unit(const struct cdc_metric *metric)
{
	switch (metric->unit) {
	case CDC_BYTES:
		return cdc_metric_is_rate(metric) ? "Bps" : "bytes";
	case CDC_SECONDS:
		return "s";
	case CDC_PERCENT:
		return "percent";
	case CDC_COUNTER:
		return "cps";
	default:
		return "short";
	}
}

static void add_metric(struct grid *grid, const struct cdc_plugin *plugin, const struct cdc_metric *metric)
{
	CDC_BUF_CLEANUP struct cdc_buf expression = CDC_BUF_INIT, legend = CDC_BUF_INIT, title = CDC_BUF_INIT;
	bool counter = metric->unit == CDC_COUNTER;

	for (const char *c = metric->name; *c; c++)
		cdc_buf_add_char(&title, *c == '-' ? ' ' : *c);
	cdc_buf_add(&title, counter ? " per second" : "");
	cdc_buf_add(&expression, counter ? "rate(" : "");
	cdc_prometheus_add_name(&expression, plugin, metric);
	cdc_buf_addf(&expression, "{target=~\"$target\"}%s", counter ? "[$__rate_interval])" : "");
	cdc_buf_add(&legend, "{{target}}");
	for (size_t i = 0; !metric->item && plugin->labels[i]; i++) {
		/* what tells items apart stands first, and on SQL Server in the label of the database, too */
		if (i > 0 && !cdc_streq(plugin->labels[i], "DATABASE"))
			continue;
		cdc_buf_add(&legend, " {{");
		for (const char *c = plugin->labels[i]; *c; c++)
			cdc_buf_add_char(&legend, (char)tolower((unsigned char)*c));
		cdc_buf_add(&legend, "}}");
	}
	begin_panel(grid, "timeseries", title.text, metric->help, WIDTH, HEIGHT);
	add_query(grid, expression.text, legend.text);
	cdc_buf_addf(grid->buf, ",\n     \"fieldConfig\": {\"defaults\": {\"unit\": \"%s\"}, \"overrides\": []}}",
	    unit(metric));
}

void make_grafana(struct cdc_buf *buf, const struct cdc_plugin *const *plugins, size_t count)
{
	struct grid grid = { .buf = buf };

	cdc_buf_add(buf,
	    "{\n  \"title\": \"Change data capture\", \"uid\": \"cdc-plugins\", \"tags\": [\"cdc\"],\n"
	    "  \"schemaVersion\": 38,\n"
	    "  \"description\": \"What cdc-plugins see; generated from their tables (make docs).\",\n"
	    "  \"time\": {\"from\": \"now-6h\", \"to\": \"now\"}, \"refresh\": \"1m\", \"editable\": true,\n"
	    "  \"templating\": {\"list\": [\n"
	    "    {\"name\": \"datasource\", \"type\": \"datasource\", \"query\": \"prometheus\"},\n"
	    "    {\"name\": \"target\", \"type\": \"query\", \"multi\": true, \"includeAll\": true,\n"
	    "     \"allValue\": \".*\", \"refresh\": 2,\n"
	    "     \"datasource\": {\"type\": \"prometheus\", \"uid\": \"${datasource}\"},\n"
	    "     \"query\": \"label_values(cdc_check_state, target)\"}]},\n"
	    "  \"panels\": [");
	add_states(&grid, "Checks", "cdc_check_state{target=~\"$target\"}", "{{target}} {{plugin}}");
	add_states(&grid, "Items that are not OK", "cdc_check_item_state{target=~\"$target\"} > 0",
	    "{{target}} {{plugin}} {{item}}");
	for (size_t p = 0; p < count; p++) {
		add_row(&grid, plugins[p]);
		for (size_t m = 0; m < plugins[p]->metric_count; m++)
			add_metric(&grid, plugins[p], &plugins[p]->metrics[m]);
	}
	cdc_buf_add(buf, "\n  ]\n}\n");
}
