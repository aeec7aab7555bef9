"""A MySQL server that lies, for every plugin that asks one."""

import atexit
import functools
import itertools
import os
import re
import struct
import threading

import pytest

from lab import cases, fakemy, hostile, need, proc, targets
from lab.fakemy import EOF, OK, Raw, Reply, error, packet

Case = cases.Case
PROTOCOL = "mysql"
NASTY = "a|b;c<b>x</b>\n[OK] y: z|e=1\r\t\x1b[31m\x01\x7f \u0085\u2028 ä€𝄞 '\"\\%s%n ".encode()
NASTY += b"\xff\xfe\xc3 \xed\xa0\x80"
LONG = (NASTY * 2000)[:100000]
HEALTHY = fakemy.mysql()
GREETING = packet(0, fakemy.greeting())


def server(answer=None, **how):
    return functools.partial(fakemy.serve, answer or HEALTHY, **how)


def says(data, then=hostile.silent):
    return functools.partial(hostile.serve, hostile.greet(data, then))


def greets(payload, then=hostile.silent):
    return says(packet(0, payload), then)


def slow_greeting(peer):
    for byte in GREETING:
        peer.send(bytes([byte]))
        peer.sleep(0.5)


def flood(peer):
    while True:
        peer.send(b"\x0a8" * (hostile.CHUNK // 2))


# --- the greeting -----------------------------------------------------------------------------------------------------

TOO_MANY = error(1040, "Too many connections", "08004")[:3] + b"Too many connections"  # no SQLSTATE so early
GREETINGS = [
    Case("silent", functools.partial(hostile.serve, hostile.silent), "UNKNOWN", "time"),
    Case("a greeting byte by byte", functools.partial(hostile.serve, slow_greeting), "UNKNOWN", "time"),
    Case("half a greeting, then silent", says(GREETING[:30]), "UNKNOWN", "time"),
    Case("half a greeting, then gone", says(GREETING[:30], hostile.hang_up), "CRITICAL UNKNOWN"),
    Case("half a header, then gone", says(GREETING[:3], hostile.hang_up), "CRITICAL UNKNOWN"),
    Case("a greeting, then gone", says(GREETING, hostile.hang_up), "CRITICAL"),
    Case("a greeting, then a reset", says(GREETING, lambda peer: (peer.recv(), peer.reset())), "CRITICAL"),
    Case("too many connections", greets(TOO_MANY), "CRITICAL", "Too many connections"),
    Case("blocked host", greets(b"\xff" + struct.pack("<H", 1129) + b"Host is blocked"), "CRITICAL", "blocked"),
    Case("host not allowed", greets(b"\xff" + struct.pack("<H", 1130) + b"Host is not allowed"), "UNKNOWN", "not allowed"),
    Case("an unknown error", greets(b"\xff" + struct.pack("<H", 9999) + NASTY), "UNKNOWN CRITICAL"),
    Case("a long error", greets(b"\xff" + struct.pack("<H", 1040) + LONG), "CRITICAL UNKNOWN"),
    Case("an error without a text", greets(b"\xff\x10\x04"), "CRITICAL UNKNOWN"),
    Case("an error without a number", greets(b"\xff"), "CRITICAL UNKNOWN"),
    Case("protocol 9", greets(b"\x095.0.1\0"), "UNKNOWN", "MySQL|protocol|greeting"),
    Case("an empty greeting", greets(b""), "UNKNOWN CRITICAL"),
    Case("only a version", greets(b"\x0a8.0.36"), "UNKNOWN CRITICAL"),
    Case("only a version, ended", greets(b"\x0a8.0.36\0"), "UNKNOWN CRITICAL"),
    Case("a long version", greets(b"\x0a" + b"9" * 100000 + b"\0"), "UNKNOWN CRITICAL"),
    Case("nothing but zeros", greets(b"\0" * 90), "UNKNOWN CRITICAL"),
    Case("no 4.1 protocol", greets(fakemy.greeting(capabilities=fakemy.LONG_PASSWORD)), "UNKNOWN CRITICAL"),
    Case("a packet of 16 MB that does not come", says(packet(0, b"\x0a8.0", 0xFFFFFF)), "UNKNOWN", large=True),
    Case("a greeting without end", functools.partial(hostile.serve, flood), "UNKNOWN CRITICAL", large=True, timeout=3.0),
    Case("noise", says(hostile.noise(3)), "UNKNOWN CRITICAL"),
    Case("HTTP", says(hostile.HTTP_PAGE), "UNKNOWN", "MySQL"),
]

# --- the log-in -------------------------------------------------------------------------------------------------------


def login(function):
    return server(login=function)


def answers(*payloads, then=hostile.silent):
    """These packets instead of a log-in."""
    def say(peer, sequence):
        for number, payload in enumerate(payloads):
            peer.send(packet(sequence + number, payload))
        then(peer)
        raise ConnectionError("the end")
    return login(say)


def refuses(number, message="no", sqlstate="HY000"):
    return login(fakemy.refuse(number, message, sqlstate))


def switch(method, data=fakemy.SALT + b"\0"):
    return b"\xfe" + method + b"\0" + data


def endless_switch(peer, sequence):
    for number in itertools.count(sequence, 2):
        peer.send(packet(number, switch(b"mysql_native_password")))
        fakemy.read_packet(peer)


LOGINS = [
    Case("login: silent", answers(), "UNKNOWN", "time"),
    Case("login: gone", answers(then=hostile.hang_up), "CRITICAL", "closed|lost|log-in"),
    Case("login: reset", answers(then=lambda peer: peer.reset()), "CRITICAL"),
    Case("login: denied", refuses(1045, "Access denied for user", "28000"), "UNKNOWN", "Access denied"),
    Case("login: locked", refuses(3118, "Account is locked"), "UNKNOWN", "locked"),
    Case("login: no such database", refuses(1049, "Unknown database 'x'", "42000"), "UNKNOWN", "Unknown database"),
    Case("login: TLS demanded", refuses(3159, "Connections using insecure transport are prohibited"), "UNKNOWN", "insecure"),
    Case("login: too many", refuses(1040, "Too many connections", "08004"), "CRITICAL", "Too many"),
    Case("login: too many of the user", refuses(1203, "already has more than", "42000"), "CRITICAL", "more than"),
    Case("login: offline mode", refuses(3032, "The server is currently in offline mode"), "CRITICAL", "offline"),
    Case("login: shutting down", refuses(1053, "Server shutdown in progress", "08S01"), "CRITICAL", "shutdown"),
    Case("login: nasty", refuses(1045, NASTY), "UNKNOWN"),
    Case("login: long and nasty", refuses(1040, LONG), "CRITICAL UNKNOWN"),
    Case("login: an unknown method", answers(switch(b"no_such_plugin")), "UNKNOWN"),
    Case("login: a method with a path", answers(switch(b"../../../tmp/evil")), "UNKNOWN"),
    Case("login: the password in the clear", answers(switch(b"mysql_clear_password")), "UNKNOWN"),
    Case("login: a dialogue", answers(switch(b"dialog", b"\x04Password: ")), "UNKNOWN"),
    Case("login: the old password", answers(b"\xfe"), "UNKNOWN"),
    Case("login: a salt that is too short", answers(switch(b"mysql_native_password", b"abc\0")), "UNKNOWN CRITICAL"),
    Case("login: a method without end", login(endless_switch), "UNKNOWN CRITICAL"),
    Case("login: more data without a method", answers(b"\x01\x04"), "UNKNOWN CRITICAL"),
    Case("login: a row", answers(b"\x03abc"), "UNKNOWN CRITICAL"),
    Case("login: nothing", answers(b""), "UNKNOWN CRITICAL"),
    Case("login: a wrong sequence", login(lambda peer, sequence: (peer.send(packet(99, OK)), peer.sleep())),
         "UNKNOWN CRITICAL"),
    Case("login: noise", login(lambda peer, _: (peer.send(hostile.noise(5)), peer.sleep())), "UNKNOWN CRITICAL"),
    Case("login: a file is wanted", answers(b"\xfb/etc/passwd"), "UNKNOWN CRITICAL"),
]

# --- TLS --------------------------------------------------------------------------------------------------------------

WITH_TLS = packet(0, fakemy.greeting(capabilities=fakemy.CAPABILITIES | fakemy.SSL))
REQUIRED = ["--tls=required"]


def after_request(then):
    """What the server does once TLS was asked for."""
    def handle(peer):
        peer.send(WITH_TLS)
        fakemy.read_packet(peer)
        then(peer)
        peer.sleep()
    return functools.partial(hostile.serve, handle)


MAKING = threading.Lock()  # the cases of a suite run together
SCRATCH = proc.scratch()


@functools.lru_cache(maxsize=None)
def authority():
    """Two certificate authorities for all tests; their directory lives as long as the process."""
    directory = SCRATCH.__enter__()
    atexit.register(SCRATCH.__exit__, None, None, None)
    os.mkdir(directory + "/other")
    return hostile.Authority(directory), hostile.Authority(directory + "/other", "another")


@functools.lru_cache(maxsize=None)
def certified(names):
    return authority()[0].context(names)


def tls_server(names):
    def serve():
        with MAKING:
            context = certified(names)
        return fakemy.serve(HEALTHY, tls=context)
    return serve


def ca(mode, which=0):
    def options():
        with MAKING:
            return [f"--tls={mode}", f"--ca-cert={authority()[which].cert}"]
    return options


TLS = [
    Case("TLS is not offered", server(), "CRITICAL", "TLS|SSL", args=REQUIRED),
    Case("TLS: silent", after_request(hostile.silent), "UNKNOWN", "time", args=REQUIRED),
    Case("TLS: gone", after_request(lambda peer: peer.sock.close()), "CRITICAL", args=REQUIRED),
    Case("TLS: reset", after_request(hostile.Peer.reset), "CRITICAL", args=REQUIRED),
    Case("TLS: a MySQL packet", after_request(lambda peer: peer.send(packet(2, OK))), "CRITICAL", args=REQUIRED),
    Case("TLS: noise", after_request(lambda peer: peer.send(hostile.noise(7))), "CRITICAL", args=REQUIRED),
    Case("TLS: an alert", after_request(lambda peer: peer.send(b"\x15\x03\x03\0\2\2\x28")), "CRITICAL", args=REQUIRED),
    Case("TLS: half a hello, then silent", after_request(lambda peer: peer.send(b"\x16\x03\x03\0\x7a\2\0\0\x76\3\3")),
         "UNKNOWN", "time", args=REQUIRED),
    Case("TLS: another's name", tls_server("DNS:db.example"), "CRITICAL", args=ca("verify-identity"), timeout=5.0),
    Case("TLS: another authority", tls_server("IP:127.0.0.1"), "CRITICAL", args=ca("verify-ca", 1), timeout=5.0),
    Case("TLS: preferred, another authority", tls_server("IP:127.0.0.1"), "CRITICAL", args=ca("preferred", 1),
         timeout=5.0),
]

# --- answers to queries -----------------------------------------------------------------------------------------------


def query(rows=None, names=None, where=""):
    """The queries that match get these rows and columns, each a function of the healthy ones."""
    def answer(statement):
        reply = HEALTHY(statement)
        if reply.columns and re.search(where, statement):
            columns, healthy = reply.columns, list(reply.rows)
            reply.columns = names(columns) if names else columns
            reply.rows = rows(healthy[0] if healthy else ["1"] * len(columns)) if rows else healthy
        return reply
    return server(answer)


def each(value, **how):
    return query(lambda row: [[value] * len(row)], **how)


def instead(data):
    """Bytes instead of the whole answer."""
    return server(lambda statement: Reply(data=data))


def fails(number, message="nobody knows why", sqlstate="HY000", where=""):
    def answer(statement):
        return Reply(error=error(number, message, sqlstate)) if re.search(where, statement) else HEALTHY(statement)
    return server(answer)


def raw(data, then=hostile.silent):
    """A row of these bytes, and no end."""
    return query(lambda row: [Raw(data), then])


def large_value(size):
    """A row of one value of this size, really sent, in packets of 16 MB."""
    def send(peer):
        left, sequence = size + 9, 4
        while left >= 0:
            part = min(left, fakemy.PACKET_MAX)
            peer.send(struct.pack("<I", part)[:3] + bytes([sequence & 255]))
            if sequence == 4:
                peer.send(b"\xfe" + struct.pack("<Q", size))
            for at in range(9 if sequence == 4 else 0, part, hostile.CHUNK):
                peer.send(b"1" * min(hostile.CHUNK, part - at))
            left, sequence = left - fakemy.PACKET_MAX, sequence + 1
        peer.sleep()
    return query(lambda row: [send], names=lambda columns: columns[:1])


def columns_without_end():
    chunk = b"".join(packet(2, fakemy.column("x" * 200)) for _ in range(200))

    def handle(peer):
        peer.send(GREETING)
        fakemy.read_packet(peer)
        peer.send(packet(2, OK))
        fakemy.read_packet(peer)
        peer.send(packet(1, b"\xfd\xff\xff\xff"))
        while True:
            peer.send(chunk)
    return functools.partial(hostile.serve, handle)


ROW = packet(5, fakemy.row(["abcdefghij"] * 2))
QUERIES = [
    Case("query: silent", server(lambda statement: Reply(["x"], [lambda peer: peer.sleep()])), "UNKNOWN", "time"),
    Case("query: nothing at all", instead(b""), "UNKNOWN", "time"),
    Case("query: shutting down", fails(1053, "Server shutdown in progress", "08S01"), "CRITICAL", "shutdown"),
    Case("query: killed", fails(1927, "Connection was killed", "70100"), "CRITICAL", "killed"),
    Case("query: no right", fails(1227, "Access denied; you need", "42000"), "UNKNOWN", "denied|GRANT"),
    Case("query: a syntax error", fails(1064, "You have an error", "42000"), "UNKNOWN", "error"),
    Case("query: unknown variables", fails(1193, "Unknown system variable"), "UNKNOWN", "Unknown"),
    Case("query: out of memory", fails(1037, "Out of memory", "HY001"), "UNKNOWN CRITICAL", "memory"),
    Case("query: nasty", fails(1105, NASTY), "UNKNOWN"),
    Case("query: long, json", fails(1053, LONG), "CRITICAL UNKNOWN", args=["--output-format=json", "-vvv"]),
    Case("query: nasty, prometheus", fails(1053, NASTY), "CRITICAL", args=["--output-format=prometheus"]),
    Case("query: an error of the library's", fails(2013, "Lost connection"), "CRITICAL UNKNOWN"),
    Case("query: a row, then silent", query(lambda row: [row, lambda peer: peer.sleep()]), "UNKNOWN", "time"),
    Case("query: a row, then gone", query(lambda row: [row, lambda peer: peer.sock.close()]), "CRITICAL"),
    Case("query: half a row, then silent", raw(ROW[:9]), "UNKNOWN", "time"),
    Case("query: half a row, then a reset", raw(ROW[:9], lambda peer: peer.reset()), "CRITICAL"),
    Case("query: a row, then an error", query(lambda row: [row, lambda peer: (peer.send(packet(6, error(1053, "bye"))),
                                                                              peer.sleep())]), "CRITICAL UNKNOWN"),
    Case("query: NULL everywhere", each(None), "UNKNOWN"),
    Case("query: no row everywhere", query(lambda row: []), "UNKNOWN"),
    Case("query: two rows everywhere", query(lambda row: [row, row]), "UNKNOWN WARNING CRITICAL"),
    Case("query: empty everywhere", each(""), "UNKNOWN"),
    Case("query: nasty everywhere", each(NASTY), "UNKNOWN WARNING CRITICAL"),
    Case("query: nasty but the version", each(NASTY, where="(?i)variables|gtid"), "UNKNOWN WARNING CRITICAL"),
    Case("query: long nasty everywhere", each(LONG), "UNKNOWN WARNING CRITICAL"),
    Case("query: NUL everywhere", each(b"\0\0"), "UNKNOWN WARNING CRITICAL"),
    Case("query: columns under other names", query(names=lambda columns: ["x%d" % i for i in range(len(columns))]),
         "UNKNOWN"),
    Case("query: a row of fewer columns", query(lambda row: [Raw(packet(5, b"\x011"))]), "UNKNOWN CRITICAL"),
    Case("query: a row of more columns", query(lambda row: [row + row]), "UNKNOWN CRITICAL WARNING"),
    Case("query: a value longer than its row", raw(packet(5, b"\xfc\xff\xffabc")), "UNKNOWN CRITICAL"),
    Case("query: a value of 2^63", raw(packet(5, b"\xfe" + b"\xff" * 8 + b"abc")), "UNKNOWN CRITICAL"),
    Case("query: no column", instead(packet(1, b"\0")), "UNKNOWN"),
    Case("query: only OK", instead(packet(1, OK)), "UNKNOWN"),
    Case("query: only EOF", instead(packet(1, EOF)), "UNKNOWN CRITICAL"),
    Case("query: a file is wanted", instead(packet(1, b"\xfb/etc/passwd")), "UNKNOWN CRITICAL"),
    Case("query: noise", instead(hostile.noise(11)), "UNKNOWN CRITICAL"),
    Case("query: a wrong sequence", instead(packet(77, OK)), "UNKNOWN CRITICAL"),
    Case("query: 2^56 columns", instead(packet(1, b"\xfe" + b"\xff" * 7 + b"\0")), "UNKNOWN CRITICAL", large=True),
    # both libraries keep what a result's columns are called, however many they are, up to a limit of their own
    Case("query: columns without end", columns_without_end(), "UNKNOWN CRITICAL", timeout=3.0),
    Case("query: a packet of 16 MB that does not come", raw(packet(5, b"\xfe", 0xFFFFFF)), "UNKNOWN", large=True),
    Case("query: 300 MB really sent", large_value(300 << 20), "UNKNOWN", large=True, timeout=3.0),
    Case("query: rows without end", query(itertools.repeat), "UNKNOWN", large=True, timeout=3.0),
    Case("query: two million rows", query(lambda row: itertools.repeat(row, 2000000)), "UNKNOWN", large=True, timeout=3.0),
] + [Case("query: values are %r" % text[:30], each(text, where="(?i)gtid_executed|SHOW GLOBAL"), "UNKNOWN WARNING CRITICAL")
     for text in ("abc", "1e309", "-1", "99999999999999999999", "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-4", ":", ",", "1" * 9999)]

SUITES = {"greeting": cases.Suite(GREETINGS), "login": cases.Suite(LOGINS), "tls": cases.Suite(TLS),
          "queries": cases.Suite(QUERIES)}
ALL = [(suite, case) for suite in SUITES.values() for case in suite.cases]


@pytest.mark.parametrize("suite, case", ALL, ids=lambda x: str(x) if isinstance(x, Case) else "")
def test_lying_server(program, suite, case):
    suite.check(program, case)


def test_the_password_is_not_given_away(program, private):
    """Who asks for it in the clear without having shown who it is does not get it."""
    path, heard = private + "/pw", []
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write("correct horse\n")

    def listen(peer, sequence):
        for method in (b"mysql_clear_password", b"dialog"):
            peer.send(packet(sequence, switch(method, b"\x04Password: ")))
            heard.append(fakemy.read_packet(peer)[1])
    with fakemy.serve(HEALTHY, login=listen) as port:
        done = targets.run(program, port, "--password-file", path, "-vvv")
    assert done.state == "UNKNOWN" and "correct horse" not in done.text, done
    assert not any(b"correct horse" in said for said in heard), heard


def test_a_name_that_stalls_costs_its_own_share(program):
    """What the other servers say is told all the same."""
    if program != "check_mysql_gtid":
        return
    need.mounts()
    foreign = "--gtid-set=5e11fa47-71ca-11e1-9e33-c80aa9429562:1"
    with fakemy.serve(HEALTHY) as port, hostile.resolver(hostile.answer_nothing) as prefix:
        done = targets.run(program, port, "-t", "2", foreign, "--candidate=db.example.org", prefix=prefix)
    assert done.state == "CRITICAL" and "never executed" in done.line1 and done.seconds < 2.5, done
    assert "looking up host db.example.org" in done.text


def test_healthy_over_tls(program):
    """The control of the cases with TLS."""
    with tls_server("IP:127.0.0.1,DNS:localhost")() as port:
        for args in (REQUIRED, ca("verify-ca")(), ca("verify-identity")(), ca("preferred")()):
            done = targets.run(program, port, args)
            assert done.rc == 0 and done.perf, done


def test_healthy_server(program):
    """The control: without it every test above could pass because of a fake that no client understands."""
    with fakemy.serve(HEALTHY) as port:
        done = targets.run(program, port)
        assert done.rc == 0 and done.perf, done
        for fmt in ("json", "prometheus"):
            assert targets.run(program, port, "--output-format=" + fmt).rc == 0
        assert targets.run(program, port, "--discover").text.startswith("[{")
