"""Real servers for the live level: one of each kind for the whole session, started when the first test asks."""

import pytest

from lab import pg


@pytest.fixture(scope="session")
def pg_lab():
    with pg.Lab() as lab:
        yield lab
