"""The states of a film are read from the log, and nothing is made up."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from workbench.explain.asking.states import EVENT, WORDS, FilmState, StageLog, names_of, states_of
from workbench.explain.request import FilmRequest

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUESTION = FilmRequest(question="How does a seal fail?")
FIRST, SECOND = "generating_initial_explanation", "refining_explanation"


@dataclass(frozen=True)
class Line:
    facts: dict[str, Any]
    at: datetime = NOON
    event: str = EVENT


@dataclass(frozen=True)
class Job:
    state: str = "running"
    created_at: datetime = NOON
    started_at: datetime | None = NOON + timedelta(seconds=4)


@dataclass
class Heard:
    lines: list[Line] = field(default_factory=list)

    def tell(self, event: str, **facts: Any) -> None:
        self.lines.append(Line(facts, event=event))


def read(job: Job, *lines: Line, paid: dict[str, Any] | None = None) -> dict[str, FilmState]:
    found = states_of(job, QUESTION, lines, paid or {}, now=NOON + timedelta(seconds=10))
    return {state.name: state for state in found}


def test_the_names_are_those_of_the_requirement():
    assert names_of(QUESTION) == (
        "queued", "generating_initial_explanation", "refining_explanation", "generating_script",
        "validating_script", "synthesizing_narration", "rendering_video",
    )  # fmt: skip
    assert set(names_of(QUESTION)) < set(WORDS)


def test_what_runs_has_its_seconds_until_now():
    found = read(Job(), Line({"stage": FIRST, "state": "running"}))
    assert found[FIRST] == FilmState(FIRST, "running", 10.0)
    assert found[SECOND] == FilmState(SECOND, "waiting")
    assert found["queued"] == FilmState("queued", "done", 4.0)
    assert found["completed"].state == "waiting"


def test_what_is_done_has_what_it_took_and_what_was_paid():
    lines = [
        Line({"stage": FIRST, "state": "running"}),
        Line({"stage": FIRST, "state": "done", "s": 2.5}),
        Line({"stage": SECOND, "state": "done", "s": 0.0, "kept": True}),
    ]
    found = read(Job(), *lines, paid={"explain": Decimal("0.01")})
    assert found[FIRST] == FilmState(FIRST, "done", 2.5, Decimal("0.01"))
    assert found[SECOND] == FilmState(SECOND, "done", 0.0, None, is_kept=True)


@pytest.mark.parametrize(
    ("job_state", "mark"),
    [("waiting", "waiting"), ("paused", "waiting"), ("failed", "failed"), ("cancelled", "skipped")],
)
def test_a_stage_whose_worker_was_killed_is_not_said_to_run(job_state: str, mark: str):
    found = read(Job(job_state), Line({"stage": FIRST, "state": "running"}))
    assert found[FIRST].state == mark


@pytest.mark.parametrize("job_state", ["done", "failed", "cancelled"])
def test_a_job_that_has_ended_waits_for_nothing(job_state: str):
    assert "waiting" not in {state.state for state in read(Job(job_state)).values()}


def test_a_job_that_waits_is_queued_since_it_was_asked():
    found = read(Job("waiting", started_at=None))
    assert found["queued"] == FilmState("queued", "running", 10.0)


def test_lines_of_others_are_left_alone():
    lines = [
        Line({"stage": "nowhere", "state": "running"}),
        Line({"stage": FIRST}, event="call.sent"),
    ]
    assert read(Job(), *lines)[FIRST].state == "waiting"


def test_a_log_has_an_end_for_each_stage_however_it_ends():
    heard = Heard()
    with StageLog(heard.tell) as stages:
        stages.skip(FIRST)
        stages.enter(SECOND)
        stages.kept()
        stages.enter("rendering_video")
        stages.enter("rendering_video")
    told = [
        (line.facts["stage"], line.facts["state"], "kept" in line.facts) for line in heard.lines
    ]
    assert told == [
        (FIRST, "skipped", False), (SECOND, "running", False), (SECOND, "done", True),
        ("rendering_video", "running", False), ("rendering_video", "done", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "state"), [(ValueError, "failed"), (KeyboardInterrupt, "stopped")]
)
def test_a_stage_that_raises_has_failed_and_one_that_is_left_was_stopped(error, state: str):
    def work(stages: StageLog) -> None:
        with stages:
            stages.enter(FIRST)
            raise error

    heard = Heard()
    with pytest.raises(error):
        work(StageLog(heard.tell))
    assert heard.lines[-1].facts["state"] == state
