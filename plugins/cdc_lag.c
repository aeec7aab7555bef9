/*
 * check_cdc_lag: its tables. What is judged is in cdc_lag_judge.c and its neighbours.
 */
#include "plugins/cdc_lag_internal.h"

#define CONFIG(field, type_wanted) CDC_FIELD(struct cdc_lag_config, field, type_wanted)

/* The first is "not given". */
static const char *const type_names[] = { "all", "postgres", "mysql", "mariadb", "sqlserver", "oracle", "mongodb", "db2",
	"informix", "vitess", "cassandra", "spanner", "cockroachdb", NULL };

static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "Where Debezium's metrics are (one kind)" },
	{ .type = CDC_OPT_LIST, .name = "metrics-url", .metavar = "URL", .offset = CONFIG(metrics_urls, struct cdc_strings),
	    .help = "A Prometheus page: the JMX exporter of a Connect worker, Debezium Server, an OpenTelemetry collector. "
		    "Repeat it for every worker of the cluster." },
	{ .type = CDC_OPT_LIST, .name = "prometheus-url", .metavar = "URL",
	    .offset = CONFIG(prometheus_urls, struct cdc_strings),
	    .help = "A Prometheus server, or one that speaks its query API; repeatable." },
	{ .type = CDC_OPT_LIST, .name = "prometheus-label", .metavar = "LABEL=VALUE",
	    .offset = CONFIG(prometheus_labels, struct cdc_strings),
	    .help = "Ask the Prometheus server only for series with this label; repeatable." },
	{ .type = CDC_OPT_LIST, .name = "jolokia-url", .metavar = "URL", .offset = CONFIG(jolokia_urls, struct cdc_strings),
	    .help = "A Jolokia agent 1.x or 2.x; repeat it for every worker of the cluster." },
	{ .type = CDC_OPT_LIST, .name = "metrics-file", .metavar = "FILE", .offset = CONFIG(files, struct cdc_strings),
	    .help = "A saved Prometheus page, - for standard input; repeatable." },
	{ .type = CDC_OPT_GROUP, .name = "HTTP", .group = cdc_http_options, .offset = CONFIG(http, struct cdc_http_params) },
	{ .type = CDC_OPT_GROUP, .name = "Connectors" },
	CDC_OPTION_NAMES('n', "server", "NAME",
	    "Judge the connector with this topic.prefix, which must be there; repeatable.", struct cdc_lag_config),
	{ .type = CDC_OPT_CHOICE, .name = "connector-type", .metavar = "TYPE", .initial = "all", .choices = type_names,
	    .offset = CONFIG(type, int),
	    .help = "Judge connectors of this type only, unless named: postgres, mysql, mariadb, sqlserver, oracle, mongodb, "
		    "db2 ... or all. Where the metrics do not say their type, it is this one." },
	{ .type = CDC_OPT_DURATION, .name = "max-age", .metavar = "DURATION", .initial = "2m",
	    .offset = CONFIG(max_age_ms, int64_t), .help = "Samples, and saved pages, that are older are stale." },
	{ .type = CDC_OPT_DURATION, .name = "keepalive", .metavar = "DURATION", .initial = "60s", .min = 1,
	    .offset = CONFIG(keepalive_ms, int64_t),
	    .help = "connect.keep.alive.interval.ms of MySQL and MariaDB connectors: their server sends a heartbeat after "
		    "0.8 of it." },
	CDC_OPTION_END,
};

static const struct cdc_metric metrics[CDC_LAG_METRICS] = {
	[LAG] = { .name = "lag", .unit = CDC_SECONDS, .main = true, .shown = true, .has_min = true,
	    .phrase = "%s behind its source", .warning = "5s", .critical = "30s",
	    .help = "MilliSecondsBehindSource, while there is evidence that it is fresh; with a full queue plus silence" },
	[SILENCE] = { .name = "silence", .unit = CDC_SECONDS, .has_min = true, .phrase = "last event %s ago",
	    .help = "MilliSecondsSinceLastEvent" },
	[QUEUE] = { .name = "queue", .unit = CDC_PERCENT, .has_min = true, .has_max = true, .max = 100,
	    .phrase = "queue %s full", .warning = "90",
	    .help = "how full the queue between the source and Kafka is; while it is full, queue-full decides" },
	[QUEUE_BYTES] = { .name = "queue-bytes", .unit = CDC_PERCENT, .has_min = true,
	    .phrase = "queue at %s of its size in bytes", .help = "the same of max.queue.size.in.bytes, where that is set" },
	[EVENTS] = { .name = "events", .unit = CDC_COUNTER, .has_min = true, .phrase = "%s events",
	    .help = "events since the task started; binary log events for MySQL and MariaDB" },
	[FILTERED] = { .name = "filtered", .unit = CDC_COUNTER, .has_min = true, .phrase = "%s events filtered",
	    .help = "events left out by include and exclude lists" },
	[ERRONEOUS_EVENTS] = { .name = "erroneous", .unit = CDC_COUNTER, .has_min = true, .phrase = "%s erroneous events",
	    .help = "events that could not be processed since the task started" },
	[TRANSACTIONS] = { .name = "transactions", .unit = CDC_COUNTER, .has_min = true,
	    .phrase = "%s transactions", .help = "committed transactions since the task started" },
	[SNAPSHOT_REMAINING] = { .name = "snapshot-remaining", .unit = CDC_COUNT, .has_min = true,
	    .phrase = "%s tables left", .help = "while a snapshot runs: tables that are still to be read" },
	[SNAPSHOT_DURATION] = { .name = "snapshot-duration", .unit = CDC_SECONDS, .has_min = true,
	    .phrase = "snapshot for %s", .help = "how long the running snapshot has taken so far" },
	[SNAPSHOT_ROWS] = { .name = "snapshot-rows", .unit = CDC_COUNTER, .has_min = true, .phrase = "%s rows",
	    .help = "rows that the running snapshot has read" },
	[CONNECTED] = { .name = "connected", .unit = CDC_COUNT, .has_min = true, .has_max = true, .max = 1,
	    .phrase = "connected is %s", .help = "1 while it streams, else 0 (also during a first snapshot)" },
};

#define OWN(condition) [(condition) - CDC_COND_OWN]
/* A task that is restarted is missing for one look and disconnected in the next: one timer. */
#define AWAY .grace = true, .timer = "away"

static const struct cdc_condition conditions[CDC_LAG_CONDITIONS - CDC_COND_OWN] = {
	OWN(OWN_MISSING) = { "missing", CDC_CRITICAL,
	    "a named server has no series: its task is dead, or on a worker that was not asked", AWAY },
	OWN(OWN_VANISHED) = { "vanished", CDC_WARNING,
	    "a server that an earlier run judged, not named and not excluded, has no series now", .held = true, AWAY },
	OWN(NO_DEBEZIUM) = { "no-debezium", CDC_UNKNOWN, "there are no series of Debezium at all" },
	OWN(SCRAPE_ERROR) = { "scrape-error", CDC_CRITICAL,
	    "the exporter could not read the beans (jmx_scrape_error is 1), or Prometheus not the exporter (up is 0)" },
	OWN(WORKER_DOWN) = { "worker-down", CDC_WARNING, "a worker did not answer while another one did" },
	OWN(DISCONNECTED) = { "disconnected", CDC_CRITICAL,
	    "Connected is 0, and no snapshot or schema recovery runs", AWAY },
	OWN(RESTART_LOOP) = { "restart-loop", CDC_WARNING,
	    "totals fell or the series were absent in 3 or more runs of the last hour: the task dies and is restarted" },
	OWN(NO_EVENT) = { "no-event", CDC_OK, "connected, and no event since the task started" },
	OWN(IDLE) = { "idle", CDC_OK, "nothing says that the gauge of the lag is fresh: no change came since then" },
	OWN(STALLED) = { "stalled", CDC_CRITICAL,
	    "MySQL and MariaDB: connected, and silent for more than two heartbeat periods" },
	OWN(QUEUE_FULL) = { "queue-full", CDC_WARNING, "the queue is full: back-pressure from Kafka", .metric = "queue",
	    .grace = true },
	OWN(ERRONEOUS) = { "erroneous", CDC_WARNING, "there were erroneous events since the last run",
	    .metric = "erroneous", .held = true },
	OWN(SNAPSHOT) = { "snapshot", CDC_OK, "a snapshot runs: initial, blocking or incremental" },
	OWN(SNAPSHOT_STALLED) = { "snapshot-stalled", CDC_WARNING,
	    "a snapshot runs, and its rows, remaining tables and events did not change for 30m" },
	OWN(SNAPSHOT_ABORTED) = { "snapshot-aborted", CDC_CRITICAL, "SnapshotAborted is 1" },
	OWN(DUPLICATE) = { "duplicate", CDC_WARNING, "two workers show the same server and task" },
	OWN(STALE) = { "stale", CDC_WARNING, "the sample is older than --max-age" },
	OWN(CLOCK_SKEW) = { "clock-skew", CDC_OK,
	    "lag or silence is negative: the clocks of the database and of the worker differ" },
};

static const char *const labels[] = { "SERVER", "TYPE", "TASK", "DATABASE", NULL };

/* A lag counts when it lasts: a large transaction is no incident. */
static const struct cdc_default defaults[] = { { "warning-for", "2m" }, { "critical-for", "5m" }, { NULL, NULL } };

static const struct cdc_example examples[] = {
	{ "-n orders --metrics-url=connect1:9404/metrics",
	    "One connector, by the JMX exporter; give --metrics-url for each worker that may run it." },
	{ "--prometheus-url=prometheus:9090 --prometheus-label=job=connect",
	    "All connectors that Prometheus knows in that job." },
	{ "--jolokia-url=connect1:8778/jolokia --critical-silence=10m",
	    "Those of one worker, by Jolokia; CRITICAL when one is silent for ten minutes." },
	{ "--metrics-file=/var/lib/node_exporter/connect.prom --max-age=5m", "A saved page." },
	{ NULL, NULL },
};

const char *cdc_lag_type(const struct cdc_lag_config *config)
{
	return config->type ? type_names[config->type] : NULL;
}

const char *cdc_lag_selection(const struct cdc_lag_config *config)
{
	return type_names[config->type];
}

static int check_label(const char *text, struct cdc_err *err)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (n == 0 || text[n] != '=')
		return cdc_fail(err, CDC_ERR_USAGE, "--prometheus-label: '%.100s': LABEL=VALUE is expected", text);
	return 0;
}

int cdc_lag_check_config(const struct cdc_lag_config *config, struct cdc_err *err)
{
	int kinds = (config->metrics_urls.count > 0) + (config->prometheus_urls.count > 0) +
	    (config->jolokia_urls.count > 0) + (config->files.count > 0);

	if (kinds == 0)
		return cdc_fail(err, CDC_ERR_USAGE,
		    "one of --metrics-url, --prometheus-url, --jolokia-url, --metrics-file is needed (see --help)");
	if (kinds > 1)
		return cdc_fail(err, CDC_ERR_USAGE,
		    "--metrics-url, --prometheus-url, --jolokia-url and --metrics-file exclude each other");
	if (config->prometheus_labels.count > 0 && config->prometheus_urls.count == 0)
		return cdc_fail(err, CDC_ERR_USAGE, "--prometheus-label needs --prometheus-url");
	for (size_t i = 0; i < config->prometheus_labels.count; i++)
		if (check_label(config->prometheus_labels.at[i], err) < 0)
			return -1;
	return 0;
}

const struct cdc_plugin cdc_lag_plugin = {
	.name = "check_cdc_lag",
	.question = "How far is a Debezium connector behind its source?",
	.noun = "connector",
	.nouns = "connectors",
	.config_size = sizeof(struct cdc_lag_config),
	.options = options,
	.metrics = metrics,
	.metric_count = CDC_LAG_METRICS,
	.conditions = conditions,
	.condition_count = CDC_LEN(conditions),
	.labels = labels,
	.examples = examples,
	.defaults = defaults,
};
