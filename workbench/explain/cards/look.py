"""The colours and places that every card shares."""

from dataclasses import dataclass

from workbench.explain.cards.canvas import Canvas, Color
from workbench.explain.cards.lettering import Box, Sheet
from workbench.palette import palette

WIDTH_PX = 1280
HEIGHT_PX = 720
MARGIN_PX = 72

HEADING: Box = (MARGIN_PX, 48, WIDTH_PX - MARGIN_PX, 148)
BODY: Box = (MARGIN_PX, 168, WIDTH_PX - MARGIN_PX, 640)
FOOT: Box = (MARGIN_PX, 668, WIDTH_PX - MARGIN_PX, 700)

HEADING_SIZES = (44, 40, 36, 32, 28)
TEXT_SIZES = (36, 32, 28, 25, 22, 20, 18)
SMALL_SIZES = (20, 18, 16)


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of a theme, as Pillow takes them."""

    paper: Color
    surface: Color
    ink: Color
    soft: Color
    line: Color
    accent: Color
    on_accent: Color
    series: tuple[Color, ...]
    """Colours of curves and columns, in order."""
    canvas: type[Canvas] = Canvas
    """What is drawn on."""


def look_of(theme: str, canvas: type[Canvas] = Canvas) -> Look:
    """The colours of a theme, `light` or `dark`: those of charts and reports."""
    colours = palette(theme)
    return Look(
        paper=_rgb(colours.background),
        surface=_rgb(colours.surface),
        ink=_rgb(colours.text),
        soft=_rgb(colours.muted),
        line=_rgb(colours.border),
        accent=_rgb(colours.accent),
        on_accent=_rgb(colours.on_accent),
        series=tuple(
            _rgb(each)
            for each in (colours.accent, colours.shown, colours.said, colours.nova, colours.other)
        ),
        canvas=canvas,
    )


def blank(look: Look) -> Sheet:
    """An empty card."""
    return Sheet(look.canvas(WIDTH_PX, HEIGHT_PX, look.paper))


def framed(look: Look, heading: str, foot: str) -> Sheet:
    """A card with its heading, and where it comes from at the foot."""
    sheet = blank(look)
    sheet.canvas.box((0, 0, 8, HEIGHT_PX), fill=look.accent)
    if heading:
        sheet.write(HEADING, heading, HEADING_SIZES, look.ink, weight=650, middle=True)
    if foot:
        sheet.write(FOOT, foot, SMALL_SIZES, look.soft)
    return sheet


def _rgb(colour: str) -> Color:
    value = int(colour.lstrip("#"), 16)
    return (value >> 16, value >> 8 & 255, value & 255)
