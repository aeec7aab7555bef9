#include "plugin/decide.h"

#include <stdlib.h>

#include "base/text.h"
#include "plugin/absent.h"
#include "plugin/held.h"
#include "plugin/threshold.h"

/*
 * True if a threshold of the command line judges in place of the condition. One that has no value to judge cannot, or
 * the item would be fine without anybody having looked. item: NULL for the whole.
 */
static bool is_replaced(const struct cdc_check *check, const struct cdc_item *item, const struct cdc_finding *finding)
{
	const struct cdc_policy *policy = check->policy;
	const struct cdc_condition *row = cdc_finding_row(check, finding);
	int metric = row->metric ? cdc_plugin_find_metric(policy->plugin, row->metric) : -1;

	const struct cdc_threshold *threshold = metric < 0 ? NULL : &policy->thresholds[metric];

	if (!threshold || !threshold->given || policy->states_given[finding->condition])
		return false;
	return !item || policy->plugin->metrics[metric].item || item->values[metric].known ||
	    (cdc_range_never(&threshold->warning) && cdc_range_never(&threshold->critical));
}

/* The state a condition has while nothing tolerates it. */
static enum cdc_state full_state(const struct cdc_check *check, const struct cdc_item *item,
    const struct cdc_finding *finding)
{
	return is_replaced(check, item, finding) ? CDC_OK : check->policy->states[finding->condition];
}

/* How long a condition has been the case; -1 when nobody can tell. */
static int64_t age_of(struct cdc_check *check, const char *item, const struct cdc_finding *finding)
{
	const struct cdc_condition *row = cdc_finding_row(check, finding);
	const char *timer = finding->timer ? finding->timer : row->timer ? row->timer : row->name;
	int64_t since;

	if (finding->age_ms >= 0)
		return finding->age_ms;
	/* however long ago the last run was: one an hour must find an end of the grace too */
	since = cdc_memory_since(&check->memory, item, timer, INT64_MAX);
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
		cdc_finding_append(finding, " (may be transient)");
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
	cdc_finding_append(finding, suffix.text);
	return true;
}

static void keep(struct cdc_check *check, const char *item, const struct cdc_condition *row, const char *past,
    const char *text, const char *headline)
{
	cdc_held_keep(check, item, row, check->memory.now_ms, past ? past : text, past ? past : headline);
}

static void decide_grace(struct cdc_check *check, const char *item, const struct cdc_condition *row,
    struct cdc_finding *finding)
{
	/* what is held speaks of no grace, which in_grace adds */
	CDC_CLEANUP(cdc_free_string) char *text = row->held ? cdc_strdup(finding->text) : NULL;
	CDC_CLEANUP(cdc_free_string) char *headline = row->held ? cdc_strdup(finding->headline) : NULL;

	if (in_grace(check, item, finding))
		finding->state = finding->state == CDC_CRITICAL ? CDC_WARNING : CDC_OK;
	else if (row->held)
		keep(check, item, row, finding->past, text, headline);
}

/* item: NULL for the whole. */
static void decide_condition(struct cdc_check *check, const struct cdc_item *item, struct cdc_finding *finding)
{
	const struct cdc_condition *row = cdc_finding_row(check, finding);
	enum cdc_state state = full_state(check, item, finding);
	const char *key = item ? item->key : "";

	finding->state = state;
	if (finding->from_memory)
		return;
	if (row->held && !(row->grace && state != CDC_OK))
		keep(check, key, row, finding->past, finding->text, finding->headline);
	else if (row->grace && state != CDC_OK)
		decide_grace(check, key, row, finding);
}

/* Worst first; what is seen now before what is only held, the newest first; else in the order in which it was found. */
static bool goes_before(const struct cdc_finding *a, const struct cdc_finding *b)
{
	int rank = cdc_state_rank(a->state) - cdc_state_rank(b->state);

	if (rank || !b->from_memory)
		return rank > 0;
	return !a->from_memory || a->seen_ms > b->seen_ms;
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

/*
 * A fixed item has no line while it is fine: what is only tolerated there, and what has no value although there is a
 * threshold for it, is told in notes.
 */
static void note_of_fixed(struct cdc_check *check, const struct cdc_item *item)
{
	if (!item->fixed || item->state != CDC_OK)
		return;
	for (size_t i = 0; i < item->finding_count; i++) {
		const struct cdc_finding *finding = &item->findings[i];

		if (finding->condition >= 0 && cdc_finding_row(check, finding)->grace &&
		    full_state(check, item, finding) != CDC_OK)
			cdc_result_note(check, "%s: %s", item->name, finding->text);
	}
	for (size_t i = 0; i < check->policy->plugin->metric_count; i++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

		if (cdc_threshold_has_no_value(check, item, i, &text))
			cdc_result_note(check, "%s: %s", item->name, text.text);
	}
}

static void decide_item(struct cdc_check *check, struct cdc_item *item)
{
	cdc_held_raise(check, item);
	for (size_t i = 0; i < item->finding_count; i++)
		decide_condition(check, item, &item->findings[i]);
	for (size_t i = 0; i < check->policy->plugin->metric_count; i++)
		cdc_decide_metric(check, item, i);
	sort_findings(item->findings, item->finding_count);
	item->state = item->finding_count ? item->findings[0].state : CDC_OK;
	note_of_fixed(check, item);
}

static void decide_whole(struct cdc_check *check)
{
	struct cdc_result *result = &check->result;

	for (size_t i = 0; i < result->finding_count; i++)
		decide_condition(check, NULL, &result->findings[i]);
	sort_findings(result->findings, result->finding_count);
	result->state = result->finding_count ? result->findings[0].state : CDC_OK;
	for (size_t i = 0; i < result->count; i++)
		result->state = cdc_state_worst(result->state, result->items[i]->state);
}

static bool anything_to_judge(const struct cdc_result *result)
{
	return result->plugin->fixed_suffice ? result->count > 0 : cdc_result_item_count(result) > 0;
}

/* With what a fixed item that has no line has to say, which often is the reason: "server: is a standby". */
static void raise_none(struct cdc_check *check)
{
	const struct cdc_result *result = &check->result;
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "no %s found to judge", result->plugin->nouns);
	for (size_t i = 0; i < result->count; i++) {
		const struct cdc_item *item = result->items[i];

		if (item->fixed && item->state == CDC_OK && item->finding_count > 0)
			cdc_buf_addf(&text, " (%s: %s)", item->name, item->findings[0].text);
	}
	cdc_result_raise(check, CDC_COND_NONE, "%s", text.text);
}

void cdc_decide(struct cdc_check *check, bool complete)
{
	struct cdc_result *result = &check->result;

	cdc_absent_visit(check, complete);
	for (size_t i = 0; i < result->count; i++) {
		if (result->items[i]->settled)
			continue;
		cdc_absent_carry(check, result->items[i]);
		decide_item(check, result->items[i]);
		cdc_absent_remember(check, result->items[i]);
	}
	if (complete && !anything_to_judge(result) && result->finding_count == 0)
		raise_none(check);
	decide_whole(check);
}

void cdc_settle(struct cdc_check *check, struct cdc_item *item)
{
	decide_item(check, item);
	cdc_absent_remember(check, item);
	item->settled = true;
	cdc_result_spare(check, item);
}
