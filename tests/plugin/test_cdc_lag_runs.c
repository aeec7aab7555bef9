/*
 * check_cdc_lag over several runs, in which the metrics change as they do in life. Pages are written here, in the form
 * of Debezium's example rules for the JMX exporter; what real ones look like is tests/facts/cdc_lag.
 */
#include "tests/unit/unit.h"

#include "plugins/cdc_lag.h"

#define SECOND ((int64_t)1000)
#define NO     INT64_MIN /* not shown */

/* What a connector shows. */
struct shown {
	const char *type, *server, *more; /* more labels, each with a comma behind it */
	int64_t lag, silence, connected, events, filtered, erroneous, total, remaining;
	int64_t running, paused, aborted, left, rows, snapshot_events, recovered;
};

static const struct shown quiet = { "postgres", "orders", "", 224, 4000, 1, 100, 0, 0, 8192, 8192, 0, 0, 0, NO, NO, NO,
	NO };

static void show(struct cdc_buf *page, const struct shown *shown, const char *context, const char *name, int64_t value)
{
	if (value != NO)
		cdc_buf_addf(page, "debezium_metrics_%s{plugin=\"%s\",name=\"%s\",%scontext=\"%s\",} %lld.0\n", name, shown->type,
		    shown->server, shown->more, context, (long long)value);
}

static void add(struct cdc_buf *page, const struct shown *shown)
{
	show(page, shown, "streaming", "MilliSecondsBehindSource", shown->lag);
	show(page, shown, "streaming", "MilliSecondsSinceLastEvent", shown->silence);
	show(page, shown, "streaming", "Connected", shown->connected);
	show(page, shown, "streaming", "TotalNumberOfEventsSeen", shown->events);
	show(page, shown, "streaming", "NumberOfEventsFiltered", shown->filtered);
	show(page, shown, "streaming", "NumberOfErroneousEvents", shown->erroneous);
	show(page, shown, "streaming", "QueueTotalCapacity", shown->total);
	show(page, shown, "streaming", "QueueRemainingCapacity", shown->remaining);
	show(page, shown, "snapshot", "QueueRemainingCapacity", 8185);
	show(page, shown, "snapshot", "SnapshotRunning", shown->running);
	show(page, shown, "snapshot", "SnapshotPaused", shown->paused);
	show(page, shown, "snapshot", "SnapshotAborted", shown->aborted);
	show(page, shown, "snapshot", "RemainingTableCount", shown->left);
	show(page, shown, "snapshot", "RowsScanned", shown->rows);
	show(page, shown, "snapshot", "TotalNumberOfEventsSeen", shown->snapshot_events);
	show(page, shown, "schema-history", "ChangesRecovered", shown->recovered);
}

/* --- a run ------------------------------------------------------------------------------------------------------- */

/* Reads a page as that of a source; "!" in front of its text: the source failed with that error. */
static void read_source(struct cdc_lag_facts *facts, const char *name, const char *text)
{
	size_t source = cdc_lag_add_source(facts, CDC_LAG_PAGE, name, NULL);
	struct cdc_lag_source *at = &facts->sources[source];
	struct cdc_exposition page;
	struct cdc_lag_reader reader;
	struct cdc_sample_taker taker;

	if (*text == '!') {
		cdc_fail(&at->err, CDC_ERR_UNREACHABLE, "%s", text + 1);
		return;
	}
	cdc_lag_reader_init(&reader, facts, source);
	taker = cdc_lag_taker(&reader);
	cdc_exposition_init(&page, &taker, false);
	if (cdc_exposition_feed(&page, text, strlen(text), &at->err) == 0)
		(void)!cdc_exposition_end(&page, &at->err);
	at = &facts->sources[source];
	at->samples = page.samples;
	at->cut = at->err.kind != CDC_ERR_NONE && page.samples > 0;
	cdc_exposition_release(&page);
	cdc_lag_reader_release(&reader);
}

static void judge(struct stage *stage, struct cdc_lag_facts *facts, int64_t at_ms)
{
	cdc_lag_settle(facts);
	stage_begin(stage, EPOCH + at_ms);
	cdc_lag_judge((const struct cdc_lag_config *)stage->policy, facts, &stage->check);
	stage_end(stage, cdc_lag_fatal(facts) == NULL);
	cdc_lag_facts_release(facts);
}

/* A run over the pages of one or two workers. */
static void run_pages(struct stage *stage, int64_t at_ms, const char *page, const char *second)
{
	struct cdc_lag_facts facts;

	cdc_lag_facts_init(&facts);
	read_source(&facts, "c1:9404", page);
	if (second)
		read_source(&facts, "c2:9404", second);
	judge(stage, &facts, at_ms);
}

static void run(struct stage *stage, int64_t at_ms, const struct shown *shown)
{
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;

	add(&page, shown);
	run_pages(stage, at_ms, page.text, NULL);
}

/* The state, and the text of an item (its state and text: "OK: connected"). */
#define EXPECT(stage, name, wanted)                                                                          \
	do {                                                                                                 \
		char *got_ = text_of(stage, name);                                                           \
		expect(strcmp(got_, wanted) == 0, "line %d\n      got: '%s'\n   wanted: '%s'", __LINE__, got_, wanted); \
		free(got_);                                                                                  \
	} while (0)

static char *text_of(const struct stage *stage, const char *name)
{
	const struct cdc_item *item = cdc_result_find(&stage->check.result, name);
	CDC_CLEANUP(cdc_free_string) char *text = item ? stage_text(stage, name) : cdc_strdup("not there");
	struct cdc_buf all = CDC_BUF_INIT;

	cdc_buf_addf(&all, "%s: %s", item ? cdc_state_name(item->state) : "NONE", text);
	return cdc_buf_take(&all);
}

/* What concerns the whole and no item. */
#define EXPECT_WHOLE(stage, wanted_state, wanted)                                                            \
	do {                                                                                                 \
		const struct cdc_result *result_ = &(stage)->check.result;                                   \
		const char *got_ = result_->finding_count ? result_->findings[0].text : "";                  \
		expect(strcmp(got_, wanted) == 0, "line %d\n      got: '%s'\n   wanted: '%s'", __LINE__, got_, wanted); \
		expect(result_->state == (wanted_state), "line %d: the state is %s", __LINE__,               \
		    cdc_state_name(result_->state));                                                         \
	} while (0)

/* The value of a metric as text; "-" when it has none. */
#define EXPECT_VALUE(stage, name, metric, wanted)                                                            \
	do {                                                                                                 \
		char *got_ = value_of(stage, name, metric);                                                  \
		expect(strcmp(got_, wanted) == 0, "line %d: %s is %s, wanted %s", __LINE__, metric, got_, wanted); \
		free(got_);                                                                                  \
	} while (0)

static char *value_of(const struct stage *stage, const char *name, const char *metric)
{
	const struct cdc_item *item = cdc_result_find(&stage->check.result, name);
	int index = cdc_plugin_find_metric(&cdc_lag_plugin, metric);
	struct cdc_buf text = CDC_BUF_INIT;

	expect(item && index >= 0, "there is no %s.%s", name, metric);
	if (item->values[index].known)
		cdc_num_print(&text, item->values[index].value, 3);
	else
		cdc_buf_add(&text, "-");
	return cdc_buf_take(&text);
}

/* --- evidence ---------------------------------------------------------------------------------------------------- */

static void test_idle(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "OK: connected, 224 ms behind its source");
	shown.silence = 64 * SECOND;
	run(&stage, MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: connected, idle for 64 s (last lag 224 ms)");
	EXPECT_VALUE(&stage, "orders", "lag", "-");
	EXPECT_VALUE(&stage, "orders", "silence", "64");
	/* the same lag again, but an event came */
	shown.events++;
	shown.silence = 10;
	run(&stage, 2 * MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: connected, 224 ms behind its source");
	/* another lag and nothing counted (a rule that does not export the totals) */
	shown.lag = 225;
	run(&stage, 3 * MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: connected, 225 ms behind its source");
	/* filtered events refresh the silence, not the gauge */
	shown.events += 5;
	shown.filtered += 4;
	shown.erroneous++;
	run(&stage, 4 * MINUTE, &shown);
	EXPECT(&stage, "orders",
	    "WARNING: 1 erroneous event since the last run, connected, idle for 1m (last lag 225 ms)");
	stage_close(&stage);
}

/* An idle source with a high last lag, hour after hour: no alarm; and a busy one: after its time. */
static void test_frozen_gauge_is_no_alarm(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	shown.lag = 515 * SECOND;
	for (int minute = 0; minute < 60; minute++) {
		run(&stage, minute * MINUTE, &shown);
		shown.silence += MINUTE;
		assert_int_equal(stage.check.result.state, CDC_OK);
	}
	EXPECT(&stage, "orders", "OK: connected, idle for 59m 4s (last lag 515 s)");
	stage_close(&stage);
}

static void test_busy_and_behind(void **state CDC_UNUSED)
{
	static const enum cdc_state states[] = { CDC_OK, CDC_OK, CDC_WARNING, CDC_WARNING, CDC_WARNING, CDC_CRITICAL };
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	shown.lag = 40 * SECOND;
	for (int minute = 0; minute < (int)CDC_LEN(states); minute++) {
		shown.events += 1000;
		run(&stage, minute * MINUTE, &shown);
		expect(stage.check.result.state == states[minute], "minute %d is %s", minute,
		    cdc_state_name(stage.check.result.state));
	}
	EXPECT(&stage, "orders", "CRITICAL: 40 s behind its source, more than 30 s for 5m of 5m, connected");
	stage_close(&stage);
}

/* Prometheus scrapes every minute and somebody looks every half: the same sample again is no new look. */
static void test_same_sample(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	for (int64_t at = 5 * SECOND, minute = 0; minute <= 6; at += 30 * SECOND, minute = at / MINUTE) {
		static const char labels[] = "plugin=\"postgres\",name=\"orders\",context=\"streaming\"";
		long long time = EPOCH + minute * MINUTE;
		CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;

		/* in the last minutes nothing came any more */
		cdc_buf_addf(&page, "debezium_metrics_MilliSecondsBehindSource{%s} %lld %lld\n", labels,
		    40000 + (long long)(minute > 5 ? 5 : minute), time);
		run_pages(&stage, at, page.text, NULL);
		if (minute == 0)
			EXPECT(&stage, "orders", at < MINUTE / 2 ? "OK: idle (last lag 40 s)" : "OK: idle for 30 s (last lag 40 s)");
		else if (minute == 2)
			EXPECT_VALUE(&stage, "orders", "lag", "40.002");
		else if (minute == 5)
			EXPECT_VALUE(&stage, "orders", "lag", "40.005");
		else if (minute == 6)
			EXPECT(&stage, "orders", at % MINUTE == 5 * SECOND ? "OK: idle for 1m (last lag 40 s)" :
				"OK: idle for 90 s (last lag 40 s)");
		if (at == 5 * MINUTE + 5 * SECOND)
			assert_int_equal(stage.check.result.state, CDC_WARNING);
	}
	stage_close(&stage);
}

static void test_first_look(void **state CDC_UNUSED)
{
	static const struct {
		int64_t silence, filtered;
		const char *text;
	} rows[] = {
		{ 59999, 0, "OK: connected, 224 ms behind its source" },
		{ 60000, 0, "OK: connected, idle for 1m (last lag 224 ms)" },
		{ 5000, 7, "OK: the lag may be old, for events were filtered, connected, 224 ms behind its source" },
		{ NO, 0, "OK: connected, idle (last lag 224 ms)" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct shown shown = quiet;
		struct stage stage;

		shown.silence = rows[i].silence;
		shown.filtered = rows[i].filtered;
		stage_open(&stage, &cdc_lag_plugin, "");
		run(&stage, 0, &shown);
		EXPECT(&stage, "orders", rows[i].text);
		stage_close(&stage);
	}
}

static void test_no_event(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.lag = shown.silence = -1;
	shown.events = 0;
	stage_open(&stage, &cdc_lag_plugin, "--on no-event=warning -c 0");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "WARNING: no event since the task started, connected, lag has no value");
	EXPECT_VALUE(&stage, "orders", "lag", "-");
	EXPECT_VALUE(&stage, "orders", "silence", "-");
	stage_close(&stage);
}

static void test_clock_skew(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.lag = -2500;
	stage_open(&stage, &cdc_lag_plugin, "-w 0:5");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "OK: connected, 0 s behind its source, clock skew: lag is -2.5 s, judged as 0");
	EXPECT_VALUE(&stage, "orders", "lag", "0");
	stage_close(&stage);
}

/* --- binary logs ------------------------------------------------------------------------------------------------- */

static const struct shown shop = { "mysql", "shop", "", 0, 3000, 1, 500, 0, 0, 8192, 8192, 0, 0, 0, NO, NO, NO, NO };

/* The age of the last event after a start is no lag, until the server's first heartbeat. */
static void test_binlog_start(void **state CDC_UNUSED)
{
	struct shown shown = shop;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	shown.lag = 688442;
	run(&stage, 0, &shown);
	/* nobody knows of a start: the value counts, even without an event */
	EXPECT_VALUE(&stage, "shop", "lag", "688.442");
	run(&stage, MINUTE, &shown);
	EXPECT_VALUE(&stage, "shop", "lag", "688.442");
	shown.events = 2;
	run(&stage, 2 * MINUTE, &shown);
	EXPECT(&stage, "shop",
	    "OK: just started: 11m 28s is the age of the last event until the first heartbeat, connected");
	EXPECT_VALUE(&stage, "shop", "lag", "-");
	run(&stage, 2 * MINUTE + 47999, &shown);
	EXPECT_VALUE(&stage, "shop", "lag", "-");
	run(&stage, 2 * MINUTE + 48000, &shown);
	EXPECT_VALUE(&stage, "shop", "lag", "688.442");
	stage_close(&stage);
}

static void test_binlog_start_after_absence(void **state CDC_UNUSED)
{
	struct shown shown = shop;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "--keepalive=10m");
	run(&stage, 0, &shown);
	run_pages(&stage, MINUTE, "debezium_metrics_other 1\n", NULL);
	shown.lag = 890194;
	run(&stage, 2 * MINUTE, &shown);
	EXPECT_VALUE(&stage, "shop", "lag", "-");
	run(&stage, 9 * MINUTE, &shown);
	EXPECT_VALUE(&stage, "shop", "lag", "-");
	run(&stage, 10 * MINUTE, &shown);
	EXPECT_VALUE(&stage, "shop", "lag", "890.194");
	stage_close(&stage);
}

static void test_stalled(void **state CDC_UNUSED)
{
	static const struct {
		int64_t silence, connected, remaining;
		bool stalled;
	} rows[] = {
		{ 96000, 1, 8192, false },
		{ 96001, 1, 8192, true },
		{ 96001, 0, 8192, false },
		{ 96001, 1, 0, false },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct shown shown = shop;
		struct stage stage;
		char *text;

		shown.silence = rows[i].silence;
		shown.connected = rows[i].connected;
		shown.remaining = rows[i].remaining;
		stage_open(&stage, &cdc_lag_plugin, "");
		run(&stage, 0, &shown);
		text = text_of(&stage, "shop");
		expect((strstr(text, "CRITICAL: stalled: silent for 96 s") != NULL) == rows[i].stalled, "row %zu: %s", i, text);
		free(text);
		stage_close(&stage);
	}
}

static struct shown before_any_event(void)
{
	struct shown shown = shop;

	shown.lag = -1;
	shown.silence = shown.events = 0;
	return shown;
}

/* Not one event since the start, although heartbeats are events. */
static void test_stalled_from_the_start(void **state CDC_UNUSED)
{
	struct shown shown = before_any_event();
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	EXPECT(&stage, "shop", "OK: connected, no event since the task started");
	EXPECT_VALUE(&stage, "shop", "silence", "-");
	run(&stage, 96 * SECOND, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	run(&stage, 97 * SECOND, &shown);
	EXPECT(&stage, "shop", "CRITICAL: stalled: silent for 97 s, connected, no event since the task started");
	stage_close(&stage);
}

/* Somebody who looks once an hour sees it in the second look. */
static void test_hourly_runs(void **state CDC_UNUSED)
{
	struct shown shown = before_any_event();
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	run(&stage, HOUR, &shown);
	EXPECT(&stage, "shop", "CRITICAL: stalled: silent for 1h, connected, no event since the task started");
	stage_close(&stage);
	shown = quiet;
	shown.lag = shown.silence = -1;
	shown.connected = 0;
	shown.running = 1;
	shown.rows = 10000;
	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	run(&stage, 2 * HOUR, &shown);
	EXPECT(&stage, "orders", "WARNING: snapshot stalled for 2h, snapshot runs, 10000 rows");
	stage_close(&stage);
}

/* Rules that drop the type: what only MySQL and MariaDB have gives them away. */
static void test_binlog_by_its_metrics(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	for (int minute = 0; minute < 2; minute++)
		run_pages(&stage, minute * MINUTE,
		    "debezium_streaming_MilliSecondsBehindSource{name=\"shop\"} 7000\n"
		    "debezium_streaming_binlogposition{name=\"shop\"} 154\n",
		    NULL);
	EXPECT_VALUE(&stage, "shop", "lag", "7");
	stage_close(&stage);
	stage_open(&stage, &cdc_lag_plugin, "--connector-type=mariadb");
	for (int minute = 0; minute < 2; minute++)
		run_pages(&stage, minute * MINUTE, "debezium_streaming_MilliSecondsBehindSource{name=\"shop\"} 7000\n", NULL);
	EXPECT_VALUE(&stage, "shop", "lag", "7");
	stage_close(&stage);
}

/* --- the queue --------------------------------------------------------------------------------------------------- */

static void test_queue_full(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.lag = 1000;
	shown.remaining = 0;
	shown.silence = 20 * SECOND;
	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders",
	    "OK: connected, queue full: back-pressure from Kafka, or the connector is paused for 0 s of 6m grace, "
	    "21 s behind its source, more than 5 s for 0 s of 2m");
	EXPECT_VALUE(&stage, "orders", "queue", "100");
	for (int minute = 1; minute <= 6; minute++) {
		shown.silence += MINUTE;
		run(&stage, minute * MINUTE, &shown);
	}
	EXPECT(&stage, "orders",
	    "CRITICAL: 381 s behind its source, more than 30 s for 5m of 5m, "
	    "queue full: back-pressure from Kafka, or the connector is paused, connected");
	stage_close(&stage);
}

/* A threshold for the queue on the command line takes the place of the condition. */
static void test_queue_threshold(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.remaining = 0;
	stage_open(&stage, &cdc_lag_plugin, "--critical-queue=95 --critical-for=0 --warning-for=0");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders",
	    "CRITICAL: queue 100 % full, more than 95 %, connected, 4.2 s behind its source, "
	    "queue full: back-pressure from Kafka, or the connector is paused");
	stage_close(&stage);
	shown.remaining = 409;
	stage_open(&stage, &cdc_lag_plugin, "--warning-for=0");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "WARNING: queue 95 % full, more than 90 %, connected, 224 ms behind its source");
	stage_close(&stage);
}

/* During a first snapshot a full queue is how it should be. */
static void test_queue_in_first_snapshot(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.lag = shown.silence = -1;
	shown.connected = 0;
	shown.remaining = 0;
	shown.running = 1;
	shown.left = 2;
	shown.rows = 40000;
	stage_open(&stage, &cdc_lag_plugin, "--warning-for=0 --grace=0 --critical-queue=50");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "OK: snapshot runs, 2 tables left, 40000 rows");
	EXPECT_VALUE(&stage, "orders", "queue", "100");
	EXPECT_VALUE(&stage, "orders", "snapshot-remaining", "2");
	EXPECT_VALUE(&stage, "orders", "snapshot-rows", "40000");
	EXPECT_VALUE(&stage, "orders", "connected", "0");
	/* incremental: it streams meanwhile */
	shown.connected = 1;
	run(&stage, MINUTE, &shown);
	EXPECT(&stage, "orders",
	    "WARNING: queue 100 % full, more than 90 %, more than 50 % for 0 s of 5m, connected, "
	    "queue full: back-pressure from Kafka, or the connector is paused, snapshot runs, 2 tables left, 40000 rows");
	stage_close(&stage);
}

/* --- snapshots --------------------------------------------------------------------------------------------------- */

static void test_snapshot_stalled(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.lag = shown.silence = -1;
	shown.connected = 0;
	shown.running = 1;
	shown.rows = 10000;
	stage_open(&stage, &cdc_lag_plugin, "");
	for (int minute = 0; minute <= 30; minute += 5) {
		run(&stage, minute * MINUTE, &shown);
		assert_int_equal(stage.check.result.state, minute < 30 ? CDC_OK : CDC_WARNING);
	}
	EXPECT(&stage, "orders", "WARNING: snapshot stalled for 30m, snapshot runs, 10000 rows");
	shown.rows = 20000;
	run(&stage, 35 * MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: snapshot runs, 20000 rows");
	shown.running = 0;
	shown.paused = 1;
	run(&stage, 40 * MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: snapshot paused, 20000 rows");
	stage_close(&stage);
}

static void test_snapshot_aborted(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.aborted = 1;
	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "CRITICAL: snapshot aborted, connected, 224 ms behind its source");
	stage_close(&stage);
}

/* --- away -------------------------------------------------------------------------------------------------------- */

/* Other series of Debezium, so that the page is one of a worker with connectors. */
static const char other[] = "debezium_metrics_other{name=\"x\"} 1\n";

/* Disconnected in one look, without series in the next: one timer. */
static void test_one_timer(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "-n orders");
	run(&stage, 0, &shown);
	shown.connected = 0;
	run(&stage, MINUTE, &shown);
	EXPECT(&stage, "orders", "WARNING: disconnected for 0 s of 6m grace");
	run_pages(&stage, 4 * MINUTE, other, NULL);
	EXPECT(&stage, "orders", "WARNING: no series for 3m of 6m grace");
	run(&stage, 5 * MINUTE, &shown);
	EXPECT(&stage, "orders", "WARNING: disconnected for 4m of 6m grace");
	run_pages(&stage, 7 * MINUTE, other, NULL);
	EXPECT(&stage, "orders", "CRITICAL: no series");
	shown.connected = 1;
	run(&stage, 8 * MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: connected, idle for 484 s (last lag 224 ms)");
	stage_close(&stage);
}

/* The bean of the snapshot alone, or counts alone, are no sight of the stream. */
static void test_nothing_of_the_stream(void **state CDC_UNUSED)
{
	static const char *const pages[] = {
		"debezium_metrics_SnapshotRunning{plugin=\"postgres\",name=\"orders\",context=\"snapshot\"} 0\n"
		"debezium_metrics_NumberOfErroneousEvents{plugin=\"postgres\",name=\"orders\",context=\"snapshot\"} 0\n",
		"debezium_metrics_TotalNumberOfEventsSeen{plugin=\"postgres\",name=\"orders\",context=\"streaming\"} 5\n",
		"debezium_metrics_MilliSecondsBehindSource{plugin=\"postgres\",name=\"orders\",context=\"streaming\"} NaN\n"
		"debezium_metrics_Connected{plugin=\"postgres\",name=\"orders\",context=\"streaming\"} NaN\n",
	};

	for (size_t i = 0; i < CDC_LEN(pages); i++) {
		struct stage stage;

		stage_open(&stage, &cdc_lag_plugin, "--grace=0");
		run_pages(&stage, 0, pages[i], NULL);
		EXPECT(&stage, "orders", "CRITICAL: nothing of its stream is shown");
		stage_close(&stage);
	}
}

static void test_vanished(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	run_pages(&stage, MINUTE, other, NULL);
	EXPECT(&stage, "orders", "OK: no series for 0 s of 6m grace");
	run_pages(&stage, 7 * MINUTE, other, NULL);
	EXPECT(&stage, "orders", "WARNING: no series");
	/* held, for it was seen */
	run(&stage, 8 * MINUTE, &shown);
	EXPECT(&stage, "orders", "WARNING: was gone 1m ago, is back for 0 s, connected, idle for 484 s (last lag 224 ms)");
	run(&stage, 8 * MINUTE + 24 * HOUR, &shown);
	expect(stage.check.result.state == CDC_OK, "held for ever");
	stage_close(&stage);
}

static void test_recovery_is_no_disconnection(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.lag = shown.silence = -1;
	shown.connected = 0;
	shown.recovered = 100;
	stage_open(&stage, &cdc_lag_plugin, "--grace=0");
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "CRITICAL: disconnected");
	shown.recovered = 200;
	run(&stage, MINUTE, &shown);
	EXPECT(&stage, "orders", "OK: recovers its schema history");
	run(&stage, 2 * MINUTE, &shown);
	EXPECT(&stage, "orders", "CRITICAL: disconnected");
	stage_close(&stage);
}

/* A task that dies and is restarted is well in each look. */
static void test_restart_loop(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	shown.events = 3;
	run(&stage, 10 * MINUTE, &shown);
	run_pages(&stage, 20 * MINUTE, other, NULL);
	shown.events = 4;
	run(&stage, 21 * MINUTE, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	shown.events = 1;
	run(&stage, 30 * MINUTE, &shown);
	EXPECT(&stage, "orders",
	    "WARNING: restarted again and again: away or begun anew in 3 runs of the last hour, connected, "
	    "224 ms behind its source");
	/* an hour behind the first one */
	run(&stage, 69 * MINUTE, &shown);
	assert_int_equal(stage.check.result.state, CDC_WARNING);
	run(&stage, 70 * MINUTE, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	stage_close(&stage);
}

/* What was never there is not in a loop when it comes; a worker that does not answer is no restart. */
static void test_no_restart_loop(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "-n orders");
	for (int minute = 0; minute < 5; minute++)
		run_pages(&stage, minute * MINUTE, other, NULL);
	run(&stage, 5 * MINUTE, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	for (int minute = 6; minute < 11; minute++)
		run_pages(&stage, minute * MINUTE, other, "!connection refused");
	run(&stage, 12 * MINUTE, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	stage_close(&stage);
}

static void test_erroneous_is_held(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	shown.erroneous = 5;
	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	shown.erroneous = 7;
	run(&stage, MINUTE, &shown);
	EXPECT_VALUE(&stage, "orders", "erroneous", "7");
	assert_int_equal(stage.check.result.state, CDC_WARNING);
	/* a restart: what it shows is all new */
	shown.erroneous = 1;
	shown.events = 1;
	run(&stage, 2 * MINUTE, &shown);
	EXPECT(&stage, "orders",
	    "WARNING: 1 erroneous event since the last run, connected, 224 ms behind its source");
	run(&stage, 24 * HOUR, &shown);
	assert_int_equal(stage.check.result.state, CDC_WARNING);
	run(&stage, 26 * HOUR, &shown);
	assert_int_equal(stage.check.result.state, CDC_OK);
	stage_close(&stage);
}

/* --- several workers, tasks and databases ------------------------------------------------------------------------ */

static void test_workers(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;
	struct stage stage;

	add(&page, &quiet);
	stage_open(&stage, &cdc_lag_plugin, "-n orders -n stock");
	run_pages(&stage, 0, page.text, "!cannot connect to c2:9404: Connection refused");
	EXPECT_WHOLE(&stage, CDC_WARNING, "a worker did not answer: cannot connect to c2:9404: Connection refused");
	EXPECT(&stage, "orders", "OK: connected, 224 ms behind its source");
	EXPECT(&stage, "stock", "WARNING: no series (c2:9404 did not answer) for 0 s of 6m grace");
	/* the task runs on both */
	run_pages(&stage, MINUTE, page.text, page.text);
	EXPECT(&stage, "orders",
	    "WARNING: on two workers: c1:9404 and c2:9404, connected, idle for 64 s (last lag 224 ms)");
	stage_close(&stage);
}

/* A page that ends midway: what is on it counts, what is not need not be away. */
static void test_cut(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;
	struct stage stage;

	add(&page, &quiet);
	cdc_buf_truncate(&page, page.len - 5);
	stage_open(&stage, &cdc_lag_plugin, "-n orders -n stock");
	run_pages(&stage, 0, page.text, NULL);
	EXPECT(&stage, "orders", "OK: connected, 224 ms behind its source");
	EXPECT(&stage, "stock", "NONE: not there");
	stage_close(&stage);
}

static void test_sqlserver(void **state CDC_UNUSED)
{
	static const char page[] =
	    "debezium_sql_server_connector_metrics_Connected{context=\"streaming\",server=\"S\",task=\"0\"} 1\n"
	    "debezium_sql_server_connector_metrics_QueueTotalCapacity{context=\"streaming\",server=\"S\",task=\"0\"} 100\n"
	    "debezium_sql_server_connector_metrics_QueueRemainingCapacity{context=\"streaming\",server=\"S\",task=\"0\"} 75\n"
	    "debezium_sql_server_connector_metrics_MilliSecondsBehindSource"
	    "{context=\"streaming\",database=\"A\",server=\"S\",task=\"0\"} 1000\n"
	    "debezium_sql_server_connector_metrics_MilliSecondsBehindSource"
	    "{context=\"streaming\",database=\"B\",server=\"S\",task=\"0\"} 2000\n"
	    "debezium_sql_server_connector_metrics_MilliSecondsSinceLastEvent"
	    "{context=\"streaming\",database=\"B\",server=\"S\",task=\"0\"} 10\n"
	    "debezium_sql_server_connector_metrics_Connected{context=\"streaming\",server=\"S\",task=\"1\"} 0\n"
	    "debezium_sql_server_connector_metrics_MilliSecondsBehindSource"
	    "{context=\"streaming\",database=\"C\",server=\"S\",task=\"1\"} -1\n";
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "-n S --exclude=S_D");
	run_pages(&stage, 0, page, NULL);
	EXPECT(&stage, "S_A", "OK: connected, idle (last lag 1 s)");
	EXPECT(&stage, "S_B", "OK: connected, 2 s behind its source");
	EXPECT_VALUE(&stage, "S_B", "queue", "25");
	EXPECT(&stage, "S_C", "WARNING: disconnected for 0 s of 6m grace");
	EXPECT(&stage, "S", "NONE: not there");
	run_pages(&stage, MINUTE, other, NULL);
	EXPECT(&stage, "S", "WARNING: no series for 0 s of 6m grace");
	stage_close(&stage);
}

/* Rules that put the context into the name, and into no label: queue and counts of the snapshot stay what they are. */
static void test_context_in_the_name(void **state CDC_UNUSED)
{
	static const char page[] =
	    "debezium_postgres_streaming_MilliSecondsBehindSource{server=\"a\"} 7000\n"
	    "debezium_postgres_streaming_MilliSecondsSinceLastEvent{server=\"a\"} 1000\n"
	    "debezium_postgres_streaming_TotalNumberOfEventsSeen{server=\"a\"} 5000\n"
	    "debezium_postgres_streaming_Connected{server=\"a\"} 1\n"
	    "debezium_postgres_streaming_QueueTotalCapacity{server=\"a\"} 8192\n"
	    "debezium_postgres_streaming_QueueRemainingCapacity{server=\"a\"} 8192\n"
	    "debezium_postgres_snapshot_MilliSecondsSinceLastEvent{server=\"a\"} -1\n"
	    "debezium_postgres_snapshot_TotalNumberOfEventsSeen{server=\"a\"} 0\n"
	    "debezium_postgres_snapshot_SnapshotRunning{server=\"a\"} 0\n"
	    "debezium_postgres_snapshot_QueueTotalCapacity{server=\"a\"} 8192\n"
	    "debezium_postgres_snapshot_QueueRemainingCapacity{server=\"a\"} 0\n";
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run_pages(&stage, 0, page, NULL);
	EXPECT(&stage, "a", "OK: connected, 7 s behind its source, more than 5 s for 0 s of 2m");
	EXPECT_VALUE(&stage, "a", "silence", "1");
	EXPECT_VALUE(&stage, "a", "queue", "0");
	EXPECT_VALUE(&stage, "a", "events", "5000");
	stage_close(&stage);
}

static void test_two_tasks(void **state CDC_UNUSED)
{
	static const char page[] =
	    "debezium_metrics_MilliSecondsBehindSource{plugin=\"mongodb\",name=\"m, task=0\",context=\"streaming\"} 1000\n"
	    "debezium_metrics_MilliSecondsSinceLastEvent{plugin=\"mongodb\",name=\"m, task=0\",context=\"streaming\"} 10\n"
	    "debezium_metrics_MilliSecondsBehindSource{plugin=\"mongodb\",name=\"m, task=1\",context=\"streaming\"} 9000\n"
	    "debezium_metrics_MilliSecondsSinceLastEvent{plugin=\"mongodb\",name=\"m, task=1\",context=\"streaming\"} 90000\n"
	    "debezium_metrics_Connected{plugin=\"mongodb\",name=\"m, task=0\",context=\"streaming\"} 1\n"
	    "debezium_metrics_Connected{plugin=\"mongodb\",name=\"m, task=1\",context=\"streaming\"} 0\n";
	static const char one[] =
	    "debezium_metrics_MilliSecondsBehindSource{plugin=\"mongodb\",name=\"m, task=0\",context=\"streaming\"} 1001\n";
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run_pages(&stage, 0, page, NULL);
	EXPECT(&stage, "m", "WARNING: task 1: disconnected for 0 s of 6m grace, 1 s behind its source");
	EXPECT_VALUE(&stage, "m", "connected", "0");
	run_pages(&stage, MINUTE, one, NULL);
	EXPECT(&stage, "m", "OK: 1 s behind its source, task 1 has no series any more for 1m of 6m grace");
	run_pages(&stage, 7 * MINUTE, one, NULL);
	EXPECT(&stage, "m", "WARNING: task 1 has no series any more, idle for 6m (last lag 1 s)");
	stage_close(&stage);
}

/* Two Prometheus servers, or two replicas of one, say the same with another age: the newest counts, and is no second. */
static void test_replicas(void **state CDC_UNUSED)
{
	static const char labels[] = "plugin=\"postgres\",name=\"orders\",context=\"streaming\",instance=\"c1:9404\"";
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;
	struct stage stage;

	cdc_buf_addf(&page, "debezium_metrics_MilliSecondsBehindSource{%s,replica=\"a\"} 9000 %lld\n", labels,
	    (long long)(EPOCH - 110 * SECOND));
	cdc_buf_addf(&page, "debezium_metrics_MilliSecondsBehindSource{%s,replica=\"b\"} 1000 %lld\n", labels,
	    (long long)(EPOCH - 10 * SECOND));
	cdc_buf_addf(&page, "debezium_metrics_MilliSecondsSinceLastEvent{%s,replica=\"b\"} 5 %lld\n", labels,
	    (long long)(EPOCH - 10 * SECOND));
	stage_open(&stage, &cdc_lag_plugin, "");
	run_pages(&stage, 0, page.text, NULL);
	EXPECT(&stage, "orders", "OK: 1 s behind its source");
	/* time passes and nobody samples any more */
	run_pages(&stage, 3 * MINUTE, page.text, NULL);
	EXPECT(&stage, "orders", "WARNING: stale: sampled 190 s ago, idle for 3m (last lag 1 s)");
	stage_close(&stage);
}

/* What was there a minute ago is neither the wrong worker nor without a rule. */
static void test_no_debezium_any_more(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, 0, &quiet);
	run_pages(&stage, MINUTE, "kafka_connect_x 1\n", NULL);
	EXPECT_WHOLE(&stage, CDC_OK, "");
	EXPECT(&stage, "orders", "OK: no series for 0 s of 6m grace");
	run_pages(&stage, 8 * MINUTE, "kafka_connect_x 1\n", NULL);
	EXPECT_WHOLE(&stage, CDC_WARNING, "");
	stage_close(&stage);
	stage_open(&stage, &cdc_lag_plugin, "-n orders");
	for (int minute = 0; minute < 2; minute++) {
		run_pages(&stage, minute * MINUTE, "kafka_connect_x 1\n", NULL);
		EXPECT_WHOLE(&stage, CDC_WARNING,
		    "no series of Debezium: the page is that of a Connect worker, so no connector runs there, or its exporter has "
		    "no rule for debezium.* beans");
	}
	stage_close(&stage);
}

/* --- what there is instead --------------------------------------------------------------------------------------- */

static void test_no_debezium(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run_pages(&stage, 0, "", NULL);
	EXPECT_WHOLE(&stage, CDC_UNKNOWN, "no series of Debezium: there are no series at all");
	run_pages(&stage, 0, "process_cpu_seconds_total 5\n", NULL);
	EXPECT_WHOLE(&stage, CDC_UNKNOWN,
	    "no series of Debezium: there are other series, so this is not a worker with Debezium, or the exporter has no "
	    "rule for debezium.* beans");
	run_pages(&stage, 0, "kafka_connect_connect_worker_metrics_task_count 5\n", NULL);
	EXPECT_WHOLE(&stage, CDC_UNKNOWN,
	    "no series of Debezium: the page is that of a Connect worker, so no connector runs there, or its exporter has no "
	    "rule for debezium.* beans");
	run_pages(&stage, 0, "jmx_scrape_error 1.0\n", NULL);
	EXPECT_WHOLE(&stage, CDC_CRITICAL, "c1:9404: the exporter could not read the beans (jmx_scrape_error is 1)");
	run_pages(&stage, 0, "<html>\n", "");
	EXPECT_WHOLE(&stage, CDC_UNKNOWN, "not the text of metrics: it begins with 'html'");
	stage_close(&stage);
}

static void test_selection(void **state CDC_UNUSED)
{
	static const struct {
		const char *options, *names;
	} rows[] = {
		{ "", "orders shop " },
		{ "-n orders", "orders " },
		{ "--include=s.*", "shop " },
		{ "--exclude=shop", "orders " },
		{ "--connector-type=mysql", "shop " },
		{ "--connector-type=mysql -n orders", "orders " },
		{ "--connector-type=mysql -n orders --include=.*", "orders shop " },
		{ "--connector-type=oracle", "" },
	};
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;

	add(&page, &quiet);
	add(&page, &shop);
	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf names = CDC_BUF_INIT;
		struct stage stage;

		stage_open(&stage, &cdc_lag_plugin, rows[i].options);
		run_pages(&stage, 0, page.text, NULL);
		for (size_t k = 0; k < stage.check.result.count; k++)
			cdc_buf_addf(&names, "%s ", stage.check.result.items[k]->name);
		expect_text(rows[i].options, names.text, rows[i].names);
		expect(stage.check.result.state == (i == 7 ? CDC_UNKNOWN : CDC_OK), "%s: %s", rows[i].options,
		    cdc_state_name(stage.check.result.state));
		stage_close(&stage);
	}
}

static void test_source_options(void **state CDC_UNUSED)
{
	static const struct {
		const char *options, *error;
	} rows[] = {
		{ "", "is needed" },
		{ "--metrics-url=http://a --jolokia-url=http://b", "exclude each other" },
		{ "--metrics-file=- --prometheus-label=a=b", "--prometheus-label needs --prometheus-url" },
		{ "--prometheus-url=a --prometheus-label=a", "LABEL=VALUE is expected" },
		{ "--prometheus-url=a --prometheus-label==b", "LABEL=VALUE is expected" },
		{ "--prometheus-url=a --prometheus-label=a-b=c", "LABEL=VALUE is expected" },
		{ "--prometheus-url=a --prometheus-label=a=", NULL },
		{ "--metrics-url=a --metrics-url=b", NULL },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct cdc_err err = { 0 };
		struct stage stage;
		int code;

		stage_open(&stage, &cdc_lag_plugin, rows[i].options);
		code = cdc_lag_check_config((const struct cdc_lag_config *)stage.policy, &err);
		expect((code == 0) == (rows[i].error == NULL), "'%s': %s", rows[i].options, err.text);
		if (rows[i].error)
			expect_part(rows[i].options, err.text, rows[i].error);
		stage_close(&stage);
	}
}

/* The clock went back, or nothing is kept: judged by one look, without alarm about what cannot be known. */
static void test_no_memory(void **state CDC_UNUSED)
{
	struct shown shown = quiet;
	struct stage stage;

	stage_open(&stage, &cdc_lag_plugin, "");
	run(&stage, HOUR, &shown);
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "OK: connected, 224 ms behind its source");
	stage_close(&stage);
	stage_open(&stage, &cdc_lag_plugin, "-c 0:0.1");
	stage.forgetful = true;
	run(&stage, 0, &shown);
	EXPECT(&stage, "orders", "CRITICAL: 224 ms behind its source, more than 100 ms, connected");
	shown.connected = 0;
	run(&stage, MINUTE, &shown);
	EXPECT(&stage, "orders",
	    "CRITICAL: disconnected (may be transient), 224 ms behind its source, more than 100 ms");
	stage_close(&stage);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_frozen_gauge_is_no_alarm),
		cmocka_unit_test(test_busy_and_behind),
		cmocka_unit_test(test_same_sample),
		cmocka_unit_test(test_first_look),
		cmocka_unit_test(test_no_event),
		cmocka_unit_test(test_clock_skew),
		cmocka_unit_test(test_binlog_start),
		cmocka_unit_test(test_binlog_start_after_absence),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_stalled_from_the_start),
		cmocka_unit_test(test_hourly_runs),
		cmocka_unit_test(test_binlog_by_its_metrics),
		cmocka_unit_test(test_queue_full),
		cmocka_unit_test(test_queue_threshold),
		cmocka_unit_test(test_queue_in_first_snapshot),
		cmocka_unit_test(test_snapshot_stalled),
		cmocka_unit_test(test_snapshot_aborted),
		cmocka_unit_test(test_one_timer),
		cmocka_unit_test(test_nothing_of_the_stream),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_recovery_is_no_disconnection),
		cmocka_unit_test(test_restart_loop),
		cmocka_unit_test(test_no_restart_loop),
		cmocka_unit_test(test_erroneous_is_held),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_sqlserver),
		cmocka_unit_test(test_context_in_the_name),
		cmocka_unit_test(test_two_tasks),
		cmocka_unit_test(test_replicas),
		cmocka_unit_test(test_no_debezium),
		cmocka_unit_test(test_no_debezium_any_more),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_source_options),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
