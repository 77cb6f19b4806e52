"""Addresses: of routes, of views, and widgets that keep their value in the link.

A view is its link. Where a widget's options are plain labels, pages use Streamlit's own
`bind="query-params"`; for ids this module makes the link the truth and the widget follow it.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import streamlit as st


def origin() -> str:
    """Scheme, host and port the reader uses, such as `http://127.0.0.1:8501`.

    Streamlit opens a relative address as a file, so its elements need the full one.
    """
    parts = urlsplit(st.context.url or "")
    if not parts.netloc:
        return "http://127.0.0.1:8501"
    return f"{parts.scheme}://{parts.netloc}"


def media_path(asset_id: str) -> str:
    """Where the browser gets an asset it can play."""
    return f"/files/{asset_id}/media"


def poster_path(asset_id: str, *, at_s: float | None = None, width_px: int = 480) -> str:
    """Where the browser gets a small picture of an asset.

    Example:
        >>> poster_path("0" * 16, at_s=6.25)
        '/files/0000000000000000/poster?w=480&t=6.25'
    """
    moment = "" if at_s is None else f"&t={round(at_s, 2)}"
    return f"/files/{asset_id}/poster?w={width_px}{moment}"


def poster_url(asset_id: str, *, at_s: float | None = None, width_px: int = 480) -> str:
    """The full address of `poster_path`."""
    return origin() + poster_path(asset_id, at_s=at_s, width_px=width_px)


def film_url(film_id: str) -> str:
    """The full address of an explainer film. Streamlit's own would end while it still plays."""
    return f"{origin()}/films/{film_id}/film.mp4"


def still_url(film_id: str, number: int) -> str:
    """The full address of the picture of a film's beat; `number` counts from 0."""
    return f"{origin()}/films/{film_id}/{number}.jpg"


def strip_path(asset_id: str) -> str:
    """Where the browser gets the strip of a film: its sheet of pictures and their moments."""
    return f"/files/{asset_id}/strip.json"


def sound_path(asset_id: str) -> str:
    """Where the browser gets how loud an asset is over its length."""
    return f"/files/{asset_id}/sound.json"


def captions_path(asset_id: str) -> str:
    """Where the browser gets an asset's captions."""
    return f"/files/{asset_id}/captions.vtt"


def report_url(report_id: str, *, download: bool = False, form: str = "") -> str:
    """The full address of a report."""
    query = "?form=notebook" if form == "notebook" else "?download" if download else ""
    return f"{origin()}/reports/{report_id}{query}"


def linked_choice(name: str, options: Sequence[str], *, default: str) -> Callable[[], None]:
    """Let the link hold the value of a single-choice widget.

    Call it before the widget, give the widget `key=name` and `on_change=` what comes back, and
    let nothing else set its value.

    Args:
        name: Query parameter and key of the widget.
        options: What may be chosen; anything else in a link falls back to `default`.
        default: Chosen when the link says nothing; it is not written into the link.
    """
    wanted = st.query_params.get(name, default)
    st.session_state[name] = wanted if wanted in options else default

    def follow() -> None:
        chosen = st.session_state.get(name)
        if chosen is None or chosen == default:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = chosen

    return follow


def linked_page(name: str, pages: int) -> Callable[[], None]:
    """Let the link hold the page of a list, the first if it says nothing or too much.

    Used as `linked_choice` is.

    Args:
        name: Query parameter and key of the widget.
        pages: How many there are, at least 1.
    """
    wanted = st.query_params.get(name, "")
    page = int(wanted) if wanted.isdecimal() and len(wanted) < 9 else 1
    st.session_state[name] = min(max(1, page), pages)

    def follow() -> None:
        chosen = st.session_state.get(name, 1)
        if chosen == 1:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(chosen)

    return follow


def linked_number(name: str) -> float | None:
    """A number from the link, such as a moment in seconds; None if there is none."""
    text = st.query_params.get(name, "")
    return float(text) if text.replace(".", "", 1).isdecimal() else None
