/*
 * check_pg_slot: answers of a server that sends anything. Two runs, each of five tables in the form of recorded facts
 * (slots, server, position, identity, stats) separated by NUL; the second one has the first one's memory.
 */
#include "tests/fuzz/judge.h"

#include "plugins/pg_slot.h"

static bool read_tables(const uint8_t **data, size_t *size, struct cdc_pg_query *queries)
{
	struct cdc_err err;
	bool fine = true;

	for (size_t i = PG_SLOT_SLOTS; i < PG_SLOT_QUERIES; i++) {
		CDC_CLEANUP(cdc_free_string) char *part = fuzz_part(data, size);

		fine = cdc_rows_parse_tsv(part, &queries[i].rows, &err) == 0 && fine;
	}
	return fine;
}

/* Judges with what *kept holds, and keeps the memory there. */
static void judge(const struct pg_slot_config *config, const struct pg_slot_facts *facts, int64_t now_ms, char **kept)
{
	struct cdc_check check;

	fuzz_begin(&check, &config->policy, now_ms, *kept);
	pg_slot_judge(config, facts, &check);
	fuzz_end(&check, true, kept);
}

static void run(const struct pg_slot_config *config, const uint8_t **data, size_t *size, int64_t now_ms, char **kept)
{
	CDC_CLEANUP(pg_slot_facts_release) struct pg_slot_facts facts = { 0 };
	struct cdc_pg_query queries[PG_SLOT_QUERIES] = { 0 };
	struct cdc_err err;

	if (read_tables(data, size, queries) &&
	    pg_slot_parse(queries, PG_SLOT_QUERIES, 180000, &facts, &err) == 0)
		judge(config, &facts, now_ms, kept);
	for (size_t i = 0; i < PG_SLOT_QUERIES; i++)
		cdc_rows_release(&queries[i].rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *kept = NULL;
	char name[] = "check_pg_slot", type[] = "--type=all", limit[] = "--size-limit=1GB", temporary[] = "--temporary";
	char *argv[] = { name, type, limit, temporary, NULL };
	struct pg_slot_config config = { .type = 0 };
	struct cdc_table table;
	enum cdc_wish wish;
	struct cdc_err err;

	cdc_table_init(&table, &pg_slot_plugin);
	cdc_policy_init(&config.policy, &pg_slot_plugin);
	HOLDS(cdc_cmdline_parse(&table, &config, 4, argv, &wish, &err) == 0);
	run(&config, &data, &size, EPOCH, &kept);
	run(&config, &data, &size, EPOCH + 20 * MINUTE, &kept);
	cdc_cmdline_release(&table, &config);
	cdc_table_release(&table);
	return 0;
}
