"""Quoting: which sentences are chosen, and that none is changed."""

from dataclasses import replace

import pytest

from workbench.analysis.local_engine.summary import (
    choose_sentences,
    facts_line,
    quoted,
    readability,
    text_vectors,
)
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.evidence.text.sentences import Sentence
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance


def sentences(*texts: str, confidence: float | None = None) -> list[Sentence]:
    return [
        Sentence(TimeSpan(10.0 * at, 10.0 * at + 8), text, 0.5, confidence)
        for at, text in enumerate(texts)
    ]


WHOLE = [TimeSpan(0, 1000)]

TALK = sentences(
    "Welcome to this talk about the mechanical seal.",
    "A mechanical seal keeps the liquid inside the pump casing.",
    "The faces of the mechanical seal need a thin film of liquid.",
    "And so it goes.",
    "Without liquid the seal faces burn within a minute.",
    "My cat sat on the warm stairs this morning.",
)


def test_the_sentence_the_others_resemble_is_chosen():
    chosen = choose_sentences(TALK, WHOLE, per_group=1, most=10)
    assert chosen[0][0].text == "The faces of the mechanical seal need a thin film of liquid."


def test_chosen_sentences_come_in_order_of_time():
    chosen = choose_sentences(TALK, WHOLE, per_group=3, most=10)[0]
    assert chosen == sorted(chosen, key=lambda s: s.span)


def test_greetings_and_fragments_are_not_quoted_even_alone():
    only = sentences("Welcome, and thank you for watching.", "So it does.")
    assert choose_sentences(only, WHOLE, per_group=2, most=10) == [[]]


def test_the_same_thing_is_not_quoted_twice():
    twice = sentences(
        "The mechanical seal needs a film of liquid.",
        "The mechanical seal needs a film of liquid.",
        "A film of liquid cools the mechanical seal.",
        "Grease the ball bearing with a grease gun.",
    )
    texts = {s.text for s in choose_sentences(twice, WHOLE, per_group=2, most=10)[0]}
    assert len(texts) == 2


def test_each_group_gets_its_own_sentences():
    groups = [TimeSpan(0, 30), TimeSpan(30, 60)]
    chosen = choose_sentences(TALK, groups, per_group=1, most=10)
    assert all(
        len(own) == 1 and span.holds(own[0].span.middle_s)
        for own, span in zip(chosen, groups, strict=True)
    )


def test_no_more_are_chosen_than_allowed_in_all():
    groups = [TimeSpan(10.0 * at, 10.0 * at + 10) for at in range(6)]
    chosen = choose_sentences(TALK, groups, per_group=1, most=2)
    assert sum(len(own) for own in chosen) == 2


def test_a_sentence_that_was_hardly_understood_is_passed_over():
    clear = sentences(
        "The seal keeps the liquid inside the pump.", "A seal holds liquid in the pump."
    )
    unclear = [replace(clear[0], confidence=0.1), replace(clear[1], confidence=0.95)]
    assert choose_sentences(unclear, WHOLE, per_group=1, most=5)[0][0] == unclear[1]


def test_nothing_said_gives_nothing_to_quote():
    assert choose_sentences([], WHOLE, per_group=2, most=5) == [[]]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("The seal keeps the liquid inside the pump.", "It keeps the liquid inside the pump."),
        ("The seal keeps the liquid inside the pump.", "The seal keeps the liquid inside the"),
        ("The seal keeps the liquid inside the pump.", "Does the seal keep the liquid inside?"),
        ("The seal keeps the liquid inside the pump.", "Now let us look at the mechanical seal."),
        (
            "The seal keeps the liquid inside the pump.",
            "The seal " + "and the pump " * 20 + "turn.",
        ),
    ],
)
def test_sentences_that_stand_alone_read_better(better: str, worse: str):
    assert readability(better) > readability(worse)


def test_an_unpunctuated_talk_is_not_blamed_for_missing_full_stops():
    text = "the seal keeps the liquid inside the pump"
    assert readability(text, is_punctuated=False) == 1.0
    assert readability(text) < 0.5


def test_vectors_have_length_one_and_likeness_shows():
    vectors = text_vectors(["mechanical seal", "the mechanical seal", "warm cat", ""])
    assert float(vectors[0] @ vectors[1]) == pytest.approx(1.0)
    assert float(vectors[0] @ vectors[2]) == 0.0
    assert float(vectors[3] @ vectors[3]) == 0.0


def test_quotation_marks_inside_a_quotation_become_single():
    assert quoted("They call it “soft foot” here.") == "“They call it ‘soft foot’ here.”"


def test_facts_count_and_do_not_judge():
    shots = (Shot(0, TimeSpan(0, 30), 15.0),)
    block = TextBlock(TimeSpan(0, 5), "EXIT", 0.9, 0.05, 0.1)
    spoken = Transcript((Utterance(TimeSpan(0, 6), "Good morning."),), "en", "sidecar")
    found = Evidence("a" * 16, 30.0, spoken, shots, (block,))
    assert facts_line(found) == (
        "1 shot in 0:30. Speech for 6.0 s (20%), in English. 1 line of text read on the screen."
    )


def test_a_sound_file_is_not_asked_for_screen_text():
    found = Evidence("a" * 16, 27.7, Transcript((), "", "w"), engines={"transcript": "w"})
    assert facts_line(found) == "No speech was found. 0:27 long."


def test_an_unknown_language_is_not_guessed():
    spoken = Transcript((Utterance(TimeSpan(0, 6), "Mm."),), "", "sidecar")
    assert facts_line(Evidence("a" * 16, 60.0, spoken)).endswith("Speech for 6.0 s (10%).")
