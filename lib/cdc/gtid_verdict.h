/*
 * Can a reader at this position continue on that server? For MySQL this is Debezium's own start condition
 * (BinlogConnectorConnection.isBinlogPositionAvailable), computed from outside; for MariaDB it is what the server
 * checks when a reader connects (sql/sql_repl.cc: check_slave_start_position, contains_all_slave_gtid).
 *
 * Counts saturate at UINT64_MAX. On MariaDB they come from sequence numbers, which may have holes: at most so many.
 */
#ifndef CDC_GTID_VERDICT_H
#define CDC_GTID_VERDICT_H

#include "cdc/gtid_mariadb.h"
#include "cdc/gtid_mysql.h"

/* The position of a reader in either form; an empty one fits both. A zeroed one is empty. */
struct cdc_gtid_position {
	bool mariadb; /* false and an empty set: nothing was read yet, on either kind of server */
	struct cdc_gtid_set set;
	struct cdc_domain_gtids list;
};

/* What a server has executed and still has. A zeroed one has executed nothing. */
struct cdc_gtid_server {
	bool mariadb;
	struct cdc_gtid_set executed, purged;                         /* MySQL: gtid_executed, gtid_purged */
	struct cdc_domain_gtids binlog_pos, binlog_state, replica_pos; /* MariaDB; replica_pos: gtid_slave_pos */
	struct cdc_domain_gtids horizon;                              /* BINLOG_GTID_POS(first file, 4) */
	bool horizon_known;
	struct cdc_domain_gtid first; /* the first GTID in the oldest log */
	bool first_known;
};

void cdc_gtid_position_release(struct cdc_gtid_position *position);
void cdc_gtid_server_release(struct cdc_gtid_server *server);

/*
 * Reads a position and tells the forms apart: uuid:1-5 and 0-1-5. On failure -1 and a CDC_ERR_USAGE with the place;
 * *ret (which must be zeroed) is unchanged.
 */
int cdc_gtid_position_parse(const char *text, struct cdc_gtid_position *ret, struct cdc_err *err) CDC_MUST_USE;

bool cdc_gtid_position_is_empty(const struct cdc_gtid_position *position);

/* True if the position's form is the other kind of server's. */
bool cdc_gtid_is_foreign(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server);

/* Which sources (MySQL: a UUID, MariaDB: "domain-server") count; NULL stands for all. */
typedef bool cdc_gtid_keep(const char *source, const void *arg);
struct cdc_gtid_filter {
	cdc_gtid_keep *keep;
	const void *arg;
};

/* Leaves out of the position what the filter says no to (gtid.source.includes and .excludes). */
void cdc_gtid_position_filter(struct cdc_gtid_position *position, const struct cdc_gtid_filter *filter);

/* How many transactions (that the filter lets pass) the server executed and the reader has not seen. */
uint64_t cdc_gtid_behind(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_filter *filter);

/*
 * How many of them the server has purged, or never had in its log: MariaDB serves a reader from the first GTID of a log
 * that begins with an empty Gtid_list, and does not tell it what it misses (a replica that was set up by a backup and
 * gtid_slave_pos). Above 0 the reader cannot continue here. Appends which, in short form.
 */
uint64_t cdc_gtid_purged(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_filter *filter, struct cdc_buf *which);

/*
 * How many transactions the reader has seen that the server has not executed, nor `also` (which may be NULL). Appends
 * which, in short form.
 */
uint64_t cdc_gtid_ahead(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server,
    const struct cdc_gtid_server *also, struct cdc_buf *which);

/*
 * True if it matters for a MariaDB reader which GTID is the first in the log, which `first` tells: it is behind in a
 * domain that the horizon has nothing of.
 */
bool cdc_gtid_needs_first(const struct cdc_gtid_position *position, const struct cdc_gtid_server *server);

/* How many of the reader's transactions a candidate has not, but `main` has. Appends which, in short form. */
uint64_t cdc_gtid_missing(const struct cdc_gtid_position *position, const struct cdc_gtid_server *candidate,
    const struct cdc_gtid_server *main, struct cdc_buf *which);

/*
 * How many transactions a candidate has that its source has not: none, when the candidate was read first and nobody
 * wrote to it. On MariaDB only the last one of each server is known: at least so many, where the domain went on.
 * Appends which, in short form.
 */
uint64_t cdc_gtid_errant(const struct cdc_gtid_server *candidate, const struct cdc_gtid_server *source,
    struct cdc_buf *which);

/* How many transactions the server executed. */
uint64_t cdc_gtid_executed(const struct cdc_gtid_server *server);

#endif
