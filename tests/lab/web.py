"""A small HTTP client for the laboratory: any answer is an answer, and no path is put right on the way.

    answer = web.get("http://127.0.0.1:8083/connectors")
    answer.status, answer.kind, answer.text, answer.json
"""

import http.client
import json
import ssl
import urllib.parse


class Answer:
    """status, kind (Content-Type), headers, text; json when it is asked for."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.kind = headers.get("Content-Type", "")
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.kind}: {self.text[:500]}"


def ask(method, url, body=None, seconds=30, headers=()):
    """body: what becomes JSON. OSError or http.client.HTTPException when there is no answer."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        unverified = ssl._create_unverified_context()  # pylint: disable=protected-access
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=seconds, context=unverified)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    sent = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(method, parts.path + ("?" + parts.query if parts.query else ""),
                           None if body is None else json.dumps(body), {**sent, **dict(headers)})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def get(url, seconds=30, headers=()):
    return ask("GET", url, None, seconds, headers)


def answers(url, seconds=2, headers=()):
    """The answer, or None where nobody gives one."""
    try:
        return get(url, seconds, headers)
    except (OSError, http.client.HTTPException):
        return None
