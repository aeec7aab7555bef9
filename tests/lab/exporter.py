"""The JMX exporter as a server of its own: the beans of a worker, printed by other rules or another version.

    with exporter.Server(pipe.worker, "0.20.0") as url: ...

Without the word "rules" it names metrics after the beans: the "default export" of many installations. An empty list of
rules exports nothing.
"""

import contextlib
import pathlib

from lab import jvm, proc, sandbox, stacks, web


class Server:
    """worker: the first one, or another that was started with jmx=True. options: of the exporter's configuration, as YAML lines."""

    def __init__(self, worker, version, options=""):
        self._stack = contextlib.ExitStack()
        self._worker, self._version, self._options = worker, version, options
        self._port = sandbox.free_port()
        self.url = f"http://127.0.0.1:{self._port}/metrics"

    def __enter__(self):
        directory = pathlib.Path(self._stack.enter_context(proc.scratch()))
        settings = directory / "exporter.yml"
        settings.write_text(f"hostPort: 127.0.0.1:{self._worker.jmx_port}\n"
                            'includeObjectNames: ["debezium.*:*", "kafka.connect:type=connect-worker-metrics"]\n'
                            f"{self._options}\n")
        process = jvm.start("io.prometheus.jmx.WebServer", [stacks.exporter(self._version, server=True)],
                            directory / "log", [f"127.0.0.1:{self._port}", settings], heap=64)
        self._stack.callback(process.stop)
        process.wait_for(lambda: web.answers(self.url, 10))
        return self.url

    def __exit__(self, *_):
        self._stack.close()
