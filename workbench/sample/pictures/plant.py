"""The plant room of the sample: a pump skid, its pipes and gauges, as solids to be photographed.

Lengths are metres, y points up, the pump's shaft lies along x, and the visitor stands at positive z.
"""

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.sample.pictures.camera import View
from workbench.sample.pictures.rays import (
    Ball,
    Bend,
    Box,
    Cylinder,
    Lamp,
    Paint,
    Scene,
    Solid,
    Surface,
)

if TYPE_CHECKING:
    import numpy as np

VIEWS = {
    "room_wide": View((1.75, 1.62, 4.1), (0.10, 0.94, 0.0), 53, 4.3, 0.7),
    "room_motor": View((-2.05, 1.12, 2.25), (-0.35, 0.52, 0.0), 46, 2.6, 1.2),
    "room_pump": View((2.0, 1.1, 2.15), (0.62, 0.72, 0.0), 44, 2.4, 1.2),
}
"""Where the photographer stands, by name of the picture."""

SHAFT_Y = 0.62

PAINT_BLUE = Surface((0.035, 0.15, 0.24), gloss=0.06, roughness=0.06)
PAINT_GREEN = Surface((0.02, 0.15, 0.135), gloss=0.06, roughness=0.05)
DARK = Surface((0.025, 0.028, 0.033), gloss=0.05, roughness=0.12)
STEEL = Surface((0.55, 0.57, 0.60), gloss=0.45, roughness=0.09, is_metal=True)
BRASS = Surface((0.72, 0.52, 0.22), gloss=0.45, roughness=0.08, is_metal=True)
PIPE = Surface((0.46, 0.49, 0.51), gloss=0.05, roughness=0.10)
YELLOW = Surface((0.80, 0.47, 0.03), gloss=0.06, roughness=0.08)
RED = Surface((0.55, 0.03, 0.025), gloss=0.07, roughness=0.05)
WHITE = Surface((0.75, 0.76, 0.76), gloss=0.04, roughness=0.08)
PANEL_LAMP = Surface((1.0, 0.97, 0.92), glow=5.0)


@functools.lru_cache(maxsize=1)
def _cloud() -> "np.ndarray":
    """A tileable sheet of soft noise around 0, for concrete and worn paint."""
    import cv2
    import numpy as np

    chance = np.random.default_rng(3)
    sheet = np.zeros((512, 512), np.float32)
    for size, share in ((8, 0.5), (24, 0.3), (80, 0.2), (512, 0.25)):
        grid = chance.standard_normal((size, size)).astype(np.float32)
        sheet += share * cv2.resize(grid, (512, 512), interpolation=cv2.INTER_CUBIC)
    return sheet


def _cloud_at(u: "np.ndarray", v: "np.ndarray", size_m: float) -> "np.ndarray":
    import numpy as np

    x = (np.asarray(u) / size_m * 512).astype(np.int64) % 512
    y = (np.asarray(v) / size_m * 512).astype(np.int64) % 512
    return np.asarray(_cloud()[y, x])


def _floor(at: "np.ndarray") -> "np.ndarray":
    import numpy as np

    base = 0.20 * (1 + 0.16 * _cloud_at(at[:, 0], at[:, 2], 3.0))
    color = base[:, None] * np.array([0.95, 1.0, 1.02], np.float32)
    worn = _cloud_at(at[:, 2], at[:, 0], 1.1) < 0.75
    line = (np.abs(at[:, 2] - 1.28) < 0.05) & worn
    color[line] = np.array([0.62, 0.40, 0.03], np.float32)
    joint = (np.abs(at[:, 0] - 2.3) < 0.006) | (np.abs(at[:, 0] + 2.2) < 0.006)
    color[joint] *= 0.4
    return color.astype(np.float32)


def _wall(at: "np.ndarray") -> "np.ndarray":
    import numpy as np

    mottle = 1 + 0.025 * _cloud_at(at[:, 0] + at[:, 2], at[:, 1], 2.0)
    is_low = at[:, 1] < 1.25
    color = np.where(is_low[:, None], [[0.10, 0.19, 0.20]], [[0.52, 0.53, 0.50]])
    stripe = np.abs(at[:, 1] - 1.27) < 0.02
    color[stripe] = (0.03, 0.06, 0.07)
    return (color * mottle[:, None]).astype(np.float32)


def _concrete(at: "np.ndarray") -> "np.ndarray":
    import numpy as np

    grey = 0.33 * (1 + 0.18 * _cloud_at(at[:, 0] + 0.3 * at[:, 1], at[:, 2] + at[:, 1], 0.9))
    return np.repeat(grey[:, None], 3, axis=1).astype(np.float32)


def _mesh(at: "np.ndarray") -> "np.ndarray":
    """Yellow sheet with rows of slots."""
    import numpy as np

    around = np.arctan2(at[:, 1] - SHAFT_Y, at[:, 2])
    slot = (np.abs((at[:, 0] / 0.045) % 1 - 0.5) < 0.27) & (np.abs((around / 0.3) % 1 - 0.5) < 0.36)
    color = np.empty((len(at), 3), np.float32)
    color[:] = YELLOW.color
    color[slot] = (0.03, 0.025, 0.02)
    return color


def _grille(at: "np.ndarray") -> "np.ndarray":
    import numpy as np

    reach = np.hypot(at[:, 1] - SHAFT_Y, at[:, 2])
    slot = (np.abs((reach / 0.034) % 1 - 0.5) < 0.3) & (reach < 0.21) & (reach > 0.04)
    color = np.empty((len(at), 3), np.float32)
    color[:] = PAINT_GREEN.color
    color[slot] = (0.005, 0.007, 0.008)
    return color


def _dial(center: Sequence[float], reading: float) -> Paint:
    """Paint for the front of a gauge: scale, numbers' ticks, coloured band and needle.

    Args:
        center: Middle of the dial; it faces positive z.
        reading: Where the needle stands on the scale, 0 to 1.
    """

    def paint(at: "np.ndarray") -> "np.ndarray":
        import numpy as np

        x, y = (at[:, 0] - center[0]) / 0.085, (at[:, 1] - center[1]) / 0.085
        reach = np.hypot(x, y)
        # 0 at lower left, 1 at lower right, clockwise over 270 degrees.
        turn = ((5 * math.pi / 4 - np.arctan2(y, x)) % (2 * math.pi)) / (1.5 * math.pi)
        color = np.full((len(at), 3), 0.82, np.float32)
        band = (reach > 0.70) & (reach < 0.80)
        color[band & (turn > 0.30) & (turn < 0.66)] = (0.02, 0.40, 0.18)
        color[band & (turn > 0.80) & (turn <= 1.0)] = (0.70, 0.03, 0.02)
        tick = np.abs((turn * 10 + 0.5) % 1 - 0.5) < 0.075
        color[tick & (reach > 0.62) & (reach < 0.82) & (turn <= 1.01)] = 0.02
        angle = 5 * math.pi / 4 - reading * 1.5 * math.pi
        along = x * math.cos(angle) + y * math.sin(angle)
        across = np.abs(-x * math.sin(angle) + y * math.cos(angle))
        color[(along > -0.2) & (along < 0.72) & (across < 0.045)] = (0.02, 0.02, 0.025)
        color[reach < 0.11] = 0.05
        color[reach > 0.86] = (0.10, 0.10, 0.11)
        return color

    return paint


def _gauge(x: float, y: float, z: float, reading: float) -> list[Solid]:
    """A dial pressure gauge with its stem and tap; the middle of its face is at (x, y, z)."""
    face = Surface((1, 1, 1), gloss=0.06, roughness=0.01, paint=_dial((x, y), reading))
    return [
        Cylinder((x, y, z - 0.055), (x, y, z - 0.002), 0.098, STEEL),
        Cylinder((x, y, z - 0.03), (x, y, z), 0.086, face, bevel=0.002),
        Cylinder((x, y - 0.2, z - 0.03), (x, y - 0.09, z - 0.03), 0.017, BRASS),
        Box((x - 0.028, y - 0.175, z - 0.055), (x + 0.028, y - 0.135, z - 0.005), BRASS),
    ]


def _flange(
    center: Sequence[float], along: Sequence[float], radius: float, surface: Surface
) -> list[Solid]:
    """Two bolted discs with a gasket between them."""
    x, y, z = center
    dx, dy, dz = along

    def at(step: float) -> tuple[float, float, float]:
        return (x + dx * step, y + dy * step, z + dz * step)

    solids: list[Solid] = [
        Cylinder(at(-0.036), at(-0.003), radius, surface),
        Cylinder(at(-0.003), at(0.003), radius * 0.93, DARK),
        Cylinder(at(0.003), at(0.036), radius, surface),
    ]
    for index in range(8):
        turn = (index + 0.5) * math.pi / 4
        u, v = 0.80 * radius * math.cos(turn), 0.80 * radius * math.sin(turn)
        side = (0.0, u, v) if dx else (u, 0.0, v)
        ends = [tuple(p + q for p, q in zip(at(s), side, strict=True)) for s in (-0.056, 0.056)]
        solids.append(Cylinder(ends[0], ends[1], 0.015, STEEL, bevel=0.004))
    return solids


def _motor() -> list[Solid]:
    y = SHAFT_Y
    grille = Surface(PAINT_GREEN.color, gloss=0.05, roughness=0.08, paint=_grille)
    plate = Surface((0.62, 0.63, 0.64), gloss=0.3, roughness=0.12, is_metal=True)
    return [
        Cylinder((-1.08, y, 0), (-0.42, y, 0), 0.272, PAINT_GREEN, ribs=44),
        Cylinder((-1.14, y, 0), (-1.05, y, 0), 0.285, PAINT_GREEN, bevel=0.02),
        Cylinder((-0.45, y, 0), (-0.37, y, 0), 0.285, PAINT_GREEN, bevel=0.02),
        Cylinder((-1.33, y, 0), (-1.13, y, 0), 0.268, grille, bevel=0.03),
        Cylinder((-0.38, y, 0), (-0.31, y, 0), 0.13, PAINT_GREEN, bevel=0.02),
        Box((-0.92, y + 0.2, -0.15), (-0.60, y + 0.41, 0.15), PAINT_GREEN, bevel=0.02),
        Box((-0.93, y + 0.40, -0.16), (-0.59, y + 0.425, 0.16), PAINT_GREEN, bevel=0.012),
        Cylinder((-0.76, y + 0.30, 0.14), (-0.76, y + 0.30, 0.22), 0.04, DARK),
        Box((-0.86, y - 0.06, 0.262), (-0.64, y + 0.07, 0.285), plate, bevel=0.004),
        Bend((-0.5, y + 0.33, 0), (1, 0, 0), (0, 1, 0), (0.045, 0.014), STEEL, angle=2 * math.pi),
        *(
            Box((x, 0.26, z - 0.06), (x + 0.14, 0.42, z + 0.06), PAINT_GREEN)
            for x in (-1.05, -0.62)
            for z in (-0.19, 0.19)
        ),
        *(
            Cylinder((x + 0.07, 0.26, z), (x + 0.07, 0.455, z), 0.02, STEEL)
            for x in (-1.05, -0.62)
            for z in (-0.225, 0.225)
        ),
    ]


def _pump() -> list[Solid]:
    y = SHAFT_Y
    guard = Surface(YELLOW.color, gloss=0.05, roughness=0.1, paint=_mesh)
    return [
        Cylinder((-0.30, y, 0), (0.12, y, 0), 0.165, guard, bevel=0.01),
        Box((-0.30, 0.26, -0.155), (0.12, y, 0.155), YELLOW),
        Cylinder((0.10, y, 0), (0.42, y, 0), 0.105, PAINT_BLUE, bevel=0.02),
        Cylinder((0.12, y, 0), (0.17, y, 0), 0.145, PAINT_BLUE, bevel=0.015),
        Cylinder((0.38, y, 0), (0.46, y, 0), 0.22, PAINT_BLUE, bevel=0.03),
        Cylinder((0.24, y + 0.09, 0), (0.24, y + 0.15, 0), 0.012, BRASS),
        Box((0.19, 0.26, -0.07), (0.33, y, 0.07), PAINT_BLUE),
        Cylinder((0.44, y, 0), (0.70, y, 0), 0.30, PAINT_BLUE, bevel=0.05),
        Bend((0.57, y, 0), (0, 0, 1), (0, 1, 0), (0.27, 0.085), PAINT_BLUE,
             angle=6.15, end_thick=0.150),
        # A shoulder where the widest part of the spiral turns up into the discharge.
        Ball((0.57, y, 0.27), 0.152, PAINT_BLUE),
        Cylinder((0.57, y, 0.27), (0.57, 1.16, 0.27), 0.125, PAINT_BLUE),
        Cylinder((0.68, y, 0), (1.05, y, 0), 0.15, PAINT_BLUE, bevel=0.03),
        Box((0.47, 0.26, -0.24), (0.67, 0.42, -0.12), PAINT_BLUE),
        Box((0.47, 0.26, 0.12), (0.67, 0.42, 0.24), PAINT_BLUE),
        *_flange((1.06, y, 0), (1, 0, 0), 0.235, PAINT_BLUE),
        *_flange((0.57, 1.16, 0.27), (0, 1, 0), 0.215, PAINT_BLUE),
    ]  # fmt: skip


def _pipes() -> list[Solid]:
    y = SHAFT_Y
    return [
        Cylinder((1.08, y, 0), (1.95, y, 0), 0.15, PIPE),
        Bend((1.95, y, -0.34), (0, 0, 1), (1, 0, 0), (0.34, 0.15), PIPE),
        Cylinder((2.29, y, -0.34), (2.29, y, -1.7), 0.15, PIPE),
        Box((1.55, 0, -0.05), (1.65, y - 0.1, 0.05), DARK),
        Box((1.47, 0, -0.14), (1.73, 0.03, 0.14), DARK),
        # Discharge: valve, then up and into the wall.
        Cylinder((0.57, 1.18, 0.27), (0.57, 2.15, 0.27), 0.12, PIPE),
        Ball((0.57, 1.52, 0.27), 0.19, PAINT_BLUE),
        *_flange((0.57, 1.74, 0.27), (0, 1, 0), 0.2, PAINT_BLUE),
        Cylinder((0.57, 1.52, 0.40), (0.57, 1.52, 0.62), 0.035, STEEL),
        Cylinder((0.57, 1.52, 0.42), (0.57, 1.52, 0.50), 0.085, PAINT_BLUE),
        Bend((0.57, 1.52, 0.62), (1, 0, 0), (0, 1, 0), (0.17, 0.017), RED, angle=2 * math.pi),
        Cylinder((0.40, 1.52, 0.62), (0.74, 1.52, 0.62), 0.012, RED),
        Cylinder((0.57, 1.35, 0.62), (0.57, 1.69, 0.62), 0.012, RED),
        Bend((0.57, 2.15, -0.03), (0, 0, 1), (0, 1, 0), (0.30, 0.12), PIPE),
        Cylinder((0.57, 2.45, -0.03), (0.57, 2.45, -1.7), 0.12, PIPE),
        *_gauge(1.33, 1.02, 0.02, 0.34),
        *_gauge(0.87, 1.42, 0.34, 0.58),
        Cylinder((0.57, 1.235, 0.31), (0.88, 1.235, 0.31), 0.017, BRASS),
        Cylinder((1.33, y + 0.1, -0.01), (1.33, 0.83, -0.01), 0.017, BRASS),
    ]


def _room() -> list[Solid]:
    wall = Surface((0.5, 0.5, 0.5), gloss=0.02, roughness=0.4, paint=_wall)
    floor = Surface((0.2, 0.2, 0.2), gloss=0.06, roughness=0.045, paint=_floor)
    concrete = Surface((0.3, 0.3, 0.3), gloss=0.0, roughness=0.5, paint=_concrete)
    cabinet = Surface((0.50, 0.53, 0.54), gloss=0.04, roughness=0.1)
    steel_blue = Surface((0.10, 0.22, 0.34), gloss=0.05, roughness=0.1)
    green_lamp = Surface((0.05, 0.9, 0.35), glow=1.6)
    amber_lamp = Surface((1.0, 0.45, 0.05), glow=1.2)
    return [
        Box((-6, -0.2, -3), (6, 0, 6), floor, bevel=0.001),
        Box((-6, 0, -1.9), (6, 4, -1.7), wall, bevel=0.001),
        Box((-4.2, 0, -2), (-4.0, 4, 6), wall, bevel=0.001),
        Box((4.6, 0, -2), (4.8, 4, 6), wall, bevel=0.001),
        Box((-6, 3.6, -3), (6, 3.8, 6), WHITE, bevel=0.001),
        Box((-1.55, 0, -0.5), (1.28, 0.14, 0.5), concrete, bevel=0.02),
        Box((-1.42, 0.14, -0.40), (1.16, 0.26, 0.40), DARK, bevel=0.012),
        # Service pipes along the wall, on brackets.
        Cylinder((-1.6, 1.72, -1.52), (4.6, 1.72, -1.52), 0.075, PIPE),
        Cylinder((-1.6, 1.96, -1.52), (4.6, 1.96, -1.52), 0.06, steel_blue),
        Cylinder((-1.6, 2.16, -1.52), (4.6, 2.16, -1.52), 0.05, RED),
        *(Box((x, 1.6, -1.7), (x + 0.05, 2.27, -1.44), DARK) for x in (-1.3, -0.2, 1.5, 3.4)),
        *(Cylinder((x, y, -1.52), (x + 0.09, y, -1.52), reach, STEEL)
          for x in (-0.75, 2.4) for y, reach in ((1.72, 0.10), (1.96, 0.085), (2.16, 0.07))),
        # Cabinet with lamps and a handle.
        Box((-2.9, 0.12, -1.7), (-1.75, 2.0, -1.22), cabinet, bevel=0.02),
        Box((-2.9, 0.0, -1.7), (-1.75, 0.12, -1.25), DARK),
        Box((-2.335, 0.2, -1.23), (-2.315, 1.94, -1.212), DARK, bevel=0.002),
        Box((-2.22, 1.0, -1.22), (-2.19, 1.25, -1.17), STEEL),
        *(Cylinder((-2.70 + 0.12 * i, 1.72, -1.24), (-2.70 + 0.12 * i, 1.72, -1.19), 0.032, lamp)
          for i, lamp in enumerate((green_lamp, green_lamp, amber_lamp))),
        Box((-2.1, 1.45, -1.23), (-1.88, 1.72, -1.205), Surface((0.02, 0.03, 0.04), gloss=0.08)),
        # Fire extinguisher.
        Cylinder((3.05, 0.55, -1.55), (3.05, 1.0, -1.55), 0.085, RED, bevel=0.02),
        Ball((3.05, 1.0, -1.55), 0.084, RED),
        Cylinder((3.05, 1.05, -1.55), (3.05, 1.14, -1.55), 0.025, DARK),
        Box((2.98, 1.12, -1.57), (3.16, 1.15, -1.53), DARK),
        # Panels of light.
        Box((-2.4, 3.52, 0.1), (-0.6, 3.56, 0.6), PANEL_LAMP, bevel=0.001),
        Box((0.6, 3.52, 0.1), (2.4, 3.56, 0.6), PANEL_LAMP, bevel=0.001),
        Box((-0.9, 3.52, 2.9), (0.9, 3.56, 3.4), PANEL_LAMP, bevel=0.001),
    ]  # fmt: skip


@functools.lru_cache(maxsize=1)
def plant_room() -> Scene:
    """The whole room, lit."""
    return Scene(
        solids=(*_room(), *_motor(), *_pump(), *_pipes()),
        lamps=(
            Lamp((-1.5, 3.5, 0.35), 1.8, 0.5, (7.5, 7.2, 6.8)),
            Lamp((1.5, 3.5, 0.35), 1.8, 0.5, (7.5, 7.2, 6.8)),
            Lamp((0.0, 3.5, 3.15), 1.8, 0.5, (8.5, 8.3, 8.1)),
        ),
        sky=(0.13, 0.14, 0.15),
    )
