/*
 * check_mysql_gtid: what is asked, and from answers to facts. Nothing that came from outside ever becomes part of an SQL
 * text.
 */
#include "plugins/mysql_gtid_internal.h"

#include <stdlib.h>
#include <strings.h>

/* SHOW leaves out what a version does not have; it also cuts long values, so the sets are asked for below. */
static const char settings_sql[] =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'gtid_mode', 'enforce_gtid_consistency', 'log_bin', "
    "'log_replica_updates', 'log_slave_updates', 'replica_preserve_commit_order', 'slave_preserve_commit_order', "
    "'replica_parallel_workers', 'slave_parallel_workers', 'aurora_version', 'innodb_read_only')";

static const char sets_mysql_sql[] = "SELECT @@GLOBAL.gtid_executed AS executed, @@GLOBAL.gtid_purged AS purged";
static const char sets_mariadb_sql[] =
    "SELECT @@GLOBAL.gtid_binlog_pos AS binlog_pos, @@GLOBAL.gtid_binlog_state AS binlog_state, "
    "@@GLOBAL.gtid_slave_pos AS replica_pos";

/* An empty name stands for the oldest file (sql/sql_repl.cc: gtid_state_from_binlog_pos), and needs no right. */
static const char horizon_sql[] = "SELECT BINLOG_GTID_POS('', 4) AS horizon";

void mysql_gtid_server_release(struct mysql_gtid_server *server)
{
	for (size_t i = 0; i < MYSQL_GTID_QUERIES; i++)
		cdc_rows_release(&server->queries[i].rows);
	cdc_gtid_server_release(&server->gtid);
	free(server->channels);
	free(server->name);
	free(server->host);
	*server = (struct mysql_gtid_server){ 0 };
}

void mysql_gtid_facts_release(struct mysql_gtid_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		mysql_gtid_server_release(&facts->servers[i]);
	free(facts->servers);
	mysql_gtid_reader_release(&facts->reader);
	*facts = (struct mysql_gtid_facts){ 0 };
}

struct cdc_my_query *mysql_gtid_ask_sets(struct mysql_gtid_server *server, size_t *count)
{
	cdc_rows_release(&server->queries[MYSQL_GTID_SETTINGS].rows);
	cdc_rows_release(&server->queries[MYSQL_GTID_SETS].rows);
	server->queries[MYSQL_GTID_SETTINGS] = (struct cdc_my_query){ .name = "the server's settings",
		.sql = settings_sql };
	server->queries[MYSQL_GTID_SETS] = (struct cdc_my_query){ .name = "the GTID sets", .sql = sets_mysql_sql,
		.older = sets_mariadb_sql };
	server->asked[MYSQL_GTID_SETTINGS] = server->asked[MYSQL_GTID_SETS] = true;
	*count = 2;
	return &server->queries[MYSQL_GTID_SETTINGS];
}

/* Only the sets of a source matter. */
struct cdc_my_query *mysql_gtid_ask_channels(struct mysql_gtid_server *server, bool reader, size_t *count)
{
	bool mariadb = server->gtid.mariadb, horizon = mariadb && reader && mysql_gtid_is_on(server->log_bin);

	*count = 0;
	if (server->role == MYSQL_GTID_SOURCE)
		return &server->queries[MYSQL_GTID_CHANNELS];
	server->queries[MYSQL_GTID_CHANNELS] = (struct cdc_my_query){ .name = "the replication status", .optional = true,
		.sql = mariadb ? "SHOW ALL SLAVES STATUS" : "SHOW REPLICA STATUS",
		.older = mariadb ? NULL : "SHOW SLAVE STATUS", .grant = "REPLICATION CLIENT ON *.*",
		.grant_mariadb = "SLAVE MONITOR ON *.*" };
	server->queries[MYSQL_GTID_HORIZON] = (struct cdc_my_query){ .name = "the oldest GTID position", .optional = true,
		.sql = horizon_sql };
	mysql_gtid_ask_first(&server->queries[MYSQL_GTID_FIRST]);
	server->asked[MYSQL_GTID_CHANNELS] = true;
	server->asked[MYSQL_GTID_HORIZON] = server->asked[MYSQL_GTID_FIRST] = horizon;
	*count = horizon ? 3 : 1;
	return &server->queries[MYSQL_GTID_CHANNELS];
}

bool mysql_gtid_is_on(const char *value)
{
	return value && (strcasecmp(value, "ON") == 0 || cdc_streq(value, "1"));
}

static const char *setting(const struct cdc_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->count; i++) {
		const char *found = cdc_rows_get(rows, i, "Variable_name");

		if (found && strcasecmp(found, name) == 0)
			return cdc_rows_get(rows, i, "Value");
	}
	return NULL;
}

/* The new spelling, else the one before 8.0.26. */
static const char *setting_of(const struct cdc_rows *rows, const char *name, const char *older)
{
	const char *value = setting(rows, name);

	return value ? value : setting(rows, older);
}

static int parse_settings(struct mysql_gtid_server *server, struct cdc_err *err)
{
	const struct cdc_rows *rows = &server->queries[MYSQL_GTID_SETTINGS].rows;

	server->version = setting(rows, "version");
	server->gtid_mode = setting(rows, "gtid_mode");
	server->consistency = setting(rows, "enforce_gtid_consistency");
	server->log_bin = setting(rows, "log_bin");
	server->log_updates = setting_of(rows, "log_replica_updates", "log_slave_updates");
	server->preserve_order = setting_of(rows, "replica_preserve_commit_order", "slave_preserve_commit_order");
	server->parallel_workers = setting_of(rows, "replica_parallel_workers", "slave_parallel_workers");
	server->aurora = setting(rows, "aurora_version");
	server->innodb_read_only = setting(rows, "innodb_read_only");
	if (!server->version || !server->log_bin)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the variables version and log_bin were expected among the settings");
	return 0;
}

static int parse_set(const struct cdc_rows *rows, const char *column, struct cdc_gtid_set *ret, struct cdc_err *err)
{
	const char *text = cdc_rows_get(rows, 0, column);

	if (!text)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "a GTID set was expected as %s", column);
	if (cdc_gtid_parse(text, ret, err) < 0) {
		err->kind = CDC_ERR_PROTOCOL;
		return cdc_fail_in(err, "%s", column);
	}
	return 0;
}

static int parse_list(const struct cdc_rows *rows, const char *column, struct cdc_domain_gtids *ret, struct cdc_err *err)
{
	const char *text = cdc_rows_get(rows, 0, column);

	if (!text)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "a GTID list was expected as %s", column);
	if (cdc_domain_gtids_parse(text, ret, err) < 0) {
		err->kind = CDC_ERR_PROTOCOL;
		return cdc_fail_in(err, "%s", column);
	}
	return 0;
}

static bool has_column(const struct cdc_rows *rows, const char *column)
{
	for (size_t i = 0; i < rows->columns; i++)
		if (cdc_streq(rows->names[i], column))
			return true;
	return false;
}

/* What was read before is replaced; the horizon stays. */
static void release_sets(struct cdc_gtid_server *gtid)
{
	cdc_gtid_release(&gtid->executed);
	cdc_gtid_release(&gtid->purged);
	cdc_domain_gtids_release(&gtid->binlog_pos);
	cdc_domain_gtids_release(&gtid->binlog_state);
	cdc_domain_gtids_release(&gtid->replica_pos);
}

/* The columns that come back tell what kind of server it is. */
static int parse_sets(struct mysql_gtid_server *server, struct cdc_err *err)
{
	const struct cdc_rows *rows = &server->queries[MYSQL_GTID_SETS].rows;
	struct cdc_gtid_server *gtid = &server->gtid;

	if (rows->count != 1)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "one row of GTID sets was expected, not %zu", rows->count);
	release_sets(gtid);
	gtid->mariadb = has_column(rows, "binlog_pos");
	if (gtid->mariadb)
		return parse_list(rows, "binlog_pos", &gtid->binlog_pos, err) < 0 ||
			parse_list(rows, "binlog_state", &gtid->binlog_state, err) < 0 ||
			parse_list(rows, "replica_pos", &gtid->replica_pos, err) < 0 ? -1 : 0;
	return parse_set(rows, "executed", &gtid->executed, err) < 0 ||
		parse_set(rows, "purged", &gtid->purged, err) < 0 ? -1 : 0;
}

int mysql_gtid_parse_sets(struct mysql_gtid_server *server, struct cdc_err *err)
{
	if (parse_settings(server, err) < 0 || parse_sets(server, err) < 0)
		return -1;
	cdc_rows_release(&server->queries[MYSQL_GTID_SETS].rows);
	return 0;
}

/* MySQL before 8.0.22, and MariaDB always, say Slave and Master in the names of columns. */
static const char *get(const struct cdc_rows *rows, size_t row, const char *column, const char *older)
{
	const char *cell = cdc_rows_get(rows, row, column);

	return cell ? cell : cdc_rows_get(rows, row, older);
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

/* Group Replication keeps channels that stand still by nature: one for joining, one without a receiver. */
static bool is_group_channel(const char *name)
{
	return strncmp(name, "group_replication_", strlen("group_replication_")) == 0;
}

static int parse_channel(const struct cdc_rows *rows, size_t row, struct mysql_gtid_channel *ret, struct cdc_err *err)
{
	const char *lag = get(rows, row, "Seconds_Behind_Source", "Seconds_Behind_Master");

	ret->name = text_or_empty(get(rows, row, "Channel_Name", "Connection_name"));
	ret->host = text_or_empty(get(rows, row, "Source_Host", "Master_Host"));
	ret->io = get(rows, row, "Replica_IO_Running", "Slave_IO_Running");
	ret->sql = get(rows, row, "Replica_SQL_Running", "Slave_SQL_Running");
	ret->io_error = text_or_empty(cdc_rows_get(rows, row, "Last_IO_Error"));
	ret->sql_error = text_or_empty(cdc_rows_get(rows, row, "Last_SQL_Error"));
	ret->lag_known = lag != NULL;
	if (!ret->io || !ret->sql)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the replication status has no column about its IO or SQL thread");
	if (lag && !cdc_num_parse_int(lag, &ret->lag_s))
		return cdc_fail(err, CDC_ERR_PROTOCOL, "seconds were expected behind the source, not '%.60s'", lag);
	return 0;
}

static int parse_channels(struct mysql_gtid_server *server, struct cdc_err *err)
{
	const struct cdc_my_query *query = &server->queries[MYSQL_GTID_CHANNELS];
	const struct cdc_rows *rows = &query->rows;

	if (query->refused)
		server->channels_refused = query->message;
	server->channels = cdc_alloc(rows->count, sizeof(*server->channels));
	for (size_t i = 0; i < rows->count; i++) {
		struct mysql_gtid_channel *channel = &server->channels[server->channel_count];

		if (parse_channel(rows, i, channel, err) < 0)
			return -1;
		if (!is_group_channel(channel->name))
			server->channel_count++;
	}
	return 0;
}

/* NULL: there is no such file, which the judgement tells. */
static int parse_horizon(struct mysql_gtid_server *server, struct cdc_err *err)
{
	const struct cdc_my_query *query = &server->queries[MYSQL_GTID_HORIZON];

	if (query->refused)
		server->horizon_refused = query->message;
	if (query->rows.count != 1 || !cdc_rows_get(&query->rows, 0, "horizon"))
		return 0;
	server->gtid.horizon_known = true;
	return parse_list(&query->rows, "horizon", &server->gtid.horizon, err);
}

int mysql_gtid_parse_channels(struct mysql_gtid_server *server, struct cdc_err *err)
{
	if (server->asked[MYSQL_GTID_CHANNELS] && parse_channels(server, err) < 0)
		return -1;
	if (!server->asked[MYSQL_GTID_HORIZON])
		return 0;
	if (parse_horizon(server, err) < 0)
		return -1;
	return mysql_gtid_parse_first(&server->queries[MYSQL_GTID_FIRST], &server->gtid, &server->first_refused, err);
}
