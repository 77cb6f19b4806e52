"""Look after batches: how far they are, and what comes of them, with nobody waiting.

Replies are in the call cache before a record counts as answered, then the ledger has its row, then
the call lands. A batch that was read half way is read again, and nothing is written twice.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workbench.analysis.plans.question import CUT
from workbench.backends.bedrock.batch import BatchLook
from workbench.backends.bedrock.batch_lines import (
    RecordAnswer,
    read_answers,
    read_counts,
    read_output,
)
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import ModelReply, ModelRequest
from workbench.backends.usage import Usage
from workbench.errors import (
    AnswerCut,
    BadReply,
    JobError,
    NotInLibrary,
    RequestError,
    WorkbenchError,
)
from workbench.library.calls.batch import OPEN, Batch, BatchRecord
from workbench.library.calls.batch_sending import BatchTools, clean, drop, submit
from workbench.library.calls.settling import CallTools, entry_of
from workbench.library.database.rows import time_text
from workbench.library.journal import note
from workbench.library.records import CallInFlight, CallResult

AT_ONCE = 25
"""Records written down together; a crash has at most so many read again."""

SETTLED = timedelta(minutes=5)
"""After so long a batch that Bedrock has begun is in its list for certain."""

NO_OUTPUT = "NoOutput"

log = logging.getLogger(__name__)


def look_after(tools: BatchTools, every_s: float) -> None:
    """Look at every open batch that is due: go on sending it, follow it, stop it, or land it.

    Args:
        tools: Where batches are.
        every_s: A batch is looked at once in so many seconds, whoever does.

    Raises:
        LibraryError: The catalog cannot be used.
    """
    for batch in tools.calls.store.due_batches(every_s):
        look_at(batch, tools)


def look_at(batch: Batch, tools: BatchTools) -> None:
    """Look at one open batch; what goes wrong is written down, and tried again the next time."""
    is_unwanted = batch.wants_stop or _has_ended(batch, tools)
    try:
        if batch.state == "submitting":
            found = _begun(batch, tools, is_unwanted=is_unwanted)
            if found is not None:
                _follow(found, tools, is_unwanted=is_unwanted)
        elif batch.state == "submitted":
            _follow(batch, tools, is_unwanted=is_unwanted)
        elif is_unwanted:
            drop(batch, "preparing", tools, "stopped before it was sent")
    except WorkbenchError as error:
        log.warning("batch %s: %s", batch.id, error.message)
        _tell_trouble(batch, tools, error.message)
    except Exception as error:
        # The others are looked at all the same: theirs are answers that wait, and are paid.
        log.exception("a look at batch %s failed", batch.id)
        _tell_trouble(batch, tools, f"a fault of the program: {type(error).__name__}: {error}")


def forget(batch: Batch, calls: CallTools) -> None:
    """Close a batch of which nothing can be read any more; Bedrock is not asked, nor stopped.

    Records without an answer are written down as lost, at the most they can have cost, unless
    Bedrock has never had them. One that is closed stays as it is.

    Args:
        batch: The batch.
        calls: Where replies and records are.

    Raises:
        LibraryError: The catalog cannot be used.
    """
    store = calls.store
    now = datetime.now(UTC)
    if store.close_batch(batch.id, ("preparing",), closed_at=now, message="forgotten unsent"):
        return
    reader = _Reader(batch, calls)
    why = "forgotten: what it may have cost is in the ledger at the most"
    left = store.batch_records(batch.id, "asked") if store.batch(batch.id).is_open else []
    for record in left:
        if record.cache_key in reader.flights:
            reader.bill(record, "lost", Usage())
    ended = [replace(each, state="failed", error="Forgotten", message=why) for each in left]
    store.end_records(batch, ended)
    answered = len(store.batch_records(batch.id, "answered"))
    closed = store.close_batch(
        batch.id, closed_at=now, message=why, trouble="",
        answered=answered, failed=batch.records - answered,
    )  # fmt: skip
    if closed is not None:
        note(store, batch.job_id, "batch.forgotten", batch=batch.id, lost=len(left))


def _tell_trouble(batch: Batch, tools: BatchTools, why: str) -> None:
    store = tools.calls.store
    if store.change_batch(batch.id, OPEN, trouble=why) is not None and why != batch.trouble:
        note(store, batch.job_id, "batch.trouble", batch=batch.id, error=why)


def _begun(batch: Batch, tools: BatchTools, *, is_unwanted: bool) -> Batch | None:
    """A batch that Bedrock may have begun, when it is known to; None while that is not so."""
    arn = tools.service.find(batch.name)
    if arn:
        return tools.calls.store.change_batch(
            batch.id, ("submitting",),
            state="submitted", arn=arn, submitted_at=datetime.now(UTC), trouble="",
        )  # fmt: skip
    if not is_unwanted:
        submit(batch, tools)
    elif datetime.now(UTC) - (batch.submitted_at or batch.created_at) > SETTLED:
        drop(batch, "submitting", tools, "stopped before it was sent")
    return None


def _follow(batch: Batch, tools: BatchTools, *, is_unwanted: bool) -> None:
    """Write down how far a batch is, stop it if nobody wants it, and land it at its end."""
    store = tools.calls.store
    look = tools.service.look(batch.arn)
    if look.has_ended:
        _land(batch, look, tools)
        return
    if is_unwanted and look.state != "Stopping":
        tools.service.stop(batch.arn)
        note(store, batch.job_id, "batch.stopping", batch=batch.id)
    if (look.state, look.processed, "") != (batch.service_state, batch.processed, batch.trouble):
        store.change_batch(
            batch.id, ("submitted",),
            service_state=look.state, processed=look.processed, trouble="",
        )  # fmt: skip
    if look.state != batch.service_state:
        note(store, batch.job_id, "batch.state", batch=batch.id, state=look.state)


def _has_ended(batch: Batch, tools: BatchTools) -> bool:
    """Does nobody wait for it any more?"""
    store = tools.calls.store
    try:
        if not store.job(batch.job_id).is_finished:
            return False
    except NotInLibrary:
        pass
    # Another job that asks the same may wait for it too.
    return not any(batch.id in job.batches for job in store.parked_jobs())


def _land(batch: Batch, look: BatchLook, tools: BatchTools) -> None:
    """Read what Bedrock has written, keep it, and close the batch."""
    store = tools.calls.store
    reader = _Reader(batch, tools.calls)
    waiting = {each.record_id: each for each in store.batch_records(batch.id, "asked")}
    done: list[BatchRecord] = []
    counts: list[tuple[int, int]] = []
    for name, data in _written(batch, tools):
        if name.endswith("manifest.json.out"):
            counts += [count] if (count := read_counts(data)) else []
            continue
        for answer in read_answers(data):
            if (record := waiting.pop(answer.record_id, None)) is not None:
                done.append(reader.ended(record, answer))
            if len(done) >= AT_ONCE:
                store.end_records(batch, done)
                done = []
    # Of a batch that was stopped or gave up, some were never asked.
    code = NO_OUTPUT if look.state in ("Completed", "PartiallyCompleted") else look.state
    why = look.message or f"Bedrock has written nothing about it; the batch is {look.state}"
    done += [replace(each, state="failed", error=code, message=why) for each in waiting.values()]
    store.end_records(batch, done)
    _close(batch, look, tools, counts)


def _close(batch: Batch, look: BatchLook, tools: BatchTools, counts: list[tuple[int, int]]) -> None:
    store = tools.calls.store
    records = store.batch_records(batch.id)
    tokens = (sum(r.input_tokens for r in records), sum(r.output_tokens for r in records))
    message = look.message
    if counts:
        told = (sum(c[0] for c in counts), sum(c[1] for c in counts))
        if told != tokens:
            message = (
                f"{message} Bedrock's manifest counts {told[0]:,} tokens in and {told[1]:,} out, its"
                f" records {tokens[0]:,} and {tokens[1]:,}; the ledger has those of the records."
            ).strip()
    answered = sum(1 for each in records if each.state == "answered")
    closed = store.close_batch(
        batch.id, closed_at=datetime.now(UTC), service_state=look.state, processed=look.processed,
        answered=answered, failed=len(records) - answered,
        input_tokens=tokens[0], output_tokens=tokens[1], message=message, trouble="",
    )  # fmt: skip
    if closed is not None:
        note(
            store, batch.job_id, "batch.ended",
            batch=batch.id, state=look.state, answered=answered, failed=closed.failed,
        )  # fmt: skip
        clean(batch, tools)


def _written(batch: Batch, tools: BatchTools) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of everything Bedrock has written; where, is for Bedrock to choose."""
    for each in tools.staging.list(f"{batch.output_uri}/"):
        if each.uri.endswith((".jsonl.out", "manifest.json.out")):
            yield each.uri, tools.staging.read(each.uri)


class _Reader:
    """Reads the answers of one batch."""

    def __init__(self, batch: Batch, calls: CallTools) -> None:
        self.batch = batch
        self.calls = calls
        flying = calls.store.calls_in_flight(batch.job_id)
        self.flights = {each.cache_key: each for each in flying if each.holder == batch.holder}
        self.model: ModelInfo | None = None
        try:
            self.model = calls.model_for(batch.model)
        except RequestError:
            log.warning("the catalog has no %s any more: its price is unknown", batch.model)
        began = batch.submitted_at or batch.created_at
        self.seconds = round((datetime.now(UTC) - began).total_seconds(), 1)

    def ended(self, record: BatchRecord, answer: RecordAnswer) -> BatchRecord:
        """Keep what came of a record, and write down what it has cost.

        Raises:
            DiskFull: Its reply cannot be kept; it is read again the next time.
            LibraryError: The same, or the catalog cannot be used.
        """
        if answer.output is None:
            return replace(record, state="failed", error=answer.error, message=answer.message)
        question = ModelRequest(
            "analyse_chunk", self.batch.model, "", record.schema, "report",
            max_output_tokens=record.max_output_tokens,
        )  # fmt: skip
        try:
            reply = read_output(answer.output, question, self.batch.model_id, self.seconds)
        except BadReply as error:
            usage = error.billed or Usage()
            if isinstance(error, AnswerCut):
                self.keep(record, ModelReply({}, usage, self.batch.model_id, CUT, 0.0))
            # Without usage that can be read nobody knows what it has cost.
            self.bill(record, "refused" if error.billed else "lost", usage)
            kind = type(error).__name__
            ended = replace(record, state="failed", error=kind, message=error.message)
        else:
            usage = replace(reply.usage, images=record.images, media_s=record.media_s)
            self.keep(record, replace(reply, usage=usage))
            self.bill(record, "answered", usage)
            ended = replace(record, state="answered")
        # As the service counts them: what came from its cache is input too.
        tokens_in = usage.input_tokens + usage.cached_tokens
        return replace(ended, input_tokens=tokens_in, output_tokens=usage.output_tokens)

    def keep(self, record: BatchRecord, reply: ModelReply) -> None:
        """Put a reply into the call cache."""
        batched = replace(reply, tier="batch")
        self.calls.cache.put(record.cache_key, record.label, batched)

    def bill(self, record: BatchRecord, outcome: CallResult, usage: Usage) -> None:
        """Write the ledger's row of a record, once."""
        store, flight = self.calls.store, self.flight(record)
        began = datetime.fromtimestamp(flight.started_at_s, UTC)
        # Its row may have been named by the analysis of another job meanwhile.
        if not store.paid_since(record.cache_key, time_text(began)):
            store.record_call(entry_of(flight, self.model, outcome, usage, self.batch.model_id))

    def flight(self, record: BatchRecord) -> CallInFlight:
        """The call as it was admitted."""
        found = self.flights.get(record.cache_key)
        if found is None:
            raise JobError(
                f"the call about {record.label} has landed without its batch",
                hint="the catalog was changed from outside; restore a backup",
            )
        return found
