"""The pictures of the talk by name: still or moving, with the words that stand on them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from workbench.errors import RequestError
from workbench.explain.cards import canvas as c
from workbench.explain.cards.canvas import Canvas, Point
from workbench.sample.pictures import diagrams, machines, slides
from workbench.sample.pictures.slides import Heading

if TYPE_CHECKING:
    from PIL import Image

PHOTOS = ("room_wide", "room_motor", "room_pump")
"""Photos that come with the package; `photos.take_photos` made them."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One shot's picture: a number of steps, shown one after the other."""

    draw: Callable[[int], "Image.Image"]
    """Step → RGB picture of 1920 × 1080."""
    words: tuple[str, ...] = ()
    """What can be read on it; the part's title is among them on a slide."""
    steps: int = 1
    frames_each: int = 1
    """Frames of film for which a step stays."""
    is_loop: bool = True
    """Begin again after the last step? Otherwise the last step stays."""


def picture(name: str, heading: Heading, titles: tuple[str, ...]) -> Picture:
    """Make a picture of the talk.

    Args:
        name: A name in `PICTURES`.
        heading: The part it belongs to.
        titles: Titles of the numbered parts, for the list of checks.

    Raises:
        RequestError: There is no picture of that name.
    """
    if name in PHOTOS:
        photo = room_photo(name)
        return Picture(lambda _: photo)
    if name == "agenda":
        return _still(slides.agenda(heading, titles))
    if name in _MOVING:
        return _MOVING[name](heading)
    if name in _STILL:
        return _still(_STILL[name](heading))
    raise RequestError(
        f"there is no picture {name!r}", hint="the names are " + ", ".join(sorted(PICTURES))
    )


@functools.lru_cache(maxsize=4)
def room_photo(name: str) -> "Image.Image":
    """One of the photos of the plant room, 1920 × 1080."""
    import io

    from PIL import Image

    data = resources.files("workbench.sample").joinpath("photos", f"{name}.jpg").read_bytes()
    with Image.open(io.BytesIO(data)) as photo:
        whole: Image.Image = photo.convert("RGB")
    return whole.resize((c.WIDTH_PX, c.HEIGHT_PX), Image.Resampling.BICUBIC)


def _still(sheet: Canvas) -> Picture:
    image = sheet.finished()
    return Picture(lambda _: image, tuple(sheet.words))


def _moving(
    sheet: Canvas,
    part: Callable[[int], Canvas],
    place: Point,
    *,
    labels: Callable[[Canvas], None] | None = None,
    steps: int,
    frames_each: int = 1,
    is_loop: bool = True,
) -> Picture:
    """A still sheet, a part that is drawn for each step, and labels over both."""
    ground = sheet.finished()
    words = tuple(sheet.words)
    top: Image.Image | None = None
    if labels is not None:
        cover = Canvas(fill=(120, 130, 142, 0))
        labels(cover)
        top = cover.finished()
        words += tuple(cover.words)

    def draw(step: int) -> "Image.Image":
        image = ground.copy()
        patch = part(step).finished()
        image.paste(patch, (round(place[0]), round(place[1])), patch)
        if top is not None:
            image.paste(top, (0, 0), top)
        return image

    return Picture(draw, words, steps, frames_each, is_loop)


def _pump(heading: Heading) -> Picture:
    x, y = diagrams.IMPELLER_AT
    # One vane's pitch is 60 degrees: 20 steps of 3 look like a wheel that turns on and on.
    return _moving(
        diagrams.pump_diagram(heading),
        lambda step: diagrams.spinning_impeller(-3 * step),
        (x - 240, y - 240),
        labels=diagrams.pump_labels,
        steps=20,
        frames_each=2,
    )


def _bearing(heading: Heading) -> Picture:
    x, y = machines.BEARING_AT
    return _moving(
        machines.bearing(heading),
        lambda step: machines.rolling_balls(2 * step),
        (x - 300, y - 300),
        labels=machines.bearing_labels,
        steps=20,
        frames_each=2,
    )


def _bubbles(heading: Heading) -> Picture:
    return _moving(
        diagrams.cavitation(heading),
        lambda step: diagrams.bubbles(step / 40),
        (96, 320),
        steps=40,
        frames_each=2,
    )


def _gauge(heading: Heading) -> Picture:
    x, y = machines.GAUGE_AT

    def needle(step: int) -> Canvas:
        share = step / 89
        return machines.gauge_needle(2.1 - 1.5 * share * share * (3 - 2 * share))

    return _moving(
        machines.suction_gauge(heading),
        needle,
        (x - 300, y - 300),
        steps=90,
        frames_each=2,
        is_loop=False,
    )


_STILL: dict[str, Callable[[Heading], Canvas]] = {
    "title": slides.title_slide,
    "pump_curve": slides.pump_curve,
    "suction_line": diagrams.suction_line,
    "seal_section": diagrams.seal_section,
    "seal_leak": machines.seal_leak,
    "grease_gun": machines.grease_gun,
    "bearing_trend": slides.bearing_trend,
    "alignment": diagrams.alignment,
    "soft_foot": machines.soft_foot,
    "laser_display": machines.laser_display,
    "checklist": slides.checklist,
}

_MOVING: dict[str, Callable[[Heading], Picture]] = {
    "pump_diagram": _pump,
    "bearing": _bearing,
    "bubbles": _bubbles,
    "suction_gauge": _gauge,
}

PICTURES = frozenset({*PHOTOS, "agenda", *_STILL, *_MOVING})
"""Every name a script may use."""
