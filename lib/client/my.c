#include "client/my_internal.h"

#include <ctype.h>
#include <errmsg.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Far above real use. */
#define ROWS_MAX ((size_t)100000)

static int socket_of(MYSQL *conn)
{
#ifdef LIBMARIADB
	return mysql_get_socket(conn);
#else
	return (int)conn->net.fd;
#endif
}

/* libmariadb calls a packet that is over its limit a lost connection; only its own net tells the two apart. */
static bool is_too_large(MYSQL *conn)
{
#ifdef LIBMARIADB
	return mysql_errno(conn) == CR_SERVER_LOST && conn->net.error == 1;
#else
	return mysql_errno(conn) == CR_NET_PACKET_TOO_LARGE;
#endif
}

void cdc_my_close(struct cdc_my **my)
{
	if (!*my)
		return;
	if ((*my)->conn) {
		/* a good-bye to a server that does not answer must not wait */
		if ((*my)->broken && socket_of((*my)->conn) >= 0)
			shutdown(socket_of((*my)->conn), SHUT_RDWR);
		mysql_close((*my)->conn);
	}
	free((*my)->target);
	free((*my)->host);
	free((*my)->version);
	free((*my)->user);
	free(*my);
	*my = NULL;
}

const char *cdc_my_version(const struct cdc_my *my)
{
	return my->version;
}

int cdc_my_version_number(const struct cdc_my *my)
{
	int parts[3] = { 0 };
	const char *at = my->version;

	for (size_t i = 0; i < CDC_LEN(parts); i++) {
		while (isdigit((unsigned char)*at) && parts[i] < 1000)
			parts[i] = 10 * parts[i] + (*at++ - '0');
		if (*at != '.')
			break;
		at++;
	}
	return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

bool cdc_my_is_mariadb(const struct cdc_my *my)
{
	return my->version && strcasestr(my->version, "mariadb") != NULL;
}

const char *cdc_my_target(const struct cdc_my *my)
{
	return my->target;
}

const char *cdc_my_host(const struct cdc_my *my)
{
	return my->host;
}

int cdc_my_port(const struct cdc_my *my)
{
	return my->port;
}

void cdc_my_versions(struct cdc_buf *buf)
{
#ifdef LIBMARIADB
	cdc_buf_addf(buf, "libmariadb %s\n", MARIADB_PACKAGE_VERSION);
#else
	cdc_buf_addf(buf, "libmysqlclient %s\n", mysql_get_client_info());
#endif
}

static int timed_out(struct cdc_my *my, const struct cdc_my_query *query, struct cdc_err *err)
{
	my->broken = true;
	return cdc_fail(err, CDC_ERR_TIMEOUT, "timed out while reading %s from %s (--timeout)", query->name, my->target);
}

static int over_limit(struct cdc_my *my, const struct cdc_my_query *query, struct cdc_err *err)
{
	my->broken = true;
	return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: the answer about %s is over the limit of %zu rows or %zu MiB",
	    my->target, query->name, ROWS_MAX, CDC_MY_PACKET_MAX >> 20);
}

/* libmysqlclient loses a connection between two steps of a row, and then finds itself out of step. */
static bool is_out_of_step(unsigned error)
{
#ifdef LIBMARIADB
	(void)error;
	return false;
#else
	return error == CR_COMMANDS_OUT_OF_SYNC;
#endif
}

static int lost(struct cdc_my *my, const struct cdc_my_query *query, struct cdc_err *err)
{
	unsigned error = mysql_errno(my->conn);

	if (is_too_large(my->conn))
		return over_limit(my, query, err);
	my->broken = true;
	if (is_out_of_step(error))
		return cdc_fail(err, CDC_ERR_UNREACHABLE, "%s: reading %s failed: the connection was lost", my->target,
		    query->name);
	return cdc_fail(err, cdc_my_kind_of(error), "%s: reading %s failed: %s (error %u)", my->target, query->name,
	    mysql_error(my->conn), error);
}

static bool does_not_know(unsigned error)
{
	return error == 1064 || error == 1193 || error == 1305;
}

static const char *grant_for(const struct cdc_my *my, const struct cdc_my_query *query)
{
	return cdc_my_is_mariadb(my) && query->grant_mariadb ? query->grant_mariadb : query->grant;
}

/* The server refused the query: notes why, or fails when the check cannot do without. */
static int refuse(struct cdc_my *my, struct cdc_my_query *query, struct cdc_err *err)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_LIMITED(sizeof(query->message) - 1);

	query->error = mysql_errno(my->conn);
	if (query->error >= 2000 && query->error < 3000)
		return lost(my, query, err);
	/* the server's own text comes behind the GRANT, which is what helps, or it may be cut off */
	if (cdc_my_is_right_missing(query->error) && grant_for(my, query))
		cdc_buf_addf(&text, "GRANT %s TO %s: ", grant_for(my, query), my->user ? my->user : "this account");
	cdc_buf_add(&text, mysql_error(my->conn));
	snprintf(query->message, sizeof(query->message), "%s", text.text);
	query->refused = true;
	if (query->optional && cdc_my_kind_of(query->error) != CDC_ERR_UNREACHABLE)
		return 0;
	return cdc_fail(err, cdc_my_kind_of(query->error), "%s: reading %s failed: %s (error %u)", my->target,
	    query->name, text.text, query->error);
}

static void name_columns(struct cdc_rows *rows, MYSQL_RES *result)
{
	unsigned columns = mysql_num_fields(result);
	const char **names = cdc_alloc(columns, sizeof(*names));
	const MYSQL_FIELD *fields = mysql_fetch_fields(result);

	for (unsigned i = 0; i < columns; i++)
		names[i] = fields[i].name;
	cdc_rows_set_columns(rows, columns, names);
	free(names);
}

static size_t size_of_row(const struct cdc_rows *rows, MYSQL_ROW cells)
{
	size_t bytes = 0;

	for (size_t i = 0; i < rows->columns; i++)
		bytes += 16 + (cells[i] ? strlen(cells[i]) : 0);
	return bytes;
}

/* All rows of a result that is still on its way. */
static int take_rows(struct cdc_my *my, struct cdc_my_query *query, MYSQL_RES *result, struct cdc_err *err)
{
	MYSQL_ROW cells;
	size_t bytes = 0;

	name_columns(&query->rows, result);
	for (;;) {
		if (cdc_my_wait_row(my, result, &cells) != CDC_MY_READY)
			return timed_out(my, query, err);
		if (!cells)
			return mysql_errno(my->conn) ? lost(my, query, err) : 0;
		bytes += size_of_row(&query->rows, cells);
		if (query->rows.count >= ROWS_MAX || bytes > CDC_MY_PACKET_MAX)
			return over_limit(my, query, err);
		cdc_rows_add(&query->rows, (const char *const *)cells);
	}
}

/* Asks once; what the server does not understand leaves query->error and is no failure yet. */
static int ask(struct cdc_my *my, struct cdc_my_query *query, const char *sql, bool last, struct cdc_err *err)
{
	MYSQL_RES *result;
	int code;

	query->error = 0;
	if (cdc_my_wait_query(my, sql) != CDC_MY_READY)
		return timed_out(my, query, err);
	if (mysql_errno(my->conn)) {
		query->error = mysql_errno(my->conn);
		return !last && does_not_know(query->error) ? 0 : refuse(my, query, err);
	}
	result = mysql_use_result(my->conn);
	if (!result)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s: rows were expected for %s, and none came", my->target,
		    query->name);
	code = take_rows(my, query, result, err);
	/* the library would read the rest of an answer that was given up, to the last byte */
	if (code < 0 && socket_of(my->conn) >= 0)
		shutdown(socket_of(my->conn), SHUT_RDWR);
	mysql_free_result(result);
	return code;
}

/* What --verbose shows of a query: that it was asked, its text, its answer. */
static void show(struct cdc_run *run, const struct cdc_my *my, const struct cdc_my_query *query, const char *sql)
{
	int verbose = run->check.policy->verbose;

	if (verbose >= 1 && query->refused)
		cdc_result_verbose(&run->check, "%s refused %s: %s (error %u)", my->target, query->name, query->message,
		    query->error);
	else if (verbose >= 1)
		cdc_result_verbose(&run->check, "%s (%s) answered %s: %zu rows", my->target,
		    my->version ? my->version : "version not known yet", query->name, query->rows.count);
	if (verbose >= 2)
		cdc_result_verbose(&run->check, "asked: %s", sql);
	if (verbose >= 3)
		cdc_result_show_rows(&run->check, &query->rows);
}

int cdc_my_query(struct cdc_my *my, struct cdc_run *run, struct cdc_my_query *queries, size_t count, struct cdc_err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct cdc_my_query *query = &queries[i];
		const char *sql = query->sql;

		cdc_run_step(run, "reading %s from %s", query->name, my->target);
		if (ask(my, query, sql, !query->older, err) < 0)
			return -1;
		if (query->older && !query->refused && does_not_know(query->error)) {
			sql = query->older;
			if (ask(my, query, sql, true, err) < 0)
				return -1;
		}
		show(run, my, query, sql);
	}
	return 0;
}
