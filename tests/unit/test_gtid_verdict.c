/* lib/cdc/gtid_verdict: can a reader at that position continue on that server? */
#include "tests/unit/unit.h"

#include "cdc/gtid_verdict.h"

#define A    "3e11fa47-71ca-11e1-9e33-c80aa9429562"
#define B    "4e11fa47-71ca-11e1-9e33-c80aa9429562"
#define LAST "9223372036854775806"

static void read_position(const char *text, struct cdc_gtid_position *ret)
{
	struct cdc_err err = { .text = "" };

	expect(cdc_gtid_position_parse(text, ret, &err) == 0, "'%s': %s", text, err.text);
}

static void read_set(const char *text, struct cdc_gtid_set *ret)
{
	struct cdc_err err = { .text = "" };

	expect(cdc_gtid_parse(text, ret, &err) == 0, "'%s': %s", text, err.text);
}

static void read_list(const char *text, struct cdc_domain_gtids *ret)
{
	struct cdc_err err = { .text = "" };

	expect(cdc_domain_gtids_parse(text, ret, &err) == 0, "'%s': %s", text, err.text);
}

static const struct {
	const char *text;
	bool mariadb, valid;
} forms[] = {
	{ "", false, true },
	{ " \n", false, true },
	{ A ":1-5", false, true },
	{ "12345678-71ca-11e1-9e33-c80aa9429562:1-5", false, true },
	{ "12345678-1234-1234-1234-123456789012:1", false, true },
	{ "12345678-1234-1234-1234-123456789012", false, false },
	{ "0-1-5", true, true },
	{ " 0-1-5, 5-1-3", true, true },
	{ "0-1-5,0-2-9", true, true },
	{ "0-1-5," A ":1", true, false },
	{ A ":1,0-1-5", false, false },
	{ "0-1", true, false },
	{ "0", false, false },
	{ "x", false, false },
};

static void test_forms(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(forms); i++) {
		CDC_CLEANUP(cdc_gtid_position_release) struct cdc_gtid_position position = { 0 };
		struct cdc_err err;
		bool valid = cdc_gtid_position_parse(forms[i].text, &position, &err) == 0;

		expect(valid == forms[i].valid, "'%s'", forms[i].text);
		expect(position.mariadb == (valid && forms[i].mariadb), "'%s'", forms[i].text);
	}
}

/* --- MySQL ---------------------------------------------------------------------------------------------------- */

static bool is_a(const char *source, const void *arg CDC_UNUSED)
{
	return strcmp(source, A) == 0;
}

static const struct {
	const char *reader, *executed, *purged;
	bool only_a;
	uint64_t behind, gone, beyond;
	const char *which_gone, *which_beyond;
} mysql[] = {
	{ A ":1-230", A ":1-230", "", false, 0, 0, 0, "", "" },
	{ A ":1-100", A ":1-230", "", false, 130, 0, 0, "", "" },
	{ "", A ":1-230", "", false, 230, 0, 0, "", "" },
	{ "", "", "", false, 0, 0, 0, "", "" },
	{ "", A ":1-230", A ":1-100", false, 230, 100, 0, "3e11…:1-100", "" },
	{ A ":1-100", A ":1-230", A ":1-100", false, 130, 0, 0, "", "" },
	{ A ":1-99", A ":1-230", A ":1-100", false, 131, 1, 0, "3e11…:100", "" },
	/* holes that were purged */
	{ A ":1-4:6-100", A ":1-230", A ":1-100", false, 131, 1, 0, "3e11…:5", "" },
	{ A ":2:4:6-100", A ":1-230", A ":1-100", false, 133, 3, 0, "3e11…:1 and 2 more", "" },
	{ A ":1-231", A ":1-230", "", false, 0, 0, 1, "", "3e11…:231" },
	{ B ":1-5", A ":1-230", "", false, 230, 0, 5, "", "4e11…:1-5" },
	{ A ":5", "", "", false, 0, 0, 1, "", "3e11…:5" },
	/* behind in one, ahead in the other */
	{ A ":1-10," B ":1-9:12", A ":1-20," B ":1-5", "", false, 10, 0, 5, "", "4e11…:6-9 and 1 more" },
	/* a source that the reader does not follow neither counts nor is missed */
	{ "", A ":1-9," B ":1-230", B ":1-100", true, 9, 0, 0, "", "" },
	{ A ":1-5," B ":1-999", A ":1-9," B ":1-230", B ":1-100", true, 4, 0, 0, "", "" },
	{ A ":1", A ":1-9," B ":1-230", A ":1-3," B ":1-100", true, 8, 2, 0, "3e11…:2-3", "" },
	/* tags */
	{ A ":1-5:t:1-2", A ":1-5:t:1-4", A ":t:1-3", false, 2, 1, 0, "3e11…:t:3", "" },
	{ A ":1-5:t:1-2", A ":1-9", "", false, 4, 0, 2, "", "3e11…:t:1-2" },
	{ "", A ":1-" LAST, A ":1-" LAST, false, 9223372036854775806u, 9223372036854775806u, 0, "3e11…:1-" LAST, "" },
};

static void test_mysql(void **state CDC_UNUSED)
{
	const struct cdc_gtid_filter filter = { .keep = is_a };

	for (size_t i = 0; i < CDC_LEN(mysql); i++) {
		CDC_CLEANUP(cdc_gtid_position_release) struct cdc_gtid_position position = { 0 };
		CDC_CLEANUP(cdc_gtid_server_release) struct cdc_gtid_server server = { 0 };
		CDC_BUF_CLEANUP struct cdc_buf gone = CDC_BUF_INIT, beyond = CDC_BUF_INIT;
		const struct cdc_gtid_filter *used = mysql[i].only_a ? &filter : NULL;

		read_position(mysql[i].reader, &position);
		read_set(mysql[i].executed, &server.executed);
		read_set(mysql[i].purged, &server.purged);
		if (used)
			cdc_gtid_position_filter(&position, used);
		expect(!cdc_gtid_is_foreign(&position, &server), "row %zu is foreign", i);
		expect(cdc_gtid_behind(&position, &server, used) == mysql[i].behind, "row %zu: behind", i);
		expect(cdc_gtid_purged(&position, &server, used, &gone) == mysql[i].gone, "row %zu: purged", i);
		expect(cdc_gtid_ahead(&position, &server, NULL, &beyond) == mysql[i].beyond, "row %zu: ahead", i);
		expect_text(mysql[i].reader, gone.text, mysql[i].which_gone);
		expect_text(mysql[i].reader, beyond.text, mysql[i].which_beyond);
	}
}

static const struct {
	const char *reader, *candidate, *main, *source;
	uint64_t missing, lost, errant;
} failover[] = {
	{ A ":1-9", A ":1-9", A ":1-9", A ":1-9", 0, 0, 0 },
	{ A ":1-9", A ":1-5", A ":1-9", A ":1-9", 4, 0, 0 },
	{ A ":1-12", A ":1-5", A ":1-9", A ":1-9", 4, 3, 0 },
	{ A ":1-9", A ":1-9," B ":1-2", A ":1-9", A ":1-9", 0, 0, 2 },
	{ A ":1-9", A ":1-12", A ":1-9", A ":1-9", 0, 0, 3 },
	{ A ":1-9", "", A ":1-9", A ":1-9", 9, 0, 0 },
	{ "", A ":1-9", A ":1-9", "", 0, 0, 9 },
};

static void test_failover(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(failover); i++) {
		CDC_CLEANUP(cdc_gtid_position_release) struct cdc_gtid_position position = { 0 };
		CDC_CLEANUP(cdc_gtid_server_release) struct cdc_gtid_server candidate = { 0 }, server = { 0 }, source = { 0 };
		CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;

		read_position(failover[i].reader, &position);
		read_set(failover[i].candidate, &candidate.executed);
		read_set(failover[i].main, &server.executed);
		read_set(failover[i].source, &source.executed);
		expect(cdc_gtid_missing(&position, &candidate, &server, &which) == failover[i].missing, "row %zu: missing", i);
		expect(cdc_gtid_ahead(&position, &candidate, &server, &which) == failover[i].lost, "row %zu: lost", i);
		expect(cdc_gtid_errant(&candidate, &source, &which) == failover[i].errant, "row %zu: errant", i);
	}
}

/* --- MariaDB -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *reader, *log, *state, *replica, *horizon; /* horizon NULL: not known */
	uint64_t behind, gone, beyond;
	const char *which_gone, *which_beyond;
} mariadb[] = {
	{ "0-1-100", "0-1-100", "0-1-100", "", "", 0, 0, 0, "", "" },
	{ "0-1-90", "0-1-100", "0-1-100", "", "", 10, 0, 0, "", "" },
	{ "", "0-1-100", "0-1-100", "", "", 100, 0, 0, "", "" },
	/* exactly at the horizon a reader goes on; older, or without a domain of it, it cannot */
	{ "0-1-50", "0-1-100", "0-1-100", "", "0-1-50", 50, 0, 0, "", "" },
	{ "0-1-49", "0-1-100", "0-1-100", "", "0-1-50", 51, 1, 0, "domain 0: 50", "" },
	{ "", "0-1-100", "0-1-100", "", "0-1-50", 100, 50, 0, "domain 0: 1-50", "" },
	{ "0-1-100", "0-1-100,5-1-9", "0-1-100,5-1-9", "", "0-1-50,5-1-3", 9, 3, 0, "domain 5: 1-3", "" },
	{ "", "0-1-9,5-1-9", "0-1-9,5-1-9", "", "0-1-5,5-1-3", 18, 8, 0, "domain 0: 1-5 and 1 more", "" },
	{ "0-1-10", "0-1-100", "0-1-100", "", NULL, 90, 0, 0, "", "" },
	/* ahead in sequence, of a domain or of a server that this one does not know */
	{ "0-1-105", "0-1-100", "0-1-100", "", "", 0, 0, 5, "", "0-1-105" },
	{ "0-1-100,9-1-7", "0-1-100", "0-1-100", "", "", 0, 0, 7, "", "9-1-7" },
	{ "0-7-90", "0-1-100", "0-1-100", "", "", 10, 0, 1, "", "0-7-90" },
	{ "0-1-105,9-1-7", "0-1-100", "0-1-100", "", "", 0, 0, 12, "", "0-1-105 and 1 more" },
	/* after a failover the domain goes on with another server */
	{ "0-1-100", "0-2-120", "0-1-100,0-2-120", "0-1-100", "", 20, 0, 0, "", "" },
	{ "0-1-103", "0-2-120", "0-1-100,0-2-120", "0-1-100", "", 17, 0, 3, "", "0-1-103" },
	/* a new primary that logged nothing of the old one, but applied it up to there */
	{ "0-1-100", "0-2-120", "0-2-120", "0-1-100", "", 20, 0, 0, "", "" },
	{ "0-1-100", "", "", "0-1-100", "", 0, 0, 0, "", "" },
};

static void test_mariadb(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(mariadb); i++) {
		CDC_CLEANUP(cdc_gtid_position_release) struct cdc_gtid_position position = { 0 };
		CDC_CLEANUP(cdc_gtid_server_release) struct cdc_gtid_server server = { .mariadb = true };
		CDC_BUF_CLEANUP struct cdc_buf gone = CDC_BUF_INIT, beyond = CDC_BUF_INIT;

		read_position(mariadb[i].reader, &position);
		read_list(mariadb[i].log, &server.binlog_pos);
		read_list(mariadb[i].state, &server.binlog_state);
		read_list(mariadb[i].replica, &server.replica_pos);
		server.horizon_known = mariadb[i].horizon != NULL;
		if (server.horizon_known)
			read_list(mariadb[i].horizon, &server.horizon);
		expect(!cdc_gtid_is_foreign(&position, &server), "row %zu is foreign", i);
		expect(cdc_gtid_behind(&position, &server, NULL) == mariadb[i].behind, "row %zu: behind", i);
		expect(cdc_gtid_purged(&position, &server, NULL, &gone) == mariadb[i].gone, "row %zu: purged", i);
		expect(cdc_gtid_ahead(&position, &server, NULL, &beyond) == mariadb[i].beyond, "row %zu: ahead", i);
		expect_text(mariadb[i].reader, gone.text, mariadb[i].which_gone);
		expect_text(mariadb[i].reader, beyond.text, mariadb[i].which_beyond);
	}
}

static const struct {
	const char *candidate, *source, *which;
	uint64_t errant;
} states[] = {
	{ "0-1-8", "0-1-8", "", 0 },
	{ "0-1-8", "0-1-11", "", 0 },
	{ "", "0-1-8", "", 0 },
	/* a write on the replica itself has its server id, and counts from what was there before it */
	{ "0-1-8,0-2-11", "0-1-8", "0-2-11", 3 },
	{ "0-1-8,0-2-9", "0-1-20", "0-2-9", 1 },
	{ "0-1-9", "0-1-8", "0-1-9", 1 },
	{ "0-1-8,5-2-1,5-3-4", "0-1-8", "5-2-1 and 1 more", 4 },
	{ "0-1-8,0-2-11", "0-1-8,0-2-10", "0-2-11", 1 },
	/* once the domain has gone on, nobody knows how many they were */
	{ "0-1-17,0-2-11", "0-1-17", "0-2-11", 1 },
	{ "0-1-3000000,0-2-2999999", "0-1-3000001", "0-2-2999999", 1 },
};

static void test_errant_on_mariadb(void **state CDC_UNUSED)
{
	for (size_t i = 0; i < CDC_LEN(states); i++) {
		CDC_CLEANUP(cdc_gtid_server_release) struct cdc_gtid_server candidate = { .mariadb = true },
								       source = { .mariadb = true };
		CDC_BUF_CLEANUP struct cdc_buf which = CDC_BUF_INIT;

		read_list(states[i].candidate, &candidate.binlog_state);
		read_list(states[i].source, &source.binlog_state);
		expect(cdc_gtid_errant(&candidate, &source, &which) == states[i].errant, "row %zu", i);
		expect_text(states[i].candidate, which.text, states[i].which);
	}
}

static void test_foreign(void **state CDC_UNUSED)
{
	CDC_CLEANUP(cdc_gtid_position_release) struct cdc_gtid_position uuids = { 0 }, domains = { 0 }, none = { 0 };
	const struct cdc_gtid_server mysql_server = { 0 }, mariadb_server = { .mariadb = true };

	read_position(A ":1", &uuids);
	read_position("0-1-1", &domains);
	expect(cdc_gtid_is_foreign(&uuids, &mariadb_server) && !cdc_gtid_is_foreign(&uuids, &mysql_server), "UUIDs");
	expect(cdc_gtid_is_foreign(&domains, &mysql_server) && !cdc_gtid_is_foreign(&domains, &mariadb_server), "domains");
	expect(!cdc_gtid_is_foreign(&none, &mysql_server) && !cdc_gtid_is_foreign(&none, &mariadb_server), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_mysql),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_mariadb),
		cmocka_unit_test(test_errant_on_mariadb),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
