"""`jobs` and `queues`: what the worker does is listed, steered and watched."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.jobs.client import JobClient
from workbench.library.calls.holders import holder_name
from workbench.library.records import CallInFlight, Job, WorkerRecord
from workbench.library.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def job(store: Store) -> Job:
    """A job that failed."""
    made = Job(
        id="3f2a91", kind="analyse", title="Analyse talk.mp4", state="failed", created_at=NOW,
        finished_at=NOW, error="talk.mp4 is gone", hint="put it back",
        request=AnalysisRequest(assets=("talk.mp4",)).model_dump_json(),
    )  # fmt: skip
    store.put_job(made)
    return made


@pytest.fixture
def waiting(store: Store) -> str:
    """A job that waits."""
    return JobClient(store).submit_index()


def test_without_jobs_it_says_where_they_come_from(run):
    assert run("jobs").out.startswith("No jobs yet.")
    assert run("jobs", "--json").json == []


def test_jobs_are_listed_and_one_that_failed_ends_with_1(run, job, has_shape):
    done = run("jobs")
    assert done.code == 0
    assert done.out.splitlines()[0].split() == [
        "job", "state", "done", "left", "cost", "what", "now"
    ]  # fmt: skip
    assert "3f2a91  failed" in done.out
    assert "Analyse talk.mp4  talk.mp4 is gone" in done.out
    assert run("jobs", "3f2a91").code == 1
    has_shape(run("jobs", "--json").json, [{"id": str, "state": str, "created_at": str}])


def test_a_running_job_shows_how_far_it_is_what_is_left_and_what_it_cost(run, store, waiting):
    store.update_job(
        waiting, state="running", worker=holder_name(), done=7, total=13, left_s=95.2,
        cost_usd=Decimal("0.0412"), calls_paid=7, stage="asking about chunk 8",
    )  # fmt: skip
    row = run("jobs", waiting).out.splitlines()[1]
    assert "7/13" in row
    assert "≈ 1 min 35 s" in row
    assert "$0.0412" in row
    assert row.endswith("asking about chunk 8")


def test_the_newest_are_listed_and_the_rest_is_counted(run, store):
    client = JobClient(store)
    client.submit_analyses([AnalysisRequest(assets=(f"a{n}",)) for n in range(40)])
    lines = run("jobs").out.splitlines()
    assert len(lines) == 1 + 30 + 2
    assert lines[-1] == "In all: 40 waiting"
    assert len(run("jobs", "--limit", 100, "--state", "waiting", "--json").json) == 40
    assert run("jobs", "--state", "done", "--json").json == []


def test_stopping_a_job_says_what_was_paid_and_what_is_in_flight(run, store, waiting):
    store.update_job(waiting, state="running", cost_usd=Decimal("0.12"), calls_paid=3)
    call = CallInFlight(
        cache_key="k", model="lite", job_id=waiting, holder=holder_name(), started_at_s=0.0,
        silent_s=0.0, most_usd=None, call_id="c", asset_id="a", label="l", estimated_usd=None,
    )  # fmt: skip
    assert store.admit(call, cap_usd=None, is_alive=lambda _: True).verdict == "go"
    done = run("jobs", waiting, "--stop")
    assert done.code == 0
    assert "Make the search index anew: $0.1200 was paid for 3 calls." in done.out
    assert "1 call in flight finishes and is kept." in done.out


def test_stopping_a_job_that_has_ended_leaves_it(run, job):
    assert "failed" in run("jobs", "3f2a91", "--stop").out


def test_a_job_can_be_tried_again_and_stopped(run, job):
    again = run("jobs", "3f2a91", "--retry", "--json").json[0]
    assert (again["state"], again["title"]) == ("waiting", "Analyse talk.mp4")
    stopped = run("jobs", again["id"], "--stop").out
    assert "cancelled" in stopped
    assert "nothing was paid" in stopped


def test_several_jobs_are_paused_resumed_and_moved_at_once(run, store, waiting):
    other = JobClient(store).submit_sample()
    states = [each["state"] for each in run("jobs", waiting, other, "--pause", "--json").json]
    assert states == ["paused", "paused"]
    moved = run("jobs", waiting, other, "--priority", "urgent", "--json").json
    assert [each["priority"] for each in moved] == ["urgent", "urgent"]
    states = [each["state"] for each in run("jobs", waiting, other, "--resume", "--json").json]
    assert states == ["waiting", "waiting"]


def test_the_log_of_a_job_is_printed_oldest_first(run, store, waiting, has_shape):
    JobClient(store).pause(waiting)
    lines = run("jobs", waiting, "--log").out.splitlines()
    assert lines[0] == "Make the search index anew"
    assert "job.asked   kind index, priority normal" in lines[2]
    assert "job.paused" in lines[3]
    told = run("jobs", waiting, "--log", "--json").json
    has_shape(told, [{"job_id": str, "at": str, "event": str, "facts": dict}])


def test_watching_prints_a_line_for_every_change_and_ends_with_the_jobs(
    run, store, waiting, monkeypatch
):
    store.beat(WorkerRecord("there:1:1", "there", 1, NOW))
    steps = iter([
        {"state": "running", "worker": holder_name(), "total": 2, "stage": "first"},
        {"done": 1, "left_s": 19.0},
        {"left_s": 18.0},
        {"done": 2, "state": "done", "stage": ""},
    ])  # fmt: skip
    monkeypatch.setattr(
        "workbench.cli.processes.jobs.time.sleep",
        lambda _: store.update_job(waiting, **next(steps)),
    )
    lines = run("jobs", "--watch").out.splitlines()
    assert [line.split()[1] for line in lines] == ["waiting", "running", "running", "done"]
    assert "1/2  ≈ 19 s" in lines[2]


def test_waiting_without_a_worker_says_how_to_start_one(run, store, waiting, monkeypatch):
    def end_it(_: float) -> None:
        store.update_job(waiting, state="done")

    monkeypatch.setattr("workbench.jobs.client.time.sleep", end_it)
    done = run("jobs", waiting, "--wait")
    assert done.code == 0
    assert "workbench worker" in done.err
    assert "done" in done.out


def test_a_job_there_is_not_cannot_be_shown(run):
    done = run("jobs", "nothing")
    assert (done.code, done.problem) == (2, "no job 'nothing' is known")


@pytest.mark.parametrize("word", ["--stop", "--wait", "--log", "--retry"])
def test_what_is_done_with_a_job_needs_its_id(run, word):
    done = run("jobs", word)
    assert (done.code, done.problem) == (2, "name a job")


def test_queues_and_limits_are_shown_and_set(run, has_shape):
    assert "media " in run("queues").out
    assert run("queues", "media", "--at-once", 2).code == 0
    set_to = ["--requests", 60, "--tokens", 200000, "--at-once", 8]
    assert run("queues", "2_lite", *set_to).code == 0
    assert run("queues", "2_lite", "--requests", 0).code == 0
    told = run("queues", "--json").json
    has_shape(
        told,
        {
            "queues": [{"name": str, "what": str, "per_worker": int, "waiting": int}],
            "limits": [{"model": str, "at_once": int, "requests_per_minute": int}],
        },
    )
    assert {queue["name"]: queue["per_worker"] for queue in told["queues"]}["media"] == 2
    assert told["limits"][1] == {
        "model": "2_lite", "at_once": 8, "requests_per_minute": 0, "tokens_per_minute": 200000
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["media"], "a setting needs a name and a value"),
        (["--at-once", "2"], "a setting needs a name and a value"),
        (["media", "--tokens", "5"], "the queue media knows --at-once only"),
        (["media", "--at-once", "0"], "a worker cannot do 0 jobs at once"),
        (["lite", "--tokens", "-1"], "a limit cannot be negative"),
        (["fast", "--at-once", "1"], "there is no model 'fast'"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(run, words, problem):
    done = run("queues", *words)
    assert (done.code, done.problem) == (2, problem)
