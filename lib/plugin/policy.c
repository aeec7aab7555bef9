#include "plugin/policy.h"

#include <stdlib.h>

#define QUOTE_MAX 120

static const char *const format_names[] = { "nagios", "json", "prometheus", NULL };

#define POLICY(field, type_wanted) CDC_FIELD(struct cdc_policy, field, type_wanted)

const struct cdc_option cdc_policy_options[] = {
	{ .type = CDC_OPT_GROUP, .name = "General" },
	{ .type = CDC_OPT_HELP, .letter = 'h', .name = "help", .help = "Show this help." },
	{ .type = CDC_OPT_VERSION, .letter = 'V', .name = "version",
	    .help = "Show the version, and those of the client libraries in use." },
	{ .type = CDC_OPT_COUNT, .letter = 'v', .name = "verbose", .offset = POLICY(verbose, int), .max = 3,
	    .help = "Show what was asked and answered (never secrets); repeatable up to three times." },
	{ .type = CDC_OPT_TIMEOUT, .letter = 't', .name = "timeout", .metavar = "SECONDS[:STATE]", .initial = "10",
	    .help = "One deadline over everything, name look-up and clean-up included; fractions are allowed. "
		    "STATE is short for --on timeout=STATE." },
	{ .type = CDC_OPT_EXTRA, .name = "extra-opts", .metavar = "[SECTION][@FILE]",
	    .help = "Read options from an ini file of the monitoring plugins; the command line wins." },
	{ .type = CDC_OPT_GROUP, .name = "Thresholds and conditions" },
	{ .type = CDC_OPT_DURATION, .name = "warning-for", .metavar = "DURATION", .initial = "0",
	    .offset = POLICY(warning_for_ms, int64_t),
	    .help = "A warning range counts once it was violated in every run for that long." },
	{ .type = CDC_OPT_DURATION, .name = "critical-for", .metavar = "DURATION", .initial = "0",
	    .offset = POLICY(critical_for_ms, int64_t),
	    .help = "The same for critical ranges; until then the warning range judges." },
	{ .type = CDC_OPT_ON, .name = "on", .metavar = "CONDITION=STATE",
	    .help = "Give a condition another state (ok, warning, critical, unknown); repeatable." },
	{ .type = CDC_OPT_DURATION, .name = "grace", .metavar = "DURATION", .initial = "6m",
	    .offset = POLICY(grace_ms, int64_t),
	    .help = "How long a condition marked (grace) is tolerated." },
	{ .type = CDC_OPT_DURATION, .name = "hold", .metavar = "DURATION", .initial = "24h",
	    .offset = POLICY(hold_ms, int64_t),
	    .help = "How long a finding that compares with an earlier run is reported after it was seen." },
	{ .type = CDC_OPT_GROUP, .name = "Selection and output" },
	{ .type = CDC_OPT_PATTERNS, .name = "include", .metavar = "PATTERN",
	    .offset = POLICY(include, struct cdc_patterns),
	    .help = "Judge what matches, besides what is named: a POSIX extended regular expression for the whole "
		    "name; repeatable." },
	{ .type = CDC_OPT_PATTERNS, .name = "exclude", .metavar = "PATTERN",
	    .offset = POLICY(exclude, struct cdc_patterns), .help = "Leave out what matches; repeatable." },
	{ .type = CDC_OPT_INT, .name = "max-items", .metavar = "N", .initial = "50", .max = 1000000,
	    .offset = POLICY(max_items, int64_t),
	    .help = "Show at most N item lines; beyond that, performance data only of named and problem items and "
		    "of the totals." },
	{ .type = CDC_OPT_FLAG, .name = "problems-only", .offset = POLICY(problems_only, bool),
	    .help = "Leave out the lines of items that are fine." },
	{ .type = CDC_OPT_CHOICE, .name = "output-format", .metavar = "FORMAT", .initial = "nagios",
	    .choices = format_names, .offset = POLICY(format, int), .help = "nagios, json or prometheus." },
	{ .type = CDC_OPT_FLAG, .name = "no-perfdata", .offset = POLICY(no_perfdata, bool),
	    .help = "Leave the performance data out." },
	{ .type = CDC_OPT_FLAG, .name = "discover", .offset = POLICY(discover, bool),
	    .help = "Print a JSON array for Zabbix low-level discovery and exit 0." },
	{ .type = CDC_OPT_GROUP, .name = "Memory between runs" },
	{ .type = CDC_OPT_FILE, .name = "state-dir", .metavar = "DIR", .offset = POLICY(state_dir, const char *),
	    .help = "Where the state file is kept; default is $CDC_STATE_DIR, else the directory that was chosen when "
		    "this was built." },
	{ .type = CDC_OPT_FLAG, .name = "no-state", .offset = POLICY(no_state, bool),
	    .help = "Neither read nor write a state file: no rates, and no comparison with earlier runs." },
	{ .type = CDC_OPT_FLAG, .name = "forget", .offset = POLICY(forget, bool),
	    .help = "Clear what is held and judge anew." },
	{ .type = CDC_OPT_WINDOW, .name = "rate-window", .metavar = "MIN[:MAX]", .initial = "15m:30m",
	    .help = "Rates come from the last MAX, and none from less than MIN (MAX is twice MIN unless given)." },
	CDC_OPTION_END,
};

static void set_default_range(struct cdc_policy *policy, size_t metric, bool critical, const char *text)
{
	struct cdc_err err;

	if (text && cdc_policy_set_threshold(policy, metric, critical, text, &err) < 0)
		abort();
}

void cdc_policy_init(struct cdc_policy *policy, const struct cdc_plugin *plugin)
{
	size_t conditions = cdc_plugin_condition_count(plugin);

	*policy = (struct cdc_policy){ .plugin = plugin };
	policy->thresholds = cdc_alloc(plugin->metric_count, sizeof(*policy->thresholds));
	policy->rows = cdc_alloc(conditions, sizeof(*policy->rows));
	policy->states = cdc_alloc(conditions, sizeof(*policy->states));
	policy->states_given = cdc_alloc(conditions, sizeof(*policy->states_given));
	for (size_t i = 0; i < conditions; i++) {
		policy->rows[i] = cdc_plugin_condition(plugin, i);
		policy->states[i] = policy->rows[i]->state;
	}
	for (size_t i = 0; i < plugin->metric_count; i++) {
		set_default_range(policy, i, false, plugin->metrics[i].warning);
		set_default_range(policy, i, true, plugin->metrics[i].critical);
		policy->thresholds[i].given = false;
	}
}

void cdc_policy_release(struct cdc_policy *policy)
{
	free(policy->thresholds);
	free(policy->rows);
	free(policy->states);
	free(policy->states_given);
	cdc_strings_release(&policy->names);
	cdc_patterns_release(&policy->include);
	cdc_patterns_release(&policy->exclude);
	*policy = (struct cdc_policy){ 0 };
}

bool cdc_policy_named(const struct cdc_policy *policy, const char *name)
{
	return cdc_strings_has(&policy->names, name);
}

bool cdc_policy_selects(const struct cdc_policy *policy, const char *name)
{
	bool everything = policy->names.count == 0 && policy->include.count == 0;

	if (cdc_patterns_match(&policy->exclude, name))
		return false;
	return everything || cdc_policy_named(policy, name) || cdc_patterns_match(&policy->include, name);
}

bool cdc_policy_asks_metric(const struct cdc_policy *policy, size_t metric)
{
	return policy->thresholds[metric].given;
}

bool cdc_policy_fears_low(const struct cdc_policy *policy, size_t metric)
{
	return policy->thresholds[metric].critical.no_high;
}

bool cdc_policy_asks_condition(const struct cdc_policy *policy, size_t condition)
{
	return policy->states_given[condition];
}

/* Quotes a value that came with an option into a usage error. */
static int refuse(const char *text, const char *why, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_USAGE, "'%.*s': %s", QUOTE_MAX, text, why);
}

static int refuse_condition(const struct cdc_policy *policy, const char *text, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf why = CDC_BUF_INIT;

	cdc_buf_add(&why, "there is no such condition, valid are");
	for (size_t i = 0; i < cdc_plugin_condition_count(policy->plugin); i++) {
		const struct cdc_condition *row = cdc_plugin_condition(policy->plugin, i);

		if (cdc_plugin_find_condition(policy->plugin, row->name) == (int)i)
			cdc_buf_addf(&why, " %s", row->name);
	}
	return refuse(text, why.text, err);
}

/* A plugin's row that replaces a common one has two indices; both get the state. */
static void give_state(struct cdc_policy *policy, size_t index, enum cdc_state state)
{
	const struct cdc_condition *row = cdc_plugin_condition(policy->plugin, index);

	for (size_t i = 0; i < cdc_plugin_condition_count(policy->plugin); i++) {
		if (cdc_plugin_condition(policy->plugin, i) != row)
			continue;
		policy->states[i] = state;
		policy->states_given[i] = true;
	}
}

int cdc_policy_set_on(struct cdc_policy *policy, const char *text, struct cdc_err *err)
{
	const char *equals = strchr(text, '=');
	CDC_CLEANUP(cdc_free_string) char *name = NULL;
	enum cdc_state state;
	int index;

	if (!equals)
		return refuse(text, "CONDITION=STATE is expected", err);
	name = cdc_strndup(text, (size_t)(equals - text));
	index = cdc_plugin_find_condition(policy->plugin, name);
	if (index < 0)
		return refuse_condition(policy, text, err);
	if (!cdc_state_parse(equals + 1, &state))
		return refuse(text, "valid states are ok, warning, critical, unknown", err);
	give_state(policy, (size_t)index, state);
	return 0;
}

/* A duration without quotes around the error; at least min_ms. */
static int parse_duration(const char *text, size_t n, int64_t min_ms, int64_t *ret, struct cdc_err *err)
{
	cdc_num seconds;

	if (cdc_num_parse(text, n, CDC_SECONDS, &seconds, err) < 0)
		return -1;
	if (seconds < cdc_num_ms(min_ms) || seconds > cdc_num_int(INT64_MAX / 1000))
		return cdc_fail(err, CDC_ERR_USAGE, "it must be at least %g s and fit into 64 bits",
		    (double)min_ms / 1000);
	*ret = cdc_num_to_ms(seconds);
	return 0;
}

int cdc_policy_set_timeout(struct cdc_policy *policy, const char *text, struct cdc_err *err)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	enum cdc_state state;
	struct cdc_err why;

	if (parse_duration(text, n, 10, &policy->timeout_ms, &why) < 0)
		return refuse(text, why.text, err);
	if (!colon)
		return 0;
	if (!cdc_state_parse(colon + 1, &state))
		return refuse(text, "valid states are ok, warning, critical, unknown", err);
	give_state(policy, CDC_COND_TIMEOUT, state);
	return 0;
}

int cdc_policy_set_window(struct cdc_policy *policy, const char *text, struct cdc_err *err)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	int64_t min_ms, max_ms;
	struct cdc_err why;

	if (parse_duration(text, n, 1, &min_ms, &why) < 0)
		return refuse(text, why.text, err);
	max_ms = min_ms > INT64_MAX / 2 ? INT64_MAX : 2 * min_ms;
	if (colon && parse_duration(colon + 1, strlen(colon + 1), 1, &max_ms, &why) < 0)
		return refuse(text, why.text, err);
	if (max_ms < min_ms)
		return refuse(text, "MAX must not be less than MIN", err);
	policy->rate_min_ms = min_ms;
	policy->rate_max_ms = max_ms;
	return 0;
}

int cdc_policy_set_threshold(struct cdc_policy *policy, size_t metric, bool critical, const char *text,
    struct cdc_err *err)
{
	struct cdc_threshold *threshold = &policy->thresholds[metric];
	enum cdc_unit unit = policy->plugin->metrics[metric].unit;

	if (cdc_range_parse(text, unit, critical ? &threshold->critical : &threshold->warning, err) < 0)
		return -1;
	threshold->given = true;
	return 0;
}
