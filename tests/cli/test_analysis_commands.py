"""`estimate`, `analyse` and `show`."""

import pytest

ANALYSIS = {
    "id": str,
    "asset_id": str,
    "asset_name": str,
    "duration_s": float,
    "engine": str,
    "model": str,
    "model_name": str,
    "created_at": str,
    "cost_usd": float,
    "summary": {"text": str, "is_extractive": bool},
    "calls": [{"label": str, "cost_usd": float, "usage": {"input_tokens": int}}],
    "usage": {"input_tokens": int, "output_tokens": int},
    "prompt_hash": str,
    "catalog_as_of": str,
    "notes": list,
}
SPANNED = {
    "chapters": [{"title": str, "start_s": float, "end_s": float}],
    "elements": [
        {
            "kind": str,
            "name": str,
            "occurrences": [{"start_s": float, "end_s": float, "presence": str}],
        }
    ],
}


def test_an_analysis_is_printed_with_chapters_and_equipment(run, shelf):
    done = run("analyse", shelf / "talk.mp4")
    assert done.code == 0
    assert "talk.mp4  0:06 · Local engine · 1 call · $0" in done.out
    assert "0:00  " in done.out
    assert "equipment: " in done.out
    assert "Pump (said)" in done.out
    assert done.out.endswith("\n1 call made, $0 paid\n")
    assert "[0/3] talk.mp4: measuring" in done.err
    assert done.err.splitlines()[-1] == "[3/3] talk.mp4: done"


def test_the_american_spelling_works_too(run, shelf, analysed):
    assert run("analyze", shelf / "talk.mp4").code == 0


def test_the_second_analysis_makes_no_call(run, shelf, analysed):
    done = run("analyse", shelf, "--json")
    assert done.code == 0
    assert (done.json["calls_made"], done.json["paid_usd"]) == (0, 0)
    assert len(done.json["analyses"]) == 4


def test_an_analysis_as_json_has_the_fields_scripts_use(run, shelf, analysed, has_shape):
    done = run("analyse", shelf / "talk.mp4", "--json")
    assert done.err == ""
    has_shape(
        done.json,
        {
            "analyses": [{**ANALYSIS, **SPANNED}],
            "failures": list,
            "calls_made": int,
            "paid_usd": float,
        },
    )
    (analysis,) = done.json["analyses"]
    assert analysis["chapters"][-1]["end_s"] == pytest.approx(6.0, abs=0.2)


def test_a_file_without_sound_is_analysed_and_says_so(run, shelf, analysed):
    done = run("analyse", shelf / "silent.mp4")
    assert done.code == 0
    assert "The file has no sound." in done.out
    assert "chapter" not in done.out


def test_a_file_without_pictures_is_analysed_by_its_words(run, shelf, analysed):
    done = run("analyse", shelf / "tone.mp3")
    assert done.code == 0
    assert "“Never start the pump dry.” (0:00)" in done.out


def test_an_estimate_lists_the_calls_and_what_is_kept(run, shelf, analysed):
    done = run("estimate", shelf)
    assert done.code == 0
    assert done.out.count(" kept ") == 4
    assert "$0, ≈ " in done.out
    assert "4 calls" in done.out
    assert "Kept from before, at no cost: 4 of them." in done.out


def test_an_estimate_for_nova_has_a_range_and_needs_no_account(run, shelf, has_shape):
    done = run("estimate", shelf / "talk.mp4", "--engine", "nova")
    assert done.code == 0
    assert done.out.startswith("Nova 2 Lite, prices of 20")
    assert "talk.mp4: 6 frames, 1.00 a second" in done.out
    assert "≈ $0.00" in done.out
    plan = run("estimate", shelf / "talk.mp4", "--engine", "nova", "--json").json
    has_shape(
        plan,
        {
            "engine": str,
            "model": str,
            "route": str,
            "cost_usd": float,
            "cost_low_usd": float,
            "cost_high_usd": float,
            "seconds": float,
            "catalog_as_of": str,
            "assets": [{"name": str, "duration_s": float, "chunks": int, "frames": int}],
            "calls": [{"id": str, "label": str, "start_s": float, "end_s": float}],
        },
    )
    assert plan["cost_low_usd"] < plan["cost_usd"] < plan["cost_high_usd"]


def test_show_prints_what_was_found(run, shelf, analysed):
    done = run("show", shelf / "talk.mp4")
    assert done.code == 0
    assert "“Never start the pump dry.” (0:00)" in done.out
    assert run("show", "talk.mp4", "--json").json["asset_name"] == "talk.mp4"


def test_show_writes_chapters_and_a_workbook(run, shelf, analysed, desk):
    chapters = run("show", shelf / "talk.mp4", "--chapters")
    assert chapters.out.startswith("0:00")
    done = run("show", shelf / "talk.mp4", "--excel", "talk.xlsx")
    assert done.out == "written to talk.xlsx\n"
    assert (desk / "talk.xlsx").read_bytes().startswith(b"PK")


def test_a_file_that_is_there_is_not_taken_for_another_of_its_name(run, shelf, analysed, desk):
    (desk / "talk.mp4").write_bytes((shelf / "silent.mp4").read_bytes() + b"another")
    done = run("estimate", "talk.mp4", "--json")
    assert done.json["assets"][0]["duration_s"] == pytest.approx(4.0, abs=0.2)
