/*
 * check_pg_slot over recorded facts: what it says of PostgreSQL 10 and 13 to 18 in every situation that was recorded is
 * in pg_slot.expected.
 */
#include "tests/plugin/play_pg_slot.h"

static char *play(const char *name, const char *options)
{
	struct answers answers;
	struct stage stage;
	char *output;

	answers_load(&answers, name);
	stage_open(&stage, &pg_slot_plugin, options);
	answers_run(&stage, &answers, 0);
	output = stage_output(&stage);
	stage_close(&stage);
	answers_release(&answers);
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
