/* lib/base/text: text from outside made safe (interface.md section 3.6), numbers made readable (3.7). */
#include "tests/unit/unit.h"

#include "base/text.h"

struct safe_case {
	const char *name, *text;
	size_t max;
	const char *safe;
};

static const struct safe_case safe_cases[] = {
	{ "plain", "dbz_orders", 100, "dbz_orders" },
	{ "empty", "", 100, "" },
	{ "only blanks", " \t\n ", 100, "   " },
	{ "newlines end line 1", "a\nb\r\nc", 100, "a b c" },
	{ "the pipe begins perfdata", "a|b", 100, "a b" },
	{ "Nagios turns semicolons", "a;b", 100, "a b" },
	{ "web pages swallow tags", "<b>bold</b>", 100, "b bold /b" },
	{ "control characters", "a\x01\x1b[31mb\x7f", 100, "a [31mb" },
	{ "C1 controls", "a\xc2\x85" "b\xc2\x9b" "c", 100, "a b c" },
	{ "line and paragraph separators", "a\xe2\x80\xa8" "b\xe2\x80\xa9" "c", 100, "a b c" },
	{ "a turned direction", "a\xe2\x80\xae" "b\xe2\x81\xa7" "c", 100, "a b c" },
	{ "invisible characters", "a\xe2\x80\x8b" "b\xef\xbb\xbf" "c\xc2\xad" "d", 100, "a b c d" },
	{ "blanks stay", "  a  |;  b  ", 100, "  a     b  " },
	{ "umlauts stay", "gr\xc3\xbc\xc3\x9f", 100, "gr\xc3\xbc\xc3\x9f" },
	{ "four bytes stay", "\xf0\x9f\x90\x98", 100, "\xf0\x9f\x90\x98" },
	{ "stray continuation", "a\x80z", 100, "a?z" },
	{ "cut sequence", "a\xe2\x82", 100, "a??" },
	{ "cut sequence before a letter", "\xc3(", 100, "?(" },
	{ "overlong slash", "\xc0\xaf", 100, "??" },
	{ "overlong in three", "\xe0\x80\xaf", 100, "???" },
	{ "overlong in four", "\xf0\x80\x80\xaf", 100, "????" },
	{ "surrogate", "\xed\xa0\x80", 100, "???" },
	{ "beyond U+10FFFF", "\xf4\x90\x80\x80", 100, "????" },
	{ "no such byte", "\xfe\xff", 100, "??" },
	{ "Latin-1", "M\xfcller", 100, "M?ller" },
	{ "as long as allowed", "0123456789", 10, "0123456789" },
	{ "longer", "0123456789a", 10, "0123456\xe2\x80\xa6" },
	{ "cut at a character", "012345\xc3\xbc\xc3\xbc\xc3\xbc", 10, "012345\xe2\x80\xa6" },
	{ "cut in a row of four", "\xf0\x9f\x90\x98\xf0\x9f\x90\x98\xf0\x9f\x90\x98", 9, "\xf0\x9f\x90\x98\xe2\x80\xa6" },
	{ "no room for the ellipsis", "0123456789", 2, "" },
	{ "no room", "0123456789", 0, "" },
};

static void test_safe(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(safe_cases); i++) {
		const struct safe_case *c = &safe_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_text_add_safe(&buf, c->text, c->max);
		expect_text(c->name, buf.text, c->safe);
	}
}

struct cut_case {
	const char *name, *text;
	size_t max;
	const char *cut;
};

static const struct cut_case cut_cases[] = {
	{ "it fits", "gone, see there", 15, "gone, see there" },
	{ "a clause", "wrong server, or a reset", 20, "wrong server\xe2\x80\xa6" },
	{ "a bracket", "it was dropped (in a run)", 23, "it was dropped\xe2\x80\xa6" },
	{ "another finding", "it is gone - one of two", 20, "it is gone\xe2\x80\xa6" },
	{ "a word, for no clause ends near", "some thing, that can not be told here", 36, "some thing, that can not be told\xe2\x80\xa6" },
	{ "what a colon begins stays", "failed: PSQLException", 16, "failed: PSQLE\xe2\x80\xa6" },
	{ "no word ends near", "01234567890123456789", 18, "012345678901234\xe2\x80\xa6" },
	{ "no room", "0123456789", 2, "" },
};

static void test_cut(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(cut_cases); i++) {
		const struct cut_case *c = &cut_cases[i];
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_buf_add(&buf, c->text);
		cdc_text_cut(&buf, c->max);
		expect_text(c->name, buf.text, c->cut);
	}
}

static void test_safe_leaves_what_was_there(void **state CDC_UNUSED)
{
	for (size_t max = 0; max < 8; max++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_buf_add(&buf, "before\xc3\xbc");
		cdc_text_add_safe(&buf, "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", max);
		expect(strncmp(buf.text, "before\xc3\xbc", 8) == 0, "max %zu took what was there: '%s'", max, buf.text);
		expect(buf.len <= 8 + max, "max %zu: %zu bytes", max, buf.len - 8);
	}
}

static void test_every_byte_is_made_safe(void **state CDC_UNUSED)
{
	for (int c = 1; c < 256; c++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;
		char text[] = { 'a', (char)c, 'z', '\0' };

		cdc_text_add_safe(&buf, text, 100);
		for (size_t i = 0; i < buf.len; i++)
			expect((unsigned char)buf.text[i] >= ' ' && (unsigned char)buf.text[i] < 0x7f &&
				!strchr("|;<>", buf.text[i]),
			    "byte %d gives '%s'", c, buf.text);
		expect(buf.len >= 2, "byte %d gives '%s'", c, buf.text);
	}
}

struct human_case {
	int64_t number;
	const char *text;
};

static const struct human_case bytes_cases[] = {
	{ 0, "0 B" },
	{ 1, "1 B" },
	{ 1023, "1023 B" },
	{ 1024, "1.0 KiB" },
	{ 1075, "1.0 KiB" },
	{ 1536, "1.5 KiB" },
	{ 102400, "100 KiB" },
	{ 1024 * 1023, "1023 KiB" },
	{ 1024 * 1024 - 53, "1023.9 KiB" },
	{ 1024 * 1024 - 1, "1.0 MiB" },
	{ 1153434, "1.1 MiB" },
	{ 13002342, "12.4 MiB" }, /* the example of interface.md section 3 */
	{ 5368709120, "5.0 GiB" },
	{ -3221225472, "-3.0 GiB" },
	{ -1, "-1 B" },
	{ INT64_MAX, "8.0 EiB" },
	{ INT64_MIN, "-8.0 EiB" },
};

static const struct human_case duration_cases[] = {
	{ 0, "0 s" },
	{ 1, "1 ms" },
	{ 350, "350 ms" },
	{ 999, "999 ms" },
	{ 1000, "1 s" },
	{ 4200, "4.2 s" },
	{ 9999, "9.9 s" },
	{ 10999, "10 s" },
	{ 60000, "1m" },
	{ 90000, "90 s" },
	{ 412000, "412 s" },
	{ 599999, "599 s" },
	{ 600000, "10m" },
	{ 725000, "12m 5s" },
	{ 3600000, "1h" },
	{ 11520000, "3h 12m" },
	{ 86399999, "23h 59m" },
	{ 86400000, "1d" },
	{ 273600000, "3d 4h" },
	{ -725000, "-12m 5s" },
	{ INT64_MAX, "106751991167d 7h" },
	{ INT64_MIN, "-106751991167d 7h" },
};

static void test_numbers_for_people(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(bytes_cases); i++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_text_add_bytes(&buf, bytes_cases[i].number);
		expect_text("bytes", buf.text, bytes_cases[i].text);
	}
	for (size_t i = 0; i < CDC_LEN(duration_cases); i++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_text_add_duration(&buf, duration_cases[i].number);
		expect_text("duration", buf.text, duration_cases[i].text);
	}
}

static const char *const json_cases[][2] = {
	{ "", "\"\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "line\nfeed\rtab\t", "\"line\\nfeed\\u000dtab\\u0009\"" },
	{ "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
	{ "|;<>", "\"|;<>\"" },
	{ "gr\xc3\xbc\xff", "\"gr\xc3\xbc?\"" },
};

static void test_json(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(json_cases); i++) {
		CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

		cdc_text_add_json(&buf, json_cases[i][0]);
		expect_text("json", buf.text, json_cases[i][1]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_safe_leaves_what_was_there),
		cmocka_unit_test(test_every_byte_is_made_safe),
		cmocka_unit_test(test_numbers_for_people),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
