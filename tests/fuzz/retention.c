/*
 * check_binlog_retention: answers of a server that sends anything. Two runs, each of five tables in the form of recorded
 * facts (variables, clock, uptime, rds, files) separated by NUL, and the second one has the first one's memory. The first
 * byte says what kind of server it is (bit 0), whether there is a reader (1), whether it has a position (2), and whether
 * it is known when files were begun (3).
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

/* As a probe would find them. */
static void probe(struct binlog_retention_facts *facts, const struct binlog_reader *reader)
{
	size_t wanted[2], count = binlog_retention_probes(facts, reader, wanted);

	for (size_t i = 0; i < count; i++)
		facts->files[wanted[i]].created_ms = (struct binlog_number){ true, EPOCH + (int64_t)i * HOUR };
}

/* Judges with what *kept holds, and keeps the memory there. */
static void judge(const struct binlog_retention_config *config, struct binlog_retention_facts *facts, uint8_t kind,
    int64_t now_ms, char **kept)
{
	static char file[] = "b.000003";
	struct binlog_reader reader = { .file = kind & 2 ? file : NULL, .pos = kind & 4 ? 200 : 0 };
	struct cdc_check check;

	if (kind & 8)
		probe(facts, &reader);
	fuzz_begin(&check, &config->policy, now_ms, *kept);
	binlog_retention_judge(config, facts, &reader, &check);
	fuzz_end(&check, true, kept);
}

static void run(const struct binlog_retention_config *config, uint8_t kind, const uint8_t **data, size_t *size,
    int64_t now_ms, char **kept)
{
	CDC_CLEANUP(binlog_retention_facts_release) struct binlog_retention_facts facts = { 0 };
	struct cdc_my_query queries[BINLOG_QUERIES] = { 0 };
	struct cdc_err err;

	if (read_tables(data, size, queries) && binlog_retention_parse(queries, kind & 1, &facts, &err) == 0)
		judge(config, &facts, kind, now_ms, kept);
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
	uint8_t kind;

	if (size == 0)
		return 0;
	kind = *data;
	data++;
	size--;
	cdc_table_init(&table, &binlog_retention_plugin);
	cdc_policy_init(&config.policy, &binlog_retention_plugin);
	HOLDS(cdc_cmdline_parse(&table, &config, 1, argv, &wish, &err) == 0);
	run(&config, kind, &data, &size, EPOCH, &kept);
	run(&config, kind, &data, &size, EPOCH + 20 * MINUTE, &kept);
	cdc_cmdline_release(&table, &config);
	cdc_table_release(&table);
	return 0;
}
