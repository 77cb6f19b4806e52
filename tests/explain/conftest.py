"""A voice without a model: every word is a tone, so that what is heard can be measured."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from workbench.explain.narration import SAMPLE_RATE_HZ, Voice
from workbench.media.timecode import TimeSpan
from workbench.speech.sentences import sentences_of
from workbench.speech.transcript import Utterance, Word

WORD_S = 0.11


def hum(text: str, path: Path) -> Sequence[Utterance]:
    """A tone of 0.11 s a word."""
    words = [
        Word(TimeSpan(index * WORD_S, (index + 1) * WORD_S), f" {word}")
        for index, word in enumerate(text.split())
    ]
    moments = np.arange(round(len(words) * WORD_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    samples = (12_000 * np.sin(2 * np.pi * 440 * moments)).astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(samples.tobytes())
    return [Utterance(u.span, u.text.strip()) for u in sentences_of(words)]


@pytest.fixture(scope="session")
def humming() -> Voice:
    """A voice that hums."""
    return Voice("hum", hum)
