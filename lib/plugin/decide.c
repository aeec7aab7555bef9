#include "plugin/decide.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>

/* Entries that this file keeps for every item, besides timers (since.*) and rates (rate.*). */
#define KEY_KNOWN  "known"
#define KEY_ABSENT "absent"
#define KEY_HELD   "held."
#define HEADLINE_MARK '\x1f'

#define PAUSE_MIN_MS ((int64_t)15 * 60 * 1000)

static const struct cdc_condition *row_of(const struct cdc_check *check, const struct cdc_finding *finding)
{
	return cdc_plugin_condition(check->policy->plugin, (size_t)finding->condition);
}

/* A pause between runs beyond this starts a timer again. */
static int64_t longest_pause(int64_t duration_ms)
{
	if (duration_ms > INT64_MAX / 3)
		return INT64_MAX;
	return duration_ms > PAUSE_MIN_MS / 3 ? 3 * duration_ms : PAUSE_MIN_MS;
}

static void append(char **text, const char *format, ...) CDC_PRINTF(2, 3);

static void append(char **text, const char *format, ...)
{
	struct cdc_buf longer = CDC_BUF_INIT;
	va_list args;

	cdc_buf_add(&longer, *text);
	va_start(args, format);
	cdc_buf_vaddf(&longer, format, args);
	va_end(args);
	free(*text);
	*text = cdc_buf_take(&longer);
}

static void append_to_both(struct cdc_finding *finding, const char *suffix)
{
	append(&finding->text, "%s", suffix);
	if (finding->headline)
		append(&finding->headline, "%s", suffix);
}

/* The state a condition has while nothing tolerates it. */
static enum cdc_state full_state(const struct cdc_check *check, const struct cdc_finding *finding)
{
	const struct cdc_policy *policy = check->policy;
	const struct cdc_condition *row = row_of(check, finding);
	int metric = row->metric ? cdc_plugin_find_metric(policy->plugin, row->metric) : -1;

	if (metric >= 0 && policy->thresholds[metric].given && !policy->states_given[finding->condition])
		return CDC_OK;
	return policy->states[finding->condition];
}

/* How long a condition has been the case; -1 when nobody can tell. */
static int64_t age_of(struct cdc_check *check, const char *item, const struct cdc_finding *finding)
{
	const struct cdc_condition *row = row_of(check, finding);
	const char *timer = finding->timer ? finding->timer : row->timer ? row->timer : row->name;
	int64_t since;

	if (finding->age_ms >= 0)
		return finding->age_ms;
	since = cdc_memory_since(&check->memory, item, timer, longest_pause(check->policy->grace_ms));
	return since < 0 ? -1 : check->memory.now_ms - since;
}

/* True if the grace still tolerates it; says so in the texts. */
static bool in_grace(struct cdc_check *check, const char *item, struct cdc_finding *finding)
{
	CDC_BUF_CLEANUP struct cdc_buf suffix = CDC_BUF_INIT;
	int64_t age = age_of(check, item, finding);

	if (check->policy->grace_ms == 0)
		return false;
	if (age < 0) {
		append_to_both(finding, " (may be transient)");
		return false;
	}
	if (age >= check->policy->grace_ms)
		return false;
	/* a text with the age of the database's own time stamp ends in it */
	if (finding->age_ms < 0) {
		cdc_buf_add(&suffix, " for ");
		cdc_text_add_duration(&suffix, age);
	}
	cdc_buf_add(&suffix, " of ");
	cdc_text_add_duration(&suffix, check->policy->grace_ms);
	cdc_buf_add(&suffix, " grace");
	append_to_both(finding, suffix.text);
	return true;
}

static void held_key(struct cdc_buf *key, const struct cdc_condition *row)
{
	cdc_buf_addf(key, KEY_HELD "%s", row->name);
}

/* What an earlier run saw: value is owned, the texts point into it. */
struct held {
	char *value, *text, *headline;
	int64_t seen_ms;
};

/* Splits a held value; false when it is not of our making. */
static bool parse_held(struct held *held)
{
	char *blank = strchr(held->value, ' '), *mark = strchr(held->value, HEADLINE_MARK);

	if (!blank || !mark || mark < blank)
		return false;
	*blank = *mark = '\0';
	held->text = blank + 1;
	held->headline = mark + 1;
	return cdc_num_parse_int(held->value, &held->seen_ms) && held->seen_ms >= 0;
}

/* True if an earlier run saw that condition and its time is not over; held->value is the caller's then. */
static bool find_held(const struct cdc_check *check, const char *name, const struct cdc_condition *row,
    struct held *held)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT;
	int64_t now_ms = check->memory.now_ms;

	held_key(&key, row);
	held->value = cdc_strdup(cdc_memory_get(&check->memory, name, key.text));
	if (!held->value)
		return false;
	if (parse_held(held)) {
		/* a clock that went backwards must neither make it hold for ever nor forget it */
		if (held->seen_ms > now_ms)
			held->seen_ms = now_ms;
		if (now_ms - held->seen_ms < check->policy->hold_ms)
			return true;
	}
	free(held->value);
	return false;
}

static void hold(struct cdc_check *check, const char *item, const struct cdc_condition *row, int64_t seen_ms,
    const char *text, const char *headline)
{
	CDC_BUF_CLEANUP struct cdc_buf key = CDC_BUF_INIT, value = CDC_BUF_INIT;

	held_key(&key, row);
	cdc_buf_addf(&value, "%" PRId64 " %s%c%s", seen_ms, text, HEADLINE_MARK, headline ? headline : "");
	cdc_memory_put(&check->memory, item, key.text, value.text);
}

static void decide_grace(struct cdc_check *check, const char *item, const struct cdc_condition *row,
    struct cdc_finding *finding)
{
	CDC_CLEANUP(cdc_free_string) char *text = cdc_strdup(finding->text);
	CDC_CLEANUP(cdc_free_string) char *headline = cdc_strdup(finding->headline);

	if (in_grace(check, item, finding))
		finding->state = finding->state == CDC_CRITICAL ? CDC_WARNING : CDC_OK;
	else if (row->held)
		hold(check, item, row, check->memory.now_ms, text, headline);
}

/* By the row, for one that replaces a common row has two indices. */
static bool has_live_finding(const struct cdc_check *check, const struct cdc_item *item, const struct cdc_condition *row)
{
	for (size_t i = 0; i < item->finding_count; i++)
		if (row_of(check, &item->findings[i]) == row && !item->findings[i].from_memory)
			return true;
	return false;
}

/* Raises again what an earlier run saw, unless this run sees it too or its time is over. */
static void raise_held(struct cdc_check *check, struct cdc_item *item, size_t condition)
{
	const struct cdc_condition *row = cdc_plugin_condition(check->policy->plugin, condition);
	CDC_BUF_CLEANUP struct cdc_buf ago = CDC_BUF_INIT;
	struct cdc_finding *finding;
	struct held held;

	if (has_live_finding(check, item, row) || !find_held(check, item->key, row, &held))
		return;
	hold(check, item->key, row, held.seen_ms, held.text, held.headline);
	finding = cdc_item_raise(item, condition, "%s", held.text);
	if (*held.headline)
		cdc_finding_headline(finding, "%s", held.headline);
	finding->from_memory = true;
	cdc_buf_add(&ago, " (seen ");
	cdc_text_add_duration(&ago, check->memory.now_ms - held.seen_ms);
	cdc_buf_add(&ago, " ago)");
	append_to_both(finding, ago.text);
	free(held.value);
}

static void decide_condition(struct cdc_check *check, const char *item, struct cdc_finding *finding)
{
	const struct cdc_condition *row = row_of(check, finding);
	enum cdc_state state = full_state(check, finding);

	finding->state = state;
	if (finding->from_memory)
		return;
	if (row->held && !(row->grace && state != CDC_OK))
		hold(check, item, row, check->memory.now_ms, finding->text, finding->headline);
	else if (row->grace && state != CDC_OK)
		decide_grace(check, item, row, finding);
}

static void raise_all_held(struct cdc_check *check, struct cdc_item *item)
{
	const struct cdc_plugin *plugin = check->policy->plugin;

	for (size_t i = 0; i < cdc_plugin_condition_count(plugin); i++) {
		const struct cdc_condition *row = cdc_plugin_condition(plugin, i);

		if (row->held && cdc_plugin_find_condition(plugin, row->name) == (int)i)
			raise_held(check, item, i);
	}
}


/* How long the range has been violated without a break; -1: no memory can tell, so it counts at once. */
static int64_t violation_age(struct cdc_check *check, const struct cdc_item *item, size_t index,
    const struct cdc_range *range, char which, int64_t for_ms)
{
	CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;
	int64_t since;

	cdc_buf_addf(&name, "%c.%s.", which, check->policy->plugin->metrics[index].name);
	cdc_range_print(&name, range);
	since = cdc_memory_since(&check->memory, item->key, name.text, longest_pause(for_ms));
	return since < 0 ? -1 : check->memory.now_ms - since;
}

/* One range of one metric: what it says about the value. */
struct verdict {
	const struct cdc_range *range;
	bool violated, counts;
	int64_t age_ms, for_ms;
};

static struct verdict try_range(struct cdc_check *check, const struct cdc_item *item, size_t index, bool critical)
{
	const struct cdc_threshold *threshold = &check->policy->thresholds[index];
	struct verdict verdict = {
		.range = critical ? &threshold->critical : &threshold->warning,
		.for_ms = critical ? check->policy->critical_for_ms : check->policy->warning_for_ms,
	};

	verdict.violated = cdc_range_alerts(verdict.range, item->values[index].value);
	if (!verdict.violated)
		return verdict;
	verdict.age_ms = violation_age(check, item, index, verdict.range, critical ? 'c' : 'w', verdict.for_ms);
	verdict.counts = verdict.age_ms < 0 || verdict.age_ms >= verdict.for_ms;
	if (verdict.age_ms < 0 && verdict.for_ms > 0)
		cdc_result_note(check, "no memory of earlier runs: violations count at once");
	return verdict;
}

/* "more than 10 GiB for 3m of 5m" */
static void add_verdict(struct cdc_buf *text, const struct verdict *verdict, const struct cdc_value *value,
    enum cdc_unit unit)
{
	cdc_buf_add(text, ", ");
	cdc_range_print_reason(text, verdict->range, value->value, unit);
	if (verdict->for_ms > 0 && verdict->age_ms >= 0) {
		cdc_buf_add(text, " for ");
		cdc_text_add_duration(text, verdict->age_ms);
		cdc_buf_add(text, " of ");
		cdc_text_add_duration(text, verdict->for_ms);
	}
}

/* pending: a critical violation that is not old enough yet, or NULL. */
static void raise_threshold(struct cdc_item *item, size_t index, const struct cdc_metric *metric,
    const struct verdict *verdict, const struct verdict *pending, enum cdc_state state)
{
	struct cdc_value *value = &item->values[index];
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	struct cdc_finding *finding;

	cdc_metric_phrase(&text, metric, value->value);
	add_verdict(&text, verdict, value, metric->unit);
	if (pending)
		add_verdict(&text, pending, value, metric->unit);
	finding = cdc_item_raise(item, 0, "%s", text.text);
	if (value->cause)
		cdc_finding_headline(finding, "%s: %s", text.text, value->cause);
	finding->condition = -1;
	finding->metric = (int)index;
	finding->state = state;
	value->violated = true;
}

/* A threshold that cannot be tried must not look like one that is kept. */
static void explain_absence(const struct cdc_check *check, struct cdc_item *item, size_t index)
{
	if (item->values[index].cause && cdc_policy_asks_metric(check->policy, index))
		cdc_item_phrase(item, "%s has no value (%s)", check->policy->plugin->metrics[index].name,
		    item->values[index].cause);
}

/* Critical is tried first; one that is not old enough yet leaves the word to the warning range. */
static void decide_metric(struct cdc_check *check, struct cdc_item *item, size_t index)
{
	const struct cdc_metric *metric = &check->policy->plugin->metrics[index];
	struct verdict critical, warning;

	if (!item->values[index].known) {
		explain_absence(check, item, index);
		return;
	}
	if (item->values[index].unjudged)
		return;
	critical = try_range(check, item, index, true);
	warning = try_range(check, item, index, false);
	if (critical.counts)
		raise_threshold(item, index, metric, &critical, NULL, CDC_CRITICAL);
	else if (warning.counts)
		raise_threshold(item, index, metric, &warning, critical.violated ? &critical : NULL, CDC_WARNING);
	else if (critical.violated)
		raise_threshold(item, index, metric, &critical, NULL, CDC_OK);
	else if (warning.violated)
		raise_threshold(item, index, metric, &warning, NULL, CDC_OK);
}

/* Worst first; what is seen now before what is only held; else in the order in which it was found. */
static bool goes_before(const struct cdc_finding *a, const struct cdc_finding *b)
{
	int rank = cdc_state_rank(a->state) - cdc_state_rank(b->state);

	return rank > 0 || (rank == 0 && !a->from_memory && b->from_memory);
}

static void sort_findings(struct cdc_finding *findings, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && goes_before(&findings[j], &findings[j - 1]); j--) {
			struct cdc_finding other = findings[j];

			findings[j] = findings[j - 1];
			findings[j - 1] = other;
		}
	}
}

/* A fixed item has no line while it is fine: what is only tolerated there is told in a note. */
static void note_tolerated(struct cdc_check *check, const struct cdc_item *item)
{
	for (size_t i = 0; item->fixed && item->state == CDC_OK && i < item->finding_count; i++) {
		const struct cdc_finding *finding = &item->findings[i];

		if (finding->condition >= 0 && row_of(check, finding)->grace && full_state(check, finding) != CDC_OK)
			cdc_result_note(check, "%s: %s", item->name, finding->text);
	}
}

static void decide_item(struct cdc_check *check, struct cdc_item *item)
{
	raise_all_held(check, item);
	for (size_t i = 0; i < item->finding_count; i++)
		decide_condition(check, item->key, &item->findings[i]);
	for (size_t i = 0; i < check->policy->plugin->metric_count; i++)
		decide_metric(check, item, i);
	sort_findings(item->findings, item->finding_count);
	item->state = item->finding_count ? item->findings[0].state : CDC_OK;
	note_tolerated(check, item);
}

/* What the next run must know of an item: that it was there, or since when it is not. */
static void remember(struct cdc_check *check, const struct cdc_item *item)
{
	struct cdc_memory *memory = &check->memory;
	int64_t since_ms;

	if (item->fixed || item->transient)
		return;
	cdc_memory_put(memory, item->name, KEY_KNOWN, "1");
	if (item->absent && !check->elsewhere) {
		if (!cdc_was_absent(check, item->name, &since_ms))
			since_ms = memory->now_ms;
		cdc_memory_put_int(memory, item->name, KEY_ABSENT, since_ms);
	}
}

/*
 * What is remembered of an object that is not there stays, or its return could not be told from a first sight; only
 * timers stop.
 */
static void carry_facts(struct cdc_check *check, const char *name)
{
	const struct cdc_entries *old = &check->memory.old;

	for (size_t i = 0; i < old->count; i++)
		if (cdc_streq(old->at[i].item, name) && strncmp(old->at[i].key, "since.", 6) != 0)
			cdc_memory_put(&check->memory, name, old->at[i].key, old->at[i].value);
}

static bool anything_held(const struct cdc_check *check, const char *name)
{
	const struct cdc_plugin *plugin = check->policy->plugin;
	struct held held;

	for (size_t i = 0; i < cdc_plugin_condition_count(plugin); i++) {
		if (find_held(check, name, cdc_plugin_condition(plugin, i), &held)) {
			free(held.value);
			return true;
		}
	}
	return false;
}

/*
 * An object that the last run knew, that nobody named, and that is not in the result. It is told as vanished by the
 * first run without it, reported for as long as that is held, and then forgotten.
 */
static void judge_vanished(struct cdc_check *check, const char *name)
{
	int64_t since_ms;
	/* within a grace nothing was held yet: then it is told again until it counts */
	bool told = cdc_was_absent(check, name, &since_ms) &&
	    cdc_memory_get(&check->memory, name, KEY_HELD "vanished") != NULL;
	struct cdc_item *item;

	if (check->elsewhere && !anything_held(check, name)) {
		cdc_memory_carry_item(&check->memory, name);
		return;
	}
	if (told && !anything_held(check, name))
		return;
	item = cdc_result_add(check, name);
	item->absent = true;
	if (!told && !check->elsewhere)
		cdc_finding_headline(cdc_item_raise(item, CDC_COND_VANISHED, "not there any more"),
		    "is not there any more: an earlier run judged it (--forget if that is meant)");
}

static bool is_first_of_item(const struct cdc_entries *entries, size_t i)
{
	return i == 0 || !cdc_streq(entries->at[i - 1].item, entries->at[i].item);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * The names of all items of the result but the fixed ones, which are no objects, sorted for bsearch(3). The texts
 * belong to the result.
 */
static const char **names_of(const struct cdc_result *result, size_t *ret_count)
{
	const char **names = cdc_alloc(result->count + result->left_out.count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < result->count; i++)
		if (!result->items[i]->fixed)
			names[count++] = result->items[i]->name;
	for (size_t i = 0; i < result->left_out.count; i++)
		names[count++] = result->left_out.at[i];
	qsort(names, count, sizeof(*names), compare_names);
	*ret_count = count;
	return names;
}

/* True if what is remembered under that name may stay as it was: nothing in this run speaks of it. */
static bool is_untouched(const struct cdc_check *check, const char *name)
{
	for (size_t i = 0; i < check->result.count; i++)
		if (cdc_streq(check->result.items[i]->name, name) || cdc_streq(check->result.items[i]->key, name))
			return false;
	return true;
}

/* Looks at every object of the last run that this run did not come across. */
static void visit_unseen(struct cdc_check *check, bool complete)
{
	const struct cdc_entries *old = &check->memory.old;
	size_t count;
	const char **names = names_of(&check->result, &count);

	for (size_t i = 0; i < old->count; i++) {
		const char *name = old->at[i].item;

		if (!is_first_of_item(old, i) || bsearch(&name, names, count, sizeof(*names), compare_names))
			continue;
		if (complete && cdc_was_known(check, name) && cdc_policy_selects(check->policy, name))
			judge_vanished(check, name);
		else if (!complete && is_untouched(check, name))
			cdc_memory_carry_item(&check->memory, name);
	}
	free(names);
}

static void decide_whole(struct cdc_check *check)
{
	struct cdc_result *result = &check->result;

	for (size_t i = 0; i < result->finding_count; i++)
		decide_condition(check, "", &result->findings[i]);
	sort_findings(result->findings, result->finding_count);
	result->state = result->finding_count ? result->findings[0].state : CDC_OK;
	for (size_t i = 0; i < result->count; i++)
		result->state = cdc_state_worst(result->state, result->items[i]->state);
}

static bool anything_to_judge(const struct cdc_result *result)
{
	return result->plugin->fixed_suffice ? result->count > 0 : cdc_result_item_count(result) > 0;
}

void cdc_decide(struct cdc_check *check, bool complete)
{
	struct cdc_result *result = &check->result;

	visit_unseen(check, complete);
	if (complete && !anything_to_judge(result) && result->finding_count == 0)
		cdc_result_raise(check, CDC_COND_NONE, "no %s found to judge", result->plugin->nouns);
	for (size_t i = 0; i < result->count; i++) {
		if (result->items[i]->settled)
			continue;
		if (result->items[i]->absent)
			carry_facts(check, result->items[i]->name);
		decide_item(check, result->items[i]);
		remember(check, result->items[i]);
	}
	decide_whole(check);
}

void cdc_settle(struct cdc_check *check, struct cdc_item *item)
{
	decide_item(check, item);
	remember(check, item);
	item->settled = true;
	cdc_result_spare(check, item);
}

bool cdc_was_absent(const struct cdc_check *check, const char *name, int64_t *since_ms)
{
	return cdc_memory_get_int(&check->memory, name, KEY_ABSENT, since_ms);
}

bool cdc_was_known(const struct cdc_check *check, const char *name)
{
	return cdc_memory_get(&check->memory, name, KEY_KNOWN) != NULL;
}
