"""No secret is an argument, no file with one may be open to others, and none is ever printed."""

import os

import pytest

from lab import fakepg, net, plugin, targets

SECRET = "geheim-0815"
# How a secret stands in each kind of file.
CONTENTS = {"passfile": "*:*:*:*:%s\n", "password-file": "%s\n", "defaults-file": "[client]\npassword=%s\n",
            "auth-file": "x:%s\n", "bearer-file": "%s\n", "netrc-file": "machine 127.0.0.1 login x password %s\n",
            "header-file": "X-Api-Key: %s\n"}


@pytest.fixture
def port(program):
    with targets.serve_healthy(program) as number:
        yield number


def secret_file(private, option, mode):
    path = "%s/%s" % (private, option)
    with open(path, "w") as file:
        file.write(CONTENTS.get(option, "%s\n") % SECRET)
    os.chmod(path, mode)
    return path


def secret_options(program):
    return [option for option in CONTENTS if option in targets.of(program).options]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_file_that_others_read_is_refused(program, port, private, mode):
    for option in secret_options(program):
        path = secret_file(private, option, mode)
        done = targets.run(program, port, "--" + option, path)
        assert done.rc == 3 and path in done.line1 and SECRET not in done.text, done
        assert targets.run(program, port, "--" + option, secret_file(private, option, 0o600)).rc != 3
    path = secret_file(private, "private-key", mode)
    done = targets.run(program, port, "--client-cert", path, "--private-key", path)
    assert done.rc == 3 and path in done.line1 and SECRET not in done.text, done


@pytest.mark.parametrize("argument", ["--password=", "--pass=", "--token=", "-o password="])
def test_a_secret_in_an_unknown_option_is_not_repeated(program, port, argument):
    """Other plugins take one there, and their option files hold it."""
    done = targets.run(program, port, *(argument + SECRET).split(" "))
    assert done.rc == 3 and SECRET not in done.text, done


def test_a_secret_in_an_option_file_is_not_repeated(program, port, private):
    path = private + "/plugins.ini"
    with open(path, "w") as file:
        file.write("[other]\npassword=%s\n" % SECRET)
    done = targets.run(program, port, "--extra-opts=other@" + path)
    assert done.rc == 3 and "password" in done.line1 and SECRET not in done.text, done


@pytest.mark.parametrize("mode, refused", [(0o644, True), (0o600, False)])
def test_a_service_with_a_password_that_others_read(program, private, mode, refused):
    if program != "check_pg_slot":
        return
    path = private + "/services"
    with open(path, "w") as file:
        file.write("[orders]\nhost=127.0.0.1\nport=1\nuser=x\npassword=%s\n" % SECRET)
    os.chmod(path, mode)
    done = plugin.run(program, ["--no-state", "--service=orders"], env={"PGSERVICEFILE": path}, check=False)
    assert done.rc == (3 if refused else 2) and (path in done.line1) == refused and SECRET not in done.text, done


def test_a_password_file_that_libpq_ignores_is_named(program, private):
    if program != "check_pg_slot":
        return
    path = secret_file(private, "passfile", 0o644)
    with fakepg.serve(startup=fakepg.ask(3)) as number:
        done = plugin.run(program, ["--no-state", "-H", "127.0.0.1", "-P", str(number), "-u", "x", "--tls=disable"],
                          env={"PGPASSFILE": path}, check=False)
    assert done.rc == 3 and path in done.line1 and "chmod" in done.line1, done


def test_a_secret_file_that_is_not_there(program, port, private):
    for option in secret_options(program):
        done = targets.run(program, port, "--%s=%s/none" % (option, private))
        assert done.rc == 3 and private + "/none" in done.line1, done


@pytest.mark.parametrize("fmt", ["nagios", "json", "prometheus"])
def test_secrets_are_never_printed(program, port, private, fmt):
    with net.refused() as nobody:
        for option in secret_options(program):
            path = secret_file(private, option, 0o600)
            for number in (port, nobody):
                done = targets.run(program, number, "-vvv", "--output-format=" + fmt, "--%s=%s" % (option, path))
                assert SECRET not in done.text, done


def startup(heard):
    """Asks for the password in clear text, and quotes it back in an error as no decent server would."""
    def ask(peer):
        peer.send(fakepg.message(b"R", b"\0\0\0\3"))
        heard.append(peer.recv())
        fakepg.fail("28P01", "password authentication failed")(peer)
    return ask


def test_a_password_for_postgresql(program, private):
    if targets.of(program).protocol != "pg":
        return  # libpq alone takes them from connection strings
    heard = []
    with fakepg.serve(startup=startup(heard)) as port:
        done = targets.run(program, port, "-vvv", "--passfile", secret_file(private, "passfile", 0o600))
        assert SECRET.encode() in heard[0], "the password was not even sent"
        assert done.rc == 3 and SECRET not in done.text
        for args in (["-o", "password=" + SECRET], ["-o", "postgresql://x:%s@127.0.0.1:%d/y" % (SECRET, port)],
                     ["-d", "postgresql://x:%s@127.0.0.1:%d/y" % (SECRET, port)], ["-o", "sslpassword=" + SECRET]):
            for fmt in ("nagios", "json"):
                done = targets.run(program, port, "-vvv", args, "--output-format=" + fmt, line_max=1000)
                assert SECRET not in done.text, done
        done = targets.run(program, port, "-vvv", env={"PGPASSWORD": SECRET})
        assert SECRET not in done.text and done.rc == 3


@pytest.mark.parametrize("directive", ["!include %s/more/own.cnf", "!includedir %s/more"])
@pytest.mark.parametrize("mode, refused", [(0o644, True), (0o600, False)])
def test_an_option_file_includes_a_secret_that_others_read(program, port, private, directive, mode, refused):
    if "defaults-file" not in targets.of(program).options:
        return
    os.mkdir(private + "/more")
    included = private + "/more/own.cnf"
    for path, text in ((private + "/my.cnf", directive % private), (included, "[client]\npassword=%s" % SECRET)):
        with open(path, "w") as file:
            file.write(text + "\n")
    os.chmod(included, mode)
    done = targets.run(program, port, "--defaults-file", private + "/my.cnf")
    assert (done.rc == 3 and included in done.line1) == refused and SECRET not in done.text, done


@pytest.mark.parametrize("mode, refused", [(0o644, True), (0o600, False)])
def test_the_accounts_own_option_file(program, port, private, mode, refused):
    if "defaults-file" not in targets.of(program).options:
        return
    os.rename(secret_file(private, "defaults-file", mode), private + "/.my.cnf")
    done = targets.run(program, port, env={"HOME": private})
    assert (done.rc == 3 and "/.my.cnf" in done.line1) == refused and SECRET not in done.text, done
