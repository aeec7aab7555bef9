"""A real Prometheus server that scrapes what it is told to.

    with prometheus.Server({"connect": [worker.metrics_url]}) as server:
        server.query('up{job="connect"}')             # the result of the API
        server.url
"""

import contextlib
import pathlib
import urllib.parse

from lab import need, proc, sandbox, web


class Server:
    """Scrapes every second. The value of a job is a list of URLs. It has scraped each of them once when it is there."""

    def __init__(self, jobs, labels=None):
        self._stack = contextlib.ExitStack()
        self.directory = pathlib.Path(self._stack.enter_context(proc.scratch()))
        self.url = f"http://127.0.0.1:{sandbox.free_port()}"
        self.labels, self._targets = labels or {}, sum(map(len, jobs.values()))
        (self.directory / "prometheus.yml").write_text("".join(self._configuration(jobs)))

    def _configuration(self, jobs):
        yield "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n"
        for job, urls in jobs.items():
            targets = [urllib.parse.urlsplit(url).netloc for url in urls]
            yield f"- job_name: {job}\n  static_configs:\n  - targets: {targets}\n    labels: {self.labels}\n"

    def __enter__(self):
        directory = str(self.directory)
        process = proc.start(
            [need.program("prometheus"), f"--config.file={directory}/prometheus.yml", "--log.level=warn",
             f"--storage.tsdb.path={directory}/data", f"--web.listen-address={self.url.removeprefix('http://')}"],
            self.directory / "log", cwd=directory)
        self._stack.callback(process.stop)
        process.wait_for(self._ready)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _ready(self):
        """It looks at its list of targets no more often than every 5 s."""
        answer = web.answers(self.url + "/-/ready")
        return answer and answer.status == 200 and len(self.query("up")) == self._targets

    def query(self, text):
        """[{labels}, value as text] of an instant query."""
        answer = web.get(f"{self.url}/api/v1/query?query={urllib.parse.quote(text)}").json
        assert answer["status"] == "success", answer
        return [(series["metric"], series["value"][1]) for series in answer["data"]["result"]]
