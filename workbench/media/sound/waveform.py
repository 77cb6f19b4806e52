"""How loud a recording is from moment to moment, for drawing it.

The sound is decoded once from front to back and never held: ten hours take as little memory as ten
seconds.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaDamaged, MediaUnsupported
from workbench.media.asset import Asset
from workbench.media.containers import clock_zero_s, damaged, decoded, open_container
from workbench.media.outputs import atomic_output
from workbench.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

BUCKETS = 3000
"""More than a wide screen has columns."""

SHORTEST_BUCKET_S = 0.01

HEARD = 0.002
"""A recording that never gets louder than this share of full scale (−54 dB) counts as silent."""

RATE_HZ = 16_000
GATHERED = 1 << 15
"""Samples worked on at a time, two seconds."""

SKIPPED_S = 0.1
"""A time stamp this far from the one expected is a gap; less is rounding."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """Loudness in equal steps over a recording, 0 to 255 of full scale."""

    bucket_s: float
    peaks: tuple[int, ...]
    """The largest sample of each step."""
    loudness: tuple[int, ...]
    """The root of the mean square of each step."""

    @property
    def is_silent(self) -> bool:
        """Is there nothing to draw?"""
        return max(self.peaks, default=0) <= HEARD * 255


def read_waveform(
    asset: Asset, *, source: Path | None = None, progress: Progress = silent
) -> Waveform:
    """Measure how loud a film or recording is over its length.

    The first sound stream is read at 16 kHz, channels together: 1,000 times as fast as it plays.

    Args:
        asset: A video or sound.
        source: A proxy with the same sound to read instead of it, which is quicker.
        progress: Told seconds done, seconds in all, and the stage.

    Returns:
        At most 3,000 steps; none is shorter than 0.01 s.

    Raises:
        MediaUnsupported: The asset has no sound.
        MediaDamaged: None of it can be decoded.
    """
    import numpy as np

    if not asset.has_sound:
        raise MediaUnsupported(f"{asset.name} has no sound", hint="choose a file with sound")
    count = max(1, min(BUCKETS, round(asset.duration_s / SHORTEST_BUCKET_S)))
    bucket_s = max(asset.duration_s, SHORTEST_BUCKET_S) / count
    peaks, squares, samples = (np.zeros(count) for _ in range(3))
    path = source or asset.path
    total = max(1, round(asset.duration_s))
    for start_s, sound in _blocks(path):
        at = (start_s + np.arange(len(sound)) / RATE_HZ) / bucket_s
        bucket = np.clip(at.astype(np.int64), 0, count - 1)
        edges = np.flatnonzero(np.diff(bucket, prepend=-1))
        names = bucket[edges]
        peaks[names] = np.maximum(peaks[names], np.maximum.reduceat(np.abs(sound), edges))
        squares[names] += np.add.reduceat(np.square(sound), edges)
        samples[names] += np.diff(edges, append=len(sound))
        progress(min(total, int(start_s)), total, "Measuring how loud it is")
    if not samples.any():
        raise damaged(path, "none of its sound can be decoded")
    progress(total, total, "Measuring how loud it is")
    loudness = np.sqrt(squares / np.maximum(samples, 1))
    return Waveform(bucket_s, _shares(peaks), _shares(loudness))


def save_waveform(waveform: Waveform, target: Path) -> None:
    """Keep a waveform.

    Raises:
        DiskFull: There is no room.
    """
    told = {
        "bucket_s": waveform.bucket_s,
        "peaks": waveform.peaks,
        "loudness": waveform.loudness,
    }
    with atomic_output(target) as temporary:
        temporary.write_text(json.dumps(told, separators=(",", ":")))


def load_waveform(path: Path) -> Waveform:
    """Read a waveform that was kept.

    Raises:
        MediaDamaged: It is not one of ours, or not whole.
    """
    try:
        told = json.loads(path.read_text())
        return Waveform(told["bucket_s"], tuple(told["peaks"]), tuple(told["loudness"]))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MediaDamaged(f"{path.name} is no waveform of ours", hint="delete it") from error


def _shares(values: "np.ndarray[Any, Any]") -> tuple[int, ...]:
    import numpy as np

    return tuple(int(value) for value in np.rint(np.clip(values, 0, 1) * 255))


def _blocks(path: Path) -> Iterator[tuple[float, "np.ndarray[Any, Any]"]]:
    """Start in seconds and samples of −1 to 1, a few seconds at a time."""
    with open_container(path) as container:
        if not container.streams.audio:
            return
        stream, zero_s = container.streams.audio[0], clock_zero_s(container)
        mono = _Mono()
        next_s = 0.0
        for frame in decoded(container, stream):
            at_s = next_s
            if frame.pts is not None:
                at_s = frame.pts * float(frame.time_base) - zero_s
            if abs(at_s - next_s) > SKIPPED_S or not mono.takes(frame):
                yield from mono.rest()
                mono = _Mono(max(0.0, at_s))
            yield from mono.convert(frame)
            next_s = at_s + frame.samples / max(1, frame.sample_rate)
        yield from mono.rest()


class _Mono:
    """Turns sound without gaps into 16 kHz mono, and counts its time."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        self._form: tuple[object, ...] = ()
        self._resampler: Any = None

    def takes(self, frame: Any) -> bool:
        """Is a frame of the form it began with?"""
        return self._resampler is None or self._form == _form(frame)

    def convert(self, frame: Any) -> "Iterator[tuple[float, np.ndarray[Any, Any]]]":
        if self._resampler is None:
            import av

            self._form = _form(frame)
            self._resampler = av.AudioResampler(
                format="s16", layout="mono", rate=RATE_HZ, frame_size=GATHERED
            )
        frame.pts = None  # broken stamps would upset it; time is kept by counting
        yield from self._given(frame)

    def rest(self) -> "Iterator[tuple[float, np.ndarray[Any, Any]]]":
        if self._resampler is not None:
            yield from self._given(None)

    def _given(self, frame: Any) -> "Iterator[tuple[float, np.ndarray[Any, Any]]]":
        import numpy as np

        for out in self._resampler.resample(frame):
            samples = out.to_ndarray().reshape(-1).astype(np.float32) / 32768
            yield self._now_s, samples
            self._now_s += len(samples) / RATE_HZ


def _form(frame: Any) -> tuple[object, ...]:
    return frame.format.name, frame.layout.name, frame.sample_rate
