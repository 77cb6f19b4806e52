"""Feed ffmpeg with the packets of a film that its sampled pictures need, and no others."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from typing import Any

from workbench.errors import MediaError
from workbench.media.asset import Asset
from workbench.media.containers import (
    ROUNDING_S,
    decoded,
    main_video,
    open_container,
    packets,
    require_video,
)
from workbench.media.packets.choice import LONGEST_LATE_S, UNIT, Chooser, Pick
from workbench.media.packets.roles import Look, Role, UnfitError, reader_for

CONTAINERS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
"""Those that keep the time of every picture, by ffmpeg's names."""

MOST_BYTES, MOST_PACKETS = 32_000_000, 8_000
"""Of one group, which is held in memory; films with larger ones are decoded as a whole."""

_TURNS = {0: "", 90: "transpose=cclock,", 180: "hflip,vflip,", 270: "transpose=clock,"}


def turning(asset: Asset) -> str | None:
    """The filters that set a film's pictures upright; None if its packets cannot be chosen among.

    Raises:
        MediaError: The file cannot be read.
    """
    with open_container(asset.path) as container:
        stream = main_video(container)
        if stream is None or container.format.name not in CONTAINERS:
            return None
        codec = stream.codec_context
        if reader_for(codec.codec.canonical_name, codec.extradata) is None:
            return None
        frame = next(decoded(container, stream), None)
        if frame is None:
            return None
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is not None:
            a, b, _, c, d, *_ = struct.unpack("9i", bytes(matrix)[:36])
            if a * d - b * c <= 0:
                return None
        return _TURNS.get(round(frame.rotation) % 360)


@dataclass(slots=True)
class PictureFeed:
    """Writes the needed packets of a film as a NUT stream, on a clock that counts pictures."""

    asset: Asset
    step_s: Fraction
    """Seconds between two sampled pictures."""
    takes_key_frames: bool = False
    """May a key frame of the last step stand for a moment, at its own time?"""
    times_s: list[float] = field(default_factory=list)
    """When the source shows each sampled picture."""
    only_keys: bool = True
    largest_error_s: float = 0.0

    def __call__(self, pipe: Any) -> None:
        """Write all of it.

        Raises:
            UnfitError: All of the film has to be decoded.
        """
        import av

        try:
            self._write(pipe)
        except BrokenPipeError:
            raise
        except (MediaError, av.error.FFmpegError, ValueError) as error:
            # ffmpeg itself reads on where PyAV does not, and says what is wrong with the file.
            raise UnfitError from error

    def _write(self, pipe: Any) -> None:
        import av

        with open_container(self.asset.path) as container:
            stream = require_video(container, self.asset.path)
            for other in container.streams:
                if other is not stream:
                    other.discard = av.stream.Discard.all
            options = {
                "avoid_negative_ts": "disabled",
                # ffmpeg keeps each of these marks: 100 bytes for every 64 kB that it is fed.
                "syncpoints": "none",
                "strict": "experimental",
            }
            with av.open(pipe, "w", format="nut", options=options) as out:
                target = out.add_stream_from_template(stream, opaque=True)
                target.time_base = Fraction(1, UNIT)
                codec = stream.codec_context
                reader = reader_for(codec.codec.canonical_name, codec.extradata)
                if reader is None:
                    raise UnfitError
                for pick in self._picks(container, stream, reader.look):
                    packet = pick.packet
                    if pick.is_open:
                        packet = av.Packet(reader.begin(packet))
                        packet.is_keyframe = True
                    packet.stream = target
                    packet.time_base = Fraction(1, UNIT)
                    packet.pts, packet.dts = pick.stamp, pick.decoded_at
                    packet.duration = None
                    out.mux_one(packet)

    def _picks(self, container: Any, stream: Any, look: Look) -> Iterator[Pick]:
        base = stream.time_base
        frame_s = float(1 / stream.average_rate) if stream.average_rate else 0.0
        late_s = 0.0 if self.takes_key_frames else max(ROUNDING_S, min(LONGEST_LATE_S, frame_s))
        chooser = Chooser(self.step_s / base, int(Fraction(late_s) / base))
        zero = round(Fraction(container.start_time or 0, 1_000_000) / base)
        frame, longest = (round(Fraction(each) / base) for each in (frame_s, self.asset.duration_s))
        source = _Groups(container, stream, look, zero, frame, longest)
        if self.takes_key_frames:
            yield from self._sparse(source, chooser)
        else:
            for picks, next_pts in source.all():
                kept = chooser.group(picks, next_pts, source.end_pts)
                self._note(chooser)
                yield from kept
        self.only_keys = chooser.only_keys
        self.largest_error_s = float(chooser.latest * base)

    def _note(self, chooser: Chooser) -> None:
        while len(self.times_s) < chooser.count:
            self.times_s.append(float(len(self.times_s) * self.step_s))

    def _sparse(self, source: "_Groups", chooser: Chooser) -> Iterator[Pick]:
        """One key frame for each step where there is one, at its own time; else the exact picture."""
        base = source.base
        end_pts = source.known_end()
        while chooser.moment() < end_pts:
            key = source.key_at(chooser.moment())
            if 0 <= chooser.moment() - key.pts < chooser.step:
                number = chooser.count
                key.stamp = (number + 1) * UNIT + UNIT // 2
                key.decoded_at = key.stamp - 1
                chooser.count += 1
                self.times_s.append(float(key.pts * base))
                yield key
                continue
            picks, next_pts = source.group_at(chooser.moment())
            before = chooser.count
            kept = chooser.group(picks, next_pts, source.end_pts)
            if chooser.count == before:
                return
            self._note(chooser)
            yield from kept


@dataclass(slots=True)
class _Groups:
    """The packets of a stream, a key frame and what is decoded from it at a time."""

    container: Any
    stream: Any
    look: Look
    zero: int
    frame: int
    """Ticks that a picture is shown, where its packet does not say."""
    longest: int
    """Ticks of the whole film, with its sound."""
    end_pts: int = 0

    @property
    def base(self) -> Fraction:
        """Seconds in a tick."""
        return Fraction(self.stream.time_base)

    def known_end(self) -> int:
        """When the pictures end, as far as the container knows."""
        if self.stream.duration:
            return int(self.stream.start_time or 0) + int(self.stream.duration) - self.zero
        return self.longest

    def all(self, found: Iterator[Any] | None = None) -> Iterator[tuple[list[Pick], int | None]]:
        """Each group, with the time at which the next one begins.

        Args:
            found: The packets, where not all of them.

        Raises:
            UnfitError: One is too large, or its packets have no times.
        """
        picks: list[Pick] = []
        # A group that lacks only what is shown before the open key frame at its end.
        ended: list[Pick] = []
        for role, pick in self._read(found):
            if role.leads:
                if ended:
                    ended.append(pick)
                elif len(picks) != 1 or not picks[0].is_open:
                    raise UnfitError
                # Else the film begins here, or was cut here: nobody can decode it.
                continue
            if ended:
                yield ended, picks[0].pts
                ended = []
            if not role.begins:
                picks.append(pick)
                continue
            if picks and role.is_open:
                ended = [*picks, pick]
            elif picks:
                yield picks, pick.pts
            picks = [replace(pick, is_open=role.is_open)]
        if ended:
            yield ended, picks[0].pts
        yield picks, None

    def _read(self, found: Iterator[Any] | None) -> Iterator[tuple[Role, Pick]]:
        """Each packet, and what it is to the others; the first can be begun with."""
        size = count = last = 0
        for packet in found or packets(self.container, self.stream):
            if not packet.size:
                continue
            if packet.pts is None or packet.is_discard or packet.is_corrupt:
                raise UnfitError
            role = self.look(packet)
            if role.begins:
                size = count = 0
            elif not count:
                raise UnfitError
            size, count = size + packet.size, count + 1
            if size > MOST_BYTES or count > MOST_PACKETS:
                raise UnfitError
            pts = int(packet.pts) - self.zero
            last = max(last, pts)
            self.end_pts = max(self.end_pts, pts + (packet.duration or self.frame))
            yield role, Pick(packet, pts, role.is_needed)
        if not count:
            raise UnfitError
        # How long the last picture is shown is a guess in some containers: none outlasts its film.
        self.end_pts = min(self.end_pts, max(last + 1, self.longest))

    def key_at(self, pts: int) -> Pick:
        """The key frame at or before a moment; the first of the film before that."""
        for packet in self._from(pts):
            if not packet.size or packet.pts is None:
                break
            role = self.look(packet)
            if not role.begins:
                break
            return Pick(packet, int(packet.pts) - self.zero, is_needed=True, is_open=role.is_open)
        raise UnfitError

    def group_at(self, pts: int) -> tuple[list[Pick], int | None]:
        """The group that holds a moment."""
        return next(self.all(self._from(pts)))

    def _from(self, pts: int) -> Iterator[Any]:
        """Packets from the last key frame on that is shown at a moment or before."""
        self.container.seek(pts + self.zero, stream=self.stream)
        found = packets(self.container, self.stream)
        first = next(found, None)
        if first is None or first.pts is None or first.dts is None:
            raise UnfitError
        if first.pts - self.zero <= pts:
            return chain([first], found)
        # It is decoded before the moment and shown behind it.
        self.container.seek(first.dts - 1, stream=self.stream)
        return packets(self.container, self.stream)
