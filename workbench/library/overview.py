"""The library at a glance: one card for each asset, and totals over all of them.

Read from the catalog alone: no original is opened.
"""

from dataclasses import dataclass
from typing import Literal

from workbench.library.proxies.savings import sent_proxy
from workbench.library.records import AnalysisHeader, Job
from workbench.library.store import Store
from workbench.media.asset import Asset, Proxy

CardState = Literal["new", "proxy ready", "running", "analysed", "failed"]


@dataclass(frozen=True, slots=True)
class AssetCard:
    """An asset with its state."""

    asset: Asset
    state: CardState
    analysis: AnalysisHeader | None
    """The newest analysis."""
    job: Job | None
    """The job that works on it now, or the last one if that failed."""
    proxies: tuple[Proxy, ...]

    @property
    def sent(self) -> Proxy | None:
        """The proxy that models are sent, if it has been made."""
        return sent_proxy(self.proxies)


@dataclass(frozen=True, slots=True)
class LibraryTotals:
    """The library in numbers."""

    items: int
    duration_s: float
    size_bytes: int
    proxied_bytes: int
    """Bytes of the originals that have a proxy."""
    proxy_bytes: int
    """Bytes of the proxies of them that models are sent."""
    analysed: int
    running_jobs: int

    @property
    def saved(self) -> float | None:
        """Share of bytes the proxies save, 0 to 1; None while there are none."""
        return 1 - self.proxy_bytes / self.proxied_bytes if self.proxied_bytes else None


def _state(
    analysis: AnalysisHeader | None, job: Job | None, proxies: tuple[Proxy, ...]
) -> CardState:
    if job is not None and not job.is_finished:
        return "running"
    if analysis is not None:
        return "analysed"
    if job is not None and job.state == "failed":
        return "failed"
    return "proxy ready" if sent_proxy(proxies) else "new"


def cards(store: Store) -> list[AssetCard]:
    """Every asset with its state, in the order of `Store.assets`."""
    newest: dict[str, AnalysisHeader] = {}
    for each in store.analyses():
        newest.setdefault(each.asset_id, each)
    jobs: dict[str, Job] = {}
    for listed in store.jobs():
        if listed.kind in ("analyse", "proxies"):
            for asset_id in listed.asset_ids:
                jobs.setdefault(asset_id, listed)
    proxies: dict[str, list[Proxy]] = {}
    for proxy in store.proxies():
        proxies.setdefault(proxy.asset_id, []).append(proxy)
    found = []
    for asset in store.assets():
        mine = tuple(proxies.get(asset.id, ()))
        header, job = newest.get(asset.id), jobs.get(asset.id)
        found.append(AssetCard(asset, _state(header, job, mine), header, job, mine))
    return found


def totals(store: Store) -> LibraryTotals:
    """The library in numbers."""
    every = cards(store)
    pairs = [(card.asset.size_bytes, sent_proxy(card.proxies)) for card in every]
    return LibraryTotals(
        items=len(every),
        duration_s=sum(card.asset.duration_s for card in every),
        size_bytes=sum(card.asset.size_bytes for card in every),
        proxied_bytes=sum(size for size, proxy in pairs if proxy),
        proxy_bytes=sum(proxy.size_bytes for _, proxy in pairs if proxy),
        analysed=sum(1 for card in every if card.analysis),
        running_jobs=sum(1 for job in store.jobs() if not job.is_finished),
    )
