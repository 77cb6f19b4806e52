"""`batches`: what Bedrock answers together is listed, shown with what failed, and stopped."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bedrock_control_server import BedrockControlServer
from tests.support.moto_s3 import S3Server
from workbench.library.calls.batch import Batch, BatchRecord
from workbench.library.calls.holders import is_call_alive
from workbench.library.records import CallInFlight, Job
from workbench.library.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BATCH = "3f2a91c05d7e4b68"


@pytest.fixture
def batch(store: Store) -> Batch:
    """A batch of two records that Bedrock does not have yet."""
    made = Batch(
        id=BATCH, job_id="j1", title="Analyse 2 files", model="lite", model_id="us.lite",
        created_at=NOW, input_uri="s3://workbench-tests/asks/1",
        output_uri="s3://workbench-tests/tells/1", records=2, least_records=1,
        most_usd=Decimal("0.02"),
    )  # fmt: skip
    store.put_job(Job("j1", "analyse", "Analyse 2 files", "waiting", NOW, queue="in_batch"))
    names = ("talk.mp4, chunk 1 of 2", "talk.mp4, chunk 2 of 2")
    records = [
        BatchRecord(f"R{n}", f"{n}" * 64, f"c{n}", "a", each) for n, each in enumerate(names)
    ]
    calls = [
        CallInFlight(r.cache_key, "lite", "j1", "x:1:1", 0.0, 0.0, Decimal("0.01"), r.call_id, "a", r.label, None)
        for r in records
    ]  # fmt: skip
    store.open_batch(made, records, calls, cap_usd=None, budget_usd=None, is_alive=is_call_alive)
    return made


def test_without_batches_it_says_how_to_make_one(run, store: Store):
    done = run("batches")
    assert done.code == 0
    assert "--tier batch" in done.out
    assert run("batches", "--json").json == []


def test_batches_are_listed_with_how_far_they_are(run, store: Store, batch: Batch):
    store.change_batch(
        BATCH, ("preparing",), state="submitted", arn="arn:1", service_state="InProgress",
        processed=1,
    )  # fmt: skip
    done = run("batches", "--open")
    assert [word in done.out for word in (BATCH, "inprogress", "1/2", "$0.0200", "lite")] == [
        True
    ] * 5
    (told,) = run("batches", "--json").json
    assert (told["state"], told["processed"], told["most_usd"]) == ("submitted", 1, 0.02)


def test_one_batch_is_shown_with_the_records_that_failed(run, store: Store, batch: Batch):
    record = store.batch_records(BATCH)[1]
    from dataclasses import replace

    failed = replace(record, state="failed", error="ModelErrorException", message="no answer")
    store.end_records(batch, [failed])
    store.close_batch(BATCH, answered=1, failed=1, input_tokens=1200, output_tokens=30)
    done = run("batches", BATCH)
    assert "talk.mp4, chunk 2 of 2  ModelErrorException  no answer" in done.out
    assert "billed: 1,200 tokens in, 30 out" in done.out
    assert run("batches", "--open").out.startswith("No batches")


def test_a_batch_that_was_not_sent_is_stopped_at_once_and_nothing_is_billed(
    run, store: Store, batch: Batch, s3: S3Server, monkeypatch: pytest.MonkeyPatch
):
    with BedrockControlServer(s3) as control:
        for name, value in control.environment().items():
            monkeypatch.setenv(name, value)
        done = run("batches", BATCH, "--stop")
    assert done.code == 0
    assert "It has ended: 0 records answered and billed" in done.out
    assert not store.batch(BATCH).is_open
    assert store.calls_in_flight() == []


def test_a_batch_is_forgotten_only_on_a_word_that_is_meant(run, store: Store, batch: Batch):
    store.change_batch(BATCH, ("preparing",), state="submitted", arn="arn:1")
    most = sum(call.most_usd for call in store.calls_in_flight())
    refused = run("batches", BATCH, "--forget")
    assert refused.code != 0
    assert "add --yes" in refused.err
    assert store.batch(BATCH).is_open
    assert run("batches", BATCH, "--forget", "--yes").code == 0
    assert not store.batch(BATCH).is_open
    ledger = store.ledger()
    assert (set(ledger["outcome"]), ledger["estimated_usd"].sum()) == ({"lost"}, most)


def test_a_batch_has_to_be_named_and_known(run, store: Store):
    assert run("batches", "--stop").problem == "name a batch"
    assert "no batch 'b9'" in run("batches", "b9").problem


def test_stopping_the_job_says_that_its_batch_is_stopped_and_what_is_billed(
    run, store: Store, batch: Batch
):
    done = run("jobs", "j1", "--stop")
    assert "Its batch is stopped: of 2 records, those answered are billed." in done.out


def test_an_analysis_in_a_batch_says_at_once_which_setting_is_missing(run, shelf: Path):
    words = ("analyse", shelf / "plate.jpg", "--engine", "nova", "--model", "lite")
    done = run(*words, "--tier", "batch")
    assert done.code == 2
    assert "no folder in S3 for batches is set" in done.err
    assert "WORKBENCH_NOVA_BATCH_INPUT_PREFIX" in done.err


def test_an_analysis_in_a_batch_becomes_a_job_that_a_worker_does(
    run, shelf: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
):
    with BedrockControlServer(s3, least_records=1) as control:
        for name, value in control.environment().items():
            monkeypatch.setenv(name, value)
        words = ("analyse", shelf / "plate.jpg", "--engine", "nova", "--model", "lite")
        done = run(*words, "--tier", "batch", "--json")
        (job,) = run("jobs", "--json").json
    assert done.json == {"job_id": job["id"]}
    assert job["title"] == "Analyse plate.jpg"
