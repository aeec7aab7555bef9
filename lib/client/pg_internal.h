/*
 * What the files of the PostgreSQL client share. No other file includes it.
 */
#ifndef CDC_PG_INTERNAL_H
#define CDC_PG_INTERNAL_H

#include <libpq-fe.h>

#include "client/pg.h"

struct cdc_pg {
	PGconn *conn;
	char *target, *asked;
};

#define CDC_PG_PARAMS_MAX 64

/*
 * Keywords and values as PQconnectStartParams takes them; a later one wins over an earlier. Behind them stands what a
 * service and the environment say.
 */
struct cdc_pg_conninfo {
	const char *keys[CDC_PG_PARAMS_MAX + 1], *values[CDC_PG_PARAMS_MAX + 1];
	size_t count;
	char port[12];
	PQconninfoOption *parsed; /* of --option; keeps its texts */
	PQconninfoOption *defaults;
};

/* The value of a parameter, wherever it was given; NULL where it was not. */
const char *cdc_pg_param(const struct cdc_pg_conninfo *params, const char *key);

/* One host in libpq's terms; each may be NULL: then libpq's default holds. */
struct cdc_pg_host {
	char *name, *address, *port;
};

struct cdc_pg_hosts {
	struct cdc_pg_host *at;
	size_t count;
};

/* All hosts that were given, at least one. On failure -1 and a CDC_ERR_USAGE: the lists do not fit each other. */
int cdc_pg_find_hosts(const struct cdc_pg_conninfo *params, struct cdc_pg_hosts *ret, struct cdc_err *err) CDC_MUST_USE;
void cdc_pg_hosts_release(struct cdc_pg_hosts *hosts);

/* The addresses of one host; a single NULL where libpq itself shall find out (a socket, a name that is not found). */
struct cdc_pg_addresses {
	char **at;
	size_t count, capacity;
};

void cdc_pg_look_up(const struct cdc_pg_host *host, struct cdc_run *run, struct cdc_pg_addresses *ret);
void cdc_pg_addresses_release(struct cdc_pg_addresses *addresses);

/*
 * "host:port" of one, and "a:5432,b:5432/read-write" of all; the caller owns them. found: what libpq chose where
 * nothing was given.
 */
char *cdc_pg_host_text(const struct cdc_pg_host *host, const char *found) CDC_MUST_USE;
char *cdc_pg_hosts_text(const struct cdc_pg_hosts *hosts, const char *attributes) CDC_MUST_USE;

/* True for what libpq says of parameters that it does not take, before it tries anything. */
bool cdc_pg_is_usage(const char *message);

/* Waits for the socket to be readable (or writable): 1 ready, 0 time over. */
int cdc_pg_wait(PGconn *conn, bool write, int64_t timeout_ms);

/*
 * What kind of failure a message of libpq is, and its telling part in one line. libpq gives no SQLSTATE for failed
 * connections but prints it where PQsetErrorVerbosity asks for it; else its own (untranslated) words decide.
 */
enum cdc_err_kind cdc_pg_classify(const char *message, struct cdc_buf *ret);

/* The kind of an error by SQLSTATE (PostgreSQL documentation, appendix A). */
enum cdc_err_kind cdc_pg_kind_of(const char *sqlstate);

/* True for "not now": starting up, shutting down, too many connections. */
bool cdc_pg_is_shutdown(const char *sqlstate);

#endif
