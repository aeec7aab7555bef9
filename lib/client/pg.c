#include "client/pg_internal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Far above real use: the default of max_replication_slots is 10, its greatest useful value some thousands, and ten
 * thousand slots take 5 MiB.
 */
#define ROWS_MAX       ((size_t)100000)
#define MEMORY_MAX     ((size_t)32 << 20)
/* An answer's memory is looked at once in so many reads; nearly every one is complete before. */
#define READS_PER_LOOK 16

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

/*
 * How many bytes of memory the process has: the second number of proc(5)'s statm, in pages. getrusage(2) cannot tell,
 * for its peak begins with that of the parent. 0 where there is no such file: then only the limit of the process holds.
 */
static size_t memory_in_use(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[64] = "";
	const char *next = text;
	uint64_t pages = 0;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) <= 0 || !cdc_num_take_uint(&next, &pages) || *next++ != ' ' ||
	    !cdc_num_take_uint(&next, &pages))
		pages = 0;
	close(fd);
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What an answer takes up while libpq collects it. */
struct growth {
	size_t reads, before;
};

/* To be called after every read; true when the answer is larger than any in real use. */
static bool is_endless(struct growth *growth)
{
	size_t now;

	if (++growth->reads % READS_PER_LOOK != 0)
		return false;
	now = memory_in_use();
	if (!growth->before)
		growth->before = now;
	return now > growth->before && now - growth->before > MEMORY_MAX;
}

static int over_limit(const struct cdc_pg *pg, const struct cdc_pg_query *query, struct cdc_err *err)
{
	return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: the answer about %s is over the limit of %zu rows or %zu MiB",
	    pg->target, query->name, ROWS_MAX, MEMORY_MAX >> 20);
}

/*
 * The next result of the pipeline, waiting for it; NULL at the end of one query. -1 when it cannot be had. libpq
 * collects an answer whole, so what it takes up meanwhile is watched; its mode of single rows would take three times
 * as long.
 */
static int next_result(struct cdc_pg *pg, struct cdc_run *run, const struct cdc_pg_query *query, PGresult **ret,
    struct cdc_err *err)
{
	struct growth growth = { 0 };

	while (PQflush(pg->conn) == 1 || PQisBusy(pg->conn)) {
		if (!cdc_pg_wait(pg->conn, PQflush(pg->conn) == 1, cdc_deadline_left_ms(&run->deadline)))
			return timed_out(pg, query, err);
		if (!PQconsumeInput(pg->conn))
			return lost(pg, query, err);
		drop_notifications(pg);
		if (is_endless(&growth))
			return over_limit(pg, query, err);
	}
	*ret = PQgetResult(pg->conn);
	return 0;
}

static void clear_result(void *result)
{
	PQclear(result);
}

/* Takes the result over; the cells are where libpq put them. */
static void adopt(struct cdc_rows *rows, PGresult *result)
{
	size_t columns = (size_t)PQnfields(result), count = (size_t)PQntuples(result), n = 0;
	const char **names = cdc_alloc(columns, sizeof(*names));
	char **cells = cdc_alloc(columns * count, sizeof(*cells));

	for (size_t i = 0; i < columns; i++)
		names[i] = PQfname(result, (int)i);
	cdc_rows_set_columns(rows, columns, names);
	free(names);
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < columns; i++, n++)
			cells[n] = PQgetisnull(result, (int)row, (int)i) ? NULL : PQgetvalue(result, (int)row, (int)i);
	cdc_rows_adopt(rows, cells, count, result, clear_result);
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

/* One result of a query: its rows, which take the result over, or a refusal. */
static int take_result(struct cdc_pg *pg, struct cdc_pg_query *query, PGresult **result, struct cdc_err *err)
{
	switch (PQresultStatus(*result)) {
	case PGRES_TUPLES_OK:
		if (query->rows.owner)
			return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: one answer was expected for %s, not more", pg->target,
			    query->name);
		if ((size_t)PQntuples(*result) > ROWS_MAX)
			return over_limit(pg, query, err);
		adopt(&query->rows, CDC_TAKE(*result));
		return 0;
	case PGRES_FATAL_ERROR:
		return refuse(pg, query, *result, err);
	default:
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: rows were expected for %s, not %s", pg->target, query->name,
		    PQresStatus(PQresultStatus(*result)));
	}
}

static void release_result(PGresult **result)
{
	PQclear(*result);
}

/* Everything that belongs to one query, its synchronisation point included. */
static int collect(struct cdc_pg *pg, struct cdc_run *run, struct cdc_pg_query *query, struct cdc_err *err)
{
	CDC_CLEANUP(release_result) PGresult *sync = NULL;

	for (;;) {
		CDC_CLEANUP(release_result) PGresult *result = NULL;

		if (next_result(pg, run, query, &result, err) < 0)
			return -1;
		if (!result)
			break;
		if (take_result(pg, query, &result, err) < 0)
			return -1;
	}
	if (next_result(pg, run, query, &sync, err) < 0)
		return -1;
	return sync && PQresultStatus(sync) == PGRES_PIPELINE_SYNC ? 0 : lost(pg, query, err);
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
