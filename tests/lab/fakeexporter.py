"""An exporter of Debezium's metrics in Python: a page for each request, whatever its path.

    with fakeexporter.serve(fakeexporter.Page()) as port: ...
"""

from lab import fakeconnect, hostile

TEXT = "text/plain; version=0.0.4; charset=utf-8"
# The form of Debezium's example rules for the JMX exporter; what real ones print stands in tests/facts/cdc_lag.
LINE = 'debezium_metrics_%s{plugin="%s",name="%s",context="%s",} %s\n'


def task(server="orders", plugin="postgres", lag=120, silence=900, connected=1, events=1000, total=8192,
         remaining=8192, **more):
    """The series of one streaming task; more: further metrics, or other values, by their own names."""
    values = {"MilliSecondsBehindSource": lag, "MilliSecondsSinceLastEvent": silence, "Connected": connected,
              "TotalNumberOfEventsSeen": events, "NumberOfEventsFiltered": 0, "NumberOfErroneousEvents": 0,
              "NumberOfCommittedTransactions": 10, "QueueTotalCapacity": total, "QueueRemainingCapacity": remaining,
              **more}
    text = "".join(LINE % (name, plugin, server, "streaming", value) for name, value in values.items())
    return text + "".join(LINE % (name, plugin, server, "snapshot", value) for name, value in (
        ("SnapshotRunning", 0), ("SnapshotAborted", 0), ("SnapshotCompleted", 1)))


class Page:
    """text: of the page, or a function that gives it; without one that of a healthy task."""

    def __init__(self, server="orders", text=None, kind=TEXT):
        self.text, self.kind, self.requests = text or task(server), kind, []

    def __call__(self, peer):
        while True:
            head = fakeconnect.read_head(peer)
            if not head:
                return
            self.requests.append(head)
            text = self.text() if callable(self.text) else self.text
            peer.send(fakeconnect.response(200, text if isinstance(text, bytes) else text.encode(), self.kind))


def serve(page=None):
    return hostile.serve(page or Page())
