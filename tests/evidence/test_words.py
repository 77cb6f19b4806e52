"""Words and noun phrases: what counts as a noun, and what a phrase leaves out."""

import pytest

from workbench.evidence.text.phrases import noun_phrases
from workbench.evidence.text.words import singular, stem, tokens


@pytest.mark.parametrize(
    ("sentence", "phrases"),
    [
        ("The impeller spins inside the casing.", ["impeller", "casing"]),
        ("Check the oil level before you start the motor.", ["oil level", "motor"]),
        ("To stop the pump, close the discharge valve slowly.", ["pump", "discharge valve"]),
        ("Always lock out the circuit breaker.", ["circuit breaker"]),
        ("How a centrifugal pump works", ["centrifugal pump"]),
        ("Each bearing needs grease.", ["bearing", "grease"]),
        ("The safety glasses are here.", ["safety glasses"]),
        ("It was, and so it is.", []),
    ],
)
def test_noun_phrases_are_found_without_their_verbs(sentence: str, phrases: list[str]):
    assert [phrase.text for phrase in noun_phrases(sentence)][: len(phrases)] == phrases


def test_a_phrase_never_crosses_punctuation():
    assert [p.text for p in noun_phrases("pump, motor; seal")] == ["pump", "motor", "seal"]


def test_a_phrase_knows_where_it_stands():
    text = "Open the gate valve."
    phrase = noun_phrases(text)[-1]
    assert text[phrase.start : phrase.end] == "gate valve"


@pytest.mark.parametrize(
    ("plural", "single"),
    [
        ("bearings", "bearing"),
        ("boxes", "box"),
        ("switches", "switch"),
        ("gauges", "gauge"),
        ("glasses", "glasses"),
        ("pliers", "pliers"),
        ("bus", "bus"),
        ("gases", "gas"),
        ("axis", "axis"),
        ("O-rings", "o-ring"),
        ("shelves", "shelf"),
        ("pump's", "pump"),
    ],
)
def test_plurals_are_turned_into_singulars(plural: str, single: str):
    assert singular(plural) == single


@pytest.mark.parametrize("word", ["pump", "lubricate", "running", "cavities", "ß", "日本", "a'b"])
def test_a_stem_is_stable_and_never_empty(word: str):
    assert stem(word)
    assert stem(word) == stem(word)


def test_other_scripts_are_split_into_words_too():
    assert [token.text for token in tokens("Насос работает — l’huile 3,5 bar")] == [
        "Насос",
        "работает",
        "l’huile",
        "3,5",
        "bar",
    ]
