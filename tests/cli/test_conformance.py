"""The command line of every plugin, as the interface describes it. No server is needed: a port that refuses tells
a command line that was accepted (unreachable, CRITICAL) from a usage error (exit code 3)."""

import contextlib
import itertools
import os
import random
import re
import subprocess

import pytest

from lab import hostile, need, net, plugin, targets

# What no plugin has.
UNKNOWN_OPTIONS = ["--bogus", "--bogus=1", "-p", "-p5432", "-a", "-C", "-Z", "-?", "---", "--=x"]


@pytest.fixture(scope="module")
def port():
    with net.refused() as number:
        yield number


@pytest.fixture
def listener():
    """A server that accepts, hangs up, and remembers that somebody came."""
    server = hostile.Server(hostile.hang_up)
    yield server
    server.close()


def accepted(program, port, *args, **how):
    """The command line is fine: the plugin tried to connect, and says what came of it."""
    done = targets.run(program, port, *args, **how)
    assert done.rc == 2, done
    return done


def usage_error(program, *args, says=(), **how):
    done = plugin.run(program, *args, **how)
    assert done.rc == 3, done
    assert done.text.count("\n") == 1 and "|" not in done.text, done
    for text in [says] if isinstance(says, str) else says:
        assert text in done.line1, (text, done)
    return done


# --- help and version ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("option", ["-h", "--help", "--hel"])
def test_help(program, option):
    done = plugin.run(program, option, fmt="help")
    assert re.search(r"^\s*usage:? .*%s" % program, done.text, re.I | re.M)
    assert "example" in done.text.lower()


def test_help_names_every_option(program):
    text = plugin.run(program, "--help", check=False).text
    missing = [name for name in targets.of(program).options if not re.search(r"--%s\b(?!-)" % name, text)]
    missing += [c for c in targets.COMMON_SHORT if not re.search(r"(^|[\s,])-%s[\s,]" % c, text)]
    assert missing == []


def test_help_has_the_conditions_with_their_states(program):
    text = plugin.run(program, "--help", check=False).text
    for name, state in targets.of(program).conditions.items():
        assert re.search(r"^\s*%s\s+%s\b" % (name, state), text, re.M | re.I), (name, state)


def test_help_has_the_metrics(program):
    text = plugin.run(program, "--help", check=False).text
    metrics = targets.of(program).metrics
    missing = [name for name in metrics if not re.search(r"^\s*(\w+\.)?%s\b(?!-)" % name, text, re.M)]
    assert missing == []


@pytest.mark.parametrize("option", ["-V", "--version", "--vers"])
def test_version(program, option):
    done = plugin.run(program, option, fmt="help")
    first, *rest = done.text.splitlines()
    assert re.fullmatch(r"%s \(cdc-plugins\) [0-9]+\.[0-9]+\S*" % program, first)
    libraries = targets.of(program).libraries
    assert len(rest) == len(libraries)
    for line, library in zip(rest, libraries):
        assert re.match(r"%s\S* [0-9]+\.[0-9]+" % library, line), done


def test_help_wins_over_what_follows(program):
    assert "--critical" in plugin.run(program, "--help", "--bogus", "x", check=False).text


# --- options in general -------------------------------------------------------------------------------------

@pytest.mark.parametrize("option", UNKNOWN_OPTIONS)
def test_unknown_option(program, port, option):
    usage_error(program, targets.reach(program, port), option, says=option[:2])


def test_unknown_option_is_quoted(program):
    usage_error(program, "--bogus-name", says="--bogus-name")


@pytest.mark.parametrize("option", ["--ver", "--ex", "--warn=5", "--crit", "--p", "--no", "--ho"])
def test_ambiguous_abbreviation(program, option):
    if option == "--ho" and "hostname" not in targets.of(program).options:
        option = "--o"  # --on, --output-format
    done = usage_error(program, option, says=option.partition("=")[0])
    assert "ambiguous" in done.line1


@pytest.mark.parametrize("option", ["--max-i=5", "--probl", "--verb", "--hol=1h", "--excl=x", "--no-p", "--tim=5",
                                    "--warning=5", "--critical=5"])
def test_unique_abbreviation(program, port, option):
    accepted(program, port, option)


def test_argument_in_every_form(program, port):
    for args in (["-w5"], ["-w", "5"], ["--warning=5"], ["--warning", "5"], ["-vw5"], ["--"]):
        accepted(program, port, args)


def test_missing_argument(program, port):
    for option in ("-w", "-c", "-t", "--include", "--on", "--output-format", "--state-dir", "--warning-for",
                   "--" + targets.of(program).name_option):
        usage_error(program, targets.reach(program, port), option, says=option)


def test_flag_with_an_argument(program, port):
    for option in ("--problems-only", "--no-perfdata", "--discover", "--forget"):
        usage_error(program, targets.reach(program, port), option + "=yes", says=option)


def test_positional_argument(program, port):
    for args in (["foo"], ["--", "foo"], ["foo", "-v"], ["-v", "foo", "-v"]):
        usage_error(program, targets.reach(program, port), args, says="foo")
    usage_error(program, "foo", targets.reach(program, port), says="foo")
    usage_error(program, targets.reach(program, port), "")


def test_empty_names_and_patterns(program, port):
    for option in ("--include", "--exclude", "--" + targets.of(program).name_option, "--on", "--state-dir",
                   "--output-format", "--hostname", "--username", "--database"):
        if option[2:] in targets.of(program).options:
            done = usage_error(program, targets.reach(program, port), option + "=", says=option)
            assert "empty" in done.line1 or '""' in done.line1 or "''" in done.line1, done


def test_the_order_of_options_does_not_matter(program, port):
    options = targets.reach(program, port)
    groups = [options[i:i + 2] if not options[i].startswith("--") else [options[i]]
              for i in range(len(options)) if options[i].startswith("-")]
    groups += [["-w", "5"], ["-c7"], ["--on=none=ok"], ["-t", "5"], ["--no-perfdata"]]
    seen = set()
    for seed in range(8):
        random.Random(seed).shuffle(groups)
        done = plugin.run(program, list(itertools.chain(*groups)))
        assert done.rc == 2
        seen.add(done.text)
    assert len(seen) == 1


# --- ranges -------------------------------------------------------------------------------------------------

BAD_RANGES = ["", "@", ":", "@:", "20:10", "@20:10", "10abc", "abc", "0x10", "1e3", "1E3", "99999999999999999999",
              "-99999999999999999999", "9223372036854775808", "nan", "NaN", "inf", "-inf", "1,5", "10 ", " 10",
              "10: 20",
              "~", "~:~", "10:~", "10:~:20", "1:2:3", "10::20", "+-5", "--5", "5-", "5XiB", "5Gib", "5gib", "5K",
              "5 GiB",
              "@@5", "5@", "0b1", "1_000", "1'000", "\u0661", "10\n", "10;20", "10|20", "<10", "$(id)", "%s%n", "-1",
              ".", "-",
              "1.2.3", "1..2"]
OTHER_KINDS = {"size": ["5s", "5m", "5%", "1h:2h", "5c"], "duration": ["5B", "5GiB", "5%", "5M"],
               "percent": ["5s", "5GiB"], "number": ["5s", "5GiB", "5%"]}
GOOD_RANGES = ["0", "10", "10:", "~:10", "~:", "5:10", "@5:10", "@10", "0:0", "@~:10", "10:10", "-10:-5", "~:-5",
               "9223372036854775807", "007", "@0:"]
GOOD_UNITS = {"size": ["1B", "1kB", "1MB", "1GB", "1TB", "1KiB", "1MiB", "1GiB", "1TiB", "1.5GiB", "@1GiB:5GiB",
                       "1GiB:",
                       "~:1TB", "1kB:1KiB"],
              "duration": ["1ms", "90s", "1.5h", "72h:", "4h:", "1m", "1d", "1w", "@1m:2m", "60s:1m", "0.5"],
              "percent": ["90", "90%", "10%:90%", "@5%", "99.5"], "number": ["1", "1000000:"]}


def safe(text):
    """How the text may be quoted: what is not fit for an output is replaced."""
    return re.escape(text).replace("\\\n", ".").replace("\n", ".") if not re.search(r"[|;<>\n]", text) else \
        "".join("[ ?]" if c in "|;<>\n" else re.escape(c) for c in text)


def quotes(done, text):
    assert re.search(safe(text), done.line1), (text, done)


@pytest.mark.parametrize("option", ["-w", "-c"])
def test_bad_ranges(program, port, option):
    for text in BAD_RANGES + OTHER_KINDS[targets.of(program).metrics[targets.of(program).main]]:
        done = usage_error(program, targets.reach(program, port), option, text)
        quotes(done, text)


def test_bad_ranges_of_other_metrics(program, port):
    others = {name: kind for name, kind in targets.of(program).metrics.items() if name != targets.of(program).main}
    for name, kind in others.items():
        for text in ("", "20:10", "10abc", "~", "99999999999999999999", *OTHER_KINDS[kind]):
            done = usage_error(program, targets.reach(program, port), "--critical-%s=%s" % (name, text))
            quotes(done, text)


def test_good_ranges(program, port):
    for name, kind in targets.of(program).metrics.items():
        option = "--warning" if name == targets.of(program).main else "--warning-" + name
        accepted(program, port, ["%s=%s" % (option, text) for text in GOOD_RANGES + GOOD_UNITS[kind]])
    for text in GOOD_RANGES:
        accepted(program, port, "-w", text)


def test_unknown_metric(program, port):
    usage_error(program, targets.reach(program, port), "--warning-bogus=5", says="--warning-bogus")


# --- conditions, time-outs, durations, choices --------------------------------------------------------------

def test_conditions(program, port):
    for name in targets.of(program).conditions:
        for state in ("ok", "WARNING", "Critical", "uNKNOWN"):
            done = targets.run(program, port, "--on", "%s=%s" % (name, state))
            assert done.state == (state.upper() if name == "unreachable" else "CRITICAL"), done


def test_an_unknown_condition_lists_the_valid_ones(program, port):
    done = usage_error(program, targets.reach(program, port), "--on", "bogus=ok", says="bogus")
    missing = [name for name in targets.of(program).conditions if not re.search(r"\b%s\b" % name, done.line1)]
    assert missing == []


@pytest.mark.parametrize("text", ["lost", "none", "none=", "=ok", "none=bad", "none=4", "none=ok=ok", "none =ok",
                                  "none= ok", "None=ok", "non=ok"])
def test_bad_conditions(program, port, text):
    quotes(usage_error(program, targets.reach(program, port), "--on", text), text)


def test_the_last_state_of_a_condition_counts(program, port):
    done = targets.run(program, port, "--on=unreachable=ok", "--on=unreachable=warning")
    assert done.rc == 1


@pytest.mark.parametrize("text", ["1", "0.5", "10", "2.25", "10:critical", "10:WARNING", "0.5:ok", "3600"])
def test_good_timeouts(program, port, text):
    accepted(program, port, "-t", text)


@pytest.mark.parametrize("text", ["", "0", "-1", "abc", "10:", "10:bad", ":critical", "1e3", "nan", "inf", "1,5", "10 ",
                                  " 10", "99999999999999999999", "0x10", "10:critical:ok", "10:5"])
def test_bad_timeouts(program, port, text):
    quotes(usage_error(program, targets.reach(program, port), "-t", text), text)


@pytest.mark.parametrize("option", ["--warning-for", "--critical-for", "--grace", "--hold"])
def test_durations(program, port, option):
    for text in ("0", "90", "90s", "1.5h", "5m", "2d", "1w", "500ms"):
        accepted(program, port, "%s=%s" % (option, text))
    for text in ("", "abc", "-5", "-5m", "5x", "5M", "1e3", "5m ", "99999999999999999999", "5:10", "nan", "1h30m",
                 "5B"):
        quotes(usage_error(program, targets.reach(program, port), "%s=%s" % (option, text)), text)


def test_numbers_and_choices(program, port):
    bad = {"--max-items": ["", "-1", "abc", "1.5", "5x", "99999999999999999999"],
           "--rate-window": ["", "abc", "30m:15m", "5x", "-5m", ":", "15m:30m:45m"],
           "--port": ["", "0", "65536", "-1", "abc", "1e3", " 5432", "5432 ", "0x50", "99999999999999999999"],
           "--tls": ["", "bogus", "require ", "REQUIREX"], "--type": ["", "bogus", "logicalx"],
           "--connector-type": ["", "bogus", "postgresx"],
           "--size-limit": ["", "abc", "-1", "5s", "99999999999999999999"],
           "--tasks": ["", "abc", "5:2", "5s", "1,5"],
           "--max-age": ["", "abc", "-1", "5B", "1:2"], "--keepalive": ["", "abc", "-1s", "5B"],
           "--binlog-pos": ["", "abc", "-1", "1.5", "1e3", "99999999999999999999"],
           "--output-format": ["xml", "JSONX", "json "]}
    for option, texts in bad.items():
        for text in texts if option[2:] in targets.of(program).options else ():
            quotes(usage_error(program, targets.reach(program, port), "%s=%s" % (option, text), fmt="nagios"), text)
    for option in ("--max-items=1", "--rate-window=5m", "--rate-window=5m:10m"):
        accepted(program, port, option)


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "a\\", "[z-a]", "[[:bogus:]]"])
@pytest.mark.parametrize("option", ["--include", "--exclude"])
def test_bad_regular_expressions(program, port, option, pattern):
    usage_error(program, targets.reach(program, port), option, pattern, says=(option, pattern))


# --- usage errors in the other formats ----------------------------------------------------------------------

BAD_COMMAND_LINES = [["--bogus"], ["-w", "20:10"], ["foo"], ["--on", "bogus=ok"], ["--include", "("], ["-t"],
                     ["--extra-opts=@/nowhere/x.ini"]]


@pytest.mark.parametrize("bad", BAD_COMMAND_LINES, ids=lambda bad: bad[0])
@pytest.mark.parametrize("first", [True, False], ids=["format first", "format last"])
def test_usage_error_as_json(program, bad, first):
    option = ["--output-format=json"]
    # A missing argument would swallow the format.
    if bad == ["-t"] and not first:
        return
    done = plugin.run(program, option + bad if first else bad + option, fmt="json")
    assert (done.rc, done.json["state"], done.json["items"]) == (3, "UNKNOWN", [])
    assert done.json["error"]


@pytest.mark.parametrize("bad", BAD_COMMAND_LINES, ids=lambda bad: bad[0])
def test_usage_error_as_exposition(program, bad):
    done = plugin.run(program, "--output-format=prometheus", bad, fmt="prometheus")
    assert done.rc == 3


def test_usage_error_of_discovery(program):
    plugin.run(program, "--discover", "--bogus", fmt="discover")
    plugin.run(program, "--bogus", "--discover", fmt="discover")


def test_unreachable_in_every_format(program, port):
    done = targets.run(program, port, "--output-format=json")
    assert (done.rc, done.json["state"]) == (2, "CRITICAL") and done.json["error"]
    assert targets.run(program, port, "--output-format=prometheus").rc == 2
    assert targets.run(program, port, "--discover").rc == 3


# --- options from files -------------------------------------------------------------------------------------

@pytest.fixture
def ini(private):
    """Writes an options file; {port} and the like are filled in by the caller."""
    def write(text, name="options.ini"):
        path = "%s/%s" % (private, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path
    return write


def lines(program, port, more=""):
    """The target as lines of an options file."""
    args, text = targets.reach(program, port), ""
    while args:
        arg = args.pop(0)
        text += arg[2:] + "\n" if arg.startswith("--") else "%s=%s\n" % (arg[1:], args.pop(0))
    return text + more


def reached(listener, *run, **how):
    """The plugin came to this server."""
    before = len(listener.peers)
    done = plugin.run(*run, **how)
    assert len(listener.peers) > before, done
    return done


def test_extra_opts_with_file(program, ini, listener):
    text = lines(program, listener.port)
    path = ini("[%s]\n%s\n[other]\n%s" % (program, text, text))
    reached(listener, program, "--extra-opts=@" + path)
    reached(listener, program, "--extra-opts=other@" + path)
    reached(listener, program, "--extra-opts", "other@" + path)
    reached(listener, program, "-v", "--extra-opts=%s@%s" % (program, path), "-w", "5")


def test_extra_opts_syntax(program, ini, listener):
    text = "# comment\n; comment = 1\n\n   # indented\n[first]\nbogus=1\n\n[%s]\n" % program
    text += lines(program, listener.port).replace("=", " = ") + "  \t\nno-perfdata=\n  output-format =\tjson \n# end"
    done = reached(listener, program, "--extra-opts=@" + ini(text), fmt="json")
    assert done.rc == 2


def test_extra_opts_long_and_short_keys(program, ini, listener):
    reach = targets.reach(program, listener.port)
    long = {"H": "hostname", "P": "port", "u": "username"}
    for keys in (long, {}):
        text = ""
        args = list(reach)
        while args:
            arg = args.pop(0)
            key = arg.lstrip("-")
            text += key + "\n" if arg.startswith("--") else "%s=%s\n" % (keys.get(key, key), args.pop(0))
        reached(listener, program, "--extra-opts=x@" + ini("[x]\n" + text))


def test_extra_opts_flag(program, ini, port):
    """--discover changes the exit code of an unreachable server: the flag was seen."""
    path = ini("[x]\n%sdiscover=\n" % lines(program, port))
    assert plugin.run(program, "--extra-opts=x@" + path, fmt="discover").rc == 3


def test_extra_opts_repeated_keys(program, ini, port):
    """Each of them counts: whichever is wrong is an error."""
    for patterns in (("(", "a"), ("a", "(")):
        text = "[x]\n%s" % lines(program, port) + "".join("include=%s\n" % p for p in patterns)
        usage_error(program, "--extra-opts=x@" + ini(text), says="(")


def test_extra_opts_twice(program, ini, listener):
    path = ini("[a]\n%s[b]\nno-perfdata=\nbogus=1\n[c]\nno-perfdata=\n" % lines(program, listener.port))
    reached(listener, program, "--extra-opts=c@" + path, "--extra-opts=a@" + path)
    usage_error(program, "--extra-opts=a@" + path, "--extra-opts=b@" + path, says="bogus")


def test_the_command_line_wins(program, ini, listener, port):
    path = ini("[x]\n" + lines(program, port))
    file, args = "--extra-opts=x@" + path, targets.reach(program, listener.port)
    reached(listener, program, file, args)
    reached(listener, program, args, file)
    done = plugin.run(program, "--on=unreachable=ok", "--extra-opts=x@" + ini("[x]\n%son=unreachable=warning\n"
                                                                             % lines(program, port)))
    assert done.rc == 0


def test_extra_opts_values_keep_their_characters(program, ini, port):
    for value in ("a;(", "a#(", 'a"(', "a=(", "a (", "ä("):
        done = usage_error(program, "--extra-opts=x@" + ini("[x]\ninclude=%s\n%s" % (value, lines(program, port))))
        quotes(done, value)


def test_extra_opts_errors_name_the_file(program, ini, private):
    path = ini("[x]\nverbose=\n[%s]\nverbose=\n" % program)
    usage_error(program, "--extra-opts=@/nowhere/x.ini", says="/nowhere/x.ini")
    usage_error(program, "--extra-opts=missing@" + path, says=(path, "missing"))
    usage_error(program, "--extra-opts=@" + private, says=private)
    broken = ini("[x]\nnonsense without sign\n", "b.ini")
    done = plugin.run(program, "--extra-opts=x@" + broken)
    assert done.rc == 3 and ("nonsense" in done.line1 or broken in done.line1)
    usage_error(program, "--extra-opts=x@" + ini("[x]\nbogus=1\n"), says="bogus")
    usage_error(program, "--extra-opts=x@" + ini("[x\nverbose=\n", "c.ini"), says="c.ini")
    os.chmod(path, 0)
    if os.geteuid() == 0:
        os.chmod(private, 0o755)
        usage_error(program, "--extra-opts=@" + path, says=path, uid=65534)


def test_extra_opts_never_reads_without_end(program, private):
    os.mkfifo(private + "/fifo")
    for path in ("/dev/zero", private + "/fifo"):
        done = usage_error(program, "-t", "1", "--extra-opts=x@" + path, says=path, rss=True)
        assert done.seconds < 1 + plugin.slack(program)
        assert done.rss < 64 << 20 or not plugin.weighs_itself(program)


def test_extra_opts_finds_its_file(program, ini, listener, port, private):
    """MP_CONFIG_FILE first, then the directories of NAGIOS_CONFIG_PATH, in each of them three names in order."""
    good, bad = ("[%s]\n" % program + lines(program, p) for p in (listener.port, port))
    env = {"MP_CONFIG_FILE": ini(good, "mp.ini"), "NAGIOS_CONFIG_PATH": private + "/one"}
    ini(bad, "one/nagios-plugins.ini")
    reached(listener, program, "--extra-opts", env=env)
    reached(listener, program, "--extra-opts=" + program, env=env)
    env = {"NAGIOS_CONFIG_PATH": "%s/none:%s/one:%s/two" % (private, private, private)}
    assert plugin.run(program, "--extra-opts", env=env).rc == 2 and not listener.peers[2:]
    for name in ("plugins.ini", "monitoring-plugins.ini"):
        ini(good, "one/" + name)
        reached(listener, program, "--extra-opts", env=env)
        ini(bad, "one/" + name)
    ini(good, "two/monitoring-plugins.ini")
    before = len(listener.peers)
    plugin.run(program, "--extra-opts", env=env)
    assert len(listener.peers) == before


def test_extra_opts_without_any_file(program):
    done = usage_error(program, "--extra-opts", env={"NAGIOS_CONFIG_PATH": "/nowhere"})
    assert ".ini" in done.line1 or "/nowhere" in done.line1
    usage_error(program, "--extra-opts", env={"MP_CONFIG_FILE": "/nowhere/y.ini"}, says="/nowhere/y.ini")


# --- what the program was given by its parent ---------------------------------------------------------------

ODD = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)]


@pytest.mark.parametrize("closed", ODD, ids=str)
def test_closed_descriptors(program, port, closed):
    done = targets.run(program, port, closed=closed)
    assert done.rc == 2 or (1 in closed and done.rc == 3)
    assert done.err == b"" and (1 in closed or done.out.startswith(plugin.contract.tag(program).encode()))


@pytest.mark.parametrize("closed", ODD, ids=str)
def test_output_never_goes_to_the_server(program, closed):
    """A socket opened after stdout was closed gets number 1: the text would end in the database."""
    heard = []

    class Ear(hostile.Peer):
        def recv(self, size=65536):
            heard.append(super().recv(size))
            return heard[-1]
    server = targets.of(program).healthy("dbz_orders")
    with hostile.serve(lambda peer: server(Ear(peer.sock, peer.closing))) as port:
        done = targets.run(program, port, closed=closed)
    assert done.rc in ((0, 3) if 1 in closed else (0,)), done
    assert heard and plugin.contract.tag(program).encode() not in b"".join(heard)


@pytest.mark.parametrize("args", [[], ["--help"], ["--version"], ["--bogus"], ["--output-format=json"],
                                  ["--output-format=prometheus"], ["--discover"]], ids=str)
def test_full_device(program, port, args):
    done = targets.run(program, port, args, stdout="/dev/full")
    assert done.rc in ((2, 3) if args in ([], ["--output-format=json"], ["--output-format=prometheus"]) else (3,))
    assert done.err == b""


def test_reader_that_has_gone(program, port):
    """SIGPIPE would end the process with a code beyond 3."""
    for args in (["--help"], targets.reach(program, port)):
        read, write = os.pipe()
        os.close(read)
        child = subprocess.Popen([plugin.path(program), "--no-state", *args], stdout=write, stdin=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        os.close(write)
        _, err = child.communicate(timeout=20)
        assert child.returncode in (2, 3) and err == b""


def test_empty_environment(program, port):
    done = targets.run(program, port, bare=True)
    assert done.rc == 2
    assert plugin.run(program, "--help", bare=True, check=False).rc == 3


def test_no_arguments_at_all(program):
    """Whatever the default target is here: a complete output."""
    plugin.run(program, "-t", "2")


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "tr_TR.UTF-8", "C", "nonsense"])
def test_locale(program, port, private, locale):
    """Decimal commas, and the Turkish i that is not the lower case of I."""
    env = {"LC_ALL": locale, "LANG": locale, "LANGUAGE": locale[:2]}
    if locale.endswith(".UTF-8"):
        env["LOCPATH"] = make_locale(private, locale)
    accepted(program, port, "--warning=1.5", "-t", "2.5", "--on=none=CRITICAL", env=env)
    usage_error(program, targets.reach(program, port), "-w", "1,5", says="1,5", env=env)
    assert targets.run(program, port, "--on", "unreachable=CRITICAL", env=env).text == \
        targets.run(program, port).text


def make_locale(directory, name):
    need.need(os.path.isdir("/usr/share/i18n/locales"), "the package locales")
    os.chmod(directory, 0o755)
    subprocess.run(["localedef", "-i", name.partition(".")[0], "-f", "UTF-8", "%s/%s" % (directory, name)], check=True,
                   capture_output=True)
    return directory


def test_umask(program, port):
    for mask in (0, 0o777):
        assert targets.run(program, port, umask=mask).rc == 2


def test_as_nobody(program, port):
    need.root()
    assert targets.run(program, port, uid=65534).rc == 2


def test_valgrind(program, port):
    need.program("valgrind")
    need.sense(not plugin.sanitized(program), "a build with sanitizers: valgrind cannot run it")
    for args in (["--help"], ["--bogus"], ["-w", "20:10"], targets.reach(program, port),
                 ["--output-format=json", *targets.reach(program, port)]):
        done = plugin.run(program, args, valgrind=True, timeout=120, check=False)
        assert done.valgrind == ""


# --- texts of any kind --------------------------------------------------------------------------------------

NASTY = ["|", ";", "<b>", "'", '"', "\\", "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "\x01", "%s%n%d", "$(id)", "`id`",
         "=", ":",
         "ä", "€", "𝄞", "\u202e", "\u2028", "\x85", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
         b"\xc0\xaf", "x" * 5000,
         "ä" * 3000, "[CRITICAL] a: b", "... and 5 more", "\n[CRITICAL] a: b", "{#A}", "a b", " ", "-", "--",
         "../../etc/passwd", "\\n"]


def bytes_of(text):
    return text if isinstance(text, bytes) else text.encode()


def nasty_texts(seed):
    """Some alone, some glued together."""
    source = random.Random(seed)
    yield from map(bytes_of, NASTY)
    for _ in range(20):
        yield b"".join(bytes_of(source.choice(NASTY)) for _ in range(source.randint(2, 6)))


def test_nasty_texts_on_the_command_line(program, port):
    """Whatever is quoted, the output keeps the contract: every run is checked against it."""
    name = b"--" + targets.of(program).name_option.encode() + b"="
    for text in nasty_texts(1):
        for option in (name, b"-w", b"--include=", b"--bogus", b"--on=", b"-t", b"--database=", b""):
            plugin.run(program, targets.reach(program, port), option + text, fmt="nagios", line_max=1000)


@pytest.mark.parametrize("fmt", ["json", "prometheus"])
def test_nasty_texts_in_other_formats(program, port, fmt):
    for text in nasty_texts(1):
        plugin.run(program, "--output-format=" + fmt, targets.reach(program, port), b"-w" + text, fmt=fmt)


def test_nasty_hosts(program):
    for text in nasty_texts(2):
        done = plugin.run(program, "-t", "2", "-H", text, "--no-state", line_max=1000)
        assert done.rc in (2, 3)
