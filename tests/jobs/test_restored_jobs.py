"""A backup that is made while jobs run goes on with them wherever it is restored."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.jobs.conftest import Worker
from workbench.analysis.request import AnalysisRequest
from workbench.errors import LibraryDamaged
from workbench.jobs.client import JobClient
from workbench.jobs.database import open_client, queue_file
from workbench.jobs.keeping.backup import make_backup
from workbench.jobs.keeping.restore import restore_backup
from workbench.jobs.keeping.retention import forget_workflows
from workbench.library.store import Store


@pytest.fixture
def elsewhere(tmp_path: Path):
    """A worker of a folder that is not there yet."""
    made = Worker(tmp_path / "restored")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.mark.slow
@pytest.mark.parametrize("lives_on", [True, False])
def test_queued_and_interrupted_jobs_of_a_backup_are_finished_elsewhere(
    worker, elsewhere, client, store, data_dir, tmp_path, lives_on
):
    running = client.submit_analysis(AnalysisRequest(assets=("a1",), model="lite", engine="nova"))
    client.submit_import([tmp_path / "never"])
    worker.start()
    worker.until(lambda: len(worker.paid()) >= 3)
    queued = client.submit_report("video_report", {"assets": ["a1"]})
    make_backup(data_dir, store, tmp_path / "backup.zip")
    assert client.job(running).state == "running"
    if lives_on:
        # The old library goes on with the same jobs in the same queue, and they do not meet.
        assert worker.process.poll() is None
    else:
        worker.kill()
        store.close()
        shutil.rmtree(data_dir)
    report = restore_backup(tmp_path / "backup.zip", elsewhere.data_dir)
    assert report.open_jobs >= 1
    with Store.open(elsewhere.data_dir / "app.db") as restored:
        there = JobClient(restored)
        elsewhere.start()
        for job_id in (running, queued):
            job = there.wait(job_id, 60)
            assert job.state == "done", (job.error, elsewhere.log.read_text())
        assert there.job(running).result_ids == ("analysis_lite",)
    assert elsewhere.end() == 0
    if lives_on:
        assert client.wait(running, 60).state == "done"


def test_what_the_queue_keeps_of_jobs_that_ended_long_ago_is_forgotten(data_dir):
    assert forget_workflows(data_dir, "", datetime.now(UTC)) == 0
    assert not queue_file(data_dir).exists()
    client = open_client(data_dir, "")
    try:
        client.register_queue("media")
        for number in range(5):
            client.enqueue(
                {"workflow_name": "w", "queue_name": "media", "workflow_id": f"w{number}"}, number
            )
        client.cancel_workflows(["w0", "w1", "w2"])
        soon, before = datetime.now(UTC) + timedelta(minutes=1), datetime(2020, 1, 1, tzinfo=UTC)
        assert forget_workflows(data_dir, "", before) == 0
        assert forget_workflows(data_dir, "", soon, dry_run=True) == 3
        assert forget_workflows(data_dir, "", soon) == 3
        assert {each.workflow_id for each in client.list_workflows()} == {"w3", "w4"}
    finally:
        engine = client._sys_db.engine
        client.destroy()
        engine.dispose()


def test_a_damaged_queue_is_told_when_it_is_tidied_or_backed_up(store, data_dir, tmp_path):
    queue_file(data_dir).write_bytes(b"not a database" * 400)
    with pytest.raises(LibraryDamaged, match=r"jobs\.db"):
        forget_workflows(data_dir, "", datetime.now(UTC))
    with pytest.raises(LibraryDamaged, match=r"jobs\.db"):
        make_backup(data_dir, store, tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()
