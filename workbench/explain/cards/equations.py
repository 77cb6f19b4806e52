"""Equations in LaTeX's notation as pictures: through Typst, which needs no LaTeX."""

import functools
import io
from typing import TYPE_CHECKING

from workbench.explain.cards.canvas import Color

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

INSTALL = "pip install 'nova-workbench[equations]'"

_PAGE = """#set page(width: auto, height: auto, margin: 4pt, fill: none)
#set text(size: 40pt, fill: rgb("{ink}"))
$ {formula} $
"""


def draw_equation(latex: str, ink: Color, room_px: tuple[int, int]) -> tuple["Picture | None", str]:
    """Draw an equation, at most as large as a room.

    Args:
        latex: The formula, without dollars around it.
        ink: Its colour.
        room_px: Width and height there is.

    Returns:
        The picture with a clear ground; or None, and why there is none.
    """
    formula, data, why = _drawn(latex.strip().strip("$"), "#{:02x}{:02x}{:02x}".format(*ink[:3]))
    if formula is None:
        return None, why
    from PIL import Image

    with Image.open(io.BytesIO(data)) as whole:
        picture = whole.convert("RGBA")
    scale = min(room_px[0] / picture.width, room_px[1] / picture.height, 1.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return (picture.resize(size) if scale < 1 else picture), ""


def is_available() -> bool:
    """Can equations be drawn here?"""
    import importlib.util

    return all(importlib.util.find_spec(name) for name in ("typst", "tex2typst"))


def in_typst(latex: str) -> tuple[str | None, str]:
    """A formula in Typst's notation.

    Args:
        latex: The formula, without dollars around it.

    Returns:
        The formula, and nothing; or None, and why it cannot be drawn.
    """
    formula, _, why = _drawn(latex, "#000000")
    return formula, why


@functools.lru_cache(maxsize=64)
def _drawn(latex: str, ink: str) -> tuple[str | None, bytes, str]:
    if not is_available():
        return None, b"", f"to draw equations, {INSTALL}"
    import tex2typst  # type: ignore[import-not-found, import-untyped, unused-ignore]
    import typst  # type: ignore[import-not-found, unused-ignore]

    try:
        formula = tex2typst.tex2typst(latex)
        page = _PAGE.format(ink=ink, formula=formula).encode()
        data = typst.compile(page, format="png", ppi=144)
    except Exception as error:  # noqa: BLE001 - both raise bare errors of their own for bad formulas
        first = str(error).strip().splitlines()
        return None, b"", f"it cannot be read: {first[0] if first else type(error).__name__}"
    return formula, data, ""
