"""An independent reading of the interface's output section: check() lists everything in which an output breaks it.

Nothing here knows how the plugins print. Formats: nagios, json, prometheus, discover, help (also for --version).
"""

import decimal
import json
import re
import unicodedata

from lab import exposition

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
BADNESS = {"OK": 0, "UNKNOWN": 1, "WARNING": 2, "CRITICAL": 3}
FIXED_ITEMS = ("server", "cluster")
LINE_MAX = 120
# An error (no performance data: nothing was judged) is about no item; a usage error may list names.
ERROR_LINE_MAX = 1000

NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
UNITS = ("", "s", "B", "%", "c")
LABEL = re.compile(r"[A-Za-z0-9_.-]+\.[a-z][a-z0-9-]*\Z")
METRIC = re.compile(r"[a-z][a-z0-9-]*\Z")
VALUE = re.compile(r"(?P<number>%s)(?P<unit>s|B|%%|c|)\Z" % NUMBER)
RANGE = re.compile(r"@?(?:(?P<end>{n})|(?P<least>{n}):|~:(?P<most>{n})?|(?P<from>{n}):(?P<to>{n}))\Z".format(n=NUMBER))
ITEM_LINE = re.compile(r"\[(OK|WARNING|CRITICAL|UNKNOWN)\] (.+?): (\S.*)\Z")
# What could not be told, behind the items: a missing right with its GRANT, a memory that cannot be used.
NOTE_LINE = re.compile(r"note: \S.*\Z")
MORE_LINE = re.compile(r"\.\.\. and [1-9][0-9]* more\Z")
# What the monitoring systems interpret themselves; see item 6 of the output section.
UNSAFE = "|;<>"

JSON_KEYS = ("plugin", "version", "state", "exit_code", "summary", "items", "error", "verbose")
JSON_ITEM_KEYS = ("name", "state", "text", "metrics", "labels")
JSON_METRIC_KEYS = ("name", "value", "unit", "warning", "critical", "min", "max")


class ContractError(AssertionError):
    pass


def check(out, rc, plugin, fmt="nagios", err=b"", verbose=False, line_max=None):
    """The list of violations, empty when the output keeps the contract. out and err are bytes."""
    bad = []
    if err:
        bad.append("stderr is not empty: %r" % err[:300])
    if rc not in (0, 1, 2, 3):
        bad.append("exit code %r" % rc)
    try:
        text = out.decode("utf-8")
    except UnicodeDecodeError as error:
        return bad + ["not UTF-8: %s" % error]
    bad += _frame(text, fmt)
    if not bad or text:
        bad += _FORMATS[fmt](text, rc, plugin, verbose, line_max)
    return bad


def require(out, rc, plugin, **how):
    bad = check(out, rc, plugin, **how)
    if bad:
        raise ContractError("the output breaks the contract:\n- %s\nexit code %s, output:\n%s"
                            % ("\n- ".join(bad), rc, out[:4000].decode("utf-8", "backslashreplace")))


def _frame(text, fmt):
    if not text:
        return ["no output"]
    bad = [] if text.endswith("\n") else ["the last line has no newline"]
    if text.endswith("\n\n") or text.startswith("\n"):
        bad.append("an empty line at the border")
    # Raw names stand in the formats for machines, quoted as these formats quote; their parsers look at them.
    return bad + (controls(text.replace("\n", "")) if fmt in ("nagios", "help") else [])


def controls(text):
    """C0, DEL and C1: some move the cursor, some end a line in somebody's parser."""
    found = sorted({c for c in text if unicodedata.category(c) == "Cc"})
    return ["control characters %r" % found] if found else []


def tag(plugin):
    return plugin.removeprefix("check_").upper()


# --- default format -----------------------------------------------------------------------------------------

def _nagios(text, rc, plugin, verbose, line_max):
    body, bar, perf = text.rstrip("\n").partition("|")
    bad = _bar(body, bar, perf)
    bad += ["%r in the text" % c for c in UNSAFE[1:] if c in body]
    lines = body.split("\n")
    bad += _line1(lines[0], rc, plugin)
    items, rest = split_lines(lines[1:])
    bad += _items(items, rc)
    rest = [line for line in rest if not NOTE_LINE.match(line)]
    if rest and not verbose:
        bad.append("a line that is neither item nor note: %r" % rest[0])
    if not items:
        bad += _length(lines[0], rc in (2, 3) and not bar, line_max)
    return bad + (_perf(perf) if bar else [])


def _bar(body, bar, perf):
    bad = []
    if "|" in perf:
        bad.append("more than one |")
    if "\n" in perf:
        bad.append("something behind the line of the performance data")
    if bar and not perf.strip():
        bad.append("a | without performance data")
    if bar and (not body or body[-1].isspace()):
        bad.append("a blank before the |")
    if any(line != line.rstrip(" ") for line in body.split("\n")):
        bad.append("a blank at the end of a line")
    return bad


def _line1(line, rc, plugin):
    match = re.match(r"([A-Z0-9_]+) ([A-Z]+) - \S", line)
    if not match:
        return ["line 1 does not begin with `NAME STATE - text`: %r" % line[:200]]
    bad = [] if match[1] == tag(plugin) else ["the name is %s, not %s" % (match[1], tag(plugin))]
    return bad + _agree(match[2], rc)


def _agree(state, rc):
    if state not in STATES:
        return ["no such state: %r" % state]
    return [] if STATES.index(state) == rc else ["the text says %s, the exit code is %s" % (state, rc)]


def _length(line, error, line_max):
    limit = line_max or (ERROR_LINE_MAX if error else LINE_MAX)
    return [] if len(line) <= limit else ["line 1 has %d characters, more than %d" % (len(line), limit)]


def split_lines(lines):
    """The item lines as (state, name, text), and the lines behind them; `... and N more` is neither."""
    items = []
    for number, line in enumerate(lines):
        match = ITEM_LINE.match(line)
        if not match:
            return items, lines[number + bool(MORE_LINE.match(line)):]
        items.append(match.groups())
    return items, []


def _items(items, rc):
    bad = []
    order = [-BADNESS[state] for state, _, _ in items]
    if order != sorted(order):
        bad.append("item lines are not sorted worst first")
    for state in STATES:
        # Sorted by raw name: where something was replaced, the order of what is shown may differ.
        names = [name.encode() for s, name, _ in items if s == state and name not in FIXED_ITEMS and "?" not in name]
        if names != sorted(names):
            bad.append("the %s item lines are not sorted by name" % state)
    if items and rc in (0, 1, 2, 3) and -order[0] > BADNESS[STATES[rc]]:
        bad.append("an item is worse than the whole")
    return bad


def _perf(perf):
    bad, seen = [], set()
    for item in perf.split(" "):
        if not item:
            bad.append("not exactly one blank between performance data")
            continue
        label, _, fields = item.partition("=")
        if label in seen:
            bad.append("label %s twice" % label)
        seen.add(label)
        bad += ["%s in %r" % (text, item) for text in _perf_item(label, fields)]
    return bad


def _perf_item(label, fields):
    bad = [] if LABEL.match(label) else ["bad label"]
    value, *limits = fields.split(";")
    match = VALUE.match(value)
    if not match:
        return bad + ["bad value or unit"]
    if len(limits) > 4:
        return bad + ["too many fields"]
    warning, critical, low, high = limits + [""] * (4 - len(limits))
    bad += number(match["number"], match["unit"])
    bad += canonical(warning) if warning else []
    bad += canonical(critical) if critical else []
    return bad + _bounds(low, high)


def number(text, unit):
    """Fixed-point as the unit allows it, and no more than 64 bits."""
    bad = []
    if text.lstrip("-").strip("0.") == "" and text.startswith("-"):
        bad.append("minus zero")
    digits = len(text.partition(".")[2])
    if digits > (0 if unit in ("B", "c") else 3):
        bad.append("%d decimals with unit %r" % (digits, unit))
    if not -2 ** 63 <= decimal.Decimal(text) < 2 ** 64:
        bad.append("more than 64 bits")
    return bad


def canonical(text):
    """A range as the contract prints it: `10`, never `0:10`; start <= end."""
    match = RANGE.match(text)
    if not match:
        return ["range %r" % text]
    start, end = match["from"], match["to"]
    if start is not None and decimal.Decimal(start) == 0:
        return ["range %r is not canonical" % text]
    if match["end"] is not None and decimal.Decimal(match["end"]) < 0:
        return ["range %r is empty" % text]
    if start is not None and decimal.Decimal(start) > decimal.Decimal(end):
        return ["range %r is empty" % text]
    return []


def _bounds(low, high):
    bad = ["bad limit %r" % x for x in (low, high) if x and not re.fullmatch(NUMBER, x)]
    if low and high and not bad and decimal.Decimal(low) > decimal.Decimal(high):
        bad.append("min above max")
    return bad


# --- json ---------------------------------------------------------------------------------------------------

def load_json(text):
    """Strict: no key twice, no NaN, integers and fixed-point as they stand."""
    def pairs(items):
        keys = [key for key, _ in items]
        if len(set(keys)) != len(keys):
            raise ValueError("a key twice: %s" % keys)
        return dict(items)

    def constant(name):
        raise ValueError("no JSON number: " + name)

    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=decimal.Decimal)


def _json(text, rc, plugin, _verbose, _line_max):
    try:
        page = load_json(text)
    except ValueError as error:
        return ["not JSON: %s" % error]
    bad = keys(page, JSON_KEYS, "the object")
    if bad:
        return bad
    bad += [] if page["plugin"] == plugin else ["plugin is %r" % page["plugin"]]
    bad += [] if _is(page["version"], str) and page["version"] else ["version %r" % page["version"]]
    bad += _agree(page["state"], rc)
    bad += [] if page["exit_code"] == rc and _is(page["exit_code"], int) else ["exit_code %r" % page["exit_code"]]
    bad += text_field(page["summary"], "summary", False)
    bad += text_field(page["error"], "error", True)
    if not _is(page["verbose"], list) or not all(_is(line, str) for line in page["verbose"]):
        return bad + ["verbose is no array of texts"]
    bad += [x for line in page["verbose"] for x in controls(line)]
    if not _is(page["items"], list):
        return bad + ["items is no array"]
    for item in page["items"]:
        bad += _json_item(item, rc)
    return bad


def _is(value, kind):
    """True is an int in Python, but no number in JSON."""
    return isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)


def keys(value, expected, what):
    if not _is(value, dict):
        return ["%s is no object" % what]
    return [] if sorted(value) == sorted(expected) else ["%s has the keys %s" % (what, sorted(value))]


def text_field(value, what, null):
    if value is None and null:
        return []
    if not _is(value, str) or not value:
        return ["%s is %r" % (what, value)]
    # A semicolon of the plugin's own words does no harm here, only Nagios takes it out of line 1.
    return controls(value) + ["%r in %s" % (c, what) for c in "|<>" if c in value]


def _json_item(item, rc):
    bad = keys(item, JSON_ITEM_KEYS, "an item")
    if bad:
        return bad
    # The name is raw: JSON itself makes it safe.
    bad += [] if _is(item["name"], str) and item["name"] else ["item name %r" % item["name"]]
    # A fixed item that is fine has metrics but nothing to say.
    silent = item["text"] == "" and item["name"] in FIXED_ITEMS and item["state"] == "OK"
    bad += [] if silent else text_field(item["text"], "an item's text", False)
    if item["state"] not in STATES:
        bad.append("item state %r" % item["state"])
    elif rc in (0, 1, 2, 3) and BADNESS[item["state"]] > BADNESS[STATES[rc]]:
        bad.append("an item is worse than the whole")
    bad += _json_labels(item["labels"])
    if not _is(item["metrics"], list):
        return bad + ["metrics is no array"]
    names = [m.get("name") for m in item["metrics"] if _is(m, dict)]
    bad += ["a metric twice"] if len(set(names)) != len(names) else []
    return bad + [x for metric in item["metrics"] for x in _json_metric(metric)]


def _json_labels(labels):
    if not _is(labels, dict):
        return ["labels is no object"]
    good = all(_is(v, str) and re.fullmatch(r"[a-z_][a-z0-9_]*", k) for k, v in labels.items())
    return [] if good else ["labels %r" % labels]


def _json_metric(metric):
    bad = keys(metric, JSON_METRIC_KEYS, "a metric")
    if bad:
        return bad
    if not _is(metric["name"], str) or not METRIC.match(metric["name"]):
        bad.append("metric name %r" % metric["name"])
    if metric["unit"] not in UNITS:
        return bad + ["unit %r" % metric["unit"]]
    for key in ("value", "min", "max"):
        if metric[key] is not None or key == "value":
            bad += _json_number(metric[key], metric["unit"])
    for key in ("warning", "critical"):
        if metric[key] is not None:
            bad += canonical(metric[key]) if _is(metric[key], str) else ["%s is no text" % key]
    return bad


def _json_number(value, unit):
    if not _is(value, int) and not _is(value, decimal.Decimal):
        return ["value %r" % (value,)]
    return number(format(value, "f") if _is(value, decimal.Decimal) else str(value), unit)


# --- prometheus, discovery, help ----------------------------------------------------------------------------

def _prometheus(text, rc, plugin, _verbose, _line_max):
    try:
        families = exposition.parse(text)
    except exposition.ParseError as error:
        return ["not the text format: %s" % error]
    return exposition.lint(families, rc, plugin) + exposition.promtool(text)


def _discover(text, rc, plugin, _verbose, _line_max):
    if rc != 0:
        bad = [] if rc == 3 else ["exit code %s from --discover" % rc]
        if text.lstrip().startswith(("[", "{")):
            return bad + ["JSON together with exit code %s" % rc]
        bad += ["more than one line"] if text.count("\n") != 1 else []
        return bad + _nagios(text, rc, plugin, False, ERROR_LINE_MAX)
    try:
        rows = load_json(text)
    except ValueError as error:
        return ["not JSON: %s" % error]
    if not _is(rows, list):
        return ["no array"]
    return [x for row in rows for x in _macros(row)] + _same_macros(rows)


def _macros(row):
    if not _is(row, dict) or not row:
        return ["no object: %r" % (row,)]
    bad = ["macro name %r" % key for key in row if not re.fullmatch(r"\{#[A-Z][A-Z0-9_.]*\}", key)]
    return bad + ["macro value %r" % (v,) for v in row.values() if not _is(v, str)]


def _same_macros(rows):
    shapes = {tuple(sorted(row)) for row in rows if _is(row, dict)}
    return ["the objects have different macros"] if len(shapes) > 1 else []


def _help(text, rc, _plugin, _verbose, _line_max):
    bad = [] if rc == 3 else ["exit code %s, not 3" % rc]
    wide = [line for line in text.split("\n") if len(line) > 80]
    return bad + ["more than 80 columns: %r" % line for line in wide]


_FORMATS = {"nagios": _nagios, "json": _json, "prometheus": _prometheus, "discover": _discover, "help": _help}
