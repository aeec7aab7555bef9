"""A private folder with programs running in it, all of it gone at the end.

The monitoring systems of this laboratory share it: each gets a short folder of its own below the temporary
directory, owned by an unprivileged account, and runs there in process groups of its own. Nothing is left behind when
the context ends, on a failure, on Ctrl-C or at the end of the interpreter.
"""
import atexit
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time


_libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class LabError(Exception):
    """A real program did not start, did not answer, or refused its configuration."""


def account():
    """The account that the programs run under: nobody for root, else the present one."""
    if os.geteuid() == 0:
        return pwd.getpwnam("nobody")
    return pwd.getpwuid(os.geteuid())


_next_port = itertools.count(20000 + os.getpid() % 10000)


def free_port():
    """A port below 32768 that is free on 127.0.0.1 now (zabbix_agentd refuses higher ones); never the same twice."""
    for port in itertools.takewhile(lambda one: one < 32768, _next_port):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LabError("no free port between 20000 and 32767")


def find_program(*candidates):
    """The path of the first program that is there; the sbin folders are searched too."""
    path = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    for name in candidates:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise LabError("not installed: %s (see tests/packages.txt)" % " or ".join(candidates))


def _die_with_parent():
    """Runs in the child: the kernel ends it when the tests end without a chance to do so."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Sandbox:
    """Context manager: `.dir` is the folder, `.user` the account (a passwd entry)."""

    def __init__(self, name):
        self.user = account()
        self.dir = tempfile.mkdtemp(prefix="cdc-%s-" % name, dir="/tmp")
        self.children = []
        os.chmod(self.dir, 0o755)
        self.own(self.dir)
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def own(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def mkdir(self, *parts):
        """A folder below the sandbox, its parents included, all of the account."""
        path = self.dir
        for part in os.path.join(*parts).split("/"):
            path = os.path.join(path, part)
            if not os.path.isdir(path):
                os.mkdir(path)
                self.own(path)
        return path

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        self.own(path)
        return path

    def install(self, program, name=None):
        """Copy a program into plugins/, for the account may not reach the place where it was built."""
        target = os.path.join(self.mkdir("plugins"), name or os.path.basename(program))
        shutil.copyfile(program, target)
        os.chmod(target, 0o755)
        return target

    def install_all(self, programs):
        """Copies of programs, each a path or (path, name), in plugins/, whose path it returns."""
        folder = self.mkdir("plugins")
        for one in programs:
            self.install(*([one] if isinstance(one, str) else one))
        return folder

    def environment(self, extra=None):
        env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.dir, "TMPDIR": self.dir}
        env.update(extra or {})
        return env

    def _as_account(self):
        common = {"start_new_session": True, "preexec_fn": _die_with_parent}
        if os.geteuid() != 0:
            return common
        return {**common, "user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def run(self, argv, env=None, stdin=b"", timeout=30):
        """Run a program to its end as the account; stdout and stderr are bytes."""
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 cwd=self.dir, env=self.environment(env), **self._as_account())
        self.children.append(child)
        try:
            out, err = child.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise LabError("no end after %s s: %s" % (timeout, argv)) from None
        finally:
            self.stop(child)
        return subprocess.CompletedProcess(argv, child.returncode, out, err)

    def start(self, argv, log, env=None):
        """Start a program that stays, as the account, with its output in the file `log` of the sandbox."""
        with open(self.path(log), "ab") as out:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                     cwd=self.dir, env=self.environment(env), **self._as_account())
        self.children.append(child)
        return child

    def stop(self, child):
        """End a program gently, so that it ends its own children, then whatever is left of its process group."""
        try:
            if child.poll() is None:
                child.terminate()
                child.wait(5)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        if child in self.children:
            self.children.remove(child)

    def wait_for(self, what, done, child=None, seconds=20, pause=0.03):
        """Call `done` until it returns something true; say what was waited for when it never does."""
        end = time.monotonic() + seconds
        while True:
            result = done()
            if result:
                return result
            if child is not None and child.poll() is not None:
                raise LabError("%s: the program ended with %s\n%s" % (what, child.returncode, self.logs()))
            if time.monotonic() > end:
                raise LabError("%s: nothing after %s s\n%s" % (what, seconds, self.logs()))
            time.sleep(pause)

    def logs(self):
        """The last lines of every *.log of the sandbox, for error messages."""
        parts = []
        for folder, _, names in os.walk(self.dir):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if name.endswith(".log") and stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, "rb") as log:
                        parts.append("--- %s\n%s" % (name, log.read()[-4000:].decode("utf-8", "replace")))
        return "\n".join(parts)

    def _kill_strays(self):
        """What a daemon started in a session of its own (Icinga does so with plugins) still has our environment."""
        mark = b"TMPDIR=%s\0" % self.dir.encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as environment:
                    if mark in environment.read():
                        os.kill(int(pid), signal.SIGKILL)
            except (OSError, ValueError):
                continue

    def close(self):
        for child in list(self.children):
            self.stop(child)
        self._kill_strays()
        shutil.rmtree(self.dir, ignore_errors=True)
        atexit.unregister(self.close)


def can_connect(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
