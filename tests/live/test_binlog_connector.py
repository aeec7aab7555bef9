"""check_binlog_retention --probe-binlog beside a running Debezium connector and another reader: neither notices."""

import concurrent.futures
import contextlib
import re

from lab import debezium, kafka, mysqld, need
from lab.plugin import plugin

PROBES = 100
# Debezium 2.5 asks SHOW MASTER STATUS, which MySQL 8.4 took away.
TOO_NEW = {("old", "9.7")}


@contextlib.contextmanager
def source_of(pipe, version):
    """A database of that version with a table, for a connector of the pipeline."""
    open_source = getattr(debezium, mysqld.VERSIONS[version].name.lower())
    with mysqld.Lab() as lab, open_source(lab, pipe.lab.broker, version) as source:
        yield source


def dumps(server):
    """The connections that read the binary log, by their number: a reader that comes back has another one."""
    return {row["Id"] for row in server.rows("SHOW PROCESSLIST") if row["Command"].startswith("Binlog Dump")}


def probe(server):
    return plugin("check_binlog_retention", "-s", server.socket, "-u", "probe", "--probe-binlog", "-w", "~:", "-c", "~:",
                  "--on", "gap=ok")


def test_a_connector_is_not_disturbed(pipe, my_version):
    """With server_id 1, which clients choose by default, and two probes at a time while rows are written."""
    need.sense(mysqld.VERSIONS[my_version].name.lower() in pipe.kinds, f"{my_version}: no connector for it in this stack")
    need.sense((pipe.stack.name, my_version) not in TOO_NEW, f"{my_version}: this Debezium does not read it")
    with source_of(pipe, my_version) as source:
        server = source.server
        server.account("probe", "REPLICATION CLIENT", "REPLICATION SLAVE")
        server.flush()
        with pipe.connector(source, database_server_id=1) as name, server.reader(server_id=2) as reader:
            pipe.streaming(name)
            source.write(1)
            kafka.wait_for(lambda: _rows(pipe, name) == 1, f"{name} sees the first row")
            before, aborted = dumps(server), _aborted(server)
            assert len(before) == 2, before
            log = len(server.process.text())
            written = _probe_and_write(source)
            kafka.wait_for(lambda: (_rows(pipe, name) or 0) >= 1 + written, f"{name} sees all {written} rows")
            mysqld.wait_for(lambda: dumps(server) == before, f"the readers' connections stay: {before}, {dumps(server)}")
            assert reader.running(), reader.error
            assert pipe.worker.states(name) == ("RUNNING", ["RUNNING"])
            assert _rows(pipe, name) == 1 + written
            assert _aborted(server) == aborted
            told = [line for line in server.process.text()[log:].splitlines() if "[" in line]
            assert all(re.search(r"[Ss]tart binlog_dump.*(slave_server|server_id)\(0\)", line) for line in told), told


def _probe_and_write(source):
    """How many rows were written meanwhile."""
    written = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for run in [pool.submit(probe, source.server) for _ in range(PROBES)]:
            result = run.result()
            assert result.rc == 0 and "server.oldest" in result.perf, result
            source.write(1)
            written += 1
    return written


def _rows(pipe, name):
    """How many rows the connector has read: other events are counted per transaction, by version differently."""
    return pipe.worker.bean(name, "TotalNumberOfCreateEventsSeen")


def _aborted(server):
    return int(server.rows("SHOW GLOBAL STATUS LIKE 'Aborted_clients'")[0]["Value"])
