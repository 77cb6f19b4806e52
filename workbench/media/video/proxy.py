"""Make the copies of a video that are sent to a model, played in a browser, or listened to.

A proxy's time axis is its source's: second 90 of the proxy shows second 90 of the source. Chunks
are cut out of the proxy by copying, never by encoding the source again.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import MediaUnsupported
from workbench.media.asset import Asset, Proxy
from workbench.media.containers import damaged, main_video, open_container
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.outputs import atomic_output, require_room, safe_stem
from workbench.media.timecode import TimeSpan
from workbench.media.video.clips import clip_path, cut_chunk, is_there
from workbench.media.video.playable import is_browser_playable
from workbench.media.video.recipe import whole_args
from workbench.media.video.sampled import Sampled, Sampling, make_sampled
from workbench.media.video.specs import (
    CLIP_LIMIT_BYTES,
    DEFAULT_VIDEO_SPEC,
    MOST_PICTURES,
    RATE_CAP,
    RECIPE,
    VIDEO_SPECS,
    VideoSpec,
    even_size,
    video_spec,
)
from workbench.media.video.writer import OnClip
from workbench.progress import Progress

__all__ = [
    "DEFAULT_VIDEO_SPEC",
    "RATE_CAP",
    "VIDEO_SPECS",
    "VideoSpec",
    "cut_chunk",
    "even_size",
    "is_browser_playable",
    "make_video_proxy",
    "proxy_path",
    "video_spec",
]


def proxy_path(asset: Asset, spec: str, folder: Path) -> Path:
    """Where the proxy of an asset goes: `<stem>_<asset id>_<spec>.<suffix>`.

    Raises:
        RequestError: There is no such spec.
    """
    return folder / f"{safe_stem(asset.name)}_{asset.id}_{spec}{video_spec(spec).suffix}"


def make_video_proxy(
    asset: Asset,
    spec: str,
    folder: Path,
    *,
    chunk_starts_s: Sequence[float] = (0.0,),
    clips: Sequence[TimeSpan] = (),
    clip_folder: Path | None = None,
    on_clip: OnClip | None = None,
    may_read_key_frames: bool = True,
    limit_bytes: int = CLIP_LIMIT_BYTES,
    progress: Progress | None = None,
) -> Proxy:
    """Make a proxy of a video or sound file.

    Args:
        asset: What `probe` read.
        spec: A name of `VIDEO_SPECS`.
        folder: Where the proxy goes, see `proxy_path`.
        chunk_starts_s: Whole seconds at which chunks will be cut out of a `nova` proxy; it gets
            key frames there, and every `KEY_FRAME_S` seconds anyway.
        clips: Pieces of a `nova` proxy to write beside it, as its pictures are made, under the
            names that `cut_chunk` looks for. They start at whole seconds.
        clip_folder: Where they go; `chunks` in `folder` if not given.
        on_clip: Told about each piece that is finished, before the proxy is; from this thread.
        may_read_key_frames: Leave undecoded what the pictures of a sampled proxy do not depend
            on. They are the same, or the very next one where that is a key frame.
        limit_bytes: Most bytes of a piece, and of a proxy that is sent as it is.
        progress: Called with seconds done, seconds in all, and the stage.

    Returns:
        The proxy; an existing one is found again and not made twice.

    Raises:
        MediaUnsupported: The asset has not what the proxy is made of.
        RequestError: The spec or the folder cannot be used, or a piece starts between two seconds.
        MediaDamaged: The file cannot be read to its end.
        DiskFull: There is no room.
        ToolError: ffmpeg failed.
    """
    wanted = video_spec(spec)
    _require_streams(asset, wanted)
    started = time.perf_counter()
    target = proxy_path(asset, spec, folder)
    if is_there(target):
        made = Sampled(0, "", 0.0, ("it was there already",))
        width_px, height_px, duration_s = _measure(target)
    else:
        longest_s = MOST_PICTURES if wanted.is_overview else asset.duration_s
        require_room(folder, int(wanted.bytes_per_s * min(asset.duration_s, longest_s)))
        pieces = clip_folder or folder / "chunks"
        sampling = Sampling(
            asset,
            wanted,
            starts_s=chunk_starts_s,
            clips=[(span, clip_path(target, span, pieces)) for span in clips],
            on_clip=on_clip,
            progress=progress,
            may_read_key_frames=may_read_key_frames,
            limit_bytes=limit_bytes,
        )
        with atomic_output(target) as temporary:
            made = _made(sampling, temporary)
            width_px, height_px, duration_s = _measure(temporary)
    return Proxy(
        asset_id=asset.id,
        path=target.absolute(),
        spec=wanted.name,
        size_bytes=target.stat().st_size,
        width_px=width_px,
        height_px=height_px,
        duration_s=duration_s,
        seconds_to_make=time.perf_counter() - started,
        notes=made.notes or _shortfall(asset, duration_s),
        frames=made.pictures,
        sampling=made.sampling,
        largest_error_s=made.largest_error_s,
        recipe=RECIPE if made.sampling else 0,
    )


def _made(sampling: Sampling, temporary: Path) -> Sampled:
    asset, spec = sampling.asset, sampling.spec
    if spec.is_sampled:
        return make_sampled(sampling, temporary)
    run_ffmpeg(
        [*whole_args(asset, spec), temporary],
        duration_s=asset.duration_s,
        progress=sampling.progress,
        stage=f"Making the {spec.name} proxy",
    )
    if not temporary.is_file():
        raise damaged(asset.path, "nothing in it can be decoded")
    return Sampled(0, "every frame" if spec.name == "preview" else "sound", 0.0)


def _require_streams(asset: Asset, spec: VideoSpec) -> None:
    if spec.is_sampled and asset.kind != "video":
        raise MediaUnsupported(
            f"{asset.name} has no moving pictures", hint="choose a video, or an image proxy"
        )
    if spec.name == "preview" and asset.kind == "image":
        raise MediaUnsupported(f"{asset.name} is a picture", hint="use an image proxy")
    if spec.name == "audio" and not asset.has_sound:
        raise MediaUnsupported(f"{asset.name} has no sound", hint="choose a file with sound")


def _measure(path: Path) -> tuple[int, int, float]:
    """Width, height and length of a finished proxy."""
    with open_container(path) as container:
        stream = main_video(container)
        duration_s = (container.duration or 0) / 1_000_000
        size_px = (0, 0) if stream is None else (stream.width, stream.height)
    return *size_px, round(duration_s, 3)


def _shortfall(asset: Asset, made_s: float) -> tuple[str, ...]:
    if asset.duration_s - made_s <= max(2.0, asset.duration_s / 20):
        return ()
    return (f"it ends at {made_s:.0f} s of {asset.duration_s:.0f} s: the rest cannot be decoded",)
