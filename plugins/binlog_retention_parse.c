/*
 * check_binlog_retention: what is asked, and from answers to facts.
 */
#include "plugins/binlog_retention_internal.h"

#include <stdlib.h>

#define NO_BINARY_LOG 1381 /* ER_NO_BINARY_LOGGING */
#define NO_SUCH_TABLE 1146 /* ER_NO_SUCH_TABLE: for those who would see it */
#define HOUR_MS       ((int64_t)3600 * 1000)

/* Of these a server names those that it has. */
static const char variables_sql[] =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('aurora_version', 'basedir', 'binlog_expire_logs_auto_purge', "
    "'binlog_expire_logs_seconds', 'binlog_format', 'binlog_row_image', 'binlog_row_value_options', "
    "'binlog_space_limit', 'expire_logs_days', 'gtid_mode', 'hostname', 'log_bin', 'max_binlog_total_size', "
    "'server_id', 'server_uuid', 'slave_connections_needed_for_purge')";

/* The names on RDS are fixed; the order makes the answer one row or none. */
static const char rds_sql[] =
    "SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours' ORDER BY value LIMIT 1";

void binlog_retention_ask(struct cdc_my_query *queries)
{
	queries[BINLOG_VARIABLES] = (struct cdc_my_query){ .name = "the server's variables", .sql = variables_sql };
	queries[BINLOG_CLOCK] =
	    (struct cdc_my_query){ .name = "the server's clock", .sql = "SELECT UNIX_TIMESTAMP() AS now" };
	queries[BINLOG_UPTIME] =
	    (struct cdc_my_query){ .name = "the server's uptime", .sql = "SHOW GLOBAL STATUS LIKE 'Uptime'" };
	queries[BINLOG_RDS] = (struct cdc_my_query){ .name = "'binlog retention hours'", .sql = rds_sql,
		.grant = "SELECT ON mysql.rds_configuration", .optional = true };
	queries[BINLOG_FILES] = (struct cdc_my_query){ .name = "the binary logs", .sql = "SHOW BINARY LOGS",
		.grant = "REPLICATION CLIENT ON *.*", .grant_mariadb = "BINLOG MONITOR ON *.*", .optional = true };
}

void binlog_retention_facts_release(struct binlog_retention_facts *facts)
{
	free(facts->files);
	cdc_gtid_server_release(&facts->gtids);
	*facts = (struct binlog_retention_facts){ 0 };
}

/* The value of a variable or status, or NULL. */
static const char *value_of(const struct cdc_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->count; i++) {
		const char *found = cdc_rows_get(rows, i, "Variable_name");

		if (found && strcasecmp(found, name) == 0)
			return cdc_rows_get(rows, i, "Value");
	}
	return NULL;
}

/* A number that may have a fraction (MariaDB's expire_logs_days); absent is 0. */
static int get_number(const struct cdc_rows *rows, const char *name, cdc_num *ret, struct cdc_err *err)
{
	const char *text = value_of(rows, name);

	*ret = 0;
	if (text && (cdc_num_parse(text, strlen(text), CDC_COUNT, ret, err) < 0 || *ret < 0))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s is '%.60s', a number was expected", name, text);
	return 0;
}

/* One of 64 bits without a sign, of which the upper half is as good as infinite; absent is 0. */
static int get_unsigned(const struct cdc_rows *rows, const char *name, int64_t *ret, struct cdc_err *err)
{
	const char *text = value_of(rows, name);
	uint64_t number = 0;

	if (text && !cdc_num_parse_uint(text, &number))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s is '%.60s', a number was expected", name, text);
	*ret = number > INT64_MAX ? INT64_MAX : (int64_t)number;
	return 0;
}

static bool is_off(const struct cdc_rows *rows, const char *name)
{
	const char *text = value_of(rows, name);

	return text && (strcasecmp(text, "OFF") == 0 || cdc_streq(text, "0"));
}

static void set_expiry(struct binlog_server *server, enum binlog_expiry expiry, int64_t expiry_ms, const char *name)
{
	server->expiry = expiry;
	server->expiry_ms = expiry_ms;
	server->expiry_name = name;
}

/* Seconds rule over days where a server has both and they differ. */
static int parse_expiry(const struct cdc_rows *rows, struct binlog_server *server, struct cdc_err *err)
{
	cdc_num seconds, days;

	if (get_number(rows, "binlog_expire_logs_seconds", &seconds, err) < 0 ||
	    get_number(rows, "expire_logs_days", &days, err) < 0)
		return -1;
	if (is_off(rows, "binlog_expire_logs_auto_purge"))
		set_expiry(server, BINLOG_NEVER, 0, "binlog_expire_logs_auto_purge");
	else if (seconds > 0)
		set_expiry(server, BINLOG_AFTER, cdc_num_to_ms(seconds), "binlog_expire_logs_seconds");
	else if (days > 0)
		set_expiry(server, BINLOG_AFTER, cdc_num_to_ms(days * 86400), "expire_logs_days");
	else
		set_expiry(server, BINLOG_NEVER, 0,
		    value_of(rows, "binlog_expire_logs_seconds") ? "binlog_expire_logs_seconds" : "expire_logs_days");
	return 0;
}

/* On RDS and Aurora no table is no setting, and a table that may not be read leaves the question open. */
static int parse_rds_refusal(const struct cdc_my_query *query, struct binlog_server *server, struct cdc_err *err)
{
	if (!server->managed)
		return 0;
	if (query->error == NO_SUCH_TABLE) {
		set_expiry(server, BINLOG_AT_ONCE, 0, "'binlog retention hours'");
		return 0;
	}
	if (!cdc_my_is_right_missing(query->error))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "reading 'binlog retention hours' failed: %s (error %u)",
		    query->message, query->error);
	server->rds_refused = query->message;
	set_expiry(server, BINLOG_EXPIRY_UNKNOWN, 0, "'binlog retention hours'");
	return 0;
}

/* There the service removes files by its own setting; a server that has the table is one of them. */
static int parse_rds(const struct cdc_my_query *query, struct binlog_server *server, struct cdc_err *err)
{
	const char *text = query->refused ? NULL : cdc_rows_get(&query->rows, 0, "value");
	int64_t hours = 0;

	if (query->refused)
		return parse_rds_refusal(query, server, err);
	server->managed = true;
	if (text && (!cdc_num_parse_int(text, &hours) || hours < 0 || hours > INT64_MAX / HOUR_MS))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "'binlog retention hours' is '%.60s', a number was expected", text);
	set_expiry(server, hours ? BINLOG_AFTER : BINLOG_AT_ONCE, hours * HOUR_MS, "'binlog retention hours'");
	return 0;
}

/* MariaDB's max_binlog_total_size; its alias there, and Percona's own variable, is binlog_space_limit. */
static int parse_limits(const struct cdc_rows *rows, struct binlog_server *server, struct cdc_err *err)
{
	server->total_limit_name = value_of(rows, "max_binlog_total_size") ? "max_binlog_total_size" :
									     "binlog_space_limit";
	if (get_unsigned(rows, server->total_limit_name, &server->total_limit, err) < 0)
		return -1;
	return get_unsigned(rows, "slave_connections_needed_for_purge", &server->connections_needed, err);
}

static int parse_variables(const struct cdc_rows *rows, struct binlog_server *server, struct cdc_err *err)
{
	const char *basedir = value_of(rows, "basedir"), *gtid_mode = value_of(rows, "gtid_mode");

	if (!value_of(rows, "log_bin"))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the server's variables are without log_bin");
	server->log_off = is_off(rows, "log_bin");
	server->gtid_on = server->mariadb || (gtid_mode && strcasecmp(gtid_mode, "ON") == 0);
	server->managed = (basedir && strncmp(basedir, "/rdsdbbin", 9) == 0) || value_of(rows, "aurora_version");
	server->format = value_of(rows, "binlog_format");
	server->row_image = value_of(rows, "binlog_row_image");
	server->row_value_options = value_of(rows, "binlog_row_value_options");
	server->identity = value_of(rows, "server_uuid");
	if (!server->identity)
		server->identity = value_of(rows, "hostname");
	if (parse_limits(rows, server, err) < 0)
		return -1;
	return parse_expiry(rows, server, err);
}

static int parse_times(const struct cdc_my_query *queries, struct binlog_server *server, struct cdc_err *err)
{
	const char *now = cdc_rows_get(&queries[BINLOG_CLOCK].rows, 0, "now");
	const char *uptime = value_of(&queries[BINLOG_UPTIME].rows, "Uptime");
	int64_t seconds, up = 0;

	if (!now || !cdc_num_parse_int(now, &seconds) || seconds < 0 || seconds > INT64_MAX / 1000)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the server's clock says '%.60s', seconds were expected",
		    now ? now : "NULL");
	if (uptime && (!cdc_num_parse_int(uptime, &up) || up < 0 || up > INT64_MAX / 1000))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "Uptime is '%.60s', seconds were expected", uptime);
	server->now_ms = seconds * 1000;
	server->uptime_ms = up * 1000;
	return 0;
}

static int parse_files(const struct cdc_rows *rows, struct binlog_retention_facts *facts, struct cdc_err *err)
{
	facts->files = cdc_alloc(rows->count, sizeof(*facts->files));
	facts->count = rows->count;
	for (size_t i = 0; i < rows->count; i++) {
		struct binlog_file *file = &facts->files[i];
		bool present;

		file->name = cdc_rows_get(rows, i, "Log_name");
		if (cdc_rows_int(rows, i, "File_size", &file->size, &present, err) < 0)
			return -1;
		if (!file->name || !present || file->size < 0)
			return cdc_fail(err, CDC_ERR_PROTOCOL, "row %zu of the binary logs has no name or no size", i + 1);
	}
	return 0;
}

/* A server whose log is off answers 1381, but asks for the right first. */
static int take_files(const struct cdc_my_query *query, struct binlog_retention_facts *facts, struct cdc_err *err)
{
	if (!query->refused)
		return parse_files(&query->rows, facts, err);
	if (query->error == NO_BINARY_LOG)
		facts->server.log_off = true;
	if (facts->server.log_off)
		return 0;
	if (!cdc_my_is_right_missing(query->error))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "reading the binary logs failed: %s (error %u)", query->message,
		    query->error);
	facts->server.logs_refused = query->message;
	return 0;
}

int binlog_retention_parse(const struct cdc_my_query *queries, bool mariadb, struct binlog_retention_facts *ret,
    struct cdc_err *err)
{
	CDC_CLEANUP(binlog_retention_facts_release)
	struct binlog_retention_facts facts = { .server.mariadb = mariadb };

	if (parse_variables(&queries[BINLOG_VARIABLES].rows, &facts.server, err) < 0 ||
	    parse_times(queries, &facts.server, err) < 0 || parse_rds(&queries[BINLOG_RDS], &facts.server, err) < 0 ||
	    take_files(&queries[BINLOG_FILES], &facts, err) < 0)
		return -1;
	*ret = facts;
	facts.files = NULL;
	return 0;
}

size_t binlog_retention_find(const struct binlog_retention_facts *facts, const struct binlog_reader *reader)
{
	for (size_t i = 0; reader->file && i < facts->count; i++)
		if (cdc_streq(facts->files[i].name, reader->file))
			return i;
	return facts->count;
}

size_t binlog_retention_probes(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    size_t ret[2])
{
	size_t at = binlog_retention_find(facts, reader), count = 0;

	if (facts->count == 0)
		return 0;
	ret[count++] = 0;
	if (at + 1 < facts->count)
		ret[count++] = at + 1;
	return count;
}
