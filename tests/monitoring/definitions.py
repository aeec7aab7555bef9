"""The generated CheckCommands (contrib/icinga2/check_*.conf): they say which plugins the suite has and how to call them."""
import glob
import os
import re

import stand_in

FOLDER = os.path.join(stand_in.TOP, "contrib", "icinga2")
BUILDDIR = os.path.abspath(os.environ.get("CDC_BUILDDIR", os.path.join(stand_in.TOP, "build")))
# Options that make no sense in a service: they may be absent from a CheckCommand.
NOT_FOR_ICINGA = {"--extra-opts", "--output-format", "--discover", "--forget", "--verbose"}


def generated():
    """{command name: path}."""
    return {os.path.basename(path)[:-len(".conf")]: path for path in sorted(glob.glob(FOLDER + "/check_*.conf"))}


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def options(text):
    """{option: (name of its variable, whether it is a flag)} of one CheckCommand's text."""
    found = {}
    for option, body in re.findall(r'"(--[a-z0-9-]+)" = (\{.*?\n[ \t]+\}|"[^"]*")', text, re.S):
        variable = re.search(r"\$([a-z0-9_]+)\$", body)
        found[option] = (variable.group(1) if variable else None, "set_if" in body)
    return found


def executable(name):
    return os.path.join(BUILDDIR, name)


def tag(name):
    """The word that begins line 1: check_pg_slot says PG_SLOT."""
    return name[len("check_"):].upper()
