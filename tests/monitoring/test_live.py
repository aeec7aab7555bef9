"""check_pg_slot on a real PostgreSQL, run by every monitoring system: two slots, one over its warning threshold.

    dbz_a retains 3 MiB, more than the 1 MiB allowed here; dbz_b was made after that and retains next to nothing.
"""
import json
import os
import re
import types

import pytest

import definitions
import stand_in
from lab import icinga, nagios, node_exporter, nrpe, pg, promtool, sandbox, zabbix_agent

MAJOR = 17
NAME = "check_pg_slot"
OPTIONS = {"warning": "1MiB", "critical": "~:1GiB", "on": "inactive=ok"}


@pytest.fixture(scope="module")
def slots():
    """The server's address and the plugin's path; the plugin must be built, the definition be there."""
    if not os.access(definitions.executable(NAME), os.X_OK) or NAME not in definitions.generated():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("%s is not built" % NAME)
    with pg.Lab() as lab, lab.fresh(MAJOR) as server:
        server.create_slot("dbz_a")
        server.write_wal(3 << 20)
        server.create_slot("dbz_b")
        target = {"hostname": server.host, "port": str(server.port), "username": pg.PLAIN}
        yield types.SimpleNamespace(target=target, path=definitions.executable(NAME))


def command_line(slots):
    return " ".join("--%s='%s'" % item for item in {**slots.target, **OPTIONS}.items()) + " --no-state"


def holds(state, text, long):
    assert state == 1, text
    assert text.startswith("PG_SLOT WARNING - dbz_a ")
    assert len(long) == 2
    assert re.match(r"\[WARNING\] dbz_a: .*3\.\d MiB", long[0])
    assert long[1].startswith("[OK] dbz_b: ")


def holds_perf(perf):
    """The performance data as text."""
    items = dict(one.split("=") for one in perf.split(" "))
    assert {"dbz_a.retained", "dbz_a.lag", "dbz_a.active", "dbz_b.retained", "dbz_b.lag", "dbz_b.active",
            "server.slots-used"} <= set(items)
    assert re.fullmatch(r"3\d{6}B;1048576;~:1073741824;0;?", items["dbz_a.retained"])
    assert re.match(r"0(;|$)", items["dbz_a.active"])


def test_icinga(slots):
    variables = {NAME + "_" + name: value for name, value in {**slots.target, **OPTIONS, "no_state": True}.items()}
    stored = icinga.check(definitions.read(definitions.generated()[NAME]), NAME, variables, [slots.path])
    holds(stored.state, stored.text, stored.long)
    holds_perf(" ".join(stored.raw))
    items = {one["label"]: one for one in stored.perf}
    retained = items["dbz_a.retained"]
    assert 3 << 20 <= retained["value"] < 4 << 20
    assert (retained["unit"], retained["warn"], retained["crit"], retained["min"]) == ("bytes", 1 << 20, None, 0)
    assert items["server.slots-used"]["unit"] == "percent"


def test_nagios(slots):
    command = "define command {\n  command_name  c\n  command_line  $USER1$/%s %s\n}\n" % (NAME, command_line(slots))
    stored = nagios.check(command, "c", [slots.path])
    holds(stored.state, stored.text, stored.long)
    holds_perf(stored.perf)


@pytest.mark.parametrize("version", [4, 2])
def test_nrpe(slots, version):
    seen = nrpe.check("command[c]=@PLUGINS@/%s %s" % (NAME, command_line(slots)), "c", [slots.path], version=version)
    holds(seen.state, seen.text, seen.long)
    holds_perf(seen.perf)


@pytest.fixture
def parameters(slots):
    """The shipped user parameters, with a section [lab] for the server."""
    text = definitions.read(os.path.join(stand_in.TOP, "contrib", "zabbix", "cdc-plugins.conf"))
    with sandbox.Sandbox("ini") as box:
        lines = ["%s=%s" % item for item in {**slots.target, **OPTIONS}.items()] + ["no-state="]
        ini = box.write("zabbix.ini", "[lab]\n%s\n" % "\n".join(lines))
        yield text.replace("/etc/cdc-plugins/zabbix.ini", ini).replace("/usr/lib/nagios/plugins/", "@PLUGINS@/")


def test_zabbix_agent_discovers_the_slots(slots, parameters):
    answer = zabbix_agent.get(parameters, 'cdc.pg_slot.discover["lab"]', [slots.path])
    assert json.loads(answer.value) == [
        {"{#SLOT}": name, "{#PLUGIN}": "test_decoding", "{#TYPE}": "logical", "{#DATABASE}": "postgres"}
        for name in ("dbz_a", "dbz_b")]


def values(page, path):
    """What a JSON path of the template selects; the shapes of these paths are held fast in test_shipped.py."""
    if path in ("$.summary", "$.exit_code"):
        return [page[path[2:]]]
    slot = re.search(r'@\.labels\.slot == "([^"]+)"', path)
    items = [one for one in page["items"] if not slot or one["labels"].get("slot") == slot.group(1)]
    metric = re.search(r'@\.name == "([^"]+)"', path)
    if metric is None:
        return [one[re.search(r"\.(text|state)\.first", path).group(1)] for one in items]
    return [one["value"] for item in items for one in item["metrics"] if one["name"] == metric.group(1)]


def test_zabbix_template_finds_its_values(slots, parameters):
    text = definitions.read(os.path.join(stand_in.TOP, "contrib", "zabbix", "template_check_pg_slot.yaml"))
    paths = [one.strip("'") for one in re.findall(r"^ +- ('?\$\..*)$", text, re.M)]
    answer = zabbix_agent.get(parameters, 'cdc.pg_slot["lab"]', [slots.path])
    page = json.loads(answer.value)
    found = {path: values(page, path.replace("{#SLOT}", "dbz_a")) for path in paths}
    assert max(len(one) for one in found.values()) == 1
    assert found["$.exit_code"] == [1]
    assert found["$.summary"][0].startswith("dbz_a ")
    slot = '$.items[?(@.labels.slot == "{#SLOT}")].'
    assert found[slot + "state.first()"] == ["WARNING"]
    assert found[slot + 'metrics[?(@.name == "active")].value.first()'] == [0]
    assert 3 << 20 <= found[slot + 'metrics[?(@.name == "retained")].value.first()'][0] < 4 << 20
    assert found['$.items[*].metrics[?(@.name == "slots-used")].value.first()'] == [10]


def test_prometheus_textfile(slots):
    with sandbox.Sandbox("textfile") as box:
        folder = box.mkdir("out")
        script = box.install(os.path.join(stand_in.TOP, "contrib", "prometheus", "cdc-textfile"))
        options = ["--%s=%s" % item for item in {**slots.target, **OPTIONS}.items()] + ["--no-state"]
        done = box.run([script, "pg1", box.install(slots.path), *options], {"CDC_TEXTFILE_DIR": folder})
        assert (done.returncode, done.stderr) == (0, b"")
        page = definitions.read(os.path.join(folder, "cdc_pg1_check_pg_slot.prom"))
    assert promtool.check_metrics(page) == (0, "")
    served = node_exporter.page({"cdc_pg1_check_pg_slot.prom": page})
    assert "node_textfile_scrape_error 0" in served
    assert re.search(r'^cdc_pg_slot_retained_bytes\{database="postgres",plugin="test_decoding",slot="dbz_a",target="pg1",'
                     r'type="logical"\} 3\S*e\+06$', served, re.M)
    assert 'cdc_check_state{plugin="check_pg_slot",target="pg1"} 1' in served
    assert 'cdc_check_item_state{item="dbz_b",plugin="check_pg_slot",target="pg1"} 0' in served
