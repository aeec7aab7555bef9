/*
 * lib/cdc/debezium_metrics: every name and every form of labels that is known from exporters and their rules
 * (the origins are listed in debezium_metrics.h), and those that only look like them.
 */
#include "tests/unit/unit.h"

#include "cdc/debezium_metrics.h"

#define MS  true
#define ONE false

static const struct {
	const char *name;
	enum cdc_dbz_field field;
	bool milliseconds;
	enum cdc_dbz_context context;
	const char *type;
} names[] = {
	/* Debezium's examples, Confluent's monitoring stacks, Debezium Server's metrics.yml */
	{ "debezium_metrics_MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_MilliSecondsSinceLastEvent", CDC_DBZ_SILENCE, MS, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_Connected", CDC_DBZ_CONNECTED, ONE, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_TotalNumberOfEventsSeen", CDC_DBZ_EVENTS, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_NumberOfEventsFiltered", CDC_DBZ_FILTERED, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_NumberOfErroneousEvents", CDC_DBZ_ERRONEOUS, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_NumberOfCommittedTransactions", CDC_DBZ_TRANSACTIONS, ONE, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_QueueTotalCapacity", CDC_DBZ_QUEUE_TOTAL, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_QueueRemainingCapacity", CDC_DBZ_QUEUE_REMAINING, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_MaxQueueSizeInBytes", CDC_DBZ_QUEUE_BYTES_MAX, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_CurrentQueueSizeInBytes", CDC_DBZ_QUEUE_BYTES, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_SnapshotRunning", CDC_DBZ_SNAPSHOT_RUNNING, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_SnapshotPaused", CDC_DBZ_SNAPSHOT_PAUSED, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_SnapshotAborted", CDC_DBZ_SNAPSHOT_ABORTED, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_SnapshotDurationInSeconds", CDC_DBZ_SNAPSHOT_DURATION, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_TotalTableCount", CDC_DBZ_TABLES_TOTAL, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_RemainingTableCount", CDC_DBZ_TABLES_REMAINING, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_RowsScanned", CDC_DBZ_ROWS_SCANNED, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_metrics_ChangesRecovered", CDC_DBZ_CHANGES_RECOVERED, ONE, CDC_DBZ_SCHEMA_HISTORY, "" },
	{ "debezium_metrics_BinlogPosition", CDC_DBZ_BINLOG, ONE, CDC_DBZ_STREAMING, "" },
	/* a rule of type COUNTER */
	{ "debezium_metrics_TotalNumberOfEventsSeen_total", CDC_DBZ_EVENTS, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_RowsScanned_total", CDC_DBZ_ROWS_SCANNED, ONE, CDC_DBZ_SNAPSHOT, "" },
	/* lower case */
	{ "debezium_metrics_millisecondsbehindsource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_queueremainingcapacity", CDC_DBZ_QUEUE_REMAINING, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	/* default export */
	{ "debezium_postgres_connector_metrics_MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "postgres" },
	{ "debezium_mysql_connector_metrics_Connected", CDC_DBZ_CONNECTED, ONE, CDC_DBZ_STREAMING, "mysql" },
	{ "debezium_sql_server_connector_metrics_QueueTotalCapacity", CDC_DBZ_QUEUE_TOTAL, ONE, CDC_DBZ_ANY_CONTEXT, "sqlserver" },
	{ "debezium_mongodb_connector_metrics_milliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "mongodb" },
	{ "debezium_mariadb_connector_metrics_millisecondssincelastevent", CDC_DBZ_SILENCE, MS, CDC_DBZ_ANY_CONTEXT, "mariadb" },
	{ "debezium_oracle_connector_metrics_MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "oracle" },
	/* per plugin and context */
	{ "debezium_mysql_streaming_MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "mysql" },
	{ "debezium_streaming_millisecondsbehindsource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_streaming_QueueRemainingCapacity", CDC_DBZ_QUEUE_REMAINING, ONE, CDC_DBZ_STREAMING, "" },
	{ "debezium_mysql_snapshot_QueueRemainingCapacity", CDC_DBZ_QUEUE_REMAINING, ONE, CDC_DBZ_SNAPSHOT, "mysql" },
	{ "debezium_mysql_snapshot_SnapshotRunning", CDC_DBZ_SNAPSHOT_RUNNING, ONE, CDC_DBZ_SNAPSHOT, "mysql" },
	{ "debezium_mysql_connected", CDC_DBZ_CONNECTED, ONE, CDC_DBZ_STREAMING, "mysql" },
	/* snake case */
	{ "debezium_milliseconds_behind_source", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_milliseconds_behind_source", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_milli_seconds_behind_source", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_oracle_connector_milliseconds_behind_source", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "oracle" },
	{ "debezium_metrics_total_number_of_events_seen", CDC_DBZ_EVENTS, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	/* free names, and names behind a prefix of the site */
	{ "debezium_connector_MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_streaming_lag_ms", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "prod_Debezium_metrics_MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium.metrics.MilliSecondsBehindSource", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	/* OpenTelemetry, as a collector's Prometheus exporter names them */
	{ "debezium_source_lag_seconds", CDC_DBZ_LAG, ONE, CDC_DBZ_STREAMING, "" },
	{ "debezium_event_time_since_last_seconds", CDC_DBZ_SILENCE, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_queue_limit", CDC_DBZ_QUEUE_TOTAL, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_queue_remaining_capacity", CDC_DBZ_QUEUE_REMAINING, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_queue_size_bytes", CDC_DBZ_QUEUE_BYTES, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_queue_size_limit_bytes", CDC_DBZ_QUEUE_BYTES_MAX, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_event_count_total", CDC_DBZ_EVENTS, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_event_erroneous_count_total", CDC_DBZ_ERRONEOUS, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_event_filtered_count_total", CDC_DBZ_FILTERED, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_transaction_committed_count_total", CDC_DBZ_TRANSACTIONS, ONE, CDC_DBZ_STREAMING, "" },
	{ "debezium_connection_status", CDC_DBZ_CONNECTED, ONE, CDC_DBZ_STREAMING, "" },
	{ "debezium_snapshot_running", CDC_DBZ_SNAPSHOT_RUNNING, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_snapshot_aborted", CDC_DBZ_SNAPSHOT_ABORTED, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_snapshot_table_count", CDC_DBZ_TABLES_TOTAL, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_snapshot_table_remaining_count", CDC_DBZ_TABLES_REMAINING, ONE, CDC_DBZ_SNAPSHOT, "" },
	{ "debezium_snapshot_duration_seconds", CDC_DBZ_SNAPSHOT_DURATION, ONE, CDC_DBZ_SNAPSHOT, "" },
	/* its older configuration */
	{ "debezium_metrics_MilliSecondsBehindSource_milliseconds", CDC_DBZ_LAG, MS, CDC_DBZ_STREAMING, "" },
	{ "debezium_metrics_MilliSecondsSinceLastEvent_milliseconds", CDC_DBZ_SILENCE, MS, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_CurrentQueueSizeInBytes_bytes", CDC_DBZ_QUEUE_BYTES, ONE, CDC_DBZ_ANY_CONTEXT, "" },
	{ "debezium_metrics_SnapshotDurationInSeconds_seconds", CDC_DBZ_SNAPSHOT_DURATION, ONE, CDC_DBZ_SNAPSHOT, "" },
	/* what only resembles the lag, and everything else */
	{ "debezium_metrics_MilliSecondsBehindSourceMinValue", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_MilliSecondsBehindSourceMaxValue", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_MilliSecondsBehindSourceAverageValue", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_MilliSecondsBehindSourceP50", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_milliseconds_behind_source_p95", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_MilliSecondsBehindSourceP99", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_NumberOfDisconnects", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_disconnected", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_TotalNumberOfCreateEventsSeen", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_create_events_count", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_create_events_count_total", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_oracle_connector_metrics_LagFromSourceInMilliseconds", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_MilliSecondsSinceLastRecoveredChange", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_SnapshotPausedDurationInSeconds", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_snapshot_paused_duration_seconds", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium_metrics_TotalNumberOfEventsSeen_created", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "debezium", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "MilliSecondsBehindSource", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "my_MilliSecondsBehindSource_debezium", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "kafka_connect_connector_status", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "zzzz", CDC_DBZ_NONE, ONE, 0, NULL },
	{ "", CDC_DBZ_NONE, ONE, 0, NULL },
};

static void test_names(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(names); i++) {
		struct cdc_dbz_name name = { .field = CDC_DBZ_NONE };
		bool known = cdc_dbz_read_name(names[i].name, strlen(names[i].name), &name);

		expect(known == (names[i].field != CDC_DBZ_NONE), "%s is %sknown", names[i].name, known ? "" : "not ");
		if (!known)
			continue;
		expect(name.field == names[i].field, "%s is field %d", names[i].name, (int)name.field);
		expect(name.milliseconds == names[i].milliseconds, "%s has another unit", names[i].name);
		expect(name.context == names[i].context, "%s is of context %d", names[i].name, (int)name.context);
		expect_text(names[i].name, name.type, names[i].type);
	}
}

static const struct {
	struct cdc_label labels[6];
	const char *place; /* server/database/task/instance/type/context, "!" in front when negated */
} places[] = {
	{ { { "plugin", "postgres" }, { "name", "orders" }, { "context", "streaming" } }, "orders////postgres/1" },
	{ { { "server", "S" }, { "task", "0" }, { "context", "snapshot" }, { "database", "D" } }, "S/D/0///2" },
	{ { { "context", "schema-history" }, { "server", "S" } }, "S/////3" },
	{ { { "context", "binlog" }, { "plugin", "mysql" }, { "name", "S" } }, "S////mysql/1" },
	/* rules that take too much */
	{ { { "plugin", "mongodb" }, { "name", "S, task=0" }, { "context", "streaming" } }, "S//0//mongodb/1" },
	{ { { "plugin", "postgres" }, { "name", "pgtag, env=prod, dc=\"north \\\"1\\\"\", note=\"a/b;c\"" } },
	    "pgtag////postgres/0" },
	{ { { "name", "S" }, { "context", "streaming, env=prod" }, { "plugin", "sql_server" }, { "task", "1" } },
	    "S//1//sqlserver/1" },
	{ { { "name", "S, key=public.t" }, { "plugin", "postgres" } }, "S////postgres/0" },
	{ { { "name", "S,task=7,database=D" } }, "S/D/7///0" },
	{ { { "name", "a,b" } }, "a,b/////0" },
	{ { { "database", "\"my db,1\"" }, { "server", "S" } }, "S/my db,1////0" },
	{ { { "database", "\"a\\\"b\"" }, { "server", "S" } }, "S/a\"b////0" },
	{ { { "database", "\"a,b=c\\\"d\"" }, { "server", "S" } }, "S/a,b=c\"d////0" },
	{ { { "name", "S, dc=\"x, task=1\", task=2" } }, "S//2///0" },
	/* a custom.metric.tags of the same name as the label does not take its place */
	{ { { "name", "S, name=other, connector=C" }, { "plugin", "postgres" } }, "S////postgres/0" },
	{ { { "context", "streaming, context=snapshot" }, { "server", "S" } }, "S/////1" },
	/* which of several labels is the server */
	{ { { "name", "N" }, { "connector", "C" }, { "server", "S" } }, "S/////0" },
	{ { { "connector", "C" }, { "name", "N" } }, "N/////0" },
	{ { { "connector", "C" } }, "C/////0" },
	{ { { "connector", "mysql" }, { "server", "S" }, { "context", "streaming" } }, "S////mysql/1" },
	{ { { "connector", "orders-connector" }, { "server", "S" } }, "S/////0" },
	{ { { "debezium_logical_name", "S" }, { "debezium_context", "streaming" }, { "debezium_task_id", "0" },
	      { "debezium_database", "D" }, { "service_name", "x" } }, "S/D/0///1" },
	/* Prometheus */
	{ { { "instance", "c1:9404" }, { "job", "connect" }, { "name", "S" } }, "S///c1:9404//0" },
	/* OpenTelemetry's states */
	{ { { "debezium_logical_name", "S" }, { "debezium_connection_state", "connected" } }, "S/////0" },
	{ { { "debezium_logical_name", "S" }, { "debezium_connection_state", "disconnected" } }, "!S/////0" },
	{ { { "name", "S" }, { "debezium_snapshot_running", "not_running" } }, "!S/////0" },
	{ { { "name", "S" }, { "debezium_snapshot_running_state", "idle" } }, "!S/////0" },
	{ { { "name", "S" }, { "debezium_snapshot_aborted_state", "aborted" } }, "S/////0" },
	{ { { "debezium_logical_name", "not_prod" }, { "debezium_snapshot_running_state", "running" } }, "not_prod/////0" },
	{ { { "plugin", "nothing-known" }, { "name", "S" } }, "S/////0" },
	{ { { "le", "5" } }, "/////0" },
};

static void test_labels(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(places); i++) {
		struct cdc_sample sample = { .name = "x", .labels = places[i].labels };
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
		struct cdc_dbz_place place;

		while (places[i].labels[sample.label_count].name)
			sample.label_count++;
		assert_true(cdc_dbz_read_labels(&sample, &place));
		cdc_buf_addf(&text, "%s%s/%s/%s/%s/%s/%d", place.negated ? "!" : "", place.server, place.database, place.task,
		    place.instance, place.type, (int)place.context);
		expect_text(places[i].place, text.text, places[i].place);
	}
}

static void test_long_label(void **state CDC_UNUSED)
{
	char text[CDC_DBZ_NAME_MAX + 1];
	struct cdc_label label = { "server", text };
	struct cdc_sample sample = { .labels = &label, .label_count = 1 };
	struct cdc_dbz_place place;

	memset(text, 'a', sizeof(text));
	text[CDC_DBZ_NAME_MAX] = '\0';
	assert_false(cdc_dbz_read_labels(&sample, &place));
	text[CDC_DBZ_NAME_MAX - 1] = '\0';
	assert_true(cdc_dbz_read_labels(&sample, &place));
}

static void test_types(void **state CDC_UNUSED)
{
	expect_text("PostgreSQL", cdc_dbz_type("PostgreSQL"), "postgres");
	expect_text("sql_server", cdc_dbz_type("sql_server"), "sqlserver");
	expect_text("SqlServer", cdc_dbz_type("SqlServer"), "sqlserver");
	assert_null(cdc_dbz_type("orders"));
	assert_null(cdc_dbz_type(""));
	assert_true(cdc_dbz_reads_binlog("mysql") && cdc_dbz_reads_binlog("mariadb"));
	assert_false(cdc_dbz_reads_binlog("postgres"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_long_label),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
