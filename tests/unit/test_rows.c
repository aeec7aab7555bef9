/* lib/value/rows: the text tables that databases return and that facts are recorded in. */
#include "tests/unit/unit.h"

#include "value/rows.h"

static const char tsv[] = "# PostgreSQL 17.11, situation: nothing\n"
			  "slot_name\tactive\tsize\n"
			  "dbz\tt\t-9223372036854775808\n"
			  "# between\n"
			  "a\\tb\\n\\\\c\\r\tf\t\\N\n"
			  "\t\\N\t9223372036854775807";

static void test_tsv(void **state CDC_UNUSED)
{
	CDC_ROWS_CLEANUP struct cdc_rows rows = { 0 };
	struct cdc_err err;
	int64_t number = 42;
	bool present, flag = false;

	assert_int_equal(cdc_rows_parse_tsv(tsv, &rows, &err), 0);
	assert_int_equal(rows.columns, 3);
	assert_int_equal(rows.count, 3);
	assert_string_equal(cdc_rows_get(&rows, 0, "slot_name"), "dbz");
	assert_string_equal(cdc_rows_get(&rows, 1, "slot_name"), "a\tb\n\\c\r");
	assert_string_equal(cdc_rows_get(&rows, 2, "slot_name"), "");
	assert_null(cdc_rows_get(&rows, 1, "size"));
	assert_null(cdc_rows_get(&rows, 0, "failover"));
	assert_int_equal(cdc_rows_int(&rows, 0, "size", &number, &present, &err), 0);
	assert_true(present && number == INT64_MIN);
	assert_int_equal(cdc_rows_int(&rows, 2, "size", &number, &present, &err), 0);
	assert_true(present && number == INT64_MAX);
	assert_int_equal(cdc_rows_int(&rows, 1, "size", &number, &present, &err), 0);
	assert_true(!present && number == INT64_MAX);
	assert_int_equal(cdc_rows_int(&rows, 1, "older", &number, &present, &err), 0);
	assert_false(present);
	assert_int_equal(cdc_rows_bool(&rows, 0, "active", &flag, &present, &err), 0);
	assert_true(present && flag);
	assert_int_equal(cdc_rows_bool(&rows, 1, "active", &flag, &present, &err), 0);
	assert_true(present && !flag);
	assert_int_equal(cdc_rows_bool(&rows, 2, "active", &flag, &present, &err), 0);
	assert_false(present);
}

static void test_wrong_cells(void **state CDC_UNUSED)
{
	static const char *const cells[] = { "", "x", "1.5", "9223372036854775808", "true", "T", " 1", "1|<b>\n" };
	CDC_ROWS_CLEANUP struct cdc_rows rows = { 0 };
	struct cdc_err err;
	int64_t number = 42;
	bool present, flag = true;

	cdc_rows_set_columns(&rows, 1, (const char *const[]){ "size" });
	for (size_t i = 0; i < CDC_LEN(cells); i++) {
		cdc_rows_add(&rows, &cells[i]);
		expect(cdc_rows_int(&rows, i, "size", &number, &present, &err) == -1, "'%s' is an integer", cells[i]);
		assert_int_equal(err.kind, CDC_ERR_PROTOCOL);
		expect_part(cells[i], err.text, "size of row ");
		expect(cdc_rows_bool(&rows, i, "size", &flag, &present, &err) == -1, "'%s' is a boolean", cells[i]);
	}
	assert_true(number == 42 && flag);
	assert_string_equal(err.text, "size of row 8 is '1 b', t or f was expected");
}

static const char *const refused[][2] = {
	{ "a\tb\n1\n", "line 2 has 1 cells, not 2" },
	{ "a\n1\t2\n", "line 2 has 2 cells, not 1" },
	{ "# c\na\tb\n1\t2\n1\t2\t3\n", "line 4 has 3 cells, not 2" },
	{ "a\t\\N\n", "line 1 names no column" },
	{ "a\tb\n\n", "line 2 has 1 cells, not 2" },
};

static void test_refused_tsv(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(refused); i++) {
		struct cdc_rows rows = { 0 };
		struct cdc_err err;

		expect(cdc_rows_parse_tsv(refused[i][0], &rows, &err) == -1, "'%s' was read", refused[i][0]);
		assert_int_equal(err.kind, CDC_ERR_PROTOCOL);
		expect_text(refused[i][0], err.text, refused[i][1]);
		assert_int_equal(rows.columns, 0);
	}
}

static void test_wide_tsv(void **state CDC_UNUSED)
{
	CDC_BUF_CLEANUP struct cdc_buf wide = CDC_BUF_INIT;
	CDC_ROWS_CLEANUP struct cdc_rows rows = { 0 };
	struct cdc_err err;

	for (int i = 0; i < 100; i++)
		cdc_buf_addf(&wide, "%sc%d", i ? "\t" : "", i);
	assert_int_equal(cdc_rows_parse_tsv(wide.text, &rows, &err), 0);
	assert_int_equal(rows.columns, 100);
	cdc_rows_release(&rows);
	cdc_buf_add(&wide, "\tone-more");
	assert_int_equal(cdc_rows_parse_tsv(wide.text, &rows, &err), -1);
	assert_string_equal(err.text, "line 1 has more than 100 cells");
}

static void test_empty_tables(void **state CDC_UNUSED)
{
	CDC_ROWS_CLEANUP struct cdc_rows rows = { 0 };
	struct cdc_err err;

	assert_null(cdc_rows_get(&rows, 0, "x"));
	assert_int_equal(cdc_rows_parse_tsv("", &rows, &err), 0);
	assert_int_equal(rows.count, 0);
	assert_int_equal(cdc_rows_parse_tsv("# error 42501: permission denied\n", &rows, &err), 0);
	assert_int_equal(rows.columns, 0);
	assert_int_equal(cdc_rows_parse_tsv("a\tb\n", &rows, &err), 0);
	assert_int_equal(rows.columns, 2);
	assert_int_equal(rows.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tsv),
		cmocka_unit_test(test_wrong_cells),
		cmocka_unit_test(test_refused_tsv),
		cmocka_unit_test(test_wide_tsv),
		cmocka_unit_test(test_empty_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
