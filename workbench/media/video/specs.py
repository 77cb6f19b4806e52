"""The kinds of video proxy there are, and what each is for."""

from dataclasses import dataclass
from types import MappingProxyType

from workbench.errors import RequestError
from workbench.media.chunks import LONGEST_SENT_S

RECIPE = 2
"""Number of the recipes below. 1: x264 with two reference pictures and finer motion search, which
cost a fifth more and looked no better (SSIM 0.911 against 0.913 on a noisy 720p mix, at the cap)."""

RATE_CAP = 140_000
"""Bits a second: 16 minutes are 16.6 MB, under the 18 MB that fit into a request."""

CLIP_LIMIT_BYTES = 18_000_000
"""Most bytes of a clip that goes with a request: 25 MB after base64, less the words
(facts/aws.md, section 2)."""

MOST_PICTURES = int(LONGEST_SENT_S)
"""Pictures that a model looks at in one video, however long (Nova user guide)."""


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """How one kind of video proxy is made."""

    name: str
    suffix: str
    short_side_px: int
    """Longest allowed short side; 0 for sound."""
    bytes_per_s: int
    """Upper bound of its size, for the check of the disk."""
    meaning: str
    pictures_per_s: int = 0
    """Pictures taken of each second; 0 for those that keep the source's rate, and for sound."""
    is_overview: bool = False
    """Is its step as long as it takes to have no more than `MOST_PICTURES`?"""

    @property
    def is_sampled(self) -> bool:
        """Does it hold chosen pictures of its source, for a model to look at?"""
        return self.pictures_per_s > 0


VIDEO_SPECS = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            VideoSpec("nova", ".mp4", 720, 20_000, "one picture a second, for models", 1),
            VideoSpec("nova-2fps", ".mp4", 720, 20_000, "two pictures a second, for models", 2),
            VideoSpec(
                "nova-overview",
                ".mp4",
                720,
                20_000,
                "the 960 pictures of a long film that a model looks at",
                1,
                is_overview=True,
            ),
            VideoSpec("preview", ".mp4", 540, 125_000, "plays in every browser, with sound"),
            VideoSpec("audio", ".wav", 0, 32_100, "sound at 16 kHz, mono"),
        )
    }
)

DEFAULT_VIDEO_SPEC = "nova"


def video_spec(name: str) -> VideoSpec:
    """Find a spec by name.

    Raises:
        RequestError: There is no such spec; the hint lists them.
    """
    try:
        return VIDEO_SPECS[name]
    except KeyError:
        raise RequestError(
            f"there is no video proxy {name!r}", hint=f"use {', '.join(VIDEO_SPECS)}"
        ) from None


def even_size(width_px: int, height_px: int, *, short_side_px: int) -> tuple[int, int]:
    """Size a video so that its short side is at most `short_side_px`, in even pixels.

    H.264 in its usual form has one colour for two by two pixels.

    Example:
        >>> even_size(3840, 2160, short_side_px=720), even_size(321, 181, short_side_px=720)
        ((1280, 720), (320, 180))
        >>> even_size(1080, 1920, short_side_px=540)
        (540, 960)
    """
    scale = min(1.0, short_side_px / min(width_px, height_px))

    def even(side_px: float) -> int:
        return max(2, 2 * round(side_px * scale / 2))

    return even(width_px), even(height_px)
