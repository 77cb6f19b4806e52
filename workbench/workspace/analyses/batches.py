"""What a workspace does with batches: gather what is asked, send it, follow it, and go on after it."""

import functools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.analysis.plans.plan import AnalysisPlan
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import RunResult
from workbench.analysis.runs.run import Executor, RunTools
from workbench.backends.order import CallOrder, CallOutcome
from workbench.errors import BackendError, NotInLibrary, RequestError, SettingsError
from workbench.jobs.batches import known_batches
from workbench.library.calls.batch import OPEN, Batch, BatchRecord
from workbench.library.records import Priority
from workbench.progress import Progress, silent
from workbench.workspace.account import batch_folders
from workbench.workspace.analyses.analysis import AnalysisWork
from workbench.workspace.analyses.combined import units

if TYPE_CHECKING:
    from workbench.backends.bedrock.batch import BedrockBatches, LeastRecords
    from workbench.backends.staging.folder import Staging
    from workbench.library.calls.batch_sending import BatchTools

STAGING_HINT = (
    "set WORKBENCH_NOVA_BATCH_INPUT_PREFIX and WORKBENCH_NOVA_BATCH_OUTPUT_PREFIX, or"
    " WORKBENCH_STAGING_URI, to a folder in S3 (s3://bucket/folder)"
)

TOO_FEW_HINT = "ask about more files at once, or choose the flex tier: the same price, one by one"

SAID = 3
"""Failed records that are named where many have failed."""


class BatchWork(AnalysisWork):
    """Batches of calls at Bedrock."""

    @functools.cached_property
    def batch_service(self) -> "BedrockBatches":
        """Batch inference of Bedrock; opening it calls nothing."""
        from workbench.backends.bedrock.account import Account
        from workbench.backends.bedrock.batch import BedrockBatches

        account = Account(self.settings.aws_region)
        return BedrockBatches(self.settings.bedrock_batch_role_arn, account)

    def plans(self, request: AnalysisRequest) -> tuple[AnalysisPlan, ...]:
        """List and price what a request means; of a batch it says whether it is large enough.

        Raises:
            RequestError: It cannot be done as asked, or names nothing that can be read.
        """
        return tuple(self._with_batch_notes(plan) for plan in super().plans(request))

    def run(
        self,
        plan: AnalysisPlan,
        *,
        progress: Progress = silent,
        execute: Executor | None = None,
        job_id: str = "",
    ) -> RunResult:
        """Make the calls of a plan, and no others; after a batch only what it could not ask.

        Raises:
            NoCredentials: A call has to be made, and the service cannot be called from here.
        """
        if execute is not None and _is_batched(plan):
            execute = self._after_batches(job_id, execute)
        return super().run(plan, progress=progress, execute=execute, job_id=job_id)

    def submit(self, request: AnalysisRequest, priority: Priority = "normal") -> str:
        """Ask the worker for an analysis; what a batch lacks is said now and not in an hour.

        Returns:
            The job's id.

        Raises:
            RequestError: It cannot be done as asked; for a batch there is too little to ask.
            SettingsError: No role or folder for batches is set.
        """
        if request.tier == "batch":
            self.require_batch(self.plans(request))
        return self.jobs.submit_analysis(request, priority)

    def require_batch(self, plans: Sequence[AnalysisPlan]) -> None:
        """See that what is left to ask can be sent as a batch.

        Raises:
            RequestError: There is too little of it, or too much.
            SettingsError: No role or folder is set.
        """
        batched = [plan for plan in plans if _is_batched(plan)]
        count = sum(_left(plan) for plan in batched)
        if count:
            self._batch_tools()
            self.batch_service.require_role()
            require_size(count, self.batch_service.least_records(batched[0].model))

    def send_batch(
        self, request: AnalysisRequest, progress: Progress = silent, *, job_id: str
    ) -> tuple[str, ...]:
        """Send what a request asks and is not kept as a batch; once for each job.

        Args:
            request: What is asked.
            progress: Told how far it is; what it raises stops the work.
            job_id: The job it is for.

        Returns:
            Ids of the batches to wait for; none when the request can be run.

        Raises:
            RequestError: There is too little to ask, or it cannot be done as asked.
            SettingsError: No role or folder is set.
            BudgetReached: Together the calls could pass the cap or the budget.
            BackendError: S3 or Bedrock refuses.
        """
        from workbench.analysis.plans.pooling import pool_orders
        from workbench.library.calls.batch_sending import Wanted, go_on_sending, send_batch

        known = self._batches_of(job_id)
        unsent = [batch for batch in known if batch.state == "preparing" and batch.job_id == job_id]
        if known and not unsent:
            return tuple(batch.id for batch in known if batch.is_open)
        plans = [plan for plan in self.plans(request) if _is_batched(plan) and _left(plan)]
        if not plans:
            return ()
        if not unsent:
            self.require_batch(plans)
        (plan,) = plans
        pooled = pool_orders(plan, self._pool_tools(plan, job_id), progress)
        tools, model = self._batch_tools(), plan.model

        def say(stage: str) -> None:
            progress(len(plan.assets), units(plan), stage)

        if unsent:
            return (go_on_sending(unsent[0], pooled.orders, tools, say).id,)
        others = self.store.batches_asking([order.key for order in pooled.orders])
        orders = [order for order in pooled.orders if order.key not in others]
        waits_for = tuple(dict.fromkeys(others.values()))
        least = self.batch_service.least_records(model)
        if not orders or (waits_for and len(orders) < least.count):
            # The rest is listed as not answered, and can be asked again.
            return waits_for
        require_size(len(orders), least)
        title = self.store.job(job_id).title
        wanted = Wanted(orders, job_id, title, model.ids[plan.route], least)
        return (send_batch(wanted, tools, say).id, *waits_for)

    def look_after_batches(self) -> None:
        """Follow open batches: how far they are, and when they have ended what came of them.

        Raises:
            LibraryError: The catalog cannot be used.
            SettingsError: No folder in S3 is set any more.
        """
        from workbench.library.calls.batch_landing import look_after

        if self.store.batches(only_open=True, limit=1):
            # Two looks of one worker are never quite as far apart as they should be.
            look_after(self._batch_tools(), self.settings.batch_poll_s / 2)

    def batches(self, *, only_open: bool = False) -> list[Batch]:
        """Batches, newest first; all, or those of which something may still come."""
        return self.store.batches(only_open=only_open)

    def batch(self, batch_id: str) -> Batch:
        """The batch with this id.

        Raises:
            NotInLibrary: There is none.
        """
        return self.store.batch(batch_id)

    def batch_records(self, batch_id: str) -> list[BatchRecord]:
        """What a batch asks, record by record, and what came of each."""
        return self.store.batch_records(batch_id)

    def stop_batch(self, batch_id: str) -> Batch:
        """Ask Bedrock to stop a batch. What it has answered by then is billed, and kept.

        Returns:
            The batch; open until a worker has seen that it has stopped.

        Raises:
            NotInLibrary: There is no such batch.
        """
        from workbench.library.calls.batch_landing import look_at

        wanted = self.store.change_batch(batch_id, OPEN, wants_stop=True)
        if wanted is not None:
            look_at(wanted, self._batch_tools())
        return self.store.batch(batch_id)

    def forget_batch(self, batch_id: str) -> Batch:
        """Close a batch whose results can never be read, at the most it can have cost.

        Bedrock is not asked: stop the batch before, where that can be done.

        Returns:
            The batch, closed.

        Raises:
            NotInLibrary: There is no such batch.
        """
        from workbench.library.calls.batch_landing import forget

        forget(self.store.batch(batch_id), self._call_tools())
        return self.store.batch(batch_id)

    def _batches_of(self, job_id: str) -> list[Batch]:
        """The batches of a job, and those of others it has waited for."""
        own = {batch.id: batch for batch in self.store.batches(job_id=job_id)}
        try:
            waited_for = self.store.job(job_id).batches
        except NotInLibrary:
            waited_for = ()  # a run without a worker
        others = known_batches(self.store, [each for each in waited_for if each not in own])
        return [*own.values(), *others]

    @functools.cached_property
    def _batch_staging(self) -> "Staging":
        from workbench.backends.staging.folder import Staging

        return Staging(self._batch_folders()[0], region=self.settings.aws_region)

    def _batch_folders(self) -> tuple[str, str]:
        """Where batches ask and where their results go.

        Raises:
            SettingsError: One of them is not set.
        """
        asks, tells = batch_folders(self.settings)
        if not asks or not tells:
            raise SettingsError("no folder in S3 for batches is set", hint=STAGING_HINT)
        return asks, tells

    def _batch_tools(self) -> "BatchTools":
        from workbench.library.calls.batch_sending import BatchTools

        tells = self._batch_folders()[1]
        return BatchTools(self._call_tools(), self.batch_service, self._batch_staging, tells)

    def _pool_tools(self, plan: AnalysisPlan, job_id: str) -> RunTools:
        make = functools.partial(self.call, job_id=job_id)
        hearing = self._hearing(plan.hearing, plan.request.max_cost_usd, make)
        return RunTools(
            gather=functools.partial(self.gather, hearing=hearing),
            prepare=self._prepare,
            cache=self.cache,
            record=lambda _: None,
            find=lambda _: None,
            keep=lambda *_: None,
        )

    def _with_batch_notes(self, plan: AnalysisPlan) -> AnalysisPlan:
        count = _left(plan) if _is_batched(plan) else 0
        if not count:
            return plan
        least = self.batch_service.least_records(plan.model)
        notes = [_size_note(count, least)]
        after = sum(1 for call in plan.calls if call.needs and not call.is_kept)
        if after:
            notes.append(
                f"{after} of {len(plan.calls)} calls need the answers of others: they are made after"
                " the batch, at the standard price."
            )
        return replace(plan, warnings=(*plan.warnings, *notes))

    def _after_batches(self, job_id: str, execute: Executor) -> Executor:
        """What makes calls after the batches of a job: not those that were in them."""
        failed: dict[str, list[BatchRecord]] = defaultdict(list)
        for batch in self._batches_of(job_id):
            for record in self.store.batch_records(batch.id, "failed"):
                failed[record.asset_id].append(record)

        def make(order: CallOrder) -> CallOutcome:
            if order.request.tier != "batch":
                return execute(order)
            raise _unanswered(order, failed[order.asset_id])

        return make


def require_size(count: int, least: "LeastRecords") -> None:
    """See that a batch of so many records can be made.

    Raises:
        RequestError: There are too few, or too many.
    """
    from workbench.backends.bedrock.batch import MOST_RECORDS

    if count < least.count:
        raise RequestError(_too_few(count, least), hint=TOO_FEW_HINT)
    if count > MOST_RECORDS:
        raise RequestError(
            f"a batch takes at most {MOST_RECORDS:,} records, and this has {count:,}",
            hint="ask about fewer files at once",
        )


def _too_few(count: int, least: "LeastRecords") -> str:
    return (
        f"a batch takes at least {least.count:,} records ({least.source}), and this has {count:,}"
    )


def _size_note(count: int, least: "LeastRecords") -> str:
    if count < least.count:
        said = _too_few(count, least)
        return f"{said[0].upper()}{said[1:]}: {TOO_FEW_HINT}."
    return (
        f"{count:,} records go into one batch; it takes at least {least.count:,} ({least.source})."
    )


def _is_batched(plan: AnalysisPlan) -> bool:
    return plan.request.tier == "batch" and plan.model.engine == "nova"


def _left(plan: AnalysisPlan) -> int:
    """Calls that can go into a batch and are not kept."""
    return sum(1 for call in plan.calls if not call.needs and not call.is_kept)


def _unanswered(order: CallOrder, failed: Sequence[BatchRecord]) -> BackendError:
    """Why a call of a batch has no answer, with the others about its file."""
    hint = "try again: what was answered is kept, and only what failed is asked again"
    if not failed:
        return BackendError(f"{order.label} was in no batch", hint=hint)
    said = [f"{_short(record)} ({record.error}: {record.message})" for record in failed[:SAID]]
    more = f" and {len(failed) - SAID} more" if len(failed) > SAID else ""
    verb = "record has" if len(failed) == 1 else "records have"
    return BackendError(f"{len(failed)} {verb} no answer: {'; '.join(said)}{more}", hint=hint)


def _short(record: BatchRecord) -> str:
    """What a record is about, without the name of its file.

    Example:
        >>> _short(BatchRecord("R0000000001", "", "", "", "talk.mp4, chunk 2 of 12"))
        'chunk 2 of 12'
    """
    return record.label.rpartition(", ")[2]
