/* lib/plugin/decide: from what is the case to states (interface.md sections 1 and 6). Time passes in tables. */
#include "tests/unit/unit.h"

#include "plugin/absent.h"

/* One run of a story about the item "bear": what is the case, and what must come out. */
struct step {
	const char *name;
	int64_t after; /* milliseconds after the last run */
	int condition; /* raised as "it is so"; -1: none */
	int64_t depth; /* -1: not known */
	enum cdc_state state;
	const char *text; /* the item's; NULL: not looked at */
};

static void raise(struct cdc_item *item, int condition)
{
	if (condition >= 0)
		cdc_item_raise(item, (size_t)condition, "it is so");
}

static void add_bear(struct stage *toy, const struct step *step)
{
	struct cdc_item *item = cdc_result_add(&toy->check, "bear");

	if (step->depth >= 0)
		cdc_item_value(item, DEPTH, cdc_num_int(step->depth));
	raise(item, step->condition);
}

static void expect_step(const struct stage *toy, const struct step *step)
{
	const struct cdc_item *item = cdc_result_find(&toy->check.result, "bear");
	CDC_CLEANUP(cdc_free_string) char *text = stage_text(toy, "bear");

	expect(item->state == step->state, "%s: %s is %s", step->name, text, cdc_state_name(item->state));
	if (step->text)
		expect_text(step->name, text, step->text);
}

static void tell(struct stage *toy, const struct step *steps, size_t count)
{
	int64_t now_ms = EPOCH;

	for (size_t i = 0; i < count; i++) {
		now_ms += steps[i].after;
		stage_begin(toy, now_ms);
		add_bear(toy, &steps[i]);
		stage_end(toy, true);
		expect_step(toy, &steps[i]);
	}
}

#define STORY(options, steps)                                                                                \
	do {                                                                                                 \
		struct stage toy;                                                                              \
		stage_open(&toy, &toy_plugin, options);                                                                     \
		tell(&toy, steps, CDC_LEN(steps));                                                           \
		stage_close(&toy);                                                                             \
	} while (0)

static void test_conditions(void **state CDC_UNUSED)
{
	static const struct {
		const char *options;
		int condition;
		enum cdc_state state;
		const char *text;
	} cases[] = {
		{ "", BROKEN, CDC_CRITICAL, "it is so" },
		{ "--on broken=ok", BROKEN, CDC_OK, "it is so" },
		{ "--on broken=warning", BROKEN, CDC_WARNING, "it is so" },
		{ "--on broken=unknown", BROKEN, CDC_UNKNOWN, "it is so" },
		{ "", PLAIN, CDC_OK, "it is so" },
		{ "--on plain=critical", PLAIN, CDC_CRITICAL, "it is so" },
		{ "", HUSH, CDC_OK, "ok" },
		{ "--on hush=warning", HUSH, CDC_WARNING, "it is so" },
		{ "", CDC_COND_MISSING, CDC_CRITICAL, "it is so" },
		{ "--on missing=ok", CDC_COND_MISSING, CDC_OK, "it is so" },
		{ "", CDC_COND_DENIED, CDC_UNKNOWN, "it is so" },
		/* a plugin's row that replaces a common one, by either of its indices */
		{ "", CDC_COND_NONE, CDC_WARNING, "it is so" },
		{ "", OWN_NONE, CDC_WARNING, "it is so" },
		{ "--on none=critical", CDC_COND_NONE, CDC_CRITICAL, "it is so" },
		{ "--on none=critical", OWN_NONE, CDC_CRITICAL, "it is so" },
		/* brackets: a threshold of the command line for the metric replaces the condition */
		{ "--grace 0", IDLE, CDC_WARNING, "it is so" },
		{ "--grace 0 --critical-age=~:", IDLE, CDC_OK, "age has no value, it is so" },
		/* one that has nothing to judge does not */
		{ "--grace 0 --warning-age=1h", IDLE, CDC_WARNING, "it is so, age has no value" },
		{ "--grace 0 --warning-age=1h --on idle=critical", IDLE, CDC_CRITICAL, "it is so, age has no value" },
		{ "--grace 0 --on idle=critical --warning-age=1h", IDLE, CDC_CRITICAL, "it is so, age has no value" },
		{ "--grace 0 -w 5", IDLE, CDC_WARNING, "it is so, depth has no value" },
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		struct step step = { cases[i].options, 0, cases[i].condition, -1, cases[i].state, cases[i].text };

		STORY(cases[i].options, (&(struct step[1]){ step })[0]);
	}
}

static void test_thresholds(void **state CDC_UNUSED)
{
	static const struct {
		const char *options;
		int64_t depth;
		enum cdc_state state;
		const char *text;
	} cases[] = {
		{ "", 10, CDC_OK, "holds 10 B" },
		{ "", 11, CDC_WARNING, "holds 11 B, more than 10 B" },
		{ "", 20, CDC_WARNING, "holds 20 B, more than 10 B" },
		{ "", 21, CDC_CRITICAL, "holds 21 B, more than 20 B" },
		{ "", -1, CDC_OK, "ok" }, /* not known: never changes the state */
		{ "-w 5: -c 3:", 4, CDC_WARNING, "holds 4 B, less than 5 B" },
		{ "-w 5: -c 3:", 2, CDC_CRITICAL, "holds 2 B, less than 3 B" },
		{ "-w ~: -c ~:", 1000, CDC_OK, "holds 1000 B" },
		{ "-w ~:", 15, CDC_OK, "holds 15 B" },
		{ "-w ~:", 21, CDC_CRITICAL, "holds 21 B, more than 20 B" },
		{ "-c ~:", 21, CDC_WARNING, "holds 21 B, more than 10 B" },
		{ "-w @5:6 -c ~:", 6, CDC_WARNING, "holds 6 B, within 5 B to 6 B" },
		{ "-w 100 -c 5", 50, CDC_CRITICAL, "holds 50 B, more than 5 B" }, /* critical is tested first */
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		struct step step = { cases[i].options, 0, -1, cases[i].depth, cases[i].state, cases[i].text };

		STORY(cases[i].options, (&(struct step[1]){ step })[0]);
	}
}

static void test_for(void **state CDC_UNUSED)
{
	static const struct step warning[] = {
		{ "seen", 0, -1, 15, CDC_OK, "holds 15 B, more than 10 B for 0 s of 5m" },
		{ "three minutes", 3 * MINUTE, -1, 16, CDC_OK, "holds 16 B, more than 10 B for 3m of 5m" },
		{ "five minutes", 2 * MINUTE, -1, 15, CDC_WARNING, "holds 15 B, more than 10 B for 5m of 5m" },
		{ "six minutes", MINUTE, -1, 15, CDC_WARNING, "holds 15 B, more than 10 B for 6m of 5m" },
		{ "a run between saw none", MINUTE, -1, 10, CDC_OK, "holds 10 B" },
		{ "anew", MINUTE, -1, 15, CDC_OK, "holds 15 B, more than 10 B for 0 s of 5m" },
		{ "fifteen minutes of pause are none", 15 * MINUTE, -1, 15, CDC_WARNING,
		    "holds 15 B, more than 10 B for 15m of 5m" },
		{ "a longer pause starts again", 15 * MINUTE + 1, -1, 15, CDC_OK,
		    "holds 15 B, more than 10 B for 0 s of 5m" },
		{ "goes on", 5 * MINUTE, -1, 15, CDC_WARNING, NULL },
		{ "no value is no violation", MINUTE, -1, -1, CDC_OK, "ok" },
		{ "anew after no value", MINUTE, -1, 15, CDC_OK, "holds 15 B, more than 10 B for 0 s of 5m" },
		{ "the clock goes backwards", -60 * MINUTE, -1, 15, CDC_OK, "holds 15 B, more than 10 B for 0 s of 5m" },
		{ "and goes on", 5 * MINUTE, -1, 15, CDC_WARNING, NULL },
		{ "critical has no duration", MINUTE, -1, 25, CDC_CRITICAL, "holds 25 B, more than 20 B" },
		{ "the warning was violated all the time", MINUTE, -1, 15, CDC_WARNING,
		    "holds 15 B, more than 10 B for 7m of 5m" },
	};
	static const struct step critical[] = {
		{ "judged by the warning range", 0, -1, 25, CDC_WARNING,
		    "holds 25 B, more than 10 B, more than 20 B for 0 s of 5m" },
		{ "still", 3 * MINUTE, -1, 25, CDC_WARNING, "holds 25 B, more than 10 B, more than 20 B for 3m of 5m" },
		{ "old enough", 2 * MINUTE, -1, 25, CDC_CRITICAL, "holds 25 B, more than 20 B for 5m of 5m" },
		{ "only a warning", MINUTE, -1, 15, CDC_WARNING, "holds 15 B, more than 10 B" },
		{ "anew", MINUTE, -1, 25, CDC_WARNING, "holds 25 B, more than 10 B, more than 20 B for 0 s of 5m" },
	};
	static const struct step no_warning[] = {
		{ "no warning range", 0, -1, 25, CDC_OK, "holds 25 B, more than 20 B for 0 s of 5m" },
		{ "old enough", 5 * MINUTE, -1, 25, CDC_CRITICAL, NULL },
	};
	static const struct step both[] = {
		{ "neither", 0, -1, 25, CDC_OK, "holds 25 B, more than 20 B for 0 s of 10m" },
		{ "the warning's", 5 * MINUTE, -1, 25, CDC_WARNING,
		    "holds 25 B, more than 10 B for 5m of 5m, more than 20 B for 5m of 10m" },
		{ "critical", 5 * MINUTE, -1, 25, CDC_CRITICAL, "holds 25 B, more than 20 B for 10m of 10m" },
	};

	STORY("--warning-for=5m", warning);
	STORY("--critical-for=5m", critical);
	STORY("--critical-for=5m -w ~:", no_warning);
	STORY("--warning-for=5m --critical-for=10m", both);
}

static void test_long_for(void **state CDC_UNUSED)
{
	static const struct step steps[] = {
		{ "seen", 0, -1, 15, CDC_OK, NULL },
		{ "three times the duration are no pause", 30 * MINUTE, -1, 15, CDC_WARNING, NULL },
		{ "more is", 30 * MINUTE + 1, -1, 15, CDC_OK, "holds 15 B, more than 10 B for 0 s of 10m" },
	};
	static const struct step longest[] = { { "no overflow", 0, -1, 15, CDC_OK, NULL },
		{ "still none", MINUTE, -1, 15, CDC_OK, NULL } };

	STORY("--warning-for=10m", steps);
	STORY("--warning-for=9223372036854775s", longest);
}

/* Timers carry their range: another one on the command line is another violation. */
static void test_for_another_range(void **state CDC_UNUSED)
{
	static const struct step first = { "10", 0, -1, 15, CDC_OK, NULL };
	static const struct step second = { "12", 0, -1, 15, CDC_OK, "holds 15 B, more than 12 B for 0 s of 5m" };
	struct stage toy, other;

	stage_open(&toy, &toy_plugin, "--warning-for=5m -w 10");
	stage_open(&other, &toy_plugin, "--warning-for=5m -w 12");
	tell(&toy, &first, 1);
	other.kept = CDC_TAKE(toy.kept);
	stage_begin(&other, EPOCH + 6 * MINUTE);
	add_bear(&other, &second);
	stage_end(&other, true);
	expect_step(&other, &second);
	stage_close(&toy);
	stage_close(&other);
}

static void test_for_without_memory(void **state CDC_UNUSED)
{
	static const struct step step = { "at once", 0, -1, 15, CDC_WARNING, "holds 15 B, more than 10 B" };
	struct stage toy;

	stage_open(&toy, &toy_plugin, "--warning-for=5m");
	toy.forgetful = true;
	tell(&toy, &step, 1);
	assert_int_equal(toy.check.result.notes.count, 1);
	expect_part("note", toy.check.result.notes.at[0], "violations count at once");
	stage_close(&toy);
}

/* With a value to judge, the threshold alone judges. */
static void test_replaced_condition(void **state CDC_UNUSED)
{
	static const struct {
		const char *options;
		enum cdc_state state;
	} cases[] = {
		{ "--grace 0", CDC_WARNING },
		{ "--grace 0 --warning-age=1h", CDC_OK },
		{ "--grace 0 --critical-age=30", CDC_CRITICAL },
		{ "--grace 0 --critical-age=~:", CDC_OK },
		{ "--grace 0 --warning-age=1h --on idle=critical", CDC_CRITICAL },
		{ "--grace 0 --on idle=critical --warning-age=1h", CDC_CRITICAL },
		{ "--grace 0 -w 5", CDC_WARNING },
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		struct stage toy;
		struct cdc_item *item;

		stage_open(&toy, &toy_plugin, cases[i].options);
		stage_begin(&toy, EPOCH);
		item = cdc_result_add(&toy.check, "bear");
		cdc_item_value(item, AGE, cdc_num_int(60));
		cdc_item_raise(item, IDLE, "it is so");
		cdc_decide(&toy.check, true);
		expect(item->state == cases[i].state, "%s: %s", cases[i].options, cdc_state_name(item->state));
		stage_close(&toy);
	}
}

static void test_grace(void **state CDC_UNUSED)
{
	static const struct step warning[] = {
		{ "begins", 0, IDLE, -1, CDC_OK, "it is so for 0 s of 6m grace" },
		{ "tolerated", 5 * MINUTE, IDLE, -1, CDC_OK, "it is so for 5m of 6m grace" },
		{ "over", MINUTE, IDLE, -1, CDC_WARNING, "it is so" },
		{ "a break", MINUTE, -1, -1, CDC_OK, "ok" },
		{ "anew", MINUTE, IDLE, -1, CDC_OK, "it is so for 0 s of 6m grace" },
		{ "seen once more an hour later", HOUR, IDLE, -1, CDC_WARNING, "it is so" },
		{ "the clock goes backwards", -HOUR, IDLE, -1, CDC_OK, "it is so for 0 s of 6m grace" },
	};
	static const struct step critical[] = {
		{ "begins", 0, CUT, -1, CDC_WARNING, "it is so for 0 s of 6m grace" },
		{ "tolerated", 6 * MINUTE - 1, CUT, -1, CDC_WARNING, "it is so for 359 s of 6m grace" },
		{ "over", 1, CUT, -1, CDC_CRITICAL, "it is so" },
	};
	static const struct step unknown[] = {
		{ "else OK with a note", 0, CUT, -1, CDC_OK, "it is so for 0 s of 6m grace" },
		{ "over", 6 * MINUTE, CUT, -1, CDC_UNKNOWN, "it is so" },
	};
	static const struct step none[] = { { "no grace", 0, CUT, -1, CDC_CRITICAL, "it is so" } };
	static const struct step fine[] = { { "an OK condition needs none", 0, CUT, -1, CDC_OK, "it is so" } };
	static const struct step other[] = { { "only where it is said", 0, BROKEN, -1, CDC_CRITICAL, "it is so" } };

	STORY("", warning);
	STORY("", critical);
	STORY("--on cut=unknown", unknown);
	STORY("--grace=0", none);
	STORY("--on cut=ok", fine);
	STORY("", other);
}

static void test_grace_without_memory(void **state CDC_UNUSED)
{
	static const struct step step = { "in full", 0, CUT, -1, CDC_CRITICAL, "it is so (may be transient)" };
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	toy.forgetful = true;
	tell(&toy, &step, 1);
	stage_close(&toy);
}

/* The database's own time stamp decides where there is one, with memory or without. */
static void test_grace_by_age(void **state CDC_UNUSED)
{
	static const struct {
		int64_t age_ms;
		enum cdc_state state;
		const char *text;
	} cases[] = {
		{ 0, CDC_WARNING, "cut for 5m of 6m grace" },
		{ 6 * MINUTE - 1, CDC_WARNING, "cut for 5m of 6m grace" },
		{ 6 * MINUTE, CDC_CRITICAL, "cut for 5m" },
		{ INT64_MAX, CDC_CRITICAL, "cut for 5m" },
	};

	for (size_t i = 0; i < 2 * CDC_LEN(cases); i++) {
		size_t c = i / 2;
		CDC_CLEANUP(cdc_free_string) char *text = NULL;
		struct stage toy;

		stage_open(&toy, &toy_plugin, "");
		toy.forgetful = i % 2;
		stage_begin(&toy, EPOCH);
		cdc_item_raise(toy_item(&toy, "bear", 0), CUT, "cut for 5m")->age_ms = cases[c].age_ms;
		stage_end(&toy, true);
		text = stage_text(&toy, "bear");
		assert_int_equal(toy.check.result.state, cases[c].state);
		expect(strncmp(text, cases[c].text, strlen(cases[c].text)) == 0, "%s", text);
		stage_close(&toy);
	}
}

/* Conditions that share a timer are one trouble: the grace does not begin anew when one becomes the other. */
static void test_shared_timer(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	for (int i = 0; i < 2; i++) {
		stage_begin(&toy, EPOCH + i * 6 * MINUTE);
		cdc_item_raise(toy_item(&toy, "bear", 0), i ? CUT : IDLE, "so")->timer = "trouble";
		stage_end(&toy, true);
		assert_int_equal(toy.check.result.state, i ? CDC_CRITICAL : CDC_OK);
	}
	stage_close(&toy);
}

static void test_held(void **state CDC_UNUSED)
{
	static const struct step steps[] = {
		{ "seen", 0, GONE, -1, CDC_CRITICAL, "it is so" },
		{ "held", MINUTE, -1, -1, CDC_CRITICAL, "it is so (seen 1m ago)" },
		{ "held over a pause", 10 * HOUR, -1, -1, CDC_CRITICAL, "it is so (seen 10h 1m ago)" },
		{ "a clock that goes backwards forgets nothing", -20 * HOUR, -1, -1, CDC_CRITICAL, "it is so (seen 0 s ago)" },
		{ "to the last moment", 12 * HOUR - 1, -1, -1, CDC_CRITICAL, "it is so (seen 11h 59m ago)" },
		{ "over", 1, -1, -1, CDC_OK, "ok" },
		{ "over for good", MINUTE, -1, -1, CDC_OK, "ok" },
		{ "seen again", MINUTE, GONE, -1, CDC_CRITICAL, "it is so" },
		{ "and again later: the time begins anew", 11 * HOUR, GONE, -1, CDC_CRITICAL, "it is so" },
		{ "held from there", 11 * HOUR, -1, -1, CDC_CRITICAL, "it is so (seen 11h ago)" },
	};
	static const struct step none[] = {
		{ "seen", 0, GONE, -1, CDC_CRITICAL, "it is so" },
		{ "not held", 1, -1, -1, CDC_OK, "ok" },
	};
	static const struct step fine[] = {
		{ "the state is --on's", 0, GONE, -1, CDC_WARNING, "it is so" },
		{ "also while it is held", MINUTE, -1, -1, CDC_WARNING, NULL },
	};
	static const struct step faded[] = {
		{ "in its grace", 0, FADED, -1, CDC_WARNING, "it is so for 0 s of 6m grace" },
		{ "what was only in its grace is not held", MINUTE, -1, -1, CDC_OK, "ok" },
		{ "begins", MINUTE, FADED, -1, CDC_WARNING, NULL },
		{ "counts", 6 * MINUTE, FADED, -1, CDC_CRITICAL, "it is so" },
		{ "held", MINUTE, -1, -1, CDC_CRITICAL, "it is so (seen 1m ago)" },
	};

	STORY("", steps);
	STORY("--hold=0", none);
	STORY("--on gone=warning", fine);
	STORY("", faded);
}

static void test_held_headline(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *output = NULL;
	struct stage toy;

	stage_open(&toy, &toy_plugin, "--no-perfdata");
	stage_begin(&toy, EPOCH);
	cdc_finding_headline(cdc_item_raise(toy_item(&toy, "bear", 0), GONE, "ear gone"), "lost an ear: sew it on");
	stage_end(&toy, true);
	stage_begin(&toy, EPOCH + HOUR);
	toy_item(&toy, "bear", 0);
	stage_end(&toy, true);
	output = stage_output(&toy);
	assert_string_equal(output, "TOY CRITICAL - bear lost an ear: sew it on (seen 1h ago), holds 0 B\n");
	stage_close(&toy);
}

static void test_held_damaged(void **state CDC_UNUSED)
{
	static const char *const values[] = { "", "x", "5", "5 text", "x text\x1fhead", "-5 text\x1fhead", "\x1f 5",
		"99999999999999999999 text\x1fhead" };

	for (size_t i = 0; i < CDC_LEN(values); i++) {
		struct stage toy;

		stage_open(&toy, &toy_plugin, "");
		stage_begin(&toy, EPOCH);
		cdc_memory_put(&toy.check.memory, "bear", "held.gone", values[i]);
		stage_end(&toy, true);
		stage_begin(&toy, EPOCH + 1);
		toy_item(&toy, "bear", 0);
		stage_end(&toy, true);
		expect(toy.check.result.state == CDC_OK, "'%s' is held", values[i]);
		stage_close(&toy);
	}
}

/* A run with these items; the result's state is returned. */
static enum cdc_state run_with(struct stage *toy, int64_t now_ms, const char *names, bool complete)
{
	stage_begin(toy, now_ms);
	for (; *names; names++)
		toy_item(toy, (char[]){ *names, '\0' }, 0);
	stage_end(toy, complete);
	return toy->check.result.state;
}

static void expect_item(const struct stage *toy, const char *row, const char *name, const char *text_wanted)
{
	CDC_CLEANUP(cdc_free_string) char *text = NULL;

	if (!text_wanted) {
		expect(!cdc_result_find(&toy->check.result, name), "%s: %s is there", row, name);
		return;
	}
	text = stage_text(toy, name);
	expect_text(row, text, text_wanted);
}

static void test_vanished(void **state CDC_UNUSED)
{
	static const struct {
		const char *name, *there;
		int64_t after;
		enum cdc_state state;
		const char *text; /* of b */
	} steps[] = {
		{ "both are there", "ab", 0, CDC_OK, "holds 0 B" },
		{ "b is not", "a", MINUTE, CDC_WARNING, "not there any more" },
		{ "still not", "a", MINUTE, CDC_WARNING, "not there any more (seen 1m ago)" },
		{ "back: what was seen is held", "ab", MINUTE, CDC_WARNING, "was gone 2m ago, is back for 0 s, holds 0 B" },
		{ "gone once more, seen anew", "a", 11 * HOUR, CDC_WARNING, "not there any more" },
		{ "held for all its time", "a", 12 * HOUR - 1, CDC_WARNING, "not there any more (seen 11h 59m ago)" },
		{ "over", "a", 1, CDC_OK, NULL },
		{ "forgotten", "a", MINUTE, CDC_OK, NULL },
		{ "new", "ab", MINUTE, CDC_OK, "holds 0 B" },
		{ "gone, at a time before", "a", -48 * HOUR, CDC_WARNING, "not there any more" },
	};
	int64_t now_ms = EPOCH;
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	for (size_t i = 0; i < CDC_LEN(steps); i++) {
		now_ms += steps[i].after;
		expect(run_with(&toy, now_ms, steps[i].there, true) == steps[i].state, "%s: %s", steps[i].name,
		    cdc_state_name(toy.check.result.state));
		expect_item(&toy, steps[i].name, "b", steps[i].text);
	}
	stage_close(&toy);
}

static void test_all_vanished(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "--hold=1h");
	assert_int_equal(run_with(&toy, EPOCH, "a", true), CDC_OK);
	assert_int_equal(run_with(&toy, EPOCH + MINUTE, "", true), CDC_WARNING);
	expect_item(&toy, "all", "a", "not there any more");
	assert_int_equal(toy.check.result.finding_count, 0); /* no `none` beside it */
	assert_int_equal(run_with(&toy, EPOCH + 2 * HOUR, "", true), CDC_WARNING);
	assert_int_equal(toy.check.result.findings[0].condition, CDC_COND_NONE);
	stage_close(&toy);
}

static void test_vanished_is_not_told(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "--exclude=b");
	toy.kept = NULL;
	run_with(&toy, EPOCH, "ab", true); /* as if an earlier version had judged it */
	assert_int_equal(run_with(&toy, EPOCH + MINUTE, "a", true), CDC_OK);
	expect_item(&toy, "excluded", "b", NULL);
	stage_close(&toy);

	stage_open(&toy, &toy_plugin, "");
	stage_begin(&toy, EPOCH);
	toy_item(&toy, "b", 0)->transient = true;
	toy_item(&toy, "a", 0);
	cdc_result_add_fixed(&toy.check, "server");
	stage_end(&toy, true);
	assert_int_equal(run_with(&toy, EPOCH + MINUTE, "a", true), CDC_OK);
	expect_item(&toy, "transient", "b", NULL);
	expect_item(&toy, "fixed", "server", NULL);
	stage_close(&toy);
}

/* A run that was cut short says nothing about what it did not look at, and forgets nothing. */
static void test_incomplete(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	run_with(&toy, EPOCH, "ab", true);
	assert_int_equal(run_with(&toy, EPOCH + MINUTE, "a", false), CDC_OK);
	expect_item(&toy, "cut short", "b", NULL);
	assert_int_equal(run_with(&toy, EPOCH + 2 * MINUTE, "", false), CDC_OK);
	assert_int_equal(toy.check.result.finding_count, 0);
	assert_int_equal(run_with(&toy, EPOCH + 3 * MINUTE, "a", true), CDC_WARNING);
	expect_item(&toy, "complete again", "b", "not there any more");
	stage_close(&toy);
}

/* Timers go on over a run that was cut short. */
static void test_incomplete_keeps_timers(void **state CDC_UNUSED)
{
	static const struct step idle = { "idle", 0, CUT, -1, CDC_WARNING, NULL };
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	tell(&toy, &idle, 1);
	run_with(&toy, EPOCH + 3 * MINUTE, "", false);
	stage_begin(&toy, EPOCH + 6 * MINUTE);
	add_bear(&toy, &idle);
	stage_end(&toy, true);
	assert_int_equal(toy.check.result.state, CDC_CRITICAL);
	stage_close(&toy);
}

/* A judge that looks at a place where known objects need not be (a standby) makes nothing vanish. */
static void test_elsewhere(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	run_with(&toy, EPOCH, "ab", true);
	stage_begin(&toy, EPOCH + MINUTE);
	toy.check.elsewhere = true;
	toy_item(&toy, "a", 0);
	stage_end(&toy, true);
	assert_int_equal(toy.check.result.state, CDC_OK);
	expect_item(&toy, "elsewhere", "b", NULL);
	assert_int_equal(run_with(&toy, EPOCH + 2 * MINUTE, "a", true), CDC_WARNING);
	expect_item(&toy, "here again", "b", "not there any more");
	stage_close(&toy);
}

static void test_absent_and_back(void **state CDC_UNUSED)
{
	int64_t since_ms = 0;
	struct stage toy;

	stage_open(&toy, &toy_plugin, "-s bear");
	run_with(&toy, EPOCH, "", true);
	for (int i = 1; i <= 2; i++) {
		stage_begin(&toy, EPOCH + i * MINUTE);
		assert_int_equal(cdc_was_known(&toy.check, "bear"), i == 2);
		cdc_result_add(&toy.check, "bear")->absent = true;
		stage_end(&toy, true);
	}
	stage_begin(&toy, EPOCH + 3 * MINUTE);
	assert_true(cdc_was_absent(&toy.check, "bear", &since_ms));
	assert_int_equal(since_ms, EPOCH + MINUTE);
	toy_item(&toy, "bear", 0);
	stage_end(&toy, true);
	stage_begin(&toy, EPOCH + 4 * MINUTE);
	assert_false(cdc_was_absent(&toy.check, "bear", &since_ms));
	assert_true(cdc_was_known(&toy.check, "bear"));
	stage_end(&toy, true);
	stage_close(&toy);
}

/* What a plugin left of an object stays while the object is away, but no timer does. */
static void test_facts_of_the_absent(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "-s bear");
	stage_begin(&toy, EPOCH);
	cdc_memory_put(&toy.check.memory, "bear", "own", "fact");
	cdc_item_raise(toy_item(&toy, "bear", 0), CUT, "cut");
	stage_end(&toy, true);
	stage_begin(&toy, EPOCH + MINUTE);
	cdc_result_add(&toy.check, "bear")->absent = true;
	stage_end(&toy, true);
	stage_begin(&toy, EPOCH + 2 * MINUTE);
	assert_string_equal(cdc_memory_get(&toy.check.memory, "bear", "own"), "fact");
	assert_null(cdc_memory_get(&toy.check.memory, "bear", "since.cut"));
	stage_end(&toy, true);
	stage_close(&toy);
}

static void test_none(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	assert_int_equal(run_with(&toy, EPOCH, "", true), CDC_WARNING);
	assert_string_equal(toy.check.result.findings[0].text, "no toys found to judge");
	assert_int_equal(run_with(&toy, EPOCH, "", false), CDC_OK); /* nobody looked */
	stage_begin(&toy, EPOCH);
	cdc_result_add_fixed(&toy.check, "server");
	stage_end(&toy, true);
	assert_int_equal(toy.check.result.state, CDC_WARNING); /* a fixed item is no item */
	stage_close(&toy);
}

static void test_failure(void **state CDC_UNUSED)
{
	static const struct {
		enum cdc_err_kind kind;
		enum cdc_state state;
	} cases[] = { { CDC_ERR_UNREACHABLE, CDC_CRITICAL }, { CDC_ERR_TIMEOUT, CDC_UNKNOWN },
		{ CDC_ERR_DENIED, CDC_UNKNOWN }, { CDC_ERR_PROTOCOL, CDC_UNKNOWN } };

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		struct stage toy;
		struct cdc_err err;

		stage_open(&toy, &toy_plugin, "");
		stage_begin(&toy, EPOCH);
		cdc_fail(&err, cases[i].kind, "why");
		cdc_result_fail(&toy.check, &err);
		stage_end(&toy, false);
		assert_int_equal(toy.check.result.state, cases[i].state);
		assert_string_equal(toy.check.result.error, "why");
		assert_int_equal(toy.check.result.finding_count, 1);
		stage_close(&toy);
	}
}

/* What was seen before the deadline is judged first. */
static void test_worst_wins(void **state CDC_UNUSED)
{
	struct cdc_err err;
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	stage_begin(&toy, EPOCH);
	cdc_item_raise(toy_item(&toy, "bear", 0), BROKEN, "broken");
	cdc_fail(&err, CDC_ERR_TIMEOUT, "timed out");
	cdc_result_fail(&toy.check, &err);
	stage_end(&toy, false);
	assert_int_equal(toy.check.result.state, CDC_CRITICAL);
	stage_begin(&toy, EPOCH);
	toy_item(&toy, "bear", 11);
	cdc_result_fail(&toy.check, &err);
	stage_end(&toy, false);
	assert_int_equal(toy.check.result.state, CDC_WARNING); /* OK < UNKNOWN < WARNING */
	stage_begin(&toy, EPOCH);
	toy_item(&toy, "bear", 0);
	cdc_result_fail(&toy.check, &err);
	stage_end(&toy, false);
	assert_int_equal(toy.check.result.state, CDC_UNKNOWN);
	stage_close(&toy);
}

/* A toy that is called as a fixed item is: their memories are not one. */
static void test_named_as_a_fixed_item(void **state CDC_UNUSED)
{
	struct stage toy;

	stage_open(&toy, &toy_plugin, "");
	stage_begin(&toy, EPOCH);
	cdc_result_add_fixed(&toy.check, "server");
	cdc_item_raise(toy_item(&toy, "server", 0), GONE, "gone");
	stage_end(&toy, true);
	stage_begin(&toy, EPOCH + MINUTE);
	cdc_item_value(cdc_result_add_fixed(&toy.check, "server"), FILL, cdc_num_int(5));
	toy_item(&toy, "server", 0);
	stage_end(&toy, true);
	assert_int_equal(toy.check.result.items[0]->state, CDC_OK);
	assert_int_equal(toy.check.result.items[1]->state, CDC_CRITICAL);
	stage_begin(&toy, EPOCH + 2 * MINUTE);
	cdc_result_add_fixed(&toy.check, "server");
	toy_item(&toy, "other", 0);
	stage_end(&toy, true);
	assert_int_equal(toy.check.result.count, 3); /* and its absence is seen */
	stage_close(&toy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_for),
		cmocka_unit_test(test_long_for),
		cmocka_unit_test(test_for_another_range),
		cmocka_unit_test(test_for_without_memory),
		cmocka_unit_test(test_replaced_condition),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_grace_without_memory),
		cmocka_unit_test(test_grace_by_age),
		cmocka_unit_test(test_shared_timer),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_held_headline),
		cmocka_unit_test(test_held_damaged),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_all_vanished),
		cmocka_unit_test(test_vanished_is_not_told),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_incomplete_keeps_timers),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_absent_and_back),
		cmocka_unit_test(test_facts_of_the_absent),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_worst_wins),
		cmocka_unit_test(test_named_as_a_fixed_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
