"""Take a picture of a scene: light, shadows, mirror images, then what a lens and a sensor do.

Light that falls on a surface is worked out apart from the surface's own colour, so that the grain
of few light samples can be smoothed without blurring the texture.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.sample.pictures.rays import Scene, dot, first_hit, surfaces_at, unit

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

TILE = 96
"""Side of the square of pixels traced at once; small enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera stands, what it looks at, and its lens."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view_deg: float
    """Across the width of the picture."""
    focus_m: float
    """Distance that is sharp."""
    blur: float = 1.0
    """How fast things out of focus blur; 0 for a sharp picture everywhere."""


def photograph(
    scene: Scene, view: View, width_px: int, height_px: int, *, samples: int = 6
) -> "Image.Image":
    """Draw a scene as a photo.

    Args:
        scene: What is there.
        view: From where it is seen.
        width_px: Width of the picture, at least 16.
        height_px: Height of the picture, at least 9.
        samples: Rays for each lamp's shadow, for indirect light and for mirror images; more give
            less grain and take longer.

    Returns:
        An RGB picture; the same for the same scene and view.
    """
    import numpy as np

    light = np.zeros((height_px, width_px, 3), np.float32)
    tint = np.zeros_like(light)
    extra = np.zeros_like(light)
    depth = np.zeros((height_px, width_px), np.float32)
    facing = np.zeros_like(light)
    which = np.zeros((height_px, width_px), np.int16)
    for top in range(0, height_px, TILE):
        for left in range(0, width_px, TILE):
            rows = np.arange(top, min(top + TILE, height_px))
            columns = np.arange(left, min(left + TILE, width_px))
            y, x = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
            chance = np.random.default_rng((top, left))
            origin, way = _rays(view, x + 0.5, y + 0.5, width_px, height_px)
            found = _shade(scene, origin, way, chance, samples)
            light[y, x], tint[y, x], extra[y, x], depth[y, x], facing[y, x], which[y, x] = found
    picture = _smoothed(light, facing, which) * tint + extra
    edges = _edges(facing, which, depth)
    y, x = np.nonzero(edges)
    if len(y):
        chance = np.random.default_rng(7)
        total = picture[y, x].copy()
        for dx, dy in ((0.2, 0.35), (0.8, 0.2), (0.65, 0.8)):
            origin, way = _rays(view, x + dx, y + dy, width_px, height_px)
            for part in np.array_split(np.arange(len(y)), max(1, len(y) // TILE**2)):
                lit, own, more, *_ = _shade(
                    scene, origin[part], way[part], chance, max(2, samples // 2)
                )
                total[part] += lit * own + more
        picture[y, x] = total / 4
    return _developed(picture, depth, view)


def _rays(
    view: View, x: "np.ndarray", y: "np.ndarray", width_px: int, height_px: int
) -> "tuple[np.ndarray, np.ndarray]":
    import numpy as np

    eye = np.asarray(view.eye, np.float32)
    forward = unit(np.asarray(view.target, np.float32) - eye)
    right = unit(np.cross(forward, np.array([0, 1, 0], np.float32)))
    up = np.cross(right, forward)
    scale = np.tan(np.radians(view.field_of_view_deg) / 2) * 2 / width_px
    way = (
        forward
        + ((x - width_px / 2) * scale)[:, None] * right
        - ((y - height_px / 2) * scale)[:, None] * up
    )
    way = unit(way).astype(np.float32)
    return np.broadcast_to(eye, way.shape).astype(np.float32), way


def _shade(
    scene: Scene,
    origin: "np.ndarray",
    way: "np.ndarray",
    chance: "np.random.Generator",
    samples: int,
) -> "tuple[np.ndarray, ...]":
    """Light, own colour, mirrored and given-off light, distance, normal and solid of each ray."""
    import numpy as np

    depth, which = first_hit(scene, origin, way)
    at = origin + depth[:, None] * way
    normal, color, finish = surfaces_at(scene, which, at)
    normal = np.where((dot(normal, way) > 0)[:, None], -normal, normal)
    light = _light(scene, at, normal, chance, samples)
    gloss, roughness, is_metal, glow = finish.T
    straight = np.clip(-dot(normal, way), 0, 1)
    mirrored = gloss + (1 - gloss) * (1 - straight) ** 5 * np.where(roughness > 0.3, 0.2, 0.9)
    extra = glow[:, None] * color
    live = np.flatnonzero((mirrored > 0.015) & (which >= 0) & (glow == 0))
    if len(live):
        bounce = way[live] - 2 * dot(way[live], normal[live])[:, None] * normal[live]
        seen = np.zeros_like(bounce)
        for _ in range(samples):
            spread = bounce + roughness[live, None] * chance.standard_normal(bounce.shape)
            start = at[live] + 2e-3 * normal[live]
            # A lamp in the mirror may not outshine the rest: that is what speckles are made of.
            seen += np.minimum(_glimpse(scene, start, unit(spread).astype(np.float32)), 3) / samples
        filtered = np.where(is_metal[live, None] > 0, color[live], 1.0)
        extra[live] += mirrored[live, None] * seen * filtered
    tint = color * (1 - mirrored)[:, None] * np.where(is_metal > 0, 0.35, 1.0)[:, None]
    tint[(glow > 0) | (which < 0)] = 0
    return light, tint, extra.astype(np.float32), depth, normal, which


def _light(
    scene: Scene,
    at: "np.ndarray",
    normal: "np.ndarray",
    chance: "np.random.Generator",
    samples: int,
) -> "np.ndarray":
    """Light that falls on points: from the lamps, and once bounced off what is near."""
    import numpy as np

    total = np.zeros_like(at)
    lifted = at + 2e-3 * normal
    for lamp in scene.lamps:
        for sample in range(samples):
            spot = np.empty_like(at)
            u = (sample + chance.random(len(at))) / samples - 0.5
            spot[:, 0] = lamp.center[0] + u * lamp.width
            spot[:, 1] = lamp.center[1]
            spot[:, 2] = lamp.center[2] + (chance.random(len(at)) - 0.5) * lamp.depth
            to = spot - lifted
            far = np.sqrt(dot(to, to))
            to /= far[:, None]
            strength = np.clip(dot(normal, to), 0, 1) * np.clip(to[:, 1], 0, 1) / far**2
            live = np.flatnonzero(strength > 1e-4)
            blocked, _ = first_hit(scene, lifted[live], to[live])
            strength[live] *= blocked > far[live] - 0.08
            total += (strength / samples)[:, None] * np.asarray(lamp.power, np.float32)
    for _ in range(samples):
        way = unit(normal + unit(chance.standard_normal(at.shape))).astype(np.float32)
        total += _glimpse(scene, lifted, way) / samples
    return total


def _glimpse(scene: Scene, origin: "np.ndarray", way: "np.ndarray") -> "np.ndarray":
    """What a bounced ray sees, without shadows of its own."""
    import numpy as np

    depth, which = first_hit(scene, origin, way)
    at = origin + depth[:, None] * way
    normal, color, finish = surfaces_at(scene, which, at)
    falling = np.zeros_like(at) + np.asarray(scene.sky, np.float32)
    for lamp in scene.lamps:
        to = np.asarray(lamp.center, np.float32) - at
        far = np.maximum(np.sqrt(dot(to, to)), 0.6)
        strength = np.clip(np.abs(dot(normal, to)) / far, 0, 1) * np.clip(to[:, 1] / far, 0, 1)
        falling += (0.6 * strength / far**2)[:, None] * np.asarray(lamp.power, np.float32)
    seen = np.where((finish[:, 3] > 0)[:, None], color * finish[:, 3:4], color * falling)
    return np.where((which < 0)[:, None], np.asarray(scene.sky, np.float32), seen)


def _edges(facing: "np.ndarray", which: "np.ndarray", depth: "np.ndarray") -> "np.ndarray":
    import numpy as np

    edges = np.zeros(which.shape, bool)
    for axis in (0, 1):
        near = np.abs(np.diff(which.astype(np.int32), axis=axis)) > 0
        near |= np.einsum("ijk,ijk->ij", *_pair(facing, axis)) < 0.85
        near |= np.abs(np.diff(depth, axis=axis)) > 0.25
        first, second = _pair(edges, axis)
        first |= near
        second |= near
    return edges


def _pair(grid: "np.ndarray", axis: int) -> "tuple[np.ndarray, np.ndarray]":
    return (grid[:-1], grid[1:]) if axis == 0 else (grid[:, :-1], grid[:, 1:])


def _smoothed(light: "np.ndarray", facing: "np.ndarray", which: "np.ndarray") -> "np.ndarray":
    """Average light with its neighbours on the same solid that face the same way."""
    import numpy as np

    for step in (1, 2, 4):
        total = light.copy()
        weight = np.ones(which.shape, np.float32)
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)):
            shift = (dy * step, dx * step)
            same = np.roll(which, shift, (0, 1)) == which
            same &= np.einsum("ijk,ijk->ij", np.roll(facing, shift, (0, 1)), facing) > 0.9
            total += np.roll(light, shift, (0, 1)) * same[..., None]
            weight += same
        light = total / weight[..., None]
    return light


def _developed(picture: "np.ndarray", depth: "np.ndarray", view: View) -> "Image.Image":
    """Depth of field, glare, tone curve, vignette and grain."""
    import cv2
    import numpy as np
    from PIL import Image

    height_px, width_px = depth.shape
    # Points that outshine all their neighbours are chance, not light.
    usual = cv2.medianBlur(np.minimum(picture, 6.0), 3)
    picture = np.where(picture > 1.5 * usual + 0.04, usual, picture)
    if view.blur > 0:
        spread = view.blur * width_px / 260 * np.abs(1 / view.focus_m - 1 / np.maximum(depth, 0.1))
        spread = cv2.GaussianBlur(spread.astype(np.float32), (0, 0), 2.0)
        for sigma in (width_px / 1400, width_px / 600):
            soft = cv2.GaussianBlur(picture, (0, 0), sigma)
            share = np.clip(spread * 1400 / width_px - sigma * 900 / width_px, 0, 1)[..., None]
            picture = picture * (1 - share) + soft * share
    glare = cv2.GaussianBlur(np.maximum(picture - 0.9, 0), (0, 0), width_px / 70)
    picture = picture + 0.22 * glare
    # A filmic curve: linear in the shadows, a long shoulder in the lights.
    picture = picture * (2.51 * picture + 0.03) / (picture * (2.43 * picture + 0.59) + 0.14)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    off = ((x / width_px - 0.5) ** 2 + (y / height_px - 0.5) ** 2) / 0.5
    picture *= (1 - 0.42 * off**1.2)[..., None]
    picture = np.clip(picture, 0, 1) ** (1 / 2.2)
    grain = np.random.default_rng(11).standard_normal(depth.shape).astype(np.float32)
    picture += cv2.GaussianBlur(grain, (0, 0), 0.7)[..., None] * 0.012
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
