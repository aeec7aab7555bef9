/*
 * The first GTID in the oldest binary log of a MariaDB server, for check_mysql_gtid and check_binlog_retention. Nothing
 * else tells where a log that begins with an empty Gtid_list really begins (cdc_gtid_needs_first).
 */
#include "plugins/mysql_gtid_internal.h"

/* What the oldest log begins with: its format, perhaps its encryption, its list, a checkpoint, the first GTID. */
static const char first_sql[] = "SHOW BINLOG EVENTS LIMIT 5";

void mysql_gtid_ask_first(struct cdc_my_query *query)
{
	*query = (struct cdc_my_query){ .name = "the first events of the binary log", .optional = true, .sql = first_sql,
		.grant = "BINLOG MONITOR ON *.*" };
}

/* "GTID 0-1-18", "BEGIN GTID 0-1-18 cid=7": the first of them; none is no error, the log may be empty. */
int mysql_gtid_parse_first(const struct cdc_my_query *query, struct cdc_gtid_server *gtid, const char **refused,
    struct cdc_err *err)
{
	if (query->refused)
		*refused = query->message;
	for (size_t i = 0; i < query->rows.count; i++) {
		const char *type = cdc_rows_get(&query->rows, i, "Event_type"), *info = cdc_rows_get(&query->rows, i, "Info");
		const char *at = type && info && cdc_streq(type, "Gtid") ? strstr(info, "GTID ") : NULL;
		CDC_CLEANUP(cdc_free_string) char *text = at ? cdc_strndup(at + 5, strcspn(at + 5, " ")) : NULL;
		CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids list = { 0 };

		if (!text)
			continue;
		if (cdc_domain_gtids_parse(text, &list, err) < 0 || list.count != 1)
			return cdc_fail(err, CDC_ERR_PROTOCOL, "the first GTID of the binary log was expected, not '%.60s'", info);
		gtid->first = list.at[0];
		gtid->first_known = true;
		return 0;
	}
	return 0;
}
