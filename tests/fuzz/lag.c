/*
 * check_cdc_lag: pages that say anything. Up to three runs, each over a page (or two, of two workers) of exposition text;
 * what is one of the first run is the memory of the second. NUL separates the pages.
 */
#include "tests/fuzz/judge.h"

#include "plugins/cdc_lag.h"

static void read_page(struct cdc_lag_facts *facts, const char *name, const char *text)
{
	size_t source = cdc_lag_add_source(facts, CDC_LAG_PAGE, name, NULL);
	struct cdc_err err = { .kind = CDC_ERR_NONE };
	struct cdc_lag_reader reader;
	struct cdc_sample_taker taker;
	struct cdc_exposition page;

	cdc_lag_reader_init(&reader, facts, source);
	taker = cdc_lag_taker(&reader);
	cdc_exposition_init(&page, &taker, false);
	if (cdc_exposition_feed(&page, text, strlen(text), &err) == 0)
		(void)!cdc_exposition_end(&page, &err);
	facts->sources[source].samples = page.samples;
	facts->sources[source].err = err;
	facts->sources[source].cut = err.kind != CDC_ERR_NONE && page.samples > 0;
	cdc_exposition_release(&page);
	cdc_lag_reader_release(&reader);
}

/* Judges with what *kept holds, and keeps the memory there. */
static void judge(const struct cdc_lag_config *config, struct cdc_lag_facts *facts, int64_t now_ms, char **kept)
{
	const struct cdc_lag_source *fatal = cdc_lag_fatal(facts);
	struct cdc_check check;

	fuzz_begin(&check, &config->policy, now_ms, *kept);
	cdc_lag_settle(facts);
	cdc_lag_judge(config, facts, &check);
	if (fatal)
		cdc_result_fail(&check, &fatal->err);
	fuzz_end(&check, !fatal, kept);
}

/* The first page's first byte says whether there is a second worker. */
static void run(const struct cdc_lag_config *config, const uint8_t **data, size_t *size, int64_t now_ms, char **kept)
{
	CDC_CLEANUP(cdc_lag_facts_release) struct cdc_lag_facts facts;
	CDC_CLEANUP(cdc_free_string) char *first = fuzz_part(data, size);

	cdc_lag_facts_init(&facts);
	read_page(&facts, "c1:9404", first);
	if (*first == ' ') {
		CDC_CLEANUP(cdc_free_string) char *second = fuzz_part(data, size);

		read_page(&facts, "c2:9404", second);
	}
	judge(config, &facts, now_ms, kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CDC_CLEANUP(cdc_free_string) char *kept = NULL;
	char name[] = "check_cdc_lag", file[] = "--metrics-file=-", server[] = "--server=a", include[] = "--include=.*";
	char *argv[] = { name, file, server, include, NULL };
	struct cdc_lag_config config = { .type = 0 };
	struct cdc_table table;
	enum cdc_wish wish;
	struct cdc_err err;

	cdc_table_init(&table, &cdc_lag_plugin);
	cdc_policy_init(&config.policy, &cdc_lag_plugin);
	HOLDS(cdc_cmdline_parse(&table, &config, 4, argv, &wish, &err) == 0);
	run(&config, &data, &size, EPOCH, &kept);
	run(&config, &data, &size, EPOCH + MINUTE, &kept);
	run(&config, &data, &size, EPOCH + 40 * MINUTE, &kept);
	cdc_cmdline_release(&table, &config);
	cdc_table_release(&table);
	return 0;
}
