"""Exporters, Prometheus servers and Jolokia agents that lie in what they show of Debezium."""

import functools
import json
import os
import re
import time

import pytest

from lab import cases, fakeconnect, fakemetrics, hostile, net, plugin
from lab.fakemetrics import HEALTHY

PROGRAM = "check_cdc_lag"
Case = cases.Case
WHOLE = fakemetrics.text({"a": HEALTHY, "b": HEALTHY})
NASTY = "a|b;c<b>x</b>\n[OK] y: z|e=1\r\t\x1b[31m\x01\x7f \u0085\u2028 ä€𝄞 '\"\\%s%n "
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def page(body, kind="text/plain; version=0.0.4"):
    body = body if isinstance(body, bytes) else body.encode()
    return functools.partial(fakemetrics.serve, fakemetrics.answer(lambda _path: (200, body, kind)))


def flood(unit, head=PAGE):
    """unit may be a function of a number."""
    def handler(peer):
        fakeconnect.read_head(peer)
        peer.send(head)
        number = 0
        while True:
            peer.send(b"".join(unit(number + i) for i in range(500)) if callable(unit) else unit * 4000)
            number += 500
    return functools.partial(hostile.serve, handler)


def value(number, attribute="MilliSecondsBehindSource"):
    return page(WHOLE.replace("_%s{context=\"streaming\",name=\"a\",plugin=\"postgres\"} 12\n" % attribute,
                              "_%s{context=\"streaming\",name=\"a\",plugin=\"postgres\"} %s\n" % (attribute, number)))


def label(text):
    return page('debezium_metrics_Connected{name="%s",plugin="postgres"} 0\n' % text)


def one_of_many(number):
    return b'debezium_metrics_Connected{name="s%d"} 1\n' % number


# Line 2 is wrong in each of them; line 1 is fine.
BROKEN = ["debezium_metrics_Connected", "debezium_metrics_Connected{", 'debezium_metrics_Connected{name="a"',
          'debezium_metrics_Connected{name="a"}', 'debezium_metrics_Connected{name="a"} x',
          'debezium_metrics_Connected{name="a} 1', 'debezium_metrics_Connected{name=a} 1',
          'debezium_metrics_Connected{name="a"} 1 2 3', 'debezium_metrics_Connected{name="a",,} 1',
          'debezium_metrics_Connected{"name"="a" 1', "0debezium 1", "\x00", "\ufeffx 1", "x", "x{} ", "x }{ 1", "x y z",
          '{"a":1}', "<html>", "debezium_metrics_Connected 1\r", 'debezium_metrics_Connected{name="a"}\t0x 1']

SUITE = cases.Suite(
    [Case("cut after %d bytes" % n, page(WHOLE[:n]), "UNKNOWN") for n in (1, 5, 40, 90, 200, 700, len(WHOLE) - 1)]
    + [Case("broken line %d" % n, page("x 1\n" + line + "\n" + WHOLE), "UNKNOWN", "127.0.0.1:[0-9]+: line 2 is no sample")
       for n, line in enumerate(BROKEN)]
    + [Case("OpenMetrics without its end", page("# TYPE x unknown\n" + WHOLE), "UNKNOWN", "EOF"),
       Case("OpenMetrics by its type", page(WHOLE, "application/openmetrics-text; version=1.0.0"), "UNKNOWN", "EOF"),
       Case("more than OpenMetrics", page("# TYPE x info\n# EOF\n" + WHOLE), "UNKNOWN", "EOF"),
       Case("other metrics", page("up 1\nprocess_cpu_seconds_total 5\n"), "UNKNOWN", "no series of Debezium"),
       Case("a page of a Connect worker", page("kafka_connect_x 1\n"), "UNKNOWN", "Connect worker"),
       Case("beans unread", page("jmx_scrape_error 1.0\n"), "CRITICAL", "jmx_scrape_error"),
       Case("protobuf", page(hostile.noise(9), "application/vnd.google.protobuf"), "UNKNOWN"),
       Case("UTF-16", page(WHOLE.encode("utf-16")), "UNKNOWN"),
       Case("CR LF", page(WHOLE.replace("\n", "\r\n")), "UNKNOWN"),
       Case("a label beyond all", label("x" * 300), "UNKNOWN", "label"),
       Case("a label without end", flood(b"x", PAGE + b'debezium_x{a="'), "UNKNOWN", large=True),
       Case("a name without end", flood(b"x", PAGE), "UNKNOWN", large=True),
       Case("a comment without end", flood(b"x", PAGE + b"# HELP "), "UNKNOWN", large=True),
       Case("labels without end", flood(b'a="b",', PAGE + b"debezium_Connected{"), "UNKNOWN", large=True),
       Case("a value without end", flood(b"1", PAGE + b"debezium_Connected "), "UNKNOWN", large=True),
       Case("blanks without end", flood(b" ", PAGE), "UNKNOWN", large=True),
       Case("comments without end", flood(b"# x\n", PAGE), "UNKNOWN", "time", large=True),
       Case("samples without end", flood(b'x{a="b"} 1\n', PAGE), "UNKNOWN", "time", large=True),
       Case("tables without end", flood(lambda n: b'debezium_RowsScanned{name="a",table="t%d"} 1\n' % n), "UNKNOWN",
            "time", large=True),
       ])

BAD_JSON = [b"", b"{", b"[]", b"null", b'"a"', b"1", b"{}", b'{"status":"success"}', b'{"status":1,"data":[]}',
            b'{"data":{"resultType":"vector","result":[]}}', b'{"status":"success","data":{"resultType":"vector"}',
            b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}',
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}',
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":"1"}]}}',
            b'{"status":"error","errorType":"x","error":"a|b;<c>\\n"}', b"[" * 100, b'{"a":' * 100, b"\xef\xbb\xbf{}",
            b'{"value":{"x":1}}', b'{"value":null,"status":500,"error":"a|b"}', b'{"status":404,"error_type":"other"}',
            b'{"value":{},"status":"200"}', b'{"value":{},"status":1e99}', b'{"value":{"debezium.x:a=b":{"c":']


def answers(body):
    return functools.partial(fakemetrics.serve, fakemetrics.answer(lambda _path: (200, body, "application/json")))


def run(kind, serve, *args, **how):
    with serve() as port:
        return plugin.run(PROGRAM, "--%s-url=http://127.0.0.1:%s" % (kind, port), *args, **how)


@pytest.mark.parametrize("case", SUITE.cases, ids=str)
def test_lying_page(case):
    SUITE.check(PROGRAM, case)


@pytest.mark.parametrize("kind", ["prometheus", "jolokia"])
@pytest.mark.parametrize("body", BAD_JSON)
def test_lying_json(kind, body):
    done = run(kind, answers(body), "-t", "3")
    assert done.state == "UNKNOWN" and "127.0.0.1" in done.line1, done


@pytest.mark.parametrize("kind", ["metrics", "prometheus", "jolokia"])
@pytest.mark.parametrize("unit", [b" ", b"[", b'{"a":', b'"', b"1", b"\n"])
def test_endless(kind, unit):
    done = run(kind, flood(unit, JSON), "-t", "1.5", rss=True)
    assert done.state == "UNKNOWN" and done.seconds < 1.5 + plugin.slack(PROGRAM), done
    assert done.rss < cases.MEMORY_MAX or not plugin.weighs_itself(PROGRAM), done


# --- numbers ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, lag", [
    ("NaN", None), ("+Inf", None), ("-Inf", None), ("1e300", None), ("-1", None), ("-1.0", None),
    ("9.223372036854775807E18", "9223372036854775.807"), ("1.8E7", "18000"), ("0.0015E3", "0.001"), ("-5000", "0"),
    ("-9.3E18", "0"), ("4.9E-324", "0"), ("0x10p0", "0.016"), ("18446744073709551616", "18446744073709551.616")])
def test_numbers(number, lag):
    done = run("metrics", value(number), "--warning-for=1h", "--critical-for=1h")
    assert done.rc == 0, done
    found = done.perf.get("a.lag")
    assert found is None if lag is None else found.text.startswith(lag + "s;"), done


# --- texts --------------------------------------------------------------------------------------------------

def test_nasty_names():
    """Whatever a label holds: the contract's checker of every output looks at this one too."""
    text = NASTY.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for fmt in ("nagios", "json", "prometheus"):
        done = run("metrics", label(text), "--output-format=" + fmt, "--grace=0")
        assert done.rc == 2, done
    assert done.rc == 2 and run("metrics", label(text), "--discover").rc == 0


def test_many_servers():
    """More than the limit: said so, in bounded memory."""
    def handler(peer):
        fakeconnect.read_head(peer)
        peer.send(PAGE)
        for start in range(0, 120000, 1000):
            peer.send(b"".join(map(one_of_many, range(start, start + 1000))))
    done = run("metrics", functools.partial(hostile.serve, handler), "--no-perfdata", rss=True)
    assert done.state == "UNKNOWN" and "more than 100000" in done.line1, done


# --- several workers ----------------------------------------------------------------------------------------

@pytest.fixture
def good():
    with fakemetrics.serve(fakemetrics.healthy("a")) as port:
        yield "--metrics-url=http://127.0.0.1:%d/metrics" % port


def both(good, serve, *args):
    with serve() as port:
        return plugin.run(PROGRAM, good, "--metrics-url=http://127.0.0.1:%d/metrics" % port, "-t", "2", *args)


def status(code):
    return functools.partial(fakemetrics.serve, fakemetrics.answer(lambda _path: (code, b"why", "text/plain")))


@pytest.mark.parametrize("name, serve, state, says", [
    ("refused", net.refused, "WARNING", "did not answer: .*refused"),
    ("silent", functools.partial(hostile.serve, hostile.silent), "WARNING", "did not answer"),
    ("HTTP 503", status(503), "WARNING", "did not answer: .*503"),
    ("HTTP 401", status(401), "UNKNOWN", "401"),
    ("HTTP 404", status(404), "UNKNOWN", "404"),
    ("HTML", page("<html>\n"), "UNKNOWN", "begins with"),
    ("cut", page('x 1\ndebezium_metrics_Connected{name="b"} 1'), "UNKNOWN", "cut off"),
])
def test_one_of_two_workers(good, name, serve, state, says):
    done = both(good, serve)
    assert done.state == state and re.search(says, done.line1), done
    assert "a.lag" in done.perf, done
    named = both(good, serve, "-n", "a", "-n", "gone")
    assert ("gone" in named.text) == (name != "cut"), named


def test_no_worker():
    with net.refused() as one, net.refused() as two:
        done = plugin.run(PROGRAM, "--metrics-url=http://127.0.0.1:%d" % one, "--metrics-url=http://127.0.0.1:%d" % two)
    assert done.state == "CRITICAL" and str(one) in done.text and str(two) in done.text, done


def test_discovery_of_half_a_cluster(good):
    with net.refused() as port:
        done = plugin.run(PROGRAM, good, "--metrics-url=http://127.0.0.1:%d" % port, "--discover", check=False)
    assert done.rc == 3 and not done.text.startswith("["), done


@pytest.mark.parametrize("text, says", [
    ("up 1\n", "no series of Debezium"), ("", "no series"), ("jmx_scrape_error 1.0\n", "jmx_scrape_error is 1"),
    (WHOLE + "jmx_scrape_error 1.0\n", "jmx_scrape_error is 1"), (WHOLE[:-9], "cut off"), ("<html>\n", "begins with")])
def test_nothing_is_discovered_where_something_is_wrong(text, says):
    """Zabbix deletes what a list lacks."""
    with page(text)() as port:
        done = plugin.run(PROGRAM, "--metrics-url=http://127.0.0.1:%d" % port, "--discover", check=False)
    assert done.rc == 3 and says in done.line1 and "[" not in done.text, done


# --- Prometheus and Jolokia ---------------------------------------------------------------------------------

def test_prometheus():
    serve = functools.partial(fakemetrics.serve, fakemetrics.prometheus({"a": HEALTHY}))
    assert run("prometheus", serve, "-n", "a").perf["a.lag"].text == "0.012s;5;30;0"
    done = run("prometheus", functools.partial(fakemetrics.serve, fakemetrics.prometheus({"a": HEALTHY}, age=300)))
    assert done.rc == 1 and "a is stale: its sample is 5m old" in done.line1, done
    done = run("prometheus", functools.partial(fakemetrics.serve, fakemetrics.prometheus({}, down=["c9:9404"])))
    assert done.rc == 2 and "c9:9404: Prometheus cannot scrape it (up is 0)" in done.line1, done


def test_prometheus_without_times():
    """Only the first question must be answered: what the others add is a note."""
    asked = fakemetrics.prometheus({"a": HEALTHY})

    def handler(peer):
        head = fakeconnect.read_head(peer)
        if "timestamp" in head or "up%20" in head:
            body = json.dumps({"status": "error", "errorType": "execution", "error": "no such function"}).encode()
            peer.send(fakeconnect.response(422, body))
        else:
            asked_once = [head + "\r\n\r\n"]
            peer.recv, real = (lambda _n: asked_once.pop().encode() if asked_once else b""), peer.recv
            asked(peer)
            peer.recv = real
    done = run("prometheus", functools.partial(hostile.serve, handler))
    assert done.rc == 0 and "a.lag" in done.perf and "not known" in done.text, done


def test_nothing_found():
    """Who was asked for Debezium's series alone cannot tell what else there is."""
    done = run("prometheus", functools.partial(fakemetrics.serve, fakemetrics.prometheus({})))
    assert done.rc == 3 and "no series of Debezium: Prometheus has none: no connector" in done.line1, done
    done = run("prometheus", functools.partial(fakemetrics.serve, fakemetrics.prometheus({})), "--prometheus-label=a=b")
    assert done.rc == 3 and "no series of Debezium: Prometheus has none with these labels" in done.line1, done
    done = run("jolokia", functools.partial(fakemetrics.serve, fakemetrics.jolokia({})))
    assert done.rc == 3 and "no series of Debezium: the agent knows no debezium.* beans" in done.line1, done


def test_prometheus_that_answers_the_same_to_everything():
    """Neither a scrape error nor an age is made of what is none."""
    same = fakemetrics.answer(lambda _path: fakemetrics.prometheus_values({"a": HEALTHY}, "c1:9404"))
    done = run("prometheus", functools.partial(fakemetrics.serve, same), "-n", "a")
    assert done.rc == 0 and done.perf["a.lag"].value > 0, done


@pytest.mark.parametrize("status, state", [(400, "UNKNOWN"), (422, "UNKNOWN"), (503, "CRITICAL"), (401, "UNKNOWN")])
def test_prometheus_that_refuses(status, state):
    body = json.dumps({"status": "error", "errorType": "x", "error": "the reason why"}).encode()
    refuse = fakemetrics.answer(lambda _path: (status, body, "application/json"))
    done = run("prometheus", functools.partial(fakemetrics.serve, refuse))
    assert done.state == state and "the reason why" in done.line1 and str(status) in done.line1, done


def test_prometheus_behind_a_path():
    """Mimir and others serve the API below a path of their own."""
    asked = []

    def reply(path):
        asked.append(path)
        return fakemetrics.prometheus_values({"a": HEALTHY}, "c1:9404")
    with fakemetrics.serve(fakemetrics.answer(reply)) as port:
        done = plugin.run(PROGRAM, "--prometheus-url=http://127.0.0.1:%d/mimir/prometheus/" % port)
    assert done.rc == 0 and all(path.startswith("/mimir/prometheus/api/v1/query?query=") for path in asked), (done, asked)


def test_jolokia():
    serve = functools.partial(fakemetrics.serve, fakemetrics.jolokia({"a": HEALTHY}))
    assert run("jolokia", serve, "-n", "a").perf["a.lag"].text == "0.012s;5;30;0"


# --- saved pages --------------------------------------------------------------------------------------------

def test_files(tmp_path):
    path = tmp_path / "page"
    path.write_text(WHOLE)
    assert plugin.run(PROGRAM, "--metrics-file=%s" % path, "-n", "a").rc == 0
    with open(path) as file:
        assert plugin.run(PROGRAM, "--metrics-file=-", "-n", "a", stdin=file).rc == 0
    for name, says in (("nowhere", "No such file"), ("", "directory")):
        done = plugin.run(PROGRAM, "--metrics-file=%s" % (tmp_path / name))
        assert done.rc == 3 and says in done.line1, done
    with open("/dev/null") as file:
        done = plugin.run(PROGRAM, "--metrics-file=-", stdin=file)
    assert done.rc == 3 and "no series of Debezium" in done.line1, done


def test_saved_pages_are_told_apart(tmp_path, private):
    """The same words for another file are another target; other words for the same file are not."""
    for name in "a", "b":
        (tmp_path / name).mkdir()
        (tmp_path / name / "page").write_text(fakemetrics.text({name: HEALTHY}))

    def look(directory, path="page"):
        return plugin.run(PROGRAM, "--metrics-file=%s" % path, cwd=tmp_path / directory, state_dir=private, check=False)
    assert look("a").rc == 0 and "no series" not in look("b").text
    (tmp_path / "a" / "page").write_text(fakemetrics.text({"c": HEALTHY}))
    for path in "page", "./page", tmp_path / "a" / "page":
        assert "a: no series" in look("a", path).text, path


def test_pipes_are_not_compared(tmp_path, private):
    """What another pipe showed is not missed in this one, unless it was named."""
    for name in "a", "b":
        (tmp_path / name).write_text(fakemetrics.text({name: HEALTHY}))
    for name in "a", "b":
        with open(tmp_path / name) as file:
            done = plugin.run(PROGRAM, "--metrics-file=-", "--grace=0", stdin=file, state_dir=private)
        assert done.rc == 0 and "no series" not in done.text, done
    with open(tmp_path / "b") as file:
        assert plugin.run(PROGRAM, "--metrics-file=-", "--grace=0", "-n", "a", stdin=file, state_dir=private).rc == 2


def test_paths_of_one_host_are_told_apart(private):
    def reply(path):
        return 200, fakemetrics.text({path.strip("/"): HEALTHY}).encode(), "text/plain; version=0.0.4"
    with fakemetrics.serve(fakemetrics.answer(reply)) as port:
        for path in "a", "b":
            done = plugin.run(PROGRAM, "--metrics-url=http://127.0.0.1:%d/%s" % (port, path), state_dir=private)
            assert done.rc == 0 and "no series" not in done.text, done


def test_which_page_is_old(tmp_path):
    for name, age in (("new", 0), ("old", 3600)):
        (tmp_path / name).write_text(fakemetrics.text({name: HEALTHY}))
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    done = plugin.run(PROGRAM, ["--metrics-file=%s" % (tmp_path / name) for name in ("new", "old")])
    assert done.rc == 1 and "%s/old is stale: the page was saved" % tmp_path in done.line1, done
    assert str(tmp_path) + "/new" not in done.text, done


def test_the_same_page_again_is_no_new_look(tmp_path, private):
    """A page that is saved every minute and read every half."""
    path = tmp_path / "page"
    for look in range(4):
        if look % 2 == 0:
            path.write_text(fakemetrics.text({"a": {**HEALTHY, "TotalNumberOfEventsSeen": 100 + look}}))
        done = plugin.run(PROGRAM, "--metrics-file=%s" % path, state_dir=private)
        assert "a.lag" in done.perf, (look, done)
