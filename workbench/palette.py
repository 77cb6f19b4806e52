"""The colours of every chart and report.

A colour has one meaning everywhere: shown, said and both are the same three in the app, in a
notebook and on paper. The palette is an argument of every chart, never a global.
"""

from dataclasses import dataclass, field
from typing import Literal

from workbench.errors import RequestError

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as `#RRGGBB`."""

    theme: Theme
    background: str
    surface: str
    text: str
    muted: str
    border: str
    grid: str
    shown: str
    said: str
    both: str
    chapter_even: str
    chapter_odd: str
    speech: str
    shots: str
    accent: str
    """Teal: action and now. Cores of chunks, the local engine, the playhead."""
    on_accent: str
    """Letters on `accent`."""
    nova: str
    rekognition: str
    other: str
    ramp: tuple[str, ...] = field(default=())
    """Five steps of teal, few to many."""

    def engine(self, engine: str) -> str:
        """The colour of an engine; position and label tell engines apart first.

        Example:
            >>> palette("light").engine("local") == palette("light").accent
            True
        """
        known = {"local": self.accent, "nova": self.nova, "rekognition": self.rekognition}
        return known.get(engine, self.other)

    def presence(self, presence: str) -> str:
        """The colour of *shown*, *said* or *both*."""
        return {"shown": self.shown, "said": self.said}.get(presence, self.both)


LIGHT = Palette(
    theme="light",
    background="#FFFFFF",
    surface="#F5F7F8",
    text="#1B1F24",
    muted="#5B6472",
    border="#DFE3E8",
    grid="#E9ECEF",
    shown="#2F74D0",
    said="#C47E00",
    both="#1F2B46",
    chapter_even="#C9D3DA",
    chapter_odd="#DCE3E8",
    speech="#AEB8C2",
    shots="#8B95A1",
    accent="#0A7A75",
    on_accent="#FFFFFF",
    nova="#6D4FC4",
    rekognition="#B4581A",
    other="#5B6472",
    ramp=("#E9F3F2", "#B7DAD7", "#74B6B1", "#1F8781", "#043230"),
)

DARK = Palette(
    theme="dark",
    background="#14171C",
    surface="#20252C",
    text="#ECEEF1",
    muted="#A3ABB8",
    border="#323943",
    grid="#262C34",
    shown="#62A4F2",
    said="#F2B445",
    both="#F1F3F7",
    chapter_even="#394350",
    chapter_odd="#2B323B",
    speech="#5A6573",
    shots="#6F7A88",
    accent="#3DBDB4",
    on_accent="#14171C",
    nova="#A58BF0",
    rekognition="#F0935A",
    other="#A7AFBB",
    ramp=("#1B2227", "#23484A", "#2F7572", "#57ABA5", "#8FE3DB"),
)


def palette(theme: str = "light") -> Palette:
    """The colours of a theme.

    Args:
        theme: `light` or `dark`.

    Raises:
        RequestError: There is no such theme.

    Example:
        >>> palette("dark").shown
        '#62A4F2'
    """
    if theme == "light":
        return LIGHT
    if theme == "dark":
        return DARK
    raise RequestError(f"there is no theme {theme!r}", hint="choose light or dark")


def dark_of_light() -> dict[str, str]:
    """Light colour → dark colour, so that a finished figure can follow the reader's theme.

    Where one light colour stands for two meanings (background and letters on teal are both
    white), the first one named in `Palette` decides.

    Example:
        >>> dark_of_light()["#2F74D0"]
        '#62A4F2'
    """
    pairs: dict[str, str] = {}
    for name in Palette.__dataclass_fields__:
        light, dark = getattr(LIGHT, name), getattr(DARK, name)
        if name == "theme":
            continue
        steps = zip(light, dark, strict=True) if name == "ramp" else [(light, dark)]
        for one, other in steps:
            pairs.setdefault(one, other)
    return pairs
