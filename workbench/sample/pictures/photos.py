"""The sample's photos: the plant room, a row of gauges and a nameplate.

The photos of the plant room take minutes to trace, so they come with the package; `take_photos`
is how they were made. The other two are drawn in a second.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.explain.cards import canvas as c
from workbench.explain.cards.canvas import Canvas
from workbench.progress import Progress, silent
from workbench.sample.pictures.camera import photograph
from workbench.sample.pictures.diagrams import small_gauge
from workbench.sample.pictures.plant import VIEWS, plant_room

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

PHOTO_SIZE_PX = (1536, 864)
"""Size at which the plant room is traced."""

NAMEPLATE_WORDS = (
    "NOVA PUMPS",
    "Centrifugal pump",
    "Type NW 80-200",
    "Flow 45 m³/h",
    "Head 32 m",
    "Speed 2950 rpm",
    "Power 7.5 kW",
    "Serial 26-0417",
)

PANEL_WORDS = ("SUCTION", "DISCHARGE", "SEAL WATER")


def take_photos(folder: Path, *, progress: Progress = silent) -> None:
    """Trace the photos of the plant room that come with the package; takes minutes.

    Args:
        folder: Where `room_*.jpg` are written; it must exist.
        progress: Told after each photo.
    """
    for index, (name, view) in enumerate(VIEWS.items()):
        photo = photograph(plant_room(), view, *PHOTO_SIZE_PX, samples=5)
        photo.save(folder / f"{name}.jpg", quality=90, optimize=True)
        progress(index + 1, len(VIEWS), "photos")


def nameplate() -> "Image.Image":
    """A pump's nameplate, 1920 × 1440, screwed to blue paint and seen a little from the side."""
    sheet = Canvas(1440, 960, (176, 182, 188))
    _brush(sheet)
    ink: c.Color = (34, 40, 48)
    sheet.box((26, 26, 1414, 934), line=ink, width=6, round_px=22)
    sheet.box((26, 26, 1414, 214), fill=ink, round_px=22)
    sheet.text((100, 152), NAMEPLATE_WORDS[0], 96, (214, 220, 226), weight=800)
    sheet.text((1340, 148), NAMEPLATE_WORDS[1], 56, (214, 220, 226), weight=600, anchor="rs")
    for index, words in enumerate(NAMEPLATE_WORDS[2:]):
        name, value = words.split(" ", 1)
        x, y = 100 + (index % 2) * 660, 350 + (index // 2) * 210
        sheet.text((x, y), name, 62, (70, 78, 88), weight=600)
        sheet.text((x + 200, y), value, 74, ink, weight=700)
        sheet.line([(x, y + 40), (x + 560, y + 40)], (96, 104, 114), 3)
    for x, y in ((66, 890), (1374, 890), (66, 66), (1374, 66)):
        sheet.circle((x, y), 24, fill=(120, 127, 135), line=(60, 66, 74), width=3)
        sheet.circle((x - 5, y - 6), 14, fill=(214, 219, 224))
        sheet.line([(x - 14, y + 8), (x + 14, y - 8)], (66, 72, 80), 5)
    return _as_photo(
        sheet.finished(), (1920, 1440), (26, 84, 124),
        ((250, 300), (1660, 214), (1700, 1190), (226, 1250)), seed=21,
    )  # fmt: skip


def gauge_panel() -> "Image.Image":
    """Three pressure gauges on a steel panel, 1920 × 1280."""
    sheet = Canvas(1560, 800, (108, 118, 128))
    _brush(sheet)
    for index, (words, reading) in enumerate(zip(PANEL_WORDS, (0.44, 0.58, 0.31), strict=True)):
        x = 280 + index * 500
        sheet.circle((x + 8, 350), 222, fill=(40, 46, 54, 90))
        small_gauge(sheet, (x, 340), 216, reading)
        for tick in range(0, 11, 2):
            angle = math.radians(135 + 27 * tick)
            place = (x + 98 * math.cos(angle), 340 + 98 * math.sin(angle))
            sheet.text(place, str(tick), 34, c.INK, weight=700, anchor="mm")
        sheet.text((x, 462), "bar", 32, c.SLATE, weight=600, anchor="mm")
        sheet.box((x - 180, 620, x + 180, 712), fill=(20, 26, 34), round_px=10)
        sheet.text((x, 665), words, 52, (236, 240, 244), weight=700, anchor="mm")
        for dx in (-160, 160):
            sheet.circle((x + dx, 666), 8, fill=(150, 158, 166))
    for x, y in ((40, 40), (1520, 40), (40, 760), (1520, 760)):
        sheet.circle((x, y), 20, fill=(70, 78, 88), line=(40, 46, 54), width=3)
        sheet.circle((x - 4, y - 5), 11, fill=(190, 197, 204))
    return _as_photo(
        sheet.finished(), (1920, 1280), (120, 132, 126),
        ((150, 200), (1790, 262), (1776, 1072), (166, 1108)), seed=22,
    )  # fmt: skip


def _brush(sheet: Canvas) -> None:
    """Give a sheet the streaks of brushed metal, lighter in the middle."""
    import cv2
    import numpy as np
    from PIL import Image

    plain = sheet.finished()
    tone = np.asarray(plain, np.float32)
    height_px, width_px = tone.shape[:2]
    streaks = np.random.default_rng(9).standard_normal((height_px, width_px)).astype(np.float32)
    streaks = cv2.blur(streaks, (161, 1)) * 55
    shine = 16 * np.cos(np.linspace(-2.2, 2.0, width_px, dtype=np.float32))[None, :]
    picture = np.clip(tone + (streaks + shine)[..., None], 0, 255).astype(np.uint8)
    sheet.paste(Image.fromarray(picture), (0, 0), (width_px, height_px))


def _as_photo(
    plate: "Image.Image",
    size_px: tuple[int, int],
    ground: tuple[int, int, int],
    corners: tuple[tuple[float, float], ...],
    *,
    seed: int,
) -> "Image.Image":
    """Mount a plate on painted metal and take its picture: perspective, shadow, light, grain."""
    import cv2
    import numpy as np
    from PIL import Image

    width_px, height_px = size_px
    chance = np.random.default_rng(seed)
    paint = cv2.resize(chance.standard_normal((90, 120)).astype(np.float32), size_px)
    fine = cv2.GaussianBlur(chance.standard_normal((height_px, width_px)), (0, 0), 1.6)
    wall = np.asarray(ground, np.float32) + (3.5 * paint + 7 * fine.astype(np.float32))[..., None]
    source = np.asarray(plate, np.float32)
    tall, wide = source.shape[:2]
    edge = np.asarray([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    turn = cv2.getPerspectiveTransform(edge, np.asarray(corners, np.float32))
    flat = cv2.warpPerspective(source, turn, size_px, flags=cv2.INTER_AREA)
    solid = cv2.warpPerspective(np.ones((tall, wide), np.float32), turn, size_px)
    dark = cv2.GaussianBlur(np.roll(solid, (26, 16), (0, 1)), (0, 0), 18)
    picture = wall * (1 - 0.62 * dark)[..., None]
    picture = picture * (1 - solid[..., None]) + flat * solid[..., None]
    picture = _lit(picture, chance)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def _lit(picture: "np.ndarray", chance: "np.random.Generator") -> "np.ndarray":
    import cv2
    import numpy as np

    height_px, width_px = picture.shape[:2]
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    lamp = np.exp(-(((x / width_px - 0.36) / 0.62) ** 2 + ((y / height_px - 0.30) / 0.70) ** 2))
    picture = picture * (0.58 + 0.50 * lamp)[..., None] + 10 * (lamp**3)[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), 0.9)
    grain = chance.standard_normal((height_px, width_px)).astype(np.float32)
    return np.asarray(picture + 3.0 * grain[..., None])
