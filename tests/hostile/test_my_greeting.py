"""A quick server's greeting is there before the client looks for it: over a Unix socket, on one processor."""

import contextlib
import os
import socket
import threading

import pytest

from lab import fakemy, hostile
from lab.plugin import plugin

PROTOCOL = "mysql"


@contextlib.contextmanager
def serving(path, handler):
    """As hostile.serve(), on a Unix socket."""
    closing = threading.Event()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=serve, args=(sock,), daemon=True).start()

    def serve(sock):
        with sock, contextlib.suppress(OSError):
            handler(hostile.Peer(sock, closing))

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def one_processor():
    """Server and client in turn: the server answers before the client goes on."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


def test_quick_greeting(program, private, one_processor):
    path = private + "/s"
    with serving(path, fakemy.handler(fakemy.mysql())):
        for _ in range(100):
            result = plugin(program, "-s", path, "-u", "x", check=False)
            assert result.rc == 0, result
