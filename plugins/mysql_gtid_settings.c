/*
 * check_mysql_gtid: what a server's settings and replication channels say, whatever the reader.
 */
#include "plugins/mysql_gtid_internal.h"

#include "base/text.h"

#include <strings.h>

#define ERROR_MAX 400

static bool is(const char *value, const char *word)
{
	return value && strcasecmp(value, word) == 0;
}

static void judge_mode(const struct mysql_gtid_server *server, struct cdc_item *item)
{
	const char *mode = server->gtid_mode ? server->gtid_mode : "not there";

	if (is(mode, "ON"))
		return;
	if (is(mode, "ON_PERMISSIVE"))
		cdc_item_raise(item, PERMISSIVE, "gtid_mode is ON_PERMISSIVE: Debezium's stored GTID set freezes (the verdict "
						 "on the reader is still Debezium's own)");
	else
		cdc_item_raise(item, OFF, "gtid_mode is %s: nobody can read by GTID here", mode);
}

static void judge_log(const struct mysql_gtid_server *server, struct cdc_item *item)
{
	bool aurora_reader = server->aurora && mysql_gtid_is_on(server->innodb_read_only);

	if (!mysql_gtid_is_on(server->log_bin)) {
		if (!aurora_reader)
			cdc_item_raise(item, LOG_OFF, "binary logging is off (log_bin): there is nothing to read");
		return;
	}
	if (server->role == MYSQL_GTID_CANDIDATE && server->log_updates && !mysql_gtid_is_on(server->log_updates))
		cdc_item_raise(item, NO_REPLICA_UPDATES,
		    "does not log replicated changes (%s): a reader cannot continue here",
		    server->gtid.mariadb ? "log_slave_updates" : "log_replica_updates");
}

/*
 * Debezium documentation, "Read-only incremental snapshots": gtid_mode and enforce_gtid_consistency ON, and with
 * parallel workers the commits in the order of the source. On MariaDB none of these exists.
 */
static void judge_snapshots(const struct mysql_gtid_server *server, struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf missing = CDC_BUF_INIT;
	int64_t workers = 0;

	if (server->gtid.mariadb)
		return;
	if (!is(server->gtid_mode, "ON"))
		cdc_buf_add(&missing, ", gtid_mode=ON");
	if (!is(server->consistency, "ON"))
		cdc_buf_add(&missing, ", enforce_gtid_consistency=ON");
	if (server->parallel_workers && cdc_num_parse_int(server->parallel_workers, &workers) && workers > 0 &&
	    !mysql_gtid_is_on(server->preserve_order))
		cdc_buf_add(&missing, ", replica_preserve_commit_order=ON");
	if (missing.len)
		cdc_item_raise(item, READ_ONLY_SNAPSHOT, "read-only incremental snapshots would need %s", missing.text + 2);
}

void mysql_gtid_judge_settings(const struct mysql_gtid_config *config, const struct mysql_gtid_server *server,
    struct cdc_item *item)
{
	judge_log(server, item);
	if (config->read_only_snapshots)
		judge_snapshots(server, item);
	if (server->gtid.mariadb)
		return;
	judge_mode(server, item);
	if (!is(server->consistency, "ON"))
		cdc_item_raise(item, INCONSISTENT, "enforce_gtid_consistency is %s",
		    server->consistency ? server->consistency : "not there");
	if (cdc_gtid_has_tags(&server->gtid.executed))
		cdc_item_raise(item, TAGGED, "tagged GTIDs in use (Debezium before 3.6 fails)");
}

/* "replication from db1 (channel west)" */
static void add_channel(struct cdc_buf *buf, const struct mysql_gtid_channel *channel)
{
	cdc_buf_add(buf, "replication");
	if (*channel->host)
		cdc_buf_addf(buf, " from %s", channel->host);
	if (*channel->name)
		cdc_buf_addf(buf, " (channel %s)", channel->name);
}

static void judge_threads(const struct mysql_gtid_channel *channel, struct cdc_item *item)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	bool io = is(channel->io, "Yes"), sql = is(channel->sql, "Yes");
	const char *error = !io && *channel->io_error ? channel->io_error : !sql ? channel->sql_error : "";

	if (io && sql)
		return;
	add_channel(&text, channel);
	cdc_buf_add(&text, ": ");
	if (!io)
		cdc_buf_addf(&text, "IO thread %s", is(channel->io, "No") ? "stopped" : channel->io);
	if (!sql)
		cdc_buf_addf(&text, "%sSQL thread stopped", io ? "" : ", ");
	if (*error) {
		cdc_buf_add(&text, ": ");
		cdc_text_add_safe(&text, error, ERROR_MAX);
	}
	cdc_item_raise(item, REPLICA_STOPPED, "%s", text.text);
}

static void judge_refused(const struct mysql_gtid_server *server, struct cdc_item *item, struct cdc_check *check)
{
	bool asked = cdc_policy_asks_metric(check->policy, REPLICA_LAG) ||
	    cdc_policy_asks_condition(check->policy, REPLICA_STOPPED);

	if (asked)
		cdc_item_raise(item, CDC_COND_DENIED, "the replication status is not known: %s", server->channels_refused);
	else
		cdc_result_note(check, "%s: the replication status is not known: %s", server->name,
		    server->channels_refused);
}

void mysql_gtid_judge_channels(const struct mysql_gtid_server *server, struct cdc_item *item, struct cdc_check *check)
{
	const struct mysql_gtid_channel *slowest = NULL;
	CDC_BUF_CLEANUP struct cdc_buf cause = CDC_BUF_INIT;

	if (server->channels_refused)
		judge_refused(server, item, check);
	for (size_t i = 0; i < server->channel_count; i++) {
		const struct mysql_gtid_channel *channel = &server->channels[i];

		judge_threads(channel, item);
		if (channel->lag_known && (!slowest || channel->lag_s > slowest->lag_s))
			slowest = channel;
	}
	if (!slowest)
		return;
	add_channel(&cause, slowest);
	cdc_item_value(item, REPLICA_LAG, cdc_num_int(slowest->lag_s));
	cdc_item_cause(item, REPLICA_LAG, cause.text);
}
