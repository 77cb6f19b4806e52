"""Can a browser play a file as it is?"""

from collections.abc import Sequence
from types import MappingProxyType

from workbench.media.asset import Asset
from workbench.media.containers import clock_zero_s, main_video, open_container

PLAYABLE = MappingProxyType(
    {
        "mp4": (
            frozenset({"h264", "av1"}),
            frozenset({"aac", "mp3", "opus", "flac"}),
        ),
        "webm": (frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})),
    }
)


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
