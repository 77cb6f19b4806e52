"""Send calls as a batch, once, whatever dies on the way.

First the calls count as in flight and the batch has its row; then its files go to S3; then Bedrock
is asked to begin, with a token that makes a second asking the same batch. Whoever finds a row that
was left half way goes on from there.
"""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.analysis.plans.question import kept_answer
from workbench.analysis.results import Failure
from workbench.backends.bedrock.batch_lines import CONTENT_TYPE, content_type, question_line
from workbench.backends.order import CallOrder
from workbench.backends.usage import format_usd, total_cost
from workbench.errors import (
    BackendError,
    BadModelRequest,
    BudgetReached,
    JobError,
    NoCredentials,
    ServiceDown,
    Throttled,
    WorkbenchError,
)
from workbench.library.calls.batch import Batch, BatchRecord, BatchState
from workbench.library.calls.settling import CallTools, flight_of, is_made, settle
from workbench.library.database.rows import cost_text
from workbench.library.journal import note
from workbench.library.store.calls import Admission

if TYPE_CHECKING:
    from workbench.backends.bedrock.batch import BedrockBatches, LeastRecords
    from workbench.backends.staging.folder import Staging

ROOM_LOOK_S = 1.0
"""Pause between two looks at whether there is room for a batch under the cap or the budget."""

UNCERTAIN = (Throttled, ServiceDown, NoCredentials)
"""Failures that pass: Bedrock is asked again later, and may have begun already."""

FILE = "records.jsonl"

log = logging.getLogger(__name__)

Say = Callable[[str], None]
"""Tells what is under way; raises to give up."""


@dataclass(frozen=True, slots=True)
class BatchTools:
    """What batches are made with."""

    calls: CallTools
    service: "BedrockBatches"
    staging: "Staging"
    """The folder in S3 that batches have their own folders in."""
    output_uri: str
    """The folder in S3 that their results are written below."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be sent as one batch."""

    orders: Sequence[CallOrder]
    """At least one, each with another question."""
    job_id: str
    title: str
    model_id: str
    """The id Bedrock is given."""
    least: "LeastRecords"


def send_batch(wanted: Wanted, tools: BatchTools, say: Say) -> Batch:
    """Send calls as a batch.

    Args:
        wanted: The calls and whose they are.
        tools: Where they go.
        say: Told what is under way.

    Returns:
        The batch; Bedrock has it, or will be asked again by whoever looks after batches.

    Raises:
        BudgetReached: Together they could pass the cap or the budget.
        StagingError: S3 refuses.
        BackendError: Bedrock refuses.
        LibraryError: The catalog cannot be used.
    """
    batch, records = _described(wanted, tools)
    _admit(wanted, batch, records, tools, say)
    note(
        tools.calls.store, batch.job_id, "batch.made",
        batch=batch.id, records=batch.records, most_usd=cost_text(batch.most_usd),
    )  # fmt: skip
    return go_on_sending(batch, wanted.orders, tools, say)


def go_on_sending(batch: Batch, orders: Sequence[CallOrder], tools: BatchTools, say: Say) -> Batch:
    """Bring the files of a batch that is `preparing` to S3, and have it begun.

    Args:
        batch: The batch.
        orders: Its calls with their files; a record without one fails by itself.
        tools: Where they go.
        say: Told what is under way.

    Raises:
        As `send_batch`.
    """
    try:
        is_needed = _stage(batch, orders, tools, say)
    except WorkbenchError as error:
        # Nothing was asked yet, so nothing is lost, and others may ask it.
        drop(batch, "preparing", tools, error.message)
        raise
    if not is_needed:
        drop(batch, "preparing", tools, "others have asked all of it meanwhile")
        return tools.calls.store.batch(batch.id)
    return submit(batch, tools)


def submit(batch: Batch, tools: BatchTools) -> Batch:
    """Have Bedrock begin a batch whose files are in S3; again and again it is the same batch.

    Returns:
        The batch; still `submitting` where Bedrock did not answer.

    Raises:
        JobError: It was stopped meanwhile.
        BackendError: Bedrock refuses it.
    """
    store = tools.calls.store
    asked = store.change_batch(
        batch.id, ("preparing", "submitting"), state="submitting", submitted_at=datetime.now(UTC)
    )
    if asked is None:
        return _unless_stopped(batch, tools)
    try:
        arn = _begun(batch, tools)
    except UNCERTAIN as error:
        log.warning("batch %s is not begun yet: %s", batch.id, error.message)
        return store.change_batch(batch.id, ("submitting",), trouble=error.message) or batch
    except BackendError as error:
        drop(batch, "submitting", tools, error.message)
        raise
    sent = store.change_batch(
        batch.id, ("submitting",), state="submitted", arn=arn, submitted_at=datetime.now(UTC),
        service_state="Submitted", trouble="",
    )  # fmt: skip
    if sent is None:
        # Whoever looks after batches may have begun it at the same moment: it is the same batch.
        return _unless_stopped(batch, tools, arn)
    note(store, batch.job_id, "batch.sent", batch=batch.id, arn=arn)
    return sent


def _unless_stopped(batch: Batch, tools: BatchTools, arn: str = "") -> Batch:
    """A batch that somebody else has changed meanwhile.

    Raises:
        JobError: It was closed; what was begun of it is stopped.
    """
    found = tools.calls.store.batch(batch.id)
    if found.is_open:
        return found
    if arn:
        tools.service.stop(arn)
    raise JobError(f"{batch.title}: the batch was stopped before it was sent")


def drop(batch: Batch, state: BatchState, tools: BatchTools, why: str) -> None:
    """Close a batch that Bedrock never had: its calls were not made, and others may make them.

    Not one that another has brought out of that state meanwhile: Bedrock may have it.
    """
    store = tools.calls.store
    answered = len(store.batch_records(batch.id, "answered"))
    closed = store.close_batch(
        batch.id, (state,), closed_at=datetime.now(UTC), message=why, answered=answered
    )
    if closed is not None:
        note(tools.calls.store, batch.job_id, "batch.dropped", batch=batch.id, error=why)
        clean(batch, tools)


def clean(batch: Batch, tools: BatchTools) -> None:
    """Remove a batch's files from S3; one that cannot be removed is told and left."""
    try:
        tools.staging.delete([each.uri for each in tools.staging.list(f"{batch.input_uri}/")])
    except BackendError as error:
        log.warning("files of batch %s stay in %s: %s", batch.id, batch.input_uri, error.message)


def failure_of_room(batch: Batch, admission: Admission, cap: str, budget: str) -> BudgetReached:
    """The error for a batch there is no money for."""
    most = format_usd(batch.most_usd)
    if admission.verdict == "over":
        return BudgetReached(
            f"a batch of {batch.records} records may cost {most}, and"
            f" {format_usd(admission.spent_usd)} is spent: over the cap of {cap}",
            hint="raise the cap, or ask about fewer files; nothing was sent",
        )
    if batch.most_usd is None:
        return BudgetReached(
            f"no price is known for a batch, so the monthly budget of {budget} cannot be kept",
            hint="give the model a batch price in WORKBENCH_CATALOG_FILE, or unset the budget",
        )
    return BudgetReached(
        f"a batch of {batch.records} records may cost {most}, and {format_usd(admission.spent_usd)}"
        f" is spent this month or may be in other batches: over the monthly budget of {budget}",
        hint="raise WORKBENCH_MONTHLY_BUDGET_USD, or ask about fewer files; nothing was sent",
    )


def _described(wanted: Wanted, tools: BatchTools) -> tuple[Batch, list[BatchRecord]]:
    batch_id = uuid.uuid4().hex[:16]
    orders = wanted.orders
    batch = Batch(
        id=batch_id,
        job_id=wanted.job_id,
        title=wanted.title,
        model=orders[0].model,
        model_id=wanted.model_id,
        created_at=datetime.now(UTC),
        input_uri=f"{tools.staging.uri}/{batch_id}",
        output_uri=f"{tools.output_uri.rstrip('/')}/{batch_id}",
        records=len(orders),
        least_records=wanted.least.count,
        most_usd=total_cost(order.most_usd for order in orders),
        estimated_usd=total_cost(order.estimated_usd for order in orders),
    )
    return batch, [_record(f"R{place:010}", order) for place, order in enumerate(orders, 1)]


def _record(record_id: str, order: CallOrder) -> BatchRecord:
    media = order.request.media
    return BatchRecord(
        record_id=record_id,
        cache_key=order.key,
        call_id=order.call_id,
        asset_id=order.asset_id,
        label=order.label,
        schema=order.request.schema,
        max_output_tokens=order.request.max_output_tokens,
        images=sum(1 for part in media if part.kind == "image"),
        media_s=sum(part.span.duration_s for part in media if part.span),
    )


def _admit(
    wanted: Wanted, batch: Batch, records: Sequence[BatchRecord], tools: BatchTools, say: Say
) -> None:
    """Wait until the batch may be made; from then on its calls are in flight.

    Raises:
        BudgetReached: It could pass the cap or the budget.
        JobError: Another asks one of its questions by now.
    """
    cap_usd = wanted.orders[0].cap_usd
    calls = [
        replace(flight_of(order, wanted.job_id), tier="batch", was_sent=True)
        for order in wanted.orders
    ]
    while True:
        admission = tools.calls.store.open_batch(
            batch, records, calls,
            cap_usd=cap_usd, budget_usd=tools.calls.budget_usd, is_alive=is_made,
        )  # fmt: skip
        match admission.verdict:
            case "go":
                return
            case "stale":
                for each in admission.stale:
                    settle(each, tools.calls)
                continue
            case "over" | "over_budget":
                budget = format_usd(tools.calls.budget_usd)
                raise failure_of_room(batch, admission, format_usd(cap_usd), budget)
            case "held":
                say("waits: one of these questions is being asked already")
            case "busy":
                say("waits for room under the cap or the budget: other calls are in flight")
        time.sleep(ROOM_LOOK_S)


def _stage(batch: Batch, orders: Sequence[CallOrder], tools: BatchTools, say: Say) -> bool:
    """Bring media and records to the batch's folder; says whether anything is left to ask."""
    model = tools.calls.model_for(batch.model)
    by_key = {order.key: order for order in orders}
    lines: list[str] = []
    unsent: list[Failure] = []
    known: list[BatchRecord] = []
    records = tools.calls.store.batch_records(batch.id, "asked")
    for place, record in enumerate(records, 1):
        if kept_answer(tools.calls.cache, record.cache_key) is not None:
            # It came between the last look and the moment from which nobody else asks.
            known.append(replace(record, state="answered"))
            continue
        order = by_key.get(record.cache_key)
        if order is None:
            unsent.append(Failure(record.label, "its file cannot be read any more"))
            continue
        say(f"sending records to S3: {place} of {len(records)}")
        uris = [
            tools.staging.put(part.path, content_type(part), folder=batch.id)
            for part in order.request.media
        ]
        lines.append(question_line(record.record_id, order.request, model, uris))
    tools.calls.store.end_records(batch, known)
    if not lines and not unsent:
        return False
    if not lines:
        raise BadModelRequest(
            f"none of {len(records)} records can be sent", hint=unsent[0].message if unsent else ""
        )
    data = "\n".join([*lines, ""]).encode()
    tools.staging.put_bytes(data, f"{batch.id}/{FILE}", CONTENT_TYPE)
    return True


def _begun(batch: Batch, tools: BatchTools) -> str:
    try:
        return tools.service.begin(
            batch.name,
            batch.model_id,
            input_uri=batch.input_uri,
            output_uri=batch.output_uri,
            token=batch.id,
        )
    except BadModelRequest:
        # A name that is taken is ours: it was begun, and nobody was left to note it.
        if arn := tools.service.find(batch.name):
            return arn
        raise
