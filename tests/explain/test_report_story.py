"""Video reports: every word of the film is the analysis's own, and says where it is from."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image as Pillow

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, Chapter, Citation, Element, Occurrence, Summary
from workbench.errors import RequestError
from workbench.explain.storyboards.report import Footage, storyboard_of_analysis
from workbench.explain.storyboards.visuals import Bullets, Chart, Clip, Image, Quote, Timeline
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan

ASSET = Asset("a" * 16, Path("/films/pump_room.mp4"), "video", "mp4", 1000, 640, 360, 300.0)


def analysis(chapters: int = 4, **changes: object) -> Analysis:
    length = 300.0 / max(1, chapters)
    made = Analysis(
        id="an1", asset_id=ASSET.id, asset_name=ASSET.name, duration_s=300.0,
        request=AnalysisRequest(assets=(ASSET.id,)), engine="local", model="local",
        model_name="Local engine", created_at=datetime(2026, 3, 1, tzinfo=UTC),
        summary=Summary("12 shots in 5:00. Speech for 4 min, in English. “It leaks.” (1:05)", True),
        chapters=tuple(
            Chapter(
                n, f"Check {n + 1}", TimeSpan(n * length, (n + 1) * length),
                f"“The seal number {n} is dry.” (0:0{n})",
                (Citation("transcript", TimeSpan(n * length, n * length + 3), f"Look at seal {n}."),),
            )
            for n in range(chapters)
        ),
        elements=tuple(
            Element("equipment", name, "part", (Occurrence(TimeSpan(0, seconds), "both"),))
            for name, seconds in (("Seal", 200.0), ("Shaft", 120.0), ("Pump", 60.0))
        ),
        calls=(), prompt_hash="", catalog_as_of="", engine_version="1", seconds=1.0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    def still(moment_s: float) -> Path:
        path = tmp_path / f"{moment_s:.1f}.jpg"
        Pillow.new("RGB", (64, 36), "teal").save(path)
        return path

    return Footage(ASSET, still)


def test_a_report_shows_summary_chapters_stills_and_things_with_their_sources(
    footage: Footage,
) -> None:
    story = storyboard_of_analysis(analysis(), footage)
    shown = [type(beat.show) for beat in story.beats]
    assert story.title == "Pump room: a video report"
    assert shown.count(Image) == 4
    assert shown[1:3] == [Bullets, Timeline]
    assert Chart in shown
    assert all(beat.sources for beat in story.beats)
    first = next(beat for beat in story.beats if isinstance(beat.show, Image))
    assert (first.sources[0].start_s, first.sources[0].end_s) == (0.0, 75.0)
    assert story.origin == "analysis"
    assert "Local engine (quotes and counts), 2026-03-01" in story.made_by


def test_what_is_counted_is_shown_and_times_behind_quotations_are_not_said(
    footage: Footage,
) -> None:
    story = storyboard_of_analysis(analysis(), footage)
    assert story.beats[1].show == Bullets(("12 shots in 5:00", "Speech for 4 min, in English"))
    assert not any("(0:0" in beat.say or "(1:05)" in beat.say for beat in story.beats)


def test_a_model_is_named_where_its_words_are_shown(footage: Footage) -> None:
    summary = Summary("The pump is inspected.", is_extractive=False)
    told = analysis(engine="nova", model_name="Nova 2 Lite", summary=summary)
    story = storyboard_of_analysis(told, footage)
    assert story.beats[1].show == Quote("The pump is inspected.", "Nova 2 Lite")
    assert "written by a model" in story.made_by


@pytest.mark.parametrize(("length", "beats"), [("short", 3), ("medium", 7), ("long", 20)])
def test_the_length_decides_how_many_chapters_get_a_beat(
    footage: Footage, length: str, beats: int
) -> None:
    story = storyboard_of_analysis(analysis(30), footage, length=length)  # type: ignore[arg-type]
    assert sum(isinstance(beat.show, Image) for beat in story.beats) == beats
    assert f"{30 - beats} more chapters" in story.beats[-1].say


def test_one_chapter_is_explained_with_its_quotations_and_what_is_in_it(footage: Footage) -> None:
    story = storyboard_of_analysis(analysis(), footage, chapter=1)
    assert story.title == "Check 2"
    assert {type(beat.show) for beat in story.beats} >= {Image, Quote, Bullets}
    assert "Look at seal 1." in [beat.say for beat in story.beats]
    assert all(beat.sources[0].start_s == 75.0 for beat in story.beats)


def test_pieces_of_the_video_can_be_shown_instead_of_stills(footage: Footage) -> None:
    moving = replace(footage, moving=True)
    with pytest.raises(RequestError, match="no file"):
        storyboard_of_analysis(analysis(), moving)  # the source is not there to be shown
    film = footage.picture(0)
    there = replace(moving, asset=replace(ASSET, path=film))
    story = storyboard_of_analysis(analysis(), there)
    clips = [beat.show for beat in story.beats if isinstance(beat.show, Clip)]
    assert (clips[0].start_s, clips[0].end_s) == (1.0, 75.0)
    assert len(clips) == 4


def test_a_chapter_that_is_not_there_and_an_empty_analysis_are_refused(footage: Footage) -> None:
    with pytest.raises(RequestError, match="no chapter 9") as caught:
        storyboard_of_analysis(analysis(), footage, chapter=8)
    assert caught.value.hint == "it has 4 chapters"
    with pytest.raises(RequestError, match="nothing was found"):
        storyboard_of_analysis(analysis(0, summary=None, elements=()), footage)
