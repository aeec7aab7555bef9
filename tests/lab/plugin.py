"""Runs a built plugin as a monitoring system would, and holds every output against the contract.

    done = plugin("check_pg_slot", "-H", "/run/x", "-c", "1GiB")
    assert done.rc == 2 and "lost" in done.line1 and done.perf["dbz.retained"].value == 12
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from decimal import Decimal

from lab import contract, proc

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILDDIR = os.path.abspath(os.environ.get("CDC_BUILDDIR", os.path.join(TOP, "build")))
# For example "valgrind -q" or "strace -f -o /tmp/x": put before every plugin.
WRAPPER = shlex.split(os.environ.get("CDC_WRAPPER", ""))
STATES = contract.STATES
AUTO = object()


class Perf:
    """One performance datum: value is an int or a Decimal, the ranges are texts ('' when absent)."""

    def __init__(self, fields):
        value, *limits = fields.split(";")
        self.text = fields
        digits = re.match(r"-?[0-9.]*", value)[0]
        self.value = Decimal(digits) if "." in digits else int(digits)
        self.unit = value[len(digits):]
        self.warning, self.critical, self.min, self.max = limits + [""] * (4 - len(limits))

    def __repr__(self):
        return self.text


class Result:
    """What a run left: rc, out and err (bytes), text, seconds, rss (largest memory in bytes, where measured)."""

    def __init__(self, argv, rc, out, err, seconds, rss=None, valgrind=""):
        self.argv, self.rc, self.out, self.err, self.seconds = argv, rc, out, err, seconds
        self.rss, self.valgrind = rss, valgrind
        self.text = out.decode("utf-8", "backslashreplace")

    @property
    def state(self):
        return STATES[self.rc] if self.rc in (0, 1, 2, 3) else "exit code %s" % self.rc

    @property
    def lines(self):
        """The text without performance data."""
        return self.text.rstrip("\n").partition("|")[0].split("\n")

    @property
    def line1(self):
        return self.lines[0]

    @property
    def items(self):
        """{name: (state, text)} of the item lines."""
        return {name: (state, text) for state, name, text in contract.split_lines(self.lines[1:])[0]}

    @property
    def perf(self):
        perf = self.text.rstrip("\n").partition("|")[2]
        return {item.partition("=")[0]: Perf(item.partition("=")[2]) for item in perf.split(" ") if item}

    @property
    def json(self):
        return contract.load_json(self.text)

    def __repr__(self):
        return "%s\nexit code %s after %.2f s\n%s%s" % (
            " ".join(shlex.quote(str(arg)) for arg in self.argv), self.rc, self.seconds, self.text,
            self.err.decode(errors="replace"))


def built():
    """The names of all built plugins."""
    with contextlib.suppress(OSError):
        return sorted(name for name in os.listdir(BUILDDIR)
                      if re.fullmatch(r"check_[a-z_]+", name) and os.access(path(name), os.X_OK)
                      and os.path.isfile(path(name)))
    return []


def path(name):
    return name if "/" in name else os.path.join(BUILDDIR, name)


def weighs_itself(name):
    """Memory figures are the plugin's own, and not those of a tool."""
    return not WRAPPER and not sanitized(name)


def sanitized(name):
    """Built with AddressSanitizer."""
    with open(path(name), "rb") as file:
        return b"__asan_init" in file.read()


def slack(name=None):
    """How many seconds beyond its deadline a plugin may take: half a one, more under a tool that slows it down."""
    if WRAPPER or os.environ.get("CDC_SLOW"):
        return 10.0
    return 1.5 if name and sanitized(name) else 0.5


def plugin(name, *args, env=None, timeout=30, state_dir=AUTO, check=True, fmt=None, line_max=None, stdin=None,
           stdout=None, closed=(), umask=-1, uid=None, gid=None, cwd="/", valgrind=False, rss=False, bare=False,
           prefix=()):
    """Run it and return a Result.

    args may be lists. env is added to an almost empty environment (None removes a name), bare leaves it quite empty.
    state_dir: a fresh private one unless given; None gives no option. closed: file descriptors closed before the
    start. stdout: a path such as /dev/full. prefix: a command that runs it (unshare ...). check=False leaves the
    contract out; fmt is guessed from the arguments.
    """
    args = _flat(args)
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(proc.scratch())
        os.chmod(scratch, 0o755)
        if state_dir is AUTO:
            state_dir = _state_dir(scratch, args, uid)
        program = path(name)
        if uid is not None:  # a clone in /root is closed to everyone else
            program = shutil.copy(program, os.path.join(scratch, os.path.basename(program)))
        argv = [program, *(["--state-dir=%s" % state_dir] if state_dir else []), *args]
        command = list(prefix) + WRAPPER + _valgrind(valgrind, scratch) + argv
        done = _run(command, stdin, stdout, closed, timeout, rss, cwd=cwd, umask=umask, user=uid, group=gid or uid,
                    extra_groups=[] if uid else None, env={} if bare else _environment(scratch, env))
        done.argv = argv
        done.valgrind = _read(scratch + "/valgrind") if valgrind else ""
    if check and stdout is None and not {1, 2} & set(closed):
        contract.require(done.out, done.rc, os.path.basename(name), fmt=fmt or guess_format(args), err=done.err,
                         verbose=_is_verbose(args), line_max=line_max)
    return done


run = plugin


def _flat(args):
    flat = []
    for arg in args:
        flat += _flat(arg) if isinstance(arg, (list, tuple)) else [arg if isinstance(arg, bytes) else str(arg)]
    return flat


def _state_dir(scratch, args, uid):
    """A private one, unless the arguments speak of state themselves."""
    if any(isinstance(arg, str) and re.match(r"--(state-d|no-s)", arg) for arg in args):
        return None
    directory = os.path.join(scratch, "state")
    os.mkdir(directory, 0o700)
    if uid is not None:
        os.chown(directory, uid, -1)
    return directory


def _environment(scratch, extra):
    """Nothing of the developer's own: his ~/.pgpass, his PGHOST, his locale."""
    env = {"PATH": "/usr/bin:/bin", "HOME": scratch}
    env.update({k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")})
    env.update(extra or {})
    return {k: v for k, v in env.items() if v is not None}


def _valgrind(wanted, scratch):
    if not wanted:
        return []
    return ["valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=99",
            "--log-file=%s/valgrind" % scratch]


def _read(file):
    with open(file, errors="replace") as stream:
        return stream.read()


def _run(command, stdin, stdout, closed, timeout, rss, **popen):
    """The process is a group of its own: what it leaves behind is found, and ended."""
    if closed:
        # A shell closes them: between fork and exec of a program with threads, Python must not run.
        closing = " ".join("%d>&-" % fd for fd in closed)
        command = ["/bin/sh", "-c", 'exec "$@" ' + closing, "sh", *command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, contextlib.ExitStack() as stack:
        sink = stack.enter_context(open(stdout, "wb")) if stdout else out
        source = stdin if stdin is not None else subprocess.DEVNULL
        started = time.monotonic()
        child = subprocess.Popen(command, stdin=source, stdout=sink, stderr=err, start_new_session=True, **popen)
        watch = _Watch(child.pid) if rss else None
        rc = _wait(child, timeout)
        seconds = time.monotonic() - started
        left = proc.kill_group(child.pid)
        size = watch.stop() if watch else None
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    assert rc is not None, "%s still runs after %s s, output so far: %r" % (command, timeout, texts)
    assert not left, "%s left a process behind" % command
    return Result(command, rc, *texts, seconds, size)


def _wait(child, timeout):
    try:
        return child.wait(timeout)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            proc.kill_group(child.pid)
            child.wait()


class _Watch:
    """The largest memory a process had. ru_maxrss cannot tell: it begins with that of the parent (Python)."""

    def __init__(self, pid):
        self.pid, self.peak, self.done = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        with contextlib.suppress(OSError):
            while not self.done.wait(0.002):
                match = re.search(r"VmHWM:\s+(\d+) kB", _read("/proc/%d/status" % self.pid))
                self.peak = max(self.peak, int(match[1]) * 1024) if match else self.peak

    def stop(self):
        self.done.set()
        self.thread.join()
        return self.peak


def guess_format(args):
    """As the arguments stand; what an options file says is not seen."""
    texts = [arg for arg in args if isinstance(arg, str)]
    if any(arg in ("-h", "-V") or re.match(r"--(h|vers)[a-z]*\Z", arg) for arg in texts):
        return "help"
    for arg, following in zip(texts, texts[1:] + [""]):
        if re.match(r"--ou[a-z-]*\Z", arg):
            return following if following in ("json", "prometheus") else "nagios"
        match = re.match(r"--ou[a-z-]*=(json|prometheus)\Z", arg)
        if match:
            return match[1]
    return "discover" if "--discover" in texts else "nagios"


def _is_verbose(args):
    return any(isinstance(arg, str) and re.match(r"-v|--verb", arg) for arg in args)
