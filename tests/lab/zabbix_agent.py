"""A real Zabbix agent: ask it for one key, over the network as a server does.

    answer = zabbix_agent.get("UserParameter=x[*],@PLUGINS@/check_x --slot $1", "x[orders]", plugins=[path])

`definition` is the text of a .conf file; @PLUGINS@ in it is a folder with copies of `plugins`.
"""
import socket
import struct
import types

from lab import sandbox

CONFIG = """
LogType=file
LogFile=%(dir)s/agent.log
PidFile=%(dir)s/agent.pid
Server=127.0.0.1
ListenIP=127.0.0.1
ListenPort=%(port)d
StartAgents=1
Timeout=3
Hostname=lab
Include=%(dir)s/definition.conf
"""


def _prepare(box, definition, plugins):
    folder = box.install_all(plugins)
    port = sandbox.free_port()
    box.write("definition.conf", definition.replace("@PLUGINS@", folder) + "\n")
    return box.write("agent.conf", CONFIG % {"dir": box.dir, "port": port}), port


def test_key(definition, key, plugins=()):
    """`zabbix_agentd -t KEY`: loads the configuration and prints `key [type|value]`; returns (exit code, text)."""
    with sandbox.Sandbox("zabbix") as box:
        config, _ = _prepare(box, definition, plugins)
        done = box.run([sandbox.find_program("zabbix_agentd"), "-c", config, "-t", key])
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def _receive(link, size):
    data = b""
    while len(data) < size:
        more = link.recv(size - len(data))
        if not more:
            raise sandbox.LabError("the Zabbix agent closed the connection after %d bytes" % len(data))
        data += more
    return data


def _ask(port, key):
    """One passive check: a header `ZBXD`, flags 1 and the length in front of either text."""
    text = key.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(b"ZBXD\x01" + struct.pack("<II", len(text), 0) + text)
        header = _receive(link, 13)
        if header[:5] != b"ZBXD\x01":
            raise sandbox.LabError("not the answer of a Zabbix agent: %r" % header)
        return _receive(link, struct.unpack("<II", header[5:])[0])


def start(box, definition, plugins=(), env=None):
    """Start an agent in a sandbox and return its port."""
    config, port = _prepare(box, definition, plugins)
    child = box.start([sandbox.find_program("zabbix_agentd"), "-c", config, "-f"], "console.log", env)
    box.wait_for("the agent's port", lambda: sandbox.can_connect(port), child)
    return port


def get(definition, key, plugins=(), env=None):
    """Start the agent, ask for one key, stop. Returns .value, or .value None and .error for "not supported"."""
    with sandbox.Sandbox("zabbix") as box:
        answer = _ask(start(box, definition, plugins, env), key)
    if answer.startswith(b"ZBX_NOTSUPPORTED"):
        return types.SimpleNamespace(value=None, error=answer.partition(b"\0")[2].decode("utf-8", "replace"))
    return types.SimpleNamespace(value=answer.decode("utf-8", "surrogateescape"), error=None)
