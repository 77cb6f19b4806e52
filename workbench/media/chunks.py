"""Split a long video into chunks that each fit a model's window.

Every chunk has a core it answers for and a wider span that is sent. Cores tile the video, so
each moment is reported once; the extra context is only for understanding.
"""

from dataclasses import dataclass

from workbench.errors import RequestError
from workbench.media.timecode import TimeSpan

CHUNK_S = 600.0
"""Default core: ten minutes, sampled at one frame per second by Nova."""

CONTEXT_S = 30.0
"""Default context on each side: neighbours share 60 s, 10 % of a core."""

KEY_FRAME_S = 10.0
"""Key frames of a `nova` proxy: any chunk that starts on this grid is cut without re-encoding."""

SHORTEST_HALF_S = 60.0
"""No chunk is halved into less: a minute that does not fit an answer has another fault."""

LONGEST_SENT_S = 960.0
"""Nova samples one frame per second up to 16 minutes (Nova user guide, video understanding)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a video: what it answers for (`core`) and what is sent (`sent`)."""

    index: int
    core: TimeSpan
    sent: TimeSpan

    def to_video_time(self, span: TimeSpan) -> TimeSpan:
        """Turn a span on the sent clip's clock into the source video's.

        The only way from a model's clock to the video's. Clamped to what was sent.

        Example:
            >>> chunk = Chunk(1, TimeSpan(600, 1200), TimeSpan(570, 1230))
            >>> chunk.to_video_time(TimeSpan(40, 50))
            TimeSpan(start_s=610, end_s=620)
        """
        return span.shifted(self.sent.start_s).clamped(self.sent)

    def to_clip_time(self, span: TimeSpan) -> TimeSpan:
        """Turn a span of the source video into the sent clip's clock, clamped to the clip."""
        inside = span.clamped(self.sent)
        return inside.shifted(-self.sent.start_s)


def plan_chunks(
    duration_s: float, *, chunk_s: float = CHUNK_S, context_s: float = CONTEXT_S
) -> tuple[Chunk, ...]:
    """Tile a video with cores of `chunk_s` seconds, with `context_s` seconds added on each side.

    Cores start at whole seconds; what is sent starts on the grid of `KEY_FRAME_S`, with up to ten
    seconds more context than asked for, so that every chunk is cut without re-encoding. A last piece shorter than a quarter of a core is folded into the
    one before it, so no chunk is a few seconds long.

    Args:
        duration_s: Length of the video in seconds, more than 0.
        chunk_s: Length of a core in seconds, at least 1. Rounded down to whole seconds.
        context_s: Seconds of context on each side, at least 0.

    Returns:
        Chunks in order; one that spans everything if the video fits.

    Raises:
        RequestError: A length is out of range.

    Example:
        >>> [(c.core.start_s, c.core.end_s, c.sent.start_s) for c in plan_chunks(1250.0)]
        [(0.0, 600.0, 0.0), (600.0, 1250.0, 570.0)]
    """
    if not duration_s > 0:
        raise RequestError(f"a video of {duration_s} s cannot be split")
    if chunk_s < 1:
        raise RequestError(f"chunk_s is {chunk_s}; a chunk is at least 1 s long")
    if context_s < 0:
        raise RequestError(f"context_s is {context_s}; it cannot be negative")
    step = float(int(chunk_s))
    starts = [0.0]
    while starts[-1] + step < duration_s:
        starts.append(starts[-1] + step)
    if len(starts) > 1 and duration_s - starts[-1] < step / 4:
        starts.pop()
    ends = [*starts[1:], float(duration_s)]
    whole = TimeSpan(0.0, float(duration_s))
    return tuple(
        Chunk(index, TimeSpan(start, end), _sent(TimeSpan(start, end), context_s, whole))
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def halved(chunk: Chunk, duration_s: float, *, context_s: float = CONTEXT_S) -> tuple[Chunk, ...]:
    """Two chunks that answer for what one did, each with context of its own.

    Both keep its index: they are parts of the same piece of a plan.

    Args:
        chunk: The one to halve.
        duration_s: Length of the video in seconds.
        context_s: Seconds of context on each side, at least 0.

    Returns:
        Nothing where a half would be shorter than `SHORTEST_HALF_S`.

    Example:
        >>> chunk = Chunk(1, TimeSpan(600, 1200), TimeSpan(570, 1230))
        >>> [(h.core.start_s, h.core.end_s, h.sent.end_s) for h in halved(chunk, 1800.0)]
        [(600, 900.0, 930.0), (900.0, 1200, 1230.0)]
    """
    core = chunk.core
    middle = float((core.start_s + core.end_s) // 2)
    if min(middle - core.start_s, core.end_s - middle) < SHORTEST_HALF_S:
        return ()
    whole = TimeSpan(0.0, float(duration_s))
    halves = (TimeSpan(core.start_s, middle), TimeSpan(middle, core.end_s))
    return tuple(Chunk(chunk.index, half, _sent(half, context_s, whole)) for half in halves)


def _sent(core: TimeSpan, context_s: float, whole: TimeSpan) -> TimeSpan:
    return TimeSpan(_on_grid(core.start_s - context_s), core.end_s + context_s).clamped(whole)


def _on_grid(moment_s: float) -> float:
    return max(0.0, moment_s // KEY_FRAME_S * KEY_FRAME_S)


def whole_video(duration_s: float) -> tuple[Chunk, ...]:
    """One chunk for everything: the *overview* plan, and the local engine's."""
    span = TimeSpan(0.0, float(duration_s))
    return (Chunk(0, span, span),)
