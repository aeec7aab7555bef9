/*
 * The policy: all that the shared options decide. Every plugin's configuration begins with one, and the lib fills it
 * from the command line; judging reads it and never changes it.
 */
#ifndef CDC_POLICY_H
#define CDC_POLICY_H

#include <regex.h>

#include "plugin/plugin.h"
#include "value/range.h"

enum cdc_format { CDC_FORMAT_NAGIOS, CDC_FORMAT_JSON, CDC_FORMAT_PROMETHEUS };

struct cdc_pattern {
	const char *text;
	regex_t regex;
};

struct cdc_patterns {
	struct cdc_pattern *at;
	size_t count, capacity;
	bool any_case; /* set before the first is added: case does not matter */
};

/* The ranges of one metric; given: by the command line, not by default. */
struct cdc_threshold {
	struct cdc_range warning, critical;
	bool given;
};

struct cdc_policy {
	const struct cdc_plugin *plugin;
	/* by metric, and by condition (indices of the list of all) */
	struct cdc_threshold *thresholds;
	const struct cdc_condition **rows; /* what cdc_plugin_condition says, looked up once */
	enum cdc_state *states;
	bool *states_given;
	/* what is judged */
	struct cdc_strings names;
	struct cdc_patterns include, exclude;
	/* durations in milliseconds */
	int64_t timeout_ms, warning_for_ms, critical_for_ms, grace_ms, hold_ms, rate_min_ms, rate_max_ms;
	/* output */
	int verbose; /* 0 to 3 */
	int format;  /* enum cdc_format */
	int64_t max_items;
	bool problems_only, no_perfdata, discover;
	/* memory */
	const char *state_dir;
	bool no_state, forget;
};

/* The options every plugin has (offsets into struct cdc_policy), and the name row of a plugin's table. */
extern const struct cdc_option cdc_policy_options[];

/* The row of the option that names objects: repeatable, in policy.names. */
#define CDC_OPTION_NAMES(letter_, name_, metavar_, help_, config)                                            \
	{ .type = CDC_OPT_LIST, .letter = letter_, .name = name_, .metavar = metavar_, .help = help_,        \
	    .offset = CDC_FIELD(config, policy.names, struct cdc_strings) }

/* Default states, default ranges, no selection. Aborts the process on a default that does not parse (a bug). */
void cdc_policy_init(struct cdc_policy *policy, const struct cdc_plugin *plugin);
void cdc_policy_release(struct cdc_policy *policy);

/* True if the object was named on the command line. */
bool cdc_policy_named(const struct cdc_policy *policy, const char *name);

/* True if an object of that name is to be judged: named or included (or nothing is), and not excluded. */
bool cdc_policy_selects(const struct cdc_policy *policy, const char *name);

/* True if the command line speaks of that metric (a threshold) or condition (--on): then a missing right matters. */
bool cdc_policy_asks_metric(const struct cdc_policy *policy, size_t metric);
bool cdc_policy_asks_condition(const struct cdc_policy *policy, size_t condition);

/* True if low values of that metric are the bad ones, by its critical range. */
bool cdc_policy_fears_low(const struct cdc_policy *policy, size_t metric);

/* Each reads one option's value; on failure -1 and a CDC_ERR_USAGE that quotes it. */
int cdc_policy_set_on(struct cdc_policy *policy, const char *text, struct cdc_err *err) CDC_MUST_USE;
int cdc_policy_set_timeout(struct cdc_policy *policy, const char *text, struct cdc_err *err) CDC_MUST_USE;
int cdc_policy_set_window(struct cdc_policy *policy, const char *text, struct cdc_err *err) CDC_MUST_USE;
int cdc_policy_set_threshold(struct cdc_policy *policy, size_t metric, bool critical, const char *text,
    struct cdc_err *err) CDC_MUST_USE;

/* Adds a pattern; on failure -1 and a CDC_ERR_USAGE with the regular expression compiler's words. */
int cdc_patterns_add(struct cdc_patterns *patterns, const char *text, struct cdc_err *err) CDC_MUST_USE;
bool cdc_patterns_match(const struct cdc_patterns *patterns, const char *name);
void cdc_patterns_release(struct cdc_patterns *patterns);

#endif
