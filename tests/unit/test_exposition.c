/*
 * lib/cdc/exposition: pages in every dialect, fed whole and byte by byte, to samples; and every way in which a page can
 * be wrong.
 */
#include "tests/unit/unit.h"

#include "cdc/exposition.h"

/* Writes what it is given; wants what begins with "w", or all. */
struct recorder {
	struct cdc_buf text;
	bool all;
	const char *ignores;
	int refuse_after;
};

static bool wants(void *arg, const char *name, size_t n)
{
	const struct recorder *recorder = arg;

	return recorder->all || (n > 0 && name[0] == 'w');
}

static int take(void *arg, const struct cdc_sample *sample, struct cdc_err *err)
{
	struct recorder *recorder = arg;

	if (recorder->refuse_after > 0 && --recorder->refuse_after == 0)
		return cdc_fail(err, CDC_ERR_DENIED, "enough");
	cdc_buf_add(&recorder->text, sample->name);
	if (sample->again)
		cdc_buf_add(&recorder->text, " again");
	for (size_t i = 0; i < sample->label_count; i++)
		cdc_buf_addf(&recorder->text, " %s=<%s>", sample->labels[i].name, sample->labels[i].value);
	cdc_buf_add(&recorder->text, " ");
	if (sample->known)
		cdc_num_print(&recorder->text, sample->value, 9);
	else
		cdc_buf_add(&recorder->text, "-");
	if (sample->time_ms)
		cdc_buf_addf(&recorder->text, " @%lld", (long long)sample->time_ms);
	cdc_buf_add(&recorder->text, "\n");
	return 0;
}

/* Reads a page in pieces of that many bytes; 0 or -1 as the reading ended. */
static int read_page(const char *page, size_t n, size_t piece, struct recorder *recorder, bool openmetrics,
    struct cdc_err *err)
{
	struct cdc_sample_taker taker = { wants, take, recorder, { recorder->ignores } };
	struct cdc_exposition reader;
	int code = 0;

	cdc_exposition_init(&reader, &taker, openmetrics);
	for (size_t i = 0; i < n && code == 0; i += piece)
		code = cdc_exposition_feed(&reader, page + i, n - i < piece ? n - i : piece, err);
	if (code == 0)
		code = cdc_exposition_end(&reader, err);
	cdc_exposition_release(&reader);
	return code;
}

static const struct {
	const char *page, *samples;
} pages[] = {
	{ "", "" },
	{ "\n\n  \n# a comment\n", "" },
	{ "w 1\n", "w 1\n" },
	{ "  w\t1.5 \n", "w 1.5\n" },
	{ "w{} 1\nw { } 2\n", "w 1\nw 2\n" },
	/* client_java 0.x: the trailing comma */
	{ "w{plugin=\"mysql\",name=\"dbserver1\",context=\"streaming\",} 123.0\n",
	    "w plugin=<mysql> name=<dbserver1> context=<streaming> 123\n" },
	{ "w { a = \"1\" , b = \"2\" } 3\n", "w a=<1> b=<2> 3\n" },
	{ "w{a=\"}\",b=\",\",c=\"#\",d=\"=\"} 1\n", "w a=<}> b=<,> c=<#> d=<=> 1\n" },
	{ "w{a=\"\\\\ \\\" \\n \\x\"} 1\n", "w a=<\\ \" \n \\x> 1\n" },
	{ "w{a=\"\xc3\xa4\xff\"} 1\n", "w a=<\xc3\xa4\xff> 1\n" },
	{ "w NaN\nw +Inf\nw -Inf\nw 1.8E7\n", "w -\nw -\nw -\nw 18000000\n" },
	{ "w 1 1763680000123\nw 1 -1\n", "w 1 @1763680000123\nw 1 @-1000\n" },
	/* text 1.0.0: quoted names */
	{ "{\"w.x\"} 1\n{\"w y\",a=\"b\",\"c.d\"=\"e\"} 2\n{a=\"b\",\"w\"} 3\n", "w.x 1\nw y a=<b> c.d=<e> 2\nw a=<b> 3\n" },
	{ "{\"v.x\",a=\"b\"} 1\n", "" },
	/* OpenMetrics: seconds, exemplars, EOF */
	{ "# TYPE w unknown\nw 1 1763680000.123\nw 2 # {id=\"}\"} 1 1.5\nw{a=\"b\"} 3 4.5 # {} 1\n# EOF\n",
	    "w 1 @1763680000123\nw 2\nw a=<b> 3 @4500\n" },
	{ "w 1\n# EOF", "w 1\n" },
	/* a comment in 0.0.4 */
	{ "w 1\n# EOF\nw 2\n", "w 1\nw 2\n" },
	/* nobody wants these: they are only looked at from both ends */
	{ "v 1\nv{a=\"b\"} 2\nv{a=\"}\"} -3 4 # {a=\"}\"} 1\nx:y_z0{} NaN\nv{a=\"what is in here\" is not read} .5\n", "" },
	{ "w 1\nw_x 2\nwx{a=\"b\"} 3\nw 4\nv 5\nw 6\n", "w 1\nw_x 2\nwx a=<b> 3\nw 4\nw 6\n" },
};

static void test_pages(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(pages); i++) {
		for (size_t piece = 1; piece < 100; piece += piece < 9 ? 1 : 45) {
			struct recorder recorder = { .text = CDC_BUF_INIT };
			struct cdc_err err = { 0 };
			int code = read_page(pages[i].page, strlen(pages[i].page), piece, &recorder, false, &err);

			expect(code == 0, "page %zu by %zu: %s", i, piece, err.text);
			expect_text(pages[i].page, recorder.text.text, pages[i].samples);
			cdc_buf_release(&recorder.text);
		}
	}
}

static const struct {
	const char *page, *error;
} wrong[] = {
	{ "<html><body>\n", "not the text of metrics: it begins with '" },
	{ "<!DOCTYPE html>", "not the text of metrics: it begins with '" },
	{ "{\"status\":\"success\",\"data\":{}}\n", "not the text of metrics: it begins with '{\"status\":" },
	{ "{\"agent\":\"1.7.2\"}", "not the text of metrics: it begins with '{\"agent\":" },
	{ "404 page not found\n", "not the text of metrics: it begins with '404 page not found'" },
	{ "Unauthorized\n", "not the text of metrics: it begins with 'Unauthorized'" },
	{ "\x1f\x8b\x08\x01\n", "not the text of metrics" },
	{ "w\n", "not the text of metrics: it begins with 'w'" },
	{ "v\n", "not the text of metrics" },
	{ "v 1\nw\n", "line 2 is no sample of a metric, a blank is expected behind the name: 'w'" },
	{ "v 1\nw x\n", "its value is no number" },
	{ "v 1\nw 1 x\n", "its time is no number" },
	{ "v 1\nw 1 2 3\n", "there is more behind its value" },
	{ "v 1\nw{a=\"b} 1\n", "a label's value has no quotes or does not end" },
	{ "v 1\nw{a=b} 1\n", "a label's value has no quotes" },
	{ "v 1\nw{a} 1\n", "'=' is expected" },
	{ "v 1\nw{1=\"b\"} 1\n", "a label's name is expected" },
	{ "v 1\nw{a=\"b\" c=\"d\"} 1\n", "',' or '}' is expected" },
	{ "v 1\nw{,} 1\n", "a label's name is expected" },
	{ "v 1\nw{a=\"b\"\n", "',' or '}' is expected" },
	{ "v 1\nw{a=\"b\"}\n", "its value is no number" },
	{ "v 1\n{a=\"b\"} 1\n", "it has no name" },
	{ "v 1\n{\"w\",\"x\"} 1\n", "'=' is expected" },
	{ "v 1\n1w 1\n", "a name is expected" },
	{ "v 1\n\xc3\xa4 1\n", "a name is expected" },
	{ "v 1\nv text\n", "a value is expected" },
	{ "v 1\nv{a=\"b\" 1\n", "a value is expected" },
	{ "v 1\nv{a=\"b\"} x\n", "a value is expected" },
	{ "v 1\nw 1\r\n", "its value is no number" },
	{ "v 1\nw{a=\"b\"} 1", "cut off within line 2" },
	{ "v 1\nv{a=\"b", "cut off within line 2" },
	{ "v 1", "cut off within its first line" },
	{ "# TYPE w unknown\nw 1\n", "cut off: it does not end in '# EOF'" },
	{ "# TYPE w stateset\nw 1\n# EOF\nw 2\n", "it stands behind '# EOF'" },
};

static void test_wrong(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(wrong); i++) {
		for (size_t piece = 1; piece < 200; piece += 50) {
			struct recorder recorder = { .text = CDC_BUF_INIT };
			struct cdc_err err = { 0 };

			expect(read_page(wrong[i].page, strlen(wrong[i].page), piece, &recorder, false, &err) < 0,
			    "'%s' was taken", wrong[i].page);
			assert_int_equal(err.kind, CDC_ERR_PROTOCOL);
			expect_part(wrong[i].page, err.text, wrong[i].error);
			cdc_buf_release(&recorder.text);
		}
	}
}

/* Lines that differ in an ignored label alone come without labels; all others as ever. */
static void test_ignored_label(void **state CDC_UNUSED)
{
	static const char page[] = "wide 0\n"
				   "w{a=\"1\",key=\"x\",b=\"2\"} 1\n"
				   "w{a=\"1\",key=\"yy,}\",b=\"2\"} 2 5000\n"
				   "w{a=\"1\",key=\"\",b=\"2\"} 3\n"
				   "w{a=\"1\",key=\"\\\"\",b=\"2\"} 4\n"
				   "w{a=\"1\",key=\"z\",b=\"2\"} 5\n"
				   "w{a=\"1\",key=\"z\",b=\"2\"} 6\n"
				   "w{a=\"1\",key=\"z\",b=\"3\"} 7\n"
				   "v{a=\"1\",key=\"z\",b=\"3\"} 7\n"
				   "w{a=\"1\",key=\"q\",b=\"3\"} 8\n"
				   "w{a=\"1\"} 9\n"
				   "w{a=\"1\",key=\"q\",b=\"3\"} 10\n";
	static const char samples[] = "wide 0\n"
				      "w a=<1> key=<x> b=<2> 1\n"
				      "w again 2 @5000000\n"
				      "w again 3\n"
				      "w a=<1> key=<\"> b=<2> 4\n"
				      "w a=<1> key=<z> b=<2> 5\n"
				      "w again 6\n"
				      "w a=<1> key=<z> b=<3> 7\n"
				      "w again 8\n"
				      "w a=<1> 9\n"
				      "w a=<1> key=<q> b=<3> 10\n";

	for (size_t piece = 1; piece < 500; piece *= 3) {
		struct recorder recorder = { .text = CDC_BUF_INIT, .ignores = "key" };
		struct cdc_err err = { 0 };

		assert_int_equal(read_page(page, strlen(page), piece, &recorder, false, &err), 0);
		expect_text("again", recorder.text.text, samples);
		cdc_buf_clear(&recorder.text);
		expect(read_page("v 1\nw{key=\"a\"} 1\nw{key=\"b\"} x\n", 34, piece, &recorder, false, &err) < 0, "x was taken");
		expect_part("again", err.text, "line 3 is no sample of a metric, its value is no number: 'w{key=\"b\"} x'");
		cdc_buf_release(&recorder.text);
	}
}

static void test_openmetrics_by_type(void **state CDC_UNUSED)
{
	struct recorder recorder = { .text = CDC_BUF_INIT };
	struct cdc_err err = { 0 };

	assert_int_equal(read_page("w 1\n", 4, 4, &recorder, true, &err), -1);
	expect_text("cut", err.text, "cut off: it does not end in '# EOF'");
	assert_int_equal(read_page("w 1\n# EOF\n", 10, 4, &recorder, true, &err), 0);
	cdc_buf_release(&recorder.text);
}

static void test_taker_refuses(void **state CDC_UNUSED)
{
	struct recorder recorder = { .text = CDC_BUF_INIT, .refuse_after = 2 };
	struct cdc_err err = { 0 };

	assert_int_equal(read_page("w 1\nw 2\nw 3\n", 12, 12, &recorder, false, &err), -1);
	assert_int_equal(err.kind, CDC_ERR_DENIED);
	expect_text("taken", recorder.text.text, "w 1\n");
	cdc_buf_release(&recorder.text);
}

/* A NUL within, wherever it stands, ends in an error and not in a shorter text. */
static void test_nul(void **state CDC_UNUSED)
{
	static const char page[] = "v 1\nw{a=\"b\"} 1\n";

	for (size_t i = 0; i < sizeof(page) - 1; i++) {
		struct recorder recorder = { .text = CDC_BUF_INIT, .all = true };
		struct cdc_err err = { 0 };
		char copy[sizeof(page)];

		memcpy(copy, page, sizeof(page));
		copy[i] = '\0';
		expect(read_page(copy, sizeof(page) - 1, 100, &recorder, false, &err) < 0, "a NUL at %zu was taken", i);
		cdc_buf_release(&recorder.text);
	}
}

/* No end of line, ever: refused at the limit, with the memory of one line. */
static void test_endless_line(void **state CDC_UNUSED)
{
	struct recorder recorder = { .text = CDC_BUF_INIT };
	struct cdc_sample_taker taker = { .wants = wants, .take = take, .arg = &recorder };
	struct cdc_exposition reader;
	char block[4096];
	struct cdc_err err;
	size_t fed = 0;

	memset(block, 'a', sizeof(block));
	cdc_exposition_init(&reader, &taker, false);
	while (cdc_exposition_feed(&reader, block, sizeof(block), &err) == 0 && fed < ((size_t)1 << 30))
		fed += sizeof(block);
	expect(fed <= CDC_EXPOSITION_LINE_MAX, "%zu bytes were taken", fed);
	expect_part("endless", err.text, "not the text of metrics: it begins with 'aaaa");
	assert_true(reader.carry.capacity <= 2 * CDC_EXPOSITION_LINE_MAX);
	cdc_exposition_release(&reader);
	cdc_buf_release(&recorder.text);
}

static void test_many_labels(void **state CDC_UNUSED)
{
	struct recorder recorder = { .text = CDC_BUF_INIT };
	CDC_BUF_CLEANUP struct cdc_buf page = CDC_BUF_INIT;
	struct cdc_err err;

	cdc_buf_add(&page, "w{");
	for (int i = 0; i < CDC_EXPOSITION_LABELS_MAX; i++)
		cdc_buf_addf(&page, "l%d=\"\",", i);
	cdc_buf_add(&page, "} 1\n");
	assert_int_equal(read_page(page.text, page.len, 1000, &recorder, false, &err), 0);
	cdc_buf_truncate(&page, page.len - 4);
	cdc_buf_add(&page, "x=\"\"} 1\n");
	assert_int_equal(read_page(page.text, page.len, 1000, &recorder, false, &err), -1);
	expect_part("labels", err.text, "not the text of metrics");
	cdc_buf_release(&recorder.text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_ignored_label),
		cmocka_unit_test(test_openmetrics_by_type),
		cmocka_unit_test(test_taker_refuses),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_many_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
