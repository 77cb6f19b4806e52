"""What proxies save: bytes, time to send them, and tokens where a model's price goes by pixels.

Counted is what has been made, against the originals it was made of; a proxy that grew counts as
it is. A video costs by the frames that are looked at, so its tokens are those of its original.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.analysis.plans.question import IMAGE_SPEC, VIDEO_SPEC
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import image_tokens
from workbench.media.asset import Asset, AssetKind, Proxy
from workbench.media.images.proxy import LARGEST_SIDE_PX, proxy_size

NOT_SENT = frozenset({"preview", "audio", "plain-1568"})
"""Proxies for players, for listening, and for services that take no other picture."""

KINDS: tuple[AssetKind, ...] = ("video", "image")


@dataclass(frozen=True, slots=True)
class FileSaving:
    """One file against the proxy that models are sent."""

    asset_id: str
    name: str
    kind: AssetKind
    spec: str
    original_bytes: int
    proxy_bytes: int
    original_px: tuple[int, int]
    proxy_px: tuple[int, int]
    original_tokens: int | None = None
    """Of a model that bills pictures by pixels; None for videos, or if there is no such model."""
    proxy_tokens: int | None = None

    @property
    def saved_bytes(self) -> int:
        """Less than 0 where the proxy is the larger one."""
        return self.original_bytes - self.proxy_bytes

    @property
    def share(self) -> float:
        """Share of the bytes that is saved: 1 for all, 0 for none, less where it grew."""
        return self.saved_bytes / self.original_bytes if self.original_bytes else 0.0


@dataclass(frozen=True, slots=True)
class KindSaving:
    """All files of one kind that have a proxy."""

    kind: AssetKind
    files: int
    original_bytes: int
    proxy_bytes: int

    @property
    def share(self) -> float:
        """Share of the bytes that is saved."""
        return 1 - self.proxy_bytes / self.original_bytes if self.original_bytes else 0.0


@dataclass(frozen=True, slots=True)
class Savings:
    """A library, or some files of it, against their proxies."""

    files: tuple[FileSaving, ...]
    """Those that have a proxy for models, the greatest savers first."""
    without: int
    """Videos and pictures that have none."""
    without_bytes: int
    upload_mbit_s: float
    """Speed of the line, in millions of bits a second."""
    by_pixels: tuple[str, ...] = ()
    """Names of models whose price of a picture goes by its pixels; tokens are the first one's."""
    flat: tuple[tuple[str, int], ...] = ()
    """Names of models that bill the same tokens for every picture, with these."""

    @property
    def original_bytes(self) -> int:
        """Bytes of the originals that have a proxy."""
        return sum(each.original_bytes for each in self.files)

    @property
    def proxy_bytes(self) -> int:
        """Bytes of the proxies."""
        return sum(each.proxy_bytes for each in self.files)

    @property
    def share(self) -> float | None:
        """Share of the bytes that is saved; None while there are no proxies."""
        whole = self.original_bytes
        return 1 - self.proxy_bytes / whole if whole else None

    @property
    def original_tokens(self) -> int | None:
        """Tokens of the pictures as they are, billed by pixels; None if none is."""
        return _sum(each.original_tokens for each in self.files)

    @property
    def proxy_tokens(self) -> int | None:
        """Tokens of their proxies."""
        return _sum(each.proxy_tokens for each in self.files)

    @property
    def kinds(self) -> tuple[KindSaving, ...]:
        """Videos and pictures, those of which there are proxies."""
        found = []
        for kind in KINDS:
            of_it = [each for each in self.files if each.kind == kind]
            if of_it:
                sizes = [each.original_bytes for each in of_it], [e.proxy_bytes for e in of_it]
                found.append(KindSaving(kind, len(of_it), sum(sizes[0]), sum(sizes[1])))
        return tuple(found)

    def upload_s(self, size_bytes: int) -> float:
        """Seconds that sending so many bytes takes at the line's speed.

        Example:
            >>> Savings((), 0, 0, 20.0).upload_s(5_000_000)
            2.0
        """
        return size_bytes * 8 / (self.upload_mbit_s * 1e6)


def savings_of(
    assets: Sequence[Asset],
    proxies: Iterable[Proxy],
    models: Sequence[ModelInfo],
    upload_mbit_s: float,
) -> Savings:
    """Weigh files against their proxies.

    Args:
        assets: What is looked at.
        proxies: All that were made.
        models: Models there are; those that look at pictures are told apart by how they bill.
        upload_mbit_s: Speed of the line, more than 0.
    """
    takers = [m for m in models if m.engine == "nova" and "image" in m.accepts]
    takers = [m for m in takers if m.lifecycle != "preview" and m.purpose == "analyse"]
    by_pixels = [m for m in takers if m.image_tokens is None and m.image_token_table]
    counter = by_pixels[0] if by_pixels else None
    made: dict[str, list[Proxy]] = {}
    for proxy in proxies:
        made.setdefault(proxy.asset_id, []).append(proxy)
    files: list[FileSaving] = []
    without: list[int] = []
    for asset in assets:
        if sent := sent_proxy(made.get(asset.id, ())):
            files.append(_saving(asset, sent, counter))
        elif asset.has_pictures:
            without.append(asset.size_bytes)
    files.sort(key=lambda each: (-each.saved_bytes, each.name))
    return Savings(
        tuple(files),
        len(without),
        sum(without),
        upload_mbit_s,
        tuple(model.name for model in by_pixels),
        tuple((m.name, m.image_tokens) for m in takers if m.image_tokens is not None),
    )


def sent_proxy(proxies: Iterable[Proxy]) -> Proxy | None:
    """The proxy that models are sent: the usual one, else the smallest made for them."""
    fitting = [proxy for proxy in proxies if proxy.spec not in NOT_SENT]
    usual = [proxy for proxy in fitting if proxy.spec in (IMAGE_SPEC, VIDEO_SPEC)]
    return min(usual or fitting, key=lambda proxy: proxy.size_bytes, default=None)


def _saving(asset: Asset, proxy: Proxy, counter: ModelInfo | None) -> FileSaving:
    original_px, proxy_px = (asset.width_px, asset.height_px), (proxy.width_px, proxy.height_px)
    before = after = None
    if asset.kind == "image" and counter is not None and min(*original_px, *proxy_px) > 0:
        # No model takes longer sides than these: the original would be sent that small at least.
        taken = proxy_size(*original_px, short_side_px=LARGEST_SIDE_PX)
        before, after = image_tokens(counter, *taken), image_tokens(counter, *proxy_px)
    return FileSaving(
        asset.id, asset.name, asset.kind, proxy.spec, asset.size_bytes, proxy.size_bytes,
        original_px, proxy_px, before, after,
    )  # fmt: skip


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
