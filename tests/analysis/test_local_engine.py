"""The local engine as a backend: what it answers from evidence, and what it refuses to say."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workbench.analysis.answers.answer import Answer
from workbench.analysis.local_engine import LOCAL_ENGINE_VERSION, LocalEngine
from workbench.backends.catalog.file import load_catalog
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import MediaPart, ModelReply, ModelRequest, Task
from workbench.backends.usage import Usage
from workbench.errors import BadModelRequest
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.evidence.gather import gather
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance

ENGINES = {"transcript": "whisper-base", "shots": "1", "screen_text": "1"}

TALK = {
    "The suction side": (
        "The first check is the suction side.",
        "A blocked strainer starves the centrifugal pump of water.",
        "Clean the strainer when the pressure gauge on the suction pipe falls.",
        "Bubbles in the suction pipe are called cavitation.",
        "Cavitation sounds like gravel in the suction pipe.",
    ),
    "The mechanical seal": (
        "The second check is the mechanical seal.",
        "A mechanical seal has two flat faces and a thin film of liquid between them.",
        "Dry running burns the faces of the mechanical seal within a minute.",
        "A steady leak means that the mechanical seal is worn.",
        "Keep a spare gasket and a new mechanical seal on the shelf.",
    ),
    "Bearings and lubrication": (
        "The last check is the lubrication of the bearings.",
        "Too much grease makes a ball bearing hot.",
        "Count the strokes of the grease gun at every ball bearing.",
        "Grease from two makers does not mix in one ball bearing.",
        "Wipe the grease nipple before lubrication.",
    ),
}
SENTENCES = [sentence for part in TALK.values() for sentence in part]
SENTENCE_S = 5.0
PAUSES_S = (0.4, 1.6)


def evidence(*, slides: bool = True, language: str = "en") -> Evidence:
    """A narrated slide talk: three parts of five sentences each, a title slide for each part."""
    utterances: list[Utterance] = []
    blocks: list[TextBlock] = []
    shots: list[Shot] = []
    now = 0.0
    for index, (title, sentences) in enumerate(TALK.items()):
        start = now
        now += PAUSES_S[index > 0] / 2
        for sentence in sentences:
            utterances.append(Utterance(TimeSpan(now, now + SENTENCE_S), sentence, (), 0.9))
            now += SENTENCE_S + PAUSES_S[0]
        now += PAUSES_S[1] / 2
        blocks.append(TextBlock(TimeSpan(start, start + 6), title, 0.98, 0.09, 0.4, is_title=True))
        blocks.append(TextBlock(TimeSpan(start + 6, now), "Pressure gauge", 0.94, 0.03, 0.7))
        shots.append(Shot(2 * index, TimeSpan(start, start + 6), start + 3))
        shots.append(Shot(2 * index + 1, TimeSpan(start + 6, now), start + 8))
    return Evidence(
        asset_id="a" * 16,
        duration_s=now,
        transcript=Transcript(tuple(utterances), language, "whisper-base"),
        shots=tuple(shots),
        screen_text=tuple(blocks) if slides else (),
        speech_s=75.0,
        engines=ENGINES,
    )


def silent(**changes: object) -> Evidence:
    empty = Evidence(
        asset_id="b" * 16,
        duration_s=596.4,
        transcript=Transcript((), "", "whisper-base"),
        shots=tuple(Shot(i, TimeSpan(i * 14.2, (i + 1) * 14.2), i * 14.2) for i in range(42)),
        engines=ENGINES,
    )
    return replace(empty, **changes)


@pytest.fixture(scope="module")
def model() -> ModelInfo:
    return load_catalog().get("local")


def ask(
    found: Evidence | None,
    model: ModelInfo,
    *,
    task: Task = "analyse_chunk",
    media: tuple[MediaPart, ...] = (),
    engine: LocalEngine | None = None,
    **options: str,
) -> ModelReply:
    request = ModelRequest(
        task=task,
        model="local",
        prompt="",
        schema={},
        schema_name="report",
        media=media,
        evidence=found,
        options=options,
    )
    return (engine or LocalEngine()).invoke(request, model)


def answer(found: Evidence, model: ModelInfo, **options: str) -> Answer:
    return Answer.model_validate(ask(found, model, **options).data)


def quotations(text: str) -> list[str]:
    return re.findall(r"“(.*?)”", text)


def test_chapters_start_with_the_slides_and_bear_their_titles(model: ModelInfo):
    found = evidence()
    chapters = answer(found, model).chapters
    true = [block.span.start_s for block in found.screen_text if block.is_title]
    assert [chapter.title for chapter in chapters] == list(TALK)
    assert [chapter.start_s for chapter in chapters] == pytest.approx(true, abs=1.0)


def test_chapters_tile_the_video(model: ModelInfo):
    found = evidence()
    chapters = answer(found, model).chapters
    assert chapters[0].start_s == 0
    assert chapters[-1].end_s == pytest.approx(found.duration_s, abs=0.001)
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(chapters))


def test_without_slides_chapters_are_called_by_their_key_phrase(model: ModelInfo):
    found = evidence(slides=False)
    chapters = answer(found, model).chapters
    true = [block.span.start_s for block in evidence().screen_text if block.is_title]
    assert [chapter.start_s for chapter in chapters] == pytest.approx(true, abs=5.0)
    assert [chapter.title for chapter in chapters] == [
        "Suction pipe",
        "Mechanical seal",
        "Ball bearing",
    ]


def test_a_chapters_evidence_says_whether_its_title_was_read_or_chosen(model: ModelInfo):
    with_slides = answer(evidence(), model).chapters[0]
    without = answer(evidence(slides=False), model).chapters[0]
    assert with_slides.quotes[0].kind == "screen_text"
    assert with_slides.quotes[0].text == with_slides.title
    assert {quote.kind for quote in without.quotes} == {"transcript"}


@pytest.mark.parametrize("length", ["brief", "standard", "detailed"])
def test_every_sentence_of_a_summary_was_said_word_for_word(model: ModelInfo, length: str):
    summary = answer(evidence(), model, summary_length=length).summary
    assert quotations(summary)
    assert set(quotations(summary)) <= set(SENTENCES)


def test_every_quotation_has_the_time_it_was_said(model: ModelInfo):
    found = evidence()
    said = {u.text: u.span for u in found.transcript.utterances} if found.transcript else {}
    reply = answer(found, model)
    quotes = [*reply.summary_quotes, *(q for c in reply.chapters for q in c.quotes)]
    for quote in quotes:
        if quote.kind == "transcript":
            assert quote.start_s == pytest.approx(said[quote.text].start_s, abs=0.01)
            assert quote.end_s == pytest.approx(said[quote.text].end_s, abs=0.01)
    assert len(reply.summary_quotes) == len(quotations(reply.summary))


def test_the_summary_begins_with_counts(model: ModelInfo):
    summary = answer(evidence(), model).summary
    assert summary.startswith("6 shots in 1:25. Speech for 1 min 15 s (88%), in English. 3 titles ")


def test_a_brief_summary_quotes_less_than_a_detailed_one(model: ModelInfo):
    brief, standard, detailed = (
        len(answer(evidence(), model, summary_length=length).summary_quotes)
        for length in ("brief", "standard", "detailed")
    )
    assert brief <= 2 < standard < detailed


def test_announcements_are_not_quoted_where_there_is_something_to_say(model: ModelInfo):
    assert "check is" not in answer(evidence(), model).summary


def test_only_what_was_asked_for_is_answered(model: ModelInfo):
    only = answer(evidence(), model, find="chapters")
    assert only.chapters
    assert not (only.summary)
    assert not (only.elements)
    kinds = {element.kind for element in answer(evidence(), model, find="topics").elements}
    assert kinds == {"topic"}


def test_without_speech_and_text_only_counts_are_given(model: ModelInfo):
    reply = answer(silent(), model)
    assert reply.summary == "No speech and no screen text were found. 42 shots in 9:56."
    assert not (reply.chapters)
    assert not (reply.elements)
    assert not (reply.summary_quotes)


def test_what_was_not_measured_is_not_called_absent(model: ModelInfo):
    found = silent(transcript=None, engines={"shots": "1"})
    summary = answer(found, model).summary
    assert summary.startswith("Speech was not transcribed. Screen text was not read.")
    mute = silent(transcript=None, notes=("The file has no sound.",))
    assert answer(mute, model).summary.startswith("The file has no sound.")


def test_titles_divide_a_film_without_speech(model: ModelInfo):
    found = replace(evidence(), transcript=Transcript((), "", "whisper-base"))
    longer = [
        replace(block, span=TimeSpan(block.span.start_s, block.span.start_s + 27))
        for block in found.screen_text
        if block.is_title
    ]
    reply = answer(replace(found, screen_text=tuple(longer)), model)
    assert [chapter.title for chapter in reply.chapters] == list(TALK)


def test_credits_at_the_end_of_a_film_make_no_chapters(model: ModelInfo):
    closing = tuple(
        TextBlock(TimeSpan(at, at + 10), f"Directed by {at}", 0.9, 0.08, 0.4, is_title=True)
        for at in (560.0, 575.0)
    )
    reply = answer(silent(screen_text=closing), model)
    assert not reply.chapters
    assert "“Directed by 560.0” (9:20)" in reply.summary


def test_another_language_is_quoted_and_not_translated(model: ModelInfo):
    german = Transcript(
        tuple(
            Utterance(TimeSpan(i * 6.0, i * 6.0 + 5), text)
            for i, text in enumerate(
                [
                    "Die Pumpe fördert das Wasser aus dem Becken in den Tank.",
                    "Das Wasser kühlt die Dichtung der Pumpe im Betrieb.",
                    "Eine trockene Dichtung verbrennt in einer Minute.",
                ]
            )
        ),
        "de",
        "whisper-base",
    )
    found = Evidence("c" * 16, 18.0, german, engines=ENGINES)
    reply = answer(found, model, language="en")
    assert "in German." in reply.summary
    assert reply.summary.endswith("as spoken: the local engine does not translate.")
    assert set(quotations(reply.summary)) <= {u.text for u in german.utterances}
    assert reply.chapters[0].title == "“Die Pumpe fördert das Wasser aus dem …”"
    assert not reply.elements


def test_a_subtitle_file_that_names_no_language_is_not_taken_for_english(model: ModelInfo):
    lines = (
        "La pompe envoie de l'eau dans le réservoir.",
        "Le joint de la pompe goutte un peu.",
        "La pompe reste dans la salle des machines.",
    )
    said = tuple(Utterance(TimeSpan(i * 6.0, i * 6 + 5), text) for i, text in enumerate(lines))
    french = Evidence("c" * 16, 18.0, Transcript(said, "", "sidecar"), engines=ENGINES)
    assert answer(french, model).elements == []
    assert answer(evidence(language=""), model).elements == answer(evidence(), model).elements


def test_an_image_is_answered_with_what_can_be_read(model: ModelInfo):
    plate = Evidence(
        "d" * 16,
        0.0,
        screen_text=tuple(
            TextBlock(TimeSpan(0, 0), text, 0.97, height, top)
            for text, height, top in (
                ("CENTRIFUGAL PUMP", 0.08, 0.2),
                ("45 m3/h", 0.04, 0.5),
                ("8", 0.2, 0.9),
            )
        ),
        engines={"screen_text": "1"},
    )
    reply = Answer.model_validate(ask(plate, model, task="analyse_image").data)
    assert reply.summary.startswith("3 lines of text read in the picture. It reads: ")
    assert set(quotations(reply.summary)) == {"CENTRIFUGAL PUMP", "45 m3/h"}
    assert [(e.name, e.spans[0].presence) for e in reply.elements] == [
        ("Centrifugal pump", "shown")
    ]
    assert not reply.chapters


def test_an_image_without_text_is_not_described(model: ModelInfo):
    blank = Evidence("e" * 16, 0.0, engines={"screen_text": "1"})
    reply = Answer.model_validate(ask(blank, model, task="analyse_image").data)
    assert reply.summary == (
        "No text was found in the picture. The local engine does not describe pictures."
    )


def test_a_sound_file_is_answered_without_shots(model: ModelInfo):
    reply = answer(replace(evidence(slides=False), shots=()), model)
    assert reply.summary.startswith("1:25 long. Speech for 1 min 15 s")
    assert len(reply.chapters) == 3


def test_times_are_on_the_clock_of_the_clip_that_was_sent(model: ModelInfo, tmp_path):
    whole = evidence()
    cut_s = whole.screen_text[2].span.start_s
    clip = TimeSpan(cut_s, whole.duration_s)
    part = MediaPart("video", "a" * 16, "nova", clip, tmp_path / "clip.mp4", "mp4", 1)
    reply = Answer.model_validate(ask(whole.within(clip), model, media=(part,)).data)
    assert [chapter.title for chapter in reply.chapters] == list(TALK)[1:]
    assert reply.chapters[0].start_s == 0
    assert reply.chapters[-1].end_s == pytest.approx(clip.duration_s, abs=0.001)
    assert all(q.end_s <= clip.duration_s + 1 for q in reply.summary_quotes)


def test_sentences_are_ranked_by_meaning_when_an_embedder_is_given(model: ModelInfo):
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        rows = np.asarray([[1.0, float("seal" in text)] for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    engine = LocalEngine(embed=embed)
    reply = Answer.model_validate(ask(evidence(), model, engine=engine).data)
    assert set(quotations(reply.summary)) <= set(SENTENCES)
    assert sorted(asked) == sorted(SENTENCES), "each sentence is embedded once"
    assert "meaning" in engine.readiness().finding


def test_an_answer_costs_nothing_and_names_its_engine(model: ModelInfo):
    reply = ask(evidence(), model)
    assert reply.usage == Usage()
    assert reply.model_id == f"local {LOCAL_ENGINE_VERSION}"
    assert reply.stop_reason == "end_turn"


def test_the_same_evidence_gives_the_same_answer(model: ModelInfo):
    assert ask(evidence(), model).data == ask(evidence(), model).data


def test_a_request_without_evidence_is_refused(model: ModelInfo):
    with pytest.raises(BadModelRequest, match="without evidence"):
        ask(None, model)


def test_combining_is_left_to_models_that_write(model: ModelInfo):
    with pytest.raises(BadModelRequest, match="no parts to combine"):
        ask(evidence(), model, task="combine")


@pytest.mark.parametrize("options", [{}, {"find": ""}, {"summary_length": "epic"}])
def test_unknown_or_missing_options_fall_back_to_the_usual(
    model: ModelInfo, options: dict[str, str]
):
    assert answer(evidence(), model, **options) == answer(evidence(), model)


def test_a_two_hour_talk_is_answered_in_seconds(model: ModelInfo):
    lines = [f"{text} Turn {turn}." for turn in range(75) for text in SENTENCES]
    utterances = tuple(
        Utterance(TimeSpan(at * 6.4, at * 6.4 + 6), text) for at, text in enumerate(lines)
    )
    found = Evidence(
        "f" * 16, 7200.0, Transcript(utterances, "en", "sidecar"), engines=ENGINES, speech_s=6750
    )
    reply = ask(found, model)
    assert reply.latency_s < 60
    assert 1 <= len(reply.data["chapters"]) <= 25


@pytest.mark.media
def test_a_real_clip_is_quoted_from_its_own_subtitles(
    model: ModelInfo, media_dir: Path, tmp_path: Path
):
    asset = probe(media_dir / "video" / "nasa_13013_multistream_subs.mp4")
    found = gather(asset, cache_dir=tmp_path, wanted=("transcript",))
    reply = answer(found, model)
    assert [chapter.title for chapter in reply.chapters] == ["Webb space telescope"]
    (quotation,) = quotations(reply.summary)
    assert quotation.startswith(
        "This is the optical and science segment of the Webb space telescope"
    )
    assert [e.name for e in reply.elements if e.kind == "equipment"] == ["Webb space telescope"]
