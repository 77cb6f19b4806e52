"""The beats of a film: their pictures, what went wrong with them, and changing one."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import RequestError
from workbench.explain.storyboard import Storyboard, read_storyboard, write_storyboard
from workbench.media.timecode import format_time
from workbench.ui.explain_form import FEW_BEATS
from workbench.ui.explain_price import film_request, make_button
from workbench.ui.formats import plain
from workbench.ui.frame import shown_errors
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.making import Film
    from workbench.explain.request import FilmRequest


def beat_grid(film: "Film") -> None:
    """Pictures of the beats, with what could not be drawn."""
    with st.expander(f"Beats ({len(film.beats)})", expanded=True, icon=":material/view_carousel:"):
        grid = st.grid(4, min_column_width=220)
        for number, beat in enumerate(film.beats[:FEW_BEATS]):
            with grid.cell(), st.container(key=f"frame_beat_{number}"):
                st.image(str(film.folder / beat.still), alt=f"Beat {number + 1}")
                st.caption(plain(f"{format_time(beat.start_s)} {beat.heading}"))
                for warning in beat.warnings:
                    st.warning(plain(warning), icon=":material/warning:")
                with st.container(horizontal=True):
                    if st.button("Edit", key=f"edit_beat_{number}", icon=":material/edit:"):
                        _editing(film, number)
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
    shown = st.text_area(
        f"What is shown ({beat.show.kind}), as JSON",
        json.dumps(_shown(story, number), ensure_ascii=False, indent=2),
        height=200,
        key=f"show_{film.id}_{number}",
    )
    st.caption("Only what changes is drawn and spoken again. This film stays; a new one is made.")
    with shown_errors():
        request = _request(film, _changed(story, number, heading, say, shown))
        workspace().storyboard(request)
        make_button(request, "Make new film", key="make_changed")


@st.dialog("Leave a beat out")
def _leaving_out(film: "Film", number: int) -> None:
    st.markdown(
        f"**{plain(film.beats[number].heading or f'Beat {number + 1}')}** is left out of a new film."
        " This one stays. The other beats are not drawn or spoken again."
    )
    story = read_storyboard(film.storyboard_path.read_bytes())
    beats = (*story.beats[:number], *story.beats[number + 1 :])
    with shown_errors():
        if not beats:
            raise RequestError("it is the only beat", hint="delete the film instead")
        request = _request(film, write_storyboard(replace(story, beats=beats)))
        make_button(request, "Make new film", key="make_shorter")


def _request(film: "Film", story: str) -> "FilmRequest":
    """A film of a changed storyboard, with the voice of the first."""
    voice = film.voice if film.voice_engine or film.voice == "none" else "local"
    return film_request(
        {
            "storyboard": story,
            "voice": voice,
            "voice_engine": film.voice_engine,
            "renderer": film.renderer.partition(" ")[0],
        }
    )


def _shown(story: Storyboard, number: int) -> object:
    return json.loads(write_storyboard(story))["beats"][number]["show"]


def _changed(story: Storyboard, number: int, heading: str, say: str, shown: str) -> str:
    """The storyboard as JSON with one beat changed."""
    whole = json.loads(write_storyboard(story))
    try:
        show = json.loads(shown)
    except ValueError as error:
        raise RequestError(
            f"what is shown is no JSON: {error}", hint="change the words, keep quotes and brackets"
        ) from None
    whole["beats"][number] |= {"heading": heading, "say": say, "show": show}
    return json.dumps(whole, ensure_ascii=False)
