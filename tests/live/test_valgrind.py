"""The live level's programs under valgrind: no error, no definite leak, on an old and a new server."""

import pytest

from lab import need, pg, plugin

def clean(server, state, *args):
    done = plugin.run("check_pg_slot", "-H", server.host, "-P", server.port, "-u", pg.PLAIN, *args, valgrind=True,
                      timeout=120, state_dir=state)
    assert done.valgrind == "", done


@pytest.mark.parametrize("major", [13, 18])
def test_valgrind(pg_lab, private, major):
    need.program("valgrind")
    need.sense(not plugin.sanitized("check_pg_slot"), "a build with sanitizers: valgrind cannot run it")
    server = pg_lab.primary(major)
    server.reset()
    server.create_slot("dbz_one")
    server.create_slot("dbz_two")
    with server.consumer("dbz_one"):
        clean(server, private)
        clean(server, private, "-vvv")
    server.drop_slot("dbz_two")
    clean(server, private)
    clean(server, private, "--output-format=json", "-s", "dbz_two")
    clean(server, private, "--output-format=prometheus")
    clean(server, private, "--discover")
    server.reset()
