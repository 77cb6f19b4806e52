"""Correct the counter of words by what services reported.

Nobody publishes how Nova cuts text into tokens, so `pricing.text_tokens` is a rule of thumb. The
ledger says what it gave for a call and what was billed: the middle of the ratios is a model's
factor. It is used from `LEAST_CALLS` calls on, and never beyond `LOWEST` and `HIGHEST`.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

LEAST_CALLS = 10
"""Fewer calls than this correct nothing (our choice)."""

NEWEST = 200
"""A factor is that of the newest calls: a model may be changed under its name (our choice)."""

LOWEST, HIGHEST = 0.5, 2.0
"""A factor beyond these says that something else is wrong; it is taken as these."""


@dataclass(frozen=True, slots=True)
class CountedText:
    """The words of one call: what our counter gave, and what the service made of them."""

    at: datetime
    model: str
    counted_tokens: int
    """By the counter without any correction, at least 1."""
    reported_tokens: int
    """Reported input less the exact tokens of the media, at least 1."""

    @property
    def ratio(self) -> float:
        """Reported tokens for each that was counted."""
        return self.reported_tokens / self.counted_tokens


@dataclass(frozen=True, slots=True)
class Correction:
    """What was learned about how a model counts words."""

    model: str
    calls: int
    """Calls it rests on."""
    ratio: float
    """Middle of reported tokens for each that was counted."""

    @property
    def is_used(self) -> bool:
        """Are there enough calls?"""
        return self.calls >= LEAST_CALLS

    @property
    def factor(self) -> float:
        """What counted words are multiplied by in the next estimates; 1 while it is not used."""
        return min(HIGHEST, max(LOWEST, self.ratio)) if self.is_used else 1.0

    @property
    def off_percent(self) -> float:
        """How far the counter is above (or below) what was reported, in percent."""
        return (1 / self.ratio - 1) * 100

    def __str__(self) -> str:
        """As people read it.

        Example:
            >>> print(Correction("2_lite", 42, 1.08))
            counted words were 7 % low; now corrected by 1.08 from 42 calls
            >>> print(Correction("2_lite", 4, 0.9))
            counted words were 11 % high in 4 calls; corrected from 10 calls on
        """
        off = round(self.off_percent)
        way = f"{abs(off)} % {'high' if off > 0 else 'low'}" if off else "right"
        calls = f"{self.calls} call" + ("" if self.calls == 1 else "s")
        if not self.is_used:
            return f"counted words were {way} in {calls}; corrected from {LEAST_CALLS} calls on"
        return f"counted words were {way}; now corrected by {self.factor:.2f} from {calls}"


@dataclass(frozen=True, slots=True)
class CountCheck:
    """How far the count of one call's words was off, in percent of what was reported."""

    at: datetime
    model: str
    before_percent: float
    """Of the counter as it is."""
    after_percent: float
    """With the correction that the calls before this one would have given."""


def corrections(texts: Iterable[CountedText]) -> tuple[Correction, ...]:
    """What calls say about each model, in the order of their keys.

    Args:
        texts: Words of calls in order of time.

    Example:
        >>> from datetime import UTC
        >>> day = datetime(2026, 11, 21, tzinfo=UTC)
        >>> [c.factor for c in corrections([CountedText(day, "lite", 1000, 1100)] * 10)]
        [1.1]
    """
    by_model: dict[str, list[float]] = defaultdict(list)
    for text in texts:
        by_model[text.model].append(text.ratio)
    return tuple(
        Correction(model, len(ratios[-NEWEST:]), median(ratios[-NEWEST:]))
        for model, ratios in sorted(by_model.items())
    )


def count_checks(texts: Iterable[CountedText]) -> tuple[CountCheck, ...]:
    """How far each count was off, and would have been with what was known before its call.

    Args:
        texts: Words of calls in order of time.
    """
    history: dict[str, list[float]] = defaultdict(list)
    ordered: dict[str, list[float]] = defaultdict(list)
    checks = []
    for text in texts:
        past, in_order = history[text.model], ordered[text.model]
        factor = Correction(text.model, len(past), _middle(in_order)).factor
        checks.append(
            CountCheck(
                text.at, text.model, (1 / text.ratio - 1) * 100, (factor / text.ratio - 1) * 100
            )
        )
        past.append(text.ratio)
        bisect.insort(in_order, text.ratio)
        if len(past) > NEWEST:
            del in_order[bisect.bisect_left(in_order, past.pop(0))]
    return tuple(checks)


def _middle(in_order: list[float]) -> float:
    """The median of numbers that are in order; 1 of none."""
    half = len(in_order) // 2
    if not in_order:
        return 1.0
    return in_order[half] if len(in_order) % 2 else (in_order[half - 1] + in_order[half]) / 2
