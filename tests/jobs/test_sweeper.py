"""A job whose worker has died goes back to waiting, and only its newest attempt may write to it."""

from datetime import UTC, datetime

import pytest

from workbench.jobs.processes.sweeper import give_back, judge, put_off, sweep, take_back
from workbench.library.calls.holders import holder_name
from workbench.library.records import WorkerRecord

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ME = holder_name()
HOST = ME.rsplit(":", 2)[0]


def record(name: str, silent_s: float = 0.0) -> dict[str, WorkerRecord]:
    host, pid, _ = name.rsplit(":", 2)
    return {name: WorkerRecord(name, host, int(pid), NOW, silent_s)}


def is_dead(name: str, workers: dict[str, WorkerRecord], **how: bool) -> bool:
    how = {"is_sole": False, "trusts_silence": True, **how}
    return judge(workers, "me:1:1", **how)(name)


def test_a_worker_elsewhere_is_dead_after_a_minute_of_silence():
    assert not is_dead("there:1:1", record("there:1:1", 59.0))
    assert is_dead("there:1:1", record("there:1:1", 61.0))


def test_a_worker_on_this_machine_is_dead_when_its_process_is_or_it_was_silent():
    assert not is_dead(ME, record(ME, 59.0))
    assert is_dead(ME, record(ME, 61.0))
    assert is_dead(f"{HOST}:1:0", record(f"{HOST}:1:0"))


def test_a_worker_that_slept_itself_judges_nobody_by_silence():
    assert not is_dead("there:1:1", record("there:1:1", 4000.0), trusts_silence=False)
    assert is_dead(f"{HOST}:1:0", record(f"{HOST}:1:0", 4000.0), trusts_silence=False)


def test_a_worker_that_nobody_knows_is_dead_and_i_am_not():
    assert is_dead("there:1:1", {})
    assert is_dead("", {})
    assert not is_dead("me:1:1", {})


def test_where_a_lock_lets_in_one_worker_every_other_is_dead():
    assert is_dead(ME, record(ME), is_sole=True)


@pytest.fixture
def running(client, store):
    """A job that another worker does."""
    job_id = client.submit_index()
    return store.change_job(
        job_id, ("waiting",), state="running", worker="there:1:1", starts=1, done=3, left_s=9.0
    )


def test_a_sweep_takes_back_what_a_dead_worker_did(store, client, running):
    assert sweep(store, "me:1:1", dict, lambda _: False) == []
    assert sweep(store, "me:1:1", dict, lambda _: True) == [(running.id, 0)]
    job = store.job(running.id)
    assert (job.state, job.attempt, job.worker, job.done) == ("waiting", 1, "", 3)
    assert client.log(job.id)[0].event == "job.taken_over"
    assert client.log(job.id)[0].facts == {"worker": "there:1:1", "starts": 1}


def test_a_sweep_takes_back_what_this_worker_has_lost_without_a_word(store, running):
    store.update_job(running.id, worker="me:1:1")
    assert sweep(store, "me:1:1", lambda: {running.id: 0}, lambda _: False) == []
    assert sweep(store, "me:1:1", dict, lambda _: False) == [(running.id, 0)]


def test_an_old_attempt_changes_nothing_any_more(store, running):
    taken = take_back(store, running)
    assert taken.attempt == 1
    assert store.change_job(running.id, ("running", "waiting"), of_attempt=0, done=5) is None
    assert give_back(store, running, "late") is None
    assert take_back(store, running) is None
    assert store.job(running.id) == taken


def test_a_job_that_was_begun_six_times_in_vain_is_given_up(store, client, running):
    job = store.update_job(running.id, starts=6)
    failed = take_back(store, job)
    assert (failed.state, failed.error) == ("failed", "the worker ended at this job 6 times")
    assert failed.finished_at is not None
    assert client.log(job.id)[0].event == "job.failed"
    # The same may be asked for again.
    assert client.submit_index() != job.id


def test_a_job_that_the_queue_lost_waits_as_another_attempt(store, client):
    job = client.job(client.submit_index())
    put = put_off(store, job, in_vain=False)
    assert (put.state, put.attempt, put.starts) == ("waiting", 1, 0)
    assert put_off(store, job, in_vain=True) is None
    for _ in range(5):
        put = put_off(store, put, in_vain=True)
    assert (put.state, put.starts) == ("waiting", 5)
    assert put_off(store, put, in_vain=True).state == "failed"
