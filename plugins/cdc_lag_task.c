/*
 * check_cdc_lag: one task of a connector. Why each rule is as it is: check_cdc_lag(1), and the notes in
 * lib/cdc/debezium_metrics.h on what makes each number move.
 */
#include "plugins/cdc_lag_internal.h"

#include "base/text.h"
#include "plugin/absent.h"

static bool is_zero(const struct cdc_lag_number *number)
{
	return number->known && number->value == 0;
}

/* --- what is the case -------------------------------------------------------------------------------------------- */

/* Events that moved the lag: what is filtered or erroneous does not. */
static int64_t changes_of(const struct cdc_lag_task *task)
{
	int64_t changes = cdc_lag_whole(&task->at[CDC_DBZ_EVENTS]);

	if (changes == CDC_LAG_UNKNOWN)
		return changes;
	if (task->at[CDC_DBZ_FILTERED].known)
		changes -= cdc_lag_whole(&task->at[CDC_DBZ_FILTERED]);
	if (task->at[CDC_DBZ_ERRONEOUS].known)
		changes -= cdc_lag_whole(&task->at[CDC_DBZ_ERRONEOUS]);
	return changes;
}

static int64_t erroneous_of(const struct cdc_lag_task *task)
{
	const struct cdc_lag_number *streaming = &task->at[CDC_DBZ_ERRONEOUS];
	const struct cdc_lag_number *snapshot = &task->at[CDC_LAG_SNAPSHOT_ERRONEOUS];

	if (!streaming->known && !snapshot->known)
		return CDC_LAG_UNKNOWN;
	return (streaming->known ? cdc_lag_whole(streaming) : 0) + (snapshot->known ? cdc_lag_whole(snapshot) : 0);
}

static bool fell(int64_t before, int64_t now)
{
	return before != CDC_LAG_UNKNOWN && now != CDC_LAG_UNKNOWN && now < before;
}

/* The very same sample as in the last run, as far as its time and its numbers tell; one that is stale proves itself. */
static bool is_same_sample(const struct cdc_lag_view *view)
{
	const struct cdc_lag_trace *old = &view->old, *now = &view->now;

	return now->sample_ms != CDC_LAG_UNKNOWN && now->sample_ms == old->sample_ms && now->lag_ms == old->lag_ms &&
	    now->changes == old->changes && now->at_ms - now->sample_ms <= view->config->max_age_ms;
}

/* The trace that this run leaves, as far as the samples alone tell. */
static void look_back(struct cdc_lag_view *view)
{
	const struct cdc_lag_task *task = view->task;
	struct cdc_check *check = view->check;
	int64_t absent_since_ms;

	view->old = cdc_lag_trace_read(&check->memory, view->item->name, task->task);
	view->overtaken = view->began_ms && view->old.at_ms >= view->began_ms;
	view->now = view->old;
	if (view->overtaken)
		cdc_lag_trace_forget(&view->old);
	view->now.at_ms = check->memory.now_ms;
	view->now.lag_ms = cdc_lag_ms(&task->at[CDC_DBZ_LAG]);
	view->now.sample_ms = task->time_ms ? task->time_ms : task->page_ms ? task->page_ms : CDC_LAG_UNKNOWN;
	view->now.changes = changes_of(task);
	view->now.events = cdc_lag_whole(&task->at[CDC_DBZ_EVENTS]);
	view->now.erroneous = erroneous_of(task);
	view->now.recovered = cdc_lag_whole(&task->at[CDC_DBZ_CHANGES_RECOVERED]);
	view->same_sample = is_same_sample(view);
	view->restarted = fell(view->old.events, view->now.events);
	if (view->restarted || cdc_was_absent(check, view->item->name, &absent_since_ms))
		view->now.started_ms = check->memory.now_ms;
}

static void look_at_state(struct cdc_lag_view *view)
{
	const struct cdc_lag_task *task = view->task;
	const struct cdc_lag_number *connected = &task->at[CDC_DBZ_CONNECTED];
	const struct cdc_lag_number *lag = &task->at[CDC_DBZ_LAG];

	view->binlog = cdc_dbz_reads_binlog(view->type) || task->at[CDC_DBZ_BINLOG].known;
	view->connected = connected->known && connected->value != 0;
	view->disconnected = is_zero(connected);
	view->snapshot = cdc_lag_is_on(task, CDC_DBZ_SNAPSHOT_RUNNING) || cdc_lag_is_on(task, CDC_DBZ_SNAPSHOT_PAUSED);
	/* where nothing says whether it streams, a lag does */
	view->first_snapshot =
	    view->snapshot && (view->disconnected || (!connected->known && (!lag->known || lag->value == CDC_LAG_NONE)));
	view->queue_full = is_zero(&task->at[CDC_DBZ_QUEUE_REMAINING]) && !is_zero(&task->at[CDC_DBZ_QUEUE_TOTAL]) &&
	    !view->first_snapshot;
}

/* --- conditions -------------------------------------------------------------------------------------------------- */

static bool recovers(const struct cdc_lag_view *view)
{
	return cdc_lag_is_on(view->task, CDC_DBZ_RECOVERING) ||
	    (view->old.recovered != CDC_LAG_UNKNOWN && view->now.recovered != CDC_LAG_UNKNOWN &&
		view->old.recovered != view->now.recovered);
}

/* Whatever else there is, nothing tells of the stream: a task that starts, or the rest of one that is dead. */
static bool shows_nothing(const struct cdc_lag_view *view)
{
	const struct cdc_lag_number *at = view->task->at;

	return !at[CDC_DBZ_CONNECTED].known && !at[CDC_DBZ_LAG].known && !at[CDC_DBZ_SILENCE].known;
}

static void raise_disconnected(struct cdc_lag_view *view)
{
	if (view->snapshot)
		return;
	if (recovers(view))
		cdc_item_phrase(view->item, "%srecovers its schema history", view->prefix);
	else if (shows_nothing(view))
		cdc_finding_headline(cdc_item_raise(view->item, DISCONNECTED, "%snothing of its stream is shown", view->prefix),
		    "shows nothing of its stream: %sit starts, is dead, or no rule exports it", view->prefix);
	else
		cdc_finding_headline(cdc_item_raise(view->item, DISCONNECTED, "%sdisconnected", view->prefix),
		    "is disconnected from its source (%sConnected is 0)", view->prefix);
}

static void judge_connection(struct cdc_lag_view *view)
{
	struct cdc_item *item = view->item;
	struct cdc_value *value = &item->values[CONNECTED];

	if (view->connected && !(value->known && value->value == 0))
		cdc_item_value(item, CONNECTED, CDC_NUM_ONE);
	if (view->disconnected)
		cdc_item_value(item, CONNECTED, 0);
	if ((view->disconnected || shows_nothing(view)) && !view->partial)
		raise_disconnected(view);
}

/* How much of total is used, in percent. */
static cdc_num percent_of(cdc_num used, cdc_num total)
{
	if (used < 0)
		return 0;
	return cdc_num_int(cdc_num_to_int(used)) * 100 / cdc_num_to_int(total);
}

static void judge_queue(struct cdc_lag_view *view)
{
	const struct cdc_lag_number *total = &view->task->at[CDC_DBZ_QUEUE_TOTAL];
	const struct cdc_lag_number *remaining = &view->task->at[CDC_DBZ_QUEUE_REMAINING];
	const struct cdc_lag_number *bytes = &view->task->at[CDC_DBZ_QUEUE_BYTES];
	const struct cdc_lag_number *bytes_max = &view->task->at[CDC_DBZ_QUEUE_BYTES_MAX];
	struct cdc_item *item = view->item;

	if (total->known && remaining->known && total->value >= CDC_NUM_ONE)
		cdc_lag_value_max(item, QUEUE, percent_of(total->value - remaining->value, total->value));
	if (bytes->known && bytes_max->known && bytes_max->value >= CDC_NUM_ONE)
		cdc_lag_value_max(item, QUEUE_BYTES, percent_of(bytes->value, bytes_max->value));
	if (view->first_snapshot)
		item->values[QUEUE].unjudged = item->values[QUEUE_BYTES].unjudged = true;
	if (!view->queue_full)
		return;
	/* a threshold that the command line gives replaces the condition, and must then see the number */
	if (!cdc_policy_asks_metric(view->check->policy, QUEUE))
		item->values[QUEUE].unjudged = true;
	cdc_item_raise(item, QUEUE_FULL, "%squeue full: back-pressure from Kafka, or the connector is paused", view->prefix);
}

static void judge_counters(struct cdc_lag_view *view)
{
	static const struct {
		size_t field, metric;
	} counters[] = {
		{ CDC_DBZ_EVENTS, EVENTS },
		{ CDC_DBZ_FILTERED, FILTERED },
		{ CDC_DBZ_TRANSACTIONS, TRANSACTIONS },
	};
	static const size_t erroneous[] = { CDC_DBZ_ERRONEOUS, CDC_LAG_SNAPSHOT_ERRONEOUS };
	int64_t before = view->old.erroneous, now = view->now.erroneous;

	for (size_t i = 0; i < CDC_LEN(counters); i++)
		if (view->task->at[counters[i].field].known)
			cdc_lag_value_sum(view->item, counters[i].metric, view->task->at[counters[i].field].value);
	if (now == CDC_LAG_UNKNOWN)
		return;
	for (size_t i = 0; i < CDC_LEN(erroneous); i++)
		if (view->task->at[erroneous[i]].known)
			cdc_lag_value_sum(view->item, ERRONEOUS_EVENTS, view->task->at[erroneous[i]].value);
	if (before == CDC_LAG_UNKNOWN)
		return;
	/* a task that was started anew counts from zero */
	if (view->restarted || now < before)
		before = 0;
	if (now > before)
		cdc_finding_headline(
		    cdc_item_raise(view->item, ERRONEOUS, "%s%lld erroneous event%s since the last run", view->prefix,
			(long long)(now - before), now - before == 1 ? "" : "s"),
		    "could not process %lld event%s since the last run (%s%lld since its start): data may be lost",
		    (long long)(now - before), now - before == 1 ? "" : "s", view->prefix, (long long)now);
}

/*
 * The binary log client gets a heartbeat on an idle server, so silence means that it is dead. A full queue holds the
 * client up and is told as what it is.
 */
static void judge_stalled(struct cdc_lag_view *view)
{
	const struct cdc_lag_number *silence = &view->task->at[CDC_DBZ_SILENCE];
	int64_t limit_ms = 2 * cdc_lag_heartbeat_ms(view->config), since_ms, for_ms = -1;
	struct cdc_memory *memory = &view->check->memory;
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (!view->binlog || !view->connected || view->queue_full)
		return;
	if (view->now.lag_ms == -1 && (view->now.events == 0 || view->now.events == CDC_LAG_UNKNOWN)) {
		cdc_buf_addf(&text, "no-event.%s", view->task->task);
		/* however rarely somebody looks: within a heartbeat's time there would have been an event */
		since_ms = cdc_memory_since(memory, view->item->name, text.text, INT64_MAX);
		for_ms = since_ms < 0 || view->restarted ? -1 : memory->now_ms - since_ms;
	} else if (silence->known) {
		for_ms = cdc_lag_ms(silence);
	}
	if (for_ms <= limit_ms)
		return;
	cdc_buf_clear(&text);
	cdc_text_add_duration(&text, for_ms);
	cdc_finding_headline(cdc_item_raise(view->item, STALLED, "%sstalled: silent for %s", view->prefix, text.text),
	    "is stalled: %sconnected, but for %s not even a heartbeat of the server came", view->prefix, text.text);
}

static void judge_age(struct cdc_lag_view *view)
{
	int64_t age_ms = view->check->memory.now_ms - view->task->time_ms;
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (!view->task->time_ms || age_ms <= view->config->max_age_ms)
		return;
	cdc_text_add_duration(&text, age_ms);
	cdc_finding_headline(cdc_item_raise(view->item, STALE, "%sstale: sampled %s ago", view->prefix, text.text),
	    "is stale: %sits sample is %s old", view->prefix, text.text);
}

void cdc_lag_judge_task(struct cdc_lag_view *view)
{
	look_back(view);
	look_at_state(view);
	judge_connection(view);
	cdc_lag_judge_lag(view);
	judge_queue(view);
	judge_counters(view);
	cdc_lag_judge_snapshot(view);
	judge_stalled(view);
	judge_age(view);
	if (view->overtaken)
		cdc_lag_trace_carry(&view->check->memory, view->item->name, view->task->task);
	else
		cdc_lag_trace_leave(&view->check->memory, view->item->name, view->task->task, &view->now);
}
