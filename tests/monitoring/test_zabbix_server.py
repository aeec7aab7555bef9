"""The shipped templates in a real Zabbix server: imported, linked to a host, fed through the shipped user parameters.

Only `tests/run --full` (CDC_FULL=1) runs it: the packages are large. It takes about a minute and a half.
"""
import copy
import json
import os
import re
import time

import pytest

import definitions
import stand_in
from lab import fakeconnect, hostile, plugin, targets, zabbix_server

pytestmark = pytest.mark.skipif(os.environ.get("CDC_FULL") != "1", reason="a Zabbix server: only with tests/run --full")

TEMPLATE = os.path.join(stand_in.TOP, "contrib", "zabbix", "template_%s.yaml")
PARAMETERS = os.path.join(stand_in.TOP, "contrib", "zabbix", "cdc-plugins.conf")

# Takes a plugin's place: what it prints lies beside it.
PLUGIN = """#!/bin/sh
case "$*" in
*--extra-opts=main@/etc/cdc-plugins/zabbix.ini*--discover) cat "$0.discover" ;;
*--extra-opts=main@/etc/cdc-plugins/zabbix.ini*--output-format=json) cat "$0.page"; exit 2 ;;
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


@pytest.fixture(scope="module")
def zabbix():
    with zabbix_server.Server() as server:
        folder = server.mkdir("plugins")
        for name in definitions.generated():
            server.write("plugins/" + name, PLUGIN, 0o755)
            server.import_template(TEMPLATE % name)
            server.import_template(TEMPLATE % name)  # an update must be possible, too
        server.start_agent(definitions.read(PARAMETERS).replace("/usr/lib/nagios/plugins", folder))
        yield server


def prints(zabbix, name, page_text=None, discovered=None):
    """What the plugin of that name prints from now on."""
    for end, text in (("page", page_text), ("discover", discovered)):
        if text is not None:
            zabbix.write("plugins/%s.%s" % (name, end), text)


def add_host(zabbix, name, host):
    template = re.search("template: '(.*)'", definitions.read(TEMPLATE % name))[1]
    return zabbix.add_host(template, {"{$CDC.%s.SECTION}" % short(name).upper(): "main"}, host)


def short(name):
    return re.sub("^cdc_", "", name[len("check_"):])


def until(zabbix, host, what, name, done):
    """Asks again now and then: the server drops a request for an item that is not in its cache yet."""
    asked = -5

    def look():
        nonlocal asked
        if time.monotonic() - asked >= 5:
            zabbix.check_now(host, name)
            asked = time.monotonic()
        return done(zabbix)
    zabbix.wait_for(what, look, seconds=120, pause=0.5)


def test_problems_of_the_template(zabbix):
    """The states and their texts become problems, and go again."""
    prints(zabbix, "check_pg_slot", page("UNKNOWN", UNKNOWN, [], UNKNOWN), json.dumps(DISCOVERED))
    host = add_host(zabbix, "check_pg_slot", "problems")
    until(zabbix, host, "the discovered slots", "cdc.pg_slot.discover",
          lambda z: 'cdc.pg_slot.state["dbz_users"]' in z.values(host))
    until(zabbix, host, "the problem UNKNOWN", "cdc.pg_slot",
          lambda z: z.problems(host) == ["Replication slots: " + UNKNOWN])
    prints(zabbix, "check_pg_slot", page("CRITICAL", LOST, SLOTS))
    until(zabbix, host, "the problem CRITICAL", "cdc.pg_slot",
          lambda z: z.problems(host) == ["Replication slots: " + LOST])
    zabbix.wait_for("all values", lambda: stored(zabbix.values(host)) == STORED, seconds=30, pause=0.5)
    assert [error for _, error in zabbix.values(host).values() if error] == []
    prints(zabbix, "check_pg_slot", page("OK", "2 slots healthy", SLOTS[1:]))
    until(zabbix, host, "no problem", "cdc.pg_slot", lambda z: z.problems(host) == [])
    prints(zabbix, "check_pg_slot", discovered="PG_SLOT UNKNOWN - the server says no\n")
    until(zabbix, host, "the error of the discovery", "cdc.pg_slot.discover",
          lambda z: "JSON" in z.api("discoveryrule.get", hostids=host, output=["error"])[0]["error"])
    assert 'cdc.pg_slot.state["dbz_users"]' in zabbix.values(host)


# A name that Kafka Connect allows: quotes are special in a key and in a JSON path.
ODD = 'dbz "orders" / 1'


def healthy(name):
    """What the plugin itself prints of a server that nothing is wrong with: (JSON, discovery)."""
    served = targets.serve_healthy(name)
    if name == "check_connect_status":
        served = hostile.serve(fakeconnect.Worker({ODD: fakeconnect.connector()}))
    with served as port:
        seen = [targets.run(name, port, "--no-state", last).text for last in ("--output-format=json", "--discover")]
    seen, discovered = json.loads(seen[0]), json.loads(seen[1])
    if name == "check_cdc_lag":  # on SQL Server a server has an item for each database
        again = copy.deepcopy(seen["items"][0])
        again["labels"]["database"] = "shop"
        seen["items"].append({**again, "name": again["name"] + "_shop", "text": "of the other database"})
        discovered.append({**discovered[0], "{#DATABASE}": "shop"})
    return seen, discovered


def complete(name, seen):
    """Gives the items the metrics that this look had no value for."""
    owner = dict(reversed(one) for one in re.findall(r"^  (\w+)\.([a-z-]+)", plugin.run(name, [], "--help").text, re.M))
    for number, metric in enumerate(targets.of(name).metrics, 1):
        fixed = owner.get(metric)
        if fixed and fixed not in [one["name"] for one in seen["items"]]:
            seen["items"].append({"name": fixed, "state": "OK", "text": "text", "metrics": [], "labels": {}})
        for one in seen["items"]:
            known = [value["name"] for value in one["metrics"]]
            if metric not in known and (one["name"] == fixed if fixed else one["labels"]):
                one["metrics"].append({"name": metric, "value": number, "unit": "", "warning": None, "critical": None,
                                       "min": None, "max": None})
    return seen


def expected(name, seen, discovered):
    """{key: value} that Zabbix has to hold of a page."""
    base = "cdc." + short(name)
    values = {base + ".summary": seen["summary"], base + ".exit_code": str(seen["exit_code"])}
    for one in seen["items"]:
        labels = {"{#%s}" % label.upper(): value for label, value in one["labels"].items()}
        arguments = [value for label, value in list(labels.items())
                     if label == list(discovered[0])[0] or name == "check_cdc_lag" and label == "{#DATABASE}"]
        end = "[%s]" % ",".join('"%s"' % value.replace('"', '\\"') for value in arguments)
        if labels in discovered:
            values[base + ".state" + end] = one["state"]
            values[base + ".text" + end] = one["text"]
        fixed = one["name"] in ("server", "cluster", "reader") and name != "check_mysql_gtid"
        for metric in one["metrics"]:
            key = "%s.%s%s" % (base, metric["name"].replace("-", "_"), "" if fixed else end)
            values[key] = str(metric["value"])
    return values


@pytest.mark.parametrize("name", sorted(definitions.generated()))
def test_every_metric_of_the_plugin_arrives(zabbix, name):
    """What the plugin prints, as it prints it, and every metric that it can have."""
    seen, discovered = healthy(name)
    seen = complete(name, seen)
    prints(zabbix, name, json.dumps(seen), json.dumps(discovered))
    host = add_host(zabbix, name, name)
    wanted = expected(name, seen, discovered)
    base = "cdc." + short(name)
    until(zabbix, host, "the discovered items", base + ".discover", lambda z: set(wanted) <= set(z.values(host)))
    until(zabbix, host, "the values", base, lambda z: stored(z.values(host)).keys() == wanted.keys())
    assert stored(zabbix.values(host)) == wanted
    assert [error for _, error in zabbix.values(host).values() if error] == []
    names = {one["name"] for one in zabbix.api("item.get", hostids=host, output=["name"])}
    assert [one for one in names if re.search(r"[{}\\]|UNKNOWN| :", one)] == []
    if name == "check_cdc_lag":
        assert {"Connector dbz_orders: lag", "Connector dbz_orders shop: lag"} <= names


def stored(values):
    return {key: value for key, (value, _) in values.items() if value is not None}
