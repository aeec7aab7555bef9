"""Sources and connectors: what Debezium reads, and how it is told to.

    with debezium.postgres(pg_lab) as source:
        worker.create("orders", source.connector("orders"))
        source.write(5)
"""

import contextlib
import uuid

from lab import mysqld, pg

PASSWORD = "correct-horse"
ROLE = "debezium"
# Small queues fill, and what is due is done soon: nothing here needs Debezium's cadence for production.
QUICK = {"tasks.max": 1, "max.queue.size": 64, "max.batch.size": 32, "poll.interval.ms": 50,
         "retriable.restart.connector.wait.ms": 2000}


class Source:
    """A database with a table `items`. connector(prefix): the configuration of one that reads it."""

    def __init__(self, server):
        self.server = server
        self.prefixes = []

    def connector(self, prefix, **settings):
        """settings: further ones, "." written as "_" (and "__" for a real "_")."""
        self.prefixes.append(prefix)
        return {**QUICK, "topic.prefix": prefix, "database.hostname": "127.0.0.1", "database.port": self.server.port,
                "database.user": ROLE, "database.password": PASSWORD, **self._own(prefix), **dotted(settings)}


def dotted(settings):
    return {name.replace("__", "\0").replace("_", ".").replace("\0", "_"): value for name, value in settings.items()}


class Postgres(Source):
    kind, streams_binlog = "postgres", False

    def _own(self, prefix):
        return {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
                "database.dbname": "postgres", "slot.name": self.slot(prefix), "publication.name": "debezium",
                "publication.autocreate.mode": "disabled", "table.include.list": "public.items,public.signals",
                "signal.data.collection": "public.signals", "slot.max.retries": 3, "slot.retry.delay.ms": 1000}

    @staticmethod
    def slot(prefix):
        return "".join(letter if letter.isalnum() else "_" for letter in prefix.lower())

    def prepare(self):
        self.server.sql(f"create role {ROLE} login replication password '{PASSWORD}' in role pg_monitor")
        self.server.sql(
            "create table items (id serial primary key, text text, big text); "
            "create table others (id serial primary key, text text); "
            "create table signals (id text primary key, type text, data text); "
            f"grant all on all tables in schema public to {ROLE}; grant all on all sequences in schema public to {ROLE}; "
            "create publication debezium for table items, signals, others")
        self.write(3)

    def write(self, rows=1, size=10):
        self.server.sql(f"insert into items (text) select repeat('x', {size}) from generate_series(1, {rows})")

    def filtered(self, rows=1):
        """Changes of a table that is published and not in the connector's include list."""
        self.server.sql(f"insert into others (text) select 'x' from generate_series(1, {rows})")

    def signal(self, kind, data):
        self.server.sql(f"insert into signals values (md5(random()::text), '{kind}', '{data}')")

    def forget(self):
        """Drops the slots that connectors left, and makes the table small again."""
        self.server.drop_slots()
        self.server.sql("truncate items; truncate signals")
        self.write(3)
        self.prefixes.clear()

    def close(self):
        pass


class MySql(Source):
    kind, streams_binlog = "mysql", True
    CLASS = "io.debezium.connector.mysql.MySqlConnector"

    def __init__(self, server, broker):
        super().__init__(server)
        self.broker = broker

    def _own(self, prefix):
        return {"connector.class": self.CLASS, "database.server.id": 5000 + len(self.prefixes),
                "database.ssl.mode": "disabled", "database.allowPublicKeyRetrieval": "true",
                "table.include.list": "lab.items", "database.include.list": "lab",
                "schema.history.internal.kafka.bootstrap.servers": self.broker.address,
                "schema.history.internal.kafka.topic": f"{prefix}-{uuid.uuid4().hex}", "connect.keep.alive.interval.ms": 5000,
                "include.schema.changes": "false"}

    def prepare(self):
        self.server.account(ROLE, "SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT, LOCK TABLES",
                            password=PASSWORD)
        for statement in ("CREATE DATABASE IF NOT EXISTS lab",
                          "CREATE TABLE lab.items (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT, big TEXT)",
                          "CREATE TABLE lab.others (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT)"):
            self.server.sql(statement)
        self.write(3)

    def write(self, rows=1, size=10):
        for start in range(0, rows, 1000):
            values = ", ".join([f"(REPEAT('x', {size}))"] * min(1000, rows - start))
            self.server.sql(f"INSERT INTO lab.items (text) VALUES {values}")

    def filtered(self, rows=1):
        self.server.sql(f"INSERT INTO lab.others (text) VALUES {', '.join(['(1)'] * rows)}")

    def forget(self):
        self.prefixes.clear()


class MariaDb(MySql):
    kind = "mariadb"
    CLASS = "io.debezium.connector.mariadb.MariaDbConnector"

    def _own(self, prefix):
        return {**super()._own(prefix), "database.ssl.mode": "disable"}


@contextlib.contextmanager
def postgres(lab, major=15):
    """lab: a pg.Lab."""
    with lab.fresh(major, tcp=True, wal_sender_timeout="5s", max_slot_wal_keep_size=-1) as server:
        source = Postgres(server)
        source.prepare()
        yield source


@contextlib.contextmanager
def mysql(lab, broker, version="8.0.33"):
    """lab: a mysqld.Lab."""
    with lab.fresh(version, **mysqld.VERSIONS[version].gtid) as server:
        source = MySql(server, broker)
        source.prepare()
        yield source


@contextlib.contextmanager
def mariadb(lab, broker, version="10.11"):
    with lab.fresh(version) as server:
        source = MariaDb(server, broker)
        source.prepare()
        yield source


def file_sink(topics, file, tasks=2, **settings):
    """The plain connector of Kafka itself that writes topics into a file."""
    return {"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": tasks,
            "topics": topics, "file": str(file), **dotted(settings)}
