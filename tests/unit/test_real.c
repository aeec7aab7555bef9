/* lib/value/real: the text of a floating point number to an exact one. */
#include "tests/unit/unit.h"

#include "value/real.h"

static const struct {
	const char *text, *number; /* NULL: no value; "": malformed */
} rows[] = {
	{ "0", "0" }, { "-0.0", "0" }, { "1", "1" }, { "+1", "1" }, { "-1.0", "-1" }, { "123.0", "123" },
	/* Java's Double.toString */
	{ "1.8E7", "18000000" }, { "1.234E9", "1234000000" }, { "1.0E-5", "0.00001" }, { "6.88442E5", "688442" },
	{ "1.7636800001234E12", "1763680000123.4" }, { "4.9E-324", "0" }, { "9.223372036854776E18", "9223372036854776000" },
	{ "9223372036854775807", "9223372036854775807" }, { "-9223372036854775808", "-9223372036854775808" },
	{ "18446744073709551615", "18446744073709551615" },
	/* Go's forms */
	{ "1.458255915e9", "1458255915" }, { ".5", "0.5" }, { "5.", "5" }, { "1e+3", "1000" }, { "1E0", "1" },
	{ "0x10p0", "16" }, { "0x1p-2", "0.25" }, { "0X1.8P3", "12" }, { "-0x1p4", "-16" },
	{ "0.1234567891", "0.123456789" }, { "-0.0000000019", "-0.000000001" },
	{ "0.30000000000000000000000000000000000001", "0.3" },
	{ "00000000000000000000000000000000000000012", "12" },
	{ "1234567890123456789012345678901234567890e-30", "1234567890.123456789" },
	{ "0.00000000000000000000000000000000012e35", "12" },
	{ "100000000000000000000", "100000000000000000000" },
	/* well formed, and nothing to judge */
	{ "NaN", NULL }, { "nan", NULL }, { "+Inf", NULL }, { "-Inf", NULL }, { "Infinity", NULL }, { "inf", NULL },
	{ "100000000000000000001", NULL }, { "1e21", NULL }, { "-1e308", NULL }, { "1e999999999999", NULL }, { "0x1p99", NULL },
	{ "0e999999999999", "0" }, { "1e-999999999999", "0" },
	/* not numbers */
	{ "", "" }, { "-", "" }, { "+", "" }, { ".", "" }, { "e5", "" }, { "1e", "" }, { "1e+", "" }, { "1.2.3", "" },
	{ "1 ", "" }, { " 1", "" }, { "--1", "" }, { "1,5", "" }, { "0x", "" }, { "0x1", "" }, { "0xg", "" }, { "0x1p", "" },
	{ "nano", "" }, { "infinit", "" }, { "1_000", "" }, { "1d", "" }, { "\xd9\xa1", "" },
};

static void test_rows(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT;
		cdc_num number = 42 * CDC_NUM_ONE;
		enum cdc_real kind = cdc_real_parse(rows[i].text, strlen(rows[i].text), &number);

		cdc_num_print(&text, number, 9);
		if (!rows[i].number)
			expect(kind == CDC_REAL_NO_VALUE, "'%s' is not without a value: %d", rows[i].text, (int)kind);
		else if (!*rows[i].number)
			expect(kind == CDC_REAL_MALFORMED, "'%s' was taken for %s", rows[i].text, text.text);
		else
			expect_text(rows[i].text, text.text, rows[i].number);
		if (kind != CDC_REAL_NUMBER)
			expect_text(rows[i].text, text.text, "42");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
