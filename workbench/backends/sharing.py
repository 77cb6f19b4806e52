"""One call about several pictures: who takes part in it, and what of its bill is each one's.

Such a call is one admission, one flight, one reply and one row of the ledger, like any other: the
cap, the budget, what is lost, the counter of words and the number of calls need not know of it. Its
row carries the shares, whole numbers that add up to what was billed, so that each picture has its
price. Rows for each picture would make every sum of calls, and whatever dies between two of them,
a case of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.backends.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class Sharer:
    """A picture that takes part in a call about several."""

    key: str
    """Name of the question about it alone: its answer is kept under it, however it was asked."""
    asset_id: str
    label: str
    """What a person calls the question about it alone."""
    weight: int
    """Tokens of the input that it is expected to take, at least 1."""


@dataclass(frozen=True, slots=True)
class Share:
    """What of a call's bill is one picture's."""

    key: str
    asset_id: str
    usage: Usage
    cost_usd: Cost


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a number by weights into whole numbers that add up to it.

    Args:
        total: At least 0.
        weights: At least one, each at least 0; alike where all are 0.

    Example:
        >>> split(10, [1, 1, 1]), split(7, [0, 3, 1]), split(5, [0, 0])
        ([4, 3, 3], [0, 5, 2], [3, 2])
    """
    of_all = sum(weights)
    if not of_all:
        weights, of_all = [1] * len(weights), len(weights)
    parts = [total * weight // of_all for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % of_all))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts


def split_usage(usage: Usage, inputs: Sequence[int], outputs: Sequence[int]) -> list[Usage]:
    """Split what a call used over the pictures it was about; the parts add up to it.

    Args:
        usage: Of the whole call, also of a second round.
        inputs: Weight of each picture in what was read: its tokens and words, and its part of the
            words for all.
        outputs: Weight of each in what was written, by the letters of its answer.

    Example:
        >>> [each.input_tokens for each in split_usage(Usage(input_tokens=7), [2, 1], [1, 1])]
        [5, 2]
    """
    even = [1] * len(inputs)
    columns = zip(
        split(usage.input_tokens, inputs),
        split(usage.output_tokens, outputs),
        split(usage.cached_tokens, inputs),
        split(usage.images, even),
        split(usage.characters, inputs),
        strict=True,
    )
    return [Usage(*each) for each in columns]
