"""The part of the store that keeps work: jobs, reports made, and the ledger of calls."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from workbench.errors import NotInLibrary
from workbench.jsonable import to_json
from workbench.library.database import Database
from workbench.library.records import Job, JobState, LedgerEntry, ReportRecord
from workbench.library.rows import cost_text, read_record, time_text
from workbench.library.tables import jobs, ledger, reports

if TYPE_CHECKING:
    import polars


class WorkRows:
    """Jobs, reports and calls. Jobs change; a call that was recorded does not."""

    _database: Database

    def record_call(self, entry: LedgerEntry) -> None:
        """Write a call into the ledger; the same entry twice is one."""
        row = {
            "at": time_text(entry.at),
            "analysis_id": entry.analysis_id,
            "asset_id": entry.asset_id,
            "call_id": entry.call_id,
            "cache_key": entry.cache_key,
            "engine": entry.engine,
            "model": entry.model,
            "model_id": entry.model_id,
            "was_kept": entry.was_kept,
            "estimated_usd": cost_text(entry.estimated_usd),
            "cost_usd": cost_text(entry.cost_usd),
            "input_tokens": entry.usage.input_tokens,
            "output_tokens": entry.usage.output_tokens,
            "cached_tokens": entry.usage.cached_tokens,
            "images": entry.usage.images,
            "characters": entry.usage.characters,
            "media_s": entry.usage.media_s,
        }
        with self._database.writing("catalog") as connection:
            insert = self._database.insert(ledger).values(**row)
            connection.execute(
                insert.on_conflict_do_nothing(index_elements=["analysis_id", "call_id", "at"])
            )

    def ledger(self) -> "polars.DataFrame":
        """Every call, oldest first.

        Returns:
            One row for each call, with the fields of `LedgerEntry` and `Usage` as columns.
            `at` is UTC; `estimated_usd` and `cost_usd` are exact decimals, null when unknown.
            A sum of polars leaves nulls out: ask `null_count()` before showing one as a total.
        """
        import polars

        columns = [column for column in ledger.columns if column.name != "id"]
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).order_by(ledger.c.at, ledger.c.id)).all()
        text, count = polars.String, polars.Int64
        schema: dict[str, Any] = {
            **dict.fromkeys(("at", "analysis_id", "asset_id", "call_id", "cache_key"), text),
            **dict.fromkeys(("engine", "model", "model_id"), text),
            "was_kept": polars.Boolean,
            **dict.fromkeys(("estimated_usd", "cost_usd"), text),
            **dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens"), count),
            **dict.fromkeys(("images", "characters"), count),
            "media_s": polars.Float64,
        }
        frame = polars.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
        return frame.with_columns(
            polars.col("at").str.to_datetime(time_zone="UTC"),
            polars.col("estimated_usd", "cost_usd").cast(polars.Decimal(38, 12)),
        )

    def put_job(self, job: Job) -> None:
        """Keep a job as it is now."""
        with self._database.writing("jobs") as connection:
            connection.execute(self._database.upsert(jobs).values(**_job_row(job)))

    def update_job(self, job_id: str, **changes: Any) -> Job:
        """Change fields of a job, whoever else writes to it at the same time.

        Returns:
            The job as it is after the change.

        Raises:
            NotInLibrary: There is no such job.
        """
        with self._database.writing("jobs") as connection:
            query = select(jobs.c.data).where(jobs.c.id == job_id).with_for_update()
            data = connection.execute(query).scalar_one_or_none()
            job = replace(_job(job_id, data), **changes)
            connection.execute(self._database.upsert(jobs).values(**_job_row(job)))
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

    def jobs(self, state: JobState | None = None, *, limit: int | None = None) -> list[Job]:
        """Jobs in one state, or all, newest first; at most `limit`."""
        query = select(jobs.c.id, jobs.c.data).order_by(jobs.c.created_at.desc(), jobs.c.id)
        if state is not None:
            query = query.where(jobs.c.state == state)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return [_job(row.id, row.data) for row in rows]

    def add_report(self, report: ReportRecord) -> None:
        """Keep a report as it is now."""
        with self._database.writing("catalog") as connection:
            connection.execute(
                self._database.upsert(reports).values(
                    id=report.id,
                    notebook=report.notebook,
                    created_at=time_text(report.created_at),
                    data=to_json(report),
                )
            )

    def report(self, report_id: str) -> ReportRecord:
        """The report with this id.

        Raises:
            NotInLibrary: There is none.
        """
        with self._database.reading() as connection:
            data = connection.execute(
                select(reports.c.data).where(reports.c.id == report_id)
            ).scalar_one_or_none()
        if data is None:
            raise NotInLibrary(
                f"no report {report_id!r} is in the library", hint="see the Reports page"
            )
        return read_record(ReportRecord, data, f"report {report_id}")

    def reports(self) -> list[ReportRecord]:
        """Every report, newest first."""
        query = select(reports.c.data).order_by(reports.c.created_at.desc(), reports.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).scalars().all()
        return [read_record(ReportRecord, data, "a report") for data in rows]


def _job(job_id: str, data: str | None) -> Job:
    if data is None:
        raise NotInLibrary(f"no job {job_id!r} is known", hint="see the Jobs page for those kept")
    return read_record(Job, data, f"job {job_id}")


def _job_row(job: Job) -> dict[str, str]:
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "created_at": time_text(job.created_at),
        "data": to_json(job),
    }
