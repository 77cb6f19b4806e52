"""The composition root: settings in, opened services out.

Every face (command line, app, notebooks, worker) calls a `Workspace`. It is the only reader of
settings besides `workbench doctor`.
"""

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from workbench.backends.protocol import Readiness
from workbench.errors import LibraryError, WorkbenchError
from workbench.library.records import ReportRecord
from workbench.progress import Progress, silent
from workbench.settings import Settings, load_settings
from workbench.workspace.account import AccountWork
from workbench.workspace.batches import BatchWork
from workbench.workspace.comparing import ComparingWork
from workbench.workspace.explaining import ExplainingWork
from workbench.workspace.fields import FieldWork
from workbench.workspace.housekeeping import Upkeep
from workbench.workspace.proxies import ProxyMaking
from workbench.workspace.strips import StripWork
from workbench.workspace.what_if import WhatIfWork

if TYPE_CHECKING:
    from workbench.reports.costs import Costs
    from workbench.reports.notebook import NotebookInfo
    from workbench.search.query import Hit


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

    def search(
        self,
        text: str,
        *,
        how: str = "hybrid",
        kinds: Sequence[str] = (),
        asset_ids: Sequence[str] = (),
        limit: int = 20,
    ) -> tuple["Hit", ...]:
        """Find moments by words, by meaning, or by both.

        Args:
            text: What to look for.
            how: `hybrid`, `words` or `meaning`.
            kinds: Only these kinds of moment: transcript, screen_text, chapter, element, summary.
            asset_ids: Only in these assets.
            limit: Most moments to return.
        """
        from workbench.library.indexing import catch_up
        from workbench.search.query import search

        moved_to = self.store.revision("moments")
        if how != "words" and (moved_to, self.index.reached) != self._caught_up_at:
            with contextlib.suppress(LibraryError):  # words are found without the index
                catch_up(self.store, self.index)
                self._caught_up_at = moved_to, self.index.reached
        return search(
            text,
            moments=self.store.moments(),
            index=self.index,
            how=how,
            kinds=tuple(kinds),
            asset_ids=tuple(asset_ids),
            limit=limit,
        )

    def rebuild_index(self, *, progress: Progress = silent) -> int:
        """Make the search index anew from what is kept; returns the number of moments."""
        from workbench.library.indexing import rebuild_index

        return rebuild_index(self.store, self.index, progress=progress)

    # Reports

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
        from workbench.reports.cost_lines import Names
        from workbench.reports.costs import costs_of

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
        from workbench.jobs.supervisor import start_services

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
