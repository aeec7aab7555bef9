"""A real Zabbix server with its database, its API and an agent: import a template, let it work, read what it stored.

    with zabbix_server.Server() as zabbix:
        zabbix.import_template(path)
        zabbix.start_agent(definition, plugins)
        host = zabbix.add_host("name of the template")
        zabbix.check_now(host, "key")

It needs large packages (tests/packages-full.txt), takes about 40 seconds to start, and so belongs to `tests/run --full`.
"""
import glob
import gzip
import json
import os
import shutil
import urllib.request

from lab import sandbox, zabbix_agent

FRONTEND = "/usr/share/zabbix"
SCHEMA = "/usr/share/zabbix-server-pgsql"

CONFIG = """
LogType=file
LogFile=%(dir)s/server.log
PidFile=%(dir)s/server.pid
SocketDir=%(dir)s
ListenIP=127.0.0.1
ListenPort=%(port)d
DBHost=%(dir)s
DBPort=%(dbport)d
DBName=zabbix
DBUser=zabbix
CacheUpdateFrequency=1
StartPollers=1
StartPollersUnreachable=1
StartTrappers=2
StartPingers=1
StartDiscoverers=1
StartHTTPPollers=1
StartPreprocessors=1
StartLLDProcessors=1
StartEscalators=1
StartAlerters=1
StartDBSyncers=1
"""

PHP_CONFIG = """<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '%(dir)s';
$DB['PORT'] = '%(dbport)d';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'zabbix';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER = '127.0.0.1';
$ZBX_SERVER_PORT = '%(port)d';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""


class Server(sandbox.Sandbox):
    """Context manager: the API answers and the server works when it is entered."""

    def __init__(self):
        super().__init__("zabbix")
        self.token = self.agent = None
        self.ports = {"dir": self.dir, "port": sandbox.free_port(), "dbport": sandbox.free_port()}
        self.web = sandbox.free_port()
        try:
            self._start_database()
            self._start_server()
            self._start_api()
        except BaseException:
            self.close()
            raise

    def _must(self, argv, stdin=b"", timeout=120):
        done = self.run(argv, stdin=stdin, timeout=timeout)
        if done.returncode != 0:
            raise sandbox.LabError("%s: %s" % (argv, (done.stdout + done.stderr).decode("utf-8", "replace")[-3000:]))

    def _start_database(self):
        tools = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not tools:
            raise sandbox.LabError("no PostgreSQL server is installed (see tests/packages-full.txt)")
        tools = os.path.dirname(tools[-1])
        self._must([tools + "/initdb", "-D", self.path("db"), "-U", "zabbix", "-A", "trust", "-E", "UTF8",
                    "--locale=C.UTF-8", "--no-sync"])
        settings = ["listen_addresses=", "unix_socket_directories=" + self.dir, "fsync=off", "full_page_writes=off",
                    "synchronous_commit=off"]
        child = self.start([tools + "/postgres", "-D", self.path("db"), "-p", str(self.ports["dbport"]),
                            *[word for one in settings for word in ("-c", one)]], "database.log")
        psql = [tools + "/psql", "-h", self.dir, "-p", str(self.ports["dbport"]), "-U", "zabbix", "-q", "-v",
                "ON_ERROR_STOP=1", "-d"]
        self.wait_for("the database", lambda: self.run(psql + ["postgres", "-c", "select 1"]).returncode == 0, child)
        self._must(psql + ["postgres", "-c", "create database zabbix"])
        for name in ("schema", "images", "data"):
            with gzip.open("%s/%s.sql.gz" % (SCHEMA, name)) as text:
                self._must(psql + ["zabbix", "-1"], text.read())

    def _start_server(self):
        config = self.write("server.conf", CONFIG % self.ports)
        child = self.start([sandbox.find_program("zabbix_server"), "-c", config, "-f"], "console.log")
        self.wait_for("the Zabbix server", lambda: sandbox.can_connect(self.ports["port"]), child, 60)

    def _start_api(self):
        """The frontend with its one fixed path changed, in PHP's own web server."""
        shutil.copytree(FRONTEND, self.path("web"), symlinks=False, ignore_dangling_symlinks=True,
                        ignore=shutil.ignore_patterns("locale"))
        name = self.path("web/include/classes/core/CConfigFile.php")
        with open(name, encoding="utf-8") as text:
            changed = text.read().replace("'/etc/zabbix/zabbix.conf.php'", "'%s'" % self.path("zabbix.conf.php"))
        with open(name, "w", encoding="utf-8") as text:
            text.write(changed)
        self.write("zabbix.conf.php", PHP_CONFIG % self.ports)
        child = self.start([sandbox.find_program("php"), "-S", "127.0.0.1:%d" % self.web, "-t", self.path("web")],
                           "web.log")
        self.wait_for("the Zabbix API", lambda: sandbox.can_connect(self.web), child)
        self.token = self.api("user.login", username="Admin", password="zabbix")
        # the host that every new installation has: its agent is not there
        for one in self.api("host.get", output=["hostid"]):
            self.api("host.update", hostid=one["hostid"], status=1)

    def api(self, method, **params):
        body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        if self.token:
            body["auth"] = self.token
        request = urllib.request.Request("http://127.0.0.1:%d/api_jsonrpc.php" % self.web, json.dumps(body).encode(),
                                         {"Content-Type": "application/json-rpc"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            page = json.loads(answer.read())
        if "error" in page:
            raise sandbox.LabError("%s: %s" % (method, page["error"]))
        return page["result"]

    def import_template(self, path):
        every = {"createMissing": True, "updateExisting": True}
        rules = {name: every for name in ("templates", "items", "triggers", "discoveryRules", "valueMaps")}
        rules["groups"] = every
        with open(path, encoding="utf-8") as text:
            self.api("configuration.import", format="yaml", rules=rules, source=text.read())

    def _group(self):
        """The group of all hosts that the laboratory makes."""
        known = self.api("hostgroup.get", filter={"name": ["lab"]}, output=["groupid"])
        return known[0]["groupid"] if known else self.api("hostgroup.create", name="lab")["groupids"][0]

    def start_agent(self, definition, plugins=()):
        """The one agent that all hosts have."""
        self.agent = zabbix_agent.start(self, definition, plugins)

    def add_host(self, template, macros=None, name="lab"):
        """A host with the agent and the template; returns its id."""
        found = self.api("template.get", filter={"host": [template]})
        link = {"type": 1, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": str(self.agent)}
        made = self.api("host.create", host=name, groups=[{"groupid": self._group()}], interfaces=[link],
                        templates=[{"templateid": found[0]["templateid"]}],
                        macros=[{"macro": name, "value": value} for name, value in (macros or {}).items()])
        return made["hostids"][0]

    def check_now(self, host, *names):
        """Let the server ask for items or discovery rules, by the beginning of their keys, now."""
        items = self.api("item.get", hostids=host, output=["key_"]) + self.api("discoveryrule.get", hostids=host,
                                                                               output=["key_"])
        chosen = [one["itemid"] for one in items if one["key_"].partition("[")[0] in names]
        assert len(chosen) == len(names), items
        for item in chosen:
            try:
                self._check(item)
            except sandbox.LabError:
                # the server has not read its configuration with this item yet
                self.wait_for("check now", lambda one=item: self._try_check(one))

    def _check(self, item):
        return self.api("task.create", type="6", request={"itemid": item})

    def _try_check(self, item):
        try:
            return self._check(item)
        except sandbox.LabError:
            return None

    def values(self, host):
        """{key: (last value as text, error)} of the host's items."""
        items = self.api("item.get", hostids=host, output=["key_", "lastvalue", "error", "lastclock"])
        return {one["key_"]: (one["lastvalue"] if one["lastclock"] != "0" else None, one["error"]) for one in items}

    def problems(self, host):
        """The names of the host's open problems."""
        return sorted(one["name"] for one in self.api("problem.get", hostids=host))
