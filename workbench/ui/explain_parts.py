"""Parts of the Explain page: what a film is made of, the film, its beats, and the films there are."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import RequestError
from workbench.explain.narration import SILENT_WORDS_PER_S
from workbench.explain.request import FilmRequest
from workbench.explain.storyboard import Storyboard, read_storyboard, write_storyboard
from workbench.media.timecode import format_length, format_time
from workbench.ui import data
from workbench.ui.formats import format_about, format_count, format_moment, plain
from workbench.ui.frame import shown_errors
from workbench.ui.live import live
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.analysis.results import Analysis
    from workbench.explain.making import Film
    from workbench.library.records import AnalysisHeader

SOURCES = {
    "Analysis": ":material/view_timeline:",
    "Notes": ":material/notes:",
    "Storyboard": ":material/view_carousel:",
}
VOICES = {"local": "Local voice (English)", "none": "No voice, to read"}
ORIGINS = {
    "analysis": "from an analysis",
    "notes": "from notes",
    "model": "written by a model",
    "example": "an example",
    "person": "from a storyboard",
}
EXAMPLE = """# How the seal fails

Water cools the two rings of a mechanical seal.

## What goes wrong

- The pump runs dry
- The rings touch and heat up
- The seal leaks

## Minutes until it leaks

| Start | Minutes |
|---|---|
| Dry | 1 |
| Half full | 9 |
| Full | 600 |
"""

FEW_BEATS = 60
"""Beats whose pictures are shown; a longer film is watched."""


def film_form() -> None:
    """Ask what a film is made of, show its storyboard, and make it as a job."""
    with st.container(border=True, key="box_film_form"):
        named = st.query_params.get("analysis", "")
        source = st.segmented_control(
            "Made from",
            list(SOURCES),
            default="Analysis",
            key="film_source",
            required=True,
            format_func=lambda name: f"{SOURCES[name]} {name}",
        )
        values = {"Analysis": _from_analysis, "Notes": _from_notes, "Storyboard": _from_storyboard}[
            source
        ](named)
        if values is None:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            values["voice"] = st.selectbox(
                "Voice", list(VOICES), format_func=lambda name: VOICES[name], width=230
            )
            values["theme"] = st.selectbox(
                "Colours", ["light", "dark"], format_func=str.capitalize, width=130
            )
        with shown_errors():
            request = FilmRequest.model_validate(values)
            story = workspace().storyboard(request)
            st.caption(plain(story_words(story)))
            with st.expander("Storyboard", icon=":material/view_carousel:"):
                storyboard_list(story)
            if st.button("Make film, free", type="primary", icon=":material/movie:"):
                workspace().start_services()
                job = workspace().jobs.submit_film(request)
                st.switch_page("pages/explain.py", query_params={"job": job})


def story_words(story: Storyboard) -> str:
    """How long a film will be, and how much is said.

    Example:
        >>> from workbench.explain.storyboard import Beat
        >>> from workbench.explain.visuals import Title
        >>> story_words(Storyboard("Pumps", (Beat("Pumps", Title(), "They move water."),)))
        '1 beat, 3 words, ≈ 5 s.'
    """
    words = sum(len(beat.say.split()) for beat in story.beats)
    about_s = words / SILENT_WORDS_PER_S + 1.5 * len(story.beats) + 2
    count = format_count(len(story.beats), "beat")
    return f"{count}, {format_count(words, 'word')}, {format_about(about_s)}."


def storyboard_list(story: Storyboard) -> None:
    """What is shown and said, beat by beat."""
    for number, beat in enumerate(story.beats, start=1):
        st.markdown(f"**{number}. {plain(beat.heading or beat.show.kind)}** · {beat.show.kind}")
        if beat.say:
            st.caption(plain(beat.say))
    st.download_button(
        "Download storyboard",
        write_storyboard(story),
        file_name="storyboard.json",
        mime="application/json",
        icon=":material/download:",
    )


def _from_analysis(named: str) -> "dict[str, object] | None":
    headers = data.headers()
    if not headers:
        st.markdown("Nothing is analysed yet.")
        st.page_link("pages/analyse.py", label="Analyse…", icon=":material/auto_awesome:")
        return None
    known = {header.id: header for header in headers}
    chosen = st.selectbox(
        "Analysis",
        list(known),
        index=list(known).index(named) if named in known else 0,
        format_func=lambda name: _analysis_label(known[name]),
    )
    analysis = data.analysis(chosen)
    values: dict[str, object] = {"analysis": chosen}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        values["chapter"] = _chapter(analysis)
        if values["chapter"] is None:
            values["length"] = st.selectbox(
                "Length",
                ["short", "medium", "long"],
                index=1,
                format_func=str.capitalize,
                width=140,
            )
        asset = data.assets().get(analysis.asset_id)
        if asset and asset.kind == "video":
            values["moving"] = st.checkbox("Pieces of the video instead of stills")
    return values


def _analysis_label(header: "AnalysisHeader") -> str:
    asset = data.assets().get(header.asset_id)
    name = asset.name if asset else header.asset_id
    return f"{name} · {header.model} · {format_moment(header.created_at)}"


def _chapter(analysis: "Analysis") -> int | None:
    if len(analysis.chapters) < 2:
        return None
    titles = {chapter.index: chapter.title for chapter in analysis.chapters}
    linked = st.query_params.get("chapter", "")
    options: list[int | None] = [None, *titles]
    index = 0
    if linked.isdecimal() and int(linked) in titles:
        index = options.index(int(linked))
    return st.selectbox(
        "Chapter",
        options,
        index=index,
        format_func=lambda i: "All of it" if i is None else f"{i + 1}. {titles[i]}",
        width=320,
    )


def _from_notes(_: str) -> "dict[str, object] | None":
    text = st.text_area(
        "Notes in Markdown",
        key="film_notes",
        height=240,
        placeholder=EXAMPLE,
        help="A heading begins a beat. Below it: text to be said, a list, a table of numbers, a"
        " quotation, or an equation between $$.",
    )
    if text.strip():
        return {"notes": text}
    st.button("Try an example", on_click=_fill_example, icon=":material/lightbulb:")
    return None


def _fill_example() -> None:
    st.session_state["film_notes"] = EXAMPLE


def _from_storyboard(_: str) -> "dict[str, object] | None":
    file = st.file_uploader("Storyboard", type=["json"], help="As this page lets you download it.")
    if file is None:
        return None
    try:
        return {"storyboard": file.getvalue().decode("utf-8")}
    except UnicodeDecodeError:
        raise RequestError(f"{file.name} is no text", hint="choose a storyboard in JSON") from None


def linked_film() -> None:
    """The film the link names, or the one that the linked job has made."""
    wanted = st.query_params.get("film", "")
    job_id = st.query_params.get("job", "")
    if not wanted and job_id:
        job = workspace().jobs.job(job_id)
        wanted = job.result_ids[0] if job.kind == "film" and job.result_ids else ""
    if wanted:
        _shown_film(workspace().find_film(wanted))


def _shown_film(film: "Film") -> None:
    watch, read = st.columns([1.7, 1], gap="medium")
    with watch:
        st.subheader(plain(film.title), anchor=False)
        st.video(str(film.path), subtitles=str(film.vtt_path) if film.vtt_path.is_file() else None)
    with read:
        facts = [format_length(round(film.duration_s)), ORIGINS.get(film.origin, film.origin)]
        if film.made_by:
            facts.append(film.made_by)
        facts.append("no voice" if film.voice == "none" else f"voice: {film.voice}")
        facts.append(f"made {format_moment(film.created_at)} in {film.seconds_to_make:.0f} s")
        st.caption(plain(" · ".join(facts)))
        for note in film.notes:
            st.warning(plain(note), icon=":material/info:")
        with st.container(horizontal=True):
            _download("Film", film, "film.mp4", "video/mp4")
            _download("Captions", film, "captions.srt", "application/x-subrip")
            _download("Transcript", film, "transcript.md", "text/markdown")
            _download("Storyboard", film, "storyboard.json", "application/json")
        if st.button("Delete film…", icon=":material/delete:"):
            _deleting(film)
    with st.expander(f"Beats ({len(film.beats)})", expanded=True, icon=":material/view_carousel:"):
        grid = st.grid(4, min_column_width=220)
        for number, beat in enumerate(film.beats[:FEW_BEATS]):
            with grid.cell(), st.container(key=f"frame_beat_{number}"):
                st.image(str(film.folder / beat.still), alt=f"Beat {number + 1}")
                st.caption(plain(f"{format_time(beat.start_s)} {beat.heading}"))
                if st.button("Edit", key=f"edit_beat_{number}", icon=":material/edit:"):
                    _editing(film, number)


def _download(label: str, film: "Film", name: str, mime: str) -> None:
    path = film.folder / name
    if path.is_file():
        stem = "".join(c if c.isalnum() else "-" for c in film.title)[:60].strip("-") or "film"
        st.download_button(
            label,
            path.read_bytes,
            file_name=f"{stem}{path.suffix}",
            mime=mime,
            icon=":material/download:",
            key=f"download_{name}",
            on_click="ignore",
        )


@st.dialog("Delete this film?")
def _deleting(film: "Film") -> None:
    st.markdown(
        f"**{plain(film.title)}**, its captions and its storyboard are deleted. What it was made"
        " from stays."
    )
    if st.button("Delete film", type="primary", icon=":material/delete:"):
        with shown_errors():
            workspace().delete_film(film.id)
            st.switch_page("pages/explain.py", query_params={})


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
    leave_out = st.checkbox("Leave this beat out", key=f"leave_{film.id}_{number}")
    st.caption("Only what changes is drawn and spoken again. This film stays; a new one is made.")
    if st.button("Make new film", type="primary", icon=":material/movie:"):
        with shown_errors():
            changed = _changed(story, number, heading, say, shown, leave_out=leave_out)
            voice = "none" if film.voice == "none" else "local"
            request = FilmRequest(storyboard=changed, voice=voice)
            workspace().storyboard(request)
            workspace().start_services()
            job = workspace().jobs.submit_film(request)
            st.switch_page("pages/explain.py", query_params={"job": job})


def _shown(story: Storyboard, number: int) -> object:
    return json.loads(write_storyboard(story))["beats"][number]["show"]


def _changed(
    story: Storyboard, number: int, heading: str, say: str, shown: str, *, leave_out: bool
) -> str:
    """The storyboard as JSON with one beat changed, or left out."""
    if leave_out:
        beats = (*story.beats[:number], *story.beats[number + 1 :])
        return write_storyboard(replace(story, beats=beats))
    whole = json.loads(write_storyboard(story))
    try:
        show = json.loads(shown)
    except ValueError as error:
        raise RequestError(
            f"what is shown is no JSON: {error}", hint="change the words, keep quotes and brackets"
        ) from None
    whole["beats"][number] |= {"heading": heading, "say": say, "show": show}
    return json.dumps(whole, ensure_ascii=False)


def made_films() -> None:
    """The films that were made, with a picture each; new ones come by themselves."""
    st.subheader("Made", anchor=False)
    live(_made)


def _made() -> None:
    with shown_errors():
        films = workspace().films()
        if not films:
            st.caption("None yet.")
            return
        grid = st.grid(4, min_column_width=240)
        for film in films:
            with grid.cell(), st.container(key=f"frame_film_{film.id}"):
                st.image(str(film.folder / film.beats[0].still), alt="First picture of the film")
                st.page_link(
                    "pages/explain.py",
                    label=plain(film.title),
                    icon=":material/play_arrow:",
                    query_params={"film": film.id},
                )
                st.caption(f"{format_time(film.duration_s)} · {format_moment(film.created_at)}")
