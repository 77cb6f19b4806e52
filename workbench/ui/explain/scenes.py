"""Scenes that a model writes: whether they can be run here, and what can be done with one that failed."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.explain.animation.availability import INSTALL, is_available
from workbench.explain.asking.texts import read_texts
from workbench.explain.sandbox.running import sandbox_readiness
from workbench.explain.storyboards.storyboard import read_storyboard
from workbench.ui.explain.price import make_button
from workbench.ui.explain.request import changed_beat, request_again, shown
from workbench.ui.formats import advice, plain, sentence
from workbench.ui.frame import shown_errors

if TYPE_CHECKING:
    from workbench.explain.films.making import Film

SHOWN_FINDINGS = 20


def scene_field() -> bool:
    """May the model write scenes? Only where Manim is there, and a sandbox to run them in."""
    missing = _missing()
    is_wanted = st.checkbox(
        "The model may write scenes of its own",
        key="scenes",
        disabled=bool(missing),
        help="At most two beats become programs for Manim. They are checked, run in a sandbox, and"
        " put right by the model at most three times. One that still fails becomes a card.",
    )
    if missing:
        st.caption(f":material/cloud_off: {advice(missing)}")
    return is_wanted and not missing


def _missing() -> str:
    """What is missing for scenes, in words; empty if nothing is."""
    if not is_available():
        return f"scenes by a model need Manim, which is not installed: `{INSTALL}`"
    state = sandbox_readiness()
    return "" if state.is_ready else f"{state.finding}: {state.hint}"


def failed_scene(film: "Film", number: int) -> None:
    """The button that opens a scene that was not rendered; nothing for other beats."""
    is_failed = any(scene.beat == number + 1 and not scene.is_made for scene in film.scenes)
    if is_failed and st.button("Repair…", key=f"repair_beat_{number}", icon=":material/build:"):
        _repairing(film, number)


@st.dialog("A scene that was not rendered", width="large")
def _repairing(film: "Film", number: int) -> None:
    scene = next(each for each in film.scenes if each.beat == number + 1)
    for warning in film.beats[number].warnings:
        st.warning(sentence(warning), icon=":material/warning:")
    found = [*scene.fixes, *scene.warnings][:SHOWN_FINDINGS]
    if found:
        st.markdown("\n".join(f"- {plain(each)}" for each in found))
    story = read_storyboard(film.storyboard_path.read_bytes())
    written = getattr(story.beats[number].show, "code", "")
    code = st.text_area("Its script", written, height=320, key=f"code_{film.id}_{number}")
    with shown_errors():
        if code.strip() != written.strip():
            st.caption("The changed script is checked and run in a new film; this one stays.")
            request = request_again(
                film, changed_beat(story, number, {**shown(story, number), "code": code})
            )
            make_button(request, "Make new film", key="make_repaired")
            return
        texts = read_texts(film.folder)
        st.caption("It is tried again, and the other beats are kept.")
        if texts is not None:
            make_button(texts.request, "Try again", key="make_repaired")
        else:
            make_button(
                request_again(film, film.storyboard_path.read_text(encoding="utf-8")),
                "Try again",
                key="make_repaired",
            )
