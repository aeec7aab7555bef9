"""A MySQL or MariaDB server in Python that speaks the real protocol (4.1) and lies about everything else.

    with fakemy.serve(answer=fakemy.mysql()) as port: ...

An answer is a function of the statement's text that returns a Reply. A Reply's rows may be endless, and may hold Raw
bytes and functions of the connection, which break the protocol at that point.
"""

import re
import struct
import time

from lab import fakepg, hostile

LONG_PASSWORD, LONG_FLAG, CONNECT_WITH_DB, PROTOCOL_41, SSL = 1, 4, 8, 1 << 9, 1 << 11
TRANSACTIONS, SECURE, PLUGIN_AUTH, CONNECT_ATTRS = 1 << 13, 1 << 15, 1 << 19, 1 << 20
CAPABILITIES = LONG_PASSWORD | LONG_FLAG | CONNECT_WITH_DB | PROTOCOL_41 | TRANSACTIONS | SECURE | PLUGIN_AUTH \
    | CONNECT_ATTRS
COM_QUIT, COM_QUERY, COM_PING, COM_BINLOG_DUMP = 1, 3, 14, 18
PACKET_MAX = 0xFFFFFF
SALT = b"abcdefghijklmnopqrst"
OK = struct.pack("<BBBHH", 0, 0, 0, 2, 0)
EOF = struct.pack("<BHH", 0xFE, 0, 2)


class Raw(bytes):
    """Sent as it is, in the place of a row."""


class Reply:
    """columns: names, or None for a statement without a result; rows: lists of texts (str, bytes) or None.

    error: the payload of an error packet; data: bytes instead of the whole answer.
    """

    def __init__(self, columns=None, rows=(), error=None, data=None):
        self.columns, self.rows, self.error, self.data = columns, rows, error, data


def packet(sequence, payload, length=None):
    """length: what the header claims instead of the truth."""
    head = struct.pack("<I", len(payload) if length is None else length)[:3] + bytes([sequence & 255])
    if length is None and len(payload) >= PACKET_MAX:
        head = struct.pack("<I", PACKET_MAX)[:3] + bytes([sequence & 255])
        return head + payload[:PACKET_MAX] + packet(sequence + 1, payload[PACKET_MAX:])
    return head + payload


def integer(value):
    if value < 0xFB:
        return bytes([value])
    return b"\xfc" + struct.pack("<H", value) if value < 1 << 16 else b"\xfe" + struct.pack("<Q", value)


def text(value):
    if value is None:
        return b"\xfb"
    value = value if isinstance(value, bytes) else str(value).encode()
    return integer(len(value)) + value


def error(number, message, sqlstate="HY000"):
    message = message if isinstance(message, bytes) else message.encode()
    return b"\xff" + struct.pack("<H", number) + b"#" + sqlstate.encode() + message


def column(name):
    return text("def") + text("") * 3 + text(name) * 2 + b"\x0c" + struct.pack("<HIBHBH", 45, 1 << 24, 0xFD, 0, 0, 0)


def row(values):
    return b"".join(map(text, values))


# --- the session --------------------------------------------------------------------------------------------

def greeting(version="8.0.36", capabilities=CAPABILITIES, method=b"mysql_native_password"):
    """The payload of a server's first packet."""
    return (b"\x0a" + version.encode() + b"\0" + struct.pack("<I", 4711) + SALT[:8] + b"\0"
            + struct.pack("<HBHH", capabilities & 0xFFFF, 45, 2, capabilities >> 16) + b"\x15" + b"\0" * 10
            + SALT[8:] + b"\0" + method + b"\0")


def logged_in(peer, sequence):
    peer.send(packet(sequence, OK))


def refuse(number, message, sqlstate="HY000"):
    """A log-in that ends as the real server ends it."""
    def login(peer, sequence):
        peer.send(packet(sequence, error(number, message, sqlstate)))
        raise ConnectionError("refused")
    return login


def read_packet(peer):
    head = peer.exactly(4)
    return head[3], peer.exactly(head[0] | head[1] << 8 | head[2] << 16)


class Session:
    def __init__(self, peer, answer, dump=None):
        self.peer, self.answer, self.dump = peer, answer, dump

    def run(self):
        while True:
            _, payload = read_packet(self.peer)
            if not payload or payload[0] == COM_QUIT:
                return
            if payload[0] == COM_QUERY:
                self.reply(self.answer(payload[1:].decode("utf-8", "replace")))
            elif payload[0] == COM_BINLOG_DUMP:
                self.binlog(payload)
            else:
                self.peer.send(packet(1, OK))

    def binlog(self, payload):
        """dump: a function of the peer and the command."""
        if self.dump:
            self.dump(self.peer, payload)
        else:
            self.peer.send(packet(1, error(1227, "you need REPLICATION SLAVE", "42000")))

    def reply(self, reply):
        if reply.data is not None:
            self.peer.send(reply.data)
        elif reply.error or reply.columns is None:
            self.peer.send(packet(1, reply.error or OK))
        else:
            head = [integer(len(reply.columns)), *map(column, reply.columns), EOF]
            self.peer.send(b"".join(packet(1 + i, part) for i, part in enumerate(head)))
            sequence = self.rows(reply.rows, 1 + len(head))
            self.peer.send(packet(sequence, EOF))

    def rows(self, rows, sequence):
        """In large pieces: a million small ones would take Python longer than any deadline."""
        pieces, size = [], 0
        for values in rows:
            if callable(values):
                self.peer.send(b"".join(pieces))
                pieces, size = [], 0
                values(self.peer)
                continue
            pieces.append(values if isinstance(values, Raw) else packet(sequence, row(values)))
            sequence, size = sequence + 1, size + len(pieces[-1])
            if size > hostile.CHUNK:
                self.peer.send(b"".join(pieces))
                pieces, size = [], 0
        self.peer.send(b"".join(pieces))
        return sequence


def handler(answer, version="8.0.36", login=logged_in, tls=None, dump=None, first=None):
    """tls: an SSLContext; first: another greeting (bytes of a packet's payload)."""
    def handle(peer):
        offered = CAPABILITIES | (SSL if tls else 0)
        peer.send(packet(0, first if first is not None else greeting(version, offered)))
        sequence, payload = read_packet(peer)
        if tls and len(payload) == 32 and struct.unpack("<I", payload[:4])[0] & SSL:
            peer.start_tls(tls)
            sequence, payload = read_packet(peer)
        login(peer, sequence + 1)
        Session(peer, answer, dump).run()
    return handle


def serve(answer=None, **how):
    return hostile.serve(handler(answer or mysql(), **how))


# --- answers ------------------------------------------------------------------------------------------------

# What a MySQL 8.0 says that nothing is wrong with.
SETTINGS = {
    "version": "8.0.36", "gtid_mode": "ON", "enforce_gtid_consistency": "ON", "log_bin": "ON",
    "log_replica_updates": "ON", "log_slave_updates": "ON", "replica_preserve_commit_order": "ON",
    "replica_parallel_workers": "4", "binlog_format": "ROW", "binlog_row_image": "FULL",
    "binlog_row_value_options": "", "binlog_expire_logs_seconds": "2592000", "binlog_expire_logs_auto_purge": "ON",
    "expire_logs_days": "0", "basedir": "/usr/", "hostname": "db1", "server_id": "1", "read_only": "OFF",
    "server_uuid": "3e11fa47-71ca-11e1-9e33-c80aa9429562", "innodb_read_only": "OFF",
}
VALUES = {
    "version": "8.0.36", "user": "x@%", "executed": "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-230", "purged": "",
}
FILES = [["binlog.000041", "1073742000", "No"], ["binlog.000042", "5120000", "No"]]
START = time.time() - 864000


def value_of(name):
    if name in ("now", "unix_timestamp"):
        return str(int(time.time()))
    return VALUES.get(name)


def mysql(settings=None, files=None):
    """The answers of a healthy server, or of one that differs in some settings."""
    known = {**SETTINGS, **(settings or {})}

    def answer(statement):
        upper = statement.upper()
        if upper.startswith("SHOW") and "VARIABLES" in upper:
            wanted = set(re.findall(r"'(\w+)'", statement))
            return Reply(["Variable_name", "Value"], [[n, v] for n, v in known.items() if n in wanted])
        if upper.startswith("SHOW") and "STATUS LIKE" in upper:
            return Reply(["Variable_name", "Value"], [["Uptime", str(int(time.time() - START))]])
        if re.match("SHOW (BINARY|MASTER) LOGS", upper):
            return Reply(["Log_name", "File_size", "Encrypted"], FILES if files is None else files)
        if re.match("SHOW (REPLICA|SLAVE) STATUS", upper):
            return Reply(["Replica_IO_State", "Source_Host"])
        if "RDS_CONFIGURATION" in upper:
            return Reply(error=error(1146, "Table 'mysql.rds_configuration' doesn't exist", "42S02"))
        return select(statement) if upper.startswith("SELECT") else Reply()
    return answer


def select(statement):
    """One row; what is not known is NULL. MariaDB's variables are not known to a MySQL."""
    if re.search(r"gtid_(binlog|slave)_|gtid_current_pos", statement, re.I):
        return Reply(error=error(1193, "Unknown system variable 'gtid_binlog_pos'"))
    names = fakepg.columns(statement)
    return Reply(names, [[value_of(name) for name in names]])
