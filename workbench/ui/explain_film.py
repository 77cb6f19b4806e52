"""A film on screen: to be watched, taken away, published and deleted; and the films there are."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import format_usd
from workbench.media.timecode import format_length, format_time
from workbench.ui.explain_beats import beat_grid
from workbench.ui.explain_publish import publishing
from workbench.ui.explain_states import film_progress, how_made
from workbench.ui.explain_texts import stage_texts
from workbench.ui.formats import facts, format_count, format_moment, plain, sentence
from workbench.ui.frame import shown_errors
from workbench.ui.live import live
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.making import Film
    from workbench.library.records import Job

ORIGINS = {
    "analysis": "from an analysis",
    "search": "found by a search",
    "notes": "from notes",
    "model": "written by a model",
    "example": "an example",
    "person": "from a storyboard",
}


def linked_film() -> bool:
    """The film the link names, or how far the linked job is with its film.

    Returns:
        Whether the job is followed here, so that nothing else has to tell of it.
    """
    wanted = st.query_params.get("film", "")
    job_id = st.query_params.get("job", "")
    job = workspace().jobs.job(job_id) if job_id and not wanted else None
    if job is not None and job.kind == "film":
        if not job.result_ids:
            film_progress(job.id)
            return not job.is_finished
        wanted = job.result_ids[0]
    if wanted:
        _shown_film(workspace().find_film(wanted), job)
    return False


def _shown_film(film: "Film", job: "Job | None") -> None:
    watch, read = st.columns([1.7, 1], gap="medium")
    with watch:
        st.subheader(plain(film.title), anchor=False)
        st.video(str(film.path), subtitles=str(film.vtt_path) if film.vtt_path.is_file() else None)
    with read:
        st.caption(plain(_facts(film)))
        for note in film.notes:
            st.warning(sentence(note), icon=":material/info:")
        with st.container(horizontal=True):
            _download("Film", film, "film.mp4", "video/mp4")
            _download("Captions", film, "captions.srt", "application/x-subrip")
            _download("Transcript", film, "transcript.md", "text/markdown")
            _download("Storyboard", film, "storyboard.json", "application/json")
        publishing(film)
        if st.button("Delete film…", icon=":material/delete:"):
            _deleting(film)
    stage_texts(film)
    if job is not None:
        how_made(job)
    beat_grid(film)


def _facts(film: "Film") -> str:
    count = len(film.beats)
    drawn = f"{film.beats_drawn} of {format_count(count, 'beat')} drawn"
    return facts(
        [
            format_length(round(film.duration_s)),
            ORIGINS.get(film.origin, film.origin),
            film.made_by,
            _voice(film),
            "drawn by Manim" if film.renderer.startswith("manim") else "",
            f"{format_usd(film.cost_usd)} paid" if film.cost_usd != 0 else "",
            f"made {format_moment(film.created_at)} in {film.seconds_to_make:.0f} s",
            drawn if film.beats_drawn < count else "",
        ]
    )


def _voice(film: "Film") -> str:
    if film.voice == "none":
        return "no voice"
    return f"voice: {film.voice}, {film.voice_engine}" if film.voice_engine else "local voice"


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
