"""The real promtool: what Prometheus thinks of an exposition text, of rules and of what rules do.

Each function returns (exit code, what was printed); exit code 0 means neither an error nor a lint remark.
"""
import os
import shutil

from lab import sandbox


def _run(box, argv, stdin=b""):
    done = box.run([sandbox.find_program("promtool"), *argv], stdin=stdin)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def check_metrics(text):
    """`promtool check metrics`: 1 is a parse error, 3 a lint remark."""
    with sandbox.Sandbox("promtool") as box:
        return _run(box, ["check", "metrics"], text if isinstance(text, bytes) else text.encode())


def check_rules(path):
    """`promtool check rules FILE`."""
    with sandbox.Sandbox("promtool") as box:
        with open(path, encoding="utf-8") as rules:
            return _run(box, ["check", "rules", box.write(os.path.basename(path), rules.read())])


def test_rules(tests, *rules):
    """`promtool test rules`; the files of the rules are copied beside the file of the tests."""
    with sandbox.Sandbox("promtool") as box:
        for path in rules:
            shutil.copyfile(path, box.path(os.path.basename(path)))
        with open(tests, encoding="utf-8") as text:
            return _run(box, ["test", "rules", box.write(os.path.basename(tests), text.read())])
