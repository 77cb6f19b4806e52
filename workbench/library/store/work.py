"""The part of the store that keeps what was made and paid: reports, and the ledger of calls."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from workbench.backends.calibration import CountedText
from workbench.backends.order import Forecast
from workbench.backends.usage import Cost, total_cost
from workbench.errors import NotInLibrary
from workbench.jsonable import from_json, to_json
from workbench.library.database.door import Database
from workbench.library.database.rows import cost_text, in_batches, read_cost, read_record, time_text
from workbench.library.database.tables import jobs, ledger, reports
from workbench.library.records import Job, LedgerEntry, ReportRecord

if TYPE_CHECKING:
    import polars


NEWEST_LOOKED_AT = 2000
"""Calls that the counter of words is compared with: enough for ten models."""


def _forecast_row(forecast: Forecast | None) -> dict[str, str | int | None]:
    if forecast is None:
        return {}
    return {
        "task": forecast.task,
        "expected_input_tokens": forecast.input_tokens,
        "expected_output_tokens": forecast.output_tokens,
        "text_tokens": forecast.text_tokens,
        "media_tokens": forecast.media_tokens,
    }


class WorkRows:
    """Reports and calls. What a call cost never changes."""

    _database: Database

    def record_call(self, entry: LedgerEntry) -> None:
        """Write a call into the ledger, and what was paid into its job; the same entry twice is one.

        A call that was answered from the cache is written once for each job.
        """
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
            "job_id": entry.job_id,
            "outcome": entry.outcome,
            "shares": to_json(list(entry.shares)) if entry.shares else None,
            **_forecast_row(entry.forecast),
        }
        with self._database.writing("jobs") as connection:
            if entry.was_kept and entry.job_id and _is_recorded(connection, entry):
                return
            insert = self._database.insert(ledger).values(**row)
            once = insert.on_conflict_do_nothing(index_elements=["analysis_id", "call_id", "at"])
            # Not by the count of rows, which Postgres's driver does not tell for inserts.
            is_new = connection.execute(once.returning(ledger.c.id)).first() is not None
            if is_new and not entry.was_kept and entry.job_id:
                self._bill(connection, entry)

    def _bill(self, connection: Connection, entry: LedgerEntry) -> None:
        query = select(jobs.c.data).where(jobs.c.id == entry.job_id).with_for_update()
        data = connection.execute(query).scalar_one_or_none()
        if data is None:
            return  # a run without a worker
        job = from_json(Job, data)
        cost = None
        if entry.cost_usd is not None and (job.cost_usd is not None or not job.calls_paid):
            cost = (job.cost_usd or Decimal(0)) + entry.cost_usd
        job = replace(job, cost_usd=cost, calls_paid=job.calls_paid + 1)
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(data=to_json(job)))

    def paid_since(self, cache_key: str, since: str) -> bool:
        """Was a call to this question written into the ledger as made, at or after a time?"""
        query = select(ledger.c.id).where(
            ledger.c.cache_key == cache_key, ~ledger.c.was_kept, ledger.c.at >= since
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def spent_usd(self, job_id: str) -> Decimal:
        """Dollars paid for a job or run, in all; calls without a known price count as nothing."""
        query = select(ledger.c.cost_usd).where(ledger.c.job_id == job_id, ~ledger.c.was_kept)
        with self._database.reading() as connection:
            costs = connection.execute(query).scalars().all()
        return sum((read_cost(cost) or Decimal(0) for cost in costs), Decimal(0))

    def name_analysis(self, analysis_id: str, cache_keys: list[str]) -> None:
        """Write into the ledger which analysis its calls have gone into.

        A call about several pictures is left without: it has gone into an analysis of each.
        """
        with self._database.writing() as connection:
            for keys in in_batches(cache_keys):
                connection.execute(
                    update(ledger)
                    .where(ledger.c.cache_key.in_(keys), ledger.c.analysis_id == "")
                    .values(analysis_id=analysis_id)
                )

    def ledger(self) -> "polars.DataFrame":
        """Every call, oldest first.

        Returns:
            One row for each call, with the fields of `LedgerEntry`, `Usage` and `Forecast` as
            columns; what was expected is null for calls that nothing was counted for.
            `at` is UTC; `estimated_usd` and `cost_usd` are exact decimals, null when unknown.
            `shares` is JSON, a list of `Share`, for calls about several pictures, else null.
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
            **dict.fromkeys(("job_id", "outcome", "task"), text),
            **dict.fromkeys(("expected_input_tokens", "expected_output_tokens"), count),
            **dict.fromkeys(("text_tokens", "media_tokens"), count),
            "shares": text,
        }
        frame = polars.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
        return frame.with_columns(
            polars.col("at").str.to_datetime(time_zone="UTC"),
            polars.col("estimated_usd", "cost_usd").cast(polars.Decimal(38, 12)),
        )

    def counted_texts(self, since: date | None = None) -> list[CountedText]:
        """Words that were counted before they were sent, with what the service made of them.

        Only of answered calls whose other tokens are known exactly, oldest first; of the newest
        `NEWEST_LOOKED_AT` calls.

        Args:
            since: First day (UTC) of the calls; None for the beginning.
        """
        reported = ledger.c.input_tokens + ledger.c.cached_tokens - ledger.c.media_tokens
        query = select(
            ledger.c.at, ledger.c.model, ledger.c.text_tokens, reported.label("reported")
        )
        query = query.where(
            ~ledger.c.was_kept, ledger.c.outcome == "answered",
            ledger.c.text_tokens > 0, reported > 0,
        )  # fmt: skip
        if since is not None:
            query = query.where(ledger.c.at >= since.isoformat())
        newest = query.order_by(ledger.c.at.desc(), ledger.c.id.desc()).limit(NEWEST_LOOKED_AT)
        with self._database.reading() as connection:
            rows = connection.execute(newest).all()
        return [
            CountedText(datetime.fromisoformat(row.at), row.model, row.text_tokens, row.reported)
            for row in reversed(rows)
        ]

    def paid_by_task(self, job_id: str) -> dict[str, Cost]:
        """What the calls of a job have cost: task → dollars, None where a price is not known."""
        query = select(ledger.c.task, ledger.c.cost_usd).where(
            ledger.c.job_id == job_id, ~ledger.c.was_kept
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        costs: dict[str, list[Cost]] = {}
        for row in rows:
            known = None if row.cost_usd is None else Decimal(row.cost_usd)
            costs.setdefault(row.task, []).append(known)
        return {task: total_cost(each) for task, each in costs.items()}

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


def _is_recorded(connection: Connection, entry: LedgerEntry) -> bool:
    query = select(ledger.c.id).where(
        ledger.c.job_id == entry.job_id,
        ledger.c.cache_key.in_((entry.cache_key, entry.shared_key or entry.cache_key)),
    )
    return connection.execute(query.limit(1)).first() is not None
