"""A real NRPE server and its check_nrpe: run one command through them.

    result = nrpe.check("command[check_x]=@PLUGINS@/check_x -w 10", "check_x", plugins=[path])

`definition` is the text of the server's command lines; @PLUGINS@ in it is a folder with copies of `plugins`.
"""
import types

from lab import sandbox

CONFIG = """
log_file=%(dir)s/nrpe.log
debug=1
pid_file=%(dir)s/nrpe.pid
server_port=%(port)d
server_address=127.0.0.1
nrpe_user=%(user)s
allowed_hosts=127.0.0.1
dont_blame_nrpe=0
command_timeout=20
include=%(dir)s/definition.cfg
"""


def _prepare(box, definition, plugins):
    folder = box.install_all(plugins)
    port = sandbox.free_port()
    box.write("definition.cfg", definition.replace("@PLUGINS@", folder) + "\n")
    config = box.write("nrpe.cfg", CONFIG % {"dir": box.dir, "port": port, "user": box.user.pw_name})
    return config, port


def check(definition, name, plugins=(), version=4, tls=False, env=None):
    """Start the server, ask it for one command, stop; `version` 2 is the old protocol with its 1024 bytes.

    Returns .state (check_nrpe's exit code), .out (all that it printed), .text, .long, .perf.
    """
    with sandbox.Sandbox("nrpe") as box:
        config, port = _prepare(box, definition, plugins)
        server = [sandbox.find_program("nrpe"), "-c", config, "-f"] + ([] if tls else ["-n"])
        child = box.start(server, "console.log", env)
        box.wait_for("NRPE's port", lambda: sandbox.can_connect(port), child)
        ask = [sandbox.find_program("/usr/lib/nagios/plugins/check_nrpe", "/usr/lib64/nagios/plugins/check_nrpe",
                                    "check_nrpe"),
               "-H", "127.0.0.1", "-p", str(port), "-c", name, "-t", "25"]
        ask += [] if tls else ["-n"]
        ask += ["-2"] if version == 2 else []
        done = box.run(ask, timeout=30)
    out = done.stdout.decode("utf-8", "surrogateescape")
    text, _, perf = out.partition("|")
    lines = text.rstrip("\n").split("\n")
    return types.SimpleNamespace(state=done.returncode, out=out, err=done.stderr.decode("utf-8", "replace"),
                                 text=lines[0], long=lines[1:], perf=perf.rstrip("\n"))
