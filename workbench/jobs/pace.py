"""How long a job will still take, from how fast its units were finished so far.

Units differ: measuring a film takes minutes, a call seconds, an answer that was kept nothing. So
every kind of unit has a pace of its own, and nothing is said before each kind that is left was
timed at least once. What was measured before an interruption does not count.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from statistics import fmean

RECENT = 20
"""Units a pace is taken from; a service or a machine may change its speed."""

FEW = 5
"""From so many on, the longest and the shortest are left out: one may have slept for an hour."""


class Pace:
    """The speed of one job since it was begun.

    Time runs from one finished unit to the next and counts for the kind of the later one, so the
    sum is right even where several units are under way at once.

    Args:
        now_s: When it begins, in seconds of any clock.
        whole: Kind of unit → how many there are in all, where that is known; what is left of the
            total is of the other kinds.

    Example:
        >>> pace = Pace(0.0, {"measured": 2})
        >>> pace.finished("measured", 1, 60.0)
        >>> pace.left_s(1, 4, 60.0) is None
        True
        >>> pace.finished("answered", 1, 65.0)
        >>> pace.left_s(2, 4, 65.0)
        65.0
    """

    def __init__(self, now_s: float, whole: Mapping[str, int] | None = None) -> None:
        self._whole = dict(whole or {})
        self._last_s = now_s
        self._took: dict[str, deque[float]] = {}
        self._count: dict[str, int] = {}

    def finished(self, kind: str, units: int, now_s: float, *, was_kept: bool = False) -> None:
        """Units were finished.

        Args:
            kind: What kind they are.
            units: How many, at least 1.
            now_s: When.
            was_kept: They were there from before, which says nothing about the others.
        """
        self._count[kind] = self._count.get(kind, 0) + units
        took = self._took.setdefault(kind, deque(maxlen=RECENT))
        if not was_kept:
            took.extend([max(0.0, now_s - self._last_s) / units] * min(units, RECENT))
        self._last_s = now_s

    def left_s(self, done: int, total: int, now_s: float) -> float | None:
        """Seconds until all is done, or None while some kind of unit that is left was never timed.

        Args:
            done: Units finished, at most `total`.
            total: Units in all; 0 while that is not known.
            now_s: This moment.
        """
        left = total - done
        if total <= 0 or left <= 0:
            return None
        known = {k: max(0, n - self._count.get(k, 0)) for k, n in self._whole.items()}
        others = [kind for kind in self._count if kind not in self._whole]
        rest = max(0, left - sum(known.values()))
        if rest and not others:
            return None
        seconds = 0.0
        for kind, units in known.items():
            if units:
                if not self._took.get(kind):
                    return None
                seconds += units * typical(self._took[kind])
        if rest:
            timed = [each for kind in others for each in self._took[kind]]
            if not timed:
                return None
            seconds += rest * typical(timed)
        # The unit under way has its time behind it.
        return max(0.0, seconds - min(now_s - self._last_s, seconds / left))


def typical(took: Sequence[float] | deque[float]) -> float:
    """The mean of some durations in seconds, without the longest and shortest where there are many.

    Example:
        >>> typical([1.0, 2.0]), typical([1.0, 1.0, 1.0, 1.0, 3600.0])
        (1.5, 1.0)
    """
    ordered = sorted(took)
    return fmean(ordered[1:-1] if len(ordered) >= FEW else ordered)
