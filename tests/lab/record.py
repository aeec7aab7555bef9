"""What the recorders of MySQL's facts share: which queries a plugin asks, and answers as tests/plugin/facts.c reads them.

A file is a comment that says which server answered, the column names, the rows; tab-separated, NULL is \\N and
backslashes are escaped as in COPY's text format. A refusal is a comment with its error number.
"""

import json
import re
import socket
import subprocess

from lab import maven, mywire

ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def asked(program, *args):
    """[(what the plugin calls it, query)] in its order, from its own --verbose."""
    done = subprocess.run([program, "--no-state", "-vv", "--output-format=json", *map(str, args)], env={},
                          stdout=subprocess.PIPE, check=False)
    lines = json.loads(done.stdout)["verbose"]
    names = [re.search(r" (?:answered|refused) ((?:'[^']*'|[^:])+): ", line) for line in lines]
    texts = [line.removeprefix("asked: ") for line in lines if line.startswith("asked: ")]
    return list(zip([name[1] for name in names if name], texts, strict=True))


def head(server, situation):
    return f"# {server.build.name} {server.value('SELECT VERSION()')}, situation: {situation}\n"


def answer(server, user, text):
    with server.connect(user) as session:
        try:
            names, rows = session.table(text)
        except mywire.Error as error:
            return f"# error {error.number:05}: {escaped(error.text)}\n"
    return "".join("\t".join(map(escaped, row)) + "\n" for row in [names, *rows])


def escaped(value):
    return "\\N" if value is None else re.sub(r"[\\\t\n\r]", lambda match: ESCAPES[match[0]], _neutral(value))


def _neutral(value):
    """Nothing of the machine that recorded: where it keeps its servers, and its name."""
    name = socket.gethostname()
    value = re.sub(r"/tmp/cdc\.\w+/\d+/data", "/var/lib/mysql", value.replace(str(maven.cache()), "/opt"))
    return "db1" if value == name else re.sub(f"^{re.escape(name)}-relay", "db1-relay", value)
