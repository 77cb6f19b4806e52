"""Evidence and analyses become moments: each a thought, each with its time."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, Chapter, Element, Occurrence, Summary
from workbench.evidence.evidence import Evidence, TextBlock
from workbench.media.timecode import TimeSpan
from workbench.search.moments import moments_of, speech_windows
from workbench.speech.transcript import Transcript, Utterance


def said(*lines: tuple[float, float, str], speaker: str = "") -> tuple[Utterance, ...]:
    return tuple(Utterance(TimeSpan(a, b), text, speaker=speaker) for a, b, text in lines)


def evidence(utterances=(), blocks=()) -> Evidence:
    return Evidence(
        "a",
        100.0,
        transcript=Transcript(tuple(utterances), "en", "whisper-base"),
        screen_text=tuple(blocks),
        engines={"screen_text": "rapidocr 3.10"},
    )


def analysis(**parts) -> Analysis:
    facts = {"summary": None, "chapters": (), "elements": (), **parts}
    return Analysis(
        id="r",
        asset_id="a",
        asset_name="talk.mp4",
        duration_s=100.0,
        request=AnalysisRequest(assets=("a",)),
        engine="local",
        model="local",
        model_name="Local",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        calls=(),
        prompt_hash="",
        catalog_as_of="",
        engine_version="1",
        seconds=1.0,
        **facts,
    )


def test_close_sentences_are_one_moment_and_a_pause_parts_them():
    moments = moments_of(
        evidence(said((0, 3, "One."), (3.5, 6, "Two."), (20, 22, "Three."), (22, 24, " ")))
    )
    assert [(m.text, m.span) for m in moments] == [
        ("One. Two.", TimeSpan(0, 6)),
        ("Three.", TimeSpan(20, 22)),
    ]
    assert {m.source for m in moments} == {"whisper-base"}


def test_two_speakers_never_share_a_moment():
    lines = said((0, 1, "Hello."), speaker="A") + said((1, 2, "Hi."), speaker="B")
    assert [m.text for m in moments_of(evidence(lines))] == ["Hello.", "Hi."]


def test_lines_that_stand_together_are_one_moment_read_from_the_top():
    span = TimeSpan(5, 9)
    blocks = [
        TextBlock(span, "Two faces", 0.9, 0.04, 0.5),
        TextBlock(span, "The seal", 0.9, 0.1, 0.1, is_title=True),
        TextBlock(TimeSpan(9, 12), "The bearing", 0.9, 0.1, 0.1),
    ]
    moments = moments_of(evidence(blocks=blocks))
    assert [(m.kind, m.text) for m in moments] == [
        ("screen_text", "The seal\nTwo faces"),
        ("screen_text", "The bearing"),
    ]
    assert moments[0].source == "rapidocr 3.10"


def test_summary_chapters_and_elements_are_found_where_they_are():
    seal = Element(
        "equipment",
        "mechanical seal",
        "seal",
        (
            Occurrence(TimeSpan(40, 44), "said", "the seal"),
            Occurrence(TimeSpan(10, 12), "shown"),
            Occurrence(TimeSpan(13, 15), "said", "the seal"),
        ),
    )
    found = analysis(
        summary=Summary("About pumps.", True),
        chapters=(Chapter(0, "Dry start", TimeSpan(0, 50), "It burns."),),
        elements=(seal,),
    )
    moments = {m.kind: m for m in moments_of(None, found)}
    assert moments["summary"].span == TimeSpan(0, 100)
    assert moments["chapter"].text == "Dry start\nIt burns."
    assert moments["element"].span == TimeSpan(10, 15)
    assert moments["element"].text == "mechanical seal (seal)\nthe seal"
    assert {m.source for m in moments.values()} == {"local"}


def test_an_image_has_moments_without_a_length():
    block = TextBlock(TimeSpan(0, 0), "Serial 4711", 0.9, 0.1, 0.1)
    (moment,) = moments_of(Evidence("a", 0.0, screen_text=(block,)))
    assert moment.span == TimeSpan(0, 0)


def test_the_same_evidence_gives_the_same_ids_and_nothing_gives_nothing():
    lines = said((0, 3, "One."), (20, 22, "Two."))
    assert moments_of(evidence(lines)) == moments_of(evidence(lines))
    assert moments_of(None) == ()
    assert moments_of(Evidence("a", 0.0)) == ()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.floats(0, 40), st.integers(1, 60), st.sampled_from("AB")),
        max_size=30,
    )
)
def test_no_utterance_is_lost_doubled_or_moved(steps):
    utterances, now = [], 0.0
    for pause, length, words, speaker in steps:
        now += pause
        text = " ".join(["word"] * words)
        utterances.append(Utterance(TimeSpan(now, now + length), text, speaker=speaker))
        now += length
    windows = speech_windows(utterances)
    assert [each for window in windows for each in window] == utterances
    assert all(1 <= len(window) <= 3 for window in windows)
    assert all(len({each.speaker for each in window}) == 1 for window in windows)
