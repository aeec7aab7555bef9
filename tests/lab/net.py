"""Ports and sockets on 127.0.0.1."""

import contextlib
import errno
import socket
import time

HOST = "127.0.0.1"


def free_port():
    """A port that was free a moment ago; the kernel does not hand it out again at once."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]


def free_ports(count):
    """Several different ones: all are held until the last is known."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind((HOST, 0))
        return [sock.getsockname()[1] for sock in socks]


def connects(port, host=HOST):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_port(port, host=HOST, seconds=30, alive=lambda: True):
    """Until something listens; alive() false ends the wait early."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if connects(port, host):
            return
        if not alive():
            raise RuntimeError("the process for port %d has ended" % port)
        time.sleep(0.02)
    raise TimeoutError("nothing listens on %s:%d after %d s" % (host, port, seconds))


@contextlib.contextmanager
def refused():
    """A port that refuses: bound, so that nobody else gets it, but never listened on."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        yield sock.getsockname()[1]


@contextlib.contextmanager
def black_hole(host=HOST):
    """A port where connecting neither works nor fails: its accept queue is full, so Linux drops each SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, 0))
        listener.listen(0)
        _fill(stack, listener.getsockname())
        yield listener.getsockname()[1]


def _fill(stack, address):
    for _ in range(16):
        sock = stack.enter_context(socket.socket())
        sock.setblocking(False)
        if sock.connect_ex(address) not in (0, errno.EINPROGRESS):
            raise RuntimeError("the queue cannot be filled")
        time.sleep(0.05)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 and not _connected(sock):
            return
    raise RuntimeError("the queue takes everything")


def _connected(sock):
    try:
        sock.getpeername()
    except OSError:
        return False
    return True
