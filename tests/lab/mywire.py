"""The MySQL protocol for the laboratory: SQL, and the replication protocol as an unnamed reader speaks it.

    with mywire.connect("/run/x/sock", "root") as sql:
        rows = sql.rows("SHOW BINARY LOGS")              # [{"Log_name": ..., "File_size": ...}], texts or None
        value = sql.value("SELECT VERSION()")
    reader = mywire.connect(socket, "root"); reader.dump("b.000001", server_id=1); events = reader.events()

No client library takes part: the reader of the tests is nobody's code but theirs, and what they send is what stands
here. Accounts log in with mysql_native_password or caching_sha2_password, over a Unix socket or TCP without TLS.
"""

import contextlib
import hashlib
import socket
import struct

LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE, PLUGIN_AUTH = 1, 1 << 9, 1 << 13, 1 << 15, 1 << 19
FLAGS = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE | PLUGIN_AUTH
COM_QUIT, COM_QUERY, COM_BINLOG_DUMP, COM_REGISTER_SLAVE = 1, 3, 18, 21
UTF8 = 33
NULL = 0xFB


class Error(Exception):
    """What the server said: `number` is MySQL's error number; 0: the connection broke."""

    def __init__(self, number, text):
        super().__init__(f"{number}: {text}")
        self.number, self.text = number, text


class Event:
    """A binary log event: `type` and `timestamp` (s) of its header, `body` behind it."""

    def __init__(self, packet):
        self.timestamp, self.type, self.server_id = struct.unpack_from("<IBI", packet)
        self.end = struct.unpack_from("<I", packet, 13)[0]
        self.body = packet[19:]

    def __repr__(self):
        return f"event {self.type} of {self.timestamp}, {len(self.body)} bytes"


def connect(where, user, password="", seconds=30):
    """where: the path of a socket, or (host, port)."""
    if isinstance(where, tuple):
        sock = socket.create_connection(where, timeout=seconds)
    else:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(seconds)
        sock.connect(str(where))
    connection = Connection(sock)
    try:
        connection.log_in(user, password)
    except BaseException:
        sock.close()
        raise
    return connection


class Connection:
    def __init__(self, sock):
        self.sock, self.sequence, self.id = sock, 0, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._command(COM_QUIT, b"")  # or the server counts and logs an aborted client
        self.sock.close()

    # SQL

    def rows(self, sql):
        """The rows of a statement, each {column: text or None}; [] for one that gives none."""
        names, rows = self.table(sql)
        return [dict(zip(names, row)) for row in rows]

    def table(self, sql):
        """(names, rows), each row a list of texts or None."""
        self._command(COM_QUERY, sql.encode())
        first = self._read()
        self._raise_error(first)
        if first[0] == 0:
            return [], []
        names = [self._column() for _ in range(_integer(first, 0)[0])]
        self._read()  # EOF
        rows = []
        while (packet := self._read())[0] != 0xFE or len(packet) > 8:
            self._raise_error(packet)
            rows.append(_texts(packet))
        return names, rows

    def value(self, sql):
        [row] = self.rows(sql)
        [value] = row.values()
        return value

    def _column(self):
        return _texts(self._read(), 5)[4]

    # Replication

    def register(self, server_id):
        self._command(COM_REGISTER_SLAVE, struct.pack("<I3sHII", server_id, b"", 0, 0, 0))
        self._raise_error(self._read())

    def dump(self, file, position=4, server_id=1, flags=0):
        """Asks for the binary log; events() reads it. Nothing else can be done with the connection from here."""
        self.rows("SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE'")
        self._command(COM_BINLOG_DUMP, struct.pack("<IHI", position, flags, server_id) + file.encode())

    def events(self):
        """The events as they come; ends with the server's end of file, raises Error for anything else."""
        while True:
            packet = self._read()
            self._raise_error(packet)
            if packet[0] == 0xFE:
                return
            yield Event(packet[1:])

    # Logging in

    def log_in(self, user, password):
        greeting = self._read()
        self._raise_error(greeting)
        at = greeting.index(0, 1) + 1
        self.id, = struct.unpack_from("<I", greeting, at)
        first = greeting[at + 4:at + 12]
        rest = greeting[at + 31:]
        scramble = first + rest[:12]
        method = rest[13:].split(b"\0")[0].decode() or "mysql_native_password"
        if method not in ANSWERS:
            method = "mysql_native_password"  # the server asks for another one where it must be
        answer = ANSWERS[method](password.encode(), scramble)
        self._send(struct.pack("<IIB23s", FLAGS, 1 << 24, UTF8, b"") + user.encode() + b"\0" + bytes([len(answer)]) +
                   answer + method.encode() + b"\0")
        self._authenticate(password.encode(), scramble)

    def _authenticate(self, password, scramble):
        while True:
            packet = self._read()
            self._raise_error(packet)
            if packet[0] == 0:
                return
            if packet[0] == 0xFE:
                name, _, data = packet[1:].partition(b"\0")
                scramble = data[:20]
                self._send(ANSWERS[name.decode()](password, scramble))
            elif packet == b"\x01\x04":
                self._send(self._full(password, scramble))

    def _full(self, password, scramble):
        """caching_sha2_password without a cached entry: a Unix socket is safe enough for the password itself."""
        if self.sock.family != socket.AF_UNIX:
            raise Error(0, "caching_sha2_password over TCP needs an RSA key or TLS; log in through the socket once")
        return password + b"\0"

    # Packets

    def _command(self, number, data):
        self.sequence = 0
        self._send(bytes([number]) + data)

    def _send(self, data):
        self.sock.sendall(struct.pack("<I", len(data))[:3] + bytes([self.sequence]) + data)
        self.sequence = (self.sequence + 1) & 255

    def _read(self):
        data = b""
        while True:
            head = self._bytes(4)
            size = head[0] | head[1] << 8 | head[2] << 16
            self.sequence = (head[3] + 1) & 255
            data += self._bytes(size)
            if size < 0xFFFFFF:
                return data or b"\0"

    def _bytes(self, count):
        parts = []
        while count:
            part = self.sock.recv(min(count, 1 << 20))
            if not part:
                raise Error(0, "the server closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _raise_error(self, packet):
        if packet[0] == 0xFF:
            number, = struct.unpack_from("<H", packet, 1)
            text = packet[3:]
            raise Error(number, (text[6:] if text[:1] == b"#" else text).decode(errors="replace"))


def _native(password, scramble):
    if not password:
        return b""
    one = hashlib.sha1(password).digest()
    two = hashlib.sha1(scramble + hashlib.sha1(one).digest()).digest()
    return bytes(a ^ b for a, b in zip(one, two))


def _sha2(password, scramble):
    if not password:
        return b""
    one = hashlib.sha256(password).digest()
    two = hashlib.sha256(hashlib.sha256(one).digest() + scramble).digest()
    return bytes(a ^ b for a, b in zip(one, two))


ANSWERS = {"mysql_native_password": _native, "caching_sha2_password": _sha2}


def _integer(packet, at):
    """A length-encoded integer and where it ends; None for NULL."""
    first = packet[at]
    if first == NULL:
        return None, at + 1
    if first < NULL:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(packet[at + 1:at + 1 + size], "little"), at + 1 + size


def _texts(packet, count=None):
    """The first `count` length-encoded texts of a packet, or all."""
    texts, at = [], 0
    while at < len(packet) and len(texts) != count:
        size, at = _integer(packet, at)
        texts.append(None if size is None else packet[at:at + size].decode(errors="replace"))
        at += size or 0
    return texts
