"""A whole pipeline of change data capture: databases, Debezium on Kafka Connect, Kafka.

    with pipeline.Pipeline("new") as pipe:
        source = pipe.source("postgres")
        with pipe.connector(source, "orders") as worker: ...
        with pipe.connector(source, "orders", snapshot_mode="initial"): ...

Everything is started when it is first asked for, and kept until the pipeline ends.
"""

import contextlib
import itertools

from lab import debezium, kafka, mysqld, pg


class Pipeline:
    """lab: the kafka.Lab. worker: the one that is always there."""

    def __init__(self, name):
        self._stack = contextlib.ExitStack()
        self._sources, self._labs, self._numbers = {}, {}, itertools.count(1)
        self.lab = self._stack.enter_context(kafka.Lab(name))
        self.stack = self.lab.stack

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stack.close()

    @property
    def worker(self):
        return self.lab.worker()

    @property
    def kinds(self):
        return list(self.stack.debezium)

    def source(self, kind):
        """The database of that kind ("postgres", "mysql", "mariadb") and its table."""
        if kind not in self._sources:
            opened = (debezium.postgres(self._databases(pg.Lab)) if kind == "postgres" else
                      getattr(debezium, kind)(self._databases(mysqld.Lab), self.lab.broker))
            self._sources[kind] = self._stack.enter_context(opened)
        return self._sources[kind]

    def _databases(self, kind):
        if kind not in self._labs:
            self._labs[kind] = self._stack.enter_context(kind())
        return self._labs[kind]

    def name(self, start):
        """A name that was never used: the offsets of a connector outlive it."""
        return f"{start}{next(self._numbers)}"

    @contextlib.contextmanager
    def connector(self, source, name=None, worker=None, wait=True, start=True, **settings):
        """A connector whose topic.prefix is its name. Yields the name; at the end it, its offsets and its slot go.

        start=False: the block creates it. settings: of the connector, see debezium.Source.connector().
        """
        worker, name = worker or self.worker, name or self.name(source.kind)
        try:
            if start:
                worker.create(name, source.connector(name, **settings), wait)
            yield name
        finally:
            worker.delete(name, offsets=True)
            self._gone(name)
            source.forget()

    def _gone(self, name):
        """A bean of the last task would keep the next one of the same name from having any."""
        for worker in self.lab.workers:
            if worker.measured and worker.process:
                kafka.wait_for(lambda: not worker.beans(name), f"the beans of {name} are gone")

    def streaming(self, name, worker=None):
        """Until Debezium says that it streams."""
        worker = worker or self.worker
        kafka.wait_for(lambda: worker.bean(name, "Connected"), f"{name} streams")

    def seen(self, source, name, rows=1):
        """Writes rows and waits until they were seen."""
        before = self.worker.bean(name, "TotalNumberOfEventsSeen")
        source.write(rows)
        kafka.wait_for(lambda: (self.worker.bean(name, "TotalNumberOfEventsSeen") or 0) >= before + rows, f"{name} sees")
