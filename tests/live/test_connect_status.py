"""check_connect_status against real Kafka Connect with real Debezium connectors, in every situation of the laboratory."""

import os
import re
import time

import pytest

from lab import connect_situations, plugin

PROGRAM = "check_connect_status"
STATES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


def ask(workers, *args, **how):
    urls = ["--url=" + worker.url for worker in workers]
    return plugin.run(PROGRAM, urls, args, **how)


# What is said at once, without grace, and what line 1 must hold. "{}" is the connector of the situation.
SITUATIONS = {
    "empty": ("UNKNOWN", "no connectors"),
    "all-running": ("OK", "2 connectors, 3 of 3 tasks running on 1 worker"),
    "task-failed": ("CRITICAL", "{} task 0 failed: .*PSQLException: FATAL: password auth"),
    "two-tasks-failed": ("CRITICAL", "sink tasks 0, 1 failed: Json"),
    "connector-failed": ("CRITICAL", "{} failed: ConnectException: Failed to find any class"),
    "restarting": ("WARNING", "{} is restarting"),
    "paused": ("WARNING", "{} is paused"),
    "stopped": ("WARNING", "{} is stopped"),
    "lost-slot": ("CRITICAL", "{} is RUNNING without any task"),
    "odd-names": ("OK", "9 connectors, 9 of 9 tasks running"),
    "two-workers": ("OK", "2 connectors, 4 of 4 tasks running on 2 workers"),
    "worker-starting": ("CRITICAL", "cut off from Kafka"),
    "worker-frozen": ("UNKNOWN", "timed out while waiting for .* from 127.0.0.1"),
    "broker-gone": ("CRITICAL", "cut off from Kafka .no answer to /health in 3 s"),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_situation(pipe, name):
    state, says = SITUATIONS[name]
    with connect_situations.make(pipe, name) as case:
        done = ask(case.workers[:1], "--grace=0", "-t", "6")
    assert done.rc == STATES[state], done
    assert re.search(says.replace("{}", str(case.connector)), done.line1), done


@pytest.mark.parametrize("name, state", [("lost-slot", "WARNING"), ("restarting", "OK"), ("broker-gone", "WARNING")])
def test_what_is_tolerated_for_a_while(pipe, name, state):
    with connect_situations.make(pipe, name) as case:
        done = ask(case.workers, "-t", "6")
    assert done.rc == STATES[state] and "of 6m grace" in done.text, done


def test_unknown_connector(pipe):
    with connect_situations.make(pipe, "unknown-connector") as case:
        missing, there = ask(case.workers, "-n", case.connector), ask(case.workers, "-n", "sink")
    assert missing.rc == 2 and "does not exist" in missing.line1 and there.rc == 0, (missing, there)


def test_odd_names_by_name(pipe):
    """Kafka 4 takes no "/" and "%" in a path: nothing is asked by one."""
    with connect_situations.make(pipe, "odd-names") as case:
        for name in connect_situations.ODD_NAMES:
            done = ask(case.workers, "-n", name)
            assert done.rc == 0 and done.perf["cluster.connectors"].value == 1, done
        found = ask(case.workers, "--discover").json
    assert sorted(entry["{#CONNECTOR}"] for entry in found) == sorted(connect_situations.ODD_NAMES)


def test_worker_killed(pipe):
    """Only who knows all workers can tell: every status still says RUNNING."""
    with connect_situations.make(pipe, "worker-killed") as case:
        alone, all_workers = ask(case.workers), ask(case.workers, "--all-workers", "--grace=0")
    dead = case.workers[1].worker_id
    assert alone.rc == 0, alone
    assert all_workers.rc == 2 and "on worker %s, which does not answer" % dead in all_workers.line1, all_workers
    assert all_workers.items["cluster"][0] == "WARNING", all_workers


def test_worker_down(pipe):
    with connect_situations.make(pipe, "worker-killed") as case:
        done = ask(reversed(case.workers))
    assert done.rc == 1 and "Connection refused" in done.line1, done


def test_worker_stopped(pipe):
    """Its tasks do not run, though they say so."""
    with connect_situations.make(pipe, "worker-stopped") as case:
        done, tolerated = ask(case.workers[:1], "--grace=0"), ask(case.workers[:1])
    assert done.rc == 1 and tolerated.rc == 0, (done, tolerated)
    assert done.perf["cluster.tasks-unassigned"].value > 0, done
    assert done.perf["cluster.tasks-running"].value < done.perf["cluster.tasks"].value, done


def test_frozen_worker_and_a_good_one(pipe):
    with connect_situations.make(pipe, "worker-frozen") as case:
        done = ask([case.worker, pipe.worker], "-t", "4", "--on", "none=ok")
    assert done.rc == 1 and "did not answer" in done.line1 and done.seconds < 4, done


def test_secured(pipe, private):
    """Basic authentication over TLS; no certificate, no credentials and wrong ones are told apart."""
    auth = os.path.join(private, "auth")
    with connect_situations.make(pipe, "secured") as case:
        for text, args, rc, says in (("%s:%s" % (case.user, case.password), ["--ca-cert", case.certificate], 0, "sink"),
                                     ("%s:%s" % (case.user, case.password), ["--tls=no-verify"], 0, "sink"),
                                     ("%s:%s" % (case.user, case.password), [], 2, "certificate"),
                                     (case.user + ":wrong", ["--ca-cert", case.certificate], 3, "401")):
            with open(auth, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(text)
            done = ask(case.workers, "--auth-file", auth, args)
            assert done.rc == rc and says in done.line1, done
        assert ask(case.workers, "--tls=no-verify").rc == 3


def test_discovery(pipe):
    with connect_situations.make(pipe, "all-running") as case:
        found = {entry["{#CONNECTOR}"]: entry for entry in ask(case.workers, "--discover").json}
    orders = found["orders"]
    assert orders["{#TYPE}"] == "source" and orders["{#CLASS}"].endswith("PostgresConnector"), orders
    assert orders["{#SERVER}"] == "orders" and orders["{#TASKS}"] == "1" and orders["{#SLOT}"], orders
    assert orders["{#DBHOST}"] == "127.0.0.1" and orders["{#DBNAME}"], orders
    assert found["sink"]["{#TYPE}"] == "sink" and found["sink"]["{#TASKS}"] == "2", found


def test_just_created(pipe):
    """The first half second of a connector: no status, then no tasks, then RUNNING. Never a false alarm, never OK in silence."""
    with connect_situations.make(pipe, "all-running") as case, pipe.connector(pipe.source("postgres"), wait=False) as name:
        seen = set()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            done = ask(case.workers, "-n", name)
            seen.add(done.line1.split(" - ")[1].partition(":")[2])
            assert done.rc in (0, 1), done
            if done.rc == 0:
                break
        assert done.rc == 0, seen


def test_flapping(pipe, private):
    """Somebody restarts a task that fails again and again."""
    with connect_situations.make(pipe, "task-failed") as case:
        source = pipe.source("postgres")
        from lab import debezium
        for _ in range(2):
            assert ask(case.workers, "-n", case.connector, state_dir=private).rc == 2
            source.server.sql(f"alter role {debezium.ROLE} password '{debezium.PASSWORD}'")
            case.worker.act(case.connector, "restart", "?includeTasks=true&onlyFailed=true")
            case.worker.wait_state(case.connector, "RUNNING", "RUNNING")
            done = ask(case.workers, "-n", case.connector, state_dir=private)
            source.server.sql(f"alter role {debezium.ROLE} password 'changed'")
            case.worker.act(case.connector, "restart", "?includeTasks=true")
            case.worker.wait_state(case.connector, "RUNNING", "FAILED")
    assert done.rc == 1 and "flapping: 3 changes" in done.text, done


def test_a_worker_that_only_starts_forgets_nobody(pipe, private):
    """It knows of no connector yet: what an earlier run saw has not vanished, what is named is not missing."""
    with connect_situations.make(pipe, "worker-starting") as case:
        done = ask(case.workers, "-n", "sink", "-t", "6", state_dir=private)
    assert done.rc == 1 and "does not exist" not in done.text and "not there" not in done.text, done
