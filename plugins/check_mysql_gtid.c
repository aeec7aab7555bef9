#include "plugins/mysql_gtid.h"
static int run(struct cdc_run *run, struct cdc_err *err)
{
	const struct mysql_gtid_config *config = run->config;
	CDC_CLEANUP(cdc_my_close) struct cdc_my *my = NULL;
	struct cdc_my_query q[2] = { { .name = "sets", .sql = "SELECT @@GLOBAL.gtid_executed AS g", .older = "SELECT @@GLOBAL.gtid_binlog_pos AS g" },
	 { .name = "replicas", .optional = true, .sql = "SHOW ALL REPLICAS STATUS", .grant = "REPLICATION CLIENT ON *.*", .grant_mariadb = "SLAVE MONITOR ON *.*" } };
	struct cdc_item *item;
	if (cdc_my_connect(&config->my, run, 1, &my, err) < 0)
		return -1;
	if (cdc_my_query(my, run, q, 2, err) < 0)
		return -1;
	item = cdc_result_add_fixed(&run->check, "server");
	cdc_item_phrase(item, "%s %d %s:%d %s", cdc_my_version(my), cdc_my_version_number(my), cdc_my_host(my), cdc_my_port(my), q[0].rows.cells[0]);
	if (q[1].refused)
		cdc_result_note(&run->check, "%s", q[1].message);
	cdc_rows_release(&q[0].rows);
	cdc_rows_release(&q[1].rows);
	return 0;
}
static const struct cdc_program program = { .plugin = &mysql_gtid_plugin, .run = run, .versions = cdc_my_versions };
int main(int argc, char **argv)
{
	return cdc_main(&program, argc, argv);
}
