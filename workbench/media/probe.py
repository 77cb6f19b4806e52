"""Read what a file is: kind, size, length, streams, and what is strange about it.

The bytes decide, never the name. What can be read with a defect gets a warning; what cannot be
used ends in one of the media errors.
"""

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.errors import MediaDamaged, MediaEmpty, MediaUnsupported
from workbench.media.asset import Asset, AssetKind, Stream, StreamKind
from workbench.media.containers import (
    clock_zero_s,
    damaged,
    decoded,
    main_video,
    open_container,
    packets,
    require_file,
    upright_size,
)
from workbench.media.images import LARGEST_SIDE_PX
from workbench.media.pictures import load_pixels, open_picture, orientation, picture_format
from workbench.media.timecode import format_time

_VIDEO = "mp4 m4v mov mkv webm avi mpg mpeg m2ts mts ts vob wmv asf flv ogv 3gp 3g2 mxf dv ivf"
_IMAGE = "jpg jpeg png apng gif webp heic heif avif tif tiff bmp pgm ppm pnm ico psd mpo jp2"
_AUDIO = "mp3 wav m4a aac flac ogg oga opus wma aif aiff au caf ac3 amr"

SUFFIXES: MappingProxyType[AssetKind, frozenset[str]] = MappingProxyType(
    {
        "video": frozenset(f".{name}" for name in _VIDEO.split()),
        "image": frozenset(f".{name}" for name in _IMAGE.split()),
        "audio": frozenset(f".{name}" for name in _AUDIO.split()),
    }
)
"""Suffixes an import looks at, and what each leads one to expect; the bytes have the last word."""

READ_BYTES = 1 << 20

ENDS_EARLY_S = 1.0
"""How much less than its header says a file may hold without a warning."""

_IMAGE_NAMES = MappingProxyType(
    {
        ".jpg": "jpeg",
        ".jpeg": "jpeg",
        ".png": "png",
        ".apng": "png",
        ".gif": "gif",
        ".webp": "webp",
        ".heic": "heic",
        ".heif": "heic",
        ".avif": "avif",
        ".tif": "tiff",
        ".tiff": "tiff",
    }
)


def asset_id(path: Path) -> str:
    """Name a file by its bytes: the first 16 hexadecimal digits of their SHA-256.

    Raises:
        MediaMissing: The file is not there, or may not be read.
        MediaEmpty: It has no bytes.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(b"abc")
        ...     file.flush()
        ...     asset_id(Path(file.name))
        'ba7816bf8f01cfea'
    """
    require_file(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()[:16]


def expected_kind(path: Path) -> AssetKind | None:
    """What a file's suffix leads one to expect; None if an import passes it over.

    Example:
        >>> expected_kind(Path("Talk.MP4")), expected_kind(Path("notes.txt"))
        ('video', None)
    """
    suffix = path.suffix.lower()
    return next((kind for kind, known in SUFFIXES.items() if suffix in known), None)


def probe(path: Path) -> Asset:
    """Read the facts about a media file.

    The whole file is read once for its id. Pictures are decoded; of films and sound the packets
    are listed, and single frames decoded.

    Args:
        path: A file; its name may be anything.

    Raises:
        MediaMissing: It is not there, or may not be read.
        MediaEmpty: It has no bytes, no pictures or no length.
        MediaDamaged: It cannot be decoded.
        MediaUnsupported: It is not a picture, film or sound we read.
        MediaTooLarge: It has too many pixels.
    """
    path = path.absolute()
    size_bytes = require_file(path)
    identity = asset_id(path)
    if picture_format(path):
        return _probe_picture(path, identity, size_bytes)
    try:
        return _probe_container(path, identity, size_bytes)
    except MediaUnsupported as error:
        if expected_kind(path) in {"video", "audio"}:
            raise
        try:
            return _probe_picture(path, identity, size_bytes)
        except MediaUnsupported:
            if expected_kind(path) == "image":
                raise
            raise MediaUnsupported(
                f"{path.name} is not a picture, film or sound file we read",
                hint="convert it to MP4, JPEG or MP3 and import it again",
            ) from error


def _probe_picture(path: Path, identity: str, size_bytes: int) -> Asset:
    warnings = []
    with open_picture(path) as picture:
        name = (picture.format or "").lower()
        pictures = getattr(picture, "n_frames", 1)
        turned = orientation(picture)
        width_px, height_px = picture.size
        if name in {"jpeg", "mpo"}:
            # An eighth of the size still reads the file to its end.
            picture.draft(picture.mode, (max(1, width_px // 8), max(1, height_px // 8)))
        load_pixels(picture)
    if turned >= 5:
        width_px, height_px = height_px, width_px
    if pictures > 1 and name in {"gif", "png", "webp", "avif"}:
        warnings.append(f"It is an animation of {pictures} pictures; the first is used.")
    elif pictures > 1 and name != "psd":
        warnings.append(f"It holds {pictures} pictures; the first is used.")
    promised = _IMAGE_NAMES.get(path.suffix.lower())
    if promised != {"mpo": "jpeg"}.get(name, name) and (promised or expected_kind(path) != "image"):
        warnings.append(f"It is named {path.suffix or 'without a suffix'} but is a {name} picture.")
    if max(width_px, height_px) > LARGEST_SIDE_PX:
        warnings.append(f"A side is longer than {LARGEST_SIDE_PX} px; models get a smaller copy.")
    return Asset(
        id=identity,
        path=path,
        kind="image",
        format=name,
        size_bytes=size_bytes,
        width_px=width_px,
        height_px=height_px,
        rotation_deg={3: 180, 4: 180, 5: 90, 6: 270, 7: 270, 8: 90}.get(turned, 0),
        warnings=tuple(warnings),
    )


@dataclass(slots=True)
class _Track:
    """What the packets of one stream say."""

    packets: int = 0
    first_s: float = 0.0
    end_s: float = 0.0
    times_s: list[float] = field(default_factory=list)


def _probe_container(path: Path, identity: str, size_bytes: int) -> Asset:
    with open_container(path) as container:
        video = main_video(container)
        if video is None and not container.streams.audio:
            raise MediaUnsupported(
                f"{path.name} has neither pictures nor sound",
                hint="choose another file, or export it again",
            )
        zero_s = clock_zero_s(container)
        header_s = (container.duration or 0) / 1_000_000
        tracks = _read_tracks(container, zero_s)
        streams = tuple(_stream(stream) for stream in container.streams)
        container_name = container.format.name
        video_index = None if video is None else video.index
    measured_s = max((track.end_s for track in tracks.values()), default=0.0)
    if not measured_s > 0:
        raise MediaEmpty(f"{path.name} has no pictures and no sound", hint="export it again")
    warnings = _clock_warnings(path, zero_s, header_s, measured_s)
    duration_s = _duration(header_s, measured_s)
    facts = _Pictures()
    if video_index is not None:
        facts = _read_pictures(path, video_index, duration_s, warnings)
        track = tracks.get(video_index, _Track())
        facts.frame_rate = _frame_rate(track, facts.frame_rate)
        if _is_uneven(track):
            warnings.append("Its frame rate varies; times are those of its frames.")
        if track.first_s > 0.1:
            warnings.append(f"Its pictures begin at {track.first_s:.2f} s.")
    kind: AssetKind = "audio" if video_index is None else "video"
    if expected_kind(path) != kind:
        what = "has sound only" if kind == "audio" else "is a film"
        warnings.append(f"It is named {path.suffix or 'without a suffix'} but {what}.")
    return Asset(
        id=identity,
        path=path,
        kind=kind,
        format=_format_name(container_name, path),
        size_bytes=size_bytes,
        width_px=facts.width_px,
        height_px=facts.height_px,
        duration_s=duration_s,
        frame_rate=facts.frame_rate,
        streams=streams,
        rotation_deg=facts.rotation_deg,
        warnings=tuple(warnings),
    )


def _read_tracks(container: Any, zero_s: float) -> dict[int, _Track]:
    """List the packets of every film and sound stream: 0.3 s for a film of fifteen minutes."""
    wanted = [s for s in container.streams if s.type in {"video", "audio"}]
    tracks: dict[int, _Track] = {}
    steps = {stream.index: float(stream.time_base or 0) for stream in wanted}
    pictures = {s.index for s in container.streams.video}
    for packet in packets(container, *wanted):
        if packet.pts is None or packet.size == 0 or packet.is_discard:
            continue
        step = steps[packet.stream_index]
        at_s = packet.pts * step - zero_s
        track = tracks.setdefault(packet.stream_index, _Track(first_s=at_s))
        track.packets += 1
        track.first_s = min(track.first_s, at_s)
        track.end_s = max(track.end_s, at_s + (packet.duration or 0) * step)
        if packet.stream_index in pictures:
            track.times_s.append(at_s)
    for track in tracks.values():
        track.times_s.sort()
    return tracks


def _duration(header_s: float, measured_s: float) -> float:
    """The header's length where the packets agree with it, else the packets' own."""
    agrees = abs(header_s - measured_s) <= ENDS_EARLY_S
    return round(header_s if agrees and header_s > 0 else measured_s, 6)


def _clock_warnings(path: Path, zero_s: float, header_s: float, measured_s: float) -> list[str]:
    warnings = []
    if abs(zero_s) > 0.1:
        warnings.append(f"Its own clock begins at {zero_s:.2f} s; times here begin at 0.")
    if header_s - measured_s > ENDS_EARLY_S:
        warnings.append(
            f"It ends at {format_time(measured_s)} although it says it is "
            f"{format_time(header_s)} long; the rest of {path.name} is missing."
        )
    return warnings


@dataclass(slots=True)
class _Pictures:
    """What decoding a frame says about a film."""

    width_px: int = 0
    height_px: int = 0
    frame_rate: Fraction | None = None
    rotation_deg: int = 0


def _read_pictures(path: Path, index: int, duration_s: float, warnings: list[str]) -> _Pictures:
    """Decode the first frame, and one near the end."""
    with open_container(path) as container:
        stream = container.streams[index]
        stream.thread_type = "AUTO"
        first = next(decoded(container, stream), None)
        if first is None:
            raise damaged(path, "none of its pictures can be decoded")
        rotation_deg = round(first.rotation) % 360
        width_px, height_px = upright_size(stream, rotation_deg)
        rate = stream.average_rate or stream.guessed_rate
    if duration_s > 10 and not _has_picture_near(path, index, duration_s * 0.9):
        warnings.append("Pictures near its end cannot be decoded.")
    return _Pictures(width_px, height_px, rate, rotation_deg)


def _has_picture_near(path: Path, index: int, moment_s: float) -> bool:
    try:
        with open_container(path) as container:
            stream = container.streams[index]
            container.seek(int(moment_s * 1_000_000) + (container.start_time or 0))
            return next(decoded(container, stream), None) is not None
    except MediaDamaged:
        return False


def _frame_rate(track: _Track, stated: Fraction | None) -> Fraction | None:
    """The stated rate where the packets agree to 2 %, else the number of frames over their time."""
    if len(track.times_s) < 3:
        return stated
    spread_s = track.times_s[-1] - track.times_s[0]
    if not spread_s > 0:
        return stated
    counted = Fraction((len(track.times_s) - 1) / spread_s).limit_denominator(1001)
    if stated and abs(counted / stated - 1) <= 0.02:
        return Fraction(stated)
    return counted or stated


def _is_uneven(track: _Track) -> bool:
    """Do the gaps between frames differ by more than half, for more than a few frames?"""
    times = track.times_s
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    if len(gaps) < 10:
        return False
    usual = gaps[len(gaps) // 2]
    uneven = sum(1 for gap in gaps if abs(gap - usual) > usual / 2)
    return uneven > max(2, len(gaps) // 50)


def _stream(stream: Any) -> Stream:
    kinds: dict[str, StreamKind] = {"video": "video", "audio": "audio", "subtitle": "subtitle"}
    context = stream.codec_context
    kind = kinds.get(stream.type, "other")
    is_sound = kind == "audio" and context is not None
    return Stream(
        index=stream.index,
        kind=kind,
        codec=_codec_name(context),
        language=stream.language or "" if hasattr(stream, "language") else "",
        channels=int(context.channels) if is_sound else 0,
        sample_rate_hz=int(context.sample_rate or 0) if is_sound else 0,
    )


def _codec_name(context: Any) -> str:
    if context is None:
        return ""
    # The codec, not the decoder that happens to read it (av1, not libdav1d).
    return str(context.codec.canonical_name)


def _format_name(container_name: str, path: Path) -> str:
    """One short name out of ffmpeg's list of relatives."""
    names = container_name.split(",")
    suffix = path.suffix.lower().lstrip(".")
    if "mp4" in names:
        return suffix if suffix in {*names, "m4v"} else "mp4"
    if "matroska" in names:
        return "webm" if suffix == "webm" else "mkv"
    return names[0]
