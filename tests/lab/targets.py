"""What the command line and hostile levels have to know about each plugin. A new plugin gets an entry here."""

from lab import plugin

PG_OPTIONS = ["hostname", "port", "username", "logname", "database", "option", "service", "passfile", "tls", "ca-cert",
              "client-cert", "private-key"]
COMMON_OPTIONS = ["help", "version", "verbose", "timeout", "warning", "critical", "warning-for", "critical-for", "on",
                  "grace", "hold", "include", "exclude", "max-items", "problems-only", "output-format", "no-perfdata",
                  "discover", "state-dir", "no-state", "forget", "rate-window", "extra-opts"]
COMMON_SHORT = "hVvtwc"
COMMON_CONDITIONS = {"unreachable": "critical", "timeout": "unknown", "denied": "unknown", "protocol": "unknown",
                     "missing": "critical", "vanished": "warning", "none": "unknown"}


class Target:
    """metrics: {name: kind}, kind being size, duration, percent or number; main is the one of -w and -c."""

    def __init__(self, reach, options, conditions, main, metrics, name_option, library, protocol):
        self.reach, self.options = reach, COMMON_OPTIONS + options
        self.conditions = {**COMMON_CONDITIONS, **conditions}
        self.main, self.metrics, self.name_option, self.library = main, metrics, name_option, library
        self.protocol = protocol


def _pg(host, port):
    # TLS off: what a server says is then what the plugin hears.
    return ["-H", host, "-P", port, "-u", "x", "--tls=disable"]


TARGETS = {
    "check_pg_slot": Target(
        reach=_pg, library="libpq", protocol="pg", name_option="slot",
        options=PG_OPTIONS + ["slot", "type", "temporary", "size-limit"],
        main="retained",
        metrics={"retained": "size", "lag": "size", "headroom": "size", "time-to-loss": "duration",
                 "inactive": "duration", "frozen": "duration", "spill": "size", "catalog-xmin-age": "number",
                 "xmin-age": "number", "sync-age": "duration", "active": "number", "wal-rate": "size",
                 "slots-used": "percent"},
        conditions={"lost": "critical", "unreserved": "critical", "extended": "warning", "inactive": "warning",
                    "unlimited": "ok", "recreated": "critical", "not-synced": "warning", "failover-off": "ok",
                    "standby": "ok"}),
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


# A slot that nothing is wrong with, as PostgreSQL 15 shows it, by the column names that plugins ask for.
PG_HEALTHY = {
    "slot_name": b"dbz_orders", "plugin": b"pgoutput", "slot_type": b"logical", "database": b"orders",
    "temporary": b"f", "active": b"t", "restart_lsn": b"0/5A1C2E8", "confirmed_flush_lsn": b"0/5A1C320",
    "wal_status": b"reserved", "safe_wal_size": b"1073741824",
}
