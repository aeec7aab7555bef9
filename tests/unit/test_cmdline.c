/* lib/plugin: states, the option table, the command line, patterns, and what the policy takes from them. */
#include "tests/unit/unit.h"

#include "plugin/help.h"

static void test_states(void **state CDC_UNUSED)
{
	/* worst last: interface.md section 1 */
	static const enum cdc_state order[] = { CDC_OK, CDC_UNKNOWN, CDC_WARNING, CDC_CRITICAL };
	static const char *const refused[] = { "", "crit", "okay", "2", " ok", "ok ", "DEPENDENT" };
	enum cdc_state parsed;

	assert_true(CDC_OK == 0 && CDC_WARNING == 1 && CDC_CRITICAL == 2 && CDC_UNKNOWN == 3);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(cdc_state_rank(order[i]), i);
		assert_true(cdc_state_parse(cdc_state_name(order[i]), &parsed) && parsed == order[i]);
		assert_true(cdc_state_parse(cdc_state_word(order[i]), &parsed) && parsed == order[i]);
		for (int j = 0; j < 4; j++)
			assert_int_equal(cdc_state_worst(order[i], order[j]), order[i > j ? i : j]);
	}
	assert_true(cdc_state_parse("CriTiCal", &parsed) && parsed == CDC_CRITICAL);
	for (size_t i = 0; i < CDC_LEN(refused); i++)
		expect(!cdc_state_parse(refused[i], &parsed), "'%s' is a state", refused[i]);
}

static void test_defaults(void **state CDC_UNUSED)
{
	const struct toy_config *config;
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	config = (const struct toy_config *)toy.policy;
	assert_int_equal(toy.wish, CDC_WISH_CHECK);
	assert_int_equal(toy.policy->timeout_ms, 10000);
	assert_int_equal(toy.policy->grace_ms, 6 * MINUTE);
	assert_int_equal(toy.policy->hold_ms, 12 * HOUR); /* the toy's own; 24h elsewhere */
	assert_int_equal(toy.policy->rate_min_ms, 15 * MINUTE);
	assert_int_equal(toy.policy->rate_max_ms, 30 * MINUTE);
	assert_int_equal(toy.policy->warning_for_ms, 0);
	assert_int_equal(toy.policy->max_items, 50);
	assert_int_equal(toy.policy->format, CDC_FORMAT_NAGIOS);
	assert_int_equal(toy.policy->states[CDC_COND_UNREACHABLE], CDC_CRITICAL);
	assert_int_equal(toy.policy->states[CDC_COND_TIMEOUT], CDC_UNKNOWN);
	assert_int_equal(toy.policy->states[CDC_COND_DENIED], CDC_UNKNOWN);
	assert_int_equal(toy.policy->states[CDC_COND_PROTOCOL], CDC_UNKNOWN);
	assert_int_equal(toy.policy->states[CDC_COND_MISSING], CDC_CRITICAL);
	assert_int_equal(toy.policy->states[CDC_COND_VANISHED], CDC_WARNING);
	assert_int_equal(toy.policy->states[CDC_COND_NONE], CDC_WARNING); /* the toy's own; unknown elsewhere */
	assert_int_equal(config->number, 7);
	assert_int_equal(config->choice, 1);
	assert_false(toy.policy->thresholds[DEPTH].given);
	assert_true(toy.policy->thresholds[DEPTH].warning.set);
	assert_false(toy.policy->thresholds[AGE].warning.set);
	stage_close(&toy);
}

static void test_all_options(void **state CDC_UNUSED)
{
	const struct toy_config *config;
	struct stage toy;

	stage_open(&toy, &toy_plugin, "-qvvvv -t 2.5 -s bear --toy=duck -P -5 --size 1.5KiB --patience=2 --colour blue --many a --many b "
		       "-l words --path p --between @3:4 --warning-for 5m --grace=0 --hold 1w --max-items 0 --no-state "
		       "--forget --no-perfdata --problems-only --rate-window 5m --include=a.* --exclude=.*z "
		       "--output-format json --state-dir /d --discover");
	config = (const struct toy_config *)toy.policy;
	assert_true(config->flag);
	assert_int_equal(toy.policy->verbose, 3);
	assert_int_equal(toy.policy->timeout_ms, 2500);
	assert_int_equal(toy.policy->names.count, 2);
	assert_string_equal(toy.policy->names.at[1], "duck");
	assert_int_equal(config->number, -5);
	assert_int_equal(config->size, 1536);
	assert_int_equal(config->duration, 2000);
	assert_int_equal(config->choice, 2);
	assert_int_equal(config->many.count, 2);
	assert_string_equal(config->text, "words");
	assert_string_equal(config->file, "p");
	assert_true(config->range.inside);
	assert_int_equal(toy.policy->warning_for_ms, 5 * MINUTE);
	assert_int_equal(toy.policy->grace_ms, 0);
	assert_int_equal(toy.policy->hold_ms, 168 * HOUR);
	assert_int_equal(toy.policy->max_items, 0);
	assert_true(toy.policy->no_state && toy.policy->forget && toy.policy->no_perfdata);
	assert_true(toy.policy->problems_only && toy.policy->discover);
	assert_int_equal(toy.policy->rate_min_ms, 5 * MINUTE);
	assert_int_equal(toy.policy->rate_max_ms, 10 * MINUTE);
	assert_int_equal(toy.policy->format, CDC_FORMAT_JSON);
	assert_string_equal(toy.policy->state_dir, "/d");
	stage_close(&toy);
}

static void test_spellings(void **state CDC_UNUSED)
{
	static const char *const same[] = { "-w 5 -c 9", "-c9 -w5", "--warning=5 --critical=9", "--warning 5 -c 9",
		"-c 9 --warning=7 --warning=5", "--warning-depth=5 --critical-depth 9", "--critical-d 9 --warning-d=5",
		"-qw5 -c9", "-w 5 -c 9 --" };

	for (size_t i = 0; i < CDC_LEN(same); i++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
		const struct cdc_threshold *depth;
		struct stage toy;

		stage_open(&toy, &toy_plugin, same[i]);
		depth = &toy.policy->thresholds[DEPTH];
		cdc_range_print(&text, &depth->warning);
		cdc_buf_add_char(&text, ' ');
		cdc_range_print(&text, &depth->critical);
		expect_text(same[i], text.text, "5 9");
		assert_true(depth->given);
		stage_close(&toy);
	}
}

static void test_thresholds_of_metrics(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "--warning-age=1.5h --critical-fill-level=95% --warning-server.fill-level 80 --critical-moves=5:");
	assert_true(toy.policy->thresholds[AGE].warning.high == cdc_num_int(5400));
	assert_false(toy.policy->thresholds[AGE].critical.set);
	assert_true(toy.policy->thresholds[FILL].warning.high == cdc_num_int(80));
	assert_true(toy.policy->thresholds[FILL].critical.high == cdc_num_int(95));
	assert_true(toy.policy->thresholds[TOTAL].critical.no_high);
	assert_true(cdc_policy_asks_metric(toy.policy, AGE));
	assert_false(cdc_policy_asks_metric(toy.policy, DEPTH));
	stage_close(&toy);
}

struct refused_case {
	const char *options, *text; /* NULL: only that it is refused */
};

static const struct refused_case refused_cases[] = {
	{ "--nonsense", "unknown option '--nonsense' (--help lists the valid ones)" },
	{ "--nonsense=5", "unknown option '--nonsense' (--help lists the valid ones)" },
	{ "-z", "unknown option '-z' (--help lists the valid ones)" },
	{ "-qz", "unknown option '-z' (--help lists the valid ones)" },
	{ "--quick=yes", "option --quick takes no value" },
	{ "--qui=yes", "option --quick takes no value" },
	{ "--warn 5", NULL },
	{ "--no 5", NULL },
	{ "-w", "option -w needs a value: RANGE" },
	{ "--warning", "option --warning needs a value: RANGE" },
	{ "--text", "option --text needs a value: TEXT" },
	{ "extra", "unexpected argument 'extra': everything is given by options" },
	{ "-q extra -w 5", "unexpected argument 'extra': everything is given by options" },
	{ "-- -q", "unexpected argument '-q': everything is given by options" },
	{ "''", "unexpected argument '': everything is given by options" },
	{ "-w ten", NULL },
	{ "-w ''", "option --warning: '' is no range: it is empty, [@]start:end is expected" },
	{ "-w 10s", NULL },
	{ "-c 20:10", "option --critical: '20:10' is no range: its start is greater than its end" },
	{ "--warning-age 5GiB", NULL },
	{ "--warning-nonsense=5", NULL },
	{ "-s ''", "option --toy: a name is expected, not an empty text" },
	{ "--text ''", "option --text: a value is expected, not an empty text" },
	{ "--path=", "option --path: a value is expected, not an empty text" },
	{ "--state-dir ''", "option --state-dir: a value is expected, not an empty text" },
	{ "--include ''", "option --include: a pattern is expected, not an empty text" },
	{ "--exclude=", "option --exclude: a pattern is expected, not an empty text" },
	{ "--include a)(b", NULL },
	{ "--include (", NULL },
	{ "--include [", NULL },
	{ "--include *a", NULL },
	{ "--include a{2", NULL },
	{ "--include a{2,1}", NULL },
	{ "--include a+++++++++", "option --include: 'a+++++++++' repeats a repetition" },
	{ "-P x", "option --number: 'x': a number from -5 to 100 is expected" },
	{ "-P 101", "option --number: '101': a number from -5 to 100 is expected" },
	{ "-P -6", "option --number: '-6': a number from -5 to 100 is expected" },
	{ "-P 1.0", NULL },
	{ "-P 99999999999999999999", NULL },
	{ "--size 0", NULL },
	{ "--size 9000000TiB", NULL },
	{ "--size 5s", NULL },
	{ "--patience 1", NULL },
	{ "--patience -1s", NULL },
	{ "--patience 5B", NULL },
	{ "--patience ''", NULL },
	{ "--patience 9223372036854775807", NULL }, /* no milliseconds in 64 bits */
	{ "--colour Red", "option --colour: 'Red': valid are red, green, blue" },
	{ "--output-format xml", "option --output-format: 'xml': valid are nagios, json, prometheus" },
	{ "--between 5s", NULL },
	{ "--max-items -1", NULL },
	{ "--max-items 5k", NULL },
	{ "--grace -1s", NULL },
	{ "--warning-for 5x", NULL },
	{ "-t 0", NULL },
	{ "-t -1", NULL },
	{ "-t ''", NULL },
	{ "-t 5:", NULL },
	{ "-t :ok", NULL },
	{ "-t 5:fatal", "option --timeout: '5:fatal': valid states are ok, warning, critical, unknown" },
	{ "-t 5:ok:ok", NULL },
	{ "-t 1e3", NULL },
	{ "-t nan", NULL },
	{ "--rate-window 0", NULL },
	{ "--rate-window ''", NULL },
	{ "--rate-window 30m:15m", "option --rate-window: '30m:15m': MAX must not be less than MIN" },
	{ "--rate-window 15m:", NULL },
	{ "--rate-window :15m", NULL },
	{ "--on", "option --on needs a value: CONDITION=STATE" },
	{ "--on broken", "option --on: 'broken': CONDITION=STATE is expected" },
	{ "--on broken=", "option --on: 'broken=': valid states are ok, warning, critical, unknown" },
	{ "--on broken=bad", "option --on: 'broken=bad': valid states are ok, warning, critical, unknown" },
	{ "--on =ok",
	    "option --on: '=ok': there is no such condition, valid are unreachable timeout denied protocol missing vanished "
	    "none broken idle cut gone faded plain hush" },
	{ "--on Broken=ok",
	    "option --on: 'Broken=ok': there is no such condition, valid are unreachable timeout denied protocol missing "
	    "vanished none broken idle cut gone faded plain hush" },
	{ "--on depth=ok", NULL },
};

static void test_refused(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(refused_cases); i++) {
		const struct refused_case *c = &refused_cases[i];
		struct cdc_err err = { .kind = CDC_ERR_NONE };
		struct stage toy;

		expect(stage_parse(&toy, &toy_plugin, c->options, &err) == -1, "'%s' was taken", c->options);
		assert_int_equal(err.kind, CDC_ERR_USAGE);
		if (c->text)
			expect_text(c->options, err.text, c->text);
		stage_close(&toy);
	}
}

static void test_ambiguous(void **state CDC_UNUSED)
{
	struct cdc_err err;
	struct stage toy;

	assert_int_equal(stage_parse(&toy, &toy_plugin, "--no", &err), -1);
	expect_part("--no", err.text, "ambiguous");
	expect_part("--no", err.text, "--no-state");
	expect_part("--no", err.text, "--no-perfdata");
	stage_close(&toy);
}

/* Nasty texts are quoted so that line 1 stays one line without "|". */
static void test_quoting(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *longer = cdc_alloc(100000, 1);
	struct cdc_policy policy;
	struct cdc_err err;

	memset(longer, 'x', 99999);
	cdc_policy_init(&policy, &toy_plugin);
	assert_int_equal(cdc_policy_set_on(&policy, "a|b\n<c>=ok", &err), -1);
	expect_part("on", err.text, "'a|b\n<c>=ok'"); /* made safe where it is printed */
	assert_int_equal(cdc_policy_set_on(&policy, longer, &err), -1);
	assert_true(strlen(err.text) < 400);
	assert_int_equal(cdc_policy_set_threshold(&policy, AGE, true, longer, &err), -1);
	assert_true(strlen(err.text) < 400);
	assert_int_equal(cdc_policy_set_timeout(&policy, "5:a|b", &err), -1);
	expect_part("timeout", err.text, "'5:a|b'");
	assert_int_equal(cdc_patterns_add(&policy.include, "(|\n", &err), -1);
	expect_part("pattern", err.text, "'(|\n'");
	cdc_policy_release(&policy);
}

static void test_wishes(void **state CDC_UNUSED)
{
	static const struct {
		const char *options;
		enum cdc_wish wish;
	} cases[] = { { "-h", CDC_WISH_HELP }, { "--help", CDC_WISH_HELP }, { "-V", CDC_WISH_VERSION },
		{ "--vers", CDC_WISH_VERSION }, { "-q -h --nonsense", CDC_WISH_HELP }, { "-Vh", CDC_WISH_VERSION },
		{ "-h extra", CDC_WISH_HELP } };

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		struct stage toy;

		stage_open(&toy, &toy_plugin, cases[i].options);
		expect(toy.wish == cases[i].wish, "'%s' is wish %d", cases[i].options, (int)toy.wish);
		stage_close(&toy);
	}
}

static void test_on(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "--on broken=OK --on idle=Warning --on idle=critical --on missing=unknown --on none=ok -t 3:critical");
	assert_int_equal(toy.policy->states[BROKEN], CDC_OK);
	assert_int_equal(toy.policy->states[IDLE], CDC_CRITICAL);
	assert_int_equal(toy.policy->states[CDC_COND_MISSING], CDC_UNKNOWN);
	assert_int_equal(toy.policy->states[CDC_COND_NONE], CDC_OK);
	assert_int_equal(toy.policy->states[CDC_COND_TIMEOUT], CDC_CRITICAL);
	assert_true(cdc_policy_asks_condition(toy.policy, BROKEN));
	assert_true(cdc_policy_asks_condition(toy.policy, CDC_COND_TIMEOUT));
	assert_false(cdc_policy_asks_condition(toy.policy, CUT));
	stage_close(&toy);
}

static const struct {
	const char *options, *name;
	bool selected;
} selection_cases[] = {
	{ "", "anything", true },
	{ "-s bear", "bear", true },
	{ "-s bear", "bears", false },
	{ "-s bear", "duck", false },
	{ "--include b.*", "bear", true },
	{ "--include b.*", "abear", false }, /* anchored at the beginning */
	{ "--include b", "bear", false },    /* and at the end */
	{ "--include a|b", "a", true },
	{ "--include a|b", "ab", false },
	{ "--include ^bear$", "bear", true },
	{ "--include duck -s bear", "bear", true },
	{ "--include duck -s bear", "duck", true },
	{ "--include duck -s bear", "goose", false },
	{ "--exclude b.*", "bear", false },
	{ "--exclude b.*", "duck", true },
	{ "-s bear --exclude b.*", "bear", false },
	{ "--include b.* --exclude bear", "bear", false },
	{ "--include b.* --exclude bear", "bee", true },
	{ "--include a --include b", "b", true },
	{ "--exclude a --exclude b", "b", false },
	{ "--include .", "\xc3\xbc", false }, /* the C locale: two bytes */
	{ "--include ..", "\xc3\xbc", true },
	{ "--include B.*", "bear", false },
	{ "--include [[:digit:]]+", "42", true },
};

static void test_selection(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(selection_cases); i++) {
		struct stage toy;

		stage_open(&toy, &toy_plugin, selection_cases[i].options);
		expect(cdc_policy_selects(toy.policy, selection_cases[i].name) == selection_cases[i].selected,
		    "'%s' with '%s'", selection_cases[i].options, selection_cases[i].name);
		stage_close(&toy);
	}
}

static void test_plugin_tables(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *title = cdc_plugin_title(&toy_plugin);
	CDC_BUF_CLEANUP struct cdc_buf phrase = CDC_BUF_INIT;

	assert_string_equal(title, "TOY");
	assert_int_equal(cdc_plugin_main_metric(&toy_plugin), DEPTH);
	assert_int_equal(cdc_plugin_find_metric(&toy_plugin, "fill-level"), FILL);
	assert_int_equal(cdc_plugin_find_metric(&toy_plugin, "server.fill-level"), -1);
	assert_int_equal(cdc_plugin_find_condition(&toy_plugin, "broken"), BROKEN);
	assert_int_equal(cdc_plugin_find_condition(&toy_plugin, "none"), CDC_COND_NONE);
	assert_int_equal(cdc_plugin_find_condition(&toy_plugin, "nonsense"), -1);
	assert_int_equal(cdc_plugin_condition(&toy_plugin, CDC_COND_NONE)->state, CDC_WARNING);
	assert_ptr_equal(cdc_plugin_condition(&toy_plugin, CDC_COND_NONE), cdc_plugin_condition(&toy_plugin, OWN_NONE));
	cdc_metric_phrase(&phrase, &toy_plugin.metrics[TOTAL], NULL, cdc_num_int(3));
	assert_string_equal(phrase.text, "moved 3 times");
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		longest = n > longest ? n : longest;
	}
	return longest;
}

static const char *const help_parts[] = {
	"check_toy (cdc-plugins) ",
	"Are the toys in the box?",
	"  -h, --help\n",
	"  -t, --timeout=SECONDS[:STATE]\n",
	"  -w, --warning=RANGE\n        Warning range of depth (B). Default: 10.\n",
	"  -c, --critical=RANGE\n        Critical range of depth (B). Default: 20.\n",
	"  --warning-fill-level=RANGE\n",
	"  --extra-opts[=[SECTION][@FILE]]\n",
	("  --hold=DURATION\n        How long a finding that compares with an earlier run is reported after\n"
	 "        it was seen. Default: 12h.\n"),
	"\n  idle                  warning (grace) [age]: nobody plays with it\n",
	"\n  none                  warning: there is no toy at all\n",
	"\n  unreachable           critical: ",
	"\n  server.fill-level (%)\n                        how full the box is\n",
	"\n  check_toy -s bear -w 5\n",
};

static void test_help(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf help = CDC_BUF_INIT;
	struct cdc_table table;
	const char *none;

	cdc_table_init(&table, &toy_plugin);
	cdc_help_print(&help, &table, &toy_plugin);
	for (size_t i = 0; i < CDC_LEN(help_parts); i++)
		expect(strstr(help.text, help_parts[i]), "the help lacks: %s", help_parts[i]);
	expect(longest_line(help.text) <= 80, "a line of the help has %zu columns", longest_line(help.text));
	none = strstr(help.text, "\n  none ");
	assert_true(none && !strstr(none + 1, "\n  none ")); /* a row that replaces a common one stands once */
	cdc_table_release(&table);
}

static void test_wrap(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf folded = CDC_BUF_INIT, wide = CDC_BUF_INIT;

	cdc_wrap(&folded, "one two three four", 0, 2, 9);
	assert_string_equal(folded.text, "one two\n  three\n  four");
	cdc_wrap(&wide, "unbreakable word", 5, 2, 6);
	assert_string_equal(wide.text, "unbreakable\n  word");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_options),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_thresholds_of_metrics),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_on),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_plugin_tables),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
