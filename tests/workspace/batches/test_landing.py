"""What comes of a batch: answers, failed records, results that cannot be read or never come."""

import pytest

from tests.support.batches import CHUNKS, paid, sent
from tests.support.bedrock_control_server import BedrockControlServer
from workbench import Workspace
from workbench.jobs.batches import release


def test_failed_records_are_listed_and_only_they_are_asked_again(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.fails = lambda number, received: number in (2, 4, 5)
    job_id = sent(workspace, work, request_of_film)
    batch = look()
    assert (batch.answered, batch.failed, batch.service_state) == (3, 3, "PartiallyCompleted")
    work()
    job = workspace.jobs.job(job_id)
    assert job.state == "failed"
    assert "3 records have no answer: chunk 2 of 6 (InternalServerException: " in job.error
    assert paid(workspace) == (control.input_tokens, control.output_tokens)
    control.fails = lambda number, received: False
    again = workspace.jobs.retry(job_id)
    work()
    second = look()
    assert second.records == 3
    work()
    assert workspace.jobs.job(again).state == "done"
    assert paid(workspace) == (control.input_tokens, control.output_tokens)
    assert len(control.prompts) == CHUNKS + 3


def test_what_is_left_of_a_batch_and_too_little_for_another_is_asked_at_the_flex_tier(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.fails = lambda number, received: number == 2
    job_id = sent(workspace, work, request_of_film)
    look()
    work()
    again = workspace.jobs.job(workspace.jobs.retry(job_id))
    assert '"tier":"flex"' in again.request
    assert again.title == "Analyse talk.mp4 at the flex tier"


def test_an_answer_in_the_wrong_form_is_paid_and_counts_as_failed(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.answer = lambda received: "I see a pump."
    sent(workspace, work, request_of_film)
    batch = look()
    assert (batch.answered, batch.failed) == (0, CHUNKS)
    records = workspace.batch_records(batch.id)
    assert {record.error for record in records} == {"BadReply"}
    assert paid(workspace) == (control.input_tokens, control.output_tokens)
    assert set(workspace.store.ledger()["outcome"]) == {"refused"}


@pytest.mark.parametrize("ends_as", ["Expired", "Failed"])
def test_a_batch_that_ends_badly_keeps_what_was_answered(
    ends_as: str, workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    control.ends_as = ends_as
    job_id = sent(workspace, work, request_of_film)
    batch = look()
    answered = CHUNKS // 2 if ends_as == "Expired" else 0
    assert (batch.service_state, batch.answered, batch.failed) == (
        ends_as, answered, CHUNKS - answered,
    )  # fmt: skip
    work()
    job = workspace.jobs.job(job_id)
    assert job.state == "failed"
    assert f"({ends_as}: {batch.message}" in job.error
    assert paid(workspace) == (control.input_tokens, control.output_tokens)


def test_a_batch_that_was_read_half_way_is_read_again_and_paid_once(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    sent(workspace, work, request_of_film)
    kept = []
    put = workspace.cache.put

    def full_after_two(*args: object) -> None:
        from workbench.errors import DiskFull

        kept.append(args)
        if len(kept) == 3:
            raise DiskFull("there is no room to keep a reply", hint="free some space")
        put(*args)

    monkeypatch.setattr(workspace.cache, "put", full_after_two)
    batch = look()
    assert len(kept) > CHUNKS
    assert batch.answered == CHUNKS
    assert paid(workspace) == (control.input_tokens, control.output_tokens)


def test_results_that_cannot_be_read_are_told_and_tried_again(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    job_id = sent(workspace, work, request_of_film)
    look("InProgress")
    control.script("AccessDeniedException")
    workspace.look_after_batches()
    release(workspace.store)
    assert "failed on command" in workspace.batches()[0].trouble
    assert "failed on command" in workspace.jobs.job(job_id).stage
    assert look().trouble == ""


def test_a_batch_whose_results_never_come_can_be_forgotten_at_the_most_it_can_have_cost(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
):  # fmt: skip
    job_id = sent(workspace, work, request_of_film)
    look("InProgress")
    most = workspace.batches()[0].most_usd
    batch = workspace.forget_batch(workspace.batches()[0].id)
    assert (batch.state, batch.answered, batch.failed) == ("closed", 0, CHUNKS)
    assert workspace.forget_batch(batch.id) == batch
    ledger = workspace.store.ledger()
    assert set(ledger["outcome"]) == {"lost"}
    assert (len(ledger), ledger["estimated_usd"].sum()) == (CHUNKS, most)
    assert ledger["cost_usd"].null_count() == CHUNKS
    assert workspace.store.calls_in_flight() == []
    release(workspace.store)
    work()
    assert "6 records have no answer" in workspace.jobs.job(job_id).error
