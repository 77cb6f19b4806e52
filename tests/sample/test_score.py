"""Counting what was found of what is true."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, Chapter, Element, Occurrence
from workbench.evidence.evidence import Evidence, TextBlock
from workbench.media.timecode import TimeSpan
from workbench.sample import Truth, score
from workbench.sample.score import match_boundaries, normal_words, word_error_rate
from workbench.sample.truth import TrueChapter, TrueEquipment, TrueSentence
from workbench.speech.transcript import Transcript, Utterance


def equipment(name: str, *also: str, is_key: bool = True) -> TrueEquipment:
    return TrueEquipment(name, also, "rotating", is_key, (TimeSpan(0, 5),), ())


TRUTH = Truth(
    version="1",
    name="A talk",
    video="talk.mp4",
    video_bytes=1,
    duration_s=90.0,
    is_narrated=True,
    chapters=(
        TrueChapter("Opening", TimeSpan(0, 20)),
        TrueChapter("The seal", TimeSpan(20, 55)),
        TrueChapter("The bearing", TimeSpan(55, 90)),
    ),
    sentences=(TrueSentence(TimeSpan(1, 3), "Look at the seal and the bearing."),),
    shots=(),
    screen_text=(),
    equipment=(
        equipment("mechanical seal", "seal"),
        equipment("ball bearing", "bearing"),
        equipment("grease gun"),
        equipment("bolts", is_key=False),
    ),
    photos=(),
)


def analysis(starts: list[float], names: list[str]) -> Analysis:
    ends = [*starts[1:], 90.0]
    return Analysis(
        id="a1",
        asset_id="0" * 16,
        asset_name="talk.mp4",
        duration_s=90.0,
        request=AnalysisRequest(assets=("talk.mp4",)),
        engine="local",
        model="local",
        model_name="Local engine",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        summary=None,
        chapters=tuple(
            Chapter(i, f"Chapter {i}", TimeSpan(a, b))
            for i, (a, b) in enumerate(zip(starts, ends, strict=True))
        ),
        elements=tuple(
            Element("equipment", name, "", (Occurrence(TimeSpan(0, 2), "said"),)) for name in names
        ),
        calls=(),
        prompt_hash="",
        catalog_as_of="",
        engine_version="1",
        seconds=1.0,
    )


def evidence(said: str, *titles: tuple[float, str]) -> Evidence:
    return Evidence(
        asset_id="0" * 16,
        duration_s=90.0,
        transcript=Transcript((Utterance(TimeSpan(1, 3), said),), "en", "test"),
        screen_text=tuple(
            TextBlock(TimeSpan(at, at + 5), text, 0.9, 0.1, 0.4, is_title=True)
            for at, text in titles
        ),
    )


def test_boundaries_are_matched_one_to_one_with_their_errors() -> None:
    found = score(analysis([0.0, 21.5, 23.0, 54.0], []), evidence(""), TRUTH)
    assert [b.error_s for b in found.boundaries] == [1.5, 1.0]
    assert found.extra_boundaries_s == (23.0,)
    assert found.largest_boundary_error_s == 1.5


def test_a_boundary_too_far_away_is_missed_and_leaves_no_largest_error() -> None:
    found = score(analysis([0.0, 21.0], []), evidence(""), TRUTH)
    assert [b.found_s for b in found.boundaries] == [21.0, None]
    assert found.boundaries_found == 1
    assert found.largest_boundary_error_s is None


def test_equipment_counts_by_any_of_its_names_and_a_longer_name_for_the_same_head() -> None:
    names = ["Seal", "Roller bearings", "Bolt", "Grease", "Crane"]
    found = score(analysis([0.0], names), evidence(""), TRUTH)
    assert found.equipment_found == ("mechanical seal", "ball bearing")
    assert found.equipment_missed == ("grease gun",)
    assert set(found.equipment_wrong) == {"Grease", "Crane"}
    assert found.equipment_recall == pytest.approx(2 / 3)
    assert found.equipment_precision == pytest.approx(3 / 5)


def test_a_title_counts_as_read_only_in_its_own_chapter() -> None:
    found = score(
        analysis([0.0], []),
        evidence("", (0.5, "OPENING"), (21.0, "The sea1"), (22.0, "The bearing")),
        TRUTH,
    )
    assert found.titles_read == ("Opening",)
    assert found.titles_missed == ("The seal", "The bearing")


def test_one_wrong_letter_in_a_long_title_is_still_read() -> None:
    found = score(analysis([0.0], []), evidence("", (56.0, "The bear1ng")), TRUTH)
    assert "The bearing" in found.titles_read


def test_without_a_transcript_there_is_no_word_error_rate() -> None:
    bare = Evidence("0" * 16, 90.0)
    assert score(analysis([0.0], []), bare, TRUTH).word_error_rate is None


@pytest.mark.parametrize(
    ("heard", "rate"),
    [
        ("Look at the seal and the bearing.", 0.0),
        ("look at the seal, and the bearing", 0.0),
        ("look at the seal and bearing", 1 / 7),
        ("look at the big seal and the bearing", 1 / 7),
        ("look at the meal and the bearing", 1 / 7),
        ("", 1.0),
    ],
)
def test_wrong_missing_and_added_words_are_counted(heard: str, rate: float) -> None:
    assert word_error_rate("Look at the seal and the bearing.", heard) == pytest.approx(rate)


@given(st.integers(0, 999_999))
def test_a_number_is_the_same_with_and_without_commas(number: int) -> None:
    assert normal_words(f"{number:,}") == normal_words(str(number))
    assert all(word.isalpha() for word in normal_words(str(number)))


@given(st.lists(st.floats(0, 600), max_size=8), st.lists(st.floats(0, 600), max_size=8))
def test_no_found_boundary_is_used_twice(true: list[float], found: list[float]) -> None:
    scores, extra = match_boundaries([(t, "") for t in true], [(f, "") for f in found])
    used = [s.found_s for s in scores if s.found_s is not None]
    assert sorted([*used, *extra]) == sorted(found)
