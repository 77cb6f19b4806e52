"""Draw a beat as cards: still pictures that follow each other, or one that moves.

A card needs nothing but Pillow. What does not fit is wrapped, then made smaller, then cut with a
mark; nothing leaves the frame, and no two texts lie on each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, singledispatch
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.explain.cards.canvas import Canvas
from workbench.explain.cards.charts import bars, plot, timeline
from workbench.explain.cards.lettering import Box, Sheet, fit
from workbench.explain.cards.look import (
    BODY,
    FOOT,
    HEIGHT_PX,
    MARGIN_PX,
    SMALL_SIZES,
    TEXT_SIZES,
    WIDTH_PX,
    Look,
    blank,
    framed,
    look_of,
)
from workbench.explain.cards.pictures import inside, on_paper, zooming
from workbench.explain.storyboards.storyboard import Beat, Source
from workbench.explain.storyboards.visuals import (
    Bullets,
    Chart,
    Clip,
    Closing,
    Comparison,
    Equation,
    Image,
    Plot,
    Quote,
    Scene,
    Timeline,
    Title,
    Visual,
)
from workbench.media.timecode import format_time

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

ITEMS_A_PAGE = 6
"""Points on one card; more go to further cards of the same beat."""

POINT_SIZES = (44, 40, *TEXT_SIZES)


@dataclass(frozen=True, slots=True)
class Step:
    """A still picture of a beat."""

    draw: Callable[[], Sheet]
    said: int | None = None
    """Which point is said while it is new; None for pictures that are there from the beginning."""


@dataclass(frozen=True, slots=True)
class Card:
    """How a beat looks."""

    steps: tuple[Step, ...]
    """At least one, in order."""
    moving: Callable[[float, int], "Iterator[Picture]"] | None = None
    """Where it moves: seconds of the beat and number of frames → its frames."""
    warnings: tuple[str, ...] = ()
    """What could not be drawn as it was asked."""
    made_of: str = ""
    """Names the pictures of what moves, where the beat's own words do not."""

    def ends(self) -> "Picture":
        """How it looks when all of it is shown, in RGB."""
        return self.steps[-1].draw().canvas.finished().convert("RGB")


def card_of(beat: Beat, theme: str, canvas: type[Canvas] = Canvas) -> Card:
    """Lay out a beat.

    Args:
        beat: What is shown.
        theme: `light` or `dark`.
        canvas: What its pictures are drawn on.

    Raises:
        MediaError: Its picture or clip cannot be read.
    """
    look = look_of(theme, canvas)
    return _laid_out(beat.show, look, beat.heading, source_line(beat.sources))


def source_line(sources: Sequence[Source]) -> str:
    """Where a beat comes from, as its foot says.

    Example:
        >>> source_line((Source("a1", "talk.mp4", 60, 90), Source("b2", "pump.jpg")))
        'From talk.mp4, 1:00 to 1:30 · pump.jpg'
    """
    said: dict[str, list[str]] = {}
    for source in sources[:3]:
        times = said.setdefault(source.name, [])
        if source.start_s is not None:
            is_long = source.end_s is not None and source.end_s > source.start_s
            until = f" to {format_time(source.end_s or 0)}" if is_long else ""
            times.append(format_time(source.start_s) + until)
    if not said:
        return ""
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    return "From " + " · ".join(", ".join([name, *times]) for name, times in said.items()) + more


def plain_card(beat: Beat, theme: str, why: str) -> Card:
    """What stands in for a beat that could not be drawn: its words, and that it could not."""
    look = look_of(theme)

    def draw() -> Sheet:
        sheet = framed(look, beat.heading or "Not drawn", "")
        sheet.write((*BODY[:2], BODY[2], 560), beat.say, TEXT_SIZES, look.ink)
        sheet.write((MARGIN_PX, 590, BODY[2], 650), f"Not drawn: {why}", SMALL_SIZES, look.soft)
        return sheet

    return Card((Step(draw),), warnings=(why,))


@singledispatch
def _laid_out(show: Visual, look: Look, heading: str, foot: str) -> Card:
    del look, foot
    raise TypeError(f"{heading}: {type(show).__name__} has no layout")


@_laid_out.register
def _(show: Title, look: Look, heading: str, foot: str) -> Card:
    return Card((Step(lambda: _title(look, heading, show.subtitle, foot)),))


@_laid_out.register
def _(show: Bullets, look: Look, heading: str, foot: str) -> Card:
    return _listed(look, heading, foot, show.items)


@_laid_out.register
def _(show: Closing, look: Look, heading: str, foot: str) -> Card:
    return _listed(look, heading or "In short", foot, show.items)


@_laid_out.register
def _(show: Plot, look: Look, heading: str, foot: str) -> Card:
    return _charted(look, heading, foot, lambda sheet: plot(sheet, look, BODY, show))


@_laid_out.register
def _(show: Chart, look: Look, heading: str, foot: str) -> Card:
    return _charted(look, heading, foot, lambda sheet: bars(sheet, look, BODY, show))


@_laid_out.register
def _(show: Timeline, look: Look, heading: str, foot: str) -> Card:
    return _charted(look, heading, foot, lambda sheet: timeline(sheet, look, BODY, show))


@_laid_out.register
def _(show: Quote, look: Look, heading: str, foot: str) -> Card:
    return Card((Step(lambda: _quote(look, heading, show.text, show.by, foot)),))


@_laid_out.register
def _(show: Scene, look: Look, heading: str, foot: str) -> Card:
    """A scene that is not rendered yet: its script, to be read."""
    lines = [line for line in show.code.strip().splitlines() if line.strip()][:14]
    return _charted(look, heading or show.class_name, foot, lambda sheet: sheet.write(BODY, "\n".join(lines), (22, 20, 18, 16), look.soft))  # fmt: skip


@_laid_out.register
def _(show: Comparison, look: Look, heading: str, foot: str) -> Card:
    return Card((Step(lambda: _comparison(look, heading, show, foot)),))


def _charted(look: Look, heading: str, foot: str, draw: Callable[[Sheet], object]) -> Card:
    def drawn() -> Sheet:
        sheet = framed(look, heading, foot)
        draw(sheet)
        return sheet

    return Card((Step(drawn),))


def _title(look: Look, heading: str, subtitle: str, foot: str) -> Sheet:
    sheet = blank(look)
    sheet.canvas.box((0, 0, 18, HEIGHT_PX), fill=look.accent)
    left, right = MARGIN_PX + 24, WIDTH_PX - MARGIN_PX
    _, _, _, bottom = sheet.write(
        (left, 240, right, 450), heading, (72, 64, 56, 48, 40, 34), look.ink, weight=700
    )
    sheet.canvas.part = 1
    sheet.canvas.box((MARGIN_PX + 24, 214, MARGIN_PX + 114, 221), fill=look.accent, round_px=3)
    if subtitle:
        sheet.write((left, bottom + 18, right, 600), subtitle, (32, 28, 24, 20), look.soft)
    if foot:
        sheet.write((left, FOOT[1], right, FOOT[3]), foot, SMALL_SIZES, look.soft)
    return sheet


def _listed(look: Look, heading: str, foot: str, items: Sequence[str]) -> Card:
    """Points that come one by one; where there are too many for a card, card after card."""
    items = [item.strip() for item in items if item.strip()]
    pages = [items[at : at + ITEMS_A_PAGE] for at in range(0, len(items), ITEMS_A_PAGE)]
    steps = []
    for number, page in enumerate(pages):
        before = number * ITEMS_A_PAGE
        of = f"{heading} ({number + 1} of {len(pages)})" if len(pages) > 1 else heading
        steps += [
            Step(partial(_points, look, of, foot, page, shown), said=before + shown - 1)
            for shown in range(1, len(page) + 1)
        ]
    return Card(tuple(steps))


def _points(look: Look, heading: str, foot: str, items: Sequence[str], shown: int) -> Sheet:
    sheet = framed(look, heading, foot)
    left, top, right, bottom = BODY
    # All points are measured, also those still to come: nothing moves when one appears.
    size, heights = _sized(sheet, items, right - left - 48, bottom - top)
    gap = min(size * 0.9, (bottom - top - sum(heights)) / max(1, len(items) - 1))
    y = top + 8
    for index, (item, height) in enumerate(zip(items, heights, strict=True)):
        sheet.canvas.part = index + 1
        if index < shown:
            is_new = index == shown - 1
            dot = look.accent if is_new else look.line
            sheet.canvas.circle((left + 12, y + size * LINE_MIDDLE), size * 0.22, fill=dot)
            ink = look.ink if is_new else look.soft
            sheet.write((left + 48, y, right, y + height), item, (size,), ink)
        y += height + gap
    return sheet


def _sized(
    sheet: Sheet, items: Sequence[str], width_px: float, height_px: float
) -> tuple[int, list[float]]:
    """The largest size at which points fit with room between them, and their heights."""
    for size in POINT_SIZES:
        fitted = [fit(sheet.canvas, item, width_px, height_px, (size,)) for item in items]
        heights = [each.height_px for each in fitted]
        if sum(heights) + 0.35 * size * (len(items) - 1) <= height_px - 8:
            return size, heights
    size = POINT_SIZES[-1]
    return size, [(height_px - 8) / len(items) - 4] * len(items)


LINE_MIDDLE = 0.66
"""Middle of small letters below the top of their line, over the size."""


@_laid_out.register
def _(equation: Equation, look: Look, heading: str, foot: str) -> Card:
    def draw() -> Sheet:
        sheet = framed(look, heading, foot)
        left, top, right, bottom = BODY
        until = bottom - 90 if equation.note else bottom
        sheet.canvas.part = 1
        placed, why = sheet.canvas.formula(equation.latex, (left, top, right, until), look.ink)
        if placed is None:
            sheet.write(
                (left, top, right, until - 40), equation.latex, TEXT_SIZES, look.ink,
                align="centre", middle=True,
            )  # fmt: skip
            sheet.write((left, until - 34, right, until), f"As text: {why}", SMALL_SIZES, look.soft)
        else:
            sheet.placed.append((equation.latex, placed))
        sheet.canvas.part = 2
        if equation.note:
            sheet.write(
                (left, until + 12, right, bottom), equation.note, (26, 22, 20, 18), look.soft,
                align="centre",
            )  # fmt: skip
        return sheet

    why = look.canvas.formula_fault(equation.latex)
    said = (f"the equation {equation.latex} is shown as text: {why}",) if why else ()
    return Card((Step(draw),), warnings=said)


def _quote(look: Look, heading: str, text: str, by: str, foot: str) -> Sheet:
    sheet = framed(look, heading, foot)
    left, top, right, bottom = BODY
    room: Box = (left + 96, top + 8, right - 40, bottom - (56 if by else 0))
    sheet.canvas.part = 1
    _, first, _, end = sheet.write(
        room, text, (46, 42, 38, 34, 30, 26, 23, 20, 18), look.ink, middle=True
    )
    sheet.canvas.text((left - 6, first + 92), "“", 150, look.accent, weight=700)
    sheet.canvas.part = 2
    if by:
        sheet.write((left + 96, end + 14, right, bottom), f"– {by}", (26, 22, 20), look.soft)
    return sheet


def _comparison(look: Look, heading: str, both: Comparison, foot: str) -> Sheet:
    sheet = framed(look, heading, foot)
    left, top, right, bottom = BODY
    middle = (left + right) / 2
    columns = (
        (left, middle - 20, both.left_title, both.left, look.series[0]),
        (middle + 20, right, both.right_title, both.right, look.series[1]),
    )
    for x0, x1, title, items, color in columns:
        sheet.canvas.part += 1
        sheet.canvas.box((x0, top, x1, bottom), fill=look.surface, round_px=14)
        sheet.canvas.box((x0, top, x1, top + 8), fill=color, round_px=4)
        sheet.write((x0 + 28, top + 24, x1 - 28, top + 88), title, (32, 28, 24, 20), look.ink, weight=650)  # fmt: skip
        text = "\n".join(f"· {item}" for item in items if item.strip())
        sheet.write((x0 + 28, top + 100, x1 - 28, bottom - 24), text, (28, 25, 22, 20, 18, 16), look.ink)  # fmt: skip
    return sheet


@_laid_out.register
def _(image: Image, look: Look, heading: str, foot: str) -> Card:
    picture = on_paper(Path(image.path), look.paper)
    sheet, room = _picture_sheet(look, heading, foot, image.caption)

    def still() -> Sheet:
        done, _ = _picture_sheet(look, heading, foot, image.caption)
        place, size = inside(picture.size, room)
        done.canvas.paste(picture, place, size)
        return done

    if image.zoom is None:
        return Card((Step(still),))
    goal = image.zoom

    def frames(_: float, count: int) -> "Iterator[Picture]":
        base = sheet.canvas.finished()
        place, size = inside(picture.size, room)
        for part in zooming(picture, size, goal, count):
            frame = base.copy()
            frame.paste(part, place)
            yield frame

    return Card((Step(still),), moving=frames)


@_laid_out.register
def _(clip: Clip, look: Look, heading: str, foot: str) -> Card:
    from workbench.explain.films.composing import composed
    from workbench.explain.films.footage import footage

    sheet, room = _picture_sheet(look, heading, foot, clip.caption)

    def still() -> Sheet:
        done, _ = _picture_sheet(look, heading, foot, clip.caption)
        picture = next(footage(clip, 1, 1.0))
        place, size = inside(picture.size, room)
        done.canvas.paste(picture, place, size)
        return done

    def frames(length_s: float, count: int) -> "Iterator[Picture]":
        yield from composed(clip, sheet.canvas.finished().convert("RGB"), room, count, length_s)

    return Card((Step(still),), moving=frames)


def _picture_sheet(look: Look, heading: str, foot: str, caption: str) -> tuple[Sheet, Box]:
    """A card without its picture yet, and the room for it."""
    sheet = framed(look, heading, foot)
    left, top, right, bottom = BODY
    top = top if heading else 48
    if caption:
        sheet.write((left, bottom - 34, right, bottom), caption, (24, 22, 20, 18), look.soft, align="centre")  # fmt: skip
        bottom -= 46
    return sheet, (left, top, right, bottom)
