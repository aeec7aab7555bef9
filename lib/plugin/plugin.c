#include "plugin/plugin.h"

#include <ctype.h>

static const struct cdc_condition common[CDC_COND_OWN] = {
	[CDC_COND_UNREACHABLE] = { "unreachable", CDC_CRITICAL,
	    "no connection: name not found, refused, no route, not made in time, TLS failure, or lost midway" },
	[CDC_COND_TIMEOUT] = { "timeout", CDC_UNKNOWN, "the deadline of --timeout passed" },
	[CDC_COND_DENIED] = { "denied", CDC_UNKNOWN,
	    "authentication failed, there is no such database, or a right is missing" },
	[CDC_COND_PROTOCOL] = { "protocol", CDC_UNKNOWN, "the answer was not understood, cut off or over a limit" },
	[CDC_COND_MISSING] = { "missing", CDC_CRITICAL, "an object named on the command line is not there" },
	[CDC_COND_VANISHED] = { "vanished", CDC_WARNING,
	    "an object judged in an earlier run, not named and not excluded, is not there now", .held = true },
	[CDC_COND_NONE] = { "none", CDC_UNKNOWN, "nothing was named and nothing was found to judge" },
};

static int find_common(const char *name)
{
	for (int i = 0; i < CDC_COND_OWN; i++)
		if (cdc_streq(common[i].name, name))
			return i;
	return -1;
}

size_t cdc_plugin_condition_count(const struct cdc_plugin *plugin)
{
	return CDC_COND_OWN + plugin->condition_count;
}

/*
 * A plugin's row that replaces a common one keeps its place in the plugin's enumeration, so that its own indices do
 * not shift; both indices lead to the plugin's row.
 */
const struct cdc_condition *cdc_plugin_condition(const struct cdc_plugin *plugin, size_t index)
{
	if (index >= CDC_COND_OWN)
		return &plugin->conditions[index - CDC_COND_OWN];
	for (size_t i = 0; i < plugin->condition_count; i++)
		if (cdc_streq(plugin->conditions[i].name, common[index].name))
			return &plugin->conditions[i];
	return &common[index];
}

int cdc_plugin_find_condition(const struct cdc_plugin *plugin, const char *name)
{
	int index = find_common(name);

	if (index >= 0)
		return index;
	for (size_t i = 0; i < plugin->condition_count; i++)
		if (cdc_streq(plugin->conditions[i].name, name))
			return (int)(CDC_COND_OWN + i);
	return -1;
}

int cdc_plugin_find_metric(const struct cdc_plugin *plugin, const char *name)
{
	for (size_t i = 0; i < plugin->metric_count; i++)
		if (cdc_streq(plugin->metrics[i].name, name))
			return (int)i;
	return -1;
}

size_t cdc_plugin_main_metric(const struct cdc_plugin *plugin)
{
	for (size_t i = 0; i < plugin->metric_count; i++)
		if (plugin->metrics[i].main)
			return i;
	return 0;
}

void cdc_metric_phrase(struct cdc_buf *buf, const struct cdc_metric *metric, const char *phrase, cdc_num value)
{
	const char *words = phrase ? phrase : metric->phrase, *gap = strstr(words, "%s");

	cdc_buf_add_bytes(buf, words, (size_t)(gap - words));
	cdc_num_print_human(buf, value, metric->unit);
	cdc_buf_add(buf, gap + 2);
}

bool cdc_metric_is_rate(const struct cdc_metric *metric)
{
	return strstr(metric->help, "per second") != NULL;
}

char *cdc_plugin_title(const struct cdc_plugin *plugin)
{
	char *title = cdc_strdup(plugin->name + strlen("check_"));

	for (char *c = title; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return title;
}

const char *cdc_plugin_short_name(const struct cdc_plugin *plugin)
{
	const char *name = plugin->name + strlen("check_");

	return strncmp(name, "cdc_", 4) == 0 ? name + 4 : name;
}
