"""Searching fuses words and meaning, and says what is weak."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.errors import LibraryBusy, RequestError
from workbench.search.index import Index
from workbench.search.moments import Moment
from workbench.search.query import nearest_words, search

TALK = (
    "Never start the pump dry.",
    "An empty machine ruins the gasket.",
    "Grease the bearings.",
    "The castle is medieval.",
)
MakeMoments = Callable[..., list[Moment]]


@pytest.fixture
def moments(index: Index, make_moments: MakeMoments) -> list[Moment]:
    made = make_moments(*TALK)
    index.put("a", made)
    return made


class BusyIndex:
    """An index another process holds."""

    def __init__(self, embedder) -> None:
        self.embedder = embedder

    def query(self, *args, **kwargs):
        raise LibraryBusy("the index is in use", hint="wait")


def test_hybrid_finds_by_words_and_by_meaning(index: Index, moments: list[Moment]):
    hits = search("dry pump", moments=moments, index=index)
    assert [hit.moment.text for hit in hits[:2]] == [TALK[0], TALK[1]]
    assert hits[0].why == "both"
    assert hits[0].words == ("dry", "pump")
    assert hits[1].why == "meaning"
    assert hits[1].words == ()
    assert not hits[0].is_weak


def test_each_way_finds_in_its_own_way(index: Index, moments: list[Moment]):
    by_words = search("waterless pump", moments=moments, index=index, how="words")
    assert [(hit.moment.text, hit.why) for hit in by_words] == [(TALK[0], "words")]
    by_meaning = search("waterless pump", moments=moments, index=index, how="meaning")
    assert {hit.why for hit in by_meaning} == {"meaning"}
    assert {hit.moment.text for hit in by_meaning[:2]} == {TALK[0], TALK[1]}


def test_searching_by_words_never_touches_the_index(moments: list[Moment], embedder):
    hits = search("pump", moments=moments, index=BusyIndex(embedder), how="words")
    assert len(hits) == 1


def test_what_has_nothing_in_common_is_no_hit(index: Index, moments: list[Moment]):
    texts = [hit.moment.text for hit in search("medieval", moments=moments, index=index)]
    assert texts == [TALK[3]]


def test_a_small_likeness_is_weak_and_comes_last(index: Index, moments: list[Moment]):
    hits = search("pump empty grease castle wall tower", moments=moments, index=index)
    weak = [hit.is_weak for hit in hits]
    assert any(weak)
    assert weak == sorted(weak)


def test_a_busy_index_leaves_the_words(
    moments: list[Moment], embedder, caplog: pytest.LogCaptureFixture
):
    hits = search("pump", moments=moments, index=BusyIndex(embedder))
    assert [hit.why for hit in hits] == ["words"]
    assert "by words only" in caplog.text
    with pytest.raises(LibraryBusy):
        search("pump", moments=moments, index=BusyIndex(embedder), how="meaning")


def test_a_moment_that_left_the_catalog_is_not_found(index: Index, moments: list[Moment]):
    hits = search("castle", moments=moments[:3], index=index, how="meaning")
    assert TALK[3] not in {hit.moment.text for hit in hits}


def test_hits_can_be_chosen_by_kind_and_asset(index: Index, make_moments: MakeMoments):
    one = make_moments("The seal leaks.", asset_id="a")
    two = make_moments("The seal leaks.", asset_id="b", kind="chapter")
    index.put("a", one)
    index.put("b", two)
    both = [*one, *two]
    assert len(search("seal", moments=both, index=index)) == 2
    kinds = search("seal", moments=both, index=index, kinds=["chapter"])
    assert [hit.moment.asset_id for hit in kinds] == ["b"]
    assets = search("seal", moments=both, index=index, asset_ids=["a"])
    assert [hit.moment.asset_id for hit in assets] == ["a"]
    assert search("seal", moments=both, index=index, kinds=["summary"]) == ()
    assert len(search("seal", moments=both, index=index, limit=1)) == 1


def test_the_same_search_gives_the_same_order(index: Index, moments: list[Moment]):
    first = search("pump seal", moments=moments, index=index)
    assert first == search("pump seal", moments=moments, index=index)


@pytest.mark.parametrize(
    ("text", "wrong", "said"),
    [
        ("  ", {}, "nothing to look for"),
        ("x" * 1001, {}, "at most 1000"),
        ("seal", {"how": "magic"}, "magic"),
        ("seal", {"limit": 0}, "limit is 0"),
        ("seal", {"kinds": ["smell"]}, "smell"),
        ("seal", {"how": "meaning"}, "no index"),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(text: str, wrong: dict, said: str):
    with pytest.raises(RequestError, match=said):
        search(text, moments=[], **wrong)


def test_nothing_found_offers_words_that_occur(moments: list[Moment]):
    assert search("baering", moments=moments) == ()
    assert nearest_words("baering", moments=moments) == ("bearings",)


def test_an_empty_library_finds_nothing(index: Index):
    assert search("seal", moments=[], index=index) == ()


@pytest.mark.media
def test_real_meaning_is_found_and_a_strange_question_is_not(
    tmp_path: Path, make_moments: MakeMoments
):
    from workbench.backends.embedders import MiniLM
    from workbench.errors import NotInstalled

    try:
        embedder = MiniLM(tmp_path)
    except NotInstalled as error:
        pytest.skip(error.message)
    moments = make_moments(
        "Without the film the faces burn within one minute.",
        "Count the strokes of the grease gun and write them down.",
        "A blocked strainer in the suction pipe is the most common fault.",
    )
    index = Index.open(tmp_path / "chroma", embedder)
    index.put("a", moments)
    hits = search("how often should I lubricate", moments=moments, index=index)
    assert hits[0].moment == moments[1]
    assert search("violin concerto", moments=moments, index=index) == ()
    index.close()
