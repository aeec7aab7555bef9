#include "tests/unit/unit.h"

#include "cdc/binlog_name.h"

static void test_parse(void **state CDC_UNUSED)
{
	static const struct {
		const char *name;
		bool numbered;
		uint64_t number;
		size_t base_len;
	} rows[] = {
		{ "b.000001", true, 1, 1 },
		{ "mysql-bin.999999", true, 999999, 9 },
		{ "mysql-bin.1000000", true, 1000000, 9 },
		{ "my.dotted.name-bin.000017", true, 17, 18 },
		{ "b.18446744073709551615", true, UINT64_MAX, 1 },
		{ "b.18446744073709551616", false, 0, 22 },
		{ "binlog-000017.ibb", true, 17, 6 },
		{ "binlog-x.ibb", false, 0, 8 },
		{ "my.dotted", false, 0, 9 },
		{ "b.", false, 0, 2 },
		{ "b.-1", false, 0, 4 },
		{ "b.00 1", false, 0, 6 },
		{ "b.00000000000000000000000000001", false, 0, 31 },
		{ "000001", false, 0, 6 },
		{ "", false, 0, 0 },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++) {
		struct cdc_binlog_name name = cdc_binlog_name_parse(rows[i].name);

		expect(name.numbered == rows[i].numbered && name.number == rows[i].number &&
			name.base_len == rows[i].base_len,
		    "%s: %d %llu %zu", rows[i].name, name.numbered, (unsigned long long)name.number, name.base_len);
	}
}

static void test_comparable(void **state CDC_UNUSED)
{
	static const struct {
		const char *a, *b;
		bool comparable;
	} rows[] = {
		{ "b.000001", "b.1000000", true },
		{ "b.000001", "c.000001", false },
		{ "b.000001", "bb.000001", false },
		{ "b.000001", "b", false },
		{ "my.dotted", "my.dotted", false },
	};

	for (size_t i = 0; i < CDC_LEN(rows); i++)
		expect(cdc_binlog_name_comparable(rows[i].a, rows[i].b) == rows[i].comparable, "%s and %s", rows[i].a,
		    rows[i].b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_comparable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
