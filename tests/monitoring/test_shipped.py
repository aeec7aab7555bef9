"""The files of contrib/ that people copy: each is loaded by the system that it is for, and each command line is run.

A stand-in takes the plugin's place and prints the arguments that arrive; what the plugin makes of them is the matter
of the last test here.
"""
import json
import os
import re
import shlex
import subprocess
import types

import pytest
import yaml

import definitions
import stand_in
from lab import icinga, nagios, node_exporter, nrpe, promtool, sandbox, targets, zabbix_agent

CONTRIB = os.path.join(stand_in.TOP, "contrib")
PLUGIN_FOLDER = "/usr/lib/nagios/plugins"
FAKE = (stand_in.PATH, "check_pg_slot")
PLUGINS = sorted(definitions.generated())
FAKES = [(stand_in.PATH, name) for name in PLUGINS]

def contrib(*parts):
    return definitions.read(os.path.join(CONTRIB, *parts))


def icinga_definition():
    """All generated CheckCommands."""
    return "\n".join(definitions.read(path) for path in definitions.generated().values())


def with_plugins_here(text):
    """The files name the folder of the packaged plugins; the laboratory puts its own there."""
    assert PLUGIN_FOLDER + "/" in text
    return text.replace(PLUGIN_FOLDER + "/", "@PLUGINS@/")


def arguments(text, long):
    assert text.startswith("SAMPLE OK - ")
    return stand_in.echoed(long)


# --- Icinga 2 -------------------------------------------------------------------------------------------------------

MY_CNF = ("--defaults-file", "/etc/cdc-plugins/my.cnf")
ICINGA_SERVICES = {
    ("pg1", "pg all slots"): [("--hostname", "192.0.2.10"), ("--username", "monitor")],
    ("pg1", "pg slot dbz_orders"): [
        ("--critical", "20GiB"), ("--critical-time-to-loss", "2h:"), ("--hostname", "192.0.2.10"),
        ("--on", "inactive=critical"), ("--on", "unlimited=warning"), ("--slot", "dbz_orders"),
        ("--username", "monitor"), ("--warning", "5GiB")],
    ("connect", "cdc connectors"): [("--all-workers", None), ("--url", "http://192.0.2.20:8083"),
                                    ("--url", "http://192.0.2.21:8083")],
    ("connect", "cdc lag"): [("--critical", "5m"), ("--metrics-url", "http://192.0.2.20:9404/metrics"),
                             ("--metrics-url", "http://192.0.2.21:9404/metrics"), ("--warning", "30s")],
    ("mysql1", "cdc GTID"): [("--candidate", "192.0.2.31"), ("--candidate", "192.0.2.32:3307"), MY_CNF,
                             ("--hostname", "192.0.2.30")],
    ("mysql1", "cdc binary logs"): [("--critical", "24h:"), MY_CNF, ("--hostname", "192.0.2.30"),
                                    ("--probe-binlog", None), ("--warning", "72h:")],
}


def test_icinga_services_are_valid():
    code, text = icinga.validate(icinga_definition(), contrib("icinga2", "services.conf.example"))
    assert code == 0, text
    assert "Instantiated %d Services" % len(ICINGA_SERVICES) in text


def pairs(seen):
    """[(option, value or None)]; no value here begins with a dash."""
    return sorted(((one, after if after and not after.startswith("--") else None)
                   for one, after in zip(seen, seen[1:] + [None]) if one.startswith("--")), key=str)


@pytest.mark.parametrize("host, service", sorted(ICINGA_SERVICES))
def test_icinga_service_passes_its_options(host, service):
    stored = icinga.check_service(icinga_definition(), contrib("icinga2", "services.conf.example"), host, service,
                                  FAKES)
    assert pairs(arguments(stored.text, stored.long)) == ICINGA_SERVICES[host, service]


def test_icinga_services_use_every_plugin():
    text = contrib("icinga2", "services.conf.example")
    assert set(re.findall(r'command = "(check_\w+)"', text)) == set(PLUGINS)


# --- Nagios ---------------------------------------------------------------------------------------------------------

def test_nagios_files_are_valid():
    code, text = nagios.validate(contrib("nagios", "commands.cfg"), contrib("nagios", "services.cfg.example"))
    assert code == 0, text
    assert "Checked %d services" % len(NAGIOS_ARGUMENTS) in text
    assert re.search(r"Total Warnings: +0", text), text


NAGIOS_ARGUMENTS = {
    "check_pg_slot!monitor": ["--hostname=127.0.0.1", "--username=monitor"],
    "check_pg_slot!monitor!--slot=dbz_orders --warning=5GiB --critical=20GiB --critical-time-to-loss=2h: --on"
    " unlimited=warning": ["--hostname=127.0.0.1", "--username=monitor", "--slot=dbz_orders", "--warning=5GiB",
                           "--critical=20GiB", "--critical-time-to-loss=2h:", "--on", "unlimited=warning"],
    "check_pg_slot_service!orders!--exclude='tmp_.*'": ["--service=orders", "--exclude=tmp_.*"],
    "check_connect_status!8083!--url=http://192.0.2.21:8083 --all-workers": [
        "--url=http://127.0.0.1:8083", "--url=http://192.0.2.21:8083", "--all-workers"],
    "check_cdc_lag!9404!--metrics-url=http://192.0.2.21:9404/metrics --warning=30s --critical=5m": [
        "--metrics-url=http://127.0.0.1:9404/metrics", "--metrics-url=http://192.0.2.21:9404/metrics", "--warning=30s",
        "--critical=5m"],
    "check_mysql_gtid!/etc/cdc-plugins/my.cnf!--candidate=192.0.2.31 --candidate=192.0.2.32:3307": [
        "--hostname=127.0.0.1", "--defaults-file=/etc/cdc-plugins/my.cnf", "--candidate=192.0.2.31",
        "--candidate=192.0.2.32:3307"],
    "check_binlog_retention!/etc/cdc-plugins/my.cnf!--warning=72h: --critical=24h: --probe-binlog": [
        "--hostname=127.0.0.1", "--defaults-file=/etc/cdc-plugins/my.cnf", "--warning=72h:", "--critical=24h:",
        "--probe-binlog"],
}


def test_all_nagios_services_are_run_below():
    used = re.findall(r"check_command\s+(.*)", contrib("nagios", "services.cfg.example"))
    assert sorted(used) == sorted(NAGIOS_ARGUMENTS)
    assert {re.search("|".join(PLUGINS), one)[0] for one in used} == set(PLUGINS)


@pytest.mark.parametrize("command, expected", [
    *NAGIOS_ARGUMENTS.items(),
    ("check_pg_slot_opts!pg1", ["--extra-opts=pg1@/etc/cdc-plugins/nagios.ini"])])
def test_nagios_command_passes_its_options(command, expected):
    stored = nagios.check(contrib("nagios", "commands.cfg"), command, FAKES)
    assert arguments(stored.text, stored.long) == expected


# --- NRPE -----------------------------------------------------------------------------------------------------------

def nrpe_commands():
    """{name: (plugin, arguments)}."""
    return {name: tuple(rest) for name, *rest in re.findall(r"^command\[(\w+)\]=\S+/(check_\w+) (.*)$",
                                                            contrib("nrpe", "cdc-plugins.cfg"), re.M)}


def test_nrpe_commands_are_all_seen():
    lines = [line for line in contrib("nrpe", "cdc-plugins.cfg").split("\n") if line and not line.startswith("#")]
    assert len(lines) == len(nrpe_commands()) == 7


@pytest.mark.parametrize("name", sorted(nrpe_commands()))
def test_nrpe_command_passes_its_options(name):
    text = with_plugins_here(contrib("nrpe", "cdc-plugins.cfg"))
    seen = nrpe.check(text, name, FAKES)
    assert seen.state == 0
    assert arguments(seen.text, seen.long) == nrpe_commands()[name][1].split(" ")


# --- Zabbix ---------------------------------------------------------------------------------------------------------

SHORT = {name: re.sub(r"^cdc_", "", name[len("check_"):]) for name in PLUGINS}
ZABBIX_KEYS = {"cdc.%s%s" % (short, end): (name, last) for name, short in SHORT.items()
               for end, last in (("", "--output-format=json"), (".discover", "--discover"))}


def test_zabbix_agent_has_a_parameter_for_each_plugin():
    keys = re.findall(r"^UserParameter=([^[]*)\[\*\],", contrib("zabbix", "cdc-plugins.conf"), re.M)
    assert sorted(keys) == sorted(ZABBIX_KEYS)


@pytest.mark.parametrize("key", sorted(ZABBIX_KEYS))
def test_zabbix_user_parameter_passes_its_section(key):
    name, last = ZABBIX_KEYS[key]
    text = with_plugins_here(contrib("zabbix", "cdc-plugins.conf"))
    answer = zabbix_agent.get(text, key + '["pg1"]', [(stand_in.PATH, name)])
    assert answer.error is None
    first, *more = answer.value.split("\n")
    assert arguments(first, more) == ["--extra-opts=pg1@/etc/cdc-plugins/zabbix.ini", "--timeout=2.5", last]


def test_zabbix_agent_loads_the_file():
    code, text = zabbix_agent.test_key(with_plugins_here(contrib("zabbix", "cdc-plugins.conf")), "cdc.pg_slot[pg1]",
                                       [FAKE])
    assert code == 0
    assert "ZBX_NOTSUPPORTED" not in text and "[t|SAMPLE OK" in text


def template(name):
    return yaml.safe_load(contrib("zabbix", "template_%s.yaml" % name))["zabbix_export"]["templates"][0]


def found(tree, name):
    """All values of a key, anywhere in a tree."""
    if isinstance(tree, dict):
        return [value for key, value in tree.items() if key == name] + [
            one for value in tree.values() for one in found(value, name)]
    if isinstance(tree, list):
        return [one for value in tree for one in found(value, name)]
    return []


def test_zabbix_templates_have_unique_version_4_ids():
    ids = [one for name in PLUGINS for one in found(template(name), "uuid")]
    assert len(ids) == len(set(ids)) > 20 * len(PLUGINS)
    assert [one for one in ids if not re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", one)] == []


@pytest.mark.parametrize("name", PLUGINS)
def test_zabbix_template_asks_for_the_keys_of_the_user_parameters(name):
    page = template(name)
    section = "{$CDC.%s.SECTION}" % SHORT[name].upper()
    keys = [one["key"] for one in page["items"] if one.get("type") != "DEPENDENT"]
    keys += [one["key"] for one in page["discovery_rules"]]
    assert {re.sub(r"\[.*", "", key) for key in keys} == {key for key, of in ZABBIX_KEYS.items() if of[0] == name}
    assert {key.partition("[")[2] for key in keys} == {'"%s"]' % section}
    masters = {one["key"] for one in found(page, "master_item")}
    assert masters == {page["items"][0]["key"]}
    macros = {one["macro"]: one["value"] for one in page["macros"]}
    assert macros[section] == name
    assert "[%s]" % name in contrib("zabbix", "zabbix.ini.example")
    used = set(re.findall(r"\{\$[A-Z_.]+\}", contrib("zabbix", "template_%s.yaml" % name)))
    assert used == set(macros)


@pytest.mark.parametrize("name", PLUGINS)
def test_zabbix_template_uses_only_the_contract_s_json(name):
    paths = [one for step in found(template(name), "preprocessing") for one in step[0]["parameters"]]
    metric = r'metrics\[\?\(@\.name == "[a-z-]+"\)\]\.value\.first\(\)'
    label = r'@\.labels\.([a-z]+) == "\{#([A-Z]+)\}"'
    shapes = [r"\$\.(summary|exit_code)", r"\$\.items\[\*\]\." + metric,
              r"\$\.items\[\?\(%s( && %s)?\)\]\.((text|state)\.first\(\)|%s)" % (label, label, metric)]
    assert len(paths) > 10
    assert [path for path in paths if not any(re.fullmatch(shape, path) for shape in shapes)] == []
    assert {low.upper() == up for path in paths for low, up in re.findall(label, path)} == {True}


@pytest.mark.parametrize("name", PLUGINS)
def test_zabbix_template_has_every_metric_and_its_unit(name):
    target = targets.of(name)
    page = template(name)
    parts = {}
    for one in page["items"] + page["discovery_rules"][0]["item_prototypes"]:
        for metric in re.findall(r'@\.name == "([a-z-]+)"', str(one.get("preprocessing"))):
            parts[metric] = one.get("units", "")
    kinds = {"size": {"B", "Bps"}, "duration": {"s"}, "percent": {"%"}, "number": {""}}
    assert {metric: units in kinds[target.metrics[metric]] for metric, units in parts.items()} == dict.fromkeys(
        target.metrics, True)


def test_zabbix_templates_know_rates_from_amounts():
    rates = {re.sub(r"\[.*", "", one["key"]) for name in PLUGINS for one in
             template(name)["items"] + template(name)["discovery_rules"][0]["item_prototypes"]
             if one.get("units") == "Bps"}
    assert rates == {"cdc.pg_slot.wal_rate", "cdc.pg_slot.spill", "cdc.binlog_retention.rate"}


def zabbix_sections():
    """[(section, [(option, value)])] of the example."""
    parts = re.split(r"^\[(\w+)\]$", contrib("zabbix", "zabbix.ini.example"), flags=re.M)[1:]
    return [(name, re.findall(r"^([a-z-]+)=(.*)$", text, re.M)) for name, text in zip(parts[::2], parts[1::2])]


@pytest.mark.parametrize("section", [name for name, _ in zabbix_sections()])
def test_plugin_reads_its_section_of_the_zabbix_example(section):
    """As far as connecting, to an address that nobody has (192.0.2.0/24), or to a file that is not there."""
    name = section if section in PLUGINS else "check_pg_slot"
    path = definitions.executable(name)
    if not os.access(path, os.X_OK):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(name + " is not built")
    with sandbox.Sandbox("zabbix") as box:
        port = sandbox.free_port()
        text = contrib("zabbix", "zabbix.ini.example")
        text = re.sub(r"http://192\.0\.2\.\d+:\d+", "http://127.0.0.1:%d" % port, text)
        text = re.sub(r"^hostname=.*", "hostname=127.0.0.1\nport=%d" % port, text, flags=re.M)
        text = re.sub(r"^candidate=.*", "candidate=127.0.0.1:%d" % sandbox.free_port(), text, flags=re.M)
        text = text.replace("/etc/cdc-plugins/zabbix.pgpass", box.write("pgpass", "*:*:*:*:x\n", 0o600))
        text = text.replace("/etc/cdc-plugins/zabbix.my.cnf", box.write("my.cnf", "[client]\nuser=monitor\n", 0o600))
        done = box.run([box.install(path), "--no-state", "--output-format=json",
                        "--extra-opts=%s@%s" % (section, box.write("zabbix.ini", text))])
        page = json.loads(done.stdout)
        assert (done.returncode, page["state"]) == (2, "CRITICAL"), page
        assert "127.0.0.1" in page["summary"], page


# --- Sensu, Checkmk -------------------------------------------------------------------------------------------------

def shell(box, line, program="/bin/sh"):
    """Run a shipped command line with the stand-in in place of the plugin."""
    box.install_all(FAKES)
    line = with_plugins_here(line).replace("@PLUGINS@", box.path("plugins"))
    done = box.run([program, "-c", line])
    first, *more = done.stdout.decode().rstrip("\n").split("\n")
    assert done.returncode == 0, done.stderr
    return arguments(first, more)


SENSU = {
    "check_pg_slot": ["--hostname=/var/run/postgresql", "--username=sensu", "--warning=5GiB", "--critical=20GiB"],
    "check_connect_status": ["--url=http://127.0.0.1:8083"],
    "check_cdc_lag": ["--metrics-url=http://127.0.0.1:9404/metrics"],
    "check_mysql_gtid": ["--socket=/run/mysqld/mysqld.sock", "--defaults-file=/etc/cdc-plugins/my.cnf"],
    "check_binlog_retention": ["--socket=/run/mysqld/mysqld.sock", "--defaults-file=/etc/cdc-plugins/my.cnf"],
}


@pytest.mark.parametrize("name", sorted(SENSU))
def test_sensu_check(name):
    page = yaml.safe_load(contrib("sensu", name + ".yml"))
    assert (page["type"], page["api_version"]) == ("CheckConfig", "core/v2")
    assert page["metadata"]["name"] == name
    spec = page["spec"]
    assert spec["output_metric_format"] == "nagios_perfdata"
    assert spec["interval"] > spec["timeout"] > 10
    with sandbox.Sandbox("sensu") as box:
        assert shell(box, spec["command"]) == SENSU[name]


def mrpe_lines():
    """As the agent reads them: a name, an optional (interval=N), a command line."""
    for line in contrib("checkmk", "mrpe.cfg").split("\n"):
        if line and not line.startswith("#"):
            name, options, command = re.fullmatch(r"(\S+) \((\S+)\) (.*)", line).groups()
            assert re.fullmatch(r"interval=\d+", options)
            yield name, command


def test_checkmk_lines():
    base = ["--hostname=/var/run/postgresql", "--username=monitor", "--passfile=/etc/check_mk/pgpass"]
    with sandbox.Sandbox("checkmk") as box:
        seen = {name: shell(box, command, "/bin/bash") for name, command in mrpe_lines()}
    assert seen == {"PG_slots": base,
                    "PG_slot%20dbz_orders": base + ["--slot=dbz_orders", "--critical-time-to-loss=2h:"],
                    "Connect_cluster": SENSU["check_connect_status"], "CDC_lag": SENSU["check_cdc_lag"],
                    "MySQL_GTID": SENSU["check_mysql_gtid"], "Binlog_retention": SENSU["check_binlog_retention"]}


# --- Prometheus -----------------------------------------------------------------------------------------------------

RULES = os.path.join(CONTRIB, "prometheus", "alerts.yml")


def test_alert_rules_are_valid():
    code, text = promtool.check_rules(RULES)
    assert code == 0, text
    assert "7 rules found" in text


def test_alert_rules_do_what_they_say():
    code, text = promtool.test_rules(os.path.join(stand_in.HERE, "alerts_test.yml"), RULES)
    assert code == 0, text
    tested = definitions.read(os.path.join(stand_in.HERE, "alerts_test.yml"))
    assert [name for name in re.findall(r"alert: (\w+)", contrib("prometheus", "alerts.yml")) if name not in tested] == []


@pytest.fixture
def textfile():
    """.run(TARGET, PROGRAM...) calls cdc-textfile, .files() is what the folder holds then."""
    with sandbox.Sandbox("textfile") as box:
        folder = box.mkdir("out")
        program = box.install(os.path.join(CONTRIB, "prometheus", "cdc-textfile"))
        sample = box.install(stand_in.PATH)

        def run(*argv):
            return box.run([program, *argv], {"CDC_TEXTFILE_DIR": folder})

        def files():
            return {name: definitions.read(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}
        yield types.SimpleNamespace(run=run, files=files, sample=sample, box=box)


def test_textfile_pages_of_two_targets_live_together(textfile):
    for target in ("pg1", "pg-2.example"):
        done = textfile.run(target, textfile.sample)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    pages = textfile.files()
    assert sorted(pages) == ["cdc_pg-2.example_check_sample.prom", "cdc_pg1_check_sample.prom"]
    for page in pages.values():
        assert promtool.check_metrics(page) == (0, "")
    served = node_exporter.page(pages)
    assert "node_textfile_scrape_error 0" in served
    assert 'cdc_check_state{plugin="check_sample",target="pg1"} 2' in served
    assert 'cdc_check_state{plugin="check_sample",target="pg-2.example"} 2' in served
    assert 'database="größe \\"x\\" \\\\ y",slot="a",target="pg1"' in served
    assert len(re.findall(r"^node_textfile_mtime_seconds\{", served, re.M)) == 2


def test_textfile_adds_a_label_to_a_sample_without_any(textfile):
    plain = textfile.box.write("plugins/plain", "#!/bin/sh\necho '# HELP a b'; echo 'a 1'; echo 'b{} 2'\n", 0o755)
    assert textfile.run("t", plain).returncode == 0
    assert textfile.files() == {"cdc_t_plain.prom": '# HELP a b\na{target="t"} 1\nb{target="t",} 2\n'}


@pytest.mark.parametrize("body", ["exit 0", "echo 'a 1'; exit 4", "echo 'a 1'; kill -9 $$"])
def test_textfile_keeps_the_old_page_when_the_plugin_fails(textfile, body):
    plain = textfile.box.write("plugins/plain", "#!/bin/sh\necho 'a 1'\n", 0o755)
    assert textfile.run("t", plain).returncode == 0
    textfile.box.write("plugins/plain", "#!/bin/sh\n%s\n" % body, 0o755)
    done = textfile.run("t", plain)
    assert done.returncode == 1
    assert b"ended with" in done.stderr
    assert textfile.files() == {"cdc_t_plain.prom": 'a{target="t"} 1\n'}


@pytest.mark.parametrize("target", ["", "a/b", "a b", 'a"b', "ä"])
def test_textfile_refuses_a_bad_target(textfile, target):
    assert textfile.run(target, textfile.sample).returncode == 1
    assert textfile.files() == {}


def cron_lines():
    for line in contrib("prometheus", "cron.example").split("\n"):
        if line and not line.startswith("#") and "=" not in line.split(" ")[0]:
            yield line.split(" ", 6)


def test_cron_lines_call_the_script(textfile):
    lines = list(cron_lines())
    textfile.box.install_all(FAKES)
    seen = set()
    for fields in lines:
        assert fields[:5] == ["*"] * 5
        assert "%" not in fields[6]
        words = fields[6].split(" ")
        assert words[0].endswith("/cdc-textfile")
        name = os.path.basename(words[2])
        done = textfile.run(words[1], textfile.box.path("plugins", name), *words[3:])
        assert (done.returncode, done.stderr) == (0, b"")
        assert "cdc_%s_%s.prom" % (words[1], name) in textfile.files()
        seen.add(name)
    assert seen == set(PLUGINS)
    assert len(textfile.files()) == len(lines)
    assert subprocess.run(["sh", "-n", os.path.join(CONTRIB, "prometheus", "cdc-textfile")], check=False).returncode == 0


# --- Grafana --------------------------------------------------------------------------------------------------------

SUFFIX = {"s": "_seconds", "B": "_bytes", "%": "_percent", "c": "_total", "": ""}


def prometheus_names(name):
    """The contract's names of all metrics of a plugin, from its --help."""
    path = definitions.executable(name)
    if not os.access(path, os.X_OK):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(name + " is not built")
    with sandbox.Sandbox("help") as box:
        text = box.run([box.install(path), "--help"]).stdout.decode()
    text = text.partition("\nMetrics")[2].partition("\nConditions")[0]
    metrics = re.findall(r"^  (?:\w+\.)?([a-z-]+)(?: \((\w|%)\))?(?=  |$)", text, re.M)
    assert {metric for metric, _ in metrics} == set(targets.of(name).metrics)
    return {"_".join(["cdc", SHORT[name]] + ([] if metric == SHORT[name] else [metric.replace("-", "_")])) + SUFFIX[unit]
            for metric, unit in metrics}


def dashboard():
    """{title of a row: [expression of a panel]}, what stands above all rows under None."""
    rows, title = {}, None
    for panel in json.loads(contrib("grafana", "cdc-plugins.json"))["panels"]:
        if panel["type"] == "row":
            title = panel["title"]
        else:
            rows.setdefault(title, []).extend(one["expr"] for one in panel["targets"])
    return rows


def test_grafana_dashboard_shows_every_metric():
    rows = dashboard()
    assert set(re.findall(r"cdc_\w+", str(rows.pop(None)))) == {"cdc_check_state", "cdc_check_item_state"}
    assert {name: set(re.findall(r"cdc_\w+", str(found))) for name, found in rows.items()} == {
        name: prometheus_names(name) for name in PLUGINS}


@pytest.mark.parametrize("name", PLUGINS)
def test_grafana_dashboard_names_what_the_plugin_prints(name):
    """Metric and legend: a label that the page does not have would leave the legend empty."""
    with targets.serve_healthy(name) as port:
        page = targets.run(name, port, "--no-state", "--output-format=prometheus").text
    printed = re.findall(r"^(cdc_(?!check_)\w+)(?:\{(.*)\})? ", page, re.M)
    assert {metric for metric, _ in printed} <= prometheus_names(name)
    assert len(printed) >= 2
    labels = {label for _, text in printed for label in re.findall(r'(\w+)="', text)}
    for panel in json.loads(contrib("grafana", "cdc-plugins.json"))["panels"]:
        for one in panel.get("targets", []):
            if set(re.findall(r"cdc_\w+", one["expr"])) <= prometheus_names(name):
                assert set(re.findall(r"\{\{(\w+)\}\}", one["legendFormat"])) <= labels | {"target"}


def test_grafana_panels_neither_overlap_nor_leave_the_page():
    panels = json.loads(contrib("grafana", "cdc-plugins.json"))["panels"]
    places = [(x, y) for at in (panel["gridPos"] for panel in panels)
              for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_promtool_accepts_the_grafana_expressions():
    found = [one.replace("$__rate_interval", "5m").replace("$target", ".*")
             for row in dashboard().values() for one in row]
    rules = [{"record": "r%d" % number, "expr": one} for number, one in enumerate(found)]
    with sandbox.Sandbox("grafana") as box:
        path = box.write("rules.yml", yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
        code, text = promtool.check_rules(path)
    assert code == 0, text
    assert "%d rules found" % len(found) in text


# --- all of them ----------------------------------------------------------------------------------------------------

FILES = ["nagios/commands.cfg", "nagios/services.cfg.example", "nrpe/cdc-plugins.cfg", "zabbix/cdc-plugins.conf",
         *("sensu/%s.yml" % name for name in sorted(SENSU)), "checkmk/mrpe.cfg", "prometheus/cron.example"]


def options_that_may_be_used(name="check_pg_slot"):
    """What the generated definition names, and what it may leave out."""
    path = definitions.generated().get(name)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no contrib/icinga2/%s.conf" % name)
        pytest.skip("no contrib/icinga2/%s.conf: nothing says which options there are" % name)
    return {*definitions.options(definitions.read(path)), *definitions.NOT_FOR_ICINGA}


@pytest.mark.parametrize("name", FILES)
def test_only_options_that_exist_are_used(name):
    seen = False
    for line in re.sub(r"\n {4}--", " --", contrib(name)).split("\n"):
        used = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", line)) if not line.startswith("#") else set()
        plugin = re.search(r"\bcheck_(%s)\b" % "|".join(one[len("check_"):] for one in PLUGINS), line)
        assert used - options_that_may_be_used(plugin[0] if plugin else "check_pg_slot") == set()
        seen = seen or used
    assert seen


def command_lines():
    """(file, plugin, arguments) of all command lines whose arguments are complete as they stand."""
    for name, (program, line) in nrpe_commands().items():
        yield "nrpe " + name, program, line
    for name in SENSU:
        yield "sensu " + name, name, yaml.safe_load(contrib("sensu", name + ".yml"))["spec"]["command"].split(" ", 1)[1]
    for name, line in mrpe_lines():
        program, line = line.split(" ", 1)
        yield "checkmk " + name, os.path.basename(program), line
    for command, words in NAGIOS_ARGUMENTS.items():
        if not command.startswith("check_pg_slot_service!"):  # a service file would be needed
            yield "nagios " + command, command.partition("!")[0], shlex.join(words)
    commands = dict(re.findall(r'\.cdc_checks\["(.*)"\] = \{\n    command = "(.*)"',
                               contrib("icinga2", "services.conf.example")))
    for (_, service), options in ICINGA_SERVICES.items():
        words = [option if value is None else "%s=%s" % (option, value) for option, value in options]
        yield "icinga " + service, commands.get(service.partition(" ")[2], "check_pg_slot"), shlex.join(words)


def at_port(line, port):
    """The command line with every server that it names at this port of 127.0.0.1."""
    line = re.sub(r"192\.0\.2\.\d+", "127.0.0.1", line)
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:%d" % port, line)
    line = re.sub(r"--candidate=127\.0\.0\.1(?!:)", r"\g<0>:%d" % port, line)
    return re.sub(r"--hostname=127\.0\.0\.1", r"\g<0> --port=%d" % port, line)


@pytest.mark.parametrize("where", ["nrpe", "sensu", "checkmk", "nagios", "icinga"])
def test_every_plugin_has_a_command_line(where):
    assert {program for place, program, _ in command_lines() if place.startswith(where)} == set(PLUGINS)


@pytest.mark.parametrize("where, called, line", list(command_lines()))
def test_plugin_understands_the_command_line(where, called, line):
    """With a socket or port on which nobody listens the plugin gets as far as connecting, and says so."""
    path = definitions.executable(called)
    if not os.access(path, os.X_OK):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(called + " is not built")
    with sandbox.Sandbox("shipped") as box:
        line = at_port(line, sandbox.free_port())
        here = {"/var/run/postgresql": box.mkdir("socket"), "/run/mysqld": box.mkdir("mysqld"),
                "/etc/check_mk/pgpass": box.write("pgpass", "*:*:*:*:x\n", 0o600),
                "/etc/cdc-plugins/my.cnf": box.write("my.cnf", "[client]\nuser=monitor\n", 0o600)}
        for place, own in here.items():
            line = line.replace(place, own)
        done = box.run(["/bin/sh", "-c", "%s --no-state %s" % (box.install(path), line)])
        assert done.returncode == 2, done.stdout
        assert done.stdout.startswith(definitions.tag(called).encode() + b" CRITICAL - ")
        assert b"127.0.0.1" in done.stdout or box.dir.encode() in done.stdout
