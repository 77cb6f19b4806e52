"""The transcript that Amazon Transcribe writes is read into the house's own."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.transcribe_server import SAID, transcript_of
from workbench.speech.transcribe import read_transcript


def test_words_have_times_and_confidence_and_sentences_end_at_their_marks():
    found = read_transcript(transcript_of(SAID, "en-US"))
    assert [each.text for each in found.utterances] == [
        "The pump is running.", "Close the valve now.",
    ]  # fmt: skip
    assert (found.language, found.source, found.source_detail) == ("en", "transcribe", "en-US")
    first = found.utterances[0].words[1]
    assert (first.text, first.span.start_s, first.span.end_s) == ("pump", 0.5, 0.9)
    assert first.confidence == 0.987


def test_a_silent_file_has_an_empty_transcript_and_no_language():
    found = read_transcript(transcript_of("", "en-US"))
    assert found.is_empty
    assert found.language == ""


def test_languages_without_spaces_are_joined_without_them():
    found = read_transcript(transcript_of("ポンプ が 動く", "ja-JP"))
    assert found.text == "ポンプが動く"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"results": None},
        {"results": {"items": [{"type": "pronunciation", "alternatives": []}]}},
        {"results": {"items": [{"type": "pronunciation", "alternatives": [{"content": "a"}]}]}},
    ],
)
def test_what_is_no_transcript_is_refused(told):
    with pytest.raises(ValueError, match="not a transcript"):
        read_transcript(told)


@given(some.lists(some.sampled_from(["pump", "valve.", "Motor,", "3.5"]), max_size=80))
def test_no_word_is_lost_and_times_never_go_back(said):
    found = read_transcript(transcript_of(" ".join(said), "en-US"))
    assert found.text.split() == said
    spans = [word.span for each in found.utterances for word in each.words]
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(spans))
