"""PostgreSQL connections for the laboratory: the client library itself, called by ctypes.

Enough of libpq for SQL on any server version, for connections that stay open (transactions, temporary slots) and for
the streaming replication protocol (consumers). No wrapper program takes part, so a statement costs microseconds.
"""

import ctypes
import ctypes.util
import os

OK, BAD = 0, 1
EMPTY_QUERY, COMMAND_OK, TUPLES_OK, COPY_OUT, COPY_IN = range(5)
COPY_BOTH = 8
PING_OK, PING_REJECT, PING_NO_RESPONSE, PING_NO_ATTEMPT = range(4)


class Error(Exception):
    """What the server or the library said, with its SQLSTATE where there is one."""

    def __init__(self, message, sqlstate=None):
        super().__init__(message.strip())
        self.sqlstate = sqlstate


def _load():
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]  # the developer's own PGSERVICE or PGOPTIONS must not take part
    lib = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, *arguments in (
        ("PQconnectdb", pointer, text), ("PQfinish", None, pointer), ("PQstatus", number, pointer),
        ("PQerrorMessage", text, pointer), ("PQping", number, text), ("PQbackendPID", number, pointer),
        ("PQserverVersion", number, pointer), ("PQparameterStatus", text, pointer, text),
        ("PQsocket", number, pointer), ("PQexec", pointer, pointer, text), ("PQresultStatus", number, pointer),
        ("PQresultErrorMessage", text, pointer), ("PQresultErrorField", text, pointer, number),
        ("PQntuples", number, pointer), ("PQnfields", number, pointer), ("PQfname", text, pointer, number),
        ("PQgetisnull", number, pointer, number, number), ("PQgetvalue", text, pointer, number, number),
        ("PQclear", None, pointer), ("PQconsumeInput", number, pointer), ("PQflush", number, pointer),
        ("PQputCopyData", number, pointer, text, number), ("PQfreemem", None, pointer),
        ("PQgetCopyData", number, pointer, ctypes.POINTER(pointer), number),
        ("PQsetNoticeReceiver", pointer, pointer, pointer, pointer),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


LIB = _load()
_QUIET = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(lambda _argument, _result: None)


def conninfo(**parameters):
    """key='value' ..., quoted as libpq wants it; parameters that are None are left out."""
    def quoted(value):
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
    return " ".join(f"{key}={quoted(value)}" for key, value in parameters.items() if value is not None)


def ping(**parameters):
    return LIB.PQping(conninfo(**parameters).encode())


class Connection:
    """One connection; a context manager that closes it."""

    def __init__(self, **parameters):
        parameters.setdefault("connect_timeout", 10)
        parameters.setdefault("application_name", "lab")
        self._conn = LIB.PQconnectdb(conninfo(**parameters).encode())
        if LIB.PQstatus(self._conn) != OK:
            message = LIB.PQerrorMessage(self._conn).decode()
            self.close()
            raise Error(message)
        LIB.PQsetNoticeReceiver(self._conn, ctypes.cast(_QUIET, ctypes.c_void_p), None)
        self.pid = LIB.PQbackendPID(self._conn)
        self.server_version = LIB.PQserverVersion(self._conn)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._conn:
            LIB.PQfinish(self._conn)
            self._conn = None

    def execute(self, sql):
        """(column names, rows of texts and None) of the last statement; raises Error."""
        result = self._exec(sql)
        try:
            rows, fields = LIB.PQntuples(result), LIB.PQnfields(result)
            names = [LIB.PQfname(result, f).decode() for f in range(fields)]
            return names, [[self._value(result, r, f) for f in range(fields)] for r in range(rows)]
        finally:
            LIB.PQclear(result)

    def rows(self, sql):
        """The rows as dictionaries."""
        names, rows = self.execute(sql)
        return [dict(zip(names, row)) for row in rows]

    def value(self, sql):
        """The first column of the first row, or None."""
        rows = self.execute(sql)[1]
        return rows[0][0] if rows else None

    def start_copy(self, command):
        """Sends a command that begins streaming (START_REPLICATION)."""
        LIB.PQclear(self._exec(command, accept=(COPY_BOTH,)))

    def fileno(self):
        return LIB.PQsocket(self._conn)

    def read_copy(self):
        """The next message as bytes, None when none is there yet; raises Error at the end of the stream."""
        if not LIB.PQconsumeInput(self._conn):
            raise Error(LIB.PQerrorMessage(self._conn).decode())
        buffer = ctypes.c_void_p()
        length = LIB.PQgetCopyData(self._conn, ctypes.byref(buffer), 1)
        if length == 0:
            return None
        if length < 0:
            raise Error(LIB.PQerrorMessage(self._conn).decode() or "end of stream")
        message = ctypes.string_at(buffer, length)
        LIB.PQfreemem(buffer)
        return message

    def write_copy(self, message):
        if LIB.PQputCopyData(self._conn, message, len(message)) < 0 or LIB.PQflush(self._conn) < 0:
            raise Error(LIB.PQerrorMessage(self._conn).decode())

    def _exec(self, sql, accept=(EMPTY_QUERY, COMMAND_OK, TUPLES_OK)):
        result = LIB.PQexec(self._conn, sql.encode())
        if LIB.PQresultStatus(result) not in accept:
            message = LIB.PQresultErrorMessage(result).decode() or LIB.PQerrorMessage(self._conn).decode()
            sqlstate = LIB.PQresultErrorField(result, ord("C"))
            LIB.PQclear(result)
            raise Error(message, sqlstate.decode() if sqlstate else None)
        return result

    @staticmethod
    def _value(result, row, field):
        return None if LIB.PQgetisnull(result, row, field) else LIB.PQgetvalue(result, row, field).decode()
