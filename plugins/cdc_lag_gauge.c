/*
 * check_cdc_lag: what the gauge of the lag is worth. It is set by an event and stays until the next one: on a source
 * where nothing happens a connector that is well shows the lag of its last event for ever.
 */
#include "plugins/cdc_lag_internal.h"

#include "base/text.h"

/* Without an earlier run a gauge is fresh when there was an event that short ago. */
#define FRESH_SILENCE_MS 60000

static bool has_silence(const struct cdc_lag_view *view)
{
	const struct cdc_lag_number *silence = &view->task->at[CDC_DBZ_SILENCE];

	/* MySQL and MariaDB show 0 before the first event */
	return silence->known && silence->value != CDC_LAG_NONE &&
	    !(view->binlog && view->now.lag_ms == -1 && view->now.events <= 0);
}

static cdc_num without_skew(cdc_num value)
{
	return value < 0 ? 0 : value;
}

static cdc_num silence_of(const struct cdc_lag_view *view)
{
	return has_silence(view) ? without_skew(view->task->at[CDC_DBZ_SILENCE].value) : 0;
}

/* The same in milliseconds. */
static int64_t silence_ms(const struct cdc_lag_view *view)
{
	int64_t ms = has_silence(view) ? cdc_lag_ms(&view->task->at[CDC_DBZ_SILENCE]) : 0;

	return ms < 0 ? 0 : ms;
}

static bool skewed(const struct cdc_lag_number *number)
{
	return number->known && number->value < CDC_LAG_NONE;
}

static void judge_skew(struct cdc_lag_view *view)
{
	const struct cdc_lag_number *lag = &view->task->at[CDC_DBZ_LAG], *silence = &view->task->at[CDC_DBZ_SILENCE];
	const struct cdc_lag_number *shown = skewed(lag) ? lag : silence;
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	if (!skewed(lag) && !skewed(silence))
		return;
	cdc_num_print_human(&text, shown->value, CDC_SECONDS);
	cdc_item_raise(view->item, CLOCK_SKEW, "%sclock skew: %s is %s, judged as 0", view->prefix,
	    shown == lag ? "lag" : "silence", text.text);
}

/* --- evidence ---------------------------------------------------------------------------------------------------- */

static bool moved(int64_t before, int64_t now)
{
	return before != CDC_LAG_UNKNOWN && now != CDC_LAG_UNKNOWN && before != now;
}

static bool is_compared(const struct cdc_lag_view *view)
{
	return view->old.at_ms != CDC_LAG_UNKNOWN && view->old.lag_ms != CDC_LAG_UNKNOWN;
}

/* Connectors that do not read a binary log: true if an event came that set the gauge. */
static bool has_evidence(struct cdc_lag_view *view)
{
	const struct cdc_lag_number *filtered = &view->task->at[CDC_DBZ_FILTERED];

	if (view->same_sample && view->old.fresh != CDC_LAG_UNKNOWN)
		return view->old.fresh;
	if (is_compared(view))
		return moved(view->old.lag_ms, view->now.lag_ms) || moved(view->old.changes, view->now.changes);
	if (!has_silence(view) || silence_ms(view) >= FRESH_SILENCE_MS)
		return false;
	if (filtered->known && filtered->value > 0)
		cdc_item_phrase(view->item, "%sthe lag may be old, for events were filtered", view->prefix);
	return true;
}

/* The age of the last event is all that they show until the first heartbeat of the server, however fresh it all is. */
static bool just_started(const struct cdc_lag_view *view)
{
	cdc_num for_ms = (cdc_num)view->now.at_ms - view->now.started_ms;

	return view->binlog && view->now.started_ms != CDC_LAG_UNKNOWN && for_ms >= 0 &&
	    for_ms < cdc_lag_heartbeat_ms(view->config);
}

/* --- what follows ------------------------------------------------------------------------------------------------ */

static void raise_idle(struct cdc_lag_view *view, cdc_num lag)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	int64_t for_ms = silence_ms(view);

	/* filtered events break the silence and leave the gauge alone */
	if (is_compared(view) && view->old.moved_ms != CDC_LAG_UNKNOWN && view->now.at_ms - view->old.moved_ms > for_ms)
		for_ms = view->now.at_ms - view->old.moved_ms;
	cdc_buf_addf(&text, "%sidle", view->prefix);
	if (has_silence(view) || for_ms > 0) {
		cdc_buf_add(&text, " for ");
		cdc_text_add_duration(&text, for_ms);
	}
	cdc_buf_add(&text, " (last lag ");
	cdc_num_print_human(&text, lag, CDC_SECONDS);
	cdc_buf_add(&text, ")");
	view->quiet = cdc_buf_take(&text);
	view->quiet_condition = IDLE;
}

static void raise_no_event(struct cdc_lag_view *view)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "%sno event since the task started", view->prefix);
	view->quiet = cdc_buf_take(&text);
	view->quiet_condition = NO_EVENT;
}

/* When the gauge was last set, as far as this run can tell. */
static void note_movement(struct cdc_lag_view *view, bool fresh)
{
	if ((fresh && !view->same_sample) || view->old.moved_ms == CDC_LAG_UNKNOWN)
		view->now.moved_ms = view->now.at_ms - silence_ms(view);
}

static void set_lag(struct cdc_lag_view *view, cdc_num lag, const char *cause)
{
	struct cdc_value *value = &view->item->values[LAG];

	if (value->known && value->value >= lag)
		return;
	cdc_item_value(view->item, LAG, lag);
	cdc_item_cause(view->item, LAG, cause);
}

/* The producer stands still with the gauge at the last event that it could put: the time since then counts too. */
static void judge_back_pressure(struct cdc_lag_view *view, const struct cdc_lag_number *lag)
{
	cdc_num gauge = lag->known && lag->value != CDC_LAG_NONE ? without_skew(lag->value) : 0;

	if ((lag->known && lag->value != CDC_LAG_NONE) || has_silence(view))
		set_lag(view, gauge + silence_of(view), "back-pressure from Kafka: the queue is full");
	note_movement(view, false);
}

static void judge_gauge(struct cdc_lag_view *view, cdc_num lag)
{
	bool fresh;

	if (view->binlog) {
		if (view->disconnected)
			return;
		/* 0 is what a heartbeat left */
		if (lag > 0 && just_started(view)) {
			CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

			cdc_num_print_human(&text, lag, CDC_SECONDS);
			cdc_item_phrase(view->item, "%sjust started: %s is the age of the last event until the first heartbeat",
			    view->prefix, text.text);
			return;
		}
		fresh = true;
	} else {
		fresh = has_evidence(view);
	}
	note_movement(view, fresh);
	view->now.fresh = fresh;
	if (fresh)
		set_lag(view, without_skew(lag), NULL);
	else if (!view->disconnected)
		raise_idle(view, without_skew(lag));
}

void cdc_lag_judge_lag(struct cdc_lag_view *view)
{
	const struct cdc_lag_number *lag = &view->task->at[CDC_DBZ_LAG];

	if (has_silence(view))
		cdc_lag_value_max(view->item, SILENCE, silence_of(view));
	judge_skew(view);
	if (view->queue_full)
		judge_back_pressure(view, lag);
	else if (!lag->known && (view->connected || has_silence(view)) && !view->partial)
		cdc_item_phrase(view->item, "%sno lag is shown: the exporter has no rule for MilliSecondsBehindSource, or it is no number",
		    view->prefix);
	else if (!lag->known)
		return;
	else if (lag->value != CDC_LAG_NONE)
		judge_gauge(view, lag->value);
	else if (!view->disconnected && !view->snapshot)
		raise_no_event(view);
}
