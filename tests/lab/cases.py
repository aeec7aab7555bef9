"""Many bad servers at once: most of their time is spent waiting for a deadline, so they wait together."""

import concurrent.futures
import functools
import re
import warnings

from lab import plugin, targets

MEMORY_MAX = 64 << 20
BAD = ("WARNING", "CRITICAL", "UNKNOWN")


class Case:
    """serve() gives a context manager of the port. states: those the interface allows; says: a pattern of line 1.

    args may be a function, for what is made only when a test runs.
    """

    def __init__(self, name, serve, states, says="", args=(), timeout=1.0, large=False, host="127.0.0.1", env=None):
        self.name, self.serve, self.states, self.says = name, serve, states.split(), says
        # A tool around the plugin takes seconds for a TLS handshake.
        timeout *= 8 if plugin.WRAPPER else 1
        self.args, self.timeout, self.large, self.host, self.env = args, timeout, large, host, env

    def __str__(self):
        return self.name

    def run(self, program):
        with self.serve() as port:
            args = ["-t", self.timeout, *targets.reach(program, port, self.host), *self.options()]
            return plugin.run(program, args, env=self.env, check=False, rss=self.large, timeout=self.timeout + 20)

    def options(self):
        return self.args() if callable(self.args) else list(self.args)

    def judge(self, program, done):
        """Everything that holds for whatever a server does."""
        plugin.contract.require(done.out, done.rc, program, err=done.err, fmt=plugin.guess_format(self.options()))
        late = done.seconds - self.timeout
        assert late < plugin.slack(program), "%.2f s beyond the deadline: %r" % (late, done)
        assert done.state != "OK", done
        states = self.states
        if self.name in OTHER_WAY_ROUND and targets.of(program).protocol == "mysql":
            states = ("CRITICAL", "UNKNOWN")
        assert done.state in states, "expected %s: %r" % (" or ".join(states), done)
        assert re.search(self.says, done.line1, re.I), "line 1 should say %r: %r" % (self.says, done)
        if self.large and plugin.weighs_itself(program):
            assert done.rss < MEMORY_MAX, "%d MiB: %r" % (done.rss >> 20, done)


# A MySQL client says nothing before the server's greeting: whoever waits for its request is silent to it, and a banner
# is the length of a packet that never comes.
OTHER_WAY_ROUND = ("resets after the request", "hangs up after the request", "SSH")


class Suite:
    """The cases run together at the first question about one of them."""

    def __init__(self, cases):
        self.cases = cases
        names = [case.name for case in cases]
        assert len(set(names)) == len(names), "a case twice"

    @functools.lru_cache(maxsize=None)
    def outcomes(self, program):
        done = {}
        for large, workers in ((False, 8), (True, 1)):
            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                running = {case: pool.submit(case.run, program) for case in self.cases if case.large == large}
                done.update((case, future.exception() or future.result()) for case, future in running.items())
        return done

    def check(self, program, case):
        done = self.outcomes(program)[case]
        if isinstance(done, BaseException):
            raise done
        if done.seconds > case.timeout:
            # On a busy machine the server of the case may have been the slow one: once more, and alone.
            done = self.alone(program, case, done)
        case.judge(program, done)
        return done

    @staticmethod
    def alone(program, case, done):
        try:
            case.judge(program, done)
        except AssertionError as error:
            warnings.warn("asked once more: %s" % error)
            return case.run(program)
        return done
