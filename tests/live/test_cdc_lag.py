"""check_cdc_lag against real Kafka Connect with real Debezium connectors, in every situation of the laboratory.

Each is looked at in every way: the page of the JMX exporter, the same page saved, a Prometheus server that scrapes it,
and Jolokia. What the laboratory cannot make stands in tests/facts/cdc_lag.
"""

import pathlib
import re
import time

import pytest

from lab import kafka, lag_situations, plugin, prometheus, web

PROGRAM = "check_cdc_lag"
JOB = "connect"
# What does not depend on the generation is looked at in the newer one.
new_only = pytest.mark.parametrize("pipe", ["new"], indirect=True, scope="session")


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
# Those of which an older generation may show something else.
IN_BOTH = ("busy", "snapshot", "incremental-snapshot", "task-failed", "tagged", "mysql-idle")


def look(case, scraper, private, args, state, says):
    """One look in each way."""
    args = [arg.replace("{}", case.server or "") for arg in args]
    says = says.replace("{}", case.server or "")
    for way in WAYS.values():
        yield until(lambda: plugin.run(PROGRAM, way(case.workers, scraper, private), args), state, says)


@new_only
@pytest.mark.parametrize("name", SITUATIONS)
def test_situation(pipe, scraper, private, name):
    with lag_situations.make(pipe, name) as case:
        found = list(look(case, scraper, private, *SITUATIONS[name]))
    assert len(found) == len(WAYS)


@pytest.mark.parametrize("pipe", ["old"], indirect=True, scope="session")
@pytest.mark.parametrize("name", IN_BOTH)
def test_situation_of_the_older_generation(pipe, scraper, private, name):
    test_situation(pipe, scraper, private, name)
