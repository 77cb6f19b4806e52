"""Choose the few packets of a film that its sampled pictures need.

A picture is decoded from the key frame before it on. So nothing is needed after the last sampled
picture of a group, and nothing that no other picture refers to. What is left decodes to the very
same pictures, at half the cost and less; where every sampled picture is a key frame, at a small
part of it.
"""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from workbench.media.packets.roles import UnfitError

UNIT = 1 << 30
"""Ticks between two sampled pictures on the clock that packets are given here."""

LONGEST_LATE_S = 0.1
"""A key frame this much late may stand for a moment, if it is the very next picture as well."""


@dataclass(slots=True)
class Pick:
    """A packet of the source, and the time it is given."""

    packet: Any
    pts: int
    is_needed: bool
    """Do other pictures refer to it?"""
    is_open: bool = False
    """Does it have to be made a beginning?"""
    stamp: int = 0
    decoded_at: int = 0


@dataclass(slots=True)
class Chooser:
    """Goes through the groups of a film and keeps what its sampled pictures need.

    Sampled picture k gets the time k + 3/2 in units, whatever else is decoded for it lies between
    it and the one before it. So the last picture of each unit is the sampled one.
    """

    step: Fraction
    """Ticks of the source between two sampled pictures."""
    late: int
    """Most ticks that a key frame may be late to stand for a moment."""
    count: int = 0
    """Sampled pictures so far."""
    only_keys: bool = True
    """Was nothing needed besides key frames?"""
    latest: int = 0
    """Most ticks that a picture is shown before its source shows it."""
    _last: list[Pick] = field(default_factory=list)

    def moment(self) -> int:
        """The next sampled moment, in ticks of the source; rounded down."""
        return int(self.count * self.step)

    def group(self, picks: list[Pick], next_pts: int | None, end_pts: int) -> list[Pick]:
        """What is needed of a key frame and all that is decoded from it.

        Args:
            picks: The packets in the order in which they are decoded, the key frame first. Those
                shown later than the next group begins are only referred to.
            next_pts: When the next such group begins; None for the last.
            end_pts: When the last picture ends; only used for the last group.

        Raises:
            UnfitError: The times of its packets make no sense.
        """
        shown = sorted(pick.pts for pick in picks)
        if shown[0] != picks[0].pts or len(set(shown)) != len(shown):
            raise UnfitError
        if next_pts is not None and shown[-1] == next_pts:
            shown.pop()
        if next_pts is not None and shown[-1] > next_pts:
            raise UnfitError
        chosen: dict[int, int] = {}
        # A key frame that follows at once stands for the moment: nothing else is decoded for it.
        limit_pts = end_pts if next_pts is None else next_pts - self.late
        while self.moment() < limit_pts:
            place = max(0, bisect_right(shown, self.moment()) - 1)
            if 0 < shown[place] - self.moment() <= self.late:
                self.latest = max(self.latest, shown[place] - self.moment())
            chosen.setdefault(shown[place], self.count)
            self.count += 1
        kept = self._stamped(picks, chosen)
        if next_pts is None and self.count:
            kept += self._held(kept or self._last)
        self._last = kept or self._last
        return kept

    def _stamped(self, picks: list[Pick], chosen: dict[int, int]) -> list[Pick]:
        if not chosen:
            return []
        last = max(place for place, pick in enumerate(picks) if pick.pts in chosen)
        kept = [pick for pick in picks[: last + 1] if pick.is_needed or pick.pts in chosen]
        self.only_keys = self.only_keys and len(kept) == 1
        before: list[Pick] = []
        for pick in sorted(kept, key=lambda pick: pick.pts):
            before.append(pick)
            if pick.pts in chosen:
                self._spread(before, chosen[pick.pts], UNIT // 4, UNIT // 2)
                before = []
        # They are only referred to; the next sampled picture replaces them.
        self._spread([*before, None], self.count, 0, UNIT // 4)
        return _in_decoding_order(kept)

    def _spread(self, picks: list[Any], number: int, low: int, high: int) -> None:
        """Give pictures times in one unit; the last gets the highest."""
        for place, pick in enumerate(picks, 1):
            if pick is not None:
                pick.stamp = (number + 1) * UNIT + low + (high - low) * place // len(picks)

    def _held(self, kept: list[Pick]) -> list[Pick]:
        """The last picture once more, at the last moment, where it is shown for several."""
        last = max((pick.stamp for pick in kept if pick.stamp % UNIT == UNIT // 2), default=0)
        wanted = self.count * UNIT + UNIT // 2
        if not kept or last == wanted:
            return []
        upto = max(place for place, pick in enumerate(kept) if pick.stamp == last)
        again = [replace(pick) for pick in kept[: upto + 1]]
        place = {pick.pts: number for number, pick in enumerate(sorted(again, key=_pts), 1)}
        for pick in again:
            pick.stamp = self.count * UNIT + UNIT // 2 * place[pick.pts] // len(again)
        if max(again, key=_pts) is not again[-1]:
            return []
        return _in_decoding_order(again)


def _pts(pick: Pick) -> int:
    return pick.pts


def _in_decoding_order(kept: list[Pick]) -> list[Pick]:
    """Give packets a time to be decoded at: rising, and never after they are shown."""
    earliest = None
    for place in range(len(kept) - 1, -1, -1):
        pick = kept[place]
        earliest = pick.stamp if earliest is None else min(earliest, pick.stamp)
        pick.decoded_at = earliest - (len(kept) - place)
    return kept
