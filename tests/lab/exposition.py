"""Text exposition 0.0.4, parsed strictly: what a lenient scraper forgives is an error here."""

import math
import re
import shutil
import subprocess

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|\Z)')
VALUE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
TYPES = ("counter", "gauge")
# A metric with a unit says so in its name; these are the ones the contract knows.
UNIT_WORDS = ("seconds", "bytes", "percent")


class ParseError(ValueError):
    pass


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.type, self.samples = name, text, None, []


def parse(text):
    """The families by name, in order: HELP, TYPE, then samples, each family once and in one piece."""
    if not text.endswith("\n"):
        raise ParseError("no newline at the end")
    families, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = _help(line, families)
        elif line.startswith("# TYPE "):
            _type(line, current)
        else:
            _sample(line, current)
    for family in families.values():
        if not family.samples:
            raise ParseError("no sample in family " + family.name)
    return families


def _help(line, families):
    name, blank, text = line[len("# HELP "):].partition(" ")
    if not NAME.match(name) or not blank or not text.strip():
        raise ParseError("bad HELP: %r" % line)
    if re.search(r"\\(?![\\n])", text.replace("\\\\", "")):
        raise ParseError("bad escape: %r" % line)
    if name in families:
        raise ParseError("family twice or in pieces: " + name)
    families[name] = Family(name, text)
    return families[name]


def _type(line, current):
    name, _, kind = line[len("# TYPE "):].partition(" ")
    if current is None or name != current.name or current.type or current.samples:
        raise ParseError("TYPE is not directly behind its HELP: %r" % line)
    if kind not in TYPES:
        raise ParseError("type %r" % kind)
    current.type = kind


def _sample(line, current):
    match = SAMPLE.match(line)
    if not match:
        raise ParseError("no sample (a time stamp is not allowed either): %r" % line)
    name, labels, value = match.groups()
    if current is None or current.type is None or name != current.name:
        raise ParseError("a sample outside of its family: %r" % line)
    if not VALUE.match(value) or not math.isfinite(float(value)):
        raise ParseError("value %r" % value)
    parsed = _labels(labels)
    if any(parsed == other for other, _ in current.samples):
        raise ParseError("a sample twice: %r" % line)
    current.samples.append((parsed, value))


def _labels(text):
    if text is None:
        return {}
    rest, labels = text[1:-1], {}
    while rest:
        match = LABEL.match(rest)
        if not match:
            raise ParseError("bad labels: %r" % text)
        if match[1] in labels:
            raise ParseError("a label twice: %r" % text)
        labels[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        rest = rest[match.end():]
        if match[3] and not rest:
            raise ParseError("a comma at the end: %r" % text)
    return labels


def lint(families, rc, plugin):
    """What the contract says beyond the format."""
    prefix = "cdc_" + plugin.removeprefix("check_").removeprefix("cdc_")
    bad = []
    for name, family in families.items():
        if name not in ("cdc_check_state", "cdc_check_item_state") and not (name + "_").startswith(prefix + "_"):
            bad.append("family %s does not begin with %s" % (name, prefix))
        if name.endswith("_total") != (family.type == "counter"):
            bad.append("counters and only counters end in _total: " + name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            bad.append("name %s" % name)
        bad += ["label %s" % k for labels, _ in family.samples for k in labels if k != k.lower()]
    return bad + _states(families, rc, plugin)


def _states(families, rc, plugin):
    whole = families.get("cdc_check_state")
    if whole is None or whole.samples != [({"plugin": plugin}, str(rc))]:
        return ["cdc_check_state is %r, the exit code %s" % (whole and whole.samples, rc)]
    bad = []
    items = families.get("cdc_check_item_state")
    for labels, value in items.samples if items else []:
        if sorted(labels) != ["item", "plugin"] or labels["plugin"] != plugin:
            bad.append("labels of an item's state: %r" % labels)
        if value not in ("0", "1", "2", "3"):
            bad.append("an item's state is %s" % value)
    return bad


def promtool(text):
    """The opinion of Prometheus' own tool, where it is installed."""
    program = shutil.which("promtool")
    if program is None:
        return []
    done = subprocess.run([program, "check", "metrics"], input=text.encode(), capture_output=True, timeout=60)
    return [] if done.returncode == 0 else ["promtool: " + (done.stdout + done.stderr).decode()[:500]]
