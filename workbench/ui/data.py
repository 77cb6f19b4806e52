"""What pages read, remembered until the catalog changes.

Every function here asks the workspace and is keyed by the catalog's revision, so a rerun of a
page costs nothing and never shows a former state. Jobs are read fresh each time.
"""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.analysis.results import Analysis
    from workbench.backends.protocol import Readiness
    from workbench.evidence.evidence import Evidence
    from workbench.library.overview import AssetCard, LibraryTotals
    from workbench.library.records import AnalysisHeader, Job, ReportRecord
    from workbench.media.asset import Asset

HEALTH_S = 60
"""Seconds that what health found is believed."""


def catalog_stamp() -> tuple[str, int]:
    """Names the catalog and its present state."""
    opened = workspace()
    return str(opened.data_dir), opened.store.revision()


@st.cache_data(max_entries=4, show_spinner=False)
def _cards(stamp: tuple[str, int]) -> "list[AssetCard]":  # noqa: ARG001 - the cache's key
    return workspace().cards()


@st.cache_data(max_entries=4, show_spinner=False)
def _totals(stamp: tuple[str, int]) -> "LibraryTotals":  # noqa: ARG001
    return workspace().totals()


@st.cache_data(max_entries=64, show_spinner=False)
def _headers(stamp: tuple[str, int], asset_id: str) -> "list[AnalysisHeader]":  # noqa: ARG001
    return workspace().analyses(asset_id or None)


@st.cache_data(max_entries=16, show_spinner=False)
def _analysis(folder: str, analysis_id: str) -> "Analysis":  # noqa: ARG001
    return workspace().analysis(analysis_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _evidence(stamp: tuple[str, int], asset_id: str) -> "Evidence | None":  # noqa: ARG001
    return workspace().evidence(asset_id)


@st.cache_data(ttl=HEALTH_S, max_entries=2, show_spinner=False)
def _health(folder: str) -> "list[Readiness]":  # noqa: ARG001
    return workspace().health()


@st.cache_data(ttl=HEALTH_S, max_entries=2, show_spinner=False)
def _engines(folder: str) -> "dict[str, Readiness]":  # noqa: ARG001
    backends = workspace().backends
    return {name: backends.get(name).readiness() for name in backends.engines()}


def cards() -> "list[AssetCard]":
    """Every asset with its state."""
    return _cards(catalog_stamp())


def card(asset_id: str) -> "AssetCard | None":
    """One asset with its state; None if it is not in the library."""
    return next((each for each in cards() if each.asset.id == asset_id), None)


def assets() -> "dict[str, Asset]":
    """Every asset by id."""
    return {each.asset.id: each.asset for each in cards()}


def totals() -> "LibraryTotals":
    """The library in numbers."""
    return _totals(catalog_stamp())


def headers(asset_id: str = "") -> "list[AnalysisHeader]":
    """Headers of the analyses of an asset, or of all, the newest first."""
    return _headers(catalog_stamp(), asset_id)


def analysis(analysis_id: str) -> "Analysis":
    """One analysis; it never changes."""
    return _analysis(catalog_stamp()[0], analysis_id)


def evidence(asset_id: str) -> "Evidence | None":
    """What was measured about an asset."""
    return _evidence(catalog_stamp(), asset_id)


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


def reports() -> "list[ReportRecord]":
    """Reports that were made, the newest first."""
    return sorted(workspace().reports(), key=lambda report: report.created_at, reverse=True)


def jobs() -> "list[Job]":
    """Jobs, the newest first."""
    return sorted(workspace().jobs.jobs(), key=lambda job: job.created_at, reverse=True)


def active_jobs() -> "list[Job]":
    """Jobs that wait or run."""
    return [job for job in jobs() if not job.is_finished]
