"""Make the copies of a video that are sent to a model, played in a browser, or listened to.

A proxy's time axis is its source's: second 90 of the proxy shows second 90 of the source. Chunks
are cut out of the proxy by copying, never by encoding the source again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from workbench.errors import MediaUnsupported, RequestError
from workbench.media.asset import Asset, Proxy
from workbench.media.chunks import KEY_FRAME_S
from workbench.media.containers import (
    clock_zero_s,
    damaged,
    main_video,
    open_container,
    packets,
    require_video,
)
from workbench.media.ffmpeg import input_args, run_ffmpeg
from workbench.media.outputs import atomic_output, require_room, safe_stem
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress


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


VIDEO_SPECS = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            VideoSpec("nova", ".mp4", 720, 20_000, "one picture a second, for models"),
            VideoSpec("preview", ".mp4", 540, 125_000, "plays in every browser, with sound"),
            VideoSpec("audio", ".wav", 0, 32_100, "sound at 16 kHz, mono"),
        )
    }
)

DEFAULT_VIDEO_SPEC = "nova"

RATE_CAP = 140_000
"""Bits a second: 16 minutes are 16.6 MB, under the 18 MB that fit into a request."""

# Sources: facts/performance.md, sections 3 and 9. `round=up` puts the picture of second t at t;
# the default shows one from half a second later. Interlaced frames are mended one by one.
_ONE_FRAME_A_SECOND = "fps=1:round=up:start_time=0,estdif=mode=frame:deint=interlaced"

PLAYABLE = MappingProxyType(
    {
        "mp4": (
            frozenset({"h264", "av1"}),
            frozenset({"aac", "mp3", "opus", "flac"}),
        ),
        "webm": (frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})),
    }
)


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


def make_video_proxy(
    asset: Asset,
    spec: str,
    folder: Path,
    *,
    chunk_starts_s: Sequence[float] = (0.0,),
    progress: Progress | None = None,
) -> Proxy:
    """Make a proxy of a video or sound file.

    Args:
        asset: What `probe` read.
        spec: `nova`, `preview` or `audio`.
        folder: Where the proxy goes, named `<stem>_<asset id>_<spec>.<suffix>`.
        chunk_starts_s: Whole seconds at which chunks will be cut out of a `nova` proxy; it gets
            keyframes there, and every `KEY_FRAME_S` seconds anyway.
        progress: Called with seconds done, seconds in all, and the stage.

    Returns:
        The proxy; an existing one is found again and not made twice.

    Raises:
        MediaUnsupported: The asset has not what the proxy is made of.
        RequestError: The spec or the folder cannot be used.
        MediaDamaged: The file cannot be read to its end.
        DiskFull: There is no room.
        ToolError: ffmpeg failed.
    """
    wanted = video_spec(spec)
    _require_streams(asset, wanted)
    started = time.perf_counter()
    name = f"{safe_stem(asset.name)}_{asset.id}_{wanted.name}{wanted.suffix}"
    target = folder / name
    if target.is_file() and target.stat().st_size > 0:
        notes: tuple[str, ...] = ("it was there already",)
        width_px, height_px, duration_s = _measure(target)
    else:
        require_room(folder, int(wanted.bytes_per_s * asset.duration_s))
        with atomic_output(target) as temporary:
            run_ffmpeg(
                [*_arguments(asset, wanted, chunk_starts_s), temporary],
                duration_s=asset.duration_s,
                progress=progress,
                stage=f"Making the {wanted.name} proxy",
            )
            if not temporary.is_file():
                raise damaged(asset.path, "nothing in it can be decoded")
            width_px, height_px, duration_s = _measure(temporary)
        notes = _shortfall(asset, duration_s)
    return Proxy(
        asset_id=asset.id,
        path=target.absolute(),
        spec=wanted.name,
        size_bytes=target.stat().st_size,
        width_px=width_px,
        height_px=height_px,
        duration_s=duration_s,
        seconds_to_make=time.perf_counter() - started,
        notes=notes,
    )


def cut_chunk(proxy: Proxy, span: TimeSpan, folder: Path) -> Path:
    """Cut a piece out of a `nova` proxy, for one request.

    The piece is copied, not encoded, where it starts at a keyframe. Its first picture is the one
    of `span.start_s`.

    Args:
        proxy: A `nova` proxy.
        span: What to cut, on the source's clock. It starts at a whole second; its end is rounded
            up to one.
        folder: Where the piece goes.

    Returns:
        The piece; the proxy itself if the span covers all of it. An existing piece is found again.

    Raises:
        RequestError: The span is empty, beyond the end, or starts between two seconds.
        DiskFull: There is no room.
        ToolError: ffmpeg failed.
    """
    start_s, end_s = round(span.start_s), _up(span.end_s)
    if abs(span.start_s - start_s) > 0.001:
        raise RequestError(
            f"a chunk cannot start at {span.start_s} s", hint="start chunks at whole seconds"
        )
    if end_s <= start_s or start_s >= proxy.duration_s:
        raise RequestError(
            f"{proxy.path.name} has nothing between {span.start_s} s and {span.end_s} s",
            hint=f"it is {proxy.duration_s:.0f} s long",
        )
    if start_s == 0 and end_s >= proxy.duration_s:
        return proxy.path
    target = folder / f"{proxy.path.stem}_{start_s}-{end_s}{proxy.path.suffix}"
    if target.is_file() and target.stat().st_size > 0:
        target.touch()  # housekeeping goes by the time of last use
        return target
    has_keyframe = start_s in _keyframes(proxy.path)
    codec = ["-c", "copy"] if has_keyframe else _nova_codec(())
    with atomic_output(target) as temporary:
        run_ffmpeg(
            [
                *("-ss", str(start_s)),
                *input_args(proxy.path),
                *("-t", str(end_s - start_s), "-map", "0:v:0", *codec),
                *("-movflags", "+faststart", temporary),
            ]
        )
    return target


def is_browser_playable(asset: Asset) -> bool:
    """Can a browser play this file as it is?

    It can where the container, the codecs and the pixel format are ones every current browser
    reads, and its own clock starts at 0, so that a link to a moment lands on it.

    Raises:
        MediaError: The file cannot be read any more.
    """
    codecs = {
        kind: [s.codec for s in asset.streams if s.kind == kind] for kind in ("video", "audio")
    }
    if asset.kind == "image":
        return asset.format in {"jpeg", "png", "gif", "webp", "avif"}
    if asset.kind == "audio":
        return _plays_sound(asset.format, codecs["audio"])
    with open_container(asset.path) as container:
        stream = main_video(container)
        if (
            stream is None
            or abs(clock_zero_s(container)) > 0.05
            or container.streams.video[0] is not stream
        ):
            return False
        pixels = stream.codec_context.pix_fmt
        codec = stream.codec_context.codec.canonical_name
    if asset.format in {"mp4", "mov", "m4v"}:
        family = "mp4"
    elif asset.format == "webm":
        family = "webm"
    else:
        return False
    pictures, sounds = PLAYABLE[family]
    return (
        codec in pictures
        and pixels in {"yuv420p", "yuvj420p", "yuva420p"}
        and all(sound in sounds for sound in codecs["audio"])
    )


def _plays_sound(container: str, codecs: Sequence[str]) -> bool:
    codec = codecs[0] if codecs else ""
    return (container, codec) in {
        ("mp3", "mp3"),
        ("wav", "pcm_s16le"),
        ("ogg", "vorbis"),
        ("ogg", "opus"),
        ("flac", "flac"),
        ("aac", "aac"),
        ("webm", "opus"),
        ("webm", "vorbis"),
        ("mp4", "aac"),
        ("m4a", "aac"),
        ("mp4", "mp3"),
    }


def _require_streams(asset: Asset, spec: VideoSpec) -> None:
    if spec.name == "nova" and asset.kind != "video":
        raise MediaUnsupported(
            f"{asset.name} has no moving pictures", hint="choose a video, or an image proxy"
        )
    if spec.name == "preview" and asset.kind == "image":
        raise MediaUnsupported(f"{asset.name} is a picture", hint="use an image proxy")
    if spec.name == "audio" and not asset.has_sound:
        raise MediaUnsupported(f"{asset.name} has no sound", hint="choose a file with sound")


def _arguments(asset: Asset, spec: VideoSpec, chunk_starts_s: Sequence[float]) -> list[str]:
    if spec.name == "audio":
        # Silence is put where sound starts late or has gaps: the clock stays the source's.
        clock = "aresample=16000:async=1:first_pts=0"
        return [
            *input_args(asset.path),
            *("-map", "0:a:0", "-vn", "-sn", "-dn", "-af", clock),
            *("-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", "-map_metadata", "-1"),
        ]
    pictures: list[str] = []
    if asset.kind == "video":
        width_px, height_px = even_size(
            asset.width_px, asset.height_px, short_side_px=spec.short_side_px
        )
        shape = f"scale={width_px}:{height_px},setsar=1,format=yuv420p"
        pictures = ["-map", f"0:{_main_index(asset.path)}"]
        if spec.name == "nova":
            pictures += ["-vf", f"{_ONE_FRAME_A_SECOND},{shape}", *_nova_codec(chunk_starts_s)]
        else:
            pictures += [
                *("-vf", f"yadif=deint=interlaced,{shape}", "-c:v", "libx264"),
                *("-preset", "veryfast", "-crf", "26", "-g", "60", "-fpsmax", "30"),
            ]
    sound = ["-an"]
    if spec.name == "preview" and asset.has_sound:
        clock = "aresample=async=1:first_pts=0"
        sound = ["-map", "0:a:0", "-af", clock, "-ac", "2", "-c:a", "aac", "-b:a", "96k"]
    rest = ["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart"]
    return [*input_args(asset.path), *pictures, *sound, *rest]


def _nova_codec(chunk_starts_s: Sequence[float]) -> list[str]:
    starts = sorted({0, *(round(start_s) for start_s in chunk_starts_s)})
    return [
        *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-crf", "23"),
        *("-maxrate", str(RATE_CAP), "-bufsize", str(4 * RATE_CAP), "-bf", "0"),
        *("-g", str(int(KEY_FRAME_S)), "-keyint_min", "1", "-sc_threshold", "0"),
        *("-force_key_frames", ",".join(str(start) for start in starts)),
    ]


def _main_index(path: Path) -> int:
    with open_container(path) as container:
        return int(require_video(container, path).index)


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


def _keyframes(path: Path) -> set[int]:
    """Whole seconds at which a `nova` proxy has keyframes."""
    with open_container(path) as container:
        stream = require_video(container, path)
        return {
            round(float(packet.pts * packet.time_base))
            for packet in packets(container, stream)
            if packet.is_keyframe and packet.pts is not None
        }


def _up(moment_s: float) -> int:
    return int(-(-round(moment_s, 3) // 1))
