"""What a call used and what that cost.

Usage adds up. A cost of None means "no price known" and makes every sum it enters unknown:
it is never treated as nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

Cost = Decimal | None
"""US dollars, or None when no price is known."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts a service bills by. Input tokens do not include the cached ones.

    Example:
        >>> Usage(input_tokens=5) + Usage(input_tokens=7, images=1)
        Usage(input_tokens=12, output_tokens=0, cached_tokens=0, images=1, characters=0, media_s=0.0)
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    images: int = 0
    characters: int = 0
    media_s: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        """Add every amount."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.images + other.images,
            self.characters + other.characters,
            self.media_s + other.media_s,
        )


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Add costs; unknown if any of them is.

    Example:
        >>> total_cost([Decimal("0.10"), None]) is None
        True
    """
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def format_usd(cost: Cost) -> str:
    """Write dollars the way screens show them: `$0`, `$0.0412`, `$4.18`, or `–` when unknown.

    Example:
        >>> format_usd(Decimal("0.04123")), format_usd(Decimal("4.18")), format_usd(Decimal(0))
        ('$0.0412', '$4.18', '$0')
    """
    if cost is None:
        return "–"
    if cost == 0:
        return "$0"
    if cost < Decimal("0.0001"):
        return "<$0.0001"
    return f"${cost:.4f}" if cost < 1 else f"${cost:,.2f}"
