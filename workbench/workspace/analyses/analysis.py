"""What a workspace does with requests: plan, price, run and keep."""

import functools
import logging
import threading
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import CancelledError
from datetime import UTC, datetime

from workbench.analysis.local_engine import LOCAL_ENGINE_VERSION
from workbench.analysis.plans.plan import (
    AnalysisPlan,
    AssetPlan,
    PlanContext,
    PlannedCall,
    plan_analysis,
)
from workbench.analysis.plans.prices import PriceRow, price_options
from workbench.analysis.plans.question import IMAGE_SPEC, VIDEO_SPEC
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Analysis, Failure, RunResult
from workbench.analysis.runs.run import Executor, RunTools, run_plan
from workbench.analysis.services.hearing import (
    TRANSCRIBER,
    Hearing,
    heard_once,
    is_heard_by,
    with_hearing,
)
from workbench.backends.catalog.models import Tier
from workbench.backends.protocol import MediaPart
from workbench.backends.usage import Cost
from workbench.errors import LibraryError, NoCredentials, NotInLibrary, RequestError
from workbench.evidence.evidence import Evidence
from workbench.library.imports.sources import SourceKeep, reading_source, require_source
from workbench.library.journal import RUN_PREFIX
from workbench.library.proxies.clip_makings import ClipMakings
from workbench.library.records import AnalysisHeader, LedgerEntry
from workbench.media.asset import Asset
from workbench.progress import Progress, silent
from workbench.workspace.analyses.calls import CallWork
from workbench.workspace.analyses.combined import run_each
from workbench.workspace.analyses.corrections import CorrectionWork
from workbench.workspace.library import existing_path

NO_MEDIA = "holds no video, photo or sound file"
NO_MEDIA_HINT = "name another folder; `workbench import --dry-run` lists what is found"

MOST_CALLS_AT_ONCE = 16
"""Calls a run has under way at most, whatever the model allows: each is a thread."""

log = logging.getLogger(__name__)


class AnalysisWork(CallWork, CorrectionWork):
    """Questions and answers."""

    def _context(self) -> PlanContext:
        by_service = self.settings.transcriber == "transcribe"

        @functools.cache
        def evidence_for(asset_id: str) -> Evidence | None:
            kept = self.store.evidence(asset_id)
            is_same = kept and is_heard_by(kept, self.store.asset, by_service=by_service)
            return kept if is_same else None

        @functools.cache
        def proxy_bytes_of(asset_id: str) -> int | None:
            proxies = self.store.proxies(asset_id)
            sent = (each.size_bytes for each in proxies if each.spec in (VIDEO_SPEC, IMAGE_SPEC))
            return next(sent, None)

        return PlanContext(
            self._corrected_catalog(),
            self.settings.nova_route,
            region=lambda: self.nova.region,
            evidence_for=evidence_for,
            cache=self.cache,
            can_stage=bool(self.settings.staging_uri),
            limit_bytes=int(self.settings.proxy_limit_mb * 1_000_000),
            proxy_bytes_of=proxy_bytes_of,
            local_version=f"{LOCAL_ENGINE_VERSION}, {self.embedder.name}",
            transcriber=self.catalog.get(TRANSCRIBER) if by_service else None,
            spoken_language=self.settings.transcribe_language,
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
        """List and price the model calls a request means, of its first engine; nothing is sent.

        Raises:
            RequestError: It cannot be done as asked, or names nothing that can be read.
        """
        return self.plans(request.model_copy(update={"also": ()}))[0]

    def plans(self, request: AnalysisRequest) -> tuple[AnalysisPlan, ...]:
        """List and price the model calls of each engine a request names; nothing is sent.

        Raises:
            RequestError: One cannot do it as asked, or it names nothing that can be read.
        """
        assets, problems = self._named(request)
        if not assets:
            first = problems[0] if problems else Failure("", "nothing to analyse", "choose a file")
            raise RequestError(first.message, hint=first.hint)
        context = self._context()
        plans = [
            plan_analysis(each, assets, context, problems=problems)
            for each in request.each_engine()
        ]
        return heard_once(plans, context.transcriber)

    def prices(self, request: AnalysisRequest, tiers: Collection[Tier] = ()) -> list[PriceRow]:
        """The same request priced for every model and depth, the cheapest first.

        Args:
            request: What is asked.
            tiers: Service tiers; none for the standard one and the one that is asked for.
        """
        assets, _ = self._named(request)
        readiness = {name: self.backends.get(name).readiness() for name in self.backends.engines()}
        return price_options(request, assets, self._context(), readiness, tiers=tiers)

    def gather(
        self, asset: Asset, progress: Progress = silent, *, hearing: Hearing | None = None
    ) -> Evidence:
        """Measure an asset, or read what was measured before.

        Args:
            asset: What to measure.
            progress: Called with seconds of media done and their total.
            hearing: Has speech written down by a service, where one is set; without it only what
                is kept already can be used, since nobody has seen the price.

        Raises:
            RequestError: A service would have to be paid for the speech.
            MediaMissing: The file is gone, and nothing was measured before.
            MediaError: It has changed since it was imported, or does so meanwhile.
        """
        from workbench.evidence.gather import gather

        if existing_path(str(asset.path)) is None and (kept := self.store.evidence(asset.id)):
            return kept
        if self.settings.transcriber == "local":
            hearing = None
        elif hearing is None:
            hearing = self._hearing((), None, self.call)
        with reading_source(self.store, asset):
            evidence = gather(
                asset,
                cache_dir=self.data_dir,
                threads=self.settings.cpu_threads,
                keep=SourceKeep(self.store, asset),
                model_dir=self.settings.whisper_dir,
                transcriber=hearing,
                progress=progress,
            )
        self.store.put_evidence(evidence)
        return evidence

    def _prepare(
        self,
        asset_plan: AssetPlan,
        call: PlannedCall,
        progress: Progress,
        *,
        makings: ClipMakings | None = None,
    ) -> tuple[MediaPart, ...]:
        """Make the files that go with a call to a service."""
        from workbench.library.proxies.making import ProxyWork, detection_media, media_for

        if call.part.task == "combine" or self.catalog.get(call.model).engine == "local":
            return ()
        work = ProxyWork(self.store, self.data_dir, self.settings.read_key_frames)
        if call.part.feature:
            return detection_media(work, call.part, progress)
        spans = [chunk.sent for chunk in asset_plan.chunks]
        return media_for(work, asset_plan.asset, call.chunk, progress, makings=makings, spans=spans)

    def _hearing(self, planned: Sequence[PlannedCall], cap_usd: Cost, execute: Executor) -> Hearing:
        """What has the speech of a plan written down, by the calls that were planned for it."""
        from workbench.library.proxies.making import ProxyWork, sound_media

        return Hearing(
            model=self.catalog.get(TRANSCRIBER),
            language=self.settings.transcribe_language,
            planned=planned,
            cap_usd=cap_usd,
            prepare=functools.partial(sound_media, ProxyWork(self.store, self.data_dir)),
            cache=self.cache,
            execute=execute,
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

    def _record(self, analysis: Analysis, run_id: str) -> None:
        """Write the calls of an analysis that were kept, and name it in the rows of the others."""
        for call in analysis.calls:
            if not call.was_kept:
                continue
            self.store.record_call(
                LedgerEntry(
                    at=datetime.now(UTC),
                    analysis_id=analysis.id,
                    asset_id=analysis.asset_id,
                    call_id=call.call_id,
                    cache_key=call.cache_key,
                    engine=analysis.engine,
                    model=analysis.model,
                    model_id=call.model_id,
                    was_kept=True,
                    estimated_usd=call.estimated_usd,
                    cost_usd=call.cost_usd,
                    usage=call.usage,
                    job_id=run_id,
                    shared_key=call.shared_key,
                )
            )
        self.store.name_analysis(analysis.id, [call.cache_key for call in analysis.calls])

    def run(
        self,
        plan: AnalysisPlan,
        *,
        progress: Progress = silent,
        execute: Executor | None = None,
        job_id: str = "",
    ) -> RunResult:
        """Make the calls of a plan, and no others, and keep what comes of them.

        Args:
            plan: What to run.
            progress: Told about finished units, from any thread; what it raises stops the run.
            execute: Has a call made; None makes it in this process.
            job_id: The job that pays; without one, the run itself.

        Raises:
            NoCredentials: A call has to be made, and the service cannot be called from here.
        """
        engine = plan.model.engine
        self._require_ready(plan)
        run_id = job_id or f"{RUN_PREFIX}{uuid.uuid4().hex}"
        limit = self.store.limit(plan.model.key).at_once or MOST_CALLS_AT_ONCE
        away: set[str] = set()
        is_stopped = threading.Event()

        def gather(asset: Asset, progress: Progress) -> Evidence:
            if existing_path(str(asset.path)) is None:
                away.add(asset.id)
            return self.gather(asset, progress, hearing=hearing)

        def keep(analysis: Analysis, evidence: Evidence) -> None:
            # What was measured of a file that had gone before may still be used.
            if analysis.asset_id not in away:
                require_source(self.store, self.store.asset(analysis.asset_id))
            self._keep(analysis, evidence)

        def check() -> None:
            if is_stopped.is_set():
                raise CancelledError

        makings = ClipMakings()
        make = execute or functools.partial(self.call, job_id=run_id, check=check)
        hearing = self._hearing(plan.hearing, plan.request.max_cost_usd, make)
        tools = RunTools(
            gather=gather,
            prepare=functools.partial(self._prepare, makings=makings),
            cache=self.cache,
            record=functools.partial(self._record, run_id=run_id),
            find=self._find,
            keep=keep,
            calls_at_once=1 if engine == "local" else min(limit, MOST_CALLS_AT_ONCE),
            limit_bytes=int(self.settings.proxy_limit_mb * 1_000_000),
        )
        try:
            with makings:
                result = run_plan(plan, tools, execute=make, progress=progress)
            return with_hearing(result, hearing)
        finally:
            # Calls of a stopped run that still wait for their turn are not made any more.
            is_stopped.set()

    def analyse(
        self,
        request: AnalysisRequest,
        progress: Progress = silent,
        execute: Executor | None = None,
        *,
        job_id: str = "",
    ) -> RunResult:
        """Plan and run a request in this process, with each of its engines; see `run`.

        One cap holds over all of them, and none is begun that could not be finished.
        """
        plans = self.plans(request)
        for plan in plans:
            self._require_ready(plan)
        run_id = job_id or f"{RUN_PREFIX}{uuid.uuid4().hex}"

        def run(plan: AnalysisPlan, told: Progress) -> RunResult:
            return self.run(plan, progress=told, execute=execute, job_id=run_id)

        return run_each(plans, run, progress)

    def _require_ready(self, plan: AnalysisPlan) -> None:
        """See that what is not kept can be asked; measuring takes minutes, so it is said before.

        Raises:
            NoCredentials: A call has to be made, and the service cannot be called from here.
        """
        engines = [plan.model.engine] if plan.kept_calls < len(plan.calls) else []
        if not all(call.is_kept for call in plan.hearing):
            engines.append(TRANSCRIBER)
        for engine in engines:
            state = self.backends.get(engine).readiness()
            if not state.is_ready:
                raise NoCredentials(state.finding.rstrip("."), hint=state.hint)

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
