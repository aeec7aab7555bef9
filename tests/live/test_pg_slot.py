"""check_pg_slot against real PostgreSQL servers in every situation of the laboratory, and over time."""

import contextlib
import dataclasses
import os
import re
import signal
import time

import pytest

from lab import contract, libpq, pg, pg_situations
from lab.plugin import plugin

KIB, MIB = pg.MIB // 1024, pg.MIB
OK, WARNING, CRITICAL, UNKNOWN = "OK", "WARNING", "CRITICAL", "UNKNOWN"


def check(server, *args, user=pg.PLAIN, host=None, **options):
    return plugin("check_pg_slot", "-H", host or server.host, "-P", server.port, "-u", user, *args, **options)


@pytest.fixture
def state(private):
    """A state directory that several runs of one test share."""
    return private


def between(low, high):
    return lambda value: low <= value <= high


def exactly(wanted):
    return lambda value: value == wanted


@dataclasses.dataclass
class Expected:
    """state and line1 (patterns that all must be found) of a run with args; perf: a test for each value, None: absent."""
    state: str
    line1: list
    args: list = dataclasses.field(default_factory=list)
    perf: dict = dataclasses.field(default_factory=dict)
    items: dict = dataclasses.field(default_factory=dict)
    since: int = 10

    def hold_against(self, result):
        assert result.state == self.state, result
        for pattern in self.line1:
            assert re.search(pattern, result.line1, re.IGNORECASE), f"{pattern!r} is not in line 1: {result}"
        for label, test in self.perf.items():
            if test is None:
                assert label not in result.perf, f"{label}: {result}"
            else:
                assert label in result.perf and test(result.perf[label].value), f"{label}: {result}"
        for name, (state, pattern) in self.items.items():
            assert name in result.items, f"no line for {name}: {result}"
            assert result.items[name][0] == state and re.search(pattern, result.items[name][1], re.I), result


# Without an earlier run to compare with: a new state directory each time.
LOST_PERF = {"dbz.retained": None, "dbz.headroom": None, "dbz.time-to-loss": None}
EXPECTED = {
    "healthy": [Expected(OK, ["dbz", "active"], ["-s", "dbz"], {
        "dbz.active": exactly(1), "dbz.retained": between(0, MIB), "dbz.lag": between(0, 64 * KIB),
        "dbz.headroom": None, "dbz.inactive": None, "dbz.catalog-xmin-age": between(0, 1000),
        "server.slots-used": exactly(5)})],
    "lagging": [
        Expected(OK, ["dbz"], ["-s", "dbz"], {"dbz.lag": between(7 * MIB, 10 * MIB)}),
        Expected(WARNING, ["dbz", "confirm"], ["-s", "dbz", "-w", "4MiB", "-c", "1GiB"],
                 {"dbz.retained": between(7 * MIB, 40 * MIB)}),
        Expected(CRITICAL, ["dbz"], ["-w", "1MiB", "-c", "4MiB"]),
        Expected(WARNING, ["dbz", "MiB"], ["--warning-lag=4MiB"])],
    "inactive": [
        Expected(OK, ["dbz", "inactive|no consumer|nobody"], ["-s", "dbz"], {"dbz.active": exactly(0)}),
        Expected(WARNING, ["dbz", "inactive|no consumer|nobody"], ["-s", "dbz", "--grace=0"]),
        Expected(CRITICAL, ["dbz"], ["--grace=0", "--on", "inactive=critical"]),
        Expected(OK, ["dbz"], ["--grace=0", "--on", "inactive=ok"]),
        Expected(WARNING, ["dbz", "inactive|no consumer|nobody"], ["-w", "512KiB"])],
    "long-transaction": [
        Expected(OK, ["dbz"], ["-s", "dbz"],
                 {"dbz.lag": between(0, MIB), "dbz.retained": between(6 * MIB, 40 * MIB)}),
        Expected(WARNING, ["dbz", "transaction"], ["-s", "dbz", "-w", "4MiB"])],
    "two-databases": [Expected(OK, ["2 slots|dbz"], [], {"dbz.active": exactly(1), "dbz_orders.active": exactly(1)},
                               {"dbz": (OK, "active"), "dbz_orders": (OK, "active")})],
    "pgoutput": [Expected(OK, ["dbz", "active"], [], {"dbz.lag": between(0, 64 * KIB)})],
    "creating": [Expected(OK, ["dbz"], [], {"dbz.lag": None, "dbz.active": exactly(1)})],
    "temporary": [
        Expected(OK, ["dbz"], [], {"snapshot.active": None, "dbz.active": exactly(0)}),
        Expected(OK, [], ["--temporary"], {"snapshot.active": exactly(1), "dbz.active": exactly(0)})],
    "physical": [
        Expected(UNKNOWN, ["slot"], []),
        Expected(OK, ["replica"], ["-s", "replica"], {"replica.active": exactly(1), "replica.lag": None}),
        Expected(OK, ["replica"], ["--type=physical"], {"replica.active": exactly(1), "replica_gone.active": exactly(0)}),
        Expected(WARNING, ["replica_gone"], ["--type=all", "--grace=0"]),
        Expected(OK, [], ["--type=physical", "--grace=0", "--exclude=replica_gone"], {"replica_gone.active": None})],
    "never-reserved": [Expected(OK, ["replica"], ["--type=physical"], {
        "replica.retained": None, "replica.headroom": None, "replica.time-to-loss": None})],
    "no-slots": [
        Expected(UNKNOWN, ["slot"], []),
        Expected(OK, ["slot"], ["--on", "none=ok"]),
        Expected(CRITICAL, ["dbz"], ["-s", "dbz"])],
    "slots-used-up": [
        Expected(WARNING, ["max_replication_slots|slots-used|slots used"], [], {"server.slots-used": exactly(100)}),
        Expected(OK, [], ["--warning-slots-used=~:"])],
    "limited": [Expected(OK, ["dbz"], ["-s", "dbz"], {"dbz.headroom": between(50 * MIB, 64 * MIB)})],
    "extended": [
        Expected(OK, ["dbz"], ["-s", "dbz"], {"dbz.headroom": between(30 * MIB, 60 * MIB)}),
        Expected(WARNING, ["dbz", "extended"], ["-s", "dbz", "--grace=0", "--on", "inactive=ok"])],
    "unreserved": [Expected(CRITICAL, ["dbz", "unreserved|checkpoint"], ["-s", "dbz"],
                            {"dbz.headroom": between(-20 * MIB, -1)})],
    "lost-wal-removed": [
        Expected(CRITICAL, ["dbz", "lost"], ["-s", "dbz"], LOST_PERF),
        Expected(CRITICAL, ["dbz", "wal_removed"], [], since=17)],
    "lost-beside-healthy": [Expected(CRITICAL, ["dbz_lost", "lost", "1 of 2"], [], {
        "dbz_lost.retained": None, "dbz.active": exactly(1)}, {"dbz_lost": (CRITICAL, "lost"), "dbz": (OK, "active")})],
    "lost-idle-timeout": [Expected(CRITICAL, ["dbz", "lost", "idle_timeout"], [], LOST_PERF)],
    "dropped": [Expected(CRITICAL, ["dbz"], ["-s", "dbz"])],
    "recreated": [Expected(OK, ["dbz"], ["-s", "dbz"])],
    "standby": [
        Expected(OK, ["dbz", "standby"], ["-s", "dbz"]),
        Expected(CRITICAL, ["dbz", "standby"], ["-s", "dbz", "--on", "standby=critical"])],
    "standby-healthy": [Expected(OK, ["dbz", "active"], ["-s", "dbz"], {
        "dbz.active": exactly(1), "dbz.lag": between(0, MIB)})],
    "standby-conflicting": [
        Expected(CRITICAL, ["dbz", "lost"], ["-s", "dbz"], LOST_PERF),
        Expected(CRITICAL, ["rows_removed"], [], since=17)],
    "standby-wal-level": [
        Expected(CRITICAL, ["dbz", "lost"], ["-s", "dbz"], LOST_PERF),
        Expected(CRITICAL, ["wal_level_insufficient"], [], since=17)],
    "standby-lost-wal-removed": [Expected(CRITICAL, ["dbz", "lost"], ["-s", "dbz"], LOST_PERF)],
    "failover-primary": [
        Expected(OK, [], [], {"dbz.active": exactly(1), "dbz_local.active": exactly(1)}),
        Expected(WARNING, ["dbz_local", "failover"], ["--on", "failover-off=warning"])],
    "synced": [Expected(OK, ["dbz", "sync"], ["-s", "dbz", "--grace=0"], {"dbz.sync-age": between(0, 60)})],
    "not-yet-synced": [
        Expected(WARNING, ["dbz", "temporary|sync"], ["-s", "dbz"]),
        Expected(WARNING, ["dbz", "temporary|sync"], [])],
    "not-synced-absent": [Expected(WARNING, ["dbz", "sync|promotion|failover"], ["-s", "dbz"])],
    "synced-lost": [Expected(CRITICAL, ["dbz", "lost"], ["-s", "dbz"], LOST_PERF)],
    "promoted": [Expected(OK, ["dbz"], ["-s", "dbz"], {"dbz.sync-age": None})],
    "promoted-unsynced": [Expected(CRITICAL, ["dbz"], ["-s", "dbz"])],
    "too-many-connections": [
        Expected(CRITICAL, ["remaining connection slots"], ["-s", "dbz"]),
        Expected(WARNING, ["remaining connection slots"], ["--on", "unreachable=warning"])],
    "starting-up": [Expected(CRITICAL, ["starting up"], ["-s", "dbz"])],
    "stopped": [Expected(CRITICAL, ["No such file"], ["-s", "dbz"])],
}


@pytest.mark.parametrize("major, name", [
    pytest.param(major, name, id=f"{name}-{major}") for major in pg.VERSIONS for name in pg_situations.names(major)])
def test_situation(pg_lab, major, name):
    # Line 1 is not about an item then, and repeats the server's own words.
    line_max = contract.ERROR_LINE_MAX if name in pg_situations.REFUSING else None
    with pg_situations.make(pg_lab, major, name) as case:
        for expected in EXPECTED[name]:
            if major >= expected.since:
                expected.hold_against(check(case.server, *expected.args, line_max=line_max))


@pytest.mark.parametrize("major", [13, 18])
@pytest.mark.parametrize("output", ["json", "prometheus"])
def test_other_formats_say_the_same(pg_lab, major, output):
    """The contract of each format is checked with every run; here, that the exit code agrees."""
    with pg_situations.make(pg_lab, major, "lost-beside-healthy") as case:
        result = check(case.server, f"--output-format={output}")
        assert result.rc == 2
        assert "dbz_lost" in result.text


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_discovery(pg_lab, major):
    with pg_situations.make(pg_lab, major, "two-databases") as case:
        result = check(case.server, "--discover")
        assert result.rc == 0
        assert result.json == [
            {"{#SLOT}": slot, "{#PLUGIN}": "test_decoding", "{#TYPE}": "logical", "{#DATABASE}": database}
            for slot, database in (("dbz", "postgres"), ("dbz_orders", pg.SECOND_DATABASE))]


# Over time

def watch(server, seconds, *args, pause=0.5, **options):
    """Runs every half second, as far as a test can wait; the last result."""
    end = time.monotonic() + seconds
    while True:
        result = check(server, *args, **options)
        if time.monotonic() >= end:
            return result
        time.sleep(pause)


@pytest.mark.parametrize("major", [major for major in pg.VERSIONS if major >= 13])
def test_rate_and_time_to_loss(pg_lab, state, major):
    """WAL is written at 1 MiB/s and nobody consumes: 64 MiB of headroom last for about a minute."""
    rate = MIB
    with pg_situations.make(pg_lab, major, "limited") as case, case.server.workload(rate):
        result = watch(case.server, 4, "--rate-window=2s", state_dir=state)
        perf = result.perf
        assert 0.8 * rate < perf["server.wal-rate"].value < 1.2 * rate, result
        left = perf["dbz.headroom"].value / rate
        assert 0.75 * left < perf["dbz.time-to-loss"].value < 1.3 * left, result
        assert result.state == CRITICAL and re.search(r"dbz.* in (\d+ s|1m)", result.line1), result


def test_time_to_loss_needs_a_window(pg_lab, state):
    """Two looks half a second apart say nothing about the usual window of 15 minutes."""
    with pg_situations.make(pg_lab, 18, "limited") as case, case.server.workload(MIB):
        result = watch(case.server, 1, state_dir=state)
        assert "server.wal-rate" not in result.perf and "dbz.time-to-loss" not in result.perf, result
        assert result.state == OK, result


@pytest.mark.parametrize("major", [18])
def test_time_to_loss_by_idle_timeout(pg_lab, major):
    with pg_situations.make(pg_lab, major, "inactive") as case:
        case.server.set(idle_replication_slot_timeout="8h")
        result = check(case.server)
        assert result.state == OK and 8 * 3600 - 60 < result.perf["dbz.time-to-loss"].value <= 8 * 3600, result
        case.server.set(idle_replication_slot_timeout="2h")
        result = check(case.server)
        assert result.state == WARNING and "idle" in result.line1, result


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_size_limit_stands_in_for_the_disk(pg_lab, major):
    with pg_situations.make(pg_lab, major, "inactive") as case:
        result = check(case.server, "--size-limit=100MiB")
        retained, headroom = result.perf["dbz.retained"].value, result.perf["dbz.headroom"].value
        assert retained + headroom == 100 * MIB, result


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_inactive_grows(pg_lab, state, major):
    """From inactive_since, or before 17 from the first look."""
    with pg_situations.make(pg_lab, major, "inactive") as case:
        first = check(case.server, state_dir=state)
        time.sleep(1.5)
        second = check(case.server, state_dir=state)
        assert 1.4 < second.perf["dbz.inactive"].value < 60, second
        assert first.state == second.state == OK
        alarmed = check(case.server, "--warning-inactive=1s", state_dir=state)
        assert alarmed.state == (WARNING if major >= 17 else alarmed.state), alarmed


@pytest.mark.parametrize("major", [16, 18])
def test_a_threshold_that_cannot_be_tried_is_told(pg_lab, major):
    """The condition that the threshold would replace decides then: it must not look as if all were well."""
    with pg_situations.make(pg_lab, major, "inactive") as case:
        result = check(case.server, "--no-state", "--grace=0", "--critical-inactive=1h", "--critical-frozen=1h")
        assert result.state == (OK if major >= 17 else WARNING), result
        assert "frozen has no value (no memory of earlier runs)" in result.text, result
        assert major >= 17 or "inactive has no value (no memory of earlier runs)" in result.text, result


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_frozen_while_wal_is_written(pg_lab, state, major):
    with pg_situations.make(pg_lab, major, "lagging") as case, case.server.workload(MIB):
        result = watch(case.server, 2, state_dir=state)
        assert 1 < result.perf["dbz.frozen"].value < 10, result
        alarmed = watch(case.server, 1.5, "--critical-frozen=1s", state_dir=state)
        assert alarmed.state == CRITICAL and "dbz" in alarmed.line1, alarmed


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_an_idle_consumer_is_not_frozen(pg_lab, state, major):
    with pg_situations.make(pg_lab, major, "healthy") as case:
        result = watch(case.server, 2, "--warning-frozen=1s", state_dir=state)
        assert result.state == OK, result


@pytest.mark.parametrize("major", [14, 18])
def test_spill(pg_lab, state, major):
    with pg_situations.make(pg_lab, major, "healthy") as case:
        case.server.set(logical_decoding_work_mem="64kB")
        for _ in range(6):
            case.server.sql("insert into changes (text) select repeat('x', 100) from generate_series(1, 5000)")
            result = check(case.server, "--rate-window=1s", state_dir=state)
            time.sleep(0.5)
        assert result.perf["dbz.spill"].value > 1000, result


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_ages_of_transactions(pg_lab, major):
    with pg_situations.make(pg_lab, major, "inactive") as case:
        before = check(case.server).perf["dbz.catalog-xmin-age"].value
        for _ in range(50):
            case.server.sql("select txid_current()")
        result = check(case.server, "--warning-catalog-xmin-age=49")
        assert 50 <= result.perf["dbz.catalog-xmin-age"].value - before <= 60, result
        assert result.state == WARNING and "dbz" in result.line1, result


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_dropped_and_created_again(pg_lab, state, major):
    """Seen, then missing, then there again: held, until --forget."""
    with pg_situations.make(pg_lab, major, "inactive") as case:
        assert check(case.server, "-s", "dbz", state_dir=state).state == OK
        case.server.drop_slot("dbz")
        result = check(case.server, "-s", "dbz", state_dir=state)
        assert result.state == CRITICAL and "dbz" in result.line1, result
        case.server.create_slot("dbz")
        for _ in range(3):
            result = check(case.server, "-s", "dbz", state_dir=state)
            assert result.state == CRITICAL and re.search("again|recreated|anew", result.line1), result
        assert check(case.server, "-s", "dbz", "--forget", state_dir=state).state == OK


@pytest.mark.parametrize("major", [17])
def test_created_again_between_two_looks(pg_lab, state, major):
    """Never seen missing: the other plugin of the new slot gives it away."""
    with pg_situations.make(pg_lab, major, "inactive") as case:
        check(case.server, state_dir=state)
        case.server.drop_slot("dbz")
        case.server.create_slot("dbz", plugin="pgoutput")
        result = check(case.server, state_dir=state)
        assert result.state == CRITICAL and re.search("again|recreated|anew", result.line1), result


def use(case, state):
    """Decodes some transactions through the slot, and looks at it when its consumer is gone."""
    with case.server.consumer("dbz"):
        for _ in range(20):
            case.server.sql("insert into changes (text) values ('counted')")
        pg.wait_for(lambda: int(case.server.value(
            "select total_txns from pg_stat_replication_slots where slot_name = 'dbz'")) >= 20, "statistics")
    pg.wait_for(lambda: case.row()["active"] == "f", "consumer gone")
    check(case.server, state_dir=state)


@pytest.mark.parametrize("major", [14, 18])
def test_created_again_is_seen_by_the_transaction_count(pg_lab, state, major):
    with pg_situations.make(pg_lab, major, "inactive") as case:
        use(case, state)
        case.server.drop_slot("dbz")
        case.server.create_slot("dbz")
        result = watch(case.server, 2, state_dir=state)  # up to 14 the statistics follow within half a second
        assert result.state == CRITICAL and re.search("again|recreated|anew", result.line1), result


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_vanished(pg_lab, state, major):
    """A slot that nobody named and that is gone: a warning, held."""
    with pg_situations.make(pg_lab, major, "inactive") as case:
        case.server.create_slot("dbz_orders", database=pg.SECOND_DATABASE)
        assert check(case.server, state_dir=state).state == OK
        case.server.drop_slot("dbz_orders")
        for _ in range(2):
            result = check(case.server, state_dir=state)
            assert result.state == WARNING and "dbz_orders" in result.line1, result


@pytest.mark.parametrize("major", pg.VERSIONS)
@pytest.mark.parametrize("how", ["restart", "crash"])
def test_a_restart_is_no_finding(pg_lab, state, major, how):
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        with server.consumer("dbz", may_end=True):
            server.sql("insert into changes (text) values ('before')")
            server.write_wal(MIB)
            time.sleep(0.3)
            check(server, "-s", "dbz", state_dir=state)
            server.stop("fast" if how == "restart" else "immediate")
        server.start()
        result = check(server, "-s", "dbz", state_dir=state)
        assert result.state == OK, result


@pytest.mark.parametrize("major", [16, 18])
def test_a_restart_starts_timers_anew(pg_lab, state, major):
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        server.write_wal(MIB)
        args = ["-s", "dbz", "-w", "~:", "-c", "1kB", "--critical-for=1s"]
        assert check(server, *args, state_dir=state).state == OK
        time.sleep(1.1)
        assert check(server, *args, state_dir=state).state == CRITICAL
        server.restart()
        result = check(server, *args, state_dir=state)
        assert result.state == OK and re.search("for (0 s|[0-9]+ ms) of 1 s", result.text), result
        time.sleep(1.1)
        assert check(server, *args, state_dir=state).state == CRITICAL


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_the_crash_of_a_backend_is_no_finding(pg_lab, state, major):
    """All processes but the postmaster begin anew: statistics are lost, a physical slot goes back to the checkpoint."""
    names = ["-s", "dbz", "-s", "replica"]
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        server.create_physical("replica")
        server.checkpoint()
        with server.consumer("dbz", may_end=True), server.consumer("replica", physical=True, may_end=True):
            for _ in range(20):
                server.sql("insert into changes (text) values ('before')")
            server.write_wal(MIB)
            time.sleep(1.5)  # up to 14 the statistics follow within half a second
        pg.wait_for(lambda: not [slot for slot in server.slots() if slot["active"] == "t"], "consumers gone")
        before = check(server, *names, state_dir=state)
        started = server.value("select pg_postmaster_start_time()")
        with server.connect() as session:
            os.kill(session.pid, signal.SIGKILL)
        pg.wait_for(lambda: "all server processes terminated" in server.log_text(), "crash")
        pg.wait_for(lambda: accepts(server), "recovery")
        assert server.value("select pg_postmaster_start_time()") == started
        result = check(server, *names, state_dir=state)
        assert before.state == result.state == OK, result
        assert "dbz: " in result.text and "inactive for at least" in result.items["dbz"][1], result


def accepts(server):
    with contextlib.suppress(libpq.Error):
        return server.value("select true")
    return False


@pytest.mark.parametrize("major", [17, 18])
@pytest.mark.parametrize("name, wanted", [("promoted", OK), ("promoted-unsynced", CRITICAL)])
def test_failover_behind_one_address(pg_lab, state, private, major, name, wanted):
    """The address moves to the promoted standby: fine with a synced slot; a slot made there anew misses changes."""
    address = f"{private}/address"
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(pg_lab.fresh(major))
        server = pg_lab.standby(primary)
        stack.callback(pg_lab.remove, server)
        primary.create_slot("dbz", failover=name == "promoted")
        if name == "promoted":
            pg_situations.sync(primary, server, "dbz")
        move_address(address, primary)
        assert check(primary, "-s", "dbz", host=address, state_dir=state).state == OK
        primary.stop()
        server.promote()
        move_address(address, server)
        if name == "promoted-unsynced":
            server.create_slot("dbz")
        result = check(server, "-s", "dbz", host=address, state_dir=state)
        assert result.state == wanted, result
        assert wanted == OK or re.search("again|recreated|anew|failover", result.line1), result


@pytest.mark.parametrize("major", [16, 18])
def test_failover_to_a_copy_by_a_tool(pg_lab, state, private, major):
    """As Patroni does it: a slot of that name on the standby, kept behind the primary's."""
    address = f"{private}/address"
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(pg_lab.fresh(major))
        server = pg_lab.standby(primary)
        stack.callback(pg_lab.remove, server)
        primary.create_slot("dbz")
        server.create_slot("dbz")
        primary.write_wal(MIB)
        primary.sql("select pg_replication_slot_advance('dbz', pg_current_wal_lsn())")
        server.caught_up()
        move_address(address, primary)
        assert check(primary, "-s", "dbz", host=address, state_dir=state).state == OK
        primary.stop()
        server.promote()
        move_address(address, server)
        result = check(server, "-s", "dbz", host=address, state_dir=state)
        assert result.state == OK, result


@pytest.mark.parametrize("how", ["option", "environment"])
def test_failover_in_a_list_of_hosts(pg_lab, state, how):
    """Whichever host answers, it is the same check: what is gone has vanished, what comes back was created anew."""
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(pg_lab.fresh(18))
        server = pg_lab.standby(primary)
        stack.callback(pg_lab.remove, server)
        hosts = f"{primary.host},{server.host}"
        primary.create_slot("dbz")
        primary.create_slot("dbz_copied", failover=True)
        pg_situations.sync(primary, server, "dbz_copied")

        def look(*args):
            if how == "option":
                return check(primary, *args, host=hosts, state_dir=state)
            return plugin("check_pg_slot", "-u", pg.PLAIN, *args, state_dir=state,
                          env={"PGHOST": hosts, "PGPORT": str(primary.port)})

        assert look().state == look("-s", "dbz").state == OK
        primary.stop()
        server.promote()
        result = look()
        assert result.state == WARNING and "dbz is not there any more" in result.line1, result
        server.create_slot("dbz")
        for args in [], ["-s", "dbz"]:
            result = look(*args)
            assert result.state == CRITICAL and "created again" in result.line1, result


def move_address(link, server):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(link)
    os.symlink(server.host, link)


@pytest.mark.parametrize("major", [17, 18])
def test_sync_age(pg_lab, major):
    """The worker that copies slots has stopped."""
    with pg_situations.make(pg_lab, major, "synced") as case:
        case.primary.stop()
        try:
            time.sleep(1.5)
            result = check(case.server, "-s", "dbz", "--warning-sync-age=1s")
            assert result.state == WARNING and "sync" in result.line1, result
        finally:
            case.primary.start()


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_a_reset_of_statistics_starts_no_timer_anew(pg_lab, state, major):
    """pg_stat_reset_shared('bgwriter') is no crash."""
    with pg_situations.make(pg_lab, major, "inactive") as case:
        check(case.server, state_dir=state)
        case.server.sql("select pg_stat_reset_shared('bgwriter')")
        time.sleep(1.1)
        result = check(case.server, "--critical-inactive=1s", state_dir=state)
        assert result.state == CRITICAL and result.perf["dbz.inactive"].value > 1, result


@pytest.mark.parametrize("major", [14, 18])
def test_a_reset_of_statistics_hides_no_new_slot(pg_lab, state, major):
    with pg_situations.make(pg_lab, major, "inactive") as case:
        use(case, state)
        case.server.sql("select pg_stat_reset_shared('bgwriter')")
        case.server.drop_slot("dbz")
        case.server.create_slot("dbz")
        result = watch(case.server, 2, state_dir=state)
        assert result.state == CRITICAL and "created again" in result.line1, result


@pytest.mark.parametrize("major", [17, 18])
def test_an_own_failover_slot_stops_synchronisation(pg_lab, major):
    """What a former primary keeps after a switch-over: the worker that copies slots ends at a slot that is no copy."""
    with contextlib.ExitStack() as stack:
        former = stack.enter_context(pg_lab.fresh(major))
        server = pg_lab.standby(former)
        stack.callback(pg_lab.remove, server)
        former.create_slot("dbz", failover=True)
        pg_situations.sync(former, server, "dbz")
        former.stop()
        server.promote()
        pg_situations.follow(former, server)
        pg.wait_for(lambda: "same name slot" in former.log_text(), "the worker ends", 60)
        for args in [], ["-s", "dbz"]:
            result = check(former, *args)
            assert result.state == WARNING and "dbz is this standby's own slot and stops" in result.line1, result


@pytest.mark.parametrize("major", [17, 18])
def test_a_promotion_loses_a_copy_that_was_not_ready(pg_lab, state, major):
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(pg_lab.fresh(major))
        server = pg_lab.standby(primary)
        stack.callback(pg_lab.remove, server)
        pg_situations.copy_unready(primary, server)
        result = check(server, state_dir=state)
        assert result.state == WARNING and "dbz is not synced yet" in result.line1, result
        primary.stop()
        server.promote()
        for _ in range(2):
            result = check(server, state_dir=state)
            assert result.state == WARNING and "dbz is not there any more" in result.line1, result


@pytest.mark.parametrize("major", [13, 18])
def test_a_refused_position_hides_no_loss(pg_lab, major):
    with pg_situations.make(pg_lab, major, "lost-beside-healthy") as case:
        case.server.sql("revoke execute on function pg_current_wal_lsn() from public")
        try:
            result = check(case.server)
            assert result.state == CRITICAL and "dbz_lost is lost" in result.line1, result
            assert "GRANT EXECUTE ON FUNCTION" in result.text and "dbz.active" in result.perf, result
            assert check(case.server, "-s", "dbz").state == UNKNOWN
        finally:
            case.server.sql("grant execute on function pg_current_wal_lsn() to public")


@pytest.mark.parametrize("major", [13, 18])
def test_a_stall_behind_the_slots_hides_no_loss(pg_lab, major):
    with pg_situations.make(pg_lab, major, "lost-beside-healthy") as case, case.server.connect() as session:
        session.execute("begin")
        session.execute("lock table pg_catalog.pg_stat_bgwriter in access exclusive mode")
        result = check(case.server, "-t", "1")
        assert result.state == CRITICAL and "dbz_lost is lost" in result.line1 and "timed out" in result.text, result
        assert check(case.server, "-t", "1", "-s", "dbz").state == UNKNOWN
        session.execute("rollback")


# Rights

@pytest.mark.parametrize("major", pg.VERSIONS)
def test_roles(pg_lab, state, private, major):
    """A plain role sees all that a superuser sees; who is refused is told so, as UNKNOWN."""
    secret = f"{private}/pass"
    with pg_lab.fresh(major, tcp=True) as server:
        server.create_slot("dbz")
        plain, superuser = check(server), check(server, user=pg.SUPERUSER)
        assert plain.state == superuser.state == OK
        assert plain.perf.keys() == superuser.perf.keys()
        host, port = server.address
        for password, database, wanted, words in (
                (pg.PASSWORD, "postgres", OK, "dbz"),
                ("wrong", "postgres", UNKNOWN, "password authentication failed"),
                (pg.PASSWORD, "nowhere", UNKNOWN, "does not exist")):
            with open(secret, "w", opener=private_file) as file:
                file.write(f"*:*:*:*:{password}\n")
            result = check(server, "-d", database, "--passfile", secret, host=host)
            assert result.state == wanted and words in result.line1, result
            assert pg.PASSWORD not in result.text


def private_file(path, flags):
    return os.open(path, flags, 0o600)


@pytest.mark.parametrize("major", [14, 18])
def test_a_refused_optional_query_leaves_out_its_metrics_only(pg_lab, major):
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        server.sql("revoke select on pg_stat_replication_slots from public")
        result = check(server)
        assert result.state == OK and "dbz.retained" in result.perf, result
        wanted = check(server, "--warning-spill=1MiB")
        assert wanted.state == UNKNOWN and re.search("GRANT SELECT ON .*pg_stat_replication_slots", wanted.text), wanted


@pytest.mark.parametrize("major", [10, 18])
def test_a_right_that_tells_a_failover(pg_lab, major):
    """A note with the GRANT; UNKNOWN when the command line speaks of what it is for."""
    grant = r"GRANT (EXECUTE ON FUNCTION .*pg_control_system\(\).*) TO \"plain\""
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        server.sql("revoke execute on function pg_control_system(), pg_control_checkpoint() from public")
        noted = check(server)
        assert noted.state == OK and re.search(grant, noted.text), noted
        wanted = check(server, "--on", "recreated=warning")
        assert wanted.state == UNKNOWN, wanted
        server.sql(re.search(grant, wanted.text).group())
        assert "GRANT" not in check(server).text


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_one_read_only_connection(pg_lab, major):
    with pg_lab.fresh(major, log_connections="on", log_statement="all", log_line_prefix="%a|%u|") as server:
        server.create_slot("dbz")
        seen = len(server.log.read_text())
        assert check(server).state == OK
        log = server.log.read_text()[seen:]
        assert log.count("connection authorized: user=plain") == 1, log
        ours = [line for line in log.splitlines() if line.startswith("check_pg_slot|plain|")]
        statements = [line for line in ours if re.search(r"LOG:  (statement|execute)", line)]
        assert 1 <= len(statements) <= 12, log
        assert not [line for line in statements if re.search(r"\b(insert|update|delete|create|drop|pg_drop)\b", line, re.I)]
        assert not [line for line in log.splitlines() if "ERROR" in line], log


@pytest.mark.parametrize("major", [10, 18])
def test_no_function_of_a_schema_takes_part(pg_lab, major):
    """A database's own search_path may name a schema before pg_catalog."""
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        server.sql("create schema evil; grant usage on schema evil to public; create function "
                   "evil.set_config(text, text, boolean) returns text language plpgsql as "
                   "$$ begin raise exception 'called'; end $$; "
                   "alter database postgres set search_path = evil, pg_catalog")
        result = check(server, "-s", "dbz")
        assert result.state == OK, result


def test_every_situation_is_expected():
    assert set(EXPECTED) == {name for major in pg.VERSIONS for name in pg_situations.names(major)}
