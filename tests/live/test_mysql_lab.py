"""The laboratory itself: servers of both families start, replicate, and their binary logs can be made old."""

import time

import pytest

from lab import mysqld, mywire

DAY = 86400


def test_version(my_lab, my_version):
    server = my_lab.primary(my_version)
    assert server.value("SELECT VERSION()").startswith(my_version + ".") or server.version in server.value(
        "SELECT VERSION()")
    assert server.variable("log_bin") == "1" and server.variable("binlog_format") == "ROW"


def test_tcp_and_rights(my_lab, my_version):
    server = my_lab.primary(my_version)
    server.account("nobody_special")
    with server.connect("nobody_special", tcp=False) as sql:
        with pytest.raises(mywire.Error) as caught:
            sql.rows("SHOW BINARY LOGS")
        assert caught.value.number == 1227
    with pytest.raises(mywire.Error) as caught:
        server.connect("nobody_special", "wrong")
    assert caught.value.number == 1045
    server.reset()


def test_replication(my_lab, my_version):
    primary, replica = my_lab.pair(my_version)
    before = int(replica.value("SELECT COUNT(*) FROM lab.t")) if replica.rows("SHOW DATABASES LIKE 'lab'") else 0
    primary.write(3)
    replica.caught_up()
    assert int(replica.value("SELECT COUNT(*) FROM lab.t")) == before + 3


def test_old_binary_logs(my_lab, my_version):
    """A file says when it was created; the laboratory decides what it says."""
    server = my_lab.primary(my_version)
    now = int(time.time())
    server.flush(at=now - 5 * DAY)
    server.flush()
    files = [name for name, _ in server.binlogs()]
    assert [_created(server, name) - now for name in files] == pytest.approx([0, -5 * DAY, 0], abs=120)
    server.purge(files[1])
    assert [name for name, _ in server.binlogs()] == files[1:]
    server.reset()


def test_readers_of_the_same_id(my_lab, my_version):
    """The danger that check_binlog_retention must not be: the second reader ends the first."""
    server = my_lab.primary(my_version)
    server.write()
    with server.reader(1) as first:
        mysqld.wait_for(lambda: first.events > 5, "the first reader reads")
        with server.reader(1) as second:
            mysqld.wait_for(lambda: not first.running(), "the first reader is ended")
            assert second.running() and first.error.number in (1236, 4052)
    server.reset()


def _created(server, file):
    with server.connect() as reader:
        reader.dump(file, server_id=0)
        events = reader.events()
        assert next(events).type == 4
        event = next(events)
        assert event.type == 15
        return event.timestamp
