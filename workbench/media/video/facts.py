"""The facts about a film or sound file: length, size, streams, and what is strange about it."""

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaEmpty, MediaUnsupported
from workbench.media.asset import Asset, AssetKind, Stream, StreamKind
from workbench.media.containers import (
    MOST_BROKEN,
    clock_zero_s,
    damaged,
    decoded,
    frame_time_s,
    main_video,
    open_container,
    packets,
    upright_size,
)
from workbench.media.kinds import expected_kind
from workbench.media.timecode import format_time

if TYPE_CHECKING:
    import numpy as np

    Times = np.ndarray[tuple[int], np.dtype[np.float64]]

ENDS_EARLY_S = 1.0
"""How much less than its header says a file may hold without a warning."""

LONGEST_GAP_S = 60.0
"""Pictures that stand still for longer than this are worth a look at the clock."""

BEGINS_LATE_S = 0.5
"""A recording that starts between two key frames has no picture until the next; a warning from
here on."""


@dataclass(slots=True)
class _Track:
    """What the packets of one stream say."""

    first_s: float = 0.0
    end_s: float = 0.0
    times_s: "array[float]" = field(default_factory=lambda: array("d"))
    """Of every picture, as they come: a film of two hours has 200,000."""


def read_film(path: Path, identity: str, size_bytes: int) -> Asset:
    """Read the facts about a film or sound file: its packets are listed, single frames decoded.

    Args:
        path: A file of any container.
        identity: Its id.
        size_bytes: Its size.

    Raises:
        MediaEmpty: It has no length.
        MediaDamaged: It cannot be decoded.
        MediaUnsupported: It is no film or sound we read.
    """
    with open_container(path) as container:
        video = main_video(container)
        if video is None and not container.streams.audio:
            raise MediaUnsupported(
                f"{path.name} has neither pictures nor sound",
                hint="choose another file, or export it again",
            )
        zero_s = clock_zero_s(container)
        header_s = (container.duration or 0) / 1_000_000
        first = _FirstPicture(video)
        tracks = _read_tracks(container, zero_s, first)
        measured_s = max((track.end_s for track in tracks.values()), default=0.0)
        if not measured_s > 0:
            raise MediaEmpty(f"{path.name} has no pictures and no sound", hint="export it again")
        warnings = _clock_warnings(path, zero_s, header_s, measured_s)
        duration_s = _duration(header_s, measured_s)
        streams = tuple(_stream(stream) for stream in container.streams)
        container_name = container.format.name
        facts = _Pictures()
        if video is not None:
            facts = _picture_facts(path, video, first, zero_s)
            if duration_s > 10 and not _has_picture_near(container, video, duration_s * 0.9):
                warnings.append("Pictures near its end cannot be decoded.")
    if video is not None:
        import numpy as np

        track = tracks.get(first.index, _Track())
        times_s = np.sort(track.times_s)
        facts.frame_rate = _frame_rate(times_s, facts.frame_rate)
        warnings += _picture_warnings(track, times_s, facts)
    kind: AssetKind = "audio" if video is None else "video"
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


class _FirstPicture:
    """Decodes a film's packets as they pass until the first picture comes out."""

    def __init__(self, stream: Any | None) -> None:
        self.index = -1 if stream is None else stream.index
        self.frame: Any = None
        self.is_awaited = stream is not None
        self._broken = 0
        if stream is not None:
            # Threads by frames would want several packets before they give the first picture.
            stream.thread_type, stream.codec_context.thread_count = "SLICE", 1

    def look_at(self, packet: Any) -> None:
        """Decode a packet, if it is one of the film's."""
        import av

        if packet.stream_index == self.index:
            try:
                self.frame = next(iter(packet.decode()), None)
                self._broken = 0
            except av.error.InvalidDataError:
                self._broken += 1
            self.is_awaited = self.frame is None and self._broken < MOST_BROKEN


def _read_tracks(container: Any, zero_s: float, first: _FirstPicture) -> dict[int, _Track]:
    """List the packets of every film and sound stream: 0.3 s for a film of fifteen minutes."""
    wanted = [s for s in container.streams if s.type in {"video", "audio"}]
    tracks: dict[int, _Track] = {}
    steps = {stream.index: float(stream.time_base or 0) for stream in wanted}
    pictures = {s.index for s in container.streams.video}
    # A film of two hours has half a million of them.
    for packet in packets(container, *wanted):
        if first.is_awaited:
            first.look_at(packet)
        pts, index = packet.pts, packet.stream_index
        if pts is None or packet.size == 0 or packet.is_discard:
            continue
        step = steps[index]
        at_s = pts * step - zero_s
        end_s = at_s + (packet.duration or 0) * step
        track = tracks.get(index)
        if track is None:
            tracks[index] = track = _Track(first_s=at_s)
        track.first_s = min(track.first_s, at_s)
        track.end_s = max(track.end_s, end_s)
        if index in pictures:
            track.times_s.append(at_s)
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


def _picture_warnings(track: _Track, times_s: "Times", facts: "_Pictures") -> list[str]:
    import numpy as np

    warnings = []
    gaps_s = np.diff(times_s)
    # More than a minute without a picture, and a quarter of the film.
    if len(gaps_s) and gaps_s.max() > max(LONGEST_GAP_S, (track.end_s - track.first_s) / 4):
        before = int(gaps_s.argmax())
        start, end = (format_time(float(at_s)) for at_s in times_s[before : before + 2])
        warnings.append(f"It has no pictures from {start} to {end}: its clock jumps there.")
    if _is_uneven(gaps_s):
        warnings.append("Its frame rate varies; times are those of its frames.")
    if facts.first_s - track.first_s > BEGINS_LATE_S:
        warnings.append(f"Its pictures before {facts.first_s:.2f} s cannot be decoded.")
    elif track.first_s > 0.1:
        warnings.append(f"Its pictures begin at {track.first_s:.2f} s.")
    return warnings


@dataclass(slots=True)
class _Pictures:
    """What decoding a frame says about a film."""

    width_px: int = 0
    height_px: int = 0
    frame_rate: Fraction | None = None
    rotation_deg: int = 0
    first_s: float = 0.0
    """When the first picture that can be decoded is shown."""


def _picture_facts(path: Path, stream: Any, first: _FirstPicture, zero_s: float) -> _Pictures:
    frame = first.frame
    if frame is None:
        raise damaged(path, "none of its pictures can be decoded")
    rotation_deg = round(frame.rotation) % 360
    width_px, height_px = upright_size(stream, rotation_deg)
    rate = stream.average_rate or stream.guessed_rate
    first_s = 0.0 if frame.pts is None else frame_time_s(frame, stream, zero_s)
    return _Pictures(width_px, height_px, rate, rotation_deg, first_s)


def _has_picture_near(container: Any, stream: Any, moment_s: float) -> bool:
    import av

    try:
        container.seek(int(moment_s * 1_000_000) + (container.start_time or 0))
        return next(decoded(container, stream), None) is not None
    except av.error.FFmpegError:
        return False


def _frame_rate(times_s: "Times", stated: Fraction | None) -> Fraction | None:
    """The stated rate where the packets agree to 2 %, else the number of frames over their time."""
    if len(times_s) < 3:
        return stated
    spread_s = float(times_s[-1] - times_s[0])
    if not spread_s > 0:
        return stated
    counted = Fraction((len(times_s) - 1) / spread_s).limit_denominator(1001)
    if stated and abs(counted / stated - 1) <= 0.02:
        return Fraction(stated)
    return counted or stated


def _is_uneven(gaps_s: "Times") -> bool:
    """Do the gaps between frames differ by more than half, for more than a few frames?"""
    import numpy as np

    if len(gaps_s) < 10:
        return False
    usual_s = np.partition(gaps_s, len(gaps_s) // 2)[len(gaps_s) // 2]
    uneven = np.count_nonzero(np.abs(gaps_s - usual_s) > usual_s / 2)
    return bool(uneven > max(2, len(gaps_s) // 50))


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
