"""The laboratory itself: Kafka, Connect and Debezium are the versions that they should be, and changes flow."""

import re

import pytest

from lab import debezium, exporter, kafka, prometheus, web


def test_versions(pipe):
    worker, stack = pipe.worker, pipe.stack
    assert worker.get("/").json["version"] == stack.kafka
    plugins = {plugin["class"]: plugin["version"] for plugin in worker.get("/connector-plugins").json}
    for kind in pipe.kinds:
        name = pipe.source(kind).connector("x")["connector.class"]
        assert plugins[name] == stack.debezium[kind], plugins
    page = web.get(worker.metrics_url).text
    assert f'version="{stack.exporter_version}"' in re.search("^jmx_exporter_build_info.*", page, re.M)[0]
    agent = web.get(worker.jolokia_url + "/version").json["value"]["agent"]
    # Jolokia 1.7.2 says that it is 1.7.1.
    assert agent.split(".")[0] == stack.jolokia_version.split(".", maxsplit=1)[0]


def test_changes_flow(pipe):
    """From a table through Debezium and Kafka into a file."""
    for kind in pipe.kinds:
        source, file = pipe.source(kind), pipe.lab.directory / f"flow-{kind}"
        schema = "public" if kind == "postgres" else "lab"
        with pipe.connector(source) as name:
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


@pytest.mark.parametrize("version", ["0.20.0", "1.0.1"])
def test_other_exporters_of_the_same_beans(pipe, version):
    source = pipe.source("postgres")
    with pipe.lab.another_worker(group=pipe.name("jmx"), jmx=True) as worker, exporter.Server(worker, version) as url:
        with pipe.connector(source, worker=worker) as name:
            pipe.streaming(name, worker)
            lines = re.findall(r"^debezium_postgres_connector_metrics_Connected\{.*\} 1\.0$", web.get(url).text, re.M)
    assert len(lines) == 1 and f'server="{name}"' in lines[0]
