/*
 * check_pg_slot: what is asked, and from answers to facts.
 */
#include "plugins/pg_slot_internal.h"

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

/* Settings that a version lacks are NULL. Every role may ask all of it. */
static const char server_sql[] =
    "SELECT pg_is_in_recovery() AS standby, "
    "(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms, "
    "(extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint AS start_ms, "
    "current_setting('max_replication_slots')::bigint AS max_slots, "
    "pg_size_bytes(current_setting('max_slot_wal_keep_size', true)) AS keep_size, "
    "(extract(epoch FROM current_setting('idle_replication_slot_timeout', true)::interval) * 1000)::bigint "
    "AS idle_timeout_ms, "
    "current_setting('sync_replication_slots', true)::boolean AS sync_slots";

/* Asked behind the slots, so that no slot is ahead of the position. */
static const char position_sql[] =
    "SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) "
    "ELSE pg_current_wal_lsn() END AS position";

/*
 * The end of one backend by a signal restarts all processes but the postmaster, whose start time stays: restart_lsn of
 * physical slots goes back to the last checkpoint, and all statistics begin at zero, with a new stats_reset (but for
 * slots, where it becomes NULL). pg_stat_reset_shared() renews one of them alone, so the oldest tells.
 */
static const char identity_sql[] =
    "SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier, "
    "(SELECT (extract(epoch FROM least(b.stats_reset, a.stats_reset)) * 1000)::bigint "
    "FROM pg_stat_bgwriter b, pg_stat_archiver a) AS crash_ms, "
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
	queries[PG_SLOT_SERVER] = (struct cdc_pg_query){ .name = "the server's settings", .sql = server_sql };
	queries[PG_SLOT_POSITION] = (struct cdc_pg_query){ .name = "the WAL position", .sql = position_sql, .optional = true,
		.grant = "EXECUTE ON FUNCTION pg_catalog.pg_current_wal_lsn()" };
	queries[PG_SLOT_IDENTITY] = (struct cdc_pg_query){ .name = "the timeline", .sql = identity_sql, .optional = true,
		.grant = "EXECUTE ON FUNCTION pg_catalog.pg_control_system(), pg_catalog.pg_control_checkpoint()" };
	if (version < 140000)
		return PG_SLOT_STATS;
	queries[PG_SLOT_STATS] = (struct cdc_pg_query){ .name = "slot statistics", .sql = stats_sql, .optional = true,
		.grant = "SELECT ON pg_catalog.pg_stat_replication_slots" };
	return PG_SLOT_QUERIES;
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

static int parse_lsn(const char *column, size_t row, const char *cell, struct pg_slot_lsn *ret, struct cdc_err *err)
{
	ret->known = cdc_lsn_parse(cell, &ret->value);
	return ret->known ? 0 :
			    cdc_fail(err, CDC_ERR_PROTOCOL, "%s of row %zu is '%.60s', a log sequence number was expected",
				column, row + 1, cell);
}

/* A column of pg_replication_slots, and where it goes; `since` is the first version that has it. */
struct column {
	const char *name;
	int since;
	enum { TEXT, BOOL, NUMBER, LSN } type;
	size_t offset;
};

#define SLOT(field, type_wanted) CDC_FIELD(struct pg_slot, field, type_wanted)

static const struct column columns[] = {
	{ "slot_name", 100000, TEXT, SLOT(name, const char *) },
	{ "plugin", 100000, TEXT, SLOT(plugin, const char *) },
	{ "slot_type", 100000, TEXT, SLOT(type, const char *) },
	{ "database", 100000, TEXT, SLOT(database, const char *) },
	{ "active", 100000, BOOL, SLOT(active, bool) },
	{ "temporary", 100000, BOOL, SLOT(temporary, bool) },
	{ "xmin_age", 100000, NUMBER, SLOT(xmin_age, struct pg_slot_number) },
	{ "catalog_xmin_age", 100000, NUMBER, SLOT(catalog_xmin_age, struct pg_slot_number) },
	{ "restart_lsn", 100000, LSN, SLOT(restart_lsn, struct pg_slot_lsn) },
	{ "confirmed_flush_lsn", 100000, LSN, SLOT(confirmed_flush_lsn, struct pg_slot_lsn) },
	{ "wal_status", 130000, TEXT, SLOT(wal_status, const char *) },
	{ "safe_wal_size", 130000, NUMBER, SLOT(safe_wal_size, struct pg_slot_number) },
	{ "conflicting", 160000, BOOL, SLOT(conflicting, bool) },
	{ "inactive_since_ms", 170000, NUMBER, SLOT(inactive_since_ms, struct pg_slot_number) },
	{ "invalidation_reason", 170000, TEXT, SLOT(invalidation_reason, const char *) },
	{ "failover", 170000, BOOL, SLOT(failover, bool) },
	{ "synced", 170000, BOOL, SLOT(synced, bool) },
};

/* Puts a cell that is not NULL where its column says; a NULL leaves the zeroed field. */
static int parse_cell(const struct column *column, size_t row, const char *cell, struct pg_slot *slot,
    struct cdc_err *err)
{
	void *field = (char *)slot + column->offset;
	struct pg_slot_number *number = field;

	switch (column->type) {
	case TEXT:
		*(const char **)field = cell;
		return 0;
	case BOOL:
		return cdc_cell_bool(column->name, row, cell, field, err);
	case LSN:
		return parse_lsn(column->name, row, cell, field, err);
	default:
		number->known = true;
		return cdc_cell_int(column->name, row, cell, &number->value, err);
	}
}

static int parse_column(const struct cdc_rows *rows, const struct column *column, struct pg_slot *slots,
    struct cdc_err *err)
{
	size_t index = cdc_rows_column(rows, column->name);

	for (size_t row = 0; index != CDC_NO_COLUMN && row < rows->count; row++) {
		const char *cell = cdc_rows_cell(rows, row, index);

		if (cell && parse_cell(column, row, cell, &slots[row], err) < 0)
			return -1;
	}
	return 0;
}

/* Every column that was asked for must have come back. */
static int require_columns(const struct cdc_rows *rows, int version, struct cdc_err *err)
{
	for (size_t i = 0; i < CDC_LEN(columns); i++)
		if (version >= columns[i].since && cdc_rows_column(rows, columns[i].name) == CDC_NO_COLUMN)
			return cdc_fail(err, CDC_ERR_PROTOCOL, "replication slots: the answer lacks the column %s",
			    columns[i].name);
	return 0;
}

int pg_slot_parse_slots(const struct cdc_rows *rows, int version, struct pg_slot_facts *ret, struct cdc_err *err)
{
	if (require_columns(rows, version, err) < 0)
		return -1;
	ret->slots = cdc_alloc(rows->count, sizeof(*ret->slots));
	ret->count = rows->count;
	for (size_t i = 0; i < CDC_LEN(columns); i++)
		if (parse_column(rows, &columns[i], ret->slots, err) < 0)
			return -1;
	for (size_t i = 0; i < rows->count; i++) {
		struct pg_slot *slot = &ret->slots[i];

		if (!slot->name || !slot->type)
			return cdc_fail(err, CDC_ERR_PROTOCOL,
			    "row %zu of the replication slots has no slot_name or no slot_type", i + 1);
		slot->physical = cdc_streq(slot->type, "physical");
	}
	return 0;
}

/* The year 9999. */
#define TIME_MAX_MS INT64_C(253402300799999)

static int parse_server(const struct cdc_rows *rows, struct pg_slot_server *ret, struct cdc_err *err)
{
	struct pg_slot_number now, start, max_slots;

	if (rows->count != 1)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "one row about the server was expected, not %zu", rows->count);
	if (get_bool(rows, 0, "standby", &ret->standby, err) < 0 ||
	    get_bool(rows, 0, "sync_slots", &ret->sync_slots, err) < 0 ||
	    get_number(rows, 0, "now_ms", &now, err) < 0 ||
	    get_number(rows, 0, "start_ms", &start, err) < 0 ||
	    get_number(rows, 0, "max_slots", &max_slots, err) < 0 ||
	    get_number(rows, 0, "keep_size", &ret->keep_size, err) < 0 ||
	    get_number(rows, 0, "idle_timeout_ms", &ret->idle_timeout_ms, err) < 0)
		return -1;
	if (!now.known || !start.known || !max_slots.known)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the row about the server has no time or no max_replication_slots");
	if (now.value <= 0 || now.value > TIME_MAX_MS)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the server's time is %" PRId64 " ms since 1970", now.value);
	ret->now_ms = now.value;
	ret->start_ms = start.value;
	ret->max_slots = max_slots.value;
	return 0;
}

static int parse_position(const struct cdc_pg_query *query, struct pg_slot_facts *ret, struct cdc_err *err)
{
	const char *position = cdc_rows_get(&query->rows, 0, "position");
	struct pg_slot_lsn parsed = { false, 0 };

	ret->position_refused = query->refused ? query->message : NULL;
	ret->position_denied = query->refused && cdc_streq(query->sqlstate, "42501");
	ret->position_unlogical = query->refused &&
	    (strstr(query->message, "wal_level") || cdc_streq(query->sqlstate, "0A000"));
	if (query->refused)
		return 0;
	if (query->rows.count != 1)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "one WAL position was expected, not %zu", query->rows.count);
	if (position && parse_lsn("position", 0, position, &parsed, err) < 0)
		return -1;
	if (!parsed.known && !ret->server.standby)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the server's WAL position is NULL");
	ret->server.position = parsed.value;
	ret->server.position_known = parsed.known;
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
	size_t name = cdc_rows_column(rows, "slot_name");

	qsort(facts->slots, facts->count, sizeof(*facts->slots), compare_slots);
	for (size_t i = 0; i < rows->count; i++) {
		struct pg_slot wanted = { .name = cdc_rows_cell(rows, i, name) };
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

	if (pg_slot_parse_slots(&queries[PG_SLOT_SLOTS].rows, version, &facts, err) < 0 ||
	    parse_server(&queries[PG_SLOT_SERVER].rows, &facts.server, err) < 0 ||
	    parse_position(&queries[PG_SLOT_POSITION], &facts, err) < 0 ||
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
