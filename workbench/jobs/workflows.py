"""The one durable workflow: do a job. Queues say how many of a kind run at a time.

The client names the workflow and its queues by string, so both are constants here. A workflow has
one step; a step whose worker was killed is done again, and finds what was finished before.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from workbench.jobs.operations import Operations
from workbench.jobs.performing import Pause, perform
from workbench.library.records import Job
from workbench.library.store import Store

RUN_JOB = "run_job"

QueueName = Literal["media", "analysis_local", "analysis_service", "reports"]

QUEUES: Mapping[QueueName, int] = {
    # Each of these fills the machine's cores by itself.
    "media": 1,
    "analysis_local": 1,
    # These mostly wait for a service, which has limits of its own.
    "analysis_service": 3,
    "reports": 2,
}
"""Queue → how many of its jobs a worker runs at once."""

LOOK_EVERY_S = 0.5
"""How often a worker looks for new jobs, in seconds."""

MOST_RECOVERIES = 5
"""A job that takes its worker down is taken up again this often, then given up."""


def queue_of(job: Job) -> QueueName:
    """The queue a job waits in."""
    if job.kind == "analyse":
        return "analysis_local" if '"engine":"local"' in job.request else "analysis_service"
    return "reports" if job.kind == "report" else "media"


def register(store: Store, operations: Operations, pause: Pause) -> Callable[[str], str]:
    """Make the workflow known to DBOS in this process; before launch, and once.

    Args:
        store: Where jobs are kept.
        operations: What does the work.
        pause: Asked before every step of a job.
    """
    from dbos import DBOS

    @DBOS.step(name="perform")
    def perform_job(job_id: str) -> str:
        return perform(job_id, store, operations, pause)

    @DBOS.workflow(name=RUN_JOB, max_recovery_attempts=MOST_RECOVERIES)
    def run_job(job_id: str) -> str:
        return perform_job(job_id)

    return run_job


def register_queues() -> None:
    """Say how many jobs run at once; after launch, when DBOS has its tables."""
    from dbos import DBOS

    for name, count in QUEUES.items():
        DBOS.register_queue(
            name,
            worker_concurrency=count,
            polling_interval_sec=LOOK_EVERY_S,
            on_conflict="always_update",
        )
