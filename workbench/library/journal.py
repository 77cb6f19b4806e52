"""What happened to a job, written down: a row of its log, and a line in the log of the process."""

import logging
import uuid

from workbench.errors import WorkbenchError
from workbench.library.store import Store
from workbench.logs import Fact, log_event

RUN_PREFIX = "run-"
"""Begins the id of a run without a worker: it pays as a job does, and has no log of its own."""

log = logging.getLogger(__name__)


def new_run_id() -> str:
    """An id for a run without a worker, under which the ledger has what it pays."""
    return f"{RUN_PREFIX}{uuid.uuid4().hex}"


def note(store: Store, job_id: str, event: str, **facts: Fact) -> None:
    """Write an event into a job's log and into the log of this process.

    A log that cannot be written stops no work: only the process's own log has the event then.

    Args:
        store: The catalog.
        job_id: The job; empty, or of a run without a worker, for the process's log only.
        event: A word with a dot: `job.started`, `call.answered`.
        **facts: Names, numbers and ids; never a prompt, a transcript or a credential.
    """
    log_event(event, {"job": job_id, **facts} if job_id else facts)
    if not job_id or job_id.startswith(RUN_PREFIX):
        return
    try:
        store.add_event(job_id, event, facts)
    except WorkbenchError as error:
        log.warning("the log of job %s was not written: %s", job_id, error.message)
