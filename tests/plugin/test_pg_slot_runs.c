/*
 * check_pg_slot over several runs: what only a comparison with an earlier run can tell. Each story begins with recorded
 * answers of a real server, and changes in them what changes in life.
 */
#include "tests/plugin/play_pg_slot.h"

#include <inttypes.h>

struct step {
	const char *name;
	int64_t after; /* milliseconds after the last run, by the server's clock and by that of the monitoring host */
	const char *changes; /* as answers_change takes them */
	enum cdc_state state;
	const char *parts; /* of the output, separated by "&"; one with "!" in front must not be there */
};

static void expect_parts(const struct step *step, const char *output)
{
	CDC_CLEANUP(cdc_free_string) char *copy = cdc_strdup(step->parts);
	char *rest = copy, *part;

	while ((part = strsep(&rest, "&")) != NULL) {
		if (*part == '!')
			expect(!strstr(output, part + 1), "%s\n      got: %s     with: %s", step->name, output, part + 1);
		else
			expect_part(step->name, output, part);
	}
}

static int64_t server_time(const struct answers *answers)
{
	int64_t now_ms;

	if (!cdc_num_parse_int(cdc_rows_get(&answers->queries[PG_SLOT_SERVER].rows, 0, "now_ms"), &now_ms))
		fail_msg("the server has no time");
	return now_ms;
}

static void pass_time(struct answers *answers, int64_t milliseconds)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, server_time(answers) + milliseconds);
	facts_set(&answers->queries[PG_SLOT_SERVER].rows, 0, "now_ms", text);
}

/* Rows that were dropped must be there again to be released. */
static void tell(const char *facts, const char *options, const struct step *steps, size_t count)
{
	struct answers answers;
	struct stage stage;
	int64_t now_ms = EPOCH;
	size_t slots;

	answers_load(&answers, facts);
	slots = answers.queries[PG_SLOT_SLOTS].rows.count;
	stage_open(&stage, &pg_slot_plugin, options);
	for (size_t i = 0; i < count; i++) {
		CDC_CLEANUP(cdc_free_string) char *output = NULL;

		now_ms += steps[i].after;
		pass_time(&answers, steps[i].after);
		answers_change(&answers, steps[i].changes);
		answers_run(&stage, &answers, now_ms);
		output = stage_output(&stage);
		expect(stage.check.result.state == steps[i].state, "%s (%s)\n      got: %s", steps[i].name, facts, output);
		expect_parts(&steps[i], output);
	}
	stage_close(&stage);
	answers.queries[PG_SLOT_SLOTS].rows.count = slots;
	answers_release(&answers);
}

#define TELL(facts, options, ...)                                                                            \
	do {                                                                                                 \
		static const struct step steps[] = { __VA_ARGS__ };                                          \
		tell(facts, options, steps, CDC_LEN(steps));                                                 \
	} while (0)

#define FIRST { "first run", 0, "", CDC_OK, "!created again" }

/* Where recorded values matter: PostgreSQL 17, restart_lsn 0/B09560, total_txns 1, timeline 1. */
#define EVIDENCE(changes, why)                                                                               \
	TELL("pg17-healthy", "-s dbz --no-perfdata", FIRST,                                                  \
	    { why, MINUTE, changes, CDC_CRITICAL,                                                            \
		"PG_SLOT CRITICAL - dbz was dropped and created again (" why ")&: changes may be missing" },  \
	    { "held", 23 * HOUR, "", CDC_CRITICAL, "was dropped and created again (" why "&(seen 23h ago)" }, \
	    { "held to the end", HOUR - 1, "", CDC_CRITICAL, "created again" },                              \
	    { "over", 1, "", CDC_OK, "!created again" })

#define NO_EVIDENCE(name, changes)                                                                           \
	TELL("pg17-healthy", "-s dbz --no-perfdata", FIRST, { name, MINUTE, changes, CDC_OK, "!created again" }, \
	    { "and the run behind it", MINUTE, "", CDC_OK, "!created again" })

static void test_recreated(void **state CDC_UNUSED)
{
	EVIDENCE("slots.plugin=pgoutput", "its plugin changed");
	EVIDENCE("slots.database=orders", "its database changed");
	EVIDENCE("slots.slot_type=physical slots.plugin=\\N slots.database=\\N", "its type changed");
	EVIDENCE("stats.total_txns=0", "its total_txns fell");
	EVIDENCE("slots.restart_lsn=0/B00000", "its restart_lsn went back");
	TELL("pg17-healthy", "-s dbz --no-perfdata", FIRST,
	    { "made after a failover", MINUTE,
		"identity.timeline=2 server.start_ms=1795235000000 stats.total_txns=0 slots.restart_lsn=0/C00000 "
		"slots.confirmed_flush_lsn=0/C00038 position.position=0/C00100",
		CDC_CRITICAL,
		"dbz may be created again (a server took over, no sign that it was synced): changes may be missing" });
}

static void test_not_recreated(void **state CDC_UNUSED)
{
	NO_EVIDENCE("nothing changed", "");
	NO_EVIDENCE("a consumer went on",
	    "slots.restart_lsn=0/C00000 slots.confirmed_flush_lsn=0/C00000 position.position=0/C00000 stats.total_txns=9");
	NO_EVIDENCE("a jump forward",
	    "slots.restart_lsn=9/C00000 slots.confirmed_flush_lsn=9/C00000 position.position=9/C00000");
	NO_EVIDENCE("a jump forward beyond 63 bits", "slots.restart_lsn=FFFFFFFF/0 slots.confirmed_flush_lsn=FFFFFFFF/0 "
						     "position.position=FFFFFFFF/0");
	NO_EVIDENCE("pg_stat_reset_replication_slot", "stats.total_txns=0 stats.stats_reset_ms=1795235605300");
	NO_EVIDENCE("a restart lost the statistics", "stats.total_txns=0 server.start_ms=1795235605100");
	NO_EVIDENCE("restart_lsn goes back over a restart", "slots.restart_lsn=0/B00000 server.start_ms=1795235605100");
	NO_EVIDENCE("promotion in place", "identity.timeline=2");
	NO_EVIDENCE("promotion in place, restart_lsn on the new timeline", "identity.timeline=2 slots.restart_lsn=0/B00000");
	NO_EVIDENCE("a failover to a server to which the slot was synced",
	    "identity.timeline=2 server.start_ms=1795235000000 slots.synced=t slots.failover=t stats.total_txns=0");
	NO_EVIDENCE("a failover to a server to which a tool copied the slot",
	    "identity.timeline=2 server.start_ms=1795235000000 stats.total_txns=0");
	NO_EVIDENCE("and its consumer read on",
	    "identity.timeline=2 server.start_ms=1795235000000 stats.total_txns=0 slots.confirmed_flush_lsn=0/C00000 "
	    "position.position=0/C00000");
	NO_EVIDENCE("confirmed_flush_lsn alone goes back", "slots.confirmed_flush_lsn=0/B09560");
	NO_EVIDENCE("the statistics are refused", "stats.total_txns=\\N");
	NO_EVIDENCE("the identity is refused", "identity.system_identifier=\\N identity.timeline=\\N");
	NO_EVIDENCE("failover was switched on", "slots.failover=t");
}

/* Before 17 nothing tells of a synced slot but its position: tools copy slots behind, never ahead. */
static void test_failover_before_17(void **state CDC_UNUSED)
{
	TELL("pg15-healthy", "-s dbz --no-perfdata", FIRST,
	    { "a copied slot", MINUTE, "identity.timeline=2 server.start_ms=1 stats.total_txns=0", CDC_OK, "!created" });
	TELL("pg15-healthy", "-s dbz --no-perfdata", FIRST,
	    { "a new one", MINUTE,
		"identity.timeline=2 server.start_ms=1 slots.confirmed_flush_lsn=9/0 slots.restart_lsn=9/0 "
		"position.position=9/0",
		CDC_CRITICAL, "a server took over, no sign that it was synced" });
}

static void test_missing_and_back(void **state CDC_UNUSED)
{
	TELL("pg17-healthy", "-s dbz --no-perfdata", FIRST,
	    { "missing", MINUTE, "slots.drop", CDC_CRITICAL, "PG_SLOT CRITICAL - dbz does not exist on this server" },
	    { "still", MINUTE, "", CDC_CRITICAL, "does not exist" },
	    { "back", MINUTE, "slots.back", CDC_CRITICAL,
		"dbz was dropped and created again (it was missing in an earlier run)" },
	    { "held", 5 * MINUTE, "", CDC_CRITICAL, "was dropped and created again&(seen 5m ago)" });
	TELL("pg17-healthy", "--no-perfdata", FIRST,
	    { "vanished", MINUTE, "slots.drop", CDC_WARNING, "PG_SLOT WARNING - dbz is not there any more" },
	    { "still", 3 * MINUTE, "", CDC_WARNING, "is not there any more&(seen 3m ago)" },
	    { "back", MINUTE, "slots.back", CDC_CRITICAL,
		"dbz was dropped and created again (it was missing in an earlier run)" });
	TELL("pg17-healthy", "--no-perfdata --hold=1h", FIRST,
	    { "vanished", MINUTE, "slots.drop", CDC_WARNING, "is not there any more" },
	    { "not told any more", 2 * HOUR, "", CDC_UNKNOWN, "no slots found to judge" },
	    { "still not", HOUR, "", CDC_UNKNOWN, "no slots found to judge" },
	    { "but known", 28 * 24 * HOUR, "slots.back", CDC_CRITICAL, "it was missing in an earlier run" });
	TELL("pg17-healthy", "--no-perfdata --hold=1h", FIRST,
	    { "vanished", MINUTE, "slots.drop", CDC_WARNING, "is not there any more" },
	    { "a month later", 30 * 24 * HOUR, "", CDC_UNKNOWN, "no slots found to judge" },
	    { "forgotten", HOUR, "slots.back", CDC_OK, "!created again" });
	TELL("pg17-healthy", "-s dbz --no-perfdata",
	    { "never seen", 0, "slots.drop", CDC_CRITICAL, "does not exist" },
	    { "created for the first time", MINUTE, "slots.back", CDC_OK, "!created again" });
}

static void test_lost(void **state CDC_UNUSED)
{
	TELL("pg17-lost-wal-removed", "-s dbz --no-perfdata",
	    { "lost", 0, "", CDC_CRITICAL, "PG_SLOT CRITICAL - dbz is lost (wal_removed): changes since 0/372EB48 are gone" },
	    { "dropped and created", MINUTE,
		"slots.wal_status=reserved slots.invalidation_reason=\\N slots.active=t slots.restart_lsn=9/0 "
		"slots.confirmed_flush_lsn=9/0 position.position=9/0",
		CDC_CRITICAL,
		"dbz was dropped and created again (it was lost in an earlier run): changes may be missing&"
		"created again (it was lost in an earlier run), was lost (wal_removed): changes since 0/372EB48 are gone (seen 1m ago)&!is lost" },
	    { "both are held, the newer one first", HOUR, "", CDC_CRITICAL,
		"PG_SLOT CRITICAL - dbz was dropped and created again&was lost (wal_removed): changes since 0/372EB48 are gone "
		"(seen 1h 1m ago)" });
	TELL("pg17-lost-wal-removed", "--no-perfdata",
	    { "lost", 0, "", CDC_CRITICAL, "dbz is lost" },
	    { "dropped for good", MINUTE, "slots.drop", CDC_CRITICAL,
		"dbz was lost (wal_removed)&(seen 1m ago), not there any more" });
}

static void test_vanished_by_type(void **state CDC_UNUSED)
{
	TELL("pg17-two-databases", "--no-perfdata", FIRST,
	    { "one of two", MINUTE, "slots.drop", CDC_WARNING,
		"dbz_orders is not there any more: an earlier run judged it… - 1 of 2 slots warning\n"
		"[WARNING] dbz_orders: is not there any more: an earlier run judged it (--forget if that is meant)" });
	TELL("pg17-two-databases", "--exclude=dbz_orders --no-perfdata", FIRST,
	    { "nobody asked for it", MINUTE, "slots.drop", CDC_OK, "!dbz_orders" });
}

static void test_elsewhere(void **state CDC_UNUSED)
{
	TELL("pg17-healthy", "--no-perfdata", FIRST,
	    { "a standby that keeps no copies", MINUTE, "slots.drop server.standby=t", CDC_UNKNOWN, "!not there any more" },
	    { "back on the primary", MINUTE, "slots.back server.standby=f", CDC_OK, "!created again" });
}

static void test_inactive_before_17(void **state CDC_UNUSED)
{
	TELL("pg15-inactive", "-s dbz",
	    { "first seen", 0, "", CDC_OK, "inactive for at least 0 s of 6m grace&dbz.inactive=0s" },
	    { "tolerated", 5 * MINUTE, "", CDC_OK, "inactive for at least 5m of 6m grace&dbz.inactive=300s" },
	    { "over", MINUTE, "", CDC_WARNING, "inactive for at least 6m&dbz.inactive=360s" },
	    { "a consumer", MINUTE, "slots.active=t", CDC_OK, "active&!dbz.inactive=" },
	    { "gone again", MINUTE, "slots.active=f", CDC_OK, "inactive for at least 0 s of 6m grace" },
	    { "after a pause", 31 * MINUTE, "", CDC_WARNING, "inactive for at least 31m&dbz.inactive=1860s" });
	TELL("pg15-inactive", "-s dbz --critical-inactive=10m",
	    { "the threshold replaces the condition", 0, "", CDC_OK, "!grace" },
	    { "not yet", 10 * MINUTE, "", CDC_OK, "dbz.inactive=600s;;600" },
	    { "now", 1000, "", CDC_CRITICAL, "dbz inactive for 10m 1s, more than 10m: at least that long" });
	TELL("pg15-inactive", "-s dbz --critical-inactive=1h",
	    { "once an hour", 0, "", CDC_OK, "dbz.inactive=0s" },
	    { "is often enough", HOUR + 1000, "", CDC_CRITICAL, "dbz inactive for 1h, more than 1h" });
}

static void test_inactive_since(void **state CDC_UNUSED)
{
	TELL("pg17-inactive", "-s dbz",
	    { "the server says since when", 0, "slots.inactive_since_ms=1795235305541 server.start_ms=1795230000000",
		CDC_OK, "inactive for 5m of 6m grace&dbz.inactive=300s&!at least" },
	    { "over", MINUTE, "", CDC_WARNING, "inactive for 6m" },
	    { "a clock that goes backwards", -HOUR, "", CDC_OK, "inactive for 0 s of 6m grace" });
	TELL("pg17-inactive", "-s dbz",
	    { "a restart makes it a lower bound", 0,
		"slots.inactive_since_ms=1795235000000 server.start_ms=1795234999000", CDC_WARNING,
		"inactive for at least 10m 5s" });
}

#define WRITE(position) "position.position=" position
static void test_frozen(void **state CDC_UNUSED)
{
	TELL("pg17-healthy", "-s dbz --critical-frozen=10m",
	    { "first run", 0, "", CDC_OK, "!dbz.frozen" },
	    { "nothing was written", 20 * MINUTE, "", CDC_OK, "dbz.frozen=0s" },
	    { "WAL was written", MINUTE, WRITE("0/C00000"), CDC_OK, "dbz.frozen=60s" },
	    { "and more", 9 * MINUTE, WRITE("0/D00000"), CDC_OK, "dbz.frozen=600s" },
	    { "for too long", 1000, "", CDC_CRITICAL, "nothing confirmed for 10m 1s, more than 10m&dbz.frozen=601s" },
	    { "confirmed", MINUTE, "slots.confirmed_flush_lsn=0/D00000", CDC_OK, "dbz.frozen=0s" },
	    { "all is confirmed", MINUTE, "", CDC_OK, "dbz.frozen=0s" },
	    { "frozen again", MINUTE, WRITE("0/E00000"), CDC_OK, "dbz.frozen=60s" },
	    { "a clock that goes backwards", -HOUR, "", CDC_OK, "dbz.frozen=0s" });
}

static void test_rates(void **state CDC_UNUSED)
{
	TELL("pg17-healthy", "-s dbz",
	    { "first run", 0, WRITE("1/0"), CDC_OK, "!wal-rate&!spill" },
	    { "too young", 14 * MINUTE, WRITE("1/1000"), CDC_OK, "!wal-rate" },
	    { "900 seconds, 900 KiB, and 1.8 million bytes spilled", MINUTE,
		WRITE("1/E1000") " stats.spill_bytes=1800000", CDC_OK, "server.wal-rate=1024B&dbz.spill=2000B" },
	    { "a restart", MINUTE, "server.start_ms=1 " WRITE("1/F1000"), CDC_OK, "!wal-rate&!spill" },
	    { "goes on", 15 * MINUTE, WRITE("1/1D2000"), CDC_OK, "server.wal-rate=1024B&dbz.spill=0B" },
	    { "statistics reset", MINUTE, "stats.stats_reset_ms=5 stats.spill_bytes=0", CDC_OK, "wal-rate=&!spill" },
	    { "promotion", MINUTE, "identity.timeline=2", CDC_OK, "!wal-rate" },
	    { "a clock that goes backwards", -20 * MINUTE, "", CDC_OK, "!wal-rate" });
}

/* keep_size 64 MiB: safe_wal_size 600 MB shrinks by 100 kB a second, so it is lost in 6000 s less what has passed. */
static void test_time_to_loss(void **state CDC_UNUSED)
{
	TELL("pg17-limited", "-s dbz --on inactive=ok",
	    { "first run", 0, "slots.safe_wal_size=600000000 slots.restart_lsn=1/0 position.position=1/0", CDC_OK,
		"dbz.headroom=600000000B&!time-to-loss" },
	    { "90 MB in 15 minutes", 15 * MINUTE, "slots.safe_wal_size=510000000 position.position=1/55D4A80", CDC_WARNING,
		"dbz lost in 1h 25m, less than 4h: 486.4 MiB of WAL until it is lost, shrinking by 97.7 KiB per second&"
		"dbz.time-to-loss=5100s;14400:;3600:;0" },
	    { "critical", 30 * MINUTE, "slots.safe_wal_size=330000000 position.position=1/10086A80", CDC_CRITICAL,
		"less than 1h" },
	    { "the consumer caught up", MINUTE, "slots.safe_wal_size=600000000 slots.restart_lsn=1/10086A80", CDC_OK,
		"!time-to-loss" },
	    { "overdue", MINUTE, "slots.safe_wal_size=-5", CDC_CRITICAL, "dbz.time-to-loss=0s&its limit is passed" });
	TELL("pg17-inactive", "-s dbz --on inactive=ok --size-limit=1GB",
	    { "first run", 0, "slots.restart_lsn=1/0 position.position=1/0", CDC_OK, "dbz.headroom=1000000000B" },
	    { "900 MB in 15 minutes", 15 * MINUTE, WRITE("1/35A4E900"), CDC_CRITICAL,
		"dbz disk full in 100 s, less than 1h&!lost&until the disk is full, shrinking by 976.6 KiB per second&dbz.time-to-loss=100s" });
}

static void test_idle_timeout(void **state CDC_UNUSED)
{
	TELL("pg18-inactive", "-s dbz --on inactive=ok",
	    { "two hours of three", 0,
		"slots.inactive_since_ms=0 server.now_ms=7200000 server.start_ms=-99999999 server.idle_timeout_ms=10800000",
		CDC_WARNING, "lost in 1h, less than 4h: idle_replication_slot_timeout is 3h&dbz.time-to-loss=3600s" },
	    { "overdue", 2 * HOUR, "", CDC_CRITICAL, "dbz.time-to-loss=0s" },
	    { "off", MINUTE, "server.idle_timeout_ms=0", CDC_OK, "!time-to-loss" });
}

static void test_synced(void **state CDC_UNUSED)
{
	TELL("pg18-synced", "-s dbz",
	    { "fresh", 0, "server.start_ms=1", CDC_OK, "copy of the primary's slot, &synced &dbz.sync-age=&!inactive" },
	    { "five minutes", 6 * MINUTE, "", CDC_WARNING,
		"dbz synced 6m ago, more than 5m: slot synchronisation has stopped, a promotion now repeats changes…\n"
		"[WARNING] dbz: synced 6m ago, more than 5m: slot synchronisation has stopped, a promotion now repeats changes "
		"(see this server's log), copy of the primary's slot, standby" },
	    { "synced again: the server makes copies anew", MINUTE, "slots.inactive_since_ms=\\N slots.restart_lsn=0/0", CDC_OK,
		"!created again" });
}

/* What a former primary keeps: the worker that copies slots ends at it ("same name slot already exists"). */
static void test_own_slot_stops_synchronisation(void **state CDC_UNUSED)
{
	TELL("pg18-synced", "-s dbz --no-perfdata",
	    { "an own slot", 0, "slots.synced=f slots.failover=t", CDC_WARNING,
		"dbz is this standby's own slot and stops slot synchronisation: drop it here" },
	    { "synchronisation is off", MINUTE, "server.sync_slots=f slots.inactive_since_ms=\\N", CDC_OK, "!synchronisation" });
	TELL("pg18-synced", "--no-perfdata --grace=1h", { "nobody named it", 0, "slots.synced=f", CDC_WARNING, "own slot" });
}

/* A promotion drops the copies that are not ready, and with them the slot. */
static void test_temporary_copy_is_lost_by_promotion(void **state CDC_UNUSED)
{
	TELL("pg18-not-yet-synced", "--no-perfdata", { "not ready", 0, "", CDC_WARNING, "dbz is not synced yet" },
	    { "still none on the standby: the worker begins anew", MINUTE, "slots.drop", CDC_UNKNOWN, "!not there any more" },
	    { "promoted", MINUTE, "server.standby=f identity.timeline=2", CDC_WARNING, "dbz is not there any more" },
	    { "created again", MINUTE, "slots.back slots.temporary=f slots.synced=f", CDC_CRITICAL,
		"dbz was dropped and created again (it was missing in an earlier run)" });
	TELL("pg17-temporary", "--temporary --no-perfdata", { "a session's own slot", 0, "", CDC_OK, "snapshot" },
	    { "is gone with the session", MINUTE, "slots.drop", CDC_OK, "!not there any more" });
}

static void test_refused_position(void **state CDC_UNUSED)
{
	TELL("pg17-lost-beside-healthy", "--no-perfdata",
	    { "what is lost is lost", 0, "position.refused=42501", CDC_CRITICAL,
		"dbz_lost is lost (wal_removed)&reading the WAL position failed: permission denied: GRANT EXECUTE" },
	    { "and held", MINUTE, "", CDC_CRITICAL, "is lost" });
	TELL("pg17-healthy", "", { "the question is open", 0, "position.refused=42501", CDC_UNKNOWN,
		"reading the WAL position failed&dbz.active=1&!dbz.retained&!retains" });
	TELL("pg15-healthy", "", { "Aurora", 0, "position.refused=0A000", CDC_UNKNOWN, "rds.logical_replication is off" });
}

static char *play_seen(const char *facts, const char *options)
{
	struct answers answers;
	struct stage stage;
	struct cdc_err err;
	char *output;

	answers_load(&answers, facts);
	stage_open(&stage, &pg_slot_plugin, options);
	stage_begin(&stage, EPOCH);
	pg_slot_judge_seen((const struct pg_slot_config *)stage.policy, answers.queries, answers.version, &stage.check);
	cdc_fail(&err, CDC_ERR_TIMEOUT, "timed out while reading the timeline");
	cdc_result_fail(&stage.check, &err);
	stage_end(&stage, false);
	output = stage_output(&stage);
	stage_close(&stage);
	answers_release(&answers);
	return output;
}

/* The time is over behind the first answer: what it says of losses is judged, and nothing else is guessed. */
static void test_cut_short(void **state CDC_UNUSED)
{
	static const struct {
		const char *facts, *options, *begin;
	} cases[] = {
		{ "pg15-lost-wal-removed", "", "PG_SLOT CRITICAL - dbz is lost (wal_removed)" },
		{ "pg15-unreserved", "-s dbz", "PG_SLOT CRITICAL - dbz is about to be lost" },
		{ "pg17-lost-beside-healthy", "-s dbz", "PG_SLOT UNKNOWN - timed out while reading the timeline\n" },
		{ "pg15-inactive", "", "PG_SLOT UNKNOWN - timed out while reading the timeline\n" },
	};

	for (size_t i = 0; i < CDC_LEN(cases); i++) {
		CDC_CLEANUP(cdc_free_string) char *output = play_seen(cases[i].facts, cases[i].options);

		expect(cdc_begins_with(output, cases[i].begin), "%s\n      got: %s", cases[i].facts, output);
	}
}

/* A start looks like a sync. */
static void test_sync_age_after_a_restart(void **state CDC_UNUSED)
{
	TELL("pg18-synced", "-s dbz",
	    { "at once", 0, "slots.inactive_since_ms=1000000 server.start_ms=999900 server.now_ms=1001000", CDC_OK,
		"copy of the primary's slot, last synced when this server started or before&dbz.sync-age=1s&!ago" },
	    { "and never again", 6 * MINUTE, "", CDC_WARNING, "synced 361 s ago, more than 5m&this server started or before" });
}

static void test_server_is_remembered(void **state CDC_UNUSED)
{
	TELL("pg17-healthy", "-s dbz --no-perfdata", FIRST,
	    { "a cluster made anew", MINUTE,
		"identity.system_identifier=1 server.start_ms=9 identity.timeline=1 slots.restart_lsn=0/1 stats.total_txns=0",
		CDC_OK, "!created again" });
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recreated),
		cmocka_unit_test(test_not_recreated),
		cmocka_unit_test(test_failover_before_17),
		cmocka_unit_test(test_missing_and_back),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_vanished_by_type),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_inactive_before_17),
		cmocka_unit_test(test_inactive_since),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_time_to_loss),
		cmocka_unit_test(test_idle_timeout),
		cmocka_unit_test(test_synced),
		cmocka_unit_test(test_own_slot_stops_synchronisation),
		cmocka_unit_test(test_temporary_copy_is_lost_by_promotion),
		cmocka_unit_test(test_refused_position),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_sync_age_after_a_restart),
		cmocka_unit_test(test_server_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
