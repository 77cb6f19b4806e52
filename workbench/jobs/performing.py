"""Do one attempt of a job: call the operation it names, and record how it ended.

Nothing here knows the queue. A job may be performed again after a crash at any moment: every
operation keeps what it finished, so only the unfinished part is done (and paid) again. What a job
has cost is written where the calls are, never here.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure
from workbench.errors import LibraryGone, WorkbenchError
from workbench.explain.request import FilmRequest
from workbench.jobs.batches import SUPERSEDED, InBatch, park
from workbench.jobs.operations import Operations
from workbench.jobs.processes.sweeper import give_back
from workbench.jobs.telling import Crew, JobTools, Stopped, Telling
from workbench.library.calls.holders import holder_name
from workbench.library.journal import note
from workbench.library.records import Job, JobKind, JobState
from workbench.library.store import Store
from workbench.logs import Fact

FAULT_HINT = "this is a fault of the program; logs/worker.log in the data folder has the rest"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    state: JobState
    error: str = ""
    hint: str = ""
    asset_ids: tuple[str, ...] = ()
    result_ids: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def perform(job_id: str, attempt: int, tools: JobTools) -> str:
    """Do an attempt of a job and write its outcome; one that is not the newest is left alone.

    Args:
        job_id: A job of the store.
        attempt: The attempt that was put into the queue.
        tools: What it is done with.

    Returns:
        The state the job is in, or `superseded`.

    Raises:
        LibraryGone: The database stays away; the worker puts the job right when it is back.
    """
    store, crew = tools.store, tools.crew
    if not crew.enter(job_id, attempt):
        return SUPERSEDED
    try:
        job = crew.patiently(lambda: _begin(store, job_id, attempt, crew))
        if job is None:
            return SUPERSEDED
        note(store, job_id, "job.started", attempt=attempt, worker=job.worker, starts=job.starts)
        try:
            outcome = _outcome(job, tools.operations, Telling(job, tools))
        except InBatch as waits:
            batches = waits.batches
            return crew.patiently(lambda: park(store, job, batches))
        except (Stopped, LibraryGone):
            return crew.patiently(lambda: _rest(store, job, crew))
        except BaseException as error:
            log.exception("job %s failed", job_id)
            fault = Outcome("failed", f"{type(error).__name__}: {error}", FAULT_HINT)
            crew.patiently(lambda: _finish(store, job, fault))
            if isinstance(error, Exception):
                return "failed"
            raise
        return crew.patiently(lambda: _finish(store, job, outcome))
    finally:
        crew.leave(job_id)


def _begin(store: Store, job_id: str, attempt: int, crew: Crew) -> Job | None:
    """Take the job, unless it was stopped or put back meanwhile."""
    if crew.is_ending:
        return None
    job = store.job(job_id)
    return store.change_job(
        job_id,
        ("waiting",),
        of_attempt=attempt,
        state="running",
        started_at=job.started_at or datetime.now(UTC),
        stage="starting",
        worker=holder_name(),
        starts=job.starts + 1,
    )


def _rest(store: Store, job: Job, crew: Crew) -> str:
    """Leave the job where it is, for whoever takes it up next."""
    why = "waits for the worker to start again" if crew.is_ending else "waits for the database"
    # It was not in vain: whoever stops a job in good order has not died of it.
    given = give_back(store, job, why, starts=0)
    if given is not None:
        note(store, job.id, "job.rests", why=why)
    return given.state if given else SUPERSEDED


def _finish(store: Store, job: Job, outcome: Outcome) -> str:
    """Write how it ended; results of a job that was stopped meanwhile are kept with it."""
    results: dict[str, Any] = {
        name: value
        for name in ("asset_ids", "result_ids", "failures")
        if (value := getattr(outcome, name))
    }
    changes: dict[str, Any] = {
        "state": outcome.state,
        "finished_at": datetime.now(UTC),
        "error": outcome.error,
        "hint": outcome.hint,
        "stage": "",
        "left_s": None,
        "starts": 0,
        **results,
    }
    if outcome.state == "done":
        total = max(store.job(job.id).total, 1)
        changes |= {"done": total, "total": total}
    # A job that was paused in its last moment has nothing left to rest from.
    ended = store.change_job(job.id, ("running", "paused"), of_attempt=job.attempt, **changes)
    if ended is not None:
        paid = None if ended.cost_usd is None else float(ended.cost_usd)
        facts: dict[str, Fact] = {
            "paid_usd": paid,
            "calls": ended.calls_paid,
            "failures": len(ended.failures),
        }
        if ended.error:
            facts["error"] = ended.error
        note(store, job.id, f"job.{ended.state}", **facts)
        return ended.state
    kept = store.change_job(job.id, ("cancelled",), of_attempt=job.attempt, **results)
    return kept.state if kept else SUPERSEDED


def _outcome(job: Job, operations: Operations, telling: Telling) -> Outcome:
    try:
        return _PERFORM[job.kind](job, operations, telling)
    except LibraryGone:
        raise
    except WorkbenchError as error:
        return Outcome("failed", error.message, error.hint)


def _analyse(job: Job, operations: Operations, telling: Telling) -> Outcome:
    request = AnalysisRequest.model_validate_json(job.request)
    if request.tier == "batch":
        batches = operations.send_batch(request, telling, job_id=job.id)
        if batches:
            raise InBatch(batches)
    result = operations.analyse(request, telling, telling.execute, job_id=job.id)
    done = dict.fromkeys(analysis.asset_id for analysis in result.analyses)
    outcome = _batch(list(done), result.failures, bool(result.analyses))
    return Outcome(
        outcome.state,
        outcome.error,
        outcome.hint,
        asset_ids=outcome.asset_ids or job.asset_ids,
        result_ids=tuple(analysis.id for analysis in result.analyses),
        failures=outcome.failures,
    )


def _proxies(job: Job, operations: Operations, telling: Telling) -> Outcome:
    asked = json.loads(job.request)
    ids: list[str] = asked["asset_ids"]
    made = operations.make_proxies(
        ids,
        asked.get("spec"),
        limit=asked.get("limit"),
        again=bool(asked.get("again")),
        progress=telling,
    )
    return _batch(ids, made.failed, len(made.failed) < len(ids))


def _report(job: Job, operations: Operations, telling: Telling) -> Outcome:
    asked = json.loads(job.request)
    record = operations.report(asked["notebook"], asked["parameters"], progress=telling)
    state: JobState = "failed" if record.state == "failed" else "done"
    return Outcome(
        state, record.error, record.hint, asset_ids=record.asset_ids, result_ids=(record.id,)
    )


def _film(job: Job, operations: Operations, telling: Telling) -> Outcome:
    film = operations.film(
        FilmRequest.model_validate_json(job.request),
        progress=telling,
        job_id=job.id,
        execute=telling.execute,
        check=telling.check,
    )
    return Outcome("done", asset_ids=film.asset_ids, result_ids=(film.id,))


def _index(_: Job, operations: Operations, telling: Telling) -> Outcome:
    operations.rebuild_index(progress=telling)
    return Outcome("done")


def _import(job: Job, operations: Operations, telling: Telling) -> Outcome:
    asked = json.loads(job.request)
    if asked.get("sample"):
        operations.make_sample(progress=telling)
        return Outcome("done")
    report = operations.import_media([Path(path) for path in asked["paths"]], progress=telling)
    ids = [asset.id for asset in (*report.added, *report.known)]
    failed = list(report.failed)
    if ids:
        operations.make_posters(ids, progress=telling)
    if asked.get("proxies") and ids:
        failed += operations.make_proxies(ids, progress=telling).failed
    return _batch(ids, failed, bool(ids))


def _batch(asset_ids: Sequence[str], failures: Sequence[Failure], any_done: bool) -> Outcome:
    """A batch is done if anything of it is; what failed is listed."""
    ids, failed = tuple(asset_ids), tuple(failures)
    if failed and not any_done:
        first = failed[0]
        return Outcome("failed", f"{first.name}: {first.message}", first.hint, failures=failed)
    return Outcome("done", asset_ids=ids, failures=failed)


_PERFORM: Mapping[JobKind, Callable[[Job, Operations, Telling], Outcome]] = {
    "analyse": _analyse,
    "import": _import,
    "proxies": _proxies,
    "report": _report,
    "film": _film,
    "index": _index,
}
