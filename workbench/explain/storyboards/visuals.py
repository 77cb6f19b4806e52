"""What a beat of a storyboard can show: one small type for each kind of picture."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "title", "bullets", "equation", "plot", "chart", "timeline",
    "image", "clip", "quote", "comparison", "summary", "scene",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Title:
    """The first card of a film or of a part of it."""

    subtitle: str = ""
    kind: Literal["title"] = "title"


@dataclass(frozen=True, slots=True)
class Bullets:
    """Points, shown one after the other while they are said."""

    items: tuple[str, ...]
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True, slots=True)
class Equation:
    """A formula in LaTeX's notation."""

    latex: str
    note: str = ""
    """A line below it: what its letters mean."""
    kind: Literal["equation"] = "equation"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot: points, or a formula of x."""

    name: str
    points: tuple[tuple[float, float], ...] = ()
    formula: str = ""
    """Such as `sin(x) / x`; used where there are no points."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over x."""

    curves: tuple[Curve, ...]
    x_from: float = 0.0
    x_to: float = 1.0
    x_label: str = ""
    y_label: str = ""
    kind: Literal["plot"] = "plot"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, longest first as given."""

    bars: tuple[Bar, ...]
    unit: str = ""
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A named stretch of a timeline, in seconds."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches of time along one axis."""

    stretches: tuple[Stretch, ...]
    duration_s: float
    kind: Literal["timeline"] = "timeline"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, with a slow zoom to a part of it if there is one to look at."""

    path: str
    caption: str = ""
    zoom: tuple[float, float, float, float] | None = None
    """Left, top, right and bottom of the part, as shares of width and height, 0 to 1."""
    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of somebody's film, silent under the narration unless it is to be heard."""

    path: str
    start_s: float
    end_s: float
    caption: str = ""
    sound: bool = False
    """Is it heard with its own sound? It is then shown whole, and quieter under words."""
    kind: Literal["clip"] = "clip"


@dataclass(frozen=True, slots=True)
class Quote:
    """Words as they were said or written."""

    text: str
    by: str = ""
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two columns of points, side by side."""

    left_title: str
    left: tuple[str, ...]
    right_title: str
    right: tuple[str, ...]
    kind: Literal["comparison"] = "comparison"


@dataclass(frozen=True, slots=True)
class Closing:
    """The last card: what to remember."""

    items: tuple[str, ...]
    kind: Literal["summary"] = "summary"


@dataclass(frozen=True, slots=True)
class Scene:
    """A Manim scene that somebody wrote; it is run in the sandbox."""

    code: str
    """The script, from its imports on."""
    class_name: str = ""
    """The scene to render, if the script has several."""
    kind: Literal["scene"] = "scene"


Visual = (
    Title
    | Bullets
    | Equation
    | Plot
    | Chart
    | Timeline
    | Image
    | Clip
    | Quote
    | Comparison
    | Closing
    | Scene
)
