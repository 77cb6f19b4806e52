"""When each sentence is said and each picture is cut to, and the sound of it.

Cuts lie on whole frames, in the middle of a pause. Without a voice the times are the same kind of
times, estimated from the number of words, and there is no sound.
"""

import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent
from workbench.sample.script import Part, Script, ShotPlan
from workbench.speech.transcript import Utterance

if TYPE_CHECKING:
    import numpy as np

SAMPLE_RATE_HZ = 24_000
"""The local voice's own rate."""

FRAME_RATE = 30
"""Frames of film per second."""

SENTENCE_GAP_S = 0.45
"""Silence between sentences over one picture."""

LEAD_S = 0.35
"""Silence after a cut within a part."""

TITLE_LEAD_S = 0.9
"""Silence after the cut to a title."""

TAIL_S = 0.3
"""Silence before a cut within a part."""

PART_TAIL_S = 0.7
"""Silence before the cut to the next title; with the lead it makes a pause of 1.6 s."""

LAST_TAIL_S = 1.6
"""Silence at the end of the film."""

SILENT_WORDS_PER_S = 2.7
"""Reading speed of a film without a voice."""

Speak = Callable[[str, Path], Sequence[Utterance]]
"""Speaks a sentence into a WAV file (16 bit, mono, 24 kHz)."""


@dataclass(frozen=True, slots=True)
class TimedShot:
    """A shot with its place in the film."""

    part_index: int
    plan: ShotPlan
    span: TimeSpan
    sentences: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Narration:
    """The film's times, and its sound."""

    shots: tuple[TimedShot, ...]
    sound: "np.ndarray | None"
    """Samples from -1 to 1 at `SAMPLE_RATE_HZ`; None without a voice."""

    @property
    def duration_s(self) -> float:
        """Length of the film in seconds."""
        return self.shots[-1].span.end_s

    def part_span(self, index: int) -> TimeSpan:
        """From the cut to a part's title to the cut to the next one."""
        spans = [shot.span for shot in self.shots if shot.part_index == index]
        return TimeSpan(spans[0].start_s, spans[-1].end_s)


def narrate(script: Script, speak: Speak | None, *, progress: Progress = silent) -> Narration:
    """Speak the script and lay it on the film's clock.

    Args:
        script: What is said over which picture.
        speak: The voice, or None for a silent film.
        progress: Told after each sentence.

    Raises:
        NotInstalled: The voice is missing or altered.
    """
    import numpy as np

    sounds: list[tuple[float, np.ndarray]] = []
    shots: list[TimedShot] = []
    total, done, now_s = len(script.sentences), 0, 0.0
    for part_index, part in enumerate(script.parts):
        for shot_index, plan in enumerate(part.shots):
            start_s = now_s
            now_s += LEAD_S if shot_index else TITLE_LEAD_S
            sentences: list[Utterance] = []
            for text in plan.say:
                if sentences:
                    now_s += SENTENCE_GAP_S
                if speak is None:
                    length_s = len(text.split()) / SILENT_WORDS_PER_S
                else:
                    sound = spoken(text, speak)
                    sounds.append((now_s, sound))
                    length_s = len(sound) / SAMPLE_RATE_HZ
                span = TimeSpan(round(now_s, 3), round(now_s + length_s, 3))
                sentences.append(Utterance(span, text))
                now_s += length_s
                done += 1
                progress(done, total, "narration")
            now_s += _tail_s(script, part, part_index, shot_index)
            now_s = -(-now_s * FRAME_RATE // 1) / FRAME_RATE
            span = TimeSpan(round(start_s, 6), round(now_s, 6))
            shots.append(TimedShot(part_index, plan, span, tuple(sentences)))
    if speak is None:
        return Narration(tuple(shots), None)
    track = np.zeros(round(now_s * SAMPLE_RATE_HZ), np.float32)
    for at_s, sound in sounds:
        first = round(at_s * SAMPLE_RATE_HZ)
        track[first : first + len(sound)] += sound[: len(track) - first]
    return Narration(tuple(shots), track)


def spoken(text: str, speak: Speak) -> "np.ndarray":
    """The sound of one sentence, as samples from -1 to 1."""
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="narration-") as folder:
        path = Path(folder) / "sentence.wav"
        speak(text, path)
        with wave.open(str(path), "rb") as file:
            data = file.readframes(file.getnframes())
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768.0


def _tail_s(script: Script, part: Part, part_index: int, shot_index: int) -> float:
    if shot_index + 1 < len(part.shots):
        return TAIL_S
    return PART_TAIL_S if part_index + 1 < len(script.parts) else LAST_TAIL_S
