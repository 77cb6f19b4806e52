"""Weights joined once for all tests of this room, and how wrong a transcript is."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.speech import whisper
from workbench.speech.voice import local_voice


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower().replace("’", "'")).split()


@pytest.fixture(scope="session")
def word_errors() -> Callable[[str, str], tuple[int, int]]:
    """Words wrong, missing or too many, and words there should be."""

    def count(expected: str, heard: str) -> tuple[int, int]:
        wanted, got = _words(expected), _words(heard)
        row = list(range(len(got) + 1))
        for index, word in enumerate(wanted, start=1):
            before, row[0] = row[0], index
            for column, other in enumerate(got, start=1):
                before, row[column] = (
                    row[column],
                    min(row[column] + 1, row[column - 1] + 1, before + (word != other)),
                )
        return row[-1], len(wanted)

    return count


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Whisper weights are joined, once."""
    is_ready, finding, hint = whisper.readiness()
    if not is_ready:
        pytest.skip(f"{finding}: {hint}")
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="session")
def voice() -> None:
    """Skip where no voice is installed."""
    if not local_voice.is_available():
        pytest.skip("no voice: pip install hibari-tts==0.2.1")
