/* lib/cdc/connect and java_trace: what is read of Kafka Connect's answers, and what of a trace is told. */
#include "tests/unit/unit.h"

#include "cdc/connect.h"
#include "cdc/java_trace.h"
#include "plugin/seen.h"

static const struct {
	const char *trace, *cause;
} traces[] = {
	{ "", "" },
	{ "java.lang.NullPointerException", "NullPointerException" },
	{ "a.b.C: why\n\tat d.e.F.g(F.java:1)\n", "C: why" },
	{ "C", "C" },
	{ "a.b.C: outer\n\tat x\nCaused by: d.e.F: inner\n\tat y\n\t... 5 more\n", "F: inner" },
	{ "a.b.C: outer\r\n\tat x\r\nCaused by: d.e.F: inner\r\n", "F: inner" },
	{ "a.C: 1\nCaused by: b.D: 2\nCaused by: org.postgresql.util.PSQLException: ERROR: slot \"x\" does not exist\n  Detail: y\n",
	    "PSQLException: ERROR: slot \"x\" does not exist Detail: y" },
	/* a message of several lines (MySQL's error 1236) */
	{ "a.C: outer\n\tat x\nCaused by: b.D: Got fatal error 1236:\n\r\n'the missing\ttransactions are 1-5'\n\tat y\n\t... 2 more\n",
	    "D: Got fatal error 1236: 'the missing transactions are 1-5'" },
	{ "a.C: two\nlines password=x\ny\n\tat z\n", "C: two lines password=*** y" },
	/* a cause that is its own */
	{ "a.C: outer\n\tat x\nCaused by: b.D: inner\n\tat y\nCaused by: [CIRCULAR REFERENCE: a.C: outer]\n", "D: inner" },
	{ "a.C: outer\n\tat x\n\t[CIRCULAR REFERENCE: a.C: outer]\n", "C: outer" },
	/* a cause without a message says little alone */
	{ "a.C: outer\nCaused by: java.util.concurrent.TimeoutException\n\tat z\n", "TimeoutException in C: outer" },
	{ "a.C: outer\nCaused by: b.D\nCaused by: e.F\n", "F in C: outer" },
	{ "a.C\nCaused by: b.D\n", "D" },
	/* what was suppressed on the way is not the chain */
	{ "a.C: outer\n\tSuppressed: b.D: other\n\tCaused by: e.F: deep\nCaused by: g.H: inner\n", "H: inner" },
	{ "a.C: it says Caused by: nothing\n\tat x\n", "C: it says Caused by: nothing" },
	{ "no class at all: really\n", "no class at all: really" },
	{ "a.b.Outer$Inner_1: x\n", "Outer$Inner_1: x" },
	{ "\n\n  a.C: late\n", "C: late" },
	{ "a.C: jdbc:x?user=u&password=geheim&ssl=1\n", "C: jdbc:x?user=u&password=***&ssl=1" },
	{ "a.C: Password:geheim, and Secret=1 token=abc\n", "C: Password:***, and Secret=*** token=***" },
	{ "a.C: password= \n", "C: password=" },
};

static void test_traces(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(traces); i++) {
		CDC_BUF_CLEANUP struct cdc_buf cause = CDC_BUF_INIT;

		cdc_java_root_cause(&cause, traces[i].trace);
		expect_text(traces[i].trace, cause.text, traces[i].cause);
	}
}

static const char *or_nothing(const char *text)
{
	return text ? text : "-";
}

static int write_connector(void *arg, const struct cdc_connector *connector, struct cdc_err *err CDC_UNUSED)
{
	struct cdc_buf *all = arg;

	cdc_buf_addf(all, "%s: %s%s%s %d@%s", connector->name, connector->has_status ? "status " : "",
	    connector->has_info ? "info " : "", or_nothing(connector->type), (int)connector->status.state,
	    or_nothing(connector->status.worker));
	if (connector->status.cause)
		cdc_buf_addf(all, " (%s)", connector->status.cause);
	for (size_t i = 0; i < connector->task_count; i++) {
		const struct cdc_connect_task *task = &connector->tasks[i];

		cdc_buf_addf(all, " %lld=%d@%s", (long long)task->id, (int)task->status.state, or_nothing(task->status.worker));
		if (task->status.cause)
			cdc_buf_addf(all, " (%s)", task->status.cause);
	}
	cdc_buf_addf(all, " of %zu", connector->configured);
	for (size_t i = 0; i < CDC_CONNECT_CONFIGS; i++)
		cdc_buf_addf(all, "%s%s", i ? "," : " ", or_nothing(connector->config[i]));
	cdc_buf_add_char(all, '\n');
	return 0;
}

static int read_list(const char *text, size_t piece, struct cdc_buf *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_connect_reader_release) struct cdc_connect_reader reader;
	size_t n = strlen(text);

	cdc_connect_reader_init(&reader, write_connector, ret);
	for (size_t i = 0; i < n; i += piece)
		if (cdc_connect_reader_feed(&reader, text + i, n - i < piece ? n - i : piece, err) < 0)
			return -1;
	return cdc_connect_reader_end(&reader, err);
}

static const struct {
	const char *text, *connectors;
} lists[] = {
	{ "{}", "" },
	{ "{\"a\":{}}", "a: - 0@- of 0 -,-,-,-,-\n" },
	{ "{\"a\":{\"status\":{\"name\":\"a\",\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w:1\"},\"tasks\":[{\"id\":0,"
	  "\"state\":\"FAILED\",\"worker_id\":\"w:2\",\"trace\":\"x.Y: z\\n\\tat q\\n\"}],\"type\":\"source\"}}}",
	    "a: status source 1@w:1 0=4@w:2 (Y: z) of 0 -,-,-,-,-\n" },
	{ "{\"a\":{\"info\":{\"name\":\"a\",\"config\":{\"connector.class\":\"K\",\"topic.prefix\":\"p\",\"database.password\":\"g\","
	  "\"slot.name\":\"s\",\"database.hostname\":\"h\",\"database.dbname\":\"d\"},\"tasks\":[{\"connector\":\"a\",\"task\":0},"
	  "{\"connector\":\"a\",\"task\":1}],\"type\":\"sink\"},\"status\":null}}",
	    "a: info - 0@- of 2 K,p,s,h,d\n" },
	/* the older names of a property count where the newer is not set, in any order */
	{ "{\"a\":{\"info\":{\"config\":{\"database.server.name\":\"old\"}}}}", "a: info - 0@- of 0 -,old,-,-,-\n" },
	{ "{\"a\":{\"info\":{\"config\":{\"database.server.name\":\"old\",\"topic.prefix\":\"new\"}}}}",
	    "a: info - 0@- of 0 -,new,-,-,-\n" },
	{ "{\"a\":{\"info\":{\"config\":{\"topic.prefix\":\"new\",\"database.server.name\":\"old\",\"database.names\":\"x,y\"}}}}",
	    "a: info - 0@- of 0 -,new,-,-,x,y\n" },
	/* every state, and what 4.1 adds (version) */
	{ "{\"a\":{\"status\":{\"connector\":{\"state\":\"PAUSED\",\"version\":\"3.7.0.Final\"},\"tasks\":[{\"id\":1,\"state\":"
	  "\"UNASSIGNED\"},{\"id\":2,\"state\":\"RESTARTING\",\"version\":null},{\"id\":3,\"state\":\"STOPPED\"},{\"id\":4,\"state\":"
	  "\"DESTROYED\"},{\"id\":5},{\"state\":\"running\"}]}}}",
	    "a: status - 2@- 1=5@- 2=6@- 3=3@- 4=7@- 5=0@- -1=7@- of 0 -,-,-,-,-\n" },
	/* members that mean nothing, and those of the wrong type */
	{ "{\"a\":{\"x\":{\"connector\":{\"state\":\"FAILED\"}},\"status\":{\"connector\":{\"state\":5,\"x\":{\"state\":\"FAILED\"}},"
	  "\"tasks\":[1,[{\"id\":7}],{\"id\":\"8\",\"state\":\"RUNNING\",\"x\":[{\"id\":9}]}],\"y\":[{\"id\":3}]},"
	  "\"info\":{\"tasks\":[{\"task\":{\"a\":1}}],\"config\":{\"slot.name\":5}}}}",
	    "a: status info - 0@- -1=1@- of 1 -,-,-,-,-\n" },
	{ "{\"a\":{\"status\":{\"tasks\":[{\"id\":9223372036854775808,\"state\":\"RUNNING\"}]}},\"b\":{\"status\":{}}}",
	    "a: status - 0@- -1=1@- of 0 -,-,-,-,-\nb: status - 0@- of 0 -,-,-,-,-\n" },
};

static void test_lists(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(lists); i++) {
		for (size_t piece = 1; piece < 80; piece += 13) {
			CDC_BUF_CLEANUP struct cdc_buf connectors = CDC_BUF_INIT;
			struct cdc_err err = { .text = "" };

			expect(read_list(lists[i].text, piece, &connectors, &err) == 0, "%s: %s", lists[i].text, err.text);
			expect_text(lists[i].text, connectors.text, lists[i].connectors);
		}
	}
}

static void test_no_lists(void **state CDC_UNUSED)
{
	static const char *const rows[][2] = {
		{ "[\"a\",\"b\"]", "Kafka Connect 2.3 or later" }, { "null", "an object" }, { "{\"a\":1}", "connector 'a' is no object" },
		{ "{\"a\":null}", "connector 'a' is no object" }, { "{\"a\":[]}", "connector 'a' is no object" }, { "{\"a\":{}", "cut off" },
		{ "<html>", "no JSON" }, { "", "empty" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf connectors = CDC_BUF_INIT;
		struct cdc_err err;

		expect(read_list(rows[i][0], 99, &connectors, &err) < 0, "%s was taken", rows[i][0]);
		expect(err.kind == CDC_ERR_PROTOCOL, "%s: kind %d", rows[i][0], (int)err.kind);
		expect_part(rows[i][0], err.text, rows[i][1]);
	}
}

static int write_name(void *arg, const char *name, struct cdc_err *err CDC_UNUSED)
{
	cdc_buf_addf(arg, "%s;", name);
	return 0;
}

static int read_names(const char *text, struct cdc_buf *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_connect_names_release) struct cdc_connect_names names;

	cdc_connect_names_init(&names, write_name, ret);
	if (cdc_connect_names_feed(&names, text, strlen(text), err) < 0)
		return -1;
	return cdc_connect_names_end(&names, err);
}

static void test_names(void **state CDC_UNUSED)
{
	static const char *const bad[] = { "", "{}", "[1]", "[null]", "[[\"a\"]]", "[{}]", "\"a\"", "[\"a\"" };
	CDC_BUF_CLEANUP struct cdc_buf names = CDC_BUF_INIT;
	struct cdc_err err;

	expect(read_names("[\"a\",\"b/c %\",\"\\u00fc\",\"\"]", &names, &err) == 0, "%s", err.text);
	expect_text("names", names.text, "a;b/c %;\xc3\xbc;;");
	expect(read_names("[]", &names, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < CDC_LEN(bad); i++)
		expect(read_names(bad[i], &names, &err) < 0 && err.kind == CDC_ERR_PROTOCOL, "%s was taken", bad[i]);
}

static void test_members(void **state CDC_UNUSED)
{
	static const struct {
		const char *text, *value; /* NULL: none */
	} rows[] = {
		{ "{\"error_code\":409,\"message\":\"wait\"}", "wait" }, { "{\"a\":{\"message\":\"no\"},\"message\":\"yes\"}", "yes" },
		{ "{\"message\":1}", NULL }, { "{}", NULL }, { "[]", NULL }, { "", NULL }, { "{\"message\":\"cut", NULL }, { "x", NULL },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf value = CDC_BUF_INIT;
		bool found = cdc_connect_member(rows[i].text, "message", &value);

		expect(found == (rows[i].value != NULL), "%s: %d", rows[i].text, found);
		expect_text(rows[i].text, found ? value.text : "", rows[i].value ? rows[i].value : "");
	}
}

static void test_answers(void **state CDC_UNUSED)
{
	assert_true(cdc_connect_is_rebalance(409, ""));
	assert_true(cdc_connect_is_rebalance(500, "{\"message\":\"Request cannot be completed because a rebalance is expected\"}"));
	assert_true(cdc_connect_is_rebalance(500, "Rebalancing"));
	assert_false(cdc_connect_is_rebalance(500, "Request timed out"));
	assert_false(cdc_connect_is_rebalance(200, "rebalance"));
	assert_true(cdc_connect_is_starting(404, "<html>"));
	assert_true(cdc_connect_is_starting(404,
	    "{\n    \"message\":\"Not Found\",\n    \"url\":\"http://127.0.0.1:1/connectors\",\n    \"status\":\"404\"\n}"));
	assert_false(cdc_connect_is_starting(404, ""));
	assert_false(cdc_connect_is_starting(404, "not found"));
	assert_false(cdc_connect_is_starting(404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}"));
	assert_false(cdc_connect_is_starting(503, "<html>"));
}

static void test_seen(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_seen_release) struct cdc_seen seen = { 0 };
	char name[20];

	assert_false(cdc_seen_has(&seen, "a"));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			snprintf(name, sizeof(name), "c-%d", i);
			expect(cdc_seen_add(&seen, name) == (round == 0), "%s in round %d", name, round);
			expect(cdc_seen_has(&seen, name), "%s is not there", name);
		}
	}
	assert_int_equal(seen.count, 5000);
	assert_true(cdc_seen_add(&seen, ""));
	assert_false(cdc_seen_has(&seen, "c-5000"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traces),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_no_lists),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
