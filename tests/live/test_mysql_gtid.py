"""check_mysql_gtid against real MySQL and MariaDB servers in every situation that can be made."""

import contextlib
import json
import os
import re
import threading
import time

import pytest

from lab import hostile, mysqld, mywire, net
from lab.mysqld import wait_for
from lab.plugin import plugin

OK, WARNING, CRITICAL, UNKNOWN = "OK", "WARNING", "CRITICAL", "UNKNOWN"
FOREIGN = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
MYSQL = ["5.7.22", "8.0.15", "8.0.33", "9.7"]
MARIADB = ["10.5", "10.11", "11.4", "11.8"]
RIGHTS = {"MySQL": ["REPLICATION CLIENT"], "MariaDB": ["BINLOG MONITOR", "SLAVE MONITOR"]}


def versions(*wanted):
    return pytest.mark.parametrize("my_version", mysqld.parameters(wanted))


def address(server):
    return f"{server.host}:{server.port}"


def item(server):
    return f"{server.host}_{server.port}"


def check(server, *args, user="mon", candidates=(), **options):
    """Over TCP: what leads to a candidate must lead there, too. Without TLS, for that is a test of its own."""
    return plugin("check_mysql_gtid", "-H", server.host, "-P", server.port, "-u", user, "--tls=disabled",
                  [f"--candidate={address(one)}" for one in candidates], *args, **options)


def monitor(server):
    """An account with the rights that the manual asks for; replicas get it from their source."""
    plugin_name = server.build.plain_plugin if server.version == "9.7" else None
    return server.account("mon", *RIGHTS[server.build.name], plugin=plugin_name)


def insert(server, count):
    """So many transactions, and no more: Server.write makes its table, too."""
    for _ in range(count):
        server.sql("INSERT INTO lab.t (x) VALUES ('x')")


def executed(server):
    return server.build.executed(server).replace("\n", "")


def purge(server):
    """Leaves one binary log file. MariaDB removes a file only once its storage engine is done with it."""
    last = server.flush()

    def done():
        server.purge(last)
        return server.binlogs()[0][0] == last
    wait_for(done, f"{server} does not purge")


def is_mysql(version):
    return version in MYSQL


@contextlib.contextmanager
def stopped_replica(server):
    words = "REPLICA" if server.build.name == "MySQL" and server.build.replica_words else "SLAVE"
    server.sql(f"STOP {words}")
    try:
        yield
    finally:
        server.sql(f"START {words}")
        server.caught_up()


@pytest.fixture
def alone(my_lab, my_version):
    """The shared server of a version with some transactions, as new."""
    server = my_lab.primary(my_version)
    server.reset()
    monitor(server)
    server.write(5)
    return server


@pytest.fixture
def pair(my_lab, my_version):
    """The shared pair of a version, level, and as it was found once the test is over."""
    primary, replica = my_lab.pair(my_version)
    monitor(primary)
    primary.write(2)
    replica.caught_up()
    return primary, replica


def last_number(server):
    """The number of the server's last transaction, for positions in either form."""
    return int(re.split(r"[-:]", executed(server))[-1])


def upto(server, number):
    """A reader's position that has everything up to that transaction."""
    if server.build.name == "MariaDB":
        return f"0-{server.id}-{number}"
    return f"{server.variable('server_uuid')}:1-{number}"


# --- the reader -------------------------------------------------------------------------------------------------------


def test_level(alone):
    done = check(alone, "--gtid-set", executed(alone))
    assert done.state == OK, done
    assert done.perf["server.behind"].value == 0 and done.perf["server.purged-missing"].value == 0
    assert done.perf["server.executed"].value == last_number(alone) and done.perf["server.executed"].unit == "c"
    assert "server.missing" not in done.perf and "server.errant" not in done.perf
    assert ("server.intervals" in done.perf) == is_mysql(alone.version)


def test_behind(alone):
    last = last_number(alone)
    done = check(alone, "--gtid-set", upto(alone, last - 3))
    assert done.state == OK and done.perf["server.behind"].value == 3, done
    assert check(alone, "--gtid-set", upto(alone, last - 3), "-w", "2", "-c", "10").state == WARNING
    assert check(alone, "--gtid-set", upto(alone, last - 3), "-w", "1", "-c", "2").state == CRITICAL


def test_nothing_read_yet(alone):
    done = check(alone, "--gtid-set=")
    assert done.state == OK and done.perf["server.behind"].value == last_number(alone), done


def test_without_a_position(alone):
    done = check(alone)
    assert done.state == OK and "position" in done.text, done
    assert "server.behind" not in done.perf and "server.executed" in done.perf


def test_without_a_position_beside_a_candidate(pair):
    primary, replica = pair
    done = check(primary, candidates=[replica])
    assert done.state == OK and "only servers judged" in done.text, done


def test_ahead(alone):
    last = last_number(alone)
    done = check(alone, "--gtid-set", upto(alone, last + 7))
    assert done.state == CRITICAL and "never executed" in done.line1, done
    assert "7 transactions" in done.text
    assert check(alone, "--gtid-set", upto(alone, last + 7), "--on", "ahead=ok").state == OK


def test_another_servers_transactions(alone):
    position = f"{FOREIGN}:1-5" if is_mysql(alone.version) else "7-9-5"
    done = check(alone, "--gtid-set", position)
    assert done.state == CRITICAL and "wrong server" in done.line1, done


def test_the_other_kind_of_position(alone):
    position = "0-1-5" if is_mysql(alone.version) else f"{FOREIGN}:1-5"
    assert check(alone, "--gtid-set", position).state in (CRITICAL, UNKNOWN)


def test_purged(alone):
    before = executed(alone)
    insert(alone, 4)
    horizon = last_number(alone)
    purge(alone)
    insert(alone, 2)
    done = check(alone, "--gtid-set", before)
    gone = horizon - int(re.split(r"[-:]", before)[-1])
    assert done.state == CRITICAL and "cannot continue" in done.line1, done
    assert done.perf["server.purged-missing"].value == gone and done.perf["server.behind"].value == gone + 2
    assert f"{horizon - gone + 1}-{horizon}" in done.line1
    # exactly at the horizon a reader goes on
    done = check(alone, "--gtid-set", upto(alone, horizon))
    assert done.state == OK and done.perf["server.purged-missing"].value == 0, done
    done = check(alone, "--gtid-set", upto(alone, horizon - 1))
    assert done.state == CRITICAL and done.perf["server.purged-missing"].value == 1, done
    done = check(alone, "--gtid-set=")
    assert done.state == CRITICAL and done.perf["server.purged-missing"].value == horizon, done


@versions(*MYSQL)
def test_holes(alone):
    """A reader that has a later transaction but not an earlier one."""
    uuid, last = alone.variable("server_uuid"), last_number(alone)
    done = check(alone, "--gtid-set", f"{uuid.upper()}:4-{last}:1,\n {uuid}:1-2")
    assert done.state == OK and done.perf["server.behind"].value == 1, done
    purge(alone)
    done = check(alone, "--gtid-set", f"{uuid}:1-2:4-{last}")
    assert done.state == CRITICAL and f"{uuid[:4]}…:3," in done.line1, done
    assert done.perf["server.purged-missing"].value == 1


@versions("9.7")
def test_tags(alone):
    alone.sql("SET gtid_next = 'AUTOMATIC:dbz_tag'")
    alone.write(2)
    alone.sql("SET gtid_next = 'AUTOMATIC'")
    alone.write(1)
    assert ":dbz_tag:" in executed(alone)
    done = check(alone, "--gtid-set", executed(alone).upper())
    assert done.state == OK and done.perf["server.behind"].value == 0 and "tagged" in done.text, done
    assert check(alone, "--gtid-set", executed(alone), "--on", "tagged=warning").state == WARNING
    uuid = alone.variable("server_uuid")
    done = check(alone, "--gtid-set", f"{uuid}:1-{int(executed(alone).split(':')[1].partition('-')[2])}")
    assert done.perf["server.behind"].value >= 2, done


@versions(*MYSQL)
def test_sources(alone):
    """gtid.source.includes and .excludes: what the reader does not follow neither counts nor is missed."""
    uuid = alone.variable("server_uuid")
    both = f"{executed(alone)},{FOREIGN}:1-9"
    assert check(alone, "--gtid-set", both).state == CRITICAL
    assert check(alone, "--gtid-set", both, "--source-excludes", FOREIGN.upper()).state == OK
    assert check(alone, "--gtid-set", both, f"--source-includes={uuid},11111111-.*").state == OK
    done = check(alone, "--gtid-set", f"{FOREIGN}:1-9", "--source-includes=.*-c80aa9429562")
    assert done.state == CRITICAL and done.perf["server.behind"].value == 0, done
    done = check(alone, "--gtid-set", both, "--source-includes=no-such-thing")
    assert done.state == UNKNOWN and "nothing to compare" in done.line1, done
    purge(alone)
    assert check(alone, "--gtid-set=", f"--source-excludes={uuid}").state == OK


def test_two_readers(alone, private):
    """Each has a state of its own: the timer of one does not run on through the other's runs."""
    paths = [os.path.join(private, name) for name in ("one", "two")]
    for behind, path in zip((3, 0), paths):
        with open(path, "w") as file:
            file.write(offsets_json(upto(alone, last_number(alone) - behind)))
    states = os.path.join(private, "states")
    os.mkdir(states)
    for path in paths * 2:
        check(alone, f"--offsets={path}", "--server=dbserver1", f"--state-dir={states}", "--warning-for=5m", "-w", "1")
    assert len([name for name in os.listdir(states) if name.endswith(".state")]) == 2, os.listdir(states)
    for position in (executed(alone), upto(alone, 1)):  # a set that changes in every run is the same check
        check(alone, "--gtid-set", position, f"--state-dir={states}", "--warning-for=5m", "-w", "1")
    assert len([name for name in os.listdir(states) if name.endswith(".state")]) == 3, os.listdir(states)


def offsets_json(gtids, name="dbserver1"):
    return json.dumps({"offsets": [
        {"partition": {"server": "old"}, "offset": {"file": "x.1", "pos": 4, "gtids": f"{FOREIGN}:1"}},
        {"partition": {"server": name}, "offset": {
            "ts_sec": 1700000000, "file": "b.000001", "pos": 569, "gtids": gtids, "server_id": 223344}}]})


def test_offsets(alone, private):
    path = os.path.join(private, "offsets.json")
    with open(path, "w") as file:
        file.write(offsets_json(upto(alone, last_number(alone) - 1)))
    done = check(alone, "--offsets", path, "--server=dbserver1")
    assert done.state == OK and done.perf["server.behind"].value == 1, done
    done = check(alone, "--offsets", path)
    assert done.state == UNKNOWN and "old" in done.line1 and "dbserver1" in done.line1, done
    done = check(alone, "--offsets", path, "--server=nobody")
    assert done.state == CRITICAL and "nobody" in done.line1, done


def test_lines_of_the_offsets_topic(alone, private):
    path = os.path.join(private, "topic.txt")
    with open(path, "w") as file:
        for behind in (4, 2):
            value = {"file": "b.000001", "pos": 5, "gtids": upto(alone, last_number(alone) - behind)}
            file.write('["inventory",{"server":"s1"}]\t%s\n' % json.dumps(value))
        file.write('["other",{"server":"s2"}]\tnull\n')
    done = check(alone, "--offsets", path)
    assert done.state == OK and done.perf["server.behind"].value == 2, done


def test_a_file_with_the_set(alone, private):
    path = os.path.join(private, "set")
    with open(path, "w") as file:
        file.write(executed(alone) + "\n")
    done = check(alone, "--gtid-file", path)
    assert done.state == OK and done.perf["server.behind"].value == 0, done


def test_a_pipe_that_is_filled_late(alone, private):
    path = os.path.join(private, "pipe")
    os.mkfifo(path)

    def fill():
        time.sleep(0.3)
        with open(path, "w") as file:
            file.write(executed_before)
    executed_before = executed(alone)
    writer = threading.Thread(target=fill)
    writer.start()
    done = check(alone, "--gtid-file", path)
    writer.join()
    assert done.state == OK and done.perf["server.behind"].value == 0, done
    done = check(alone, "--gtid-file", path, "-t", "0.5")
    assert done.state == UNKNOWN and path in done.line1 and done.seconds < 1.2, done


# --- settings ---------------------------------------------------------------------------------------------------------


def mode(server, wanted):
    """gtid_mode goes one step at a time."""
    steps = ["OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"]
    at, to = steps.index(server.variable("gtid_mode")), steps.index(wanted)
    for step in steps[at + 1:to + 1] if to > at else reversed(steps[to:at]):
        server.sql(f"SET GLOBAL gtid_mode = {step}")


@versions(*MYSQL)
def test_gtid_mode(alone):
    try:
        for wanted, state, line in [("ON_PERMISSIVE", WARNING, "freezes"), ("OFF_PERMISSIVE", CRITICAL, "OFF_PERMISSIVE"),
                                    ("OFF", CRITICAL, "gtid_mode is OFF")]:
            mode(alone, wanted)
            done = check(alone, "--gtid-set", executed(alone))
            assert done.state == state and line in done.line1, done
        assert check(alone, "--on", "off=ok").state == OK
        alone.sql("SET GLOBAL enforce_gtid_consistency = WARN")
        done = check(alone, "--on", "off=ok")
        assert done.state == WARNING and "enforce_gtid_consistency is WARN" in done.line1, done
    finally:
        alone.sql("SET GLOBAL enforce_gtid_consistency = ON")
        mode(alone, "ON")


@versions("5.7.22", "8.0.33", "9.7", "10.11")
def test_binary_log_off(my_lab, my_version):
    with my_lab.fresh(my_version, **{"log_bin": None, "skip_log_bin": True}) as server:
        monitor(server)
        done = check(server, "--on", "off=ok", "--on", "inconsistent=ok")
        assert done.state == CRITICAL and "log_bin" in done.line1, done
        position = f"{FOREIGN}:1" if is_mysql(my_version) else "0-1-1"
        assert check(server, "--gtid-set", position).state == CRITICAL


@versions("5.7.22", "8.0.33")
def test_read_only_snapshots(alone):
    assert "read-only" not in check(alone).text
    workers = "replica_parallel_workers" if alone.build.replica_words else "slave_parallel_workers"
    order = "replica_preserve_commit_order" if alone.build.replica_words else "slave_preserve_commit_order"
    before = alone.variable(workers), alone.variable(order)
    try:
        alone.sql(f"SET GLOBAL {order} = OFF", f"SET GLOBAL {workers} = 4")
        done = check(alone, "--read-only-snapshots", "--on", "read-only-snapshot=critical")
        assert done.state == CRITICAL and "preserve_commit_order" in done.line1, done
        assert check(alone, "--read-only-snapshots").state == OK
        alone.sql(f"SET GLOBAL {workers} = 0")
        assert check(alone, "--read-only-snapshots", "--on", "read-only-snapshot=critical").state == OK
    finally:
        alone.sql(f"SET GLOBAL {workers} = {before[0]}", f"SET GLOBAL {order} = {before[1]}")


# --- rights -----------------------------------------------------------------------------------------------------------


# What an account needs to see the state of replication; everything else is for everybody.
SEES_REPLICATION = {"MySQL": ["REPLICATION CLIENT"], "MariaDB": ["SLAVE MONITOR"]}
ROLES = [[], ["REPLICATION CLIENT"], ["REPLICATION SLAVE"], ["BINLOG MONITOR"], ["SLAVE MONITOR"]]


def roles(name):
    """The roles that a server of that name knows."""
    return [role for role in ROLES if name == "MariaDB" or role in ([], ["REPLICATION CLIENT"], ["REPLICATION SLAVE"])]


def test_roles(alone):
    """What a right is missing for is a note with the GRANT, and denied when the command line asks for it."""
    before = executed(alone)
    insert(alone, 2)
    purge(alone)
    for role in roles(alone.build.name):
        user = alone.account("poor", *role, plugin=alone.build.plain_plugin if alone.version == "9.7" else None)
        sees = role == SEES_REPLICATION[alone.build.name]
        grant = f"GRANT {SEES_REPLICATION[alone.build.name][0]} ON *.* TO 'poor'@'%'"
        done = check(alone, "--gtid-set", executed(alone), user=user)
        assert done.state == OK and (grant in done.text) == (not sees), (role, done)
        assert done.perf["server.behind"].value == 0 and done.perf["server.purged-missing"].value == 0
        done = check(alone, "--gtid-set", before, user=user)
        assert done.state == CRITICAL and "cannot continue" in done.line1, (role, done)
        for named in (["--warning-replica-lag=10"], ["--on", "replica-stopped=critical"]):
            done = check(alone, *named, user=user)
            assert done.state == (OK if sees else UNKNOWN) and (grant in done.line1) == (not sees), (role, done)


def test_roles_on_a_candidate(pair):
    """The same of a candidate: the note says of which."""
    primary, replica = pair
    plugin_name = primary.build.plain_plugin if primary.version == "9.7" else None
    user = primary.account("poor", plugin=plugin_name)
    replica.caught_up()
    done = check(primary, candidates=[replica], user=user)
    assert done.state == OK and "GRANT" in done.text and item(replica) in done.text.split("GRANT")[0], done
    assert done.perf[f"{item(replica)}.errant"].value == 0
    assert f"{item(replica)}.replica-lag" not in done.perf
    done = check(primary, "--critical-replica-lag=100", candidates=[replica], user=user)
    assert done.state == UNKNOWN and done.items[item(replica)][0] == UNKNOWN, done


def test_the_words_of_the_grant_suffice(alone):
    """What the texts tell to grant makes the check complete: no note is left."""
    user = alone.account("poor", plugin=alone.build.plain_plugin if alone.version == "9.7" else None)
    for _ in range(3):
        text = check(alone, "--gtid-set", executed(alone), user=user).text
        for grant in set(re.findall(r"GRANT [A-Z ]+ ON \*\.\* TO 'poor'@'%'", text)):
            alone.sql(grant)
    done = check(alone, "--gtid-set", executed(alone), user=user)
    assert done.state == OK and "GRANT" not in done.text and "note" not in done.text, done


def test_wrong_password(alone, private):
    path = os.path.join(private, "pw")
    with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write("no-such-word\n")
    done = check(alone, "--password-file", path, "-vvv")
    assert done.state == UNKNOWN and "1045" in done.line1 and "no-such-word" not in done.text, done
    os.chmod(path, 0o640)
    done = check(alone, "--password-file", path)
    assert done.state == UNKNOWN and "chmod" in done.line1, done


def test_password_and_option_files(alone, private):
    alone.account("secret", *RIGHTS[alone.build.name], password="correct horse#",
                  plugin=alone.build.plain_plugin if alone.version == "9.7" else None)
    path, options = os.path.join(private, "pw"), os.path.join(private, "my.cnf")
    with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write("correct horse#\nsecond line\n")
    assert check(alone, "--password-file", path, user="secret").state == OK
    with open(options, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(f"[client]\nuser=nobody\n[cdc]\nuser=secret\npassword=\"correct horse#\"\nport={alone.port}\nhost=127.0.0.1\n")
    done = plugin("check_mysql_gtid", "--defaults-file", options, "-g", "cdc", "--tls=disabled")
    assert done.state == OK, done
    done = plugin("check_mysql_gtid", "--defaults-file", options, "-g", "nogroup")
    assert done.state == UNKNOWN and "nogroup" in done.line1, done
    os.chmod(options, 0o644)
    done = plugin("check_mysql_gtid", "--defaults-file", options, "-g", "cdc")
    assert done.state == UNKNOWN and "chmod" in done.line1, done


@versions("8.0.15", "8.0.33", "9.7")
def test_caching_sha2(alone, private):
    """Over TCP, and over TLS with and without the server's authority, where its TLS is one that today's clients speak."""
    alone.account("sha", *RIGHTS["MySQL"], password="correct", plugin="caching_sha2_password")
    path = os.path.join(private, "pw")
    with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write("correct")
    place = ["-H", alone.host, "-P", alone.port, "-u", "sha", "--password-file", path]
    for tls in (["--tls=disabled"], [], ["--tls=required"], ["--tls=verify-ca", "--ca-cert", alone.data / "ca.pem"],
                ["--ca-cert", alone.data / "ca.pem"]):
        done = plugin("check_mysql_gtid", *place, *tls)
        assert done.state == OK, done
    # the server's own certificate names no host
    done = plugin("check_mysql_gtid", *place, "--tls=verify-identity", "--ca-cert", alone.data / "ca.pem")
    assert done.state == CRITICAL and "error 2026" in done.line1, done
    done = plugin("check_mysql_gtid", *place, "--ca-cert", "/etc/ssl/certs/ca-certificates.crt")
    assert done.state == CRITICAL and "error 2026" in done.line1, done


@versions("5.7.22", "10.11")
def test_tls_demanded_from_a_server_without(my_lab, my_version):
    with my_lab.fresh(my_version, ssl=False) as server:
        monitor(server)
        place = ["-H", server.host, "-P", server.port, "-u", "mon"]
        done = plugin("check_mysql_gtid", *place, "--tls=required")
        assert done.state == CRITICAL and re.search("TLS|SSL", done.line1), done
        authority = ["--ca-cert", "/etc/ssl/certs/ca-certificates.crt"]
        for wanted in (authority, ["--tls=verify-ca", *authority], ["--tls=verify-identity", *authority]):
            done = plugin("check_mysql_gtid", *place, *wanted)
            assert done.state == CRITICAL and re.search("TLS|SSL", done.line1), done
        assert plugin("check_mysql_gtid", *place, "--on", "off=ok", "--on", "inconsistent=ok").state == OK


# --- candidates -------------------------------------------------------------------------------------------------------


def test_level_candidate(pair):
    primary, replica = pair
    done = check(primary, "--gtid-set", executed(primary), candidates=[replica])
    assert done.state == OK, done
    for metric in ("missing", "errant", "purged-missing"):
        assert done.perf[f"{item(replica)}.{metric}"].value == 0, done
    assert done.perf[f"{item(replica)}.replica-lag"].value <= 2
    assert done.perf[f"{item(replica)}.executed"].value == last_number(primary)


def test_lagging_candidate(pair):
    """What a candidate has not copied yet is missing, not ahead: the server has executed it."""
    primary, replica = pair
    with stopped_replica(replica):
        insert(primary, 3)
        done = check(primary, "--gtid-set", executed(primary), candidates=[replica])
        assert done.state == WARNING and "stopped" in done.line1, done
        assert done.perf[f"{item(replica)}.missing"].value == 3
        assert "never executed" not in done.text
        quiet = ["--on", "replica-stopped=ok"]
        assert check(primary, "--gtid-set", executed(primary), *quiet, candidates=[replica]).state == OK
        assert check(primary, "--gtid-set", executed(primary), *quiet, "--critical-missing=2",
                     candidates=[replica]).state == CRITICAL
        # what neither of the two has is lost
        done = check(primary, "--gtid-set", upto(primary, last_number(primary) + 1), candidates=[replica])
        assert done.state == CRITICAL and done.items[item(replica)][0] == CRITICAL, done
        assert done.perf[f"{item(replica)}.missing"].value == 3


def test_purged_candidate(pair):
    primary, replica = pair
    purge(replica)
    primary.write(1)
    replica.caught_up()
    done = check(primary, "--gtid-set=", candidates=[replica])
    assert done.state == CRITICAL and done.items[item(replica)][0] == CRITICAL, done
    assert done.perf[f"{item(replica)}.purged-missing"].value > 0
    assert done.perf["server.purged-missing"].value == 0


def test_errant_candidate(my_lab, my_version):
    with my_lab.fresh_pair(my_version) as (primary, replica):
        monitor(primary)
        primary.write(2)
        replica.caught_up()
        replica.sql("CREATE DATABASE stray", "CREATE TABLE stray.t (i int)")
        done = check(primary, candidates=[replica])
        assert done.state == WARNING and "errant" in done.line1, done
        assert done.perf[f"{item(replica)}.errant"].value == 2
        assert check(primary, "--on", "errant=ok", candidates=[replica]).state == OK
        # a threshold does not replace the condition
        assert check(primary, "--warning-errant=5", candidates=[replica]).state == WARNING
        assert check(primary, "--warning-errant=5", "--on", "errant=ok", candidates=[replica]).state == OK
        assert check(primary, "--critical-errant=1", candidates=[replica]).state == CRITICAL
        # the source of the candidates may be another server than the one that is read
        done = check(replica, "--source", address(primary), candidates=[replica])
        assert done.perf[f"{item(replica)}.errant"].value == 2, done
        done = check(replica, candidates=[primary])
        assert done.perf[f"{item(primary)}.errant"].value == 0, done


def test_candidate_while_the_source_is_written_to(pair):
    """A candidate that is read first never looks errant, however fast it copies."""
    primary, replica = pair
    stop = threading.Event()

    def write():
        with primary.connect() as sql:
            while not stop.is_set():
                sql.rows("INSERT INTO lab.t (x) VALUES ('y')")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(40):
            done = check(primary, candidates=[replica])
            assert done.state == OK and done.perf[f"{item(replica)}.errant"].value == 0, done
    finally:
        stop.set()
        writer.join()
    replica.caught_up()


@versions("5.7.22", "9.7", "10.11")
def test_candidate_without_replicated_changes(my_lab, my_version):
    name = "log_replica_updates" if my_version == "9.7" else "log_slave_updates"
    with my_lab.fresh(my_version, **mysqld.VERSIONS[my_version].gtid, **{name: False}) as server:
        monitor(server)
        primary = my_lab.primary(my_version)
        monitor(primary)
        done = check(primary, candidates=[server])
        assert done.items[item(server)][0] == WARNING and "does not log replicated changes" in done.text, done


@versions("8.0.33", "10.11")
def test_candidate_without_a_binary_log(my_lab, my_version):
    with my_lab.fresh(my_version, **mysqld.VERSIONS[my_version].gtid, log_bin=None, skip_log_bin=True) as server:
        monitor(server)
        primary = my_lab.primary(my_version)
        monitor(primary)
        done = check(primary, candidates=[server])
        assert done.state == CRITICAL and "binary logging is off" in done.line1, done


@versions("8.0.33", "10.11")
def test_unreachable_candidates(pair):
    primary, replica = pair
    nobody = net.free_port()
    done = check(primary, f"--candidate=127.0.0.1:{nobody}", "--candidate=[::1]:1", candidates=[replica])
    assert done.state == WARNING and done.items[f"127.0.0.1_{nobody}"][0] == WARNING, done
    assert done.items["::1_1"][0] == WARNING and done.items[item(replica)][0] == OK
    assert f"{item(replica)}.executed" in done.perf
    assert check(primary, f"--candidate=127.0.0.1:{nobody}", "--on", "candidate-unreachable=critical").state == CRITICAL
    assert check(primary, f"--candidate=127.0.0.1:{nobody}", "--exclude=127.*").state == OK


@versions("5.7.22", "8.0.33", "9.7")
def test_candidate_in_maintenance(pair):
    """offline_mode turns everybody away but administrators (3032)."""
    primary, replica = pair
    replica.sql("SET GLOBAL offline_mode = ON")
    try:
        done = check(primary, candidates=[replica])
        assert done.state == WARNING and "offline mode" in done.line1, done
    finally:
        replica.sql("SET GLOBAL offline_mode = OFF")


@versions("8.0.15", "10.11")
def test_candidate_that_is_silent(pair):
    """It uses up its own share of the time, not that of the others."""
    primary, replica = pair
    with hostile.serve(hostile.silent) as port:
        done = check(primary, f"--candidate=127.0.0.1:{port}", "-t", "3", candidates=[replica])
    assert done.seconds < 3.5 and "timed out" in done.items[f"127.0.0.1_{port}"][1], done
    assert done.state == UNKNOWN and done.items[item(replica)][0] == OK, done


def test_main_server_gone(pair):
    """The candidates are judged all the same; what they have not may be lost, which nobody can tell now."""
    primary, replica = pair
    gone = ["check_mysql_gtid", "-H", "127.0.0.1", "-P", net.free_port(), "-u", "mon", "--tls=disabled",
            "--candidate", address(replica), "--gtid-set"]
    done = plugin(*gone, executed(primary))
    assert done.state == CRITICAL and f"{item(replica)}.behind" in done.perf, done
    done = plugin(*gone, upto(primary, last_number(primary) + 1))
    assert done.state == CRITICAL and "or lost: the server of -H could not be compared" in done.text, done


@versions("5.7.22", "8.0.33", "9.7", "10.11", "11.8")
def test_lost_replica(my_lab, my_version):
    """A replica whose source has purged what it needs: its IO thread stops, with the reason in the text."""
    with my_lab.fresh_pair(my_version) as (primary, replica):
        monitor(primary)
        replica.caught_up()
        words = "REPLICA" if is_mysql(my_version) and replica.build.replica_words else "SLAVE"
        replica.sql(f"STOP {words}")
        primary.write(3)
        purge(primary)
        replica.sql(f"START {words}")
        wait_for(lambda: replica.replica_status().get("Last_IO_Error"), "the replica does not fail")
        done = check(primary, candidates=[replica])
        assert done.state == WARNING and "IO thread stopped" in done.text and "purged" in done.text, done
        assert "SQL thread" not in done.text
        assert f"{item(replica)}.replica-lag" not in done.perf


def test_replica_lag(pair):
    primary, replica = pair
    words = "REPLICA" if is_mysql(primary.version) and replica.build.replica_words else "SLAVE"
    with replica.connect() as blocker:
        blocker.rows("LOCK TABLES lab.t READ")
        primary.write(1)
        wait_for(lambda: int(replica.replica_status().get("Seconds_Behind_Source") or
                             replica.replica_status().get("Seconds_Behind_Master") or 0) >= 2, "no lag", 30)
        done = check(primary, "--warning-replica-lag=1", candidates=[replica])
        assert done.state == WARNING and done.perf[f"{item(replica)}.replica-lag"].value >= 2, done
        assert check(replica, "--critical-replica-lag=1").state == CRITICAL
        blocker.rows("UNLOCK TABLES")
    assert words
    replica.caught_up()


# --- MariaDB ----------------------------------------------------------------------------------------------------------


@versions(*MARIADB)
def test_several_domains(alone):
    with alone.connect() as sql:
        sql.rows("SET gtid_domain_id = 5")
        for _ in range(3):
            sql.rows("INSERT INTO lab.t (x) VALUES ('z')")
    last = last_number_of(alone, 0)
    both = f"0-{alone.id}-{last},5-{alone.id}-3"
    assert check(alone, "--gtid-set", both).perf["server.behind"].value == 0
    done = check(alone, "--gtid-set", f"5-{alone.id}-1 , 0-{alone.id}-{last - 1}")
    assert done.state == OK and done.perf["server.behind"].value == 3, done
    done = check(alone, "--gtid-set", f"0-{alone.id}-{last}")
    assert done.state == OK and done.perf["server.behind"].value == 3, done
    assert check(alone, "--gtid-set", f"{both},9-1-1").state == CRITICAL
    assert check(alone, "--gtid-set", f"{both},9-1-1", "--source-excludes=9").state == OK
    purge(alone)
    # a domain of the horizon that the position does not name is one that the server would send from its beginning
    done = check(alone, "--gtid-set", f"0-{alone.id}-{last}")
    assert done.state == CRITICAL and "domain 5: 1-3" in done.line1, done
    assert check(alone, "--gtid-set", both).state == OK


def last_number_of(server, domain):
    for gtid in executed(server).split(","):
        parts = gtid.split("-")
        if int(parts[0]) == domain:
            return int(parts[2])
    return 0


@versions(*MARIADB)
def test_after_a_failover(my_lab, my_version):
    """The new primary has another server id; the domain goes on."""
    with my_lab.fresh_pair(my_version) as (primary, replica):
        monitor(primary)
        primary.write(3)
        replica.caught_up()
        position = executed(primary)
        replica.sql("STOP SLAVE", "RESET SLAVE ALL")
        replica.write(2)
        done = check(replica, "--gtid-set", position)
        assert done.state == OK and done.perf["server.behind"].value > 0, done
        # what the old primary wrote after that was lost, and a reader that has it cannot go on
        primary.write(5)
        done = check(replica, "--gtid-set", executed(primary))
        assert done.state == CRITICAL and "never executed" in done.line1, done


@versions(*MARIADB)
def test_a_log_that_begins_in_the_middle(my_lab, my_version):
    """A replica made from a backup serves readers that are older, and skips without a word what it never logged."""
    with my_lab.fresh_pair(my_version) as (primary, replica):
        monitor(primary)
        primary.write(3)
        replica.caught_up()
        begin = last_number(primary)
        replica.sql("STOP SLAVE", "RESET MASTER", "START SLAVE")
        primary.write(2)
        replica.caught_up()
        for number, gone in ((begin, 0), (begin - 1, 1), (begin - 3, 3)):
            position = upto(primary, number)
            assert is_served(replica, position)
            done = check(primary, "--gtid-set", position, candidates=[replica])
            assert done.state == (CRITICAL if gone else OK), (number, done)
            assert done.perf[f"{item(replica)}.purged-missing"].value == gone
            assert done.perf["server.purged-missing"].value == 0
        poor = primary.account("poor", "SLAVE MONITOR")
        replica.caught_up()
        done = check(replica, "--gtid-set", upto(primary, begin), user=poor)
        assert done.state == UNKNOWN and "GRANT BINLOG MONITOR ON *.* TO 'poor'" in done.line1, done
        assert check(replica, "--gtid-set", executed(primary), user=poor).state == OK


def is_served(server, position):
    """What a reader that connects with this position is told; as id 0 it is sent to the end and no further."""
    with server.connect() as reader:
        reader.rows("SET @mariadb_slave_capability = 4")
        reader.rows(f"SET @slave_connect_state = '{position}', @slave_gtid_strict_mode = 0")
        try:
            reader.dump("", server_id=0)
            for _ in reader.events():
                pass
        except mywire.Error as error:
            assert error.number == 1236, error
            return False
        return True


@versions(*MARIADB)
def test_as_the_server_says(alone):
    """Each verdict against what the server itself tells a reader."""
    with alone.connect() as sql:
        sql.rows("SET gtid_domain_id = 5")
        sql.rows("INSERT INTO lab.t (x) VALUES ('z')")
    purge(alone)
    insert(alone, 3)
    horizon, last, five = last_number_of(alone, 0) - 3, last_number_of(alone, 0), f",5-{alone.id}-1"
    positions = [f"0-{alone.id}-{n}{five}" for n in (1, horizon - 1, horizon, horizon + 1, last, last + 1)]
    positions += [five[1:], f"0-{alone.id}-{horizon}", f"0-99-{horizon}{five}", f"0-99-{last + 1}{five}"]
    verdicts = []
    for position in positions:
        done = check(alone, "--gtid-set", position)
        verdicts.append(done.state == OK)
        assert verdicts[-1] == is_served(alone, position), (position, done)
    assert verdicts == [False, False, True, True, True, False, False, False, False, False]


@versions("10.11", "11.4")
def test_purged_by_size_and_by_time(my_lab, my_version):
    with my_lab.fresh(my_version) as server:
        monitor(server)
        server.write(2)
        position = executed(server)
        if my_version == "11.4":
            server.sql("SET GLOBAL slave_connections_needed_for_purge = 0", "SET GLOBAL max_binlog_total_size = 4096")
        else:
            server.sql("SET GLOBAL slave_connections_needed_for_purge = 0") if has(server) else None
            server.sql("SET GLOBAL binlog_expire_logs_seconds = 1")

        def gone():
            server.write(20)
            server.flush()
            return server.binlogs()[0][0] != "b.000001"
        wait_for(gone, "nothing is purged", 30, 0.5)
        done = check(server, "--gtid-set", position)
        assert done.state == CRITICAL and "purged" in done.line1, done


def has(server):
    return server.rows("SHOW GLOBAL VARIABLES LIKE 'slave_connections_needed_for_purge'")


# --- the plugin's own ways --------------------------------------------------------------------------------------------


@versions("8.0.33", "10.11")
def test_discovery(pair):
    primary, replica = pair
    done = check(primary, "--discover", candidates=[replica])
    assert {one["{#ITEM}"]: one for one in json.loads(done.text)} == {
        "server": {"{#ITEM}": "server", "{#HOST}": "127.0.0.1", "{#PORT}": str(primary.port), "{#ROLE}": "server"},
        item(replica): {"{#ITEM}": item(replica), "{#HOST}": "127.0.0.1", "{#PORT}": str(replica.port),
                        "{#ROLE}": "candidate"}}, done


@versions("8.0.33")
def test_formats(pair):
    primary, replica = pair
    done = check(primary, "--gtid-set", executed(primary), "--output-format=json", candidates=[replica])
    names = {one["name"]: one for one in done.json["items"]}
    assert set(names) == {"server", item(replica)} and names["server"]["labels"]["role"] == "server"
    done = check(primary, "--gtid-set", executed(primary), "--output-format=prometheus", candidates=[replica])
    assert f'cdc_mysql_gtid_executed_total{{item="server"' in done.text, done


@versions("8.0.33")
def test_a_million_intervals(my_lab, private, my_version):
    """A reader with a million holes, judged in well under a second beside a server with as many transactions."""
    server = my_lab.primary(my_version)
    monitor(server)
    path, uuid = os.path.join(private, "set"), server.variable("server_uuid")
    with open(path, "w") as file:
        file.write(uuid + "".join(":%d" % number for number in range(1, 2_000_001, 2)))
    done = check(server, "--gtid-file", path)
    assert done.state == CRITICAL and done.seconds < 2, done
    assert "and " in done.line1 and " more" in done.line1


@versions("8.0.33")
def test_a_long_executed_set(my_lab, my_version):
    """SHOW VARIABLES would cut it off; and it holds newlines."""
    with my_lab.fresh(my_version, **mysqld.VERSIONS[my_version].gtid) as server:
        monitor(server)
        server.write(1)
        sets = ",".join("%08x-71ca-11e1-9e33-c80aa9429562:%s" % (n, ":".join(str(2 * i + 1) for i in range(200)))
                        for n in range(1, 40))
        server.sql(f"SET GLOBAL gtid_purged = '+{sets}'")
        done = check(server, "--gtid-set", server.value("SELECT @@GLOBAL.gtid_executed"))
        assert done.state == OK and done.perf["server.intervals"].value == 39 * 200 + 1, done


@versions("8.0.33", "10.11")
def test_aborted_clients(alone):
    """The good-bye is orderly: the server counts no aborted client."""
    before = alone.rows("SHOW GLOBAL STATUS LIKE 'Aborted_c%'")
    for _ in range(5):
        assert check(alone, "--gtid-set", executed(alone)).state == OK
    time.sleep(0.2)
    assert alone.rows("SHOW GLOBAL STATUS LIKE 'Aborted_c%'") == before
