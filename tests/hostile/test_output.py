"""Whatever text comes from outside, the output keeps the contract: every run is held against it by lab.contract."""

import os
import random

import pytest

from lab import fakepg, targets

SEED = int(os.environ.get("CDC_SEED", "1"))
PIECES = [b"|", b";", b"<b>", b"'", b'"', b"\\", b"\n", b"\r", b"\t", b"\x1b[31m", b"\x7f", b"\x01", b"\xc2\x85",
          b"%s%n", b"=",
          b": ", b"[OK] ", b"... and 5 more", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80",
          "ä".encode(),
          "𝄞".encode(), "\u2028\u202e\ufeff".encode(), b"a" * 70, "ö".encode() * 200, b" ", b"", b"a", b"b", b".",
          b"_", b"-",
          b"{#SLOT}", b"\\n", b"server", b"cluster", b"0", b"x" * 3000]
FORMATS = ("nagios", "json", "prometheus", "discover")


def nasty(source):
    return b"".join(source.choice(PIECES) for _ in range(source.randint(1, 4)))


def nasty_slots(source):
    """Some texts of a slot are what they should be, some are not. Names differ, as they do on every server."""
    keys = ["plugin", "database", "wal_status", "slot_type", "invalidation_reason"]
    return [{"slot_name": b"%d" % number + nasty(source),
             **{key: nasty(source) for key in keys if source.random() < 0.3}} for number in range(source.randint(1, 6))]


def arguments(fmt):
    return ["--discover"] if fmt == "discover" else ["--output-format=" + fmt]


def pg(program):
    return targets.of(program).protocol == "pg"


@pytest.mark.parametrize("fmt", FORMATS)
def test_nasty_rows(program, fmt):
    for seed in range(30 if pg(program) else 0):
        slots = nasty_slots(random.Random(SEED * 1000 + seed))
        with fakepg.serve(targets.pg_slots(*slots)) as port:
            targets.run(program, port, arguments(fmt), "-vvv" if seed % 3 == 0 and fmt != "discover" else [],
                        fmt=fmt, line_max=1000)


@pytest.mark.parametrize("fmt", FORMATS)
def test_nasty_errors(program, fmt):
    for seed in range(20 if pg(program) else 0):
        source = random.Random(SEED * 2000 + seed)
        text, state = nasty(source), source.choice(["57P03", "28P01", "42501", "XX000", "22023"])
        how = [{"startup": fakepg.fail(state, text.replace(b"\0", b""))}, {"answer": fakepg.error(state,
                                                                                                  text)}][seed % 2]
        with fakepg.serve(how.pop("answer", targets.pg_healthy), **how) as port:
            done = targets.run(program, port, arguments(fmt), fmt=fmt, line_max=1000)
        assert done.rc in (2, 3)


def many(count, **more):
    return targets.pg_slots(*({"slot_name": b"s%03d" % i, **more} for i in range(count)))


def test_names_that_collide(program):
    """Labels stay different; the order is the one of the raw names' bytes."""
    if not pg(program):
        return
    names = [b"a.b", b"a b", b"a_b", b"a/b", "aäb".encode(), b"A_b", b"a_b_2"]
    with fakepg.serve(targets.pg_slots(*({"slot_name": name} for name in names))) as port:
        done = targets.run(program, port)
        labels = {label.rpartition(".")[0] for label in done.perf} - {"server"}
        assert {"a_b", "a_b_2", "a_b_3", "A_b", "a.b"} <= labels and len(labels) == len(names), labels
        page = targets.run(program, port, "--output-format=json").json
        assert sorted(item["name"].encode() for item in page["items"] if item["name"] != "server") == sorted(names)


def test_a_slot_called_as_a_fixed_item(program):
    """The fixed item keeps its label."""
    if pg(program):
        with fakepg.serve(targets.pg_slots({"slot_name": b"server"}, {"slot_name": b"x"})) as port:
            done = targets.run(program, port, "--warning-slots-used=1000")
        assert "server.slots-used" in done.perf and "server_2.retained" in done.perf, done


@pytest.mark.parametrize("args, count, lines", [
    ([], 1, 0), ([], 2, 2), ([], 50, 50), ([], 51, 50), ([], 400, 50), (["--max-items=3"], 10, 3),
    (["--max-items=400"], 300, 300), (["--problems-only"], 10, 0), (["--max-items=0"], 5, 0)])
def test_number_of_item_lines(program, args, count, lines):
    if not pg(program):
        return
    with fakepg.serve(many(count)) as port:
        done = targets.run(program, port, args, "--warning-slots-used=~:", "--on=vanished=ok")
    assert done.rc == 0 and len(done.items) == lines, done
    more = "... and %d more" % (count - lines)
    assert (done.lines[-1] == more) == (lines < count and count > 1 and "--problems-only" not in args), done


def test_perfdata_beyond_the_limit(program):
    """Then only for named and problem items and the totals."""
    if not pg(program):
        return
    slots = [{"slot_name": b"s%03d" % i} for i in range(60)] + [{"slot_name": b"zz", "wal_status": b"lost"}]
    with fakepg.serve(targets.pg_slots(*slots)) as port:
        done = targets.run(program, port)
    assert done.rc == 2 and "zz" in done.line1
    assert {label.rpartition(".")[0] for label in done.perf} <= {"zz", "server"}, done


def test_no_perfdata(program):
    if pg(program):
        with fakepg.serve(many(3)) as port:
            assert "|" not in targets.run(program, port, "--no-perfdata").text


def test_problems_only(program):
    if pg(program):
        slots = [{"slot_name": b"a"}, {"slot_name": b"b", "wal_status": b"lost", "restart_lsn": None}]
        with fakepg.serve(targets.pg_slots(*slots)) as port:
            done = targets.run(program, port, "--problems-only")
        assert done.rc == 2 and list(done.items) == ["b"], done


def test_worst_first(program):
    if not pg(program):
        return
    slots = [{"slot_name": b"c"}, {"slot_name": b"b", "wal_status": b"lost", "restart_lsn": None},
             {"slot_name": b"a", "wal_status": b"unreserved"}, {"slot_name": b"d", "restart_lsn": b"0/1"}]
    with fakepg.serve(targets.pg_slots(*slots)) as port:
        done = targets.run(program, port, "--warning=1", "--critical=~:", "--on=unreserved=unknown")
    assert [(name, state) for name, (state, _) in done.items.items()][:1] == [("b", "CRITICAL")], done


def test_the_same_in_every_format(program):
    """State, names and numbers agree."""
    if not pg(program):
        return
    with fakepg.serve(targets.pg_slots({"slot_name": b"a", "active": b"f"}, {"slot_name": b"b"})) as port:
        text, page, text2 = (targets.run(program, port, "--output-format=" + fmt, "--on=inactive=critical", "--grace=0")
                             for fmt in ("nagios", "json", "prometheus"))
    assert text.rc == page.rc == text2.rc == 2
    numbers = {"%s.%s" % (item["name"], m["name"]): m["value"] for item in page.json["items"] for m in item["metrics"]}
    assert numbers["a.retained"] == text.perf["a.retained"].value
    assert set(numbers) == set(text.perf)
    assert 'cdc_pg_slot_retained_bytes{' in text2.text and "%d\n" % numbers["a.retained"] in text2.text


def test_64_bits(program):
    """Never through a double: 2^53 + 1 is a number like any other."""
    if not pg(program):
        return
    slot = {"slot_name": b"a", "restart_lsn": b"0/1"}
    with fakepg.serve(_position(targets.pg_slots(slot), b"200000/2")) as port:
        done = targets.run(program, port, "-w", "~:", "-c", "9007199254740993")
        assert done.rc == 0 and done.perf["a.retained"].value == 2 ** 53 + 1, done
        assert targets.run(program, port, "-w", "~:", "-c", "9007199254740992").rc == 2
        page = targets.run(program, port, "--output-format=json").json
        assert {m["name"]: m["value"] for m in page["items"][0]["metrics"]}["retained"] == 2 ** 53 + 1
        assert " 9007199254740993\n" in targets.run(program, port, "--output-format=prometheus").text


def _position(answer, lsn):
    def change(statement):
        reply = answer(statement)
        if reply.columns and "AS position" in statement:
            index = [name for name, _ in reply.columns].index("position")
            reply.rows = [row[:index] + [lsn] + row[index + 1:] for row in reply.rows]
        return reply
    return change
