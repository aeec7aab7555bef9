"""What a test cannot do without: absent here it is skipped, absent in CI (CDC_CI=1) it fails."""

import os
import shutil
import subprocess

import pytest


def need(present, what):
    if present:
        return
    if os.environ.get("CDC_CI"):
        pytest.fail("needed and not there: " + what, pytrace=False)
    pytest.skip("not there: " + what)


def sense(holds, what):
    """A test that would say nothing here, in CI neither."""
    if not holds:
        pytest.skip("says nothing about " + what)


def program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    need(path, "program " + name)
    return path


def root():
    need(os.geteuid() == 0, "root (mounts, other users)")


def mounts():
    """Root in a container may lack the right to mount."""
    root()
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    need(done.returncode == 0, "the right to make a mount namespace")
