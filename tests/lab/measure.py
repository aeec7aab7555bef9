"""Times whole processes in turn, A B C A B C ..., by the operating system's own accounting of each finished one."""

import statistics
import subprocess


class Figures:
    """The medians over all runs: wall and cpu in milliseconds, peak memory in KiB."""

    def __init__(self, samples):
        self.wall, self.cpu, self.memory = (statistics.median(column) for column in zip(*samples))
        self.runs = len(samples)

    def over(self, other):
        return self.wall / other.wall, self.cpu / other.cpu, self.memory / other.memory


def once(tool, argv, env):
    """One run: (wall ms, user + system ms, peak KiB). Its output goes nowhere. tool: the built tests/bench/measure."""
    printed = subprocess.run([tool] + argv, env=env, stdout=subprocess.PIPE, check=True).stdout.split()
    wall, cpu, memory, code = map(int, printed)
    if code not in (0, 1, 2, 3):
        raise RuntimeError("%s ended with %s" % (argv[0], code))
    return wall / 1000, cpu / 1000, memory


def in_turn(tool, commands, runs, env, warm_up=2):
    """{name: Figures} of {name: argv}, the commands taking turns so that a drifting machine hits all alike."""
    samples = {name: [] for name in commands}
    for number in range(warm_up + runs):
        for name, argv in commands.items():
            sample = once(tool, argv, env)
            if number >= warm_up:
                samples[name].append(sample)
    return {name: Figures(rows) for name, rows in samples.items()}
