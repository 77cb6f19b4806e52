"""Proxies of library assets: made once for each asset and spec, and kept in the catalog."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.analysis.plans.question import (
    IMAGE_SPEC,
    OVERVIEW_SPEC,
    Part,
    media_identity,
    video_spec_of,
)
from workbench.analysis.services.detecting import ORIGINAL_SPEC
from workbench.analysis.services.hearing import AUDIO_SPEC
from workbench.backends.protocol import MediaPart
from workbench.errors import MediaError
from workbench.library.imports.sources import reading_source, require_source
from workbench.library.proxies.clip_makings import ClipMakings
from workbench.library.store import Store
from workbench.media.asset import Asset, Proxy
from workbench.media.chunks import KEY_FRAME_S, Chunk
from workbench.media.images.proxy import make_image_proxy
from workbench.media.timecode import TimeSpan
from workbench.media.video.proxy import cut_chunk, make_video_proxy
from workbench.media.video.writer import OnClip
from workbench.progress import Progress, silent

PREVIEW_SPEC = "preview"


@dataclass(frozen=True, slots=True)
class ProxyWork:
    """Where proxies are kept."""

    store: Store
    data_dir: Path
    may_read_key_frames: bool = True
    """Leave undecoded what sampled pictures do not depend on; see `make_video_proxy`."""

    def existing(self, asset: Asset, spec: str) -> Proxy | None:
        """The proxy of this spec, if it has been made and is still there."""
        for proxy in self.store.proxies(asset.id):
            if proxy.spec == spec and proxy.path.is_file():
                return proxy
        return None

    @property
    def clip_folder(self) -> Path:
        """Where the pieces go that are cut out of proxies."""
        return self.data_dir / "proxy_video" / "chunks"

    def make(
        self,
        asset: Asset,
        spec: str,
        progress: Progress = silent,
        *,
        clips: Sequence[TimeSpan] = (),
        on_clip: OnClip | None = None,
    ) -> Proxy:
        """Make one proxy, or return the one there is.

        Args:
            asset: Of what.
            spec: Which one.
            progress: Told about the making.
            clips: Pieces to write as its pictures are made; not looked at where it is there.
            on_clip: Told about each piece; see `make_video_proxy`.

        Raises:
            MediaError: The original cannot be used, or is not what was imported any more.
            DiskFull: There is no room.
        """
        if proxy := self.existing(asset, spec):
            return proxy
        written: list[Path] = []

        def note(span: TimeSpan, path: Path) -> None:
            written.append(path)
            if on_clip:
                on_clip(span, path)

        made: Proxy | None = None
        try:
            with reading_source(self.store, asset):
                made = self.made(asset, spec, progress, clips=clips, on_clip=note)
        except MediaError:
            # They may show another file than their names say.
            for path in [*written, *([made.path] if made else [])]:
                path.unlink(missing_ok=True)
            raise
        self.store.add_proxy(made)
        return made

    def made(
        self,
        asset: Asset,
        spec: str,
        progress: Progress = silent,
        *,
        clips: Sequence[TimeSpan] = (),
        on_clip: OnClip | None = None,
    ) -> Proxy:
        """Make the file of a proxy, or find it again; no record is read or kept."""
        if asset.kind == "image":
            return make_image_proxy(asset, spec, self.data_dir / "proxy_image")
        return make_video_proxy(
            asset,
            spec,
            self.data_dir / "proxy_video",
            chunk_starts_s=key_frames_s(asset.duration_s),
            clips=clips,
            clip_folder=self.clip_folder,
            on_clip=on_clip,
            may_read_key_frames=self.may_read_key_frames,
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
    work: ProxyWork,
    asset: Asset,
    chunk: Chunk | None,
    progress: Progress = silent,
    *,
    makings: ClipMakings | None = None,
    spans: Sequence[TimeSpan] = (),
) -> tuple[MediaPart, ...]:
    """The files that go with a call: a picture's proxy, or the chunk cut from a video's.

    Args:
        work: Where proxies are kept.
        asset: What the call is about.
        chunk: The piece of it; None for pictures.
        progress: Told about the making of the proxy.
        makings: Has proxies made in the background, so that a piece need not wait for the rest;
            None: the whole proxy is made first.
        spans: All pieces that will be asked for, for a proxy that is not made yet.

    Raises:
        MediaError: The original cannot be used, or is not what was imported any more.
        DiskFull: There is no room.
    """
    if asset.kind == "audio":
        return ()
    if asset.kind == "image":
        proxy = work.make(asset, IMAGE_SPEC, progress)
        form = _format_of(proxy.path)
        return (MediaPart("image", asset.id, IMAGE_SPEC, None, proxy.path, form, proxy.size_bytes),)
    span = chunk.sent if chunk else None
    spec = video_spec_of(asset, chunk)
    pieces = [each for each in spans if not _is_all(each, asset)]
    if span is None or spec == OVERVIEW_SPEC or _is_all(span, asset):
        path = work.make(asset, spec, progress).path
    elif makings is None:
        path = cut_chunk(work.make(asset, spec, progress, clips=pieces), span, work.clip_folder)
    else:
        path = makings.clip(work, asset, spec, span, spans=pieces, progress=progress)
    return (MediaPart("video", asset.id, spec, span, path, "mp4", path.stat().st_size),)


def _is_all(span: TimeSpan, asset: Asset) -> bool:
    return span.start_s <= 0 and span.end_s >= asset.duration_s
