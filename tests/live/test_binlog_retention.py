"""check_binlog_retention against real servers of both families: expiry, RDS, readers, rights, and that a probe never
disturbs anybody."""

import concurrent.futures
import json
import pathlib
import re
import time

import pytest

from lab import mysqld, need, proc
from lab.plugin import plugin, sanitized

OK, WARNING, CRITICAL, UNKNOWN = "OK", "WARNING", "CRITICAL", "UNKNOWN"
DAY = 86400
HOURS = "'binlog retention hours'"
MARIADB = ["10.5", "10.11", "11.4", "11.8"]
MYSQL = ["5.7.22", "8.0.15", "8.0.33", "9.7"]
# Where seconds can be set; the others know days only.
SECONDS = [version for version in MYSQL + MARIADB if version not in ("5.7.22", "10.5")]


def check(server, *args, user="root", **options):
    return plugin("check_binlog_retention", "-s", server.socket, "-u", user, *args, **options)


@pytest.fixture
def server(my_lab, my_version):
    """The shared one, as new, with logs that are kept for 30 days."""
    server = my_lab.primary(my_version)
    expire(server, 30 * DAY)
    yield server
    expire(server, 0)
    server.reset()


def on(*versions):
    return pytest.mark.parametrize("my_version", mysqld.parameters(versions))


def expire(server, seconds):
    if server.version in SECONDS:
        server.sql(f"SET GLOBAL binlog_expire_logs_seconds = {seconds}")
    else:
        server.sql(f"SET GLOBAL expire_logs_days = {seconds // DAY}")


def make_old(server, *ages):
    """Files that say that they were created so many seconds ago, and one that is new; the names of the former."""
    now = int(time.time())
    names = []
    for age in ages:
        names.append(server.flush(at=now - age))
        server.write()
    server.flush()
    server.purge(names[0])
    return names


def sizes_of(server):
    """{name: bytes} once they stay: MariaDB writes into a new log, a moment after it was begun, that no older is needed."""
    def steady():
        last = server.binlogs()[-1][0]
        checkpoints = [row["Info"] for row in server.rows(f"SHOW BINLOG EVENTS IN '{last}'")
                       if row["Event_type"] == "Binlog_checkpoint"]
        return not checkpoints or checkpoints[-1] == last
    mysqld.wait_for(steady, "the last log has no checkpoint of its own")
    return dict(server.binlogs())


def near(value, wanted, slack=60):
    return abs(float(value) - wanted) <= slack


def value(result, label):
    assert label in result.perf, result
    return result.perf[label].value


# --- how long logs are kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days, state", [(30, OK), (7, OK), (6, WARNING), (3, WARNING), (2, CRITICAL), (1, CRITICAL)])
def test_retention(server, days, state):
    expire(server, days * DAY)
    sizes = sizes_of(server)
    result = check(server)
    assert result.state == state and value(result, "server.retention") == days * DAY, result
    assert value(result, "server.files") == len(sizes)
    assert value(result, "server.size") == sum(sizes.values())
    assert "server.oldest" not in result.perf and "server.rate" not in result.perf
    if state != OK:
        assert re.search("expire_logs", result.line1), result


def test_retention_thresholds(server):
    expire(server, 2 * DAY)
    assert check(server, "-w", "24h:", "-c", "12h:").state == OK
    assert check(server, "-w", "72h:", "-c", "~:").state == WARNING


@on(*SECONDS)
def test_retention_in_seconds(server):
    expire(server, 100)
    result = check(server)
    assert result.state == CRITICAL and value(result, "server.retention") == 100
    assert "binlog_expire_logs_seconds is 100" in result.line1, result


@on("10.11", "11.4", "11.8")
def test_retention_of_a_fraction_of_a_day(server):
    server.sql("SET GLOBAL expire_logs_days = 4.5")
    assert value(check(server), "server.retention") == 4.5 * DAY


@on("8.0.15", "8.0.33")
def test_days_where_seconds_are_zero(server):
    server.sql("SET GLOBAL binlog_expire_logs_seconds = 0", "SET GLOBAL expire_logs_days = 5")
    result = check(server)
    server.sql("SET GLOBAL expire_logs_days = 0")
    assert result.state == WARNING and value(result, "server.retention") == 5 * DAY
    assert "expire_logs_days is 5" in result.line1


def test_never_expires(server):
    expire(server, 0)
    result = check(server)
    assert result.state == OK and "server.retention" not in result.perf and "never" in result.line1, result
    assert check(server, "--on", "never-expires=warning").state == WARNING


@on("8.0.33", "9.7")
def test_no_auto_purge(server):
    server.sql("SET GLOBAL binlog_expire_logs_auto_purge = OFF")
    result = check(server, "--on", "never-expires=critical")
    server.sql("SET GLOBAL binlog_expire_logs_auto_purge = ON")
    assert result.state == CRITICAL and "binlog_expire_logs_auto_purge" in result.line1, result


@on("11.4", "11.8")
def test_limit_of_the_total_size(server):
    expire(server, 0)
    server.sql("SET GLOBAL max_binlog_total_size = 1048576")
    result = check(server)
    expire(server, 30 * DAY)
    both = check(server)
    server.sql("SET GLOBAL max_binlog_total_size = 0")
    assert result.state == WARNING and "max_binlog_total_size is 1.0 MiB" in result.line1, result
    assert "server.retention" not in result.perf and "never" not in result.text
    assert both.state == WARNING and value(both, "server.retention") == 30 * DAY
    assert "replicas are connected" in both.text


@on("11.4", "11.8")
def test_purged_by_size(my_lab, my_version):
    """The time that is left at the rate of writing, and what happens then: the log is gone, the reader with it."""
    with my_lab.fresh(my_version, max_binlog_total_size=1 << 20, slave_connections_needed_for_purge=0) as server, \
            proc.scratch() as state:
        first = server.binlogs()[0][0]
        args = ["--rate-window=1s:1h", "--on", "size-limited=ok", f"--binlog-file={first}", "-vv"]
        unknown = check(server, *args, state_dir=state)
        assert "reader.time-to-loss" not in unknown.perf and "depends on the load" in unknown.line1, unknown
        server.write(1, 300000)
        time.sleep(1.1)
        known = check(server, *args, state_dir=state)
        assert 1 <= value(known, "reader.time-to-loss") < 60 and known.state == CRITICAL, known
        assert "then max_binlog_total_size removes" in known.line1, known
        server.write(1, 900000)

        def removed():
            server.sql("FLUSH ENGINE LOGS")  # what its storage engine still needs stays
            server.flush()
            return server.binlogs()[0][0] != first
        mysqld.wait_for(removed, f"the server removes its first log: {server.binlogs()}", 20, 0.2)
        gone = check(server, *args, state_dir=state)
        assert gone.state == CRITICAL and "cannot continue" in gone.line1, gone


def test_size_limit_option(server):
    total = sum(sizes_of(server).values())
    assert value(check(server, "--size-limit=1MiB"), "server.headroom") == (1 << 20) - total
    assert value(check(server, "--size-limit=1"), "server.headroom") == 1 - total
    assert check(server, "--size-limit=1", "--critical-headroom=0:").state == CRITICAL


def test_log_off(my_lab, my_version):
    with my_lab.fresh(my_version, log_bin=None, skip_log_bin=True) as server:
        server.account("monitor", "REPLICATION CLIENT")
        server.account("none")
        for user in ("monitor", "none"):
            result = check(server, "--binlog-file=b.000001", "--probe-binlog", user=user)
            assert result.state == CRITICAL and "log_bin" in result.line1, result
        assert check(server, "--on", "log-off=ok").state == OK


@pytest.mark.parametrize("format", ["STATEMENT", "MIXED"])
def test_format(server, format):
    server.sql(f"SET GLOBAL binlog_format = '{format}'")
    result = check(server)
    server.sql("SET GLOBAL binlog_format = 'ROW'")
    assert result.state == CRITICAL and format in result.line1, result


@pytest.mark.parametrize("image", ["MINIMAL", "NOBLOB"])
def test_row_image(server, image):
    server.sql(f"SET GLOBAL binlog_row_image = '{image}'")
    result = check(server)
    server.sql("SET GLOBAL binlog_row_image = 'FULL'")
    assert result.state == WARNING and image in result.line1, result


@on("8.0.15", "8.0.33", "9.7")
def test_row_value_options(server):
    server.sql("SET GLOBAL binlog_row_value_options = 'PARTIAL_JSON'")
    result = check(server)
    server.sql("SET GLOBAL binlog_row_value_options = ''")
    assert result.state == WARNING and "PARTIAL_JSON" in result.line1, result


# --- RDS and Aurora --------------------------------------------------------------------------------------------------


def make_rds(server, value, row=True):
    server.sql("CREATE TABLE mysql.rds_configuration (name varchar(100) PRIMARY KEY, value varchar(100) NULL, "
               "description varchar(300) NOT NULL)",
               "INSERT INTO mysql.rds_configuration VALUES ('source delay', 0, ''), ('target delay', 0, '')")
    if row:
        server.sql(f"INSERT INTO mysql.rds_configuration VALUES ('binlog retention hours', {value}, '')")


@pytest.mark.parametrize("hours, state, retention", [
    ("'24'", CRITICAL, DAY), ("'120'", WARNING, 5 * DAY), ("'168'", OK, 7 * DAY), ("NULL", CRITICAL, None),
    ("'0'", CRITICAL, None)])
def test_rds_hours(server, hours, state, retention):
    """They overrule the variables."""
    make_rds(server, hours)
    result = check(server)
    assert result.state == state and (state == OK or "binlog retention hours" in result.line1), result
    if retention:
        assert value(result, "server.retention") == retention
    else:
        assert "server.retention" not in result.perf
        assert check(server, "--on", "rds-unset=warning").state == WARNING


def test_rds_without_the_row(server):
    make_rds(server, "NULL", row=False)
    assert check(server).state == CRITICAL and "binlog retention hours" in check(server).line1


def test_rds_by_its_directory(my_lab, my_version):
    """There the table tells, so its right is needed; elsewhere a refusal means nothing."""
    with my_lab.fresh(my_version, basedir="/rdsdbbin/mysql") as server:
        make_rds(server, "'240'")
        server.account("monitor", "REPLICATION CLIENT")
        result = check(server, user="monitor")
        assert result.state == UNKNOWN, result
        assert "GRANT SELECT ON mysql.rds_configuration TO 'monitor'@'%'" in result.line1, result
        assert "server.retention" not in result.perf and value(result, "server.files") >= 1
        server.sql("GRANT SELECT ON mysql.rds_configuration TO 'monitor'@'%'")
        result = check(server, user="monitor")
        assert result.state == OK and value(result, "server.retention") == 240 * 3600, result


def test_rds_without_the_table(my_lab, my_version):
    """Who may read it all sees that there is none (1146); who may not is told nothing but that (1142)."""
    with my_lab.fresh(my_version, basedir="/rdsdbbin/mysql") as server:
        expire(server, 30 * DAY)
        server.account("monitor", "REPLICATION CLIENT")
        all_seeing, blind = check(server), check(server, user="monitor")
        assert all_seeing.state == CRITICAL and "no 'binlog retention hours'" in all_seeing.line1, all_seeing
        assert blind.state == UNKNOWN and "GRANT SELECT ON mysql.rds_configuration" in blind.line1, blind


# --- rights ----------------------------------------------------------------------------------------------------------


def test_rights(server):
    monitor = "BINLOG MONITOR" if server.version in MARIADB else "REPLICATION CLIENT"
    server.account("none")
    server.account("monitor", "REPLICATION CLIENT")
    server.account("binlog_monitor", monitor)
    server.account("replica", "REPLICATION SLAVE")
    server.account("both", "REPLICATION CLIENT", "REPLICATION SLAVE")
    for user in ("none", "replica"):
        result = check(server, user=user)
        assert result.state == UNKNOWN and f"GRANT {monitor} ON *.* TO '{user}'@'%'" in result.line1, result
        assert value(result, "server.retention") == 30 * DAY
    assert check(server, user="monitor").state == OK and check(server, user="binlog_monitor").state == OK
    # what was seen before is judged first
    assert check(server, "-c", "60d:", user="none").state == CRITICAL
    probed = check(server, "--probe-binlog", user="both")
    assert probed.state == OK and "server.oldest" in probed.perf, probed


def test_reader_without_the_right_to_list(server, private):
    """Files cannot be seen, so nobody says that the reader is fine; GTIDs can be seen by everybody."""
    server.account("none")
    server.write(2)
    option = offsets(private + "/o", file="b.000001", pos=4, gtids=gtids(server))
    blind = check(server, "--binlog-file=b.000001", user="none")
    assert blind.items["reader"][0] == UNKNOWN and "cannot be judged: GRANT" in blind.line1, blind
    seen = check(server, option, user="none")
    assert seen.state == UNKNOWN and seen.items["reader"][0] == OK, seen
    server.write(2)
    server.purge(server.flush())
    lost = check(server, option, user="none")
    assert lost.state == CRITICAL and "purged" in lost.line1, lost


def test_probe_without_its_right(server):
    server.account("monitor", "REPLICATION CLIENT")
    grant = "GRANT REPLICATION SLAVE ON *.* TO 'monitor'@'%'"
    noted = check(server, "--probe-binlog", user="monitor", check=False)
    assert noted.state == OK and grant in noted.text and "server.oldest" not in noted.perf, noted
    for needed in (["--critical-oldest=1d:"], ["--on", "gap=critical"], ["--warning-time-to-loss=1h:"]):
        result = check(server, "--probe-binlog", *needed, user="monitor")
        assert result.state == UNKNOWN and grant in result.line1, result


def test_discover(server):
    flavour = "mariadb" if server.version in MARIADB else "mysql"
    found = check(server, "--discover", "--binlog-file=b.000001").json
    assert found == [{"{#ITEM}": "reader", "{#FLAVOUR}": flavour}, {"{#ITEM}": "server", "{#FLAVOUR}": flavour}]


# --- the real age ----------------------------------------------------------------------------------------------------


def test_probed_age(server):
    make_old(server, 5 * DAY, 2 * DAY)
    result = check(server, "--probe-binlog")
    assert near(value(result, "server.oldest"), 5 * DAY), result
    assert result.state == OK, result
    assert check(server, "--probe-binlog", "--critical-oldest=6d:").state == CRITICAL
    assert check(server, "--probe-binlog", "--warning-oldest=4d:").state == OK


@on(*SECONDS)
def test_gap(my_lab, my_version):
    """Something else removes logs: the server has been up for longer than they are kept, and has none that is old."""
    with my_lab.fresh(my_version) as server:
        server.flush()
        server.flush()
        expire(server, 8)
        mysqld.wait_for(lambda: int(server.rows("SHOW GLOBAL STATUS LIKE 'Uptime'")[0]["Value"]) > 9, "uptime", 20, 0.2)
        if server.version in ("11.4", "11.8"):
            # even PURGE waits for replicas where logs expire
            server.sql("SET GLOBAL slave_connections_needed_for_purge = 0")
        server.write()
        server.purge(server.flush())
        args = ["-w", "~:", "-c", "~:", "--probe-binlog"]
        result = check(server, *args)
        assert result.state == WARNING and "something else removes" in result.line1, result
        assert check(server, *args, "--on", "gap=ok").state == OK
        assert check(server, "-w", "~:", "-c", "~:").state == OK, "without a probe nobody can tell"


def test_first_file_ever_is_no_gap(server):
    assert [name for name, _ in server.binlogs()] == ["b.000001"]
    assert check(server, "--probe-binlog").state == OK


def test_age_from_earlier_runs(server, private):
    """The first run knows nothing; later ones know that the file was there then."""
    first = check(server, state_dir=private)
    assert "server.oldest" not in first.perf
    time.sleep(1.2)
    second = check(server, state_dir=private)
    assert 1 <= value(second, "server.oldest") < 60 and "at least" in second.line1, second
    # how old it really is nobody knows, so a threshold does not make an alert of it
    third = check(server, "--critical-oldest=3d:", state_dir=private)
    assert third.state == OK and "server.oldest" not in third.perf and "at least" in third.line1, third
    # a file that came between two runs is as young as it seems
    server.purge(server.flush())
    check(server, state_dir=private)
    time.sleep(1.2)
    fourth = check(server, "--critical-oldest=3d:", state_dir=private)
    assert fourth.state == CRITICAL and value(fourth, "server.oldest") < 60, fourth


def test_rate(server, private):
    server.write(5)
    assert "server.rate" not in check(server, "--rate-window=1s:1h", state_dir=private).perf
    server.write(1, 100000)
    server.flush()
    server.write(1, 100000)
    time.sleep(1.1)
    rate = value(check(server, "--rate-window=1s:1h", state_dir=private), "server.rate")
    assert 100000 < rate < 200000, rate


# --- the reader ------------------------------------------------------------------------------------------------------


def test_reader(server):
    names = make_old(server, 5 * DAY, 4 * DAY, 2 * DAY)
    sizes = sizes_of(server)
    result = check(server, f"--binlog-file={names[1]}", "--binlog-pos=200", "--probe-binlog")
    assert result.state == OK and f"{names[1]}:200" in result.line1, result
    assert value(result, "reader.edge") == sizes[names[0]] + 200
    assert value(result, "reader.edge-files") == 1
    assert value(result, "reader.behind") == sum(sizes.values()) - sizes[names[0]] - 200
    # its file was last written when the next one was created
    assert near(value(result, "reader.time-to-loss"), 28 * DAY), result


def test_reader_at_the_end(server):
    sizes_of(server)
    file, position = server.position()
    result = check(server, f"--binlog-file={file}", f"--binlog-pos={position}")
    assert result.state == OK and value(result, "reader.behind") == 0, result
    assert near(value(result, "reader.time-to-loss"), 30 * DAY)


@pytest.mark.parametrize("left, state", [(30, OK), (20, WARNING), (2, CRITICAL), (-5, CRITICAL)])
def test_time_to_loss(server, left, state):
    """`left` hours until the reader's file is removed; what is overdue goes with the next file that is begun."""
    names = make_old(server, 40 * DAY, 30 * DAY - left * 3600)
    result = check(server, f"--binlog-file={names[0]}", "--probe-binlog")
    assert result.state == state and near(value(result, "reader.time-to-loss"), max(left, 0) * 3600, 90), result
    if state != OK:
        assert "expire_logs" in result.line1


def test_time_to_loss_without_a_probe(server, private):
    """Known from the run that still saw the reader's file as the last one."""
    file = server.binlogs()[-1][0]
    server.flush()
    unknown = check(server, f"--binlog-file={file}")
    assert unknown.state == OK and "reader.time-to-loss" not in unknown.perf, unknown
    assert "probe-binlog" in unknown.text
    last = server.binlogs()[-1][0]
    check(server, f"--binlog-file={last}", state_dir=private)
    server.flush()
    result = check(server, f"--binlog-file={last}", state_dir=private)
    assert near(value(result, "reader.time-to-loss"), 30 * DAY) and "at least" in result.line1, result
    # what came before the first run is as old as that run at least, and goes so much sooner
    older = check(server, f"--binlog-file={file}", state_dir=private)
    assert near(value(older, "reader.time-to-loss"), 30 * DAY) and "at most" in older.line1, older


def test_gone(server):
    names = make_old(server, 5 * DAY, 2 * DAY)
    server.purge(names[1])
    result = check(server, f"--binlog-file={names[0]}", "--binlog-pos=4", "--probe-binlog")
    assert result.state == CRITICAL and "cannot continue" in result.line1 and names[1] in result.line1, result
    assert "reader.time-to-loss" not in result.perf
    other = check(server, "--binlog-file=mysql-bin.000002")
    assert other.state == CRITICAL and "cannot continue" in other.line1, other


def test_future(server):
    file, position = server.position()
    for args in (["--binlog-file=b.000777"], [f"--binlog-file={file}", f"--binlog-pos={position + 1}"]):
        result = check(server, *args)
        assert result.state == CRITICAL and "beyond" in result.line1, result
        assert check(server, *args, "--on", "future=warning").state == WARNING


@on("8.0.15", "8.0.33", "9.7", "10.11")
def test_time_to_loss_is_what_happens(my_lab, my_version):
    """The file stays for as long as the plugin says, and goes when it says."""
    with my_lab.fresh(my_version) as server:
        first = server.binlogs()[0][0]
        server.flush()
        expire(server, 5)
        args = ["-w", "~:", "-c", "~:", "--warning-time-to-loss=~:", "--critical-time-to-loss=~:", "--probe-binlog",
                f"--binlog-file={first}"]
        left = float(value(check(server, *args), "reader.time-to-loss"))
        begin = time.monotonic()
        assert 2 <= left <= 5
        while first in [name for name, _ in server.binlogs()]:
            time.sleep(0.2)
            server.flush()
            assert time.monotonic() - begin < 10
        assert left - 1.5 < time.monotonic() - begin < left + 2.5
        assert check(server, *args).state == CRITICAL


# --- offsets and GTIDs -----------------------------------------------------------------------------------------------


def offsets(path, server_name="orders", **offset):
    text = json.dumps({"offsets": [{"partition": {"server": server_name}, "offset": {"ts_sec": 1, **offset}}]})
    with open(path, "w") as file:
        file.write(text)
    return f"--offsets={path}"


def gtids(server):
    name = "gtid_binlog_pos" if server.version in MARIADB else "gtid_executed"
    return server.variable(name).replace("\n", "")


def test_offsets(server, private):
    server.write(2)
    file, position = server.position()
    server.write(1)
    option = offsets(private + "/o", file=file, pos=position)
    result = check(server, option)
    assert result.state == OK and f"{file}:{position}" in result.line1 and value(result, "reader.behind") > 0, result
    assert check(server, option, "--server=orders").state == OK
    missing = check(server, option, "--server=nowhere")
    assert missing.state == CRITICAL and "nowhere" in missing.line1, missing


def test_readers_keep_apart(server, private):
    """Two checks of one server, each with its own reader: neither goes on with the other's memory."""
    file, position = server.position()
    state = pathlib.Path(private, "state")
    state.mkdir()
    one, other = (offsets(f"{private}/{name}", server_name=name, file=file, pos=position) for name in ("one", "other"))
    for args in ([one, "--server=one"], [other, "--server=other"], [f"--binlog-file={file}"], []):
        check(server, *args, state_dir=state)
    assert len(list(state.glob("*.state"))) == 4, list(state.iterdir())
    check(server, f"--binlog-file={file}", f"--binlog-pos={position}", state_dir=state)
    assert len(list(state.glob("*.state"))) == 4, "a position that moves on is the same reader"


def test_gtids_decide(server, private):
    """After a failover the file is another server's: it says nothing about whether the reader can continue."""
    server.write(2)
    option = offsets(private + "/o", file="old-primary.000040", pos=4000, gtids=gtids(server))
    server.write(2)
    result = check(server, option)
    assert result.state == OK and "reader.behind" not in result.perf, result
    # the file alone would say that it is gone
    assert check(server, "--binlog-file=old-primary.000040").state == CRITICAL


def test_after_a_failover(my_lab, my_version, private):
    """The promoted replica has logs of its own: by its file the reader is lost or, worse, seems to be somewhere."""
    with my_lab.fresh_pair(my_version) as (primary, replica):
        for _ in range(3):
            primary.write()
            primary.flush()
        file, position = primary.position()
        with_gtids = offsets(private + "/with", file=file, pos=position, gtids=gtids(primary))
        without = offsets(private + "/without", file=file, pos=position)
        replica.caught_up()
        primary.kill()
        replica.sql(*replica.build.unfollow())
        replica.write(2)
        expire(replica, 30 * DAY)
        result = check(replica, with_gtids)
        assert result.state == OK and "its GTIDs decide" in result.line1, result
        assert check(replica, without).state == CRITICAL


@on(*MARIADB)
def test_gtids_that_were_never_logged(my_lab, my_version, private):
    """A replica made from a backup: its log begins behind the reader, and its horizon is empty as if nothing was missing."""
    with my_lab.fresh(my_version) as server:
        expire(server, 30 * DAY)
        server.sql("RESET MASTER", "SET GLOBAL gtid_slave_pos = '0-1-17'", "SET SESSION server_id = 1",
                   "SET SESSION gtid_seq_no = 18", "CREATE DATABASE lab")
        assert server.value("SELECT BINLOG_GTID_POS('b.000001', 4)") == ""
        at = {name: offsets(f"{private}/{name}", file="b.000001", pos=4, gtids=name) for name in ("0-1-14", "0-1-17")}
        lost = check(server, at["0-1-14"])
        assert lost.state == CRITICAL and "cannot continue: it needs domain 0: 15-17" in lost.line1, lost
        assert check(server, at["0-1-17"]).state == OK
        server.account("none")
        blind = check(server, at["0-1-14"], user="none")
        assert blind.items["reader"][0] == UNKNOWN and "GRANT BINLOG MONITOR" in blind.text, blind


def test_gtids_purged(server, private):
    server.write(2)
    before = gtids(server)
    server.write(2)
    last = server.flush()
    server.write(1)
    option = offsets(private + "/o", file=last, pos=4, gtids=before)
    assert check(server, option).state == OK
    server.purge(last)
    result = check(server, option)
    assert result.state == CRITICAL and "purged" in result.line1, result
    # the file is there all the same, and serves the rest
    assert value(result, "reader.edge") == 4


def test_gtids_of_another_server(server, private):
    server.write(1)
    beyond = "0-9-99999" if server.version in MARIADB else "11111111-2222-3333-4444-555555555555:1-9"
    result = check(server, offsets(private + "/o", file="b.000001", pos=4, gtids=beyond))
    assert result.state == CRITICAL and "beyond" in result.line1, result


def test_gtids_without_gtid_mode(my_lab, private):
    """MySQL with GTIDs off: the file decides, whatever the offset has beside it."""
    with my_lab.fresh("5.7.22") as server:
        expire(server, 30 * DAY)
        option = offsets(private + "/o", file="b.000001", pos=4, gtids="11111111-2222-3333-4444-555555555555:1-9")
        assert check(server, option).state == OK


# --- the probe disturbs nobody -----------------------------------------------------------------------------------------


def test_probe_never_disturbs(my_lab, my_version):
    """A hundred probes, two at a time, beside a reader that has the server_id that clients choose by default."""
    with my_lab.fresh(my_version) as server:
        server.write(3)
        server.flush()
        server.account("probe", "REPLICATION CLIENT", "REPLICATION SLAVE")
        before = aborted(server)
        log_before = len(server.process.text())
        with server.reader(1) as reader:
            mysqld.wait_for(lambda: reader.events > 3, "the reader reads")
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                runs = [pool.submit(check, server, "--probe-binlog", "-w", "~:", "-c", "~:", "--binlog-file=b.000001",
                                    user="probe") for _ in range(100)]
                for run in runs:
                    result = run.result()
                    assert result.state == OK and "server.oldest" in result.perf, result
            assert reader.running(), reader.error
            events = reader.events
            server.write(2)
            mysqld.wait_for(lambda: reader.events >= events + 2, "the reader still reads")
            assert reader.running(), reader.error
            assert dump_threads(server) == 1, "a probe left a thread behind"
        assert aborted(server) - before == 0
        told = [line for line in server.process.text()[log_before:].splitlines() if "[" in line]
        notes = [line for line in told if re.search(r"[Ss]tart binlog_dump", line)]
        assert all("slave_server(0)" in line or "server_id(0)" in line or "server(1)" in line for line in notes), notes
        assert sum("(1)" in line for line in notes) <= 1, "a probe came as server 1"
        assert told == notes, [line for line in told if line not in notes][:5]


def aborted(server):
    return int(server.rows("SHOW GLOBAL STATUS LIKE 'Aborted_clients'")[0]["Value"])


def dump_threads(server):
    """What probes began has ended by itself."""
    def count():
        return sum(row["Command"].startswith("Binlog Dump") for row in server.rows("SHOW PROCESSLIST"))
    mysqld.wait_for(lambda: count() <= 1, "the probes' threads end")
    return count()


def test_probe_of_a_large_file(my_lab, my_version):
    """The server sends until it notices that nobody reads: it counts one aborted client, and nothing else happens."""
    with my_lab.fresh(my_version) as server:
        server.write(20, 1 << 20)
        with server.reader(1) as reader:
            mysqld.wait_for(lambda: reader.bytes > 20 << 20, "the reader reads")
            before = aborted(server)
            result = check(server, "--probe-binlog", "-w", "~:", "-c", "~:")
            assert result.state == OK and value(result, "server.oldest") < 120 and result.seconds < 2, result
            assert dump_threads(server) == 1
            assert aborted(server) - before <= 1
            assert reader.running(), reader.error


@on("8.0.15", "8.0.33", "9.7", "11.4", "11.8")
def test_probe_over_tls(server):
    """The dump's packets come through the same encryption as all others. The other versions have no certificate, or 1.1."""
    server.account("probe", "REPLICATION CLIENT", "REPLICATION SLAVE")
    names = make_old(server, 5 * DAY, 2 * DAY)
    result = plugin("check_binlog_retention", "-H", server.host, "-P", server.port, "-u", "probe", "--tls=required",
                    "--probe-binlog", f"--binlog-file={names[0]}")
    assert result.state == OK and near(value(result, "server.oldest"), 5 * DAY), result
    assert near(value(result, "reader.time-to-loss"), 28 * DAY), result


@on("8.0.15", "10.11")
def test_valgrind(server, private):
    """No error, no definite leak."""
    need.program("valgrind")
    need.sense(not sanitized("check_binlog_retention"), "a build with sanitizers: valgrind cannot run it")
    names = make_old(server, 5 * DAY, 2 * DAY)
    option = offsets(private + "/o", file=names[0], pos=4, gtids=gtids(server))
    for args in ([], ["--probe-binlog", f"--binlog-file={names[0]}", "-vvv"], ["--probe-binlog", option],
                 ["--binlog-file=gone.000001", "--output-format=json"], ["--discover"]):
        done = check(server, *args, valgrind=True, timeout=120, state_dir=private)
        assert done.valgrind == "", done
