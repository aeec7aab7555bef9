/* lib/base: growing strings with a limit, errors, ownership helpers. */
#include "tests/unit/unit.h"

#include "base/err.h"

static void test_buf_grows(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf buf = CDC_BUF_INIT;

	assert_string_equal(buf.text, "");
	for (int i = 0; i < 1000; i++)
		cdc_buf_addf(&buf, "%d,", i % 10);
	assert_int_equal(buf.len, 2000);
	assert_int_equal(strlen(buf.text), 2000);
	assert_false(buf.cut);
	cdc_buf_truncate(&buf, 3000);
	assert_int_equal(buf.len, 2000);
	cdc_buf_truncate(&buf, 4);
	assert_string_equal(buf.text, "0,1,");
	cdc_buf_add_char(&buf, 'x');
	cdc_buf_add_bytes(&buf, "yz!", 2);
	cdc_buf_add(&buf, "");
	assert_string_equal(buf.text, "0,1,xyz");
}

static void test_buf_keeps_its_limit(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf exact = CDC_BUF_LIMITED(5), formatted = CDC_BUF_LIMITED(5);
	CDC_BUF_CLEANUP struct cdc_buf none = CDC_BUF_LIMITED(0);

	cdc_buf_add(&exact, "abcde");
	assert_false(exact.cut);
	cdc_buf_add(&exact, "f");
	assert_true(exact.cut);
	assert_string_equal(exact.text, "abcde");
	cdc_buf_addf(&formatted, "%s", "abc");
	cdc_buf_addf(&formatted, "%s", "defgh");
	assert_true(formatted.cut);
	assert_string_equal(formatted.text, "abcde");
	assert_int_equal(formatted.len, 5);
	cdc_buf_clear(&formatted);
	assert_false(formatted.cut);
	assert_string_equal(formatted.text, "");
	cdc_buf_addf(&none, "%d", 1);
	cdc_buf_add(&none, "x");
	assert_true(none.cut);
	assert_string_equal(none.text, "");
}

static void test_buf_is_handed_over(void **state CDC_UNUSED)
{
	struct cdc_buf buf = CDC_BUF_INIT;
	CDC_CLEANUP(cdc_free_string) char *empty = cdc_buf_take(&buf);
	CDC_CLEANUP(cdc_free_string) char *full = NULL;

	assert_string_equal(empty, "");
	cdc_buf_add(&buf, "text");
	full = cdc_buf_take(&buf);
	assert_string_equal(full, "text");
	assert_string_equal(buf.text, "");
	assert_int_equal(buf.len, 0);
	cdc_buf_add(&buf, "again");
	assert_string_equal(buf.text, "again");
	cdc_buf_release(&buf);
	assert_string_equal(buf.text, "");
}

static void test_err_says_what_was_tried(void **state CDC_UNUSED)
{
	char longer[3 * CDC_ERR_TEXT_MAX];
	struct cdc_err err;

	assert_int_equal(cdc_fail(&err, CDC_ERR_DENIED, "code %d", 28000), -1);
	assert_int_equal(err.kind, CDC_ERR_DENIED);
	assert_int_equal(cdc_fail_in(&err, "asking %s", "db1"), -1);
	assert_int_equal(err.kind, CDC_ERR_DENIED);
	assert_string_equal(err.text, "asking db1: code 28000");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	cdc_fail(&err, CDC_ERR_PROTOCOL, "%s", longer);
	assert_int_equal(strlen(err.text), CDC_ERR_TEXT_MAX - 1);
	cdc_fail_in(&err, "%s", longer);
	assert_int_equal(strlen(err.text), CDC_ERR_TEXT_MAX - 1);
}

static void test_ownership(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_free_string) char *part = cdc_strndup("abcdef", 3), *taken = NULL;
	int *numbers = NULL;
	size_t count = 0, capacity = 0;

	assert_string_equal(part, "abc");
	assert_null(cdc_strdup(NULL));
	taken = CDC_TAKE(part);
	assert_null(part);
	assert_string_equal(taken, "abc");
	for (int i = 0; i < 100; i++) {
		CDC_GROW(numbers, count, &capacity);
		numbers[count++] = i;
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(numbers[i], i);
	assert_true(capacity >= count);
	free(numbers);
	numbers = cdc_alloc(0, sizeof(*numbers));
	assert_non_null(numbers);
	free(numbers);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_keeps_its_limit),
		cmocka_unit_test(test_buf_is_handed_over),
		cmocka_unit_test(test_err_says_what_was_tried),
		cmocka_unit_test(test_ownership),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
