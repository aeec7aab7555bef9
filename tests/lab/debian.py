"""Programs of other Debian suites, unpacked beside this system and never installed.

    tree = debian.tree("bullseye", "mariadb-server-core-10.5")     # cached; needs debootstrap, and root the first time
    argv = debian.command(tree, "usr/sbin/mariadbd")               # runs it with the suite's own libraries

Packages come from where this machine's apt gets its own, and are verified by debootstrap against the archive's
signature: there is no fixed checksum for a suite that still changes. They are unpacked, not set up; nothing of them
but the program asked for ever runs.
"""

import pathlib
import shutil
import subprocess
import tempfile

from lab import maven

# What a program may need: libraries, its own package, and data. The rest of a base system stays packed.
WANTED = ("lib", "mariadb", "mysql", "gcc-", "zlib")
LOADERS = ("usr/lib64/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2",
           "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/mysql/private")


def tree(suite, package):
    """The directory with the package and what it depends on, downloaded when it is not in the cache."""
    directory = maven.cache() / f"debian-{suite}-{package}"
    with maven.locked(directory.name):
        if not directory.exists():
            new = pathlib.Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=maven.cache()))
            try:
                _fill(new, suite, package)
                new.chmod(0o755)
                new.rename(directory)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
    return directory


def command(directory, program):
    """The arguments that run the program, before its own."""
    [loader, *_] = [directory / path for path in LOADERS if (directory / path).exists()]
    libraries = ":".join(str(directory / path) for path in LIBRARIES if (directory / path).exists())
    return [str(loader), "--library-path", libraries, str(directory / program)]


def _fill(directory, suite, package):
    with tempfile.TemporaryDirectory(prefix="cdc-debian-") as download:
        _run("debootstrap", "--download-only", "--variant=minbase", f"--include={package}", suite, download, _mirror())
        packages = sorted(pathlib.Path(download, "var/cache/apt/archives").glob("*.deb"))
        for file in packages:
            if file.name.startswith(WANTED):
                _run("dpkg-deb", "--extract", file, directory)


def _mirror():
    """Where this machine's own suite comes from."""
    codename = _run("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME").strip()
    lines = _run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages")
    for line in lines.splitlines():
        name, _, uri = line.partition(" ")
        if name == codename:
            return uri
    raise RuntimeError(f"apt knows no source for {codename}")


def _run(*argv):
    done = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
