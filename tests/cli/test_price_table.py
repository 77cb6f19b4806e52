"""`estimate --table`: lengths and files, by every model, mode and tier, in every form."""

import csv
import io

import pytest


def test_without_files_the_usual_lengths_are_priced(run, has_shape):
    done = run("estimate", "--table")
    assert done.code == 0
    heading, *lines = done.out.splitlines()
    assert heading.split("  ")[0] == "what"
    assert {line.split("  ")[0] for line in lines if "≈" in line} == {"5 min", "30 min", "2 h"}
    assert "960 to 1,800 frames: Nova 2 user guide" in done.out
    usd = (float, type(None))
    rows = run("estimate", "--table", "--json").json
    has_shape(
        rows,
        [
            {
                "subject": str, "model": str, "depth": str, "tier": str, "calls": int,
                "frames_per_s": float, "input_tokens": int, "cost_low_usd": usd, "cost_usd": usd,
                "cost_high_usd": usd, "seconds": float, "doubt": str,
            }
        ],
    )  # fmt: skip
    assert {row["model"] for row in rows} >= {"local", "lite", "2_lite", "pro"}


def test_lengths_models_modes_and_tiers_are_as_many_rows(run):
    words = ["--lengths", "45m", "1h30m", "--models", "lite", "pro", "--depth", "overview"]
    rows = run("estimate", "--table", *words, "--tiers", "standard", "batch", "--json").json
    assert [row["subject"] for row in rows] == ["45 min"] * 4 + ["1 h 30 min"] * 4
    assert {row["depth"] for row in rows} == {"overview"}
    assert {row["tier"] for row in rows} == {"standard", "batch"}
    by_way = {(row["subject"], row["model"], row["tier"]): row["cost_usd"] for row in rows}
    assert by_way["45 min", "pro", "batch"] == pytest.approx(
        by_way["45 min", "pro", "standard"] / 2
    )


def test_what_is_asked_changes_the_price_of_a_length_too(run):
    words = ["estimate", "--table", "--lengths", "30m", "--models", "lite", "--json"]
    whole, part = run(*words).json, run(*words, "--find", "summary").json
    assert part[0]["output_tokens"] < whole[0]["output_tokens"]


def test_files_are_priced_together_and_by_every_model_that_takes_them(run, shelf):
    rows = run("estimate", shelf / "talk.mp4", shelf / "silent.mp4", "--table", "--json").json
    assert {row["subject"] for row in rows} == {"2 files"}
    assert {row["model"] for row in rows} >= {"local", "lite", "pro", "2_lite"}
    assert "micro" not in {row["model"] for row in rows}
    prices = [row["cost_usd"] for row in rows]
    known = [price for price in prices if price is not None]
    assert known == sorted(known) == prices[: len(known)]


def test_files_and_lengths_stand_in_one_table(run, shelf):
    done = run("estimate", shelf / "talk.mp4", "--table", "--lengths", "30m", "--json")
    assert {row["subject"] for row in done.json} == {"talk.mp4", "30 min"}


def test_a_note_says_each_thing_once(run, shelf):
    rows = run("estimate", shelf, "--table", "--json").json
    (micro,) = [row for row in rows if (row["model"], row["depth"]) == ("micro", "detailed")]
    assert micro["note"].count("cannot look at videos") == 1


def test_the_csv_has_exact_dollars_and_a_line_for_each_row(run):
    rows = run("estimate", "--table", "--json").json
    told = list(csv.DictReader(io.StringIO(run("estimate", "--table", "--csv").out)))
    assert len(told) == len(rows)
    for line, row in zip(told, rows, strict=True):
        assert line["subject"] == row["subject"]
        assert float(line["cost_usd"]) == row["cost_usd"]


def test_the_markdown_has_a_line_for_each_row_and_the_compact_one_for_each_way(run):
    words = ["estimate", "--table", "--models", "2_lite", "pro"]
    long = run(*words, "--markdown").out.splitlines()
    compact = run(*words, "--compact").out.splitlines()
    assert len([line for line in long if line.startswith("|")]) == 2 + 3 * 2 * 2
    assert len([line for line in compact if line.startswith("|")]) == 2 + 2 * 2
    assert compact[0] == "|  | 5 min | 30 min | 2 h |"
    assert long[-1] == compact[-1]
    assert long[-1].startswith("¹ 960 to 1,800 frames")


def test_neither_a_file_nor_a_table_is_refused_with_what_to_do(run):
    done = run("estimate")
    assert (done.code, done.problem) == (2, "name a file to estimate")
    assert "workbench estimate --table" in done.err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--lengths", "soon"], "'soon' is no length"),
        (["--lengths", "25h"], "a video of 90000.0 s cannot be priced"),
        (["--models", "nano"], "there is no model 'nano'"),
    ],
)
def test_what_cannot_be_priced_is_refused_by_name(run, words, problem):
    done = run("estimate", "--table", *words)
    assert (done.code, done.problem) == (2, problem)
