/*
 * Writes what follows from a plugin's tables: regions of its man page, its Icinga 2 CheckCommand, its bash completion, its Zabbix template,
 * and the Grafana dashboard of all plugins.
 * Not installed; `make docs` runs it and the results are committed, so a build needs no generator and a test can tell
 * when they are stale.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "plugin/cmdline.h"
#include "plugin/help.h"
#include "plugins/binlog_retention.h"
#include "plugins/cdc_lag.h"
#include "plugins/connect_status.h"
#include "plugins/mysql_gtid.h"
#include "plugins/pg_slot.h"
#include "tools/grafana.h"
#include "tools/zabbix.h"

static const struct cdc_plugin *const plugins[] = {
	&binlog_retention_plugin,
	&cdc_lag_plugin,
	&connect_status_plugin,
	&mysql_gtid_plugin,
	&pg_slot_plugin,
};

/* Text for roff: backslashes and leading dots are commands there, a plain hyphen would become a soft one. */
static void add_roff(struct cdc_buf *buf, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\\')
			cdc_buf_add(buf, "\\e");
		else if (*c == '-')
			cdc_buf_add(buf, "\\-");
		else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
			cdc_buf_addf(buf, "\\&%c", *c);
		else
			cdc_buf_add_char(buf, *c);
	}
}

static void add_man_option(struct cdc_buf *buf, const struct cdc_option *option)
{
	CDC_BUF_CLEANUP struct cdc_buf synopsis = CDC_BUF_INIT;

	cdc_option_print(&synopsis, option);
	cdc_buf_add(buf, ".TP\n.B ");
	add_roff(buf, synopsis.text);
	cdc_buf_add_char(buf, '\n');
	add_roff(buf, option->help);
	if (option->initial) {
		cdc_buf_add(buf, " Default: ");
		add_roff(buf, option->initial);
		cdc_buf_add_char(buf, '.');
	}
	cdc_buf_add_char(buf, '\n');
}

static void add_man_options(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	CDC_CLEANUP(cdc_table_release) struct cdc_table table;

	cdc_table_init(&table, plugin);
	for (size_t i = 0; i < table.count; i++) {
		const struct cdc_option *option = &table.rows[i].option;

		if (option->type == CDC_OPT_GROUP) {
			cdc_buf_add(buf, ".SS ");
			add_roff(buf, option->name);
			cdc_buf_add_char(buf, '\n');
		} else {
			add_man_option(buf, option);
		}
	}
}

static void add_man_metrics(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	for (size_t i = 0; i < plugin->metric_count; i++) {
		const struct cdc_metric *metric = &plugin->metrics[i];

		cdc_buf_add(buf, ".TP\n.B ");
		if (metric->item)
			cdc_buf_addf(buf, "%s.", metric->item);
		add_roff(buf, metric->name);
		if (*cdc_unit_name(metric->unit))
			cdc_buf_addf(buf, " (%s)", cdc_unit_name(metric->unit));
		cdc_buf_add_char(buf, '\n');
		add_roff(buf, metric->help);
		if (metric->warning || metric->critical) {
			cdc_buf_add(buf, "; default");
			if (metric->warning)
				cdc_buf_addf(buf, " warning %s", metric->warning);
			if (metric->critical)
				cdc_buf_addf(buf, "%s critical %s", metric->warning ? "," : "", metric->critical);
		}
		cdc_buf_add(buf, ".\n");
	}
}

static void add_man_conditions(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	for (size_t i = 0; i < cdc_plugin_condition_count(plugin); i++) {
		const struct cdc_condition *row = cdc_plugin_condition(plugin, i);

		if (cdc_plugin_find_condition(plugin, row->name) != (int)i)
			continue;
		cdc_buf_add(buf, ".TP\n.BR ");
		add_roff(buf, row->name);
		cdc_buf_addf(buf, " \" (%s%s%s%s%s)\"\n", cdc_state_word(row->state), row->grace ? ", grace" : "",
		    row->held ? ", held" : "", row->metric ? ", replaced by a threshold for " : "",
		    row->metric ? row->metric : "");
		add_roff(buf, row->help);
		cdc_buf_add(buf, ".\n");
	}
}

static void add_man_examples(struct cdc_buf *buf, const struct cdc_plugin *plugin)
{
	for (const struct cdc_example *example = plugin->examples; example->arguments; example++) {
		cdc_buf_add(buf, ".TP\n.B ");
		add_roff(buf, plugin->name);
		cdc_buf_add_char(buf, ' ');
		add_roff(buf, example->arguments);
		cdc_buf_add_char(buf, '\n');
		add_roff(buf, example->meaning);
		cdc_buf_add_char(buf, '\n');
	}
}

static const struct {
	const char *name;
	void (*add)(struct cdc_buf *, const struct cdc_plugin *);
} regions[] = {
	{ "OPTIONS", add_man_options },
	{ "METRICS", add_man_metrics },
	{ "CONDITIONS", add_man_conditions },
	{ "EXAMPLES", add_man_examples },
};

/* Puts what a region generates between its two marks; false when the page lacks them. */
static bool replace_region(struct cdc_buf *page, size_t index, const struct cdc_plugin *plugin)
{
	CDC_BUF_CLEANUP struct cdc_buf begin = CDC_BUF_INIT, end = CDC_BUF_INIT, result = CDC_BUF_INIT;
	const char *start, *stop;

	cdc_buf_addf(&begin, ".\\\" BEGIN %s (generated)\n", regions[index].name);
	cdc_buf_addf(&end, ".\\\" END %s\n", regions[index].name);
	start = strstr(page->text, begin.text);
	stop = start ? strstr(start, end.text) : NULL;
	if (!stop)
		return false;
	cdc_buf_add_bytes(&result, page->text, (size_t)(start - page->text));
	cdc_buf_add(&result, begin.text);
	regions[index].add(&result, plugin);
	cdc_buf_add(&result, stop);
	cdc_buf_clear(page);
	cdc_buf_add(page, result.text);
	return true;
}

static bool make_man(struct cdc_buf *buf, const struct cdc_plugin *plugin, const char *page)
{
	struct cdc_err err;

	if (!page || cdc_file_read(page, buf, &err) < 0)
		return false;
	for (size_t i = 0; i < CDC_LEN(regions); i++)
		if (!replace_region(buf, i, plugin))
			return false;
	return true;
}

/* $check_pg_slot_warning_lag$ for --warning-lag */
static void add_variable(struct cdc_buf *buf, const struct cdc_plugin *plugin, const char *option)
{
	cdc_buf_addf(buf, "$%s_", plugin->name);
	for (const char *c = option; *c; c++)
		cdc_buf_add_char(buf, *c == '-' ? '_' : *c);
	cdc_buf_add_char(buf, '$');
}

/* A string of Icinga 2's configuration language; a "$" would begin a macro. */
static void add_icinga_string(struct cdc_buf *buf, const char *text)
{
	cdc_buf_add_char(buf, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			cdc_buf_add_char(buf, '\\');
		if (*text == '$')
			cdc_buf_add_char(buf, '$');
		cdc_buf_add_char(buf, *text);
	}
	cdc_buf_add_char(buf, '"');
}

static void add_icinga_argument(struct cdc_buf *buf, const struct cdc_plugin *plugin, const struct cdc_option *option)
{
	cdc_buf_addf(buf, "\t\t\"--%s\" = {\n", option->name);
	if (!cdc_option_has_value(option)) {
		cdc_buf_add(buf, "\t\t\tset_if = \"");
	} else {
		cdc_buf_add(buf, "\t\t\tvalue = \"");
	}
	add_variable(buf, plugin, option->name);
	cdc_buf_add(buf, "\"\n");
	if (cdc_option_has_value(option) && cdc_option_repeatable(option))
		cdc_buf_add(buf, "\t\t\trepeat_key = true\n");
	if (option->type == CDC_OPT_EXTRA)
		cdc_buf_add(buf, "\t\t\torder = -1\n");
	cdc_buf_add(buf, "\t\t\tdescription = ");
	add_icinga_string(buf, option->help);
	cdc_buf_add(buf, "\n\t\t}\n");
}

static bool make_icinga(struct cdc_buf *buf, const struct cdc_plugin *plugin, const char *unused CDC_UNUSED)
{
	CDC_CLEANUP(cdc_table_release) struct cdc_table table;

	cdc_table_init(&table, plugin);
	cdc_buf_addf(buf,
	    "/* %s: %s\n * Generated from the plugin's option table (make docs); variables are %s_OPTION with _ for -. */\n"
	    "object CheckCommand \"%s\" {\n\tcommand = [ PluginDir + \"/%s\" ]\n\n\targuments = {\n",
	    plugin->name, plugin->question, plugin->name, plugin->name, plugin->name);
	for (size_t i = 0; i < table.count; i++) {
		const struct cdc_option *option = &table.rows[i].option;

		if (option->type != CDC_OPT_GROUP && option->type != CDC_OPT_HELP && option->type != CDC_OPT_VERSION)
			add_icinga_argument(buf, plugin, option);
	}
	cdc_buf_add(buf, "\t}\n}\n");
	return true;
}

static void add_words(struct cdc_buf *buf, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		cdc_buf_addf(buf, "%s%s", i ? " " : "", words[i]);
}

/* What can follow an option, where the table knows it. */
static void add_bash_values(struct cdc_buf *buf, const struct cdc_table *table, const struct cdc_plugin *plugin)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct cdc_option *option = &table->rows[i].option;

		if (option->type == CDC_OPT_CHOICE) {
			cdc_buf_addf(buf, "\t--%s)\n\t\tCOMPREPLY=($(compgen -W '", option->name);
			add_words(buf, option->choices);
			cdc_buf_add(buf, "' -- \"$cur\"))\n\t\treturn ;;\n");
		} else if (option->type == CDC_OPT_FILE) {
			cdc_buf_addf(buf, "\t--%s)\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\treturn ;;\n", option->name);
		} else if (option->type == CDC_OPT_ON) {
			cdc_buf_addf(buf, "\t--%s)\n\t\tCOMPREPLY=($(compgen -S = -W '", option->name);
			for (size_t c = 0; c < cdc_plugin_condition_count(plugin); c++) {
				const char *name = cdc_plugin_condition(plugin, c)->name;

				if (cdc_plugin_find_condition(plugin, name) == (int)c)
					cdc_buf_addf(buf, "%s%s", c ? " " : "", name);
			}
			cdc_buf_add(buf, "' -- \"$cur\"))\n\t\tcompopt -o nospace\n\t\treturn ;;\n");
		}
	}
}

static bool make_bash(struct cdc_buf *buf, const struct cdc_plugin *plugin, const char *unused CDC_UNUSED)
{
	CDC_CLEANUP(cdc_table_release) struct cdc_table table;

	cdc_table_init(&table, plugin);
	cdc_buf_addf(buf,
	    "# bash completion for %s; generated from its option table (make docs)\n_%s()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n\n"
	    "\t# --option=value comes as three words\n"
	    "\tif [[ $cur == = ]]; then\n\t\tcur=\n\telif [[ $prev == = ]]; then\n"
	    "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
	    "\tcase $prev in\n",
	    plugin->name, plugin->name);
	add_bash_values(buf, &table, plugin);
	cdc_buf_add(buf, "\tesac\n\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; i < table.count; i++) {
		const struct cdc_option *option = &table.rows[i].option;

		if (option->type != CDC_OPT_GROUP)
			cdc_buf_addf(buf, "%s--%s%s", i > 1 ? " " : "", option->name, cdc_option_has_value(option) ? "=" : "");
	}
	cdc_buf_addf(buf,
	    "' -- \"$cur\"))\n\t[[ ${COMPREPLY-} == *= ]] && compopt -o nospace\n}\ncomplete -F _%s %s\n", plugin->name,
	    plugin->name);
	return true;
}

static const struct {
	const char *name;
	bool (*make)(struct cdc_buf *, const struct cdc_plugin *, const char *page);
} kinds[] = { { "man", make_man }, { "icinga2", make_icinga }, { "bash", make_bash },
	{ "zabbix", make_zabbix } };

static int usage(void)
{
	fputs("usage: generate man|icinga2|bash|zabbix PLUGIN [MAN-PAGE] | generate grafana|list\n", stderr);
	return 2;
}

static int list(void)
{
	for (size_t i = 0; i < CDC_LEN(plugins); i++)
		puts(plugins[i]->name);
	return 0;
}

int main(int argc, char **argv)
{
	CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

	if (argc == 2 && cdc_streq(argv[1], "list"))
		return list();
	if (argc == 2 && cdc_streq(argv[1], "grafana")) {
		make_grafana(&buf, plugins, CDC_LEN(plugins));
		fputs(buf.text, stdout);
		return 0;
	}
	if (argc < 3)
		return usage();
	for (size_t k = 0; k < CDC_LEN(kinds); k++) {
		for (size_t p = 0; p < CDC_LEN(plugins); p++) {
			if (!cdc_streq(kinds[k].name, argv[1]) || !cdc_streq(plugins[p]->name, argv[2]))
				continue;
			if (!kinds[k].make(&buf, plugins[p], argc > 3 ? argv[3] : NULL)) {
				fprintf(stderr, "generate: the man page lacks a mark of a generated region, or tools/zabbix.c a row\n");
				return 1;
			}
			fputs(buf.text, stdout);
			return 0;
		}
	}
	return usage();
}
