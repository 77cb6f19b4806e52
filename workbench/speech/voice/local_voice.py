"""Speak English text on this machine, with the one voice that lies inside a package.

The voice is hibari's "heart" (24 kHz, mono). Its other voices would be downloaded, so they are not
offered: the model file is always named by us. The same text gives the same sound.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import NotInstalled, RequestError
from workbench.media.timecode import TimeSpan
from workbench.speech import weights
from workbench.speech.transcript import Utterance
from workbench.speech.voice.wav import write_wav

if TYPE_CHECKING:
    import numpy as np

SAMPLE_RATE_HZ = 24_000
"""Sound is written with this many samples a second."""

SENTENCE_GAP_S = 0.35
"""Silence between two sentences, in seconds: a speaker's breath."""

PARAGRAPH_GAP_S = 0.9
"""Silence between two paragraphs, in seconds: long enough to be heard as a new thought."""

_QUIET = 0.01
"""Sound below 1 % of full scale counts as silence at the edges of a sentence."""

_EDGE = round(0.02 * SAMPLE_RATE_HZ)
"""Samples kept around the audible part, 20 ms: soft consonants fade below the threshold."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    starts_paragraph: bool


def is_available() -> bool:
    """Can this machine speak?"""
    return weights.is_installed("hibari-heart")


def speak(
    text: str,
    path: Path,
    *,
    sentence_gap_s: float = SENTENCE_GAP_S,
    paragraph_gap_s: float = PARAGRAPH_GAP_S,
    speed: float = 1.0,
) -> tuple[Utterance, ...]:
    """Speak a text into a WAV file and say when each sentence is heard.

    Args:
        text: English. A blank line begins a paragraph.
        path: WAV file to write: 16 bit, mono, 24 kHz. It appears only when it is whole.
        sentence_gap_s: Silence between sentences of a paragraph, in seconds, 0 or more.
        paragraph_gap_s: Silence between paragraphs, in seconds, 0 or more.
        speed: Pace, 0.5 (slow) to 2.0 (fast).

    Returns:
        The sentences in order; their spans are the audible part, in seconds from the file's start.

    Raises:
        NotInstalled: The voice is missing or altered.
        RequestError: There is nothing to speak, a number is out of range, or the folder may not be
            written to.
        DiskFull: There is no room for the file.
    """
    import numpy as np

    if min(sentence_gap_s, paragraph_gap_s) < 0:
        raise RequestError("a gap between sentences cannot be negative")
    if not 0.5 <= speed <= 2.0:
        raise RequestError(f"speed is {speed}; it lies between 0.5 and 2.0")
    pieces: list[np.ndarray] = []
    spoken: list[Utterance] = []
    written = 0
    for sentence in _sentences(text):
        if spoken:
            gap_s = paragraph_gap_s if sentence.starts_paragraph else sentence_gap_s
            pieces.append(np.zeros(round(gap_s * SAMPLE_RATE_HZ), np.float32))
            written += len(pieces[-1])
        sound = _trimmed(_sound(sentence.text, speed))
        if not len(sound):
            continue
        span = TimeSpan(written / SAMPLE_RATE_HZ, (written + len(sound)) / SAMPLE_RATE_HZ)
        spoken.append(Utterance(span, sentence.text))
        pieces.append(sound)
        written += len(sound)
    if not spoken:
        raise RequestError("there is nothing to speak", hint="give a text with words in it")
    _write(path, np.concatenate(pieces))
    return tuple(spoken)


@functools.lru_cache(maxsize=1)
def _voice() -> Any:
    model = weights.locate("hibari-heart")
    try:
        from hibari import Hibari  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise NotInstalled(
            f"the voice cannot start: {error.name} is missing",
            hint=weights.weights("hibari-heart").install_line,
        ) from error
    # One thread: more gain nothing on sentences, and sums in another order change the sound.
    return Hibari(model=str(model), threads=1)


def _sentences(text: str) -> list[_Sentence]:
    voice = _voice()
    found: list[_Sentence] = []
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        # A single line break is only how the text was wrapped.
        sentences = voice.split_sentences(" ".join(paragraph.split()))
        worded = [s for s in sentences if any(letter.isalnum() for letter in s)]
        found += [_Sentence(s, starts_paragraph=i == 0) for i, s in enumerate(worded)]
    return found


def _sound(sentence: str, speed: float) -> "np.ndarray":
    import numpy as np

    voice = _voice()
    pieces = [
        voice.from_phonemes(phonemes, speed=speed, seed=0) for phonemes in voice.phonemize(sentence)
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _trimmed(sound: "np.ndarray") -> "np.ndarray":
    """Cut the silence the voice puts around a sentence, so that gaps are exactly as asked."""
    import numpy as np

    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if not len(loud):
        return sound[:0]
    return sound[max(0, loud[0] - _EDGE) : loud[-1] + 1 + _EDGE]


def _write(path: Path, sound: "np.ndarray") -> None:
    import numpy as np

    samples = (np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
    write_wav(path, samples.tobytes(), SAMPLE_RATE_HZ)
