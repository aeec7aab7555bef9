/*
 * check_pg_slot over recorded facts: what it says of PostgreSQL 10 and 13 to 18 in every situation that was recorded, in
 * pg_slot.expected; and over several runs, in which facts change as they do in life.
 */
#include "tests/plugin/facts.h"

#include "plugins/pg_slot.h"

#include <inttypes.h>

/* The files' names of the queries. */
static const char *const query_names[] = { [PG_SLOT_SLOTS] = "slots", [PG_SLOT_SERVER] = "server",
	[PG_SLOT_IDENTITY] = "identity", [PG_SLOT_STATS] = "stats" };

struct answers {
	struct cdc_pg_query queries[PG_SLOT_QUERIES];
	size_t count;
	int version;
};

/* "pg17-inactive" was recorded on 17. */
static void load(struct answers *answers, const char *name)
{
	char major[3] = { name[2], name[3], '\0' };
	int64_t version;

	expect(cdc_num_parse_int(major, &version), "%s says no version", name);
	*answers = (struct answers){ .version = (int)version * 10000 };
	answers->count = pg_slot_ask(answers->version, answers->queries);
	for (size_t i = PG_SLOT_SLOTS; i < answers->count; i++) {
		struct cdc_pg_query *query = &answers->queries[i];
		struct fact fact;

		expect(facts_load("pg_slot", name, query_names[i], &fact), "%s.%s was not recorded", name,
		    query_names[i]);
		query->rows = fact.rows;
		query->refused = fact.refused;
		memcpy(query->sqlstate, fact.sqlstate, sizeof(query->sqlstate));
		memcpy(query->message, fact.message, sizeof(query->message));
	}
}

static void release(struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		cdc_rows_release(&answers->queries[i].rows);
}

/* One run at the server's own time, or at that of the test. */
static void run(struct stage *stage, const struct answers *answers, int64_t now_ms)
{
	const struct pg_slot_config *config = (const struct pg_slot_config *)stage->policy;
	CDC_CLEANUP(pg_slot_facts_release) struct pg_slot_facts facts = { 0 };
	struct cdc_err err;

	if (pg_slot_parse(answers->queries, answers->count, answers->version, &facts, &err) < 0)
		fail_msg("%s", err.text);
	stage_begin(stage, now_ms ? now_ms : facts.server.now_ms);
	pg_slot_judge(config, &facts, &stage->check);
	stage_end(stage, true);
}

static char *play(const char *name, const char *options)
{
	struct answers answers;
	struct stage stage;
	char *output;

	load(&answers, name);
	stage_open(&stage, &pg_slot_plugin, options);
	run(&stage, &answers, 0);
	output = stage_output(&stage);
	stage_close(&stage);
	release(&answers);
	return output;
}

static void test_recorded(void **state CDC_UNUSED)
{
	facts_expect("pg_slot", "server", play);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
