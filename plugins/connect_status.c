/*
 * check_connect_status: its tables. What is judged is in connect_status_judge.c.
 */
#include "plugins/connect_status_internal.h"

#define CONFIG(field, type_wanted) CDC_FIELD(struct connect_status_config, field, type_wanted)

static const char *const type_names[] = { "all", "source", "sink", NULL };

static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "Kafka Connect" },
	{ .type = CDC_OPT_LIST, .name = "url", .metavar = "URL", .offset = CONFIG(urls, struct cdc_strings),
	    .help = "REST API of a worker; repeatable for workers of the same cluster, which are tried in turn until one "
		    "answers." },
	{ .type = CDC_OPT_TEXT, .letter = 'H', .name = "hostname", .metavar = "HOST",
	    .offset = CONFIG(host, const char *), .help = "Host name or address of a worker, instead of --url." },
	{ .type = CDC_OPT_INT, .letter = 'P', .name = "port", .metavar = "PORT", .offset = CONFIG(port, int64_t),
	    .initial = "8083", .min = 1, .max = 65535, .help = "Its port." },
	{ .type = CDC_OPT_FLAG, .name = "all-workers", .offset = CONFIG(all_workers, bool),
	    .help = "The URLs name every worker of the cluster, by the host and port of its worker_id: a task on any "
		    "other one is dead." },
	{ .type = CDC_OPT_GROUP, .name = "HTTP", .group = cdc_http_options,
	    .offset = CONFIG(http, struct cdc_http_params) },
	{ .type = CDC_OPT_GROUP, .name = "Connectors" },
	CDC_OPTION_NAMES('n', "connector", "NAME", "Judge this connector, which must exist; repeatable.",
	    struct connect_status_config),
	{ .type = CDC_OPT_CHOICE, .name = "type", .metavar = "TYPE", .initial = "all", .choices = type_names,
	    .offset = CONFIG(type, int),
	    .help = "Which connectors to judge without naming them: source, sink or all." },
	{ .type = CDC_OPT_RANGE, .name = "tasks", .metavar = "RANGE", .offset = CONFIG(tasks, struct cdc_range),
	    .help = "How many tasks a connector must have." },
	CDC_OPTION_END,
};

static const struct cdc_metric metrics[CONNECT_STATUS_METRICS] = {
	[TASKS_FAILED] = { .name = "tasks-failed", .main = true, .has_min = true, .item = "cluster",
	    .phrase = "tasks failed %s", .help = "tasks that are FAILED" },
	[CONNECTORS] = { .name = "connectors", .has_min = true, .item = "cluster", .phrase = "connectors %s",
	    .help = "connectors that are selected" },
	[CONNECTORS_FAILED] = { .name = "connectors-failed", .has_min = true, .item = "cluster",
	    .phrase = "connectors failed %s", .help = "connectors that are FAILED themselves" },
	[TASKS] = { .name = "tasks", .has_min = true, .item = "cluster", .phrase = "tasks %s",
	    .help = "tasks that have a status" },
	[TASKS_RUNNING] = { .name = "tasks-running", .has_min = true, .item = "cluster", .phrase = "tasks running %s",
	    .help = "tasks that are RUNNING, under a connector that is assigned, on a worker that is not known dead" },
	[TASKS_UNASSIGNED] = { .name = "tasks-unassigned", .has_min = true, .item = "cluster",
	    .phrase = "tasks unassigned %s", .help = "tasks that are UNASSIGNED, or whose connector is" },
	[WORKERS] = { .name = "workers", .has_min = true, .item = "cluster", .phrase = "workers %s",
	    .help = "distinct worker_ids" },
	[RESPONSE_TIME] = { .name = "response-time", .unit = CDC_SECONDS, .has_min = true, .item = "cluster",
	    .phrase = "answers in %s", .help = "how long the list of connectors took" },
	[CONNECTOR_TASKS] = { .name = "connector-tasks", .has_min = true, .phrase = "tasks %s",
	    .help = "tasks of the connector that have a status" },
	[CONNECTOR_RUNNING] = { .name = "connector-running", .has_min = true, .phrase = "tasks running %s",
	    .help = "tasks of the connector that run" },
	[FAILED_FOR] = { .name = "failed-for", .unit = CDC_SECONDS, .has_min = true, .phrase = "failed for %s",
	    .help = "since when the connector or one of its tasks is FAILED, by the runs of this check" },
};

#define OWN(condition) [(condition) - CDC_COND_OWN]

/* What does not run for one reason now and for another in the next look has not run all the while: one timer. */
#define IDLE .grace = true, .timer = "idle"
/* The same of a worker that tells nothing of use. */
#define MUTE .grace = true, .timer = "mute"

static const struct cdc_condition conditions[] = {
	OWN(FAILED) = { "failed", CDC_CRITICAL, "a task is FAILED", .metric = "tasks-failed" },
	OWN(CONNECTOR_FAILED) = { "connector-failed", CDC_CRITICAL, "the connector itself is FAILED",
	    .metric = "connectors-failed" },
	OWN(UNASSIGNED) = { "unassigned", CDC_WARNING,
	    "a task or connector is UNASSIGNED; tasks of such a connector do not run, whatever their own state says",
	    IDLE },
	OWN(RESTARTING) = { "restarting", CDC_WARNING, "a task or connector is RESTARTING", IDLE },
	OWN(FLAPPING) = { "flapping", CDC_WARNING,
	    "FAILED and RUNNING changed places three times or more within the last hour" },
	OWN(PAUSED) = { "paused", CDC_WARNING, "the connector or a task is PAUSED" },
	OWN(STOPPED) = { "stopped", CDC_WARNING, "the connector is STOPPED" },
	OWN(NO_TASKS) = { "no-tasks", CDC_CRITICAL, "RUNNING without any task: nothing is captured", IDLE },
	OWN(FEWER_TASKS) = { "fewer-tasks", CDC_WARNING,
	    "fewer tasks have a status than are configured, or their number is outside --tasks", .grace = true },
	OWN(UNKNOWN_STATE) = { "unknown-state", CDC_WARNING, "a state that this version does not know" },
	OWN(NO_STATUS) = { "no-status", CDC_CRITICAL, "a connector without a status", IDLE },
	OWN(DEAD_WORKER) = { "dead-worker", CDC_CRITICAL,
	    "with --all-workers: a task's worker_id is none of the workers that answer", IDLE },
	OWN(REBALANCING) = { "rebalancing", CDC_WARNING, "the worker answers that a rebalance is going on", MUTE },
	OWN(STARTING) = { "starting", CDC_WARNING, "the worker is starting", MUTE },
	OWN(UNHEALTHY) = { "unhealthy", CDC_CRITICAL, "/health says so" },
	OWN(NOT_LIVE) = { "not-live", CDC_CRITICAL,
	    "the worker answers from memory but is cut off from Kafka, so that its statuses mean nothing", MUTE },
	OWN(WORKER_DOWN) = { "worker-down", CDC_WARNING, "a --url did not answer before another did" },
};

static const char *const labels[] = { "CONNECTOR", "TYPE", "CLASS", "SERVER", "TASKS", "SLOT", "DBHOST", "DBNAME",
	NULL };

static const struct cdc_example examples[] = {
	{ "--url=http://kc1:8083 --url=http://kc2:8083",
	    "All connectors of a cluster, by whichever worker answers first." },
	{ "-H kc1 -n dbz-orders --tasks=1:1", "One connector that must exist, with exactly one task." },
	{ "--url=https://kc1:8083 --auth-file=kc.auth --on paused=ok",
	    "All connectors, over TLS with a password; one that is paused is fine." },
	{ "-H kc1 --all-workers --type=source --warning-workers=1:",
	    "The source connectors of a single worker; CRITICAL for tasks on one that is gone." },
	{ NULL, NULL },
};

const char *connect_status_selection(const struct connect_status_config *config)
{
	static const char *const selections[] = { "all", "source", "sink" };

	return selections[config->type];
}

const struct cdc_plugin connect_status_plugin = {
	.name = "check_connect_status",
	.question = "Does Kafka Connect run what it should?",
	.noun = "connector",
	.nouns = "connectors",
	.config_size = sizeof(struct connect_status_config),
	.options = options,
	.metrics = metrics,
	.metric_count = CONNECT_STATUS_METRICS,
	.conditions = conditions,
	.condition_count = CDC_LEN(conditions),
	.labels = labels,
	.examples = examples,
};
