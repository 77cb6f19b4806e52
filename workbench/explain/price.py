"""What a film costs, said before anything is paid: one line for each stage that somebody is paid for."""

from dataclasses import dataclass

from workbench.backends.usage import Cost, total_cost


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What one stage of a film costs."""

    stage: str
    """The state it is paid in: `synthesizing_narration` …"""
    by: str
    """The model, or the voice and its engine."""
    low_usd: Cost
    """Dollars at least; None when no price is known."""
    high_usd: Cost
    """Dollars at most."""
    is_kept: bool = False
    """All of it was paid before."""
    characters: int = 0
    """Characters that a voice would be paid for now."""
    expected_usd: Cost = None
    """What is expected between the two; None where there is no more to say than they do."""

    @property
    def usual_usd(self) -> Cost:
        """What is expected, or the most."""
        return self.high_usd if self.expected_usd is None else self.expected_usd


@dataclass(frozen=True, slots=True)
class FilmPrice:
    """The price of a film. One that is made on this machine alone has no lines and costs nothing.

    Example:
        >>> FilmPrice().high_usd
        Decimal('0')
    """

    lines: tuple[PriceLine, ...] = ()

    @property
    def low_usd(self) -> Cost:
        """Dollars at least; None when a price is not known."""
        return total_cost(line.low_usd for line in self.lines)

    @property
    def high_usd(self) -> Cost:
        """Dollars at most; None when a price is not known."""
        return total_cost(line.high_usd for line in self.lines)

    @property
    def expected_usd(self) -> Cost:
        """Dollars that are expected; None when a price is not known."""
        return total_cost(line.usual_usd for line in self.lines)
