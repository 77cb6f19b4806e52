"""What is asked of the worker, as jobs: their titles, their names, and what of one to do again."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.analysis.request import AnalysisRequest
from workbench.errors import NotInLibrary, RequestError
from workbench.jobs.queues import queue_of
from workbench.library.records import Job, JobKind, Priority
from workbench.library.store import Store


def name_of(job: Job) -> str:
    """The name of what a job was asked to do; jobs of one name do the same.

    Example:
        >>> made = new_job("index", "Index", "{}")
        >>> name_of(made) == name_of(new_job("index", "Index anew", "{}", priority="low"))
        True
    """
    return hashlib.sha256(f"{job.kind} {job.request}".encode()).hexdigest()


def new_job(
    kind: JobKind,
    title: str,
    request: str,
    asset_ids: Sequence[str] = (),
    *,
    priority: Priority = "normal",
) -> Job:
    """A job that waits, not kept anywhere yet.

    Args:
        kind: What is to be done.
        title: What a person calls it.
        request: The request as JSON.
        asset_ids: The assets it is about.
        priority: Its place among those that wait.
    """
    return Job(
        id=uuid.uuid4().hex[:16],
        kind=kind,
        title=title,
        state="waiting",
        created_at=datetime.now(UTC),
        asset_ids=tuple(asset_ids),
        request=request,
        queue=queue_of(kind, request),
        priority=priority,
    )


def analysis_job(
    request: AnalysisRequest, names: Mapping[str, str], priority: Priority = "normal"
) -> Job:
    """The job of an analysis.

    Args:
        request: What is asked.
        names: Asset as the request names it → what a person calls it.
        priority: Its place among those that wait.
    """
    title = f"Analyse {titled([names[each] for each in request.assets])}"
    text = request.model_dump_json()
    return new_job("analyse", title, text, request.assets, priority=priority)


def proxies_job(
    asset_ids: Sequence[str],
    names: Mapping[str, str],
    spec: str | None,
    priority: Priority = "normal",
    *,
    limit: int | None = None,
    again: bool = False,
) -> Job:
    """The job of making proxies.

    Args:
        asset_ids: Of what.
        names: Asset id → what a person calls it.
        spec: Only this proxy; None for all.
        priority: Its place among those that wait.
        limit: So many of the missing ones at most; None for all.
        again: Also those that are there.
    """
    kind = f"{spec} proxies" if spec else "proxies"
    title = f"Make {kind} of {titled([names[each] for each in asset_ids])}"
    asked: dict[str, Any] = {"asset_ids": list(asset_ids), "spec": spec}
    # What is usual is not written, so that the same is asked by the same words as ever.
    if limit is not None:
        asked["limit"] = limit
    if again:
        asked["again"] = True
    text = as_json(asked)
    return new_job("proxies", title, text, asset_ids, priority=priority)


def again(job: Job, store: Store) -> Job:
    """A new job for what is left of one that has ended.

    Of many files of which some failed it is the failed ones. Anything else is asked for as it was:
    what is kept of it is not done twice. What failed in a batch at a service and is too little for
    another batch is asked at the flex tier: at the same price, one by one.

    Args:
        job: One that has ended.
        store: Where its assets are.
    """
    if job.kind == "analyse":
        request = AnalysisRequest.model_validate_json(job.request)
        left = _failed(request.assets, job, store) if job.state == "done" else {}
        if left:
            request = request.model_copy(update={"assets": tuple(left)})
        if request.tier == "batch" and _is_small(job, store):
            request = request.model_copy(update={"tier": "flex"})
            names = left or asset_names(store, request.assets)
            flex = analysis_job(request, names, job.priority)
            return replace(flex, title=f"{flex.title} at the flex tier")
        if left:
            return analysis_job(request, left, job.priority)
    if job.state == "done" and job.kind == "proxies":
        asked = json.loads(job.request)
        if left := _failed(asked["asset_ids"], job, store):
            return proxies_job(
                list(left), left, asked["spec"], job.priority, again=bool(asked.get("again"))
            )
    return new_job(job.kind, job.title, job.request, job.asset_ids, priority=job.priority)


def _is_small(job: Job, store: Store) -> bool:
    """Is what failed in a job's batches less than a batch has to have?"""
    known = [batch for batch in store.batches(job_id=job.id) if not batch.is_open]
    failed = sum(batch.failed for batch in known)
    return 0 < failed < max((batch.least_records for batch in known), default=0)


def _failed(assets: Sequence[str], job: Job, store: Store) -> dict[str, str]:
    """The assets that failed, with their names; none if a failure is of no asset that was named."""
    names = asset_names(store, assets)
    bad = {failure.name for failure in job.failures}
    if not bad <= {*names, *names.values()}:
        return {}
    return {each: name for each, name in names.items() if each in bad or name in bad}


def asset_names(store: Store, assets: Sequence[str]) -> dict[str, str]:
    """What a person calls each of some assets: the name in the library, or that of the file."""
    names: dict[str, str] = {}
    for each in assets:
        if each not in names:
            try:
                names[each] = store.asset(each).name
            except NotInLibrary:
                names[each] = Path(each).name
    return names


def titled(names: Sequence[str]) -> str:
    """What a title calls some files.

    Example:
        >>> titled(["talk.mp4"]), titled(["a", "b", "c"])
        ('talk.mp4', '3 files')
    """
    return names[0] if len(names) == 1 else f"{len(names)} files"


def as_json(value: Mapping[str, Any]) -> str:
    """A request as JSON.

    Raises:
        RequestError: It holds something a job cannot carry.
    """

    def plain(item: object) -> str:
        if isinstance(item, Decimal | Path):
            return str(item)
        raise RequestError(
            f"a job cannot carry a {type(item).__name__}", hint="use texts, numbers and lists"
        )

    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=plain)
