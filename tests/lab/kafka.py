"""A real Kafka broker (KRaft) with Kafka Connect workers, private and gone afterwards.

    with kafka.Lab("new") as lab:                  # or "old": see stacks.STACKS
        worker = lab.worker()                      # the first one, with JMX exporter and Jolokia
        with lab.another_worker() as second: ...
        worker.url, worker.metrics_url, worker.jolokia_url
        worker.create("orders", config); worker.status("orders"); worker.delete("orders")
        lab.broker.stop(); lab.broker.start(); lab.broker.kill(); worker.freeze()

Everything listens on 127.0.0.1, on ports that the kernel gives nobody as his own: a client that asks a port without a
listener again and again could otherwise be connected with itself, and then the server could not start there.
"""

import base64
import contextlib
import pathlib
import signal
import time
import urllib.parse
import uuid

from lab import jvm, proc, sandbox, stacks, web

HOST = "127.0.0.1"
LOG4J = """log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.target=System.err
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{1} %m%n
"""
BROKER = {
    "process.roles": "broker,controller", "node.id": 1, "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1, "group.initial.rebalance.delay.ms": 0, "num.partitions": 1,
    "log.cleaner.dedupe.buffer.size": 16 << 20, "num.network.threads": 1, "num.io.threads": 2,
}
WORKER = {
    "key.converter": "org.apache.kafka.connect.json.JsonConverter", "key.converter.schemas.enable": "false",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false",
    "config.storage.replication.factor": 1, "offset.storage.replication.factor": 1, "offset.storage.partitions": 1,
    "status.storage.replication.factor": 1, "status.storage.partitions": 1, "offset.flush.interval.ms": 1000,
    "connector.client.config.override.policy": "All", "config.providers": "file",
    "scheduled.rebalance.max.delay.ms": 8000,  # how long what a lost worker ran waits for its return; 300 s by default
    "session.timeout.ms": 6000, "heartbeat.interval.ms": 1500,
    "plugin.discovery": "service_load",  # a start takes 3 s and not 16: the others look into every class of every jar
    "config.providers.file.class": "org.apache.kafka.common.config.provider.FileConfigProvider",
}
# The well-known rules of Debezium's examples, in our words, and Connect's own beans of workers.
RULES = pathlib.Path(__file__).parent / "jmx-rules.yml"
PROBE = {"type": "read", "mbean": "debezium.*:type=connector-metrics,*"}


class LabError(Exception):
    """A server did not do what the laboratory needs."""


def wait_for(condition, what, seconds=60, pause=0.1):
    """The first true value of condition(), or LabError after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds} s")
        time.sleep(pause)
    return value


class Lab:
    """A private directory with a broker and workers. Context manager; also gone at the interpreter's end."""

    def __init__(self, name):
        self.stack = stacks.STACKS[name]
        self._stack = contextlib.ExitStack()
        self.directory = pathlib.Path(self._stack.enter_context(proc.scratch()))
        (self.directory / "log4j.properties").write_text(LOG4J)
        self.workers, self._count = [], 0
        self._broker = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for worker in reversed(self.workers):
            worker.kill()
        if self._broker:
            self._broker.kill()
        self.workers.clear()
        self._stack.close()

    @property
    def broker(self):
        if not self._broker:
            self._broker = Broker(self)
            self._broker.start()
        return self._broker

    def worker(self):
        """The worker that lives as long as the laboratory, with every connector of the stack."""
        if not self.workers:
            self._new({"plugins": tuple(self.stack.debezium), "jmx": True}).start()
        return self.workers[0]

    @contextlib.contextmanager
    def another_worker(self, start=True, **options):
        """A further worker, of the same group unless options say otherwise (see Worker). Gone when the block ends."""
        if not self.workers:
            self.worker()
        worker = self._new(options)
        try:
            if start:
                worker.start()
            yield worker
        finally:
            worker.kill()
            self.workers.remove(worker)

    def _new(self, options):
        self._count += 1
        worker = Worker(self, self._count, **options)
        self.workers.append(worker)
        return worker

    def properties(self):
        """Warnings only, in both generations of logging."""
        if self.stack.kafka.startswith("3."):
            return {"log4j.configuration": f"file:{self.directory}/log4j.properties"}
        return {"org.slf4j.simpleLogger.defaultLogLevel": "warn"}


class Server:
    """What broker and worker share: a JVM that can be stopped, killed and frozen."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.log = lab.directory / f"{name}.log"
        self.process = None
        self._frozen = False

    def __repr__(self):
        return f"{self.name} of {self.lab.stack}"

    def stop(self):
        """In good order."""
        self._end(signal.SIGTERM)

    def kill(self):
        """Without a word to anybody."""
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self.process:
            if self._frozen:
                self.thaw()
            self.process.stop(number, 40)
        self.process = None

    def freeze(self):
        """It takes connections and answers nothing any more."""
        self.process.send(signal.SIGSTOP)
        self._frozen = True

    def thaw(self):
        self.process.send(signal.SIGCONT)
        self._frozen = False

    def log_text(self):
        return self.log.read_text(errors="replace")

    def _write(self, name, properties):
        path = self.lab.directory / name
        path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        return path


class Broker(Server):
    """One broker that is its own controller. address: what clients need."""

    def __init__(self, lab):
        super().__init__(lab, "broker")
        self.port = sandbox.free_port()
        self.address = f"{HOST}:{self.port}"
        controller = sandbox.free_port()
        self._settings = self._write("broker.properties", {
            **BROKER, "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}", "log.dirs": lab.directory / "topics"})

    def start(self):
        if not (self.lab.directory / "topics").exists():
            self._format()
        self.process = jvm.start("kafka.Kafka", self.lab.stack.kafka_jars(), self.log, [self._settings],
                                 properties=self.lab.properties())
        self.process.wait_port(self.port, 90)

    def _format(self):
        # one that begins with "-" would be taken for an option
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode().replace("-", "A")
        done = jvm.start("kafka.tools.StorageTool", self.lab.stack.kafka_jars(), self.log,
                         ["format", "-t", identity, "-c", self._settings], properties=self.lab.properties())
        if done.popen.wait(60) != 0:
            raise LabError(f"the broker's storage: {self.log_text()}")
        done.stop()


class Worker(Server):
    """A Connect worker. url, metrics_url (JMX exporter) and jolokia_url are what a client needs.

    plugins: Debezium connectors ("postgres", ...). group: workers of the same share connectors. agents=False: neither
    exporter nor Jolokia. jmx=True: jmx_port, for an exporter of its own. settings: of the worker, "." written as "_".
    """

    def __init__(self, lab, number, plugins=("postgres",), group="connect", agents=True, jmx=False, scheme="http",
                 properties=None, settings=None):
        super().__init__(lab, f"worker{number}")
        self.plugins, self.group, self.properties, self.settings = plugins, group, properties or {}, settings or {}
        self.port, exporter, jolokia, self.jmx_port = (sandbox.free_port() for _ in range(4))
        self.url = f"{scheme}://{HOST}:{self.port}"
        self.worker_id = f"{HOST}:{self.port}"
        self.metrics_url = f"http://{HOST}:{exporter}/metrics"
        self.jolokia_url = f"http://{HOST}:{jolokia}/jolokia"
        self.headers = {}
        self.measured, self._agent_ports, self._jmx = agents, (exporter, jolokia), jmx

    def start(self, wait=True):
        stack = self.lab.stack
        arguments = [self._write(f"{self.name}.properties", self._configuration())]
        exporter, jolokia = self._agent_ports
        agents = [(stack.exporter(), f"{HOST}:{exporter}:{RULES}"),
                  (stack.jolokia(), f"port={jolokia},host={HOST},discoveryEnabled=false")]
        self.process = jvm.start("org.apache.kafka.connect.cli.ConnectDistributed", stack.kafka_jars(), self.log,
                                 arguments, heap=512, agents=agents if self.measured else [], properties={
                                     **self.lab.properties(), **self._remote(), **self.properties})
        if wait:
            self.process.wait_for(self.ready, 120)

    def _configuration(self):
        topics = {f"{kind}.storage.topic": f"{self.group}-{kind}" for kind in ("config", "offset", "status")}
        scheme = self.url.partition(":")[0]
        return {**WORKER, **topics, "bootstrap.servers": self.lab.broker.address, "group.id": self.group,
                "listeners": f"{scheme}://{HOST}:{self.port}", "rest.advertised.host.name": HOST,
                "rest.advertised.port": self.port, "plugin.path": self.lab.stack.plugin_path(*self.plugins),
                **self.settings}

    def _remote(self):
        if not self._jmx:
            return {}
        remote = "com.sun.management.jmxremote"
        return {remote: "true", f"{remote}.port": self.jmx_port, f"{remote}.rmi.port": self.jmx_port,
                f"{remote}.host": HOST, f"{remote}.authenticate": "false", f"{remote}.ssl": "false",
                "java.rmi.server.hostname": HOST}

    def authenticate(self, user, password):
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}"}

    def ready(self):
        """It has joined its group; while it starts it answers 404 to everything, and its port is closed before."""
        answer = web.answers(self.url + "/connectors", headers=self.headers)
        return answer is not None and answer.status == 200

    # Its REST API

    def ask(self, method, path, body=None, seconds=30):
        return web.ask(method, self.url + path, body, seconds, self.headers)

    def get(self, path, seconds=30):
        return self.ask("GET", path, None, seconds)

    def change(self, method, path, body=None):
        """Asked again while the group rebalances."""
        def done():
            answer = self.ask(method, path, body, 100)
            if answer.status < 300:
                return answer
            if answer.status == 409 or answer.status == 500 and "rebalance" in answer.text:
                return None
            raise LabError(f"{method} {path}: {answer}")
        return wait_for(done, f"{method} {path}", 90)

    def create(self, name, config, wait=True):
        self.change("POST", "/connectors", {"name": name, "config": config})
        if wait:
            self.wait_state(name, "RUNNING", "RUNNING")

    def delete(self, name, offsets=False):
        """offsets: forget where it was, too; the next one of that name would go on there."""
        if offsets:
            self.act(name, "stop")
            self.wait_state(name, "STOPPED")
            self.change("DELETE", path(name) + "/offsets")
        self.change("DELETE", path(name))
        wait_for(lambda: name not in self.status_of_all(), f"{name} is gone")

    def names(self):
        return self.get("/connectors").json

    def status_of_all(self):
        """{name: status}; Kafka 4 answers no question about a name with a slash alone."""
        answer = self.get("/connectors?expand=status")
        return {name: entry["status"] for name, entry in answer.json.items()} if answer.status == 200 else {}

    def states(self, name):
        """(state of the connector, states of its tasks), or None without a status."""
        status = self.status_of_all().get(name)
        return status and (status["connector"]["state"], [task["state"] for task in status["tasks"]])

    def wait_state(self, name, connector, task=None, seconds=60):
        """task: the state of all its tasks, of which there is one at least; None: whatever they are."""
        def reached():
            found = self.states(name)
            return found and found[0] == connector and (task is None or found[1] and set(found[1]) == {task})
        try:
            wait_for(reached, name, seconds)
        except LabError:
            raise LabError(f"{name} is not {connector}/{task} but {self.status_of_all().get(name)}") from None

    def act(self, name, verb, query=""):
        """pause, resume, stop, restart."""
        self.change("POST" if verb == "restart" else "PUT", f"{path(name)}/{verb}{query}")

    # Its metrics

    def metrics(self):
        """The page of the JMX exporter as {name{labels}: value as text}."""
        lines = web.get(self.metrics_url).text.splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))

    def beans(self, server):
        """{context: {attribute: value}} of a topic.prefix, read by Jolokia: no rule can hide anything there."""
        answer = web.ask("POST", self.jolokia_url + "/", PROBE).json
        found = {}
        for name, attributes in (answer.get("value") or {}).items() if answer["status"] == 200 else []:
            keys = dict(part.split("=", 1) for part in name.partition(":")[2].split(","))
            if keys.get("server") == server:
                found[keys["context"]] = attributes
        return found

    def bean(self, server, attribute, context="streaming"):
        return self.beans(server).get(context, {}).get(attribute)


def path(name):
    return "/connectors/" + urllib.parse.quote(name, safe="")
