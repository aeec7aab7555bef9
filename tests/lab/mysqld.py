"""Real MySQL and MariaDB servers, one per version, private and gone afterwards.

    with mysqld.Lab() as lab:
        server = lab.primary("8.0.15")            # shared: started once, kept until the lab ends
        primary, replica = lab.pair("10.11")      # shared, replicating by GTID
        with lab.fresh("5.7.22", gtid_mode="ON", binlog_format="ROW") as server: ...
        replica = lab.replica(primary)            # a new one; any number
        server.sql("CREATE TABLE a.t (i int)"); server.value("SELECT 1"); server.rows("SHOW BINARY LOGS")
        server.account("monitor", "REPLICATION CLIENT")
        with server.reader(server_id=1) as reader: ...

Versions are keys of mysql.VERSIONS and mariadb.VERSIONS ("5.7.22", "10.11"); what differs between the two families is
in those modules. A server listens on a socket in a short private directory (`server.socket`) and on 127.0.0.1
(`server.host`, `server.port`); its administrator is root without a password. It ends with this process however that
ends.

The binary log is on, by row, synced never; it purges nothing by itself unless an option says so.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import time

import pytest

from lab import mariadb, maven, mysql, mywire, net, proc

VERSIONS = {**mysql.VERSIONS, **mariadb.VERSIONS}
PASSWORD = "correct-horse"
LOG_BIN = "b"
SETTINGS = {
    "binlog-format": "ROW", "sync-binlog": 0, "innodb-flush-log-at-trx-commit": 0, "innodb-flush-method": "nosync",
    "innodb-use-native-aio": "OFF",  # the kernel has room for that of some twenty servers (fs.aio-max-nr)
    "innodb-buffer-pool-size": "16M", "performance-schema": False, "skip-name-resolve": True, "secure-file-priv": "",
    "max-connections": 100}


def at_hand(version):
    """False for a large version that nobody asked for (CDC_FULL=1)."""
    return not VERSIONS[version].large or bool(os.environ.get("CDC_FULL"))


def parameters(wanted=None):
    """Versions (all, unless said otherwise) as parameters of a test, the large ones only when they are asked for.

    tests/run says which were not; a test that is about large ones alone is skipped loudly.
    """
    versions = [version for version in VERSIONS if wanted is None or version in wanted]
    return [version for version in versions if at_hand(version)] or [pytest.param(versions[0], marks=pytest.mark.skip(
        reason=f"{', '.join(versions)}: large, only with CDC_FULL=1 as tests/run --full sets it"))]


def template_place(version):
    return maven.cache() / f"{VERSIONS[version].name.lower()}-{version}-data"


class LabError(Exception):
    """A server did not do what the laboratory needs."""


def wait_for(condition, what, seconds=30, pause=0.02):
    """The first true value of condition(), or LabError after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds} s")
        time.sleep(pause)
    return value


class Lab:
    """A private directory with servers in it. Context manager; also closed at the interpreter's end."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.directory = pathlib.Path(self._stack.enter_context(proc.scratch()))
        self._servers, self._shared, self._count = [], {}, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in reversed(self._servers):
            server.kill()
        self._servers.clear()
        self._stack.close()

    def primary(self, version):
        """The shared server of this version, GTIDs on. Leave it as it was: Server.reset()."""
        if version not in self._shared:
            self._shared[version] = self._new(version, VERSIONS[version].gtid)
        return self._shared[version]

    def pair(self, version):
        """The shared (primary, replica); the primary is not the one that primary() gives."""
        if ("pair", version) not in self._shared:
            primary = self._new(version, VERSIONS[version].gtid)
            self._shared["pair", version] = primary, self.replica(primary)
        return self._shared["pair", version]

    @contextlib.contextmanager
    def fresh(self, version, start=True, **options):
        """A server of one's own, gone when the block ends. options: of the server, None takes one away."""
        server = self._new(version, options, start)
        try:
            yield server
        finally:
            self.remove(server)

    @contextlib.contextmanager
    def fresh_pair(self, version, count=1, **options):
        """(primary, replica, ...) of one's own, GTIDs on, gone when the block ends."""
        servers = [self._new(version, {**VERSIONS[version].gtid, **options})]
        try:
            for _ in range(count):
                servers.append(self.replica(servers[0], **options))
            yield tuple(servers)
        finally:
            for server in reversed(servers):
                self.remove(server)

    def replica(self, primary, **options):
        """A new server that follows the primary by GTID; it has caught up when it is returned."""
        server = self._new(primary.version, {**primary.build.gtid, **primary.build.replica, **options})
        server.follow(primary)
        server.caught_up()
        return server

    def remove(self, server):
        server.kill()
        if server in self._servers:
            self._servers.remove(server)
        shutil.rmtree(server.directory, ignore_errors=True)

    def _new(self, version, options, start=True):
        self._count += 1
        directory = self.directory / str(self._count)
        server = Server(version, directory, self._count, options)
        shutil.copytree(template(version), server.data, symlinks=True)
        self._servers.append(server)
        if start:
            server.start()
        return server


def template(version):
    """An initialised data directory to copy, kept in the cache: making one takes longer than all the rest."""
    build = VERSIONS[version]
    directory = template_place(version)
    with maven.locked(directory.name):
        if not directory.exists():
            new = pathlib.Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=maven.cache()))
            try:
                build.initialise(new / "data")
                (new / "data" / "auto.cnf").unlink(missing_ok=True)  # every server has a UUID of its own
                (new / "data").rename(directory)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    return directory


class Server:
    """One server. `socket`, `host` and `port` are what a client needs; `build` says what its version can do."""

    def __init__(self, version, directory, number, options):
        self.version, self.build, self.directory, self.id = version, VERSIONS[version], directory, 100 + number
        self.data, self.log = directory / "data", directory / "log"
        self.socket, self.host, self.port = str(directory / "s"), "127.0.0.1", net.free_port()
        self.options = options
        self.process = self._sql = None
        directory.mkdir()

    def __repr__(self):
        return f"{self.build.name} {self.version} at {self.socket}"

    # Life

    def start(self, **options):
        """Starts it, with further options from here on."""
        self.options = {**self.options, **options}
        settings = {
            "datadir": self.data, "socket": self.socket, "port": self.port,
            "bind-address": self.host, "pid-file": self.directory / "pid", "server-id": self.id, "log-bin": LOG_BIN,
            **SETTINGS, **self.build.settings, **_certificate(self.build),
            **{key.replace("_", "-"): value for key, value in self.options.items()}}
        argv = [*self.build.server(), *(_argument(*pair) for pair in settings.items() if pair[1] is not None)]
        if os.geteuid() == 0:
            argv.append("--user=root")  # both families insist that it is said
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **mysql.own_tmpdir(self.directory)}
        self.process = proc.start(argv, self.log, env=env, cwd=self.directory)
        self.process.wait_for(self._answers, 60)

    def stop(self):
        """As an administrator would: what it knew is on disk."""
        self._disconnect()
        if self.process:
            self.process.stop(signal.SIGTERM, 60)
        self.process = None

    def kill(self):
        self._disconnect()
        if self.process:
            self.process.kill()
        self.process = None

    def restart(self, **options):
        self.stop()
        self.start(**options)

    def _answers(self):
        try:
            self.connect().close()
        except (OSError, mywire.Error):
            return False
        return True

    def _disconnect(self):
        if self._sql:
            self._sql.close()
        self._sql = None

    # SQL

    def connect(self, user="root", password="", tcp=False):
        return mywire.connect((self.host, self.port) if tcp else self.socket, user, password)

    def rows(self, statement):
        """Of the administrator's own connection, which stays open."""
        if not self._sql:
            self._sql = self.connect()
        return self._sql.rows(statement)

    def sql(self, *statements):
        for statement in statements:
            self.rows(statement)

    def value(self, statement):
        [row] = self.rows(statement)
        [value] = row.values()
        return value

    def variable(self, name):
        return self.value(f"SELECT @@GLOBAL.{name}")

    def account(self, name, *grants, password="", plugin=None):
        """An account with these global rights and no more; without a password and a plugin everybody can be it."""
        how = f"IDENTIFIED WITH {plugin} BY '{password}'" if plugin else f"IDENTIFIED BY '{password}'"
        self.sql(f"DROP USER IF EXISTS '{name}'@'%'", f"CREATE USER '{name}'@'%' {how}")
        if grants:
            self.sql(f"GRANT {', '.join(grants)} ON *.* TO '{name}'@'%'")
        return name

    # The binary log

    def binlogs(self):
        """[(name, size)], oldest first."""
        return [(row["Log_name"], int(row["File_size"])) for row in self.rows("SHOW BINARY LOGS")]

    def flush(self, at=None):
        """Begins a new binary log file; `at`: one that says it was created then (s since 1970)."""
        with self.connect() as sql:
            if at is not None:
                sql.rows(f"SET timestamp = {int(at)}")
            sql.rows("FLUSH BINARY LOGS")
        return self.binlogs()[-1][0]

    def purge(self, file):
        """Removes the files before this one. MariaDB leaves, without a word, what its storage engine still needs.

        LOCAL: it is a transaction of this server otherwise, an errant one on a replica.
        """
        def purged():
            self.sql("FLUSH LOCAL ENGINE LOGS", f"PURGE BINARY LOGS TO '{file}'")
            return self.binlogs()[0][0] == file
        wait_for(purged, f"{self} does not purge to {file}: {self.binlogs()}")

    def touch(self, file, at):
        """Lets a file say that it was last written then: that is what servers purge by."""
        os.utime(self.data / file, (at, at))

    def write(self, count=1, size=100):
        """Commits `count` transactions of about `size` bytes each."""
        self.sql("CREATE DATABASE IF NOT EXISTS lab", "CREATE TABLE IF NOT EXISTS lab.t "
                 "(i int AUTO_INCREMENT PRIMARY KEY, x longtext) ENGINE=InnoDB")
        for _ in range(count):
            self.sql(f"INSERT INTO lab.t (x) VALUES (repeat('x', {size}))")

    def position(self):
        """(file, position) of the end."""
        [row] = self.rows(self.build.status)
        return row["File"], int(row["Position"])

    def reset(self):
        """As if it had just been set up: no table, no account but root, one binary log file, no GTID."""
        for row in self.rows("SELECT user, host FROM mysql.user"):
            user, host = row.get("user", row.get("User")), row.get("host", row.get("Host"))
            if not user.startswith(("mysql.", "mariadb.")) and user != "root":
                self.sql(f"DROP USER '{user}'@'{host}'")
        self.sql("DROP DATABASE IF EXISTS lab", "DROP TABLE IF EXISTS mysql.rds_configuration", self.build.reset)

    # Replication

    def follow(self, primary):
        """Begins to replicate by GTID, from the start or from where it was."""
        primary.account("replica", "REPLICATION SLAVE", password=PASSWORD, plugin=primary.build.plain_plugin)
        self.sql(*self.build.follow(primary.host, primary.port, "replica", PASSWORD))

    def caught_up(self, seconds=30):
        """Until everything that the source has now is applied here."""
        wait_for(lambda: self.build.running(self.replica_status()), f"{self} does not replicate: "
                 f"{self.replica_status()}", seconds)
        source = self.source()
        wait_for(lambda: self.build.has(self, self.build.executed(source)), f"{self} does not catch up", seconds)

    def replica_status(self):
        """The row of SHOW REPLICA STATUS, {} when it is no replica."""
        rows = self.rows(self.build.replica_status)
        return rows[0] if rows else {}

    def source(self):
        """A connection to the server that this one replicates from, as (host, port)."""
        row = self.replica_status()
        port = row.get("Source_Port") or row.get("Master_Port")
        return mywire.connect((self.host, int(port)), "replica", PASSWORD)

    def reader(self, server_id=1, file=None, position=4):
        """A running reader as Debezium's is: unnamed, told apart by its server_id alone."""
        return Reader(self, server_id, file or self.binlogs()[0][0], position)


class Reader:
    """Reads the binary log in a thread until it is closed. `events` counts, `error` is what ended it."""

    def __init__(self, server, server_id, file, position):
        self.connection = server.connect()
        self.events, self.bytes, self.error, self._closing = 0, 0, None, False
        self.connection.sock.settimeout(None)
        self.connection.dump(file, position, server_id)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for event in self.connection.events():
                self.bytes += len(event.body)
                self.events += 1
            self.error = "the server ended it"
        except (mywire.Error, OSError) as error:
            self.error = None if self._closing else error

    def running(self):
        return self.thread.is_alive() and not self.error

    def close(self):
        self._closing = True
        with contextlib.suppress(OSError):
            self.connection.sock.shutdown(2)
        self.thread.join(10)
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _certificate(build):
    """MariaDB from 11.4 on makes an RSA key of 4096 bits in every start that has none, which takes half a minute."""
    if not build.makes_keys:
        return {}
    directory = maven.cache() / "lab-certificate"
    with maven.locked(directory.name):
        if not (directory / "cert.pem").exists():
            directory.mkdir(exist_ok=True)
            mysql.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                       "-days", "3650", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                       "-keyout", directory / "key.pem", "-out", directory / "cert.pem"])
    return {"ssl-cert": directory / "cert.pem", "ssl-key": directory / "key.pem"}


def _argument(name, value):
    """--name=value; True is the bare option, False skips what it names."""
    if value is True:
        return f"--{name}"
    return f"--skip-{name}" if value is False else f"--{name}={value}"
