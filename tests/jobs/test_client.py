"""What is asked for is kept once, found again, steered and listed, without a worker or a queue."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure
from workbench.backends.usage import Usage
from workbench.errors import JobError, NotInLibrary, RequestError
from workbench.jobs.client import JobClient
from workbench.library.calls.holders import holder_name
from workbench.library.records import Job, LedgerEntry, WorkerRecord
from workbench.library.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ASK = """
import sys
from workbench.analysis.request import AnalysisRequest
from workbench.jobs.client import JobClient
from workbench.library.store import Store
with Store.open(sys.argv[1]) as store:
    sys.stdin.readline()
    for number in range(40):
        request = AnalysisRequest(assets=("a1",), instructions=str(number))
        print(JobClient(store).submit_analysis(request))
"""


def analysis(*assets: str, **more: object) -> AnalysisRequest:
    return AnalysisRequest(assets=assets or ("a1",), **more)


def end(store, job_id: str, **changes: object) -> Job:
    return store.update_job(job_id, state="done", finished_at=NOW, **changes)


def test_asking_twice_gives_the_same_job_until_it_has_ended(client):
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: client.submit_analysis(analysis()), range(8)))
    assert len(ids) == 1
    other = client.submit_analysis(analysis(model="pro"))
    assert other not in ids
    client.cancel(other)
    assert client.submit_analysis(analysis(model="pro")) != other


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_two_processes_that_ask_for_the_same_at_once_get_the_same_jobs(database, request, data_dir):
    catalog = str(data_dir / "app.db")
    if database == "postgres":
        catalog = request.getfixturevalue("postgres_url")
    with Store.open(catalog) as store:
        words = [sys.executable, "-c", ASK, catalog]
        asking = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in asking:
            process.stdin.write("\n")
            process.stdin.flush()
        first, second = (process.communicate(timeout=60)[0].split() for process in asking)
        assert first == second
        assert len(set(first)) == 40
        assert JobClient(store).counts() == {"waiting": 40}


def test_many_are_asked_for_at_once_in_their_order_and_each_once(client):
    requests = [analysis(instructions=str(number % 1500)) for number in range(2000)]
    ids = client.submit_analyses(requests)
    assert len(ids) == 2000
    assert len(set(ids)) == 1500
    assert ids[:500] == ids[1500:]
    assert client.counts() == {"waiting": 1500}
    newest = client.page(limit=10)
    assert [job.id for job in newest] == ids[:1500][:-11:-1]
    assert [job.id for job in client.page(("waiting",), 5, 1495)] == ids[4::-1]
    assert client.page(("failed",)) == []
    assert len(client.active(limit=20)) == 20
    assert client.log(ids[0])[0].event == "job.asked"


def test_a_job_is_listed_by_state_and_the_ones_that_run_come_first(client, store):
    first, second = client.submit_index(), client.submit_sample()
    store.update_job(first, state="running", worker=holder_name())
    assert [job.id for job in client.active()] == [first, second]
    assert [job.id for job in client.active(limit=1)] == [first]
    assert [job.id for job in client.jobs("waiting")] == [second]
    assert [job.id for job in client.jobs()] == [second, first]
    waiting = {queue.name: (queue.waiting, queue.running) for queue in client.queues()}
    assert waiting["media"] == (1, 1)
    assert waiting["reports"] == (0, 0)


def test_asking_again_more_urgently_moves_the_job_forward(client):
    job_id = client.submit_analysis(analysis(), "low")
    assert client.submit_analysis(analysis(), "urgent") == job_id
    assert client.job(job_id).priority == "urgent"
    assert client.submit_analysis(analysis(), "low") == job_id
    assert client.job(job_id).priority == "urgent"


def test_asking_again_for_a_paused_job_lets_it_go_on(client):
    job_id = client.submit_index()
    client.pause(job_id)
    assert client.submit_index() == job_id
    assert client.job(job_id).state == "waiting"


def test_a_priority_is_changed_whatever_the_job_does(client, store):
    job_id = client.submit_index()
    before = client.job(job_id)
    moved = client.set_priority(job_id, "low")
    # Another attempt: its place in the queue is a new one.
    assert (moved.priority, moved.attempt) == ("low", before.attempt + 1)
    store.update_job(job_id, state="running", worker=holder_name())
    moved = client.set_priority(job_id, "urgent")
    assert (moved.state, moved.priority, moved.attempt) == ("running", "urgent", 1)
    end(store, job_id)
    assert client.set_priority(job_id, "low").priority == "urgent"


def test_pausing_and_resuming_say_what_cannot_be(client, store):
    job_id = client.submit_index()
    assert client.resume(job_id).state == "waiting"
    assert client.pause(job_id).state == client.pause(job_id).state == "paused"
    assert [event.event for event in client.log(job_id)] == ["job.paused", "job.asked"]
    end(store, job_id)
    with pytest.raises(JobError, match="is done"):
        client.pause(job_id)
    with pytest.raises(JobError, match="is done"):
        client.resume(job_id)
    with pytest.raises(NotInLibrary):
        client.pause("nothing")


def test_stopping_a_job_says_what_was_paid_for_it(client, store):
    job_id = client.submit_analysis(analysis(engine="nova"))
    store.record_call(
        LedgerEntry(
            at=NOW, analysis_id="", asset_id="a1", call_id="c", cache_key="k", engine="nova",
            model="lite", model_id="m", was_kept=False, estimated_usd=None,
            cost_usd=Decimal("0.04"), usage=Usage(), job_id=job_id,
        )
    )  # fmt: skip
    stopped = client.cancel(job_id)
    assert (stopped.state, stopped.cost_usd, stopped.calls_paid) == (
        "cancelled", Decimal("0.04"), 1
    )  # fmt: skip
    last = client.log(job_id)[0]
    assert (last.event, last.facts) == ("job.cancelled", {"paid_usd": 0.04, "calls": 1})
    assert client.cancel(job_id) == stopped


def test_only_what_failed_of_a_batch_is_tried_again(client, store):
    job_id = client.submit_proxies(["a1", "a2", "a3"], "nova", "urgent")
    end(store, job_id, failures=(Failure("a2", "it ends early"),))
    again = client.job(client.retry(job_id))
    assert (again.asset_ids, again.title) == (("a2",), "Make nova proxies of a2")
    assert again.priority == "urgent"
    assert '"nova"' in again.request

    job_id = client.submit_analysis(analysis("/films/a.mp4", "b", "c", model="pro"))
    end(store, job_id, failures=(Failure("a.mp4", "gone"), Failure("c", "no answer")))
    again = client.job(client.retry(job_id))
    request = AnalysisRequest.model_validate_json(again.request)
    assert (request.assets, request.model) == (("/films/a.mp4", "c"), "pro")
    assert again.title == "Analyse 2 files"


def test_where_it_is_unclear_what_failed_all_of_it_is_tried_again(client, store):
    job_id = client.submit_analysis(analysis("/films"))
    end(store, job_id, failures=(Failure("inside.mp4", "gone"),))
    again = client.job(client.retry(job_id))
    assert AnalysisRequest.model_validate_json(again.request).assets == ("/films",)
    with pytest.raises(JobError, match="still waiting"):
        client.retry(again.id)


def test_a_running_job_whose_worker_has_died_waits_again_when_it_is_looked_at(client, store):
    job_id = client.submit_index()
    store.update_job(job_id, state="running", worker=holder_name())
    assert client.job(job_id).state == "running"
    host, pid, _ = holder_name().rsplit(":", 2)
    store.update_job(job_id, worker=f"{host}:{pid}:1")
    found = client.job(job_id)
    assert (found.state, found.worker, found.attempt) == ("waiting", "", 1)


def test_waiting_for_a_job_without_a_worker_ends_with_what_to_do(client):
    with pytest.raises(JobError) as caught:
        client.wait(client.submit_sample(), timeout_s=0.3)
    assert "doctor" in caught.value.hint


def test_the_client_needs_no_queue_and_makes_none(client, data_dir):
    assert client.jobs() == []
    client.submit_index()
    assert not (data_dir / "jobs.db").exists()


def test_a_queue_setting_is_kept_and_a_wrong_one_refused(client):
    client.set_queue("media", 2)
    assert {queue.name: queue.per_worker for queue in client.queues()} == {
        "media": 2, "analysis_local": 1, "analysis_service": 3, "reports": 2, "films": 1,
    }  # fmt: skip
    with pytest.raises(RequestError, match="no queue 'fast'"):
        client.set_queue("fast", 1)
    with pytest.raises(RequestError, match="0 jobs at once"):
        client.set_queue("media", 0)


def test_workers_are_listed_while_they_live(client, store):
    host, pid, started = holder_name().rsplit(":", 2)
    for name in (holder_name(), "there:1:1", f"{host}:{pid}:{int(started) + 1}"):
        store.beat(WorkerRecord(name, name.partition(":")[0], 1, NOW))
    assert {worker.name for worker in client.workers()} == {holder_name(), "there:1:1"}
    store.forget_worker("there:1:1")
    (worker,) = client.workers()
    assert replace(worker, silent_s=0.0) == WorkerRecord(holder_name(), host, 1, NOW)


def test_nothing_to_do_is_no_job(client):
    with pytest.raises(RequestError, match="nothing to import"):
        client.submit_import([])
    with pytest.raises(RequestError, match="no files"):
        client.submit_proxies([])
    with pytest.raises(RequestError, match="cannot carry a set"):
        client.submit_report("notes", {"title": {1, 2}})
