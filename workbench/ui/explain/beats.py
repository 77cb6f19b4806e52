"""The beats of a film: their pictures, what went wrong with them, and changing one."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import RequestError
from workbench.explain.storyboards.storyboard import Storyboard, read_storyboard, write_storyboard
from workbench.media.timecode import format_time
from workbench.ui import links
from workbench.ui.explain.form import FEW_BEATS
from workbench.ui.explain.price import make_button
from workbench.ui.explain.request import changed_beat, request_again, shown
from workbench.ui.explain.scenes import failed_scene
from workbench.ui.formats import plain, sentence
from workbench.ui.frame import shown_errors
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.films.making import Film


def beat_grid(film: "Film") -> None:
    """Pictures of the beats, with what could not be drawn."""
    with st.expander(f"Beats ({len(film.beats)})", expanded=True, icon=":material/view_carousel:"):
        grid = st.grid(4, min_column_width=220)
        for number, beat in enumerate(film.beats[:FEW_BEATS]):
            with grid.cell(), st.container(key=f"frame_beat_{number}"):
                st.image(links.still_url(film.id, number), alt=f"Beat {number + 1}")
                st.caption(plain(f"{format_time(beat.start_s)} {beat.heading}"))
                for warning in beat.warnings:
                    st.warning(sentence(warning), icon=":material/warning:")
                with st.container(horizontal=True):
                    if st.button("Edit", key=f"edit_beat_{number}", icon=":material/edit:"):
                        _editing(film, number)
                    failed_scene(film, number)
                    if beat.warnings and st.button(
                        "Leave out", key=f"leave_beat_{number}", icon=":material/delete:"
                    ):
                        _leaving_out(film, number)


@st.dialog("Edit a beat", width="medium")
def _editing(film: "Film", number: int) -> None:
    story = read_storyboard(film.storyboard_path.read_bytes())
    beat = story.beats[number]
    heading = st.text_input("Heading", beat.heading, key=f"heading_{film.id}_{number}")
    say = st.text_area("What is said", beat.say, height=160, key=f"say_{film.id}_{number}")
    changed = st.text_area(
        f"What is shown ({beat.show.kind}), as JSON",
        json.dumps(shown(story, number), ensure_ascii=False, indent=2),
        height=200,
        key=f"show_{film.id}_{number}",
    )
    leave_out = st.checkbox("Leave this beat out", key=f"leave_{film.id}_{number}")
    st.caption("Only what changes is drawn and spoken again. This film stays; a new one is made.")
    with shown_errors():
        new = changed_beat(story, number, _read_json(changed), heading=heading, say=say)
        request = request_again(film, _without(story, number) if leave_out else new)
        workspace().storyboard(request)
        make_button(request, "Make new film", key="make_changed")


@st.dialog("Leave a beat out")
def _leaving_out(film: "Film", number: int) -> None:
    st.markdown(
        f"**{plain(film.beats[number].heading or f'Beat {number + 1}')}** is left out of a new film."
        " This one stays. The other beats are not drawn or spoken again."
    )
    story = read_storyboard(film.storyboard_path.read_bytes())
    with shown_errors():
        make_button(
            request_again(film, _without(story, number)), "Make new film", key="make_shorter"
        )


def _without(story: Storyboard, number: int) -> str:
    beats = (*story.beats[:number], *story.beats[number + 1 :])
    if not beats:
        raise RequestError("it is the only beat", hint="delete the film instead")
    return write_storyboard(replace(story, beats=beats))


def _read_json(text: str) -> dict[str, object]:
    """What is shown, as somebody has changed it."""
    try:
        show = json.loads(text)
    except ValueError as error:
        raise RequestError(
            f"what is shown is no JSON: {error}", hint="change the words, keep quotes and brackets"
        ) from None
    if not isinstance(show, dict):
        raise RequestError("what is shown is no object", hint="keep the outer brackets")
    return show
