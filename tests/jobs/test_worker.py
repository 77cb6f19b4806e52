"""Jobs survive their worker: killed, ended, stopped or faulty, nothing finished is done again."""

import contextlib
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.jobs.conftest import Worker
from workbench.analysis.request import AnalysisRequest
from workbench.errors import JobError
from workbench.jobs.client import JobClient
from workbench.jobs.processes.supervisor import (
    ensure_worker,
    is_worker_running,
    stop_services,
    worker_pids,
)
from workbench.jobs.processes.sweeper import take_back
from workbench.library.records import Job
from workbench.library.store import Store

CALLS = [f"lite {index}" for index in range(6)]

pytestmark = pytest.mark.slow


def analysis(model: str = "lite", engine: str = "nova") -> AnalysisRequest:
    return AnalysisRequest(assets=("a1",), model=model, engine=engine)


def events(client, job_id: str) -> list[str]:
    """What happened to a job, oldest first."""
    return [each.event for each in reversed(client.log(job_id))]


def test_after_kill_9_the_job_goes_on_and_repeats_at_most_the_call_in_flight(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: len(worker.paid()) >= 3)
    worker.kill()
    assert not is_worker_running(worker.data_dir)
    resting = client.job(job_id)
    assert (resting.state, resting.worker, resting.left_s) == ("waiting", "", None)
    assert resting.done in (2, 3)
    worker.start()
    job = client.wait(job_id, 40)
    assert job.state == "done", job.error
    assert (job.done, job.total, job.starts) == (6, 6, 0)
    assert job.result_ids == ("analysis_lite",)
    assert [failure.name for failure in job.failures] == ["other.mp4"]
    done = worker.paid()
    assert sorted(set(done)) == CALLS
    assert len(done) <= 7
    assert events(client, job_id) == [
        "job.asked", "job.started", "job.taken_over", "job.started", "job.done"
    ]  # fmt: skip
    assert worker.end() == 0
    assert client.workers() == []


def test_a_worker_that_is_told_to_end_rests_its_jobs_and_the_next_one_takes_them_up(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: client.job(job_id).done >= 2)
    assert worker.end() == 0
    resting = client.job(job_id)
    assert (resting.state, resting.stage) == ("waiting", "waits for the worker to start again")
    worker.start()
    assert client.wait(job_id, 40).state == "done"
    # The call in this process was let finish: none was made twice.
    assert worker.paid() == CALLS


def test_a_job_in_a_long_work_is_handed_over_when_the_worker_ends(worker, client, tmp_path):
    worker.start()
    job_id = client.submit_import([tmp_path / "long"])
    worker.until(lambda: client.job(job_id).state == "running")
    assert worker.end() == 0
    resting = client.job(job_id)
    assert (resting.state, resting.starts, resting.attempt) == ("waiting", 0, 1)
    assert client.workers() == []


def test_stopping_faults_and_refusals_end_a_job_with_a_reason_and_the_worker_goes_on(
    worker, client, tmp_path
):
    waiting = client.submit_import([tmp_path / "never"])
    assert client.cancel(waiting).state == "cancelled"
    worker.start()
    running = client.submit_analysis(analysis())
    worker.until(lambda: client.job(running).state == "running" and worker.paid())
    stopped_at = len(worker.paid())
    client.cancel(running)

    refused = client.wait(client.submit_import([tmp_path / "damaged"]), 30)
    assert (refused.state, refused.error, refused.hint) == (
        "failed",
        "damaged ends early",
        "copy it again",
    )
    faulty = client.wait(client.submit_import([tmp_path / "fault"]), 30)
    assert faulty.state == "failed"
    assert "ZeroDivisionError" in faulty.error
    assert "worker.log" in faulty.hint
    assert client.wait(client.submit_report("video_report", {"assets": ["a1"]}), 30).result_ids == (
        "r1",
    )

    time.sleep(1.0)
    assert client.job(running).state == "cancelled"
    calls = [line for line in worker.paid() if line.startswith("lite")]
    assert len(calls) <= stopped_at + 1
    assert not [line for line in worker.paid() if "never" in line]

    again = client.retry(running)
    assert client.wait(again, 30).state == "done"
    assert set(CALLS) <= set(worker.paid())

    lines = worker.said()
    assert not [line for line in lines if "Cancelled" in str(line)]
    (trace,) = [line["trace"] for line in lines if "trace" in line]
    assert "a fault of the program" in trace
    told = [line["event"] for line in lines if line.get("job") == again]
    assert told == ["job.started", "job.done"]


def test_a_paused_job_rests_and_goes_on_where_it_was(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: client.job(job_id).done >= 2)
    assert client.pause(job_id).state == "paused"
    time.sleep(1.2)
    rested_at = worker.paid()
    time.sleep(0.8)
    assert worker.paid() == rested_at
    assert client.job(job_id).state == "paused"
    assert client.resume(job_id).state == "waiting"
    assert client.wait(job_id, 30).state == "done"
    assert worker.paid() == CALLS


def test_pausing_and_resuming_at_once_does_no_call_twice(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: client.job(job_id).done >= 1)
    for _ in range(5):
        client.pause(job_id)
        client.resume(job_id)
    assert client.wait(job_id, 30).state == "done"
    assert worker.paid() == CALLS


def test_a_worker_that_lost_its_job_while_it_was_stopped_leaves_it_alone(worker, client, store):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: client.job(job_id).done >= 2)
    worker.stop()
    # As another worker of a team does after a minute of silence.
    taken = take_back(store, store.job(job_id))
    store.change_job(
        job_id, ("waiting",), of_attempt=taken.attempt, state="running", worker="other:1:1"
    )
    done = len(worker.paid())
    worker.go_on()
    time.sleep(2.0)
    job = store.job(job_id)
    assert (job.state, job.worker, job.done) == ("running", "other:1:1", taken.done)
    assert len(worker.paid()) <= done + 1


def test_a_worker_that_was_stopped_goes_on_with_the_job_it_still_has(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: client.job(job_id).done >= 2)
    worker.stop()
    time.sleep(1.5)
    assert client.job(job_id).state == "running"
    worker.go_on()
    assert client.wait(job_id, 30).state == "done"
    assert worker.paid() == CALLS


def test_a_job_that_takes_its_worker_down_again_and_again_is_given_up(
    worker, client, store, tmp_path
):
    job_id = client.submit_import([tmp_path / "deadly"])
    other = client.submit_index()
    store.update_job(job_id, starts=4)
    for _ in range(2):
        worker.start()
        worker.process.wait(timeout=30)
    job = client.wait(job_id, 30)
    assert (job.state, job.error) == ("failed", "the worker ended at this job 6 times")
    assert "memory" in job.hint
    worker.start()
    assert client.wait(other, 30).state == "done"
    assert len(worker.paid()) == 2


def test_a_job_that_is_in_no_queue_is_found_and_done(worker, client, store):
    now = datetime.now(UTC)
    store.put_job(Job("old", "index", "of a version without queues", "waiting", now, request="{}"))
    store.put_job(Job("lost", "index", "of a worker nobody knows", "running", now, request="{}"))
    worker.start()
    assert client.wait("old", 30).state == "done"
    assert client.wait("lost", 30).state == "done"


def test_urgent_jobs_come_first_and_low_ones_last(worker, client):
    client.set_queue("reports", 1)
    ids = {
        (title, priority): client.submit_report("notes", {"title": title}, priority)
        for title, priority in (
            ("first", "low"), ("second", "normal"), ("third", "urgent"), ("fourth", "low"),
        )
    }  # fmt: skip
    client.set_priority(ids["fourth", "low"], "urgent")
    worker.start()
    for job_id in ids.values():
        client.wait(job_id, 30)
    assert worker.paid() == ["report third", "report fourth", "report second", "report first"]


def test_a_queue_does_as_many_at_once_as_it_is_told_while_it_works(worker, client):
    client.set_queue("analysis_service", 1)
    worker.start()
    first, second = client.submit_analyses([analysis("lite"), analysis("pro")])
    worker.until(lambda: client.job(first).done >= 1)
    assert client.job(second).state == "waiting"
    client.set_queue("analysis_service", 2)
    worker.until(lambda: client.job(second).state == "running")
    assert client.job(first).state == "running"


def test_a_worker_ends_when_its_data_folder_is_gone(worker, client, store, data_dir):
    worker.start()
    client.wait(client.submit_index(), 30)
    store.close()
    shutil.rmtree(data_dir)
    worker.process.wait(timeout=30)
    assert not data_dir.exists()


def test_one_worker_a_folder_however_often_it_is_started(data_dir, project):
    program = project / "tests" / "jobs" / "worker_program.py"
    command = [sys.executable, str(program), str(data_dir)]
    with ThreadPoolExecutor(3) as pool:
        started = list(pool.map(lambda _: ensure_worker(command, data_dir), range(3)))
    assert sorted(started) == [False, False, True]
    pids = worker_pids(data_dir)
    second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert second.returncode != 0
    assert "another worker" in second.stderr
    assert worker_pids(data_dir) == pids
    stop_services(data_dir)
    assert not is_worker_running(data_dir)


def test_of_two_workers_of_a_team_the_other_goes_on_where_one_was_killed(data_dir, postgres_url):
    workers = [Worker(data_dir, postgres_url) for _ in range(2)]
    with Store.open(postgres_url) as store, contextlib.ExitStack() as ending:
        client = JobClient(store)
        for each in workers:
            each.start()
            ending.callback(each.kill)
        assert len(worker_pids(data_dir)) == 2
        ids = client.submit_analyses([analysis(f"m{number}") for number in range(8)])
        workers[0].until(lambda: len({job.worker for job in client.jobs("running")}) == 2)
        workers[0].kill()
        for job_id in ids:
            assert client.wait(job_id, 60).state == "done"
        paid = workers[0].paid()
        assert set(paid) == {f"m{model} {call}" for model in range(8) for call in range(6)}
        # What the killed one had in its hands was made again, and nothing else.
        assert len(paid) - len(set(paid)) <= 3
        taken = [job_id for job_id in ids if "job.taken_over" in events(client, job_id)]
        assert 1 <= len(taken) <= 3
        assert len(client.workers()) == 1


def test_a_worker_that_cannot_start_says_why(data_dir):
    with pytest.raises(JobError, match="no good") as caught:
        ensure_worker([sys.executable, "-c", "raise SystemExit('no good')"], data_dir)
    assert "worker.log" in caught.value.hint
    with pytest.raises(JobError, match="cannot be started"):
        ensure_worker([str(data_dir / "nothing")], data_dir)


def test_a_queue_file_that_is_no_database_stops_the_worker_with_a_clear_error(worker, data_dir):
    text = "not a database at all, but long enough to be read as one" * 20
    (data_dir / "jobs.db").write_text(text)
    done = subprocess.run(worker.words, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "LibraryDamaged" in done.stderr
    assert "jobs.db is damaged" in done.stderr
