"""A job's progress is written when a unit is finished, and a wish to stop is heard."""

from pathlib import Path

import pytest

from tests.jobs.worker_program import order_for
from workbench.analysis.request import AnalysisRequest
from workbench.backends.order import CallOutcome
from workbench.errors import LibraryBusy, LibraryGone
from workbench.jobs.performing import perform
from workbench.jobs.processes.sweeper import take_back
from workbench.jobs.telling import Crew, JobTools, Stopped, Telling
from workbench.library.calls.holders import holder_name


class Away:
    """A store whose database is away for its next writes."""

    def __init__(self, store, times: int) -> None:
        self.store = store
        self.times = times

    def __getattr__(self, name: str):
        return getattr(self.store, name)

    def change_job(self, *words, **changes):
        if self.times:
            self.times -= 1
            raise LibraryGone("the database cannot be reached")
        return self.store.change_job(*words, **changes)


class Operations:
    """Operations that do what a test says."""

    def __init__(self, work=None) -> None:
        self.work = work
        self.calls: list[str] = []

    def call(self, order, *, job_id, check):
        check()
        self.calls.append(order.key)
        return CallOutcome(was_paid=False, cost_usd=None)

    def rebuild_index(self, *, progress):
        return self.work(progress)


@pytest.fixture
def begun(client, store):
    """A job that this process does."""
    job_id = client.submit_analysis(AnalysisRequest(assets=("a1",), engine="nova"))
    return store.change_job(
        job_id, ("waiting",), state="running", worker=holder_name(), starts=2, done=3, total=10
    )


@pytest.fixture
def tools(store, data_dir, monkeypatch):
    monkeypatch.setattr("workbench.jobs.telling.TRY_AGAIN_S", 0.01)
    return JobTools(store, Operations(), data_dir, Crew())


def with_store(tools: JobTools, store) -> JobTools:
    return JobTools(store, tools.operations, Path(), tools.crew)


def test_every_finished_unit_is_written_at_once_and_words_less_often(tools, store, begun):
    tell = Telling(begun, tools)
    tell(4, 10, "first")
    assert (store.job(begun.id).done, store.job(begun.id).stage) == (4, "first")
    tell(4, 10, "only words")
    assert store.job(begun.id).stage == "first"
    for done in range(5, 9):
        tell(done, 10, "more")
        assert store.job(begun.id).done == done


def test_what_was_finished_before_is_shown_while_it_is_counted_again(tools, store, begun):
    tell = Telling(begun, tools)
    for done in range(4):
        tell(done, 10, "counting")
        assert (store.job(begun.id).done, store.job(begun.id).starts) == (3, 2)
    tell(4, 10, "further")
    assert (store.job(begun.id).done, store.job(begun.id).starts) == (4, 0)


@pytest.mark.parametrize("steer", ["cancel", "pause"])
def test_a_job_stops_at_its_next_word_or_call(tools, store, client, begun, steer):
    tell = Telling(begun, tools)
    tell(4, 10, "first")
    getattr(client, steer)(begun.id)
    with pytest.raises(Stopped):
        tell(5, 10, "second")
    with pytest.raises(Stopped):
        Telling(begun, tools).execute(order_for("k", "a1"))
    assert store.job(begun.id).done == 4
    assert tools.operations.calls == []


def test_a_job_that_another_worker_has_taken_stops(tools, store, begun):
    tell = Telling(begun, tools)
    take_back(store, begun)
    with pytest.raises(Stopped):
        tell(5, 10, "second")
    assert store.job(begun.id).state == "waiting"


def test_a_job_stops_when_its_worker_ends(tools, begun):
    tell = Telling(begun, tools)
    tools.crew.end(0.0)
    with pytest.raises(Stopped):
        tell.check()
    with pytest.raises(Stopped):
        tell(5, 10, "second")


def test_a_local_call_is_made_here(tools, begun):
    assert not Telling(begun, tools).execute(order_for("k", "a1")).was_paid
    assert tools.operations.calls == ["k"]


def test_a_database_that_is_away_for_a_moment_loses_no_progress(tools, store, begun):
    tell = Telling(begun, with_store(tools, Away(store, 2)))
    tell(5, 10, "second")
    assert store.job(begun.id).done == 5


def test_a_job_rests_while_its_database_stays_away_and_is_not_failed(tools, store, client):
    job_id = client.submit_index()
    away = Away(store, 0)

    def work(progress):
        away.times = 3
        progress(1, 2, "first")

    tools.operations.work = work
    assert perform(job_id, 0, with_store(tools, away)) == "waiting"
    job = store.job(job_id)
    assert (job.state, job.attempt, job.starts) == ("waiting", 1, 0)
    assert job.stage == "waits for the database"


def test_a_catalog_that_went_away_in_the_work_is_no_failure_of_the_job(tools, store, client):
    job_id = client.submit_index()

    def work(progress):
        raise LibraryGone("the database cannot be reached")

    tools.operations.work = work
    assert perform(job_id, 0, tools) == "waiting"
    # An index that another program holds is one.
    tools.operations.work = lambda _: (_ for _ in ()).throw(LibraryBusy("it is held"))
    assert perform(job_id, 1, tools) == "failed"
    assert store.job(job_id).error == "it is held"


def test_an_attempt_that_is_not_the_newest_does_nothing(tools, client, store):
    job_id = client.submit_index()
    client.set_priority(job_id, "low")
    assert perform(job_id, 0, tools) == "superseded"
    assert store.job(job_id).state == "waiting"
    client.pause(job_id)
    assert perform(job_id, 1, tools) == "superseded"


def test_a_job_that_was_paused_in_its_last_moment_is_done(tools, client):
    job_id = client.submit_index()
    tools.operations.work = lambda _: client.pause(job_id)
    assert perform(job_id, 0, tools) == "done"


def test_a_job_that_was_cancelled_in_its_last_moment_stays_so(tools, client):
    job_id = client.submit_index()
    tools.operations.work = lambda _: client.cancel(job_id)
    assert perform(job_id, 0, tools) == "cancelled"
    assert client.job(job_id).state == "cancelled"


def test_an_attempt_begins_when_the_one_before_has_found_its_end(monkeypatch):
    monkeypatch.setattr("workbench.jobs.telling.STILL_S", 0.05)
    crew = Crew()
    assert crew.enter("j", 0)
    assert not crew.enter("j", 1)
    assert crew.enter("k", 0)
    crew.leave("j")
    assert crew.enter("j", 1)
    assert crew.jobs == {"j": 1, "k": 0}
    assert not crew.end(0.0)
    assert not crew.enter("l", 0)
