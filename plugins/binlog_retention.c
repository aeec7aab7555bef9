/*
 * check_binlog_retention: its tables. What is judged is in binlog_retention_judge.c and _reader.c, what is asked in
 * binlog_retention_parse.c, what is remembered in binlog_retention_ages.c.
 */
#include "plugins/binlog_retention_internal.h"

#define CONFIG(field, type_wanted) CDC_FIELD(struct binlog_retention_config, field, type_wanted)

static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "MySQL and MariaDB connection", .group = cdc_my_options,
	    .offset = CONFIG(my, struct cdc_my_params) },
	{ .type = CDC_OPT_GROUP, .name = "Reader" },
	{ .type = CDC_OPT_TEXT, .name = "binlog-file", .metavar = "NAME", .offset = CONFIG(binlog_file, const char *),
	    .help = "The binary log file that the reader is in." },
	{ .type = CDC_OPT_INT, .name = "binlog-pos", .metavar = "N", .offset = CONFIG(binlog_pos, int64_t),
	    .max = INT64_MAX, .help = "Its position in that file; without it the file's beginning." },
	{ .type = CDC_OPT_FILE, .name = "offsets", .metavar = "FILE", .offset = CONFIG(offsets, const char *),
	    .help = "The reader's position as Kafka Connect's /connectors/NAME/offsets gives it, or lines of the offsets "
		    "topic; - is standard input." },
	{ .type = CDC_OPT_TEXT, .name = "server", .metavar = "NAME", .offset = CONFIG(offsets_server, const char *),
	    .help = "Which partition of --offsets: the connector's topic.prefix." },
	{ .type = CDC_OPT_LIST, .name = "source-includes", .metavar = "LIST",
	    .offset = CONFIG(includes, struct cdc_strings),
	    .help = "gtid.source.includes of the connector: regular expressions for UUIDs (MariaDB: domains), separated "
		    "by commas." },
	{ .type = CDC_OPT_LIST, .name = "source-excludes", .metavar = "LIST",
	    .offset = CONFIG(excludes, struct cdc_strings), .help = "gtid.source.excludes of the connector." },
	{ .type = CDC_OPT_GROUP, .name = "Binary logs" },
	{ .type = CDC_OPT_FLAG, .name = "probe-binlog", .offset = CONFIG(probe, bool),
	    .help = "Read from the replication protocol when the oldest file was created; needs REPLICATION SLAVE." },
	{ .type = CDC_OPT_SIZE, .name = "size-limit", .metavar = "BYTES", .min = 1, .offset = CONFIG(size_limit, int64_t),
	    .help = "How much room the binary logs have on their disk." },
	CDC_OPTION_END,
};

static const struct cdc_metric metrics[BINLOG_METRICS] = {
	[RETENTION] = { .name = "retention", .unit = CDC_SECONDS, .main = true, .shown = true, .has_min = true,
	    .item = "server", .phrase = "keeps logs for %s", .warning = "7d:", .critical = "3d:",
	    .help = "how long a binary log file is kept after its last change, as configured" },
	[OLDEST] = { .name = "oldest", .unit = CDC_SECONDS, .has_min = true, .item = "server",
	    .phrase = "has no change older than %s",
	    .help = "age of the oldest change that can still be read; without --probe-binlog what earlier runs saw" },
	[FILES] = { .name = "files", .unit = CDC_COUNT, .has_min = true, .item = "server", .phrase = "%s files",
	    .help = "binary log files on the server" },
	[SIZE] = { .name = "size", .unit = CDC_BYTES, .shown = true, .has_min = true, .item = "server",
	    .phrase = "%s of logs", .help = "bytes in all of them" },
	[RATE] = { .name = "rate", .unit = CDC_BYTES, .has_min = true, .item = "server",
	    .phrase = "writes %s per second", .help = "bytes written to the binary log per second" },
	[HEADROOM] = { .name = "headroom", .unit = CDC_BYTES, .item = "server", .phrase = "%s of --size-limit left",
	    .help = "--size-limit - size; negative is beyond" },
	[BEHIND] = { .name = "behind", .unit = CDC_BYTES, .shown = true, .has_min = true, .item = "reader",
	    .phrase = "%s behind", .help = "bytes from the reader's position to the end of the binary log" },
	[EDGE] = { .name = "edge", .unit = CDC_BYTES, .has_min = true, .item = "reader",
	    .phrase = "%s from the oldest log", .help = "bytes between the oldest change and the reader's position" },
	[EDGE_FILES] = { .name = "edge-files", .unit = CDC_COUNT, .has_min = true, .item = "reader",
	    .phrase = "%s files from the oldest log", .help = "files that are older than the reader's" },
	[TIME_TO_LOSS] = { .name = "time-to-loss", .unit = CDC_SECONDS, .has_min = true,
	    .item = "reader", .phrase = "would lose its log in %s", .warning = "24h:", .critical = "4h:",
	    .help = "when the reader's file will be removed if the reader stays where it is; without --probe-binlog what "
		    "earlier runs saw" },
};

#define OWN(condition) [(condition) - CDC_COND_OWN]

static const struct cdc_condition conditions[] = {
	OWN(LOG_OFF) = { "log-off", CDC_CRITICAL, "binary logging is off" },
	OWN(RDS_UNSET) = { "rds-unset", CDC_CRITICAL, "RDS or Aurora without 'binlog retention hours'" },
	OWN(NOT_ROW) = { "not-row", CDC_CRITICAL, "binlog_format is not ROW" },
	OWN(ROW_IMAGE) = { "row-image", CDC_WARNING,
	    "binlog_row_image is not FULL, or binlog_row_value_options is set" },
	OWN(NEVER_EXPIRES) = { "never-expires", CDC_OK, "nothing removes old logs: the disk is the limit" },
	OWN(SIZE_LIMITED) = { "size-limited", CDC_WARNING,
	    "logs go by total size: the time they last depends on the load" },
	OWN(GONE) = { "gone", CDC_CRITICAL, "the reader's position is no longer on the server: it cannot continue" },
	OWN(GAP) = { "gap", CDC_WARNING,
	    "the oldest log, probed, is younger than half the retention for no reason that the server gives" },
	OWN(FUTURE) = { "future", CDC_CRITICAL,
	    "the reader's position is beyond the server's last: the wrong server, or a reset" },
};

static const char *const labels[] = { "ITEM", "FLAVOUR", NULL };

static const struct cdc_example examples[] = {
	{ "-H db1 -u monitor -f /etc/cdc-plugins/my.cnf", "Whether logs are kept for 7 days (warning) and 3 (critical)." },
	{ "-H db1 -u monitor -w 72h: -c 24h: --probe-binlog --critical-oldest=20h:",
	    "What is configured and what is really there." },
	{ "-H db1 -u monitor --offsets=/run/cdc/orders.json --server=orders",
	    "Whether a stopped connector could continue, and for how long still." },
	{ NULL, NULL },
};

int binlog_retention_check(const struct binlog_retention_config *config, struct cdc_err *err)
{
	if (config->binlog_pos && !config->binlog_file)
		return cdc_fail(err, CDC_ERR_USAGE, "option --binlog-pos: --binlog-file is missing");
	if (config->binlog_file && config->offsets)
		return cdc_fail(err, CDC_ERR_USAGE, "option --offsets: --binlog-file gives a position already");
	if (config->offsets_server && !config->offsets)
		return cdc_fail(err, CDC_ERR_USAGE, "option --server: --offsets is missing");
	if ((config->includes.count || config->excludes.count) && !config->offsets)
		return cdc_fail(err, CDC_ERR_USAGE, "options --source-includes and --source-excludes: --offsets is missing");
	if (config->includes.count && config->excludes.count)
		return cdc_fail(err, CDC_ERR_USAGE, "--source-includes and --source-excludes exclude each other, as in "
						    "Debezium");
	return 0;
}

/* A file and a position change with every run; where offsets come from does not. */
char *binlog_retention_selection(const struct binlog_retention_config *config)
{
	struct cdc_buf text = CDC_BUF_INIT;

	if (config->binlog_file)
		cdc_buf_add(&text, "reader");
	if (config->offsets)
		cdc_buf_addf(&text, "offsets=%s", config->offsets);
	if (config->offsets_server)
		cdc_buf_addf(&text, " server=%s", config->offsets_server);
	return cdc_buf_take(&text);
}

const struct cdc_plugin binlog_retention_plugin = {
	.name = "check_binlog_retention",
	.question = "Are binary logs kept long enough for a reader that stops?",
	.noun = "reader",
	.nouns = "readers",
	.fixed_suffice = true,
	.config_size = sizeof(struct binlog_retention_config),
	.options = options,
	.metrics = metrics,
	.metric_count = BINLOG_METRICS,
	.conditions = conditions,
	.condition_count = CDC_LEN(conditions),
	.labels = labels,
	.examples = examples,
};
