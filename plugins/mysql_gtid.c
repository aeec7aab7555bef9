/*
 * check_mysql_gtid: its tables. What is judged is in mysql_gtid_judge.c and mysql_gtid_settings.c, what is asked in
 * mysql_gtid_parse.c, where the reader is in mysql_gtid_reader.c.
 */
#include "plugins/mysql_gtid_internal.h"

#define CONFIG(field, type_wanted) CDC_FIELD(struct mysql_gtid_config, field, type_wanted)

static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "MySQL connection", .group = cdc_my_options,
	    .offset = CONFIG(my, struct cdc_my_params) },
	{ .type = CDC_OPT_GROUP, .name = "Reader" },
	{ .type = CDC_OPT_TEXT, .name = "gtid-set", .metavar = "SET", .may_be_empty = true,
	    .offset = CONFIG(gtid_set, const char *),
	    .help = "Position of the reader: a GTID set of MySQL or a GTID list of MariaDB; empty: nothing read yet." },
	{ .type = CDC_OPT_FILE, .name = "gtid-file", .metavar = "FILE", .offset = CONFIG(gtid_file, const char *),
	    .help = "File that holds it; - is standard input." },
	{ .type = CDC_OPT_FILE, .name = "offsets", .metavar = "FILE", .offset = CONFIG(offsets, const char *),
	    .help = "File with the committed offsets of a Debezium connector: the JSON of /connectors/NAME/offsets, or "
		    "lines of the offsets topic; - is standard input." },
	{ .type = CDC_OPT_TEXT, .name = "server", .metavar = "NAME", .offset = CONFIG(offsets_server, const char *),
	    .help = "Which partition of --offsets: the connector's topic.prefix." },
	{ .type = CDC_OPT_LIST, .name = "source-includes", .metavar = "LIST",
	    .offset = CONFIG(source_includes, struct cdc_strings),
	    .help = "gtid.source.includes of the connector: regular expressions for UUIDs (MariaDB: DOMAIN or "
		    "DOMAIN-SERVER), separated by commas." },
	{ .type = CDC_OPT_LIST, .name = "source-excludes", .metavar = "LIST",
	    .offset = CONFIG(source_excludes, struct cdc_strings), .help = "gtid.source.excludes of the connector." },
	{ .type = CDC_OPT_FLAG, .name = "read-only-snapshots", .offset = CONFIG(read_only_snapshots, bool),
	    .help = "Judge what read-only incremental snapshots need." },
	{ .type = CDC_OPT_GROUP, .name = "Failover" },
	{ .type = CDC_OPT_LIST, .name = "candidate", .metavar = "HOST[:PORT]",
	    .offset = CONFIG(candidates, struct cdc_strings),
	    .help = "Server that could take over, asked with the same credentials; the port is that of --port unless given; "
		    "repeatable." },
	{ .type = CDC_OPT_TEXT, .name = "source", .metavar = "HOST[:PORT]", .offset = CONFIG(source, const char *),
	    .help = "Server that the candidates copy; the one of --hostname unless given." },
	CDC_OPTION_END,
};

static const struct cdc_metric metrics[MYSQL_GTID_METRICS] = {
	[BEHIND] = { .name = "behind", .unit = CDC_COUNT, .main = true, .shown = true, .has_min = true,
	    .phrase = "reader behind by %s", .help = "transactions that the reader has not seen" },
	[PURGED_MISSING] = { .name = "purged-missing", .unit = CDC_COUNT, .has_min = true,
	    .phrase = "%s transactions purged that the reader needs",
	    .help = "transactions that the reader needs and the server has purged" },
	[MISSING] = { .name = "missing", .unit = CDC_COUNT, .has_min = true,
	    .phrase = "%s of the reader's transactions not copied yet",
	    .help = "on a candidate: transactions that the reader has and the candidate has not copied yet" },
	[ERRANT_COUNT] = { .name = "errant", .unit = CDC_COUNT, .has_min = true, .phrase = "%s errant transactions",
	    .help = "on a candidate: transactions that its source has not" },
	[EXECUTED] = { .name = "executed", .unit = CDC_COUNTER, .has_min = true, .phrase = "%s transactions executed",
	    .help = "transactions in the server's GTID set" },
	[INTERVALS] = { .name = "intervals", .unit = CDC_COUNT, .has_min = true, .phrase = "%s intervals",
	    .help = "intervals of the server's GTID set (MySQL)" },
	[REPLICA_LAG] = { .name = "replica-lag", .unit = CDC_SECONDS, .has_min = true,
	    .phrase = "replication %s behind its source", .warning = "60", .critical = "300",
	    .help = "Seconds_Behind_Source of the slowest channel, where the server is a replica" },
};

#define OWN(condition) [(condition) - CDC_COND_OWN]

static const struct cdc_condition conditions[] = {
	OWN(OFF) = { "off", CDC_CRITICAL, "gtid_mode is OFF or OFF_PERMISSIVE" },
	OWN(PERMISSIVE) = { "permissive", CDC_WARNING,
	    "gtid_mode is ON_PERMISSIVE: the GTID set that Debezium stores freezes" },
	OWN(INCONSISTENT) = { "inconsistent", CDC_WARNING, "enforce_gtid_consistency is not ON" },
	OWN(LOG_OFF) = { "log-off", CDC_CRITICAL, "log_bin is off (not judged on Aurora readers)" },
	OWN(PURGED) = { "purged", CDC_CRITICAL,
	    "the reader's next transactions are purged: it cannot continue here" },
	OWN(AHEAD) = { "ahead", CDC_CRITICAL,
	    "the reader has transactions that this server never executed (on a candidate: nor the server of "
	    "--hostname): wrong server, or lost in a failover" },
	OWN(ERRANT) = { "errant", CDC_WARNING, "a candidate has transactions that its source has not" },
	OWN(NO_REPLICA_UPDATES) = { "no-replica-updates", CDC_WARNING,
	    "a candidate does not log replicated changes: a reader cannot continue there" },
	OWN(CANDIDATE_UNREACHABLE) = { "candidate-unreachable", CDC_WARNING, "there is no connection to a candidate" },
	OWN(REPLICA_STOPPED) = { "replica-stopped", CDC_WARNING, "an IO or SQL thread of any channel is not running" },
	OWN(TAGGED) = { "tagged", CDC_OK, "tagged GTIDs are in use: a reader before Debezium 3.6 fails on them" },
	OWN(READ_ONLY_SNAPSHOT) = { "read-only-snapshot", CDC_OK,
	    "with --read-only-snapshots: what they need is not all there" },
};

static const char *const labels[] = { "ITEM", "HOST", "PORT", "ROLE", NULL };

static const struct cdc_example examples[] = {
	{ "-H db1 -u monitor --password-file=/etc/cdc/monitor.pw",
	    "Can readers continue by GTID on this server at all?" },
	{ "-H db1 -f /etc/cdc/my.cnf --offsets=offsets.json --server=dbserver1 -w 10000 -c 100000",
	    "The position that a connector has committed; CRITICAL when its transactions are purged or it is too far "
	    "behind." },
	{ "-H db1 -f /etc/cdc/my.cnf --offsets=- --candidate=db2 --candidate=db3:3307",
	    "Could the reader continue on either of two replicas after a failover?" },
	{ NULL, NULL },
};

const struct cdc_plugin mysql_gtid_plugin = {
	.name = "check_mysql_gtid",
	.question = "Can a reader of this MySQL or MariaDB server continue by GTID, here and on every failover candidate?",
	.noun = "candidate",
	.nouns = "candidates",
	.fixed_suffice = true,
	.config_size = sizeof(struct mysql_gtid_config),
	.options = options,
	.metrics = metrics,
	.metric_count = MYSQL_GTID_METRICS,
	.conditions = conditions,
	.condition_count = CDC_LEN(conditions),
	.labels = labels,
	.examples = examples,
};
