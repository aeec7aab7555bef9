/* lib/cdc/gtid_mysql: texts of sets, what is refused and where, and the algebra, also against a plain model. */
#include "tests/unit/unit.h"

#include "cdc/gtid_mysql.h"

#define A "3e11fa47-71ca-11e1-9e33-c80aa9429562"
#define B "4e11fa47-71ca-11e1-9e33-c80aa9429562"
#define C "0e11fa47-71ca-11e1-9e33-c80aa9429562"
#define LAST "9223372036854775806"

static void read_set(const char *text, struct cdc_gtid_set *ret)
{
	struct cdc_err err = { .text = "" };

	expect(cdc_gtid_parse(text, ret, &err) == 0, "'%s': %s", text, err.text);
}

static void expect_set(const char *row, const struct cdc_gtid_set *set, const char *wanted)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;

	cdc_gtid_print(&text, set);
	expect_text(row, text.text, wanted);
}

static const struct {
	const char *text, *canonical, *brief;
	uint64_t count;
	size_t intervals;
} sets[] = {
	{ "", "", "nothing", 0, 0 },
	{ " \t\r\n ", "", "nothing", 0, 0 },
	{ A ":1", A ":1", "3e11…:1", 1, 1 },
	{ A ":101-230", A ":101-230", "3e11…:101-230", 130, 1 },
	{ A ":7-7", A ":7", "3e11…:7", 1, 1 },
	{ "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5", A ":1-5", "3e11…:1-5", 5, 1 },
	{ A ":007", A ":7", "3e11…:7", 1, 1 },
	{ A ":" LAST, A ":" LAST, "3e11…:" LAST, 1, 1 },
	{ A ":1-" LAST, A ":1-" LAST, "3e11…:1-" LAST, 9223372036854775806u, 1 },
	/* the count of two servers with everything there is exceeds 63 bits, that of three 64 */
	{ A ":1-" LAST "," B ":1-" LAST, A ":1-" LAST "," B ":1-" LAST, "3e11…:1-" LAST " and 1 more", 18446744073709551612u, 2 },
	{ A ":1-" LAST "," B ":1-" LAST "," C ":1-" LAST, C ":1-" LAST "," A ":1-" LAST "," B ":1-" LAST,
	    "0e11…:1-" LAST " and 2 more", UINT64_MAX, 3 },
	/* blanks and newlines between the parts, as servers print and people write */
	{ A ":1-5,\n" B ":1-3", A ":1-5," B ":1-3", "3e11…:1-5 and 1 more", 8, 2 },
	{ " " A " : 1 - 5 : 7 , " B " :1 ", A ":1-5:7," B ":1", "3e11…:1-5 and 2 more", 7, 3 },
	/* unsorted, touching, overlapping, one within the other, twice */
	{ A ":9:1-3:5", A ":1-3:5:9", "3e11…:1-3 and 2 more", 5, 3 },
	{ A ":1-3:4-6", A ":1-6", "3e11…:1-6", 6, 1 },
	{ A ":1-5:3-9", A ":1-9", "3e11…:1-9", 9, 1 },
	{ A ":1-9:3-5:9:1", A ":1-9", "3e11…:1-9", 9, 1 },
	{ A ":5-" LAST ":1-4", A ":1-" LAST, "3e11…:1-" LAST, 9223372036854775806u, 1 },
	{ B ":1," A ":1," B ":2-3", A ":1," B ":1-3", "3e11…:1 and 1 more", 4, 2 },
	/* tags: in any case, behind the intervals of the UUID, sorted, more than once */
	{ A ":1-10:dbz_tag:1-2", A ":1-10:dbz_tag:1-2", "3e11…:1-10 and 1 more", 12, 2 },
	{ A ":DBZ_Tag:4", A ":dbz_tag:4", "3e11…:dbz_tag:4", 1, 1 },
	{ A ":b:1:a:2:1", A ":a:1-2:b:1", "3e11…:a:1-2 and 1 more", 3, 2 },
	{ A ":a:1," A ":5," A ":a:2", A ":5:a:1-2", "3e11…:5 and 1 more", 3, 2 },
	{ A ":_x:1", A ":_x:1", "3e11…:_x:1", 1, 1 },
	{ A ":abcdefghijklmnopqrstuvwxyz_12345:1", A ":abcdefghijklmnopqrstuvwxyz_12345:1",
	    "3e11…:abcdefghijklmnopqrstuvwxyz_12345:1", 1, 1 },
};

static void test_sets(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(sets); i++) {
		CDC_GTID_CLEANUP struct cdc_gtid_set set = { 0 }, again = { 0 };
		CDC_BUF_CLEANUP struct cdc_buf brief = CDC_BUF_INIT;

		read_set(sets[i].text, &set);
		expect_set(sets[i].text, &set, sets[i].canonical);
		cdc_gtid_print_short(&brief, &set);
		expect_text(sets[i].text, brief.text, sets[i].brief);
		expect(cdc_gtid_count(&set) == sets[i].count, "%s: %llu transactions", sets[i].text,
		    (unsigned long long)cdc_gtid_count(&set));
		expect(set.interval_count == sets[i].intervals, "%s: %zu intervals", sets[i].text, set.interval_count);
		expect(cdc_gtid_is_empty(&set) == (sets[i].intervals == 0), "%s", sets[i].text);
		read_set(sets[i].canonical, &again);
		expect_set(sets[i].text, &again, sets[i].canonical);
	}
}

static const struct {
	const char *text, *why;
} refused[] = {
	{ A, "a UUID without an interval at character 37" },
	{ A ":", "a transaction number is expected at character 38" },
	{ A "," B ":1", "a UUID without an interval at character 37" },
	{ A ":1-", "a transaction number is expected at character 40" },
	{ A ":1-,", "a transaction number is expected at character 40" },
	{ A ":5-4", "an interval that ends before it starts at character 38" },
	{ A ":1:5-4:9", "an interval that ends before it starts at character 40" },
	{ A ":0", "zero" },
	{ A ":0-5", "zero" },
	{ A ":1-0", "zero" },
	{ A ":00", "zero" },
	{ A ":9223372036854775807", "a number above 9223372036854775806 at character 38" },
	{ A ":1-9223372036854775807", "a number above 9223372036854775806 at character 40" },
	{ A ":18446744073709551617", "a number above" },
	{ A ":99999999999999999999999999999999999", "a number above" },
	{ A ":-5", "a transaction number is expected" },
	{ A ":+5", "a transaction number is expected" },
	{ A ":1-5-7", "a comma, colon or dash is expected" },
	{ A ":1.5", "a comma, colon or dash is expected" },
	{ A ":1 5", "a comma, colon or dash is expected" },
	{ A ":1x", "a comma, colon or dash is expected" },
	{ A ":1,", "a UUID is expected behind the comma" },
	{ A ":1,,", "a UUID is expected" },
	{ ",", "a UUID is expected at character 1" },
	{ ":1", "a UUID is expected at character 1" },
	{ "nonsense", "a UUID is expected at character 1 of the GTID set, before 'nonsense'" },
	{ "3e11fa4771ca11e19e33c80aa9429562:1", "a UUID is expected" },
	{ "3e11fa47-71ca-11e1-9e33-c80aa942956:1", "a UUID is expected" },
	{ "3e11fa47-71ca-11e1-9e33-c80aa94295621:1", "a UUID without an interval at character 37" },
	{ "3g11fa47-71ca-11e1-9e33-c80aa9429562:1", "a UUID is expected" },
	{ A ":tag", "a UUID without an interval" },
	{ A ":tag:", "a transaction number is expected" },
	{ A ":a:b:1", "an interval of the tag is expected" },
	{ A ":1:9a:1", "a comma, colon or dash is expected" },
	{ A ":t-a:1", "a UUID without an interval at character 39" },
	{ A ":abcdefghijklmnopqrstuvwxyz_123456:1", "a tag of more than 32 characters" },
	{ "0-1-100", "a UUID is expected" },
};

static void test_refused(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(refused); i++) {
		CDC_GTID_CLEANUP struct cdc_gtid_set set = { 0 };
		struct cdc_err err = { .text = "" };

		expect(cdc_gtid_parse(refused[i].text, &set, &err) < 0, "'%s' was taken", refused[i].text);
		expect(err.kind == CDC_ERR_USAGE, "'%s': kind %d", refused[i].text, (int)err.kind);
		expect_part(refused[i].text, err.text, refused[i].why);
		expect(set.sources == NULL && set.intervals == NULL, "'%s' left something", refused[i].text);
	}
}

static const struct {
	const char *a, *b, *difference, *both;
} pairs[] = {
	{ "", "", "", "" },
	{ A ":1-5", "", A ":1-5", "" },
	{ "", A ":1-5", "", "" },
	{ A ":1-5", A ":1-5", "", A ":1-5" },
	{ A ":1-10", A ":3-5", A ":1-2:6-10", A ":3-5" },
	{ A ":3-5", A ":1-10", "", A ":3-5" },
	{ A ":1-10", A ":1", A ":2-10", A ":1" },
	{ A ":1-10", A ":10", A ":1-9", A ":10" },
	{ A ":1-10", A ":11-20", A ":1-10", "" },
	{ A ":1-10", A ":5-20", A ":1-4", A ":5-10" },
	{ A ":5-20", A ":1-10", A ":11-20", A ":5-10" },
	{ A ":1-3:5-7:9-11", A ":2-10", A ":1:11", A ":2-3:5-7:9-10" },
	{ A ":1-20", A ":2:4:6-8:20", A ":1:3:5:9-19", A ":2:4:6-8:20" },
	{ A ":1-5:10-15:20-25", A ":4-11:24", A ":1-3:12-15:20-23:25", A ":4-5:10-11:24" },
	{ A ":1-5," B ":1-5", B ":2-3", A ":1-5," B ":1:4-5", B ":2-3" },
	{ A ":1-5," B ":1-5," C ":7", C ":1-9," B ":1-9", A ":1-5", C ":7," B ":1-5" },
	{ A ":1-" LAST, A ":2", A ":1:3-" LAST, A ":2" },
	{ A ":1-" LAST, A ":" LAST, A ":1-9223372036854775805", A ":" LAST },
	{ A ":" LAST, A ":1-" LAST, "", A ":" LAST },
	/* a tag is a source of its own */
	{ A ":1-5:t:1-5", A ":2", A ":1:3-5:t:1-5", A ":2" },
	{ A ":1-5:t:1-5", A ":t:2", A ":1-5:t:1:3-5", A ":t:2" },
	{ A ":1-5", A ":t:1-5", A ":1-5", "" },
	{ A ":a:1:b:2:c:3", A ":b:1-2", A ":a:1:c:3", A ":b:2" },
};

static void test_algebra(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(pairs); i++) {
		CDC_GTID_CLEANUP struct cdc_gtid_set a = { 0 }, b = { 0 }, difference = { 0 }, both = { 0 };

		read_set(pairs[i].a, &a);
		read_set(pairs[i].b, &b);
		cdc_gtid_subtract(&a, &b, &difference);
		cdc_gtid_intersect(&a, &b, &both);
		expect_set(pairs[i].a, &difference, pairs[i].difference);
		expect_set(pairs[i].a, &both, pairs[i].both);
		expect(cdc_gtid_contains(&b, &a) == !*pairs[i].difference, "%s within %s", pairs[i].a, pairs[i].b);
		expect(cdc_gtid_contains(&a, &both) && cdc_gtid_contains(&b, &both), "%s", pairs[i].a);
	}
}

/* --- against a model: one bit for each transaction ------------------------------------------------------------ */

#define SOURCES 3
#define NUMBERS 60

static const char *const names[SOURCES] = { A, A ":t", B };

struct model {
	bool has[SOURCES][NUMBERS + 1];
};

static unsigned next(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % limit;
}

static void random_set(unsigned *seed, struct model *model, struct cdc_buf *text)
{
	*model = (struct model){ 0 };
	for (unsigned parts = next(seed, 12); parts > 0; parts--) {
		unsigned source = next(seed, SOURCES), first = 1 + next(seed, NUMBERS), last = first + next(seed, 9);

		last = last > NUMBERS ? NUMBERS : last;
		cdc_buf_addf(text, "%s%s:%u-%u", text->len ? "," : "", names[source], first, last);
		for (unsigned n = first; n <= last; n++)
			model->has[source][n] = true;
	}
}

static void expect_model(const char *row, const struct cdc_gtid_set *set, const struct model *model)
{
	CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
	CDC_GTID_CLEANUP struct cdc_gtid_set wanted = { 0 };
	uint64_t count = 0;

	for (size_t source = 0; source < SOURCES; source++) {
		for (unsigned n = 1; n <= NUMBERS; n++) {
			if (!model->has[source][n])
				continue;
			cdc_buf_addf(&text, "%s%s:%u", text.len ? "," : "", names[source], n);
			count++;
		}
	}
	read_set(text.text, &wanted);
	text.len = 0;
	cdc_gtid_print(&text, &wanted);
	expect_set(row, set, text.text);
	expect(cdc_gtid_count(set) == count, "%s", row);
}

static void test_model(void **state CDC_UNUSED)
{
	unsigned seed = 1;

	for (int round = 0; round < 3000; round++) {
		CDC_BUF_CLEANUP struct cdc_buf left = CDC_BUF_INIT, right = CDC_BUF_INIT;
		CDC_GTID_CLEANUP struct cdc_gtid_set a = { 0 }, b = { 0 }, difference = { 0 }, both = { 0 };
		struct model of_a, of_b, only_a = { 0 }, of_both = { 0 };
		bool within = true;

		random_set(&seed, &of_a, &left);
		random_set(&seed, &of_b, &right);
		read_set(left.text, &a);
		read_set(right.text, &b);
		for (size_t source = 0; source < SOURCES; source++) {
			for (unsigned n = 1; n <= NUMBERS; n++) {
				only_a.has[source][n] = of_a.has[source][n] && !of_b.has[source][n];
				of_both.has[source][n] = of_a.has[source][n] && of_b.has[source][n];
				within = within && !only_a.has[source][n];
			}
		}
		cdc_gtid_subtract(&a, &b, &difference);
		cdc_gtid_intersect(&a, &b, &both);
		expect_model(left.text, &a, &of_a);
		expect_model(left.text, &difference, &only_a);
		expect_model(left.text, &both, &of_both);
		expect(cdc_gtid_contains(&b, &a) == within, "%s within %s", left.text, right.text);
	}
}

static bool is_not_b(const char *uuid, const void *arg CDC_UNUSED)
{
	return strcmp(uuid, B) != 0;
}

static void test_filter(void **state CDC_UNUSED)
{
	CDC_GTID_CLEANUP struct cdc_gtid_set set = { 0 }, rest = { 0 }, other = { 0 };

	read_set(C ":1:3," B ":1-2:9:t:4," A ":5-6:t:7", &set);
	cdc_gtid_filter(&set, is_not_b, NULL);
	expect_set("filter", &set, C ":1:3," A ":5-6:t:7");
	/* what is kept is a set as any other */
	read_set(A ":5," C ":3", &other);
	cdc_gtid_subtract(&set, &other, &rest);
	expect_set("filter", &rest, C ":1," A ":6:t:7");
	expect(cdc_gtid_has_tags(&set) && !cdc_gtid_has_tags(&other), "tags");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
