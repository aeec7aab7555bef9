/*
 * check_connect_status over recorded answers: what it says of Kafka Connect 3.9.1 and 4.3.1 in every situation that was
 * recorded (tests/record-connect-facts), in connect_status.expected.
 */
#include "tests/plugin/play_connect_status.h"

/* A recorded answer: a comment, "STATUS TYPE" or "none", the body. */
struct recorded {
	struct cdc_buf text;
	int status;
	const char *body;
};

static void load(struct recorded *recorded, const char *name, const char *question)
{
	char *line, *body;
	int64_t status = 0;

	*recorded = (struct recorded){ .text = CDC_BUF_INIT };
	expect(facts_read("connect_status", name, question, &recorded->text), "%s.%s was not recorded", name, question);
	line = strchr(recorded->text.text, '\n');
	body = line ? strchr(line + 1, '\n') : NULL;
	expect(body != NULL, "%s.%s has no status line", name, question);
	line[4] = *body = '\0';
	recorded->body = body + 1;
	if (!cdc_streq(line + 1, "non"))
		expect(cdc_num_parse_int(line + 1, &status), "%s.%s: '%s'", name, question, line + 1);
	recorded->status = (int)status;
}

static char *play(const char *name, const char *options)
{
	struct recorded list, names, health, first;
	struct worker_says says;
	struct stage stage;
	char *output;

	load(&list, name, "list.http");
	load(&names, name, "names.http");
	load(&health, name, "health.http");
	load(&first, name, "first.http");
	says = (struct worker_says){ .list = list.status == 200 ? list.body : NULL, .names = names.body,
		.health_status = health.status, .health = health.body, .first_status = first.status, .first = first.body };
	stage_open(&stage, &connect_status_plugin, options);
	worker_run(&stage, &says, EPOCH);
	output = stage_output(&stage);
	stage_close(&stage);
	cdc_buf_release(&list.text);
	cdc_buf_release(&names.text);
	cdc_buf_release(&health.text);
	cdc_buf_release(&first.text);
	return output;
}

static void test_recorded(void **state CDC_UNUSED)
{
	facts_expect("connect_status", ".list.http", play);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
