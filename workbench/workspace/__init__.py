"""The composition root: settings in, opened services out.

Every face (command line, app, notebooks, worker) calls a `Workspace`. It is the only reader of
settings besides `workbench doctor`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from workbench.backends.protocol import Readiness
from workbench.errors import WorkbenchError
from workbench.library.records import ReportRecord
from workbench.progress import Progress, silent
from workbench.settings import Settings, load_settings
from workbench.workspace.account import AccountWork
from workbench.workspace.analyses.batches import BatchWork
from workbench.workspace.analyses.comparing import ComparingWork
from workbench.workspace.analyses.fields import FieldWork
from workbench.workspace.analyses.what_if import WhatIfWork
from workbench.workspace.films.making import ExplainingWork
from workbench.workspace.housekeeping import Upkeep
from workbench.workspace.proxies import ProxyMaking
from workbench.workspace.strips import StripWork

if TYPE_CHECKING:
    from workbench.reports.money.costs import Costs
    from workbench.reports.notebook import NotebookInfo


class Workspace(
    BatchWork,
    ComparingWork,
    FieldWork,
    WhatIfWork,
    ExplainingWork,
    AccountWork,
    ProxyMaking,
    StripWork,
    Upkeep,
):
    """One library and everything that works on it.

    Example:
        workspace = Workspace.open()
        workspace.import_media(["recordings"])
        result = workspace.analyse(AnalysisRequest(assets=("talk.mp4",)))
    """

    @classmethod
    def open(cls, settings: Settings | None = None) -> "Workspace":
        """Open the library of a data folder, making it when it is new.

        Raises:
            SettingsError: A setting cannot be used.
            LibraryDamaged: The catalog cannot be read.
        """
        return cls(settings or load_settings())

    def close(self) -> None:
        """Give back the index and the database."""
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None
        self.store.close()

    def __enter__(self) -> "Workspace":
        """Use it in a `with` block: it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def notebooks(self) -> list["NotebookInfo"]:
        """The reports that can be made."""
        from workbench.reports.notebook import notebooks

        return notebooks()

    def report(
        self,
        notebook: str,
        parameters: Mapping[str, Any],
        *,
        progress: Progress = silent,
    ) -> ReportRecord:
        """Execute a notebook as a report, and keep it in the library.

        Raises:
            RequestError: There is no such notebook, or a parameter it does not have.
            ReportError: A cell failed; the partial notebook is kept.
        """
        from workbench.reports.notebook import find_notebook, run_report

        info = find_notebook(notebook)
        report_id = uuid.uuid4().hex[:12]
        folder = self.data_dir / "reports" / report_id
        assets = [self.asset(name) for name in parameters.get("assets", ())]
        values = dict(parameters)
        if assets:
            values["assets"] = [asset.id for asset in assets]
        names = ", ".join(asset.name for asset in assets[:3])
        record = ReportRecord(
            id=report_id,
            notebook=info.name,
            title=f"{info.title}: {names}" if names else info.title,
            created_at=datetime.now(UTC),
            path=None,
            notebook_path=None,
            asset_ids=tuple(asset.id for asset in assets),
            parameters=values,
        )
        try:
            files = run_report(
                info.name,
                values,
                folder,
                data_dir=self.data_dir,
                title=record.title,
                progress=progress,
            )
        except WorkbenchError as error:
            partial = folder / f"{info.name}.ipynb"
            self.store.add_report(
                replace(
                    record,
                    state="failed",
                    error=error.message,
                    hint=error.hint,
                    notebook_path=partial if partial.is_file() else None,
                )
            )
            raise
        record = replace(record, path=files.html, notebook_path=files.ipynb)
        self.store.add_report(record)
        return record

    def reports(self) -> list[ReportRecord]:
        """Reports that were made, newest first."""
        return self.store.reports()

    def costs(self, since: date | None = None, until: date | None = None) -> "Costs":
        """What was spent and saved, by day, month, model, asset, job and type.

        Args:
            since: First day (UTC); None for the beginning.
            until: First day after the last (UTC); None for no end.
        """
        from workbench.reports.money.cost_lines import Names
        from workbench.reports.money.costs import costs_of

        names = Names(
            {model.key: model.name for model in self.catalog.all},
            {asset.id: asset for asset in self.store.assets()},
            {job.id: job.title for job in self.store.jobs()},
        )
        budget = self.settings.monthly_budget_usd
        return costs_of(
            self.store.ledger(),
            names,
            since=since,
            until=until,
            budget_usd=budget,
            counted=self.counted_texts(),
        )

    def start_services(self) -> None:
        """Start the worker and the index server of this data folder, unless they run."""
        from workbench.jobs.processes.supervisor import start_services

        start_services(self.data_dir, with_index=not self.settings.chroma_url)

    def health(self) -> list[Readiness]:
        """What works right now, and what to do about the rest."""
        from workbench.health import health

        return health(
            self.store,
            self.backends,
            self.embedder,
            self.data_dir,
            is_heard_here=self.settings.transcriber == "local",
        )
