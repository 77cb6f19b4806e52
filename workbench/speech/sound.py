"""Read the sound of any media file as a stream of 16 kHz mono samples, a bounded piece at a time.

Sample 0 is time 0 of the file, not its first sound: gaps are filled with silence and a head start
is dropped, so a sample's index is its time on the source's clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaEmpty
from workbench.media.containers import clock_zero_s, damaged, decoded, open_container

if TYPE_CHECKING:
    import numpy as np

SAMPLE_RATE_HZ = 16_000
"""What Whisper and the voice detector listen to."""

_SLACK = SAMPLE_RATE_HZ // 10
"""Samples that time stamps may be off before silence is put in: 0.1 s."""

_LONGEST_FILL = 600 * SAMPLE_RATE_HZ
"""A jump of more than ten minutes is a broken time stamp, not a silence."""

_WINDOW = round(0.3 * SAMPLE_RATE_HZ)
"""Samples over which loudness is compared to find a pause: 0.3 s."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of sound: samples from -1 to 1, and where it begins on the source's clock."""

    start_s: float
    samples: "np.ndarray"
    total_s: float
    """Length of the whole file in seconds, 0 when the container does not say."""

    @property
    def end_s(self) -> float:
        """Where it ends, in seconds."""
        return self.start_s + len(self.samples) / SAMPLE_RATE_HZ


def read_sound(path: Path, *, block_s: float = 300.0, search_s: float = 30.0) -> Iterator[Block]:
    """Read the first sound stream in blocks that are cut where it is quiet.

    Memory stays bounded by one block, whatever the file's length: about 20 MB for five minutes.

    Args:
        path: A media file with sound.
        block_s: Longest block, in seconds.
        search_s: The cut is the quietest place in this many seconds before the block's end.

    Yields:
        Blocks in order, without gaps or overlap.

    Raises:
        MediaMissing: The file cannot be opened.
        MediaEmpty: It has no sound, or no bytes.
        MediaUnsupported: It is no media file, or its codec is unknown.
        MediaDamaged: None of its sound can be decoded.
    """
    import numpy as np

    longest = round(block_s * SAMPLE_RATE_HZ)
    search = min(round(search_s * SAMPLE_RATE_HZ), longest // 2)
    waiting: list[np.ndarray] = []
    held = done = 0
    with open_container(path) as container:
        total_s = (container.duration or 0) / 1_000_000
        for samples in _samples(container, path):
            waiting.append(samples)
            held += len(samples)
            while held >= longest:
                sound = np.concatenate(waiting)
                cut = _quietest(sound[:longest], longest - search)
                yield Block(done / SAMPLE_RATE_HZ, sound[:cut], total_s)
                done += cut
                waiting, held = [sound[cut:]], len(sound) - cut
        if held:
            yield Block(done / SAMPLE_RATE_HZ, np.concatenate(waiting), total_s)


def _quietest(sound: "np.ndarray", first: int) -> int:
    """Where to cut: the middle of the quietest 0.3 s after sample `first`."""
    import numpy as np

    count = (len(sound) - first) // _WINDOW
    if count < 1:
        return len(sound)
    windows = sound[first : first + count * _WINDOW].reshape(count, _WINDOW)
    quietest = int(np.argmin(np.square(windows).mean(axis=1)))
    return first + quietest * _WINDOW + _WINDOW // 2


@dataclass(slots=True)
class _Converter:
    """Any sound to 16 kHz mono; made anew when the stream changes its own form."""

    _form: tuple[object, ...] = ()
    _resampler: Any = field(default=None)

    def convert(self, frame: Any) -> list["np.ndarray"]:
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        pieces = []
        if form != self._form:
            pieces = self.rest()
            self._form = form
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        frame.pts = None  # broken stamps would upset the resampler; time is kept by counting
        return pieces + [_floats(out) for out in self._resampler.resample(frame)]

    def rest(self) -> list["np.ndarray"]:
        if self._resampler is None:
            return []
        return [_floats(out) for out in self._resampler.resample(None)]


def _floats(frame: Any) -> "np.ndarray":
    import numpy as np

    samples: np.ndarray = frame.to_ndarray().reshape(-1).astype(np.float32)
    samples /= 32768.0
    return samples


def _samples(container: Any, path: Path) -> Iterator["np.ndarray"]:
    """Decode, place on the source's clock, and convert."""
    import numpy as np

    if not container.streams.audio:
        raise MediaEmpty(f"{path.name} has no sound", hint="nothing can be heard in it")
    zero_s = clock_zero_s(container)
    converter = _Converter()
    given = 0
    early: int | None = None
    for frame in _frames(container):
        at = given if frame.time is None else round((frame.time - zero_s) * SAMPLE_RATE_HZ)
        if early is None:
            early = max(0, -at)
        pieces = converter.convert(frame)
        # What the converter holds back is a few samples: far inside the slack.
        gap = at - given
        if early == 0 and _SLACK < gap <= _LONGEST_FILL:
            pieces.insert(0, np.zeros(gap, np.float32))
        for piece in pieces:
            kept = piece[early:]
            early = max(0, early - len(piece))
            if len(kept):
                given += len(kept)
                yield kept
    if early is None:
        raise damaged(path, "none of its sound can be decoded")
    yield from converter.rest()


def _frames(container: Any) -> Iterator[Any]:
    """Decoded frames of the first sound stream, up to where the file can be read."""
    import av

    has_begun = False
    try:
        for frame in decoded(container, container.streams.audio[0]):
            has_begun = True
            yield frame
    except av.error.FFmpegError:
        if not has_begun:
            raise
