/*
 * What a plugin is: one constant description, made of tables. From it come parsing, --help, the man page, the Icinga
 * CheckCommand, the completion, the thresholds and conditions, and every label in the output. A plugin's pure file
 * defines one such description; nothing in it refers to a client library.
 */
#ifndef CDC_PLUGIN_H
#define CDC_PLUGIN_H

#include "plugin/option.h"
#include "plugin/state.h"
#include "value/num.h"

/* A metric: a number that an item can have. Its index in the table is its name in the code. */
struct cdc_metric {
	const char *name;    /* as in the label and in --warning-NAME */
	enum cdc_unit unit;
	const char *help;    /* what it means, in a phrase */
	const char *phrase;  /* how a sentence about an item says it, with %s for the number: "retains %s" */
	const char *item;    /* the fixed item that alone has it ("server"), or NULL */
	const char *warning; /* default ranges as a user would write them, or NULL */
	const char *critical;
	bool main;           /* -w and -c speak of this one; exactly one metric of a plugin is the main one */
	bool shown;          /* its phrase belongs into the item's text even when all is well */
	bool has_min, has_max;
	int64_t min, max;    /* in base units, for performance data */
};

/* A condition: something that can be the case, with the state that it has unless --on says otherwise. */
struct cdc_condition {
	const char *name;
	enum cdc_state state;
	const char *help;
	const char *metric; /* a threshold given for this metric on the command line replaces the condition, or NULL */
	bool grace;         /* tolerated for --grace */
	bool held;          /* compares with an earlier run: reported for --hold once it was seen */
	bool quiet;         /* says nothing in the item's text while its state is OK */
	const char *timer;  /* conditions of one name here share their grace; NULL: its own */
};

/* The conditions every plugin has come first in the list of all; a plugin's own begin at CDC_COND_OWN. */
enum cdc_common_condition {
	CDC_COND_UNREACHABLE,
	CDC_COND_TIMEOUT,
	CDC_COND_DENIED,
	CDC_COND_PROTOCOL,
	CDC_COND_MISSING,
	CDC_COND_VANISHED,
	CDC_COND_NONE,
	CDC_COND_OWN
};

struct cdc_example {
	const char *arguments, *meaning;
};

/* The default of a shared option that this plugin changes. */
struct cdc_default {
	const char *option, *value;
};

struct cdc_plugin {
	const char *name;     /* "check_pg_slot" */
	const char *question; /* its one question */
	const char *noun, *nouns; /* what its items are: "slot", "slots" */
	bool fixed_suffice; /* a fixed item is something to judge: `none` is not the case when there are no others */
	size_t config_size;   /* of the struct that the options fill; it begins with a struct cdc_policy */
	const struct cdc_option *options; /* its own and its client's; ends with CDC_OPTION_END */
	const struct cdc_metric *metrics;
	size_t metric_count;
	/* Its own conditions; a row with the name of a common condition replaces that one's row. */
	const struct cdc_condition *conditions;
	size_t condition_count;
	const char *const *labels; /* the keys of --discover, upper case, NULL at the end; the first is the item's name */
	const struct cdc_example *examples; /* ends with a NULL */
	const struct cdc_default *defaults; /* ends with a NULL, or NULL */
};

/* How many conditions there are in all: the common ones and those of the plugin that replace none of them. */
size_t cdc_plugin_condition_count(const struct cdc_plugin *plugin);

/* The row of a condition by its index in the list of all. */
const struct cdc_condition *cdc_plugin_condition(const struct cdc_plugin *plugin, size_t index);

/* The index of a condition by name, or -1. */
int cdc_plugin_find_condition(const struct cdc_plugin *plugin, const char *name);

/* The index of a metric by name, or -1. */
int cdc_plugin_find_metric(const struct cdc_plugin *plugin, const char *name);

/* The index of the main metric. */
size_t cdc_plugin_main_metric(const struct cdc_plugin *plugin);

/* Appends the phrase of a metric with its number: "retains 12.4 MiB". phrase: another one, or NULL. */
void cdc_metric_phrase(struct cdc_buf *buf, const struct cdc_metric *metric, const char *phrase, cdc_num value);

/* All rates are per second, and the help of one says so: nothing else in its row tells a rate from an amount. */
bool cdc_metric_is_rate(const struct cdc_metric *metric);

/* The plugin's name as line 1 begins with it: "PG_SLOT". The caller owns it. */
char *cdc_plugin_title(const struct cdc_plugin *plugin) CDC_MUST_USE;

/* The name in names that begin with cdc already, as those of Prometheus' metrics: without check_ and a leading cdc_. */
const char *cdc_plugin_short_name(const struct cdc_plugin *plugin);

#endif
