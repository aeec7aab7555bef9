/*
 * check_pg_slot, the pure part: what is configured, what is asked, what the answers mean, and what follows from them.
 * Meaning of every column per version: PostgreSQL documentation, "pg_replication_slots" (10 to 18), and live servers
 * (tests/facts/pg_slot).
 */
#ifndef PG_SLOT_H
#define PG_SLOT_H

#include "client/pg.h"
#include "plugin/decide.h"

enum pg_slot_type { PG_SLOT_LOGICAL, PG_SLOT_PHYSICAL, PG_SLOT_ALL };

struct pg_slot_config {
	struct cdc_policy policy;
	struct cdc_pg_params pg;
	int type; /* enum pg_slot_type: what is judged without being named */
	bool temporary;
	int64_t size_limit; /* bytes; 0: not given */
};

extern const struct cdc_plugin pg_slot_plugin;

/* An optional number. */
struct pg_slot_number {
	bool known;
	int64_t value;
};

struct pg_slot_lsn {
	bool known;
	uint64_t value;
};

/* One row of pg_replication_slots, with what pg_stat_replication_slots says of it. Texts borrow from the rows. */
struct pg_slot {
	const char *name, *type;
	const char *plugin, *database; /* NULL for a physical slot */
	const char *wal_status;               /* NULL before 13, and for a slot that never reserved WAL */
	const char *invalidation_reason;      /* NULL before 17 */
	bool physical, active, temporary, conflicting, failover, synced;
	struct pg_slot_lsn restart_lsn, confirmed_flush_lsn;
	struct pg_slot_number safe_wal_size, inactive_since_ms, xmin_age, catalog_xmin_age;
	struct pg_slot_number spill_bytes, total_txns, stats_reset_ms;
};

struct pg_slot_server {
	int version; /* server_version_num */
	bool standby, sync_slots;
	uint64_t position; /* current WAL position; on a standby the last one received or replayed */
	bool position_known;
	int64_t now_ms, start_ms;                   /* by the server's clock */
	int64_t max_slots;
	struct pg_slot_number keep_size;            /* max_slot_wal_keep_size in bytes, -1: no limit; unknown before 13 */
	struct pg_slot_number idle_timeout_ms;      /* 0: off; unknown before 18 */
	struct pg_slot_number timeline;
	struct pg_slot_number crash_ms;             /* when all statistics were last begun anew, as a crash does */
	const char *system_identifier;              /* NULL: not known */
	char epoch[96]; /* one run of one server: within it counters and positions can be compared */
};

struct pg_slot_facts {
	struct pg_slot_server server;
	struct pg_slot *slots;
	size_t count;
	const char *position_refused; /* why the WAL position is not known, and what helps; NULL: it was asked for with success */
	bool position_denied;         /* by a missing right */
	bool position_unlogical;      /* as Aurora does without logical replication */
	const char *stats_refused; /* why there are no statistics, with the GRANT; NULL: there are, or none exist */
	const char *identity_refused; /* which right is missing for system identifier and timeline; NULL: none */
};

void pg_slot_facts_release(struct pg_slot_facts *facts);

/* The queries, in the order in which they are asked; those that a version does not have are left out. */
enum pg_slot_query {
	PG_SLOT_SETUP,
	PG_SLOT_SLOTS,
	PG_SLOT_SERVER,
	PG_SLOT_POSITION,
	PG_SLOT_IDENTITY,
	PG_SLOT_STATS,
	PG_SLOT_QUERIES
};

/* Fills up to PG_SLOT_QUERIES queries for a server version; returns how many. */
size_t pg_slot_ask(int version, struct cdc_pg_query *queries);

/* Answers to facts. The facts borrow from the queries' rows. On failure -1 and a CDC_ERR_PROTOCOL. */
int pg_slot_parse(const struct cdc_pg_query *queries, size_t count, int version, struct pg_slot_facts *ret,
    struct cdc_err *err) CDC_MUST_USE;

/* Facts to result. Needs nothing but its arguments and cannot fail. */
void pg_slot_judge(const struct pg_slot_config *config, const struct pg_slot_facts *facts, struct cdc_check *check);

/* Which of its own options decide what is judged, for the name of the state file. */
const char *pg_slot_selection(const struct pg_slot_config *config);

/*
 * Judges what is known of the slots when the answers behind theirs did not come: lost is lost, and about to be is too.
 * Nothing is compared with earlier runs, and nothing remembered. What cannot be understood was not seen.
 */
void pg_slot_judge_seen(const struct pg_slot_config *config, const struct cdc_pg_query *queries, int version,
    struct cdc_check *check);

#endif
