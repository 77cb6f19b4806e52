"""How large a proxy becomes and how long it takes, before it is made.

The proxies a library has say most about those it will get. Where there are too few of a kind, the
ranges are those of the specs and of what was measured once on two cores.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from workbench.media.asset import Asset, Proxy
from workbench.media.images.proxy import IMAGE_SPECS, SENDABLE, proxy_size
from workbench.media.video.proxy import VIDEO_SPECS, even_size

FEWEST = 3
"""Proxies of a spec from which their own sizes and times are believed."""

MANY = 10
"""From so many on, a tenth at each end is left out as uncommon."""

WIDER = 1.25
"""So few may not have shown the least and the most."""

FOUND_AGAIN = "it was there already"
"""Note of a proxy that was only found: its seconds say nothing about making one."""

PLAIN_PX = 1280 * 720
PLAIN_FPS = 25.0


@dataclass(frozen=True, slots=True)
class Guess:
    """A number that is not known yet: least, expected, most."""

    low: float = 0.0
    expected: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Guess") -> "Guess":
        """The sum of two: least with least, most with most."""
        return Guess(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, factor: float) -> "Guess":
        """The same number so many times.

        Example:
            >>> Guess(1, 2, 4).times(2)
            Guess(low=2, expected=4, high=8)
        """
        return Guess(self.low * factor, self.expected * factor, self.high * factor)


_VIDEO_BYTES = Guess(0.1, 0.4, 1.0)
"""Shares of a spec's upper bound: slides, a talk, moving water (our choice)."""

_PICTURE_BYTES = Guess(0.06, 0.2, 0.6)
"""Bytes a pixel of a JPEG of quality 85; 0.19 in the requirement's table, the ends are ours."""

_WHOLE_BYTES = Guess(0.15, 0.5, 1.5)
"""Bytes a pixel at quality 95, or of a drawing as PNG (guess)."""

_SECONDS = {
    "nova": Guess(0.03, 0.07, 0.15),
    "nova-2fps": Guess(0.03, 0.08, 0.18),
    "nova-overview": Guess(0.002, 0.02, 0.15),
    "preview": Guess(0.10, 0.25, 0.60),
    "audio": Guess(0.001, 0.004, 0.02),
}
"""Seconds of work for a second of 720p with 25 frames; 0.07 is measured, the others follow from
what each has to decode and encode (guess)."""

_PICTURE_SECONDS = Guess(0.004, 0.012, 0.08)
"""Seconds for a megapixel of the original: a JPEG of 12 megapixels took 0.1 s, a PNG 0.4 s."""


def byte_units(asset: Asset, spec: str) -> float:
    """What the bytes of a proxy grow with: its own pixels, or seconds of film and sound."""
    if asset.kind == "image":
        width_px, height_px = made_size(asset, spec)
        return max(1.0, float(width_px * height_px))
    length_s = min(asset.duration_s, 960.0) if spec == "nova-overview" else asset.duration_s
    return max(0.04, length_s)


def work_units(asset: Asset, spec: str) -> float:
    """What the work grows with: megapixels of the original, or its seconds as plain 720p."""
    if asset.kind == "image":
        return max(0.1, asset.width_px * asset.height_px / 1e6)
    if spec == "audio" or asset.kind == "audio":
        return max(0.04, asset.duration_s)
    frames_per_s = float(asset.frame_rate) if asset.frame_rate else PLAIN_FPS
    size = asset.width_px * asset.height_px / PLAIN_PX
    return max(0.04, asset.duration_s * size * min(frames_per_s, 240.0) / PLAIN_FPS)


def made_size(asset: Asset, spec: str) -> tuple[int, int]:
    """Width and height in pixels that a proxy will have; 0, 0 for sound."""
    width_px, height_px = max(1, asset.width_px), max(1, asset.height_px)
    if asset.kind == "image":
        short_px = IMAGE_SPECS[spec].short_side_px or min(width_px, height_px)
        return proxy_size(width_px, height_px, short_side_px=short_px)
    short_px = VIDEO_SPECS[spec].short_side_px
    if not short_px or asset.kind != "video":
        return 0, 0
    return even_size(width_px, height_px, short_side_px=short_px)


class Rates:
    """Sizes and times of a library's proxies, by spec.

    Args:
        assets: Assets by id.
        proxies: What was made of them.
    """

    def __init__(self, assets: Mapping[str, Asset], proxies: Iterable[Proxy]) -> None:
        sizes: dict[str, list[float]] = {}
        seconds: dict[str, list[float]] = {}
        for proxy in proxies:
            asset = assets.get(proxy.asset_id)
            if asset is None or proxy.spec not in {**IMAGE_SPECS, **VIDEO_SPECS}:
                continue
            # A picture that was sent as it is says nothing about the others.
            if not (asset.kind == "image" and proxy.size_bytes == asset.size_bytes):
                size = proxy.size_bytes / byte_units(asset, proxy.spec)
                sizes.setdefault(proxy.spec, []).append(size)
            if FOUND_AGAIN not in proxy.notes and proxy.seconds_to_make > 0:
                took = proxy.seconds_to_make / work_units(asset, proxy.spec)
                seconds.setdefault(proxy.spec, []).append(took)
        self._bytes = {spec: seen(each) for spec, each in sizes.items() if len(each) >= FEWEST}
        self._seconds = {spec: seen(each) for spec, each in seconds.items() if len(each) >= FEWEST}

    def size_bytes(self, asset: Asset, spec: str) -> Guess:
        """Bytes a proxy will have."""
        units = byte_units(asset, spec)
        if asset.kind == "image":
            return self._picture_bytes(asset, spec, units)
        bound = VIDEO_SPECS[spec].bytes_per_s
        if spec == "audio":
            return Guess(bound, bound, bound).times(units)
        usual = self._bytes.get(spec) or _VIDEO_BYTES.times(bound)
        return usual.times(units)

    def _picture_bytes(self, asset: Asset, spec: str, pixels: float) -> Guess:
        whole = IMAGE_SPECS[spec].short_side_px is None
        guess = (self._bytes.get(spec) or (_WHOLE_BYTES if whole else _PICTURE_BYTES)).times(pixels)
        if made_size(asset, spec) != (asset.width_px, asset.height_px):
            return guess
        if asset.format.upper() not in SENDABLE:
            return guess
        # It is not made smaller in pixels: the smaller of copy and original is kept.
        size = float(asset.size_bytes)
        if whole:
            return Guess(size, size, max(size, guess.high))
        return Guess(min(guess.low, size), min(guess.expected, size), min(guess.high, size))

    def seconds(self, asset: Asset, spec: str) -> Guess:
        """Seconds one thread will work at it."""
        usual = self._seconds.get(spec)
        if usual is None:
            usual = _PICTURE_SECONDS if asset.kind == "image" else _SECONDS.get(spec)
        return (usual or _SECONDS["nova"]).times(work_units(asset, spec))


def seen(values: Sequence[float], *, middle: Callable[[Sequence[float]], float] = median) -> Guess:
    """The range of what was measured, a little wider where it was not often.

    Args:
        values: At least one.
        middle: What is expected of them.

    Example:
        >>> seen([1.0, 2.0, 4.0])
        Guess(low=0.8, expected=2.0, high=5.0)
    """
    ordered = sorted(values)
    expected = middle(ordered)
    if len(ordered) < MANY:
        return Guess(ordered[0] / WIDER, expected, ordered[-1] * WIDER)
    tenth = len(ordered) // 10
    return Guess(ordered[tenth], expected, ordered[-1 - tenth])
