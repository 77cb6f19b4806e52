"""How values become columns and come back: times, dollars, names and whole records."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from workbench.backends.usage import Cost
from workbench.errors import LibraryDamaged
from workbench.jsonable import from_json

Record = TypeVar("Record")
Item = TypeVar("Item")

BATCH = 500
"""Most values in one `IN (…)`: far below the limits of both databases."""


def read_record(kind: type[Record], data: str, name: str) -> Record:
    """Rebuild a kept record.

    Raises:
        LibraryDamaged: What is kept does not have the form of the record.
    """
    try:
        return from_json(kind, data)
    except ValidationError as error:
        raise LibraryDamaged(
            f"the record of {name} cannot be read: {error.error_count()} fields do not fit",
            hint="it was kept by another version; update Nova Workbench, or make it again",
        ) from error


def time_text(moment: datetime) -> str:
    """Write a time so that the order of the texts is the order of the times.

    A time without a zone is taken as UTC.

    Example:
        >>> time_text(datetime(2026, 3, 1, 12, 0))
        '2026-03-01T12:00:00.000000+00:00'
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


def now_text() -> str:
    """This moment."""
    return time_text(datetime.now(UTC))


def silence_s(beat_at_s: float, now_s: float, up_s: float) -> float:
    """Seconds since somebody was heard of; while the server was down nobody could be.

    Example:
        >>> silence_s(100.0, 190.0, 0.0), silence_s(100.0, 190.0, 180.0)
        (90.0, 10.0)
    """
    return max(0.0, now_s - max(beat_at_s, up_s))


def cost_text(cost: Cost) -> str | None:
    """Write dollars exactly; None stays None.

    Example:
        >>> cost_text(Decimal("0.0000001")), cost_text(None)
        ('0.0000001', None)
    """
    return None if cost is None else f"{cost:f}"


def read_cost(text: str | None) -> Cost:
    """Read dollars; None stays None."""
    return None if text is None else Decimal(text)


def folded(name: str) -> str:
    """A name as it is compared: without case, in one Unicode form.

    Example:
        >>> folded("Straße.MP4") == folded("STRASSE.mp4")
        True
    """
    return unicodedata.normalize("NFC", name).casefold()


def like_pattern(part: str) -> str:
    r"""A LIKE pattern that finds a part of a name as it is written; `\` is the escape.

    Example:
        >>> like_pattern("50%_A")
        '%50\\%\\_a%'
    """
    plain = folded(part).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


def in_batches(items: Sequence[Item], size: int = BATCH) -> Iterator[Sequence[Item]]:
    """Cut a sequence into pieces of at most `size`.

    Example:
        >>> [list(piece) for piece in in_batches([1, 2, 3], 2)]
        [[1, 2], [3]]
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]
