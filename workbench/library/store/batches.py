"""The part of the store that keeps batches. To open or close one moves its calls in flight too."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, select, update

from workbench.backends.usage import Cost, total_cost
from workbench.errors import NotInLibrary
from workbench.jsonable import from_json, to_json
from workbench.library.calls.batch import (
    IN_BATCH,
    OPEN,
    Batch,
    BatchRecord,
    BatchState,
    RecordState,
)
from workbench.library.calls.holders import BATCH_PREFIX
from workbench.library.database.door import Database
from workbench.library.database.rows import cost_text, in_batches, read_record, time_text
from workbench.library.database.tables import batch_records, batches, calls_in_flight, jobs
from workbench.library.records import CallInFlight, Job
from workbench.library.store.calls import Admission, in_flight, one_at_a_time, short_of_money


class BatchRows:
    """Batches change while they are open; every change is one short transaction."""

    _database: Database

    def open_batch(
        self,
        batch: Batch,
        records: Sequence[BatchRecord],
        calls: Sequence[CallInFlight],
        *,
        cap_usd: Decimal | None,
        budget_usd: Decimal | None,
        is_alive: Callable[[CallInFlight], bool],
    ) -> Admission:
        """Ask whether a batch may be made; with `go` all its calls are in flight from now on.

        How many calls of a model may be under way at once does not count: Bedrock has no such
        limit for batches.

        Args:
            batch: The batch, `preparing`.
            records: Its records, at least one.
            calls: Their calls, in the same order; their holder and times are set here.
            cap_usd: The most its job may cost in all.
            budget_usd: The most that all calls of this calendar month (UTC) may cost.
            is_alive: Says whether a call in flight is still being made.
        """
        with self._database.writing("jobs") as connection:
            one_at_a_time(connection)
            now_s, up_s = self._database.clock_s(connection)
            flying = in_flight(connection, now_s, up_s)
            if stale := tuple(each for each in flying if not is_alive(each)):
                return Admission("stale", stale=stale)
            keys = {call.cache_key for call in calls}
            if any(each.keys & keys for each in flying):
                return Admission("held")
            most: Cost = total_cost(call.most_usd for call in calls)
            if refusal := short_of_money(
                connection,
                replace(calls[0], most_usd=most),
                flying,
                cap_usd=cap_usd,
                budget_usd=budget_usd,
                now_s=now_s,
            ):
                return refusal
            connection.execute(batches.insert().values(**_row(batch), looked_at_s=0.0))
            for some in in_batches(list(zip(records, calls, strict=True))):
                connection.execute(
                    batch_records.insert(), [_record_row(batch.id, each) for each, _ in some]
                )
                connection.execute(
                    calls_in_flight.insert(), [_flight(call, batch, now_s) for _, call in some]
                )
            return Admission("go", began_at_s=now_s)

    def batch(self, batch_id: str) -> Batch:
        """The batch with this id.

        Raises:
            NotInLibrary: There is none.
        """
        with self._database.reading() as connection:
            data = connection.execute(
                select(batches.c.data).where(batches.c.id == batch_id)
            ).scalar_one_or_none()
        if data is None:
            raise NotInLibrary(
                f"no batch {batch_id!r} is known", hint="`workbench batches` lists those there are"
            )
        return read_record(Batch, data, f"batch {batch_id}")

    def batches(
        self, *, job_id: str | None = None, only_open: bool = False, limit: int | None = None
    ) -> list[Batch]:
        """Batches, newest first.

        Args:
            job_id: Only those of this job.
            only_open: Only those of which something may still come.
            limit: At most so many.
        """
        query = select(batches.c.id, batches.c.data)
        if job_id is not None:
            query = query.where(batches.c.job_id == job_id)
        if only_open:
            query = query.where(batches.c.is_open)
        query = query.order_by(batches.c.created_at.desc(), batches.c.id).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [read_record(Batch, row.data, f"batch {row.id}") for row in rows]

    def due_batches(self, every_s: float) -> list[Batch]:
        """Open batches that nobody has looked at for so many seconds; they count as looked at now.

        So of all workers of a team one looks at each.
        """
        with self._database.writing() as connection:
            now_s = self._database.now_s(connection)
            # One of the future was looked at before the clock was set back.
            is_due = (batches.c.looked_at_s <= now_s - every_s) | (batches.c.looked_at_s > now_s)
            query = select(batches.c.id, batches.c.data).where(batches.c.is_open, is_due)
            # Whoever asks at the same moment waits here, and finds that they are due no more.
            mine = query.order_by(batches.c.created_at).with_for_update()
            rows = connection.execute(mine).all()
            for ids in in_batches([row.id for row in rows]):
                connection.execute(
                    update(batches).where(batches.c.id.in_(ids)).values(looked_at_s=now_s)
                )
        return [read_record(Batch, row.data, f"batch {row.id}") for row in rows]

    def change_batch(
        self, batch_id: str, from_states: Sequence[BatchState], **changes: Any
    ) -> Batch | None:
        """Change an open batch if it is in one of some states.

        Returns:
            The batch after the change, or None if it is in another state, or there is none.
        """
        with self._database.writing("jobs") as connection:
            batch = _locked(connection, batch_id)
            if batch is None or batch.state not in from_states:
                return None
            return _rewritten(connection, replace(batch, **changes))

    def close_batch(
        self, batch_id: str, from_states: Sequence[BatchState] = OPEN, **changes: Any
    ) -> Batch | None:
        """Close a batch that is in one of some states, and let all its calls land.

        Returns:
            The batch, or None if it is in another state, or was closed before.
        """
        with self._database.writing("jobs") as connection:
            batch = _locked(connection, batch_id)
            if batch is None or not batch.is_open or batch.state not in from_states:
                return None
            connection.execute(
                delete(calls_in_flight).where(calls_in_flight.c.holder == batch.holder)
            )
            return _rewritten(connection, replace(batch, state="closed", **changes))

    def batch_records(self, batch_id: str, *states: RecordState) -> list[BatchRecord]:
        """The records of a batch, in their order; only those in some states, or all."""
        query = select(batch_records.c.data).where(batch_records.c.batch_id == batch_id)
        if states:
            query = query.where(batch_records.c.state.in_(states))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(batch_records.c.record_id)).scalars().all()
        return [read_record(BatchRecord, data, "a record of a batch") for data in rows]

    def end_records(self, batch: Batch, records: Sequence[BatchRecord]) -> None:
        """Write what came of records; their calls are no longer in flight."""
        with self._database.writing() as connection:
            for each in records:
                same = (batch_records.c.batch_id == batch.id) & (
                    batch_records.c.record_id == each.record_id
                )
                row = {"state": each.state, "data": to_json(each)}
                connection.execute(update(batch_records).where(same).values(**row))
                connection.execute(
                    delete(calls_in_flight).where(
                        calls_in_flight.c.cache_key == each.cache_key,
                        calls_in_flight.c.holder == batch.holder,
                    )
                )

    def batches_asking(self, cache_keys: Sequence[str]) -> dict[str, str]:
        """Question → the open batch that asks it, for those of some that one does."""
        found: dict[str, str] = {}
        calls = calls_in_flight.c
        with self._database.reading() as connection:
            for keys in in_batches(cache_keys):
                query = select(calls.cache_key, batch_records.c.batch_id).where(
                    calls.cache_key.in_(keys),
                    calls.cache_key == batch_records.c.cache_key,
                    # Not of a record that has failed, and is asked by others since.
                    calls.holder == BATCH_PREFIX + batch_records.c.batch_id,
                    batch_records.c.batch_id == batches.c.id,
                    batches.c.is_open,
                )
                found |= {row.cache_key: row.batch_id for row in connection.execute(query)}
        return found

    def parked_jobs(self) -> list[Job]:
        """Jobs that wait for a batch, also those that rest meanwhile."""
        query = select(jobs.c.id, jobs.c.data).where(
            jobs.c.queue == IN_BATCH, jobs.c.state.in_(("waiting", "paused"))
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [read_record(Job, row.data, f"job {row.id}") for row in rows]


def _locked(connection: Connection, batch_id: str) -> Batch | None:
    query = select(batches.c.data).where(batches.c.id == batch_id).with_for_update()
    data = connection.execute(query).scalar_one_or_none()
    return None if data is None else from_json(Batch, data)


def _rewritten(connection: Connection, batch: Batch) -> Batch:
    connection.execute(update(batches).where(batches.c.id == batch.id).values(**_row(batch)))
    return batch


def _row(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "job_id": batch.job_id,
        "is_open": batch.is_open,
        "created_at": time_text(batch.created_at),
        "data": to_json(batch),
    }


def _record_row(batch_id: str, record: BatchRecord) -> dict[str, str]:
    return {
        "batch_id": batch_id,
        "record_id": record.record_id,
        "cache_key": record.cache_key,
        "state": record.state,
        "data": to_json(record),
    }


def _flight(call: CallInFlight, batch: Batch, now_s: float) -> dict[str, Any]:
    held = replace(call, holder=batch.holder, started_at_s=now_s, silent_s=0.0)
    return {
        "cache_key": call.cache_key,
        "model": call.model,
        "job_id": call.job_id,
        "holder": batch.holder,
        "started_at_s": now_s,
        "beat_at_s": now_s,
        "most_usd": cost_text(call.most_usd),
        "data": to_json(held),
    }
