"""Every condition that a Debezium connector's metrics can be in, made with real ones.

    with lag_situations.make(pipe, "queue-full") as case:
        case.workers        # whose metrics a client reads
        case.server         # the topic.prefix that the situation is about, or None
        case.source         # its database

names(pipe) are those that the pipeline's stack can make. The situation lasts as long as the block, and the block's end
puts the pipeline back.
"""

import contextlib
import threading

from lab import connect_situations, debezium, kafka

Case = connect_situations.Case
SITUATIONS = {}
NO_SNAPSHOT = {"new": "no_data", "old": "never"}  # what Debezium calls it


def make(pipe, name):
    """The context manager of one situation."""
    return SITUATIONS[name][0](pipe)


def names(pipe):
    return [name for name, (_, kinds) in SITUATIONS.items() if set(kinds) <= set(pipe.kinds)]


def _situation(*kinds):
    """The function's name, with dashes, is the situation's. kinds: the databases that it needs."""
    def register(function):
        manager = contextlib.contextmanager(function)
        SITUATIONS[function.__name__.replace("_", "-")] = manager, kinds
        return manager
    return register


@contextlib.contextmanager
def _streaming(pipe, kind, events=True, **settings):
    """A connector that has finished its snapshot and, with events, has seen the latest change."""
    source = pipe.source(kind)
    with pipe.connector(source, "orders", **settings) as name:
        pipe.streaming(name)
        if events:
            pipe.seen(source, name)
        yield Case(pipe.worker, server=name, source=source)


class _Busy:
    """Changes all the time, until the block ends."""

    def __init__(self, source, rows=5, pause=0.1):
        self._source, self._rows, self._pause = source, rows, pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._end.wait(self._pause):
            self._source.write(self._rows)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


# Where there is nothing to see

@_situation()
def no_debezium(pipe):
    """A worker without any Debezium connector."""
    yield Case(pipe.worker, server=None)


@_situation("postgres")
def before_first_event(pipe):
    """It streams and no change has come: the lag is -1."""
    with _streaming(pipe, "postgres", events=False, snapshot_mode=NO_SNAPSHOT[pipe.stack.name]) as case:
        yield case


@_situation("postgres")
def after_snapshot(pipe):
    """Its snapshot is done and no change has come since."""
    with _streaming(pipe, "postgres", events=False) as case:
        yield case


@_situation("postgres")
def restarted(pipe):
    """A restart after a finished snapshot: every flag of the snapshot is 0, or Skipped alone is 1."""
    with _streaming(pipe, "postgres") as case:
        pipe.worker.act(case.server, "restart", "?includeTasks=true")
        kafka.wait_for(lambda: pipe.worker.bean(case.server, "MilliSecondsBehindSource") == -1, "it starts anew")
        pipe.streaming(case.server)
        yield case


# Changes

@_situation("postgres")
def busy(pipe):
    """Changes come all the time, and are seen at once."""
    with _streaming(pipe, "postgres") as case, _Busy(case.source):
        pipe.seen(case.source, case.server)
        yield case


@_situation("postgres")
def idle(pipe):
    """Changes came and were seen, and none has come since: the gauge is frozen."""
    with _streaming(pipe, "postgres") as case:
        case.source.write(5)
        yield case


@_situation("postgres")
def filtered(pipe):
    """Only changes of a table that is not in the include list: the silence is fresh, the gauge of the lag is not."""
    with _streaming(pipe, "postgres") as case, _Filtered(case.source):
        kafka.wait_for(lambda: pipe.worker.bean(case.server, "NumberOfEventsFiltered"), "events are filtered")
        yield case


class _Filtered(_Busy):
    def _run(self):
        while not self._end.wait(self._pause):
            self._source.filtered()


@_situation("postgres")
def behind(pipe):
    """The connector was stopped for a while: when it is back, the changes that it reads are old."""
    with _streaming(pipe, "postgres") as case:
        pipe.worker.act(case.server, "stop")
        pipe.worker.wait_state(case.server, "STOPPED")
        case.source.write(20)
        threading.Event().wait(6)
        pipe.worker.act(case.server, "resume")
        kafka.wait_for(lambda: (pipe.worker.bean(case.server, "MilliSecondsBehindSource") or 0) > 5000, "it lags")
        yield case


# Snapshots

LOCK = 4711  # the key of an advisory lock
# A first snapshot that reads the table when it gets the lock; a lock of the table itself would keep it from starting.
WAITING = {"snapshot_select_statement_overrides": "public.items", "snapshot_select_statement_overrides_public_items":
           f"select items.* from (select pg_advisory_xact_lock_shared({LOCK})) as lock, items"}


LOCKED = f"select pg_advisory_xact_lock({LOCK})"
TABLE_LOCKED = "lock table items in access exclusive mode"


@contextlib.contextmanager
def _held(pipe, source, name, lock):
    """A snapshot of `items` that waits for the lock runs as long as the block, and has ended after it."""
    with source.server.connect() as session:
        session.execute(f"begin; {lock}")
        yield
    kafka.wait_for(lambda: not pipe.worker.bean(name, "SnapshotRunning", "snapshot"), "the snapshot ends")


@_situation("postgres")
def snapshot(pipe):
    """A first snapshot runs: Connected is 0, the lag -1."""
    source = pipe.source("postgres")
    with pipe.connector(source, "orders", start=False) as name, _held(pipe, source, name, LOCKED):
        pipe.worker.create(name, source.connector(name, **WAITING))
        kafka.wait_for(lambda: pipe.worker.bean(name, "SnapshotRunning", "snapshot"), "a snapshot runs")
        yield Case(pipe.worker, server=name, source=source)


@_situation("postgres")
def incremental_snapshot(pipe):
    """A snapshot through the signal table, while it streams."""
    with _streaming(pipe, "postgres") as case, _held(pipe, case.source, case.server, TABLE_LOCKED):
        case.source.signal("execute-snapshot", '{"data-collections": ["public.items"], "type": "INCREMENTAL"}')
        kafka.wait_for(lambda: pipe.worker.bean(case.server, "SnapshotRunning", "snapshot"), "a snapshot runs")
        yield case


@_situation("postgres")
def blocking_snapshot(pipe):
    """A blocking snapshot through the signal table: it does not stream meanwhile."""
    with _streaming(pipe, "postgres") as case, _held(pipe, case.source, case.server, TABLE_LOCKED):
        case.source.signal("execute-snapshot", '{"data-collections": ["public.items"], "type": "BLOCKING"}')
        kafka.wait_for(lambda: pipe.worker.bean(case.server, "SnapshotRunning", "snapshot"), "a snapshot runs")
        yield case


# What goes wrong

@_situation("postgres")
def database_stopped(pipe):
    """The database is gone: RUNNING, and its series come and go."""
    with _streaming(pipe, "postgres") as case:
        case.source.server.stop()
        try:
            kafka.wait_for(lambda: not pipe.worker.beans(case.server), "the beans are gone")
            yield case
        finally:
            case.source.server.start()
        pipe.streaming(case.server)


@_situation("postgres")
def task_failed(pipe):
    """The task is FAILED: its series are gone."""
    with connect_situations.make(pipe, "task-failed") as case:
        kafka.wait_for(lambda: not pipe.worker.beans(case.connector), "the beans are gone")
        yield Case(pipe.worker, server=case.connector, source=pipe.source("postgres"))


@_situation("postgres")
def paused(pipe):
    """Paused while changes come: Connected is 1, the lag frozen, the queue full."""
    with _streaming(pipe, "postgres") as case:
        pipe.worker.act(case.server, "pause")
        pipe.worker.wait_state(case.server, "PAUSED", "PAUSED")
        case.source.write(200)
        _full(pipe, case)
        yield case


@_situation("postgres")
def queue_full(pipe):
    """Kafka does not answer while changes come: the queue is full and the gauge of the lag frozen."""
    with _streaming(pipe, "postgres", producer_override_buffer_memory=65536, producer_override_batch_size=1000) as case:
        pipe.lab.broker.freeze()
        try:
            case.source.write(2000, 500)
            _full(pipe, case)
            yield case
        finally:
            pipe.lab.broker.thaw()
        connect_situations.back(pipe, case.server)


def _full(pipe, case):
    kafka.wait_for(lambda: pipe.worker.bean(case.server, "QueueRemainingCapacity") == 0, "the queue is full")


@_situation("postgres")
def broker_gone(pipe):
    """Kafka was stopped: the worker takes its tasks down, all series are gone while every status is RUNNING."""
    with _streaming(pipe, "postgres") as case:
        pipe.lab.broker.stop()
        try:
            # some 18 s; a worker that waits for an answer as the broker goes takes its request.timeout.ms more
            kafka.wait_for(lambda: not pipe.worker.beans(case.server), "the beans are gone", 120)
            yield case
        finally:
            connect_situations.back(pipe, case.server)


@_situation("postgres")
def worker_gone(pipe):
    """One of two workers was killed, and with it the task that it ran."""
    with pipe.lab.another_worker() as second, contextlib.ExitStack() as stack:
        source = pipe.source("postgres")
        names = [stack.enter_context(pipe.connector(source, name)) for name in ("orders", "stock")]
        def on_second():
            return next((name for name in names if second.beans(name).get("streaming", {}).get("Connected")), None)
        name = kafka.wait_for(on_second, "the second worker streams")
        second.kill()
        yield Case(pipe.worker, second, server=name, source=source)
        for name in names:
            kafka.wait_for(lambda: pipe.worker.bean(name, "Connected"), f"{name} streams again")


@_situation("postgres")
def tagged(pipe):
    """custom.metric.tags: the usual rules of the exporter put them into the name."""
    with _streaming(pipe, "postgres", custom_metric_tags="env=prod,database=eu west") as case:
        yield case


@_situation("postgres")
def bytes_limited(pipe):
    """The queue is limited in bytes, too."""
    with _streaming(pipe, "postgres", max_queue_size_in_bytes=100000) as case:
        yield case


# MySQL and MariaDB

@contextlib.contextmanager
def _binlog_idle(pipe, kind):
    """The server's heartbeat has said that nothing is behind."""
    with _streaming(pipe, kind) as case:
        kafka.wait_for(lambda: pipe.worker.bean(case.server, "MilliSecondsBehindSource") == 0, "a heartbeat")
        yield case


@_situation("mysql")
def mysql_idle(pipe):
    """MySQL, nothing to do: a heartbeat sets the lag to 0."""
    with _binlog_idle(pipe, "mysql") as case:
        yield case


@_situation("mariadb")
def mariadb_idle(pipe):
    """MariaDB, nothing to do: a heartbeat sets the lag to 0."""
    with _binlog_idle(pipe, "mariadb") as case:
        yield case


@_situation("mysql")
def mysql_restarted(pipe):
    """MySQL just started again: the lag is the age of the last event, although it has caught up."""
    with _binlog_idle(pipe, "mysql") as case:
        case.source.write()
        threading.Event().wait(7)
        pipe.worker.act(case.server, "restart", "?includeTasks=true")
        kafka.wait_for(lambda: (pipe.worker.bean(case.server, "MilliSecondsBehindSource") or 0) > 5000, "an old event",
                       pause=0.02)
        yield case


@_situation("mysql")
def mysql_stopped(pipe):
    """MySQL was shut down."""
    with _streaming(pipe, "mysql") as case:
        case.source.server.stop()
        try:
            kafka.wait_for(lambda: not pipe.worker.bean(case.server, "Connected"), "it is not connected")
            yield case
        finally:
            case.source.server.start()
            pipe.worker.act(case.server, "restart", "?includeTasks=true")
            pipe.streaming(case.server)


@_situation("mariadb")
def mariadb_stopped(pipe):
    """MariaDB was shut down: its bean stays."""
    with _streaming(pipe, "mariadb") as case:
        case.source.server.stop()
        try:
            kafka.wait_for(lambda: not pipe.worker.bean(case.server, "Connected"), "it is not connected")
            yield case
        finally:
            case.source.server.start()
            pipe.streaming(case.server)


@_situation("postgres", "mysql")
def two_servers(pipe):
    """PostgreSQL and MySQL on one worker."""
    with _streaming(pipe, "postgres") as case, pipe.connector(pipe.source("mysql"), "stock") as name:
        pipe.streaming(name)
        yield case
