#!/usr/bin/python3
"""The pipeline of contrib/demo/run --connect: starts PostgreSQL, Kafka, Kafka Connect and a Debezium connector.

It does what the lines of its standard input say (stop, start, write), answers each with one line, and ends with its
input, after which nothing of the pipeline is left.
"""

import pathlib
import signal
import sys

TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
sys.path.insert(0, str(TESTS))
sys.dont_write_bytecode = True

from lab import kafka, pipeline  # noqa: E402


def say(*words):
    print(*words, flush=True)


def serve(pipe, source, name):
    """One line for each order, when it is done."""
    def stop():
        source.server.stop()
        kafka.wait_for(lambda: not pipe.worker.beans(name), "the metrics are gone")

    def start():
        source.server.start()
        pipe.streaming(name)

    deeds = {"stop": stop, "start": start, "write": lambda: pipe.seen(source, name)}
    for line in sys.stdin:
        deeds[line.strip()]()
        say("done")


def main():
    # what was started is ended in good order
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with pipeline.Pipeline("new") as pipe:
        source = pipe.source("postgres")
        pipe.worker.create("orders", source.connector("orders"))
        pipe.streaming("orders")
        say(pipe.worker.url, pipe.worker.metrics_url)
        serve(pipe, source, "orders")


if __name__ == "__main__":
    main()
