"""A PostgreSQL server that lies, for every plugin that asks one."""

import functools
import itertools
import os
import re
import struct
import threading

import pytest

from lab import cases, fakepg, hostile, net, plugin, proc, targets
from lab.fakepg import Raw, Reply, message

Case = cases.Case
NASTY = "a|b;c<b>x</b>\n[OK] y: z|e=1\r\t\x1b[31m\x01\x7f \u0085\u2028 ä€𝄞 '\"\\%s%n ".encode()
NASTY += b"\xff\xfe\xc3 \xed\xa0\x80"
LONG = (NASTY * 2000)[:100000]
SALT = struct.pack("!I", 0x01020304)
HEALTHY = targets.pg_healthy


PROTOCOL = "pg"


def server(answer=None, **how):
    return functools.partial(fakepg.serve, answer or HEALTHY, **how)


def start(function):
    return server(startup=function)


def fails(sqlstate, text="nobody knows why"):
    return start(fakepg.fail(sqlstate, text))


# --- before the first query ---------------------------------------------------------------------------------

def started_with(*messages, then=hostile.silent):
    def startup(peer):
        for part in messages:
            peer.send(part)
        then(peer)
        raise ConnectionError("the end")
    return start(startup)


def flood(part, ready=False):
    """A message without end, before or after the server is ready."""
    def startup(peer):
        if ready:
            fakepg.authentication_ok(peer)
        else:
            peer.send(message(b"R", struct.pack("!I", 0)))
        chunk = part * max(1, hostile.CHUNK // len(part))
        while True:
            peer.send(chunk)
    return start(startup)


def scram_for_ever(peer):
    """An iteration count that keeps a client's CPU busy for hours, in a library that looks at no clock meanwhile."""
    peer.send(message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0"))
    peer.exactly(1)
    first = peer.exactly(struct.unpack("!I", peer.exactly(4))[0] - 4)
    nonce = first.partition(b",r=")[2]
    peer.send(message(b"R", struct.pack("!I", 11) + b"r=" + nonce + b"xyz,s=c2FsdHNhbHQ=,i=2000000000"))
    peer.sleep()


def version(text):
    def startup(peer):
        peer.send(message(b"R", struct.pack("!I", 0)))
        for name, value in {**fakepg.PARAMETERS, "server_version": text}.items():
            peer.send(message(b"S", name.encode() + b"\0" + value.encode() + b"\0"))
        peer.send(message(b"K", struct.pack("!II", 1, 2)) + message(b"Z", b"I"))
    return startup


ERR = fakepg.error_fields
STARTUP = [
    Case("starting up", fails("57P03", "the database system is starting up"), "CRITICAL", "starting up"),
    Case("shutting down", fails("57P01", "terminating connection"), "CRITICAL", "terminating"),
    Case("too many clients", fails("53300", "sorry, too many clients already"), "CRITICAL", "too many clients"),
    Case("wrong password", fails("28P01", "password authentication failed"), "UNKNOWN", "password"),
    Case("no pg_hba.conf entry", fails("28000", "no pg_hba.conf entry for host"), "UNKNOWN", "pg_hba"),
    Case("no such database", fails("3D000", "database y does not exist"), "UNKNOWN", "does not exist"),
    Case("no right to connect", fails("42501", "permission denied for database"), "UNKNOWN", "permission"),
    Case("an unknown SQLSTATE", fails("XX999"), "UNKNOWN CRITICAL"),
    Case("no SQLSTATE", started_with(message(b"E", b"SFATAL\0Mwhy\0\0"), then=hostile.hang_up), "UNKNOWN CRITICAL"),
    Case("an empty error", started_with(message(b"E", b"\0"), then=hostile.hang_up), "UNKNOWN CRITICAL"),
    Case("an error without end byte", started_with(message(b"E", b"SFATAL\0C57P03\0M"), then=hostile.hang_up),
         "UNKNOWN CRITICAL"),
    Case("protocol 2 error", started_with(b"EFATAL: what?\n\0", then=hostile.hang_up), "UNKNOWN CRITICAL"),
    Case("nasty error", fails("57P03", NASTY), "CRITICAL"),
    Case("long nasty error", fails("57P03", LONG[:20000]), "CRITICAL"),
    Case("longer nasty error", fails("57P03", LONG), "UNKNOWN CRITICAL"),
    Case("nasty and denied", fails("28P01", NASTY), "UNKNOWN"),
    Case("nasty, json", fails("57P03", LONG[:20000]), "CRITICAL", args=["--output-format=json"]),
    Case("nasty, prometheus", fails("57P03", LONG[:20000]), "CRITICAL", args=["--output-format=prometheus"]),
    Case("nasty, discovery", fails("57P03", LONG[:20000]), "UNKNOWN", args=["--discover"]),
    Case("nasty, verbose", fails("57P03", LONG[:20000]), "CRITICAL", args=["--output-format=json", "-vvv"]),
    Case("password in clear text", start(fakepg.ask(3)), "UNKNOWN", "password"),
    Case("password as MD5", start(fakepg.ask(5, SALT)), "UNKNOWN", "password"),
    Case("password by SASL", start(fakepg.ask(10, b"SCRAM-SHA-256\0\0")), "UNKNOWN", "password"),
    Case("SASL of an unknown kind", start(fakepg.ask(10, b"BOGUS\0\0")), "UNKNOWN"),
    Case("SASL without a kind", start(fakepg.ask(10, b"\0")), "UNKNOWN"),
    Case("unknown authentication", start(fakepg.ask(99)), "UNKNOWN"),
    Case("Kerberos", start(fakepg.ask(2)), "UNKNOWN"),
    Case("SCRAM without end", start(scram_for_ever), "UNKNOWN", "time", env={"PGPASSWORD": "x"}),
    Case("1 GB authentication", started_with(message(b"R", b"\0\0\0\0", 1 << 30)), "UNKNOWN"),
    Case("1 GB error", started_with(message(b"E", b"SFATAL\0", 1 << 30)), "UNKNOWN CRITICAL"),
    Case("negative length", started_with(message(b"R", b"\0\0\0\0", 0xFFFFFFFF)), "UNKNOWN"),
    Case("length zero", started_with(message(b"R", b"\0\0\0\0", 0)), "UNKNOWN"),
    Case("authenticated, then silent", started_with(message(b"R", b"\0\0\0\0")), "UNKNOWN", "time"),
    Case("authenticated, then gone", started_with(message(b"R", b"\0\0\0\0"), then=hostile.hang_up), "CRITICAL"),
    Case("ready, then silent", started_with(message(b"R", b"\0\0\0\0"), message(b"S", b"server_version\x0015.4\0"),
                                            message(b"Z", b"I")), "UNKNOWN", "time"),
    Case("a query result before the start", started_with(fakepg.row_description([("a", 25)])), "UNKNOWN"),
    Case("newer protocol refused", started_with(message(b"v", struct.pack("!II", 0, 1) + b"_pq_.x\0")), "UNKNOWN"),
    Case("old server", start(version("9.6.24")), "UNKNOWN", "9.6|version"),
    Case("ancient server", start(version("7.2")), "UNKNOWN"),
    Case("nonsense version", start(version("nonsense")), "UNKNOWN"),
    Case("no version", start(version("")), "UNKNOWN"),
    Case("notices without end", flood(fakepg.notice("x" * 500)), "UNKNOWN", large=True),
    Case("parameters without end", flood(message(b"S", b"a\0" + b"b" * 300 + b"\0")), "UNKNOWN", large=True),
    Case("new parameters without end",
         flood(b"".join(message(b"S", b"p%d\0" % i + b"v" * 80 + b"\0") for i in range(20000))), "UNKNOWN", large=True),
    Case("notices without end when ready", flood(fakepg.notice("x" * 500), True), "UNKNOWN", large=True),
    Case("notifications without end", flood(message(b"A", SALT + b"ch\0" + b"x" * 400 + b"\0"), True), "UNKNOWN",
         large=True),
]

# --- TLS ----------------------------------------------------------------------------------------------------


class Tls:
    """Certificates, made once when the first case needs them; the cases run in threads."""

    def __init__(self):
        self.lock, self.made = threading.RLock(), {}

    def once(self, key, make):
        with self.lock:
            if key not in self.made:
                self.made[key] = make()
            return self.made[key]

    def new_authority(self):
        # Removed at the end of the tests, as everything from proc.scratch that is still there.
        scratch = self.made["scratch", len(self.made)] = proc.scratch()
        return hostile.Authority(scratch.__enter__())

    def authority(self):
        return self.once("authority", self.new_authority)

    def other(self):
        return self.once("other", self.new_authority)

    def context(self, names):
        return self.once(names, lambda: self.authority().context(names))


TLS = Tls()


def tls(names, **how):
    return lambda: fakepg.serve(HEALTHY, tls=TLS.context(names), **how)


def after_s(function):
    """S, and then not what a client of TLS expects."""
    def handler(peer):
        peer.exactly(8)
        peer.send(b"S")
        function(peer)
    return functools.partial(hostile.serve, handler)


def verify(mode, authority=TLS.authority):
    return lambda: ["--tls=" + mode, "--ca-cert=" + authority().cert]


DENIED = fakepg.fail("28P01", "password authentication failed")
TLS_CASES = [
    Case("TLS as it should be, then denied", tls("IP:127.0.0.1", startup=DENIED), "UNKNOWN", "password",
         args=verify("verify-full")),
    Case("TLS with a wrong name", tls("DNS:other.example", startup=DENIED), "CRITICAL", "name|certificate",
         args=verify("verify-full")),
    Case("TLS with a wrong name, CA only", tls("DNS:other.example", startup=DENIED), "UNKNOWN", "password",
         args=verify("verify-ca")),
    Case("TLS of an unknown authority", tls("IP:127.0.0.1"), "CRITICAL", "certificate",
         args=verify("verify-ca", TLS.other)),
    Case("TLS demanded, not offered", server(), "CRITICAL", "TLS|SSL", args=["--tls=require"]),
    Case("TLS that stalls after S", after_s(hostile.silent), "UNKNOWN", "time", args=["--tls=require"]),
    Case("TLS that stalls, prefer", after_s(hostile.silent), "UNKNOWN", "time", args=["--tls=prefer"]),
    Case("TLS cut after S", after_s(hostile.hang_up), "CRITICAL", args=["--tls=require"]),
    Case("TLS reset after the hello", after_s(hostile.reset), "CRITICAL", args=["--tls=require"]),
    Case("TLS, then noise", after_s(hostile.say(hostile.noise(5))), "CRITICAL UNKNOWN", args=["--tls=require"]),
    Case("TLS, a record a second", after_s(hostile.slow(b"\x16\x03\x03\x00\x7a" + b"x" * 99)), "UNKNOWN", "time",
         args=["--tls=require"]),
    Case("TLS, an alert", after_s(hostile.say(b"\x15\x03\x03\x00\x02\x02\x28")), "CRITICAL", args=["--tls=require"]),
    Case("TLS, text before the handshake", after_s(lambda p: (p.send(b"E\0\0\0\5\0"), p.sleep())), "CRITICAL UNKNOWN",
         args=["--tls=require"]),
    Case("neither S nor N", server(on_tls=b"X"), "CRITICAL UNKNOWN", args=["--tls=require"]),
    Case("an error instead of S", server(on_tls=ERR("57P03", LONG[:5000], "FATAL")), "CRITICAL UNKNOWN",
         args=["--tls=require"]),
    Case("silent to the TLS request", functools.partial(hostile.serve, hostile.silent), "UNKNOWN", "time",
         args=["--tls=require"]),
    Case("HTTP to the TLS request", functools.partial(hostile.serve, hostile.say(hostile.HTTP_PAGE)),
         "CRITICAL UNKNOWN", args=["--tls=require"]),
]

# --- answers to queries -------------------------------------------------------------------------------------


def query(rows=None, names=None, where="pg_replication_slots|AS (position|standby)"):
    """The queries that matter get these rows and columns, each a function of the healthy ones; all others succeed."""
    def answer(statement):
        reply = HEALTHY(statement)
        if reply.columns and re.search(where, statement):
            columns, row = reply.columns, list(reply.rows)[0]
            reply.columns = names(columns) if names else columns
            reply.rows = rows(row) if rows else [row]
        return reply
    return server(answer)


def each(value, **how):
    return query(lambda row: [[value] * len(row)], **how)


def wrong_numbers(value):
    """What looks like a number, or a position in the WAL, becomes value."""
    def change(row):
        return [[value if cell and (cell.isdigit() or b"/" in cell) else cell for cell in row]]
    return query(change)


def raw(data):
    """Bytes instead of the rows and all that follows."""
    return query(lambda row: [Raw(data), lambda peer: peer.sleep()])


def instead(data):
    """Bytes instead of the whole answer."""
    def answer(statement):
        return fakepg.command(statement) or Reply(error=data)
    return server(answer)


def large_value(size):
    """A DataRow of one value of this size, really sent, in pieces."""
    def send(peer):
        peer.send(b"D" + struct.pack("!IHi", size + 10, 1, size))
        for _ in range(size // hostile.CHUNK):
            peer.send(b"1" * hostile.CHUNK)
        peer.sleep()
    return query(lambda row: [send], names=lambda columns: columns[:1])


def fails_query(sqlstate, text="nobody knows why"):
    return server(fakepg.error(sqlstate, text))


CUT = Raw(fakepg.data_row([b"abcdefghij"] * 20)[:50])
QUERIES = [
    Case("query: shutting down", fails_query("57P01", "terminating connection"), "CRITICAL", "terminating"),
    Case("query: starting up", fails_query("57P03", "not yet"), "CRITICAL", "not yet"),
    Case("query: no right", fails_query("42501", "permission denied for view"), "UNKNOWN", "permission|GRANT"),
    Case("query: undefined column", fails_query("42703", "column x does not exist"), "UNKNOWN"),
    Case("query: undefined table", fails_query("42P01", "relation x does not exist"), "UNKNOWN"),
    Case("query: out of memory", fails_query("53200", "out of memory"), "UNKNOWN CRITICAL"),
    Case("query: statement timeout", fails_query("57014", "canceling statement"), "UNKNOWN CRITICAL"),
    Case("query: nasty error", fails_query("XX000", LONG), "UNKNOWN CRITICAL"),
    Case("query: nasty and 57P01", fails_query("57P01", LONG), "CRITICAL"),
    Case("query: nasty, json", fails_query("57P01", LONG), "CRITICAL", args=["--output-format=json", "-vvv"]),
    Case("query: nasty, prometheus", fails_query("57P01", LONG), "CRITICAL", args=["--output-format=prometheus"]),
    Case("query: silent", query(lambda row: [lambda peer: peer.sleep()]), "UNKNOWN", "time"),
    Case("query: a row, then silent", query(lambda row: [row, lambda peer: peer.sleep()]), "UNKNOWN", "time"),
    Case("query: cut in a row", query(lambda row: [row, CUT, lambda peer: peer.reset()]), "CRITICAL"),
    Case("query: half a row, then silent", raw(CUT), "UNKNOWN"),
    Case("query: NULL everywhere", each(None), "UNKNOWN"),
    Case("query: NULL in all queries", each(None, where=""), "UNKNOWN"),
    Case("query: NULL for the slots", each(None, where="pg_replication_slots"), "UNKNOWN"),
    Case("query: NULL for the server", each(None, where="AS standby"), "UNKNOWN"),
    Case("query: NULL for the position", each(None, where="AS position"), "UNKNOWN", "position"),
    Case("query: no row for the server", query(lambda row: [], where="AS standby"), "UNKNOWN"),
    Case("query: no row for the position", query(lambda row: [], where="AS position"), "UNKNOWN", "position"),
    Case("query: two rows for the server", query(lambda row: [row, row], where="AS standby"), "UNKNOWN"),
    Case("query: no slot", query(lambda row: [], where="pg_replication_slots"), "UNKNOWN", "no .*slot"),
    Case("query: empty everywhere", each(b""), "UNKNOWN"),
    Case("query: nasty everywhere", each(NASTY), "UNKNOWN"),
    Case("query: NUL everywhere", each(b"\0\0"), "UNKNOWN"),
    Case("query: long nasty everywhere", each(LONG), "UNKNOWN"),
    Case("query: no column", query(lambda row: [[]], lambda columns: []), "UNKNOWN"),
    Case("query: one column", query(lambda row: [row[:1]], lambda columns: columns[:1]), "UNKNOWN"),
    Case("query: a column less", query(lambda row: [row[:-1]], lambda columns: columns[:-1]), "UNKNOWN"),
    Case("query: columns under other names", query(names=lambda columns: [("x%d" % i, o) for i, (_, o) in
                                                                         enumerate(columns)]), "UNKNOWN"),
    Case("query: a row of fewer columns", query(lambda row: [row[:-1]]), "UNKNOWN"),
    Case("query: a row of more columns", query(lambda row: [row + row]), "UNKNOWN"),
    Case("query: negative column length", raw(message(b"D", struct.pack("!Hi", 1, -5))), "UNKNOWN"),
    Case("query: 1 GB column", raw(message(b"D", struct.pack("!Hi", 1, 1 << 30))), "UNKNOWN"),
    Case("query: 1 GB row", raw(message(b"D", b"\0\1", 1 << 30)), "UNKNOWN", large=True),
    Case("query: 1 GB error", instead(message(b"E", b"SERROR\0", 1 << 30)), "UNKNOWN", large=True),
    Case("query: 300 MB really sent", large_value(300 << 20), "UNKNOWN", large=True, timeout=3.0),
    Case("query: rows without end", query(itertools.repeat), "UNKNOWN", large=True, timeout=3.0),
    Case("query: short rows without end", query(lambda row: itertools.repeat(row[:1]), lambda columns: columns[:1]),
         "UNKNOWN", large=True, timeout=3.0),
    Case("query: two million rows", query(lambda row: itertools.repeat(row, 2000000)), "UNKNOWN", large=True,
         timeout=3.0),
    Case("query: errors without end", instead(ERR("XX000", "x" * 900) * 5000), "UNKNOWN CRITICAL", large=True),
    Case("query: COPY out", instead(message(b"H", b"\0\0\1\0\0")), "UNKNOWN"),
    Case("query: COPY in", instead(message(b"G", b"\0\0\1\0\0")), "UNKNOWN"),
    Case("query: COPY both", instead(message(b"W", b"\0\0\0")), "UNKNOWN"),
    Case("query: COPY without end", instead(message(b"H", b"\0\0\1\0\0") + message(b"d", b"x" * 999) * 9999),
         "UNKNOWN"),
    Case("query: empty query", instead(message(b"I")), "UNKNOWN"),
    Case("query: only complete", instead(message(b"C", b"SELECT 0\0")), "UNKNOWN"),
    Case("query: suspended", instead(message(b"s")), "UNKNOWN"),
    Case("query: authentication again", instead(message(b"R", b"\0\0\0\3")), "UNKNOWN CRITICAL"),
    Case("query: unknown message", instead(message(b"\x7f", b"x" * 10)), "UNKNOWN CRITICAL"),
    Case("query: noise", instead(hostile.noise(11)), "UNKNOWN CRITICAL"),
] + [Case("query: numbers are %r" % text[:30], wrong_numbers(text), "UNKNOWN") for text in (
    b"abc", b"1e309", b"NaN", b"-", b"99999999999999999999", b"-99999999999999999999", b"0x10", b"1,5", b" 5", b"5 ",
    b"1/2/3", b"ZZ/ZZ", b"123456789/0", b"/", b"1" * 100000, b"\xff", b"+5", b"5\n")]

SUITES = {"startup": cases.Suite(STARTUP), "tls": cases.Suite(TLS_CASES), "queries": cases.Suite(QUERIES)}
ALL = [(suite, case) for suite in SUITES.values() for case in suite.cases]


@pytest.mark.parametrize("suite, case", ALL, ids=lambda x: str(x) if isinstance(x, Case) else "")
def test_lying_server(program, suite, case):
    suite.check(program, case)


# --- rights that are missing ----------------------------------------------------------------------------------

def refuses(where, sqlstate="42501"):
    """A healthy server that refuses one of the queries."""
    def answer(statement):
        reply = HEALTHY(statement)
        if reply.columns and re.search(where, statement):
            return Reply(error=ERR(sqlstate, "permission denied for x"))
        return reply
    return fakepg.serve(answer)


@pytest.mark.parametrize("where, args, state, says", [
    ("FROM pg_replication_slots", [], "UNKNOWN", "GRANT SELECT ON .*pg_replication_slots"),
    ("AS position", [], "UNKNOWN", "GRANT EXECUTE ON FUNCTION .*pg_current_wal_lsn"),
    ("pg_control_system", [], "OK", ""),
    ("pg_stat_replication_slots", [], "OK", "GRANT SELECT ON .*pg_stat_replication_slots"),
    ("pg_stat_replication_slots", ["--warning-spill=5"], "UNKNOWN", "GRANT SELECT ON .*pg_stat_replication_slots"),
])
def test_a_missing_right(program, where, args, state, says):
    """For what the question needs, or the command line names: denied, with the GRANT. For anything else: a note."""
    if program != "check_pg_slot":
        return
    with refuses(where) as port:
        done = targets.run(program, port, args)
    assert done.state == state and re.search(says, done.text), done
    assert state == "OK" or re.search(says, done.line1), done


def test_a_refusal_of_aurora(program):
    """Aurora without logical replication refuses the WAL position: the text says what to switch on."""
    if program == "check_pg_slot":
        with refuses("AS position", "0A000") as port:
            done = targets.run(program, port)
        assert done.rc == 3 and "rds.logical_replication" in done.line1, done


def test_where_a_password_is_looked_for(program, private):
    """libpq says only that there is none."""
    if program != "check_pg_slot":
        return
    file = f"{private}/pass"
    for content, says in (None, f"there is no password file {file} (--passfile)"), ("*:1:*:*:x", f"no line of {file} fits"):
        if content:
            with open(file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
                out.write(content)
        with start(fakepg.ask(3))() as port:
            done = targets.run(program, port, [], env={"PGPASSFILE": file})
        assert done.state == "UNKNOWN" and says in done.line1, done


def test_timers_go_by_the_clock_of_the_server(program, private):
    """Whatever the clock of this host does: a slot is inactive for as long as the server says."""
    if program != "check_pg_slot":
        return
    clock = {"start_ms": b"1"}
    with fakepg.serve(at_time(clock)) as port:
        for seconds, state in (0, "OK"), (300, "OK"), (360, "WARNING"):
            clock["now_ms"] = b"%d" % (1000000000000 + 1000 * seconds)
            done = targets.run(program, port, ["-s", "dbz_orders"], state_dir=private)
            assert done.state == state and done.perf["dbz_orders.inactive"].value == seconds, done


def at_time(clock):
    """A server of version 15 whose clock says so, with a slot that nobody uses."""
    slots = targets.pg_slots({"slot_name": b"dbz_orders", "active": b"f"})

    def answer(statement):
        reply = slots(statement)
        names = [name for name, _ in reply.columns or []]
        if "now_ms" in names:
            reply.rows = [[clock.get(name, value) for name, value in zip(names, row)] for row in reply.rows]
        return reply
    return answer


# --- a healthy server ---------------------------------------------------------------------------------------

def healthy(program, *args, **how):
    with fakepg.serve(HEALTHY) as port:
        return targets.run(program, port, *args, **how)


def test_healthy_server(program):
    """The control: without it every test above could pass because of a fake that no client understands."""
    done = healthy(program)
    assert done.rc == 0 and done.perf, done
    for fmt in ("json", "prometheus"):
        assert healthy(program, "--output-format=" + fmt).rc == 0
    assert healthy(program, "--discover").text.startswith("[{")


def test_many_notices_change_nothing(program):
    """libpq prints notices to standard error, unless it is told not to."""
    def answer(statement):
        reply = HEALTHY(statement)
        if reply.columns:
            reply.rows = itertools.chain([Raw(fakepg.notice(NASTY) * 5000)], list(reply.rows)[:1])
        return reply
    with fakepg.serve(answer) as port:
        done = targets.run(program, port)
    assert done.text == healthy(program).text


# --- lists of hosts -----------------------------------------------------------------------------------------

def lists(bad, good, directory):
    """The ways in which a list of hosts can be given: arguments, environment."""
    hosts, ports = "127.0.0.1,127.0.0.1", "%d,%d" % (bad, good)
    service = directory / "pg_service.conf"
    service.write_text("[both]\nhost=%s\nport=%s\nuser=x\nsslmode=disable\n" % (hosts, ports))
    services = {"PGSERVICEFILE": str(service)}
    return {
        "conninfo": (["-o", "host=%s port=%s user=x sslmode=disable" % (hosts, ports)], {}),
        "addresses": (["-o", "hostaddr=%s port=%s user=x sslmode=disable" % (hosts, ports)], {}),
        "option": (["-H", hosts, "-o", "port=%s" % ports, "-u", "x", "--tls=disable"], {}),
        "environment": (["-u", "x", "--tls=disable"], {"PGHOST": hosts, "PGPORT": ports}),
        "addresses in the environment": (["-u", "x", "--tls=disable"], {"PGHOSTADDR": hosts, "PGPORT": ports}),
        "service": (["--service=both"], services),
        "service in the environment": ([], {**services, "PGSERVICE": "both"}),
        "standby preferred": (["-o", "host=%s port=%s user=x sslmode=disable target_session_attrs=prefer-standby"
                               % (hosts, ports)], {}),
    }


@pytest.mark.parametrize("how", ["conninfo", "addresses", "option", "environment", "addresses in the environment",
                                 "service", "service in the environment", "standby preferred"])
def test_a_black_hole_in_front(program, how, tmp_path):
    """However a list of hosts was given: each has its share of the time for connecting."""
    if program != "check_pg_slot":
        return
    with net.black_hole() as bad, fakepg.serve(HEALTHY) as good:
        args, env = lists(bad, good, tmp_path)[how]
        done = plugin.run(program, ["--no-state", "-t", "3", *args], env=env, check=False, timeout=20)
    assert done.rc == 0 and done.seconds < 3, done


def test_a_name_behind_is_not_looked_up(program):
    """The first host answers: what stands behind it must not matter."""
    if program != "check_pg_slot":
        return
    with fakepg.serve(HEALTHY) as good:
        done = plugin.run(program, ["--no-state", "-v", "-H", "127.0.0.1,no.such.name.invalid", "-P", str(good),
                                    "-u", "x", "--tls=disable"], check=False, timeout=20)
    assert done.rc == 0 and "no.such.name" not in done.text, done


@pytest.mark.parametrize("greeting, tls", [
    (b"SSH-2.0-OpenSSH_9.2p1\r\n", "disable"),  # else its S reads as "yes, TLS", and it is silent
    (hostile.HTTP_PAGE, "disable"),
    (hostile.HTTP_PAGE, "require"),
])
def test_another_protocol(program, greeting, tls):
    """Said with what was expected there."""
    if program == "check_pg_slot":
        with hostile.serve(hostile.say(greeting)) as port:
            done = plugin.run(program, ["--no-state", "-H", "127.0.0.1", "-P", port, "-u", "x", f"--tls={tls}"], check=False)
        assert done.state == "UNKNOWN" and "a PostgreSQL server was expected there" in done.line1, done


@pytest.mark.parametrize("one, other", [
    (["-H", "localhost"], ["-H", "LOCALHOST"]),
    (["--include=dbz.*", "--include=a"], ["--include=a", "--include=dbz.*"]),
    (["--exclude=b", "--exclude=a"], ["--exclude=a", "--exclude=b", "--exclude=a"]),
    (["-s", "dbz_orders", "-s", "b"], ["-s", "b", "-s", "dbz_orders"]),
])
def test_the_same_check_has_one_state(program, private, one, other):
    """However its command line is written."""
    if program == "check_pg_slot":
        with fakepg.serve(HEALTHY) as port:
            for args in one, other:
                host = [] if "-H" in args else ["-H", "127.0.0.1"]
                plugin.run(program, [*host, "-P", port, "-u", "x", "--tls=disable", *args], state_dir=private)
        files = [name for name in os.listdir(private) if name.endswith(".state")]
        assert len(files) == 1, files


def test_a_mode_in_the_environment_that_cannot_be(program):
    if program == "check_pg_slot":
        done = plugin.run(program, ["--no-state", "-H", "127.0.0.1"], env={"PGSSLMODE": "bogus"}, check=False)
        assert done.rc == 3 and "bogus" in done.line1 and "cannot connect" not in done.line1, done


@pytest.mark.parametrize("args, says", [
    (["--service=nowhere"], "nowhere"),
    (["-o", "host=a,b,c port=1,2"], "2 ports for 3 hosts"),
    (["-o", "host=a,b hostaddr=127.0.0.1"], "1 .*addresses for 2 hosts"),
    (["-o", "sslmode=bogus host=127.0.0.1"], "bogus"),
    (["-o", "host=127.0.0.1 port=99999"], "99999"),
    (["-o", "host=127.0.0.1 keepalives_idle=x"], "keepalives_idle"),
])
def test_parameters_that_cannot_be(program, args, says):
    """Nothing was tried: that is no server that cannot be reached."""
    if program == "check_pg_slot":
        done = plugin.run(program, ["--no-state", *args], check=False)
        assert done.rc == 3 and re.search(says, done.line1), done
