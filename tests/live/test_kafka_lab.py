"""The laboratory itself: Kafka, Connect and Debezium are the versions that they should be, and changes flow."""

import contextlib
import re

import pytest

from lab import debezium, exporter, kafka, plugin, prometheus, stacks, web


def test_versions(pipe):
    worker, stack = pipe.worker, pipe.stack
    assert worker.get("/").json["version"] == stack.kafka
    plugins = {found["class"]: found["version"] for found in worker.get("/connector-plugins").json}
    for kind in pipe.kinds:
        name = pipe.source(kind).connector("x")["connector.class"]
        assert plugins[name] == stack.debezium[kind], plugins
    page = web.get(worker.metrics_url).text
    assert f'version="{stack.exporter_version}"' in re.search("^jmx_exporter_build_info.*", page, re.M)[0]
    agent = web.get(worker.jolokia_url + "/version").json["value"]["agent"]
    # Jolokia 1.7.2 says that it is 1.7.1.
    assert agent.split(".")[0] == stack.jolokia_version.split(".", maxsplit=1)[0]


def test_changes_flow(pipe):
    """From a table through Debezium and Kafka into a file; check_connect_status sees what flows."""
    with contextlib.ExitStack() as stack:
        names = {kind: stack.enter_context(pipe.connector(pipe.source(kind))) for kind in pipe.kinds}
        for kind, name in names.items():
            _flow(pipe, pipe.source(kind), name)
        found = plugin.run("check_connect_status", "--url=" + pipe.worker.url, "--discover", "--type=source").json
    assert {entry["{#CONNECTOR}"]: entry["{#CLASS}"] for entry in found} == {
        name: pipe.source(kind).connector("x")["connector.class"] for kind, name in names.items()}


def _flow(pipe, source, name):
    file, schema = pipe.lab.directory / f"flow-{name}", "public" if source.kind == "postgres" else "lab"
    pipe.streaming(name)
    pipe.worker.create(f"sink-{name}", debezium.file_sink(f"{name}.{schema}.items", file, tasks=1))
    source.server.sql(f"insert into {schema}.items (text) values ('through {name}')")
    kafka.wait_for(lambda: file.exists() and f"through {name}" in file.read_text(), "the change in the file")
    pipe.worker.delete(f"sink-{name}")


def test_prometheus_scrapes(pipe):
    with pipe.connector(pipe.source("postgres")) as name, prometheus.Server({"connect": [pipe.worker.metrics_url]}) as server:
        lag = f'debezium_metrics_MilliSecondsBehindSource{{name="{name}"}}'
        labels, _ = kafka.wait_for(lambda: server.query(lag), "a series")[0]
        assert labels["plugin"] == "postgres" and labels["job"] == "connect" and labels["context"] == "streaming"


@pytest.mark.stacks("new")
def test_other_exporters_of_the_same_beans(pipe):
    with pipe.connector(pipe.source("postgres")) as name:
        pipe.streaming(name)
        for version in stacks.EXPORTERS:
            with exporter.Server(pipe.worker, version) as url:
                lines = re.findall(r"^debezium_postgres_connector_metrics_Connected\{.*\} 1\.0$", web.get(url).text, re.M)
            assert len(lines) == 1 and f'server="{name}"' in lines[0], version
