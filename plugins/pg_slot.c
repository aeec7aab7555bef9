/*
 * check_pg_slot: its tables. What is judged is in pg_slot_judge.c, what is asked in pg_slot_parse.c.
 */
#include "plugins/pg_slot_internal.h"

#define CONFIG(field, type_wanted) CDC_FIELD(struct pg_slot_config, field, type_wanted)

static const char *const type_names[] = { "logical", "physical", "all", NULL };

static const struct cdc_option options[] = {
	{ .type = CDC_OPT_GROUP, .name = "PostgreSQL connection", .group = cdc_pg_options,
	    .offset = CONFIG(pg, struct cdc_pg_params) },
	{ .type = CDC_OPT_GROUP, .name = "Slots" },
	CDC_OPTION_NAMES('s', "slot", "NAME", "Judge this slot, which must exist; repeatable.", struct pg_slot_config),
	{ .type = CDC_OPT_CHOICE, .name = "type", .metavar = "TYPE", .initial = "logical", .choices = type_names,
	    .offset = CONFIG(type, int), .help = "Which slots to judge without naming them: logical, physical or all." },
	{ .type = CDC_OPT_FLAG, .name = "temporary", .offset = CONFIG(temporary, bool),
	    .help = "Judge temporary slots too; synced slots always count." },
	{ .type = CDC_OPT_SIZE, .name = "size-limit", .metavar = "BYTES", .min = 1, .offset = CONFIG(size_limit, int64_t),
	    .help = "How much WAL a slot may retain before the disk is full, where the server sets no limit." },
	CDC_OPTION_END,
};

static const struct cdc_metric metrics[PG_SLOT_METRICS] = {
	[RETAINED] = { .name = "retained", .unit = CDC_BYTES, .main = true, .shown = true, .has_min = true,
	    .phrase = "retains %s", .warning = "5GiB", .critical = "10GiB",
	    .help = "WAL that the slot keeps on disk: current position - restart_lsn" },
	[LAG] = { .name = "lag", .unit = CDC_BYTES, .shown = true, .has_min = true, .phrase = "%s unconfirmed",
	    .help = "what the consumer has not confirmed: current position - confirmed_flush_lsn" },
	[HEADROOM] = { .name = "headroom", .unit = CDC_BYTES, .phrase = "%s until it is lost",
	    .help = "WAL that may still be written before the slot is lost; negative is overdue" },
	[TIME_TO_LOSS] = { .name = "time-to-loss", .unit = CDC_SECONDS, .has_min = true, .phrase = "lost in %s",
	    .warning = "4h:", .critical = "1h:",
	    .help = "headroom divided by the rate at which it shrinks, or what idle_replication_slot_timeout leaves" },
	[INACTIVE] = { .name = "inactive", .unit = CDC_SECONDS, .has_min = true, .phrase = "inactive for %s",
	    .help = "since when no consumer is connected" },
	[FROZEN] = { .name = "frozen", .unit = CDC_SECONDS, .has_min = true, .phrase = "nothing confirmed for %s",
	    .help = "since confirmed_flush_lsn last moved while WAL was written" },
	[SPILL] = { .name = "spill", .unit = CDC_BYTES, .has_min = true, .phrase = "spills %s per second",
	    .help = "bytes that decoding spills to disk per second" },
	[CATALOG_XMIN_AGE] = { .name = "catalog-xmin-age", .unit = CDC_COUNT, .has_min = true,
	    .phrase = "holds back the vacuum of catalogs by %s transactions",
	    .help = "transactions that the vacuum of system catalogs is held back" },
	[XMIN_AGE] = { .name = "xmin-age", .unit = CDC_COUNT, .has_min = true,
	    .phrase = "holds back vacuum by %s transactions", .help = "transactions that vacuum is held back" },
	[SYNC_AGE] = { .name = "sync-age", .unit = CDC_SECONDS, .has_min = true, .phrase = "synced %s ago",
	    .warning = "5m", .help = "on a standby: since the slot was last synced" },
	[ACTIVE] = { .name = "active", .unit = CDC_COUNT, .has_min = true, .has_max = true, .max = 1,
	    .phrase = "active is %s", .help = "1 while a consumer is connected, else 0" },
	[WAL_RATE] = { .name = "wal-rate", .unit = CDC_BYTES, .has_min = true, .item = "server",
	    .phrase = "writes %s of WAL per second", .help = "WAL written per second on this server" },
	[SLOTS_USED] = { .name = "slots-used", .unit = CDC_PERCENT, .has_min = true, .has_max = true, .max = 100,
	    .item = "server", .phrase = "%s of max_replication_slots in use", .warning = "90",
	    .help = "share of max_replication_slots that is in use" },
};

#define OWN(condition) [(condition) - CDC_COND_OWN]

static const struct cdc_condition conditions[] = {
	OWN(LOST) = { "lost", CDC_CRITICAL, "wal_status is lost, or invalidation_reason is set: changes are gone",
	    .held = true },
	OWN(UNRESERVED) = { "unreserved", CDC_CRITICAL, "the next checkpoint may remove WAL that the slot needs" },
	OWN(EXTENDED) = { "extended", CDC_WARNING, "more than max_wal_size is kept", .grace = true },
	OWN(IDLE) = { "inactive", CDC_WARNING, "no consumer is connected", .metric = "inactive", .grace = true },
	OWN(UNLIMITED) = { "unlimited", CDC_OK,
	    "max_slot_wal_keep_size is -1: nothing stops the slot from filling the disk" },
	OWN(RECREATED) = { "recreated", CDC_CRITICAL, "the slot was dropped and created again: changes may be missing",
	    .held = true },
	OWN(NOT_SYNCED) = { "not-synced", CDC_WARNING,
	    "on a standby with sync_replication_slots: a named or failover slot would not survive a promotion now" },
	OWN(FAILOVER_OFF) = { "failover-off", CDC_OK, "on a primary of 17 or later: a logical slot without failover",
	    .quiet = true },
	OWN(STANDBY) = { "standby", CDC_OK,
	    "the server is a standby: positions are what it received; a named slot that is not there is this" },
};

static const char *const labels[] = { "SLOT", "PLUGIN", "TYPE", "DATABASE", NULL };

static const struct cdc_example examples[] = {
	{ "-H db1 -u monitor -s dbz_orders", "One slot that must exist, with the default thresholds." },
	{ "-H /run/postgresql -w 1GiB -c 5GiB --on inactive=critical",
	    "All logical slots of the local server; one without a consumer is CRITICAL after six minutes." },
	{ "--service=orders --include='dbz_.*' --critical-time-to-loss=30m:",
	    "The slots of Debezium by a service file; CRITICAL when one is lost in less than half an hour." },
	{ "-H db2 -s dbz_orders --on standby=critical", "CRITICAL when the server is not the primary." },
	{ NULL, NULL },
};

const char *pg_slot_selection(const struct pg_slot_config *config)
{
	static const char *const selections[][2] = {
		[PG_SLOT_LOGICAL] = { "logical", "logical,temporary" },
		[PG_SLOT_PHYSICAL] = { "physical", "physical,temporary" },
		[PG_SLOT_ALL] = { "all", "all,temporary" },
	};

	return selections[config->type][config->temporary];
}

const struct cdc_plugin pg_slot_plugin = {
	.name = "check_pg_slot",
	.question = "Is a PostgreSQL replication slot healthy, and for how long still?",
	.noun = "slot",
	.nouns = "slots",
	.config_size = sizeof(struct pg_slot_config),
	.options = options,
	.metrics = metrics,
	.metric_count = PG_SLOT_METRICS,
	.conditions = conditions,
	.condition_count = CDC_LEN(conditions),
	.labels = labels,
	.examples = examples,
};
