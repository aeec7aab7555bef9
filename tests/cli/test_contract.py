"""The checker itself: a checker that lets everything pass would make every other test worthless."""

import json
import os
import stat

import pytest

from lab import contract, exposition, plugin

GOOD = """PG_SLOT CRITICAL - dbz_orders is lost (wal_removed): changes since 0/5A1C2E8 are gone - 1 of 3 slots critical
[CRITICAL] dbz_orders: lost (wal_removed), inactive for 3h 12m
[OK] dbz_stock: active, retains 1.1 MiB, 0 B unconfirmed
[OK] dbz_users: active, retains 12.4 MiB, 312 B unconfirmed\
|dbz_orders.active=0 dbz_users.retained=13002342B;5368709120;10737418240;0 a.time-to-loss=1.5s;4h:
""".replace("4h:", "14400:")

PAGE = {"plugin": "check_pg_slot", "version": "1.0", "state": "WARNING", "exit_code": 1, "summary": "dbz is late",
        "items": [{"name": "a|b", "state": "WARNING", "text": "late", "labels": {"slot": "a|b"},
                   "metrics": [{"name": "retained", "value": 18446744073709551615, "unit": "B", "warning": "10",
                                "critical": None, "min": 0, "max": None}]}],
        "error": None, "verbose": []}

EXPOSITION = """# HELP cdc_check_state State of the whole check.
# TYPE cdc_check_state gauge
cdc_check_state{plugin="check_pg_slot"} 2
# HELP cdc_check_item_state State of an item.
# TYPE cdc_check_item_state gauge
cdc_check_item_state{plugin="check_pg_slot",item="a\\"b\\\\c\\nd"} 2
# HELP cdc_pg_slot_retained_bytes WAL that the slot keeps.
# TYPE cdc_pg_slot_retained_bytes gauge
cdc_pg_slot_retained_bytes{slot="a"} 13002342
"""


def check(text, rc=2, fmt="nagios", **how):
    return contract.check(text if isinstance(text, bytes) else text.encode(), rc, "check_pg_slot", fmt=fmt, **how)


@pytest.mark.parametrize("text, rc", [
    (GOOD, 2),
    ("PG_SLOT OK - 1 slot is fine|a.active=1\n", 0),
    ("PG_SLOT UNKNOWN - unknown option --foo\n", 3),
    ("PG_SLOT OK - fine|" + " ".join("s.m%s=1;%s" % ("a" * i, r) for i, r in enumerate(
        ["10", "10:", "~:10", "5:10", "0:", "@10", "@5:10", "~:", "-5:-1", "1.5", "~:-5"])) + "\n", 0),
    ("PG_SLOT WARNING - a and 2 more\n[WARNING] a: x\n[OK] b: y\n... and 2 more|a.x=1\n", 1),
    ("PG_SLOT WARNING - server is full\n[WARNING] server: full\n[OK] b: y\n", 1),
    ("PG_SLOT OK - fine\nnote: no state directory|s.a=1\n", 0),
    ("PG_SLOT OK - grüße … fine\n", 0),
])
def test_accepts(text, rc):
    assert check(text, rc) == []


@pytest.mark.parametrize("text, rc", [
    ("", 3),
    ("\n", 3),
    (GOOD.rstrip("\n"), 2),
    (GOOD + "\n", 2),
    (GOOD + "behind\n", 2),
    (GOOD, 1),
    (GOOD, 4),
    (GOOD, -9),
    (GOOD.replace("PG_SLOT", "CHECK_PG_SLOT", 1), 2),
    (GOOD.replace("PG_SLOT CRITICAL - ", "CRITICAL: ", 1), 2),
    (GOOD.replace("PG_SLOT CRITICAL", "PG_SLOT Critical", 1), 2),
    (GOOD.replace("|", " |"), 2),
    (GOOD.replace("|", "| "), 2),
    (GOOD.replace("|", "\n|"), 2),
    (GOOD.replace("dbz_stock:", "a|b:"), 2),
    (GOOD.replace("active=0 ", "active=0  "), 2),
    (GOOD.replace("a.time", "dbz_orders.active=1 a.time"), 2),
    (GOOD.replace("active=0", "active=U"), 2),
    (GOOD.replace("active=0", "active=nan"), 2),
    (GOOD.replace("active=0", "active=-0"), 2),
    (GOOD.replace("active=0", "active=1e3"), 2),
    (GOOD.replace("active=0", "active=1,5"), 2),
    (GOOD.replace("active=0", "active=007"), 2),
    (GOOD.replace("active=0", "active=99999999999999999999"), 2),
    (GOOD.replace("13002342B", "13002342.5B"), 2),
    (GOOD.replace("13002342B", "13002342KB"), 2),
    (GOOD.replace("1.5s", "1.5000s"), 2),
    (GOOD.replace("1.5s", "1500ms"), 2),
    (GOOD.replace("14400:", "0:14400"), 2),
    (GOOD.replace("14400:", "20:10"), 2),
    (GOOD.replace("14400:", "4h:"), 2),
    (GOOD.replace("14400:", "@0:10"), 2),
    (GOOD.replace("10737418240;0", "10737418240;0;1;2"), 2),
    (GOOD.replace("10737418240;0", "10737418240;5;1"), 2),
    (GOOD.replace("dbz_orders.active", "'dbz orders'.active"), 2),
    (GOOD.replace("dbz_orders.active", "dbz:orders.active"), 2),
    (GOOD.replace("dbz_orders.active", "active"), 2),
    (GOOD.replace("is lost", "is <b>lost"), 2),
    (GOOD.replace("is lost", "is lost;"), 2),
    (GOOD.replace("is lost", "is\x1b[31m lost"), 2),
    (GOOD.replace("is lost", "is\tlost"), 2),
    (GOOD.replace("is lost", "is \x85lost"), 2),
    (GOOD.replace("is lost", "is \x00lost"), 2),
    (GOOD.encode().replace(b"is lost", b"is \xff lost"), 2),
    (GOOD.encode().replace(b"is lost", b"is \xed\xa0\x80 lost"), 2),
    (GOOD.replace("[OK] dbz_stock", "[OK] dbz_zzz"), 2),
    (GOOD.replace("[CRITICAL]", "[OK]").replace("[OK] dbz_users", "[CRITICAL] dbz_users"), 2),
    (GOOD.replace("[CRITICAL]", "Verbose:"), 2),
    ("PG_SLOT OK - fine\n[CRITICAL] a: x\n[OK] b: y\n", 0),
    ("PG_SLOT WARNING - %s\n" % ("x" * 120), 1),
    ("PG_SLOT UNKNOWN - %s\n" % ("x" * 1200), 3),
])
def test_rejects(text, rc):
    assert check(text, rc) != []


def test_rejects_stderr():
    assert check(GOOD, err=b"warning: something") != []


def test_verbose_lines_are_allowed_only_when_asked_for():
    text = "PG_SLOT OK - fine\n[OK] a: x\n[OK] b: y\nconnected in 12 ms|a.x=1\n"
    assert check(text, 0, verbose=True) == [] and check(text, 0) != []


def page(change=None, **fields):
    new = json.loads(json.dumps(PAGE))
    new.update(fields)
    if change:
        change(new)
    return json.dumps(new) + "\n"


def metric(**fields):
    return page(lambda new: new["items"][0]["metrics"][0].update(fields))


def test_accepts_json():
    assert check(page(), 1, "json") == []
    assert check(page(items=[], error="cannot connect", state="UNKNOWN", exit_code=3), 3, "json") == []


@pytest.mark.parametrize("text", [
    page()[:-2] + "\n", page() + page(), "[]\n", page()[:-1], page(extra=1), page(state="warning"), page(exit_code=0),
    page(exit_code=True), page(exit_code="1"), page(items=None), page(items={}), page(verbose=None), page(error=""),
    page(summary="a\nb"), page(summary="a|b"), page(summary=None), page(plugin="pg_slot"), page(version=""),
    page().replace('"error": null', '"error": null, "error": null'), page().replace("18446744073709551615", "NaN"),
    page().replace("18446744073709551615", "18446744073709551616"), metric(value="1"), metric(value=None),
    metric(value=True), metric(value=1.5), metric(unit="KB"), metric(unit=None), metric(warning=10),
    metric(warning="0:10"), metric(min="0"), metric(name="Retained"), page(lambda n: n["items"][0].pop("labels")),
    page(lambda n: n["items"][0].update(state="CRITICAL")), page(lambda n: n["items"][0].update(labels=None)),
    page(lambda n: n["items"][0].update(labels={"{#SLOT}": "a"})), page(lambda n: n["items"][0].update(text="")),
    page(lambda n: n["items"][0]["metrics"].append(n["items"][0]["metrics"][0])),
])
def test_rejects_json(text):
    assert check(text, 1, "json") != []


def test_accepts_exposition():
    assert check(EXPOSITION, 2, "prometheus") == []
    labels = exposition.parse(EXPOSITION)["cdc_check_item_state"].samples[0][0]
    assert labels["item"] == 'a"b\\c\nd'


@pytest.mark.parametrize("old, new", [
    ("13002342\n", "13002342"), ("13002342", "1e9"), ("13002342", "NaN"), ("13002342", "13002342 1700000000"),
    ("# TYPE cdc_pg_slot_retained_bytes gauge\n", ""),
    ("# HELP cdc_pg_slot_retained_bytes WAL that the slot keeps.\n", ""),
    ("retained_bytes gauge", "retained_bytes histogram"), ('{slot="a"}', '{slot="a",slot="b"}'),
    ('{slot="a"}', '{slot="a",}'), ('{slot="a"}', "{slot='a'}"), ('{slot="a"}', '{slot="\\t"}'),
    ('{slot="a"}', '{SLOT="a"}'), ('{slot="a"}', '{slot="a"} '), ("retained_bytes", "retained_total"),
    ("retained_bytes gauge", "retained_bytes counter"), ("cdc_pg_slot", "pg_slot"), ("} 2\n", "} 1\n"),
    ('cdc_check_state{plugin="check_pg_slot"} 2\n', ""), ("13002342\n", "13002342\n\n"),
    ("13002342\n", '13002342\ncdc_pg_slot_retained_bytes{slot="a"} 1\n'), (',item="', ',name="'),
])
def test_rejects_exposition(old, new):
    assert old in EXPOSITION
    assert check(EXPOSITION.replace(old, new), 2, "prometheus") != []


@pytest.mark.parametrize("text, rc, good", [
    ('[{"{#SLOT}":"a","{#TYPE}":"logical"},{"{#SLOT}":"b","{#TYPE}":""}]\n', 0, True), ("[]\n", 0, True),
    ("PG_SLOT UNKNOWN - refused\n", 3, True), ("[]\n", 3, False), ("PG_SLOT CRITICAL - refused\n", 2, False),
    ("PG_SLOT UNKNOWN - a\nb\n", 3, False), ('{"data":[]}\n', 0, False), ('[{"SLOT":"a"}]\n', 0, False),
    ('[{"{#SLOT}":1}]\n', 0, False), ('[{"{#A}":"a"},{"{#B}":"b"}]\n', 0, False), ("[", 0, False), ("", 0, False),
])
def test_discovery(text, rc, good):
    assert (check(text, rc, "discover") == []) == good


@pytest.mark.parametrize("text, rc, good", [
    ("Usage: check_pg_slot [OPTION]...\n", 3, True), ("x\n", 0, False), ("x" * 81 + "\n", 3, False), ("", 3, False),
    ("a\tb\n", 3, False),
])
def test_help(text, rc, good):
    assert (check(text, rc, "help") == []) == good


# --- how programs are run: a script stands for a plugin -----------------------------------------------------

@pytest.fixture
def script(private):
    def write(text):
        path = private + "/check_pg_slot"
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        os.chmod(private, 0o755)
        return path
    return write


FINE = "echo 'PG_SLOT OK - fine|a.b=1s;2;3;0'\n"


def test_run_reads_the_output(script):
    done = plugin.run(script(FINE))
    assert (done.rc, done.state, done.line1, done.seconds < 5) == (0, "OK", "PG_SLOT OK - fine", True)
    datum = done.perf["a.b"]
    assert (datum.value, datum.unit, datum.warning, datum.critical, datum.min, datum.max) == (1, "s", "2", "3", "0", "")


def test_run_reads_item_lines(script):
    done = plugin.run(script("printf 'PG_SLOT WARNING - a: b\\n[WARNING] a: x\\n[OK] b: y\\n'; exit 1"))
    assert done.items == {"a": ("WARNING", "x"), "b": ("OK", "y")}


@pytest.mark.parametrize("text", ["echo hello\n", "exit 0\n", FINE + "echo oops >&2\n", FINE + "exit 1\n",
                                  FINE + "kill -SEGV $$\n", FINE + "sleep 30 &\n", "sleep 30\n"])
def test_run_applies_the_contract(script, text):
    with pytest.raises(AssertionError):
        plugin.run(script(text), timeout=1)


def test_run_gives_almost_no_environment(script):
    done = plugin.run(script("env; echo; echo args: $*"), "-x", env={"A": "b"}, check=False)
    env, _, args = done.text.partition("\n\n")
    assert {line.partition("=")[0] for line in env.splitlines()} <= {"PATH", "HOME", "A", "PWD", "ASAN_OPTIONS", "UBSAN_OPTIONS"}
    assert args.split()[1].startswith("--state-dir=/") and args.split()[2:] == ["-x"]


def test_run_can_close_and_fill(script):
    path = script("echo x; echo y >&2; umask >%s/umask; ls -l /proc/$$/fd >/dev/null; exit 2" % "${0%/*}")
    assert plugin.run(path, closed=(1,)).out == b""
    assert plugin.run(path, stdout="/dev/full").rc == 2
    assert plugin.run(path, check=False, umask=0o027).out == b"x\n"
    with open(os.path.dirname(path) + "/umask") as file:
        assert file.read().strip() == "0027"


def test_run_as_another_user(script):
    from lab import need
    need.root()
    done = plugin.run(script("id -u; id -G; stat -c %u ${1#*=}"), uid=65534, check=False)
    assert done.out.split() == [b"65534", b"65534", b"65534"]


def test_run_measures_the_program_and_not_python(script):
    done = plugin.run(script("sleep 0.2; " + FINE), rss=True)
    assert 0 < done.rss < 8 << 20
    done = plugin.run(script("x=$(head -c 30000000 /dev/zero | tr '\\0' x); sleep 0.1; " + FINE), rss=True)
    assert done.rss > 28 << 20


def test_the_state_directory_is_private_and_gone_afterwards(script):
    done = plugin.run(script("stat -c %a ${1#*=}; echo ${1#*=}"), check=False)
    mode, path = done.text.split()
    assert mode == "700" and not os.path.exists(path)
    assert stat.S_ISDIR(os.stat(os.path.dirname(os.path.dirname(path))).st_mode)


@pytest.mark.parametrize("args, fmt", [
    (["--output-format=json"], "json"), (["--output-format", "prometheus"], "prometheus"), (["--out=json"], "json"),
    (["--output-format=nagios"], "nagios"), (["--discover"], "discover"), (["-h"], "help"), (["--version"], "help"),
    (["--output-format=xml"], "nagios"), ([], "nagios"), (["--discover", "--output-format=json"], "json"),
])
def test_guess_format(args, fmt):
    assert plugin.guess_format(args) == fmt
