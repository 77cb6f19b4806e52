"""What a media file is: facts read from it, and the smaller copies made of it.

An asset is named by its bytes: the same file under another name is the same asset.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

AssetKind = Literal["video", "image", "audio"]
StreamKind = Literal["video", "audio", "subtitle", "other"]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a container."""

    index: int
    kind: StreamKind
    codec: str
    language: str = ""
    channels: int = 0
    sample_rate_hz: int = 0


@dataclass(frozen=True, slots=True)
class Asset:
    """A media file as it is on disk: facts only."""

    id: str
    """First 16 hexadecimal digits of the SHA-256 of the bytes."""
    path: Path
    """Where it was found, absolute."""
    kind: AssetKind
    format: str
    """Container or image format, lower case: mp4, mkv, jpeg …"""
    size_bytes: int
    width_px: int = 0
    """Upright width: rotation is applied. 0 for sound."""
    height_px: int = 0
    duration_s: float = 0.0
    """0 for images."""
    frame_rate: Fraction | None = None
    """Average frames per second; None for images and sound."""
    streams: tuple[Stream, ...] = ()
    rotation_deg: int = 0
    warnings: tuple[str, ...] = ()
    """What was strange but could be read, a sentence each."""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def has_sound(self) -> bool:
        """Is there a sound stream?"""
        return any(stream.kind == "audio" for stream in self.streams)

    @property
    def has_pictures(self) -> bool:
        """Are there moving or still pictures?"""
        return self.kind != "audio"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A smaller copy, made once for each asset and spec. Its time axis is the source's."""

    asset_id: str
    path: Path
    spec: str
    size_bytes: int
    width_px: int
    height_px: int
    duration_s: float = 0.0
    seconds_to_make: float = 0.0
    notes: tuple[str, ...] = ()
    frames: int = 0
    """Pictures in it; 0 where they were not counted."""
    sampling: str = ""
    """Which of the source's pictures it holds: "one a second", "960 moments", "sound" …"""
    largest_error_s: float = 0.0
    """Most that a picture's time stamp is away from when the source shows it, in seconds."""
    recipe: int = 0
    """Number of the recipe it was made by; a changed one makes a new proxy on demand only."""
