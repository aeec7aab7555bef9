/* lib/cdc/gtid_mariadb: texts of lists, what is refused and where, positions, look-ups. */
#include "tests/unit/unit.h"

#include "cdc/gtid_mariadb.h"

static void read_list(const char *text, struct cdc_domain_gtids *ret)
{
	struct cdc_err err = { .text = "" };

	expect(cdc_domain_gtids_parse(text, ret, &err) == 0, "'%s': %s", text, err.text);
}

static const struct {
	const char *text, *sorted, *position;
} lists[] = {
	{ "", "", "" },
	{ " \n", "", "" },
	{ "0-1-100", "0-1-100", "0-1-100" },
	{ "5-1-3,0-1-100", "0-1-100,5-1-3", "0-1-100,5-1-3" },
	{ " 5-1-3 ,\n0-1-100 ", "0-1-100,5-1-3", "0-1-100,5-1-3" },
	/* the state of a log has a GTID for each server of a domain, a position only the last one */
	{ "0-2-11,0-1-8", "0-1-8,0-2-11", "0-2-11" },
	{ "0-1-12,0-2-11,5-9-1,5-7-2", "0-1-12,0-2-11,5-7-2,5-9-1", "0-1-12,5-7-2" },
	{ "0-1-5,0-1-7,0-1-6", "0-1-7", "0-1-7" },
	{ "4294967295-4294967295-18446744073709551615", "4294967295-4294967295-18446744073709551615",
	    "4294967295-4294967295-18446744073709551615" },
	{ "0-1-0", "0-1-0", "0-1-0" },
	{ "10-1-1,9-1-1", "9-1-1,10-1-1", "9-1-1,10-1-1" },
};

static void test_lists(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(lists); i++) {
		CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids list = { 0 };
		CDC_BUF_CLEANUP struct cdc_buf sorted = CDC_BUF_INIT, position = CDC_BUF_INIT;

		read_list(lists[i].text, &list);
		cdc_domain_gtids_print(&sorted, &list);
		expect_text(lists[i].text, sorted.text, lists[i].sorted);
		cdc_domain_gtids_to_position(&list);
		cdc_domain_gtids_print(&position, &list);
		expect_text(lists[i].text, position.text, lists[i].position);
	}
}

static const struct {
	const char *text, *why;
} refused[] = {
	{ "x", "a number is expected at character 1 of the GTID list, before 'x'" },
	{ "0", "DOMAIN-SERVER-SEQUENCE is expected at character 2" },
	{ "0-1", "DOMAIN-SERVER-SEQUENCE is expected at character 4" },
	{ "0-1-", "a number is expected at character 5" },
	{ "0-1-5-7", "a comma is expected at character 6" },
	{ "0-1-5 0-1-6", "a comma is expected at character 7" },
	{ "0-1-5,", "a GTID is expected behind the comma" },
	{ ",", "a number is expected at character 1" },
	{ "0-1-5,,5-1-1", "a number is expected at character 7" },
	{ "-1-1-1", "a number is expected" },
	{ "0--1-1", "a number is expected" },
	{ "0-1 -5", "DOMAIN-SERVER-SEQUENCE is expected" },
	{ "4294967296-1-1", "a number that is too large at character 1" },
	{ "0-4294967296-1", "a number that is too large at character 3" },
	{ "0-1-18446744073709551616", "a number that is too large at character 5" },
	{ "0-1-99999999999999999999999", "a number that is too large" },
	{ "0-1-5;", "a comma is expected" },
};

static void test_refused(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(refused); i++) {
		CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids list = { 0 };
		struct cdc_err err = { .text = "" };

		expect(cdc_domain_gtids_parse(refused[i].text, &list, &err) < 0, "'%s' was taken", refused[i].text);
		expect(err.kind == CDC_ERR_USAGE && list.at == NULL, "'%s'", refused[i].text);
		expect_part(refused[i].text, err.text, refused[i].why);
	}
}

static void test_look_ups(void **state CDC_UNUSED)
{
	CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids list = { 0 };

	read_list("0-1-8,0-2-11,5-1-3", &list);
	expect(cdc_domain_gtids_last(&list, 0)->sequence == 11, "the last of domain 0");
	expect(cdc_domain_gtids_last(&list, 5)->sequence == 3, "the last of domain 5");
	expect(cdc_domain_gtids_last(&list, 7) == NULL, "no domain 7");
	expect(cdc_domain_gtids_find(&list, 0, 1)->sequence == 8, "server 1 of domain 0");
	expect(cdc_domain_gtids_find(&list, 5, 2) == NULL, "no server 2 in domain 5");
}

static bool is_wanted(const char *source, const void *arg)
{
	return strcmp(source, arg) == 0;
}

static void test_filter(void **state CDC_UNUSED)
{
	CDC_DOMAIN_GTIDS_CLEANUP struct cdc_domain_gtids list = { 0 };

	read_list("0-1-8,0-2-11,5-1-3", &list);
	cdc_domain_gtids_filter(&list, is_wanted, "0-2");
	expect(list.count == 1 && list.at[0].sequence == 11, "%zu left", list.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_look_ups),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
