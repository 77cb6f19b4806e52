"""Proxies of library assets: made once for each asset and spec, and kept in the catalog."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.analysis.detecting import ORIGINAL_SPEC
from workbench.analysis.hearing import AUDIO_SPEC
from workbench.analysis.question import IMAGE_SPEC, VIDEO_SPEC, Part, media_identity
from workbench.backends.protocol import MediaPart
from workbench.errors import MediaError
from workbench.library.sources import reading_source, require_source
from workbench.library.store import Store
from workbench.media.asset import Asset, Proxy
from workbench.media.chunks import KEY_FRAME_S, Chunk
from workbench.media.images import make_image_proxy
from workbench.media.timecode import TimeSpan
from workbench.media.video_proxy import cut_chunk, make_video_proxy
from workbench.progress import Progress, silent

PREVIEW_SPEC = "preview"


@dataclass(frozen=True, slots=True)
class ProxyWork:
    """Where proxies are kept."""

    store: Store
    data_dir: Path

    def existing(self, asset: Asset, spec: str) -> Proxy | None:
        """The proxy of this spec, if it has been made and is still there."""
        for proxy in self.store.proxies(asset.id):
            if proxy.spec == spec and proxy.path.is_file():
                return proxy
        return None

    def make(self, asset: Asset, spec: str, progress: Progress = silent) -> Proxy:
        """Make one proxy, or return the one there is.

        Raises:
            MediaError: The original cannot be used, or is not what was imported any more.
            DiskFull: There is no room.
        """
        if proxy := self.existing(asset, spec):
            return proxy
        made: Proxy | None = None
        try:
            with reading_source(self.store, asset):
                made = self._made(asset, spec, progress)
        except MediaError:
            if made is not None:
                # It may show another file than its name says.
                made.path.unlink(missing_ok=True)
            raise
        self.store.add_proxy(made)
        return made

    def _made(self, asset: Asset, spec: str, progress: Progress) -> Proxy:
        if asset.kind == "image":
            return make_image_proxy(asset, spec, self.data_dir / "proxy_image")
        return make_video_proxy(
            asset,
            spec,
            self.data_dir / "proxy_video",
            chunk_starts_s=key_frames_s(asset.duration_s),
            progress=progress,
        )


def key_frames_s(duration_s: float) -> tuple[float, ...]:
    """Moments of a `nova` proxy that chunks may be cut at.

    Example:
        >>> key_frames_s(25)
        (0.0, 10.0, 20.0)
    """
    count = max(1, math.ceil(duration_s / KEY_FRAME_S))
    return tuple(KEY_FRAME_S * index for index in range(count))


def detection_media(
    work: ProxyWork, part: Part, progress: Progress = silent
) -> tuple[MediaPart, ...]:
    """The file that a detection is made in: a picture's proxy, or all of a video.

    Args:
        work: Where proxies are kept.
        part: What the call is about.
        progress: Told about the making of the proxy.

    Raises:
        MediaError: The original cannot be used, or is not what was imported any more.
        DiskFull: There is no room for the proxy.
    """
    asset = part.asset
    (wanted,) = media_identity(part)
    if wanted.spec == ORIGINAL_SPEC:
        require_source(work.store, asset)
        return (replace(wanted, size_bytes=asset.path.stat().st_size),)
    path = work.make(asset, wanted.spec, progress).path
    form = _format_of(path) if asset.kind == "image" else wanted.format
    return (replace(wanted, path=path, format=form, size_bytes=path.stat().st_size),)


def sound_media(work: ProxyWork, asset: Asset, progress: Progress = silent) -> MediaPart:
    """The sound of an asset, as a service that writes speech down is sent it.

    Args:
        work: Where proxies are kept.
        asset: An asset with sound.
        progress: Told about the making of the proxy.

    Raises:
        MediaError: The original cannot be used, or is not what was imported any more.
        DiskFull: There is no room for the proxy.
    """
    made = work.make(asset, AUDIO_SPEC, progress)
    span = TimeSpan(0.0, asset.duration_s)
    form = made.path.suffix.lstrip(".")
    return MediaPart("audio", asset.id, AUDIO_SPEC, span, made.path, form, made.size_bytes)


def _format_of(picture: Path) -> str:
    suffix = picture.suffix.lstrip(".").lower()
    return "jpeg" if suffix == "jpg" else suffix


def media_for(
    work: ProxyWork, asset: Asset, chunk: Chunk | None, progress: Progress = silent
) -> tuple[MediaPart, ...]:
    """The files that go with a call: a picture's proxy, or the chunk cut from a video's.

    Args:
        work: Where proxies are kept.
        asset: What the call is about.
        chunk: The piece of it; None for pictures.
        progress: Told about the making of the proxy.
    """
    if asset.kind == "audio":
        return ()
    if asset.kind == "image":
        proxy = work.make(asset, IMAGE_SPEC, progress)
        form = _format_of(proxy.path)
        return (MediaPart("image", asset.id, IMAGE_SPEC, None, proxy.path, form, proxy.size_bytes),)
    proxy = work.make(asset, VIDEO_SPEC, progress)
    span = chunk.sent if chunk else None
    path = proxy.path
    if span and (span.start_s > 0 or span.end_s < asset.duration_s):
        path = cut_chunk(proxy, span, work.data_dir / "proxy_video" / "chunks")
    return (MediaPart("video", asset.id, VIDEO_SPEC, span, path, "mp4", path.stat().st_size),)
