"""Batches at Bedrock: priced, refused where they cannot be, sent once and answered."""

import json
from decimal import Decimal

import pytest

from tests.support.batches import CHUNKS, paid, sent
from tests.support.bedrock_control_server import BedrockControlServer
from tests.support.moto_s3 import S3Server
from workbench import Workspace
from workbench.errors import RequestError, SettingsError
from workbench.settings import load_settings


def test_a_batch_is_answered_and_the_job_ends_with_nobody_looking(
    workspace: Workspace, control: BedrockControlServer, s3: S3Server, request_of_film, work, look
):
    job_id = sent(workspace, work, request_of_film)
    job = workspace.jobs.job(job_id)
    assert (job.state, job.worker, job.queue) == ("waiting", "", "in_batch")
    assert job.stage == "in a batch at Bedrock: 0 of 6 records, submitted"
    batch = look()
    assert (batch.answered, batch.failed, batch.service_state) == (CHUNKS, 0, "Completed")
    work()
    job = workspace.jobs.job(job_id)
    assert (job.state, job.calls_paid, job.failures) == ("done", CHUNKS, ())
    analysis = workspace.analysis(job.result_ids[0])
    assert [chapter.title[:2] for chapter in analysis.chapters] == [
        "1.",
        "1.",
        "2.",
        "2.",
        "3.",
        "3.",
    ]
    assert all(call.was_kept for call in analysis.calls)
    assert paid(workspace) == (control.input_tokens, control.output_tokens)
    # Half of the standard price of the catalog.
    price = Decimal("0.03") * control.input_tokens + Decimal("0.12") * control.output_tokens
    assert job.cost_usd == analysis.cost_usd == price / 1_000_000
    assert not any(key.startswith("nova/asks") for key in s3.objects())
    assert workspace.store.calls_in_flight() == []


def test_all_media_of_a_batch_lie_in_the_one_folder_it_names(
    workspace: Workspace, control: BedrockControlServer, s3: S3Server, request_of_film, work
):
    sent(workspace, work, request_of_film)
    asked = control.batches[0].asked
    folder = asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
    assert asked["modelInvocationType"] == "Converse"
    assert asked["modelId"] == "us.amazon.nova-lite-v1:0"
    batch = workspace.batches()[0]
    assert folder == f"s3://{s3.bucket}/nova/asks/{batch.id}/"
    staged = s3.objects()
    records = staged.pop(f"nova/asks/{batch.id}/records.jsonl")
    assert {each.content_type for each in staged.values()} == {"video/mp4"}
    lines = [json.loads(line) for line in records.data.splitlines()]
    assert [line["recordId"] for line in lines] == [f"R{n:010}" for n in range(1, CHUNKS + 1)]
    assert all("toolConfig" not in line["modelInput"] for line in lines)


def test_the_estimate_of_a_batch_is_half_and_says_how_many_records_it_takes(
    workspace: Workspace, request_of_film
):
    plan = workspace.plan(request_of_film)
    standard = workspace.plan(request_of_film.model_copy(update={"tier": "standard"}))
    assert plan.cost_high * 2 == standard.cost_high
    assert any(
        "6 records go into one batch; it takes at least 3 (the account's quota)" in each
        for each in plan.warnings
    )


def test_a_call_that_needs_the_answers_is_priced_and_named_as_made_after_the_batch(
    workspace: Workspace, request_of_film
):
    with_summary = request_of_film.model_copy(update={"find": ("summary", "chapters")})
    plan = workspace.plan(with_summary)
    standard = workspace.plan(with_summary.model_copy(update={"tier": "standard"}))
    assert plan.calls[-1].cost_high == standard.calls[-1].cost_high
    assert plan.calls[0].cost_high * 2 == standard.calls[0].cost_high
    assert any("1 of 7 calls need the answers of others" in each for each in plan.warnings)


def test_too_few_records_are_refused_before_anything_is_made(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work
):
    control.least_records = 7
    plan = workspace.plan(request_of_film)
    assert any("A batch takes at least 7 records" in each for each in plan.warnings)
    with pytest.raises(RequestError, match=r"at least 7 records .* this has 6") as caught:
        workspace.submit(request_of_film)
    assert "flex" in caught.value.hint
    # A job that was asked for in another way says the same.
    job_id = workspace.jobs.submit_analysis(request_of_film)
    work()
    assert workspace.jobs.job(job_id).state == "failed"
    assert control.batches == []


def test_without_quotas_the_usual_number_is_taken_and_named_as_such(
    workspace: Workspace, control: BedrockControlServer, request_of_film
):
    control.script(*["AccessDeniedException"] * 2)
    with pytest.raises(RequestError, match=r"at least 100 records \(the usual quota"):
        workspace.submit(request_of_film)


def test_without_a_role_or_a_folder_a_batch_says_which_setting_is_missing(
    workspace: Workspace, request_of_film, monkeypatch: pytest.MonkeyPatch
):
    for name, setting in (
        ("BEDROCK_BATCH_ROLE_ARN", "WORKBENCH_BEDROCK_BATCH_ROLE_ARN"),
        ("NOVA_BATCH_INPUT_PREFIX", "WORKBENCH_NOVA_BATCH_INPUT_PREFIX"),
    ):
        with monkeypatch.context() as patch:
            patch.delenv(name)
            with Workspace.open(load_settings()) as other, pytest.raises(SettingsError) as caught:
                other.submit(request_of_film)
            assert setting in caught.value.hint


def test_throttled_requests_are_sent_again(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    plan = workspace.plan(request_of_film)
    assert plan.calls
    control.script("ThrottlingException", "InternalServerException")
    sent(workspace, work, request_of_film)
    assert look().answered == CHUNKS
