"""Equipment, objects and topics: names, categories, and when they are said, shown or both."""

import itertools
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis.answers.answer import AnsweredElement
from workbench.analysis.local_engine.chapters import Part
from workbench.analysis.local_engine.elements import find_things, presence_spans, tidy_name
from workbench.analysis.local_engine.lexicon import lexicon
from workbench.analysis.local_engine.mentions import Line
from workbench.analysis.local_engine.topics import find_topics
from workbench.evidence.screen.slides import SlideTitle
from workbench.evidence.text.words import singular
from workbench.media.timecode import TimeSpan, merge_spans


def said(*sentences: str, start_s: float = 0.0) -> list[Line]:
    return [
        Line(text, TimeSpan(start_s + 10 * at, start_s + 10 * at + 5), "said", 0.9)
        for at, text in enumerate(sentences)
    ]


def shown(text: str, start_s: float, end_s: float) -> Line:
    return Line(text, TimeSpan(start_s, end_s), "shown", 0.95)


def things(lines: Sequence[Line]) -> dict[str, AnsweredElement]:
    return {element.name: element for element in find_things(lines, ("equipment", "object"))}


def names(*sentences: str) -> set[str]:
    return set(things(said(*sentences)))


def times(element: AnsweredElement) -> list[tuple[float, float, str]]:
    return [(span.start_s, span.end_s, span.presence) for span in element.spans]


def test_names_are_singular_with_a_capital():
    assert names("The centrifugal pumps need mechanical seals.") == {
        "Centrifugal pump",
        "Mechanical seal",
    }


def test_equipment_and_objects_have_a_kind_and_a_category():
    found = things(said("A forklift stands beside the bus."))
    assert (found["Forklift"].kind, found["Bus"].kind) == ("equipment", "object")
    assert found["Forklift"].category == "Lifting and vehicles at work"
    assert found["Bus"].category == "Vehicles"


def test_only_the_kinds_that_were_asked_for_are_given():
    found = find_things(said("A forklift stands beside the bus."), ("object",))
    assert [element.name for element in found] == ["Bus"]


def test_adjectives_that_only_describe_are_not_part_of_a_name():
    assert names("The old worn impeller and a big rusty valve.") == {"Impeller", "Valve"}


def test_a_modifier_no_list_knows_has_to_come_back():
    assert names("A dingle pump stands here.") == {"Pump"}
    assert names("A dingle pump stands here.", "Open the dingle pump.") == {"Dingle pump"}


def test_the_longest_known_name_wins():
    assert names("Close the ball valve before the heat exchanger.") == {
        "Ball valve",
        "Heat exchanger",
    }


def test_a_bare_name_belongs_to_the_only_longer_one():
    found = things(said("The centrifugal pump hums.", "Nothing else.", "Then the pump stops."))
    assert list(found) == ["Centrifugal pump"]
    assert times(found["Centrifugal pump"]) == [(0, 5, "said"), (20, 25, "said")]


def test_a_bare_name_stays_alone_where_it_could_be_either():
    assert names("A gear pump and a vane pump.", "Stop the pump.") == {
        "Gear pump",
        "Vane pump",
        "Pump",
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "We can pump water and screw it tight.",
        "You can see that they hammer on it.",
        "Meet me in the pump room.",
        "The crane operator waves.",
        "Bear in mind that the fox jumps.",
        "This is a good case for the book.",
    ],
)
def test_words_that_do_not_name_a_thing_are_left_out(sentence: str):
    assert names(sentence) == set()


def test_a_word_with_everyday_meanings_needs_others_of_its_kind_close_by():
    assert names("The bearing is here.") == set()
    near = names("The bearing is here.", "The impeller and the gasket too.")
    assert near == {"Bearing", "Impeller", "Gasket"}
    far = [*said("The bearing is here."), *said("An impeller. A gasket.", start_s=500)]
    assert set(things(far)) == {"Impeller", "Gasket"}


def test_a_word_before_it_can_make_an_unsure_name_sure():
    assert "Hydraulic press" in names("The hydraulic press is loud.")
    assert "Motor coupling" in names("The motor coupling shakes.")


def test_a_description_counts_as_a_mention_of_what_is_named_elsewhere():
    found = things(said("The impeller spins.", "The impeller speed is high."))
    assert times(found["Impeller"]) == [(0, 5, "said"), (10, 15, "said")]
    assert names("The impeller speed is high.") == set()


def test_what_is_read_while_it_is_said_is_both():
    lines = [*said("The mechanical seal leaks."), shown("Mechanical seal", 2, 20)]
    assert times(things(lines)["Mechanical seal"]) == [
        (0, 2, "said"),
        (2, 5, "both"),
        (5, 20, "shown"),
    ]


def test_a_heading_in_capitals_names_the_same_thing():
    lines = [*said("The pressure gauge falls."), shown("PRESSURE GAUGE", 30, 40)]
    assert [element.name for element in find_things(lines, ("equipment",))] == ["Pressure gauge"]


def test_sentences_a_little_apart_are_one_occurrence():
    lines = [
        Line("The valve opens.", TimeSpan(0, 3), "said", None),
        Line("The valve closes.", TimeSpan(6, 9), "said", None),
        Line("The valve sticks.", TimeSpan(30, 33), "said", None),
    ]
    assert times(things(lines)["Valve"]) == [(0, 9, "said"), (30, 33, "said")]


def test_every_occurrence_quotes_a_line_that_names_it():
    lines = [
        *said("The mechanical seal leaks.", "The seal drips."),
        shown("Mechanical seal", 2, 20),
    ]
    for element in find_things(lines, ("equipment",)):
        for span in element.spans:
            assert span.text in {line.text for line in lines}
            assert "seal" in span.text.lower()


def test_confidence_is_the_recognisers_own_and_unknown_for_a_subtitle_file():
    assert things(said("The valve opens."))["Valve"].confidence == 0.9
    line = Line("The valve opens.", TimeSpan(0, 3), "said", None)
    assert things([line])["Valve"].confidence is None


def test_proper_names_and_acronyms_keep_their_capitals():
    assert "Webb space telescope" in names(
        "This is the Webb space telescope.", "The Webb space telescope unfolds."
    )
    assert tidy_name(Counter({"PLC": 1})) == "PLC"
    assert tidy_name(Counter({"O-rings": 1})) == "O-ring"


def test_no_lines_name_nothing():
    assert find_things([], ("equipment", "object")) == []


def test_the_lexicon_has_each_entry_once_and_in_the_singular():
    entries = lexicon().entries
    assert len(entries) > 1000
    plural = [words for words in entries if singular(words[-1]) != words[-1]]
    assert plural == []
    assert all(
        entry.category and entry.kind in {"equipment", "object"} for entry in entries.values()
    )


spans = st.builds(
    lambda start, length: TimeSpan(start, start + length),
    st.integers(0, 100).map(float),
    st.integers(1, 20).map(float),
)


@given(st.lists(st.tuples(spans, st.sampled_from(["shown", "said"])), min_size=1, max_size=12))
def test_presence_spans_are_ordered_apart_and_cover_what_was_named(mentions):
    answered = presence_spans((span, way, way) for span, way in mentions)
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(answered))
    covered = merge_spans(TimeSpan(a.start_s, a.end_s) for a in answered)
    for span, _ in mentions:
        assert any(c.start_s <= span.start_s and span.end_s <= c.end_s for c in covered)


@given(spans, spans)
def test_both_needs_speech_and_screen_at_the_same_time(on_screen: TimeSpan, spoken: TimeSpan):
    answered = presence_spans([(on_screen, "shown", "a"), (spoken, "said", "b")])
    has_both = any(span.presence == "both" for span in answered)
    assert has_both == (on_screen.overlap_s(spoken) > 0)


def test_topics_come_back_or_stand_in_a_title():
    lines = said(
        "Cavitation eats the metal.",
        "You hear cavitation early.",
        "Cavitation is a noise like gravel.",
        "A poem was read once.",
    )
    slide = SlideTitle(TimeSpan(0, 5), "Soft foot", 1.0)
    lines.append(shown("Soft foot", 0, 5))
    part = Part(TimeSpan(0, 60), "Soft foot", slide)
    found = {topic.name: topic for topic in find_topics(lines, [part])}
    assert set(found) == {"Cavitation", "Soft foot"}
    assert found["Cavitation"].category == "Process"
    assert [span.presence for span in found["Soft foot"].spans] == ["shown"]


def test_things_are_no_topics():
    lines = said("The mechanical seal drips.", "The mechanical seal wears.", "A mechanical seal.")
    assert find_topics(lines, []) == []
