"""`compare`: agreement, differences and cost of two analyses of a file."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from workbench.analysis.results import Element, Occurrence
from workbench.media.timecode import TimeSpan
from workbench.workspace import Workspace

SIDE = {"id": str, "engine": str, "model": str, "prompt_hash": str, "cost_usd": float}
TALLY = {"both": int, "total": int, "agreement": float}


@pytest.fixture
def twice(analysed, shelf) -> tuple[str, str]:
    """Ids of two analyses of the talk, the newest first: the other engine also saw a valve."""
    with Workspace.open() as workspace:
        (header,) = workspace.analyses(workspace.asset("talk.mp4").id)
        own = workspace.analysis(header.id)
        valve = Element("equipment", "Safety valve", "", (Occurrence(TimeSpan(1, 3), "shown"),))
        (call,) = own.calls
        other = replace(
            own,
            id="f" * 32,
            engine="nova",
            model="2_lite",
            model_name="Nova 2 Lite",
            created_at=own.created_at + timedelta(days=1),
            elements=(*own.elements, valve),
            calls=(replace(call, cost_usd=Decimal("0.0412")),),
        )
        workspace.store.add_analysis(other)
    return other.id, own.id


def test_the_newest_of_two_models_are_compared(run, twice):
    done = run("compare", "talk.mp4")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "talk.mp4"
    assert lines[1].startswith("  A  Nova 2 Lite · $0.0412 · ")
    assert lines[1].endswith(f"[{twice[0]}]")
    assert lines[2].startswith("  B  Local engine · $0 · ")
    assert "chapters in both  1 of 1" in done.out
    assert "Safety valve" in done.out
    assert lines[-1].endswith("Only in A")


def test_the_order_asked_for_is_kept(run, twice):
    newest, oldest = twice
    done = run("compare", "talk.mp4", "--a", oldest, "--b", newest)
    assert done.out.splitlines()[-1].endswith("Only in B")
    alone = run("compare", "talk.mp4", "--b", newest)
    assert alone.out == done.out


def test_a_newer_analysis_of_the_same_model_does_not_displace_the_other_engine(run, twice):
    with Workspace.open() as workspace:
        newest = workspace.analysis(twice[0])
        again = replace(newest, id="e" * 32, created_at=newest.created_at - timedelta(hours=1))
        workspace.store.add_analysis(again)
    done = run("compare", "talk.mp4", "--json")
    assert (done.json["a"]["id"], done.json["b"]["id"]) == twice


def test_a_comparison_as_json_has_the_fields_scripts_use(run, twice, has_shape):
    done = run("compare", "talk.mp4", "--json")
    assert done.err == ""
    has_shape(
        done.json,
        {
            "asset_id": str,
            "asset_name": str,
            "a": SIDE,
            "b": SIDE,
            "chapters": TALLY,
            "elements": TALLY,
            "time_overlap": float,
            "asked_of_one": list,
            "only_in_a": [{"kind": str, "name": str, "at_s": float}],
            "only_in_b": list,
            "differences": [{"kind": str, "name": str, "overlap": float, "why": str}],
        },
    )
    assert done.json["only_in_b"] == []
    assert [each["name"] for each in done.json["only_in_a"]] == ["Safety valve"]
    tally = done.json["elements"]
    assert tally["total"] == tally["both"] + 1


def test_an_analysis_beside_itself_does_not_differ(run, twice):
    done = run("compare", "talk.mp4", "--a", twice[0], "--b", twice[0])
    assert done.out.endswith("\nThey do not differ.\n")


def test_one_analysis_is_not_enough(run, analysed):
    done = run("compare", "talk.mp4")
    assert done.code == 2
    assert done.problem == "talk.mp4 has one analysis; to compare needs two"
    assert "another engine" in done.err


def test_an_analysis_of_another_file_is_refused(run, twice):
    with Workspace.open() as workspace:
        (other,) = workspace.analyses(workspace.asset("tone.mp3").id)
    done = run("compare", "talk.mp4", "--a", other.id)
    assert done.code == 2
    assert "is of tone.mp3, not of talk.mp4" in done.problem


def test_an_id_nobody_has_is_said(run, twice):
    done = run("compare", "talk.mp4", "--b", "nobody")
    assert done.code == 2
    assert "nobody" in done.problem
