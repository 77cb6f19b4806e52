"""The question of a film, and who answers it."""

import streamlit as st

from workbench.explain.asking.roles import AUTO, can_write
from workbench.explain.request import QUESTION_LETTERS, FilmRequest
from workbench.ui import data
from workbench.ui.explain.scenes import scene_field
from workbench.ui.explain.sources import Values, length_field
from workbench.ui.formats import advice
from workbench.ui.requests.form import LANGUAGES
from workbench.ui.session import workspace

LEAST, MOST = QUESTION_LETTERS

LANGUAGE_NAMES = {code: name for name, code in LANGUAGES.items()}

ANY_QUESTION = "How does a mechanical seal fail?"


def from_question() -> Values | None:
    """Ask the question, and choose who answers it."""
    text = st.text_area(
        "Question",
        key="question",
        height=110,
        max_chars=MOST,
        placeholder=ANY_QUESTION,
        help="Models explain it, refine the explanation, write the script and check it. Each text"
        " is kept: to be read, to be changed, and to go on from.",
    )
    values: Values = {"question": text}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        values["written_by"] = _writer()
        values["language"] = st.selectbox(
            "Language",
            ["", *LANGUAGES.values()],
            format_func=lambda code: LANGUAGE_NAMES.get(code, "As the question"),
            width=170,
            key="language",
        )
        values["length"] = length_field()
    values["scenes"] = scene_field()
    letters = len(text.strip())
    if letters >= LEAST:
        return values
    if letters:
        st.caption(f"A question has at least {LEAST} letters.")
    _what_works()
    return None


def _writer() -> str:
    """Who writes; models that cannot be called stay visible, the button says what is missing."""
    models = {model.key: model.name for model in workspace().catalog.models() if can_write(model)}
    usual = workspace().film_models(FilmRequest(question=ANY_QUESTION)).values()
    names = ", ".join(dict.fromkeys(model.name for model in usual))
    return st.selectbox(
        "Written by",
        [AUTO, *models],
        format_func=lambda key: f"Auto: {names}" if key == AUTO else models[key],
        width=230,
        key="written_by",
        help="Auto is what the settings give each role: explain, refine, script, validate.",
    )


def _what_works() -> None:
    """Without an account: what is missing, and what can be made all the same."""
    state = data.engine_states().get("nova")
    if state is None or state.is_ready:
        return
    hint = f": {state.hint}" if state.hint else ""
    st.info(
        f"{advice(state.finding.rstrip('.') + hint)}  \nWithout an account this page makes a video"
        " report of an analysis, a film of your notes or of a storyboard, and the examples, free and"
        " on this machine. A question needs a model: the price is shown before it is paid.",
        icon=":material/cloud_off:",
    )
