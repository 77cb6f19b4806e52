"""Read the sound of a stretch of a film, sample by sample on the film's own clock."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.media.containers import clock_zero_s, decoded_from, open_container
from workbench.media.timecode import TimeSpan

if TYPE_CHECKING:
    import numpy as np

WARM_UP_S = 0.5
"""Decoding begins so much earlier: the first packets of AAC and MP3 lean on those before them."""

SLACK_S = 0.05
"""Time stamps may be off by this before silence is put in, or sound is left out."""


def read_sound_piece(path: Path, span: TimeSpan, *, rate_hz: int) -> "np.ndarray | None":
    """The first sound stream of a film between two moments, as mono samples from -1 to 1.

    Args:
        path: A media file.
        span: From when to when, in seconds on the file's clock.
        rate_hz: Samples a second that are wanted.

    Returns:
        As many samples as the span has at this rate; where the film has ended, or has not begun to
        sound, they are 0. None where it has no sound at all.

    Raises:
        MediaError: The file cannot be read.
    """
    import numpy as np

    samples = np.zeros(round(span.duration_s * rate_hz), np.float32)
    with open_container(path) as container:
        # Without a codec context nothing here can decode it.
        streams = [stream for stream in container.streams.audio if stream.codec_context]
        if not streams:
            return None
        for start_s, piece in _placed(container, streams[0], span, rate_hz):
            first = round((start_s - span.start_s) * rate_hz)
            kept = piece[max(0, -first) :]
            first = max(0, first)
            room = max(0, len(samples) - first)
            samples[first : first + len(kept)] = kept[:room]
    return samples


def _placed(
    container: Any, stream: Any, span: TimeSpan, rate_hz: int
) -> Iterator[tuple[float, "np.ndarray"]]:
    """Samples and the moment of the first of them; a gap in the time stamps begins anew."""
    zero_s = clock_zero_s(container)
    run: _Run | None = None
    for frame in decoded_from(container, stream, max(0.0, span.start_s - WARM_UP_S)):
        now_s = frame.time - zero_s
        if now_s >= span.end_s:
            break
        if run is None or not run.goes_on(frame, now_s):
            if run is not None:
                yield from run.rest()
            run = _Run(frame, now_s, rate_hz)
        yield from run.add(frame)
    if run is not None:
        yield from run.rest()


class _Run:
    """Sound without a gap, in one form: it is counted, not stamped."""

    def __init__(self, frame: Any, start_s: float, rate_hz: int) -> None:
        import av

        self._form = _form(frame)
        self._start_s, self._read, self._given, self._rate_hz = start_s, 0, 0, rate_hz
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)

    def goes_on(self, frame: Any, now_s: float) -> bool:
        expected_s = self._start_s + self._read / frame.sample_rate
        return _form(frame) == self._form and abs(now_s - expected_s) <= SLACK_S

    def add(self, frame: Any) -> Iterator[tuple[float, "np.ndarray"]]:
        self._read += frame.samples
        frame.pts = None  # broken stamps would upset the resampler
        yield from self._out(frame)

    def rest(self) -> Iterator[tuple[float, "np.ndarray"]]:
        yield from self._out(None)

    def _out(self, frame: Any) -> Iterator[tuple[float, "np.ndarray"]]:
        for out in self._resampler.resample(frame):
            at_s = self._start_s + self._given / self._rate_hz
            self._given += out.samples
            yield at_s, out.to_ndarray().reshape(-1)


def _form(frame: Any) -> tuple[object, ...]:
    return frame.format.name, frame.layout.name, frame.sample_rate
