/*
 * What pg.c and pg_connect.c share. No other file includes it.
 */
#ifndef CDC_PG_INTERNAL_H
#define CDC_PG_INTERNAL_H

#include <libpq-fe.h>

#include "client/pg.h"

struct cdc_pg {
	PGconn *conn;
	char *target, *asked;
};

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
