#include "client/pg_internal.h"

#include <poll.h>
#include <stdlib.h>

/* Far above real use: the default of max_replication_slots is 10, its greatest useful value some thousands. */
#define ROWS_MAX  ((size_t)100000)
#define BYTES_MAX ((size_t)32 << 20)

void cdc_pg_close(struct cdc_pg **pg)
{
	if (!*pg)
		return;
	PQfinish((*pg)->conn);
	free((*pg)->target);
	free((*pg)->asked);
	free(*pg);
	*pg = NULL;
}

int cdc_pg_version(const struct cdc_pg *pg)
{
	return PQserverVersion(pg->conn);
}

const char *cdc_pg_target(const struct cdc_pg *pg)
{
	return pg->target;
}

const char *cdc_pg_asked(const struct cdc_pg *pg)
{
	return pg->asked;
}

void cdc_pg_versions(struct cdc_buf *buf)
{
	int version = PQlibVersion();

	cdc_buf_addf(buf, "libpq %d.%d\n", version / 10000, version % 10000);
}

/* 1 when the socket is ready, 0 when the time is over. */
int cdc_pg_wait(PGconn *conn, bool write, int64_t timeout_ms)
{
	struct pollfd ready = { .fd = PQsocket(conn), .events = write ? POLLIN | POLLOUT : POLLIN };

	if (timeout_ms <= 0)
		return 0;
	return poll(&ready, 1, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms) != 0;
}

static int lost(const struct cdc_pg *pg, const struct cdc_pg_query *query, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	enum cdc_err_kind kind = cdc_pg_classify(PQerrorMessage(pg->conn), &text);

	return cdc_fail(err, kind, "lost %s while reading %s: %s", pg->target, query->name, text.text);
}

static int timed_out(const struct cdc_pg *pg, const struct cdc_pg_query *query, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf step = CDC_BUF_INIT;

	cdc_buf_addf(&step, "reading %s from %s", query->name, pg->target);
	return cdc_run_timed_out(err, step.text);
}

/* Nobody asked for them, but libpq collects them. */
static void drop_notifications(struct cdc_pg *pg)
{
	PGnotify *notification;

	while ((notification = PQnotifies(pg->conn)) != NULL)
		PQfreemem(notification);
}

/* The next result of the pipeline, waiting for it; NULL at the end of one query. -1 when it cannot be had. */
static int next_result(struct cdc_pg *pg, struct cdc_run *run, const struct cdc_pg_query *query, PGresult **ret,
    struct cdc_err *err)
{
	while (PQflush(pg->conn) == 1 || PQisBusy(pg->conn)) {
		if (!cdc_pg_wait(pg->conn, PQflush(pg->conn) == 1, cdc_deadline_left_ms(&run->deadline)))
			return timed_out(pg, query, err);
		if (!PQconsumeInput(pg->conn))
			return lost(pg, query, err);
		drop_notifications(pg);
	}
	*ret = PQgetResult(pg->conn);
	return 0;
}

static int over_limit(const struct cdc_pg *pg, const struct cdc_pg_query *query, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: the answer about %s is over the limit of %zu rows or %zu MiB",
	    pg->target, query->name, ROWS_MAX, BYTES_MAX >> 20);
}

/* Copies one row; columns are named by the first. */
static size_t add_row(struct cdc_rows *rows, const PGresult *result)
{
	size_t columns = (size_t)PQnfields(result), bytes = 0;
	const char **cells = cdc_alloc(columns, sizeof(*cells));

	if (rows->columns == 0) {
		for (size_t i = 0; i < columns; i++)
			cells[i] = PQfname(result, (int)i);
		cdc_rows_set_columns(rows, columns, cells);
	}
	for (size_t i = 0; i < columns; i++) {
		cells[i] = PQgetisnull(result, 0, (int)i) ? NULL : PQgetvalue(result, 0, (int)i);
		bytes += 16 + (cells[i] ? strlen(cells[i]) : 0);
	}
	if (columns == rows->columns)
		cdc_rows_add(rows, cells);
	free(cells);
	return bytes;
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* The server refused the query: notes why, or fails when the check cannot do without. */
static int refuse(struct cdc_pg *pg, struct cdc_pg_query *query, const PGresult *result, struct cdc_err *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(sizeof(query->message) - 1);

	if (!state)
		return lost(pg, query, err);
	cdc_buf_add(&text, message ? message : "no reason given");
	if (cdc_streq(state, "42501") && query->grant)
		cdc_buf_addf(&text, ": GRANT %s TO \"%s\"", query->grant, PQuser(pg->conn));
	copy_text(query->sqlstate, sizeof(query->sqlstate), state);
	copy_text(query->message, sizeof(query->message), text.text);
	query->refused = true;
	if (query->optional && !cdc_pg_is_shutdown(state))
		return 0;
	return cdc_fail(err, cdc_pg_kind_of(state), "%s: reading %s failed: %s (SQLSTATE %s)", pg->target, query->name,
	    text.text, state);
}

/* One result of a query: a row, its end, or a refusal. */
static int take_result(struct cdc_pg *pg, struct cdc_pg_query *query, const PGresult *result, size_t *bytes,
    struct cdc_err *err)
{
	switch (PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		*bytes += add_row(&query->rows, result);
		if (query->rows.count > ROWS_MAX || *bytes > BYTES_MAX)
			return over_limit(pg, query, err);
		return 0;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return 0;
	case PGRES_FATAL_ERROR:
		return refuse(pg, query, result, err);
	default:
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: rows were expected for %s, not %s", pg->target, query->name,
		    PQresStatus(PQresultStatus(result)));
	}
}

/* Everything that belongs to one query, its synchronisation point included. */
static int collect(struct cdc_pg *pg, struct cdc_run *run, struct cdc_pg_query *query, struct cdc_err *err)
{
	PGresult *result;
	size_t bytes = 0;
	int code = 0;

	PQsetSingleRowMode(pg->conn);
	for (;;) {
		if (next_result(pg, run, query, &result, err) < 0)
			return -1;
		if (!result)
			break;
		code = take_result(pg, query, result, &bytes, err);
		PQclear(result);
		if (code < 0)
			return -1;
	}
	if (next_result(pg, run, query, &result, err) < 0)
		return -1;
	if (!result || PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
		PQclear(result);
		return lost(pg, query, err);
	}
	PQclear(result);
	return 0;
}

/* What --verbose shows of a query: that it was asked, its text, its answer. */
static void show(struct cdc_run *run, const struct cdc_pg *pg, const struct cdc_pg_query *query)
{
	int verbose = run->check.policy->verbose;

	if (verbose >= 1 && query->refused)
		cdc_result_verbose(&run->check, "%s refused %s: %s (SQLSTATE %s)", pg->target, query->name, query->message,
		    query->sqlstate);
	else if (verbose >= 1)
		cdc_result_verbose(&run->check, "%s (version %d) answered %s: %zu rows", pg->target, cdc_pg_version(pg),
		    query->name, query->rows.count);
	if (verbose >= 2)
		cdc_result_verbose(&run->check, "asked: %s", query->sql);
	if (verbose >= 3)
		cdc_result_show_rows(&run->check, &query->rows);
}

int cdc_pg_query(struct cdc_pg *pg, struct cdc_run *run, struct cdc_pg_query *queries, size_t count, struct cdc_err *err)
{
	if (PQsetnonblocking(pg->conn, 1) < 0 || !PQenterPipelineMode(pg->conn))
		return lost(pg, &queries[0], err);
	for (size_t i = 0; i < count; i++)
		if (!PQsendQueryParams(pg->conn, queries[i].sql, 0, NULL, NULL, NULL, NULL, 0) ||
		    !PQpipelineSync(pg->conn))
			return lost(pg, &queries[i], err);
	for (size_t i = 0; i < count; i++) {
		cdc_run_step(run, "reading %s from %s", queries[i].name, pg->target);
		if (collect(pg, run, &queries[i], err) < 0)
			return -1;
		show(run, pg, &queries[i]);
	}
	return 0;
}
