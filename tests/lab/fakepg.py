"""A PostgreSQL server in Python that speaks the real protocol (3.0) and lies about everything else.

    with fakepg.serve(answer=fakepg.rows(values)) as port: ...

An answer is a function of the statement's text that returns a Reply. A Reply's rows may be endless, and may hold Raw
bytes and functions of the connection, which break the protocol at that point.
"""

import re
import struct

from lab import hostile

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
TEXT, INT8, BOOL = 25, 20, 16
PARAMETERS = {"server_version": "15.4", "server_encoding": "UTF8", "client_encoding": "UTF8", "is_superuser": "off",
              "DateStyle": "ISO, MDY", "TimeZone": "UTC", "integer_datetimes": "on",
              "standard_conforming_strings": "on", "in_hot_standby": "off", "default_transaction_read_only": "off"}


class Raw(bytes):
    """Sent as it is, in the place of a row."""


class Reply:
    """columns: [(name, type oid)] or None for a command; rows: an iterable of lists of bytes or None."""

    def __init__(self, columns=None, rows=(), tag="SELECT", error=None):
        self.columns, self.rows, self.tag, self.error = columns, rows, tag, error


def message(kind, payload=b"", length=None):
    """length: what the length field claims instead of the truth."""
    return kind + struct.pack("!I", len(payload) + 4 if length is None else length) + payload


def error_fields(sqlstate, text, severity="ERROR", kind=b"E"):
    text = text.encode() if isinstance(text, str) else text
    fields = [(b"S", severity.encode()), (b"V", severity.encode()), (b"C", sqlstate.encode()), (b"M", text)]
    return message(kind, b"".join(k + v + b"\0" for k, v in fields) + b"\0")


def notice(text):
    return error_fields("01000", text, "NOTICE", b"N")


def row_description(columns):
    parts = [struct.pack("!H", len(columns))]
    for name, oid in columns:
        parts.append(name.encode() + b"\0" + struct.pack("!IHIhiH", 0, 0, oid, -1, -1, 0))
    return message(b"T", b"".join(parts))


def data_row(values):
    if isinstance(values, Raw):
        return values
    parts = [struct.pack("!H", len(values))]
    for value in values:
        parts.append(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value)
    return message(b"D", b"".join(parts))


# --- the session --------------------------------------------------------------------------------------------

def authentication_ok(peer):
    peer.send(message(b"R", struct.pack("!I", 0)))
    for name, value in PARAMETERS.items():
        peer.send(message(b"S", name.encode() + b"\0" + value.encode() + b"\0"))
    peer.send(message(b"K", struct.pack("!II", 4711, 815)))
    peer.send(message(b"Z", b"I"))


def fail(sqlstate, text, severity="FATAL"):
    """A start that ends as the real server ends it."""
    def startup(peer):
        peer.send(error_fields(sqlstate, text, severity))
        raise ConnectionError("refused")
    return startup


def ask(kind, data=b""):
    """Demands authentication: 3 clear text, 5 MD5, 10 SASL, anything else is unknown to clients."""
    def startup(peer):
        peer.send(message(b"R", struct.pack("!I", kind) + data))
        peer.sleep()
    return startup


class Session:
    def __init__(self, peer, answer):
        self.peer, self.answer = peer, answer
        self.status, self.failed, self.statement = b"I", False, ""

    def run(self):
        while True:
            kind = self.peer.exactly(1)
            payload = self.peer.exactly(struct.unpack("!I", self.peer.exactly(4))[0] - 4)
            if kind == b"X":
                return
            if not self.failed or kind in b"SQ":
                self.dispatch(kind, payload)

    def dispatch(self, kind, payload):
        """The simple protocol, and the extended one as libpq uses it: without named portals, results in text."""
        if kind == b"Q":
            self.simple(payload.rstrip(b"\0").decode())
        elif kind == b"P":
            self.statement = payload.split(b"\0")[1].decode()
            self.peer.send(message(b"1"))
        elif kind == b"B":
            self.peer.send(message(b"2"))
        elif kind == b"D":
            self.describe(self.answer(self.statement))
        elif kind == b"E":
            self.execute(self.statement, False)
        elif kind == b"S":
            self.ready()
        elif kind == b"C":
            self.peer.send(message(b"3"))

    def simple(self, text):
        for statement in split(text):
            if not self.failed:
                self.execute(statement, True)
        self.ready()

    def ready(self):
        self.failed = False
        self.peer.send(message(b"Z", self.status))

    def describe(self, reply):
        if reply.columns is not None and not reply.error:
            self.peer.send(row_description(reply.columns))
        else:
            self.peer.send(message(b"n"))

    def execute(self, statement, describe):
        reply = self.answer(statement)
        if reply.error:
            self.failed, self.status = True, b"I" if self.status == b"I" else b"E"
            self.peer.send(reply.error)
            return
        if describe and reply.columns is not None:
            self.peer.send(row_description(reply.columns))
        count = self.rows(reply.rows)
        self.status = {"BEGIN": b"T", "COMMIT": b"I", "ROLLBACK": b"I"}.get(reply.tag, self.status)
        tag = reply.tag if reply.columns is None else "%s %d" % (reply.tag, count)
        self.peer.send(message(b"C", tag.encode() + b"\0"))

    def rows(self, rows):
        """In large pieces: a million small ones would take Python longer than any deadline."""
        count, pieces, size = 0, [], 0
        for values in rows:
            if callable(values):
                self.peer.send(b"".join(pieces))
                pieces, size = [], 0
                values(self.peer)
                continue
            pieces.append(data_row(values))
            count, size = count + 1, size + len(pieces[-1])
            if size > hostile.CHUNK:
                self.peer.send(b"".join(pieces))
                pieces, size = [], 0
        self.peer.send(b"".join(pieces))
        return count


def handler(answer, startup=authentication_ok, tls=None, on_tls=b"N"):
    """tls: an SSLContext; without one the server answers SSLRequest with on_tls and goes on in the clear."""
    def handle(peer):
        if read_startup(peer, tls, on_tls):
            startup(peer)
            Session(peer, answer).run()
    return handle


def read_startup(peer, tls=None, on_tls=b"N"):
    """False for a cancel request, which gets no answer."""
    while True:
        size, code = struct.unpack("!II", peer.exactly(8))
        if code == CANCEL_REQUEST:
            return False
        if code not in (SSL_REQUEST, GSS_REQUEST):
            peer.exactly(size - 8)
            return True
        if code == SSL_REQUEST and tls:
            peer.send(b"S")
            peer.start_tls(tls)
        else:
            peer.send(on_tls if code == SSL_REQUEST else b"N")


def serve(answer=None, **how):
    return hostile.serve(handler(answer or rows({}), **how))


# --- answers ------------------------------------------------------------------------------------------------

COMMANDS = re.compile(r"\s*(BEGIN|START|COMMIT|END|ROLLBACK|SET|RESET|DISCARD|SAVEPOINT|RELEASE)\b", re.I)


def split(text):
    """Statements of a simple query. Good for what plugins send: no semicolon within quotes."""
    return [part for part in text.split(";") if part.strip()]


def command(statement):
    """The Reply to a statement that returns no rows, or None."""
    match = COMMANDS.match(statement)
    if not match:
        return None
    word = match[1].upper()
    return Reply(tag={"START": "BEGIN", "END": "COMMIT"}.get(word, word))


def columns(statement):
    """The result's column names, as the select list tells them."""
    match = re.match(r"\s*SHOW\s+(\w+)", statement, re.I)
    if match:
        return [match[1].lower()]
    return [_column_name(item) for item in _select_list(statement)]


def _select_list(statement):
    """The items between the last SELECT outside of parentheses and its FROM."""
    depth, quote, items, current, active = 0, False, [], "", False
    for token in re.findall(r"'|\w+|.", statement, re.S):
        quote ^= token == "'"
        depth += 0 if quote else {"(": 1, ")": -1}.get(token, 0)
        word = token.upper() if not quote and depth == 0 else ""
        if word == "SELECT":
            active, items, current = True, [], ""
        elif word in ("FROM", "WHERE", "ORDER", "LIMIT", "UNION") and active:
            active = False
        elif word == "," and active:
            items, current = items + [current], ""
        elif active:
            current += token
    return items + [current] if current.strip() else items


def _column_name(item):
    match = re.search(r'"?(\w+)"?\s*\Z', item)
    return match[1].lower() if match else "?column?"


def rows(values, count=1):
    """Every query returns count rows; values gives a column's value by name, b"" for those it does not know."""
    def answer(statement):
        reply = command(statement)
        if reply:
            return reply
        names = columns(statement)
        row = [values(name) if callable(values) else values.get(name, b"") for name in names]
        return Reply([(name, TEXT) for name in names], (row for _ in range(count)))
    return answer


def error(sqlstate, text, severity="ERROR"):
    """Every query fails; commands do not."""
    def answer(statement):
        return command(statement) or Reply(error=error_fields(sqlstate, text, severity))
    return answer
