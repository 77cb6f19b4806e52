"""Trace rays through simple solids, to draw pictures that look like photos.

Everything is numpy on flat arrays of rays; lengths are metres. The same scene and camera give the
same picture: the only random numbers are seeded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    Rays = np.ndarray

NOTHING = 1e9
"""Distance of a ray that meets nothing, in metres."""

Paint = Callable[["np.ndarray"], "np.ndarray"]
"""Points (n, 3) → colours (n, 3), linear light, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a solid looks like."""

    color: tuple[float, float, float]
    """Linear light, 0 to 1."""
    gloss: float = 0.04
    """Share of light mirrored when seen straight on, 0 to 1."""
    roughness: float = 0.05
    """How far mirrored rays spread; 0 is a mirror."""
    is_metal: bool = False
    """Does the reflection take the colour of the surface?"""
    glow: float = 0.0
    """Light it gives off; more than 0 makes it a lamp."""
    paint: Paint | None = None
    """Colour by place, in place of `color`."""


class Solid(Protocol):
    """Something a ray can meet."""

    surface: Surface
    center: "np.ndarray"
    radius: float
    """Of a ball around `center` that holds the whole solid."""

    def hit(self, origin: "Rays", way: "Rays") -> "np.ndarray":
        """Distance along each ray to the solid, `NOTHING` if it is missed."""
        ...

    def normal(self, at: "Rays") -> "Rays":
        """Unit normals at points on the solid."""
        ...


def dot(a: "np.ndarray", b: "np.ndarray") -> "np.ndarray":
    """Row-wise scalar product."""
    import numpy as np

    return np.asarray(np.einsum("ij,ij->i", a, b))


def unit(a: "np.ndarray") -> "np.ndarray":
    """Rows scaled to length 1."""
    import numpy as np

    length = np.sqrt(np.einsum("...i,...i->...", a, a))
    return np.asarray(a / np.maximum(length, 1e-9)[..., None])


class Box:
    """A box along the axes, its edges bevelled by bending the normals."""

    def __init__(
        self, low: Sequence[float], high: Sequence[float], surface: Surface, bevel: float = 0.012
    ) -> None:
        import numpy as np

        self.low = np.asarray(low, np.float32)
        self.high = np.asarray(high, np.float32)
        self.surface = surface
        self.bevel = bevel
        self.center = (self.low + self.high) / 2
        self.radius = float(np.linalg.norm(self.high - self.low) / 2)

    def hit(self, origin: "Rays", way: "Rays") -> "np.ndarray":
        """Distance to the nearer side that is in front."""
        import numpy as np

        slope = 1.0 / np.where(np.abs(way) < 1e-7, 1e-7, way)
        a = (self.low - origin) * slope
        b = (self.high - origin) * slope
        near = np.minimum(a, b).max(axis=1)
        far = np.maximum(a, b).min(axis=1)
        distance = np.where(near > 1e-4, near, far)
        return np.where((far >= near) & (distance > 1e-4), distance, NOTHING)

    def normal(self, at: "Rays") -> "Rays":
        """Normals, turned towards the neighbouring side near an edge."""
        import numpy as np

        half = (self.high - self.low) / 2
        inside = (at - self.center) / half
        depth = (1 - np.abs(inside)) * half
        weight = np.clip(1 - depth / self.bevel, 1e-3, 1) ** 2
        return unit(np.sign(inside) * weight)


class Cylinder:
    """A closed cylinder between two points, its rims bevelled by bending the normals."""

    def __init__(
        self,
        start: Sequence[float],
        end: Sequence[float],
        radius: float,
        surface: Surface,
        *,
        ribs: int = 0,
        bevel: float = 0.008,
    ) -> None:
        import numpy as np

        self.start = np.asarray(start, np.float32)
        self.axis = np.asarray(end, np.float32) - self.start
        self.length = float(np.linalg.norm(self.axis))
        self.axis = self.axis / self.length
        self.thick = radius
        self.surface = surface
        self.ribs = ribs
        self.bevel = bevel
        self.center = self.start + self.axis * (self.length / 2)
        self.radius = float(np.hypot(self.length / 2, radius))
        helper = np.array([0, 0, 1] if abs(self.axis[2]) < 0.9 else [0, 1, 0], np.float32)
        self.side = unit(np.cross(self.axis, helper).astype(np.float32))
        self.other = np.cross(self.axis, self.side).astype(np.float32)

    def hit(self, origin: "Rays", way: "Rays") -> "np.ndarray":
        """Distance to the mantle or a cap."""
        import numpy as np

        along = way @ self.axis
        to = origin - self.start
        height = to @ self.axis
        flat_way = way - along[:, None] * self.axis
        flat_to = to - height[:, None] * self.axis
        a = np.maximum(dot(flat_way, flat_way), 1e-9)
        b = dot(flat_way, flat_to)
        root = b * b - a * (dot(flat_to, flat_to) - self.thick**2)
        mantle = (-b - np.sqrt(np.maximum(root, 0))) / a
        place = height + mantle * along
        is_mantle = (root > 0) & (mantle > 1e-4) & (place >= 0) & (place <= self.length)
        best = np.where(is_mantle, mantle, NOTHING)
        steep = np.where(np.abs(along) < 1e-7, 1e-7, along)
        for cap in (0.0, self.length):
            distance = (cap - height) / steep
            spot = flat_to + distance[:, None] * flat_way
            is_cap = (dot(spot, spot) <= self.thick**2) & (distance > 1e-4)
            best = np.where(is_cap & (distance < best), distance, best)
        return best

    def normal(self, at: "Rays") -> "Rays":
        """Normals, ribbed if asked, turned towards the cap near a rim."""
        import numpy as np

        to = at - self.start
        height = to @ self.axis
        out = to - height[:, None] * self.axis
        reach = np.sqrt(dot(out, out))
        out = out / np.maximum(reach, 1e-6)[:, None]
        if self.ribs:
            u, v = out @ self.side, out @ self.other
            turn = np.sin(np.arctan2(v, u) * self.ribs)
            around = -v[:, None] * self.side + u[:, None] * self.other
            out = unit(out + 1.1 * (turn**3)[:, None] * around)
        side = np.clip(1 - (self.thick - reach) / self.bevel, 0, 1) ** 2
        lower = np.clip(1 - height / self.bevel, 0, 1) ** 2
        upper = np.clip(1 - (self.length - height) / self.bevel, 0, 1) ** 2
        return unit(side[:, None] * out + (upper - lower)[:, None] * self.axis)


class Ball:
    """A sphere."""

    def __init__(self, center: Sequence[float], radius: float, surface: Surface) -> None:
        import numpy as np

        self.center = np.asarray(center, np.float32)
        self.radius = radius
        self.surface = surface

    def hit(self, origin: "Rays", way: "Rays") -> "np.ndarray":
        """Distance to the near side."""
        import numpy as np

        to = origin - self.center
        b = dot(to, way)
        root = b * b - (dot(to, to) - self.radius**2)
        distance = -b - np.sqrt(np.maximum(root, 0))
        return np.where((root > 0) & (distance > 1e-4), distance, NOTHING)

    def normal(self, at: "Rays") -> "Rays":
        """Straight out from the centre."""
        return (at - self.center) / self.radius


class Bend:
    """A round bar bent along an arc: pipe elbows, rings, and the spiral casing of a pump.

    The arc starts in the direction of `first` and turns towards `second`. `sizes` are the radius of
    the arc and that of the bar; the bar may grow on the way, to `end_thick`.
    """

    def __init__(
        self,
        center: Sequence[float],
        first: Sequence[float],
        second: Sequence[float],
        sizes: tuple[float, float],
        surface: Surface,
        *,
        angle: float = 1.5708,
        end_thick: float | None = None,
    ) -> None:
        import numpy as np

        self.center = np.asarray(center, np.float32)
        self.first = np.asarray(first, np.float32)
        self.second = np.asarray(second, np.float32)
        bend, thick = sizes
        self.bend = bend
        self.thick = thick
        self.grow = (thick if end_thick is None else end_thick) - thick
        self.angle = angle
        self.surface = surface
        self.radius = bend + max(thick, thick + self.grow) + 0.01

    def _distance(self, at: "Rays") -> "np.ndarray":
        import numpy as np

        to = at - self.center
        u, v = to @ self.first, to @ self.second
        turn = np.arctan2(v, u)
        turn = np.where(turn < 0, turn + 2 * np.pi, turn)
        past = turn > self.angle
        back = past & (turn > (self.angle + 2 * np.pi) / 2)
        turn = np.where(back, 0, np.where(past, self.angle, turn)).astype(np.float32)
        middle = self.bend * (
            np.cos(turn)[:, None] * self.first + np.sin(turn)[:, None] * self.second
        )
        gap = to - middle
        thick = self.thick + self.grow * turn / self.angle
        return np.asarray(np.sqrt(dot(gap, gap)) - thick)

    def hit(self, origin: "Rays", way: "Rays") -> "np.ndarray":
        """Distance found by stepping along the ray as far as is safe."""
        import numpy as np

        to = self.center - origin
        b = dot(to, way)
        out = np.full(len(way), NOTHING, np.float32)
        travelled = np.maximum(b - self.radius, 2e-3)
        end = b + self.radius
        live = np.flatnonzero(end > 0)
        for _ in range(48):
            if not len(live):
                break
            step = self._distance(origin[live] + travelled[live, None] * way[live])
            arrived = step < 6e-4
            out[live[arrived]] = travelled[live[arrived]]
            travelled[live] += 0.85 * step
            live = live[~arrived & (travelled[live] < end[live])]
        return out

    def normal(self, at: "Rays") -> "Rays":
        """The direction in which the distance grows fastest."""
        import numpy as np

        step = np.float32(8e-4)
        slopes = [
            self._distance(at + offset) - self._distance(at - offset)
            for offset in np.eye(3, dtype=np.float32) * step
        ]
        return unit(np.stack(slopes, axis=1))


@dataclass(frozen=True, slots=True)
class Lamp:
    """A rectangle of light that hangs level and shines down."""

    center: tuple[float, float, float]
    width: float
    """Along x, in metres."""
    depth: float
    """Along z, in metres."""
    power: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    """Solids, lamps and the light that comes from everywhere."""

    solids: tuple[Solid, ...]
    lamps: tuple[Lamp, ...]
    sky: tuple[float, float, float] = field(default=(0.30, 0.33, 0.36))


def first_hit(scene: Scene, origin: "Rays", way: "Rays") -> "tuple[np.ndarray, np.ndarray]":
    """Find what each ray meets first.

    Returns:
        Distances in metres, and indices into the scene's solids (-1 for nothing).
    """
    import numpy as np

    best = np.full(len(way), NOTHING, np.float32)
    which = np.full(len(way), -1, np.int16)
    for index, solid in enumerate(scene.solids):
        to = solid.center - origin
        along = dot(to, way)
        miss = dot(to, to) - along * along
        reach = solid.radius
        live = np.flatnonzero((miss < reach * reach) & (along > -reach) & (along - reach < best))
        if not len(live):
            continue
        distance = solid.hit(origin[live], way[live])
        closer = distance < best[live]
        best[live[closer]] = distance[closer]
        which[live[closer]] = index
    return best, which


def surfaces_at(
    scene: Scene, which: "np.ndarray", at: "Rays"
) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """Look up what rays have met.

    Returns:
        Normals (n, 3), colours (n, 3), and a row each of gloss, roughness, metal and glow (n, 4).
    """
    import numpy as np

    normal = np.zeros_like(at)
    color = np.zeros_like(at)
    finish = np.zeros((len(at), 4), np.float32)
    for index in np.unique(which[which >= 0]):
        rows = np.flatnonzero(which == index)
        solid = scene.solids[index]
        surface = solid.surface
        normal[rows] = solid.normal(at[rows])
        color[rows] = surface.color if surface.paint is None else surface.paint(at[rows])
        finish[rows] = (surface.gloss, surface.roughness, surface.is_metal, surface.glow)
    return normal, color, finish
