/* lib/plugin/memory and memory_text: what is remembered between runs, as data and as text (interface.md section 6). */
#include "tests/unit/unit.h"

#include <inttypes.h>

static struct cdc_memory memory_at(int64_t now_ms)
{
	return (struct cdc_memory){ .usable = true, .now_ms = now_ms };
}

static char *print(struct cdc_memory *memory, const char *identity)
{
	return cdc_strdup(cdc_memory_seal(memory, identity)->text);
}

/* The next run: what is now becomes what was, through the text. */
static void pass_on(struct cdc_memory *memory, int64_t now_ms)
{
	char *text = print(memory, "id");
	struct cdc_err err;

	cdc_memory_release(memory);
	*memory = memory_at(now_ms);
	if (cdc_memory_parse(text, "id", memory, &err) < 0)
		fail_msg("refused: %s", err.text);
}

static const char *const nasty[] = { "", " ", "plain", "two words", "tab\t", "line\nend", "\r", "%", "%20", "100%",
	"\x1f", "\x7f", "gr\xc3\xbc\xc3\x9f", "\xff\xfe", "a=b;c|d", "end 0", "identity x", "#" };

static void test_texts_survive(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);

	for (size_t i = 0; i < CDC_LEN(nasty); i++)
		for (size_t k = 0; k < CDC_LEN(nasty); k++)
			cdc_memory_put(&memory, nasty[i], nasty[k], nasty[(i + k) % CDC_LEN(nasty)]);
	pass_on(&memory, EPOCH + 1);
	assert_int_equal(memory.previous_ms, EPOCH);
	assert_int_equal(memory.old.count, CDC_LEN(nasty) * CDC_LEN(nasty));
	for (size_t i = 0; i < CDC_LEN(nasty); i++) {
		for (size_t k = 0; k < CDC_LEN(nasty); k++) {
			const char *value = cdc_memory_get(&memory, nasty[i], nasty[k]);

			assert_non_null(value);
			expect_text(nasty[k], value, nasty[(i + k) % CDC_LEN(nasty)]);
		}
	}
	assert_null(cdc_memory_get(&memory, "absent", "plain"));
	assert_null(cdc_memory_get(&memory, "plain", "absent"));
	cdc_memory_release(&memory);
}

static void test_form(void **state CDC_UNUSED)
{
	static const char form[] = "cdc-plugins-state 2\nb\n k 1\na%20b\n k x%20y\n l \nb\n k -9223372036854775808\n"
				   "identity db:5432%20all\nrun 1234\nend ";
	struct cdc_memory memory = memory_at(1234);
	CDC_CLEANUP(cdc_free_string) char *text = NULL;

	cdc_memory_put(&memory, "b", "k", "1");
	cdc_memory_put(&memory, "a b", "k", "x y");
	cdc_memory_put(&memory, "a b", "l", "");
	cdc_memory_put_int(&memory, "b", "k", INT64_MIN);
	text = print(&memory, "db:5432 all");
	expect(strncmp(text, form, sizeof(form) - 1) == 0, "%s", text);
	cdc_memory_release(&memory);
}

/* What is put later replaces what was put before. */
static void test_last_one_counts(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);

	cdc_memory_put(&memory, "b", "k", "1");
	cdc_memory_put(&memory, "a", "k", "2");
	cdc_memory_put(&memory, "b", "l", "3");
	cdc_memory_put(&memory, "b", "k", "4");
	pass_on(&memory, EPOCH);
	assert_int_equal(memory.old.count, 3);
	assert_string_equal(cdc_memory_get(&memory, "b", "k"), "4");
	assert_string_equal(cdc_memory_get(&memory, "b", "l"), "3");
	assert_string_equal(cdc_memory_get(&memory, "a", "k"), "2");
	cdc_memory_release(&memory);
}

/* All of an item in the order in which it was put, and nothing of another. */
static void test_entries_of_an_item(void **state CDC_UNUSED)
{
	static const char *const keys[] = { "z", "a", "m" };
	struct cdc_memory memory = memory_at(EPOCH);
	const struct cdc_entry *entry = NULL;

	for (size_t i = 0; i < CDC_LEN(keys); i++) {
		cdc_memory_put(&memory, "item", keys[i], "1");
		cdc_memory_put(&memory, "other", keys[i], "2");
	}
	pass_on(&memory, EPOCH);
	for (size_t i = 0; i < CDC_LEN(keys); i++) {
		entry = cdc_memory_next(&memory, "item", entry);
		assert_non_null(entry);
		assert_string_equal(entry->key, keys[i]);
		assert_string_equal(entry->value, "1");
	}
	assert_null(cdc_memory_next(&memory, "item", entry));
	assert_null(cdc_memory_next(&memory, "absent", NULL));
	cdc_memory_release(&memory);
}

/* More items than the first table of them has room for. */
static void test_many_items(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);
	char name[20], value[20];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "item_%d", i);
		cdc_memory_put_int(&memory, name, "k", i);
	}
	pass_on(&memory, EPOCH);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "item_%d", i);
		snprintf(value, sizeof(value), "%d", i);
		assert_string_equal(cdc_memory_get(&memory, name, "k"), value);
	}
	assert_null(cdc_memory_get(&memory, "item_3000", "k"));
	cdc_memory_release(&memory);
}

static void test_integers(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);
	int64_t number = 42;

	cdc_memory_put_int(&memory, "a", "max", INT64_MAX);
	cdc_memory_put_int(&memory, "a", "min", INT64_MIN);
	cdc_memory_put(&memory, "a", "text", "5x");
	pass_on(&memory, EPOCH);
	assert_true(cdc_memory_get_int(&memory, "a", "max", &number) && number == INT64_MAX);
	assert_true(cdc_memory_get_int(&memory, "a", "min", &number) && number == INT64_MIN);
	assert_false(cdc_memory_get_int(&memory, "a", "text", &number));
	assert_false(cdc_memory_get_int(&memory, "a", "absent", &number));
	assert_true(number == INT64_MIN);
	cdc_memory_release(&memory);
}

static void test_only_what_is_carried_stays(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);

	cdc_memory_put(&memory, "a", "one", "1");
	cdc_memory_put(&memory, "a", "two", "2");
	cdc_memory_put(&memory, "b", "one", "3");
	cdc_memory_put(&memory, "c", "one", "4");
	pass_on(&memory, EPOCH);
	cdc_memory_carry(&memory, "a", "one");
	cdc_memory_carry(&memory, "a", "absent");
	cdc_memory_carry_item(&memory, "b", true);
	pass_on(&memory, EPOCH);
	assert_int_equal(memory.old.count, 2);
	assert_string_equal(cdc_memory_get(&memory, "a", "one"), "1");
	assert_string_equal(cdc_memory_get(&memory, "b", "one"), "3");
	cdc_memory_release(&memory);
}

/* Makes a text that ends in the right hash. */
static char *sealed(const char *head)
{
	struct cdc_buf text = CDC_BUF_INIT;

	cdc_buf_addf(&text, "%send %016" PRIx64 "\n", head, cdc_memory_hash(head, strlen(head)));
	return cdc_buf_take(&text);
}

#define BEGIN "cdc-plugins-state 2\n"
#define END   "identity id\nrun 5\n"

static const char *const refused[][2] = {
	{ "", "it is of another version" },
	{ "cdc-plugins-state 1\nidentity id\nrun 5\n", "it is of another version" },
	{ "cdc-plugins-state 20\n" END, "it is of another version" },
	{ BEGIN, "it is damaged" },
	{ BEGIN "a\n k v\n", "it is damaged" },
	{ BEGIN "identity other\nrun 5\n", "it belongs to another check" },
	{ BEGIN "identity %6\nrun 5\n", "it belongs to another check" },
	{ BEGIN "identity id\n", "it is damaged" },
	{ BEGIN "identity id\nrun x\n", "it is damaged" },
	{ BEGIN "identity id\nrun -1\n", "it is damaged" },
	{ BEGIN "identity id\nrun 99999999999999999999\n", "it is damaged" },
	{ BEGIN END "a\n", "it is damaged" },
	{ BEGIN " k v\n" END, "it is damaged" },
	{ BEGIN "a b\n" END, "it is damaged" },
	{ BEGIN "a\n k\n" END, "it is damaged" },
	{ BEGIN "a\n k v w\n" END, "it is damaged" },
	{ BEGIN "a\n k %\n" END, "it is damaged" },
	{ BEGIN "a\n k %0\n" END, "it is damaged" },
	{ BEGIN "a\n k %0g\n" END, "it is damaged" },
	{ BEGIN "a\n k %00\n" END, "it is damaged" },
	{ BEGIN "a\n %zz v\n" END, "it is damaged" },
	{ BEGIN "%zz\n k v\n" END, "it is damaged" },
};

static void test_refused(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);
	struct cdc_err err;

	assert_int_equal(cdc_memory_parse(sealed(BEGIN "a\n k 1\nb\n k 2\n" END), "id", &memory, &err), 0);
	assert_int_equal(memory.old.count, 2);
	for (size_t i = 0; i < CDC_LEN(refused); i++) {
		expect(cdc_memory_parse(sealed(refused[i][0]), "id", &memory, &err) == -1, "'%s' was taken",
		    refused[i][0]);
		expect_text(refused[i][0], err.text, refused[i][1]);
		/* as it was */
		assert_int_equal(memory.old.count, 2);
		assert_int_equal(memory.previous_ms, 5);
	}
	cdc_memory_release(&memory);
}

static void expect_damaged(const char *text, const char *what, size_t at)
{
	struct cdc_memory memory = memory_at(EPOCH);
	struct cdc_err err;

	expect(cdc_memory_parse(cdc_strdup(text), "id", &memory, &err) == -1, "%s %zu: taken", what, at);
	assert_int_equal(memory.old.count, 0);
}

/* Whatever is cut off, and whichever byte is changed, is seen. */
static void test_damage_is_seen(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *good = sealed(BEGIN "a\n k 1\nb\n k 2\n" END);
	size_t n = strlen(good);

	for (size_t i = 0; i < n; i++) {
		CDC_CLEANUP(cdc_free_string) char *cut = cdc_strndup(good, i);
		CDC_CLEANUP(cdc_free_string) char *changed = cdc_strdup(good);

		expect_damaged(cut, "cut at", i);
		for (int bit = 0; bit < 8; bit++) {
			changed[i] = (char)(good[i] ^ (1 << bit));
			expect_damaged(changed, "changed at", i);
		}
	}
	expect_damaged("", "empty", 0);
	expect_damaged("\n", "newline", 0);
	expect_damaged("end 0 \n", "only an end", 0);
}

struct since_case {
	const char *name;
	int64_t after; /* milliseconds after the last run */
	bool seen;
	int64_t age; /* when seen */
};

static const struct since_case since_cases[] = {
	{ "first seen", 0, true, 0 },
	{ "a minute later", MINUTE, true, MINUTE },
	{ "after the longest pause", 15 * MINUTE, true, 16 * MINUTE },
	{ "after a longer pause", 15 * MINUTE + 1, true, 0 },
	{ "goes on", MINUTE, true, MINUTE },
	{ "not seen", MINUTE, false, 0 },
	{ "seen again", MINUTE, true, 0 },
	{ "goes on again", MINUTE, true, MINUTE },
	{ "the clock goes backwards", -10 * MINUTE, true, 0 },
	{ "and goes on", MINUTE, true, MINUTE },
	{ "two runs at the same time", 0, true, MINUTE },
};

static void test_since(void **state CDC_UNUSED)
{
	struct cdc_memory memory = memory_at(EPOCH);

	for (size_t i = 0; i < CDC_LEN(since_cases); i++) {
		const struct since_case *c = &since_cases[i];

		pass_on(&memory, memory.now_ms + c->after);
		if (c->seen) {
			int64_t since = cdc_memory_since(&memory, "item", "name", 15 * MINUTE);

			expect(memory.now_ms - since == c->age, "%s: %lld ms", c->name,
			    (long long)(memory.now_ms - since));
		}
	}
	memory.usable = false;
	assert_int_equal(cdc_memory_since(&memory, "item", "name", 15 * MINUTE), -1);
	cdc_memory_release(&memory);
}

/* A restart of the server and a failover start every timer anew, and no first run does. */
static void test_since_in_another_epoch(void **state CDC_UNUSED)
{
	static const struct {
		const char *epoch;
		int64_t age;
	} runs[] = { { "one", 0 }, { "one", MINUTE }, { "two", 0 }, { "two", MINUTE } };
	struct cdc_memory memory = memory_at(EPOCH);

	for (size_t i = 0; i < CDC_LEN(runs); i++) {
		pass_on(&memory, memory.now_ms + MINUTE);
		cdc_memory_epoch(&memory, runs[i].epoch);
		assert_int_equal(memory.now_ms - cdc_memory_since(&memory, "item", "name", 15 * MINUTE), runs[i].age);
	}
	cdc_memory_release(&memory);
}

/* In another epoch a rate starts anew, that of an item which was away meanwhile too. */
static void test_rates_in_another_epoch(void **state CDC_UNUSED)
{
	static const struct {
		const char *epoch;
		bool away, known;
	} runs[] = { { "one", false, false }, { "one", false, true }, { "two", false, false }, { "two", false, true },
		{ "three", true, false }, { "three", false, false }, { "three", true, true }, { "three", false, true } };
	struct cdc_memory memory = memory_at(EPOCH);

	for (size_t i = 0; i < CDC_LEN(runs); i++) {
		int64_t rate;

		pass_on(&memory, memory.now_ms + MINUTE);
		cdc_memory_epoch(&memory, runs[i].epoch);
		if (runs[i].away)
			cdc_memory_carry_item(&memory, "item", false);
		else
			expect(cdc_memory_rate(&memory, "item", "series", "", 5, (struct cdc_window){ MINUTE, HOUR }, &rate) ==
				runs[i].known,
			    "run %zu", i);
	}
	cdc_memory_release(&memory);
}

/* A file that somebody wrote by hand, with the right hash, must not make arithmetic overflow. */
static void test_absurd_times(void **state CDC_UNUSED)
{
	char *times = sealed(BEGIN
	    "a\n rate.r e,-9223372036854775808:-9223372036854775808,7:9223372036854775807\n"
	    " since.x -9223372036854775808\n since.y 9223372036854775807\n" END);
	struct cdc_memory memory = memory_at(EPOCH);
	struct cdc_window window = { 1, INT64_MAX };
	struct cdc_err err;
	int64_t rate;

	assert_int_equal(cdc_memory_parse(times, "id", &memory, &err), 0);
	assert_int_equal(cdc_memory_since(&memory, "a", "x", INT64_MAX), EPOCH);
	assert_int_equal(cdc_memory_since(&memory, "a", "y", INT64_MAX), EPOCH);
	cdc_memory_rate(&memory, "a", "r", "e", INT64_MIN, window, &rate);
	cdc_memory_release(&memory);
}

struct rate_case {
	const char *name;
	int64_t after; /* milliseconds after the last run */
	const char *epoch;
	int64_t value;
	bool known;
	int64_t rate;
};

static void run_rates(const struct rate_case *cases, size_t count, struct cdc_window window)
{
	struct cdc_memory memory = memory_at(EPOCH);

	for (size_t i = 0; i < count; i++) {
		const struct rate_case *c = &cases[i];
		int64_t rate = -42;
		bool known;

		pass_on(&memory, memory.now_ms + c->after);
		known = cdc_memory_rate(&memory, "item", "series", c->epoch, c->value, window, &rate);
		expect(known == c->known, "%s: %s", c->name, known ? "there is a rate" : "there is no rate");
		expect(!known || rate == c->rate, "%s: %lld per second", c->name, (long long)rate);
	}
	cdc_memory_release(&memory);
}

static void test_rates(void **state CDC_UNUSED)
{
	static const struct rate_case cases[] = {
		{ "first", 0, "e", 0, false, 0 },
		{ "too young", 15 * MINUTE - 1, "e", 900, false, 0 },
		{ "old enough", 1, "e", 900, true, 1 },
		{ "within the window", 15 * MINUTE, "e", 3600, true, 2 },
		{ "the first sample is beyond the window", 1000, "e", 3602, true, 2 },
		{ "falls", 5 * MINUTE, "e", 0, true, -0 },
		{ "another epoch", MINUTE, "f", 100, false, 0 },
		{ "still too young", 14 * MINUTE, "f", 100 + 840, false, 0 },
		{ "old enough again", MINUTE, "f", 100 + 900, true, 1 },
		{ "back to the old epoch", MINUTE, "e", 5, false, 0 },
		{ "goes on", 20 * MINUTE, "e", 5 + 1200, true, 1 },
		{ "the clock goes backwards", -60 * MINUTE, "e", 1300, false, 0 },
		{ "and goes on", 15 * MINUTE, "e", 1300 + 900, true, 1 },
		{ "a long pause", 31 * MINUTE, "e", 99999999, false, 0 },
		{ "and goes on once more", 30 * MINUTE, "e", 99999999 + 1800, true, 1 },
		{ "at the same time", 0, "e", 99999999 + 1800, true, 1 },
	};

	run_rates(cases, 5, (struct cdc_window){ 15 * MINUTE, 30 * MINUTE });
	run_rates(cases + 6, CDC_LEN(cases) - 6, (struct cdc_window){ 15 * MINUTE, 30 * MINUTE });
}

static void test_extreme_rates(void **state CDC_UNUSED)
{
	static const struct rate_case cases[] = {
		{ "lowest", 0, "e", INT64_MIN, false, 0 },
		{ "highest, a second later", 1000, "e", INT64_MAX, true, INT64_MAX },
	};
	static const struct rate_case down[] = {
		{ "highest", 0, "e", INT64_MAX, false, 0 },
		{ "lowest, a second later", 1000, "e", INT64_MIN, true, INT64_MIN },
	};
	static const struct rate_case fine[] = {
		{ "an odd epoch", 0, "a/1/2", 9007199254740992, false, 0 },
		{ "no double", 1000, "a/1/2", 9007199254740993, true, 1 },
		{ "cut toward zero", 1000, "a/1/2", 9007199254740995, true, 1 },
	};
	struct cdc_window window = { 1000, 30 * MINUTE };

	run_rates(cases, CDC_LEN(cases), window);
	run_rates(down, CDC_LEN(down), window);
	run_rates(fine, CDC_LEN(fine), window);
}

/* Every second, every minute, every quarter of an hour: the rate is right, and the memory of it stays short. */
static void test_cadences(void **state CDC_UNUSED)
{
	static const int64_t steps[] = { 1000, 10000, 60000, 112000, 113000, 300000, 900000, 1800000 };
	struct cdc_window window = { 15 * MINUTE, 30 * MINUTE };

	for (size_t s = 0; s < CDC_LEN(steps); s++) {
		struct cdc_memory memory = memory_at(EPOCH);
		int64_t rate, known = 0;

		for (int64_t at = 0; at <= 4 * HOUR; at += steps[s]) {
			pass_on(&memory, EPOCH + at);
			if (cdc_memory_rate(&memory, "item", "series", "e", 7 * at / 1000, window, &rate)) {
				expect(rate == 7 || (rate == 6 && at % 1000), "every %lld ms: %lld", (long long)steps[s],
				    (long long)rate);
				known++;
			}
			expect(memory.now.len < 1000, "every %lld ms: %s", (long long)steps[s], memory.now.text);
		}
		expect(known >= (4 * HOUR - 15 * MINUTE) / steps[s] - 1, "every %lld ms: %lld rates", (long long)steps[s],
		    (long long)known);
		cdc_memory_release(&memory);
	}
}

static void test_no_rate_without_memory(void **state CDC_UNUSED)
{
	struct cdc_memory memory = { .now_ms = EPOCH };
	int64_t rate;

	assert_false(cdc_memory_rate(&memory, "a", "s", "e", 1, (struct cdc_window){ 1, 2 }, &rate));
	assert_null(cdc_memory_get(&memory, "a", "rate.s"));
	assert_int_equal(memory.now.len, 0);
}

static void test_broken_samples(void **state CDC_UNUSED)
{
	static const char *const values[] = { "", "e", "e,", "e,x", "e,1", "e,1:", "e,:1", "e,1:x", "e,1:2:3", "e,1:2,x",
		"e,1:2,1767226000000", "f,1:2" };

	for (size_t i = 0; i < CDC_LEN(values); i++) {
		struct cdc_memory memory = memory_at(EPOCH);
		int64_t rate;

		cdc_memory_put(&memory, "a", "rate.s", values[i]);
		pass_on(&memory, EPOCH + 20 * MINUTE);
		expect(!cdc_memory_rate(&memory, "a", "s", "e", 1, (struct cdc_window){ 1, 30 * MINUTE }, &rate),
		    "'%s' gives a rate", values[i]);
		cdc_memory_release(&memory);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_survive),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_last_one_counts),
		cmocka_unit_test(test_entries_of_an_item),
		cmocka_unit_test(test_many_items),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_only_what_is_carried_stays),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damage_is_seen),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_since_in_another_epoch),
		cmocka_unit_test(test_rates_in_another_epoch),
		cmocka_unit_test(test_absurd_times),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_extreme_rates),
		cmocka_unit_test(test_cadences),
		cmocka_unit_test(test_no_rate_without_memory),
		cmocka_unit_test(test_broken_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
