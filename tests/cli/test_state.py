"""The memory between runs: whatever is wrong with it, the verdict is the one of a single look, and one short note
says so. A healthy server is asked, so that there is something to remember."""

import contextlib
import fcntl
import functools
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from lab import hostile, need, plugin, proc, targets

NOBODY = 65534
# One short note: words enough for a path and a reason, no story.
NOTE_MAX = 400


@pytest.fixture(scope="module")
def ports():
    """{program: port}: one for all tests of a program, as the target belongs to the key of the state."""
    with contextlib.ExitStack() as servers:
        known = {}

        def port_of(program):
            if program not in known:
                known[program] = servers.enter_context(targets.serve_healthy(program))
            return known[program]
        yield port_of


@pytest.fixture
def port(ports, program):
    return ports(program)


@pytest.fixture
def place():
    with proc.scratch() as directory:
        os.chmod(directory, 0o755)
        os.mkdir(directory + "/state", 0o700)
        yield directory + "/state"


def look(program, port, place, *args, **how):
    return targets.run(program, port, args, state_dir=place, line_max=120 + NOTE_MAX, **how)


@functools.lru_cache(maxsize=None)
def first_look(program, port, args):
    """What a run says that has a good, empty place for its memory."""
    return targets.run(program, port, args)


def unharmed(program, port, place, *args, note=True, **how):
    """A run with a state that cannot be used: the same verdict as with a fresh one, and one short note more."""
    fresh, done = first_look(program, port, args), look(program, port, place, *args, **how)
    assert done.rc == fresh.rc == 0, (fresh, done)
    wanted, text = (re.sub(targets.of(program).later, "", "\n".join(one.lines)) for one in (fresh, done))
    assert text.startswith(wanted), (fresh, done)
    more = text[len(wanted):]
    assert more.count("\n") == bool(more) == note and len(more) <= NOTE_MAX, (more, done)
    assert done.seconds < 2, done
    return done


def files(place):
    """{path: content} of everything there; links are not followed."""
    return {os.path.join(top, name): read(os.path.join(top, name)) for top, _,
            names in os.walk(place) for name in names}


def read(path):
    if os.path.islink(path):
        return os.readlink(path)
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def state_file(program, port, place):
    """The one that holds something, after one run."""
    look(program, port, place)
    full = [path for path, data in files(place).items() if data]
    assert len(full) == 1, files(place)
    return full[0]


def works(program, port, place):
    """Two runs from here, the second has nothing to complain about."""
    look(program, port, place)
    unharmed(program, port, place, note=False)


# --- the control: the state is used at all ------------------------------------------------------------------

def test_remembers_what_was_there(program, place):
    if not targets.of(program).remembers:
        return  # its items are named, or the server itself: they cannot vanish
    names = ["dbz_orders"]
    with hostile.serve(lambda peer: targets.of(program).healthy(names[0])(peer)) as port:
        assert look(program, port, place, "--grace=0").rc == 0
        names[0] = "another"
        for _ in range(3):
            done = look(program, port, place, "--grace=0")
            assert done.rc == 1 and "dbz_orders" in done.line1, done
        assert look(program, port, place, "--grace=0", "--forget").rc == 0
        assert look(program, port, place, "--grace=0").rc == 0


def test_files(program, port, place):
    """Mode 0600 whatever the umask, nothing else left behind, the same file again and again."""
    for mask in (0, 0o777, 0o022):
        assert look(program, port, place, umask=mask).rc == 0
    names = set(files(place))
    assert 1 <= len(names) <= 2
    assert all(os.stat(path).st_mode & 0o777 == 0o600 for path in names)
    works(program, port, place)
    assert set(files(place)) == names


@pytest.fixture
def another_port(program):
    with targets.serve_healthy(program) as number:
        yield number


def test_another_target_has_another_file(program, port, another_port, place):
    path = state_file(program, port, place)
    look(program, another_port, place)
    look(program, port, place, "--exclude=x.*")
    assert len([1 for data in files(place).values() if data]) == 3 and os.path.exists(path)
    look(program, port, place, "-w", "1GiB", "-c", "2GiB", "--output-format=json", "-t", "3")
    assert len([1 for data in files(place).values() if data]) == 3, "thresholds are not in the key"


def test_no_state(program, port, place):
    done = targets.run(program, port, "--no-state", env={"CDC_STATE_DIR": place})
    assert done.rc == 0 and files(place) == {}


def test_directory_from_the_environment(program, port, place):
    assert targets.run(program, port, state_dir=None, env={"CDC_STATE_DIR": place}).rc == 0
    assert files(place)
    other = os.path.dirname(place) + "/other"
    os.mkdir(other, 0o700)
    look(program, port, other, env={"CDC_STATE_DIR": "/nowhere"})
    assert files(other)


# --- the directory ------------------------------------------------------------------------------------------

def test_directory_is_missing(program, port, place):
    unharmed(program, port, place + "/none")
    assert not os.path.exists(place + "/none")


def test_directory_is_none(program, port, place):
    write(place + "/file", b"precious")
    for path in (place + "/file", "/dev/null", "/dev/full", "/proc/self/fd", "/proc/1/fd", place + "/a" * 2000):
        unharmed(program, port, path)
    assert read(place + "/file") == b"precious"


def test_directory_with_an_odd_name(program, port, place):
    odd = place + "/a|b;c\n<d> \x1b"
    os.mkdir(odd, 0o700)
    unharmed(program, port, odd, note=False)
    unharmed(program, port, odd + "/none")


def test_directory_is_not_writable(program, port, place):
    need.root()
    os.chmod(place, 0o755)
    unharmed(program, port, place, uid=NOBODY)
    os.chmod(place, 0)
    unharmed(program, port, place, uid=NOBODY)
    assert files(place) == {}


def test_directory_for_all_is_shared_by_users(program, port, place):
    """Packaged with mode 1777."""
    need.root()
    os.chmod(place, 0o1777)
    unharmed(program, port, place, note=False)
    unharmed(program, port, place, uid=NOBODY, note=False)
    owners = {os.lstat(path).st_uid for path in files(place)}
    assert owners == {0, NOBODY}
    works(program, port, place)


def test_root_does_not_write_where_others_own(program, port, place):
    need.root()
    os.chown(place, NOBODY, NOBODY)
    unharmed(program, port, place)
    assert files(place) == {}


def test_directory_is_a_link(program, port, place):
    """Whether it is followed or not: nothing breaks."""
    link = os.path.dirname(place) + "/link"
    os.symlink(place, link)
    done = look(program, port, link)
    assert done.rc == 0
    os.symlink("/nowhere/at/all", link + "2")
    unharmed(program, port, link + "2")
    os.symlink("link3", link + "3")
    unharmed(program, port, link + "3")


# --- the file -----------------------------------------------------------------------------------------------

def test_file_is_cut(program, port, place):
    path = state_file(program, port, place)
    whole = read(path)
    for size in sorted({0, 1, 2, 5, len(whole) // 2, len(whole) - 2, len(whole) - 1}):
        write(path, whole[:size])
        # An empty file may be one that was just created.
        done = unharmed(program, port, place) if size else look(program, port, place)
        assert done.rc == 0
        works(program, port, place)


def test_file_has_flipped_bits(program, port, place):
    """Found each time, for a wrong memory would alarm about what never was."""
    path = state_file(program, port, place)
    whole = read(path)
    for seed in range(40):
        source = random.Random(seed)
        at, bit = source.randrange(len(whole)), 1 << source.randrange(8)
        write(path, whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1:])
        unharmed(program, port, place)


OTHER_CONTENTS = {"zeros": b"\0" * 4096, "high bytes": b"\xff" * 100, "newlines": b"\n" * 50, "text": b"hello\n",
                  "JSON": b"{}\n", "long line": b"x" * 5000000, "number": b"1\n", "format": b"%s%n\n",
                  "future": b"cdc-state 999\n", "BOM": b"\xef\xbb\xbf"}


@pytest.mark.parametrize("data", OTHER_CONTENTS.values(), ids=OTHER_CONTENTS.keys())
def test_file_is_something_else(program, port, place, data):
    path = state_file(program, port, place)
    write(path, data)
    unharmed(program, port, place)
    works(program, port, place)


def test_file_goes_on_behind_its_end(program, port, place):
    path = state_file(program, port, place)
    whole = read(path)
    for more in (b"\n", b"x", whole, b"\0"):
        write(path, whole + more)
        unharmed(program, port, place)


def test_file_of_another_check(program, port, another_port, place):
    """As a careless copy leaves it: understood, but about something else."""
    path = state_file(program, port, place)
    other = os.path.dirname(place) + "/other"
    os.mkdir(other, 0o700)
    write(path, read(state_file(program, another_port, other)))
    unharmed(program, port, place)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0])
def test_file_of_another_owner(program, port, place, mode):
    need.root()
    path = state_file(program, port, place)
    before = read(path)
    os.chown(path, NOBODY, NOBODY)
    os.chmod(path, mode)
    unharmed(program, port, place)
    # Left alone, or replaced by one of our own: never written into.
    assert read(path) == before if os.lstat(path).st_uid == NOBODY else os.lstat(path).st_uid == 0


def test_file_of_root_is_not_trusted_by_nobody(program, port, place):
    need.root()
    os.chmod(place, 0o1777)
    look(program, port, place, uid=NOBODY)
    for path, data in files(place).items():
        os.chown(path, 0, 0)
        os.chmod(path, 0o644)
    before = files(place)
    unharmed(program, port, place, uid=NOBODY)
    assert files(place) == before


def test_file_is_a_link(program, port, place):
    """Even to a file of ours: what it points to stays as it was."""
    path = state_file(program, port, place)
    victim = os.path.dirname(place) + "/victim"
    for content in (read(path), b"precious"):
        write(victim, content)
        os.chmod(victim, 0o640)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.symlink(victim, path)
        unharmed(program, port, place)
        assert read(victim) == content and os.stat(victim).st_mode & 0o777 == 0o640
    os.unlink(path)
    os.symlink(victim + ".none", path)
    unharmed(program, port, place)
    assert not os.path.exists(victim + ".none")


def test_every_file_is_a_link(program, port, place):
    """The lock file too: opening one for writing through a link would create or change its target."""
    state_file(program, port, place)
    victim = os.path.dirname(place) + "/victim"
    for path in files(place):
        os.unlink(path)
        os.symlink(victim, path)
    unharmed(program, port, place)
    assert not os.path.exists(victim)


def test_file_has_a_second_name(program, port, place):
    """Replaced, not rewritten: the other name keeps the old content."""
    path = state_file(program, port, place)
    os.link(path, os.path.dirname(place) + "/second")
    before = read(path)
    look(program, port, place)
    assert read(os.path.dirname(place) + "/second") == before


def replace_all(place, make):
    for path in files(place):
        os.unlink(path)
        make(path)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=lambda f: f.__name__)
def test_no_file_at_all_in_its_place(program, port, place, make):
    """A FIFO must not block the check, a directory not stop it: for the state file alone, then for every file."""
    path = state_file(program, port, place)
    os.unlink(path)
    make(path)
    unharmed(program, port, place)
    shutil.rmtree(place)
    os.mkdir(place, 0o700)
    state_file(program, port, place)
    replace_all(place, make)
    unharmed(program, port, place)


def test_file_is_huge(program, port, place):
    path = state_file(program, port, place)
    os.truncate(path, 1 << 36)
    done = unharmed(program, port, place, rss=True)
    assert done.rss < 64 << 20 or not plugin.weighs_itself(program)


def test_forget_with_a_damaged_file(program, port, place):
    path = state_file(program, port, place)
    write(path, b"nonsense")
    assert look(program, port, place, "--forget").rc == 0
    unharmed(program, port, place, note=False)


# --- the disk -----------------------------------------------------------------------------------------------

@contextlib.contextmanager
def small_disk(place, options):
    need.mounts()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options + ",mode=700", "cdc-test", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_disk_is_full(program, port, place):
    """What is there stays as it is, and works again when there is room."""
    with small_disk(place, "size=1m"):
        fill(place + "/big")
        unharmed(program, port, place)
        os.unlink(place + "/big")
        path = state_file(program, port, place)
        before = read(path)
        fill(place + "/big")
        unharmed(program, port, place)
        assert read(path) == before
        os.unlink(place + "/big")
        works(program, port, place)


def test_disk_has_no_inode_left(program, port, place):
    with small_disk(place, "size=1m,nr_inodes=2"):
        write(place + "/one", b"")
        unharmed(program, port, place)


def test_disk_is_read_only(program, port, place):
    with small_disk(place, "size=1m"):
        path = state_file(program, port, place)
        before = read(path)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        unharmed(program, port, place)
        assert read(path) == before


def test_file_size_limit(program, port, place):
    """SIGXFSZ ends a process that was not told to ignore it. The output goes through a pipe: it has no size limit."""
    prefix = ["/bin/sh", "-c", '(ulimit -f 0 && exec "$@") | cat', "sh"]
    fresh = targets.run(program, port)
    done = look(program, port, place, prefix=prefix, check=False)
    assert done.err == b"" and done.text.startswith("\n".join(fresh.lines)), done


# --- several at once ----------------------------------------------------------------------------------------

def test_locked_by_another_process(program, port, place):
    """Both kinds of locks, on whatever is there."""
    state_file(program, port, place)
    with contextlib.ExitStack() as stack:
        for path in files(place):
            file = stack.enter_context(open(path, "r+b"))
            fcntl.flock(file, fcntl.LOCK_EX)
            fcntl.lockf(file, fcntl.LOCK_EX)
        before = files(place)
        unharmed(program, port, place, "-t", "2")
        assert files(place) == before
    works(program, port, place)


def test_locked_for_longer_than_the_deadline(program, port, place):
    state_file(program, port, place)
    with contextlib.ExitStack() as stack:
        for path in files(place):
            fcntl.flock(stack.enter_context(open(path, "r+b")), fcntl.LOCK_EX)
        done = look(program, port, place, "-t", "0.5")
    assert done.rc == 0 and done.seconds < 0.5 + plugin.slack(program), done


def test_another_run_hangs(program, place):
    """The first run waits for its server: the second must not wait for the first."""
    hang = [True]

    def handler(peer):
        if hang.pop() if hang else False:
            peer.sleep()
        targets.of(program).healthy("dbz_orders")(peer)
    with hostile.serve(handler) as port:
        first = start(program, port, place, "5")
        time.sleep(0.3)
        done = look(program, port, place, "-t", "2")
        assert done.rc == 0 and done.seconds < 2, done
        first.kill()
        first.wait()
        works(program, port, place)


def start(program, port, place, timeout="10"):
    return subprocess.Popen([plugin.path(program), "--state-dir=" + place, "-t", timeout, *targets.reach(program,
                                                                                                         port)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={}, cwd="/")


def test_many_runs_at_once(program, port, place):
    state_file(program, port, place)
    names = set(files(place))
    for _ in range(5):
        running = [start(program, port, place) for _ in range(8)]
        for child in running:
            out, _ = child.communicate(timeout=30)
            plugin.contract.require(out, child.returncode, program, line_max=120 + NOTE_MAX)
            assert child.returncode == 0
    assert set(files(place)) == names
    unharmed(program, port, place, note=False)


def test_killed_midway(program, port, place):
    """At any moment: the file is the old or the new one, and what was begun does not pile up."""
    path = state_file(program, port, place)
    for number in range(40):
        child = start(program, port, place)
        time.sleep(number * 0.0007)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert read(path)
        if number % 5 == 0:
            unharmed(program, port, place, note=False)
    assert len(files(place)) <= 4, files(place).keys()
    works(program, port, place)
