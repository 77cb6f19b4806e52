"""Run methods in turn, in processes of their own, and compare what they cost."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Command = list[str]


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and of processor, and memory of the largest process, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Method:
    """Something to measure, and how to see that it did what it should."""

    name: str
    commands: Callable[[], Sequence[Command]]
    check: Callable[[], str] = lambda: ""
    """Says the figure of correctness, or raises; called after each round."""


@dataclass
class Results:
    """What the rounds of each method cost, the first one left out."""

    costs: dict[str, list[Cost]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)

    def ratios(self, name: str, base: str, what: str) -> list[float]:
        """`base` over `name`, round by round: more is better."""
        pairs = zip(self.costs[base], self.costs[name], strict=True)
        return [getattr(theirs, what) / getattr(ours, what) for theirs, ours in pairs]

    def ratio(self, name: str, base: str, what: str = "cpu_s") -> float:
        """The median of `ratios`."""
        return statistics.median(self.ratios(name, base, what))

    def peak_mb(self, name: str) -> float:
        """The most memory that a process of it ever had."""
        return max(cost.peak_mb for cost in self.costs[name])


_STARTER = """
import os, sys, time
began = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
words = time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss
os.write(int(sys.argv[1]), " ".join(map(str, words)).encode())
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""
"""Starts a program from a small process: its peak memory counts that of the one it is started by."""


def cost_of(commands: Sequence[Command]) -> Cost:
    """Run commands one after the other; each has to succeed."""
    wall = cpu = peak = 0.0
    for command in commands:
        ours, theirs = os.pipe()
        words = [sys.executable, "-S", "-c", _STARTER, str(theirs), *command]
        done = subprocess.run(words, pass_fds=(theirs,), check=False)
        os.close(theirs)
        with os.fdopen(ours) as told:
            said = told.read().split()
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed")
        # It counts what the process waited for as well: all of its tree.
        wall += float(said[0])
        cpu += float(said[1])
        peak = max(peak, float(said[2]) / 1024)
    return Cost(wall, cpu, peak)


def compare(methods: Sequence[Method], rounds: int) -> Results:
    """Run methods in turn, once to warm up and then `rounds` times.

    Raises:
        AssertionError: A method made something wrong.
    """
    results = Results({method.name: [] for method in methods})
    for number in range(rounds + 1):
        for method in methods:
            cost = cost_of(method.commands())
            results.figures[method.name] = method.check()
            if number:
                results.costs[method.name].append(cost)
    return results


def show(title: str, results: Results, bases: Sequence[str]) -> None:
    """Print a table: medians, and how many times better than each base, with the range."""
    print(f"\n{title}   (load {os.getloadavg()[0]:.1f})")
    heads = "".join(f"{'CPU × ' + base:>24}{'wall ×':>8}" for base in bases)
    print(f"  {'':<24}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{heads}")
    for name, costs in results.costs.items():
        wall = statistics.median(cost.wall_s for cost in costs)
        cpu = statistics.median(cost.cpu_s for cost in costs)
        row = f"  {name:<24}{wall:9.2f}{cpu:9.2f}{results.peak_mb(name):9.0f}"
        for base in bases:
            every = results.ratios(name, base, "cpu_s")
            middle = f"{statistics.median(every):.2f} ({min(every):.2f}-{max(every):.2f})"
            row += f"{middle:>24}{results.ratio(name, base, 'wall_s'):8.2f}"
        print(f"{row}   {results.figures[name]}")


def goal(name: str, value: float, limit: float, *, at_most: bool) -> None:
    """Print a goal beside what was measured."""
    is_met = value <= limit if at_most else value >= limit
    sign = "≤" if at_most else "≥"
    print(f"  {'met   ' if is_met else 'MISSED'} {name}: {value:.3g} (goal {sign} {limit:g})")
