"""check_connect_status against real Kafka Connect with real Debezium connectors, in every situation of the laboratory.

Line 1 stands here whole. A worker may need a moment until it tells what was done to it: so a question is asked again for
some seconds while its answer is another one.
"""

import os
import re
import time

import pytest

from lab import connect_situations, debezium, kafka, plugin

PROGRAM = "check_connect_status"
PATIENCE = 20
# What does not hang on the version of Kafka is seen on one stack.
new_only = pytest.mark.stacks("new")


def ask(workers, *args, **how):
    return plugin.run(PROGRAM, ["--url=" + worker.url for worker in workers], args, **how)


def expect(workers, args, line, patience=PATIENCE, **how):
    """line: the whole first line; "*" stands for anything."""
    pattern = re.escape("CONNECT_STATUS " + line).replace(r"\*", ".*")
    end = time.monotonic() + patience
    while True:
        done = ask(workers, args.split() if isinstance(args, str) else args, **how)
        if re.fullmatch(pattern, done.line1):
            return done
        assert time.monotonic() < end, "expected: CONNECT_STATUS %s\n%r" % (line, done)
        time.sleep(0.2)


# Every question about a situation, and line 1 of its answer; without --grace=0 as in the first run.
SITUATIONS = {
    "empty": [
        ("", "UNKNOWN - no connectors found to judge"),
        ("-n orders", "CRITICAL - orders does not exist in this cluster"),
    ],
    "all-running": [
        ("", "OK - 2 connectors, 3 of 3 tasks running on 1 worker"),
        ("-n orders --tasks=1", "OK - orders: 1 of 1 tasks running"),
        ("--type=sink", "OK - sink: 2 of 2 tasks running"),
        ("--include=o.*", "OK - orders: 1 of 1 tasks running"),
        ("--exclude=o.*", "OK - sink: 2 of 2 tasks running"),
        ("-n nowhere -n sink", "CRITICAL - nowhere does not exist in this cluster - 1 of 2 connectors critical"),
        ("--tasks=1", "OK - 2 connectors, 3 of 3 tasks running on 1 worker"),
        ("--tasks=1 --grace=0", "WARNING - sink: 2 tasks, more than 1 - 1 of 2 connectors warning"),
        ("--warning-workers=3:", "WARNING - cluster: workers 1, less than 3"),
    ],
    "task-failed": [
        ("", "CRITICAL - orders task 0 failed: PSQLException: FATAL: password… - 1 of 2 connectors critical"),
        ("-n orders", "CRITICAL - orders task 0 failed: PSQLException: FATAL: password authentication failed for user "
                      '"debezium"'),
        ("-w 0", "WARNING - cluster tasks failed 1, more than 0: orders task 0 failed: PSQLException: FATAL: password…"),
        ("--on failed=ok", "OK - 2 connectors, 2 of 3 tasks running on 1 worker"),
    ],
    "two-tasks-failed": [
        ("", "CRITICAL - sink tasks 0, 1 failed: JsonParseException: Unrecognized token… - 1 of 2 connectors critical"),
    ],
    "restarting": [
        ("", "OK - sink: 0 of 2 tasks running, restarting for 0 s of 6m grace"),
        ("--grace=0", "WARNING - sink is restarting, 0 of 2 tasks running"),
    ],
    "paused": [
        ("", "WARNING - orders is paused: nothing moves until it is resumed, 0 of 1 tasks running"),
        ("--on paused=ok", "OK - orders: 0 of 1 tasks running, paused"),
    ],
    "stopped": [
        ("", "WARNING - orders is stopped: nothing moves until it is resumed, 0 of 0 tasks running"),
        ("--on stopped=ok --tasks=1", "OK - orders: 0 of 0 tasks running, stopped"),
    ],
    "lost-slot": [
        ("", "WARNING - orders is RUNNING without any task: nothing is captured for 0 s of 6m grace"),
        ("--grace=0", "CRITICAL - orders is RUNNING without any task: nothing is captured, 0 of 0 tasks running"),
    ],
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_situation(pipe, name):
    with connect_situations.make(pipe, name) as case:
        for args, line in SITUATIONS[name]:
            expect(case.workers, args, line)


def test_broker_gone(pipe):
    """Every status is RUNNING for ever, from memory; /health says for ten seconds nothing."""
    with connect_situations.make(pipe, "broker-gone") as case:
        says = "cluster: worker %s is cut off from Kafka (no answer to /health in 3 s)" % case.worker.worker_id
        expect(case.workers, "-t 6 --grace=0", "CRITICAL - " + says)
        done = expect(case.workers, "-t 6", "WARNING - %s for 0 s…" % says)
        assert ("OK", "1 of 1 tasks running") == done.items[case.connector], done


@new_only
def test_just_created(pipe):
    """The first half second: no status, then no tasks, then RUNNING. Never a false alarm, never OK in silence."""
    with connect_situations.make(pipe, "all-running") as case, pipe.connector(pipe.source("postgres"), wait=False) as name:
        fine = "OK - %s: 1 of 1 tasks running" % name
        seen = set()
        end = time.monotonic() + PATIENCE
        while (done := ask(case.workers, "-n", name)).line1 != "CONNECT_STATUS " + fine:
            seen.add((done.rc, re.sub(" for [0-9]+ s of 6m grace.*", "", done.line1)))
            assert time.monotonic() < end, seen
        young = {"%s has no status: no worker has started it yet" % name, "%s is RUNNING without any task: nothing is captured" % name}
        assert seen <= {(1, "CONNECT_STATUS WARNING - " + text) for text in young}, seen


def test_discovery(pipe):
    with connect_situations.make(pipe, "all-running") as case:
        found = {entry["{#CONNECTOR}"]: entry for entry in ask(case.workers, "--discover").json}
    source = pipe.source("postgres")
    assert found == {
        "orders": {"{#CONNECTOR}": "orders", "{#TYPE}": "source", "{#CLASS}": source.connector("x")["connector.class"],
                   "{#SERVER}": "orders", "{#TASKS}": "1", "{#SLOT}": source.slot("orders"), "{#DBHOST}": "127.0.0.1",
                   "{#DBNAME}": "postgres"},
        "sink": {"{#CONNECTOR}": "sink", "{#TYPE}": "sink", "{#TASKS}": "2", "{#SERVER}": "", "{#SLOT}": "", "{#DBHOST}": "",
                 "{#DBNAME}": "", "{#CLASS}": "org.apache.kafka.connect.file.FileStreamSinkConnector"}}


@new_only
def test_flapping(pipe, private):
    """Somebody restarts a task that fails again and again."""
    with connect_situations.make(pipe, "task-failed") as case:
        source, name = pipe.source("postgres"), case.connector
        for _ in range(2):
            assert ask(case.workers, "-n", name, state_dir=private).rc == 2
            source.server.sql(f"alter role {debezium.ROLE} password '{debezium.PASSWORD}'")
            case.worker.act(name, "restart", "?includeTasks=true&onlyFailed=true")
            case.worker.wait_state(name, "RUNNING", "RUNNING")
            done = ask(case.workers, "-n", name, state_dir=private)
            source.server.sql(f"alter role {debezium.ROLE} password 'changed'")
            case.worker.act(name, "restart", "?includeTasks=true")
            case.worker.wait_state(name, "RUNNING", "FAILED")
    assert done.line1 == "CONNECT_STATUS WARNING - %s is flapping: 3 changes between FAILED and RUNNING in the last hour, " \
        "1 of 1 tasks running" % name, done


@new_only
def test_vanished(pipe, private):
    """Who deletes a connector that was judged is reminded of it, until he says that it was meant."""
    with connect_situations.make(pipe, "unknown-connector") as case:
        pipe.worker.create("drain", debezium.file_sink("sunk", "/dev/null"))
        expect(case.workers, "", "OK - 2 connectors, 4 of 4 tasks running on 1 worker", state_dir=private)
        pipe.worker.delete("drain")
        gone = "WARNING - drain is not there any more: an earlier run judged it… - 1 of 2 connectors warning"
        for _ in range(2):
            expect(case.workers, "", gone, state_dir=private)
        expect(case.workers, "--forget", "OK - sink: 2 of 2 tasks running", state_dir=private)


# Several workers

SHARED = "OK - 2 connectors, 4 of 4 tasks running on 2 workers"
ALONE = "OK - 2 connectors, 4 of 4 tasks running on 1 worker"


@new_only
def test_worker_killed(pipe):
    """Every status still says RUNNING: only who knows all workers can tell."""
    with connect_situations.make(pipe, "worker-killed") as case:
        worker = case.workers[1].worker_id
        done = ask(case.workers, "--all-workers", "--grace=0")
        assert done.rc == 2 and "on worker %s, which does not answer" % worker in done.text, done
        assert done.items["cluster"] == ("WARNING", "cannot connect to %s: Connection refused, %d of 4 tasks running on 2 workers"
                                         % (worker, done.perf["cluster.tasks-running"].value)), done
        assert done.perf["cluster.tasks-running"].value < 4, done
        expect(case.workers, "", SHARED, patience=0)
        done = expect(case.workers, "--all-workers", "WARNING - *", patience=0)
        assert re.search("on worker %s, which does not answer for [0-9]+ s of 6m grace" % worker, done.text), done
        expect(case.workers[::-1], "", "WARNING - cluster: cannot connect to %s: Connection refused" % worker)
        connect_situations.wait_alone(pipe)
        expect(case.workers[:1], "--all-workers", ALONE)


def test_worker_that_comes_and_goes(pipe, private):
    """Nothing worse is seen than a worker that is busy with the rebalance; what it leaves behind does not run."""
    with connect_situations.make(pipe, "second-worker") as case:
        first, second = case.workers[:1], case.workers[1]
        second.start(wait=False)
        while not second.ready():
            done = ask(first, state_dir=private)
            assert done.rc == 0 or done.rc == 1 and re.search("no answer to /health in 3 s. for .* of 6m grace", done.text), done.text
        connect_situations.wait_shared(pipe, second)
        expect(first, "", SHARED, state_dir=private)
        expect(case.workers, "--all-workers --warning-workers=2:", SHARED)
        # its connectors are UNASSIGNED, and their tasks say that they are RUNNING on it
        connect_situations.shut_down(pipe, second)
        done = ask(first, "--grace=0")
        assert done.rc == 1 and re.search(": (unassigned|tasks? [01, ]+ unassigned), ", done.text), done
        assert done.perf["cluster.tasks-unassigned"].value > 0, done
        assert done.perf["cluster.tasks-running"].value < done.perf["cluster.tasks"].value, done
        done = ask(first)
        assert done.rc in (0, 1) and "assigned for 0 s of 6m grace" in done.text, done
        connect_situations.wait_alone(pipe)
        expect(first, "", ALONE, state_dir=private)


# Workers of their own

@new_only
def test_worker_that_is_started_again(pipe, private):
    """It takes its time, its connector's plugin is gone, and in the end it hangs."""
    with connect_situations.make(pipe, "worker-booting") as case:
        worker, name = case.worker, case.connector
        why = "worker %s is starting (HTTP 404 to everything, is the URL right?)" % worker.worker_id
        expect(case.workers, "", "OK - cluster: connectors not judged in this run: %s is starting" % worker.worker_id, patience=0)
        expect(case.workers, "--grace=0", "WARNING - cluster: " + why, patience=0)
        done = expect([worker, pipe.worker], "--on none=ok", "OK - no connectors found to judge*", patience=0)
        assert "worker %s is starting for 0 s of 6m grace" % worker.worker_id in done.text, done
        worker.wait_state(name, "FAILED", "FAILED")
        expect(case.workers, "", "CRITICAL - orders failed: ConnectException: Failed to find any class that implements Connector"
                                 " and…")
        assert ask(case.workers, state_dir=private).perf["cluster.connectors-failed"].value == 1
        worker.freeze()
        expect(case.workers, "-t 1.5", "UNKNOWN - timed out while waiting for the status of all connectors from %s (--timeout)"
               % worker.worker_id, patience=0)
        done = expect([worker, pipe.worker], "-t 4 --on none=ok", "WARNING - cluster: %s did not answer with *" % worker.worker_id,
                      patience=0)
        assert done.seconds < 4, done
        worker.thaw()


@new_only
def test_a_worker_that_waits_for_kafka_forgets_nobody(pipe, private):
    """It knows of no connector yet: what an earlier run saw has not vanished, what is named is not missing."""
    with connect_situations.make(pipe, "worker-starting") as case:
        expect(case.workers, "-t 6 --grace=0", "CRITICAL - cluster: worker %s is cut off from Kafka*" % case.worker.worker_id)
        done = ask(case.workers, "-n", case.connector, "-t", "6", state_dir=private)
    assert done.rc == 1 and done.items[case.connector] == ("UNKNOWN", "not known to this worker yet"), done


def test_secured_and_odd_names(pipe, private):
    """Basic authentication over TLS, and connectors with names that Kafka 4 takes in no path."""
    with connect_situations.make(pipe, "secured") as case:
        auth, wrong = _file(private, "auth", f"{case.user}:{case.password}"), _file(private, "wrong", case.user + ":wrong")
        address, port = case.worker.worker_id, case.worker.port
        known = ["--auth-file=" + auth, "--ca-cert=%s" % case.certificate]
        count = len(connect_situations.ODD_NAMES)
        expect(case.workers, known, "OK - %d connectors, %d of %d tasks running on 1 worker" % (count, count, count))
        expect(case.workers, ["--auth-file=" + auth, "--tls=no-verify"], "OK - *", patience=0)
        expect(case.workers, ["--auth-file=" + auth], "CRITICAL - *certificate*", patience=0)
        refused = "UNKNOWN - %s refuses the credentials (HTTP 401, see --auth-file and --bearer-file): User cannot access the res*"
        for args in ["--auth-file=" + wrong, known[1]], [known[1]]:
            expect(case.workers, args, refused % address, patience=0)
        wrong_name = plugin.run(PROGRAM, "--url=https://127.0.0.2:%d" % port, known)
        assert wrong_name.rc == 2 and "127.0.0.2" in wrong_name.line1, wrong_name
        plain = plugin.run(PROGRAM, "--url=http://127.0.0.1:%d" % port, known[:1])
        assert plain.rc in (2, 3), plain
        for name in connect_situations.ODD_NAMES:
            done = ask(case.workers, known, "-n", name)
            assert done.rc == 0 and done.perf["cluster.connectors"].value == 1, done
        found = ask(case.workers, known, "--discover").json
        assert sorted(entry["{#CONNECTOR}"] for entry in found) == sorted(connect_situations.ODD_NAMES)
        assert {by_path(case.worker, name) for name in ("a/b", "100%", "back\\slash")} == (
            {400} if pipe.stack.kafka.startswith("4") else {200})


def by_path(worker, name):
    return worker.get(kafka.path(name) + "/status").status


def _file(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text)
    return path
