"""Have compiled scenes drawn by processes of their own, two at once where there are two cores.

What is drawn here is our own source; words of others are data in it. A process that dies or hangs
costs the scene it was drawing, and another one goes on.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from workbench.explain.animation.availability import require_manim
from workbench.explain.animation.letters import font_file
from workbench.explain.narration import FRAME_RATE

MOST_PROCESSES = 2
"""Each takes about 350 MB."""

START_S = 120.0
"""Time for a process to import Manim on a busy machine, in seconds."""

LOOK_EVERY_S = 0.5
"""How often somebody who waits may ask for an end, in seconds."""

STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Order:
    """A scene to draw."""

    scene: str
    """Name of its class."""
    frames: int
    target: Path


def draw_scenes(
    source: str,
    orders: Sequence[Order],
    told: Callable[[int], None],
    *,
    fonts: Path | None = None,
) -> dict[str, str]:
    """Draw scenes into files.

    Args:
        source: Compiled scenes.
        orders: Which of them, and where to.
        told: Called with the number of scenes that are done, whenever one is and twice a second;
            what it raises ends the drawing.
        fonts: Folder to keep the font in, for the next time; None to keep nothing.

    Returns:
        Name of a scene → why it could not be drawn, for those that could not.

    Raises:
        NotInstalled: There is no Manim.
    """
    require_manim()
    waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()
    # The longest first, so that all processes end together.
    for order in sorted(orders, key=lambda order: -order.frames):
        waiting.put(order)
    done: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    problems: dict[str, str] = {}
    count = min(MOST_PROCESSES, os.cpu_count() or 1, len(orders))
    with compiled(source) as path:
        font = font_file(fonts or path.parent)
        workers = [_Worker(path, font, waiting, done) for _ in range(count)]
        try:
            for finished in range(len(orders)):
                told(finished)
                name, problem = _next(done, partial(told, finished))
                if problem:
                    problems[name] = problem
        finally:
            for worker in workers:
                worker.stop()
    return problems


@contextmanager
def compiled(source: str) -> Iterator[Path]:
    """Scenes as a file in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="workbench-scenes-") as folder:
        path = Path(folder) / "scene.py"
        path.write_text(source, encoding="utf-8")
        yield path


def _next(done: "queue.SimpleQueue[tuple[str, str]]", look: Callable[[], None]) -> tuple[str, str]:
    while True:
        try:
            return done.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            look()


class _Worker(threading.Thread):
    """Takes orders and has them drawn, one after the other."""

    def __init__(
        self,
        path: Path,
        font: Path | None,
        waiting: "queue.SimpleQueue[Order]",
        done: "queue.SimpleQueue[tuple[str, str]]",
    ) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._font = font
        self._waiting = waiting
        self._done = done
        self._performer: Performer | None = None
        self._is_ending = False
        self.start()

    def run(self) -> None:
        while not self._is_ending:
            try:
                order = self._waiting.get_nowait()
            except queue.Empty:
                return
            self._done.put((order.scene, self._drawn(order)))

    def stop(self) -> None:
        """End, whatever is under way."""
        self._is_ending = True
        if self._performer is not None:
            self._performer.end()
        self.join()
        if self._performer is not None:
            self._performer.close()

    def _drawn(self, order: Order) -> str:
        try:
            if self._performer is None:
                self._performer = Performer(self._path, self._font)
            if self._is_ending:
                return "it was stopped"
            asked = {"scene": order.scene, "frames": order.frames, "target": str(order.target)}
            # A scene takes about its own length; this is for one that never ends.
            limit_s = 60 + 10 * order.frames / FRAME_RATE
            return str(self._performer.ask(asked, limit_s)["problem"])
        except (OSError, EOFError) as error:
            if self._performer is not None:
                self._performer.close()
            self._performer = None
            return str(error)


class Performer:
    """A process that draws the scenes of one file."""

    def __init__(self, path: Path, font: Path | None = None) -> None:
        """Start it.

        Args:
            path: Source of scenes.
            font: The font of their words, where it was unpacked before.

        Raises:
            EOFError: It ended before it was ready.
        """
        self._words = (path.parent / f"words-{id(self)}.txt").open("w+b")
        more = [] if font is None else [str(font)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "workbench.explain.animation.performing", str(path), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            cwd=path.parent,
            # LaTeX reads and writes nothing outside of its folder.
            env={**os.environ, "openin_any": "p", "openout_any": "p"},
        )
        self._answer(START_S)

    def ask(self, order: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Have one order done.

        Args:
            order: What `performing` takes.
            limit_s: Seconds after which it is ended.

        Raises:
            EOFError: It has died, or was ended.
        """
        if self._process.stdin is None:
            raise EOFError("it takes no orders")
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise EOFError(self._last_words()) from None
        return self._answer(limit_s)

    def end(self) -> None:
        """End it; asked nicely first, so that it leaves no half file."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End it and let go of its pipes."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout, self._words):
            if pipe is not None and not pipe.closed:
                _close(pipe)

    def _answer(self, limit_s: float) -> dict[str, Any]:
        timer = threading.Timer(limit_s, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline() if self._process.stdout else b""
        finally:
            timer.cancel()
        if not line:
            raise EOFError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, self._words.tell() - 4096))
        lines = self._words.read().decode("utf-8", "replace").strip().splitlines()
        code = self._process.wait()
        return lines[-1] if lines else f"Manim's process ended with {code}"


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return  # what was still to be said to a process that has gone
