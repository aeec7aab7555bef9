"""What the command line and hostile levels have to know about each plugin. A new plugin gets an entry here."""

import time

from lab import fakeconnect, fakeexporter, fakemy, fakepg, hostile, plugin

PG_OPTIONS = ["hostname", "port", "username", "logname", "database", "option", "service", "passfile", "tls", "ca-cert",
              "client-cert", "private-key"]
MY_OPTIONS = ["hostname", "port", "username", "logname", "socket", "defaults-file", "defaults-group", "password-file",
              "tls", "ca-cert", "client-cert", "private-key"]
COMMON_OPTIONS = ["help", "version", "verbose", "timeout", "warning", "critical", "warning-for", "critical-for", "on",
                  "grace", "hold", "include", "exclude", "max-items", "problems-only", "output-format", "no-perfdata",
                  "discover", "state-dir", "no-state", "forget", "rate-window", "extra-opts"]
HTTP_OPTIONS = ["auth-file", "bearer-file", "netrc-file", "header-file", "tls", "ca-cert", "client-cert", "private-key"]
COMMON_SHORT = "hVvtwc"
COMMON_CONDITIONS = {"unreachable": "critical", "timeout": "unknown", "denied": "unknown", "protocol": "unknown",
                     "missing": "critical", "vanished": "warning", "none": "unknown"}


class Target:
    """metrics: {name: kind}, kind being size, duration, percent or number; main is the one of -w and -c.

    healthy(name) is the handler of a server (lab.hostile) that has an object of that name and nothing to complain about.
    remembers: objects that are gone are missed. later: a pattern of what a second look says otherwise.
    """

    def __init__(self, reach, options, conditions, main, metrics, name_option, libraries, protocol, healthy,
                 remembers=True, later=r"(?!)"):
        self.reach, self.options = reach, COMMON_OPTIONS + options
        self.conditions = {**COMMON_CONDITIONS, **conditions}
        self.main, self.metrics, self.name_option, self.libraries = main, metrics, name_option, libraries
        self.protocol, self.healthy, self.remembers, self.later = protocol, healthy, remembers, later


def _connect(host, port):
    return ["-H", host, "-P", port]


def _connect_healthy(name):
    return fakeconnect.Worker({name: fakeconnect.connector()})


def _pg(host, port):
    # TLS off: what a server says is then what the plugin hears.
    return ["-H", host, "-P", port, "-u", "x", "--tls=disable"]


def _pg_healthy(name):
    return fakepg.handler(pg_slots({"slot_name": name.encode()}))


def _metrics(host, port):
    return ["--metrics-url=http://%s:%s/metrics" % ("[%s]" % host if ":" in host else host, port)]


def _my(host, port):
    return ["-H", host, "-P", port, "-u", "x", "--tls=disabled"]


def _my_healthy(_name):
    return fakemy.handler(fakemy.mysql())


TARGETS = {
    "check_pg_slot": Target(
        reach=_pg, libraries=["libpq"], protocol="pg", name_option="slot", healthy=_pg_healthy,
        options=PG_OPTIONS + ["slot", "type", "temporary", "size-limit"],
        main="retained",
        metrics={"retained": "size", "lag": "size", "headroom": "size", "time-to-loss": "duration",
                 "inactive": "duration", "frozen": "duration", "spill": "size", "catalog-xmin-age": "number",
                 "xmin-age": "number", "sync-age": "duration", "active": "number", "wal-rate": "size",
                 "slots-used": "percent"},
        conditions={"lost": "critical", "unreserved": "critical", "extended": "warning", "inactive": "warning",
                    "unlimited": "ok", "recreated": "critical", "not-synced": "warning", "failover-off": "ok",
                    "standby": "ok"}),
    "check_connect_status": Target(
        reach=_connect, libraries=["libcurl", "json-c"], protocol="http", name_option="connector", healthy=_connect_healthy,
        options=HTTP_OPTIONS + ["url", "hostname", "port", "all-workers", "connector", "type", "tasks", "ipv4", "ipv6"],
        main="tasks-failed",
        metrics={"tasks-failed": "number", "connectors": "number", "connectors-failed": "number", "tasks": "number",
                 "tasks-running": "number", "tasks-unassigned": "number", "workers": "number",
                 "response-time": "duration", "connector-tasks": "number", "connector-running": "number",
                 "failed-for": "duration"},
        conditions={"failed": "critical", "connector-failed": "critical", "unassigned": "warning",
                    "restarting": "warning", "flapping": "warning", "paused": "warning", "stopped": "warning",
                    "no-tasks": "critical", "fewer-tasks": "warning", "unknown-state": "warning",
                    "no-status": "critical", "dead-worker": "critical", "rebalancing": "warning",
                    "starting": "warning", "unhealthy": "critical", "not-live": "critical",
                    "worker-down": "warning"}),
    "check_cdc_lag": Target(
        reach=_metrics, libraries=["libcurl", "json-c"], protocol="http", name_option="server", healthy=fakeexporter.Page,
        later=r"\d+ ms behind its source|idle for [^,|\n]* \(last lag \d+ ms\)",
        options=HTTP_OPTIONS + ["metrics-url", "prometheus-url", "prometheus-label", "jolokia-url", "metrics-file",
                                "server", "connector-type", "max-age", "keepalive",
                                "ipv4", "ipv6"],
        main="lag",
        metrics={"lag": "duration", "silence": "duration", "queue": "percent", "queue-bytes": "percent",
                 "events": "number", "filtered": "number", "erroneous": "number", "transactions": "number",
                 "snapshot-remaining": "number", "snapshot-duration": "duration", "snapshot-rows": "number",
                 "connected": "number"},
        conditions={"no-debezium": "unknown", "scrape-error": "critical", "worker-down": "warning",
                    "disconnected": "critical", "restart-loop": "warning", "no-event": "ok", "idle": "ok",
                    "stalled": "critical", "queue-full": "warning", "erroneous": "warning", "snapshot": "ok",
                    "snapshot-stalled": "warning", "snapshot-aborted": "critical", "duplicate": "warning",
                    "stale": "warning", "clock-skew": "ok"}),
    "check_mysql_gtid": Target(
        reach=_my, libraries=["lib(mariadb|mysqlclient)", "json-c"], protocol="mysql", name_option="candidate", remembers=False,
        healthy=_my_healthy,
        options=MY_OPTIONS + ["gtid-set", "gtid-file", "offsets", "server", "source-includes", "source-excludes",
                              "candidate", "source", "read-only-snapshots"],
        main="behind",
        metrics={"behind": "number", "purged-missing": "number", "missing": "number", "errant": "number",
                 "executed": "number", "intervals": "number", "replica-lag": "duration"},
        conditions={"off": "critical", "permissive": "warning", "inconsistent": "warning", "log-off": "critical",
                    "purged": "critical", "ahead": "critical", "errant": "warning", "no-replica-updates": "warning",
                    "candidate-unreachable": "warning", "replica-stopped": "warning", "tagged": "ok",
                    "read-only-snapshot": "ok"}),
    "check_binlog_retention": Target(
        reach=_my, libraries=["lib(mariadb|mysqlclient)", "json-c"], protocol="mysql", name_option="binlog-file", remembers=False,
        later=r"oldest change [^,|\n]* old, ",
        healthy=_my_healthy,
        options=MY_OPTIONS + ["binlog-file", "binlog-pos", "offsets", "server", "source-includes", "source-excludes",
                              "size-limit", "probe-binlog"],
        main="retention",
        metrics={"retention": "duration", "oldest": "duration", "files": "number", "size": "size", "rate": "size",
                 "headroom": "size", "behind": "size", "edge": "size", "edge-files": "number",
                 "time-to-loss": "duration"},
        conditions={"log-off": "critical", "rds-unset": "critical", "not-row": "critical", "row-image": "warning",
                    "never-expires": "ok", "size-limited": "warning", "gone": "critical", "gap": "warning",
                    "future": "critical"}),
}


def of(program):
    """The entry, or an error that says what to do: a plugin without one would go untested in silence."""
    if program not in TARGETS:
        raise LookupError("%s has no entry in tests/lab/targets.py" % program)
    return TARGETS[program]


def reach(program, port, host="127.0.0.1"):
    return [str(arg) for arg in of(program).reach(host, port)]


def run(program, port, *args, **how):
    """The plugin, pointed to a port of this machine."""
    return plugin.run(program, reach(program, port), *args, **how)


# --- a PostgreSQL server that nothing is wrong with ---------------------------------------------------------

# One slot as PostgreSQL 15 shows it, and what else is asked, by the column names that plugins ask for.
PG_VALUES = {
    "slot_name": b"dbz_orders", "plugin": b"pgoutput", "slot_type": b"logical", "database": b"orders",
    "temporary": b"f", "active": b"t", "xmin_age": None, "catalog_xmin_age": b"3", "restart_lsn": b"0/5A1C2E8",
    "confirmed_flush_lsn": b"0/5A1C320", "wal_status": b"reserved", "safe_wal_size": b"10737418240",
    "standby": b"f", "position": b"0/5A1C400", "max_slots": b"10", "keep_size": b"10737418240",
    "idle_timeout_ms": None, "sync_slots": None, "system_identifier": b"7300000000000000001", "timeline": b"1",
    "spill_bytes": b"0", "total_txns": b"12", "stats_reset_ms": None, "crash_ms": None,
}
_START_MS = int(time.time() * 1000) - 86400000


def pg_value(name):
    if name == "now_ms":
        return b"%d" % (time.time() * 1000)
    return b"%d" % _START_MS if name in ("start_ms", "crash_ms") else PG_VALUES.get(name, b"")


def pg_healthy(statement):
    """The answer of a healthy server, for fakepg.serve."""
    return fakepg.rows(pg_value)(statement)


def pg_slots(*slots):
    """The same server with these slots, each given by what differs from the healthy one."""
    def answer(statement):
        reply = pg_healthy(statement)
        if reply.columns and "pg_replication_slots" in statement:
            names = [name for name, _ in reply.columns]
            reply.rows = [[slot[n] if n in slot else pg_value(n) for n in names] for slot in slots]
        return reply
    return answer


def serve_healthy(program):
    """A context manager of the port of a server that the plugin has nothing to complain about."""
    return hostile.serve(of(program).healthy("dbz_orders"))
