"""What every level shares: the import path of the lab, and skips that nobody can overlook."""

import os
import sys

import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)
# Stale byte code of a file that was renamed must not be found, and the tree stays clean.
sys.dont_write_bytecode = True

# The lab's assertions show their values as a test's own do.
pytest.register_assert_rewrite("lab.contract", "lab.plugin")


def pytest_generate_tests(metafunc):
    """A test with an argument `program` runs once for each built plugin.

    A module that is about one protocol says so by PROTOCOL = "pg": it gets the plugins that speak it.
    """
    if "program" in metafunc.fixturenames:
        from lab import plugin, targets
        if not plugin.built():
            # An empty list of programs would pass by not running anything.
            raise pytest.UsageError("no plugin in %s; build first, or set CDC_BUILDDIR" % plugin.BUILDDIR)
        protocol = getattr(metafunc.module, "PROTOCOL", None)
        metafunc.parametrize("program", [program for program in plugin.built()
                                         if protocol in (None, targets.of(program).protocol)])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """With --dist=loadgroup, the tests that share a server or a suite of cases run in one process, one after another."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        shared = [params[name] for name in ("major", "my_version", "pipe") if name in params]
        if not shared and "case" in params:
            shared = [item.module.__name__, params.get("program", "")]
        if shared:
            item.add_marker(pytest.mark.xdist_group("-".join(map(str, shared))))


@pytest.fixture
def private(tmp_path_factory):
    """A short private directory: a socket's path may have 107 bytes only, which tmp_path easily passes."""
    from lab import proc
    with proc.scratch() as directory:
        yield directory


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.write_sep("!", "%d test(s) NOT RUN, see the reasons above" % len(skipped), yellow=True)
