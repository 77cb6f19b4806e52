"""The form of the Explain page: what a film is made of, who speaks, how it looks, what it costs."""

import json
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import BackendError
from workbench.explain.animation.availability import INSTALL, is_available
from workbench.explain.films.composing import least_of
from workbench.explain.films.looking import picture_of
from workbench.explain.narration import SILENT_WORDS_PER_S
from workbench.explain.storyboards.storyboard import Storyboard, read_storyboard, write_storyboard
from workbench.ui import data
from workbench.ui.explain.price import film_request, make_button
from workbench.ui.explain.question import from_question
from workbench.ui.explain.sources import (
    Values,
    from_analysis,
    from_example,
    from_notes,
    from_search,
    from_storyboard,
)
from workbench.ui.formats import advice, format_about, format_count, plain
from workbench.ui.frame import shown_errors
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.backends.services.polly import Voice as PollyVoice
    from workbench.explain.request import FilmRequest

SOURCES: dict[str, tuple[str, Callable[[], Values | None]]] = {
    "Question": (":material/help:", from_question),
    "Analysis": (":material/view_timeline:", from_analysis),
    "Search": (":material/search:", from_search),
    "Notes": (":material/notes:", from_notes),
    "Storyboard": (":material/view_carousel:", from_storyboard),
    "Example": (":material/lightbulb:", from_example),
}

RENDERERS = {"auto": "Auto", "cards": "Cards, still", "manim": "Manim, moving"}

VOICES = {"local": "Local voice (English)", "none": "No voice, to read"}

FEW_BEATS = 60
"""Beats whose pictures are shown; a longer film is watched."""


def film_form() -> None:
    """Ask what a film is made of, show its storyboard and its price, and make it as a job."""
    with st.container(border=True, key="box_film_form"):
        source = st.segmented_control(
            "Made from",
            list(SOURCES),
            default=_named_source(),
            key="film_source",
            required=True,
            wrap=True,
            format_func=lambda name: f"{SOURCES[name][0]} {name}",
        )
        with shown_errors():
            values = SOURCES[source][1]()
            if values is None:
                return
            with st.container(horizontal=True, vertical_alignment="bottom"):
                values |= _looks(str(values.get("language", "")))
                is_paid = source == "Question" or values["voice"] not in VOICES
                values |= _limits(is_paid=is_paid)
            request = film_request(values)
            _storyboard(request)
            make_button(request)


def _named_source() -> str:
    """What the link says the film is made of."""
    named = [name for name in ("analysis", "search") if name in st.query_params]
    return named[0].capitalize() if named else "Question"


def _looks(language: str) -> Values:
    """Who speaks a film, and what it looks like."""
    values = _voice_fields(language)
    values["theme"] = st.selectbox(
        "Colours", ["light", "dark"], format_func=str.capitalize, width=110, key="theme"
    )
    values["renderer"] = _renderer()
    return values


def _voice_fields(language: str) -> Values:
    """Who speaks: this machine, nobody, or a voice of Polly that knows the language."""
    able = {voice.name: voice for voice in _polly() if not language or voice.speaks(language)}
    name = st.selectbox(
        "Voice",
        [*VOICES, *able],
        format_func=lambda name: VOICES.get(name) or f"{name} · {able[name].language_name} · Polly",
        width=250,
        key="voice",
        help="The local voice is free. Voices of Amazon Polly are paid by the character, and are"
        " listed where there are credentials.",
    )
    if name not in able:
        return {"voice": name}
    engine = st.selectbox(
        "Engine of the voice",
        ["", *able[name].engines],
        format_func=lambda engine: engine.capitalize() or "Auto",
        width=150,
        key="voice_engine",
        help="Auto is neural where the voice has it, else standard. Each has a price of its own.",
    )
    return {"voice": name, "voice_engine": engine}


def _limits(*, is_paid: bool) -> Values:
    """What a film may cost, and where it goes when it is made."""
    values: Values = {}
    if is_paid:
        cap = st.number_input(
            "Stop at",
            min_value=0.0,
            value=None,
            step=0.05,
            format="%.2f",
            key="max_cost_usd",
            icon=":material/front_hand:",
            placeholder="no cap",
            width=160,
            help="The film stops cleanly before a call that would pass this many dollars. What is"
            " written by then is kept.",
        )
        values["max_cost_usd"] = None if cap is None else Decimal(str(cap))
    if workspace().shelf is not None:
        values["publish"] = st.checkbox("Publish to S3 when it is made", key="publish")
    return values


def _polly() -> "tuple[PollyVoice, ...]":
    """The voices of Polly; without them the others are there all the same."""
    try:
        return data.voices()
    except BackendError as error:
        st.caption(f":material/cloud_off: {plain(error.message)}. {advice(error.hint)}")
        return ()


def _renderer() -> str:
    has_manim = is_available()
    return st.selectbox(
        "Drawn by",
        [name for name in RENDERERS if has_manim or name != "manim"],
        format_func=RENDERERS.__getitem__,
        width=150,
        key="renderer",
        help="Auto: Manim where there is an equation or a curve, else cards."
        if has_manim
        else f"Manim is not installed: films are of cards. To install it: {INSTALL}",
    )


def _storyboard(request: "FilmRequest") -> None:
    """The film before it is made; that of a question is there once it is written."""
    if request.source == "question":
        story = workspace().film_texts(request).story
        if story is None:
            return
    else:
        story = workspace().storyboard(request)
    st.caption(plain(story_words(story)))
    with st.expander("Storyboard", icon=":material/view_carousel:"):
        storyboard_list(story)


def story_words(story: Storyboard) -> str:
    """How long a film will be, and how much is said.

    Example:
        >>> from workbench.explain.storyboards.storyboard import Beat
        >>> from workbench.explain.storyboards.visuals import Title
        >>> story_words(Storyboard("Pumps", (Beat("Pumps", Title(), "They move water."),)))
        '1 beat, 3 words, ≈ 5 s.'
    """
    words = sum(len(beat.say.split()) for beat in story.beats)
    heard_s = sum(least_of(beat.show) for beat in story.beats)
    about_s = words / SILENT_WORDS_PER_S + 1.5 * len(story.beats) + 2 + heard_s
    count = format_count(len(story.beats), "beat")
    return f"{count}, {format_count(words, 'word')}, {format_about(about_s)}."


def storyboard_list(story: Storyboard) -> None:
    """What is shown and said, beat by beat."""
    text = write_storyboard(story)
    grid = st.grid(4, min_column_width=220)
    for number, beat in enumerate(story.beats[:FEW_BEATS], start=1):
        with grid.cell(), st.container(key=f"frame_story_{number}"):
            beat_picture(text, number - 1)
            st.markdown(f"**{number}. {plain(beat.heading or beat.show.kind)}** · {beat.show.kind}")
            if beat.say:
                st.caption(plain(beat.say))
    st.download_button(
        "Download storyboard",
        text,
        file_name="storyboard.json",
        mime="application/json",
        icon=":material/download:",
    )


def beat_picture(story: str, number: int) -> None:
    """A small picture of a beat.

    Args:
        story: The storyboard as JSON.
        number: Index of the beat.
    """
    whole = json.loads(story)
    beat = json.dumps(whole["beats"][number])
    st.image(_picture(beat, whole["theme"]), alt=f"Beat {number + 1} as it will be shown")


@st.cache_data(max_entries=256, show_spinner=False)
def _picture(beat: str, theme: str) -> str:
    """A beat as an address that holds its picture: nothing is left to fetch when it is replaced."""
    story = read_storyboard(f'{{"title": "", "beats": [{beat}], "theme": "{theme}"}}')
    return f"data:image/jpeg;base64,{b64encode(picture_of(story.beats[0], theme)).decode()}"
