"""Real servers for the live level: one of each kind for the whole session, started when the first test asks."""

import pytest

from lab import mysqld, pg, pipeline, stacks


@pytest.fixture(scope="session")
def pg_lab():
    with pg.Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def my_lab():
    with mysqld.Lab() as lab:
        yield lab


@pytest.fixture(scope="session", params=list(stacks.STACKS))
def pipe(request):
    """A whole pipeline with Kafka Connect, of each generation."""
    with pipeline.Pipeline(request.param) as found:
        yield found


def pytest_itemcollected(item):
    """What needs a pipeline is a level of its own (tests/run connect): it downloads much and takes long."""
    if "pipe" in item.fixturenames:
        item.add_marker(pytest.mark.connect)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """One generation after the other, whatever order pytest made: each is started once.

    stacks("new") on a test: it is for that generation only.
    """
    elsewhere = [item for item in items if not _has_stack(item)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = sorted((item for item in items if _has_stack(item)), key=_generation)


def _has_stack(item):
    mark = item.get_closest_marker("stacks")
    return not mark or item.callspec.params["pipe"] in mark.args


def _generation(item):
    """Its place among the generations; what needs none comes first."""
    return 1 + list(stacks.STACKS).index(item.callspec.params["pipe"]) if "pipe" in item.fixturenames else 0


def pytest_generate_tests(metafunc):
    """A test with an argument my_version runs once for each version of MySQL and MariaDB."""
    if "my_version" in metafunc.fixturenames and not _is_parametrized(metafunc, "my_version"):
        metafunc.parametrize("my_version", mysqld.parameters())


def _is_parametrized(metafunc, name):
    return any(name in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
