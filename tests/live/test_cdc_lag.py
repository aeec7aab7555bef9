"""check_cdc_lag against real Kafka Connect with real Debezium connectors, in every situation of the laboratory.

Each is looked at in every way: the page of the JMX exporter, the same page saved, a Prometheus server that scrapes it,
and Jolokia. What the laboratory cannot make stands in tests/facts/cdc_lag.
"""

import pathlib
import re
import time

import pytest

from lab import exporter, kafka, lag_situations, plugin, prometheus, web

PROGRAM = "check_cdc_lag"
JOB = "connect"
# What does not depend on the generation is looked at in the newer one.
new_only = pytest.mark.stacks("new")


@pytest.fixture(scope="module")
def scraper(pipe):
    """A Prometheus server that reads the pipeline's worker every second."""
    with prometheus.Server({JOB: [pipe.worker.metrics_url]}) as server:
        yield server


def urls(option, workers):
    return [f"--{option}-url={getattr(worker, f'{option}_url')}" for worker in workers]


def saved(workers, private):
    """Pages as somebody may have saved them."""
    files = [pathlib.Path(private) / f"page{number}" for number in range(len(workers))]
    for worker, file in zip(workers, files):
        file.write_text(web.get(worker.metrics_url).text)
    return [f"--metrics-file={file}" for file in files]


WAYS = {
    "metrics": lambda workers, scraper, private: urls("metrics", workers),
    "file": lambda workers, scraper, private: saved(workers, private),
    "prometheus": lambda workers, scraper, private: [f"--prometheus-url={scraper.url}", f"--prometheus-label=job={JOB}"],
    "jolokia": lambda workers, scraper, private: urls("jolokia", workers),
}


def matches(done, state, says):
    return done.state == state and re.search(says, done.text)


def until(ask, state, says, seconds=20):
    """Asks until it is so: Prometheus knows of it a second later, and beans come and go in turn. Returns the last answer."""
    end = time.monotonic() + seconds
    while not matches(done := ask(), state, says) and time.monotonic() < end:
        time.sleep(0.2)
    assert matches(done, state, says), f"expected {state}, {says!r}: {done}"
    return done


# What one look says. "{}" is the server; named: -n is given, and what is away is told at once.
NAMED = ("-n", "{}", "--grace=0")
AT_ONCE = ("--grace=0",)
AWAY = "{} (has no series: its task is dead|is disconnected from its source|shows nothing of its stream)"
SITUATIONS = {
    "before-first-event": (NAMED, "OK", "{}: connected, no event since the task started"),
    "restarted": (NAMED, "OK", "{}: connected, no event since the task started"),
    "busy": (NAMED, "OK", "{}: connected, [0-9.]+ m?s behind its source"),
    "filtered": (NAMED, "OK", "{}: the lag may be old, for events were filtered, connected"),
    "behind": ((*NAMED, "--warning-for=0"), "WARNING", "{}: [0-9.]+ s behind its source, more than 5 s"),
    "snapshot": (NAMED, "OK", "{}: snapshot runs, [0-9] of [0-9] tables left"),
    "incremental-snapshot": (NAMED, "OK", "{}: connected, .* behind its source, snapshot runs, [0-9] of [0-9] tables left"),
    "blocking-snapshot": (NAMED, "OK", "snapshot runs, [0-9] of [0-9] tables left"),
    "database-stopped": (NAMED, "CRITICAL", AWAY),
    "task-failed": (NAMED, "CRITICAL", "{} has no series: its task is dead"),
    "broker-gone": (NAMED, "CRITICAL", "{} has no series: its task is dead"),
    "paused": (AT_ONCE, "WARNING", "{}: queue full: back-pressure from Kafka, or the connector is paused"),
    "tagged": (NAMED, "OK", "{}: connected, .* behind its source"),
    "bytes-limited": (NAMED, "OK", "{}.queue-bytes=[0-9.]+%"),
    "mysql-idle": (NAMED, "OK", "{}: connected, 0 s behind its source"),
    "mariadb-idle": (NAMED, "OK", "{}: connected, 0 s behind its source"),
    "mysql-stopped": (NAMED, "CRITICAL", AWAY),
    "mariadb-stopped": (NAMED, "CRITICAL", AWAY),
    "no-debezium": ((), "UNKNOWN", "no series of Debezium"),
}
# Those that are looked at in the older generation, too.
IN_BOTH = ("busy", "snapshot", "incremental-snapshot", "task-failed", "tagged", "mysql-idle")


def look(case, scraper, private, args, state, says):
    """One look in each way."""
    args = [arg.replace("{}", case.server or "") for arg in args]
    says = says.replace("{}", case.server or "")
    for way in WAYS.values():
        yield until(lambda: plugin.run(PROGRAM, way(case.workers, scraper, private), args), state, says)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in IN_BOTH else new_only) for name in SITUATIONS])
def test_situation(pipe, scraper, private, name):
    with lag_situations.make(pipe, name) as case:
        found = list(look(case, scraper, private, *SITUATIONS[name]))
    assert len(found) == len(WAYS)


# What one look cannot tell

def states(private):
    """A directory for what each way remembers."""
    for way in WAYS:
        directory = pathlib.Path(private) / f"state-{way}"
        directory.mkdir(exist_ok=True)
        yield way, directory


def look_again(case, scraper, private, state, says, *args):
    """A look in each way that knows of the last one in the same way."""
    for way, directory in states(private):
        yield until(lambda: plugin.run(PROGRAM, WAYS[way](case.workers, scraper, private), args, state_dir=directory),
                    state, says.replace("{}", case.server))


@new_only
def test_idle(pipe, scraper, private):
    """The gauge stays where the last change left it: a lag in the first look, none any more in the next ones."""
    with lag_situations.make(pipe, "idle") as case:
        for done in look_again(case, scraper, private, "OK", r"{}: connected, idle for .* \(last lag [0-9.]+ m?s\)"):
            assert "orders.lag" not in done.perf and "orders.silence" in done.perf, done


@new_only
def test_queue_full(pipe, scraper, private):
    """Kafka hangs: the gauge is small and frozen, so the time since the last event counts too."""
    with lag_situations.make(pipe, "queue-full") as case:
        for done in look(case, scraper, private, ("--grace=0", "-c2", "--critical-for=0"), "CRITICAL",
                         "{}: [0-9.]+ s behind its source, more than 2 s.* back-pressure from Kafka"):
            assert done.perf["orders.lag"].value >= done.perf["orders.silence"].value, done
            assert done.perf["orders.queue"].value == 100, done
        for done in look(case, scraper, private, ("-c~:", "-w~:"), "OK", "queue full: .* for 0 s of 6m grace"):
            assert done.perf["orders.connected"].value == 1, done


@new_only
def test_vanished(pipe, scraper, private):
    """Nobody named it, an earlier run saw it, and it is gone. Held when it is back."""
    with lag_situations.make(pipe, "after-snapshot") as case:
        assert list(look_again(case, scraper, private, "OK", "{}: connected"))
    assert list(look_again(case, scraper, private, "WARNING", "{} has no series any more", "--grace=0"))
    with lag_situations.make(pipe, "after-snapshot") as case:
        # asked as often as here, one absence is many runs without series, which is a loop of restarts by its condition
        assert list(look_again(case, scraper, private, "WARNING", "{} was gone .* ago, is back.* connected", "--grace=0",
                               "--on=restart-loop=ok"))


@new_only
def test_restart_loop(pipe, private):
    """Away in three runs of the last hour, and well in this one."""
    with lag_situations.make(pipe, "after-snapshot") as case:
        def ask():
            return plugin.run(PROGRAM, urls("metrics", case.workers), "-n", case.server, state_dir=private)
        assert until(ask, "OK", "connected")
        pipe.worker.act(case.server, "stop")
        until(ask, "WARNING", "no series")
        assert [ask().rc for _ in range(2)] == [1, 1]
        pipe.worker.act(case.server, "resume")
        pipe.streaming(case.server)
        until(ask, "WARNING", "restarted again and again: away or begun anew in [34] runs of the last hour")


@new_only
def test_two_tasks(pipe, scraper, private):
    """Beans as a connector of two tasks has them: the same server, told apart by their task."""
    source = pipe.source("postgres")
    with pipe.connector(source, "orders", custom_metric_tags="task=0") as name:
        case = lag_situations.Case(pipe.worker, server=name, source=source)
        pipe.worker.create("second", source.connector("second", topic_prefix=name, custom_metric_tags="task=1"))
        try:
            for done in look(case, scraper, private, ["--discover"], "OK", '"0,1"'):
                entry = {"{#SERVER}": name, "{#TYPE}": "postgres", "{#TASK}": "0,1", "{#DATABASE}": ""}
                assert done.json == [entry], done
            for done in look_again(case, scraper, private, "OK", "{}: connected"):
                assert done.perf["orders.connected"].value == 1, done
        finally:
            pipe.worker.delete("second", offsets=True)
        assert list(look_again(case, scraper, private, "WARNING", "{} has lost task 1", "--grace=0"))


@new_only
def test_two_workers(pipe, private):
    """The same server on two workers; then one of them is killed."""
    source = pipe.source("postgres")
    with pipe.lab.another_worker(group=pipe.name("twin")) as second, pipe.connector(source, "orders") as name:
        workers = [pipe.worker, second]
        second.create("twin", source.connector("twin", topic_prefix=name))
        with prometheus.Server({JOB: [worker.metrics_url for worker in workers]}) as scraper:
            case = lag_situations.Case(*workers, server=name, source=source)
            assert list(look(case, scraper, private, NAMED, "WARNING", "{} runs on two workers at once"))
            second.create("alone", source.connector("alone"))
            until(lambda: plugin.run(PROGRAM, WAYS["prometheus"](None, scraper, None), "-n", "alone"), "OK", "alone")
            second.kill()
            port = second.metrics_url.rpartition(":")[2].partition("/")[0]
            for way in "metrics", "jolokia":
                done = plugin.run(PROGRAM, urls(way, workers), "-n", name, "-n", "alone", "--grace=0")
                assert done.rc == 2 and "alone has no series" in done.line1 and "did not answer" in done.line1, done
                assert f":{port} did not answer" in done.items["alone"][1] or way == "jolokia", done
                assert plugin.run(PROGRAM, urls(way, workers), "-n", name).rc == 1, way
            until(lambda: plugin.run(PROGRAM, WAYS["prometheus"](None, scraper, None), "-n", name), "CRITICAL",
                  f"127.0.0.1:{port}: Prometheus cannot scrape it .up is 0.")


@new_only
def test_mysql_just_started(pipe, scraper, private):
    """What MySQL shows after a start is the age of the last event, not a lag."""
    source = pipe.source("mysql")
    with pipe.connector(source, "orders", connect_keep_alive_interval_ms=60000) as name:
        case = lag_situations.Case(pipe.worker, server=name, source=source)
        pipe.streaming(name)
        for _ in range(12):
            source.write()
        many = r"{}: connected, .* behind its source.*orders.events=([4-9][0-9]|[0-9]{3})"
        assert list(look_again(case, scraper, private, "OK", many))
        pipe.worker.act(name, "restart", "?includeTasks=true")
        kafka.wait_for(lambda: (pipe.worker.bean(name, "MilliSecondsBehindSource") or 0) > 1000, "it shows an old event")
        for done in look_again(case, scraper, private, "OK", "just started: .* is the age of the last event"):
            assert "orders.lag" not in done.perf, done


@new_only
def test_mysql_stalled(pipe, scraper, private):
    """Longer without any event than a server that sends heartbeats every 0.8 s would be; this one sends them every 4 s."""
    with lag_situations.make(pipe, "mysql-idle") as case:
        assert list(look(case, scraper, private, ("--keepalive=1s",), "CRITICAL", "{} is stalled: connected, but for"))


# Who is there

def test_discovery_and_types(pipe, scraper, private):
    with lag_situations.make(pipe, "two-servers") as case:
        until(lambda: plugin.run(PROGRAM, WAYS["prometheus"](case.workers, scraper, private)), "OK", "2 connectors")
        for way in WAYS.values():
            args = way(case.workers, scraper, private)
            found = {entry["{#SERVER}"]: entry for entry in plugin.run(PROGRAM, args, "--discover").json}
            assert {name: entry["{#TYPE}"] for name, entry in found.items()} == {"orders": "postgres", "stock": "mysql"}
            assert set(found["orders"]) == {"{#SERVER}", "{#TYPE}", "{#TASK}", "{#DATABASE}"}, found
            only = plugin.run(PROGRAM, args, "--connector-type=mysql", "--output-format=json").json
            assert [item["name"] for item in only["items"]] == ["stock"], only
            assert only["items"][0]["labels"]["type"] == "mysql", only
        page = plugin.run(PROGRAM, args, "--output-format=prometheus").text
        assert 'cdc_lag_connected{server="orders",type="postgres"' in page, page


@new_only
def test_custom_tags(pipe, scraper, private):
    """They belong to nobody but the exporter: neither the server's name nor a database."""
    with lag_situations.make(pipe, "tagged") as case:
        for way in WAYS.values():
            until(lambda: plugin.run(PROGRAM, way(case.workers, scraper, private), "-n", case.server), "OK", "connected")
            found = plugin.run(PROGRAM, way(case.workers, scraper, private), "--discover").json
            assert [(entry["{#SERVER}"], entry["{#DATABASE}"]) for entry in found] == [(case.server, "")], found


# Exporters

@new_only
def test_other_exporters(pipe):
    """The same beans by the default export and in lower case, from the older exporter and the newer one."""
    source = pipe.source("postgres")
    with pipe.connector(source, "orders") as name:
        pipe.streaming(name)
        pipe.seen(source, name)
        for version in "0.20.0", "1.0.1":
            for options in "", "lowercaseOutputName: true":
                with exporter.Server(pipe.worker, version, options) as url:
                    done = until(lambda: plugin.run(PROGRAM, "--metrics-url=" + url, "-n", name), "OK", "connected, .* behind")
                    assert f"{name}.queue" in done.perf, (version, options, done)


@new_only
def test_wrong_path(pipe):
    """The newer exporter answers 200 to anything: with a page of its own."""
    done = plugin.run(PROGRAM, "--metrics-url=" + pipe.worker.metrics_url.replace("/metrics", "/nowhere"))
    assert done.rc == 3 and "not the text of metrics: it begins with" in done.line1, done
