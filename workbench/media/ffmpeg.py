"""Run the ffmpeg that comes with the imageio-ffmpeg package: the only program this room starts.

There is no shell and no network: arguments are a list, inputs are files of known containers. A run
is killed when it makes no progress, not when it takes long.
"""

import functools
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import MediaDamaged, MediaMissing, NotInstalled, ToolError
from workbench.media.outputs import atomic_output, disk_full, no_right_to_write
from workbench.media.pipes import Feed, Talk
from workbench.progress import Progress, silent

__all__ = [
    "INPUT_SAFETY",
    "atomic_output",
    "ffmpeg_path",
    "input_args",
    "piped_ffmpeg",
    "run_ffmpeg",
]

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpeg",
    "mpegts",
    "mpegvideo",
    "flv",
    "asf",
    "ogg",
    "mxf",
    "rm",
    "dv",
    "ivf",
    "obu",
    "gxf",
    "wtv",
    "h264",
    "hevc",
    "m4v",
    "wav",
    "w64",
    "aiff",
    "au",
    "caf",
    "mp3",
    "aac",
    "flac",
    "ac3",
    "eac3",
    "dts",
    "amr",
    "ape",
    "wv",
    "tta",
)
"""Containers we read, by ffmpeg's names. Playlists are left out: they can name other files and
addresses, and a file somebody sent us must not make us fetch anything."""

INPUT_SAFETY = {
    "format_whitelist": ",".join(CONTAINERS),
    "protocol_whitelist": "file,pipe",
}
"""Options for every input, in ffmpeg and in PyAV."""

TAIL_LINES = 12
POLL_S = 0.5

STALLED_AFTER_S = 60.0
"""A run that neither reports nor writes anything new for this long is ended."""

_DAMAGE = re.compile(
    r"invalid data found|moov atom not found|could not find codec parameters|"
    r"error while decoding|does not contain any stream|end of file|no packets were received",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(\[[^\]]*\]\s*)+")
_FULL = re.compile(r"no space left on device|disk quota exceeded|file too large", re.IGNORECASE)
_GONE = re.compile(r"error opening input.*no such file or directory", re.IGNORECASE)
_LOCKED = re.compile(
    r"error opening output.*(read-only file system|permission denied)", re.IGNORECASE
)


@functools.cache
def ffmpeg_path() -> Path:
    """Find the ffmpeg program.

    Raises:
        NotInstalled: The imageio-ffmpeg package or its program is missing.
    """
    hint = "pip install imageio-ffmpeg"
    try:
        import imageio_ffmpeg
    except ImportError:
        raise NotInstalled("the imageio-ffmpeg package is missing", hint=hint) from None
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise NotInstalled(f"there is no ffmpeg program: {error}", hint=hint) from None


def input_args(path: Path) -> list[str]:
    """Arguments that open one file as an input, whatever its name looks like.

    Example:
        >>> input_args(Path("/films/-x.mp4"))[-2:]
        ['-i', 'file:/films/-x.mp4']
    """
    safety = [part for name, value in INPUT_SAFETY.items() for part in (f"-{name}", value)]
    # `file:` keeps a name such as `concat:a|b` a name.
    return [*safety, "-i", f"file:{path.absolute()}"]


def run_ffmpeg(
    args: Sequence[str | Path],
    *,
    duration_s: float = 0,
    progress: Progress | None = None,
    stage: str = "Converting",
    stalled_after_s: float | None = None,
) -> None:
    """Run ffmpeg to its end.

    Args:
        args: Everything after the program's name: inputs, options and the output, which should be
            a path from `atomic_output`.
        duration_s: Length of the output in seconds, for progress; 0 if it is not known.
        progress: Called with whole seconds written, whole seconds in all, and the stage.
        stage: What the run is called in `progress`.
        stalled_after_s: Kill the run when neither its time nor its file has moved on for this
            many seconds; 60 if not given.

    Raises:
        MediaMissing: The input is not there any more.
        MediaDamaged: The input cannot be read to its end.
        DiskFull: There is no room for the output.
        RequestError: The output's folder cannot be written to.
        ToolError: It stalled or failed in another way; the message has its last words.
        NotInstalled: There is no ffmpeg.
    """
    command = [
        str(ffmpeg_path()),
        *("-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "error"),
        *("-progress", "pipe:1", "-stats_period", str(POLL_S)),
        *(str(part) for part in args),
    ]
    watched = _Watched(command, stalled_after_s or STALLED_AFTER_S)
    total = max(1, round(duration_s))
    try:
        for written_s in watched.seconds_written():
            if duration_s > 0:
                (progress or silent)(min(int(written_s), total), total, stage)
    finally:
        watched.stop()
    if watched.is_stalled or watched.exit_code != 0:
        raise _failure(Path(str(args[-1])), watched)
    if duration_s > 0:
        (progress or silent)(total, total, stage)


@contextmanager
def piped_ffmpeg(
    args: Sequence[str | Path],
    target: Path,
    *,
    feed: Feed | None = None,
    stalled_after_s: float | None = None,
) -> Iterator[Talk]:
    """Run ffmpeg while what it writes is read; leaving the block ends it.

    Args:
        args: Everything after the program's name: inputs and options, and `pipe:1` as the output.
        target: The file that what is read goes into, for errors.
        feed: Writes what ffmpeg reads from `pipe:0`.
        stalled_after_s: End the run when it has neither read nor written for this many seconds
            while it is waited for; 60 if not given.

    Yields:
        A file to read from. It ends early where ffmpeg fails; the failure is raised when the block
        is left, in place of whatever that led to inside of it.

    Raises:
        MediaMissing: The input is not there any more.
        MediaDamaged: The input cannot be read to its end.
        ToolError: It stalled or failed in another way; the message has its last words.
        NotInstalled: There is no ffmpeg.
        BaseException: What `feed` raised.
    """
    command = [
        str(ffmpeg_path()),
        *("-hide_banner", "-y", "-nostats", "-loglevel", "error", *([] if feed else ["-nostdin"])),
        *(str(part) for part in args),
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    talk = Talk(process, feed, stalled_after_s or STALLED_AFTER_S)
    try:
        with talk.interruptible():
            talk.begin()
            yield talk
    except BaseException as error:
        # What goes wrong once it is ended here is no reason for anything.
        fault = talk.fault
        was_given_up = process.poll() is None and not talk.has_ended
        talk.end()
        if talk.interrupt is not None:
            raise talk.interrupt from error
        if fault is not None:
            raise fault from error
        if talk.is_stalled or (talk.exit_code != 0 and not was_given_up):
            raise _failure(target, talk) from error
        raise
    talk.end()
    if talk.interrupt is not None:
        raise talk.interrupt
    if talk.fault is not None:
        raise talk.fault
    if talk.is_stalled or talk.exit_code != 0:
        raise _failure(target, talk)


class _Watched:
    """A running ffmpeg, followed through its two pipes."""

    def __init__(self, command: list[str], stalled_after_s: float) -> None:
        self.stalled_after_s = stalled_after_s
        self.is_stalled = False
        self._output = Path(command[-1])
        self._written: tuple[int, int] | None = None
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._reports: queue.Queue[bytes] = queue.Queue()
        self._words: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._threads = [
            threading.Thread(target=self._read_reports, daemon=True),
            threading.Thread(target=self._read_words, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def exit_code(self) -> int:
        """How it ended; only after `stop`."""
        return int(self._process.returncode)

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its error stream."""
        return b"".join(self._words).decode("utf-8", "replace").strip()

    def seconds_written(self) -> Iterator[float]:
        """Seconds of output written so far, at each report, until it ends or stalls."""
        seen: dict[bytes, bytes] = {}
        grew_at = time.monotonic()
        while time.monotonic() - grew_at < self.stalled_after_s:
            try:
                report = self._reports.get(timeout=POLL_S)
            except queue.Empty:
                if self._has_written():
                    grew_at = time.monotonic()
                continue
            if not report:
                return
            name, _, value = report.strip().partition(b"=")
            if name in {b"frame", b"out_time_us", b"total_size"} and seen.get(name) != value:
                seen[name] = value
                grew_at = time.monotonic()
            elif name == b"progress" and seen.get(b"out_time_us", b"").isdigit():
                yield int(seen[b"out_time_us"]) / 1e6
        self.is_stalled = True

    def stop(self) -> None:
        """Wait for its end; kill it if it was given up before."""
        has_closed = not self._threads[0].is_alive()
        try:
            self._process.wait(timeout=self.stalled_after_s if has_closed else 0)
        except subprocess.TimeoutExpired:
            self.is_stalled = self.is_stalled or has_closed
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _has_written(self) -> bool:
        """Has its file changed since this was last asked?

        It reports nothing while it moves the index of a large file to the front.
        """
        before = self._written
        try:
            told = self._output.stat()
        except OSError:
            return False
        self._written = told.st_size, told.st_mtime_ns
        return self._written != before

    def _read_reports(self) -> None:
        for line in self._process.stdout or ():
            self._reports.put(line)
        self._reports.put(b"")

    def _read_words(self) -> None:
        self._words.extend(self._process.stderr or ())


def _failure(output: Path, watched: _Watched | Talk) -> Exception:
    words = watched.last_words
    # The first line says what went wrong, the later ones what that led to.
    first = words.splitlines()[0] if words else f"exit code {watched.exit_code}"
    why = _SPEAKER.sub("", first)
    if watched.is_stalled:
        return ToolError(
            f"ffmpeg made no progress for {watched.stalled_after_s:.0f} s and was ended",
            hint="check that the disk of the file can be read, then try again",
        )
    if _FULL.search(words) or watched.exit_code == -signal.SIGXFSZ:
        return disk_full(output)
    if watched.exit_code < 0:
        return ToolError(
            f"ffmpeg was ended from outside ({signal.Signals(-watched.exit_code).name})",
            hint="if nobody did, the machine ran out of memory: close other programs and try again",
        )
    return _said(output, words, why)


def _said(output: Path, words: str, why: str) -> Exception:
    """What its words mean."""
    if _GONE.search(words):
        return MediaMissing("the file is no longer there", hint="put it back, or import it again")
    if refused := _LOCKED.search(words):
        return no_right_to_write(output, refused[1])
    if _DAMAGE.search(words):
        return MediaDamaged(
            f"the file cannot be read to its end: {why}",
            hint="play it to see whether it is complete, and copy or export it again",
        )
    return ToolError(f"ffmpeg failed: {why}", hint="run `workbench doctor` to check the programs")
