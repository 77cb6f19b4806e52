"""Measure what each layer of the sandbox adds to the start of a program.

python -m tests.bench.sandbox
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbench.errors import SandboxMissing
from workbench.explain.sandbox.running import Layer, best_layer, run_sandboxed

WORDS = (sys.executable, "-I", "-S", "-c", "pass")
LAYERS: tuple[Layer, ...] = ("off", "bwrap", "landlock")


def overhead(times: int = 20) -> None:
    """A program that does nothing: plainly, and in each layer."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        plain_s = seconds(lambda: subprocess.run(WORDS, check=True), times)
        print(f"a plain process         {1000 * plain_s:6.1f} ms")
        for layer in LAYERS:
            try:
                best_layer(layer)
            except SandboxMissing as missing:
                print(f"more in {layer:<15} {missing}")
                continue
            more_s = seconds(lambda: run_sandboxed(WORDS, work, layer=layer), times) - plain_s  # noqa: B023
            print(f"more in {layer:<15} {1000 * more_s:6.1f} ms   goal 50 ms")


def seconds(action: Callable[[], object], times: int) -> float:
    """The median of some runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


if __name__ == "__main__":
    overhead()
