"""A real node_exporter with nothing but its textfile collector: what it makes of *.prom files.

    page = node_exporter.page({"cdc_x.prom": text})
"""
import urllib.error
import urllib.request

from lab import sandbox


def _fetch(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None


def page(files):
    """The metrics page that it serves for files {name: text}."""
    with sandbox.Sandbox("node") as box:
        box.mkdir("textfile")
        for name, text in files.items():
            box.write("textfile/" + name, text)
        port = sandbox.free_port()
        child = box.start([sandbox.find_program("prometheus-node-exporter", "node_exporter"),
                           "--collector.disable-defaults", "--collector.textfile", "--web.disable-exporter-metrics",
                           "--collector.textfile.directory=" + box.path("textfile"),
                           "--web.listen-address=127.0.0.1:%d" % port], "node_exporter.log")
        return box.wait_for("node_exporter's page", lambda: _fetch(port), child)
