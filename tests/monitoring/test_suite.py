"""Every plugin of the suite, run by every monitoring system through its generated CheckCommand or a command line.

The target is a port where nobody listens: no server is needed, and the contract says how that ends.
"""
import json
import os
import re
import types

import pytest
import definitions
from lab import icinga, nagios, node_exporter, nrpe, promtool, sandbox, zabbix_agent

# With no definition or no plugin there is nothing to run. In CI that is a failure.
PLUGINS = sorted(definitions.generated()) or ["none"]

# Options beside those of the target without which a plugin is not told what to look at.
NAMED = {"--connector": "orders"}
NEEDS_NAME = {"check_cdc_resume": ["--connector"]}
# The options that name a target, the first set that a plugin has: host and port, or a URL.
TARGETS = [("--connect-url",), ("--metrics-url",), ("--url",), ("--hostname", "--port")]


def target(name, known, port):
    """Options that point at the closed port."""
    for wanted in TARGETS:
        if all(option in known for option in wanted):
            chosen = {"--hostname": "127.0.0.1", "--port": str(port)}
            values = {one: chosen.get(one, "http://127.0.0.1:%d" % port) for one in wanted}
            values.update({one: NAMED[one] for one in NEEDS_NAME.get(name, [])})
            return values
    raise AssertionError("%s has no option that names a target: %s" % (name, sorted(known)))


@pytest.fixture(params=PLUGINS)
def plugin(request):
    """One plugin: .name, .path, .definition, .options (of the definition), .args and .variables for the closed port."""
    name = request.param
    missing = None
    if name == "none":
        missing = "no contrib/icinga2/check_*.conf: nothing generates the CheckCommands"
    elif not os.access(definitions.executable(name), os.X_OK):
        missing = "%s is not built in %s" % (name, definitions.BUILDDIR)
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    text = definitions.read(definitions.generated()[name])
    known = definitions.options(text)
    chosen = target(name, known, sandbox.free_port())
    variables = {known[option][0]: value for option, value in chosen.items()}
    variables[known["--no-state"][0]] = True
    args = ["--no-state"] + ["%s=%s" % item for item in chosen.items()]
    return types.SimpleNamespace(name=name, path=definitions.executable(name), definition=text, options=known,
                                 args=args, line=" ".join(args), variables=variables)


@pytest.fixture
def direct(plugin):
    """What the plugin prints when nobody is in between: .text, .long, .perf (list of texts)."""
    with sandbox.Sandbox("direct") as box:
        done = box.run([box.install(plugin.path), *plugin.args])
    assert done.returncode == 2, done.stdout
    assert done.stderr == b""
    text, _, perf = done.stdout.decode().rstrip("\n").partition("|")
    lines = text.split("\n")
    return types.SimpleNamespace(text=lines[0], long=lines[1:], perf=perf.split(" ") if perf else [])


def steady(texts):
    """Without the digits of durations, which differ from run to run."""
    return [re.sub(r"\d+(\.\d+)?( ?)(ms|s)\b", r"N\2\3", one) for one in texts]


def agrees(stored, direct, perf):
    assert stored.state == 2
    assert steady([stored.text] + stored.long) == steady([direct.text] + direct.long)
    assert steady(perf) == steady(direct.perf)


def test_line_1_names_the_plugin_and_its_state(plugin, direct):
    assert direct.text.startswith(definitions.tag(plugin.name) + " CRITICAL - ")
    assert "127.0.0.1" in direct.text


def test_icinga_runs_the_generated_definition(plugin, direct):
    stored = icinga.check(plugin.definition, plugin.name, plugin.variables, [plugin.path])
    assert stored.exit == 2
    agrees(stored, direct, stored.raw or [])
    assert stored.command[0].endswith("/" + plugin.name)
    assert "--no-state" in stored.command


def test_icinga_accepts_the_generated_definition(plugin):
    code, text = icinga.validate(plugin.definition)
    assert code == 0, text
    assert "warning" not in text.lower(), text


def test_generated_variables_follow_one_rule(plugin):
    wrong = {option: variable for option, (variable, _) in plugin.options.items()
             if variable != plugin.name + "_" + option[2:].replace("-", "_")}
    assert wrong == {}


def test_every_generated_option_is_known_to_the_plugin(plugin):
    """An unknown option is a usage error that quotes it; anything else is about the value or the closed port."""
    with sandbox.Sandbox("direct") as box:
        program = box.install(plugin.path)
        for option, (_, is_flag) in plugin.options.items():
            done = box.run([program, *plugin.args, option if is_flag else option + "=1"])
            assert done.returncode in (0, 1, 2, 3), option
            text = done.stdout.decode()
            assert not re.search(r"unknown option|ambiguous|takes no value|needs a value", text), text


def test_every_option_of_the_help_is_in_the_definition(plugin):
    with sandbox.Sandbox("direct") as box:
        done = box.run([box.install(plugin.path), "--help"])
    named = set(re.findall(r"^  (?:-\w, )*(--[a-z0-9-]+)", done.stdout.decode(), re.M))
    assert len(named) > 20, done.stdout
    assert named - set(plugin.options) <= definitions.NOT_FOR_ICINGA | {"--help", "--version"}


def test_nagios_runs_it(plugin, direct):
    command = "define command {\n  command_name  c\n  command_line  $USER1$/%s %s\n}\n" % (plugin.name, plugin.line)
    stored = nagios.check(command, "c", [plugin.path])
    agrees(stored, direct, stored.perf.split(" ") if stored.perf else [])


@pytest.mark.parametrize("version", [4, 2])
def test_nrpe_runs_it(plugin, direct, version):
    seen = nrpe.check("command[c]=@PLUGINS@/%s %s" % (plugin.name, plugin.line), "c", [plugin.path], version=version)
    agrees(seen, direct, seen.perf.split(" ") if seen.perf else [])


def test_zabbix_agent_gets_the_json(plugin, direct):
    line = "UserParameter=x,@PLUGINS@/%s %s --output-format=json" % (plugin.name, plugin.line)
    answer = zabbix_agent.get(line, "x", [plugin.path])
    page = json.loads(answer.value)
    assert page["plugin"] == plugin.name
    assert (page["state"], page["exit_code"]) == ("CRITICAL", 2)
    assert page["summary"] in direct.text
    assert page["error"]


def test_promtool_accepts_the_prometheus_page(plugin):
    with sandbox.Sandbox("direct") as box:
        done = box.run([box.install(plugin.path), *plugin.args, "--output-format=prometheus"])
    assert done.returncode == 2
    assert promtool.check_metrics(done.stdout) == (0, "")
    served = node_exporter.page({"cdc_x.prom": done.stdout})
    assert "node_textfile_scrape_error 0" in served
    assert re.search(r'^cdc_check_state\{plugin="[a-z_]+"\} 2$', served, re.M)
