"""HTTP servers that lie, for every plugin that asks one; and what HTTP has besides its answers: TLS, credentials, IPv6."""

import functools
import os
import time

import pytest

from lab import cases, fakeconnect, hostile, net, plugin, proc, targets
from lab.fakeconnect import response

Case = cases.Case
MB = 1 << 20


def http(program):
    return targets.of(program).protocol == "http"


def reply(*parts, then=hostile.silent):
    """Reads a request's head, then says parts."""
    def handler(peer):
        fakeconnect.read_head(peer)
        for part in parts:
            peer.send(part)
        then(peer)
    return functools.partial(hostile.serve, handler)


def flood(unit, head=b""):
    def handler(peer):
        fakeconnect.read_head(peer)
        peer.send(head)
        chunk = unit * max(1, hostile.CHUNK // len(unit))
        while True:
            peer.send(chunk)
    return functools.partial(hostile.serve, handler)


def drip(data, seconds=0.2):
    """The head at once, the rest slowly."""
    head, _, body = data.partition(b"\r\n\r\n")

    def handler(peer):
        fakeconnect.read_head(peer)
        peer.send(head + b"\r\n\r\n")
        for byte in body:
            peer.send(bytes([byte]))
            peer.sleep(seconds)
        peer.sleep()
    return functools.partial(hostile.serve, handler)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HTML = b"<html><body><h1>It works!</h1>|;</body></html>"


def status(code, body=b"why | not; <b>", headers=()):
    return reply(response(code, body, "text/plain", headers))


SUITE = cases.Suite(
    [Case("HTTP %d" % code, status(code), "CRITICAL", str(code)) for code in (500, 501, 502, 503, 504, 599)]
    + [Case("HTTP %d" % code, status(code), "UNKNOWN", str(code)) for code in (400, 405, 406, 410, 418, 429, 499)]
    + [Case("HTTP %d" % code, status(code), "UNKNOWN", str(code)) for code in (401, 403)]
    + [Case("HTTP %d" % code, status(code, headers=["Location: http://127.0.0.1:1/x?a=b"]), "UNKNOWN", "redirect")
       for code in (301, 302, 303, 307, 308)]
    + [
        Case("a redirect to nowhere", status(302), "UNKNOWN"),
        Case("a redirect to a file", status(302, headers=["Location: file:///etc/passwd"]), "UNKNOWN", "redirect"),
        Case("a redirect with a nasty target", status(302, headers=["Location: |;<b>\x1b[31m"]), "UNKNOWN"),
        # a worker of Connect that starts says so: that is tolerated for a while
        Case("HTTP 404 in HTML", reply(response(404, HTML)), "UNKNOWN WARNING", args=["--grace=0"]),
        Case("HTTP 204", reply(b"HTTP/1.1 204 No Content\r\n\r\n"), "UNKNOWN"),
        Case("HTTP 206", status(206), "UNKNOWN"),
        Case("HTTP 304", reply(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "UNKNOWN"),
        Case("HTTP 999", status(999), "UNKNOWN CRITICAL"),
        Case("HTTP 000", reply(b"HTTP/1.1 000 \r\n\r\n"), "UNKNOWN CRITICAL"),
        Case("a status beyond all", reply(b"HTTP/1.1 99999 x\r\n\r\n"), "UNKNOWN CRITICAL"),
        Case("HTML", reply(response(200, HTML)), "UNKNOWN"),
        Case("nothing", reply(response(200, b"")), "UNKNOWN"),
        Case("binary", reply(response(200, hostile.noise(5))), "UNKNOWN"),
        Case("zeros", reply(response(200, b"\0" * 5000)), "UNKNOWN"),
        Case("compressed", reply(response(200, b"\x1f\x8b\x08" + b"\0" * 100, headers=["Content-Encoding: gzip"])),
             "UNKNOWN", "gzip"),
        Case("compressed otherwise", reply(response(200, b"x", headers=["Content-Encoding: br"])), "UNKNOWN", "br"),
        Case("a header that is cut", reply(b"HTTP/1.1 200 OK\r\nContent-Ty", then=hostile.hang_up), "UNKNOWN CRITICAL"),
        Case("a header that stops", reply(b"HTTP/1.1 200 OK\r\nContent-Ty"), "UNKNOWN", "time"),
        Case("a body that is cut", reply(OK + b"Content-Length: 1000\r\n\r\n{", then=hostile.hang_up), "CRITICAL"),
        Case("a body that is reset", reply(OK + b"Content-Length: 1000\r\n\r\n{", then=hostile.Peer.reset), "CRITICAL"),
        Case("a body that stops", reply(OK + b"Content-Length: 1000\r\n\r\n{"), "UNKNOWN", "time"),
        Case("a body without a length", reply(OK + b"\r\n{", then=hostile.hang_up), "UNKNOWN"),
        Case("a length below zero", reply(OK + b"Content-Length: -1\r\n\r\n{}"), "UNKNOWN CRITICAL"),
        Case("a length beyond 64 bits", reply(OK + b"Content-Length: 99999999999999999999999\r\n\r\n{"), "UNKNOWN CRITICAL"),
        Case("a length that is none", reply(OK + b"Content-Length: x\r\n\r\n{"), "UNKNOWN CRITICAL"),
        Case("two lengths", reply(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), "UNKNOWN CRITICAL"),
        Case("chunks that are none", reply(CHUNKED + b"zz\r\n{}"), "UNKNOWN CRITICAL"),
        Case("chunks that are cut", reply(CHUNKED + b"100\r\n{", then=hostile.hang_up), "UNKNOWN CRITICAL"),
        Case("a chunk beyond 64 bits", reply(CHUNKED + b"fffffffffffffffffff\r\n{"), "UNKNOWN CRITICAL"),
        Case("HTTP 0.9", reply(b"{}\n", then=hostile.hang_up), "UNKNOWN"),
        Case("HTTP 2", reply(b"\0\0\x12\x04\0\0\0\0\0", then=hostile.silent), "UNKNOWN"),
        Case("TLS", reply(b"\x15\x03\x01\x00\x02\x02\x46", then=hostile.hang_up), "UNKNOWN CRITICAL"),
        Case("a header without colon", reply(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n<>", then=hostile.hang_up), "UNKNOWN"),
        Case("a body a byte at a time", drip(OK + b"Content-Length: 1000\r\n\r\n" + b"{" * 1000), "UNKNOWN"),
        Case("blanks without end", flood(b" ", OK + b"\r\n"), "UNKNOWN", large=True),
        Case("newlines without end", flood(b"\n", OK + b"\r\n"), "UNKNOWN", large=True),
        Case("a header without end", flood(b"x", b"HTTP/1.1 200 OK\r\nX: "), "UNKNOWN CRITICAL", large=True),
        Case("headers without end", flood(b"X-Y: zzzzzzzzzzzzzzzzzzzzzz\r\n", b"HTTP/1.1 200 OK\r\n"), "UNKNOWN", large=True),
        Case("an error without end", flood(b"x", b"HTTP/1.1 500 x\r\n\r\n"), "UNKNOWN CRITICAL", large=True),
        Case("chunks without end", flood(b"1\r\n \r\n", CHUNKED), "UNKNOWN", large=True),
        Case("a chunk extension without end", flood(b"x", CHUNKED + b"1;"), "UNKNOWN CRITICAL", large=True),
        Case("trailers without end", flood(b"X: y\r\n", CHUNKED + b"0\r\n"), "UNKNOWN CRITICAL", large=True),
        Case("brackets without end", flood(b"[", OK + b"\r\n"), "UNKNOWN", large=True),
        Case("braces without end", flood(b'{"a":', OK + b"\r\n"), "UNKNOWN", large=True),
        Case("a text without end", flood(b"a", OK + b'\r\n{"'), "UNKNOWN", large=True),
        Case("a number without end", flood(b"1", OK + b"\r\n"), "UNKNOWN", large=True),
        Case("json, HTTP 500", status(500), "CRITICAL", args=["--output-format=json"]),
        Case("discovery, HTTP 500", status(500), "UNKNOWN", args=["--discover"]),
        Case("verbose, HTML", reply(response(200, HTML)), "UNKNOWN", args=["--output-format=json", "-vvv"]),
    ])


@pytest.mark.parametrize("case", SUITE.cases, ids=str)
def test_lying_server(program, case):
    if http(program):
        SUITE.check(program, case)


# --- credentials --------------------------------------------------------------------------------------------

SECRET = "geheim-0815"
# base64 of "monitor:geheim-0815"
BASIC = "Basic bW9uaXRvcjpnZWhlaW0tMDgxNQ=="


@pytest.fixture
def files():
    with proc.scratch() as directory:
        def write(name, text, mode=0o600):
            path = os.path.join(directory, name)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, mode)
            return path
        yield write


def healthy(program, seen, wanted=None):
    """The healthy server of a plugin, that keeps the heads of all requests; without `wanted` in one it says 401."""
    worker = targets.of(program).healthy("dbz_orders")
    worker.requests, worker.auth = seen, wanted
    return hostile.serve(worker)


def asks(program, seen, *args, wanted=None, **how):
    with healthy(program, seen, wanted) as port:
        return targets.run(program, port, *args, **how)


def connect_only(program):
    # The servers of these tests are Connect workers.
    return program == "check_connect_status"


@pytest.mark.parametrize("text", ["monitor:geheim-0815\n", "monitor:geheim-0815", "monitor:geheim-0815\r\n"])
def test_auth_file(program, files, text):
    """Sent at once: a real 401 of Connect has no WWW-Authenticate to answer to."""
    if connect_only(program):
        seen = []
        done = asks(program, seen, "--auth-file", files("auth", text), "-vvv", wanted=BASIC)
        assert done.rc == 0 and all("Authorization: " + BASIC in head for head in seen), (done, seen)
        assert SECRET not in done.text


def test_password_with_colons(program, files):
    if connect_only(program):
        seen = []
        assert asks(program, seen, "--auth-file", files("auth", "u:p:w:\n"), wanted="Basic dTpwOnc6").rc == 0, seen


def test_bearer_and_header_files(program, files):
    if connect_only(program):
        seen = []
        done = asks(program, seen, "--bearer-file", files("t", "abc.def\n"), "--header-file",
                    files("h", "X-Tenant: a b\n\nX-Empty:\r\n"), wanted="Bearer abc.def")
        assert done.rc == 0 and "X-Tenant: a b" in seen[0] and "X-Empty:" in seen[0], (done, seen)


def test_netrc_file(program, files):
    if connect_only(program):
        seen = []
        path = files("netrc", "machine other login x password y\nmachine 127.0.0.1 login monitor password %s\n" % SECRET)
        assert asks(program, seen, "--netrc-file", path, wanted=BASIC).rc == 0, seen


def test_the_users_own_netrc_is_left_alone(program, files):
    if connect_only(program):
        seen = []
        path = files(".netrc", "machine 127.0.0.1 login monitor password %s\n" % SECRET)
        asks(program, seen, env={"HOME": os.path.dirname(path)})
        assert seen and not any("Authorization" in head for head in seen), seen


def test_wrong_password(program, files):
    if connect_only(program):
        done = asks(program, [], "--auth-file", files("auth", "monitor:wrong-4711"), wanted=BASIC)
        assert done.rc == 3 and "401" in done.line1 and "wrong-4711" not in done.text, done


@pytest.mark.parametrize("option", ["auth-file", "bearer-file", "netrc-file", "header-file", "private-key"])
def test_files_with_secrets_must_be_private(program, files, option):
    if http(program):
        path = files("secret", "monitor:%s\n" % SECRET, mode=0o644)
        done = targets.run(program, 1, "--" + option, path)
        assert done.rc == 3 and path in done.line1 and "chmod" in done.line1 and SECRET not in done.text, done


@pytest.mark.parametrize("option, text", [("auth-file", ""), ("auth-file", "nocolon"), ("auth-file", "a:b\nc:d\n"),
                                          ("bearer-file", "\n"), ("bearer-file", "a\nb\n"), ("header-file", "nonsense\n"),
                                          ("header-file", ": x\n"), ("header-file", "a b: c\n")])
def test_files_that_are_not_what_they_should_be(program, files, option, text):
    if http(program):
        done = targets.run(program, 1, "--" + option, files("f", text))
        assert done.rc == 3 and option in done.line1, done


def test_an_answer_that_repeats_the_credentials(program, files):
    def echo(peer):
        peer.send(response(418, fakeconnect.read_head(peer).encode(), "text/plain"))
    if http(program):
        with hostile.serve(echo) as port:
            done = targets.run(program, port, "--auth-file", files("auth", "monitor:%s\n" % SECRET), "-vvv")
        assert done.rc == 3 and SECRET not in done.text and BASIC.split()[1] not in done.text, done


def test_a_redirect_gets_no_credentials(program, files):
    if http(program):
        seen = []
        with healthy("check_connect_status", seen) as elsewhere, hostile.serve(lambda peer: (
                fakeconnect.read_head(peer), peer.send(response(302, b"", headers=[
                    "Location: http://127.0.0.1:%d/" % elsewhere])))) as port:
            done = targets.run(program, port, "--auth-file", files("auth", "monitor:%s" % SECRET))
        assert done.rc == 3 and not seen, (done, seen)


@pytest.mark.parametrize("url", ["http://monitor:%s@127.0.0.1:1", "monitor:%s@127.0.0.1:1"])
def test_a_password_in_a_url_is_refused(url):
    done = plugin.run("check_connect_status", "--url", url % SECRET)
    assert done.rc == 3 and "auth-file" in done.line1 and SECRET not in done.text, done


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "http://", "http://a b", "http://x:99999",
                                 "http://x:0", "http://[::1", "http://x/?a=b", "http://x\n/", "://", "?"])
def test_urls_that_are_none(url):
    done = plugin.run("check_connect_status", "--url", url)
    assert done.rc == 3 and "--url" in done.line1, done


def test_a_proxy_of_the_environment_is_not_used(program):
    if connect_only(program):
        env = {"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"}
        assert asks(program, [], env=env).rc == 0


# --- TLS and addresses --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def authority():
    with proc.scratch() as directory:
        yield hostile.Authority(directory)


def over_tls(context, worker):
    def handler(peer):
        peer.start_tls(context)
        worker(peer)
    return hostile.serve(handler)


def ask_tls(authority, names, *args, url="https://127.0.0.1:%d"):
    worker = targets.of("check_connect_status").healthy("dbz_orders")
    with over_tls(authority.context(names), worker) as port:
        return plugin.run("check_connect_status", "--url", url % port, args, "-t", "3")


def test_tls(authority):
    assert ask_tls(authority, "IP:127.0.0.1", "--ca-cert", authority.cert).rc == 0


def test_tls_by_name(authority):
    assert ask_tls(authority, "DNS:localhost", "--ca-cert", authority.cert, "-4", url="https://localhost:%d").rc == 0


@pytest.mark.parametrize("names, trusted", [("DNS:other.example", True), ("IP:127.0.0.1", False)])
def test_tls_that_cannot_be_verified(authority, names, trusted):
    args = ["--ca-cert", authority.cert] if trusted else []
    done = ask_tls(authority, names, args)
    assert done.rc == 2 and "certificate" in done.line1, done
    assert ask_tls(authority, names, args, "--tls=no-verify").rc == 0


def test_tls_that_stalls(authority):
    with hostile.serve(hostile.silent) as port:
        done = plugin.run("check_connect_status", "--url", "https://127.0.0.1:%d" % port, "-t", "1")
    assert done.rc == 3 and "TLS" in done.line1 and done.seconds < 1 + plugin.slack("check_connect_status"), done


def test_tls_where_none_is():
    with hostile.serve(hostile.say(hostile.HTTP_PAGE, hostile.hang_up)) as port:
        done = plugin.run("check_connect_status", "--url", "https://127.0.0.1:%d" % port, "-t", "3")
    assert done.rc == 2 and "no TLS" in done.line1, done


def test_none_where_tls_is(authority):
    done = ask_tls(authority, "IP:127.0.0.1", url="http://127.0.0.1:%d")
    assert done.rc in (2, 3), done


def test_a_slow_handshake_may_use_the_whole_deadline(authority):
    """60 % of it is for the TCP connection alone."""
    context, worker = authority.context("IP:127.0.0.1"), targets.of("check_connect_status").healthy("dbz_orders")

    def handler(peer):
        peer.sleep(1.4)
        peer.start_tls(context)
        worker(peer)
    with hostile.serve(handler) as port:
        done = plugin.run("check_connect_status", "--url", "https://127.0.0.1:%d" % port, "-t", "2", "--ca-cert",
                          authority.cert)
    assert done.rc == 0, done


def test_an_encrypted_key_asks_nobody(authority, files):
    key = files("key", "")
    hostile._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes256", "-pass",
                     "pass:x", "-out", key)
    os.chmod(key, 0o600)
    done = ask_tls(authority, "IP:127.0.0.1", "--ca-cert", authority.cert, "--client-cert", authority.cert,
                   "--private-key", key)
    assert done.rc == 3, done


@pytest.mark.parametrize("args", [["--url=http://[::1]:%d"], ["-H", "::1", "-P", "%d"], ["-H", "[::1]", "-P", "%d"],
                                  ["-6", "--url=http://ip6-localhost:%d"]])
def test_ipv6(args):
    if "ip6-localhost" in args[-1] and "ip6-localhost" not in open("/etc/hosts").read():
        pytest.skip("/etc/hosts has no ip6-localhost")
    worker = targets.of("check_connect_status").healthy("dbz_orders")
    with fakeconnect.serve(worker, "::1") as port:
        assert plugin.run("check_connect_status", [arg.replace("%d", str(port)) for arg in args]).rc == 0


def test_addresses_of_one_kind_only():
    with targets.serve_healthy("check_connect_status") as port:
        assert plugin.run("check_connect_status", "-4", "--url", "http://localhost:%d" % port).rc == 0
        assert plugin.run("check_connect_status", "-6", "--url", "http://127.0.0.1:%d" % port).rc == 2


# --- several workers ----------------------------------------------------------------------------------------

def test_a_silent_worker_leaves_time_for_the_next():
    with hostile.serve(hostile.silent) as bad, targets.serve_healthy("check_connect_status") as good:
        done = plugin.run("check_connect_status", ["--url=http://127.0.0.1:%d" % port for port in (bad, good)], "-t", "2")
    assert done.rc == 1 and "did not answer" in done.text and str(bad) in done.line1, done


@pytest.mark.parametrize("count", [1, 2, 3])
def test_black_holes_leave_time_for_the_next(count):
    with targets.serve_healthy("check_connect_status") as good, net.black_hole() as bad:
        done = plugin.run("check_connect_status", ["--url=http://127.0.0.1:%d" % bad] * count,
                          "--url=http://127.0.0.1:%d" % good, "-t", "3")
    assert done.rc == 1 and str(bad) in done.line1 and done.seconds < 3, done


def test_a_worker_that_dies_in_the_middle_of_the_list():
    """What it said counts once, and the next one tells the rest."""
    connectors = {name: fakeconnect.connector() for name in ("a", "b")}
    whole = fakeconnect.Worker(connectors)
    half = fakeconnect.Worker(connectors, answers={"/connectors?expand=status&expand=info": lambda peer: (
        peer.send(response(200, {name: fakeconnect.named(name, entry) for name, entry in connectors.items()})[:-300]),
        peer.reset())})
    with fakeconnect.serve(half) as first, fakeconnect.serve(whole) as second:
        done = plugin.run("check_connect_status", "--url=http://127.0.0.1:%d" % first, "--url=http://127.0.0.1:%d" % second)
    assert done.rc == 1 and done.perf["cluster.connectors"].value == 2 and done.perf["cluster.tasks"].value == 2, done


def test_what_was_seen_before_the_time_was_over_is_judged():
    """A FAILED connector and then a time-out is CRITICAL."""
    connectors = {"a": fakeconnect.connector(tasks=["FAILED"]), "b": fakeconnect.connector()}
    body = response(200, {name: fakeconnect.named(name, entry) for name, entry in connectors.items()})
    worker = fakeconnect.Worker(connectors, answers={"/connectors?expand=status&expand=info": lambda peer: (
        peer.send(body[:-20]), peer.sleep())})
    with fakeconnect.serve(worker) as port:
        done = plugin.run("check_connect_status", "-H", "127.0.0.1", "-P", port, "-t", "1")
    assert done.rc == 2 and "a task 0 failed" in done.line1 and "timed out" in done.line1, done


def test_no_time_is_spent_once_all_is_told():
    with targets.serve_healthy("check_connect_status") as port:
        started = time.monotonic()
        plugin.run("check_connect_status", "-H", "127.0.0.1", "-P", port)
    assert time.monotonic() - started < 1
