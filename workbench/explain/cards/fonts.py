"""The letters of the slides: Source Sans, as it comes with Streamlit, or Pillow's own font.

No font of the system is used, so a slide looks the same on every machine.
"""

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

REGULAR = 400
MEDIUM = 500
SEMIBOLD = 600
BOLD = 700


@functools.lru_cache(maxsize=1)
def source_sans() -> Path | None:
    """Find the variable font file inside the installed Streamlit package.

    The package is not imported. Returns None if the file is not where it was in 1.67 to 1.7x.
    """
    spec = importlib.util.find_spec("streamlit")
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder, "static").rglob("SourceSansVF-Upright*.woff2")):
            return file
    return None


@functools.lru_cache(maxsize=256)
def font(size_px: int, weight: int = REGULAR) -> "ImageFont.FreeTypeFont":
    """The font at a size and weight.

    Args:
        size_px: Size of the em in pixels, at least 1.
        weight: 200 (thin) to 900 (black); Pillow's own font has one weight only.
    """
    from PIL import ImageFont

    file = source_sans()
    if file is not None:
        try:
            face = ImageFont.truetype(str(file), size_px)
            face.set_variation_by_axes([weight])
            # The first line after a change of weight is spaced with the old one (Pillow 11.3);
            # it is drawn here, so that the same slide has the same pixels every time.
            face.getmask("Av")
        except OSError:  # a build of FreeType without WOFF2 or without variable fonts
            pass
        else:
            return face
    own = ImageFont.load_default(size_px)
    if not isinstance(own, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return own
