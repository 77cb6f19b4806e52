"""What our own speech and text reading get back from the film."""

import pytest

from workbench.evidence.evidence import Evidence
from workbench.sample import Sample
from workbench.sample.score import TITLE_LIKENESS, likeness, word_error_rate

pytestmark = pytest.mark.slow


def test_whisper_hears_the_script_with_at_most_one_word_in_twenty_wrong(
    sample: Sample, sample_evidence: Evidence
) -> None:
    assert sample_evidence.transcript is not None
    assert word_error_rate(sample.truth.text, sample_evidence.transcript.text) <= 0.05


def test_every_chapter_title_is_read_while_its_title_slide_is_shown(
    sample: Sample, sample_evidence: Evidence
) -> None:
    for chapter in sample.truth.chapters:
        start_s = chapter.span.start_s
        titles = [
            block.text
            for block in sample_evidence.screen_text
            if block.is_title and block.span.start_s - 0.5 <= start_s < block.span.end_s
        ]
        assert any(likeness(chapter.title, text) >= TITLE_LIKENESS for text in titles), chapter


def test_every_cut_is_found_as_a_shot(sample: Sample, sample_evidence: Evidence) -> None:
    found = [shot.span.start_s for shot in sample_evidence.shots]
    for shot in sample.truth.shots:
        assert min(abs(shot.span.start_s - moment) for moment in found) < 0.3, shot


def test_labels_of_the_pump_diagram_are_read(sample: Sample, sample_evidence: Evidence) -> None:
    diagram = next(shot for shot in sample.truth.shots if shot.picture == "pump_diagram")
    texts = [b.text for b in sample_evidence.screen_text if b.span.overlap_s(diagram.span) > 0]
    for words in ("Impeller", "Casing", "Suction nozzle", "Discharge nozzle"):
        assert any(likeness(words, text) >= TITLE_LIKENESS for text in texts), words
