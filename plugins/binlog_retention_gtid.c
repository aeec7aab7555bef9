/*
 * check_binlog_retention: where the reader is, and what its GTIDs decide. After a failover the name of its file is
 * the old primary's, so where a reader has GTIDs and the server uses them, only they tell whether it could continue.
 */
#include "plugins/binlog_retention_internal.h"

#include "cdc/offsets.h"

#include <stdlib.h>

void binlog_reader_release(struct binlog_reader *reader)
{
	free(reader->file);
	cdc_gtid_position_release(&reader->gtids);
	mysql_gtid_reader_release(&reader->sources);
	*reader = (struct binlog_reader){ 0 };
}

static int read_pos(const char *text, int64_t *ret, struct cdc_err *err)
{
	if (text && (!cdc_num_parse_int(text, ret) || *ret < 0))
		return cdc_fail(err, CDC_ERR_USAGE, "pos is '%.60s', a position was expected", text);
	return 0;
}

static int read_gtids(const struct binlog_retention_config *config, const char *text, struct binlog_reader *ret,
    struct cdc_err *err)
{
	const struct mysql_gtid_config lists = { .source_includes = config->includes,
		.source_excludes = config->excludes };
	struct cdc_gtid_filter filter = mysql_gtid_filter(&ret->sources);

	if (mysql_gtid_read_position(&lists, NULL, &ret->sources, err) < 0)
		return -1;
	if (!text)
		return 0;
	if (cdc_gtid_position_parse(text, &ret->gtids, err) < 0)
		return cdc_fail_in(err, "gtids");
	cdc_gtid_position_filter(&ret->gtids, &filter);
	ret->has_gtids = true;
	return 0;
}

static int read_offset(const struct binlog_retention_config *config, const struct cdc_offset *offset,
    struct binlog_reader *ret, struct cdc_err *err)
{
	const char *file = cdc_offset_get(offset, "file");

	if (!file || !*file)
		return cdc_fail(err, CDC_ERR_USAGE, "the offset of server '%s' has no file", offset->server);
	if (read_pos(cdc_offset_get(offset, "pos"), &ret->pos, err) < 0)
		return -1;
	ret->file = cdc_strdup(file);
	return read_gtids(config, cdc_offset_get(offset, "gtids"), ret, err);
}

static int read_offsets(const struct binlog_retention_config *config, const char *text, struct binlog_reader *ret,
    struct cdc_err *err)
{
	CDC_OFFSETS_CLEANUP struct cdc_offsets offsets = { 0 };
	const struct cdc_offset *offset = NULL;

	if (cdc_offsets_parse(text, &offsets, err) < 0)
		return -1;
	if (config->offsets_server && !cdc_offsets_find(&offsets, config->offsets_server)) {
		ret->missing = config->offsets_server;
		return 0;
	}
	if (cdc_offsets_pick(&offsets, config->offsets_server, "file", &offset, err) < 0)
		return -1;
	return read_offset(config, offset, ret, err);
}

int binlog_retention_read_position(const struct binlog_retention_config *config, const char *offsets,
    struct binlog_reader *ret, struct cdc_err *err)
{
	if (config->binlog_file) {
		ret->file = cdc_strdup(config->binlog_file);
		ret->pos = config->binlog_pos;
	} else if (offsets && read_offsets(config, offsets, ret, err) < 0) {
		return cdc_fail_in(err, "option --offsets");
	}
	return 0;
}

bool binlog_retention_by_gtid(const struct binlog_retention_facts *facts, const struct binlog_reader *reader)
{
	return reader->has_gtids && facts->server.gtid_on && !facts->server.log_off;
}

/* A name that a server gives is only handed back to it when nothing in it could end the text that it stands in. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (*name == '\'' || *name == '\\' || (unsigned char)*name < ' ' || (unsigned char)*name > '~')
			return false;
	return true;
}

void binlog_retention_ask_gtids(const struct binlog_retention_facts *facts, struct cdc_my_query *query,
    struct cdc_buf *sql)
{
	const char *first = facts->count ? facts->files[0].name : "";

	/* where the files may not be listed, an empty name stands for the oldest (seen on 10.5 to 11.8) */
	if (facts->server.mariadb)
		cdc_buf_addf(sql,
		    "SELECT @@GLOBAL.gtid_binlog_pos AS pos, @@GLOBAL.gtid_binlog_state AS state, "
		    "@@GLOBAL.gtid_slave_pos AS replica_pos, BINLOG_GTID_POS('%s', 4) AS horizon",
		    is_plain(first) ? first : "");
	else
		cdc_buf_add(sql, "SELECT @@GLOBAL.gtid_executed AS executed, @@GLOBAL.gtid_purged AS purged");
	*query = (struct cdc_my_query){ .name = "the GTID sets", .sql = sql->text };
}

static int parse_set(const struct cdc_rows *rows, const char *column, struct cdc_gtid_set *ret, struct cdc_err *err)
{
	const char *text = cdc_rows_get(rows, 0, column);
	struct cdc_err why;

	if (text && cdc_gtid_parse(text, ret, &why) < 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "gtid_%s is no GTID set: %s", column, why.text);
	return 0;
}

static int parse_list(const struct cdc_rows *rows, const char *column, struct cdc_domain_gtids *ret,
    struct cdc_err *err)
{
	const char *text = cdc_rows_get(rows, 0, column);
	struct cdc_err why;

	if (text && cdc_domain_gtids_parse(text, ret, &why) < 0)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "the server's GTID %s is no GTID list: %s", column, why.text);
	return 0;
}

int binlog_retention_parse_gtids(const struct cdc_my_query *query, struct binlog_retention_facts *facts,
    struct cdc_err *err)
{
	const struct cdc_rows *rows = &query->rows;
	struct cdc_gtid_server *gtids = &facts->gtids;

	gtids->mariadb = facts->server.mariadb;
	gtids->horizon_known = cdc_rows_get(rows, 0, "horizon") != NULL;
	if (parse_set(rows, "executed", &gtids->executed, err) < 0 || parse_set(rows, "purged", &gtids->purged, err) < 0 ||
	    parse_list(rows, "pos", &gtids->binlog_pos, err) < 0 ||
	    parse_list(rows, "state", &gtids->binlog_state, err) < 0 ||
	    parse_list(rows, "replica_pos", &gtids->replica_pos, err) < 0 ||
	    parse_list(rows, "horizon", &gtids->horizon, err) < 0)
		return -1;
	facts->gtids_asked = true;
	return 0;
}

void binlog_retention_judge_gtids(const struct binlog_retention_facts *facts, const struct binlog_reader *reader,
    struct cdc_item *item)
{
	const struct cdc_gtid_server *server = &facts->gtids;
	struct cdc_gtid_filter filter = mysql_gtid_filter(&reader->sources);
	CDC_BUF_CLEANUP struct cdc_buf purged = CDC_BUF_INIT, ahead = CDC_BUF_INIT;

	if (cdc_gtid_is_foreign(&reader->gtids, server)) {
		cdc_item_raise(item, FUTURE, "its GTIDs are of %s, and this server is %s: wrong server",
		    reader->gtids.mariadb ? "MariaDB" : "MySQL", server->mariadb ? "MariaDB" : "MySQL");
		return;
	}
	if (server->mariadb && !server->horizon_known)
		cdc_item_raise(item, CDC_COND_PROTOCOL, "not known whether its GTIDs are purged: no position of %s",
		    facts->count ? facts->files[0].name : "the oldest log");
	if (facts->first_refused)
		cdc_item_raise(item, CDC_COND_DENIED, "not known where the binary logs begin: %s", facts->first_refused);
	if (cdc_gtid_ahead(&reader->gtids, server, NULL, &ahead) > 0)
		cdc_finding_headline(cdc_item_raise(item, FUTURE, "has %s, which the server never executed", ahead.text),
		    "is beyond the server: it has %s, which was never executed here", ahead.text);
	if (cdc_gtid_purged(&reader->gtids, server, &filter, &purged) > 0)
		cdc_finding_headline(cdc_item_raise(item, GONE, "needs %s, which is purged", purged.text),
		    "cannot continue: it needs %s, which is purged", purged.text);
}
