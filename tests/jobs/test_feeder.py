"""The queue holds the jobs that are next, in their order, and nothing that does not wait."""

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.jobs.database import open_client
from workbench.jobs.processes.feeder import WINDOW, Feeder
from workbench.jobs.workflows import workflow_id


@pytest.fixture
def queue(data_dir):
    opened = open_client(data_dir, "")
    yield opened
    engine = opened._sys_db.engine
    opened.destroy()
    engine.dispose()


@pytest.fixture
def feeder(store, queue):
    made = Feeder(store, queue)
    made.set_up()
    return made


def queued(queue, name: str = "analysis_local") -> list[str]:
    """What is in a queue, in the order in which it will be started."""
    found = queue.list_workflows(queue_name=name, status="ENQUEUED")
    return [w.workflow_id for w in sorted(found, key=lambda w: (w.priority, w.created_at))]


def analyses(client, count: int, priority="normal", start: int = 0) -> list[str]:
    return client.submit_analyses(
        [AnalysisRequest(assets=(f"a{start + number}",)) for number in range(count)], priority
    )


def names(ids: list[str], attempt: int = 0) -> list[str]:
    return [workflow_id(each, attempt) for each in ids]


def test_a_job_is_put_into_its_queue_once(client, feeder, queue):
    ids = analyses(client, 3)
    report = client.submit_report("notes", {})
    for _ in range(3):
        feeder.feed()
    assert sorted(queued(queue)) == sorted(names(ids))
    assert queued(queue, "reports") == names([report])


def test_two_workers_that_feed_the_same_queue_put_a_job_in_once(client, store, feeder, queue):
    ids = analyses(client, 3)
    feeder.feed()
    Feeder(store, queue).feed()
    assert sorted(queued(queue)) == sorted(names(ids))


def test_the_queue_knows_a_window_and_an_urgent_job_gets_in_first(client, feeder, queue):
    analyses(client, WINDOW + 50)
    feeder.feed()
    assert len(queued(queue)) == WINDOW
    (urgent,) = analyses(client, 1, "urgent", start=1000)
    feeder.feed()
    assert queued(queue)[0] == workflow_id(urgent, 0)
    # The one it pushed out of the window still waits, and stays where it is.
    assert len(queued(queue)) == WINDOW + 1


def test_what_does_not_wait_any_more_leaves_the_queue(client, feeder, queue):
    stopped, paused, moved, stays = analyses(client, 4)
    feeder.feed()
    client.cancel(stopped)
    client.pause(paused)
    client.set_priority(moved, "urgent")
    feeder.feed()
    assert queued(queue) == [workflow_id(moved, 1), workflow_id(stays, 0)]


def test_a_job_whose_place_in_the_queue_was_lost_gets_another(client, feeder, queue, store):
    (job_id,) = analyses(client, 1)
    feeder.feed()
    queue.cancel_workflow(workflow_id(job_id, 0))
    # A worker looks into all of it when it starts, and now and then.
    other = Feeder(store, queue)
    other.feed()
    assert store.job(job_id).attempt == 1
    other.feed()
    assert queued(queue) == names([job_id], 1)


def test_settings_of_queues_reach_the_queue(client, feeder, queue):
    assert queue.retrieve_queue("media").worker_concurrency == 1
    client.set_queue("media", 3)
    feeder.set_up()
    assert queue.retrieve_queue("media").worker_concurrency == 3
