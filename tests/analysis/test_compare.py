"""Two analyses of one asset, side by side: what both found, and what only one did."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis.comparisons.compare import (
    ChapterPair,
    Comparison,
    ElementPair,
    compare,
    span_iou,
)
from workbench.analysis.request import EVERYTHING, AnalysisRequest
from workbench.analysis.results import Analysis, CallRecord, Chapter, Element, Occurrence
from workbench.backends.usage import Usage
from workbench.errors import RequestError
from workbench.media.timecode import TimeSpan
from workbench.reports.comparison.table import differences

LENGTH_S = 600.0


def analysis(
    chapters=(),
    elements=(),
    *,
    find=EVERYTHING,
    asset_id: str = "0" * 16,
    name: str = "a",
    cost: Decimal | None = Decimal(0),
) -> Analysis:
    """An analysis with these chapters and elements."""
    call = CallRecord("c", name, "film", 0, "m", False, Usage(), cost, cost, 1.0)
    return Analysis(
        id=name * 32,
        asset_id=asset_id,
        asset_name=f"film {asset_id[0]}.mp4",
        duration_s=LENGTH_S,
        request=AnalysisRequest(assets=(asset_id,), find=find),
        engine="local",
        model="local",
        model_name="Local engine",
        created_at=datetime(2026, 6, 14, tzinfo=UTC),
        summary=None,
        chapters=tuple(chapters),
        elements=tuple(elements),
        calls=(call,),
        prompt_hash="",
        catalog_as_of="2026-11-01",
        engine_version="1",
        seconds=1.0,
    )


def tiled(*starts: float) -> tuple[Chapter, ...]:
    """Chapters that begin at 0 and at these seconds, up to the end."""
    edges = [0.0, *starts, LENGTH_S]
    return tuple(
        Chapter(i, f"Chapter {i}", TimeSpan(a, b))
        for i, (a, b) in enumerate(itertools.pairwise(edges))
    )


def element(name: str, *spans: tuple[float, float], kind="equipment", way="shown") -> Element:
    return Element(kind, name, "", tuple(Occurrence(TimeSpan(*span), way) for span in spans))


@st.composite
def analyses(draw: st.DrawFn) -> Analysis:
    """Any analysis of one film: chapters that tile it, names that may fold to the same."""
    starts = draw(st.sets(st.integers(1, 599), max_size=6))
    spans = st.tuples(st.integers(0, 600), st.integers(0, 600)).map(sorted)
    names = st.sampled_from(["Pump", "the pumps", "seal", "Seals", "hard hat", "?!"])
    kinds = st.sampled_from(["equipment", "object", "topic"])
    ways = st.sampled_from(["shown", "said", "both"])
    found = st.builds(
        lambda name, kind, way, runs: element(name, *runs, kind=kind, way=way),
        names,
        kinds,
        ways,
        st.lists(spans, max_size=4),
    )
    return analysis(
        tiled(*map(float, sorted(starts))),
        draw(st.lists(found, max_size=6)),
        find=draw(st.sampled_from([EVERYTHING, ("chapters", "equipment"), ("topics",)])),
    )


def mirrored(comparison: Comparison) -> Comparison:
    """The same with the sides changed."""
    return Comparison(
        comparison.b,
        comparison.a,
        tuple(ChapterPair(pair.b, pair.a) for pair in comparison.chapters),
        tuple(
            ElementPair(p.kind, p.key, p.b, p.a, p.shared_s, p.either_s)
            for p in comparison.elements
        ),
        comparison.asked_of_one,
    )


@given(analyses(), analyses())
def test_b_with_a_mirrors_a_with_b(one, other):
    assert compare(other, one) == mirrored(compare(one, other))


@given(analyses(), analyses())
def test_every_chapter_and_element_is_in_one_pair(one, other):
    found = compare(one, other)
    if "chapters" in {*one.request.find} & {*other.request.find}:
        for side, chapters in (("a", one.chapters), ("b", other.chapters)):
            paired = [getattr(pair, side) for pair in found.chapters if getattr(pair, side)]
            assert sorted(chapter.index for chapter in paired) == [c.index for c in chapters]
    names = [(pair.kind, pair.key) for pair in found.elements]
    assert len(names) == len(set(names))


@given(analyses(), analyses())
def test_an_agreement_is_between_nothing_and_all(one, other):
    found = compare(one, other)
    shares = [found.chapter_tally.share, found.element_tally.share, found.time_overlap]
    shares += [pair.overlap for pair in found.pairs]
    assert all(share is None or 0 <= share <= 1 for share in shares)


@given(analyses())
def test_an_analysis_agrees_with_itself_in_everything(one):
    found = compare(one, one)
    assert found.chapter_tally.share in (None, 1.0)
    assert found.element_tally.share in (None, 1.0)
    assert found.time_overlap in (None, 1.0)
    assert found.only_in_a == found.only_in_b == ()
    assert differences(found) == []


def test_nothing_on_both_sides_is_no_agreement_rather_than_none_or_all():
    found = compare(analysis(), analysis())
    assert found.chapter_tally.share is None
    assert found.element_tally.share is None
    assert found.time_overlap is None


def test_nothing_on_one_side_is_an_agreement_of_zero():
    found = compare(analysis(tiled(100), [element("pump", (0, 10))]), analysis())
    assert found.chapter_tally.share == 0
    assert found.element_tally.share == 0
    assert found.time_overlap == 0
    assert [pair.at_s for pair in found.only_in_a] == [0, 100, 0]


def test_chapters_that_share_more_than_half_their_time_are_the_same():
    found = compare(analysis(tiled(200, 400)), analysis(tiled(210, 300)))
    starts = [
        tuple(chapter.span.start_s if chapter else None for chapter in (pair.a, pair.b))
        for pair in found.chapters
    ]
    assert starts == [(0, 0), (200, None), (None, 210), (400, 300)]
    assert (found.chapter_tally.both, found.chapter_tally.total) == (2, 4)
    assert found.chapters[0].overlap == pytest.approx(200 / 210)


def test_half_of_the_time_in_common_is_not_enough():
    found = compare(analysis(tiled(300)), analysis(tiled()))
    assert span_iou(TimeSpan(0, 300), TimeSpan(0, 600)) == 0.5
    assert found.chapter_tally.both == 0


def test_names_are_the_same_whatever_their_case_article_and_plural():
    found = compare(
        analysis(elements=[element("The Mechanical Seals", (0, 10))]),
        analysis(elements=[element("mechanical seal", (5, 20))]),
    )
    (pair,) = found.elements
    assert pair.name == "The Mechanical Seals"
    assert (pair.shared_s, pair.either_s, pair.overlap) == (5, 20, 0.25)


def test_one_name_of_two_kinds_is_two_elements():
    found = compare(
        analysis(elements=[element("pump", (0, 10))]),
        analysis(elements=[element("pump", (0, 10), kind="topic")]),
    )
    assert (found.element_tally.both, found.element_tally.total) == (0, 2)
    assert found.time_overlap == 0


def test_no_second_of_an_element_is_counted_twice():
    twice = element("pump", (0, 10), (5, 20))
    found = compare(analysis(elements=[twice]), analysis(elements=[element("pump", (0, 20))]))
    assert found.time_overlap == 1


def test_time_overlap_weighs_elements_by_their_seconds():
    one = analysis(elements=[element("pump", (0, 90)), element("seal", (0, 10))])
    other = analysis(elements=[element("pump", (0, 90))])
    assert compare(one, other).time_overlap == 0.9


def test_what_only_one_was_asked_for_is_not_held_against_the_other():
    found = compare(
        analysis(tiled(300), [element("pump", (0, 10)), element("seals", (0, 9), kind="topic")]),
        analysis((), [element("pump", (0, 10))], find=("equipment",)),
    )
    assert found.element_tally.share == 1
    assert found.chapter_tally.share is None
    assert found.asked_of_one == ("summary", "chapters", "objects", "topics")


def test_the_things_in_a_picture_are_compared_by_name_alone():
    found = compare(
        analysis(elements=[element("pump", (0, 0)), element("valve", (0, 0))]),
        analysis(elements=[element("pump", (0, 0))]),
    )
    assert found.element_tally.share == 0.5
    assert found.time_overlap is None
    assert [row.why for row in differences(found)] == ["Only in A"]


def test_both_costs_are_kept_and_an_unknown_one_stays_unknown():
    found = compare(analysis(cost=Decimal("0.04")), analysis(cost=None))
    assert (found.a.cost_usd, found.b.cost_usd) == (Decimal("0.04"), None)


def test_analyses_of_different_assets_are_not_compared():
    with pytest.raises(RequestError, match="different files") as caught:
        compare(analysis(), analysis(asset_id="1" * 16))
    assert caught.value.hint


def test_differences_say_why_with_the_largest_first():
    found = compare(
        analysis(tiled(200), [element("pump", (0, 50)), element("gauge", (10, 20), way="said")]),
        analysis(tiled(260), [element("pump", (0, 40)), element("gauge", (12, 20))]),
    )
    rows = [(row.kind, row.a, row.b, row.why) for row in differences(found)]
    assert rows == [
        ("chapter", "0:00 – 3:20", "0:00 – 4:20", "B ends 1 min later"),
        ("equipment", "0:00 – 0:50", "0:00 – 0:40", "A for 50 s, B for 40 s"),
        ("equipment", "0:10 – 0:20", "0:12 – 0:20", "A: said, B: shown"),
        ("chapter", "3:20 – 10:00", "4:20 – 10:00", "B starts 1 min later"),
    ]


def test_what_one_has_alone_comes_first_and_many_times_are_counted():
    found = compare(
        analysis(elements=[element("pump", (0, 5), (20, 25), (40, 45), (60, 65))]),
        analysis(elements=[element("seal", (70, 75))]),
    )
    assert [(row.name, row.a, row.b, row.why) for row in differences(found)] == [
        ("pump", "0:00 – 0:05, 3 more", "", "Only in A"),
        ("seal", "", "1:10 – 1:15", "Only in B"),
    ]
