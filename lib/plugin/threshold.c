#include "plugin/threshold.h"

#include "base/text.h"

/* How long the range has been violated without a break; -1: no memory can tell, so it counts at once. */
static int64_t violation_age(struct cdc_check *check, const struct cdc_item *item, size_t index,
    const struct cdc_range *range, char which, int64_t for_ms)
{
	CDC_BUF_CLEANUP struct cdc_buf name = CDC_BUF_INIT;
	int64_t since;

	cdc_buf_addf(&name, "%c.%s.", which, check->policy->plugin->metrics[index].name);
	cdc_range_print(&name, range);
	since = cdc_memory_since(&check->memory, item->key, name.text, cdc_memory_longest_pause(for_ms));
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

	cdc_metric_phrase(&text, metric, value->phrase, value->value);
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

/* Only the judge knows which metrics without an item of their own a fixed item has: it tells by a cause. */
static bool belongs_to(const struct cdc_metric *metric, const struct cdc_item *item, const char *cause)
{
	if (metric->item)
		return cdc_streq(metric->item, item->name);
	return !item->fixed || cause;
}

bool cdc_threshold_has_no_value(const struct cdc_check *check, const struct cdc_item *item, size_t index,
    struct cdc_buf *text)
{
	const struct cdc_metric *metric = &check->policy->plugin->metrics[index];
	const char *cause = item->values[index].cause;

	if (item->values[index].known || item->absent || !cdc_policy_asks_metric(check->policy, index) ||
	    !belongs_to(metric, item, cause))
		return false;
	cdc_buf_addf(text, "%s has no value", metric->name);
	if (cause)
		cdc_buf_addf(text, " (%s)", cause);
	return true;
}

/* A threshold that cannot be tried must not look like one that is kept. */
static void explain_absence(const struct cdc_check *check, struct cdc_item *item, size_t index)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (cdc_threshold_has_no_value(check, item, index, &text))
		cdc_item_phrase(item, "%s", text.text);
}

/* Critical is tried first; one that is not old enough yet leaves the word to the warning range. */
void cdc_decide_metric(struct cdc_check *check, struct cdc_item *item, size_t index)
{
	const struct cdc_metric *metric = &check->policy->plugin->metrics[index];
	const struct cdc_threshold *threshold = &check->policy->thresholds[index];
	struct verdict critical, warning;

	if (!threshold->critical.set && !threshold->warning.set)
		return;
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
