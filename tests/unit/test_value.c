/* lib/value and lib/cdc: exact numbers, threshold ranges, deadlines, log sequence numbers. */
#include "tests/unit/unit.h"

#include "cdc/lsn.h"
#include "value/clock.h"
#include "value/range.h"

#define BILLION CDC_NUM_ONE

struct number_case {
	const char *text;
	enum cdc_unit unit;
	const char *printed; /* with nine decimals; NULL: refused */
};

static const struct number_case number_cases[] = {
	{ "0", CDC_COUNT, "0" },
	{ "-0", CDC_COUNT, "0" },
	{ "007", CDC_COUNT, "7" },
	{ "10", CDC_COUNT, "10" },
	{ "-10", CDC_COUNT, "-10" },
	{ "0.5", CDC_COUNT, "0.5" },
	{ "-0.000000001", CDC_COUNT, "-0.000000001" },
	{ "1.500", CDC_COUNT, "1.5" },
	{ "9223372036854775807", CDC_COUNT, "9223372036854775807" },
	{ "-9223372036854775808", CDC_COUNT, "-9223372036854775808" },
	{ "9007199254740993", CDC_BYTES, "9007199254740993" }, /* no double holds it */
	{ "9223372036854775807.000000001", CDC_COUNT, NULL },
	{ "9223372036854775808", CDC_COUNT, NULL },
	{ "-9223372036854775809", CDC_COUNT, NULL },
	{ "99999999999999999999999999999999999999999999", CDC_COUNT, NULL },
	{ "0.99999999999999999999999999999999999999999999", CDC_COUNT, NULL },
	{ "0.1234567891", CDC_COUNT, NULL },
	{ "", CDC_COUNT, NULL },
	{ "-", CDC_COUNT, NULL },
	{ "+1", CDC_COUNT, NULL },
	{ " 1", CDC_COUNT, NULL },
	{ "1 ", CDC_COUNT, NULL },
	{ "--1", CDC_COUNT, NULL },
	{ ".5", CDC_COUNT, NULL },
	{ "5.", CDC_COUNT, NULL },
	{ "1,5", CDC_COUNT, NULL },
	{ "1_000", CDC_COUNT, NULL },
	{ "1e3", CDC_COUNT, NULL },
	{ "0x10", CDC_COUNT, NULL },
	{ "nan", CDC_COUNT, NULL },
	{ "NaN", CDC_SECONDS, NULL },
	{ "inf", CDC_COUNT, NULL },
	{ "1.2.3", CDC_COUNT, NULL },
	{ "\xd9\xa3", CDC_COUNT, NULL }, /* an Arabic three */
	{ "1s", CDC_COUNT, NULL },
	{ "1%", CDC_COUNT, NULL },
	{ "1c", CDC_COUNTER, NULL },
	{ "5", CDC_COUNTER, "5" },
	{ "90", CDC_SECONDS, "90" },
	{ "90s", CDC_SECONDS, "90" },
	{ "1500ms", CDC_SECONDS, "1.5" },
	{ "0.001ms", CDC_SECONDS, "0.000001" },
	{ "1.5h", CDC_SECONDS, "5400" },
	{ "2m", CDC_SECONDS, "120" },
	{ "72h", CDC_SECONDS, "259200" },
	{ "1d", CDC_SECONDS, "86400" },
	{ "1w", CDC_SECONDS, "604800" },
	{ "-1m", CDC_SECONDS, "-60" },
	{ "1M", CDC_SECONDS, NULL },
	{ "1min", CDC_SECONDS, NULL },
	{ "1H", CDC_SECONDS, NULL },
	{ "1h30m", CDC_SECONDS, NULL },
	{ "1 h", CDC_SECONDS, NULL },
	{ "h", CDC_SECONDS, NULL },
	{ "1B", CDC_SECONDS, NULL },
	{ "1y", CDC_SECONDS, NULL },
	{ "15250284452472w", CDC_SECONDS, NULL }, /* 2^63 seconds and some */
	{ "1B", CDC_BYTES, "1" },
	{ "1kB", CDC_BYTES, "1000" },
	{ "1MB", CDC_BYTES, "1000000" },
	{ "1GB", CDC_BYTES, "1000000000" },
	{ "1TB", CDC_BYTES, "1000000000000" },
	{ "1KiB", CDC_BYTES, "1024" },
	{ "1MiB", CDC_BYTES, "1048576" },
	{ "1.5GiB", CDC_BYTES, "1610612736" },
	{ "8388607TiB", CDC_BYTES, "9223370937343148032" },
	{ "8388608TiB", CDC_BYTES, NULL },
	{ "1KB", CDC_BYTES, NULL },
	{ "1kb", CDC_BYTES, NULL },
	{ "1k", CDC_BYTES, NULL },
	{ "1PiB", CDC_BYTES, NULL },
	{ "1m", CDC_BYTES, NULL },
	{ "85%", CDC_PERCENT, "85" },
	{ "99.9%", CDC_PERCENT, "99.9" },
	{ "85", CDC_PERCENT, "85" },
	{ "85%%", CDC_PERCENT, NULL },
	{ "85B", CDC_PERCENT, NULL },
};

static void test_numbers(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(number_cases); i++) {
		const struct number_case *c = &number_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf printed = CDC_BUF_INIT;
		cdc_num value = 42 * BILLION;
		struct cdc_err err;
		int code = cdc_num_parse(c->text, strlen(c->text), c->unit, &value, &err);

		expect((code == 0) == (c->printed != NULL), "'%s' was %s", c->text, code ? "refused" : "taken");
		cdc_num_print(&printed, value, 9);
		expect_text(c->text, printed.text, c->printed ? c->printed : "42");
		if (code < 0)
			assert_int_equal(err.kind, CDC_ERR_USAGE);
	}
}

static void test_number_is_as_long_as_said(void **state CDC_UNUSED)
{
	cdc_num value;
	struct cdc_err err;

	assert_int_equal(cdc_num_parse("123456", 3, CDC_COUNT, &value, &err), 0);
	assert_true(value == 123 * BILLION);
	assert_int_equal(cdc_num_parse("1", 0, CDC_COUNT, &value, &err), -1);
}

struct print_case {
	cdc_num value;
	int decimals;
	const char *text;
};

static void test_printing(void **state CDC_UNUSED)
{
	const struct print_case cases[] = {
		{ 0, 3, "0" },
		{ BILLION / 2, 3, "0.5" },
		{ BILLION / 2, 0, "0" },
		{ BILLION - 1, 3, "0.999" },
		{ -BILLION / 2, 0, "0" },
		{ -BILLION / 2, 1, "-0.5" },
		{ -1, 3, "0" },
		{ 1, 9, "0.000000001" },
		{ cdc_num_uint(UINT64_MAX), 0, "18446744073709551615" },
		{ cdc_num_int(INT64_MIN), 3, "-9223372036854775808" },
		{ cdc_num_ms(INT64_MAX), 3, "9223372036854775.807" },
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_num_print(&buf, cases[i].value, cases[i].decimals);
		expect_text("printed", buf.text, cases[i].text);
	}
}

static void test_conversions(void **state CDC_UNUSED)
{
	assert_true(cdc_num_to_int(cdc_num_uint(UINT64_MAX)) == INT64_MAX);
	assert_true(cdc_num_to_int(-cdc_num_uint(UINT64_MAX)) == INT64_MIN);
	assert_true(cdc_num_to_int(cdc_num_int(INT64_MIN)) == INT64_MIN);
	assert_true(cdc_num_to_int(-BILLION / 2) == 0);
	assert_true(cdc_num_to_ms(cdc_num_ms(INT64_MIN)) == INT64_MIN);
	assert_true(cdc_num_to_ms(cdc_num_int(INT64_MAX)) == INT64_MAX);
	assert_true(cdc_num_to_ms(cdc_num_int(INT64_MIN)) == INT64_MIN);
	assert_true(cdc_num_to_ms(BILLION / 1000 * 7 / 2) == 3);
}

struct integer_case {
	const char *text;
	bool is_int, is_uint;
};

static const struct integer_case integer_cases[] = {
	{ "0", true, true },
	{ "9223372036854775807", true, true },
	{ "9223372036854775808", false, true },
	{ "18446744073709551615", false, true },
	{ "18446744073709551616", false, false },
	{ "-9223372036854775808", true, false },
	{ "-9223372036854775809", false, false },
	{ "-1", true, false },
	{ "--1", false, false },
	{ "", false, false },
	{ "-", false, false },
	{ "1.0", false, false },
	{ "1 ", false, false },
	{ "+1", false, false },
	{ "0x1", false, false },
};

static void test_integers(void **state CDC_UNUSED)
{
	int64_t number;
	uint64_t unsigned_number;

	for (size_t i = 0; i < CDC_LEN(integer_cases); i++) {
		const struct integer_case *c = &integer_cases[i];

		expect(cdc_num_parse_int(c->text, &number) == c->is_int, "signed '%s'", c->text);
		expect(cdc_num_parse_uint(c->text, &unsigned_number) == c->is_uint, "unsigned '%s'", c->text);
	}
	assert_true(cdc_num_parse_int("-9223372036854775808", &number) && number == INT64_MIN);
	assert_true(cdc_num_parse_uint("18446744073709551615", &unsigned_number) && unsigned_number == UINT64_MAX);
}

static void test_units(void **state CDC_UNUSED)
{
	static const struct {
		enum cdc_unit unit;
		const char *name, *human;
		int decimals;
	} cases[] = {
		{ CDC_COUNT, "", "91", 0 },
		{ CDC_COUNTER, "c", "91", 0 },
		{ CDC_SECONDS, "s", "91 s", 3 },
		{ CDC_BYTES, "B", "91 B", 0 },
		{ CDC_PERCENT, "%", "91.5 %", 3 },
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		assert_string_equal(cdc_unit_name(cases[i].unit), cases[i].name);
		assert_int_equal(cdc_unit_decimals(cases[i].unit), cases[i].decimals);
		cdc_num_print_human(&buf, 91 * BILLION + BILLION / 2, cases[i].unit);
		expect_text(cases[i].name, buf.text, cases[i].human);
	}
}

struct range_case {
	const char *text;
	enum cdc_unit unit;
	const char *canonical; /* NULL: refused */
	const char *good, *bad; /* values, separated by blanks */
};

static const struct range_case range_cases[] = {
	{ "10", CDC_COUNT, "10", "0 5 10", "-0.000000001 10.000000001 11 -1" },
	{ "0:10", CDC_COUNT, "10", "0 10", "-1 11" },
	{ ":10", CDC_COUNT, "10", "0 10", "-1 11" },
	{ "10:", CDC_COUNT, "10:", "10 9223372036854775807", "9 -1 9.999999999" },
	{ "0:", CDC_COUNT, "0:", "0 5", "-1" },
	{ "~:10", CDC_COUNT, "~:10", "-9223372036854775808 10", "11" },
	{ "5:10", CDC_COUNT, "5:10", "5 10 7.5", "4.999999999 10.000000001" },
	{ "10:10", CDC_COUNT, "10:10", "10", "9 11" },
	{ "0:0", CDC_COUNT, "0", "0", "1 -1" },
	{ "0", CDC_COUNT, "0", "0", "1 -1" },
	{ "-10:-5", CDC_COUNT, "-10:-5", "-10 -5", "-11 -4 0" },
	{ "-5:0", CDC_COUNT, "-5:0", "-5 0", "-6 1" },
	{ "~:", CDC_COUNT, "~:", "-9223372036854775808 0 9223372036854775807", "" },
	{ "@10:20", CDC_COUNT, "@10:20", "9 21", "10 15 20" },
	{ "@10", CDC_COUNT, "@10", "-1 11", "0 10" },
	{ "@0:10", CDC_COUNT, "@10", "-1 11", "0 10" },
	{ "@10:", CDC_COUNT, "@10:", "9", "10 11" },
	{ "@~:10", CDC_COUNT, "@~:10", "11", "10 -10" },
	{ "@0", CDC_COUNT, "@0", "1 -1", "0" },
	{ "@~:", CDC_COUNT, "@~:", "", "-1 0 1" },
	{ "0.5:1.5", CDC_COUNT, "0.5:1.5", "0.5 1.5", "0.499999999 1.500000001" },
	{ "9223372036854775806:9223372036854775806", CDC_COUNT, "9223372036854775806:9223372036854775806",
	    "9223372036854775806", "9223372036854775805 9223372036854775807" },
	{ "9007199254740992", CDC_BYTES, "9007199254740992", "9007199254740992", "9007199254740993" },
	{ "-9223372036854775808:", CDC_COUNT, "-9223372036854775808:", "-9223372036854775808 0", "" },
	{ "90s", CDC_SECONDS, "90", "90", "91" },
	{ "1.5h", CDC_SECONDS, "5400", "5400", "5401" },
	{ "72h:", CDC_SECONDS, "259200:", "259200", "259199" },
	{ "250ms:1m", CDC_SECONDS, "0.25:60", "0.25 60", "0.249 61" },
	{ "@1GiB:5GiB", CDC_BYTES, "@1073741824:5368709120", "1073741823 5368709121", "1073741824 5368709120" },
	{ "1kB:1KiB", CDC_BYTES, "1000:1024", "1000 1024", "999 1025" },
	{ "80%:90%", CDC_PERCENT, "80:90", "80 90", "79 91" },
	{ "", CDC_COUNT, NULL, "", "" },
	{ "@", CDC_COUNT, NULL, "", "" },
	{ ":", CDC_COUNT, NULL, "", "" },
	{ "@:", CDC_COUNT, NULL, "", "" },
	{ "~", CDC_COUNT, NULL, "", "" },
	{ "10:5", CDC_COUNT, NULL, "", "" },
	{ "@10:5", CDC_COUNT, NULL, "", "" },
	{ "-5", CDC_COUNT, NULL, "", "" }, /* 0:-5 */
	{ "5:~", CDC_COUNT, NULL, "", "" },
	{ "~:~", CDC_COUNT, NULL, "", "" },
	{ "1:2:3", CDC_COUNT, NULL, "", "" },
	{ "1::2", CDC_COUNT, NULL, "", "" },
	{ "~5:10", CDC_COUNT, NULL, "", "" },
	{ "@@5", CDC_COUNT, NULL, "", "" },
	{ "5@", CDC_COUNT, NULL, "", "" },
	{ "5 :10", CDC_COUNT, NULL, "", "" },
	{ " 5:10", CDC_COUNT, NULL, "", "" },
	{ "5:10 ", CDC_COUNT, NULL, "", "" },
	{ "5-10", CDC_COUNT, NULL, "", "" },
	{ "5,10", CDC_COUNT, NULL, "", "" },
	{ "ten", CDC_COUNT, NULL, "", "" },
	{ "1e2", CDC_COUNT, NULL, "", "" },
	{ "nan", CDC_COUNT, NULL, "", "" },
	{ "inf:", CDC_COUNT, NULL, "", "" },
	{ "9223372036854775808", CDC_COUNT, NULL, "", "" },
	{ "5s", CDC_BYTES, NULL, "", "" },
	{ "5", CDC_COUNT, "5", "5", "6" },
	{ "5B", CDC_COUNT, NULL, "", "" },
	{ "1h:5GiB", CDC_SECONDS, NULL, "", "" },
	{ "1h:30m", CDC_SECONDS, NULL, "", "" },
};

static void expect_alerts(const struct range_case *c, const struct cdc_range *range, const char *values, bool alerts)
{
	while (*values) {
		size_t n = strcspn(values, " ");
		cdc_num value;
		struct cdc_err err;

		assert_int_equal(cdc_num_parse(values, n, CDC_COUNT, &value, &err), 0);
		expect(cdc_range_alerts(range, value) == alerts, "'%s' with %.*s", c->text, (int)n, values);
		values += n + strspn(values + n, " ");
	}
}

static void test_ranges(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(range_cases); i++) {
		const struct range_case *c = &range_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf canonical = CDC_BUF_INIT;
		struct cdc_range range = { .set = false };
		struct cdc_err err;
		int code = cdc_range_parse(c->text, c->unit, &range, &err);

		expect((code == 0) == (c->canonical != NULL), "'%s' was %s", c->text, code ? "refused" : "taken");
		if (code < 0) {
			CDC_BUF_CLEANUP struct cdc_buf quoted = CDC_BUF_INIT;

			assert_false(range.set);
			assert_int_equal(err.kind, CDC_ERR_USAGE);
			/* blanks at the ends are not shown */
			if (!strchr(c->text, ' ')) {
				cdc_buf_addf(&quoted, "'%s'", c->text);
				expect_part("quotes the text", err.text, quoted.text);
			}
			continue;
		}
		cdc_range_print(&canonical, &range);
		expect_text(c->text, canonical.text, c->canonical);
		expect_alerts(c, &range, c->good, false);
		expect_alerts(c, &range, c->bad, true);
		assert_int_equal(cdc_range_never(&range), cdc_streq(c->text, "~:"));
	}
}

/* What is printed in performance data is read back as the same range. */
static void test_canonical_is_stable(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(range_cases); i++) {
		const struct range_case *c = &range_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf again = CDC_BUF_INIT;
		struct cdc_range range;
		struct cdc_err err;

		if (!c->canonical)
			continue;
		assert_int_equal(cdc_range_parse(c->canonical, c->unit, &range, &err), 0);
		cdc_range_print(&again, &range);
		expect_text(c->text, again.text, c->canonical);
	}
}

static void test_unset_range(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;
	struct cdc_range range = { .set = false };

	assert_false(cdc_range_alerts(&range, BILLION));
	assert_false(cdc_range_alerts(&range, -BILLION));
	assert_true(cdc_range_never(&range));
	cdc_range_print(&buf, &range);
	assert_string_equal(buf.text, "");
}

static const struct {
	const char *range;
	int64_t value;
	const char *reason;
} reason_cases[] = {
	{ "1KiB", 2048, "more than 1.0 KiB" },
	{ "1KiB", -5, "less than 0 B" },
	{ "1KiB:", 5, "less than 1.0 KiB" },
	{ "1KiB:2KiB", 5, "less than 1.0 KiB" },
	{ "1KiB:2KiB", 5000, "more than 2.0 KiB" },
	{ "@1KiB:2KiB", 1500, "within 1.0 KiB to 2.0 KiB" },
	{ "@1KiB:", 1500, "at least 1.0 KiB" },
	{ "@~:2KiB", 1500, "at most 2.0 KiB" },
	{ "@~:", 1500, "whatever its value" },
};

static void test_reasons(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(reason_cases); i++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;
		struct cdc_range range;
		struct cdc_err err;

		assert_int_equal(cdc_range_parse(reason_cases[i].range, CDC_BYTES, &range, &err), 0);
		assert_true(cdc_range_alerts(&range, cdc_num_int(reason_cases[i].value)));
		cdc_range_print_reason(&buf, &range, cdc_num_int(reason_cases[i].value), CDC_BYTES);
		expect_text(reason_cases[i].range, buf.text, reason_cases[i].reason);
	}
}

static void test_deadlines(void **state CDC_UNUSED)
{
	struct cdc_deadline far = cdc_deadline_in(100000), past = cdc_deadline_in(-5);

	assert_in_range(cdc_deadline_left_ms(&far), 90000, 100000);
	assert_int_equal(cdc_deadline_left_ms(&past), 0);
	assert_true(cdc_clock_wall_ms() > EPOCH - 365 * 24 * HOUR);
	assert_true(cdc_clock_ms() <= cdc_clock_ms());
}

struct lsn_case {
	const char *text;
	bool valid;
	uint64_t value;
	const char *printed;
};

static const struct lsn_case lsn_cases[] = {
	{ "0/0", true, 0, "0/0" },
	{ "0/5A1C2E8", true, 0x5a1c2e8, "0/5A1C2E8" },
	{ "0/05A1C2E8", true, 0x5a1c2e8, "0/5A1C2E8" }, /* as PostgreSQL 19 writes it */
	{ "16/b374d848", true, 0x16b374d848, "16/B374D848" },
	{ "FFFFFFFF/FFFFFFFF", true, UINT64_MAX, "FFFFFFFF/FFFFFFFF" },
	{ "80000000/0", true, (uint64_t)1 << 63, "80000000/0" },
	{ "", false, 0, NULL },
	{ "/", false, 0, NULL },
	{ "0", false, 0, NULL },
	{ "0/", false, 0, NULL },
	{ "/0", false, 0, NULL },
	{ "0/0 ", false, 0, NULL },
	{ " 0/0", false, 0, NULL },
	{ "0/0/0", false, 0, NULL },
	{ "G/0", false, 0, NULL },
	{ "0/-1", false, 0, NULL },
	{ "0x1/0", false, 0, NULL },
	{ "123456789/0", false, 0, NULL },
	{ "0/123456789", false, 0, NULL },
};

static void test_lsn(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(lsn_cases); i++) {
		const struct lsn_case *c = &lsn_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;
		uint64_t value = 42;

		expect(cdc_lsn_parse(c->text, &value) == c->valid, "'%s'", c->text);
		expect(value == (c->valid ? c->value : 42), "'%s' is not %llx", c->text, (unsigned long long)value);
		if (!c->valid)
			continue;
		cdc_lsn_print(&buf, value);
		expect_text(c->text, buf.text, c->printed);
	}
}

static void test_lsn_distance(void **state CDC_UNUSED)
{
	assert_true(cdc_lsn_distance(10, 30) == 20);
	assert_true(cdc_lsn_distance(30, 30) == 0);
	assert_true(cdc_lsn_distance(30, 10) == 0);
	assert_true(cdc_lsn_distance(0, INT64_MAX) == INT64_MAX);
	assert_true(cdc_lsn_distance(0, UINT64_MAX) == INT64_MAX);
	assert_true(cdc_lsn_distance(UINT64_MAX, 0) == 0);
	assert_true(cdc_lsn_distance(UINT64_MAX - 1, UINT64_MAX) == 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_number_is_as_long_as_said),
		cmocka_unit_test(test_printing),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_canonical_is_stable),
		cmocka_unit_test(test_unset_range),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_lsn),
		cmocka_unit_test(test_lsn_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
