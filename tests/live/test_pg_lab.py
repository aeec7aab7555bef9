"""The laboratory itself: each situation is what its name says, on every version that has it."""

import time

import pytest

from lab import libpq, pg, pg_situations

MIB = pg.MIB
CASES = [pytest.param(major, name, id=f"{name}-{major}") for major in pg.VERSIONS for name in pg_situations.names(major)]

# What the first slot's row must say, as far as the version has the column; None is NULL.
ROWS = {
    "healthy": {"active": "t", "wal_status": "reserved", "temporary": "f", "slot_type": "logical"},
    "lagging": {"active": "t", "wal_status": "reserved"},
    "inactive": {"active": "f", "wal_status": "reserved", "safe_wal_size": None},
    "long-transaction": {"active": "t", "wal_status": "reserved"},
    "two-databases": {"active": "t", "database": "postgres"},
    "pgoutput": {"active": "t", "plugin": "pgoutput"},
    "creating": {"active": "t", "confirmed_flush_lsn": None},
    "temporary": {"active": "t", "temporary": "t"},
    "physical": {"active": "t", "slot_type": "physical", "plugin": None, "confirmed_flush_lsn": None},
    "never-reserved": {"active": "f", "restart_lsn": None, "wal_status": None},
    "slots-used-up": {"active": "f"},
    "limited": {"wal_status": "reserved"},
    "extended": {"wal_status": "extended"},
    "unreserved": {"wal_status": "unreserved", "invalidation_reason": None},
    "lost-wal-removed": {"wal_status": "lost", "restart_lsn": None, "safe_wal_size": None,
                         "invalidation_reason": "wal_removed"},
    "lost-beside-healthy": {"wal_status": "lost", "invalidation_reason": "wal_removed"},
    "lost-idle-timeout": {"wal_status": "lost", "invalidation_reason": "idle_timeout"},
    "recreated": {"active": "f", "wal_status": "reserved"},
    "standby-healthy": {"active": "t", "synced": "f"},
    "standby-conflicting": {"conflicting": "t", "wal_status": "lost", "invalidation_reason": "rows_removed"},
    "standby-wal-level": {"conflicting": "t", "invalidation_reason": "wal_level_insufficient"},
    "standby-lost-wal-removed": {"wal_status": "lost", "invalidation_reason": "wal_removed"},
    "failover-primary": {"failover": "t", "synced": "f", "active": "t"},
    # Not active: the worker holds the slot for a moment each time that it looks.
    "synced": {"synced": "t", "temporary": "f", "failover": "t", "invalidation_reason": None},
    "not-yet-synced": {"synced": "t", "temporary": "t", "active": "t"},
    "synced-lost": {"synced": "t", "invalidation_reason": "wal_removed"},
    "promoted": {"temporary": "f", "failover": "t", "invalidation_reason": None},
}
ABSENT = ["dropped", "standby", "not-synced-absent", "promoted-unsynced"]
ON_STANDBY = ["standby", "standby-healthy", "standby-conflicting", "standby-wal-level", "standby-lost-wal-removed",
              "synced", "not-yet-synced", "not-synced-absent", "synced-lost"]
REFUSING = {"too-many-connections": "remaining connection slots", "starting-up": "starting up",
            "stopped": "No such file"}


@pytest.mark.parametrize("major, name", CASES)
def test_situation(pg_lab, major, name):
    with pg_situations.make(pg_lab, major, name) as case:
        if name in REFUSING:
            refuses(case.server, name)
            return
        assert case.server.value("show server_version_num").startswith(str(major))
        assert (case.server.value("select pg_is_in_recovery()") == "t") == (name in ON_STANDBY)
        if name in ROWS:
            row = case.row()
            expected = {column: value for column, value in ROWS[name].items() if column in row}
            assert {column: row[column] for column in expected} == expected
            # Conflicts have no position of their own meaning; 10 to 12 have nothing that could be lost.
            DISTANCES.get(name, lambda _: None)(case)
        else:
            assert name == "no-slots" and not case.server.slots() or name in ABSENT and case.row() is None
    if case.server in (pg_lab.primary(major), pg_lab.pair(major)[1]):
        assert not case.server.slots(), "the situation left something behind"


def refuses(server, name):
    with pytest.raises(libpq.Error) as caught:
        server.connect(user=pg.PLAIN)
    assert REFUSING[name] in str(caught.value)


def _between(column, low, high):
    def check(case):
        assert low <= case.server.distance(case.slot, column) <= high
    return check


def _long_transaction(case):
    _between("restart_lsn", 6 * MIB, 40 * MIB)(case)
    _between("confirmed_flush_lsn", 0, MIB)(case)


def _headroom(low, high):
    def check(case):
        assert low <= int(case.row()["safe_wal_size"]) <= high
    return check


def _all_active(case):
    assert [case.row(slot)["active"] for slot in case.slots] == ["t", "t"]


def _second_slot(**expected):
    def check(case):
        row = case.row(case.slots[1])
        assert {column: row[column] for column in expected} == expected
    return check


DISTANCES = {
    "healthy": _between("restart_lsn", 0, MIB),
    "lagging": _between("confirmed_flush_lsn", 7 * MIB, 10 * MIB),
    "inactive": _between("restart_lsn", MIB, 2 * MIB),
    "long-transaction": _long_transaction,
    "two-databases": _all_active,
    "failover-primary": _second_slot(failover="f", active="t"),
    "physical": _second_slot(active="f", slot_type="physical"),
    "temporary": _second_slot(active="f", temporary="f"),
    "lost-beside-healthy": _second_slot(active="t", wal_status="reserved"),
    "limited": _headroom(50 * MIB, 64 * MIB),
    "extended": _headroom(30 * MIB, 60 * MIB),
    "unreserved": _headroom(-20 * MIB, -1),
}


def test_every_situation_is_asserted():
    assert set(REFUSING) == set(pg_situations.REFUSING)
    asserted = {*ROWS, *ABSENT, *REFUSING, "no-slots"}
    assert asserted == {name for major in pg.VERSIONS for name in pg_situations.names(major)}


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_workload_keeps_its_rate(pg_lab, major):
    server = pg_lab.primary(major)
    with server.workload(rate=2 * MIB) as workload:
        before, start = server.lsn, time.monotonic()
        time.sleep(1)
        rate = (server.lsn - before) / (time.monotonic() - start)
    assert workload.rate * 0.85 < rate < workload.rate * 1.15


@pytest.mark.parametrize("major", pg.VERSIONS)
def test_roles_and_passwords(pg_lab, major):
    with pg_lab.fresh(major, tcp=True) as server:
        host, port = server.address
        with server.connect(user=pg.PLAIN, host=host, port=port, password=pg.PASSWORD) as session:
            assert session.value("select rolsuper or rolreplication from pg_roles where rolname = current_user") == "f"
            assert session.value("select count(*) from pg_replication_slots") == "0"
        with pytest.raises(libpq.Error, match="password authentication failed"):
            server.connect(user=pg.PLAIN, host=host, port=port, password="wrong")
        with pytest.raises(libpq.Error, match='database "nowhere" does not exist'):
            server.connect(user=pg.PLAIN, database="nowhere")
        with server.connect(user=pg.MONITOR) as session:
            assert int(session.value("select count(*) from pg_ls_waldir()")) > 0


@pytest.mark.parametrize("major", [10, 18])
def test_slots_outlive_a_crash(pg_lab, major):
    with pg_lab.fresh(major) as server:
        server.create_slot("dbz")
        server.crash()
        server.start()
        assert server.slot("dbz")["active"] == "f"
