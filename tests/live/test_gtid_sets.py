"""The suite's own algebra of GTID sets against a real server's GTID_SUBSET and GTID_SUBTRACT, on random sets."""

import os
import random
import subprocess

import pytest

from lab import plugin
from lab.mysqld import at_hand

TOOL = os.path.join(plugin.BUILDDIR, "tests/tools/gtid_sets")
LAST = 9223372036854775806
UUIDS = ["%08x-71ca-11e1-9e33-c80aa942956%d" % (0x3e11fa47 * (n + 1) % (1 << 32), n) for n in range(4)]
TAGS = ["dbz", "a_tag", "_x9", "z" * 32]
PAIRS = 250
VERSIONS = ["5.7.22", "8.0.15", "8.0.33", "9.7"]


def own(*questions):
    """Each question is (operation, a, b); the answers, in order."""
    text = "".join("%s\0%s\0%s\0" % question for question in questions)
    done = subprocess.run([TOOL], input=text, capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(questions)
    return answers


def number(rng):
    """Small ones meet often; some lie at the end of the range."""
    return rng.randint(1, 40) if rng.random() < 0.8 else rng.choice([LAST, LAST - rng.randint(0, 40), 1 << 53, 1 << 62])


def blank(rng):
    return rng.choice(["", "", "", " ", "\n", "\t ", "  "])


def interval(rng):
    first, last = sorted((number(rng), number(rng)))
    if first == last or rng.random() < 0.3:
        return ":%s%d" % (blank(rng), first)
    return ":%s%d%s-%s%d" % (blank(rng), first, blank(rng), blank(rng), last)


def spelt(rng, text):
    return rng.choice([text, text, text.upper(), "".join(rng.choice([c, c.upper()]) for c in text)])


def source(rng, tags):
    text = spelt(rng, rng.choice(UUIDS)) + blank(rng)
    text += "".join(interval(rng) + blank(rng) for _ in range(rng.randint(1, 5)))
    for tag in rng.sample(TAGS, rng.randint(0, 2)) if tags else []:
        text += ":" + spelt(rng, tag) + "".join(interval(rng) for _ in range(rng.randint(1, 3))) + blank(rng)
    return text


def random_set(rng, tags):
    """Any case, blanks and newlines, unsorted, overlapping and touching intervals, a UUID more than once."""
    return (blank(rng) + ",").join(source(rng, tags) for _ in range(rng.randint(0, 4)))


def quoted(text):
    return "'%s'" % text.replace("\\", "\\\\").replace("'", "''")


def of_server(server, a, b):
    [row] = server.rows("SELECT GTID_SUBSET(%s, %s) AS subset, GTID_SUBTRACT(%s, %s) AS rest, GTID_SUBTRACT(%s, '') AS a"
                        % tuple(quoted(text) for text in (a, b, a, b, a)))
    return [row["subset"], row["rest"].replace("\n", ""), row["a"].replace("\n", "")]


def split(text):
    """{(uuid, tag): set of numbers' ranges} of a canonical text: servers differ in the order of sources with tags."""
    parts = {}
    for one in filter(None, text.split(",")):
        uuid, tag = one.partition(":")[0], ""
        for part in one.split(":")[1:]:
            if part[0].isdigit():
                parts.setdefault((uuid, tag), []).append(part)
            else:
                tag = part
    return parts


@pytest.mark.parametrize("version", VERSIONS)
def test_as_the_server_does(my_lab, version):
    if not at_hand(version):
        pytest.skip("MySQL %s is large; tests/run --full starts it" % version)
    server, rng, tags = my_lab.primary(version), random.Random(version), version == "9.7"
    pairs = [(random_set(rng, tags), random_set(rng, tags)) for _ in range(PAIRS)]
    # sets of which one surely holds the other, for random ones hardly ever do
    pairs += [(a, a + ("," if a and b else "") + b) for a, b in pairs[:50]]
    answers = own(*(question for a, b in pairs for question in (("subset", a, b), ("subtract", a, b), ("print", a, ""))))
    for i, (a, b) in enumerate(pairs):
        subset, rest, text = of_server(server, a, b)
        assert answers[3 * i] == subset, (a, b)
        assert split(answers[3 * i + 1]) == split(rest), (a, b)
        assert split(answers[3 * i + 2]) == split(text), a


@pytest.mark.parametrize("text", ["%s:0" % UUIDS[0], "%s:1-%d" % (UUIDS[0], LAST + 1), "%s:x-1" % UUIDS[0], "x:1",
                                  "%s1-3" % UUIDS[0], "%s:-3" % UUIDS[0]])
def test_refuses_what_the_server_refuses(my_lab, text):
    """More than that is refused (a UUID without an interval, an interval that ends before it starts): unit tests."""
    server = my_lab.primary("8.0.15")
    with pytest.raises(Exception, match="1772|Malformed"):
        server.value("SELECT GTID_SUBSET(%s, '')" % quoted(text))
    assert own(("subset", text, ""))[0].startswith("error: ")


def test_counts(my_lab):
    server = my_lab.primary("8.0.15")
    server.write(5)
    executed = server.value("SELECT @@GLOBAL.gtid_executed")
    assert int(own(("count", executed, ""))[0]) == int(executed.rpartition("-")[2])
