"""What pages read, remembered until the catalog changes.

Every function here asks the workspace and is keyed by the revision of media and results, so a
rerun of a page costs nothing, never shows a former state, and progress of a job throws nothing
away. Jobs are read fresh each time, a page of them at most.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from workbench.library.calls.holders import is_alive
from workbench.library.records import FINISHED, Job, JobState
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.analysis.comparisons.compare import Comparison
    from workbench.analysis.fields import Field, FieldPer
    from workbench.analysis.results import Analysis
    from workbench.backends.protocol import Readiness
    from workbench.backends.services.polly import Voice
    from workbench.evidence.evidence import Evidence
    from workbench.library.overview import AssetCard, LibraryTotals
    from workbench.library.proxies.plan import ProxyPlan
    from workbench.library.proxies.savings import Savings
    from workbench.library.records import AnalysisHeader, CallInFlight, ReportRecord, WorkerRecord
    from workbench.media.asset import Asset
    from workbench.reports.fields.tables import FieldTable

HEALTH_S = 60
"""Seconds that what health found is believed."""

ACTIVE: tuple[JobState, ...] = ("running", "waiting", "paused")
"""States of a job that has not ended."""

CALM_S = 10.0
"""While jobs end one after the other, a page is drawn anew at most this often."""

Stamp = tuple[str, int, tuple[tuple[JobState, int], ...]]


class Drawn(NamedTuple):
    """When a page was drawn, and how many jobs had ended by then."""

    at_s: float
    ended: int


def catalog_stamp() -> tuple[str, int]:
    """Names the catalog and the present state of media and results."""
    opened = workspace()
    return str(opened.data_dir), opened.store.revision("catalog")


def cards_stamp() -> Stamp:
    """The same with how many jobs are in each state, which is what cards show of jobs."""
    return *catalog_stamp(), tuple(sorted(job_counts().items()))


# Shared, not copied: to unpack 1,000 cards takes longer than to draw them, and none can be changed.
@st.cache_resource(max_entries=4, show_spinner=False)
def _cards(stamp: Stamp) -> "list[AssetCard]":  # noqa: ARG001 - the cache's key
    return workspace().cards()


@st.cache_data(max_entries=4, show_spinner=False)
def _totals(stamp: tuple[str, int]) -> "LibraryTotals":  # noqa: ARG001
    return workspace().totals()


@st.cache_resource(max_entries=4, show_spinner=False)
def _savings(stamp: tuple[str, int], asset_ids: tuple[str, ...]) -> "Savings":  # noqa: ARG001
    return workspace().savings(asset_ids)


@st.cache_data(max_entries=64, show_spinner=False)
def _headers(stamp: tuple[str, int], asset_id: str) -> "list[AnalysisHeader]":  # noqa: ARG001
    return workspace().analyses(asset_id or None)


@st.cache_data(max_entries=16, show_spinner=False)
def _analysis(folder: str, analysis_id: str) -> "Analysis":  # noqa: ARG001
    return workspace().analysis(analysis_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _comparison(folder: str, a_id: str, b_id: str) -> "Comparison":  # noqa: ARG001
    return workspace().compare(a_id, b_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _evidence(stamp: tuple[str, int], asset_id: str) -> "Evidence | None":  # noqa: ARG001
    return workspace().evidence(asset_id)


@st.cache_data(max_entries=2, show_spinner=False)
def _fields(stamp: tuple[str, int]) -> "tuple[Field, ...]":  # noqa: ARG001
    return workspace().fields()


@st.cache_data(max_entries=4, show_spinner=False)
def _field_table(
    stamp: tuple[str, int],  # noqa: ARG001
    names: tuple[str, ...],
    per: "FieldPer",
) -> "FieldTable":
    return workspace().field_table(names, per=per)


@st.cache_data(ttl=HEALTH_S, max_entries=2, show_spinner=False)
def _health(folder: str) -> "list[Readiness]":  # noqa: ARG001
    return workspace().health()


@st.cache_data(ttl=HEALTH_S, max_entries=2, show_spinner=False)
def _engines(folder: str) -> "dict[str, Readiness]":  # noqa: ARG001
    backends = workspace().backends
    return {name: backends.get(name).readiness() for name in backends.engines()}


@st.cache_data(max_entries=2, show_spinner=False)
def _voices(folder: str) -> "tuple[Voice, ...]":  # noqa: ARG001
    return workspace().voices()


def cards() -> "list[AssetCard]":
    """Every asset with its state; how far a job is, say `running_jobs`."""
    return _cards(cards_stamp())


def card(asset_id: str) -> "AssetCard | None":
    """One asset with its state; None if it is not in the library."""
    return next((each for each in cards() if each.asset.id == asset_id), None)


def assets() -> "dict[str, Asset]":
    """Every asset by id."""
    return {each.asset.id: each.asset for each in cards()}


def totals() -> "LibraryTotals":
    """The library in numbers."""
    return _totals(catalog_stamp())


def savings(asset_ids: Sequence[str]) -> "Savings":
    """What the proxies of some assets save."""
    return _savings(catalog_stamp(), tuple(asset_ids))


def proxy_plan(asset_ids: Sequence[str], spec: str | None, *, again: bool) -> "ProxyPlan":
    """What making proxies would do, with the disk as it is now."""
    return workspace().plan_proxies(asset_ids, spec, again=again)


def headers(asset_id: str = "") -> "list[AnalysisHeader]":
    """Headers of the analyses of an asset, or of all, the newest first."""
    return _headers(catalog_stamp(), asset_id)


def analysis(analysis_id: str) -> "Analysis":
    """One analysis; it never changes."""
    return _analysis(catalog_stamp()[0], analysis_id)


def comparison(a_id: str, b_id: str) -> "Comparison":
    """Two analyses of one asset compared; neither ever changes."""
    return _comparison(catalog_stamp()[0], a_id, b_id)


def evidence(asset_id: str) -> "Evidence | None":
    """What was measured about an asset."""
    return _evidence(catalog_stamp(), asset_id)


def fields() -> "tuple[Field, ...]":
    """Questions of the user's own that were asked before, the newest first."""
    return _fields(catalog_stamp())


def field_table(names: Sequence[str], per: "FieldPer") -> "FieldTable":
    """What the library's files answer, a row for each file or chapter."""
    return _field_table(catalog_stamp(), tuple(names), per)


def health() -> "list[Readiness]":
    """What works and what does not, at most a minute old."""
    return _health(catalog_stamp()[0])


def forget_health() -> None:
    """Check again the next time."""
    _health.clear()
    _engines.clear()


def engine_states() -> "dict[str, Readiness]":
    """Engine → whether it can be called, at most a minute old."""
    return _engines(catalog_stamp()[0])


def voices() -> "tuple[Voice, ...]":
    """The voices of Amazon Polly, asked for where there are credentials; none where not.

    Raises:
        BackendError: The service cannot be reached, or the account may not ask.
    """
    state = engine_states().get("polly")
    return _voices(catalog_stamp()[0]) if state is not None and state.is_ready else ()


def reports() -> "list[ReportRecord]":
    """Reports that were made, the newest first."""
    return sorted(workspace().reports(), key=lambda report: report.created_at, reverse=True)


def job_counts() -> dict[JobState, int]:
    """How many jobs are in each state."""
    return workspace().jobs.counts()


def jobs_page(states: Sequence[JobState], *, limit: int, offset: int = 0) -> list[Job]:
    """Some of the jobs in these states."""
    return workspace().jobs.page(states, limit=limit, offset=offset)


def running_jobs() -> dict[str, Job]:
    """Jobs that run, by id, as far as they are now."""
    return {job.id: job for job in jobs_page(("running",), limit=100)}


def calls_in_flight() -> "dict[str, list[CallInFlight]]":
    """Id of a job → the calls that are being made for it."""
    found: dict[str, list[CallInFlight]] = {}
    for call in workspace().store.calls_in_flight():
        found.setdefault(call.job_id, []).append(call)
    return found


def living_workers() -> "list[WorkerRecord]":
    """Workers that live; one that died stays known until another has its jobs."""
    found = workspace().jobs.workers()
    return [worker for worker in found if is_alive(worker.name, worker.silent_s)]


def active(counts: Mapping[JobState, int]) -> int:
    """How many jobs have not ended."""
    return sum(counts.get(state, 0) for state in ACTIVE)


def has_active_jobs() -> bool:
    """Is there a job that has not ended?"""
    return active(job_counts()) > 0


def ended(counts: Mapping[JobState, int]) -> int:
    """How many jobs have ended."""
    return sum(counts.get(state, 0) for state in FINISHED)


def note_page() -> None:
    """Remember when the page is drawn, before it reads anything."""
    st.session_state["drawn"] = Drawn(time.monotonic(), ended(job_counts()))


def is_page_old(counts: Mapping[JobState, int]) -> bool:
    """Has a job ended since the page was drawn? While others go on, not told in a hurry."""
    drawn: Drawn | None = st.session_state.get("drawn")
    if drawn is None or ended(counts) == drawn.ended:
        return False
    return not active(counts) or time.monotonic() - drawn.at_s > CALM_S
