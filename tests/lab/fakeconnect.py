"""A Kafka Connect worker that shows whatever a test wants, over HTTP on 127.0.0.1.

    with fakeconnect.serve(fakeconnect.Worker({"orders": connector(tasks=["RUNNING"])})) as port: ...

What real workers answer in each situation stands in tests/facts/connect_status.
"""

import contextlib
import json
import urllib.parse

from lab import hostile, net

HTML_404 = b"<html>\n<head>\n<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2></body>\n</html>\n"
# Where JSON is asked for, Jetty's 404 is this (Kafka 4.3.1).
JSON_404 = {"message": "Not Found", "url": "http://127.0.0.1:8083/connectors", "status": "404"}
HEALTHY = (200, {"status": "healthy", "message": "Worker has completed startup and is ready to handle requests."})
STARTING = (503, {"status": "starting", "message": "Worker is still starting up."})
NO_HEALTH = (404, {"error_code": 404, "message": "HTTP 404 Not Found"})
REBALANCE_409 = (409, {"error_code": 409, "message": "Cannot complete request because of a conflicting operation "
                                                     "(e.g. worker rebalance)"})
REBALANCE_500 = (500, {"error_code": 500, "message": "Request cannot be completed because a rebalance is expected"})
TIMED_OUT = (500, {"error_code": 500, "message": "Request timed out. The worker is currently flushing updates to the "
                                                 "status topic, which began at 2026-11-20T10:00:00Z"})
TRACE = ("org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. This "
         "connector will be stopped.\n\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)"
         "\nCaused by: io.debezium.DebeziumException: Creation of replication slot failed\n\tat x.Y.z(Y.java:1)\nCaused "
         "by: org.postgresql.util.PSQLException: ERROR: replication slot \"orders\" is active for PID 4711\n\tat "
         "org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2676)\n\t... 5 more\n")
POSTGRES = "io.debezium.connector.postgresql.PostgresConnector"


def part(state, worker="127.0.0.1:8083", trace=None):
    found = {"state": state, "worker_id": worker}
    return {**found, "trace": trace} if trace else found


def connector(state="RUNNING", tasks=("RUNNING",), worker="127.0.0.1:8083", kind="source", configured=None, config=None,
              trace=None):
    """A task is a state, or an object with more than that; configured: how many tasks info lists."""
    shown = [{"id": i, **(task if isinstance(task, dict) else part(task, worker, TRACE if task == "FAILED" else None))}
             for i, task in enumerate(tasks)]
    listed = len(shown) if configured is None else configured
    return {"status": {"connector": part(state, worker, trace), "tasks": shown, "type": kind},
            "info": {"config": {"connector.class": POSTGRES, "topic.prefix": "shop", "database.hostname": "db1",
                                "database.dbname": "shop", "database.password": "geheim-0815", **(config or {})},
                     "tasks": [{"task": i} for i in range(listed)], "type": kind}}


def named(name, entry):
    """With the name in the places where Connect repeats it."""
    entry = json.loads(json.dumps(entry))
    for key in ("status", "info"):
        if entry.get(key):
            entry[key] = {"name": name, **entry[key]}
    return entry


class Worker:
    """connectors: {name: entry or None (no status yet)}. answers: {path without query: handler or (status, body)}.

    An answer is looked up by the whole target first, then by its path. A handler gets the peer and writes itself.
    """

    def __init__(self, connectors=None, answers=None, health=HEALTHY, auth=None, everything=None):
        self.connectors, self.answers = connectors or {}, answers or {}
        self.health, self.auth, self.everything = health, auth, everything
        self.requests = []

    def __call__(self, peer):
        while True:
            head = read_head(peer)
            if not head:
                return
            lines = head.split("\r\n")
            self.requests.append(head)
            self.answer(peer, lines[0].split(" ")[1], lines[1:])

    def answer(self, peer, target, headers):
        if self.auth and "Authorization: " + self.auth not in headers:
            # The real one says so in plain text, with this content type, and without WWW-Authenticate.
            peer.send(response(401, b"User cannot access the resource."))
            return
        found = self.everything or self.answers.get(target) or self.answers.get(target.partition("?")[0]) \
            or self.route(target)
        if callable(found):
            found(peer)
        else:
            peer.send(response(*found))

    def route(self, target):
        path = target.partition("?")[0]
        if path == "/":
            return 200, {"version": "3.9.1", "commit": "f745dfdcee2b9851", "kafka_cluster_id": "abc"}
        if path == "/health":
            return self.health
        if path == "/connectors" and "expand" in target:
            return 200, {name: named(name, entry) for name, entry in self.connectors.items() if entry}
        if path == "/connectors":
            return 200, list(self.connectors)
        name = urllib.parse.unquote(path.removeprefix("/connectors/"))
        if self.connectors.get(name):
            return 200, named(name, self.connectors[name])["info"]
        return 404, {"error_code": 404, "message": "Connector %s not found" % name}


def read_head(peer):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = peer.recv(1)
        if not byte:
            return ""
        head += byte
    return head[:-4].decode("latin-1")


def response(status, body=b"", kind="application/json", headers=()):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    elif body.startswith(b"<"):
        kind = "text/html;charset=iso-8859-1"
    lines = ["HTTP/1.1 %d Whatever" % status, "Content-Type: " + kind, "Content-Length: %d" % len(body), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.contextmanager
def serve(worker, host=net.HOST):
    with hostile.serve(worker, host) as port:
        yield port
