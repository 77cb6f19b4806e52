"""Topic boundaries of a text: where the words change.

The division is the most probable one under a word model of each part (Utiyama and Isahara, "A
statistical model for domain-independent text segmentation", ACL 2001), found exactly by dynamic
programming. It needs no threshold, no training and no count of parts.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import RequestError
from workbench.evidence.text.words import content_stems

if TYPE_CHECKING:
    import numpy as np

MOST_UNITS = 1500
"""Longer texts are divided between groups of sentences: the search is quadratic."""


def segment(sentences: Sequence[str], *, count: int | None = None) -> tuple[int, ...]:
    """Divide a text where its topics change.

    Args:
        sentences: The text's sentences, in order.
        count: Number of parts, at least 1; None lets the words decide.

    Returns:
        Index of the first sentence of each part; the first is 0. Empty for no sentences.

    Raises:
        RequestError: `count` is below 1 or above the number of sentences.

    Example:
        >>> segment(["The seal leaks oil.", "The seal and its oil film.", "An oil seal wears.",
        ...          "Music needs rhythm.", "Rhythm makes music dance.", "Dance music."], count=2)
        (0, 3)
    """
    if count is not None and not 1 <= count <= max(1, len(sentences)):
        raise RequestError(
            f"{len(sentences)} sentences cannot be divided into {count} parts",
            hint="choose a count between 1 and the number of sentences",
        )
    if not sentences:
        return ()
    size = -(-len(sentences) // MOST_UNITS) if count is None else 1
    units = [
        [word for sentence in sentences[at : at + size] for word in content_stems(sentence)]
        for at in range(0, len(sentences), size)
    ]
    starts = best_division(units) if count is None else _division_into(units, count)
    return tuple(start * size for start in starts)


def best_division(
    units: Sequence[Sequence[str]],
    *,
    bonus: Sequence[float] | None = None,
    starts_s: Sequence[float] | None = None,
    end_s: float = math.inf,
    shortest_s: float = 0.0,
    least_vocabulary: int = 1,
    price: float | None = None,
) -> tuple[int, ...]:
    """Divide units of words into the most probable parts.

    Args:
        units: Word stems of each unit, in order; at least one unit.
        bonus: What speaks for a part starting at each unit, in nats, besides the words.
        starts_s: When each unit starts, in seconds; needed with `shortest_s`.
        end_s: When the last unit ends.
        shortest_s: No part is shorter than this, unless there is one part only.
        least_vocabulary: Different words the speaker is taken to know at least. In a short text
            hardly a word comes back; without this, that alone would look like new topics.
        price: What each further part costs, in nats; None for the logarithm of the word count.

    Returns:
        Index of the first unit of each part; the first is 0.
    """
    import numpy as np

    size = len(units)
    extra = np.asarray(bonus if bonus is not None else [0.0] * size, dtype=float)
    times = np.asarray(starts_s if starts_s is not None else range(size), dtype=float)
    total = sum(len(unit) for unit in units)
    each = math.log(max(2, total)) if price is None else price
    best = np.full(size + 1, np.inf)
    best[0] = 0.0
    came_from = np.zeros(size + 1, dtype=int)
    for last, costs in enumerate(_part_costs(units, least_vocabulary)):
        paid = best[: last + 1] + costs
        paid[1:] += each - extra[1 : last + 1]
        if shortest_s > 0:
            until = end_s if last + 1 == size else times[last + 1]
            too_short = until - times[: last + 1] < shortest_s
            too_short[0] = too_short[0] and last + 1 < size
            paid[too_short] = np.inf
        came_from[last + 1] = int(np.argmin(paid))
        best[last + 1] = paid[came_from[last + 1]]
    starts: list[int] = []
    at = size
    while at > 0:
        at = int(came_from[at])
        starts.append(at)
    return tuple(reversed(starts))


def _division_into(units: Sequence[Sequence[str]], count: int) -> tuple[int, ...]:
    import numpy as np

    size = len(units)
    best = np.full((count + 1, size + 1), np.inf)
    best[0, 0] = 0.0
    came_from = np.zeros((count + 1, size + 1), dtype=int)
    for last, costs in enumerate(_part_costs(units)):
        paid = best[:count, : last + 1] + costs
        came_from[1:, last + 1] = np.argmin(paid, axis=1)
        best[1:, last + 1] = np.min(paid, axis=1)
    starts: list[int] = []
    at = size
    for parts in range(count, 0, -1):
        at = int(came_from[parts, at])
        starts.append(at)
    return tuple(reversed(starts))


def _part_costs(
    units: Sequence[Sequence[str]], least_vocabulary: int = 1
) -> Iterator["np.ndarray[Any, Any]"]:
    """For each unit, the cost in nats of every part that ends with it.

    A part with n words costs -Σ log((c + 1) / (n + V)) over its words, where c is how often the
    word occurs in the part and V how many different words the text has, or could have had.

    Yields:
        An array with one cost for each first unit, from 0 to the unit itself.
    """
    import numpy as np

    counts = Counter(word for unit in units for word in unit)
    vocabulary = max(least_vocabulary, len(counts))
    # A word that occurs once adds the same amount wherever it is: no need to count it.
    columns = {word: at for at, word in enumerate(w for w, n in counts.items() if n > 1)}
    most = max(counts.values(), default=1)
    gain = [(c + 1) * math.log(c + 2) - c * math.log(c + 1) for c in range(most + 1)]
    gains = np.asarray(gain)
    seen = np.zeros((len(columns), len(units)), dtype=np.int32)
    words = np.zeros(len(units))
    likeness = np.zeros(len(units))
    for last, unit in enumerate(units):
        open_parts = slice(0, last + 1)
        words[open_parts] += len(unit)
        for word in unit:
            column = columns.get(word)
            if column is None:
                likeness[open_parts] += gain[0]
                continue
            row = seen[column, open_parts]
            likeness[open_parts] += gains[row]
            row += 1
        length = words[open_parts]
        yield length * np.log(length + vocabulary) - likeness[open_parts]
