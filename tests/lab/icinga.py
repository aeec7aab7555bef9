"""A real Icinga 2 of our own: load definitions, run one check, tell what was stored.

    result = icinga.check(definition, "check_x", {"check_x_slot": ["a", "b"]}, plugins=[path])

`definition` is the text of CheckCommand objects. Its PluginDir and PluginContribDir are a folder with copies of
`plugins`. A plugin is a path, or (path, name to install it as). The result's performance data is what Icinga's own parser, the one in front of every writer, makes of it.
"""
import base64
import grp
import http.client
import json
import ssl
import types
import urllib.parse

from lab import sandbox

PASSWORD = "lab"

CONFIG = """
const NodeName = "lab"
const ZoneName = "lab"
const PluginDir = "%(dir)s/plugins"
const PluginContribDir = "%(dir)s/plugins"
include <itl>
include <plugins>
object Endpoint NodeName { }
object Zone ZoneName { endpoints = [ NodeName ] }
object CheckerComponent "checker" { }
object ApiListener "api" { bind_host = "127.0.0.1", bind_port = %(port)d }
object ApiUser "lab" { password = "%(password)s", permissions = [ "*" ] }
object FileLogger "lab" { severity = "notice", path = "%(dir)s/icinga.log" }
%(objects)s
include "%(dir)s/definition.conf"
"""

# Checks run when they are asked for and never by themselves, so that a plugin runs exactly once.
OBJECTS = """
object Host "h" { check_command = "dummy", address = "127.0.0.1", enable_active_checks = false }
object Service "s" {
  host_name = "h"
  check_command = %(command)s
  enable_active_checks = false
%(variables)s}
"""

READ = """
function parsed(text) {
  var item = text
  try { item = parse_performance_data(text) } except { }
  return item
}
var result = get_service(%s, %s).last_check_result
if (result) {
  {
    "state" = result.state
    "exit" = result.exit_status
    "output" = result.output
    "command" = result.command
    "raw" = result.performance_data
    "perf" = (result.performance_data || []).map(parsed)
  }
}
"""


def literal(value):
    """A Python value as an Icinga literal; a dollar is doubled, for a variable's value is searched for macros."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[ %s ]" % ", ".join(literal(one) for one in value)
    if isinstance(value, dict):
        return "{ %s }" % ", ".join("%s = %s" % (quote(key), literal(one)) for key, one in value.items())
    return quote(value.replace("$", "$$"))


def quote(text):
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"%s"' % text


def _certificate(box):
    """One self-signed certificate is all that the API needs."""
    certs = box.mkdir("data/certs")
    made = box.run([sandbox.find_program("openssl"), "req", "-x509", "-newkey", "ec",
                    "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=lab",
                    "-keyout", certs + "/lab.key", "-out", certs + "/lab.crt"])
    if made.returncode != 0:
        raise sandbox.LabError(made.stderr.decode())
    with open(certs + "/lab.crt", "rb") as cert:
        box.write("data/certs/ca.crt", cert.read())


def _command(box, *more):
    folders = {"ConfigDir": "etc", "DataDir": "data", "LogDir": "log", "CacheDir": "cache", "SpoolDir": "spool",
               "InitRunDir": "run"}
    files = {"PidPath": "icinga.pid", "StatePath": "icinga.state", "ObjectsPath": "icinga.objects",
             "VarsPath": "icinga.vars"}
    settings = ["-D%s=%s" % (name, box.mkdir(where)) for name, where in folders.items()]
    settings += ["-D%s=%s" % (name, box.path(where)) for name, where in files.items()]
    return [sandbox.find_program("icinga2"), "daemon", "-c", box.path("icinga2.conf"), *settings, *more]


def _environment(box):
    return {"ICINGA2_USER": box.user.pw_name, "ICINGA2_GROUP": grp.getgrgid(box.user.pw_gid).gr_name}


def _prepare(box, definition, objects, plugins):
    box.install_all(plugins)
    port = sandbox.free_port()
    box.write("definition.conf", definition)
    box.write("icinga2.conf", CONFIG % {"dir": box.dir, "port": port, "password": PASSWORD, "objects": objects})
    return port


def _request(port, path, body=None):
    """One API request, answered by JSON; None while the daemon does not answer yet."""
    context = ssl._create_unverified_context()
    link = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    token = base64.b64encode(("lab:" + PASSWORD).encode()).decode()
    headers = {"Authorization": "Basic " + token, "Accept": "application/json"}
    try:
        link.request("POST", path, json.dumps(body or {}), headers)
        answer = link.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        link.close()
    if answer.status != 200:
        raise sandbox.LabError("Icinga API %s: %s %s" % (path, answer.status, text.decode("utf-8", "replace")))
    return json.loads(text)["results"][0]


def _evaluate(port, script):
    query = urllib.parse.urlencode({"command": script, "session": "lab"}, quote_via=urllib.parse.quote)
    answer = _request(port, "/v1/console/execute-script?" + query)
    if answer is None:
        return None
    if answer["code"] != 200:
        raise sandbox.LabError("Icinga console: " + answer["status"])
    return answer["result"]


def validate(definition, objects="", plugins=()):
    """Only check the configuration (`daemon -C`); returns (exit code, what was printed)."""
    with sandbox.Sandbox("icinga") as box:
        _prepare(box, definition, objects, plugins)
        _certificate(box)
        done = box.run(_command(box, "-C"), _environment(box))
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def check(definition, command, variables=None, plugins=(), seconds=20, env=None):
    """Run a CheckCommand once with custom variables, by a service of our own; see check_service."""
    settings = "".join("  vars.%s = %s\n" % (name, literal(value)) for name, value in (variables or {}).items())
    objects = OBJECTS % {"command": quote(command), "variables": settings}
    return check_service(definition, objects, "h", "s", plugins, seconds, env)


def check_service(definition, objects, host, service, plugins=(), seconds=20, env=None):
    """Start Icinga with a definition and objects, run one service once, stop.

    Returns .state, .text (line 1), .long (the lines behind it), .perf (dicts with label, value, unit, warn, crit,
    min, max, or the raw text where Icinga's parser refused an item), .raw (the texts), .command (as executed).
    """
    names = (quote(host), quote(service))
    chosen = {"type": "Service", "force": True,
              "filter": "host.name==%s && service.name==%s" % names}
    with sandbox.Sandbox("icinga") as box:
        port = _prepare(box, definition, objects, plugins)
        _certificate(box)
        child = box.start(_command(box), "console.log", {**_environment(box), **(env or {})})
        box.wait_for("Icinga's API", lambda: _evaluate(port, "get_service(%s, %s) != null" % names), child)
        _request(port, "/v1/actions/reschedule-check", chosen)
        stored = box.wait_for("a check result", lambda: _evaluate(port, READ % names), child, seconds)
    lines = stored["output"].split("\n")
    return types.SimpleNamespace(state=int(stored["state"]), exit=int(stored["exit"]), text=lines[0], long=lines[1:],
                                 perf=stored["perf"], raw=stored["raw"], command=stored["command"])
