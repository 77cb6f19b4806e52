"""Batches at Bedrock: sent once, followed, landed, stopped, and paid by what was answered."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bedrock_control_server import BedrockControlServer
from tests.support.long_film import make_film, measure
from tests.support.moto_s3 import S3Server
from workbench import AnalysisRequest, Settings, Workspace
from workbench.backends.protocol import ModelReply
from workbench.backends.staging import Staging
from workbench.backends.usage import Usage
from workbench.errors import RequestError, SettingsError, StagingError
from workbench.jobs.batches import release, watch_batches
from workbench.jobs.performing import perform
from workbench.jobs.telling import Crew, JobTools
from workbench.library.batch import Batch
from workbench.library.batch_sending import submit
from workbench.library.records import Job, RateLimit
from workbench.library.store import Store
from workbench.progress import silent
from workbench.settings import load_settings

CHUNKS = 6


@pytest.fixture(scope="session")
def short_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes, which are six of the shortest chunks."""
    folder = tmp_path_factory.mktemp("short films")
    return make_film(folder / "talk.mp4", ("Impeller", "Bearing", "Gasket"))


@pytest.fixture(scope="session")
def measured(short_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the film, its evidence, its proxy and its chunks."""
    folder = tmp_path_factory.mktemp("short measured")
    measure(short_film, folder)
    with Workspace.open(Settings(data_dir=folder)) as workspace:
        plan = workspace.plan(asked_of(short_film).model_copy(update={"tier": "standard"}))
        for call in plan.calls:
            workspace._prepare(plan.assets[0], call, silent)
    return folder


@pytest.fixture
def control(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockControlServer]:
    with BedrockControlServer(s3, least_records=3) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def workspace(
    data_dir: Path, control: BedrockControlServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(data_dir))
    monkeypatch.setenv("WORKBENCH_BATCH_POLL_S", "0.001")
    with Workspace.open() as opened:
        opened.batch_service._sleep = lambda _: None
        yield opened


@pytest.fixture
def request_of_film(short_film: Path) -> AnalysisRequest:
    """Six chunks, and no call that needs their answers."""
    return asked_of(short_film)


def asked_of(film: Path) -> AnalysisRequest:
    return AnalysisRequest(
        assets=(str(film),), engine="nova", model="lite", chunk_s=30, context_s=0,
        find=("chapters",), tier="batch",
    )  # fmt: skip


@pytest.fixture
def work(workspace: Workspace) -> Callable[[], None]:
    """Does what a worker would do now: the jobs that wait, and no others."""

    def do() -> None:
        tools = JobTools(workspace.store, workspace, workspace.data_dir, Crew())
        for waiting in workspace.store.next_jobs("analysis_service", 10):
            perform(waiting.job_id, waiting.attempt, tools)

    return do


@pytest.fixture
def look(workspace: Workspace) -> Callable[..., Batch]:
    """Looks after batches as a worker does, until the newest is in a state."""

    def do(until: str = "closed") -> Batch:
        for _ in range(12):
            workspace.look_after_batches()
            release(workspace.store)
            batch = workspace.batches()[0]
            if until in (batch.state, batch.service_state):
                return batch
        raise AssertionError(batch)

    return do


def sent(workspace: Workspace, work: Callable[[], None], request: AnalysisRequest) -> str:
    job_id = workspace.submit(request)
    work()
    return job_id


def paid(workspace: Workspace) -> tuple[int, int]:
    """Tokens that the ledger has as paid."""
    calls = workspace.store.ledger().filter(~_column("was_kept"))
    return calls["input_tokens"].sum(), calls["output_tokens"].sum()


def _column(name: str):
    import polars

    return polars.col(name)


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
        patch.setattr("workbench.backends.staging.Staging.put_bytes", dies)
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


def test_throttled_requests_are_sent_again(
    workspace: Workspace, control: BedrockControlServer, request_of_film, work, look
):
    plan = workspace.plan(request_of_film)
    assert plan.calls
    control.script("ThrottlingException", "InternalServerException")
    sent(workspace, work, request_of_film)
    assert look().answered == CHUNKS


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
