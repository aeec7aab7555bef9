#include "plugin/help.h"

#define WIDTH        79
#define INDENT       8
#define TABLE_INDENT 24

static const char about_ranges[] =
    "RANGE is [@]start:end; a value outside it (with @: inside) alerts, 10 means 0:10, 10: at least 10, ~:10 at most 10, "
    "~: never. Sizes take B kB MB GB TB KiB MiB GiB TiB, durations ms s m h d w, percentages %.";

void cdc_wrap(struct cdc_buf *buf, const char *text, size_t column, size_t indent, size_t width)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (!first && column + 1 + n > width) {
			cdc_buf_addf(buf, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			cdc_buf_add_char(buf, ' ');
			column++;
		}
		cdc_buf_add_bytes(buf, text, n);
		column += n;
		text += n + strspn(text + n, " ");
		first = false;
	}
}

void cdc_option_print(struct cdc_buf *buf, const struct cdc_option *option)
{
	const char *opening = "", *equals = "=", *closing = "";

	if (option->type == CDC_OPT_EXTRA) {
		opening = "[";
		closing = "]";
	}
	if (option->letter)
		cdc_buf_addf(buf, "-%c, ", option->letter);
	if (option->alias_letter)
		cdc_buf_addf(buf, "-%c, ", option->alias_letter);
	cdc_buf_addf(buf, "--%s", option->name);
	if (cdc_option_has_value(option))
		cdc_buf_addf(buf, "%s%s%s%s", opening, equals, option->metavar, closing);
}

static void print_option(struct cdc_buf *buf, const struct cdc_option *option)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_add(buf, "  ");
	cdc_option_print(buf, option);
	cdc_buf_add(&text, option->help);
	if (option->initial)
		cdc_buf_addf(&text, " Default: %s.", option->initial);
	cdc_buf_addf(buf, "\n%*s", INDENT, "");
	cdc_wrap(buf, text.text, INDENT, INDENT, WIDTH);
	cdc_buf_add_char(buf, '\n');
}

/* A name and what it means, the meaning folded in a column of its own. */
static void print_entry(struct cdc_buf *buf, const char *name, const char *meaning)
{
	size_t n = strlen(name) + 2;

	cdc_buf_addf(buf, "  %s", name);
	if (n + 1 >= TABLE_INDENT) {
		cdc_buf_addf(buf, "\n%*s", TABLE_INDENT, "");
	} else {
		cdc_buf_addf(buf, "%*s", (int)(TABLE_INDENT - n), "");
	}
	cdc_wrap(buf, meaning, TABLE_INDENT, TABLE_INDENT, WIDTH);
	cdc_buf_add_char(buf, '\n');
}

static void print_metrics(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	cdc_buf_add(buf, "\nMetrics (a range for each: --warning-NAME, --critical-NAME):\n");
	for (size_t i = 0; i < plugin->metric_count; i++) {
		const struct cdc_metric *metric = &plugin->metrics[i];
		CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;

		cdc_buf_addf(&name, "%s%s%s", metric->item ? metric->item : "", metric->item ? "." : "", metric->name);
		if (*cdc_unit_name(metric->unit))
			cdc_buf_addf(&name, " (%s)", cdc_unit_name(metric->unit));
		print_entry(buf, name.text, metric->help);
	}
}

static void print_conditions(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	cdc_buf_add(buf, "\nConditions (--on CONDITION=STATE changes one):\n");
	for (size_t i = 0; i < cdc_plugin_condition_count(plugin); i++) {
		const struct cdc_condition *row = cdc_plugin_condition(plugin, i);
		CDC_BUF_CLEANUP struct cdc_buf meaning = CDC_BUF_INIT;

		if (cdc_plugin_find_condition(plugin, row->name) != (int)i)
			continue;
		cdc_buf_addf(&meaning, "%s%s", cdc_state_word(row->state), row->grace ? " (grace)" : "");
		if (row->metric)
			cdc_buf_addf(&meaning, " [%s]", row->metric);
		cdc_buf_addf(&meaning, ": %s", row->help);
		print_entry(buf, row->name, meaning.text);
	}
	cdc_buf_add(buf, "  ");
	cdc_wrap(buf, "(grace): tolerated for --grace. [metric]: a threshold for it replaces the condition.", 2, 2, WIDTH);
	cdc_buf_add_char(buf, '\n');
}

/* A command, folded so that a shell takes it as it is shown. */
static void print_command(struct cdc_buf *buf, const char *name, const char *arguments)
{
	CDC_BUF_CLEANUP struct cdc_buf command = CDC_BUF_INIT, folded = CDC_BUF_INIT;

	cdc_buf_addf(&command, "%s %s", name, arguments);
	cdc_buf_add(&folded, "  ");
	cdc_wrap(&folded, command.text, 2, INDENT / 2, WIDTH - 2);
	for (const char *c = folded.text; *c; c++) {
		if (*c == '\n')
			cdc_buf_add(buf, " \\");
		cdc_buf_add_char(buf, *c);
	}
}

static void print_examples(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	cdc_buf_add(buf, "\nExamples:\n");
	for (const struct cdc_example *example = plugin->examples; example->arguments; example++) {
		print_command(buf, plugin->name, example->arguments);
		cdc_buf_addf(buf, "\n%*s", INDENT, "");
		cdc_wrap(buf, example->meaning, INDENT, INDENT, WIDTH);
		cdc_buf_add_char(buf, '\n');
	}
}

void cdc_version_print(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	cdc_buf_addf(buf, "%s (%s) %s\n", plugin->name, CDC_PACKAGE, CDC_VERSION);
}

void cdc_help_print(struct cdc_buf *buf, const struct cdc_table *table, const struct cdc_plugin *plugin)
{
	cdc_version_print(buf, plugin);
	cdc_wrap(buf, plugin->question, 0, 0, WIDTH);
	cdc_buf_addf(buf, "\n\nUsage: %s [OPTIONS]\n", plugin->name);
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].option.type == CDC_OPT_GROUP)
			cdc_buf_addf(buf, "\n%s:\n", table->rows[i].option.name);
		else
			print_option(buf, &table->rows[i].option);
	}
	cdc_buf_add_char(buf, '\n');
	cdc_wrap(buf, about_ranges, 0, 0, WIDTH);
	cdc_buf_add_char(buf, '\n');
	print_metrics(buf, plugin);
	print_conditions(buf, plugin);
	print_examples(buf, plugin);
}
