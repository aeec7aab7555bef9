"""Artifacts from the Maven registry: fetched once, checked by SHA-256, kept in the cache.

    path = maven.get("group:artifact:version[:type[:classifier]]", sha256)
    tree = maven.tree("postgresql-17.11.0", coordinates, sha256, unpack)    # unpack(path, directory)
    paths = maven.get_all(file)                                             # of lines "coordinates sha256"

Where the registry is, Maven's own configuration says. Several processes may share the cache.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
POM = """<project><modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>lab</artifactId><version>1</version>
<packaging>pom</packaging><build><plugins><plugin><groupId>org.apache.maven.plugins</groupId>
<artifactId>maven-dependency-plugin</artifactId><configuration><artifactItems>%s</artifactItems></configuration>
</plugin></plugins></build></project>
"""
ITEM = "<artifactItem><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></artifactItem>\n"


def cache():
    """The directory of everything that is downloaded for tests."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = pathlib.Path(os.environ.get("CDC_TEST_CACHE") or os.path.join(base, "cdc-plugins"))
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(name):
    """Holds the cache's lock of this name against other processes."""
    with open(cache() / f".{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def get(coordinates, sha256):
    """The path of the artifact in the cache, its checksum verified."""
    path = _repository() / _layout(coordinates)
    # One lock for all: Maven's local repository is not made for two processes that write it.
    with locked("maven"):
        if not path.exists():
            _fetch(coordinates)
        found = _sha256(path)
        if found != sha256:
            path.unlink()
            raise RuntimeError(f"{coordinates}: SHA-256 is {found}, expected {sha256}")
    return path


def get_all(file):
    """The paths of all artifacts that a file lists, in its order. Those that are missing come in one call of mvn."""
    lines = [line.split() for line in pathlib.Path(file).read_text().splitlines() if not line.startswith("#")]
    with locked("maven"):
        missing = [coordinates for coordinates, _ in lines if not (_repository() / _layout(coordinates)).exists()]
        if missing:
            _fetch_all(missing)
    return [get(coordinates, sha256) for coordinates, sha256 in lines]


def tree(name, coordinates, sha256, unpack):
    """The directory CACHE/NAME that unpack(path of the artifact, new directory) has filled, now or in an earlier run.

    The checksum is part of what is remembered: a new one for the same name unpacks again.
    """
    directory = cache() / name
    stamp = directory / ".sha256"
    with locked(name):
        if stamp.exists() and stamp.read_text() == sha256:
            return directory
        path = get(coordinates, sha256)
        shutil.rmtree(directory, ignore_errors=True)
        new = pathlib.Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache()))
        try:
            unpack(path, new)
            (new / ".sha256").write_text(sha256)
            new.chmod(0o755)
            new.rename(directory)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    return directory


def _repository():
    return cache() / "m2"


def _layout(coordinates):
    """Where Maven's local repository keeps the artifact."""
    group, artifact, version, *rest = coordinates.split(":")
    kind = rest[0] if rest else "jar"
    classifier = f"-{rest[1]}" if len(rest) > 1 else ""
    return pathlib.Path(*group.split("."), artifact, version, f"{artifact}-{version}{classifier}.{kind}")


def _fetch(coordinates):
    _mvn(coordinates, f"{PLUGIN}:get", "-Dtransitive=false", f"-Dartifact={coordinates}")


def _fetch_all(artifacts):
    """The plugin's goal `get` takes one artifact only, `copy` takes those of a pom.xml."""
    items = [ITEM % tuple(coordinates.split(":")) for coordinates in artifacts]
    _mvn(f"{len(items)} artifacts", f"{PLUGIN}:copy", "-DoutputDirectory=copies", pom=POM % "".join(items))


def _mvn(what, goal, *options, pom=None):
    command = ["mvn", "-q", "-B", f"-Dmaven.repo.local={_repository()}", goal, *options]
    with tempfile.TemporaryDirectory() as place:  # a pom.xml of the current directory must not take part
        if pom:
            pathlib.Path(place, "pom.xml").write_text(pom)
        done = subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"mvn could not get {what}:\n{done.stdout}{done.stderr}")


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
