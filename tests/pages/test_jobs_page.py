"""Jobs: progress is a count, failures say what to do, and a job can be stopped or tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from workbench.analysis.results import Failure
from workbench.library.records import Job
from workbench.ui.job_parts import job_seconds, time_left_s
from workbench.workspace import Workspace

NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)


def job(**fields) -> Job:
    return Job(
        **{
            "id": "j1",
            "kind": "analyse",
            "title": "Analyse 3 videos",
            "state": "running",
            "created_at": NOW,
            "started_at": NOW - timedelta(seconds=60),
            **fields,
        }
    )


def test_time_left_goes_by_what_is_finished():
    assert time_left_s(job(done=3, total=9), NOW) == 120


@pytest.mark.parametrize("done", [0, 9])
def test_no_time_is_invented_before_the_first_and_after_the_last(done):
    assert time_left_s(job(done=done, total=9), NOW) is None


def test_a_job_that_has_not_begun_has_taken_no_time():
    assert job_seconds(job(started_at=None), NOW) is None


def test_a_running_job_shows_a_count_and_a_stop_button(opened: Workspace, open_page):
    opened.store.put_job(job(done=7, total=13, stage="chunk 8"))
    app = open_page("jobs", job="j1")
    assert "7 of 13" in "\n".join(str(each.value) for each in app.markdown)
    assert app.button(key="stop_j1")


def test_a_failed_job_says_what_happened_and_offers_another_try(opened: Workspace, open_page):
    opened.store.put_job(
        job(
            state="failed",
            error="the service failed",
            hint="run `workbench doctor`",
            finished_at=NOW,
        )
    )
    app = open_page("jobs")
    assert "The service failed" in app.error[0].value
    assert "`workbench doctor`" in app.error[0].value
    assert app.button(key="retry_j1")


def test_a_partly_failed_job_names_the_files(opened: Workspace, open_page):
    failures = (Failure("x.mp4", "x.mp4 ends early", "copy it again"),)
    opened.store.put_job(job(state="done", finished_at=NOW, failures=failures))
    app = open_page("jobs")
    assert app.expander[0].label == "1 file could not be done"


def test_the_link_chooses_the_tab(opened: Workspace, open_page):
    opened.store.put_job(job(state="done", finished_at=NOW))
    app = open_page("jobs", state="failed")
    assert "None yet." in [each.value for each in app.caption]
