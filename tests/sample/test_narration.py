"""Times of a narration."""

import itertools
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from workbench.media.timecode import TimeSpan
from workbench.sample.narration import FRAME_RATE, SAMPLE_RATE_HZ, narrate
from workbench.sample.script import load_script
from workbench.sample.truth import true_chapters, true_equipment
from workbench.speech.transcript import Utterance


def hum(text: str, path: Path) -> Sequence[Utterance]:
    """A tone of a tenth of a second for each word."""
    length = len(text.split()) * SAMPLE_RATE_HZ // 10
    tone = (np.sin(np.arange(length) * 0.05) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, SAMPLE_RATE_HZ, length, "NONE", ""))
        out.writeframes(tone.tobytes())
    return (Utterance(TimeSpan(0, length / SAMPLE_RATE_HZ), text),)


def test_shots_tile_the_film_on_whole_frames() -> None:
    shots = narrate(load_script(), hum).shots
    for left, right in itertools.pairwise(shots):
        assert left.span.end_s == right.span.start_s
        frames = left.span.end_s * FRAME_RATE
        assert frames == pytest.approx(round(frames), abs=1e-3)


def test_sound_is_where_the_sentences_are_and_nowhere_else() -> None:
    narration = narrate(load_script(), hum)
    assert narration.sound is not None
    quiet = np.ones(len(narration.sound), bool)
    for shot in narration.shots:
        for sentence in shot.sentences:
            first, last = (
                round(t * SAMPLE_RATE_HZ) for t in (sentence.span.start_s, sentence.span.end_s)
            )
            assert np.abs(narration.sound[first:last]).max() > 0.2
            quiet[max(0, first - 50) : last + 50] = False
    assert not narration.sound[quiet].any()


def test_every_sentence_of_the_script_is_said_over_its_picture() -> None:
    script = load_script()
    shots = narrate(script, None).shots
    assert tuple(s.text for shot in shots for s in shot.sentences) == script.sentences
    for shot in shots:
        for sentence in shot.sentences:
            assert shot.span.start_s < sentence.span.start_s < sentence.span.end_s < shot.span.end_s


def test_pauses_between_parts_are_at_least_eight_tenths_of_a_second() -> None:
    script = load_script()
    narration = narrate(script, hum)
    said = [s.span for shot in narration.shots for s in shot.sentences]
    for chapter in true_chapters(script, narration)[1:]:
        cut = chapter.span.start_s
        assert min(s.start_s for s in said if s.start_s > cut) - cut > 0.4
        assert cut - max(s.end_s for s in said if s.end_s < cut) > 0.4


def test_equipment_names_are_known_by_the_longest_name_they_are_part_of() -> None:
    script = load_script()
    found = {piece.name: piece for piece in true_equipment(script, narrate(script, None))}
    assert len(found["suction pipe"].said) == 1
    assert not found["pipe"].said
    assert found["pipe"].shown
    assert len(found["grease gun"].said) == 1
    assert found["centrifugal pump"].said


def test_everything_that_is_shown_is_on_the_list_of_equipment() -> None:
    script = load_script()
    names = {piece.names[0] for piece in script.equipment}
    for part in script.parts:
        for shot in part.shots:
            assert set(shot.shows) <= names, shot.picture


def test_every_piece_of_equipment_is_shown_or_said() -> None:
    script = load_script()
    for piece in true_equipment(script, narrate(script, None)):
        assert piece.shown or piece.said, piece.name
