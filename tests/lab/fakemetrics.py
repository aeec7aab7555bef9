"""What shows Debezium's metrics, as a test wants it: a page of an exporter, a Prometheus server, a Jolokia agent.

    with fakemetrics.serve(fakemetrics.page({"orders": {"MilliSecondsBehindSource": 12}})) as port: ...
    with fakemetrics.serve(fakemetrics.prometheus({...})) as port: ...
    with fakemetrics.serve(fakemetrics.jolokia({...})) as port: ...

What real ones show in each situation stands in tests/facts/cdc_lag.
"""

import itertools
import json
import time
import urllib.parse

from lab import fakeconnect, hostile, net

HEALTHY = {"MilliSecondsBehindSource": 12, "MilliSecondsSinceLastEvent": 340, "Connected": 1,
           "TotalNumberOfEventsSeen": 100, "NumberOfEventsFiltered": 0, "NumberOfErroneousEvents": 0,
           "QueueTotalCapacity": 8192, "QueueRemainingCapacity": 8192}
_EVENTS = itertools.count(HEALTHY["TotalNumberOfEventsSeen"])


def labels(server, **more):
    return {"context": "streaming", "name": server, "plugin": "postgres", **more}


def _quoted(value):
    return '"%s"' % str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def text(servers, **more):
    """The page of servers {name: {attribute: value}}."""
    return "".join("debezium_metrics_%s{%s} %s\n" % (
        attribute, ",".join("%s=%s" % (key, _quoted(label)) for key, label in labels(server, **more).items()), value)
        for server, values in servers.items() for attribute, value in values.items())


def page(servers, kind="text/plain; version=0.0.4; charset=utf-8"):
    """servers, or the whole text (bytes) of the page."""
    body = servers if isinstance(servers, bytes) else text(servers).encode()
    return answer(lambda _path: (200, body, kind))


def prometheus(servers, down=(), instance="c1:9404", age=0):
    """The query API, as far as the plugin asks: values, targets that are down, times of samples."""
    def one(path):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).get("query", [""])[0]
        if query.startswith("timestamp("):
            found = [(labels(server, instance=instance), time.time() - age) for server in servers]
        elif "up == 0" in query:
            found = [({"__name__": "up", "instance": target, "job": "connect"}, 0) for target in down]
        else:
            return prometheus_values(servers, instance)
        return 200, vector(found), "application/json"
    return answer(one)


def prometheus_values(servers, instance):
    """The answer to a query of their metrics."""
    return 200, vector([({"__name__": "debezium_metrics_" + attribute, **labels(server, instance=instance)}, value)
                        for server, values in servers.items() for attribute, value in values.items()]), "application/json"


def vector(found):
    result = [{"metric": metric, "value": [time.time(), str(value)]} for metric, value in found]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


def jolokia(servers):
    value = {"debezium.postgres:context=streaming,server=%s,type=connector-metrics" % server: values
             for server, values in servers.items()}
    return answer(lambda _path: (200, json.dumps({"value": value, "status": 200}).encode(), "text/plain"))


def answer(reply):
    """reply: from a path to (status, body, content type)."""
    def handler(peer):
        while True:
            head = fakeconnect.read_head(peer)
            if not head:
                return
            status, body, kind = reply(head.split(" ")[1])
            peer.send(fakeconnect.response(status, body, kind))
    return handler


def healthy(server):
    """A busy one: in every look there were more events, for without them a gauge is not fresh."""
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return answer(lambda _path: (200, text({server: {**HEALTHY, "TotalNumberOfEventsSeen": next(_EVENTS)}}).encode(), kind))


def serve(handler, host=net.HOST):
    return hostile.serve(handler, host)
