"""Talk with a running program through its pipes, and notice when nothing moves any more."""

import contextlib
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, Any

PIECE_BYTES = 65_536
MOST_PIECES = 64
"""Pieces that wait to be read, 4 MB: a program that is ahead of its reader has to wait."""

TAIL_LINES = 12
POLL_S = 0.5

Feed = Callable[[Any], None]
"""Writes what a program reads into a file, from a thread of its own."""


class Talk:
    """A running program that is fed, read and listened to at the same time.

    Args:
        process: A `subprocess.Popen` with pipes for its output and its errors, and for its input
            where it is fed.
        feed: Writes its input.
        stalled_after_s: End it when it neither reads nor writes for this long while it is waited
            for.
    """

    def __init__(self, process: Any, feed: Feed | None, stalled_after_s: float) -> None:
        self.stalled_after_s = stalled_after_s
        self.is_stalled = False
        self.fault: BaseException | None = None
        """What went wrong while it was fed."""
        self.interrupt: BaseException | None = None
        """What ended the wait for its output; a container may make something else of it."""
        self._process = process
        self._feed = feed
        self._moved_at = time.monotonic()
        self._pieces: queue.Queue[bytes] = queue.Queue(MOST_PIECES)
        self._rest = b""
        self._is_over = False
        self._is_deaf = False
        self._is_given_up = False
        self._words: deque[bytes] = deque(maxlen=TAIL_LINES)
        tasks = [self._listen, self._pump, *([self._fill] if feed else [])]
        self._threads = [threading.Thread(target=task, daemon=True) for task in tasks]

    def begin(self) -> None:
        """Begin to talk."""
        for thread in self._threads:
            thread.start()

    @property
    def exit_code(self) -> int:
        """How it ended; only after `end`."""
        return int(self._process.returncode)

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its error stream."""
        return b"".join(self._words).decode("utf-8", "replace").strip()

    @property
    def has_ended(self) -> bool:
        """Has all been read that it wrote?"""
        return self._is_over

    def read(self, size: int) -> bytes:
        """At most `size` bytes of what it wrote; none when it has ended, or was ended."""
        if self.interrupt is not None:
            # A container reads on after an error, but not after an end.
            return b""
        if not self._rest and not self._is_over:
            try:
                self._rest = self._next_piece()
            except BaseException as error:
                self.interrupt = error
                raise
            self._is_over = not self._rest
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def write(self, data: bytes) -> int:
        """Give it bytes to read; waits until it has room for them."""
        try:
            self._process.stdin.write(data)
        except BrokenPipeError:
            # It has ended; its exit code says why, whatever this becomes on its way up.
            self._is_deaf = True
            raise
        self._moved_at = time.monotonic()
        return len(data)

    def end(self) -> None:
        """Wait for its end if all was read, and end it otherwise."""
        if self._is_over and not self.is_stalled and self.fault is None:
            last = time.monotonic() + self.stalled_after_s
            while self._process.poll() is None and time.monotonic() < last:
                time.sleep(0.005)
            self.is_stalled = self._process.poll() is None
        if self._process.poll() is None:
            self._process.kill()
        self._is_given_up = True
        self._process.wait()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for pipe in (self._process.stdout, self._process.stderr, self._process.stdin):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Ctrl-C ends the program and what can be read; it is raised by `require_whole`.

        Raised in a container's callback, before the first line of `read`, it would be put aside by
        the container, which would read on.
        """
        is_main = threading.current_thread() is threading.main_thread()
        if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def stop(*_: object) -> None:
            self.interrupt = KeyboardInterrupt()
            self._process.kill()

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def require_whole(self) -> None:
        """See that what was read is no end that an interrupt has made.

        Raises:
            BaseException: The interrupt.
        """
        if self.interrupt is not None:
            raise self.interrupt

    def _next_piece(self) -> bytes:
        began = time.monotonic()
        while True:
            try:
                return self._pieces.get(timeout=POLL_S)
            except queue.Empty:
                # Only time in which somebody waits counts: a slow reader is no stalled program.
                if time.monotonic() - max(began, self._moved_at) > self.stalled_after_s:
                    self.is_stalled = True
                    self._process.kill()
                    return b""

    def _pump(self) -> None:
        pipe: IO[bytes] = self._process.stdout
        while piece := pipe.read1(PIECE_BYTES):  # type: ignore[attr-defined]
            self._put(piece)
        self._put(b"")

    def _put(self, piece: bytes) -> None:
        while not self._is_given_up:
            with contextlib.suppress(queue.Full):
                self._pieces.put(piece, timeout=POLL_S)
                return

    def _listen(self) -> None:
        self._words.extend(self._process.stderr or ())

    def _fill(self) -> None:
        try:
            if self._feed:
                self._feed(self)
        except BaseException as error:  # noqa: BLE001 - raised again where the program is waited for
            if not self._is_deaf:
                self.fault = error
                self._process.kill()
        finally:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
