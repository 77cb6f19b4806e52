"""What a workspace does with requests: plan, price, run and keep."""

import functools
import logging
from datetime import UTC, datetime

from workbench.analysis.local_engine import LOCAL_ENGINE_VERSION
from workbench.analysis.plan import AnalysisPlan, AssetPlan, PlanContext, PlannedCall, plan_analysis
from workbench.analysis.prices import PricedOption, price_options
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, CallRecord, Failure, RunResult
from workbench.analysis.run import Executor, RunTools, inline, run_plan
from workbench.backends.protocol import MediaPart
from workbench.errors import (
    LibraryError,
    MediaMissing,
    NoCredentials,
    NotInLibrary,
    RequestError,
)
from workbench.evidence.evidence import Evidence
from workbench.library.records import AnalysisHeader, LedgerEntry
from workbench.media.asset import Asset
from workbench.progress import Progress, silent
from workbench.workspace.library import LibraryWork, existing_path

NO_MEDIA = "holds no video, photo or sound file"
NO_MEDIA_HINT = "name another folder; `workbench import --dry-run` lists what is found"

log = logging.getLogger(__name__)


class AnalysisWork(LibraryWork):
    """Questions and answers."""

    def _context(self) -> PlanContext:
        @functools.cache
        def evidence_for(asset_id: str) -> Evidence | None:
            return self.store.evidence(asset_id)

        return PlanContext(
            self.catalog,
            self.settings.nova_route,
            region=lambda: self.nova.region,
            evidence_for=evidence_for,
            cache=self.cache,
            local_version=f"{LOCAL_ENGINE_VERSION}, {self.embedder.name}",
        )

    def _named(self, request: AnalysisRequest) -> tuple[list[Asset], list[Failure]]:
        """The assets a request names; files that are not in the library yet are imported."""
        assets: dict[str, Asset] = {}
        problems = []
        for name in request.assets:
            try:
                asset = self.asset(name)
            except NotInLibrary as error:
                path = existing_path(name)
                if path is None:
                    problems.append(Failure(name, error.message, error.hint))
                    continue
                report = self.import_media([path])
                problems += report.failed
                imported = (*report.added, *report.known)
                if not imported and not report.failed:
                    problems.append(Failure(name, f"{name} {NO_MEDIA}", NO_MEDIA_HINT))
                for found in imported:
                    assets[found.id] = found
            else:
                assets[asset.id] = asset
        return list(assets.values()), problems

    def plan(self, request: AnalysisRequest) -> AnalysisPlan:
        """List and price the model calls a request means; nothing is sent.

        Raises:
            RequestError: It cannot be done as asked, or names nothing that can be read.
        """
        assets, problems = self._named(request)
        if not assets:
            first = problems[0] if problems else Failure("", "nothing to analyse", "choose a file")
            raise RequestError(first.message, hint=first.hint)
        return plan_analysis(request, assets, self._context(), problems=problems)

    def prices(self, request: AnalysisRequest) -> list[PricedOption]:
        """The same request priced for every model and depth, the cheapest first."""
        assets, _ = self._named(request)
        readiness = {name: self.backends.get(name).readiness() for name in self.backends.engines()}
        return price_options(request, assets, self._context(), readiness)

    def gather(self, asset: Asset, progress: Progress = silent) -> Evidence:
        """Measure an asset, or read what was measured before.

        Raises:
            MediaMissing: The file is gone, and nothing was measured before.
        """
        from workbench.evidence.gather import gather

        if existing_path(str(asset.path)) is None:
            if kept := self.store.evidence(asset.id):
                return kept
            raise MediaMissing(
                f"{asset.name} is no longer in {asset.path.parent}",
                hint="put it back, or import it from where it is now",
            )
        evidence = gather(
            asset,
            cache_dir=self.data_dir,
            threads=self.settings.cpu_threads,
            keep=self.store,
            model_dir=self.settings.whisper_dir,
            progress=progress,
        )
        self.store.put_evidence(evidence)
        return evidence

    def _prepare(
        self, asset_plan: AssetPlan, call: PlannedCall, progress: Progress
    ) -> tuple[MediaPart, ...]:
        """Make the files that go with a call to a service."""
        from workbench.library.proxies import ProxyWork, media_for

        if call.part.task == "combine" or self.catalog.get(call.model).engine == "local":
            return ()
        return media_for(
            ProxyWork(self.store, self.data_dir), asset_plan.asset, call.chunk, progress
        )

    def _find(self, analysis_id: str) -> Analysis | None:
        try:
            return self.store.analysis(analysis_id)
        except NotInLibrary:
            return None

    def _keep(self, analysis: Analysis, evidence: Evidence) -> None:
        from workbench.library.indexing import index_asset
        from workbench.search.moments import moments_of

        self.store.add_analysis(analysis)
        moments = moments_of(evidence, analysis)
        try:
            index_asset(self.store, self.index, analysis.asset_id, moments)
        except LibraryError as error:
            # The catalog has the moments: the next search brings the index up to date.
            log.warning("not indexed yet: %s", error.message)

    def _record(self, asset: Asset, call: PlannedCall, record: CallRecord) -> None:
        self.store.record_call(
            LedgerEntry(
                at=datetime.now(UTC),
                analysis_id="",
                asset_id=asset.id,
                call_id=call.id,
                cache_key=record.cache_key,
                engine=self.catalog.get(call.model).engine,
                model=call.model,
                model_id=record.model_id,
                was_kept=record.was_kept,
                estimated_usd=record.estimated_usd,
                cost_usd=record.cost_usd,
                usage=record.usage,
            )
        )

    def run(
        self, plan: AnalysisPlan, *, progress: Progress = silent, execute: Executor = inline
    ) -> RunResult:
        """Make the calls of a plan, and no others, and keep what comes of them.

        Raises:
            NoCredentials: A call has to be made, and the service cannot be called from here.
        """
        backend = self.backends.get(plan.model.engine)
        if plan.kept_calls < len(plan.calls):
            # Measuring takes minutes: better said before than after.
            state = backend.readiness()
            if not state.is_ready:
                raise NoCredentials(state.finding.rstrip("."), hint=state.hint)
        tools = RunTools(
            gather=self.gather,
            prepare=self._prepare,
            backend=backend,
            cache=self.cache,
            record=self._record,
            find=self._find,
            keep=self._keep,
        )
        return run_plan(plan, tools, execute=execute, progress=progress)

    def analyse(
        self,
        request: AnalysisRequest,
        progress: Progress = silent,
        execute: Executor = inline,
    ) -> RunResult:
        """Plan and run a request in this process."""
        return self.run(self.plan(request), progress=progress, execute=execute)

    def analysis(self, analysis_id: str) -> Analysis:
        """A kept analysis.

        Raises:
            NotInLibrary: There is none with this id.
        """
        return self.store.analysis(analysis_id)

    def analyses(self, asset_id: str | None = None) -> list[AnalysisHeader]:
        """Kept analyses, newest first; of one asset, or of all."""
        return self.store.analyses(asset_id)

    def evidence(self, asset_id: str) -> Evidence | None:
        """What was measured on an asset; None before its first analysis."""
        return self.store.evidence(asset_id)
