/* lib/plugin: results and how they look (interface.md section 3). Outputs are asserted whole. */
#include "tests/unit/unit.h"

#include "plugin/labels.h"

#include <ctype.h>

static void expect_output(struct stage *toy, const char *row, const char *wanted)
{
	CDC_CLEANUP(cdc_free_string) char *output = NULL;

	stage_end(toy, true);
	output = stage_output(toy);
	expect_text(row, output, wanted);
}

static void begin(struct stage *toy, const char *options)
{
	stage_open(toy, &toy_plugin, options);
	stage_begin(toy, EPOCH);
}

static void test_one_item(void **state CDC_UNUSED)
{
	struct cdc_item *item;
	struct stage toy;

	begin(&toy, "");
	item = toy_item(&toy, "bear", 5);
	cdc_item_phrase(item, "%s", "asleep");
	cdc_item_value(item, AGE, CDC_NUM_ONE * 15 / 10);
	expect_output(&toy, "fine", "TOY OK - bear: asleep, holds 5 B|bear.depth=5B;10;20;0 bear.age=1.5s\n");
	stage_close(&toy);

	begin(&toy, "");
	item = toy_item(&toy, "bear", 15);
	cdc_item_cause(item, DEPTH, "nobody plays with it");
	cdc_item_phrase(item, "asleep");
	expect_output(&toy, "out of range",
	    "TOY WARNING - bear holds 15 B, more than 10 B: nobody plays with it, asleep|bear.depth=15B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "");
	item = toy_item(&toy, "bear", 5);
	cdc_item_raise(item, PLAIN, "plain");
	cdc_item_raise(item, HUSH, "hush");
	cdc_finding_headline(cdc_item_raise(item, BROKEN, "broken (%s)", "ear"), "is broken: sew the ear on");
	cdc_item_raise(item, CDC_COND_DENIED, "no key");
	expect_output(&toy, "findings",
	    "TOY CRITICAL - bear is broken: sew the ear on, no key, holds 5 B, plain|bear.depth=5B;10;20;0\n");
	stage_close(&toy);
}

static void test_several_items(void **state CDC_UNUSED)
{
	struct stage toy;

	begin(&toy, "");
	toy_item(&toy, "duck", 5);
	toy_item(&toy, "bear", 15);
	cdc_item_raise(toy_item(&toy, "ape", 3), BROKEN, "broken");
	cdc_item_raise(toy_item(&toy, "cat", 4), CDC_COND_DENIED, "no key");
	toy_item(&toy, "ant", 25);
	expect_output(&toy, "worst first, then by name",
	    "TOY CRITICAL - ant: holds 25 B, more than 20 B - 2 of 5 toys critical, 1 warning, 1 unknown\n"
	    "[CRITICAL] ant: holds 25 B, more than 20 B\n"
	    "[CRITICAL] ape: broken, holds 3 B\n"
	    "[WARNING] bear: holds 15 B, more than 10 B\n"
	    "[UNKNOWN] cat: no key, holds 4 B\n"
	    "[OK] duck: holds 5 B"
	    "|ant.depth=25B;10;20;0 ape.depth=3B;10;20;0 bear.depth=15B;10;20;0 cat.depth=4B;10;20;0 "
	    "duck.depth=5B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "");
	toy_item(&toy, "bear", 5);
	toy_item(&toy, "ant", 7);
	expect_output(&toy, "all is well",
	    "TOY OK - 2 toys, highest depth 7 B (ant)\n[OK] ant: holds 7 B\n[OK] bear: holds 5 B"
	    "|ant.depth=7B;10;20;0 bear.depth=5B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "-w 3: -c 1:");
	toy_item(&toy, "bear", 5);
	toy_item(&toy, "ant", 7);
	expect_output(&toy, "where less is worse",
	    "TOY OK - 2 toys, lowest depth 5 B (bear)\n[OK] ant: holds 7 B\n[OK] bear: holds 5 B"
	    "|ant.depth=7B;3:;1:;0 bear.depth=5B;3:;1:;0\n");
	stage_close(&toy);
}

static void test_fixed_items(void **state CDC_UNUSED)
{
	struct stage toy;

	begin(&toy, "");
	toy_item(&toy, "bear", 5);
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(50));
	expect_output(&toy, "no line while it is fine",
	    "TOY OK - bear: holds 5 B|server.fill-level=50%;90;;0;100 bear.depth=5B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "");
	toy_item(&toy, "bear", 5);
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(95));
	expect_output(&toy, "a line when it is not, and never counted",
	    "TOY WARNING - server: 95 % full, more than 90 %\n"
	    "[WARNING] server: 95 % full, more than 90 %\n"
	    "[OK] bear: holds 5 B|server.fill-level=95%;90;;0;100 bear.depth=5B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "");
	toy_item(&toy, "ant", 15);
	toy_item(&toy, "bear", 5);
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(95));
	expect_output(&toy, "beside others",
	    "TOY WARNING - ant: holds 15 B, more than 10 B - 1 of 2 toys warning\n"
	    "[WARNING] ant: holds 15 B, more than 10 B\n"
	    "[WARNING] server: 95 % full, more than 90 %\n"
	    "[OK] bear: holds 5 B|server.fill-level=95%;90;;0;100 ant.depth=15B;10;20;0 bear.depth=5B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "--on none=ok");
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(5));
	expect_output(&toy, "alone", "TOY OK - no toys found to judge|server.fill-level=5%;90;;0;100\n");
	stage_close(&toy);
}

static void add_many(struct stage *toy, size_t count, size_t problems)
{
	for (size_t i = 0; i < count; i++) {
		char name[20];

		snprintf(name, sizeof(name), "t%02zu", i);
		toy_item(toy, name, i < problems ? 15 : 1);
	}
	cdc_item_value(cdc_result_add_fixed(&toy->check, "server"), FILL, cdc_num_int(5));
}

static void test_max_items(void **state CDC_UNUSED)
{
	struct stage toy;

	begin(&toy, "--max-items=2 --include .* -s t04");
	add_many(&toy, 5, 1);
	expect_output(&toy, "beyond the limit",
	    "TOY WARNING - t00: holds 15 B, more than 10 B - 1 of 5 toys warning\n"
	    "[WARNING] t00: holds 15 B, more than 10 B\n"
	    "[OK] t01: holds 1 B\n"
	    "... and 3 more|server.fill-level=5%;90;;0;100 t00.depth=15B;10;20;0 t04.depth=1B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "--max-items=3");
	add_many(&toy, 3, 0);
	expect_output(&toy, "at the limit",
	    "TOY OK - 3 toys, highest depth 1 B (t00)\n[OK] t00: holds 1 B\n[OK] t01: holds 1 B\n[OK] t02: holds 1 B"
	    "|server.fill-level=5%;90;;0;100 t00.depth=1B;10;20;0 t01.depth=1B;10;20;0 t02.depth=1B;10;20;0\n");
	stage_close(&toy);

	begin(&toy, "--max-items=0");
	add_many(&toy, 2, 1);
	expect_output(&toy, "none at all",
	    "TOY WARNING - t00: holds 15 B, more than 10 B - 1 of 2 toys warning\n"
	    "... and 2 more|server.fill-level=5%;90;;0;100 t00.depth=15B;10;20;0\n");
	stage_close(&toy);
}

static void test_max_items_without_fixed(void **state CDC_UNUSED)
{
	struct stage toy;

	begin(&toy, "--max-items=1 --no-perfdata");
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(95));
	toy_item(&toy, "ant", 5);
	toy_item(&toy, "bear", 5);
	expect_output(&toy, "fixed items are not counted",
	    "TOY WARNING - server: 95 % full, more than 90 %\n"
	    "[WARNING] server: 95 % full, more than 90 %\n"
	    "[OK] ant: holds 5 B\n"
	    "... and 1 more\n");
	stage_close(&toy);
}

static void test_problems_only(void **state CDC_UNUSED)
{
	struct stage toy;

	begin(&toy, "--problems-only --no-perfdata");
	add_many(&toy, 3, 2);
	expect_output(&toy, "problems",
	    "TOY WARNING - t00: holds 15 B, more than 10 B - 2 of 3 toys warning\n"
	    "[WARNING] t00: holds 15 B, more than 10 B\n"
	    "[WARNING] t01: holds 15 B, more than 10 B\n");
	stage_close(&toy);

	begin(&toy, "--problems-only --no-perfdata");
	add_many(&toy, 3, 0);
	expect_output(&toy, "no problems", "TOY OK - 3 toys, highest depth 1 B (t00)\n");
	stage_close(&toy);
}

static void test_notes_and_verbose(void **state CDC_UNUSED)
{
	static const char *const wanted[] = {
		"TOY OK - 2 toys, highest depth 1 B (t00)\n[OK] t00: holds 1 B\n[OK] t01: holds 1 B\n"
		"note: nothing is kept\n",
		"TOY OK - 2 toys, highest depth 1 B (t00)\n[OK] t00: holds 1 B\n[OK] t01: holds 1 B\n"
		"asked: SELECT 1\nnote: nothing is kept\n",
	};

	for (int i = 0; i < 2; i++) {
		struct stage toy;

		begin(&toy, i ? "--no-perfdata -v" : "--no-perfdata");
		toy_item(&toy, "t00", 1);
		toy_item(&toy, "t01", 1);
		cdc_result_verbose(&toy.check, "asked: %s", "SELECT\n1");
		cdc_result_note(&toy.check, "nothing is %s", "kept");
		cdc_result_note(&toy.check, "nothing is kept");
		expect_output(&toy, "once", wanted[i]);
		stage_close(&toy);
	}
}

static void test_failures(void **state CDC_UNUSED)
{
	struct cdc_err err;
	struct stage toy;

	begin(&toy, "");
	cdc_fail(&err, CDC_ERR_UNREACHABLE, "db|1:5432: connection\nrefused;<b>");
	cdc_result_fail(&toy.check, &err);
	expect_output(&toy, "nothing but an error", "TOY CRITICAL - db 1:5432: connection refused b\n");
	stage_close(&toy);

	begin(&toy, "--no-perfdata");
	cdc_item_raise(toy_item(&toy, "bear", 5), BROKEN, "broken");
	cdc_fail(&err, CDC_ERR_TIMEOUT, "timed out while asking db2 (--timeout)");
	cdc_result_fail(&toy.check, &err);
	expect_output(&toy, "what is worse comes first",
	    "TOY CRITICAL - bear: broken, holds 5 B - timed out while asking db2 (--timeout)\n");
	stage_close(&toy);

	begin(&toy, "--no-perfdata");
	toy_item(&toy, "bear", 5);
	cdc_result_fail(&toy.check, &err);
	expect_output(&toy, "the whole is worse",
	    "TOY UNKNOWN - timed out while asking db2 (--timeout)\n[OK] bear: holds 5 B\n");
	stage_close(&toy);
}

/* interface.md section 3.4: what would collide gets _2, _3 in byte order of the raw names; fixed items keep theirs. */
static const struct {
	const char *name;
	bool fixed;
	const char *label;
} label_cases[] = {
	{ "server", false, "server_2" },
	{ "a b", false, "a_b" },
	{ "a_b", false, "a_b_4" },
	{ "a/b", false, "a_b_3" },
	{ "a.b", false, "a.b" },
	{ "a-b", false, "a-b" },
	{ "a+b", false, "a_b_2" },
	{ "gr\xc3\xbc\xc3\x9f", false, "gr__" },
	{ "gr\xff\xfe", false, "gr___2" },
	{ "'='|;", false, "_____" },
	{ "UPPER", false, "UPPER" },
	{ "upper", false, "upper" },
	{ "server", true, "server" },
};

static const char *label_of(const char *name, bool fixed)
{
	for (size_t i = 0; i < CDC_LEN(label_cases); i++)
		if (label_cases[i].fixed == fixed && cdc_streq(label_cases[i].name, name))
			return label_cases[i].label;
	return "none";
}

static void test_labels(void **state CDC_UNUSED)
{
	struct stage toy;
	struct cdc_labels labels;

	begin(&toy, "");
	for (size_t i = 0; i < CDC_LEN(label_cases); i++) {
		if (label_cases[i].fixed)
			cdc_result_add_fixed(&toy.check, label_cases[i].name);
		else
			cdc_result_add(&toy.check, label_cases[i].name);
	}
	cdc_labels_init(&labels, &toy.check.result, NULL);
	assert_int_equal(labels.count, CDC_LEN(label_cases));
	for (size_t i = 0; i < labels.count; i++)
		expect_text(labels.at[i].name, labels.at[i].label, label_of(labels.at[i].name, labels.at[i].item->fixed));
	cdc_labels_release(&labels);
	stage_close(&toy);
}

static const struct {
	const char *options;
	cdc_num age;
	const char *perfdata;
} range_cases[] = {
	{ "", CDC_NUM_ONE, "=1s" },
	{ "", CDC_NUM_ONE / 1000, "=0.001s" },
	{ "", CDC_NUM_ONE / 10000, "=0s" },
	{ "", -CDC_NUM_ONE * 3 / 2, "=-1.5s" },
	{ "", CDC_NUM_ONE * INT64_MAX, "=9223372036854775807s" },
	{ "--warning-age=10", CDC_NUM_ONE, "=1s;10" },
	{ "--warning-age=0:10", CDC_NUM_ONE, "=1s;10" },
	{ "--critical-age=10", CDC_NUM_ONE, "=1s;;10" },
	{ "--warning-age=1m: --critical-age=30:", CDC_NUM_ONE, "=1s;60:;30:" },
	{ "--warning-age=~:1.5h", CDC_NUM_ONE, "=1s;~:5400" },
	{ "--warning-age=5:10", CDC_NUM_ONE, "=1s;5:10" },
	{ "--warning-age=0:", CDC_NUM_ONE, "=1s;0:" },
	{ "--warning-age=~:", CDC_NUM_ONE, "=1s;~:" },
	{ "--warning-age=@0:10", CDC_NUM_ONE, "=1s;@10" },
	{ "--warning-age=@5:10", CDC_NUM_ONE, "=1s;@5:10" },
	{ "--warning-age=@5:", CDC_NUM_ONE, "=1s;@5:" },
	{ "--warning-age=@~:250ms", CDC_NUM_ONE, "=1s;@~:0.25" },
};

static void test_ranges_in_perfdata(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(range_cases); i++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		CDC_BUF_CLEANUP struct cdc_buf wanted = CDC_BUF_INIT;
		struct stage toy;

		begin(&toy, range_cases[i].options);
		cdc_item_value(cdc_result_add(&toy.check, "bear"), AGE, range_cases[i].age);
		stage_end(&toy, true);
		output = stage_output(&toy);
		cdc_buf_addf(&wanted, "bear.age%s\n", range_cases[i].perfdata);
		expect_text(range_cases[i].options, strchr(output, '|') + 1, wanted.text);
		stage_close(&toy);
	}
}

static void test_limits_in_perfdata(void **state CDC_UNUSED)
{
	struct cdc_item *server;
	struct stage toy;

	begin(&toy, "--warning-fill-level=~: -w ~: -c ~:");
	cdc_item_value(toy_item(&toy, "bear", INT64_MIN), TOTAL, cdc_num_uint(UINT64_MAX));
	server = cdc_result_add_fixed(&toy.check, "server");
	cdc_item_value(server, FILL, CDC_NUM_ONE * 1001 / 11);
	expect_output(&toy, "all 64 bits",
	    "TOY OK - bear: holds -8.0 EiB|server.fill-level=91%;~:;;0;100 "
	    "bear.depth=-9223372036854775808B;~:;~:;0 bear.moves=18446744073709551615c\n");
	cdc_item_value(server, FILL, CDC_NUM_ONE * 1000 / 11);
	stage_close(&toy);
}

/* How many characters the first line has; the text must be valid UTF-8. */
static size_t line1_characters(const char *output)
{
	size_t characters = 0;

	for (; *output && *output != '\n' && *output != '|'; output++)
		characters += ((unsigned char)*output & 0xc0) != 0x80;
	return characters;
}

static void test_line1_is_short(void **state CDC_UNUSED)
{
	char longer[300];

	for (size_t n = 0; n < 260; n++) {
		for (int way = 0; way < 4; way++) {
			CDC_CLEANUP(cdc_free_string) char *output = NULL;
			struct cdc_item *item;
			struct stage toy;

			memset(longer, 'x', n);
			if (way == 1)
				for (size_t i = 0; i + 1 < n; i += 2)
					memcpy(longer + i, "\xc3\xbc", 2);
			longer[n] = '\0';
			begin(&toy, way == 3 ? "--no-perfdata" : "");
			item = toy_item(&toy, n > 100 ? "bear" : longer, 5);
			if (way < 2)
				cdc_finding_headline(cdc_item_raise(item, BROKEN, "short"), "%s", longer);
			else
				cdc_item_phrase(item, "%s", longer);
			cdc_item_phrase(item, "last words");
			stage_end(&toy, true);
			output = stage_output(&toy);
			expect(line1_characters(output) <= 120, "%zu, way %d: %zu characters: %s", n, way,
			    line1_characters(output), output);
			/* nothing is lost: what does not fit stands in the item's line */
			expect_part("all of it", output, "last words");
			stage_close(&toy);
		}
	}
}

/* What concerns the whole shares line 1 with the one item; what does not fit there stands in its line and a note. */
static void test_line1_with_the_whole(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *output = NULL;
	struct cdc_item *item;
	struct stage toy;

	begin(&toy, "--no-perfdata");
	item = toy_item(&toy, "bear", 5);
	cdc_finding_headline(cdc_item_raise(item, BROKEN, "broken"), "is broken: an ear is off, and so are both of its eyes");
	cdc_item_phrase(item, "asleep since the day before yesterday");
	cdc_result_raise(&toy.check, CDC_COND_DENIED, "the doctor says nothing: the line was busy for all of an hour");
	expect_output(&toy, "both cut",
	    "TOY CRITICAL - bear is broken: an ear is off, and so are both of its eyes - the doctor says nothing: the line was…\n"
	    "[CRITICAL] bear: broken, asleep since the day before yesterday, holds 5 B\n"
	    "note: the doctor says nothing: the line was busy for all of an hour\n");
	stage_close(&toy);

	begin(&toy, "--no-perfdata --output-format=json");
	item = toy_item(&toy, "bear", 5);
	cdc_item_raise(item, BROKEN, "broken, for an ear is off, and so are both of its eyes and a foot");
	cdc_result_raise(&toy.check, CDC_COND_DENIED, "the doctor says nothing: the line was busy for all of an hour");
	stage_end(&toy, true);
	output = stage_output(&toy);
	expect_part("JSON has room", output, "and a foot, holds 5 B - the doctor says nothing: the line was busy for all of an hour\"");
	stage_close(&toy);
}

static void test_long_name(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *output = NULL;
	char name[64];
	struct stage toy;

	memset(name, 'n', 63);
	name[63] = '\0';
	begin(&toy, "");
	cdc_finding_headline(cdc_item_raise(toy_item(&toy, name, 5), BROKEN, "broken"),
	    "is broken: changes since 0/5A1C2E8 are gone");
	stage_end(&toy, true);
	output = stage_output(&toy);
	assert_true(line1_characters(output) <= 120);
	expect_part("whole name", output, name);
	expect_part("cause", output, "is broken: changes");
	stage_close(&toy);
}

static void test_json(void **state CDC_UNUSED)
{
	struct cdc_err err;
	struct cdc_item *item;
	struct stage toy;

	begin(&toy, "--output-format=json -v --warning-age=@1m:2m");
	item = toy_item(&toy, "be\"ar|\xff", 15);
	cdc_item_value(item, TOTAL, cdc_num_int(9007199254740993));
	cdc_item_value(item, AGE, CDC_NUM_ONE / 2);
	cdc_result_add_fixed(&toy.check, "server");
	cdc_result_verbose(&toy.check, "asked");
	cdc_result_note(&toy.check, "noted");
	expect_output(&toy, "json",
	    "{\"plugin\":\"check_toy\",\"version\":\"" CDC_VERSION "\",\"state\":\"WARNING\",\"exit_code\":1,"
	    "\"summary\":\"be\\\"ar ?: holds 15 B, more than 10 B\",\"items\":["
	    "{\"name\":\"be\\\"ar|?\",\"state\":\"WARNING\",\"text\":\"holds 15 B, more than 10 B\",\"metrics\":["
	    "{\"name\":\"depth\",\"value\":15,\"unit\":\"B\",\"warning\":\"10\",\"critical\":\"20\",\"min\":0,\"max\":null},"
	    "{\"name\":\"age\",\"value\":0.5,\"unit\":\"s\",\"warning\":\"@60:120\",\"critical\":null,\"min\":null,\"max\":null},"
	    "{\"name\":\"moves\",\"value\":9007199254740993,\"unit\":\"c\",\"warning\":null,\"critical\":null,\"min\":null,"
	    "\"max\":null}],\"labels\":{\"toy\":\"be\\\"ar|?\",\"kind\":\"wood\"}},"
	    "{\"name\":\"server\",\"state\":\"OK\",\"text\":\"ok\",\"metrics\":[],\"labels\":{}}],"
	    "\"error\":null,\"verbose\":[\"asked\",\"note: noted\"]}\n");
	stage_close(&toy);

	begin(&toy, "--output-format=json");
	cdc_fail(&err, CDC_ERR_TIMEOUT, "timed out");
	cdc_result_fail(&toy.check, &err);
	expect_output(&toy, "error",
	    "{\"plugin\":\"check_toy\",\"version\":\"" CDC_VERSION "\",\"state\":\"UNKNOWN\",\"exit_code\":3,"
	    "\"summary\":\"timed out\",\"items\":[],\"error\":\"timed out\",\"verbose\":[]}\n");
	stage_close(&toy);
}

static void test_prometheus(void **state CDC_UNUSED)
{
	struct cdc_item *item;
	struct stage toy;

	begin(&toy, "--output-format=prometheus");
	item = toy_item(&toy, "be\"a\\r\n\xff", 15);
	cdc_item_value(item, TOTAL, cdc_num_int(3));
	cdc_item_value(item, AGE, CDC_NUM_ONE / 2);
	toy_item(&toy, "server", 1);
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(5));
	cdc_result_note(&toy.check, "not on the page");
	expect_output(&toy, "prometheus",
	    "# HELP cdc_toy_depth_bytes how much it holds\n"
	    "# TYPE cdc_toy_depth_bytes gauge\n"
	    "cdc_toy_depth_bytes{toy=\"be\\\"a\\\\r\\n?\",kind=\"wood\"} 15\n"
	    "cdc_toy_depth_bytes{toy=\"server\",kind=\"wood\"} 1\n"
	    "# HELP cdc_toy_age_seconds how old it is\n"
	    "# TYPE cdc_toy_age_seconds gauge\n"
	    "cdc_toy_age_seconds{toy=\"be\\\"a\\\\r\\n?\",kind=\"wood\"} 0.5\n"
	    "# HELP cdc_toy_fill_level_percent how full the box is\n"
	    "# TYPE cdc_toy_fill_level_percent gauge\n"
	    "cdc_toy_fill_level_percent 5\n"
	    "# HELP cdc_toy_moves_total how often it moved\n"
	    "# TYPE cdc_toy_moves_total counter\n"
	    "cdc_toy_moves_total{toy=\"be\\\"a\\\\r\\n?\",kind=\"wood\"} 3\n"
	    "# HELP cdc_check_state State of the whole check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n"
	    "# TYPE cdc_check_state gauge\n"
	    "cdc_check_state{plugin=\"check_toy\"} 1\n"
	    "# HELP cdc_check_item_state State of one item of a check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n"
	    "# TYPE cdc_check_item_state gauge\n"
	    "cdc_check_item_state{plugin=\"check_toy\",item=\"be\\\"a\\\\r\\n?\"} 1\n"
	    "cdc_check_item_state{plugin=\"check_toy\",item=\"server_2\"} 0\n"
	    "cdc_check_item_state{plugin=\"check_toy\",item=\"server\"} 0\n");
	stage_close(&toy);
}

static void test_prometheus_names(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;
	struct cdc_plugin plugin = toy_plugin;
	struct cdc_metric metrics[] = { { .name = "lag", .unit = CDC_SECONDS, .help = "h", .phrase = "%s", .main = true },
		{ .name = "silence", .unit = CDC_SECONDS, .help = "h", .phrase = "%s" } };
	struct cdc_policy policy;
	struct cdc_check check;

	plugin.name = "check_cdc_lag";
	plugin.metrics = metrics;
	plugin.metric_count = 2;
	cdc_policy_init(&policy, &plugin);
	policy.format = CDC_FORMAT_PROMETHEUS;
	cdc_check_init(&check, &policy);
	for (size_t i = 0; i < 2; i++)
		cdc_item_value(i ? check.result.items[0] : cdc_result_add(&check, "x"), i, CDC_NUM_ONE);
	cdc_decide(&check, true);
	cdc_render(&page, &check);
	expect_part("stands once", page.text, "\ncdc_lag_seconds{toy=\"x\",kind=\"\"} 1\n");
	expect_part("without cdc_", page.text, "\ncdc_lag_silence_seconds{toy=\"x\",kind=\"\"} 1\n");
	expect_part("its own name", page.text, "\ncdc_check_state{plugin=\"check_cdc_lag\"} 0\n");
	cdc_check_release(&check);
	cdc_policy_release(&policy);
}

static void test_discovery(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT, none = CDC_BUF_INIT;
	struct stage toy;

	begin(&toy, "--discover");
	cdc_render_discovery(&none, &toy.check);
	assert_string_equal(none.text, "[]\n");
	toy_item(&toy, "duck\"\n", 5);
	cdc_item_label(toy_item(&toy, "bear", 25), 1, NULL);
	cdc_result_add(&toy.check, "gone")->absent = true;
	cdc_result_add_fixed(&toy.check, "server");
	cdc_render_discovery(&text, &toy.check);
	assert_string_equal(text.text,
	    "[{\"{#TOY}\":\"bear\",\"{#KIND}\":\"\"},{\"{#TOY}\":\"duck\\\"\\n\",\"{#KIND}\":\"wood\"}]\n");
	stage_close(&toy);
}

/* Whatever goes in, the output keeps its form: a small reader of its own, and no luck in it (fixed seed). */
static void expect_form(const char *output, size_t seed)
{
	const char *bar = strchr(output, '|');
	size_t n = strlen(output);

	expect(n > 0 && output[n - 1] == '\n', "seed %zu: no newline at the end", seed);
	expect(strncmp(output, "TOY ", 4) == 0, "seed %zu: %s", seed, output);
	expect(bar && !strchr(bar + 1, '|'), "seed %zu: not one bar: %s", seed, output);
	expect(bar[-1] != ' ' && bar[1] != ' ', "seed %zu: blanks around the bar: %s", seed, output);
	expect(!strstr(bar, "  ") && strchr(bar, '\n') == output + n - 1, "seed %zu: %s", seed, bar);
	for (const char *c = output; c < bar; c++)
		expect((unsigned char)*c >= ' ' || *c == '\n', "seed %zu: byte %d", seed, *c);
	for (const char *word = bar + 1; *word && *word != '\n';) {
		size_t label = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

		expect(label > 0 && word[label] == '=', "seed %zu: %s", seed, word);
		word += label + 1;
		word += strspn(word, "0123456789.-sBc%;:@~");
		expect(*word == ' ' || *word == '\n', "seed %zu: %s", seed, word);
		word += *word == ' ';
	}
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)output[i];
		size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		expect(c < 0x80 || c >= 0xc2, "seed %zu: invalid UTF-8", seed);
		for (size_t k = 1; k < len; k++)
			expect(((unsigned char)output[i + k] & 0xc0) == 0x80, "seed %zu: invalid UTF-8", seed);
		i += len;
	}
}

static const char *const morsels[] = { "|", ";", "\n", "\r\n", "<script>", "'", "\"", "\\", "%s%n", " ", "", "\x7f", "\x1b[2J",
	"\xc3", "\xc3\xbc", "\xe2\x80\xa8", "\xf0\x9f\x90\x98", "\xff", "=", "a", "B", "9", ".", "-", "_", "$(id)", "`id`",
	"very long words of no meaning that go on and on and on and on and on and on and on and on and on and on" };

static char *nasty_text(size_t *seed)
{
	struct cdc_buf text = CDC_BUF_INIT;

	for (size_t i = *seed >> 8 & 7; i > 0; i--) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		cdc_buf_add(&text, morsels[(*seed >> 33) % CDC_LEN(morsels)]);
	}
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return cdc_buf_take(&text);
}

static void test_any_text(void **state CDC_UNUSED)
{
	for (size_t run = 0; run < 2000; run++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		size_t seed = run * 7919 + 12345, count = run % 5 + 1;
		struct stage toy;

		begin(&toy, run % 3 ? "-vv" : "--max-items=2");
		for (size_t i = 0; i < count; i++) {
			CDC_CLEANUP(cdc_free_string) char *name = nasty_text(&seed), *text = nasty_text(&seed);
			CDC_CLEANUP(cdc_free_string) char *phrase = nasty_text(&seed);
			struct cdc_item *item = toy_item(&toy, name, (int64_t)(seed >> 20 & 31));

			cdc_item_phrase(item, "%s", phrase);
			cdc_finding_headline(cdc_item_raise(item, CDC_COND_OWN + run % 4, "%s", phrase), "%s", text);
			cdc_item_cause(item, DEPTH, text);
			cdc_result_note(&toy.check, "%s", text);
			cdc_result_verbose(&toy.check, "%s", phrase);
			if (seed >> 40 & 1)
				cdc_result_raise(&toy.check, CDC_COND_PROTOCOL, "%s", text);
		}
		toy_item(&toy, "sure", 1 + 100 * (int64_t)(run % 2));
		stage_end(&toy, true);
		output = stage_output(&toy);
		expect_form(output, run);
		stage_close(&toy);
	}
}

/* Items that were let go count, and the extreme of the main metric is named although it is among them. */
static void test_let_go(void **state CDC_UNUSED)
{
	static const struct {
		const char *options;
		const char *begins, *has;
	} cases[] = {
		{ "--max-items=2 -w 100 -c 100", "TOY OK - 60 toys, highest depth 69 B (item_59)\n[OK] item_00: ", "\n... and 58 more" },
		{ "--max-items=2 -w 5: -c 6:", "TOY OK - 60 toys, lowest depth 10 B (item_00)\n[OK] item_00: ", "\n... and 58 more" },
		{ "--max-items=2 -w 66 -c 68", "TOY CRITICAL - item_59: ", "\n... and 58 more|item_57.depth=67B;66;68;0 item_58.depth=68B;66;68;0 item_59.depth=69B" },
		{ "--max-items=2 -w 66 -c 68 --problems-only", "TOY CRITICAL - item_59: ", "\n... and 1 more|item_57.depth" },
		{ "--max-items=60 -w 66 -c 68", "TOY CRITICAL - item_59: ", "|item_00.depth=10B;66;68;0 item_01.depth" },
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;
		struct stage toy;

		begin(&toy, cases[i].options);
		for (int k = 59; k >= 0; k--) {
			struct cdc_item *item;
			char name[20];

			snprintf(name, sizeof(name), "item_%02d", k);
			item = cdc_result_add(&toy.check, name);
			cdc_item_value(item, DEPTH, cdc_num_int(10 + k));
			cdc_settle(&toy.check, item);
		}
		stage_end(&toy, true);
		output = stage_output(&toy);
		expect(strncmp(output, cases[i].begins, strlen(cases[i].begins)) == 0 && strstr(output, cases[i].has), "%s: %s",
		    cases[i].options, output);
		stage_close(&toy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_item),
		cmocka_unit_test(test_several_items),
		cmocka_unit_test(test_fixed_items),
		cmocka_unit_test(test_max_items),
		cmocka_unit_test(test_max_items_without_fixed),
		cmocka_unit_test(test_problems_only),
		cmocka_unit_test(test_notes_and_verbose),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_let_go),
		cmocka_unit_test(test_ranges_in_perfdata),
		cmocka_unit_test(test_limits_in_perfdata),
		cmocka_unit_test(test_line1_is_short),
		cmocka_unit_test(test_line1_with_the_whole),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_prometheus_names),
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
