"""Find the shots of a video: the runs of pictures between two cuts.

Decoding is what costs, so as little as possible is decoded: first the keyframes alone, then only
those stretches between keyframes in which something may have been cut.

The source is what is looked at: in five films with 14 cuts the `preview` proxy, every picture of
which is shown, had all of them and three false ones for six tenths of the processor's time. The
`nova` proxy has no use here: of any two pictures a second apart most differ as if there was a cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workbench.errors import MediaUnsupported
from workbench.media.asset import Asset
from workbench.media.containers import (
    ROUNDING_S,
    clock_zero_s,
    decoded_from,
    frame_time_s,
    open_container,
    packets,
    require_video,
)
from workbench.media.frames.change import Comparer, Difference, find_cuts
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent

SHORTEST_SHOT_S = 0.6

DENSE_S = 0.2
"""Keyframes nearer to each other than this are as good as all frames (MJPEG, ProRes)."""

OTHER_PICTURE = 25.0
"""Two keyframes that differ by less than this show the same shot, if the stretch between them is
otherwise unsuspicious. At real cuts it was 29 and more, but for three of 127."""

SMALL_CHANGE, SMALL_CHANGE_BLOCKS = 1.5, 0.12
"""Two keyframes of a calm stretch that differ by this much may be two slides."""

CALM_SHARE = 0.03
"""A stretch is calm when its usual packet has this share of its keyframe's bytes."""

SUSPICIOUS = 2.5
"""A packet this many times as large as the others around it may hold a whole new picture."""

FEW_FRAMES = 3
"""Frames decoded past a stretch: what comes after decides whether its last one was a cut."""


@dataclass(slots=True)
class _Stretch:
    """From one keyframe to the next."""

    start_s: float
    end_s: float
    key_bytes: int
    sizes: list[int]
    is_last: bool = False
    change: Difference | None = None
    """How the next keyframe differs from this one."""

    @property
    def is_calm(self) -> bool:
        """Do the packets between its keyframes hold next to nothing?"""
        if not self.sizes:
            return False
        return sorted(self.sizes)[len(self.sizes) // 2] <= CALM_SHARE * self.key_bytes

    @property
    def has_spike(self) -> bool:
        """Is there a packet that may hold a whole new picture?"""
        if len(self.sizes) < 5:
            return True
        ordered = sorted(self.sizes)
        usual = max(1, ordered[len(ordered) * 4 // 5])
        return ordered[-1] > SUSPICIOUS * usual and ordered[-1] > self.key_bytes / 4


def detect_shots(asset: Asset, *, progress: Progress | None = None) -> tuple[TimeSpan, ...]:
    """Find the shots of a video.

    Hard cuts and changes of slide begin a new shot; fades, dissolves and camera moves do not. Shots
    under 0.6 seconds are joined to the one before.

    Args:
        asset: A video, as `probe` read it.
        progress: Called with seconds looked at, seconds in all, and the stage.

    Returns:
        Spans in order that tile the whole video; one if there is no cut, or for a picture.

    Raises:
        MediaUnsupported: The asset has no pictures.
        MediaError: The file cannot be read.
    """
    if not asset.has_pictures:
        raise MediaUnsupported(f"{asset.name} has no pictures", hint="choose a video file")
    if asset.kind == "image":
        return (TimeSpan(0.0, 0.0),)
    report = progress or silent
    stretches = _list_stretches(asset)
    if _is_dense(stretches):
        doubtful = [(0.0, asset.duration_s)]
    else:
        _compare_keyframes(asset, stretches, report)
        doubtful = _joined([stretch for stretch in stretches if _is_doubtful(stretch)])
    return _tiled(_cuts_within(asset, doubtful, report), asset.duration_s)


def _list_stretches(asset: Asset) -> list[_Stretch]:
    """Keyframes and packet sizes, without decoding: 0.3 s for a film of fifteen minutes."""
    stretches: list[_Stretch] = []
    with open_container(asset.path) as container:
        stream = require_video(container, asset.path)
        zero_s, step = clock_zero_s(container), float(stream.time_base)
        for packet in packets(container, stream):
            if packet.pts is None or packet.size == 0:
                continue
            at_s = max(0.0, packet.pts * step - zero_s)
            if packet.is_keyframe or not stretches:
                stretches.append(_Stretch(at_s, asset.duration_s, packet.size, []))
            else:
                stretches[-1].sizes.append(packet.size)
    stretches.sort(key=lambda stretch: stretch.start_s)
    for stretch, following in pairwise(stretches):
        stretch.end_s = following.start_s
    if stretches:
        stretches[-1].is_last = True
    return stretches


def _is_dense(stretches: list[_Stretch]) -> bool:
    if len(stretches) < 2:
        return True
    gaps = sorted(stretch.end_s - stretch.start_s for stretch in stretches)
    return gaps[len(gaps) // 2] <= DENSE_S


def _compare_keyframes(asset: Asset, stretches: list[_Stretch], report: Progress) -> None:
    """Decode the keyframes alone and note how each differs from the one before."""
    total = max(1, round(asset.duration_s))
    comparer = Comparer()
    changes: list[Difference] = []
    with open_container(asset.path) as container:
        stream = require_video(container, asset.path)
        stream.codec_context.skip_frame = "NONKEY"
        zero_s = clock_zero_s(container)
        for frame in _keyframes(container, stream):
            at_s = frame_time_s(frame, stream, zero_s)
            changes.append(comparer.next(frame, at_s))
            report(min(total, int(at_s)), total, "Looking for cuts")
    by_time = {round(change.at_s, 3): change for change in changes}
    for stretch in stretches:
        stretch.change = by_time.get(round(stretch.end_s, 3))
    report(total, total, "Looking for cuts")


def _keyframes(container: Any, stream: Any) -> Iterator[Any]:
    import av

    for packet in packets(container, stream):
        # The empty packet at the end draws out what the decoder still holds.
        if packet.is_keyframe or packet.size == 0:
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            yield from (frame for frame in frames if frame.pts is not None)


def _is_doubtful(stretch: _Stretch) -> bool:
    """May there be a cut that only decoding can show?"""
    if stretch.is_last or stretch.change is None:
        return True
    change = stretch.change
    if change.amount >= OTHER_PICTURE or stretch.has_spike:
        return True
    is_small = change.amount >= SMALL_CHANGE and change.blocks >= SMALL_CHANGE_BLOCKS
    return is_small and stretch.is_calm


def _joined(stretches: list[_Stretch]) -> list[tuple[float, float]]:
    ranges: list[tuple[float, float]] = []
    for stretch in stretches:
        if ranges and stretch.start_s <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], stretch.end_s)
        else:
            ranges.append((stretch.start_s, stretch.end_s))
    return ranges


def _cuts_within(asset: Asset, ranges: list[tuple[float, float]], report: Progress) -> list[float]:
    """Decode some stretches in full and find the cuts in them."""
    total = max(1, round(sum(end_s - start_s for start_s, end_s in ranges)))
    done_s, cuts = 0.0, []
    with open_container(asset.path) as container:
        stream = require_video(container, asset.path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        # Softer block edges do not matter at 128 pixels, and cost a fifth of the decoding.
        stream.codec_context.options = {"skip_loop_filter": "all"}
        zero_s = clock_zero_s(container)
        for start_s, end_s in ranges:
            differences = []
            for difference in _differences(container, stream, zero_s, (start_s, end_s)):
                differences.append(difference)
                seen_s = done_s + max(0.0, difference.at_s - start_s)
                report(min(total, int(seen_s)), total, "Placing cuts")
            cuts += [cut_s for cut_s in find_cuts(differences) if cut_s > start_s]
            done_s += end_s - start_s
    report(total, total, "Placing cuts")
    return cuts


def _differences(
    container: Any, stream: Any, zero_s: float, span_s: tuple[float, float]
) -> Iterator[Difference]:
    start_s, end_s = span_s
    comparer = Comparer()
    beyond = 0
    for frame in decoded_from(container, stream, start_s):
        at_s = frame_time_s(frame, stream, zero_s)
        if at_s < start_s - ROUNDING_S:
            continue
        yield comparer.next(frame, at_s)
        beyond += at_s > end_s
        if beyond >= FEW_FRAMES:
            return


def _tiled(cuts_s: list[float], duration_s: float) -> tuple[TimeSpan, ...]:
    edges = [0.0]
    for cut_s in cuts_s:
        if cut_s - edges[-1] >= SHORTEST_SHOT_S and duration_s - cut_s >= SHORTEST_SHOT_S:
            edges.append(round(cut_s, 3))
    return tuple(TimeSpan(start, end) for start, end in pairwise([*edges, duration_s]))
