"""Kafka Connect workers that lie in what they say of connectors."""

import functools
import json

import pytest

from lab import cases, fakeconnect, hostile, plugin
from lab.fakeconnect import Worker, connector, response

PROGRAM = "check_connect_status"
LIST = "/connectors?expand=status&expand=info"
Case = cases.Case
GOOD = {"a": fakeconnect.named("a", connector()), "b": fakeconnect.named("b", connector(tasks=["RUNNING"] * 2))}
WHOLE = json.dumps(GOOD).encode()
NASTY = "a|b;c<b>x</b>\n[OK] y: z|e=1\r\t\x1b[31m\x01\x7f \u0085\u2028 ä€𝄞 '\"\\%s%n "
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def listing(body, names=None, **how):
    """A worker whose list is that body."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    answers = {LIST: (200, body), "/connectors": (200, names if names is not None else ["a"])}
    return functools.partial(fakeconnect.serve, Worker(answers=answers, **how))


def names(body):
    return functools.partial(fakeconnect.serve, Worker({"a": connector()}, answers={"/connectors": (200, body)}))


def flood(unit, head, end=b""):
    """A list that goes on for ever; unit may be a function of a number."""
    def handler(peer):
        fakeconnect.read_head(peer)
        peer.send(OK + b"\r\n" + head)
        number = 0
        while True:
            peer.send(b"".join(unit(number + i) for i in range(1000)) if callable(unit) else unit * 4000)
            number += 1000
    return functools.partial(hostile.serve, handler)


def one(number):
    return b'"c%d":{"status":{"connector":{"state":"RUNNING"},"tasks":[{"id":0,"state":"RUNNING"}]}},' % number


def with_connector(value):
    return {"a": value}


# What stands in place of a part of a connector, and is not what belongs there.
WRONG = [None, True, 1, -1, 1e308, "", "x", [], {}, [[]], [{}], {"state": 5}, {"state": None}, {"state": ["RUNNING"]}]

SUITE = cases.Suite(
    [Case("cut after %d bytes" % n, listing(WHOLE[:n]), "UNKNOWN") for n in (0, 1, 2, 5, 20, 100, 200, len(WHOLE) - 1)]
    + [Case("not JSON: %r" % text, listing(text), "UNKNOWN")
       for text in (b"{", b"}", b"[]", b"null", b"1", b'"a"', b"{}{}", b"{},", b"{'a':1}", b"{a:1}", b'{"a":NaN}',
                    b'{"a":Infinity}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":{}', b'{"a":{},}',
                    b'{"a" {}}', b'{"a":"\\x"}', b'{"a":"\\u12g4"}', b'{"a":"\n"}', b'{"a":tru}', b"\xef\xbb\xbf{}",
                    b"//x\n{}", b'{"a":1}', b'{"a":null}', b'{"a":[]}', b'{"\\ud800":{}}x')]
    + [Case("status is %r" % value, listing({"a": {"status": value}}), "UNKNOWN WARNING CRITICAL") for value in WRONG]
    + [Case("connector is %r" % value, listing({"a": {"status": {"connector": value, "tasks": [{"id": 0, "state": "RUNNING"}]}}}),
            "WARNING UNKNOWN") for value in WRONG]
    + [Case("tasks are %r" % value, listing({"a": {"status": {"connector": {"state": "RUNNING"}, "tasks": value}}}),
            "WARNING CRITICAL UNKNOWN") for value in WRONG]
    + [Case("names are %r" % value, names(value), "UNKNOWN") for value in (b"", b"{", b"{}", b"[1]", b"[null]", b'["a"', b'["a",]',
                                                                           b"<html>", b'[["a"]]')]
    + [
        Case("names are HTML with 404", functools.partial(fakeconnect.serve, Worker({"a": connector()}, answers={
            "/connectors": (404, fakeconnect.HTML_404), LIST: (200, GOOD)})), "WARNING", "starting", args=["--grace=0"]),
        Case("nested too deeply", listing(b'{"a":' * 1000 + b"1" + b"}" * 1000), "UNKNOWN"),
        Case("nested arrays", listing(b'{"a":{"x":' + b"[" * 100000), "UNKNOWN", "nested"),
        Case("a name of 1 MiB", listing({"x" * (1 << 20): GOOD["a"]}), "WARNING", large=True),
        Case("a name of 2 MiB", listing({"x" * (2 << 20): GOOD["a"]}), "UNKNOWN", large=True),
        Case("a trace of 2 MiB", listing({"a": connector(tasks=[fakeconnect.part("FAILED", trace="x" * (2 << 20))])}),
             "CRITICAL", "a task 0 failed: x*", large=True),
        Case("connectors without end", flood(one, b"{"), "UNKNOWN", large=True, timeout=5),
        Case("tasks without end", flood(b'{"id":0,"state":"RUNNING","worker_id":"a:1"},',
                                        b'{"a":{"status":{"connector":{"state":"RUNNING"},"tasks":['), "UNKNOWN", large=True),
        Case("configuration without end", flood(b'"a.b":"' + b"x" * 100 + b'",', b'{"a":{"info":{"config":{'), "UNKNOWN",
             large=True),
        Case("a text without end", flood(b"x", b'{"a":{"status":{"connector":{"state":"'), "UNKNOWN", large=True),
        Case("a text without end, nobody wants it", flood(b"x", b'{"a":{"other":{"x":"'), "UNKNOWN", large=True),
        Case("escapes without end", flood(b"\\u0041", b'{"a":{"status":{"connector":{"trace":"'), "UNKNOWN", large=True),
        Case("brackets without end, nobody wants them", flood(b"[", b'{"a":{"other":'), "UNKNOWN", large=True),
    ])


@pytest.mark.parametrize("case", SUITE.cases, ids=str)
def test_lying_worker(case):
    SUITE.check(PROGRAM, case)


def ask(worker, *args, **how):
    with fakeconnect.serve(worker) as port:
        return plugin.run(PROGRAM, "-H", "127.0.0.1", "-P", port, args, **how)


@pytest.mark.parametrize("args", [(), ("--output-format=json",), ("--output-format=prometheus",), ("-vvv",), ("--discover",)])
def test_nasty_texts(args):
    """Every text of the outside, everywhere: the output keeps the contract."""
    entry = connector(state=NASTY, tasks=[fakeconnect.part("FAILED", NASTY, NASTY), fakeconnect.part(NASTY, NASTY)],
                      kind=NASTY, config={"connector.class": NASTY, "topic.prefix": NASTY, "slot.name": NASTY,
                                          "database.hostname": NASTY, "database.dbname": NASTY})
    done = ask(Worker({NASTY: entry, NASTY + "2": connector("FAILED", [], trace=NASTY), "b": None}), args)
    assert done.rc == (0 if "--discover" in args else 2), done


def test_nasty_errors():
    for body in (NASTY.encode(), json.dumps({"error_code": 500, "message": NASTY}).encode()):
        for code in (401, 404, 409, 500):
            assert ask(Worker(everything=(code, body)), "-t", "1", "--grace=0").rc in (1, 2, 3)
        assert ask(Worker({"a": connector()}, health=(500, body))).rc == 2


def test_raw_bytes_that_are_no_utf8():
    body = WHOLE.replace(b'"RUNNING"', b'"\xff\xfe\xc3"')
    done = ask(Worker({"a": connector()}, answers={LIST: (200, body)}))
    assert done.rc == 1 and "?" in done.text, done


@pytest.mark.parametrize("number", ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e400", "1.5",
                                    "99999999999999999999999999999999", "-0", "0"])
def test_task_numbers(number):
    body = json.dumps({"a": connector(tasks=["FAILED"])}).replace('"id": 0', '"id": ' + number).encode()
    done = ask(Worker({"a": connector()}, answers={LIST: (200, body)}))
    assert done.rc == 2 and "failed" in done.line1, done


def test_the_same_name_twice():
    body = WHOLE[:-1] + b"," + WHOLE[1:]
    done = ask(Worker(GOOD, answers={LIST: (200, body)}))
    assert done.rc == 0 and done.perf["cluster.connectors"].value == 2, done


def test_the_content_type_does_not_matter():
    for kind in ("text/html", "application/octet-stream", "", "x" * 5000):
        worker = Worker(GOOD, answers={LIST: lambda peer, kind=kind: peer.send(response(200, WHOLE, kind))})
        assert ask(worker).rc == 0


def test_configurations_are_never_shown():
    for args in ((), ("-vvv",), ("--output-format=json", "-vvv"), ("--output-format=prometheus",), ("--discover",)):
        done = ask(Worker({"a": connector(tasks=["FAILED"])}), args)
        assert "geheim-0815" not in done.text, done


def test_a_long_trace_hides_nobody():
    """A trace may quote a statement with all its values."""
    trace = "a.B: why\n\tat q(r.java:1)\nCaused by: c.D: %s\n" % ("insert into t values (1, \"\\u20ac\") " * 100000)
    done = ask(Worker({"a": connector(tasks=[fakeconnect.part("FAILED", trace=trace)]), "b": connector(tasks=["FAILED"])}))
    assert done.rc == 2 and done.items["a"][1].startswith("task 0 failed: D: insert into t values"), done
    assert done.items["b"][1].startswith("task 0 failed: PSQLException"), done


def test_passwords_in_traces_are_left_out():
    trace = "a.B: no\nCaused by: java.sql.SQLException: jdbc:mysql://db/x?user=u&password=geheim-0815&ssl=true failed\n"
    done = ask(Worker({"a": connector(tasks=[fakeconnect.part("FAILED", trace=trace)])}))
    assert done.rc == 2 and "geheim" not in done.text and "ssl=true" in done.text, done


def test_what_is_normal_for_a_while():
    """While all workers start or rebalance nobody tells of connectors: tolerated for the grace, and line 1 says so."""
    for answer, condition in ((404, fakeconnect.HTML_404), "is starting"), \
            ((404, json.dumps(fakeconnect.JSON_404, separators=(",", ":")).encode()), "is starting"), (fakeconnect.REBALANCE_409, "is rebalancing"), \
            (fakeconnect.REBALANCE_500, "is rebalancing"):
        for args, state, says in ((), "OK", "cluster: connectors not judged in this run: 127.0.0.1:"), (("--grace=0",), "WARNING", condition), \
                (("--no-state",), "WARNING", condition):
            done = ask(Worker(everything=answer), "-t", "1", args)
            assert done.state == state and says in done.line1 and condition in done.text, done
        done = ask(Worker({"a": connector()}, answers={"/connectors": answer, LIST: (200, GOOD)}), "-t", "1")
        assert done.rc == 0 and "connectors not judged in this run" not in done.line1 and condition in done.text, done
        done = ask(Worker(everything=answer), "--discover", fmt="nagios")
        assert done.rc == 3, done


def test_a_starting_worker_says_nothing_by_its_silence():
    """A named connector that it does not show is not missing, and a discovery would make it vanish."""
    half = Worker({"a": connector()}, health=fakeconnect.STARTING)
    assert ask(half, "-n", "a").rc == 0
    done = ask(half, "-n", "a", "-n", "b")
    assert done.rc == 0 and "note: b: not judged in this run" in done.text, done
    done = ask(half, "--discover", fmt="nagios")
    assert done.rc == 3 and "may not know of all connectors: Worker is still starting up" in done.text, done


def test_all_workers_must_be_healthy():
    """With --all-workers the sign of life of each counts, whoever gave the list."""
    good = {"a": connector(), "b": connector()}
    for health, says in ((500, {"status": "unhealthy", "message": "no"}), "is unhealthy (no)"), \
            (lambda peer: peer.sleep(), "is cut off from Kafka (no answer to /health in 3 s)"):
        with fakeconnect.serve(Worker(good)) as one, fakeconnect.serve(Worker(good, health=health)) as two:
            for entry in good.values():
                entry["status"]["tasks"][0]["worker_id"] = "127.0.0.1:%d" % two
            urls = ["--url=http://127.0.0.1:%d" % port for port in (one, two)]
            done = plugin.run(PROGRAM, urls, "--all-workers", "--grace=0", "-t", "8")
            assert done.rc == 2 and done.line1.endswith("cluster: worker 127.0.0.1:%d %s" % (two, says)), done
            assert plugin.run(PROGRAM, urls, "--grace=0").rc == 0


def test_a_worker_that_nobody_named():
    done = ask(Worker({"a": connector(worker="c9:8083")}), "--all-workers", "--grace=0")
    assert done.rc == 2 and "task 0 on worker c9:8083, which no --url names by its worker_id" in done.line1, done


@pytest.mark.parametrize("status", [401, 403, 405, 301])
def test_health_that_is_hidden(status):
    """Then the first connector is asked, as before Kafka 3.9."""
    worker = Worker({"a": connector()}, health=(status, b"no"))
    assert ask(worker).rc == 0 and any("/connectors/a " in request for request in worker.requests)
    done = ask(Worker({"a": connector()}, health=(status, b"no"), answers={"/connectors/a": fakeconnect.TIMED_OUT}), "--grace=0")
    assert done.rc == 2 and "cut off from Kafka" in done.line1, done


def test_a_rebalance_that_ends_in_time():
    """Asked again within the deadline."""
    for answer in fakeconnect.REBALANCE_409, fakeconnect.REBALANCE_500:
        worker = Worker({"a": connector()}, health=fakeconnect.NO_HEALTH)
        answers = {LIST: [answer, answer], "/connectors/a": [answer]}

        def route(target, worker=worker, answers=answers):
            return answers[target].pop() if answers.get(target) else Worker.route(worker, target)
        worker.route = route
        done = ask(worker, "-t", "5")
        assert done.rc == 0 and not any(answers.values()), done


def test_ten_thousand_connectors_in_the_memory_of_three():
    sizes = []
    for count in 3, 10000:
        body = json.dumps({"c%05d" % i: fakeconnect.named("c%05d" % i, connector()) for i in range(count)}).encode()
        done = ask(Worker(answers={LIST: (200, body), "/connectors": (200, ["c%05d" % i for i in range(count)])}), "-t", "30",
                   rss=True)
        assert done.rc == 0 and "%d of %d tasks running" % (count, count) in done.line1, done
        sizes.append(done.rss)
    if plugin.weighs_itself(PROGRAM):
        assert sizes[1] - sizes[0] < 4 << 20, sizes
