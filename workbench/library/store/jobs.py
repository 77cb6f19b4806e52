"""The part of the store that keeps jobs, what happened to them, and who does them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, delete, func, select, update

from workbench.errors import NotInLibrary
from workbench.jsonable import from_json, to_json
from workbench.library.database.door import Database
from workbench.library.database.rows import in_batches, now_text, read_record, silence_s, time_text
from workbench.library.database.tables import batches, job_events, jobs, queues, workers
from workbench.library.records import FINISHED, RANKS, Job, JobEvent, JobState, WorkerRecord


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits, without the rest of its record."""

    job_id: str
    attempt: int
    rank: int
    """Place in its queue; the lowest is next."""


class JobRows:
    """Jobs change while they are done; every change is one short transaction."""

    _database: Database

    def put_job(self, job: Job) -> None:
        """Keep a job as it is now."""
        with self._database.writing("jobs") as connection:
            connection.execute(self._database.upsert(jobs).values(**_row(job, None)))

    def ask_for_jobs(self, asked: Mapping[str, Job]) -> dict[str, Job]:
        """Keep new jobs, each unless the same was asked for and has not ended.

        Args:
            asked: Name of the request (see `jobs.asking.name_of`) → the job it would be.

        Returns:
            Name of the request → the job that does it: the new one, or the one there was.
        """
        found: dict[str, Job] = {}
        with self._database.writing("jobs") as connection:
            left = list(asked)
            # On Postgres the job there was may end between the two statements: then ask again.
            while left:
                for names in in_batches(left):
                    rows = [_row(asked[name], name) for name in names]
                    insert = self._database.insert(jobs)
                    connection.execute(insert.on_conflict_do_nothing(), rows)
                    query = select(jobs.c.asked, jobs.c.id, jobs.c.data)
                    for row in connection.execute(query.where(jobs.c.asked.in_(names))):
                        found[row.asked] = _job(row.id, row.data)
                left = [name for name in left if name not in found]
            events = [
                _event(job.id, "job.asked", {"kind": job.kind, "priority": job.priority})
                for name, job in found.items()
                if job.id == asked[name].id
            ]
            if events:
                connection.execute(self._database.insert(job_events), events)
        return found

    def update_job(self, job_id: str, **changes: Any) -> Job:
        """Change fields of a job, whoever else writes to it at the same time.

        Returns:
            The job as it is after the change.

        Raises:
            NotInLibrary: There is no such job.
        """
        with self._database.writing("jobs") as connection:
            job, asked = self._locked(connection, job_id)
            return self._rewritten(connection, replace(job, **changes), asked)

    def change_job(
        self,
        job_id: str,
        from_states: Sequence[JobState],
        *,
        of_attempt: int | None = None,
        **changes: Any,
    ) -> Job | None:
        """Change a job only if it is in one of some states: nobody else's change is undone.

        Args:
            job_id: The job.
            from_states: States it may be in.
            of_attempt: The attempt it has to be at; None for any.
            **changes: Fields and their new values.

        Returns:
            The job after the change, or None if it is in another state or at another attempt.

        Raises:
            NotInLibrary: There is no such job.
        """
        with self._database.writing("jobs") as connection:
            job, asked = self._locked(connection, job_id)
            if job.state not in from_states or of_attempt not in (None, job.attempt):
                return None
            return self._rewritten(connection, replace(job, **changes), asked)

    @staticmethod
    def _locked(connection: Connection, job_id: str) -> tuple[Job, str | None]:
        query = select(jobs.c.data, jobs.c.asked).where(jobs.c.id == job_id).with_for_update()
        row = connection.execute(query).one_or_none()
        return _job(job_id, row.data if row else None), row.asked if row else None

    @staticmethod
    def _rewritten(connection: Connection, job: Job, asked: str | None) -> Job:
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(**_row(job, asked)))
        return job

    def job(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            NotInLibrary: There is none.
        """
        with self._database.reading() as connection:
            data = connection.execute(
                select(jobs.c.data).where(jobs.c.id == job_id)
            ).scalar_one_or_none()
        return _job(job_id, data)

    def jobs(
        self,
        *states: JobState,
        worker: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Job]:
        """Jobs in some states, or in any, newest first.

        Args:
            states: Only these; none for all.
            worker: Only those a worker of this name does.
            limit: Most jobs to return.
            offset: How many of the newest to leave out.
        """
        query = select(jobs.c.id, jobs.c.data).order_by(jobs.c.created_at.desc(), jobs.c.id)
        if states:
            query = query.where(jobs.c.state.in_(states))
        if worker is not None:
            query = query.where(jobs.c.worker == worker)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
        return [_job(row.id, row.data) for row in rows]

    def count_jobs(self) -> dict[JobState, int]:
        """How many jobs are in each state; a state without any is left out."""
        query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {cast("JobState", state): count for state, count in rows}

    def count_queue(self, queue: str, state: JobState) -> int:
        """How many jobs of a queue are in a state."""
        query = select(func.count()).where(jobs.c.state == state, jobs.c.queue == queue)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def next_jobs(self, queue: str, limit: int) -> list[Waiting]:
        """The jobs of a queue that wait, in the order in which they will be done; at most `limit`."""
        query = (
            select(jobs.c.id, jobs.c.attempt, jobs.c.rank)
            .where(jobs.c.state == "waiting", jobs.c.queue == queue)
            .order_by(jobs.c.rank, jobs.c.created_at, jobs.c.id)
        )
        with self._database.reading() as connection:
            return [Waiting(*row) for row in connection.execute(query.limit(limit))]

    def queue_settings(self) -> dict[str, int]:
        """Queue → how many of its jobs a worker does at once, where the user has said so."""
        with self._database.reading() as connection:
            rows = connection.execute(select(queues.c.name, queues.c.per_worker))
            return {row.name: row.per_worker for row in rows}

    def set_queue(self, name: str, per_worker: int) -> None:
        """Say how many jobs of a queue a worker does at once."""
        with self._database.writing("jobs") as connection:
            row = {"name": name, "per_worker": per_worker}
            connection.execute(self._database.upsert(queues).values(**row))

    def add_event(
        self, job_id: str, event: str, facts: Mapping[str, str | int | float | bool | None]
    ) -> None:
        """Write a line into a job's log."""
        with self._database.writing("jobs") as connection:
            row = _event(job_id, event, facts)
            connection.execute(self._database.insert(job_events).values(**row))

    def events(self, job_id: str, *, limit: int = 200) -> list[JobEvent]:
        """The log of a job, newest line first; at most `limit`."""
        query = select(job_events).where(job_events.c.job_id == job_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(job_events.c.id.desc()).limit(limit)).all()
        return [
            JobEvent(row.job_id, datetime.fromisoformat(row.at), row.event, json.loads(row.facts))
            for row in rows
        ]

    def forget_jobs(self, before: datetime) -> int:
        """Remove jobs that ended before a time, with their logs; returns how many."""
        with self._database.writing("jobs") as connection:
            old = ended_before(connection, before)
            for ids in in_batches(old):
                connection.execute(delete(job_events).where(job_events.c.job_id.in_(ids)))
                ended = batches.c.job_id.in_(ids) & ~batches.c.is_open
                connection.execute(delete(batches).where(ended))
                connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
        return len(old)

    def beat(self, worker: WorkerRecord) -> None:
        """Say that a worker lives."""
        with self._database.writing() as connection:
            row = {
                "name": worker.name,
                "beat_at_s": self._database.now_s(connection),
                "data": to_json(worker),
            }
            connection.execute(self._database.upsert(workers).values(**row))

    def workers(self) -> list[WorkerRecord]:
        """Workers that have not ended, with the seconds since they were heard of."""
        with self._database.reading() as connection:
            now_s, up_s = self._database.clock_s(connection)
            rows = connection.execute(select(workers).order_by(workers.c.name)).all()
        return [
            replace(
                from_json(WorkerRecord, row.data), silent_s=silence_s(row.beat_at_s, now_s, up_s)
            )
            for row in rows
        ]

    def forget_worker(self, name: str) -> None:
        """A worker has ended."""
        with self._database.writing() as connection:
            connection.execute(delete(workers).where(workers.c.name == name))


def ended_before(connection: Connection, before: datetime) -> list[str]:
    """Ids of jobs that ended before a time."""
    # None ended before it was made; when it ended stands in its record only.
    query = select(jobs.c.id, jobs.c.data).where(
        jobs.c.created_at < time_text(before), jobs.c.state.in_(FINISHED)
    )
    found = [_job(row.id, row.data) for row in connection.execute(query)]
    return [job.id for job in found if (job.finished_at or job.created_at) < before]


def _job(job_id: str, data: str | None) -> Job:
    if data is None:
        raise NotInLibrary(f"no job {job_id!r} is known", hint="see the Jobs page for those kept")
    return read_record(Job, data, f"job {job_id}")


def _event(
    job_id: str, event: str, facts: Mapping[str, str | int | float | bool | None]
) -> dict[str, str]:
    text = json.dumps(dict(facts), ensure_ascii=False)
    return {"job_id": job_id, "at": now_text(), "event": event, "facts": text}


def _row(job: Job, asked: str | None) -> dict[str, str | int | None]:
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "created_at": time_text(job.created_at),
        "data": to_json(job),
        "asked": None if job.is_finished else asked,
        "worker": job.worker,
        "queue": job.queue,
        "rank": RANKS[job.priority],
        "attempt": job.attempt,
    }
