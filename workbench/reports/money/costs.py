"""What was spent, on what, what kept replies saved, and how right the estimates were.

Everything is read from the ledger of calls. A call of unknown price is counted and never added as
nothing. Days and months are those of UTC, as on the bill of the service.
"""

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, get_args

from workbench.backends.calibration import (
    Correction,
    CountCheck,
    CountedText,
    corrections,
    count_checks,
)
from workbench.backends.usage import Cost, format_usd
from workbench.errors import RequestError
from workbench.media.asset import Asset
from workbench.reports.money.cost_lines import IN_TIME, TYPES, By, LedgerCall, Names, paid_calls
from workbench.reports.money.price_charts import SpentPart

if TYPE_CHECKING:
    import polars as pl

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Amount:
    """The money of some calls, in US dollars.

    Example:
        >>> some = amount_of([Decimal("0.10"), None])
        >>> some.known_usd, some.unknown_calls, some.total_usd, str(some)
        (Decimal('0.10'), 1, None, 'at least $0.1000')
    """

    calls: int = 0
    known_usd: Decimal = Decimal(0)
    """Sum of the prices that are known."""
    unknown_calls: int = 0
    """Calls whose price nobody knows; they are not in `known_usd`."""

    @property
    def total_usd(self) -> Cost:
        """The sum; None if the price of any call is unknown."""
        return None if self.unknown_calls else self.known_usd

    def __add__(self, other: "Amount") -> "Amount":
        """Add both."""
        return Amount(
            self.calls + other.calls,
            self.known_usd + other.known_usd,
            self.unknown_calls + other.unknown_calls,
        )

    def __str__(self) -> str:
        """As people read it: `–` when nothing is known."""
        if not self.unknown_calls:
            return format_usd(self.known_usd)
        return f"at least {format_usd(self.known_usd)}" if self.known_usd else "–"

    @property
    def gap(self) -> str:
        """How many calls are of unknown price, in words; empty if none."""
        noun = "call" if self.unknown_calls == 1 else "calls"
        return f"{self.unknown_calls:,} {noun} of unknown price" if self.unknown_calls else ""


@dataclass(frozen=True, slots=True)
class CostLine:
    """One day, month, model, asset or job."""

    key: str
    label: str
    spent: Amount
    saved: Amount
    """What its kept replies would have cost."""
    per_hour_usd: Cost = None
    """Dollars for an hour of the asset; None for other lines, pictures and unknown lengths."""


@dataclass(frozen=True, slots=True)
class EstimateCheck:
    """Estimates against bills, over answered calls that cost something and have both."""

    calls: int
    estimated_usd: Decimal
    billed_usd: Decimal
    median_percent: float | None
    """Median over calls of how far the estimate was off, in percent of the bill; None without."""

    @property
    def sum_percent(self) -> float | None:
        """How far the sum of estimates is above (or below) that of bills, in percent."""
        if not self.billed_usd:
            return None
        return float((self.estimated_usd - self.billed_usd) / self.billed_usd * 100)


@dataclass(frozen=True, slots=True)
class TroubledCall:
    """A call that gave nothing to keep."""

    at: datetime
    outcome: str
    """`refused`, `unkept` or `lost`."""
    asset: str
    model: str
    cost_usd: Cost
    """What was billed; None when nobody knows."""
    estimated_usd: Cost


@dataclass(frozen=True, slots=True)
class Costs:
    """All there is to say about the money of a time."""

    since: date | None
    until: date | None
    """The first day after it."""
    spent: Amount
    saved: Amount
    estimate: EstimateCheck
    per_hour_usd: Cost
    """Dollars for an hour of media, over assets of known length whose calls all have a price."""
    lines: Mapping[By, tuple[CostLine, ...]]
    parts: Mapping[By, tuple[SpentPart, ...]]
    """Known costs by day and model, kind, task or engine, for the chart."""
    troubled: tuple[TroubledCall, ...]
    budget_usd: Cost = None
    """What may be spent in a month; None for no limit."""
    corrections: tuple[Correction, ...] = ()
    """What was learned about how models count words, from all calls."""
    checks: tuple[CountCheck, ...] = ()
    """How far the count of the words of each call of the time was off, before and after."""


def amount_of(costs: Iterable[Cost]) -> Amount:
    """Add prices; unknown ones are counted."""
    every = list(costs)
    known = [cost for cost in every if cost is not None]
    return Amount(len(every), sum(known, Decimal(0)), len(every) - len(known))


def month_span(month: str) -> tuple[date, date]:
    """The first day of a month, and that of the next.

    Raises:
        RequestError: It is no month.

    Example:
        >>> month_span("2026-12")
        (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    """
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
        return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    except ValueError:
        raise RequestError(f"{month!r} is no month", hint="write it as 2026-11") from None


def month_title(month: str) -> str:
    """Write a month for people.

    Example:
        >>> month_title("2026-11")
        'November 2026'
    """
    year, _, number = month.partition("-")
    return f"{calendar.month_name[int(number)]} {year}"


def costs_of(
    ledger: "pl.DataFrame",
    names: Names | None = None,
    *,
    since: date | None = None,
    until: date | None = None,
    budget_usd: Cost = None,
    counted: Sequence[CountedText] = (),
) -> Costs:
    """Add up the ledger.

    Args:
        ledger: Every call, as `Store.ledger` gives it; what a kept reply once cost is looked up in
            all of it.
        names: Words for models, assets and jobs, and the lengths of assets.
        since: First day (UTC); None for the beginning.
        until: First day after the last (UTC); None for no end.
        budget_usd: Dollars that may be spent in a month.
        counted: Words of all calls as they were counted and reported, in order of time.
    """
    known = names or Names()
    every = paid_calls(ledger)
    worth = _worth(every)

    def is_inside(at: datetime) -> bool:
        return (since is None or at.date() >= since) and (until is None or at.date() < until)

    calls = [call for call in every if is_inside(call.at)]
    paid = [call for call in calls if not call.was_kept]
    lines = {by: _lines(calls, by, known, worth) for by in get_args(By)}
    return Costs(
        since=since,
        until=until,
        spent=amount_of(call.cost_usd for call in paid),
        saved=amount_of(worth(call) for call in calls if call.was_kept),
        estimate=_check(paid),
        per_hour_usd=_per_hour(lines["asset"], known.assets),
        lines=lines,
        parts={by: _parts(paid, by, known) for by in TYPES},
        troubled=tuple(_troubled(call, known) for call in reversed(paid) if _is_troubled(call)),
        budget_usd=budget_usd,
        corrections=corrections(counted),
        checks=tuple(each for each in count_checks(counted) if is_inside(each.at)),
    )


def _worth(calls: Sequence[LedgerCall]) -> Callable[[LedgerCall], Cost]:
    """What a kept reply would have cost: what was paid for it, else its price now or its estimate."""
    paid = {
        call.cache_key: call.cost_usd
        for row in calls
        if not row.was_kept and row.outcome == "answered" and row.cost_usd is not None
        for call in row.by_asset()
    }

    def worth(call: LedgerCall) -> Cost:
        options = (paid.get(call.cache_key), call.cost_usd, call.estimated_usd)
        return next((cost for cost in options if cost is not None), None)

    return worth


def _lines(
    calls: Sequence[LedgerCall], by: By, names: Names, worth: Callable[[LedgerCall], Cost]
) -> tuple[CostLine, ...]:
    groups: dict[str, list[LedgerCall]] = defaultdict(list)
    for row in calls:
        # A call about several pictures is one call of each of them, and one in all.
        for call in row.by_asset() if by == "asset" else (row,):
            groups[names.key(by, call)].append(call)
    lines = []
    for key, group in groups.items():
        spent = amount_of(call.cost_usd for call in group if not call.was_kept)
        saved = amount_of(worth(call) for call in group if call.was_kept)
        asset = names.assets.get(key) if by == "asset" else None
        per_hour = _for_an_hour(spent, asset.duration_s) if asset else None
        lines.append(CostLine(key, names.of(by, key), spent, saved, per_hour))
    if by in IN_TIME:
        return tuple(sorted(lines, key=lambda line: line.key))
    return tuple(sorted(lines, key=lambda line: (-line.spent.known_usd, line.label, line.key)))


def _for_an_hour(spent: Amount, duration_s: float) -> Cost:
    """Dollars for an hour; None when a price or the length is unknown, or nothing was paid."""
    if spent.unknown_calls or not spent.known_usd or duration_s <= 0:
        return None
    return spent.known_usd * HOUR_S / Decimal(str(duration_s))


def _per_hour(lines: Sequence[CostLine], assets: Mapping[str, Asset]) -> Cost:
    with_price = [line for line in lines if line.per_hour_usd is not None]
    spent = sum((line.spent for line in with_price), Amount())
    return _for_an_hour(spent, sum(assets[line.key].duration_s for line in with_price))


def _check(paid: Sequence[LedgerCall]) -> EstimateCheck:
    pairs = [
        (call.estimated_usd, call.cost_usd)
        for call in paid
        if call.outcome in ("answered", "unkept")
        and call.estimated_usd is not None
        and call.cost_usd
    ]
    off = [float(abs(estimate - bill) / bill * 100) for estimate, bill in pairs]
    return EstimateCheck(
        calls=len(pairs),
        estimated_usd=sum((estimate for estimate, _ in pairs), Decimal(0)),
        billed_usd=sum((bill for _, bill in pairs), Decimal(0)),
        median_percent=median(off) if off else None,
    )


def _parts(paid: Sequence[LedgerCall], by: By, names: Names) -> tuple[SpentPart, ...]:
    sums: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    for call in paid:
        if call.cost_usd:
            label = names.of(by, names.key(by, call))
            sums[call.at.date(), label, call.engine] += call.cost_usd
    return tuple(SpentPart(*key, cost) for key, cost in sorted(sums.items()))


def _is_troubled(call: LedgerCall) -> bool:
    return call.outcome != "answered"


def _troubled(call: LedgerCall, names: Names) -> TroubledCall:
    more = len(call.by_asset()) - 1
    return TroubledCall(
        call.at,
        call.outcome,
        names.of("asset", call.asset_id) + (f" and {more} more" if more else ""),
        names.of("model", call.model),
        call.cost_usd,
        call.estimated_usd,
    )
