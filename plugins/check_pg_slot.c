/*
 * check_pg_slot: asks a PostgreSQL server. One connection, one round trip for all queries.
 */
#include "plugins/pg_slot.h"

static void release_rows(struct cdc_pg_query *queries)
{
	for (size_t i = 0; i < PG_SLOT_QUERIES; i++)
		cdc_rows_release(&queries[i].rows);
}

static int gather(struct cdc_run *run, const struct pg_slot_config *config, struct cdc_pg *pg,
    struct cdc_pg_query *queries, struct cdc_err *err)
{
	CDC_CLEANUP(pg_slot_facts_release) struct pg_slot_facts facts = { 0 };
	int version = cdc_pg_version(pg);
	size_t count = pg_slot_ask(version, queries);

	if (version < 100000)
		return cdc_fail(err, CDC_ERR_PROTOCOL, "%s runs PostgreSQL %d.%d, 10 is the oldest version that is understood",
		    cdc_pg_target(pg), version / 10000, version / 100 % 100);
	if (cdc_pg_query(pg, run, queries, count, err) < 0) {
		pg_slot_judge_seen(config, queries, version, &run->check);
		return -1;
	}
	if (pg_slot_parse(queries, count, version, &facts, err) < 0)
		return cdc_fail_in(err, "%s", cdc_pg_target(pg));
	run->check.memory.now_ms = facts.server.now_ms;
	cdc_run_remember(run, cdc_pg_asked(pg), pg_slot_selection(config));
	pg_slot_judge(config, &facts, &run->check);
	return 0;
}

static int run(struct cdc_run *run, struct cdc_err *err)
{
	const struct pg_slot_config *config = run->config;
	CDC_CLEANUP(cdc_pg_close) struct cdc_pg *pg = NULL;
	struct cdc_pg_query queries[PG_SLOT_QUERIES] = { 0 };
	int code;

	if (cdc_pg_connect(&config->pg, run, &pg, err) < 0)
		return -1;
	code = gather(run, config, pg, queries, err);
	release_rows(queries);
	return code;
}

static const struct cdc_program program = { .plugin = &pg_slot_plugin, .run = run, .versions = { cdc_pg_versions } };

int main(int argc, char **argv)
{
	return cdc_main(&program, argc, argv);
}
