"""One run of a scene in the sandbox, and what comes back from it.

The work folder belongs to a stranger's script: nothing in it is followed, opened twice or believed.
"""

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from workbench.explain.sandbox.returned import remove_folder
from workbench.explain.sandbox.running import Layer, Limits, Ran, run_sandboxed
from workbench.explain.scripts.findings import Finding
from workbench.explain.scripts.reading.latex_words import LatexRoute
from workbench.jsonable import from_json
from workbench.media.outputs import atomic_output

LONGEST_S = 120.0
"""A scene may play this long: longer ones are no beat of a film."""

LARGEST_ANSWER_BYTES = 256_000
LARGEST_FILM_BYTES = 400_000_000

_PROGRAMS = ("stage.py", "layout.py", "typst_tex.py")


@dataclass(frozen=True, slots=True)
class Order:
    """What the program inside of the sandbox is to do."""

    do: Literal["look", "render"]
    scene: str
    width_px: int
    height_px: int
    frame_rate: int
    background: str
    route: LatexRoute
    longest_s: float = LONGEST_S


@dataclass(frozen=True, slots=True)
class Raised:
    """An error inside of the script."""

    name: str
    message: str
    line: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something about the layout."""

    kind: Literal["layout"]
    line: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program inside of the sandbox has written: nothing of it is to be trusted."""

    plays: int
    duration_s: float
    findings: tuple[Noticed, ...] = field(default=())
    error: Raised | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended."""

    ran: Ran
    answer: Answer | None
    findings: tuple[Finding, ...]
    """With what stopped it, if it was stopped."""

    @property
    def is_good(self) -> bool:
        """Did it come to its end?"""
        return not any(finding.is_open for finding in self.findings)


def run_order(
    code: str,
    order: Order,
    folder: Path,
    *,
    layer: Layer,
    limits: Limits,
    check: Callable[[], None],
    tell_plays: Callable[[int], None] | None = None,
    target: Path | None = None,
) -> Run:
    """Look at a scene, or render it into `target`.

    Args:
        code: The script.
        order: What is to be done.
        folder: Where the work folder is made.
        layer: What keeps it in.
        limits: What it may use.
        check: Called while it runs; raises to stop it.
        tell_plays: Told how many animations were played, while it renders.
        target: Where the film goes.
    """
    with _work_folder(folder) as work:
        for name in _PROGRAMS:
            shutil.copyfile(Path(__file__).parent / "inside" / name, work / name)
        (work / "script.py").write_text(code, encoding="utf-8")
        (work / "order.json").write_text(json.dumps(asdict(order)), encoding="utf-8")

        def looked() -> None:
            check()
            told = _taken(work / "plays.txt", 20) if tell_plays else None
            if tell_plays and told and told.isascii() and told.isdigit():
                tell_plays(int(told))

        words = [sys.executable, "stage.py", "order.json"]
        ran = run_sandboxed(words, work, layer=layer, limits=limits, check=looked)
        answer = _answer(work / "answer.json")
        findings = tuple(_findings(ran, answer, limits, order))
        is_good = not any(finding.is_open for finding in findings)
        if is_good and target is not None and not _copied(work / "scene.mp4", target):
            findings = (*findings, Finding("run", 0, "the scene was run and left no film"))
    return Run(ran, answer, findings)


@contextmanager
def _work_folder(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".scene-", dir=folder))
    try:
        yield work
    finally:
        remove_folder(work)


def _findings(ran: Ran, answer: Answer | None, limits: Limits, order: Order) -> Iterator[Finding]:
    stops = {
        "time": f"it did not end within {limits.wall_s:.0f} s",
        "processor": f"it computed for more than {limits.cpu_s:.0f} s",
        "memory": f"it wanted more than {limits.memory_bytes / 2**30:.1f} GiB of memory",
        "output": "it wrote without an end",
    }
    if ran.stopped:
        yield Finding("limit", 0, stops[ran.stopped], "make it shorter and simpler")
    elif answer is None:
        said = f"it ended without an answer (code {ran.returncode})"
        yield Finding("run", 0, said, _last_words(ran.output))
    elif answer.error is not None:
        error = answer.error
        kind: Literal["limit", "run"] = "run"
        if error.name in {"MemoryError", "TooLongError"}:
            kind = "limit"
        words = " ".join(error.message.split())[:300]
        yield Finding(kind, max(0, error.line), f"{error.name}: {words}".rstrip(": "))
    elif not answer.plays:
        hint = "show something with self.play, or hold it with self.wait"
        yield Finding("structure", 0, "the scene plays nothing", hint)
    elif not 0 < answer.duration_s <= order.longest_s + 60:
        yield Finding("run", 0, f"the scene is {answer.duration_s:.1f} s long")
    if answer is not None:
        for each in answer.findings[:40]:
            yield Finding(
                "layout", max(0, each.line), each.message[:300], each.hint[:200], is_error=False
            )


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _answer(path: Path) -> Answer | None:
    text = _taken(path, LARGEST_ANSWER_BYTES)
    if text is None:
        return None
    try:
        return from_json(Answer, text)
    except ValidationError:
        return None


def _opened(path: Path, largest_bytes: int) -> int | None:
    """A plain file of the work folder, opened without following a link and without waiting."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > largest_bytes or facts.st_nlink > 1:
        os.close(handle)
        return None
    return handle


def _taken(path: Path, largest_bytes: int) -> str | None:
    handle = _opened(path, largest_bytes)
    if handle is None:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(largest_bytes).decode("utf-8", errors="replace")


def _copied(path: Path, target: Path) -> bool:
    handle = _opened(path, LARGEST_FILM_BYTES)
    if handle is None:
        return False
    with os.fdopen(handle, "rb") as file, atomic_output(target) as fresh, fresh.open("wb") as out:
        shutil.copyfileobj(file, out)
    return True
