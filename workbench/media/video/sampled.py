"""Make a sampled proxy, and the clips cut from it, in one pass over the source."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from workbench.errors import MediaDamaged
from workbench.media.asset import Asset
from workbench.media.containers import damaged
from workbench.media.ffmpeg import piped_ffmpeg
from workbench.media.packets.feed import PictureFeed, turning
from workbench.media.packets.roles import UnfitError
from workbench.media.timecode import TimeSpan
from workbench.media.video.clips import shrink, whole_seconds
from workbench.media.video.recipe import sampled_args
from workbench.media.video.specs import CLIP_LIMIT_BYTES, MOST_PICTURES, VideoSpec
from workbench.media.video.writer import OnClip, ProxyWriter
from workbench.progress import Progress


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a sampled proxy holds."""

    pictures: int
    sampling: str
    largest_error_s: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is wanted of a source.

    Args:
        starts_s: Seconds at which clips may be cut.
        clips: The clips wanted now, and where each goes.
        may_read_key_frames: Need only those packets be decoded that the pictures depend on?
        limit_bytes: Most bytes of what is sent as one file.
    """

    asset: Asset
    spec: VideoSpec
    starts_s: Sequence[float] = ()
    clips: Sequence[tuple[TimeSpan, Path]] = ()
    on_clip: OnClip | None = None
    progress: Progress | None = None
    may_read_key_frames: bool = True
    limit_bytes: int = CLIP_LIMIT_BYTES

    @property
    def step_s(self) -> Fraction:
        """Seconds between two pictures."""
        step_s = Fraction(1, self.spec.pictures_per_s)
        if self.spec.is_overview:
            # Rounded up to a millisecond, so that there is never one picture more.
            longer_s = Fraction(-(-round(self.asset.duration_s * 1000) // MOST_PICTURES), 1000)
            step_s = max(step_s, longer_s)
        return step_s

    def words(self, *, only_keys: bool, pictures: int) -> str:
        """Which pictures there are, for people.

        Args:
            only_keys: Was nothing decoded besides key frames?
            pictures: How many there are.
        """
        taken = {1: "one a second", 2: "two a second"}[self.spec.pictures_per_s]
        if self.step_s > 1:
            taken = f"{pictures} moments"
        return f"key frames, {taken}" if only_keys else taken


def make_sampled(wanted: Sampling, target: Path) -> Sampled:
    """Write a sampled proxy.

    Args:
        wanted: Of what, and how.
        target: Where it goes; a temporary name.

    Raises:
        MediaError: The source cannot be used.
        DiskFull: There is no room.
        ToolError: ffmpeg failed.
    """
    if wanted.may_read_key_frames:
        with suppress(UnfitError, MediaDamaged):
            upright = turning(wanted.asset)
            if upright is not None:
                return _written(wanted, target, upright)
    return _written(wanted, target, None)


def _written(wanted: Sampling, target: Path, upright: str | None) -> Sampled:
    import av

    asset, step_s = wanted.asset, wanted.step_s
    feed = None
    if upright is not None:
        feed = PictureFeed(asset, step_s, takes_key_frames=wanted.spec.is_overview and step_s > 1)
    keys = [] if wanted.spec.is_overview else _numbers(wanted)
    args = sampled_args(asset, wanted.spec, step_s, keys, turning=upright)
    total = max(1, round(asset.duration_s))
    stage = f"Making the {wanted.spec.name} proxy"
    pictures = 0
    end_s = Fraction(0)
    with piped_ffmpeg(args, target, feed=feed) as output:
        try:
            # All there is to know is in the header: no picture is decoded to find out.
            with av.open(output, format="nut", options={"probesize": "32"}) as container:
                stream = container.streams.video[0]
                made = _pictures(container, stream, feed, step_s)
                with ProxyWriter(
                    stream, target, wanted.clips, wanted.on_clip, wanted.limit_bytes
                ) as writer:
                    for packet, time_s, duration_s in made:
                        writer.write(packet, time_s, duration_s)
                        pictures += 1
                        end_s = time_s + duration_s
                        if wanted.progress:
                            wanted.progress(min(int(time_s), total), total, stage)
                    output.require_whole()
                    writer.finish()
        except (av.error.InvalidDataError, av.error.EOFError, IndexError) as error:
            raise damaged(asset.path, "nothing in it can be decoded") from error
    if not pictures:
        raise damaged(asset.path, "nothing in it can be decoded")
    if wanted.spec.is_overview or end_s <= MOST_PICTURES:
        shrink(target, float(end_s), wanted.limit_bytes)
    if wanted.progress:
        wanted.progress(total, total, stage)
    return Sampled(
        pictures,
        wanted.words(only_keys=feed is not None and feed.only_keys, pictures=pictures),
        round(feed.largest_error_s, 6) if feed else 0.0,
    )


def _numbers(wanted: Sampling) -> list[int]:
    """Pictures that get a key frame."""
    starts_s = {round(start_s) for start_s in wanted.starts_s}
    starts_s |= {whole_seconds(span)[0] for span, _ in wanted.clips}
    return sorted(start_s * wanted.spec.pictures_per_s for start_s in starts_s)


def _pictures(
    container: Any, stream: Any, feed: PictureFeed | None, step_s: Fraction
) -> Iterator[tuple[Any, Fraction, Fraction]]:
    """Each encoded picture with its time and how long it is shown, in seconds of the source."""
    held: Any = None
    held_s = Fraction(0)
    for packet in container.demux(stream):
        if not packet.size:
            continue
        number = round(packet.pts * packet.time_base) - (1 if feed else 0)
        if feed and number >= len(feed.times_s):
            # Fed because others refer to it, or held beyond the end.
            continue
        time_s = _time_s(feed, number, step_s)
        if held is not None:
            yield held, held_s, time_s - held_s
        held, held_s = packet, time_s
    if held is not None:
        yield held, held_s, step_s


def _time_s(feed: PictureFeed | None, number: int, step_s: Fraction) -> Fraction:
    if feed is None or not feed.takes_key_frames:
        return number * step_s
    return Fraction(feed.times_s[number])
