"""Sentences: whole again whatever pieces a transcript came in, and never reworded."""

import pytest

from workbench.evidence.text.sentences import LONGEST_WORDS, sentences_of
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance, Word


def transcript(*captions: tuple[float, float, str]) -> Transcript:
    return Transcript(
        tuple(Utterance(TimeSpan(start, end), text) for start, end, text in captions),
        "en",
        "sidecar",
    )


def texts(*captions: tuple[float, float, str]) -> list[str]:
    return [sentence.text for sentence in sentences_of(transcript(*captions))]


def test_a_sentence_broken_over_captions_is_one_again():
    assert texts((0, 2, "This is the optical segment of the"), (2, 4, "space telescope.")) == [
        "This is the optical segment of the space telescope."
    ]


def test_two_sentences_in_one_caption_are_two_with_their_own_times():
    found = sentences_of(transcript((0, 4, "The pump runs. The seal leaks.")))
    assert [sentence.text for sentence in found] == ["The pump runs.", "The seal leaks."]
    assert found[0].span.end_s == pytest.approx(2.0, abs=0.2)
    assert found[1].span == TimeSpan(found[0].span.end_s, 4.0)


def test_word_times_are_used_where_there_are_any():
    words = (
        Word(TimeSpan(1, 2), "Stop.", 0.5),
        Word(TimeSpan(5, 6), "Go", 1.0),
        Word(TimeSpan(6, 7), "on.", 1.0),
    )
    given = Transcript((Utterance(TimeSpan(1, 7), "Stop. Go on.", words),), "en", "whisper-base")
    found = sentences_of(given)
    assert [sentence.span for sentence in found] == [TimeSpan(1, 2), TimeSpan(5, 7)]
    assert [sentence.confidence for sentence in found] == [0.5, 1.0]
    assert [sentence.pause_before_s for sentence in found] == [1, 3]


def test_an_abbreviation_does_not_end_a_sentence():
    assert len(texts((0, 5, "Dr. Smith checks approx. ten seals, e.g. J. Doe's."))) == 1


def test_a_long_silence_ends_a_sentence():
    assert texts((0, 2, "first we look"), (5, 7, "at the pump.")) == [
        "first we look",
        "at the pump.",
    ]


def test_captions_without_full_stops_end_where_a_caption_ends():
    captions = [
        (i * 3.0, i * 3.0 + 3, "so this is how you take the cover off now") for i in range(20)
    ]
    assert len(texts(*captions)) == 20


def test_lines_that_describe_sound_are_no_speech():
    assert texts(
        (0, 2, "[Music]"), (2, 4, "♪ la la ♪"), (4, 6, "(applause)"), (6, 8, "Hello there.")
    ) == ["Hello there."]


def test_a_speaker_label_is_not_part_of_the_sentence():
    found = sentences_of(
        transcript((0, 2, "NARRATOR: The pump runs."), (2, 4, ">> ANNA: It stops."))
    )
    assert [(s.speaker, s.text) for s in found] == [
        ("NARRATOR", "The pump runs."),
        ("ANNA", "It stops."),
    ]


def test_a_language_without_spaces_keeps_its_text():
    words = tuple(Word(TimeSpan(i, i + 1), text) for i, text in enumerate("泵正在运行。"))
    given = Transcript((Utterance(TimeSpan(0, 6), "泵正在运行。", words),), "zh", "whisper-base")
    assert sentences_of(given)[0].text == "泵正在运行。"


def test_a_speaker_who_never_stops_is_cut():
    found = sentences_of(transcript((0, 100, "word " * 200)))
    assert all(len(sentence.text.split()) <= LONGEST_WORDS for sentence in found)


def test_no_word_is_lost_or_changed():
    captions = [(0, 3, "One two. Three"), (3, 4, "four five"), (9, 12, "six? Seven!")]
    assert " ".join(texts(*captions)) == "One two. Three four five six? Seven!"


def test_nothing_said_gives_no_sentences():
    assert sentences_of(None) == ()
    assert sentences_of(transcript()) == ()
    assert sentences_of(transcript((0, 1, "  "))) == ()
