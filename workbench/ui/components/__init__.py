"""Four small browser components: a player, lists of moments, a chart tied to it, a wall of assets.

The first three talk to each other in the browser (`wb:seek`, `wb:time`, `wb:size`) and send nothing to the
server while a video plays. Text from media and models reaches the page as text, never as markup.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from workbench.media.timecode import format_time

HERE = Path(__file__).parent

Marked = str | tuple[tuple[str, bool], ...]
"""Plain text, or pieces of it that say whether they are emphasised."""


@dataclass(frozen=True, slots=True)
class PlayerChapter:
    """A segment of the player's chapter bar, in seconds."""

    title: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class PlayerSource:
    """What a player can show: one asset, by the addresses of its routes."""

    asset: str
    title: str
    src: str
    duration: float
    poster: str = ""
    captions: str = ""
    language: str = ""
    chapters: tuple[PlayerChapter, ...] = ()


@dataclass(frozen=True, slots=True)
class MomentRow:
    """A row of a moments list: when, what, and a note at its right."""

    id: str
    asset: str
    t: float
    end: float
    title: str = ""
    text: Marked = ""
    note: str = ""
    tag: Literal["", "shown", "said", "both"] = ""


@dataclass(frozen=True, slots=True)
class WallCard:
    """An asset on the wall: what is read below its picture."""

    id: str
    name: str
    kind: str
    state: str
    shape: str
    size: str
    saved: str = ""
    word: str = ""
    """In place of the word of the state."""
    help: str = ""
    """What is told of the state on hover."""
    alt: str = ""
    """What the picture is, for those who cannot see it."""


@st.cache_resource(show_spinner=False)
def _component(name: str) -> Callable[..., Any]:
    css = HERE / f"{name}.css"
    return st.components.v2.component(
        f"workbench_{name}",
        html=(HERE / f"{name}.html").read_text("utf-8"),
        css=css.read_text("utf-8") if css.exists() else None,
        js=(HERE / f"{name}.js").read_text("utf-8"),
    )


def theme() -> Literal["light", "dark"]:
    """The theme the reader sees."""
    return "dark" if st.context.theme.type == "dark" else "light"


def daylight() -> None:
    """Run the page again when the reader's theme changes: what the server draws is for one."""
    _component("daylight")(key="daylight", data={"theme": theme()}, on_changed_change=_nothing)


def player(
    source: PlayerSource,
    *,
    key: str,
    start_s: float | None = None,
    n: int = 0,
    stamp: str = "",
    sources: Mapping[str, PlayerSource] | None = None,
    link_key: Literal["t", "hit", ""] = "t",
    open_label: str = "",
    on_open: Callable[[], None] | None = None,
) -> dict[str, Any] | None:
    """Show a player with a chapter bar under it.

    Args:
        source: What is loaded first.
        key: Stable name; with it the video lives through reruns.
        start_s: Where to go when it is loaded, in seconds; None for the beginning.
        n: Counter: a new value goes to `start_s` again.
        stamp: Names what else is on the page, such as the analysis; the address is put right when
            it changes.
        sources: Other assets that moments on the page may seek to, by id.
        link_key: Query parameter that keeps the last moment asked for; empty for none.
        open_label: Text of a button that reports asset and position; empty for no button.
        on_open: Called when that button is pressed; the value is in the session under `key`.

    Returns:
        `{"asset": id, "t": seconds}` in the run in which the button was pressed, else None.
    """
    result = _component("player")(
        key=key,
        data={
            "source": asdict(source),
            "sources": {name: asdict(each) for name, each in (sources or {}).items()},
            "start": start_s,
            "n": n,
            "stamp": stamp,
            "link_key": link_key,
            "open_label": open_label,
            "theme": theme(),
        },
        on_open_change=on_open or _nothing,
    )
    opened: dict[str, Any] | None = result.open
    return opened


def moments(
    rows: Sequence[MomentRow],
    *,
    key: str,
    label: str,
    empty: str = "Nothing was found.",
    look: Literal["rows", "lines"] = "rows",
    follows: bool = True,
    fits: bool = True,
    plays: bool = False,
    most_px: int = 0,
    spare_px: int = 0,
) -> None:
    """Show a list in which every row seeks the player of the page.

    Args:
        rows: In the order they are shown.
        key: Stable name.
        label: What the list holds, for those who cannot see it.
        empty: Sentence for an empty list.
        look: `rows` with a title and text under it, or dense `lines` of text.
        follows: Mark the row the player is in.
        fits: Take the height of the player and scroll inside.
        plays: A chosen row also starts to play.
        spare_px: Height that other things beside the player take, where the list fits it.
        most_px: Height from which it scrolls inside, where it does not take the player's; 0: never.
    """
    items = [{**asdict(row), "time": format_time(row.t)} for row in rows]
    stamp = hashlib.sha1(json.dumps(items).encode(), usedforsecurity=False).hexdigest()
    _component("moments")(
        key=key,
        data={
            "items": items,
            "stamp": stamp,
            "label": label,
            "empty": empty,
            "look": look,
            "follows": follows,
            "fits": fits,
            "plays": plays,
            "most_px": most_px,
            "spare_px": spare_px,
            "theme": theme(),
        },
    )


def wall(
    cards: Sequence[WallCard],
    *,
    key: str,
    label: str,
    poster: str,
    href: str,
    looks: Mapping[str, Mapping[str, str]],
    kinds: Mapping[str, str],
) -> str | None:
    """Show assets as cards with pictures, as one element however many they are.

    Args:
        cards: In the order they are shown.
        key: Stable name.
        label: What the wall holds, for those who cannot see it.
        poster: Address of a picture with `{id}` in it.
        href: Address a card leads to in a tab of its own, with `{id}` in it.
        looks: State → word, icon and colour.
        kinds: Kind → icon.

    Returns:
        The id of the card that was pressed in this run, else None.
    """
    items = [{name: value for name, value in asdict(card).items() if value} for card in cards]
    stamp = hashlib.sha1(json.dumps(items).encode(), usedforsecurity=False).hexdigest()
    result = _component("wall")(
        key=key,
        data={
            "items": items,
            "stamp": stamp,
            "label": label,
            "poster": poster,
            "href": href,
            "looks": {name: dict(look) for name, look in looks.items()},
            "kinds": dict(kinds),
        },
        on_open_change=_nothing,
    )
    opened: str | None = result.open
    return opened


def chart_link(chart_key: str, *, key: str, asset_id: str, colour: str) -> None:
    """Tie a plotly chart to the player: a click seeks, and a line follows.

    Args:
        chart_key: The key the chart was drawn with.
        key: Stable name of the tie.
        asset_id: Whose time the chart's x axis shows, in seconds.
        colour: Of the playhead, `#RRGGBB`.
    """
    _component("chart_link")(
        key=key, data={"chart_key": chart_key, "asset": asset_id, "colour": colour}
    )


@dataclass(frozen=True, slots=True)
class StripColours:
    """What a strip is drawn with, `#RRGGBB`."""

    peaks: str
    loudness: str
    playhead: str


def strip(
    asset_id: str,
    duration_s: float,
    *,
    key: str,
    chart_key: str,
    colours: StripColours,
    pictures: str = "",
    sound: str = "",
) -> None:
    """Show the pictures of a film and its loudness on the time axis of a chart; a click seeks.

    Args:
        asset_id: Whose pictures these are.
        duration_s: Length of the axis, in seconds.
        key: Stable name.
        chart_key: The key of the chart whose axis it takes; without such a chart it is as wide as
            its place.
        colours: To draw with.
        pictures: Where the strip is found, see `links.strip_path`; empty for none.
        sound: Where the loudness is found, see `links.sound_path`; empty for none.
    """
    _component("strip")(
        key=key,
        data={
            "asset": asset_id,
            "duration": duration_s,
            "chart_key": chart_key,
            "pictures": pictures,
            "sound": sound,
            **asdict(colours),
        },
    )


def _nothing() -> None:
    """Streamlit wants a callback for every value a component may send."""
