"""Every condition that Kafka Connect can be in, made with a real one.

    with connect_situations.make(pipe, "task-failed") as case:
        case.workers        # those that a client asks, Worker objects
        case.connector      # the connector that the situation is about, or None

The situation lasts as long as the block, and the block's end puts the pipeline back.
"""

import contextlib
import signal
import subprocess
import urllib.parse

from lab import debezium, kafka, need

SITUATIONS = {}
# Legal names of connectors. Kafka 4 does not let the last ones through in a path, only in lists.
ODD_NAMES = ["with blank", "ümlaut-Ω", "semi;colon", "question?hash#", "pipe|<b>", "quote\"'", "a/b", "100%", "back\\slash"]
USER, SECRET = "monitor", "correct:horse"


class Case:
    def __init__(self, *workers, connector=None, **more):
        self.workers, self.connector = list(workers), connector
        self.__dict__.update(more)

    @property
    def worker(self):
        return self.workers[0]


def make(pipe, name):
    """The context manager of one situation."""
    return SITUATIONS[name](pipe)


def _situation(function):
    """The function's name, with dashes, is the situation's. Its first line says what is so."""
    SITUATIONS[function.__name__.replace("_", "-")] = manager = contextlib.contextmanager(function)
    return manager


@contextlib.contextmanager
def _sink(pipe, name):
    """A connector of two tasks that needs no database."""
    pipe.worker.create(name, debezium.file_sink("sunk", pipe.lab.directory / "sunk"))
    try:
        yield name
    finally:
        pipe.worker.delete(name)


# Connectors and tasks

@_situation
def empty(pipe):
    """No connector at all."""
    yield Case(pipe.worker)


@_situation
def all_running(pipe):
    """A source with one task and a sink with two, all RUNNING."""
    with pipe.connector(pipe.source("postgres"), "orders") as name, _sink(pipe, "sink"):
        yield Case(pipe.worker, connector=name)


@_situation
def task_failed(pipe):
    """The database does not take the password any more: the task is FAILED, the connector RUNNING."""
    source = pipe.source("postgres")
    with pipe.connector(source, "orders") as name, _sink(pipe, "sink"):
        source.server.sql(f"alter role {debezium.ROLE} password 'changed'")
        try:
            pipe.worker.act(name, "restart", "?includeTasks=true")
            pipe.worker.wait_state(name, "RUNNING", "FAILED")
            yield Case(pipe.worker, connector=name)
        finally:
            source.server.sql(f"alter role {debezium.ROLE} password '{debezium.PASSWORD}'")


@_situation
def two_tasks_failed(pipe):
    """A record that is no JSON: each task of the sink in turn takes the partition and fails."""
    file = pipe.lab.directory / "poison"
    file.write_text("this is no JSON\n")
    topic = pipe.name("poison")
    pipe.worker.create(topic, {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "file": str(file), "topic": topic,
        "value.converter": "org.apache.kafka.connect.storage.StringConverter", "tasks.max": 1})
    try:
        pipe.worker.create("sink", debezium.file_sink(topic, pipe.lab.directory / "sunk"), wait=False)
        pipe.worker.wait_state("sink", "RUNNING", "FAILED")
        yield Case(pipe.worker, connector="sink")
    finally:
        pipe.worker.delete("sink")
        pipe.worker.delete(topic)


@contextlib.contextmanager
def _without_plugin(pipe):
    """A stopped worker of its own group that had a connector, and whose next start does not find the plugin any more."""
    source = pipe.source("postgres")
    with pipe.lab.another_worker(group=pipe.name("plugins"), agents=False) as worker:
        worker.create("orders", source.connector("orders"))
        worker.stop()
        worker.plugins = ()
        yield worker
    source.forget()


@_situation
def connector_failed(pipe):
    """The connector's plugin is not there any more after a restart of the worker: the connector itself is FAILED."""
    with _without_plugin(pipe) as worker:
        worker.start()
        worker.wait_state("orders", "FAILED", "FAILED")
        yield Case(worker, connector="orders")


@_situation
def restarting(pipe):
    """A file with secrets is gone, a restart failed midway: the connector and its tasks are RESTARTING for ever."""
    secrets = pipe.lab.directory / "secrets"
    secrets.write_text("file=/dev/null\n")
    pipe.worker.create("sink", debezium.file_sink("sunk", "${file:%s:file}" % secrets))
    try:
        secrets.unlink()
        pipe.worker.act("sink", "restart", "?includeTasks=true")
        pipe.worker.wait_state("sink", "RESTARTING", "RESTARTING")
        yield Case(pipe.worker, connector="sink")
    finally:
        pipe.worker.delete("sink")


@_situation
def paused(pipe):
    """Somebody paused the connector."""
    with pipe.connector(pipe.source("postgres"), "orders") as name:
        pipe.worker.act(name, "pause")
        pipe.worker.wait_state(name, "PAUSED", "PAUSED")
        yield Case(pipe.worker, connector=name)


@_situation
def stopped(pipe):
    """Somebody stopped the connector: it has no tasks."""
    with pipe.connector(pipe.source("postgres"), "orders") as name:
        pipe.worker.act(name, "stop")
        pipe.worker.wait_state(name, "STOPPED")
        yield Case(pipe.worker, connector=name)


@_situation
def lost_slot(pipe):
    """The slot was lost while the connector was stopped: RUNNING, and for up to half an hour it has no task."""
    source = pipe.source("postgres")
    with pipe.connector(source, "orders") as name:
        pipe.streaming(name)
        pipe.worker.act(name, "stop")
        pipe.worker.wait_state(name, "STOPPED")
        lose_slot(source, name)
        pipe.worker.act(name, "resume")
        kafka.wait_for(lambda: pipe.worker.states(name)[0] == "RUNNING", f"{name} resumed")
        yield Case(pipe.worker, connector=name)


def lose_slot(source, name):
    slot = source.slot(name)
    kafka.wait_for(lambda: source.server.slot(slot)["active"] == "f", f"{slot} is free")
    source.server.set(max_slot_wal_keep_size="1MB")
    source.server.write_wal(8 << 20)
    source.server.checkpoint()
    source.server.set(max_slot_wal_keep_size="-1")
    assert source.server.slot(slot)["wal_status"] == "lost", source.server.slot(slot)


@_situation
def unknown_connector(pipe):
    """A name that nobody has."""
    with _sink(pipe, "sink"):
        yield Case(pipe.worker, connector="nowhere")


@_situation
def odd_names(pipe):
    """Connectors with every character that is legal; in a group of their own, for Kafka 4 cannot delete all of them."""
    with pipe.lab.another_worker(group=pipe.name("odd"), plugins=(), agents=False) as worker:
        _create_odd_names(worker)
        yield Case(worker, connector=ODD_NAMES[0])


def _create_odd_names(worker):
    for name in ODD_NAMES:
        worker.create(name, debezium.file_sink("sunk", "/dev/null", 1), wait=False)
    for name in ODD_NAMES:
        worker.wait_state(name, "RUNNING", "RUNNING")


# Workers

@_situation
def worker_booting(pipe):
    """A worker that was started again: it answers 404 in HTML to everything."""
    with _without_plugin(pipe) as worker:
        worker.start(wait=False)
        worker.process.wait_port(worker.port)
        yield Case(worker, connector="orders")
        worker.process.wait_for(worker.ready)


@_situation
def worker_starting(pipe):
    """A worker that was started again waits for the broker: it knows no connectors yet, and /health takes 10 s to say so."""
    with _without_plugin(pipe) as worker:
        worker.start(wait=False)
        worker.process.wait_port(worker.port)
        pipe.lab.broker.freeze()
        try:
            kafka.wait_for(lambda: worker.get("/").status == 200, "it answers")
            yield Case(worker, connector="orders")
        finally:
            pipe.lab.broker.thaw()
            worker.process.wait_for(worker.ready)


@_situation
def second_worker(pipe):
    """Two connectors, and a second worker that is to be started."""
    with pipe.lab.another_worker(start=False, plugins=(), agents=False) as second, _sink(pipe, "sink"), _sink(pipe, "drain"):
        yield Case(pipe.worker, second)


@_situation
def two_workers(pipe):
    """Two workers share the tasks."""
    with second_worker(pipe) as case:
        case.workers[1].start()
        wait_shared(pipe, case.workers[1])
        yield case


def wait_shared(pipe, second):
    """Both workers have something to do, and it runs."""
    def shared():
        parts = _parts(pipe)
        return parts and {part["worker_id"] for part in parts} == {pipe.worker.worker_id, second.worker_id} \
            and {part["state"] for part in parts} == {"RUNNING"} and len(parts) == 6
    kafka.wait_for(shared, "two workers share the tasks", 90)


@_situation
def worker_killed(pipe):
    """A worker died without a word: what it ran is RUNNING on it in every status."""
    with two_workers(pipe) as case:
        case.workers[1].kill()
        yield case
        wait_alone(pipe)


@_situation
def worker_stopped(pipe):
    """A worker was shut down: its connectors are UNASSIGNED, its tasks still RUNNING on it."""
    with two_workers(pipe) as case:
        shut_down(pipe, case.workers[1])
        yield case
        wait_alone(pipe)


def shut_down(pipe, worker):
    """It has left its group long before its process ends."""
    worker.process.send(signal.SIGTERM)
    kafka.wait_for(lambda: "UNASSIGNED" in [part["state"] for part in _parts(pipe)], "something is UNASSIGNED")


def wait_alone(pipe):
    """Everything runs on the first worker."""
    def alone():
        return {(part["state"], part["worker_id"]) for part in _parts(pipe)} == {("RUNNING", pipe.worker.worker_id)}
    kafka.wait_for(alone, "everything runs on one worker", 90)


def _parts(pipe):
    """The status of every connector and task."""
    return [part for status in pipe.worker.status_of_all().values() for part in [status["connector"], *status["tasks"]]]


@_situation
def worker_frozen(pipe):
    """A worker that takes connections and answers nothing."""
    with pipe.lab.another_worker(group=pipe.name("frozen"), plugins=(), agents=False) as worker:
        worker.freeze()
        yield Case(worker)


@_situation
def broker_gone(pipe):
    """Kafka is gone: every status stays RUNNING, from memory."""
    with pipe.connector(pipe.source("postgres"), "orders") as name:
        # a task that still makes its slot would find it there when it is begun again
        pipe.streaming(name)
        pipe.lab.broker.stop()
        try:
            yield Case(pipe.worker, connector=name)
        finally:
            back(pipe, name)


def back(pipe, name):
    """The broker starts, and what ran before runs again."""
    if not pipe.lab.broker.process:
        pipe.lab.broker.start()
    kafka.wait_for(lambda: pipe.worker.get("/connectors/" + urllib.parse.quote(name), 100).status == 200, "a group again")
    pipe.worker.wait_state(name, "RUNNING", "RUNNING")
    pipe.streaming(name)


@_situation
def secured(pipe):
    """Basic authentication over TLS with a certificate of its own, and connectors with odd names."""
    directory = pipe.lab.directory
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate)
    _openssl("pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", "pass:changeit", "-out",
             directory / "keystore")
    (directory / "users").write_text(f"{USER}: {SECRET}\n")
    (directory / "jaas.conf").write_text(
        "KafkaConnect { org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n"
        f'file="{directory}/users"; }};\n')
    extension = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
    with pipe.lab.another_worker(start=False, group=pipe.name("secured"), plugins=(), agents=False, scheme="https",
                                 properties={"java.security.auth.login.config": directory / "jaas.conf"},
                                 settings={"rest.extension.classes": extension, "ssl.keystore.type": "PKCS12",
                                           "ssl.keystore.location": directory / "keystore",
                                           "ssl.keystore.password": "changeit"}) as worker:
        worker.authenticate(USER, SECRET)
        worker.start()
        _create_odd_names(worker)
        yield Case(worker, certificate=certificate, user=USER, password=SECRET)


def _openssl(*arguments):
    subprocess.run([need.program("openssl"), *arguments], check=True, capture_output=True)
