"""What every page has around it: settings of the page, logos, the few lines of CSS, engine badges.

The CSS here is the only CSS of the app outside its components; a browser test guards each of
its selectors. Known errors are shown where the result would be, with what to do next.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.errors import WorkbenchError
from workbench.ui import data
from workbench.ui.components import daylight, theme
from workbench.ui.formats import advice, plain

ASSETS = Path(__file__).parent / "assets"

ENGINE_WORDS = {
    "local": ("Local engine", "ready", "not ready"),
    "nova": ("AWS", "connected", "not connected"),
}
"""Rekognition goes by the same credentials as Nova."""

_TROUBLE = "trouble"

_GRAY = {"light": "#5B6472", "dark": "#A3ABB8"}
_LINK = {"light": "#0A6E6A", "dark": "#5ACFC7"}


def _css(name: str) -> str:
    return f"""<style>
[data-testid="stMainBlockContainer"] {{ padding-left: 2.25rem; padding-right: 2.25rem; max-width: 1560px; }}
[data-testid="stCaptionContainer"], [data-testid="stImageCaption"] {{ opacity: 1; color: {_GRAY[name]}; }}
button[aria-checked="true"] p, button[aria-pressed="true"] p {{ color: {_LINK[name]}; }}
button[kind^="primary"] kbd {{ color: inherit; }}
[data-testid="stSidebarNavLink"]:focus-visible {{ outline: 2px solid {_LINK[name]}; outline-offset: -2px; }}
[class*="st-key-frame_"] img {{ width: 100%; aspect-ratio: 16 / 9; object-fit: cover; background: #0B0E12; }}
</style>"""


@contextlib.contextmanager
def page_frame() -> Iterator[None]:
    """Set up the page, let it draw itself, then say which engines are ready.

    The engines come last: to ask them takes seconds after a start, and no page waits for that.
    Draws nothing outside a script run, as when the server imports `app.py` before any session.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        yield
        return
    name = theme()
    st.set_page_config(
        page_title="Nova Workbench",
        page_icon=str(ASSETS / "icon.png"),
        layout="wide",
        initial_sidebar_state=224,
    )
    st.html(_css(name))
    with contextlib.suppress(WorkbenchError):  # the page itself shows it
        data.note_page()
    st.logo(str(ASSETS / f"logo_{name}.svg"), size="medium")
    yield
    with st.sidebar:
        _engine_badges()
        daylight()


def _engine_badges() -> None:
    with contextlib.suppress(WorkbenchError):  # the page itself shows it
        states = data.engine_states()
        for name, (title, good, bad) in ENGINE_WORDS.items():
            engine = states[name]
            if engine.is_ready:
                st.badge(
                    f"{title} {good}",
                    icon=":material/check_circle:",
                    color="green",
                    help=plain(engine.finding),
                )
            else:
                st.badge(
                    f"{title} {bad}",
                    icon=":material/cloud_off:",
                    color="gray",
                    help=f"{plain(engine.finding)}  \n{advice(engine.hint)}",
                )


@contextlib.contextmanager
def shown_errors() -> Iterator[None]:
    """Show a known error with its hint where the result would be; the rest of the page stays.

    Anything that is not a `WorkbenchError` is a bug and keeps its traceback.
    """
    try:
        yield
    except WorkbenchError as error:
        show_error(error.message, error.hint)


def act(place: str, action: Callable[[], object]) -> None:
    """Do what a button asks, in its callback; a known error waits for `shown_trouble`.

    Args:
        place: Where on the page an error belongs.
        action: What to do.
    """
    st.session_state.pop(_TROUBLE, None)
    try:
        action()
    except WorkbenchError as error:
        st.session_state[_TROUBLE] = (place, error.message, error.hint)


def shown_trouble(place: str) -> None:
    """Show what went wrong with the last button, if it belongs here, until the next is pressed."""
    where, message, hint = st.session_state.get(_TROUBLE, ("", "", ""))
    if message and where == place:
        show_error(message, hint)


def show_error(message: str, hint: str = "", *, details: str = "") -> None:
    """Show what happened, the next step, and details in a closed expander."""
    sentence = f"{message[:1].upper()}{message[1:]}"
    st.error(
        f"**{plain(sentence)}**" + (f"  \n{advice(hint)}" if hint else ""),
        icon=":material/error:",
    )
    if details:
        with st.expander("Details"):
            st.code(details, language=None, wrap_lines=True)
