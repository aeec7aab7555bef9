/*
 * PostgreSQL: a connection with a deadline, and queries that go out together, each in a transaction of its own.
 *
 * pg.c is the only file that includes libpq. pg_options.c, which the pure part of a plugin links, knows no library.
 */
#ifndef CDC_PG_H
#define CDC_PG_H

#include "plugin/option.h"
#include "plugin/run.h"
#include "value/rows.h"

/* What the connection options say; a zeroed one leaves everything to libpq, its environment and its files. */
struct cdc_pg_params {
	const char *host;
	int64_t port; /* 0: not given */
	const char *user, *database, *conninfo, *service, *passfile;
	const char *ca_cert, *client_cert, *private_key;
	int tls_mode; /* index + 1 into libpq's sslmode names, 0: not given */
};

/* The rows for a plugin's table: { .type = CDC_OPT_GROUP, .name = ..., .group = cdc_pg_options, .offset = ... }. */
extern const struct cdc_option cdc_pg_options[];

/* The name of the sslmode that --tls chose; NULL: not given. */
const char *cdc_pg_tls_name(const struct cdc_pg_params *params);

/* A connection; opaque outside pg.c. */
struct cdc_pg;

/*
 * Connects before the run's deadline, trying every host and address in turn within the time for connecting. On
 * failure -1 and CDC_ERR_UNREACHABLE, _DENIED, _TIMEOUT, _PROTOCOL, or _USAGE for a connection option that libpq does
 * not take. The caller releases *ret with cdc_pg_close. Errors never show a password.
 */
int cdc_pg_connect(const struct cdc_pg_params *params, struct cdc_run *run, struct cdc_pg **ret,
    struct cdc_err *err) CDC_MUST_USE;
void cdc_pg_close(struct cdc_pg **pg);

/* server_version_num, 170011 for 17.11. */
int cdc_pg_version(const struct cdc_pg *pg);

/* "host:port" as it was reached, for texts; belongs to the connection. */
const char *cdc_pg_target(const struct cdc_pg *pg);

/*
 * All hosts that were asked for, "a:5432,b:5432", for state files: whichever of them answers, it is the same check, or
 * nothing would be known after a failover of what was there before. One host reads as in cdc_pg_target.
 */
const char *cdc_pg_asked(const struct cdc_pg *pg);

/* One query of a batch. */
struct cdc_pg_query {
	const char *name; /* for texts: "replication slots" */
	const char *sql;
	const char *grant; /* what to grant when the right is missing: "SELECT ON pg_catalog.pg_replication_slots" */
	bool optional;    /* the server may refuse it without failing the batch */
	/* out */
	struct cdc_rows rows; /* the caller releases it */
	bool refused;         /* optional, and refused */
	char sqlstate[6];
	char message[300];    /* the server's text when refused, with the GRANT that helps for 42501 */
};

/*
 * Sends all queries at once, each in its own transaction, and collects the answers before the run's deadline. On
 * failure -1: a query that is not optional was refused (CDC_ERR_DENIED for 42501, else _PROTOCOL), the connection was
 * lost, the deadline passed, or an answer is over the limit.
 */
int cdc_pg_query(struct cdc_pg *pg, struct cdc_run *run, struct cdc_pg_query *queries, size_t count,
    struct cdc_err *err) CDC_MUST_USE;

/* Appends "libpq VERSION". */
void cdc_pg_versions(struct cdc_buf *buf);

#endif
