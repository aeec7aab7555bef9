"""--probe-binlog against a server that answers every question and then misbehaves in the replication protocol."""

import contextlib
import struct
import time

import pytest

from lab import fakemy
from lab.plugin import plugin, slack

ROTATE, HEARTBEAT, FORMAT = 4, 27, 15


def packet(data, size=None):
    return struct.pack("<I", len(data) if size is None else size)[:3] + b"\1" + data


def event(kind, body=b"x" * 40, stamp=0):
    return packet(b"\0" + struct.pack("<IBIIIH", stamp, kind, 1, 19 + len(body), 0, 0) + body)


@contextlib.contextmanager
def serving(misbehave):
    """A healthy server until the dump is asked for. Yields what is to be added to the plugin's command line."""
    asked = []

    def dump(peer, command):
        asked.append(struct.unpack_from("<IHI", command, 1))
        misbehave(peer)

    with fakemy.serve(fakemy.mysql(), dump=dump) as port:
        yield ["-H", "127.0.0.1", "-P", port, "-u", "x", "--tls=disabled", "--probe-binlog"]
    # position 4, flags 0, server_id 0: nothing else is harmless
    assert asked and set(asked) == {(4, 0, 0)}, asked


def trickle(peer):
    for byte in numbered([event(ROTATE), event(FORMAT, stamp=1700000000)]):
        peer.send(bytes([byte]))
        peer.sleep(0.4)


def numbered(packets, first=1):
    """Packets of one answer are numbered, and libmysqlclient looks."""
    return b"".join(data[:3] + bytes([(first + i) & 255]) + data[4:] for i, data in enumerate(packets))


def endless(kind):
    """Behind one event, or the first of all: 256 leave the numbers as they were."""
    def send(peer, first=1):
        while True:
            peer.send(numbered([event(kind)] * 256, first))
    return send


def sends(*parts, then=None):
    def send(peer):
        peer.send(numbered(parts))
        if then and then.__name__ == "send":
            then(peer, 1 + len(parts))
        elif then:
            then(peer)
    return send


def silent(peer):
    peer.sleep()


CASES = {
    "silent": (silent, "timed out"),
    "silent after the rotate event": (sends(event(ROTATE), then=silent), "timed out"),
    "a byte every 0.4 s": (trickle, "timed out"),
    "half an event": (sends(event(FORMAT)[:20], then=silent), "timed out"),
    "more announced than sent": (sends(packet(b"\0" * 10, size=9000000), then=silent), "timed out"),
    "closed": (sends(), "reading the beginning"),
    "closed within an event": (sends(event(FORMAT)[:20]), "reading the beginning"),
    "reset": (lambda peer: peer.reset(), "reading the beginning"),
    "an event too short": (sends(packet(b"\0abc"), then=silent), "no format description"),
    "another event": (sends(event(HEARTBEAT), then=silent), "no format description"),
    "rotate events without end": (endless(ROTATE), "no format description"),
    "no time": (sends(event(ROTATE), event(FORMAT), then=silent), "no format description"),
    "an error": (sends(packet(fakemy.error(1236, "Could not find first log file name in binary log index file"))),
                 "told nothing: Could not find"),
    "no right": (sends(packet(fakemy.error(1227, "you need the REPLICATION SLAVE privilege(s)", "42000"))),
                 "told nothing: GRANT REPLICATION SLAVE ON *.* TO 'x'@'%': you need"),
    "killed": (sends(packet(fakemy.error(1053, "Server shutdown in progress", "08S01"))), "Server shutdown in progress"),
    "an error without an end": (sends(packet(b"\xff\xd4\x04#42000" + b"x" * 5000000)), "told nothing: xxx"),
    "end of file at once": (sends(packet(b"\xfe\0\0\2\0"), then=silent), "no format description"),
    "rubbish": (lambda peer: (peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20), silent(peer)), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_misbehaviour(name):
    misbehave, text = CASES[name]
    with serving(misbehave) as arguments:
        begin = time.monotonic()
        result = plugin("check_binlog_retention", *arguments, "-t", "2", line_max=300)
        assert time.monotonic() - begin < 2 + slack("check_binlog_retention"), result
    assert text in result.text and (result.rc in (2, 3) or "told nothing" in text), result
    # what SQL told is there all the same
    assert "server.files" in result.perf, result


def test_rest_without_end():
    """After the event that matters nothing more is waited for, beyond what a short file has."""
    body = event(FORMAT, stamp=int(time.time()) - 777)
    for then in (endless(HEARTBEAT), silent, lambda peer: None):
        with serving(sends(event(ROTATE), body, then=then)) as arguments:
            result = plugin("check_binlog_retention", *arguments, "-t", "2", "--on", "gap=ok")
        assert result.rc == 0 and 777 <= result.perf["server.oldest"].value < 790, result
        assert result.seconds < 1 + slack("check_binlog_retention"), result


def test_large_numbers():
    """A time stamp is 32 bits without a sign: 2106 has not come yet, and a future one is no negative age."""
    with serving(sends(event(ROTATE), event(FORMAT, stamp=0xffffffff))) as arguments:
        result = plugin("check_binlog_retention", *arguments, "--on", "gap=ok")
    assert result.rc == 0 and result.perf["server.oldest"].value == 0, result
