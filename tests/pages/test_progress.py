"""Progress on the pages that start work: from the catalog alone, and without reading it all again."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from workbench.library.calls.holders import holder_name
from workbench.library.records import Job
from workbench.media.asset import Asset
from workbench.ui import data
from workbench.ui.jobs import running
from workbench.workspace import Workspace

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)


def job(asset: Asset, **fields) -> Job:
    return Job(
        **{
            "id": "j1",
            "kind": "analyse",
            "title": "Analyse the talk",
            "state": "running",
            "created_at": NOW,
            "done": 7,
            "total": 13,
            "stage": "chunk 8",
            "left_s": 125.0,
            "calls_paid": 7,
            "cost_usd": Decimal("0.0412"),
            "asset_ids": (asset.id,),
            "worker": holder_name(),
            **fields,
        }
    )


def said(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


@pytest.mark.parametrize("page", ["library", "results", "reports"])
def test_stage_time_left_and_cost_are_on_every_page(
    page, talk: Asset, library: Workspace, open_page
):
    library.store.put_job(job(talk))
    app = open_page(page)
    words = said(app)
    for part in (
        "**Analyse the talk**",
        "7 of 13",
        "≈ 2 min left",
        r"\$0\.0412 for 7 calls so far",
    ):
        assert part in words
    assert [bar.proto.text for bar in app.get("progress")] == ["Chunk 8"]


def test_results_name_the_chunks_that_are_answered(talk: Asset, library: Workspace, open_page):
    library.store.put_job(job(talk))
    for chunk in (1, 3):
        label = f"pump talk.mp4, chunk {chunk} of 13"
        library.store.add_event("j1", "call.answered", {"label": label})
    assert "Answered: chunk 1 of 13, chunk 3 of 13" in said(
        open_page("results", asset=talk.id)
    ).replace("\\", "")


def test_results_show_the_job_of_their_file_and_no_other(
    talk: Asset, library: Workspace, open_page
):
    other = library.asset("handover.mp3")
    library.store.put_job(job(talk))
    library.store.put_job(job(other, id="j2", title="Analyse the handover"))
    words = said(open_page("results", asset=talk.id))
    assert "Analyse the talk" in words
    assert "Analyse the handover" not in words


def test_a_few_of_many_jobs_are_shown_and_the_rest_is_counted(
    talk: Asset, library: Workspace, open_page
):
    for number in range(9):
        library.store.put_job(job(talk, id=f"j{number}", state="running" if number else "waiting"))
    app = open_page("library")
    assert len(app.get("progress")) == running.LINES
    assert "and 6 more" in [link.proto.label for link in app.get("page_link")]


def test_progress_of_a_worker_leaves_the_cards_as_they_are(
    talk: Asset, library: Workspace, open_page, on_the_wall, monkeypatch
):
    library.store.put_job(job(talk))
    read = []
    cards = library.cards
    monkeypatch.setattr(library, "cards", lambda: read.append("cards") or cards())
    open_page("library")
    for done in range(8, 13):
        library.store.update_job("j1", done=done, stage=f"chunk {done}")
        assert on_the_wall(open_page("library"))[talk.name]["says"] == f"{done} of 13"
    assert read == ["cards"]


def test_cards_follow_the_state_of_a_job_and_new_results(
    talk: Asset, library: Workspace, open_page, on_the_wall
):
    def says() -> str:
        return on_the_wall(open_page("library"))[talk.name]["says"]

    library.store.put_job(job(talk))
    assert says() == "7 of 13"
    library.store.update_job("j1", state="paused")
    assert says() == "Paused"
    library.store.update_job("j1", state="done", finished_at=NOW)
    assert says() == "Analysed"
    library.store.remove_asset(talk.id)
    assert talk.name not in on_the_wall(open_page("library"))


def test_a_page_is_old_once_a_job_has_ended_and_only_then(
    library: Workspace, open_page, monkeypatch
):
    asset = library.asset("pump talk.mp4")
    library.store.put_job(job(asset))
    library.store.put_job(job(asset, id="j2", state="waiting"))
    drawn = {"drawn": data.Drawn(100.0, 0)}
    monkeypatch.setattr(data.st, "session_state", drawn)
    monkeypatch.setattr(data.time, "monotonic", lambda: 101.0)
    library.store.update_job("j1", done=8)
    assert not data.is_page_old(library.jobs.counts())
    library.store.update_job("j1", state="done", finished_at=NOW)
    # Another goes on: pages are not drawn anew for each of a thousand.
    assert not data.is_page_old(library.jobs.counts())
    library.store.update_job("j2", state="done", finished_at=NOW)
    assert data.is_page_old(library.jobs.counts())
    drawn["drawn"] = data.Drawn(100.0, 2)
    assert not data.is_page_old(library.jobs.counts())
