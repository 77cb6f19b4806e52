"""Tables keep their types when empty; exports give other programs data and nothing to run."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from workbench.analysis.results import Chapter, Summary
from workbench.errors import ReportError
from workbench.evidence.evidence import Evidence
from workbench.jsonable import from_jsonable
from workbench.media.timecode import TimeSpan
from workbench.reports import export, inventory, tables


def test_chapters_have_their_times_as_numbers_and_as_words(analysis):
    row = tables.chapter_table(analysis).row(3, named=True)
    assert (row["number"], row["start"], row["end"], row["duration"]) == (4, "6:12", "9:00", "2:48")
    assert (row["start_s"], row["end_s"]) == (372, 540)


def test_elements_say_whether_they_were_discussed(analysis):
    found = tables.element_table(analysis, "object").row(0, named=True)
    assert (found["name"], found["presence"], found["is_discussed"]) == ("Hard hat", "shown", False)
    said = tables.element_table(analysis, "topic").row(0, named=True)
    assert (said["is_discussed"], said["first"], said["times"]) == (True, "3:51", "3:51 – 6:12")


def test_a_table_without_rows_keeps_its_columns(analysis):
    nothing = replace(analysis, chapters=(), elements=(), calls=())
    for frame in (
        tables.chapter_table(nothing),
        tables.element_table(nothing),
        tables.call_table(nothing),
        tables.transcript_table(None),
        tables.screen_text_table(Evidence("x", 0.0)),
        inventory.inventory_table([nothing]),
    ):
        assert frame.height == 0
        assert pl.Null not in frame.dtypes


def test_an_unknown_price_leaves_the_cost_empty_instead_of_zero(analysis):
    unknown = replace(
        analysis, calls=(replace(analysis.calls[0], cost_usd=None), analysis.calls[1])
    )
    row = tables.cost_table([unknown]).row(0, named=True)
    assert row["cost_usd"] is None
    assert row["per_hour_usd"] is None


def test_the_cost_table_counts_what_kept_replies_saved(analysis):
    row = tables.cost_table([analysis]).row(0, named=True)
    assert (row["cost_usd"], row["paid_usd"], row["saved_usd"]) == (0.0412, 0.0206, 0.0206)
    assert row["per_hour_usd"] == pytest.approx(0.1236)


def test_the_smallest_proxy_stands_beside_its_asset(asset):
    from pathlib import Path

    from workbench.media.asset import Proxy

    proxies = [Proxy(asset.id, Path("p"), spec, size, 1, 1) for spec, size in (("a", 9), ("b", 5))]
    row = tables.asset_table([asset], proxies).row(0, named=True)
    assert (row["length"], row["size"], row["proxy_bytes"]) == ("20:00", "1920×1080", 5)


def test_the_inventory_adds_up_over_videos_whatever_the_spelling(analysis):
    pump = analysis.elements[0]
    second = replace(
        analysis,
        asset_id="other",
        asset_name="Walk",
        elements=(replace(pump, name="centrifugal PUMP"),),
    )
    row = inventory.inventory_table([analysis, second]).row(0, named=True)
    assert (row["name"], row["videos"], row["mentions"]) == ("Centrifugal pump", 2, 10)
    cells = inventory.inventory_cells([analysis, second], count="mentions")
    assert cells["Centrifugal pump", "Walk"] == 5


def test_json_reads_back_as_the_same_analysis(analysis, evidence):
    from workbench.analysis.results import Analysis

    said = json.loads(export.to_json(analysis, evidence))
    assert from_jsonable(Analysis, said["analysis"]) == analysis
    assert from_jsonable(Evidence, said["evidence"]) == evidence
    assert Decimal(said["totals"]["cost_usd"]) == Decimal("0.0412")


def test_the_workbook_has_the_sheets_people_ask_for(analysis, evidence, tmp_path):
    path = export.to_excel(analysis, evidence, tmp_path / "new folder" / "talk.xlsx")
    with zipfile.ZipFile(path) as book:
        names = book.read("xl/workbook.xml").decode()
    for sheet in ("Summary", "Chapters", "Identified Elements", "Transcript", "Request"):
        assert f'name="{sheet}"' in names
    assert [found.name for found in path.parent.iterdir()] == ["talk.xlsx"]


def test_nothing_from_media_becomes_a_formula_or_a_link_in_the_workbook(
    analysis, evidence, tmp_path
):
    evil = Chapter(0, '=HYPERLINK("http://evil.example")', TimeSpan(0, 9), "http://evil.example")
    path = export.to_excel(replace(analysis, chapters=(evil,)), evidence, tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "/sheet" in name]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)


def test_a_text_longer_than_a_cell_is_cut_and_says_so(analysis, tmp_path):
    long = replace(analysis, summary=Summary("word " * 10_000, is_extractive=False))
    path = export.to_excel(long, None, tmp_path / "x.xlsx")
    with zipfile.ZipFile(path) as book:
        assert "(cut: a cell holds 32,767 letters)" in book.read("xl/sharedStrings.xml").decode()


def test_a_folder_that_cannot_be_made_is_a_report_error(analysis, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError) as caught:
        export.to_excel(analysis, None, tmp_path / "file" / "x.xlsx")
    assert "folder" in caught.value.hint


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start):
    text = export.to_csv(pl.DataFrame({"name": [f"{start}1+1", None, "-"], "n": [-1, 2, 3]}))
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1] == [f"'{start}1+1", "-1"]
    assert rows[3] == ["'-", "3"]


def test_a_cue_of_the_chapters_cannot_be_ended_by_its_title(analysis):
    evil = Chapter(0, "a --> b\n\n<v x>", TimeSpan(0.5, 3661.25))
    text = export.to_vtt_chapters(replace(analysis, chapters=(evil,)))
    assert text == "WEBVTT\n\n1\n00:00:00.500 --> 01:01:01.250\na --&gt; b &lt;v x&gt;\n"


def test_chapter_text_starts_at_zero(analysis):
    late = tuple(
        replace(c, span=TimeSpan(c.span.start_s + 1, c.span.end_s + 1)) for c in analysis.chapters
    )
    lines = export.to_chapter_text(replace(analysis, chapters=late)).splitlines()
    assert lines[0] == "0:00 What a pump curve tells"
    assert lines[3] == "6:13 Mechanical seals"


def test_no_chapters_give_an_empty_file_and_not_a_broken_one(analysis):
    nothing = replace(analysis, chapters=())
    assert export.to_chapter_text(nothing) == ""
    assert export.to_vtt_chapters(nothing) == "WEBVTT\n"
