"""Java programs with a small heap, as children that end with the tests.

    process = jvm.start("kafka.Kafka", jars, log, ["broker.properties"], heap=256, agents=[(jar, "port=1")])
"""

import ctypes
import signal

from lab import need, proc

# Quick to start and small; the laboratory's servers do not live long enough for the better compiler. Their classes come
# from jars with known checksums: to verify their code is a seventh of a start.
FLAGS = ["-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
         "-XX:-UsePerfData", "-Xshare:auto", "-Djava.awt.headless=true"]
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_LIBC = ctypes.CDLL(None)


def command(main, jars, arguments=(), heap=256, agents=(), properties=None):
    """heap: MiB. jars: paths. agents: (jar, arguments). properties: of the system."""
    return [need.program("java"), f"-Xmx{heap}m", *FLAGS,
            *(f"-D{name}={value}" for name, value in (properties or {}).items()),
            *(f"-javaagent:{jar}={text}" for jar, text in agents),
            "-cp", ":".join(map(str, jars)), main, *map(str, arguments)]


def start(main, jars, log, arguments=(), **options):
    """options: as for command()."""
    return proc.start(command(main, jars, arguments, **options), log, env=ENVIRONMENT, preexec_fn=_die_with_parent)


def _die_with_parent():
    """Even a killed test run leaves nothing running."""
    _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
