"""Servers that behave badly: small, on 127.0.0.1, gone with the `with` block.

    with hostile.serve(hostile.silent) as port: ...

A handler gets a connected socket and does its worst; the connection is closed when it returns.
"""

import contextlib
import os
import random
import socket
import ssl
import struct
import subprocess
import threading

from lab import net, proc

# Bytes of an endless answer: large enough that Python keeps ahead of a C program.
CHUNK = 1 << 16


class Peer:
    """One connection of a client. Everything ends when the server is closed, whatever the handler waits for."""

    def __init__(self, sock, closing):
        self.sock, self.closing = sock, closing

    def send(self, data):
        self.sock.sendall(data)

    def recv(self, size=65536):
        return self.sock.recv(size)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.recv(size - len(data))
            if not more:
                raise ConnectionError("the client is gone")
            data += more
        return data

    def sleep(self, seconds=3600):
        """Until the client's patience, or the test, ends."""
        if self.closing.wait(seconds):
            raise ConnectionError("the server ends")

    def reset(self):
        """A killed server's kernel sends RST where data was not read; this does so always."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionError("reset")

    def start_tls(self, context):
        self.sock = context.wrap_socket(self.sock, server_side=True)


class Server:
    def __init__(self, handler, host=net.HOST):
        self.handler, self.closing, self.peers = handler, threading.Event(), []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                # An answer in several pieces must not wait for the client's acknowledgements.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer = Peer(sock, self.closing)
                self.peers.append(peer)
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        # The client hangs up in the middle: that is the purpose.
        with contextlib.suppress(OSError, ssl.SSLError, ConnectionError):
            self.handler(peer)
        with contextlib.suppress(OSError):
            peer.sock.close()

    def close(self):
        self.closing.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serve(handler, host=net.HOST):
    server = Server(handler, host)
    try:
        yield server.port
    finally:
        server.close()


# --- handlers that know no protocol -------------------------------------------------------------------------

def silent(peer):
    peer.sleep()


def hang_up(_peer):
    """Accepts and closes."""


def reset(peer):
    peer.recv()
    peer.reset()


def say(data, then=silent):
    """Reads what the client says first, then says data."""
    def handler(peer):
        peer.recv()
        peer.send(data)
        then(peer)
    return handler


def greet(data, then=silent):
    """Speaks first, as MySQL and SSH servers do."""
    def handler(peer):
        peer.send(data)
        then(peer)
    return handler


def slow(data, seconds=1.0):
    def handler(peer):
        peer.recv()
        for byte in data:
            peer.send(bytes([byte]))
            peer.sleep(seconds)
        peer.sleep()
    return handler


def endless(unit, head=b""):
    """head once, then unit for ever."""
    chunk = unit * max(1, CHUNK // len(unit))

    def handler(peer):
        peer.recv()
        peer.send(head)
        while True:
            peer.send(chunk)
    return handler


HTTP_PAGE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 25\r\n\r\n<html><b>bad</b>|;</html>"
MYSQL_GREETING = (b"\x5b\x00\x00\x00\x0a8.0.36\x00\x0b\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xdf\x15"
                  + b"\x00" * 10 + b"ijklmnopqrst\x00caching_sha2_password\x00").ljust(95, b"\x00")
SSH_BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"


def noise(seed, size=4096):
    return random.Random(seed).randbytes(size)


# --- TLS ----------------------------------------------------------------------------------------------------

class Authority:
    """A certificate authority of our own, in directory. EC keys: made in milliseconds."""

    def __init__(self, directory, name="cdc test"):
        self.directory = directory
        self.cert, self.key = directory + "/ca.pem", directory + "/ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.cert)

    def context(self, names):
        """A server's context with a certificate for names, such as "DNS:db.example" or "IP:127.0.0.1"."""
        base = "%s/%s" % (self.directory, names.replace(":", "_"))
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
                 "-keyout", base + ".key", "-out", base + ".csr")
        with open(base + ".ext", "w") as file:
            file.write("subjectAltName=%s\n" % names)
        _openssl("x509", "-req", "-days", "2", "-in", base + ".csr", "-CA", self.cert, "-CAkey", self.key,
                 "-CAcreateserial", "-extfile", base + ".ext", "-out", base + ".pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(base + ".pem", base + ".key")
        return context


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=60)


# --- names --------------------------------------------------------------------------------------------------

def answer_nothing(_query):
    return None


def answer_no_such_name(query):
    """NXDOMAIN: the query with the answer bit and code 3."""
    return query[:2] + b"\x81\x83" + query[4:6] + b"\x00" * 6 + _question(query)


def _question(query):
    end = query.index(b"\x00", 12) + 5
    return query[12:end]


@contextlib.contextmanager
def resolver(answer):
    """A name server on port 53 of a 127.x address, and the command prefix that makes a program use it (needs root).

    A private mount name space with its own resolv.conf and nsswitch.conf: nothing else on the machine sees it.
    """
    with proc.scratch() as directory, _socket53() as (address, sock):
        os.chmod(directory, 0o755)
        _write(directory + "/resolv.conf", "nameserver %s\noptions timeout:20 attempts:5\n" % address)
        _write(directory + "/nsswitch.conf", "hosts: files dns\n")
        threading.Thread(target=_answer, args=(sock, answer), daemon=True).start()
        mounts = " && ".join("mount --bind '%s/%s' /etc/%s" % (directory, name, name)
                             for name in ("resolv.conf", "nsswitch.conf"))
        yield ["unshare", "-m", "/bin/sh", "-c", mounts + ' && exec "$@"', "sh"]


@contextlib.contextmanager
def _socket53():
    for last in range(1, 255):
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                sock.bind(("127.83.0.%d" % last, 53))
            except OSError:
                continue
            yield "127.83.0.%d" % last, sock
            return
    raise RuntimeError("no address for a name server")


def _answer(sock, answer):
    with contextlib.suppress(OSError):
        while True:
            query, client = sock.recvfrom(4096)
            reply = answer(query)
            if reply:
                sock.sendto(reply, client)


def _write(path, text):
    with open(path, "w") as file:
        file.write(text)
