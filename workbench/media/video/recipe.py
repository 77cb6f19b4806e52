"""What ffmpeg is told for each kind of video proxy, and why."""

from collections.abc import Sequence
from fractions import Fraction

from workbench.media.asset import Asset
from workbench.media.chunks import KEY_FRAME_S
from workbench.media.containers import open_container, require_video
from workbench.media.ffmpeg import input_args
from workbench.media.video.specs import RATE_CAP, VideoSpec, even_size

# `round=up` puts the picture of second t at t; the default shows one from half a second later
# (facts/performance.md, section 3).
_SAMPLED = "fps={rate}:round=up:start_time=0,settb=1,setpts=N,fps=1"

# The needed packets come on a clock that counts pictures from 1; the last of each unit is the one.
_CHOSEN = "fps=1:round=down:start_time=1:eof_action=pass"

# Interlaced pictures are mended one by one: their neighbours are not there.
_WHOLE = "estdif=mode=frame:deint=interlaced"


def codec_args(
    starts: Sequence[int], per_s: int = 1, *, is_overview: bool = False, first: int = 0
) -> list[str]:
    """How sampled pictures are encoded, one a second on the encoder's clock.

    No picture refers to a later one, so a copied piece has no hidden pictures. One reference and
    the plainest search for motion: pictures a second apart have little in common. One thread: the
    decoder is what takes long, and several cost an eighth more.

    Args:
        starts: Numbers of pictures that get a key frame, besides one every `KEY_FRAME_S`.
        per_s: Pictures in a second of the source; they share the bytes of one.
        is_overview: Are pictures so far apart that many have nothing in common? Those become key
            frames: a third less work than looking for what is not there, and 0.2 to 1.5 dB better.
        first: The number of the first picture on the encoder's clock; that of `starts` is 0.
    """
    forced = ",".join(str(first + start) for start in sorted({0, *starts}))
    # A sixth less work at 0.003 less SSIM: an overview is mostly encoding.
    preset, cuts = ("superfast", "100") if is_overview else ("veryfast", "0")
    return [
        *("-c:v", "libx264", "-preset", preset, "-pix_fmt", "yuv420p", "-crf", "23"),
        *("-refs", "1", "-subq", "1", "-bf", "0", "-threads", "1"),
        *("-maxrate", str(RATE_CAP // per_s), "-bufsize", str(4 * RATE_CAP)),
        *("-g", str(int(KEY_FRAME_S) * per_s), "-keyint_min", "1", "-sc_threshold", cuts),
        *("-force_key_frames", forced),
    ]


def shrinking_args(rate: int, duration_s: float) -> list[str]:
    """How a sampled video that is too large is encoded again: the same pictures, fewer bytes."""
    return [
        *("-map", "0:v:0", "-fps_mode", "passthrough", "-c:v", "libx264", "-preset", "veryfast"),
        *("-crf", "23", "-bf", "0", "-g", "60", "-sc_threshold", "0"),
        *("-maxrate", str(rate), "-bufsize", str(max(rate, round(rate * duration_s / 60)))),
        *("-map_metadata", "-1", "-movflags", "+faststart"),
    ]


def sampled_args(
    asset: Asset,
    spec: VideoSpec,
    step_s: Fraction,
    starts: Sequence[int],
    *,
    turning: str | None,
) -> list[str]:
    """Arguments for a sampled proxy, written to a pipe as NUT.

    Args:
        asset: The source.
        spec: A sampled spec.
        step_s: Seconds between two pictures.
        starts: Numbers of pictures that get a key frame.
        turning: The filters that set a picture upright, where the chosen packets come through a
            pipe; None where ffmpeg reads the file.
    """
    width_px, height_px = even_size(
        asset.width_px, asset.height_px, short_side_px=spec.short_side_px
    )
    shape = f"scale={width_px}:{height_px},setsar=1,format=yuv420p"
    first = 0
    if turning is None:
        rate = 1 / step_s
        taken = _SAMPLED.format(rate=f"{rate.numerator}/{rate.denominator}")
        source = [*input_args(asset.path), "-map", f"0:{main_index(asset)}"]
    else:
        taken = _CHOSEN
        source = ["-copyts", "-f", "nut", "-i", "pipe:0"]
        first = 1
    return [
        *source,
        *("-vf", f"{taken},{turning or ''}{_WHOLE},{shape}"),
        *codec_args(starts, spec.pictures_per_s, is_overview=spec.is_overview, first=first),
        *("-an", "-sn", "-dn", "-map_metadata", "-1", "-f", "nut", "pipe:1"),
    ]


def whole_args(asset: Asset, spec: VideoSpec) -> list[str]:
    """Arguments for a proxy that keeps the source's rate, or is its sound; the output follows."""
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
        pictures = [
            *("-map", f"0:{main_index(asset)}"),
            *("-vf", f"yadif=deint=interlaced,{shape}", "-c:v", "libx264"),
            *("-preset", "veryfast", "-crf", "26", "-g", "60", "-fpsmax", "30"),
        ]
    sound = ["-an"]
    if asset.has_sound:
        clock = "aresample=async=1:first_pts=0"
        sound = ["-map", "0:a:0", "-af", clock, "-ac", "2", "-c:a", "aac", "-b:a", "96k"]
    rest = ["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart"]
    return [*input_args(asset.path), *pictures, *sound, *rest]


def main_index(asset: Asset) -> int:
    """Number of the stream with the moving pictures."""
    with open_container(asset.path) as container:
        return int(require_video(container, asset.path).index)
