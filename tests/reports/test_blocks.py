"""Blocks show everything, quote what is quoted, and never run what media say."""

from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from workbench.analysis.results import Failure, RunResult
from workbench.errors import MediaMissing, ReportError, RequestError
from workbench.evidence.evidence import Evidence
from workbench.reports import blocks


class Tags(HTMLParser):
    """The elements of a page, and whether each one that opens is closed."""

    VOID = frozenset({"img", "meta", "br", "hr", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def every_block(analysis, evidence, asset, frame):
    return (
        blocks.report_header(analysis, asset, evidence, poster=frame)
        + blocks.summary_block(analysis)
        + blocks.chapter_cards(analysis, {0: frame})
        + blocks.element_block(analysis)
        + blocks.transcript_block(evidence, analysis)
        + blocks.cost_block(analysis)
        + blocks.provenance(analysis, evidence, asset)
    )


def test_markup_in_names_titles_and_speech_is_shown_as_letters(
    analysis, evidence, asset, frame_file
):
    evil = '"><script>alert(1)</script>'
    named = replace(analysis, asset_name=evil, notes=(evil,), model_name=evil)
    page = every_block(named, evidence, replace(asset, warnings=(evil,)), frame_file)
    tags = Tags(page.html)
    assert not tags.open
    assert "script" not in {tag for tag, _ in tags.seen}
    sources = {attributes.get("src", "") for tag, attributes in tags.seen if tag == "img"}
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert evil in tags.words


def test_a_quoted_summary_marks_every_quotation_with_its_time(quoted):
    shown = blocks.summary_block(quoted).html
    assert "<q>A dry start ruins the seal in under a minute.</q><cite>said at 6:17</cite>" in shown
    assert "Quoted, not written" in shown
    assert "<p>20:00, 42 shots, speech in English.</p>" in shown
    assert "“" not in shown
    assert "(6:17)" not in shown


def test_a_written_summary_says_who_wrote_it(analysis):
    shown = blocks.summary_block(analysis).html
    assert "Written by Nova 2 Lite" in shown
    assert "<q>" not in shown


def test_a_frame_is_the_representative_one_of_the_longest_shot(analysis, evidence):
    moments = blocks.thumbnail_moments(analysis, evidence)
    assert moments[3] == 405  # the shot 390–420 lies whole inside 372–540
    assert blocks.thumbnail_moments(analysis)[0] == 45


def test_nothing_found_is_told_apart_from_nothing_asked(analysis):
    nothing = replace(analysis, chapters=(), elements=())
    assert "No chapters were found." in blocks.chapter_cards(nothing).html
    less = replace(nothing, request=nothing.request.model_copy(update={"find": ("summary",)}))
    assert "No chapters were asked for." in blocks.chapter_cards(less).html
    assert "No elements were asked for." in blocks.element_block(less).html


def test_a_file_without_speech_has_a_sentence_instead_of_a_transcript(analysis):
    shown = blocks.transcript_block(Evidence("x", 10.0), analysis).html
    assert "No speech was found." in shown


def test_a_picture_has_neither_chapters_nor_times(analysis, frame_file):
    picture = replace(analysis, duration_s=0.0, chapters=())
    assert blocks.chapter_cards(picture).html == ""
    assert "Times" not in blocks.element_block(picture).html
    assert "<img" in blocks.picture_block(picture, frame_file).html


def test_provenance_holds_engine_versions_request_and_hashes(analysis, evidence, asset):
    shown = "".join(Tags(blocks.provenance(analysis, evidence, asset).html).words)
    for fact in (
        "9f3c1a",
        "2026-06-01",
        "amazon.nova-2-lite-v1:0",
        "whisper-base 1.0.0",
        analysis.asset_id,
    ):
        assert fact in shown
    assert '"engine": "nova"' in shown
    assert analysis.calls[0].cache_key in shown


def test_an_unknown_price_is_a_dash(analysis):
    unknown = replace(analysis, calls=(replace(analysis.calls[0], cost_usd=None),))
    assert "<b>–</b>" in blocks.cost_block(unknown).html


def test_a_missing_picture_is_an_error_that_names_it(analysis, tmp_path):
    with pytest.raises(MediaMissing, match=r"gone\.jpg"):
        blocks.chapter_cards(analysis, {0: tmp_path / "gone.jpg"})


def test_any_table_can_be_a_block():
    frame = pl.DataFrame({"name": ["<b>"], "duration_s": [1.5], "is_title": [True]})
    shown = blocks.table_block(frame, "Things").html
    assert "&lt;b&gt;" in shown
    assert "Duration, s" in shown
    assert "yes" in shown


def test_a_report_about_one_file_refuses_two_and_repeats_why_there_is_none(analysis):
    assert blocks.only_analysis(RunResult((analysis,))) is analysis
    of_another_engine = replace(analysis, id="an02", engine="rekognition")
    assert blocks.only_analysis(RunResult((analysis, of_another_engine))) is analysis
    with pytest.raises(RequestError, match="names 2"):
        blocks.only_analysis(RunResult((analysis, replace(analysis, asset_id="another"))))
    failure = Failure("talk.mp4", "it ends early", "copy it again")
    with pytest.raises(ReportError, match=r"talk\.mp4: it ends early") as caught:
        blocks.only_analysis(RunResult((), (failure,)))
    assert caught.value.hint == "copy it again"
