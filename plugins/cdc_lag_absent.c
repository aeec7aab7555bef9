/*
 * check_cdc_lag: what is not there. A task that dies takes its series along, so a rule on the number of its lag falls
 * silent when it matters most.
 */
#include "plugins/cdc_lag_internal.h"

#include "base/text.h"
#include "plugin/absent.h"

#include <stdlib.h>

/* --- what was asked ---------------------------------------------------------------------------------------------- */

static bool answered(const struct cdc_lag_source *source)
{
	return source->err.kind == CDC_ERR_NONE || source->cut;
}

/* True for a source that gave nothing; a wrong page and a refusal are answers of a kind, and told as what they are. */
static bool is_down(const struct cdc_lag_source *source)
{
	return !source->cut && (source->err.kind == CDC_ERR_UNREACHABLE || source->err.kind == CDC_ERR_TIMEOUT);
}

static bool any_answered(const struct cdc_lag_facts *facts)
{
	for (size_t i = 0; i < facts->source_count; i++)
		if (answered(&facts->sources[i]))
			return true;
	return false;
}

static const char *explain_scrape_error(const struct cdc_lag_scrape_error *error)
{
	return error->down ? "Prometheus cannot scrape it (up is 0)" :
			     "the exporter could not read the beans (jmx_scrape_error is 1)";
}

static void judge_scrape_errors(const struct cdc_lag_facts *facts, struct cdc_check *check)
{
	for (size_t i = 0; i < facts->scrape_error_count; i++)
		cdc_result_raise(check, SCRAPE_ERROR, "%s: %s", facts->scrape_errors[i].worker,
		    explain_scrape_error(&facts->scrape_errors[i]));
}

/* True if some run saw a task of it. */
static bool was_seen(const struct cdc_check *check, const char *name)
{
	const struct cdc_entry *at = NULL;

	return cdc_lag_next_task(&check->memory, name, &at) != NULL;
}

/* True if an earlier run saw Debezium there: then the worker and the exporter's rules are the right ones. */
static bool was_any_seen(const struct cdc_check *check)
{
	const struct cdc_entries *old = &check->memory.old;

	for (size_t i = 0; i < old->item_count; i++)
		if (cdc_was_known(check, old->items[i].name) && was_seen(check, old->items[i].name))
			return true;
	return false;
}

/* Why there is nothing of Debezium on pages, by what else there is. */
static const char *explain_pages(const struct cdc_lag_facts *facts)
{
	uint64_t samples = 0;
	bool connect = false;

	for (size_t i = 0; i < facts->source_count; i++) {
		samples += facts->sources[i].samples;
		connect |= facts->sources[i].connect;
	}
	if (connect)
		return "the page is that of a Connect worker, so no connector runs there, or its exporter has no rule for debezium.* "
		       "beans";
	if (samples > 0)
		return "there are other series, so this is not a worker with Debezium, or the exporter has no rule for debezium.* beans";
	return "there are no series at all";
}

static const char *explain_nothing(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts)
{
	switch (facts->source_count ? facts->sources[0].kind : CDC_LAG_PAGE) {
	case CDC_LAG_JOLOKIA:
		return "the agent knows no debezium.* beans, so no connector runs in its JVM";
	case CDC_LAG_PROMETHEUS:
		return config->prometheus_labels.count ?
		    "Prometheus has none with these labels: no connector runs, it is not scraped, or its exporter has no rule for "
		    "debezium.* beans" :
		    "Prometheus has none: no connector runs, it is not scraped, or its exporter has no rule for debezium.* beans";
	default:
		return explain_pages(facts);
	}
}

int cdc_lag_check_complete(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts, struct cdc_err *err)
{
	if (facts->scrape_error_count > 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: %s", facts->scrape_errors[0].worker,
		    explain_scrape_error(&facts->scrape_errors[0]));
	if (!facts->debezium)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "no series of Debezium: %s", explain_nothing(config, facts));
	return 0;
}

static void judge_no_debezium(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    struct cdc_check *check)
{
	if (!facts->debezium && facts->scrape_error_count == 0 && !was_any_seen(check))
		cdc_result_raise(check, NO_DEBEZIUM, "no series of Debezium: %s", explain_nothing(config, facts));
}

const struct cdc_lag_source *cdc_lag_fatal(const struct cdc_lag_facts *facts)
{
	for (size_t i = 0; i < facts->source_count; i++)
		if (facts->sources[i].cut)
			return &facts->sources[i];
	return any_answered(facts) || facts->source_count == 0 ? NULL : &facts->sources[0];
}

static void judge_page_age(const struct cdc_lag_config *config, const struct cdc_lag_source *source,
    struct cdc_check *check)
{
	int64_t age_ms = check->memory.now_ms - source->page_ms;
	CDC_BUF_CLEANUP struct cdc_buf age = CDC_BUF_INIT;

	if (!source->page_ms || age_ms <= config->max_age_ms)
		return;
	cdc_text_add_duration(&age, age_ms);
	cdc_result_raise(check, STALE, "%s is stale: the page was saved %s ago", source->name, age.text);
}

void cdc_lag_judge_sources(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    struct cdc_check *check)
{
	const struct cdc_lag_source *fatal = cdc_lag_fatal(facts);

	for (size_t i = 0; i < facts->source_count; i++) {
		const struct cdc_lag_source *source = &facts->sources[i];

		judge_page_age(config, source, check);
		if (source->err.kind == CDC_ERR_NONE || source == fatal)
			continue;
		if (is_down(source) && any_answered(facts))
			cdc_result_raise(check, WORKER_DOWN, "a worker did not answer: %s", source->err.text);
		else
			cdc_result_fail(check, &source->err);
	}
	judge_scrape_errors(facts, check);
	if (!fatal)
		judge_no_debezium(config, facts, check);
}

/* --- what was expected ------------------------------------------------------------------------------------------- */

/* " (h2:9404 did not answer)": where it may still be. */
static void add_silent_workers(struct cdc_buf *text, const struct cdc_lag_facts *facts)
{
	const char *separator = " (";
	size_t before = text->len;

	for (size_t i = 0; i < facts->source_count; i++) {
		if (facts->sources[i].err.kind == CDC_ERR_NONE)
			continue;
		cdc_buf_addf(text, "%s%s did not answer", separator, facts->sources[i].name);
		separator = ", ";
	}
	for (size_t i = 0; i < facts->scrape_error_count; i++) {
		cdc_buf_addf(text, "%s%s could not be scraped", separator, facts->scrape_errors[i].worker);
		separator = ", ";
	}
	if (text->len > before)
		cdc_buf_add_char(text, ')');
}

static bool all_answered(const struct cdc_lag_facts *facts)
{
	for (size_t i = 0; i < facts->source_count; i++)
		if (facts->sources[i].err.kind != CDC_ERR_NONE)
			return false;
	return facts->scrape_error_count == 0;
}

static void raise_absent(const struct cdc_lag_facts *facts, const char *name, size_t condition, struct cdc_check *check)
{
	struct cdc_item *item = cdc_result_add(check, name);
	CDC_BUF_CLEANUP struct cdc_buf where = CDC_BUF_INIT;

	item->absent = true;
	add_silent_workers(&where, facts);
	cdc_finding_headline(cdc_item_raise(item, condition, "no series%s", where.text),
	    condition == CDC_COND_MISSING ?
		"has no series: its task is dead, or on a worker that was not asked%s" :
		"has no series any more: its task is dead, or on a worker that was not asked%s (--forget if that is meant)",
	    where.text);
}

/* True if some item is of that server. */
static bool is_there(const struct cdc_check *check, const char *server)
{
	for (size_t i = 0; i < check->result.count; i++)
		if (cdc_streq(check->result.items[i]->name, server) ||
		    cdc_streq(check->result.items[i]->labels[LABEL_SERVER], server))
			return true;
	return false;
}

static void judge_named(const struct cdc_lag_facts *facts, struct cdc_check *check)
{
	const struct cdc_strings *names = &check->policy->names;

	for (size_t i = 0; i < names->count; i++)
		if (cdc_policy_selects(check->policy, names->at[i]) && !is_there(check, names->at[i]))
			raise_absent(facts, names->at[i], CDC_COND_MISSING, check);
}

/* An object of the last run by its name, as far as selection needs it. */
static bool is_still_wanted(const struct cdc_lag_config *config, const struct cdc_check *check, const char *name)
{
	const char *server = cdc_memory_get(&check->memory, name, "server");

	return cdc_lag_is_wanted(config,
	    &(struct cdc_lag_task){ .server = server ? server : name, .database = "", .task = "", .type = "" }, name);
}

/* Told once, it is held for a while and then forgotten: the library does that. */
static bool was_told(const struct cdc_check *check, const char *name)
{
	int64_t since_ms;

	return cdc_was_absent(check, name, &since_ms) && cdc_memory_get(&check->memory, name, "held.vanished");
}

static int compare_items(const void *a, const void *b)
{
	return strcmp((*(struct cdc_item *const *)a)->name, (*(struct cdc_item *const *)b)->name);
}

/* The item of that name among sorted ones, or NULL. */
static const struct cdc_item *find_item(struct cdc_item **sorted, size_t count, const char *name)
{
	struct cdc_item wanted = { .name = (char *)(uintptr_t)name }, *key = &wanted, **found;

	found = count ? bsearch(&key, sorted, count, sizeof(struct cdc_item *), compare_items) : NULL;
	return found ? *found : NULL;
}

static void judge_known_one(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    const struct cdc_item *item, const char *name, struct cdc_check *check)
{
	if ((item && !item->absent) || !is_still_wanted(config, check, name))
		return;
	/* what never was there cannot be away */
	if (was_seen(check, name))
		cdc_lag_count_restarts(&check->memory, name, all_answered(facts));
	if (!item && !was_told(check, name))
		raise_absent(facts, name, CDC_COND_VANISHED, check);
}

/*
 * Those of the last run that nobody named. Each run without them counts as one in which the task was away, unless
 * there may be another reason why nobody sees it.
 */
static void judge_known(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts, struct cdc_check *check)
{
	const struct cdc_entries *old = &check->memory.old;
	size_t count = check->result.count;
	struct cdc_item **sorted = cdc_alloc(count, sizeof(struct cdc_item *));

	if (count)
		memcpy(sorted, check->result.items, count * sizeof(struct cdc_item *));
	qsort(sorted, count, sizeof(struct cdc_item *), compare_items);
	for (size_t i = 0; i < old->item_count; i++)
		if (cdc_was_known(check, old->items[i].name))
			judge_known_one(config, facts, find_item(sorted, count, old->items[i].name), old->items[i].name,
			    check);
	free(sorted);
}

/* Nobody can tell whether a pipe is the one of the last run. */
static bool is_piped(const struct cdc_lag_facts *facts)
{
	for (size_t i = 0; i < facts->source_count; i++)
		if (facts->sources[i].kind == CDC_LAG_PIPE)
			return true;
	return false;
}

void cdc_lag_judge_absent(const struct cdc_lag_config *config, const struct cdc_lag_facts *facts,
    struct cdc_check *check)
{
	if (cdc_lag_fatal(facts) || check->policy->discover)
		return;
	judge_named(facts, check);
	if (is_piped(facts))
		check->elsewhere = true;
	else
		judge_known(config, facts, check);
}
