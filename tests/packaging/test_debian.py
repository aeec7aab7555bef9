"""The Debian packages, built from the clone and from a release tarball, looked into, checked and installed.

Slow, so that only tests/run --full dist runs it. Every build is one of contrib/packaging/build-deb.
"""
import os
import re
import shutil
import subprocess
import types

import pytest

from lab import icinga, need, plugin

SCRIPT = "contrib/packaging/build-deb"
PLUGINS = {
    "cdc-plugins-connect": ["check_cdc_lag", "check_connect_status"],
    "cdc-plugins-mysql": ["check_binlog_retention", "check_mysql_gtid"],
    "cdc-plugins-postgresql": ["check_pg_slot"],
}
NAMES = ["cdc-plugins", "cdc-plugins-common", *PLUGINS]
ALL = [program for programs in PLUGINS.values() for program in programs]
STATE = "var/lib/cdc-plugins"
EXAMPLES = "usr/share/doc/cdc-plugins-common/examples"
CONTRIB = "usr/share/icinga2/include/plugins-contrib.d"


def run(*argv, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, **more)


def good(*argv, **more):
    done = run(*argv, **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def build(tree, target, options):
    """What build-deb makes: its output, the path of the .changes, and per package the path of the .deb."""
    log = good(os.path.join(tree, SCRIPT), target, env={**os.environ, "DEB_BUILD_OPTIONS": options})
    made = {name.partition("_")[0]: os.path.join(target, name)
            for name in os.listdir(target) if name.endswith(".deb") and "-dbgsym_" not in name}
    changes, = [os.path.join(target, name) for name in os.listdir(target) if name.endswith(".changes")]
    return types.SimpleNamespace(log=log, debs=made, changes=changes)


def contents(deb):
    """{path: (mode, owner)} of all that a package holds below /; a folder's path ends with /."""
    rows = [line.split(None, 5) for line in good("dpkg-deb", "-c", deb).splitlines() if not line.endswith(" ./")]
    return {row[5][2:]: (row[0], row[1]) for row in rows}


def files(deb):
    return {path for path in contents(deb) if not path.endswith("/")}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    for name in ("dpkg-buildpackage", "dh", "lintian"):
        need.program(name)
    return build(plugin.TOP, str(tmp_path_factory.mktemp("packages")), "")


@pytest.fixture(scope="module")
def tarball(tmp_path_factory):
    """An unpacked release."""
    good("make", "-C", plugin.BUILDDIR, "dist")
    where = tmp_path_factory.mktemp("release")
    archive, = [name for name in os.listdir(plugin.BUILDDIR) if name.endswith(".tar.xz")]
    good("tar", "-C", str(where), "-xf", os.path.join(plugin.BUILDDIR, archive))
    return str(where / archive[:-len(".tar.xz")])


@pytest.fixture(scope="module")
def root(built, tmp_path_factory):
    where = str(tmp_path_factory.mktemp("root"))
    for deb in built.debs.values():
        good("dpkg", "-x", deb, where)
    return where


def test_every_package_is_made_and_nothing_else(built):
    assert sorted(built.debs) == sorted(NAMES)


def test_the_unit_tests_were_run(built):
    assert int(re.search(r"^# PASS: +(\d+)$", built.log, re.M)[1]) > 40
    assert re.search(r"^# FAIL: +0$", built.log, re.M)


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_a_plugin_has_all_that_belongs_to_it_where_debian_wants_it(built, name):
    expected = {"usr/share/doc/%s/%s" % (name, doc) for doc in ("copyright", "changelog.gz")}
    for program in PLUGINS[name]:
        expected |= {"usr/lib/nagios/plugins/" + program, "usr/share/man/man1/%s.1.gz" % program,
                     "usr/share/bash-completion/completions/" + program, "%s/%s.conf" % (CONTRIB, program)}
    assert files(built.debs[name]) == expected
    for path, (mode, owner) in contents(built.debs[name]).items():
        program = path.startswith("usr/lib/nagios/plugins/")
        assert owner == "root/root" and mode in ("drwxr-xr-x", "-rwxr-xr-x" if program else "-rw-r--r--"), path


def test_any_account_may_keep_its_state(built):
    """dpkg keeps what the package says: the mode of /tmp."""
    assert contents(built.debs["cdc-plugins-common"])[STATE + "/"] == ("drwxrwxrwt", "root/root")
    assert [name for name in NAMES if STATE + "/" in contents(built.debs[name])] == ["cdc-plugins-common"]


def test_the_examples_of_contrib_are_there(built):
    held = {path[len(EXAMPLES) + 1:] for path in files(built.debs["cdc-plugins-common"]) if path.startswith(EXAMPLES)}
    shipped = set()
    for system in ("checkmk", "nagios", "nrpe", "prometheus", "sensu", "zabbix"):
        shipped |= {system + "/" + name for name in os.listdir(os.path.join(plugin.TOP, "contrib", system))}
    assert held == shipped | {"icinga2/services.conf.example"}


@pytest.mark.parametrize("name, libraries", [
    ("cdc-plugins-connect", {"libcurl4", "libjson-c5"}),
    ("cdc-plugins-mysql", {"libmariadb3", "libjson-c5"}),
    ("cdc-plugins-postgresql", {"libpq5"}),
])
def test_a_package_needs_its_own_client_library_alone(built, name, libraries):
    depends = good("dpkg-deb", "-f", built.debs[name], "Depends")
    # libcurl4t64: Debian's name since time_t has 64 bits
    needed = {re.sub(r"t64$", "", re.match(r"[^ ]+", one)[0]) for one in depends.strip().split(", ")}
    assert needed == libraries | {"libc6", "cdc-plugins-common"}


def test_lintian_has_nothing_to_say(built):
    good("lintian", "--allow-root", "--fail-on", "error,warning", built.changes)


@pytest.mark.parametrize("check", ALL)
def test_an_installed_plugin_runs(root, check):
    where = os.path.join(root, "usr/lib/nagios/plugins", check)
    done = run(where, "--version")
    assert (done.returncode, done.stdout.splitlines()[0]) == (3, check + " (cdc-plugins) 0.1.0")
    with open(where, "rb") as file:
        assert b"/" + STATE.encode() + b"\0" in file.read()


def test_icinga_knows_the_commands_beside_its_own(root):
    """Debian's icinga2.conf includes <plugins-contrib>, which is whatever lies in that folder."""
    folder = os.path.join(root, CONTRIB)
    definitions = ["include <plugins-contrib>"]
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as file:
            definitions.append(file.read())
    services = "".join('object Service "%s" { host_name = "h", check_command = "%s" }\n' % (one, one) for one in ALL)
    code, said = icinga.validate("\n".join(definitions), 'object Host "h" { check_command = "dummy" }\n' + services)
    assert code == 0, said
    assert "Instantiated %d Services" % len(ALL) in said


def test_purged_is_gone_but_for_what_others_put_there(built, tmp_path):
    need.root()
    where = str(tmp_path)
    for name in ("info", "updates"):
        os.makedirs(os.path.join(where, "var/lib/dpkg", name))
    open(os.path.join(where, "var/lib/dpkg/status"), "w").close()
    dpkg = ["dpkg", "--root=" + where, "--log=/dev/null", "--force-depends,script-chrootless"]
    good(*dpkg, "-i", *built.debs.values())
    state = os.path.join(where, STATE)
    assert os.stat(state).st_mode & 0o7777 == 0o1777
    for name in ("check_pg_slot.0.x.0123456789abcdef.state", "check_pg_slot.0.x.0123456789abcdef.lock", "notes"):
        open(os.path.join(state, name), "w").close()
    good(*dpkg, "-r", *NAMES)
    assert len(os.listdir(state)) == 3
    good(*dpkg, "-P", *NAMES)
    assert os.listdir(state) == ["notes"]
    assert not os.path.exists(os.path.join(where, "usr"))


def test_a_release_builds_the_same_and_nocheck_is_honoured(built, tarball, tmp_path):
    again = build(tarball, str(tmp_path / "made by it"), "nocheck")
    assert not re.search(r"^PASS: ", again.log, re.M)
    assert "make check is without the unit tests" in again.log
    for name in NAMES:
        assert contents(again.debs[name]) == contents(built.debs[name])


@pytest.mark.parametrize("argv", [[], [""], ["a", "b"]])
def test_its_usage(argv):
    done = run(os.path.join(plugin.TOP, SCRIPT), *argv)
    assert (done.returncode, done.stdout) == (2, "usage: contrib/packaging/build-deb DIRECTORY\n")


def test_a_tree_that_is_not_fit_is_refused(tarball, tmp_path):
    tree = str(tmp_path / "tree")
    shutil.copytree(tarball, tree)
    script = os.path.join(tree, SCRIPT)
    open(os.path.join(tree, "config.status"), "w").close()
    done = run(script, str(tmp_path / "out"))
    assert done.returncode == 1 and "run make distclean there first" in done.stdout
    with open(os.path.join(tree, "configure.ac"), "r+") as file:
        text = file.read().replace("[0.1.0]", "[0.1.1]")
        file.seek(0)
        file.write(text)
    done = run(script, str(tmp_path / "out"))
    assert done.returncode == 1 and "is about version 0.1.0, configure.ac about 0.1.1" in done.stdout
