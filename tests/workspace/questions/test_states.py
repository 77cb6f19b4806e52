"""The job of a film tells its states by name, and goes on from where it failed or was stopped."""

import threading
from typing import Any

import pytest

from tests.support.bedrock_rules import Received
from tests.support.bedrock_server import error, stopped
from tests.support.film_answers import film_answer
from tests.support.film_jobs import do_film
from tests.support.questions import ANSWER, QUESTION, billed, paid
from workbench import Workspace
from workbench.errors import NotInLibrary
from workbench.explain.request import FilmRequest


def marks(workspace: Workspace, job_id: str) -> dict[str, str]:
    return {state.name: state.state for state in workspace.film_states(job_id)}


def test_a_job_tells_its_states_by_name_with_seconds_and_dollars(workspace, server):
    job_id = workspace.jobs.submit_film(QUESTION)
    assert workspace.jobs.job(job_id).title == f"Film of “{QUESTION.question}”"
    assert marks(workspace, job_id) == {
        "queued": "running", "generating_initial_explanation": "waiting",
        "refining_explanation": "waiting", "generating_script": "waiting",
        "validating_script": "waiting", "rendering_video": "waiting", "completed": "waiting",
    }  # fmt: skip
    assert do_film(workspace, job_id) == "done"
    states = workspace.film_states(job_id)
    assert {state.state for state in states} == {"done"}
    assert states[-1].name == "completed"
    asked = {state.name: state for state in states if state.cost_usd is not None}
    assert len(asked) == 4
    assert sum(state.cost_usd for state in asked.values()) == paid(workspace)[2]
    assert all(state.seconds is not None for state in states[:-1])
    assert not any(state.is_kept for state in states)
    assert workspace.store.job(job_id).cost_usd == paid(workspace)[2]


def test_a_failed_stage_is_told_and_the_job_tried_again_pays_the_rest(workspace, server):
    server.script(ANSWER, ANSWER, error("AccessDeniedException"))
    job_id = workspace.jobs.submit_film(QUESTION)
    assert do_film(workspace, job_id) == "failed"
    assert marks(workspace, job_id) == {
        "queued": "done", "generating_initial_explanation": "done",
        "refining_explanation": "done", "generating_script": "failed",
        "validating_script": "skipped", "rendering_video": "skipped", "failed": "failed",
    }  # fmt: skip
    again = workspace.jobs.retry(job_id)
    assert do_film(workspace, again) == "done"
    states = workspace.film_states(again)
    assert [state.is_kept for state in states[1:5]] == [True, True, False, False]
    assert server.answered == 4
    assert paid(workspace)[:2] == billed(server)


def test_a_job_that_is_stopped_between_two_stages_pays_no_more(workspace, server):
    job_id = workspace.jobs.submit_film(QUESTION)
    stop = threading.Event()

    def answer(request: Received) -> dict[str, Any]:
        if not stop.is_set():
            stop.set()
            workspace.jobs.cancel(job_id)
        told = film_answer(request)
        assert told is not None
        return told

    server.answer = answer
    do_film(workspace, job_id)
    assert server.answered == 1
    found = marks(workspace, job_id)
    assert found["cancelled"] == "done"
    assert found["refining_explanation"] == found["rendering_video"] == "skipped"
    assert workspace.film(QUESTION).path.is_file()
    assert server.answered == 4


def test_a_film_with_notes_is_completed_with_warnings(workspace, server):
    server.script(ANSWER, ANSWER, ANSWER, stopped("max_tokens"))
    job_id = workspace.jobs.submit_film(QUESTION)
    assert do_film(workspace, job_id) == "done"
    assert workspace.film_states(job_id)[-1].name == "completed_with_warnings"


def test_other_jobs_have_no_states_of_a_film(workspace):
    with pytest.raises(NotInLibrary):
        workspace.film_states(workspace.jobs.submit_index())


def test_the_states_of_notes_are_those_that_they_have(workspace):
    job_id = workspace.jobs.submit_film(FilmRequest(notes="# Pumps\n\nThey move.", voice="none"))
    assert list(marks(workspace, job_id)) == ["queued", "rendering_video", "completed"]


def test_the_stages_are_named_for_people_as_they_begin(workspace):
    told: list[str] = []
    workspace.film(QUESTION, progress=lambda done, total, stage: told.append(stage))
    assert list(dict.fromkeys(told))[:4] == [
        "writes the explanation", "refines the explanation", "writes the script",
        "checks the script",
    ]  # fmt: skip
