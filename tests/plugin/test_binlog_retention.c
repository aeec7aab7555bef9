/*
 * check_binlog_retention over recorded facts: what it says of MySQL 5.7 to 9.7 and MariaDB 10.5 to 11.8 in every
 * situation that was recorded is in binlog_retention.expected. Below it what only changed answers can show.
 */
#include "tests/plugin/play_binlog_retention.h"

#include <inttypes.h>

#define DAY (24 * HOUR)

static char *play(const char *name, const char *options)
{
	struct answers answers;
	struct stage stage;
	char *output;

	answers_load(&answers, name);
	stage_open(&stage, &binlog_retention_plugin, options);
	answers_run(&stage, &answers, 0);
	output = stage_output(&stage);
	stage_close(&stage);
	answers_release(&answers);
	return output;
}

static void test_recorded(void **state CDC_UNUSED)
{
	facts_expect("binlog_retention", "variables", play);
}

/* A variable changed, and what is said then: a state and a part of the output. */
static void test_variables(void **state CDC_UNUSED)
{
	static const struct {
		const char *facts, *variable, *value, *options;
		enum cdc_state state;
		const char *part;
	} rows[] = {
		{ "8.0.15-old", "binlog_expire_logs_seconds", "604800", "", CDC_OK, "server.retention=604800s" },
		{ "8.0.15-old", "binlog_expire_logs_seconds", "604799", "", CDC_WARNING, "server.retention=604799s" },
		{ "8.0.15-old", "binlog_expire_logs_seconds", "259199", "", CDC_CRITICAL, "seconds is 259199" },
		{ "8.0.15-old", "binlog_expire_logs_seconds", "4294967295", "", CDC_OK, "server.retention=4294967295s" },
		{ "8.0.15-never", "expire_logs_days", "99", "", CDC_OK, "server.retention=8553600s" },
		{ "8.0.33-old", "binlog_expire_logs_auto_purge", "OFF", "", CDC_OK, "never removes logs" },
		{ "10.5-never", "expire_logs_days", "0.5", "", CDC_CRITICAL, "server.retention=43200s" },
		{ "10.11-old", "binlog_format", "MIXED", "", CDC_CRITICAL, "binlog_format is MIXED" },
		{ "10.11-old", "binlog_row_image", "FULL_NODUP", "", CDC_WARNING, "FULL_NODUP" },
		{ "9.7-old", "binlog_row_value_options", "PARTIAL_JSON", "", CDC_WARNING, "PARTIAL_JSON" },
		{ "11.8-sized", "slave_connections_needed_for_purge", "0", "", CDC_WARNING,
		    "how long is not known yet, keeps" },
		{ "8.0.15-old", "log_bin", "OFF", "", CDC_CRITICAL, "nothing to read" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		struct answers answers;
		struct stage stage;

		answers_load(&answers, rows[i].facts);
		answers_set(&answers, BINLOG_VARIABLES, rows[i].variable, rows[i].value);
		stage_open(&stage, &binlog_retention_plugin, rows[i].options);
		answers_run(&stage, &answers, 0);
		output = stage_output(&stage);
		expect(stage.check.result.state == rows[i].state, "%s=%s\n      got: %s", rows[i].variable, rows[i].value,
		    output);
		expect_part(rows[i].variable, output, rows[i].part);
		stage_close(&stage);
		answers_release(&answers);
	}
}

/* A server of a flavour that none was at hand of: MySQL, and a variable more (Percona, Aurora: their manuals). */
static void test_added_variables(void **state CDC_UNUSED)
{
	static const struct {
		const char *facts, *variable, *value, *options;
		unsigned rds_error; /* 0: as recorded, 1142 */
		enum cdc_state state;
		const char *part;
	} rows[] = {
		{ "8.0.15-old", "binlog_space_limit", "10737418240", "", 0, CDC_WARNING, "binlog_space_limit is 10.0 GiB" },
		{ "8.0.15-old", "binlog_space_limit", "18446744073709551615", "", 0, CDC_WARNING, "is 8.0 EiB" },
		{ "8.0.15-never", "binlog_space_limit", "10737418240", "", 0, CDC_WARNING, "!never removes" },
		{ "8.0.15-old", "binlog_space_limit", "0", "", 0, CDC_OK, "keeps logs for 7d" },
		{ "8.0.15-old", "binlog_space_limit", "10737418240", "--binlog-file b.000002 --on size-limited=ok", 0,
		    CDC_OK, "reader.behind" },
		{ "8.0.15-old", "aurora_version", "3.04.0", "", 0, CDC_UNKNOWN,
		    "GRANT SELECT ON mysql.rds_configuration TO" },
		{ "8.0.15-old", "aurora_version", "3.04.0", "", 1146, CDC_CRITICAL, "has no 'binlog retention hours'" },
		{ "8.0.15-old", "something_else", "1", "", 1146, CDC_OK, "keeps logs for 7d" },
		{ "8.0.15-old", "aurora_version", "3.04.0", "--binlog-file b.000003", 1146, CDC_CRITICAL,
		    "its log goes as soon as possible" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		struct answers answers;
		struct stage stage;

		answers_load(&answers, rows[i].facts);
		answers_add(&answers, rows[i].variable, rows[i].value);
		if (rows[i].rds_error)
			answers.queries[BINLOG_RDS].error = rows[i].rds_error;
		stage_open(&stage, &binlog_retention_plugin, rows[i].options);
		answers_run(&stage, &answers, 0);
		output = stage_output(&stage);
		expect(stage.check.result.state == rows[i].state, "%s=%s\n      got: %s", rows[i].variable, rows[i].value,
		    output);
		if (*rows[i].part == '!')
			expect(!strstr(output, rows[i].part + 1), "%s\n      got: %s", rows[i].variable, output);
		else
			expect_part(rows[i].variable, output, rows[i].part);
		stage_close(&stage);
		answers_release(&answers);
	}
}

/* No list of files, no reader, no value: what nobody could see is not fine. */
static void test_nothing_seen(void **state CDC_UNUSED)
{
	static const struct {
		const char *facts, *options;
		bool empty;
		enum cdc_state state;
		const char *part;
	} rows[] = {
		{ "8.0.15-no-rights", "--binlog-file b.000003", false, CDC_UNKNOWN,
		    "reader cannot be judged: GRANT REPLICATION CLIENT ON" },
		{ "10.11-no-rights", "--binlog-file b.000003", false, CDC_UNKNOWN,
		    "reader cannot be judged: GRANT BINLOG MONITOR ON" },
		{ "8.0.15-old", "--binlog-file b.000003", true, CDC_CRITICAL, "lists no binary log" },
		{ "8.0.15-old", "--binlog-file b.000001 --exclude reader", false, CDC_OK, "OK - server: keeps" },
		{ "8.0.15-old", "--binlog-file b.000001 --include x", false, CDC_CRITICAL, "reader cannot continue" },
		{ "8.0.15-old", "--include reader", false, CDC_UNKNOWN, "nothing that --include names" },
		{ "8.0.15-old", "--include server", false, CDC_OK, "OK - server: keeps" },
		{ "8.0.15-old", "--critical-behind=1", false, CDC_OK, "behind has no value: --binlog-file" },
		{ "8.0.15-old", "--critical-rate=1", false, CDC_OK, "rate has no value (" },
		{ "8.0.15-old", "--critical-headroom=1:", false, CDC_OK, "headroom has no value (--size-limit" },
		{ "8.0.15-old", "--critical-oldest=1d:", false, CDC_OK, "oldest has no value (" },
		{ "8.0.15-old", "--critical-time-to-loss=1d: --binlog-file b.000003", false, CDC_OK,
		    "time-to-loss has no value (when its log goes is not known" },
		{ "8.0.15-old", "--critical-behind=1 --binlog-file b.000001", false, CDC_CRITICAL,
		    "behind has no value (its file is not listed)" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		struct answers answers;
		struct cdc_rows *files = &answers.queries[BINLOG_FILES].rows;
		struct stage stage;
		size_t count;

		answers_load(&answers, rows[i].facts);
		count = files->count;
		if (rows[i].empty)
			files->count = 0;
		stage_open(&stage, &binlog_retention_plugin, rows[i].options);
		answers_run(&stage, &answers, 0);
		output = stage_output(&stage);
		expect(stage.check.result.state == rows[i].state, "%s\n      got: %s", rows[i].options, output);
		expect_part(rows[i].options, output, rows[i].part);
		files->count = count;
		stage_close(&stage);
		answers_release(&answers);
	}
}

/* What a server cannot have answered. */
static void test_refused_answers(void **state CDC_UNUSED)
{
	static const struct {
		enum binlog_query query;
		const char *name, *value, *part;
	} rows[] = {
		{ BINLOG_VARIABLES, "expire_logs_days", "many", "expire_logs_days is 'many'" },
		{ BINLOG_VARIABLES, "binlog_expire_logs_seconds", "", "binlog_expire_logs_seconds is ''" },
		{ BINLOG_VARIABLES, "expire_logs_days", "-1", "expire_logs_days is '-1'" },
		{ BINLOG_UPTIME, "Uptime", "-1", "Uptime is '-1'" },
		{ BINLOG_UPTIME, "Uptime", "9223372036854775807", "Uptime is" },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct binlog_retention_facts facts;
		struct answers answers;
		struct cdc_err err = { 0 };

		answers_load(&answers, "10.11-old");
		answers_set(&answers, rows[i].query, rows[i].name, rows[i].value);
		assert_int_equal(binlog_retention_parse(answers.queries, true, &facts, &err), -1);
		assert_int_equal(err.kind, CDC_ERR_PROTOCOL);
		expect_part(rows[i].name, err.text, rows[i].part);
		answers_release(&answers);
	}
}

/* The server is up for long, and its oldest log, with a number above 1, is young. */
static void test_gap(void **state CDC_UNUSED)
{
	static const struct {
		const char *name, *uptime, *expiry, *options;
		enum cdc_state state;
	} rows[] = {
		{ "older than half", "9999999", "604800", "", CDC_OK },
		{ "younger than half", "9999999", "1728000", "", CDC_WARNING },
		{ "as told", "9999999", "1728000", "--on gap=critical", CDC_CRITICAL },
		{ "started lately", "1728000", "1728000", "", CDC_OK },
		{ "never expires", "9999999", "0", "", CDC_OK },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf options = CDC_BUF_INIT;
		struct answers answers;
		struct stage stage;

		answers_load(&answers, "9.7-old");
		answers_set(&answers, BINLOG_UPTIME, "Uptime", rows[i].uptime);
		answers_set(&answers, BINLOG_VARIABLES, "binlog_expire_logs_seconds", rows[i].expiry);
		cdc_buf_addf(&options, "--probe-binlog %s", rows[i].options);
		stage_open(&stage, &binlog_retention_plugin, options.text);
		answers_run(&stage, &answers, 0);
		expect(stage.check.result.state == rows[i].state, "%s", rows[i].name);
		stage_close(&stage);
		answers_release(&answers);
	}
}

/* One run after the other: the server's clock and the monitoring host's go on by the same. */
struct step {
	int64_t after;
	const char *last_name, *last_size; /* of the last file; NULL: as before */
	const char *part;                  /* of the output, with "!" in front one that must not be there */
};

static void pass(struct answers *answers, int64_t milliseconds)
{
	struct cdc_rows *clock = &answers->queries[BINLOG_CLOCK].rows;
	int64_t uptime;
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, (answers_now(answers) + milliseconds) / 1000);
	facts_set(clock, 0, "now", text);
	if (!cdc_num_parse_int(cdc_rows_get(&answers->queries[BINLOG_UPTIME].rows, 0, "Value"), &uptime))
		fail_msg("the server has no uptime");
	snprintf(text, sizeof(text), "%" PRId64, uptime + milliseconds / 1000);
	answers_set(answers, BINLOG_UPTIME, "Uptime", text);
}

static void tell(const char *facts, const char *options, const struct step *steps, size_t count)
{
	struct answers answers;
	struct stage stage;
	int64_t now_ms = EPOCH;

	answers_load(&answers, facts);
	answers_set(&answers, BINLOG_UPTIME, "Uptime", "10000");
	stage_open(&stage, &binlog_retention_plugin, options);
	for (size_t i = 0; i < count; i++) {
		struct cdc_rows *files = &answers.queries[BINLOG_FILES].rows;
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		char name[40];

		now_ms += steps[i].after;
		pass(&answers, steps[i].after);
		if (steps[i].last_name)
			facts_set(files, files->count - 1, "Log_name", steps[i].last_name);
		if (steps[i].last_size)
			facts_set(files, files->count - 1, "File_size", steps[i].last_size);
		answers_run(&stage, &answers, now_ms);
		output = stage_output(&stage);
		snprintf(name, sizeof(name), "run %zu", i + 1);
		if (*steps[i].part == '!')
			expect(!strstr(output, steps[i].part + 1), "%s\n      got: %s", name, output);
		else
			expect_part(name, output, steps[i].part);
	}
	stage_close(&stage);
	answers_release(&answers);
}

#define TELL(facts, options, ...)                                                                            \
	do {                                                                                                 \
		static const struct step steps[] = { __VA_ARGS__ };                                          \
		tell(facts, options, steps, CDC_LEN(steps));                                                 \
	} while (0)

static void test_age_over_runs(void **state CDC_UNUSED)
{
	TELL("10.11-old", "", { 0, NULL, NULL, "!server.oldest" }, { 5 * MINUTE, NULL, NULL, "server.oldest=300s" },
	    { 5 * MINUTE, NULL, NULL, "oldest change at least 10m" });
	/* a threshold on what is not known makes no alert */
	TELL("10.11-old", "--critical-oldest=3d:", { 0, NULL, NULL, "!server.oldest" },
	    { 5 * MINUTE, NULL, NULL, "!server.oldest" }, { 3 * DAY, NULL, NULL, "server.oldest=259500s" });
	/* a clock that goes back tells nothing */
	TELL("10.11-old", "", { 0, NULL, NULL, "!server.oldest" }, { -HOUR, NULL, NULL, "!server.oldest" },
	    { 5 * MINUTE, NULL, NULL, "server.oldest=300s" });
	/* RESET: the numbers begin again */
	TELL("10.11-old", "", { 0, "b.000900", NULL, "!server.oldest" }, { 5 * MINUTE, "b.000005", NULL, "!server.oldest" });
}

/* b.000003 is the reader's, b.000004 the last; in the second story the last is the reader's, and then there is another. */
static void test_time_to_loss_over_runs(void **state CDC_UNUSED)
{
	/* the next file was there in the first run, so it is that old at least */
	TELL("10.11-old", "--binlog-file b.000003", { 0, NULL, NULL, "!reader.time-to-loss" },
	    { HOUR, NULL, NULL, "would lose its log in 6d 23h at most" },
	    { 5 * DAY + 12 * HOUR, NULL, NULL, "would lose its log in 1d 11h at most" },
	    { 22 * HOUR, NULL, NULL, "in 13h, less than 1d: at the latest binlog_expire_logs_seconds r" },
	    { 30 * DAY, NULL, NULL, "CRITICAL - reader would lose its log in 0 s" });
	TELL("10.11-old", "--binlog-file b.000003 --probe-binlog", { 0, NULL, NULL, "reader.time-to-loss=604" });
}

static void test_rate_over_runs(void **state CDC_UNUSED)
{
	TELL("10.11-old", "", { 0, NULL, "1000", "!server.rate" }, { 10 * MINUTE, NULL, "61000", "!server.rate" },
	    { 10 * MINUTE, NULL, "121000", "server.rate=100B" },
	    /* a file that shrank is another one */
	    { 10 * MINUTE, NULL, "500", "!server.rate" });
	/* the file that was the last is gone: nobody knows how much was written */
	TELL("10.11-old", "", { 0, NULL, "1000", "!server.rate" },
	    { 20 * MINUTE, "b.000999", "900000", "!server.rate" });
	TELL("11.8-sized", "", { 0, NULL, "1000", "how long is not known yet" },
	    { 20 * MINUTE, NULL, "1201000", "17m 28s at this rate" });
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_added_variables),
		cmocka_unit_test(test_nothing_seen),
		cmocka_unit_test(test_refused_answers),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_age_over_runs),
		cmocka_unit_test(test_time_to_loss_over_runs),
		cmocka_unit_test(test_rate_over_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
