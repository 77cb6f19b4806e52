"""Words find moments: by stems, in any script, the rarer the better."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.search.words import WordIndex, question_terms

TALK = (
    "Welcome to the pump room.",
    "Never start the pump dry: the seal burns within a minute.",
    "The pump needs water, and the pump needs a strainer.",
    "Lubricated bearings last longer than dry ones.",
    "L'étanchéité du café naïve.",
    "泵房的机械密封很重要。",
    "Die Kreiselpumpe läuft über.",
)


@pytest.fixture
def talk(make_moments) -> WordIndex:
    return WordIndex(make_moments(*TALK))


def found(index: WordIndex, text: str, **chosen) -> list[str]:
    return [hit.moment.text for hit in index.query(text, **chosen)]


def test_the_rarest_words_decide(talk: WordIndex):
    assert found(talk, "dry pump seal")[0] == TALK[1]
    assert found(talk, "what is the strainer") == [TALK[2]]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("lubrication of a bearing", TALK[3]),
        ("STARTING", TALK[1]),
        ("etancheite", TALK[4]),
        ("CAFÉ", TALK[4]),
        ("密封", TALK[5]),
        ("机械密封", TALK[5]),
        ("UBER", TALK[6]),
        ("lauft", TALK[6]),
    ],
)
def test_case_accents_endings_and_scripts_do_not_matter(talk: WordIndex, asked: str, text: str):
    assert found(talk, asked) == [text]


def test_a_hit_names_its_words_as_they_are_written(talk: WordIndex):
    hit = talk.query("burning dry seals")[0]
    assert hit.words == ("burns", "dry", "seal")
    assert hit.share == pytest.approx(1.0)
    assert talk.query("seal castle")[0].share < 0.6


def test_a_quoted_phrase_has_to_stand_as_it_is(talk: WordIndex):
    assert found(talk, '"the pump dry"') == [TALK[1]]
    assert found(talk, '"dry the pump"') == []
    assert len(found(talk, "dry the pump")) > 1


def test_hits_can_be_limited_to_kinds_and_assets(make_moments):
    moments = make_moments("the seal") + make_moments("the seal", asset_id="b", kind="chapter")
    index = WordIndex(moments)
    assert len(index.query("seal")) == 2
    assert [hit.moment.asset_id for hit in index.query("seal", kinds=["chapter"])] == ["b"]
    assert [hit.moment.asset_id for hit in index.query("seal", asset_ids=["a"])] == ["a"]
    assert len(index.query("seal", limit=1)) == 1


def test_words_that_do_not_occur_find_nothing_but_their_neighbours(talk: WordIndex):
    assert talk.query("xyzzy") == ()
    assert talk.nearest_words("bearngs")[0] == "bearings"
    assert talk.nearest_words("xyzzy") == ()


def test_an_empty_library_and_a_question_of_signs_find_nothing(talk: WordIndex):
    assert WordIndex([]).query("seal") == ()
    assert WordIndex([]).nearest_words("seal") == ()
    assert talk.query("?!… --") == ()


def test_a_question_of_little_words_keeps_them():
    assert question_terms("to be or not to be") == ["to", "be", "or", "not"]
    assert question_terms("where is the seal") == ["seal"]


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=8), st.text(max_size=40))
def test_any_text_can_be_indexed_and_asked(texts: list[str], asked: str):
    from workbench.media.timecode import TimeSpan
    from workbench.search.moments import make_moment

    moments = [make_moment("a", TimeSpan(0, 1), text, "transcript", "x") for text in texts]
    index = WordIndex(moments)
    hits = index.query(asked)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.score > 0 and 0 < hit.share <= 1.0000001 for hit in hits)
    index.nearest_words(asked)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["pump", "seal", "bearing", "dry"]), min_size=1, max_size=6))
def test_a_text_finds_itself_first_or_level(words: list[str]):
    from workbench.media.timecode import TimeSpan
    from workbench.search.moments import make_moment

    text = " ".join(words)
    others = ["castle wall", "violin concerto", "tax return"]
    moments = [make_moment("a", TimeSpan(0, 1), t, "transcript", "x") for t in [*others, text]]
    assert WordIndex(moments).query(text)[0].moment.text == text
