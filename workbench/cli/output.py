"""What a command prints: results on standard output, progress and errors on the other.

On a terminal progress is a bar with the time left; without one it is a plain line for each stage.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from workbench.analysis.fields import first_fault
from workbench.analysis.results import Failure, told_once
from workbench.errors import NotInLibrary, RequestError, SettingsError, WorkbenchError
from workbench.jsonable import to_jsonable
from workbench.progress import Progress, silent

FAILED = 1
MISUSED = 2
STOPPED = 128 + signal.SIGINT

EVERY_S = 5.0
"""Seconds between two lines about the same stage."""

_MISUSES = (RequestError, SettingsError, NotInLibrary)


@dataclass(frozen=True, slots=True)
class Command:
    """One verb: its examples, its options, and what it does with them."""

    examples: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def finish(parser: argparse.ArgumentParser, words: Sequence[str]) -> int:
    """Parse and run one command; its errors become one line and a hint."""
    try:
        arguments = parser.parse_args(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MISUSED
    try:
        code = arguments.run(arguments)
        sys.stdout.flush()
    except WorkbenchError as error:
        report_error(error, as_json=arguments.json)
        return MISUSED if isinstance(error, _MISUSES) else FAILED
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + "_".join(str(part) for part in first["loc"][:1]).replace("_", "-")
        wrong = f"{option} cannot be {first['input']!r}: {first['msg']}"
        if first["loc"] in ((), ("fields",)):  # what does not go together is no value of one option
            wrong = first_fault(error)
        report_error(RequestError(wrong), as_json=arguments.json)
        return MISUSED
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; run it again to go on.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing more to say, and nothing to complain about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    else:
        return int(code)


def report_error(error: WorkbenchError, *, as_json: bool) -> None:
    """Print one error: what happened, and the next step."""
    if as_json:
        print_json({"error": type(error).__name__, "message": error.message, "hint": error.hint})
        return
    print(error.message, file=sys.stderr)
    if error.hint:
        print(f"  hint: {error.hint}", file=sys.stderr)


def print_failures(failures: Sequence[Failure]) -> None:
    """List what could not be done; a reason that stopped many files once."""
    if failures:
        print(f"\n{len(failures)} could not be done:", file=sys.stderr)
    for failure in told_once(failures):
        hint = f" ({failure.hint})" if failure.hint else ""
        name = "" if failure.name in failure.message else f"{failure.name}: "
        print(f"  {name}{failure.message}{hint}", file=sys.stderr)


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "call"), counted(2, "call")
        ('1 call', '2 calls')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(value: Any) -> Any:
    """A dataclass as JSON for people who script: spans as `start_s` and `end_s`, dollars as numbers."""
    return _flat(to_jsonable(value))


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return [_flat(each) for each in value]
    if not isinstance(value, dict):
        return value
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        if key == "span" and isinstance(inner, dict):
            flat |= {"start_s": inner["start_s"], "end_s": inner["end_s"]}
        elif key.endswith("_usd") and isinstance(inner, str):
            flat[key] = _number(inner)
        else:
            flat[key] = _flat(inner)
    return flat


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text  # what a parameter means, and no price


def usd(cost: Decimal | None) -> float | None:
    """Dollars as a JSON number, null when unknown."""
    return None if cost is None else float(cost)


def print_json(value: Any) -> None:
    """Print JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: str = "") -> str:
    """Lay out text in columns.

    Args:
        headings: One for each column.
        rows: Cells, all text.
        right: Letters `r` and `l`, one for each column; missing ones are `l`.

    Example:
        >>> print(table(["name", "usd"], [["a", "$1"], ["bb", "$10"]], right="lr"))
        name  usd
        a      $1
        bb    $10
    """
    every = [headings, *rows]
    widths = [max(len(row[i]) for row in every) for i in range(len(headings))]
    sides = right.ljust(len(headings), "l")

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in every)


class _PlainProgress:
    """A line for each new stage, and every few seconds inside one."""

    def __init__(self) -> None:
        self.last = ""
        self.told_at: dict[str, float] = {}
        """Stem of a stage → when its last line was printed: two may take turns."""

    def __call__(self, done: int, total: int, stage: str) -> None:
        now, stem = time.monotonic(), _stem(stage)
        if stage == self.last or now - self.told_at.get(stem, -EVERY_S) < EVERY_S:
            return
        self.last = stage
        self.told_at[stem] = now
        count = f"[{done}/{total}] " if total else ""
        print(f"{count}{stage}", file=sys.stderr, flush=True)


def _stem(stage: str) -> str:
    """A stage without its running count."""
    return stage.split(" (", 1)[0].rstrip("0123456789:., ")


@contextmanager
def shown_progress(*, quiet: bool = False, is_timed: bool = True) -> Iterator[Progress]:
    """Show progress while a block runs: a bar with the time left on a terminal, else lines.

    Args:
        quiet: Show nothing.
        is_timed: Is the time left that which the units still take? Else the stage says it.
    """
    if quiet:
        yield silent
    elif not sys.stderr.isatty():
        yield _PlainProgress()
    else:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import (
            Progress as Bar,
        )

        columns = (
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            *([TimeRemainingColumn(compact=True)] if is_timed else []),
            TextColumn("{task.description}", markup=False),
        )
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None)

            def tell(done: int, total: int, stage: str) -> None:
                bar.update(task, completed=done, total=total or None, description=stage)

            yield tell


def megabytes(size_bytes: float) -> str:
    """A size in MB or GB, of a million or a thousand million bytes.

    Example:
        >>> megabytes(18_600_000)
        '18.6 MB'
    """
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"
