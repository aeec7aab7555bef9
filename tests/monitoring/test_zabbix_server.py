"""The shipped template in a real Zabbix server: imported, linked to a host, fed through the shipped user parameters.

Only `tests/run --full` (CDC_FULL=1) runs it: the packages are large. It takes about 40 seconds.
"""
import json
import os

import pytest

import stand_in
from lab import zabbix_server

pytestmark = pytest.mark.skipif(os.environ.get("CDC_FULL") != "1", reason="a Zabbix server: only with tests/run --full")

TEMPLATE = os.path.join(stand_in.TOP, "contrib", "zabbix", "template_check_pg_slot.yaml")
PARAMETERS = os.path.join(stand_in.TOP, "contrib", "zabbix", "cdc-plugins.conf")

# Takes the plugin's place: what it prints lies beside it.
PLUGIN = """#!/bin/sh
case "$*" in
*--extra-opts=main@/etc/cdc-plugins/zabbix.ini*--discover) cat "$(dirname "$0")/discover.json" ;;
*--extra-opts=main@/etc/cdc-plugins/zabbix.ini*--output-format=json) cat "$(dirname "$0")/page.json"; exit 2 ;;
*) echo "usage error: $*"; exit 3 ;;
esac
"""


def item(name, state, labels, **metrics):
    values = [{"name": key.replace("_", "-"), "value": value, "unit": "", "warning": None, "critical": None, "min": None,
               "max": None} for key, value in metrics.items()]
    return {"name": name, "state": state, "text": "text of " + name, "metrics": values, "labels": labels}


def slot(name, state, **metrics):
    return item(name, state, {"slot": name, "plugin": "pgoutput", "type": "logical", "database": "shop"}, **metrics)


def page(state, summary, items, error=None):
    return json.dumps({"plugin": "check_pg_slot", "version": "1.0", "state": state,
                       "exit_code": ["OK", "WARNING", "CRITICAL", "UNKNOWN"].index(state), "summary": summary,
                       "items": items, "error": error, "verbose": []})


UNKNOWN = "no answer within 2.5 s while reading pg_replication_slots, and this text goes on for longer than 20 characters"
LOST = "dbz_orders is lost (wal_removed): changes since 0/5A1C2E8 are gone - 1 of 2 slots critical"
# The lag is 2^53 - 1: Zabbix reads the numbers of a JSON path as doubles.
SLOTS = [slot("dbz_orders", "CRITICAL", active=0, inactive=11520.5),
         slot("dbz_users", "OK", active=1, retained=13002342, lag=9007199254740991, headroom=-5, time_to_loss=12.125,
              frozen=1, spill=2, catalog_xmin_age=3, xmin_age=4, sync_age=5),
         item("server", "OK", {}, wal_rate=17, slots_used=30.5)]
DISCOVERED = [{"{#SLOT}": name, "{#PLUGIN}": "pgoutput", "{#TYPE}": "logical", "{#DATABASE}": "shop"}
              for name in ("dbz_orders", "dbz_users")]

STORED = {
    "cdc.pg_slot.exit_code": "2", "cdc.pg_slot.summary": LOST, "cdc.pg_slot.wal_rate": "17",
    "cdc.pg_slot.slots_used": "30.5",
    'cdc.pg_slot.state["dbz_orders"]': "CRITICAL", 'cdc.pg_slot.text["dbz_orders"]': "text of dbz_orders",
    'cdc.pg_slot.active["dbz_orders"]': "0", 'cdc.pg_slot.inactive["dbz_orders"]': "11520.5",
    'cdc.pg_slot.state["dbz_users"]': "OK", 'cdc.pg_slot.text["dbz_users"]': "text of dbz_users",
    'cdc.pg_slot.active["dbz_users"]': "1", 'cdc.pg_slot.retained["dbz_users"]': "13002342",
    'cdc.pg_slot.lag["dbz_users"]': "9007199254740991", 'cdc.pg_slot.headroom["dbz_users"]': "-5",
    'cdc.pg_slot.time_to_loss["dbz_users"]': "12.125", 'cdc.pg_slot.frozen["dbz_users"]': "1",
    'cdc.pg_slot.spill["dbz_users"]': "2", 'cdc.pg_slot.catalog_xmin_age["dbz_users"]': "3",
    'cdc.pg_slot.xmin_age["dbz_users"]': "4", 'cdc.pg_slot.sync_age["dbz_users"]': "5",
}


def test_template_works_in_a_real_server():
    with open(PARAMETERS, encoding="utf-8") as text:
        parameters = text.read().replace("/usr/lib/nagios/plugins/", "@PLUGINS@/")
    with zabbix_server.Server() as zabbix:
        zabbix.mkdir("plugins")
        zabbix.write("plugins/check_pg_slot", PLUGIN, 0o755)
        zabbix.write("plugins/discover.json", json.dumps(DISCOVERED))
        zabbix.write("plugins/page.json", page("UNKNOWN", UNKNOWN, [], UNKNOWN))
        zabbix.import_template(TEMPLATE)
        zabbix.import_template(TEMPLATE)  # an update must be possible, too
        host = zabbix.add_host("PostgreSQL replication slots by check_pg_slot", parameters,
                               macros={"{$CDC.PG.SECTION}": "main"})

        def until(what, name, done):
            zabbix.check_now(host, name)
            zabbix.wait_for(what, lambda: done(zabbix), seconds=60, pause=0.5)

        until("the discovered slots", "cdc.pg_slot.discover",
              lambda z: 'cdc.pg_slot.state["dbz_users"]' in z.values(host))
        until("the problem UNKNOWN", "cdc.pg_slot",
              lambda z: z.problems(host) == ["Replication slots: " + UNKNOWN])
        zabbix.write("plugins/page.json", page("CRITICAL", LOST, SLOTS))
        until("the problem CRITICAL", "cdc.pg_slot", lambda z: z.problems(host) == ["Replication slots: " + LOST])
        zabbix.wait_for("all values", lambda: stored(zabbix.values(host)) == STORED, seconds=10, pause=0.5)
        assert [error for _, error in zabbix.values(host).values() if error] == []
        zabbix.write("plugins/page.json", page("OK", "2 slots healthy", SLOTS[1:]))
        until("no problem", "cdc.pg_slot", lambda z: z.problems(host) == [])
        zabbix.write("plugins/discover.json", "PG_SLOT UNKNOWN - the server says no\n")
        until("the error of the discovery", "cdc.pg_slot.discover",
              lambda z: "JSON" in z.api("discoveryrule.get", hostids=host, output=["error"])[0]["error"])
        assert 'cdc.pg_slot.state["dbz_users"]' in zabbix.values(host)


def stored(values):
    return {key: value for key, (value, _) in values.items() if value is not None}
