"""The one durable workflow: do an attempt of a job.

The worker names the workflow and its queues by string when it feeds the queue, so both are constants.
A workflow has one step. Only the newest attempt of a job does anything, so a workflow that DBOS
starts a second time, or a second one of the same job, does no harm.
"""

from collections.abc import Callable

from workbench.jobs.performing import perform
from workbench.jobs.telling import JobTools

RUN_JOB = "run_job"

MOST_RECOVERIES = 1000
"""DBOS gives a workflow up after so many; a job is given up by its own count, long before."""


def workflow_id(job_id: str, attempt: int) -> str:
    """The name of an attempt in the queue.

    Example:
        >>> workflow_id("3f2a91", 0)
        '3f2a91-0'
    """
    return f"{job_id}-{attempt}"


def register(tools: JobTools) -> Callable[[str, int], str]:
    """Make the workflow known to DBOS in this process; before launch, and once.

    Args:
        tools: What jobs are done with.
    """
    from dbos import DBOS

    @DBOS.step(name="perform")
    def perform_job(job_id: str, attempt: int) -> str:
        return perform(job_id, attempt, tools)

    @DBOS.workflow(name=RUN_JOB, max_recovery_attempts=MOST_RECOVERIES)
    def run_job(job_id: str, attempt: int) -> str:
        return perform_job(job_id, attempt)

    return run_job
