"""Batches within a cap and a budget, and calls that others want too: none is paid twice."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.batches import CHUNKS, paid, sent
from tests.support.bedrock_control_server import BedrockControlServer
from workbench import Workspace
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.jobs.performing import perform
from workbench.jobs.telling import Crew, JobTools
from workbench.library.calls.batch import Batch
from workbench.library.records import Job, RateLimit
from workbench.library.store import Store


def test_a_batch_that_could_pass_the_cap_is_not_sent(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work
):
    capped = request_of_film.model_copy(update={"max_cost_usd": Decimal("0.0001")})
    job_id = sent(workspace, work, capped)
    job = workspace.jobs.job(job_id)
    assert job.state == "failed"
    assert "over the cap of $0.0001" in job.error
    assert (control.batches, workspace.store.calls_in_flight()) == ([], [])


def test_an_open_batch_counts_against_the_budget_and_not_against_calls_at_once(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work
):
    control.held_at = 0
    sent(workspace, work, request_of_film)
    store = workspace.store
    flying = store.calls_in_flight()
    assert {call.holder for call in flying} == {workspace.batches()[0].holder}
    most = sum(call.most_usd for call in flying)
    other = replace(flying[0], cache_key="f" * 64, holder="x:1:1", most_usd=Decimal("0.01"))
    tight = store.admit(other, cap_usd=None, is_alive=lambda _: True, budget_usd=most)
    assert (tight.verdict, tight.spent_usd) == ("over_budget", most)
    # As many calls as may be made at once are in the batch, and do not count.
    store.set_limit(RateLimit("lite", at_once=1))
    roomy = most + Decimal(1)
    free = store.admit(other, cap_usd=None, is_alive=lambda _: True, budget_usd=roomy)
    assert free.verdict == "go"


def test_two_jobs_that_ask_the_same_share_one_batch(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    first = sent(workspace, work, request_of_film)
    capped = request_of_film.model_copy(update={"max_cost_usd": Decimal(5)})
    second = sent(workspace, work, capped)
    assert first != second
    assert workspace.jobs.job(second).queue == "in_batch"
    # The second wants it still.
    workspace.jobs.cancel(first)
    assert look().answered == CHUNKS
    work()
    ended: Job = workspace.jobs.job(second)
    assert (ended.state, ended.calls_paid) == ("done", 0)
    assert len(control.batches) == 1


def test_a_batch_that_could_pass_the_monthly_budget_is_not_sent(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setenv("WORKBENCH_MONTHLY_BUDGET_USD", "0.0001")
    job_id = workspace.submit(request_of_film)
    with Workspace.open() as frugal:
        tools = JobTools(frugal.store, frugal, frugal.data_dir, Crew())
        perform(job_id, 0, tools)
    assert "over the monthly budget of $0.0001" in workspace.jobs.job(job_id).error
    assert (control.batches, workspace.store.calls_in_flight()) == ([], [])


@pytest.mark.parametrize("answered", [2, CHUNKS])
def test_what_others_have_answered_while_a_batch_was_prepared_is_not_paid_again(
    answered: int, workspace: Workspace, control: BedrockControlServer, request_of_film, work, look,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    real = Store.open_batch

    def late(self: Store, batch: Batch, records, calls, **named):
        for call in calls[:answered]:
            data = {"chapters": [{"title": "Said by others", "start_s": 0, "end_s": 30}]}
            reply = ModelReply(data, Usage(), "us.amazon.nova-lite-v1:0", "tool_use", 1.0)
            workspace.cache.put(call.cache_key, call.label, reply)
        return real(self, batch, records, calls, **named)

    monkeypatch.setattr(Store, "open_batch", late)
    job_id = sent(workspace, work, request_of_film)
    batch = look()
    work()
    assert len(control.prompts) == CHUNKS - answered
    assert (batch.answered, batch.failed) == (CHUNKS, 0)
    assert workspace.store.calls_in_flight() == []
    job = workspace.jobs.job(job_id)
    assert (job.state, job.failures) == ("done", ())
    assert paid(workspace) == (control.input_tokens, control.output_tokens)
