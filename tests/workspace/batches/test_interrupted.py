"""Batches that are stopped, and workers that die or fail: one batch, and no answer lost."""

import threading
from datetime import timedelta

import pytest

from tests.support.batches import CHUNKS, paid, sent
from tests.support.bedrock_control_server import BedrockControlServer
from workbench import Workspace
from workbench.backends.staging.folder import Staging
from workbench.errors import SettingsError, StagingError
from workbench.jobs.batches import watch_batches
from workbench.library.calls.batch_sending import submit


def test_a_cancelled_job_stops_its_batch_and_keeps_what_is_billed(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.held_at = 2
    job_id = sent(workspace, work, request_of_film)
    look("InProgress")
    look("InProgress")
    assert workspace.jobs.job(job_id).stage == "in a batch at Bedrock: 2 of 6 records"
    workspace.jobs.cancel(job_id)
    batch = look()
    assert "StopModelInvocationJob" in control.requests
    assert (batch.service_state, batch.answered, batch.failed) == ("Stopped", 2, 4)
    assert paid(workspace) == (control.input_tokens, control.output_tokens)
    assert workspace.jobs.job(job_id).state == "cancelled"
    assert workspace.store.calls_in_flight() == []


def test_a_batch_can_be_stopped_by_itself_and_its_job_ends_with_what_there_is(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.held_at = 2
    job_id = sent(workspace, work, request_of_film)
    batch = look("InProgress")
    assert workspace.stop_batch(batch.id).is_open
    assert control.batches[0].status == "Stopping"
    look()
    work()
    assert "4 records have no answer" in workspace.jobs.job(job_id).error


def test_a_reply_that_is_lost_when_a_batch_begins_makes_no_second_batch(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.cut_after_begin = True
    sent(workspace, work, request_of_film)
    assert len(control.batches) == 1
    assert look().answered == CHUNKS


@pytest.mark.parametrize("moment", ["before it is begun", "before it is noted"])
def test_a_worker_that_dies_while_it_sends_makes_no_second_batch(
    moment: str, workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    class Killed(BaseException):
        pass

    service = workspace.batch_service
    begin = service.begin

    def dies(*args, **named):
        if moment == "before it is noted":
            begin(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(service, "begin", dies)
        # Nothing of it may be written down, as after a kill.
        patch.setattr("workbench.jobs.performing._finish", lambda *_: "")
        with pytest.raises(Killed):
            sent(workspace, work, request_of_film)
    assert workspace.batches()[0].state == "submitting"
    job = workspace.store.jobs("running")[0]
    workspace.store.change_job(job.id, ("running",), state="waiting", attempt=job.attempt + 1)
    work()
    assert workspace.jobs.job(job.id).queue == "in_batch"
    assert look().answered == CHUNKS
    assert len(control.batches) == 1


def test_two_who_have_a_batch_begun_at_the_same_moment_have_one_batch_that_goes_on(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    service = workspace.batch_service
    begin = service.begin

    def looked_at_meanwhile(*args, **named):
        arn = begin(*args, **named)
        workspace.look_after_batches()
        return arn

    monkeypatch.setattr(service, "begin", looked_at_meanwhile)
    job_id = sent(workspace, work, request_of_film)
    assert workspace.jobs.job(job_id).queue == "in_batch"
    assert look().answered == CHUNKS
    assert len(control.batches) == 1
    assert "StopModelInvocationJob" not in control.requests


def test_a_worker_that_dies_while_it_brings_files_to_s3_goes_on_with_the_same_batch(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    class Killed(BaseException):
        pass

    def dies(*args: object, **named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("workbench.backends.staging.folder.Staging.put_bytes", dies)
        patch.setattr("workbench.jobs.performing._finish", lambda *_: "")
        with pytest.raises(Killed):
            sent(workspace, work, request_of_film)
    first = workspace.batches()[0]
    assert first.state == "preparing"
    workspace.look_after_batches()
    job = workspace.store.jobs("running")[0]
    workspace.store.change_job(job.id, ("running",), state="waiting", attempt=job.attempt + 1)
    work()
    assert look().answered == CHUNKS
    assert [batch.id for batch in workspace.batches()] == [first.id]


def test_a_paused_job_goes_on_when_it_is_resumed_after_its_batch(
    workspace: Workspace, request_of_film, work, look
):
    job_id = sent(workspace, work, request_of_film)
    workspace.jobs.pause(job_id)
    assert look().answered == CHUNKS
    assert workspace.jobs.job(job_id).state == "paused"
    workspace.jobs.resume(job_id)
    work()
    assert workspace.jobs.job(job_id).state == "done"


def test_a_worker_that_fails_at_its_files_does_not_close_a_batch_that_another_has_begun(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    put = Staging.put_bytes

    def begun_by_another(self: Staging, *args):
        put(self, *args)
        submit(workspace.batches()[0], workspace._batch_tools())
        raise StagingError("the connection was cut")

    with monkeypatch.context() as patch:
        patch.setattr(Staging, "put_bytes", begun_by_another)
        sent(workspace, work, request_of_film)
    assert workspace.batches()[0].state == "submitted"
    control.held_at = 2
    look()
    assert paid(workspace) == (control.input_tokens, control.output_tokens)


def test_a_batch_nobody_wants_is_found_also_when_its_files_took_long_and_its_worker_died(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    class Killed(BaseException):
        pass

    service, store = workspace.batch_service, workspace.store
    begin = service.begin

    def dies(*args, **named):
        (batch,) = workspace.batches()
        an_hour_ago = batch.created_at - timedelta(hours=1)
        store.change_batch(batch.id, ("submitting",), created_at=an_hour_ago)
        workspace.jobs.cancel(batch.job_id)
        workspace.look_after_batches()
        begin(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(service, "begin", dies)
        with pytest.raises(Killed):
            sent(workspace, work, request_of_film)
    assert look().service_state == "Stopped"
    assert paid(workspace) == (control.input_tokens, control.output_tokens)


def test_a_fault_at_one_batch_is_told_and_holds_up_no_other(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    control.held_at = 0
    sent(workspace, work, request_of_film)
    bad = workspace.batches()[0]
    sent(workspace, work, request_of_film.model_copy(update={"summary_length": "brief"}))
    good = workspace.batches()[0]
    assert good.id != bad.id
    real = workspace.batch_service.look

    def looks(arn: str):
        if arn == bad.arn:
            raise KeyError("status")
        return real(arn)

    monkeypatch.setattr(workspace.batch_service, "look", looks)
    control.go_on()
    assert look().id == good.id
    assert "KeyError" in workspace.batch(bad.id).trouble
    monkeypatch.undo()


def test_jobs_go_on_after_their_batch_also_where_batches_cannot_be_looked_after(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    job_id = sent(workspace, work, request_of_film)
    for _ in range(5):
        workspace.look_after_batches()
    assert not workspace.batches()[0].is_open
    ending = threading.Event()

    def away() -> None:
        ending.set()
        raise SettingsError("no folder in S3 for batches is set")

    monkeypatch.setattr(workspace, "look_after_batches", away)
    watch_batches(workspace.store, workspace, ending, 0.0)
    assert workspace.jobs.job(job_id).queue == "analysis_service"
