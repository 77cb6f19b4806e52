"""The course of a run: how far it is, and whether it goes on.

Every thread of a run passes here. Finished units are counted one at a time, so `done` never goes
back; whoever is about to begin something new asks first, and hears when the run has ended.
"""

import copy
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

from workbench.errors import LibraryGone, WorkbenchError
from workbench.media.timecode import format_length
from workbench.progress import Progress


class Halted(BaseException):
    """The run was stopped. No error: it passes through every handler on its way up."""


class Course:
    """One run on its way.

    Args:
        total: Units there are in all.
        progress: Told about them, from any thread, but never from two at once.
    """

    def __init__(self, total: int, progress: Progress) -> None:
        self.ended: WorkbenchError | None = None
        """Why nothing new is begun; what is under way is finished."""
        self.fault: BaseException | None = None
        """Why everything stops at once: a stopped job, or a bug."""
        self._done = 0
        self._total = total
        self._progress = progress
        self._telling = threading.Lock()
        self._changed = threading.Condition()

    def say(self, stage: str, finished: int = 0) -> None:
        """Tell what is under way, after so many more units are finished.

        Raises:
            Halted: The run was stopped.
        """
        with self._telling:
            if self.fault is not None:
                raise Halted
            self._done += finished
            self._progress(self._done, self._total, stage)

    def require_open(self) -> None:
        """Ask before something new is begun.

        Raises:
            WorkbenchError: The run has ended; it says why.
            Halted: The run was stopped.
        """
        if self.fault is not None:
            raise Halted
        if self.ended is not None:
            raise copy.copy(self.ended)

    def end(self, error: WorkbenchError) -> None:
        """Begin nothing new from here on, for this reason or an earlier one."""
        with self._changed:
            self.ended = self.ended or error

    def halt(self, fault: BaseException) -> None:
        """Stop everything, for this reason or an earlier one."""
        with self._changed:
            self.fault = self.fault or fault
            self._changed.notify_all()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Stop the run for anything in this block that is no error of one file or call."""
        try:
            yield
        except LibraryGone as fault:
            # Nothing can be kept, nor said to have failed: another run goes on when it is back.
            self.halt(fault)
            raise
        except (WorkbenchError, Halted, CancelledError):
            raise
        except BaseException as fault:
            self.halt(fault)
            raise

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Change what somebody waits for."""
        with self._changed:
            yield
            self._changed.notify_all()

    def notice(self) -> None:
        """Something has changed that somebody may wait for."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so.

        Raises:
            Halted: The run was stopped.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.fault is not None or is_so())
        if self.fault is not None:
            raise Halted

    def inside(self, name: str) -> Progress:
        """Progress within one unit of a file, with the time left in it as it goes."""
        began = time.monotonic()

        def tell(done: int, total: int, stage: str) -> None:
            # Minutes of measuring for a run that has ended help nobody.
            self.require_open()
            if total <= 1:
                self.say(f"{name}: {stage}")
                return
            passed_s = time.monotonic() - began
            left = ""
            if passed_s > 2 and 0 < done < total:
                left = f", ≈ {format_length(max(10, round(passed_s / done * (total - done))))} left"
            self.say(f"{name}: {stage} ({100 * done // total} %{left})")

        return tell
