"""A healthy server whose words are cut, held back or changed at every stage, for every plugin."""

import concurrent.futures
import random

from lab import hostile, plugin, targets


class Line:
    """What a server may say, over all its connections, before `then` happens. change(said, data) alters data."""

    def __init__(self, program, limit=None, then=hostile.hang_up, change=None):
        self.server = targets.of(program).healthy("dbz_orders")
        self.limit, self.then, self.change, self.said, self.borders = limit, then, change, 0, []

    def __call__(self, peer):
        self.server(Meter(peer, self))


class Meter(hostile.Peer):
    def __init__(self, peer, line):
        super().__init__(peer.sock, peer.closing)
        self.line = line

    def send(self, data):
        line = self.line
        if line.change:
            data = line.change(line.said, data)
        allowed = data if line.limit is None else data[:max(0, line.limit - line.said)]
        line.said += len(allowed)
        line.borders.append(line.said)
        super().send(allowed)
        if len(allowed) < len(data):
            line.then(self)
            raise ConnectionError("cut")


def healthy(program):
    """The control, and what it said: how many bytes, and where its messages end."""
    line = Line(program)
    with hostile.serve(line) as port:
        done = targets.run(program, port)
    assert done.rc == 0 and done.perf, done
    return line, done


def at_every_stage(program, then, timeout, workers, step=1):
    """At every message of a healthy session, and at places in between."""
    def one(limit):
        with hostile.serve(Line(program, limit, then)) as port:
            return limit, targets.run(program, port, "-t", timeout)
    line, _ = healthy(program)
    inside = random.Random(1).sample(range(line.said), 20)
    places = sorted({n for b in line.borders for n in (b, b - 1, b + 1) if n < line.said} | set(inside))[::step]
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, places))


def test_cut_at_every_stage(program):
    # an answer over HTTP that ends early is either a lost connection or an answer that was cut off
    states = (2, 3) if targets.of(program).protocol == "http" else (2,)
    for limit, done in at_every_stage(program, hostile.hang_up, "2", 4):
        assert done.rc in states, (limit, done)


def test_stall_at_every_stage(program):
    for limit, done in at_every_stage(program, hostile.silent, "0.4", 8, 2):
        assert done.rc == 3 and "time" in done.line1, (limit, done)
        assert done.seconds < 0.4 + plugin.slack(program), (limit, done)


def test_killed_at_every_stage(program):
    for limit, done in at_every_stage(program, hostile.Peer.reset, "2", 4):
        assert done.rc == 2, (limit, done)


def test_flipped_bits(program):
    """Whatever a broken network makes of an answer: a complete output, in time."""
    size = healthy(program)[0].said

    def one(seed):
        source = random.Random(seed)
        place, bit = source.randrange(size), 1 << source.randrange(8)

        def change(said, data):
            at = place - said
            return data[:at] + bytes([data[at] ^ bit]) + data[at + 1:] if 0 <= at < len(data) else data
        with hostile.serve(Line(program, change=change)) as port:
            return targets.run(program, port, "-t", "0.4", line_max=1000)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in pool.map(one, range(100)):
            assert done.seconds < 0.4 + plugin.slack(program), done


def test_single_bytes(program):
    """An answer in segments of one byte is the same answer."""
    server = targets.of(program).healthy("dbz_orders")

    def handler(peer):
        class Slow(hostile.Peer):
            def send(self, data):
                for byte in data:
                    super().send(bytes([byte]))
        server(Slow(peer.sock, peer.closing))
    with hostile.serve(handler) as port:
        assert targets.run(program, port).lines == healthy(program)[1].lines
