"""Compose a beat of somebody's footage with MoviePy: a card behind it, and its own sound.

MoviePy puts the film on the card, fades and mixes. Pictures and samples are given to it by our own
readers: its own takes films for evenly paced, and opens them without our limits.
"""

import contextlib
import os
import sys
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaError
from workbench.explain.cards.lettering import Box
from workbench.explain.cards.pictures import inside
from workbench.explain.films.footage import footage
from workbench.explain.narration import (
    LEAD_S,
    SAMPLE_RATE_HZ,
    SAMPLES_A_FRAME,
    TimedBeat,
)
from workbench.explain.storyboards.visuals import Clip, Visual
from workbench.media.sound.piece import read_sound_piece
from workbench.media.timecode import TimeSpan

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image as Picture

FADE_S = 0.1
"""A piece comes in and goes out over this time: cut sound clicks."""

UNDER_WORDS = 0.25
"""How loud a piece is while somebody speaks over it, over its own loudness."""

_BLOCK = 10 * SAMPLE_RATE_HZ
"""Samples that are mixed at once."""


def composed(
    clip: Clip, base: "Picture", room: Box, count: int, length_s: float
) -> Iterator["Picture"]:
    """The frames of a beat: the footage on its card.

    Args:
        clip: What to show; a piece shorter than the beat stands still at its end.
        base: The card without the footage.
        room: Where the footage goes on it, whole and in the middle.
        count: How many frames.
        length_s: How long they are shown in all, in seconds.

    Raises:
        MediaError: The film cannot be read.
    """
    import numpy as np
    from PIL import Image

    editor = _editor()
    rate = count / length_s
    place, size = inside(next(footage(clip, 1, 1.0)).size, room)
    # Read at the size they are shown at, they are made smaller once, where they are decoded.
    with contextlib.closing(footage(clip, count, length_s, largest_px=max(size))) as frames:
        shown = _Shown(frames, rate)
        moving = editor.VideoClip(frame_function=shown.at, duration=length_s)
        card = editor.ImageClip(np.asarray(base), duration=length_s)
        whole = editor.CompositeVideoClip(
            [card, moving.resized(size).with_position(place)], use_bgclip=True
        )
        for number in range(count):
            yield Image.fromarray(whole.get_frame(number / rate))


def least_of(show: Visual) -> float:
    """How long a beat is at least, in seconds: a piece that is heard is heard to its end."""
    return show.end_s - show.start_s if isinstance(show, Clip) and show.sound else 0.0


def sounds_of_clips(beats: Sequence[TimedBeat]) -> "dict[int, np.ndarray]":
    """What is heard over the beats whose footage is to be heard, by their index.

    What cannot be read is not heard: its card says why.
    """
    heard = {}
    for timed in beats:
        show = timed.beat.show
        if isinstance(show, Clip) and show.sound:
            with contextlib.suppress(MediaError):
                samples = sound_of_clip(show, timed)
                if samples is not None:
                    heard[timed.index] = samples
    return heard


def sound_of_clip(clip: Clip, timed: TimedBeat) -> "np.ndarray | None":
    """What is heard over a beat: its footage, under the words if somebody speaks over it.

    Args:
        clip: What is shown.
        timed: The beat it is shown in.

    Returns:
        16-bit samples at `SAMPLE_RATE_HZ`, as many as the beat has frames for; None where the
        footage has no sound.

    Raises:
        MediaError: The film cannot be read.
    """
    import numpy as np

    end_s = min(clip.end_s, clip.start_s + timed.length_s)
    span = TimeSpan(clip.start_s, end_s)
    own = read_sound_piece(Path(clip.path), span, rate_hz=SAMPLE_RATE_HZ)
    if own is None or not len(own):
        return None
    editor = _editor()
    fade_s = min(FADE_S, len(own) / SAMPLE_RATE_HZ / 2)
    effects = [editor.afx.AudioFadeIn(fade_s), editor.afx.AudioFadeOut(fade_s)]
    if timed.sound is not None:
        effects.append(editor.afx.MultiplyVolume(UNDER_WORDS))
    parts = [_array_clip(editor, own).with_effects(effects)]
    if timed.sound is not None:
        with wave.open(str(timed.sound), "rb") as file:
            words = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        parts.append(_array_clip(editor, words / np.float32(32_768)).with_start(LEAD_S))
    whole = editor.CompositeAudioClip(parts)
    track = np.zeros(timed.frames * SAMPLES_A_FRAME, np.int16)
    for first in range(0, len(track), _BLOCK):
        numbers = np.arange(first, min(first + _BLOCK, len(track)))
        heard = whole.get_frame(numbers / SAMPLE_RATE_HZ)[:, 0]
        track[numbers] = np.clip(np.round(heard * 32_768), -32_768, 32_767)
    return track


def _array_clip(editor: Any, samples: "np.ndarray") -> Any:
    import numpy as np

    # MoviePy gives two channels for an array of one, and then counts one.
    return editor.AudioArrayClip(np.stack([samples, samples], axis=1), fps=SAMPLE_RATE_HZ)


class _Shown:
    """Frames in order, for an editor that asks for moments; it asks for the first one twice."""

    def __init__(self, frames: "Iterator[Picture]", rate: float) -> None:
        self._frames, self._rate = frames, rate
        self._number, self._last = 0, next(frames)

    def at(self, moment_s: float) -> "np.ndarray":
        import numpy as np

        while self._number < round(moment_s * self._rate):
            self._last = next(self._frames)
            self._number += 1
        return np.asarray(self._last)


def _editor() -> Any:
    """MoviePy; what it reads from a `.env` above its own folder stays out of the environment."""
    before = set(os.environ)
    is_new = "moviepy" not in sys.modules
    import moviepy

    for name in set(os.environ) - before if is_new else ():
        del os.environ[name]
    return moviepy
