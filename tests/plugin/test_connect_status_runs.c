/*
 * check_connect_status over several runs, in which a cluster changes as it does in life; and rules that no recorded
 * situation shows. Answers are written here in the form of those that were recorded (tests/facts/connect_status).
 */
#include "tests/plugin/play_connect_status.h"

#define HEALTHY "{\"status\":\"healthy\",\"message\":\"ready\"}"

/* A connector: its state, then one letter per task (R F U S P X for RUNNING FAILED UNASSIGNED RESTARTING PAUSED, odd). */
struct shown {
	const char *name, *state, *tasks;
	int configured; /* -1: as many as there are tasks; -2: no info */
	const char *worker, *type;
};

static const char *state_of(char letter)
{
	switch (letter) {
	case 'R':
		return "RUNNING";
	case 'F':
		return "FAILED";
	case 'U':
		return "UNASSIGNED";
	case 'S':
		return "RESTARTING";
	case 'P':
		return "PAUSED";
	default:
		return "ODD";
	}
}

static void add_tasks(struct cdc_buf *list, const struct shown *shown, const char *worker)
{
	for (size_t i = 0; shown->tasks[i]; i++)
		cdc_buf_addf(list, "%s{\"id\":%zu,\"state\":\"%s\",\"worker_id\":\"%s\"%s}", i ? "," : "", i,
		    state_of(shown->tasks[i]), worker,
		    shown->tasks[i] == 'F' ? ",\"trace\":\"a.B: outer\\n\\tat x\\nCaused by: c.D: no such slot\\n\"" : "");
}

static void add_connector(struct cdc_buf *list, const struct shown *shown)
{
	const char *worker = shown->worker ? shown->worker : "c1:8083", *type = shown->type ? shown->type : "source";
	int configured = shown->configured == -1 ? (int)strlen(shown->tasks) : shown->configured;

	cdc_buf_addf(list, "%s\"%s\":{\"status\":{\"connector\":{\"state\":\"%s\",\"worker_id\":\"%s\"},\"tasks\":[",
	    list->len > 1 ? "," : "", shown->name, shown->state, worker);
	add_tasks(list, shown, worker);
	cdc_buf_addf(list, "],\"type\":\"%s\"}", type);
	if (configured >= 0)
		cdc_buf_add(list, ",\"info\":{\"config\":{},\"tasks\":[");
	for (int i = 0; i < configured; i++)
		cdc_buf_addf(list, "%s{\"task\":%d}", i ? "," : "", i);
	cdc_buf_add(list, configured >= 0 ? "]}}" : "}");
}

/* What a worker that is fine in itself says of these connectors, and of names that have no status. */
struct answer {
	struct cdc_buf list, names;
	struct worker_says says;
};

static void answer_init(struct answer *answer, const struct shown *shown, const char *more_names)
{
	*answer = (struct answer){ .list = CDC_BUF_INIT, .names = CDC_BUF_INIT };
	cdc_buf_add_char(&answer->list, '{');
	cdc_buf_add_char(&answer->names, '[');
	for (; shown->name; shown++) {
		add_connector(&answer->list, shown);
		cdc_buf_addf(&answer->names, "%s\"%s\"", answer->names.len > 1 ? "," : "", shown->name);
	}
	if (more_names)
		cdc_buf_addf(&answer->names, "%s\"%s\"", answer->names.len > 1 ? "," : "", more_names);
	cdc_buf_add_char(&answer->list, '}');
	cdc_buf_add_char(&answer->names, ']');
	answer->says = (struct worker_says){ .list = answer->list.text, .names = answer->names.text, .health_status = 200,
		.health = HEALTHY };
}

static void answer_release(struct answer *answer)
{
	cdc_buf_release(&answer->list);
	cdc_buf_release(&answer->names);
}

static void run_all(struct stage *stage, int64_t at_ms, const struct shown *shown, const char *more_names)
{
	struct answer answer;

	answer_init(&answer, shown, more_names);
	worker_run(stage, &answer.says, EPOCH + at_ms);
	answer_release(&answer);
}

static void run_one(struct stage *stage, int64_t at_ms, const char *state, const char *tasks)
{
	const struct shown shown[] = { { "orders", state, tasks, -1, NULL, NULL }, { 0 } };

	run_all(stage, at_ms, shown, NULL);
}

/* The item's state and text: "OK: 1 of 1 tasks running". */
static char *text_of(const struct stage *stage, const char *name)
{
	const struct cdc_item *item = cdc_result_find(&stage->check.result, name);
	CDC_CLEANUP(cdc_free_string) char *text = item ? stage_text(stage, name) : cdc_strdup("not there");
	struct cdc_buf all = CDC_BUF_INIT;

	cdc_buf_addf(&all, "%s: %s", item ? cdc_state_name(item->state) : "NONE", text);
	return cdc_buf_take(&all);
}

#define EXPECT(stage, name, wanted)                                                                          \
	do {                                                                                                 \
		char *got_ = text_of(stage, name);                                                           \
		expect(strcmp(got_, wanted) == 0, "line %d\n      got: '%s'\n   wanted: '%s'", __LINE__, got_, wanted); \
		free(got_);                                                                                  \
	} while (0)

#define EXPECT_STATE(stage, wanted)                                                                          \
	expect((stage)->check.result.state == (wanted), "line %d: the state is %s", __LINE__,                \
	    cdc_state_name((stage)->check.result.state))

/* What one look at one connector says, without a memory. */
static const struct {
	const char *options, *state, *tasks;
	int configured;
	const char *text;
} looks[] = {
	{ "", "RUNNING", "R", -1, "OK: 1 of 1 tasks running" },
	{ "", "RUNNING", "R", -2, "OK: 1 of 1 tasks running" },
	{ "", "RUNNING", "RRR", 2, "OK: 3 of 3 tasks running" },
	{ "", "RUNNING", "RF", -1, "CRITICAL: task 1 failed: D: no such slot, 1 of 2 tasks running" },
	{ "", "RUNNING", "FFFFF", -1, "CRITICAL: tasks 0, 1, 2 and 2 more failed: D: no such slot, 0 of 5 tasks running" },
	{ "--on failed=ok", "RUNNING", "RF", -1, "OK: 1 of 2 tasks running, task 1 failed: D: no such slot" },
	{ "", "FAILED", "R", -1, "CRITICAL: connector failed: no reason given, 1 of 1 tasks running" },
	{ "", "FAILED", "", -1, "CRITICAL: connector failed: no reason given, 0 of 0 tasks running" },
	{ "", "UNASSIGNED", "RR", -1, "WARNING: unassigned (may be transient), 0 of 2 tasks running" },
	{ "", "RUNNING", "RU", -1, "WARNING: task 1 unassigned (may be transient), 1 of 2 tasks running" },
	{ "--on unassigned=critical", "RUNNING", "RU", -1, "CRITICAL: task 1 unassigned (may be transient), 1 of 2 tasks running" },
	{ "", "RESTARTING", "R", -1, "WARNING: restarting (may be transient), 1 of 1 tasks running" },
	{ "", "RUNNING", "S", -1, "WARNING: task 0 restarting (may be transient), 0 of 1 tasks running" },
	{ "", "PAUSED", "PP", -1, "WARNING: paused, 0 of 2 tasks running" },
	{ "", "RUNNING", "RP", -1, "WARNING: task 1 paused, 1 of 2 tasks running" },
	{ "", "STOPPED", "", 0, "WARNING: stopped, 0 of 0 tasks running" },
	{ "--tasks=1", "STOPPED", "", 0, "WARNING: stopped, 0 of 0 tasks running" },
	{ "--on stopped=ok", "STOPPED", "", 1, "OK: 0 of 0 tasks running, stopped" },
	{ "", "RUNNING", "", 0, "CRITICAL: RUNNING without any task (may be transient), 0 of 0 tasks running" },
	{ "", "RUNNING", "", 2, "CRITICAL: RUNNING, but 0 of 2 tasks have a status (may be transient), 0 of 0 tasks running" },
	{ "", "RUNNING", "R", 3, "WARNING: only 1 of 3 tasks have a status (may be transient), 1 of 1 tasks running" },
	{ "--tasks=2:", "RUNNING", "R", -1, "WARNING: 1 task, less than 2 (may be transient), 1 of 1 tasks running" },
	{ "--tasks=1", "RUNNING", "RR", -1, "WARNING: 2 tasks, more than 1 (may be transient), 2 of 2 tasks running" },
	{ "", "HUNGRY", "R", -1, "WARNING: unknown state 'HUNGRY', 1 of 1 tasks running" },
	{ "", "running", "R", -1, "WARNING: unknown state 'running', 1 of 1 tasks running" },
	{ "", "RUNNING", "RXX", -1, "WARNING: tasks 1, 2 in unknown state 'ODD', 1 of 3 tasks running" },
	{ "", "UNASSIGNED", "FR", -1, "CRITICAL: task 0 failed: D: no such slot, unassigned (may be transient), 0 of 2 tasks running" },
};

static void test_looks(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(looks); i++) {
		const struct shown shown[] = { { "orders", looks[i].state, looks[i].tasks, looks[i].configured, NULL, NULL }, { 0 } };
		struct stage stage;
		char *text;

		stage_open(&stage, &connect_status_plugin, looks[i].options);
		stage.forgetful = true;
		run_all(&stage, 0, shown, NULL);
		text = text_of(&stage, "orders");
		expect(strcmp(text, looks[i].text) == 0, "row %zu (%s %s)\n      got: '%s'\n   wanted: '%s'", i, looks[i].state,
		    looks[i].tasks, text, looks[i].text);
		free(text);
		stage_close(&stage);
	}
}

static void test_grace(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &connect_status_plugin, "");
	run_one(&stage, 0, "RUNNING", "");
	EXPECT(&stage, "orders", "WARNING: RUNNING without any task for 0 s of 6m grace, 0 of 0 tasks running");
	run_one(&stage, 5 * MINUTE, "RUNNING", "");
	EXPECT(&stage, "orders", "WARNING: RUNNING without any task for 5m of 6m grace, 0 of 0 tasks running");
	run_one(&stage, 6 * MINUTE, "RUNNING", "");
	EXPECT(&stage, "orders", "CRITICAL: RUNNING without any task, 0 of 0 tasks running");
	run_one(&stage, 7 * MINUTE, "RUNNING", "R");
	EXPECT(&stage, "orders", "OK: 1 of 1 tasks running");
	run_one(&stage, 8 * MINUTE, "UNASSIGNED", "R");
	EXPECT(&stage, "orders", "OK: 0 of 1 tasks running, unassigned for 0 s of 6m grace");
	/* it does not run, whatever is the reason in this look */
	run_one(&stage, 11 * MINUTE, "RESTARTING", "R");
	EXPECT(&stage, "orders", "OK: 1 of 1 tasks running, restarting for 3m of 6m grace");
	run_one(&stage, 14 * MINUTE, "UNASSIGNED", "R");
	EXPECT(&stage, "orders", "WARNING: unassigned, 0 of 1 tasks running");
	stage_close(&stage);
}

static int64_t failed_for(const struct stage *stage)
{
	const struct cdc_item *item = cdc_result_find(&stage->check.result, "orders");
	int metric = cdc_plugin_find_metric(&connect_status_plugin, "failed-for");

	return item->values[metric].known ? cdc_num_to_ms(item->values[metric].value) : -1;
}

static void test_failed_for(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &connect_status_plugin, "--warning-failed-for=5m --on failed=ok");
	run_one(&stage, 0, "RUNNING", "R");
	assert_int_equal(failed_for(&stage), -1);
	run_one(&stage, MINUTE, "RUNNING", "F");
	assert_int_equal(failed_for(&stage), 0);
	run_one(&stage, 5 * MINUTE, "RUNNING", "F");
	assert_int_equal(failed_for(&stage), 4 * MINUTE);
	EXPECT_STATE(&stage, CDC_OK);
	run_one(&stage, 7 * MINUTE, "FAILED", "F");
	assert_int_equal(failed_for(&stage), 6 * MINUTE);
	EXPECT_STATE(&stage, CDC_CRITICAL);
	run_one(&stage, 8 * MINUTE, "RUNNING", "R");
	assert_int_equal(failed_for(&stage), -1);
	stage_close(&stage);
	stage_open(&stage, &connect_status_plugin, "");
	stage.forgetful = true;
	run_one(&stage, 0, "RUNNING", "F");
	assert_int_equal(failed_for(&stage), -1);
	stage_close(&stage);
}

static void test_flapping(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &connect_status_plugin, "");
	run_one(&stage, 0, "RUNNING", "R");
	run_one(&stage, 10 * MINUTE, "RUNNING", "F");
	run_one(&stage, 20 * MINUTE, "RUNNING", "R");
	EXPECT(&stage, "orders", "OK: 1 of 1 tasks running");
	run_one(&stage, 30 * MINUTE, "RUNNING", "F");
	EXPECT(&stage, "orders",
	    "CRITICAL: task 0 failed: D: no such slot, flapping: 3 changes in the last hour, 0 of 1 tasks running");
	/* what is neither changes nothing */
	run_one(&stage, 35 * MINUTE, "RUNNING", "S");
	run_one(&stage, 40 * MINUTE, "RUNNING", "R");
	EXPECT(&stage, "orders", "WARNING: flapping: 4 changes in the last hour, 1 of 1 tasks running");
	run_one(&stage, 71 * MINUTE, "RUNNING", "R");
	EXPECT(&stage, "orders", "WARNING: flapping: 3 changes in the last hour, 1 of 1 tasks running");
	run_one(&stage, 81 * MINUTE, "RUNNING", "R");
	EXPECT(&stage, "orders", "OK: 1 of 1 tasks running");
	run_one(&stage, 200 * MINUTE, "RUNNING", "R");
	expect(strstr(stage.kept, "flaps") == NULL, "flaps are kept for ever: %s", stage.kept);
	stage_close(&stage);
}

static void test_flapping_of_a_new_one(void **state CDC_UNUSED)
{
	struct stage stage;

	/* the first look at a connector is no change */
	stage_open(&stage, &connect_status_plugin, "");
	run_one(&stage, 0, "RUNNING", "F");
	run_one(&stage, MINUTE, "RUNNING", "R");
	run_one(&stage, 2 * MINUTE, "RUNNING", "F");
	EXPECT(&stage, "orders", "CRITICAL: task 0 failed: D: no such slot, 0 of 1 tasks running");
	run_one(&stage, 3 * MINUTE, "RUNNING", "R");
	EXPECT(&stage, "orders", "WARNING: flapping: 3 changes in the last hour, 1 of 1 tasks running");
	/* a clock that went back forgets what has not happened yet */
	run_one(&stage, -5 * HOUR, "RUNNING", "R");
	EXPECT(&stage, "orders", "OK: 1 of 1 tasks running");
	stage_close(&stage);
}

static void test_names(void **state CDC_UNUSED)
{
	const struct shown shown[] = { { "a", "RUNNING", "R", -1, NULL, NULL }, { "b", "RUNNING", "R", -1, NULL, NULL }, { 0 } };
	const struct shown fewer[] = { { "a", "RUNNING", "R", -1, NULL, NULL }, { 0 } };
	struct stage stage;

	stage_open(&stage, &connect_status_plugin, "");
	run_all(&stage, 0, shown, "c");
	EXPECT(&stage, "c", "WARNING: no status for 0 s of 6m grace");
	run_all(&stage, 6 * MINUTE, shown, "c");
	EXPECT(&stage, "c", "CRITICAL: no status");
	run_all(&stage, 7 * MINUTE, fewer, NULL);
	EXPECT(&stage, "b", "WARNING: not there any more");
	EXPECT(&stage, "c", "WARNING: not there any more");
	stage_close(&stage);
	stage_open(&stage, &connect_status_plugin, "-n a -n c -n d --exclude d");
	run_all(&stage, 0, fewer, "e");
	EXPECT(&stage, "a", "OK: 1 of 1 tasks running");
	EXPECT(&stage, "c", "CRITICAL: does not exist");
	EXPECT(&stage, "d", "NONE: not there");
	EXPECT(&stage, "e", "NONE: not there");
	stage_close(&stage);
}

/* A worker that has only just started, or is cut off, may know of nothing: its silence about a connector is no news. */
static void test_worker_that_knows_nothing(void **state CDC_UNUSED)
{
	static const struct worker_says workers[] = {
		{ .list = "{}", .names = "[]", .health_status = 0 },
		{ .list = "{}", .names = "[]", .health_status = 503, .health = "{\"status\":\"starting\"}" },
		{ .list = "{}", .names = "[]", .health_status = 500, .health = "{\"status\":\"unhealthy\"}" },
		{ .list = "{}", .names = "[]", .health_status = 404, .health = "", .first_status = 0 },
		{ .list = "{}", .names = "[]", .health_status = 404, .health = "", .first_status = 500, .first = "{}" },
		{ .list = "{}", .names = "[]", .health_status = 404, .health = "", .first_status = 404, .first = "<html>" },
	};

	for (size_t i = 0; i < CDC_LEN(workers); i++) {
		struct stage stage;

		stage_open(&stage, &connect_status_plugin, i % 2 ? "" : "-n orders");
		run_one(&stage, 0, "RUNNING", "R");
		worker_run(&stage, &workers[i], EPOCH + MINUTE);
		EXPECT(&stage, "orders", i % 2 ? "NONE: not there" : "UNKNOWN: not known to this worker yet");
		/* a start is normal for a while */
		EXPECT_STATE(&stage, workers[i].health_status == 503 || workers[i].first_status == 404 ? CDC_OK :
		    workers[i].health_status == 500				   ? CDC_CRITICAL :
										     CDC_WARNING);
		run_one(&stage, 2 * MINUTE, "RUNNING", "R");
		EXPECT(&stage, "orders", "OK: 1 of 1 tasks running");
		EXPECT_STATE(&stage, CDC_OK);
		stage_close(&stage);
	}
}

/* A start is tolerated for the grace and says so, also where a named connector is not shown yet. */
static void test_worker_that_starts(void **state CDC_UNUSED)
{
	static const struct worker_says starting = { .list = "{}", .names = "[]", .health_status = 503,
		.health = "{\"status\":\"starting\"}" };
	struct stage stage;
	char *output;

	stage_open(&stage, &connect_status_plugin, "-n orders");
	worker_run(&stage, &starting, EPOCH);
	output = stage_output(&stage);
	expect_part("first line", output,
	    "CONNECT_STATUS OK - cluster: connectors not judged in this run: c1:8083 is starting\n");
	free(output);
	worker_run(&stage, &starting, EPOCH + 6 * MINUTE);
	EXPECT_STATE(&stage, CDC_WARNING);
	stage_close(&stage);
	stage_open(&stage, &connect_status_plugin, "-n orders");
	stage.forgetful = true;
	worker_run(&stage, &starting, EPOCH);
	EXPECT_STATE(&stage, CDC_WARNING);
	stage_close(&stage);
}

static const struct {
	int health_status;
	const char *health;
	int first_status;
	const char *first;
	enum cdc_state state, in_grace;
	const char *text; /* NULL: nothing is raised */
} lives[] = {
	{ 200, HEALTHY, 0, NULL, CDC_OK, CDC_OK, NULL },
	{ 200, "ok", 0, NULL, CDC_OK, CDC_OK, NULL },
	{ 200, "{\"status\":\"unhealthy\"}", 0, NULL, CDC_CRITICAL, CDC_CRITICAL, "worker c1:8083 is unhealthy" },
	{ 503, "{\"status\":\"starting\"}", 0, NULL, CDC_WARNING, CDC_OK, "worker c1:8083 is starting" },
	{ 503, "<html>", 0, NULL, CDC_CRITICAL, CDC_CRITICAL, "worker c1:8083 is unhealthy" },
	{ 500, "{\"status\":\"unhealthy\"}", 0, NULL, CDC_CRITICAL, CDC_CRITICAL, "worker c1:8083 is unhealthy" },
	{ 0, NULL, 0, NULL, CDC_CRITICAL, CDC_WARNING, "worker c1:8083 is cut off from Kafka" },
	{ 409, "{}", 0, NULL, CDC_WARNING, CDC_OK, "worker c1:8083 is rebalancing" },
	{ 404, "{}", 200, "{}", CDC_OK, CDC_OK, NULL },
	{ 404, "<html>", 404, "{\"error_code\":404}", CDC_OK, CDC_OK, NULL },
	{ 404, "{}", 0, NULL, CDC_CRITICAL, CDC_WARNING, "worker c1:8083 is cut off from Kafka" },
	{ 404, "{}", 500, "{\"message\":\"Request timed out. The worker is currently x\"}", CDC_CRITICAL, CDC_WARNING,
	    "worker c1:8083 is cut off from Kafka" },
	{ 404, "{}", 500, "{\"message\":\"Request cannot be completed because a rebalance is expected\"}", CDC_WARNING, CDC_OK,
	    "worker c1:8083 is rebalancing" },
	{ 404, "{}", 409, "{}", CDC_WARNING, CDC_OK, "worker c1:8083 is rebalancing" },
	{ 404, "{}", 404, "<html>", CDC_WARNING, CDC_OK, "worker c1:8083 is starting" },
	{ 401, "", 401, "", CDC_OK, CDC_OK, NULL },
	{ 403, "", 200, "{}", CDC_OK, CDC_OK, NULL },
	{ 401, "", 0, NULL, CDC_CRITICAL, CDC_WARNING, "worker c1:8083 is cut off from Kafka" },
	{ 404, "{}", 400, "<html>", CDC_OK, CDC_OK, NULL },
};

static void test_life(void **state CDC_UNUSED)
{
	const struct shown shown[] = { { "orders", "RUNNING", "R", -1, NULL, NULL }, { 0 } };

	for (size_t i = 0; i < 2 * CDC_LEN(lives); i++) {
		struct answer answer;
		struct stage stage;
		char *text;
		size_t row = i / 2;

		stage_open(&stage, &connect_status_plugin, i % 2 ? "--grace=0" : "");
		answer_init(&answer, shown, NULL);
		answer.says.health_status = lives[row].health_status;
		answer.says.health = lives[row].health;
		answer.says.first_status = lives[row].first_status;
		answer.says.first = lives[row].first;
		worker_run(&stage, &answer.says, EPOCH);
		text = text_of(&stage, "cluster");
		expect(stage.check.result.state == (i % 2 ? lives[row].state : lives[row].in_grace), "row %zu: %s", row, text);
		expect(!lives[row].text || strstr(text, lives[row].text), "row %zu: %s", row, text);
		/* never OK without a word */
		if (lives[row].text && lives[row].in_grace == CDC_OK && i % 2 == 0)
			expect(stage.check.result.notes.count == 1, "row %zu has no note", row);
		free(text);
		answer_release(&answer);
		stage_close(&stage);
	}
}

static void test_dead_worker(void **state CDC_UNUSED)
{
	const struct shown shown[] = { { "a", "RUNNING", "RR", -1, "C1:8083", NULL }, { "b", "RUNNING", "R", -1, "c2:8083", NULL },
		{ 0 } };
	struct answer answer;
	struct stage stage;

	answer_init(&answer, shown, NULL);
	answer.says.alive = "c1:8083 -c2:8083 c3:8083";
	stage_open(&stage, &connect_status_plugin, "--all-workers");
	worker_run(&stage, &answer.says, EPOCH);
	EXPECT(&stage, "a", "OK: 2 of 2 tasks running");
	EXPECT(&stage, "b",
	    "WARNING: task 0 on worker c2:8083, which does not answer for 0 s of 6m grace, 0 of 1 tasks running");
	worker_run(&stage, &answer.says, EPOCH + 6 * MINUTE);
	EXPECT(&stage, "b", "CRITICAL: task 0 on worker c2:8083, which does not answer, 0 of 1 tasks running");
	stage_close(&stage);
	answer.says.alive = "c1:8083";
	stage_open(&stage, &connect_status_plugin, "--all-workers --grace=0");
	worker_run(&stage, &answer.says, EPOCH);
	EXPECT(&stage, "b", "CRITICAL: task 0 on worker c2:8083, which no --url names by its worker_id, 0 of 1 tasks running");
	stage_close(&stage);
	stage_open(&stage, &connect_status_plugin, "");
	worker_run(&stage, &answer.says, EPOCH);
	EXPECT(&stage, "b", "OK: 1 of 1 tasks running");
	stage_close(&stage);
	answer_release(&answer);
}

static void test_types(void **state CDC_UNUSED)
{
	const struct shown shown[] = { { "a", "RUNNING", "R", -1, NULL, "source" }, { "b", "RUNNING", "R", -1, NULL, "sink" },
		{ "c", "RUNNING", "", 0, NULL, "unknown" }, { 0 } };
	static const char *const rows[][2] = { { "", "abc" }, { "--type=all", "abc" }, { "--type=source", "ac" },
		{ "--type=sink", "bc" }, { "--type=sink -n a", "a" }, { "--type=sink -n a --include [bc]", "abc" } };

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct stage stage;

		stage_open(&stage, &connect_status_plugin, rows[i][0]);
		run_all(&stage, 0, shown, NULL);
		for (const char *name = "abc"; *name; name++) {
			const char text[2] = { *name, '\0' };

			expect((strchr(rows[i][1], *name) != NULL) == (cdc_result_find(&stage.check.result, text) != NULL),
			    "'%s': %s", rows[i][0], text);
		}
		stage_close(&stage);
	}
}

/* --- many -------------------------------------------------------------------------------------------------------- */

static char *run_many(struct stage *stage, int count, int bad, int64_t at_ms)
{
	struct shown *shown = cdc_alloc((size_t)count + 1, sizeof(*shown));
	char (*names)[16] = cdc_alloc((size_t)count, sizeof(*names));
	char *output;

	for (int i = 0; i < count; i++) {
		/* in an order that is none */
		snprintf(names[i], sizeof(names[i]), "c%05d", (int)((int64_t)i * 7919 % count));
		shown[i] = (struct shown){ names[i], "RUNNING", i < bad ? "F" : "R", -1, NULL, NULL };
	}
	run_all(stage, at_ms, shown, NULL);
	output = stage_output(stage);
	free(shown);
	free(names);
	return output;
}

static size_t count_lines(const char *text, const char *with)
{
	size_t n = 0;

	for (const char *found = strstr(text, with); found; found = strstr(found + 1, with))
		n++;
	return n;
}

/* What was let go is missed nowhere: the output is the one of a run that keeps everything. */
static void test_many(void **state CDC_UNUSED)
{
	static const struct {
		int count, bad;
		const char *options;
		size_t kept, ok_lines, bad_lines, perfdata;
		const char *more;
	} rows[] = {
		{ 50, 0, "", 51, 50, 0, 50, NULL },
		{ 51, 0, "", 51, 50, 0, 0, "... and 1 more|" },
		{ 1000, 0, "", 51, 50, 0, 0, "... and 950 more|" },
		{ 1000, 3, "", 51, 47, 3, 3, "... and 950 more|" },
		{ 1000, 60, "", 51, 0, 50, 60, "... and 950 more|" },
		{ 1000, 1000, "", 51, 0, 50, 1000, "... and 950 more|" },
		{ 1000, 3, "--problems-only", 51, 0, 3, 3, NULL },
		{ 1000, 60, "--problems-only", 51, 0, 50, 60, "... and 10 more|" },
		{ 1000, 3, "--max-items=0", 2, 0, 0, 3, "... and 1000 more|" },
		{ 1000, 3, "-n c00500 -n c00501 --include c.*", 53, 47, 3, 5, "... and 950 more|" },
		{ 1000, 3, "--output-format=json", 1001, 0, 0, 0, NULL },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct stage stage;
		char *output;

		stage_open(&stage, &connect_status_plugin, rows[i].options);
		output = run_many(&stage, rows[i].count, rows[i].bad, 0);
		assert_int_equal(stage.check.result.count, rows[i].kept);
		expect(count_lines(output, "\n[OK] c") == rows[i].ok_lines, "row %zu: %.3000s", i, output);
		expect(count_lines(output, "\n[CRITICAL] c") == rows[i].bad_lines, "row %zu: %.3000s", i, output);
		expect(strstr(rows[i].options, "json") || count_lines(output, ".connector-tasks=") == rows[i].perfdata, "row %zu: %zu", i,
		    count_lines(output, ".connector-tasks="));
		if (rows[i].more)
			expect_part("more", output, rows[i].more);
		else if (!strstr(rows[i].options, "json"))
			expect(!strstr(output, " more|"), "row %zu: %.3000s", i, output);
		expect(cdc_result_item_count(&stage.check.result) == (size_t)rows[i].count, "row %zu", i);
		free(output);
		stage_close(&stage);
	}
}

static void test_many_that_vanish(void **state CDC_UNUSED)
{
	struct stage stage;

	stage_open(&stage, &connect_status_plugin, "");
	free(run_many(&stage, 1000, 0, 0));
	free(run_many(&stage, 1000, 0, MINUTE));
	EXPECT_STATE(&stage, CDC_OK);
	/* c00999 was let go in every run, and its absence is told nevertheless */
	free(run_many(&stage, 999, 0, 2 * MINUTE));
	EXPECT(&stage, "c00999", "WARNING: not there any more");
	stage_close(&stage);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_failed_for),
		cmocka_unit_test(test_flapping),
		cmocka_unit_test(test_flapping_of_a_new_one),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_worker_that_knows_nothing),
		cmocka_unit_test(test_worker_that_starts),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_dead_worker),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_that_vanish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
