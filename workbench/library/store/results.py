"""The part of the store that keeps what was found: signals, evidence and analyses."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select

from workbench.analysis.results import Analysis
from workbench.errors import NotInLibrary
from workbench.evidence.evidence import Evidence
from workbench.jsonable import to_json
from workbench.library.database.door import Database
from workbench.library.database.rows import cost_text, read_cost, read_record, time_text
from workbench.library.database.tables import analyses, evidence, signals
from workbench.library.records import AnalysisHeader

FEW = 20
"""Analyses read at a time: one of a long film may take a megabyte."""


class ResultRows:
    """Evidence and analyses. An analysis is written once and never changed."""

    _database: Database

    def load(self, asset_id: str, signal: str, version: str) -> str | None:
        """A measurement that was kept under this version, or None."""
        query = select(signals.c.data).where(
            signals.c.asset_id == asset_id,
            signals.c.signal == signal,
            signals.c.version == version,
        )
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def save(self, asset_id: str, signal: str, version: str, json_text: str) -> None:
        """Keep a measurement; the versions before it are dropped."""
        with self._database.writing("catalog") as connection:
            connection.execute(
                signals.delete().where(
                    signals.c.asset_id == asset_id,
                    signals.c.signal == signal,
                    signals.c.version != version,
                )
            )
            connection.execute(
                self._database.upsert(signals).values(
                    asset_id=asset_id, signal=signal, version=version, data=json_text
                )
            )

    def put_evidence(self, measured: Evidence) -> None:
        """Keep an asset's evidence; it takes the place of what was kept before."""
        with self._database.writing("catalog") as connection:
            connection.execute(
                self._database.upsert(evidence).values(
                    asset_id=measured.asset_id, data=to_json(measured)
                )
            )

    def evidence(self, asset_id: str) -> Evidence | None:
        """What was measured about an asset; None if nothing was."""
        query = select(evidence.c.data).where(evidence.c.asset_id == asset_id)
        with self._database.reading() as connection:
            data = connection.execute(query).scalar_one_or_none()
        return None if data is None else read_record(Evidence, data, f"evidence of {asset_id}")

    def add_analysis(self, analysis: Analysis) -> None:
        """Keep an analysis. One that is kept already stays as it is."""
        row = {
            "id": analysis.id,
            "asset_id": analysis.asset_id,
            "asset_name": analysis.asset_name,
            "engine": analysis.engine,
            "model": analysis.model,
            "model_name": analysis.model_name,
            "created_at": time_text(analysis.created_at),
            "cost_usd": cost_text(analysis.cost_usd),
            "chapters": len(analysis.chapters),
            "elements": len(analysis.elements),
            "seconds": analysis.seconds,
            "data": to_json(analysis),
        }
        with self._database.writing("catalog") as connection:
            insert = self._database.insert(analyses).values(**row)
            connection.execute(insert.on_conflict_do_nothing(index_elements=["id"]))

    def analysis(self, analysis_id: str) -> Analysis:
        """The analysis with this id.

        Raises:
            NotInLibrary: There is none.
        """
        query = select(analyses.c.data).where(analyses.c.id == analysis_id)
        with self._database.reading() as connection:
            data = connection.execute(query).scalar_one_or_none()
        if data is None:
            raise NotInLibrary(
                f"no analysis {analysis_id!r} is in the library",
                hint="open the video on the Results page to see the analyses it has",
            )
        return read_record(Analysis, data, f"analysis {analysis_id}")

    def analyses(self, asset_id: str | None = None) -> list[AnalysisHeader]:
        """Headers of the analyses of one asset, or of all, newest first."""
        columns = [column for column in analyses.columns if column.name != "data"]
        query = select(*columns).order_by(analyses.c.created_at.desc(), analyses.c.id)
        if asset_id is not None:
            query = query.where(analyses.c.asset_id == asset_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [_header(dict(row)) for row in rows]

    def analyses_with_fields(self, asset_ids: Sequence[str] = ()) -> Iterator[Analysis]:
        """Analyses that were asked questions of the user's own, newest first, read one by one.

        Args:
            asset_ids: Only of these assets; of all if empty.
        """
        # As `to_json` writes it: to look through the text is quicker than to read all of it.
        query = (
            select(analyses.c.id, analyses.c.data)
            .where(analyses.c.data.contains('"fields": [{', autoescape=True))
            .order_by(analyses.c.created_at.desc(), analyses.c.id)
            .execution_options(yield_per=FEW)
        )
        if asset_ids:
            query = query.where(analyses.c.asset_id.in_(asset_ids))
        with self._database.reading() as connection:
            for name, data in connection.execute(query):
                yield read_record(Analysis, data, f"analysis {name}")


def _header(row: dict[str, object]) -> AnalysisHeader:
    cost = row.pop("cost_usd")
    made = row.pop("created_at")
    return AnalysisHeader(
        **row,  # type: ignore[arg-type]
        cost_usd=read_cost(None if cost is None else str(cost)),
        created_at=datetime.fromisoformat(str(made)),
    )
