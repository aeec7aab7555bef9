"""Servers and networks that are bad in ways no protocol matters for, for every plugin."""

import functools
import signal
import struct
import subprocess
import time

import pytest

from lab import cases, hostile, need, net, plugin, targets

serve = hostile.serve


def say(data, then=hostile.silent):
    return functools.partial(serve, hostile.say(data, then))


def greet(data, then=hostile.silent):
    return functools.partial(serve, hostile.greet(data, then))


def with_(handler):
    return functools.partial(serve, handler)


Case = cases.Case
# Connection made, then nothing understood: protocol. Lost before an answer: unreachable.
GARBAGE = "UNKNOWN"
SUITE = cases.Suite([
    Case("refused", net.refused, "CRITICAL", "refused"),
    Case("black hole", net.black_hole, "CRITICAL", "unreachable|connect|in time|timed out"),
    Case("black hole, short time", net.black_hole, "CRITICAL", timeout=0.3),
    Case("silent after accept", with_(hostile.silent), "UNKNOWN", "time"),
    Case("silent after accept, fraction", with_(hostile.silent), "UNKNOWN", "0.5|time", timeout=0.5),
    Case("silent, another state", with_(hostile.silent), "CRITICAL", "time", args=["--on=timeout=critical"]),
    Case("silent, state by -t", with_(hostile.silent), "WARNING", "time", args=["-t", "1:warning"]),
    Case("hangs up at once", with_(hostile.hang_up), "CRITICAL"),
    Case("resets after the request", with_(hostile.reset), "CRITICAL"),
    Case("hangs up after the request", say(b"", hostile.hang_up), "CRITICAL"),
    Case("a byte a second", with_(hostile.slow(b"N" * 20)), "UNKNOWN"),
    Case("a byte each 50 ms", with_(hostile.slow(b"HTTP/1.1 200 OK\r\n" * 20, 0.05)), GARBAGE),
    Case("zeros", say(b"\0" * 64), GARBAGE),
    Case("one zero", say(b"\0"), "UNKNOWN"),
    Case("high bytes", say(b"\xff" * 64), GARBAGE),
    Case("text", say(b"hello\n"), GARBAGE),
    Case("SSH", greet(hostile.SSH_BANNER), GARBAGE),
    Case("noise that ends", say(hostile.noise(7), hostile.hang_up), "UNKNOWN CRITICAL"),
    Case("IPv6 refused", net.refused, "CRITICAL", "refused|route|address|assign", host="::1"),
    Case("no such name", net.refused, "CRITICAL", "no-such-host", host="no-such-host.invalid", timeout=5),
    Case("a name beyond all limits", net.refused, "CRITICAL UNKNOWN", host="x" * 3000),
    Case("json, silent", with_(hostile.silent), "UNKNOWN", args=["--output-format=json"]),
    Case("prometheus, silent", with_(hostile.silent), "UNKNOWN", args=["--output-format=prometheus"]),
    Case("discovery, silent", with_(hostile.silent), "UNKNOWN", args=["--discover"]),
    Case("discovery, refused", net.refused, "UNKNOWN", args=["--discover"]),
    Case("endless zeros", with_(hostile.endless(b"\0")), "UNKNOWN", large=True),
    Case("endless text", with_(hostile.endless(b"x")), "UNKNOWN", large=True),
    Case("endless lines", with_(hostile.endless(b"HTTP/1.1 100 Continue\r\n\r\n")), "UNKNOWN", large=True),
    Case("endless noise", with_(hostile.endless(hostile.noise(3, 1 << 16))), "UNKNOWN", large=True),
] + [Case("noise %d" % seed, say(hostile.noise(seed)), "UNKNOWN CRITICAL") for seed in range(6)])

# A protocol is wrong only to those who do not speak it.
FOREIGN = {
    "http": [Case("HTTP", say(hostile.HTTP_PAGE), "UNKNOWN"),
             Case("HTTP that hangs up", say(hostile.HTTP_PAGE, hostile.hang_up), "UNKNOWN")],
    "mysql": [Case("MySQL", greet(hostile.MYSQL_GREETING), "UNKNOWN"),
              Case("MySQL that hangs up", greet(hostile.MYSQL_GREETING, hostile.hang_up), "UNKNOWN CRITICAL")],
    "pg": [Case("PostgreSQL error", say(b"E" + struct.pack("!I", 5) + b"\0"), "UNKNOWN"),
           Case("PostgreSQL without TLS", say(b"N"), "UNKNOWN")],
}
FOREIGN_SUITE = cases.Suite([case for group in FOREIGN.values() for case in group])


@pytest.mark.parametrize("case", SUITE.cases, ids=str)
def test_bad_server(program, case):
    SUITE.check(program, case)


@pytest.mark.parametrize("protocol, case", [(k, c) for k, group in FOREIGN.items() for c in group], ids=str)
def test_foreign_protocol(program, protocol, case):
    if targets.of(program).protocol != protocol:
        FOREIGN_SUITE.check(program, case)


def test_connecting_may_use_a_part_of_the_deadline(program):
    """So that a black hole is told from silence."""
    with net.black_hole() as port:
        done = targets.run(program, port, "-t", "2")
    assert done.rc == 2 and 0.9 < done.seconds < 1.2 + plugin.slack(program), done


def test_the_same_black_hole_ends_in_the_same_state(program):
    with net.black_hole() as port:
        assert {targets.run(program, port, "-t", "0.4").state for _ in range(5)} == {"CRITICAL"}


# --- names --------------------------------------------------------------------------------------------------

def test_a_name_server_that_never_answers(program):
    """The deadline is armed before the name is looked up, and the text says in which step it passed."""
    need.mounts()
    with hostile.resolver(hostile.answer_nothing) as prefix:
        done = plugin.run(program, "-t", "1", targets.reach(program, 5432, "db.example.com"), prefix=prefix)
    assert done.rc == 3 and done.seconds < 1 + plugin.slack(program), done
    assert "name" in done.line1 or "look" in done.line1 or "DNS" in done.line1, done


def test_a_name_that_is_not_there(program):
    need.mounts()
    with hostile.resolver(hostile.answer_no_such_name) as prefix:
        done = plugin.run(program, "-t", "3", targets.reach(program, 5432, "db.example.com"), prefix=prefix)
    assert done.rc == 2 and "db.example.com" in done.line1 and done.seconds < 1, done


def test_a_name_server_that_talks_nonsense(program):
    need.mounts()
    with hostile.resolver(lambda query: query[:2] + hostile.noise(1, 400)) as prefix:
        done = plugin.run(program, "-t", "1", targets.reach(program, 5432, "db.example.com"), prefix=prefix)
    assert done.rc in (2, 3) and done.seconds < 1 + plugin.slack(program), done


# --- signals ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_midway(program, number):
    """A monitoring system that loses patience sends SIGTERM: no zombie text, at most one line, and never OK."""
    with hostile.serve(hostile.silent) as port:
        child = start(program, port)
        child.send_signal(number)
        out, err = child.communicate(timeout=2)
    assert child.returncode in (2, 3, -number) and err == b""
    if out:
        plugin.contract.require(out, child.returncode, program)


def test_signals_that_the_parent_ignores_or_blocks(program):
    """A blocked or ignored SIGALRM must not take the deadline away."""
    script = "import signal, os, sys; signal.signal(signal.SIGALRM, signal.SIG_IGN); " \
             "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); os.execv(sys.argv[1], sys.argv[1:])"
    with hostile.serve(hostile.silent) as port:
        done = targets.run(program, port, "-t", "1", prefix=["/usr/bin/python3", "-I", "-c", script])
    assert done.rc == 3 and done.seconds < 1.3 + plugin.slack(program), done


def test_stopped_and_continued(program):
    """Time passes while a laptop sleeps or a container is frozen: the deadline is over at once afterwards."""
    with hostile.serve(hostile.silent) as port:
        child = start(program, port, "1")
        child.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        child.send_signal(signal.SIGCONT)
        began = time.monotonic()
        out, _ = child.communicate(timeout=5)
    assert child.returncode == 3 and time.monotonic() - began < plugin.slack(program)
    plugin.contract.require(out, child.returncode, program)


def start(program, port, timeout="10"):
    child = subprocess.Popen([plugin.path(program), "--no-state", "-t", timeout, *targets.reach(program, port)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}, cwd="/")
    time.sleep(0.3)
    return child


# --- few resources ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("limit", ["-n 4", "-n 5", "-n 6", "-n 8", "-c 0", "-s 64"])
def test_resource_limits(program, limit):
    """Few descriptors, a small stack: a complete output all the same. (With three not even libraries load.)"""
    with net.refused() as port:
        done = targets.run(program, port, prefix=["/bin/sh", "-c", 'ulimit %s && exec "$@"' % limit, "sh"])
    assert done.rc in (2, 3), done


def test_little_memory(program):
    """Where memory ends the process says so: no crash, no silence."""
    need.sense(not plugin.sanitized(program), "a build with sanitizers: it takes terabytes of address space")
    for kilobytes in (30000, 40000, 60000, 100000):
        with net.refused() as port:
            done = targets.run(program, port, check=False,
                               prefix=["/bin/sh", "-c", 'ulimit -v %d && exec "$@"' % kilobytes, "sh"])
        # The dynamic linker itself may fail (127), before a line of ours runs.
        if done.rc != 127:
            plugin.contract.require(done.out, done.rc, program, err=done.err)
            assert done.rc in (2, 3)


def test_nothing_seen_is_no_fine_item(program):
    """Who reads the items of the JSON only must not be told that anything is well."""
    with net.refused() as port:
        done = targets.run(program, port, "--output-format=json", "--no-state")
    assert done.state == "CRITICAL" and not [item for item in done.json["items"] if item["state"] == "OK"], done
