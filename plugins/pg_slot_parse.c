/*
 * check_pg_slot: what is asked, and from answers to facts.
 */
#include "plugins/pg_slot.h"

#include "cdc/lsn.h"

#include <inttypes.h>
#include <stdlib.h>

/* No object of a user's schema may take part in this or in what follows, and nothing is written. */
static const char setup_sql[] = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false), "
				"pg_catalog.set_config('default_transaction_read_only', 'on', false)";

#define SLOTS_10                                                                                                      \
	"SELECT slot_name, plugin, slot_type, database, active, temporary, age(xmin) AS xmin_age, "                   \
	"age(catalog_xmin) AS catalog_xmin_age, restart_lsn, confirmed_flush_lsn"
#define SLOTS_13 SLOTS_10 ", wal_status, safe_wal_size"
#define SLOTS_16 SLOTS_13 ", conflicting"
#define SLOTS_17                                                                                                      \
	SLOTS_16 ", (extract(epoch FROM inactive_since) * 1000)::bigint AS inactive_since_ms, invalidation_reason, "  \
		 "failover, synced"
#define SLOTS_FROM " FROM pg_replication_slots"

static const char slots_10_sql[] = SLOTS_10 SLOTS_FROM;
static const char slots_13_sql[] = SLOTS_13 SLOTS_FROM;
static const char slots_16_sql[] = SLOTS_16 SLOTS_FROM;
static const char slots_17_sql[] = SLOTS_17 SLOTS_FROM;

/* Asked behind the slots, so that no slot is ahead of the position. Settings that a version lacks are NULL. */
static const char server_sql[] =
    "SELECT pg_is_in_recovery() AS standby, "
    "CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) "
    "ELSE pg_current_wal_lsn() END AS position, "
    "(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms, "
    "(extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint AS start_ms, "
    "current_setting('max_replication_slots')::bigint AS max_slots, "
    "pg_size_bytes(current_setting('max_slot_wal_keep_size', true)) AS keep_size, "
    "(extract(epoch FROM current_setting('idle_replication_slot_timeout', true)::interval) * 1000)::bigint "
    "AS idle_timeout_ms, "
    "current_setting('sync_replication_slots', true)::boolean AS sync_slots";

/*
 * The end of one backend by a signal restarts all processes but the postmaster, whose start time stays: restart_lsn of
 * physical slots goes back to the last checkpoint, and all statistics begin at zero, with a new stats_reset (but for
 * slots, where it becomes NULL).
 */
static const char identity_sql[] =
    "SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier, "
    "(SELECT (extract(epoch FROM stats_reset) * 1000)::bigint FROM pg_stat_bgwriter) AS crash_ms, "
    "CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())::bigint "
    "ELSE concat('x', substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END AS timeline";

static const char stats_sql[] = "SELECT slot_name, spill_bytes, total_txns, "
				"(extract(epoch FROM stats_reset) * 1000)::bigint AS stats_reset_ms "
				"FROM pg_stat_replication_slots";

static const char *slots_sql(int version)
{
	if (version >= 170000)
		return slots_17_sql;
	if (version >= 160000)
		return slots_16_sql;
	return version >= 130000 ? slots_13_sql : slots_10_sql;
}

size_t pg_slot_ask(int version, struct cdc_pg_query *queries)
{
	queries[PG_SLOT_SETUP] = (struct cdc_pg_query){ .name = "the session's settings", .sql = setup_sql };
	queries[PG_SLOT_SLOTS] = (struct cdc_pg_query){ .name = "replication slots", .sql = slots_sql(version),
		.grant = "SELECT ON pg_catalog.pg_replication_slots" };
	queries[PG_SLOT_SERVER] = (struct cdc_pg_query){ .name = "the WAL position", .sql = server_sql,
		.grant = "EXECUTE ON FUNCTION pg_catalog.pg_current_wal_lsn()" };
	queries[PG_SLOT_IDENTITY] = (struct cdc_pg_query){ .name = "the timeline", .sql = identity_sql, .optional = true,
		.grant = "EXECUTE ON FUNCTION pg_catalog.pg_control_system(), pg_catalog.pg_control_checkpoint()" };
	if (version < 140000)
		return PG_SLOT_STATS;
	queries[PG_SLOT_STATS] = (struct cdc_pg_query){ .name = "slot statistics", .sql = stats_sql, .optional = true,
		.grant = "SELECT ON pg_catalog.pg_stat_replication_slots" };
	return PG_SLOT_QUERIES;
}

void pg_slot_explain(const struct cdc_pg_query *queries, size_t count, struct cdc_err *err)
{
	const struct cdc_pg_query *server = &queries[PG_SLOT_SERVER];

	/* Aurora PostgreSQL: pg_current_wal_lsn() fails with "wal_level must be set to 'logical'" or 0A000 */
	if (count > PG_SLOT_SERVER && server->refused &&
	    (strstr(server->message, "wal_level") || cdc_streq(server->sqlstate, "0A000")))
		cdc_fail(err, CDC_ERR_PROTOCOL,
		    "the server does not tell its WAL position (%s): rds.logical_replication is off or the cluster was "
		    "not rebooted",
		    server->message);
}

void pg_slot_facts_release(struct pg_slot_facts *facts)
{
	free(facts->slots);
	*facts = (struct pg_slot_facts){ 0 };
}

static int get_number(const struct cdc_rows *rows, size_t row, const char *column, struct pg_slot_number *ret,
    struct cdc_err *err)
{
	return cdc_rows_int(rows, row, column, &ret->value, &ret->known, err);
}

static int get_bool(const struct cdc_rows *rows, size_t row, const char *column, bool *ret, struct cdc_err *err)
{
	bool present;

	return cdc_rows_bool(rows, row, column, ret, &present, err);
}

static int get_lsn(const struct cdc_rows *rows, size_t row, const char *column, struct pg_slot_lsn *ret,
    struct cdc_err *err)
{
	const char *cell = cdc_rows_get(rows, row, column);

	ret->known = cell != NULL;
	if (cell && !cdc_lsn_parse(cell, &ret->value))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s of row %zu is '%.60s', a log sequence number was expected", column,
		    row + 1, cell);
	return 0;
}

static int parse_slot(const struct cdc_rows *rows, size_t row, struct pg_slot *ret, struct cdc_err *err)
{
	const char *type = cdc_rows_get(rows, row, "slot_type");

	ret->name = cdc_rows_get(rows, row, "slot_name");
	ret->plugin = cdc_rows_get(rows, row, "plugin");
	ret->database = cdc_rows_get(rows, row, "database");
	ret->wal_status = cdc_rows_get(rows, row, "wal_status");
	ret->invalidation_reason = cdc_rows_get(rows, row, "invalidation_reason");
	if (!ret->name || !type)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "row %zu of the replication slots has no slot_name or no slot_type",
		    row + 1);
	ret->physical = cdc_streq(type, "physical");
	if (get_bool(rows, row, "active", &ret->active, err) < 0 ||
	    get_bool(rows, row, "temporary", &ret->temporary, err) < 0 ||
	    get_bool(rows, row, "conflicting", &ret->conflicting, err) < 0 ||
	    get_bool(rows, row, "failover", &ret->failover, err) < 0 ||
	    get_bool(rows, row, "synced", &ret->synced, err) < 0)
		return -1;
	if (get_lsn(rows, row, "restart_lsn", &ret->restart_lsn, err) < 0 ||
	    get_lsn(rows, row, "confirmed_flush_lsn", &ret->confirmed_flush_lsn, err) < 0)
		return -1;
	if (get_number(rows, row, "safe_wal_size", &ret->safe_wal_size, err) < 0 ||
	    get_number(rows, row, "inactive_since_ms", &ret->inactive_since_ms, err) < 0 ||
	    get_number(rows, row, "xmin_age", &ret->xmin_age, err) < 0 ||
	    get_number(rows, row, "catalog_xmin_age", &ret->catalog_xmin_age, err) < 0)
		return -1;
	return 0;
}

/* Every column that was asked for must have come back. Without a row there are no columns either. */
static int require_columns(const struct cdc_rows *rows, int version, struct cdc_err *err)
{
	static const char *const since_10[] = { "slot_name", "plugin", "slot_type", "database", "active", "temporary",
		"xmin_age", "catalog_xmin_age", "restart_lsn", "confirmed_flush_lsn", NULL };
	static const char *const since_13[] = { "wal_status", "safe_wal_size", NULL };
	static const char *const since_16[] = { "conflicting", NULL };
	static const char *const since_17[] = { "inactive_since_ms", "invalidation_reason", "failover", "synced", NULL };

	if (rows->count == 0)
		return 0;
	if (cdc_rows_require(rows, since_10, err) < 0 ||
	    (version >= 130000 && cdc_rows_require(rows, since_13, err) < 0) ||
	    (version >= 160000 && cdc_rows_require(rows, since_16, err) < 0) ||
	    (version >= 170000 && cdc_rows_require(rows, since_17, err) < 0))
		return cdc_fail_in(err, "replication slots");
	return 0;
}

static int parse_slots(const struct cdc_rows *rows, struct pg_slot_facts *ret, struct cdc_err *err)
{
	ret->slots = cdc_alloc(rows->count, sizeof(*ret->slots));
	ret->count = rows->count;
	for (size_t i = 0; i < rows->count; i++)
		if (parse_slot(rows, i, &ret->slots[i], err) < 0)
			return -1;
	return 0;
}

static int parse_server(const struct cdc_rows *rows, struct pg_slot_server *ret, struct cdc_err *err)
{
	struct pg_slot_number now, start, max_slots;
	struct pg_slot_lsn position;

	if (rows->count != 1)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "one row about the server was expected, not %zu", rows->count);
	if (get_bool(rows, 0, "standby", &ret->standby, err) < 0 ||
	    get_bool(rows, 0, "sync_slots", &ret->sync_slots, err) < 0 ||
	    get_lsn(rows, 0, "position", &position, err) < 0 || get_number(rows, 0, "now_ms", &now, err) < 0 ||
	    get_number(rows, 0, "start_ms", &start, err) < 0 ||
	    get_number(rows, 0, "max_slots", &max_slots, err) < 0 ||
	    get_number(rows, 0, "keep_size", &ret->keep_size, err) < 0 ||
	    get_number(rows, 0, "idle_timeout_ms", &ret->idle_timeout_ms, err) < 0)
		return -1;
	if (!now.known || !start.known || !max_slots.known || (!position.known && !ret->standby))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the row about the server has no position or no time");
	ret->position = position.value;
	ret->position_known = position.known;
	ret->now_ms = now.value;
	ret->start_ms = start.value;
	ret->max_slots = max_slots.value;
	return 0;
}

static int parse_identity(const struct cdc_pg_query *query, struct pg_slot_server *ret, struct cdc_err *err)
{
	if (query->refused || query->rows.count != 1)
		return 0;
	ret->system_identifier = cdc_rows_get(&query->rows, 0, "system_identifier");
	if (get_number(&query->rows, 0, "crash_ms", &ret->crash_ms, err) < 0)
		return -1;
	return get_number(&query->rows, 0, "timeline", &ret->timeline, err);
}

static void set_epoch(struct pg_slot_server *server)
{
	snprintf(server->epoch, sizeof(server->epoch), "%.24s/%" PRId64 "/%" PRId64 "/%" PRId64,
	    server->system_identifier ? server->system_identifier : "", server->timeline.known ? server->timeline.value : 0,
	    server->start_ms, server->crash_ms.known ? server->crash_ms.value : 0);
}

static int compare_slots(const void *a, const void *b)
{
	return strcmp(((const struct pg_slot *)a)->name, ((const struct pg_slot *)b)->name);
}

/* The slots are sorted by name here, for the statistics come in an order of their own. */
static int parse_stats(const struct cdc_rows *rows, struct pg_slot_facts *facts, struct cdc_err *err)
{
	qsort(facts->slots, facts->count, sizeof(*facts->slots), compare_slots);
	for (size_t i = 0; i < rows->count; i++) {
		struct pg_slot wanted = { .name = cdc_rows_get(rows, i, "slot_name") };
		struct pg_slot *slot = NULL;

		if (wanted.name)
			slot = bsearch(&wanted, facts->slots, facts->count, sizeof(wanted), compare_slots);
		if (!slot)
			continue;
		if (get_number(rows, i, "spill_bytes", &slot->spill_bytes, err) < 0 ||
		    get_number(rows, i, "total_txns", &slot->total_txns, err) < 0 ||
		    get_number(rows, i, "stats_reset_ms", &slot->stats_reset_ms, err) < 0)
			return -1;
	}
	return 0;
}

int pg_slot_parse(const struct cdc_pg_query *queries, size_t count, int version, struct pg_slot_facts *ret,
    struct cdc_err *err)
{
	CDC_CLEANUP(pg_slot_facts_release) struct pg_slot_facts facts = { .server.version = version };

	if (require_columns(&queries[PG_SLOT_SLOTS].rows, version, err) < 0 ||
	    parse_slots(&queries[PG_SLOT_SLOTS].rows, &facts, err) < 0 ||
	    parse_server(&queries[PG_SLOT_SERVER].rows, &facts.server, err) < 0 ||
	    parse_identity(&queries[PG_SLOT_IDENTITY], &facts.server, err) < 0)
		return -1;
	if (cdc_streq(queries[PG_SLOT_IDENTITY].sqlstate, "42501"))
		facts.identity_refused = queries[PG_SLOT_IDENTITY].message;
	set_epoch(&facts.server);
	if (count > PG_SLOT_STATS) {
		if (parse_stats(&queries[PG_SLOT_STATS].rows, &facts, err) < 0)
			return -1;
		if (queries[PG_SLOT_STATS].refused)
			facts.stats_refused = queries[PG_SLOT_STATS].message;
	}
	*ret = facts;
	facts.slots = NULL;
	return 0;
}
