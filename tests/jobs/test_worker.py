"""Jobs survive their worker: killed, ended or faulty, nothing finished is done or paid again."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.errors import JobError
from workbench.jobs.supervisor import ensure_worker, is_worker_running, stop_services, worker_pid
from workbench.library.records import Job


def analysis(model: str = "lite", engine: str = "nova") -> AnalysisRequest:
    return AnalysisRequest(assets=("a1",), model=model, engine=engine)


@pytest.mark.slow
def test_after_kill_9_the_job_goes_on_and_repeats_only_the_call_in_flight(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: len(worker.paid()) >= 3)
    worker.kill()
    assert not client.job(job_id).is_finished
    assert not is_worker_running(worker.data_dir)
    worker.start()
    job = client.wait(job_id, 40)
    assert job.state == "done", job.error
    assert job.result_ids == ("analysis_lite",)
    assert job.cost_usd == 0
    assert [failure.name for failure in job.failures] == ["other.mp4"]
    paid = worker.paid()
    assert sorted(set(paid)) == [f"lite {index}" for index in range(6)]
    assert len(paid) <= 7
    assert worker.end() == 0


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_rests_its_jobs_and_the_next_one_takes_them_up(worker, client):
    worker.start()
    job_id = client.submit_analysis(analysis())
    worker.until(lambda: len(worker.paid()) >= 2)
    assert worker.end() == 0
    resting = client.job(job_id)
    assert (resting.state, resting.stage) == ("waiting", "waits for the worker to start again")
    worker.start()
    assert client.wait(job_id, 40).state == "done"
    # The call in flight was let finish: none is paid twice.
    assert worker.paid() == [f"lite {index}" for index in range(6)]


@pytest.mark.slow
def test_stopping_faults_and_refusals_end_a_job_with_a_reason_and_the_worker_goes_on(
    worker, client, tmp_path
):
    waiting = client.submit_import([tmp_path / "never"])
    assert client.cancel(waiting).state == "cancelled"
    worker.start()
    running = client.submit_analysis(analysis())
    worker.until(lambda: len(worker.paid()) >= 1)
    assert client.job(running).state == "running"
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
    log = worker.log.read_text()
    assert "Cancelled" not in log
    assert "a fault of the program" in log

    again = client.retry(running)
    assert client.wait(again, 30).state == "done"
    assert len(set(worker.paid()) & {f"lite {index}" for index in range(6)}) == 6


def test_asking_twice_gives_the_same_job_until_it_has_ended(client):
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: client.submit_analysis(analysis()), range(8)))
    assert len(ids) == 1
    other = client.submit_analysis(analysis("pro"))
    assert other not in ids
    client.cancel(other)
    assert client.submit_analysis(analysis("pro")) != other


def test_a_job_that_waits_cannot_be_tried_again(client):
    job_id = client.submit_sample()
    with pytest.raises(JobError, match="still waiting"):
        client.retry(job_id)


def test_waiting_for_a_job_without_a_worker_ends_with_what_to_do(client):
    with pytest.raises(JobError) as caught:
        client.wait(client.submit_sample(), timeout_s=0.3)
    assert "doctor" in caught.value.hint


def test_a_job_in_no_queue_is_failed_and_not_left_running_for_ever(client, store):
    from datetime import UTC, datetime, timedelta

    client.submit_sample()
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    store.put_job(Job("lost", "index", "x", "running", long_ago))
    assert client.job("lost").state == "failed"


def test_jobs_are_listed_without_a_queue_ever_made(client, data_dir):
    assert client.jobs() == []
    assert not (data_dir / "jobs.db").exists()


def test_a_queue_file_that_is_no_database_is_a_clear_error(client, data_dir):
    from workbench.errors import LibraryDamaged

    (data_dir / "jobs.db").write_text(
        "not a database at all, but long enough to be read as one" * 20
    )
    with pytest.raises(LibraryDamaged, match=r"jobs\.db"):
        client.submit_sample()


@pytest.mark.slow
def test_one_worker_a_folder_however_often_it_is_started(data_dir, project):
    program = project / "tests" / "jobs" / "worker_program.py"
    command = [sys.executable, str(program), str(data_dir)]
    with ThreadPoolExecutor(3) as pool:
        started = list(pool.map(lambda _: ensure_worker(command, data_dir), range(3)))
    assert sorted(started) == [False, False, True]
    pid = worker_pid(data_dir)
    second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert second.returncode != 0
    assert "another worker" in second.stderr
    assert worker_pid(data_dir) == pid
    stop_services(data_dir)
    assert not is_worker_running(data_dir)


def test_a_worker_that_cannot_start_says_why(data_dir):
    with pytest.raises(JobError, match="no good") as caught:
        ensure_worker([sys.executable, "-c", "raise SystemExit('no good')"], data_dir)
    assert "worker.log" in caught.value.hint
    with pytest.raises(JobError, match="cannot be started"):
        ensure_worker([str(data_dir / "nothing")], data_dir)
