"""What a pipeline of change data capture is made of, in two generations, by fixed version and checksum.

    stack = stacks.STACKS["new"]
    stack.kafka_jars(), stack.plugin_path(), stack.exporter(), stack.jolokia()
"""

import os
import pathlib
import shutil
import tarfile

from lab import maven

HERE = pathlib.Path(__file__).parent
DEBEZIUM = {  # (connector, version): the newest version is not the same for each
    ("postgres", "3.7.0.Final"): "660673cbabd2f269da21409208ebd0f0d9977bd92e824fc9daa272f240e88e51",
    ("postgres", "2.5.4.Final"): "d87f44cfbfc7fc59bf91f03fb445d03a27cae4a328a1f07cf1bc3afdb75be44a",
    ("mysql", "3.6.1.Final"): "1dfd80c86e204406c5d886836da1f022e4955bc3900c0491b892c22c8b901af2",
    ("mysql", "2.5.4.Final"): "ef52bb72d266b57d4c4c9caef63135939a4440d645e0b3863646327e35cf7ed7",
    ("mariadb", "3.5.0.Final"): "1ccab832edc5d1e667607361905e70689a308c9e5cb1561d79808084811e938f",
}
FILE_CONNECTORS = {
    "4.3.1": "e330c491309d8f839f2abd7260c72a3687d6d82ecf2ba0f7699a46d41a46dcac",
    "3.9.1": "971bf984d140a55440ec966d0feaaa260a20eb3de368f897cbed7a373fbfd66f",
}
EXPORTERS = {  # version: (as an agent, as a server of its own)
    "1.0.1": ("7d61f737fd661610ccc14aea79764faa1ea94a340cbc8f0029b3d2edea3d80c1",
              "a493eb637f9eb827dc3bee2a8cb0dc6bf2b291ace896d4ebfe98b055e394ab1b"),
    "0.20.0": ("8b67ed40485d475648c36d11d21464b484406f85faf912b3363f71a6a7861320",
               "19eb6ba6d5bc899cc5726d86651683e0fecb718da3190da133c48ece08d89aab"),
}
JOLOKIAS = {
    "2.6.0": ("org.jolokia:jolokia-agent-jvm:2.6.0:jar:javaagent",
              "95c2c1230970ac0ad71b9cb556b8a55c4c6008e9ffd7745be7797f477120b6ae"),
    "2.2.9": ("org.jolokia:jolokia-agent-jvm:2.2.9:jar:javaagent",
              "f5c4b31eeeb602888346ce7b545a885cb7caf932eff3b1b630e93cc720483429"),
    "1.7.2": ("org.jolokia:jolokia-jvm:1.7.2", "65d5645b07f7bdc22c7a1dbf060b5345b564674cc263d14f75ade2dabe80f1f2"),
}


class Stack:
    """The versions that run together."""

    def __init__(self, name, kafka, exporter_version, jolokia_version, debezium):
        self.name, self.kafka, self.debezium = name, kafka, debezium
        self.exporter_version, self.jolokia_version = exporter_version, jolokia_version

    def __repr__(self):
        return self.name

    def kafka_jars(self):
        """Broker, Connect worker and tools, with all they depend on."""
        return maven.get_all(HERE / "jars" / f"kafka-{self.kafka}.txt")

    def plugin_path(self, *kinds):
        """Connect's plugin.path: the file connectors, and Debezium's of these kinds."""
        trees = [_file_connectors(self.kafka), *(_debezium(kind, self.debezium[kind]) for kind in kinds)]
        return ",".join(map(str, trees))

    def exporter(self):
        return exporter(self.exporter_version)

    def jolokia(self):
        return maven.get(*JOLOKIAS[self.jolokia_version])


def exporter(version, server=False):
    """The JMX exporter's jar: the agent, or the server that reads another JVM."""
    kind = "httpserver" if server else "javaagent"
    return maven.get(f"io.prometheus.jmx:jmx_prometheus_{kind}:{version}", EXPORTERS[version][server])


def _file_connectors(version):
    sha256 = FILE_CONNECTORS[version]
    return maven.tree(f"connect-file-{version}", f"org.apache.kafka:connect-file:{version}", sha256, _copy_jar)


def _copy_jar(path, directory):
    (directory / "connect-file").mkdir()
    shutil.copy(path, directory / "connect-file")


def _debezium(kind, version):
    artifact = f"io.debezium:debezium-connector-{kind}:{version}:tar.gz:plugin"
    return maven.tree(f"debezium-{kind}-{version}", artifact, DEBEZIUM[kind, version], _unpack)


def _unpack(path, directory):
    with tarfile.open(path) as tar:
        tar.extractall(directory)
    assert os.listdir(directory), f"{path} is empty"


STACKS = {stack.name: stack for stack in (
    Stack("new", "4.3.1", "1.0.1", "2.6.0",
          {"postgres": "3.7.0.Final", "mysql": "3.6.1.Final", "mariadb": "3.5.0.Final"}),
    Stack("old", "3.9.1", "0.20.0", "1.7.2", {"postgres": "2.5.4.Final", "mysql": "2.5.4.Final"}))}
