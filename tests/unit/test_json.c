/* lib/value/json: the grammar, the values with their paths, and that it does not matter how the bytes come in pieces. */
#include "tests/unit/unit.h"

#include "value/json.h"

static const char *const kinds = "{}[]snTF0";

/* Writes what comes out as "path kind text" lines; a container under the key "skip" is skipped. */
static int take(void *arg, const struct cdc_json *json, enum cdc_json_kind kind, const char *text, struct cdc_err *err)
{
	struct cdc_buf *all = arg;

	for (size_t i = 0; i < json->depth; i++) {
		if (cdc_json_key(json, i))
			cdc_buf_addf(all, "/%s", cdc_json_key(json, i));
		else
			cdc_buf_addf(all, "/%zu", cdc_json_index(json, i));
	}
	cdc_buf_addf(all, " %c", kinds[kind]);
	if (text)
		cdc_buf_addf(all, " %s", text);
	cdc_buf_add(all, "; ");
	if (kind == CDC_JSON_STRING && cdc_streq(text, "stop"))
		return cdc_fail(err, CDC_ERR_DENIED, "stopped");
	return json->depth > 0 && cdc_json_key_is(json, json->depth - 1, "skip") &&
		    (kind == CDC_JSON_OBJECT || kind == CDC_JSON_ARRAY) ?
		CDC_JSON_SKIP :
		0;
}

static int read(const char *bytes, size_t n, size_t piece, struct cdc_buf *ret, struct cdc_err *err)
{
	CDC_CLEANUP(cdc_json_release) struct cdc_json json = CDC_JSON_INIT(take, ret);

	for (size_t i = 0; i < n; i += piece)
		if (cdc_json_feed(&json, bytes + i, n - i < piece ? n - i : piece, err) < 0)
			return -1;
	return cdc_json_end(&json, err);
}

static const struct {
	const char *text, *values;
} good[] = {
	{ "{}", " {;  }; " },
	{ " [ ] ", " [;  ]; " },
	{ "1", " n 1; " },
	{ "-0.5e+3 ", " n -0.5e+3; " },
	{ "\"\"", " s ; " },
	{ "true", " T true; " },
	{ "\t\r\nnull\n", " 0 null; " },
	{ "{\"a\":1,\"b\":[true,false,{\"c\":null}]}",
	    " {; /a n 1; /b [; /b/0 T true; /b/1 F false; /b/2 {; /b/2/c 0 null; /b/2 }; /b ];  }; " },
	{ "{\"a\":{\"b\":{\"c\":\"d\"}},\"e\":\"f\"}",
	    " {; /a {; /a/b {; /a/b/c s d; /a/b }; /a }; /e s f;  }; " },
	{ "[[],[[]],1]", " [; /0 [; /0 ]; /1 [; /1/0 [; /1/0 ]; /1 ]; /2 n 1;  ]; " },
	{ "{\"\":1,\"\":2}", " {; / n 1; / n 2;  }; " },
	{ "{\"skip\":{\"x\":[1,\"a\\\"b\",{\"y\":2}]},\"z\":1}", " {; /skip {; /z n 1;  }; " },
	{ "{\"skip\":[],\"skip\":1,\"z\":{\"skip\":{}}}", " {; /skip [; /skip n 1; /z {; /z/skip {; /z };  }; " },
	{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", " [; /0 s \"\\/\b\f\n\r\t;  ]; " },
	{ "\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"", " s A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80; " },
	/* no NUL comes out, and no half of a pair */
	{ "\"a\\u0000b\"", " s a\xef\xbf\xbd" "b; " },
	{ "\"\\ud83d\"", " s \xef\xbf\xbd; " },
	{ "\"\\ud83dx\"", " s \xef\xbf\xbdx; " },
	{ "\"\\ud83d\\n\"", " s \xef\xbf\xbd\n; " },
	{ "\"\\ud83d\\ud83d\\ude00\"", " s \xef\xbf\xbd\xf0\x9f\x98\x80; " },
	{ "\"\\ude00\"", " s \xef\xbf\xbd; " },
	{ "{\"\\u0000k\":1}", " {; /\xef\xbf\xbdk n 1;  }; " },
	{ "\"\xff\xc3\"", " s \xff\xc3; " },
	{ "[18446744073709551616,0.1,1E5,-0]", " [; /0 n 18446744073709551616; /1 n 0.1; /2 n 1E5; /3 n -0;  ]; " },
	{ "\"12345678901234567890 a longer text, in which a quote \\\" comes late\"",
	    " s 12345678901234567890 a longer text, in which a quote \" comes late; " },
};

static void test_good(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(good); i++) {
		size_t n = strlen(good[i].text);

		for (size_t piece = 1; piece <= n; piece++) {
			CDC_BUF_CLEANUP struct cdc_buf values = CDC_BUF_INIT;
			struct cdc_err err = { .text = "" };

			expect(read(good[i].text, n, piece, &values, &err) == 0, "%s by %zu: %s", good[i].text, piece, err.text);
			expect_text(good[i].text, values.text, good[i].values);
		}
	}
}

static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "empty" }, { " ", "cut off" }, { "{", "cut off" }, { "[1", "cut off" }, { "[1,", "cut off" }, { "\"a", "cut off" },
	{ "\"\\u00", "cut off" }, { "{\"a\"", "cut off" }, { "{\"a\":", "cut off" }, { "{\"a\":1", "cut off" }, { "tru", "unknown word" },
	{ "{]", "no key" }, { "[}", "unexpected" }, { "{\"a\":1]", "wrong bracket" }, { "[1}", "wrong bracket" }, { "]", "unexpected" },
	{ "{a:1}", "no key" }, { "{\"a\" 1}", "no colon" }, { "{\"a\":1 \"b\":2}", "no comma" }, { "{\"a\":1,}", "no key" },
	{ "[1,]", "unexpected" }, { "[,1]", "unexpected" }, { "1 2", "behind the end" }, { "{}{}", "behind the end" },
	{ "nul", "unknown word" }, { "[nulll]", "unknown word" }, { "[NaN]", "unexpected" }, { "[Infinity]", "unexpected" },
	{ "[01]", "unknown word" }, { "[1.]", "unknown word" }, { "[.5]", "unexpected" }, { "[+1]", "unexpected" },
	{ "[1e]", "unknown word" }, { "[1e+]", "unknown word" }, { "[--1]", "unknown word" }, { "[-]", "unknown word" },
	{ "[0x10]", "unknown word" }, { "[1_0]", "unknown word" }, { "[tru\"e\"]", "unknown word" }, { "[1-1]", "unknown word" },
	{ "\"\\x\"", "bad escape" }, { "\"\\u12g4\"", "bad escape" }, { "\"\\\n\"", "bad escape" }, { "\"a\nb\"", "control" },
	{ "\"\x01\"", "control" }, { "'a'", "unexpected" }, { "<html>", "unexpected character at byte 0): '<html>'" },
	{ "\xef\xbb\xbf{}", "unexpected" }, { "// x", "unexpected" }, { "[1 /*x*/]", "no comma" },
};

static void test_bad(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(bad); i++) {
		size_t n = strlen(bad[i].text);

		for (size_t piece = 1; piece <= n || piece == 1; piece++) {
			CDC_BUF_CLEANUP struct cdc_buf values = CDC_BUF_INIT;
			struct cdc_err err = { .text = "" };

			expect(read(bad[i].text, n, piece, &values, &err) < 0, "'%s' by %zu was taken", bad[i].text, piece);
			expect(err.kind == CDC_ERR_PROTOCOL, "%s: kind %d", bad[i].text, (int)err.kind);
			expect(piece < n || strstr(err.text, bad[i].error), "%s: %s", bad[i].text, err.text);
		}
	}
}

static void test_nul(void **state CDC_UNUSED)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = { { "\0", 1 }, { "{\0}", 3 }, { "\"\0\"", 3 }, { "\"\\\0\"", 4 }, { "1\0", 2 }, { "{}\0", 3 }, { "tr\0ue", 5 } };

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf values = CDC_BUF_INIT;
		struct cdc_err err;

		expect(read(rows[i].bytes, rows[i].n, 99, &values, &err) < 0, "row %zu was taken", i);
	}
}

static void fill(struct cdc_buf *buf, const char *unit, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cdc_buf_add(buf, unit);
}

static void test_limits(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf deep = CDC_BUF_INIT, deeper = CDC_BUF_INIT, text = CDC_BUF_INIT, values = CDC_BUF_INIT;
	CDC_BUF_CLEANUP struct cdc_buf skipped = CDC_BUF_INIT, number = CDC_BUF_INIT;
	struct cdc_err err;

	fill(&deep, "[", CDC_JSON_DEPTH_MAX);
	fill(&deep, "]", CDC_JSON_DEPTH_MAX);
	expect(read(deep.text, deep.len, 7, &values, &err) == 0, "%s", err.text);
	fill(&deeper, "[", CDC_JSON_DEPTH_MAX + 1);
	expect(read(deeper.text, deeper.len, 7, &values, &err) < 0, "too deep, and taken");
	expect_part("depth", err.text, "nested deeper than 64 levels");
	cdc_buf_add_char(&text, '"');
	fill(&text, "x", CDC_JSON_TEXT_MAX);
	cdc_buf_add_char(&text, '"');
	expect(read(text.text, text.len, 4096, &values, &err) == 0, "%s", err.text);
	text.text[text.len - 1] = 'x';
	cdc_buf_add_char(&text, '"');
	expect(read(text.text, text.len, 4096, &values, &err) < 0, "too long, and taken");
	expect_part("text", err.text, "a text of more than 1024 KiB");
	/* what nobody wants may be as long as it likes */
	cdc_buf_addf(&skipped, "{\"skip\":[%s]}", text.text);
	expect(read(skipped.text, skipped.len, 4096, &values, &err) == 0, "%s", err.text);
	fill(&number, "1", 401);
	expect(read(number.text, number.len, 4096, &values, &err) < 0, "a number of 401 digits was taken");
}

static int count_text(void *arg, const struct cdc_json *json CDC_UNUSED, enum cdc_json_kind kind, const char *text,
    struct cdc_err *err CDC_UNUSED)
{
	struct cdc_buf *all = arg;

	if (kind == CDC_JSON_STRING)
		cdc_buf_addf(all, "%zu %.3s ", strlen(text), text + strlen(text) - 3);
	return 0;
}

/* A reader that cuts long texts goes on behind them, wherever an escape meets the limit. */
static void test_cut_texts(void **state CDC_UNUSED)
{
	static const struct {
		size_t plain;
		const char *end, *counts;
	} rows[] = {
		{ CDC_JSON_TEXT_MAX - 3, "abc", "1048576 abc 3 end " },
		{ CDC_JSON_TEXT_MAX - 3, "abcdef", "1048576 abc 3 end " },
		{ CDC_JSON_TEXT_MAX - 2, "b\\nd", "1048575 xxb 3 end " },
		{ CDC_JSON_TEXT_MAX - 3, "b\\\\d", "1048575 xb\\ 3 end " },
		{ CDC_JSON_TEXT_MAX - 6, "\\u0041bcd", "1048571 xxA 3 end " },
		{ CDC_JSON_TEXT_MAX - 5, "\\u0041bcd", "1048571 xxx 3 end " },
		{ CDC_JSON_TEXT_MAX - 1, "\\u0041\\\"\\\\", "1048575 xxx 3 end " },
		{ 3 * CDC_JSON_TEXT_MAX, "\\n", "1048576 xxx 3 end " },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		CDC_BUF_CLEANUP struct cdc_buf text = CDC_BUF_INIT, counts = CDC_BUF_INIT;
		CDC_CLEANUP(cdc_json_release) struct cdc_json json = CDC_JSON_INIT(count_text, &counts);
		struct cdc_err err = { 0 };

		json.cut_texts = true;
		cdc_buf_add(&text, "[\"");
		fill(&text, "x", rows[i].plain);
		cdc_buf_addf(&text, "%s\",\"end\"]", rows[i].end);
		for (size_t at = 0, n = 1000; at < text.len; at += n)
			expect(cdc_json_feed(&json, text.text + at, text.len - at < n ? text.len - at : n, &err) == 0, "%s", err.text);
		expect(cdc_json_end(&json, &err) == 0, "row %zu: %s", i, err.text);
		expect_text("counts", counts.text, rows[i].counts);
	}
}

static void test_stopped(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf values = CDC_BUF_INIT;
	struct cdc_err err;

	expect(read("[1,\"stop\",2]", 12, 99, &values, &err) < 0, "not stopped");
	expect_text("error", err.text, "stopped");
	expect_text("values", values.text, " [; /0 n 1; /1 s stop; ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cut_texts),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
