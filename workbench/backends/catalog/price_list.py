"""Which price of ours a row of the AWS price list is.

One model has dozens of rows that differ only in the end of their usage type: route, tier and kind
of token. The whole end has to be known, anything else is named and not guessed: a row read wrongly
is wrong by half, or by a factor of a thousand.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Literal

from workbench.backends.bedrock.account import ListedPrice
from workbench.backends.catalog.models import Tier
from workbench.backends.usage import Cost

Meter = Literal["input", "output", "cached", "written to the cache"]

IN_REGION = "in-region"
"""Route of rows that name none: the price of the region itself, also by its geographic profile."""

_METERS: Mapping[str, Meter] = {
    "input-tokens": "input",
    "output-tokens": "output",
    "cache-read-input-token-count": "cached",
    "cache-write-input-token-count": "written to the cache",
}
_TIERS: Mapping[str, Tier] = {
    "": "standard",
    "-batch": "batch",
    "-flex": "flex",
    "-priority": "priority",
}
_ROUTES = {"": IN_REGION} | {
    f"-cross-region-{name}": name for name in ("global", "us", "eu", "jp", "apac")
}

ENDINGS: Mapping[str, tuple[Meter, str, Tier]] = {
    ending: (meter, route, tier)
    for (word, meter), (scope, route), (mark, tier) in product(
        _METERS.items(), _ROUTES.items(), _TIERS.items()
    )
    # Both orders are in use: `-flex-cross-region-global` and `-cross-region-global-batch`.
    for ending in {f"{word}{scope}{mark}", f"{word}{mark}{scope}"}
}
"""End of a usage type, after the model's name → kind of token, route and tier."""

OTHER_PRODUCTS = re.compile(
    r".*-custom-model(-.+)?$|.*-latency-optimized(-.+)?$|Customization-.*|ProvisionedThroughput-.*"
    r"|RFT-.*|nova-grounding"
)
"""Rows about something else than calls of the model as it is: trained copies, reserved capacity."""

TOKENS_PER_UNIT: Mapping[str, int] = {"1K tokens": 1_000, "1M tokens": 1_000_000}


@dataclass(slots=True)
class ListedRates:
    """Dollars per million tokens for one route and tier, as far as the list has them."""

    input: Decimal | None = None
    output: Decimal | None = None
    cached: Decimal | None = None

    @property
    def is_whole(self) -> bool:
        """Are there both prices that a call needs?"""
        return self.input is not None and self.output is not None


@dataclass(frozen=True, slots=True)
class PricesOfModel:
    """What the price list says of one model in one region."""

    rates: Mapping[tuple[str, Tier], ListedRates]
    """Route and tier → rates."""
    unknown: tuple[str, ...] = ()
    """Usage types and units that are not known, and rows that contradict each other."""


@dataclass(slots=True)
class _Sorting:
    rates: dict[tuple[str, Tier], ListedRates] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    contested: set[tuple[Meter, str, Tier]] = field(default_factory=set)
    """What rows contradict each other about: it has no price."""


def read_prices(name: str, rows: Iterable[ListedPrice]) -> PricesOfModel:
    """Sort the rows about one model by route and tier.

    Args:
        name: What the price list calls the model, such as `Nova 2.0 Lite`.
        rows: Its rows, of one region.

    Example:
        >>> row = ListedPrice("USE1-Nova2.0Lite-input-tokens-flex", "1K tokens", Decimal("0.000165"))
        >>> read_prices("Nova 2.0 Lite", [row]).rates["in-region", "flex"].input
        Decimal('0.165000')
    """
    sorting = _Sorting()
    # `USE1-Nova2.0Lite-…`: the region's short name stands before, not in every region.
    start = re.compile(rf"(?:[A-Z]{{2,4}}\d?-)?{re.escape(name.replace(' ', ''))}-(.+)")
    for row in rows:
        match = start.fullmatch(row.usage_type)
        ending = match[1] if match else ""
        if OTHER_PRODUCTS.fullmatch(ending):
            continue
        per_unit = TOKENS_PER_UNIT.get(row.unit)
        if ending not in ENDINGS or per_unit is None:
            sorting.unknown.append(f"{row.usage_type} (a price for {row.unit or 'no unit'})")
            continue
        if ENDINGS[ending][0] != "written to the cache":  # nothing here writes to one
            _sort(sorting, row, ENDINGS[ending], row.usd * (1_000_000 // per_unit))
    return PricesOfModel(sorting.rates, tuple(sorting.unknown))


def _sort(sorting: _Sorting, row: ListedPrice, what: tuple[Meter, str, Tier], usd: Cost) -> None:
    meter, route, tier = what
    rates = sorting.rates.setdefault((route, tier), ListedRates())
    before = getattr(rates, meter)
    if what in sorting.contested or (before is not None and before != usd):
        sorting.contested.add(what)
        sorting.unknown.append(f"{row.usage_type} (contradicts another row)")
        usd = None
    setattr(rates, meter, usd)


def rates_by_route(
    listed: PricesOfModel, routes: Sequence[str], geographies: Sequence[str]
) -> dict[tuple[str, Tier], ListedRates]:
    """The rates of a model by our own routes.

    Rows that name no route hold in the region itself and by its geographic profile, unless the
    list has rows of that profile's own.

    Args:
        listed: What the price list says.
        routes: The model's routes in the catalog.
        geographies: Profiles of the region's part of the world, such as `us`.

    Example:
        >>> listed = PricesOfModel({("in-region", "standard"): ListedRates(Decimal(1), Decimal(2))})
        >>> sorted(rates_by_route(listed, ["us", "eu"], ["us"]))
        [('us', 'standard')]
    """
    found = {}
    for (route, tier), rates in listed.rates.items():
        if route != IN_REGION:
            found[route, tier] = rates
            continue
        for other in (IN_REGION, *geographies):
            if (other, tier) not in listed.rates or other == IN_REGION:
                found.setdefault((other, tier), rates)
    return {(route, tier): rates for (route, tier), rates in found.items() if route in routes}
