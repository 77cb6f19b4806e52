"""How numbers, dates and foreign text are written on every page.

A cost of None is `–`, never 0. Text from files, media and models goes through `plain` before it
meets Markdown, so that it cannot become a link, a picture or a formula.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from workbench.backends.usage import Cost, format_usd
from workbench.media.asset import Asset
from workbench.media.timecode import format_length, format_time

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&@/=^])")


def plain(text: str) -> str:
    r"""Escape text so that Markdown shows it as it is.

    Example:
        >>> print(plain("![x](http://h) $a$ :red[b]"))
        \!\[x\]\(http\:\/\/h\) \$a\$ \:red\[b\]
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def advice(text: str) -> str:
    r"""Write a hint as Markdown: a sentence, with what stands in backticks as code.

    Example:
        >>> print(advice("run `aws configure`, then *try* again"))
        Run `aws configure`, then \*try\* again
    """
    parts = (text[:1].upper() + text[1:]).split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(
        f"`{part}`" if index % 2 else _SPECIAL.sub(r"\\\1", part)
        for index, part in enumerate(parts)
    )


def sentence(text: str) -> str:
    r"""Write foreign words as a sentence that begins with a capital, escaped for Markdown.

    Example:
        >>> print(sentence("the *scene* was not rendered"))
        The \*scene\* was not rendered
    """
    return plain(text[:1].upper() + text[1:])


def format_bytes(size_bytes: float) -> str:
    """Write a size in powers of ten.

    Example:
        >>> format_bytes(18_600_000), format_bytes(512), format_bytes(11.8e9)
        ('18.6 MB', '512 B', '11.8 GB')
    """
    if size_bytes < 1000:
        return f"{size_bytes:.0f} B"
    size = float(size_bytes)
    units = iter(("kB", "MB", "GB", "TB"))
    unit = next(units)
    size /= 1000
    while size >= 999.5 and (larger := next(units, "")):
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 100 else f"{size:.1f} {unit}"


def format_percent(share: float) -> str:
    """Write a share of 0 to 1.

    Example:
        >>> format_percent(0.977)
        '98 %'
    """
    return f"{share * 100:.0f} %"


def format_date(moment: datetime | date, *, today: date | None = None) -> str:
    """Write a date, the year only if it is not this one.

    Example:
        >>> format_date(date(2026, 6, 14), today=date(2026, 9, 1))
        '14 Jun'
    """
    if isinstance(moment, datetime):
        moment = moment.astimezone().date()
    this_year = (today or datetime.now().astimezone().date()).year
    text = f"{moment.day} {moment:%b}"
    return text if moment.year == this_year else f"{text} {moment.year}"


def format_moment(moment: datetime) -> str:
    """Write a date with its time of day, in the reader's zone.

    Example:
        >>> from datetime import timezone
        >>> len(format_moment(datetime(2020, 6, 14, 12, 0, tzinfo=timezone.utc)).split())
        4
    """
    local = moment.astimezone()
    return f"{format_date(local)} {local:%H:%M}"


def format_clock(moment: datetime, *, today: date | None = None) -> str:
    """Write a time of day to the second, in the reader's zone; the date only if it is not today.

    Example:
        >>> from datetime import timezone
        >>> len(format_clock(datetime(2020, 6, 14, 12, 0, tzinfo=timezone.utc)).split())
        4
    """
    local = moment.astimezone()
    clock = f"{local:%H:%M:%S}"
    if local.date() == (today or datetime.now().astimezone().date()):
        return clock
    return f"{format_date(local)} {clock}"


def format_about(seconds: float) -> str:
    """Write an estimated length no finer than it is known.

    Example:
        >>> format_about(3.2), format_about(95), format_about(365)
        ('≈ 3 s', '≈ 1 min 35 s', '≈ 6 min')
    """
    if seconds < 10:
        return f"≈ {max(1, round(seconds))} s"
    rounded = round(seconds / 60) * 60 if seconds >= 120 else round(seconds)
    return f"≈ {format_length(rounded)}"


def format_price(cost: Cost) -> str:
    """Write a price on a button or as a headline: three decimals below a dollar.

    Example:
        >>> format_price(Decimal("0.1371")), format_price(Decimal("4.181")), format_price(None)
        ('$0.137', '$4.18', '–')
    """
    if cost is None or cost == 0 or cost >= 1:
        return format_usd(cost)
    return f"${cost:.3f}" if cost >= Decimal("0.01") else format_usd(cost)


def format_count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun.

    Example:
        >>> format_count(1, "item"), format_count(1200, "item"), format_count(2, "query", "queries")
        ('1 item', '1,200 items', '2 queries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def format_shape(asset: Asset) -> str:
    """Write what tells assets of one kind apart: length of a video or sound, size of a picture.

    Example:
        >>> from pathlib import Path
        >>> format_shape(Asset("0" * 16, Path("a.jpg"), "image", "jpeg", 5, 4032, 3024))
        '4032×3024'
    """
    if asset.kind == "image":
        return f"{asset.width_px}×{asset.height_px}"
    return format_time(asset.duration_s)


def facts(parts: Iterable[str]) -> str:
    """Join short facts with a middle dot; empty ones are left out.

    Example:
        >>> facts(["12 items", "", "5 h 12 min"])
        '12 items · 5 h 12 min'
    """
    return " · ".join(part for part in parts if part)


def mark_words(text: str, words: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """Split text into pieces and say which of them are searched words.

    Example:
        >>> mark_words("Never start it dry.", ["dry", "start"])
        (('Never ', False), ('start', True), (' it ', False), ('dry', True), ('.', False))
        >>> mark_words("starting", ["start", "zero"])
        (('starting', True),)
    """
    wanted = sorted({re.escape(word) for word in words if len(word) > 1}, key=len, reverse=True)
    if not wanted:
        return ((text, False),)
    pieces = re.split(rf"\b((?:{'|'.join(wanted)})\w{{0,3}})\b", text, flags=re.IGNORECASE)
    return tuple((piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece)
