"""Write a sampled proxy and the clips cut from it, all from one encoded stream."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from workbench.media.outputs import atomic_output
from workbench.media.timecode import TimeSpan
from workbench.media.video.clips import shrink, whole_seconds

OnClip = Callable[[TimeSpan, Path], None]
"""Told about each clip as soon as it can be used."""

TICK_S = Fraction(1, 90_000)
"""Precision of times in the files we write."""


class ProxyWriter:
    """Copies encoded pictures into a proxy, and into the one or two clips that hold them.

    Use it as a context: clips that are not whole when it is left do not stay.

    Args:
        template: The stream that the pictures come from.
        whole: Where the proxy is written.
        clips: The clips wanted, and where each goes.
        on_clip: Told about each that is finished.
        limit_bytes: Most bytes of a clip; one with more is encoded again.
    """

    def __init__(
        self,
        template: Any,
        whole: Path,
        clips: Sequence[tuple[TimeSpan, Path]],
        on_clip: OnClip | None,
        limit_bytes: int,
    ) -> None:
        self._template = template
        self._on_clip = on_clip
        self._limit_bytes = limit_bytes
        self._whole = _File(whole, template)
        self._wanted = sorted(clips, key=lambda clip: clip[0])
        self._open: list[_Clip] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._whole.close()
        for clip in self._open:
            clip.give_up(*failure)

    def write(self, packet: Any, time_s: Fraction, duration_s: Fraction) -> None:
        """Write one picture.

        Args:
            packet: It, encoded.
            time_s: When it is shown, in seconds from the start.
            duration_s: For how long.

        Raises:
            DiskFull: There is no room.
        """
        self._finish(time_s)
        while self._wanted and whole_seconds(self._wanted[0][0])[0] <= time_s:
            span, target = self._wanted.pop(0)
            # Without a key frame at its very start, a clip is cut from the finished proxy.
            if packet.is_keyframe and whole_seconds(span)[0] == time_s:
                self._open.append(_Clip(span, target, self._template))
        self._whole.add(packet, time_s, duration_s)
        for clip in self._open:
            clip.file.add(packet, time_s - clip.start_s, duration_s)

    def finish(self) -> None:
        """Say that no more pictures come: every file is complete.

        Raises:
            DiskFull: There is no room.
        """
        self._finish(None)
        self._whole.close()

    def _finish(self, time_s: Fraction | None) -> None:
        done = [clip for clip in self._open if time_s is None or clip.end_s <= time_s]
        for clip in done:
            self._open.remove(clip)
            clip.finish(self._limit_bytes)
            if self._on_clip:
                self._on_clip(clip.span, clip.target)


class _Clip:
    """One clip that is being written, under a temporary name."""

    def __init__(self, span: TimeSpan, target: Path, template: Any) -> None:
        self.span, self.target = span, target
        self.start_s, self.end_s = whole_seconds(span)
        self._stack = ExitStack()
        self._path = self._stack.enter_context(atomic_output(target))
        self.file = _File(self._path, template)
        self._stack.callback(self.file.close)

    def finish(self, limit_bytes: int) -> None:
        with self._stack:
            self.file.close()
            shrink(self._path, self.end_s - self.start_s, limit_bytes)

    def give_up(self, *failure: Any) -> None:
        """Leave nothing of it."""
        self._stack.__exit__(*(failure if failure[0] else (InterruptedError, None, None)))


class _File:
    """An MP4 file that pictures are copied into."""

    def __init__(self, path: Path, template: Any) -> None:
        import av

        options = {"movflags": "+faststart"}
        self._container = av.open(f"file:{path.absolute()}", "w", format="mp4", options=options)
        self._stream = self._container.add_stream_from_template(template)
        self._stream.time_base = TICK_S

    def add(self, packet: Any, time_s: Fraction, duration_s: Fraction) -> None:
        import av

        copy = av.Packet(bytes(packet))
        copy.stream = self._stream
        copy.time_base = TICK_S
        copy.pts = copy.dts = round(time_s / TICK_S)
        copy.duration = round(duration_s / TICK_S)
        copy.is_keyframe = packet.is_keyframe
        self._container.mux_one(copy)

    def close(self) -> None:
        self._container.close()
