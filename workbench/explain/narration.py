"""What is said over each beat, and how long each beat is, in whole frames.

Sound comes first: a beat lasts as long as its words and is rounded up to a frame, so pictures and
sound cannot drift. Without a voice the times are those of a reader.
"""

import hashlib
import json
import math
import re
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import RequestError
from workbench.explain.storyboards.storyboard import Beat, Storyboard
from workbench.media.outputs import atomic_output
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent
from workbench.speech.sentences import sentences_of
from workbench.speech.transcript import Transcript, Utterance, Word

if TYPE_CHECKING:
    import numpy as np

FRAME_RATE = 30
SAMPLE_RATE_HZ = 24_000
"""The local voice's own; 800 samples a frame."""

SAMPLES_A_FRAME = SAMPLE_RATE_HZ // FRAME_RATE

LEAD_S = 0.4
"""Silence before the words of a beat."""
TAIL_S = 0.6
"""Silence after them."""
SHORTEST_S = 2.5
"""A beat nobody speaks over is still seen."""
STEP_S = 1.1
"""Shortest time for a point of a list."""
SILENT_WORDS_PER_S = 2.7
"""Reading speed of a film without a voice."""

Speak = Callable[[str, Path], Sequence[Utterance]]
"""Speaks a text into a WAV file (16 bit, mono, 24 kHz) and says when each sentence is heard."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks."""

    name: str
    speak: Speak | None
    """None for a film to be read. A RequestError of it leaves a beat silent, and says why."""
    engine: str = ""
    """How it speaks, where it can in several ways."""
    language: str = ""
    """Code of the language it is told to speak; empty for its own."""

    @property
    def key(self) -> str:
        """What its words are kept by: another key is another voice."""
        return " ".join(part for part in (self.name, self.engine, self.language) if part)


SILENT = Voice("none", None)


@dataclass(frozen=True, slots=True)
class TimedBeat:
    """A beat with its place in the film."""

    index: int
    beat: Beat
    first_frame: int
    frames: int
    said: tuple[Utterance, ...]
    """Its sentences, in seconds from the beat's own beginning."""
    sound: Path | None
    """Its words, to be heard `LEAD_S` after it begins."""
    warnings: tuple[str, ...] = ()
    """Why nobody speaks over it, though there are words."""

    @property
    def start_s(self) -> float:
        """When it begins, in seconds of the film."""
        return self.first_frame / FRAME_RATE

    @property
    def length_s(self) -> float:
        """How long it is, in seconds."""
        return self.frames / FRAME_RATE


def narrate(
    story: Storyboard,
    voice: Voice,
    folder: Path,
    *,
    steps: Sequence[int] = (),
    least_s: Sequence[float] = (),
    progress: Progress = silent,
) -> tuple[TimedBeat, ...]:
    """Speak a storyboard and lay it on the film's clock.

    Args:
        story: What is said.
        voice: Who says it.
        folder: Where spoken words are kept; the same words by the same voice are spoken once.
        steps: How many pictures each beat has, for the time to see them; none for one each.
        least_s: How long each beat is at least, for what moves in it; none for no such time.
        progress: Told after each beat.

    Raises:
        NotInstalled: The voice is missing.
        BackendError: The service that speaks did not; what was spoken before is kept.
        BudgetReached: It could cost more than what is left under the cap or of the budget.
        DiskFull: There is no room.
    """
    beats: list[TimedBeat] = []
    first = 0
    for index, beat in enumerate(story.beats):
        progress(index, len(story.beats), f"speaks: {beat.heading or beat.show.kind}")
        said, sound, why = _spoken(beat.say, voice, folder)
        words_s = max((u.span.end_s for u in said), default=0.0)
        seen_s = max(SHORTEST_S, STEP_S * steps[index] if steps else 0.0)
        seen_s = max(seen_s, least_s[index] if least_s else 0.0)
        length_s = max(seen_s, LEAD_S + words_s + TAIL_S if said else 0.0)
        frames = math.ceil(round(length_s * FRAME_RATE, 6))
        moved = tuple(Utterance(u.span.shifted(LEAD_S), u.text) for u in said)
        silent_for = (f"nobody speaks over it: {why}",) if why else ()
        beats.append(TimedBeat(index, beat, first, frames, moved, sound, silent_for))
        first += frames
    progress(len(story.beats), len(story.beats), "spoken")
    return tuple(beats)


def transcript_of_film(beats: Sequence[TimedBeat], language: str, source: str) -> Transcript:
    """Everything that is said, on the film's clock: what captions are written from."""
    said = [Utterance(u.span.shifted(beat.start_s), u.text) for beat in beats for u in beat.said]
    return Transcript(tuple(said), language, source)


def sound_of(
    beats: Sequence[TimedBeat], heard: "Mapping[int, np.ndarray] | None" = None
) -> "np.ndarray | None":
    """The film's sound, a sample for a sample of its length; None when nothing is heard.

    Args:
        beats: All beats.
        heard: Samples of beats that are heard with more than their words, by their index; each
            as long as its beat, with the words in it.
    """
    import numpy as np

    heard = heard or {}
    if not heard and not any(beat.sound for beat in beats):
        return None
    track = np.zeros(sum(beat.frames for beat in beats) * SAMPLES_A_FRAME, np.int16)
    for beat in beats:
        if beat.index in heard:
            first = beat.first_frame * SAMPLES_A_FRAME
            track[first : first + beat.frames * SAMPLES_A_FRAME] = heard[beat.index]
            continue
        if beat.sound is None:
            continue
        with wave.open(str(beat.sound), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        start = beat.first_frame * SAMPLES_A_FRAME + round(LEAD_S * SAMPLE_RATE_HZ)
        room = len(track) - start
        track[start : start + len(samples)] = samples[:room]
    return track


def is_spoken(text: str, voice: Voice, folder: Path) -> bool:
    """Are the words of a beat kept, so that nobody has to speak them again?"""
    return all(path.is_file() for path in _kept_files(text, voice, folder))


def _kept_files(text: str, voice: Voice, folder: Path) -> tuple[Path, Path]:
    name = hashlib.sha256(f"{voice.key}\n{text}".encode()).hexdigest()[:24]
    return folder / f"{name}.wav", folder / f"{name}.json"


def _spoken(
    text: str, voice: Voice, folder: Path
) -> tuple[tuple[Utterance, ...], Path | None, str]:
    """The sentences of a beat, their sound, and why there is none."""
    if not text.strip():
        return (), None, ""
    if voice.speak is None:
        return reading_times(text), None, ""
    sound, times = _kept_files(text, voice, folder)
    if sound.is_file() and times.is_file():
        kept = json.loads(times.read_text(encoding="utf-8"))
        for path in (sound, times):
            path.touch()  # housekeeping goes by the time of last use
        return tuple(Utterance(TimeSpan(start, end), said) for start, end, said in kept), sound, ""
    try:
        said = tuple(voice.speak(text, sound))
    except RequestError as error:
        return reading_times(text), None, error.message  # signs alone, or another script
    with atomic_output(times) as temporary:
        rows = [[u.span.start_s, u.span.end_s, u.text] for u in said]
        temporary.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return said, sound, ""


def reading_times(text: str) -> tuple[Utterance, ...]:
    """The sentences of a text at the pace of a reader."""
    words: list[Word] = []
    now_s = 0.0
    # Scripts without spaces are divided after their full stops.
    for word in re.sub(r"([。！？])", r"\1 ", text).split():
        # Six letters and the space are about a word.
        end_s = now_s + max(1.0, len(word) / 6) / SILENT_WORDS_PER_S
        words.append(Word(TimeSpan(now_s, end_s), f" {word}"))
        now_s = end_s
    return tuple(Utterance(u.span, u.text.strip()) for u in sentences_of(words))
