"""Cut the pieces of a sampled proxy that go with requests: by copying, never by a second decode."""

from pathlib import Path

from workbench.errors import MediaDamaged, RequestError
from workbench.media.asset import Proxy
from workbench.media.containers import open_container, packets, require_video
from workbench.media.ffmpeg import input_args, run_ffmpeg
from workbench.media.outputs import atomic_output
from workbench.media.timecode import TimeSpan
from workbench.media.video.recipe import codec_args, shrinking_args
from workbench.media.video.specs import CLIP_LIMIT_BYTES


def whole_seconds(span: TimeSpan) -> tuple[int, int]:
    """First second of a clip, and the one after its last.

    Raises:
        RequestError: It starts between two seconds.

    Example:
        >>> whole_seconds(TimeSpan(17.0, 23.4))
        (17, 24)
    """
    start_s = round(span.start_s)
    if abs(span.start_s - start_s) > 0.001:
        raise RequestError(
            f"a chunk cannot start at {span.start_s} s", hint="start chunks at whole seconds"
        )
    return start_s, int(-(-round(span.end_s, 3) // 1))


def clip_path(proxy: Path, span: TimeSpan, folder: Path) -> Path:
    """Where the clip of a proxy goes that holds a span.

    Example:
        >>> clip_path(Path("talk_nova.mp4"), TimeSpan(10, 30.5), Path("chunks")).name
        'talk_nova_10-31.mp4'
    """
    start_s, end_s = whole_seconds(span)
    return folder / f"{proxy.stem}_{start_s}-{end_s}{proxy.suffix}"


def cut_chunk(
    proxy: Proxy, span: TimeSpan, folder: Path, *, limit_bytes: int = CLIP_LIMIT_BYTES
) -> Path:
    """Cut a piece out of a sampled proxy, for one request.

    The piece is copied, not encoded, where it starts at a key frame. Its first picture is the one
    of `span.start_s`.

    Args:
        proxy: A `nova` or `nova-2fps` proxy.
        span: What to cut, on the source's clock. It starts at a whole second; its end is rounded
            up to one.
        folder: Where the piece goes.
        limit_bytes: Most bytes of a piece; one with more is encoded again.

    Returns:
        The piece; the proxy itself if the span covers all of it. An existing piece is found again.

    Raises:
        RequestError: The span is empty, beyond the end, or starts between two seconds.
        DiskFull: There is no room.
        ToolError: ffmpeg failed.
    """
    start_s, end_s = whole_seconds(span)
    if end_s <= start_s or start_s >= proxy.duration_s:
        raise RequestError(
            f"{proxy.path.name} has nothing between {span.start_s} s and {span.end_s} s",
            hint=f"it is {proxy.duration_s:.0f} s long",
        )
    if start_s == 0 and end_s >= proxy.duration_s:
        return proxy.path
    target = clip_path(proxy.path, span, folder)
    if is_there(target):
        target.touch()  # housekeeping goes by the time of last use
        return target
    codec = ["-c", "copy"] if _has_key_frame(proxy.path, start_s) else codec_args(())
    with atomic_output(target) as temporary:
        run_ffmpeg(
            [
                *("-ss", str(start_s)),
                *input_args(proxy.path),
                *("-t", str(end_s - start_s), "-map", "0:v:0", *codec),
                *("-movflags", "+faststart", temporary),
            ]
        )
        shrink(temporary, end_s - start_s, limit_bytes)
    return target


def is_there(path: Path) -> bool:
    """Has this file been made?"""
    return path.is_file() and path.stat().st_size > 0


def shrink(path: Path, duration_s: float, limit_bytes: int) -> bool:
    """Encode a sampled video again where it has more bytes than may be sent.

    Args:
        path: The file; it is replaced.
        duration_s: How much of the source it shows.
        limit_bytes: Most bytes it may have.

    Returns:
        Whether that was needed.

    Raises:
        MediaDamaged: It stays too large at the lowest rate that still makes pictures.
        ToolError: ffmpeg failed.
    """
    was_large = path.stat().st_size > limit_bytes
    for share in (0.9, 0.6, 0.3):
        if path.stat().st_size <= limit_bytes:
            return was_large
        smaller = path.with_name(f"{path.stem}.s{path.suffix}")
        try:
            rate = round(limit_bytes * 8 * share / max(1.0, duration_s))
            run_ffmpeg([*input_args(path), *shrinking_args(rate, duration_s), smaller])
            smaller.replace(path)
        finally:
            smaller.unlink(missing_ok=True)
    if path.stat().st_size > limit_bytes:
        raise MediaDamaged(
            f"{duration_s:.0f} s of it have {path.stat().st_size / 1e6:.1f} MB at the lowest rate",
            hint="choose shorter chunks (chunk_s)",
        )
    return was_large


def _has_key_frame(path: Path, at_s: int) -> bool:
    """Has a sampled proxy a key frame at this second?"""
    with open_container(path) as container:
        stream = require_video(container, path)
        container.seek(round(at_s / stream.time_base), stream=stream)
        first = next((each for each in packets(container, stream) if each.pts is not None), None)
        if first is None or not first.is_keyframe:
            return False
        return round(float(first.pts * first.time_base)) == at_s
