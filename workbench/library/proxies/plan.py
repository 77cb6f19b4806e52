"""What making proxies would do: which are there, which are missing, how large, and how long.

Nothing is made and nothing written here. Of the files only the headers of videos are read, to
know whether a browser plays them as they are.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.analysis.plans.question import IMAGE_SPEC, VIDEO_SPEC
from workbench.errors import DiskFull, MediaError, RequestError
from workbench.library.proxies.making import PREVIEW_SPEC, ProxyWork
from workbench.library.proxies.rates import Guess, Rates, made_size
from workbench.media.asset import Asset, AssetKind, Proxy
from workbench.media.images.batch import usual_threads
from workbench.media.images.proxy import IMAGE_SPECS
from workbench.media.outputs import SPARE_BYTES
from workbench.media.video.proxy import VIDEO_SPECS, is_browser_playable

OFFERED_IMAGE_SPECS = tuple(name for name in IMAGE_SPECS if not name.startswith("plain"))
"""What a person may ask for; the plain one is made when a service needs it."""


@dataclass(frozen=True, slots=True)
class PlannedProxy:
    """One proxy: there, or to be made."""

    asset: Asset
    spec: str
    known: Proxy | None
    """The one there is."""
    will_be_made: bool
    width_px: int
    """Of the proxy; 0 for sound."""
    height_px: int
    size_bytes: Guess
    """Of the proxy that will be made; zeros where none will be."""
    seconds: Guess
    """Of one thread that makes it."""
    problem: str = ""
    """Why it will fail, as far as that can be seen from here."""


@dataclass(frozen=True, slots=True)
class ProxyPlan:
    """What will be made, what is there, and what that takes."""

    spec: str | None
    """What was asked for; None for what each asset should have."""
    again: bool
    """Are those that are there made again?"""
    items: tuple[PlannedProxy, ...]
    unfit: tuple[str, ...]
    """Names of files the spec is not for."""
    later: int
    """Missing ones beyond the limit."""
    free_bytes: int
    """On the disk of the data folder."""
    folder: Path

    @property
    def todo(self) -> tuple[PlannedProxy, ...]:
        """Those that will be made."""
        return tuple(item for item in self.items if item.will_be_made)

    @property
    def there(self) -> tuple[PlannedProxy, ...]:
        """Those that are there and stay."""
        return tuple(item for item in self.items if item.known and not item.will_be_made)

    @property
    def original_bytes(self) -> int:
        """Bytes of the originals of what will be made, each counted once."""
        return sum({item.asset.id: item.asset.size_bytes for item in self.todo}.values())

    @property
    def size_bytes(self) -> Guess:
        """Bytes that will be written."""
        return sum((item.size_bytes for item in self.todo), Guess())

    @property
    def seconds(self) -> Guess:
        """Seconds until all is made: pictures by several threads, videos one after the other."""
        total = Guess()
        for item in self.todo:
            total += item.seconds.times(share_of_time(item.asset.kind))
        return total

    @property
    def has_room(self) -> bool:
        """Will the disk hold what is expected?"""
        return self.free_bytes >= self.size_bytes.expected + SPARE_BYTES

    def require_room(self) -> None:
        """Check that the disk has room for what is expected.

        Raises:
            DiskFull: It has not.
        """
        needed = self.size_bytes.expected + SPARE_BYTES
        if self.todo and not self.has_room:
            raise DiskFull(
                f"{self.folder} has {self.free_bytes / 1e6:,.0f} MB free; about "
                f"{needed / 1e6:,.0f} MB are needed for {len(self.todo):,} proxies",
                hint="free some space, make fewer with --limit, or choose another data folder "
                "with WORKBENCH_DATA_DIR",
            )


def share_of_time(kind: AssetKind) -> float:
    """How much of a second of work is a second of waiting: pictures are made side by side."""
    return 1 / usual_threads() if kind == "image" else 1.0


def plan_proxies(
    work: ProxyWork,
    assets: Sequence[Asset],
    spec: str | None = None,
    *,
    limit: int | None = None,
    again: bool = False,
) -> ProxyPlan:
    """Say what making proxies would do.

    Args:
        work: Where they are kept.
        assets: Of what; an asset named twice counts once.
        spec: Only this one, of the assets it is for; None for what each should have.
        limit: Make so many of the missing ones at most; None for all.
        again: Make those that are there again, too.

    Raises:
        RequestError: There is no such spec, it is for none of the assets, or the limit is negative.
    """
    _require_known(spec)
    if limit is not None and limit < 0:
        raise RequestError(f"{limit} proxies cannot be made", hint="at least 0")
    chosen = {asset.id: asset for asset in assets}
    unfit = tuple(asset.name for asset in chosen.values() if spec and not fits(asset, spec))
    if spec and chosen and len(unfit) == len(chosen):
        which = f"not for {unfit[0]}" if len(unfit) == 1 else f"for none of {len(unfit):,} files"
        raise RequestError(
            f"{spec!r} is {which}: {what_for(spec)}",
            hint="without a spec each file gets what it needs",
        )
    every = {asset.id: asset for asset in work.store.assets()} | chosen
    recorded = work.store.proxies()
    rates = Rates(every, recorded)
    known = {(proxy.asset_id, proxy.spec): proxy for proxy in recorded}
    left = len(chosen) * len(VIDEO_SPECS) if limit is None else limit
    items: list[PlannedProxy] = []
    later = 0
    for asset in chosen.values():
        for each in _specs(asset, spec):
            found = known.get((asset.id, each))
            if found is not None and not found.path.is_file():
                found = None
            wanted = again or found is None
            later += wanted and left < 1
            makes = wanted and left > 0
            left -= makes
            if makes or found:
                items.append(_planned(rates, asset, each, found, will_be_made=makes))
    return ProxyPlan(
        spec, again, tuple(items), unfit, later, free_bytes(work.data_dir), work.data_dir
    )


def wanted_specs(asset: Asset) -> tuple[str, ...]:
    """The proxies an asset should have: what models are sent, and what browsers can play."""
    if asset.kind == "image":
        return (IMAGE_SPEC,)
    if asset.kind == "audio":
        return ()
    try:
        plays = is_browser_playable(asset)
    except MediaError:
        plays = True  # it cannot be read: what models are sent will say why
    return (VIDEO_SPEC,) if plays else (VIDEO_SPEC, PREVIEW_SPEC)


def offered_specs(assets: Sequence[Asset]) -> tuple[str, ...]:
    """Specs that fit at least one of some assets, those of videos first."""
    every = (*VIDEO_SPECS, *OFFERED_IMAGE_SPECS)
    return tuple(spec for spec in every if any(fits(asset, spec) for asset in assets))


def fits(asset: Asset, spec: str) -> bool:
    """Can this proxy be made of this asset?"""
    if asset.kind == "image":
        return spec in IMAGE_SPECS
    if spec == "audio":
        return asset.has_sound
    return asset.kind == "video" and spec in VIDEO_SPECS


def what_for(spec: str) -> str:
    """What a spec is for, as the end of a sentence.

    Example:
        >>> what_for("nova-896"), what_for("audio")
        ('it is for pictures', 'it is for files with sound')
    """
    if spec in IMAGE_SPECS:
        return "it is for pictures"
    return "it is for files with sound" if spec == "audio" else "it is for videos"


def spec_meanings() -> Mapping[str, str]:
    """Spec → what it is, for people."""
    found = {name: spec.meaning for name, spec in VIDEO_SPECS.items()}
    return found | {name: IMAGE_SPECS[name].meaning for name in OFFERED_IMAGE_SPECS}


def _require_known(spec: str | None) -> None:
    if spec is not None and spec not in IMAGE_SPECS and spec not in VIDEO_SPECS:
        names = ", ".join((*VIDEO_SPECS, *OFFERED_IMAGE_SPECS))
        raise RequestError(f"there is no proxy {spec!r}", hint=f"use {names}")


def _specs(asset: Asset, spec: str | None) -> tuple[str, ...]:
    if spec is None:
        return wanted_specs(asset)
    return (spec,) if fits(asset, spec) else ()


def _planned(
    rates: Rates, asset: Asset, spec: str, known: Proxy | None, *, will_be_made: bool
) -> PlannedProxy:
    if not will_be_made and known is not None:
        size = known.width_px, known.height_px
        return PlannedProxy(asset, spec, known, False, *size, Guess(), Guess())
    problem = "" if os.access(asset.path, os.R_OK) else f"no longer in {asset.path.parent}"
    return PlannedProxy(
        asset,
        spec,
        known,
        True,
        *made_size(asset, spec),
        Guess() if problem else rates.size_bytes(asset, spec),
        Guess() if problem else rates.seconds(asset, spec),
        problem,
    )


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk of a folder that is there."""
    return shutil.disk_usage(folder).free
