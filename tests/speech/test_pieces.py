"""Pieces of a text: nothing lost, nothing twice, cut where a speaker would breathe."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from workbench.speech.voice.pieces import spoken_pieces


def cut(text: str, longest: int) -> list[str]:
    return [text[begin:end] for begin, end in spoken_pieces(text, longest)]


@given(some.text(some.sampled_from("ab. ,\n。!\u0301"), max_size=80), some.integers(1, 30))
@example("a" * 10, 3)
def test_all_that_is_no_white_space_is_in_exactly_one_piece(text, longest):
    spans = spoken_pieces(text, longest)
    ends = [0, *(end for _, end in spans)]
    for (begin, end), before in zip(spans, ends, strict=False):
        assert before <= begin < end <= begin + longest
        assert text[before:begin].strip() == ""
        assert text[begin:end] == text[begin:end].strip()
    assert text[ends[-1] :].strip() == ""


@pytest.mark.parametrize(
    ("text", "longest", "pieces"),
    [
        ("It runs. It is loud. It stops.", 22, ["It runs. It is loud.", "It stops."]),
        ("First one.\n\nSecond. Third one.", 22, ["First one.\n\nSecond.", "Third one."]),
        ("One two three.\n\nFour. Five six.", 24, ["One two three.", "Four. Five six."]),
        ("We met Dr. Smith today. He left.", 25, ["We met Dr. Smith today.", "He left."]),
        ("the pump runs, the valve is shut", 20, ["the pump runs,", "the valve is shut"]),
        ("泵在运行。阀门关闭。", 7, ["泵在运行。", "阀门关闭。"]),
        ("one two three", 7, ["one two", "three"]),
        ("aaaae\u0301 b", 5, ["aaaa", "e\u0301 b"]),
        ("  \n ", 5, []),
    ],
)
def test_a_piece_ends_where_a_speaker_would_breathe(text, longest, pieces):
    assert cut(text, longest) == pieces


def test_a_text_within_the_limit_is_one_piece():
    assert cut(" One. Two.\n\nThree. ", 100) == ["One. Two.\n\nThree."]
