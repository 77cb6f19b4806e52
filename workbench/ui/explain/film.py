"""A film on screen: to be watched, taken away, published and deleted; and the films there are."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import format_usd
from workbench.media.timecode import format_length, format_time
from workbench.ui import links
from workbench.ui.explain.beats import beat_grid
from workbench.ui.explain.states import film_progress, how_made
from workbench.ui.explain.texts import stage_texts
from workbench.ui.formats import facts, format_count, format_moment, plain, sentence
from workbench.ui.frame import act, shown_errors, shown_trouble
from workbench.ui.live import live
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.films.making import Film
    from workbench.explain.films.publishing import Published
    from workbench.library.records import Job

PLACE = "publish_film"

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
        captions = str(film.vtt_path) if film.vtt_path.is_file() else None
        st.video(links.film_url(film.id), subtitles=captions)
    with read:
        st.caption(plain(_facts(film)))
        for note in film.notes:
            st.warning(sentence(note), icon=":material/info:")
        with st.container(horizontal=True):
            _download("Film", film, "film.mp4", "video/mp4")
            _download("Captions", film, "captions.srt", "application/x-subrip")
            _download("Transcript", film, "transcript.md", "text/markdown")
            _download("Storyboard", film, "storyboard.json", "application/json")
        _publishing(film)
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
                st.image(links.still_url(film.id, 0), alt="First picture of the film")
                st.page_link(
                    "pages/explain.py",
                    label=plain(film.title),
                    icon=":material/play_arrow:",
                    query_params={"film": film.id},
                )
                st.caption(f"{format_time(film.duration_s)} · {format_moment(film.created_at)}")


def _publishing(film: "Film") -> None:
    """The link of a published film, and the button that publishes it, or what is missing for that."""
    kept = f"link_{film.id}"
    if film.published_uri:
        _link(film.published_uri, st.session_state.get(kept))
    if workspace().shelf is None:
        if not film.published_uri:
            st.caption("To publish films, set `WORKBENCH_PUBLISH_URI` to a folder in S3.")
        return

    def publish() -> None:
        st.session_state[kept] = workspace().publish_film(film.id)

    st.button(
        "New link" if film.published_uri else "Publish to S3",
        icon=":material/cloud_upload:",
        on_click=act,
        args=(PLACE, publish),
        help="Film, captions, storyboard and provenance are sent; what is there is not sent again."
        " The objects are private: the link opens the film until it ends.",
    )
    shown_trouble(PLACE)


def _link(uri: str, published: "Published | None") -> None:
    ends = published.expires_at if published else None
    if published is None or (ends is not None and ends <= datetime.now(UTC)):
        st.caption(plain(f"Published as {uri}. Links are not kept: make one when you need it."))
        return
    until = "has no end" if ends is None else f"ends {format_moment(ends)}"
    st.link_button("Open the published film", published.url, icon=":material/open_in_new:")
    st.caption(plain(f"The link {until}."))
    st.code(published.url, language=None)
    if published.note:
        st.caption(plain(published.note))
