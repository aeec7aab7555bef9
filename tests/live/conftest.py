"""Real servers for the live level: one of each kind for the whole session, started when the first test asks."""

import pytest

from lab import mysqld, pg


@pytest.fixture(scope="session")
def pg_lab():
    with pg.Lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def my_lab():
    with mysqld.Lab() as lab:
        yield lab


def pytest_generate_tests(metafunc):
    """A test with an argument my_version runs once for each version of MySQL and MariaDB."""
    if "my_version" in metafunc.fixturenames and not _is_parametrized(metafunc, "my_version"):
        metafunc.parametrize("my_version", my_versions())


def my_versions(wanted=mysqld.VERSIONS):
    """Versions as parameters; a large one that is not here yet is fetched by tests/run --full (CDC_FULL=1) alone."""
    return [pytest.param(version, marks=[] if mysqld.at_hand(version) else pytest.mark.skip(
        reason=f"{mysqld.VERSIONS[version].name} {version} is large: CDC_FULL=1 fetches it")) for version in wanted]


def _is_parametrized(metafunc, name):
    return any(name in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
