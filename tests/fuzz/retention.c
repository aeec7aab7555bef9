/*
 * check_binlog_retention: answers of a server that sends anything. Two runs, each of five tables in the form of recorded
 * facts (variables, clock, uptime, rds, files) separated by NUL, and the second one has the first one's memory. The first
 * byte says what kind of server it is.
 */
#include "tests/fuzz/judge.h"

#include "plugins/binlog_retention.h"

static bool read_tables(const uint8_t **data, size_t *size, struct cdc_my_query *queries)
{
	struct cdc_err err;
	bool fine = true;

	for (size_t i = 0; i < BINLOG_QUERIES; i++) {
		CDC_CLEANUP(cdc_free_string) char *part = fuzz_part(data, size);

		fine = cdc_rows_parse_tsv(part, &queries[i].rows, &err) == 0 && fine;
	}
	return fine;
}

/* Judges with what *kept holds, and keeps the memory there. */
static void judge(const struct binlog_retention_config *config, const struct binlog_retention_facts *facts,
    int64_t now_ms, char **kept)
{
	struct binlog_reader reader = { 0 };
	struct cdc_check check;

	fuzz_begin(&check, &config->policy, now_ms, *kept);
	binlog_retention_judge(config, facts, &reader, &check);
	fuzz_end(&check, true, kept);
}

static void run(const struct binlog_retention_config *config, bool mariadb, const uint8_t **data, size_t *size,
    int64_t now_ms, char **kept)
{
	CDC_CLEANUP(binlog_retention_facts_release) struct binlog_retention_facts facts = { 0 };
	struct cdc_my_query queries[BINLOG_QUERIES] = { 0 };
	struct cdc_err err;

	if (read_tables(data, size, queries) && binlog_retention_parse(queries, mariadb, &facts, &err) == 0)
		judge(config, &facts, now_ms, kept);
	for (size_t i = 0; i < BINLOG_QUERIES; i++)
		cdc_rows_release(&queries[i].rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *kept = NULL;
	char name[] = "check_binlog_retention", *argv[] = { name, NULL };
	struct binlog_retention_config config = { 0 };
	struct cdc_table table;
	enum cdc_wish wish;
	struct cdc_err err;
	bool mariadb;

	if (size == 0)
		return 0;
	mariadb = *data & 1;
	data++;
	size--;
	cdc_table_init(&table, &binlog_retention_plugin);
	cdc_policy_init(&config.policy, &binlog_retention_plugin);
	HOLDS(cdc_cmdline_parse(&table, &config, 1, argv, &wish, &err) == 0);
	run(&config, mariadb, &data, &size, EPOCH, &kept);
	run(&config, mariadb, &data, &size, EPOCH + 20 * MINUTE, &kept);
	cdc_cmdline_release(&table, &config);
	cdc_table_release(&table);
	return 0;
}
