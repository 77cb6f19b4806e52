"""Times in seconds, spans of time, and how both are written for people.

All times are seconds on the source video's own clock, from 0 at its first frame.
A span is half open: it holds its start and not its end, so neighbours never share a moment.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.errors import RequestError


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """A stretch of time, `start_s` included and `end_s` not.

    Raises:
        RequestError: A time is negative or not a number, or the end is before the start.

    Example:
        >>> TimeSpan(60, 90).overlap_s(TimeSpan(80, 200))
        10
    """

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.end_s)):
            raise RequestError(f"a span needs finite times, not {self.start_s} to {self.end_s}")
        if not 0 <= self.start_s <= self.end_s:
            raise RequestError(
                f"a span runs from 0 forwards, not from {self.start_s} s to {self.end_s} s"
            )

    @property
    def duration_s(self) -> float:
        """Length in seconds, 0 or more."""
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        """The moment half way between start and end."""
        return (self.start_s + self.end_s) / 2

    def holds(self, moment_s: float) -> bool:
        """Is this moment inside the span?"""
        return self.start_s <= moment_s < self.end_s

    def overlap_s(self, other: "TimeSpan") -> float:
        """Seconds that both spans share, 0 if none."""
        return max(0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def clamped(self, within: "TimeSpan") -> "TimeSpan":
        """The part of this span inside another; empty at the nearest edge if there is none."""
        start = min(max(self.start_s, within.start_s), within.end_s)
        return TimeSpan(start, min(max(self.end_s, start), within.end_s))

    def shifted(self, by_s: float) -> "TimeSpan":
        """The same length, `by_s` seconds later; never before 0."""
        return TimeSpan(max(0.0, self.start_s + by_s), max(0.0, self.end_s + by_s))


def merge_spans(spans: Iterable[TimeSpan], *, gap_s: float = 0.0) -> tuple[TimeSpan, ...]:
    """Join spans that overlap, or lie at most `gap_s` seconds apart; sorted by start.

    Example:
        >>> merge_spans([TimeSpan(8, 9), TimeSpan(0, 5), TimeSpan(4, 7)], gap_s=0.5)
        (TimeSpan(start_s=0, end_s=7), TimeSpan(start_s=8, end_s=9))
    """
    merged: list[TimeSpan] = []
    for span in sorted(spans):
        if merged and span.start_s <= merged[-1].end_s + gap_s:
            merged[-1] = TimeSpan(merged[-1].start_s, max(merged[-1].end_s, span.end_s))
        else:
            merged.append(span)
    return tuple(merged)


def covered_s(spans: Iterable[TimeSpan]) -> float:
    """Seconds covered by at least one of the spans."""
    return sum(span.duration_s for span in merge_spans(spans))


def format_time(moment_s: float) -> str:
    """Write a moment the way players do.

    Example:
        >>> format_time(372.4), format_time(3922)
        ('6:12', '1:05:22')
    """
    whole = int(moment_s)
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def format_length(duration_s: float) -> str:
    """Write a length in words.

    Example:
        >>> format_length(18720), format_length(95), format_length(0.4)
        ('5 h 12 min', '1 min 35 s', '0.4 s')
    """
    if duration_s < 10:
        return f"{duration_s:.1f} s"
    whole = round(duration_s)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


_LENGTH = re.compile(r"^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?$")


def parse_length(text: str) -> float:
    """Read a length as people write it: `90`, `90s`, `5m`, `30 min`, `1h30m`, `2:00:00`.

    Returns:
        Seconds, more than 0.

    Raises:
        RequestError: The text is no length.

    Example:
        >>> parse_length("5m"), parse_length("1 h 30 min"), parse_length("1:30:00")
        (300.0, 5400.0, 5400.0)
    """
    tight = "".join(text.casefold().split())
    match = _LENGTH.match(tight)
    if tight and match:
        parts = (float(part or 0) for part in match.groups())
        length_s = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=True))
    else:
        try:
            length_s = parse_time(text)
        except RequestError:
            length_s = 0.0
    if not length_s > 0:
        raise RequestError(f"{text!r} is no length", hint="write 90s, 5m, 30m, 2h or 1:30:00")
    return length_s


_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)$")


def parse_time(value: str | float) -> float:
    """Read seconds, `mm:ss` or `h:mm:ss`, as people and models write them.

    Raises:
        RequestError: The text is no time, or is negative.

    Example:
        >>> parse_time("1:05:22"), parse_time("6:12.5"), parse_time(72)
        (3922.0, 372.5, 72.0)
    """
    if isinstance(value, str):
        text = value.strip().rstrip("s").strip()
        if match := _CLOCK.match(text):
            hours, minutes, seconds = match.groups()
            return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
        try:
            number = float(text)
        except ValueError:
            raise RequestError(
                f"{value!r} is no time", hint="write seconds (372) or minutes and seconds (6:12)"
            ) from None
    else:
        number = float(value)
    if not math.isfinite(number) or number < 0:
        raise RequestError(f"{value!r} is no time", hint="times start at 0")
    return number
