"""Several analyses of one asset, each compared with each: which model, engine or prompt to pay for.

What is missing to compare is said in words, so that a report of an empty library is a page with a
next step and not an error.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from workbench.analysis.comparisons.compare import Comparison, compare
from workbench.analysis.results import Analysis
from workbench.backends.usage import Cost

MOST = 6
"""More than this many are no table any more; the newest are taken."""

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Analyses of one asset, the first one called A."""

    asset_name: str
    analyses: tuple[Analysis, ...] = ()
    missing: str = ""
    """Why there is nothing to compare; empty if there is."""
    hint: str = ""
    """What to do about it."""

    @property
    def letters(self) -> str:
        """What they are called: `ABC`."""
        return "ABCDEF"[: len(self.analyses)]

    @property
    def pairs(self) -> tuple[tuple[str, Comparison], ...]:
        """Each two of them, with what the two are called; none where something is missing."""
        if self.missing:
            return ()
        two = itertools.combinations(zip(self.letters, self.analyses, strict=True), 2)
        return tuple((f"{one} and {other}", compare(a, b)) for (one, a), (other, b) in two)


def unlike(analyses: Iterable[Analysis]) -> tuple[Analysis, ...]:
    """The newest of each engine, model, wording and request, at most `MOST`.

    Args:
        analyses: Of one asset, the newest first.
    """
    found: dict[tuple[str, ...], Analysis] = {}
    for each in analyses:
        asked = each.request.model_dump_json(
            exclude={"assets", "engine", "model", "quality", "max_cost_usd", "tier", "also"}
        )
        found.setdefault((each.engine, each.model, each.prompt_hash, asked), each)
    return tuple(found.values())[:MOST]


def per_hour_usd(analysis: Analysis) -> Cost:
    """What an hour like this would cost; None for pictures and where a price is unknown."""
    if analysis.cost_usd is None or analysis.duration_s <= 0:
        return None
    return analysis.cost_usd * HOUR_S / Decimal(str(analysis.duration_s))
