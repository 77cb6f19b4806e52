"""What states look like: an icon, a word and a colour, never colour alone."""

from typing import Literal, NamedTuple

import streamlit as st

Colour = Literal["red", "orange", "blue", "green", "gray"]


class Look(NamedTuple):
    """How a state is shown."""

    word: str
    icon: str
    colour: Colour


LOOKS: dict[str, Look] = {
    "new": Look("New", "fiber_new", "gray"),
    "proxy ready": Look("Proxy ready", "compress", "gray"),
    "waiting": Look("Waiting", "schedule", "gray"),
    "paused": Look("Paused", "pause_circle", "gray"),
    "running": Look("Running", "progress_activity", "blue"),
    "analysed": Look("Analysed", "check_circle", "green"),
    "complete": Look("Complete", "check_circle", "green"),
    "ready": Look("Ready", "check_circle", "green"),
    "done": Look("Done", "check_circle", "green"),
    "partial": Look("Done, some failed", "warning", "orange"),
    "warning": Look("Warning", "warning", "orange"),
    "cancelled": Look("Stopped", "block", "gray"),
    "failed": Look("Failed", "error", "red"),
    "off": Look("Off", "cloud_off", "gray"),
}

KIND_ICONS = {"video": "movie", "image": "image", "audio": "graphic_eq"}
MOMENT_ICONS = {
    "transcript": "mic",
    "screen_text": "text_fields",
    "chapter": "view_timeline",
    "element": "inventory_2",
    "summary": "description",
}
MOMENT_WORDS = {
    "transcript": "said",
    "screen_text": "on screen",
    "chapter": "chapter",
    "element": "element",
    "summary": "summary",
}


def material(name: str) -> str:
    """A bundled icon by name.

    Example:
        >>> material("movie")
        ':material/movie:'
    """
    return f":material/{name}:"


def state_badge(state: str, *, word: str = "", help_text: str = "") -> None:
    """Show a state as a badge.

    Args:
        state: A key of `LOOKS`.
        word: Replaces the state's own word, such as `7 of 13`.
        help_text: Shown on hover, as Markdown.
    """
    look = LOOKS[state]
    st.badge(word or look.word, icon=material(look.icon), color=look.colour, help=help_text or None)
