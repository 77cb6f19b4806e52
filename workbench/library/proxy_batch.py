"""Make the proxies that are missing, of many assets.

A file that cannot be done is reported and the rest goes on; what exists is not made again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.analysis.question import IMAGE_SPEC, VIDEO_SPEC
from workbench.analysis.results import Failure
from workbench.errors import WorkbenchError
from workbench.library.proxies import PREVIEW_SPEC, ProxyWork
from workbench.media.asset import Asset, Proxy
from workbench.media.video_proxy import is_browser_playable
from workbench.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class ProxyReport:
    """What came of making proxies."""

    made: tuple[Proxy, ...]
    known: tuple[Proxy, ...]
    """Made before."""
    failed: tuple[Failure, ...]
    bytes_before: int
    """Bytes of the originals of the proxies made for models."""
    bytes_after: int
    """Bytes of those proxies."""


def wanted_specs(asset: Asset) -> tuple[str, ...]:
    """The proxies an asset should have: what models are sent, and what browsers can play."""
    if asset.kind == "image":
        return (IMAGE_SPEC,)
    if asset.kind == "audio":
        return ()
    return (VIDEO_SPEC,) if is_browser_playable(asset) else (VIDEO_SPEC, PREVIEW_SPEC)


def make_proxies(
    work: ProxyWork,
    assets: Sequence[Asset],
    spec: str | None = None,
    progress: Progress = silent,
) -> ProxyReport:
    """Make the proxies that are missing.

    Args:
        work: Where they are kept.
        assets: Of what.
        spec: Only this one; None for all an asset should have.
        progress: Told about each proxy that is finished.
    """
    todo = [(asset, each) for asset in assets for each in _specs(asset, spec)]
    made: list[Proxy] = []
    known: list[Proxy] = []
    failed: list[Failure] = []
    before = after = 0
    for done, (asset, each) in enumerate(todo):
        progress(done, len(todo), f"{asset.name}: {each}")
        had = work.existing(asset, each)
        try:
            proxy = had or work.make(asset, each)
        except WorkbenchError as error:
            failed.append(Failure(asset.name, error.message, error.hint))
            continue
        (known if had else made).append(proxy)
        if each != PREVIEW_SPEC:
            before += asset.size_bytes
            after += proxy.size_bytes
    progress(len(todo), len(todo), "proxies made")
    return ProxyReport(tuple(made), tuple(known), tuple(failed), before, after)


def _specs(asset: Asset, spec: str | None) -> Iterable[str]:
    if spec is None:
        return wanted_specs(asset)
    fits = {"image": ("nova-896", "nova-1568", "original"), "video": ("nova", "preview", "audio")}
    return (spec,) if spec in fits.get(asset.kind, ()) else ()
