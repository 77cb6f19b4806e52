"""Jobs: progress is a count, failures say what to do, and a job can be steered and tried again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from workbench.analysis.results import Failure
from workbench.library.calls.holders import holder_name
from workbench.library.records import CallInFlight, Job
from workbench.ui.jobs.board import JOBS_A_PAGE
from workbench.ui.jobs.card import job_seconds, left_words, paid_words, stop_words
from workbench.workspace import Workspace

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)

FAILURES = tuple(Failure(f"{n}.mp4", f"{n}.mp4 ends early", "copy it again") for n in range(3))


def job(**fields) -> Job:
    return Job(
        **{
            "id": "j1",
            "kind": "analyse",
            "title": "Analyse 3 videos",
            "state": "running",
            "created_at": NOW,
            "started_at": NOW - timedelta(seconds=60),
            # This process lives, so nobody takes the job for an orphan.
            "worker": holder_name(),
            **fields,
        }
    )


def call(label: str, most: str | None = "0.02") -> CallInFlight:
    cost = None if most is None else Decimal(most)
    return CallInFlight(label, "2_lite", "j1", "h", 0.0, 0.0, cost, "c", "a", label, cost)


def said(app) -> str:
    return "\n".join(str(each.value) for kind in ("markdown", "caption") for each in app.get(kind))


def tabs(app) -> list[str]:
    return [option.content for option in app.button_group(key="state").proto.options]


def test_a_job_that_has_not_begun_has_taken_no_time():
    assert job_seconds(job(started_at=None), NOW) is None


def test_time_left_is_shown_once_it_is_measured():
    assert left_words(job(left_s=365.0)) == "≈ 6 min left"
    assert left_words(job(left_s=None)) == ""
    assert left_words(job(left_s=365.0, state="paused")) == ""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"calls_paid": 3, "cost_usd": Decimal("0.0412")}, "$0.0412 for 3 calls"),
        ({"calls_paid": 1, "cost_usd": None}, "1 call paid, price unknown"),
    ],
)
def test_what_was_paid_is_never_made_up(fields, words):
    assert paid_words(job(**fields)) == words


def test_stopping_says_what_is_paid_and_what_still_will_be():
    paid = {"calls_paid": 3, "cost_usd": Decimal("0.0412"), "done": 3}
    words = stop_words(job(**paid), [call("chunk 4 of 7"), call("chunk 5 of 7")])
    assert words.startswith("Paid so far: $0.0412 for 3 calls.")
    assert "2 calls in flight finish, for at most $0.0400, and their replies are kept." in words
    assert "takes up where this one stops" in words


def test_stopping_what_has_cost_nothing_says_so():
    nothing = "Nothing has been paid so far."
    assert stop_words(job(state="waiting"), ()) == nothing
    assert stop_words(job(kind="import"), ()) == nothing
    assert "A call in flight finishes, and its reply is kept." in stop_words(job(), ())


def test_stopping_a_job_in_a_batch_says_that_answered_records_are_billed():
    calls = [replace(call(f"chunk {n}"), holder="batch:b1") for n in range(3)]
    words = stop_words(job(state="waiting"), calls)
    assert "Its batch of 3 records is stopped" in words
    assert "billed, for at most $0.0600, and kept" in words


def test_a_job_in_a_batch_waits_and_says_how_far_the_batch_is(opened: Workspace, open_page):
    stage = "in a batch at Bedrock: 40 of 120 records"
    opened.store.put_job(job(state="waiting", queue="in_batch", stage=stage, done=3, total=129))
    app = open_page("jobs", job="j1")
    (bar,) = app.get("progress")
    assert bar.proto.text == r"In a batch at Bedrock\: 40 of 120 records"


def test_a_running_job_shows_stage_time_left_and_cost_so_far(opened: Workspace, open_page):
    fields = {"stage": "chunk 8", "left_s": 125.0, "calls_paid": 7, "cost_usd": Decimal("0.0412")}
    opened.store.put_job(job(done=7, total=13, **fields))
    app = open_page("jobs", job="j1")
    assert "7 of 13" in said(app)
    assert "≈ 2 min left" in said(app)
    assert r"\$0\.0412 for 7 calls so far" in said(app)
    (bar,) = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (53, "Chunk 8")


def test_the_name_of_a_file_in_a_stage_stays_as_it_is(opened: Workspace, open_page):
    opened.store.put_job(job(stage="pump talk.mp4: measuring", done=1, total=4))
    (bar,) = open_page("jobs", job="j1").get("progress")
    assert bar.proto.text.replace("\\", "") == "pump talk.mp4: measuring"


def test_stop_asks_first_and_then_stops(opened: Workspace, open_page):
    opened.store.put_job(job(calls_paid=3, cost_usd=Decimal("0.0412")))
    app = open_page("jobs")
    assert r"Paid so far\: \$0\.0412 for 3 calls\." in said(app)
    app.button(key="stop_j1").click().run()
    assert opened.store.job("j1").state == "cancelled"


def test_a_job_is_paused_and_goes_on(opened: Workspace, open_page):
    opened.store.put_job(job(done=7, total=13))
    app = open_page("jobs")
    app.button(key="pause_j1").click().run()
    assert opened.store.job("j1").state == "paused"
    app = open_page("jobs", state="waiting")
    assert "Paused" in said(app)
    assert app.get("progress")[0].proto.text == "7 of 13"
    app.button(key="resume_j1").click().run()
    assert opened.store.job("j1").state == "waiting"


def test_all_jobs_are_paused_and_go_on_together(opened: Workspace, open_page):
    for number in range(3):
        opened.store.put_job(job(id=f"j{number}", state="waiting"))
    app = open_page("jobs")
    app.button(key="pause_all").click().run()
    assert opened.jobs.counts() == {"paused": 3}
    app.button(key="resume_all").click().run()
    assert opened.jobs.counts() == {"waiting": 3}


def test_a_waiting_job_gets_another_priority(opened: Workspace, open_page):
    opened.store.put_job(job(state="waiting"))
    app = open_page("jobs")
    app.get("menu_button")[0].click("urgent").run()
    assert opened.store.job("j1").priority == "urgent"
    assert app.get("menu_button")[0].label == "Priority: urgent"


def test_a_failed_job_says_what_happened_and_offers_another_try(opened: Workspace, open_page):
    error, hint = "the service failed", "run `workbench doctor`"
    opened.store.put_job(job(state="failed", error=error, hint=hint, finished_at=NOW))
    app = open_page("jobs")
    assert "The service failed" in app.error[0].value
    assert "`workbench doctor`" in app.error[0].value
    assert app.button(key="retry_j1").label == "Try again"


def test_the_failed_parts_are_tried_again_and_the_page_shows_that_job(
    library: Workspace, open_page
):
    asset = library.asset("pump talk.mp4")
    failures = (Failure(asset.id, "pump talk.mp4 ends early", "copy it again"),)
    first = library.jobs.submit_proxies([asset.id])
    library.store.update_job(first, state="done", finished_at=NOW, failures=failures)
    app = open_page("jobs", state="done")
    app.button(key=f"retry_{first}").click().run()
    (second,) = library.jobs.jobs("waiting")
    assert second.id != first
    assert app.query_params["job"] == second.id
    assert app.button_group(key="state").value == "waiting"


def test_a_partly_failed_job_names_the_files(opened: Workspace, open_page):
    opened.store.put_job(job(state="done", finished_at=NOW, failures=FAILURES))
    app = open_page("jobs")
    assert "3 files could not be done" in [each.label for each in app.expander]
    assert app.button(key="retry_j1").label == "Try the 3 failed again"
    assert "Done, 3 failed" in said(app)


def test_a_button_that_comes_too_late_says_so_in_the_card(opened: Workspace, open_page):
    opened.store.put_job(job())
    app = open_page("jobs", job="j1")
    opened.store.update_job("j1", state="done", finished_at=NOW)
    app.button(key="pause_j1").click().run()
    assert "is done" in app.error[0].value


def test_the_log_is_read_only_when_it_is_open(opened: Workspace, open_page, monkeypatch):
    opened.store.put_job(job())
    opened.store.add_event("j1", "call.answered", {"label": "chunk 2 of 7", "usd": 0.0137})
    read = []
    log = opened.jobs.log
    monkeypatch.setattr(opened.jobs, "log", lambda *a: read.append(a) or log(*a))
    app = open_page("jobs")
    assert not read
    app.session_state["log_j1"] = True
    app.run()
    assert r"Answered\: chunk 2 of 7 · \$0\.0137" in said(app)


def test_a_page_of_thousands_of_jobs_shows_a_few_of_them_and_counts_all(
    opened: Workspace, open_page
):
    waiting = {
        str(n): job(id=f"w{n}", state="waiting", created_at=NOW - timedelta(seconds=n))
        for n in range(3000)
    }
    opened.store.ask_for_jobs(waiting)
    opened.store.put_job(job(id="r1"))
    app = open_page("jobs", state="waiting", page="2")
    assert tabs(app) == ["Running 1", "Waiting 3,000", "Done 0", "Failed 0"]
    shown = [each.proto.id for each in app.button if each.label == "Stop this job"]
    assert len(shown) == JOBS_A_PAGE
    assert f"stop_w{JOBS_A_PAGE}" in shown[0]
    assert app.get("pagination")[0].num_pages == 120


def test_a_page_that_there_is_not_is_the_last_one(opened: Workspace, open_page):
    for number in range(JOBS_A_PAGE + 1):
        opened.store.put_job(job(id=f"w{number}", state="waiting"))
    app = open_page("jobs", page="99")
    assert app.get("pagination")[0].value == 2


def test_the_link_chooses_the_tab(opened: Workspace, open_page):
    opened.store.put_job(job(state="done", finished_at=NOW))
    app = open_page("jobs", state="failed")
    assert "Nothing has failed." in said(app)


def test_jobs_that_wait_for_a_worker_that_does_not_run_say_so(opened: Workspace, open_page):
    opened.store.put_job(job(state="waiting"))
    app = open_page("jobs")
    assert "No worker is running" in app.warning[0].value


def test_without_any_job_the_page_says_where_to_begin(opened: Workspace, open_page):
    app = open_page("jobs")
    assert "Nothing was started yet" in said(app)
    assert len(app.get("page_link")) == 2
