"""Forget what the queue keeps of jobs that ended long ago. The catalog's own rows go elsewhere."""

from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from workbench.jobs.database import open_client, queue_error, queue_file

ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""What DBOS calls a workflow that does not go on by itself."""

BATCH = 200


def forget_workflows(
    data_dir: Path, database_url: str, before: datetime, *, dry_run: bool = False
) -> int:
    """Remove ended workflows that were made before a time, with their steps.

    Args:
        data_dir: The data folder.
        database_url: A team's Postgres; empty for the queue in the data folder.
        before: Those made later stay.
        dry_run: Count only.

    Returns:
        How many there were.

    Raises:
        JobError: The queue cannot be used.
        LibraryDamaged: Its file is no database.
        LibraryBusy: Another process keeps it locked.
    """
    if not database_url and not queue_file(data_dir).exists():
        return 0
    client = open_client(data_dir, database_url)
    engine = client._sys_db.engine  # noqa: SLF001 - made by us, and left open by DBOS
    count = 0
    try:
        while True:
            found = client.list_workflows(
                status=list(ENDED),
                end_time=before.isoformat(),
                limit=BATCH,
                offset=count if dry_run else 0,
                load_input=False,
                load_output=False,
            )
            count += len(found)
            if found and not dry_run:
                client.delete_workflows([status.workflow_id for status in found])
            if len(found) < BATCH:
                return count
    except DBAPIError as error:
        raise queue_error(error, queue_file(data_dir)) from error
    finally:
        client.destroy()
        engine.dispose()
