"""Child processes that never outlive the test: each is a group of its own and is ended at exit, failure or Ctrl-C."""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from lab import net

_running = set()
_lock = threading.Lock()


class Process:
    """A started server. log is the file that holds its output."""

    def __init__(self, argv, log, **popen):
        self.argv = [str(arg) for arg in argv]
        self.log = log
        with open(log, "ab") as sink:
            self.popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                                          start_new_session=True, **popen)
        self.pid = self.popen.pid
        with _lock:
            _running.add(self)

    def alive(self):
        return self.popen.poll() is None

    def text(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def wait_for(self, what, seconds=60):
        """Until what() is true. The error shows the end of the log, or nobody could tell why it failed."""
        end = time.monotonic() + seconds
        while not what():
            if not self.alive():
                raise RuntimeError("%s ended with %s:\n%s" % (self.argv[0], self.popen.returncode, self.text()[-3000:]))
            if time.monotonic() > end:
                raise TimeoutError("%s is not ready after %d s:\n%s" % (self.argv[0], seconds, self.text()[-3000:]))
            time.sleep(0.03)
        return self

    def wait_port(self, port, seconds=60):
        return self.wait_for(lambda: net.connects(port), seconds)

    def wait_socket(self, path, seconds=60):
        return self.wait_for(lambda: os.path.exists(path), seconds)

    def wait_line(self, text, seconds=60):
        return self.wait_for(lambda: text in self.text(), seconds)

    def send(self, number):
        """To the process alone: a server's children are its own business while it can still act."""
        if self.alive():
            os.kill(self.pid, number)

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Politely first, then the whole group by force: nothing of it stays."""
        self.send(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
        kill_group(self.pid)
        self.popen.wait()
        with _lock:
            _running.discard(self)

    def kill(self):
        self.stop(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def start(argv, log, **popen):
    """user=, group=, extra_groups=, env=, cwd= as in subprocess.Popen."""
    return Process(argv, log, **popen)


def kill_group(pid, number=signal.SIGKILL):
    """True when somebody of the group was still there."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def scratch(user=None):
    """A short temporary directory, as a socket's path may have 107 bytes only; removed at the end. For user: his."""
    path = tempfile.mkdtemp(prefix="cdc.", dir=os.environ.get("CDC_TMPDIR", "/tmp"))
    _scratch.add(path)
    try:
        if user is not None:
            shutil.chown(path, user)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _scratch.discard(path)


_scratch = set()


@atexit.register
def _clean():
    for process in list(_running):
        process.kill()
    for path in list(_scratch):
        shutil.rmtree(path, ignore_errors=True)


def _terminated(_number, _frame):
    # Without this a SIGTERM would end the interpreter without the clean-up above; SystemExit would end one test only.
    raise KeyboardInterrupt


if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, _terminated)
