"""The questions an analysis really asks keep the service's rules, for every medium and model."""

from dataclasses import replace
from pathlib import Path

import pytest

from workbench.analysis.answers.answer import Answer
from workbench.analysis.plans.question import Part, build_question
from workbench.analysis.request import AnalysisRequest
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk, whole_video
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance

LONG_TALK = Evidence(
    asset_id="0123456789abcdef",
    duration_s=7200.0,
    transcript=Transcript(
        tuple(
            Utterance(
                TimeSpan(8.0 * n, 8.0 * n + 6), f"Sentence {n} speaks of the pump and its seal."
            )
            for n in range(900)
        ),
        "en",
        "sidecar",
    ),
)
REQUEST = AnalysisRequest(assets=("talk.mp4",), engine="nova", instructions='Mind the "quotes"…')


def asset(kind: str, seconds: float) -> Asset:
    return Asset("0123456789abcdef", Path(f"talk.{kind}"), kind, "mp4", 1, duration_s=seconds)


@pytest.mark.parametrize("key", ["lite", "pro", "2_lite"])
def test_a_chunk_of_a_long_talk_is_answered_on_the_clips_clock(
    nova, catalog, server, clip, part, key
):
    chunk = Chunk(1, TimeSpan(600, 1200), TimeSpan(570, 1230))
    question = build_question(
        REQUEST,
        catalog.get(key),
        Part("analyse_chunk", asset("video", 7200.0), chunk, 12),
        LONG_TALK,
        media=(replace(part(clip), span=chunk.sent),),
    )
    answer = Answer.model_validate(nova.invoke(question, catalog.get(key)).data)
    assert server.refused == ()
    # The clip starts at 9:30, so whole minutes of the talk are 30 s into its own minutes.
    assert [chapter.start_s for chapter in answer.chapters] == [0, 30, 90, 150]
    assert "pump" in {element.name for element in answer.elements}


def test_a_photo_a_sound_file_and_a_summary_of_parts_are_answered(
    nova, catalog, server, photo, part
):
    lite = catalog.get("lite")
    of_photo = build_question(
        REQUEST, lite, Part("analyse_image", asset("image", 0.0), None, 1),
        Evidence("0123456789abcdef", 0.0), media=(part(photo),),
    )  # fmt: skip
    (whole,) = whole_video(600.0)
    of_sound = build_question(
        REQUEST, lite, Part("analyse_chunk", asset("audio", 600.0), whole, 1), LONG_TALK
    )
    of_parts = build_question(
        REQUEST, lite, Part("combine", asset("video", 600.0), None, 2), LONG_TALK,
        summaries=[(whole, "It starts."), (whole, "It ends.")],
    )  # fmt: skip
    photo_answer, sound_answer, parts_answer = (
        Answer.model_validate(nova.invoke(question, lite).data)
        for question in (of_photo, of_sound, of_parts)
    )
    assert server.refused == ()
    assert photo_answer.elements
    assert len(sound_answer.chapters) == 10
    assert parts_answer.summary
