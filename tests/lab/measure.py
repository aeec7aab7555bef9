"""Times whole processes in turn, A B C A B C ..., by the operating system's own accounting of each finished one."""

import os
import statistics
import time


class Figures:
    """The medians over all runs: wall and cpu in milliseconds, peak memory in KiB."""

    def __init__(self, samples):
        self.wall, self.cpu, self.memory = (statistics.median(column) for column in zip(*samples))
        self.runs = len(samples)

    def over(self, other):
        return self.wall / other.wall, self.cpu / other.cpu, self.memory / other.memory


def once(argv, env):
    """One run: (wall ms, user + system ms, peak KiB). Its output goes nowhere."""
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) not in (0, 1, 2, 3):
        raise RuntimeError("%s ended with %s" % (argv[0], os.waitstatus_to_exitcode(status)))
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss


def in_turn(commands, runs, env, warm_up=2):
    """{name: Figures} of {name: argv}, the commands taking turns so that a drifting machine hits all alike."""
    samples = {name: [] for name in commands}
    for number in range(warm_up + runs):
        for name, argv in commands.items():
            sample = once(argv, env)
            if number >= warm_up:
                samples[name].append(sample)
    return {name: Figures(rows) for name, rows in samples.items()}
