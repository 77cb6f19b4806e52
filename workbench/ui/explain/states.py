"""Where a film is while it is made: its states by name, with seconds and dollars, and its pictures.

All of it is read from the job and its log. Nothing here estimates.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import format_usd
from workbench.explain.asking.states import WRITING, FilmState, stage_words
from workbench.explain.films.looking import beats_drawn
from workbench.explain.request import FilmRequest
from workbench.explain.storyboards.storyboard import write_storyboard
from workbench.media.timecode import format_length
from workbench.ui.explain.form import FEW_BEATS, beat_picture
from workbench.ui.explain.texts import kept_texts, told_texts
from workbench.ui.formats import facts, plain
from workbench.ui.frame import show_error, shown_errors, shown_trouble
from workbench.ui.jobs.card import job_actions, job_bar, job_row, paid_words
from workbench.ui.live import live
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.records import Job

MARKS = {
    "waiting": ":gray[:material/radio_button_unchecked:]",
    "running": ":blue[:material/progress_activity:]",
    "done": ":green[:material/check_circle:]",
    "skipped": ":gray[:material/remove_circle_outline:]",
    "failed": ":red[:material/error:]",
}


def film_progress(job_id: str) -> None:
    """Follow the job of a film until it ends; the page is drawn anew then."""
    was_finished = workspace().jobs.job(job_id).is_finished
    live(lambda: _progress(job_id, was_finished=was_finished))


def _progress(job_id: str, *, was_finished: bool) -> None:
    with shown_errors():
        job = workspace().jobs.job(job_id)
        # A button may have named another job, and the page around shows the film when it is made.
        if st.query_params.get("job", job_id) != job_id or (job.is_finished and not was_finished):
            st.rerun()
        with st.container(border=True, key=f"box_film_{job.id}", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                job_row(job)
                job_actions(job, workspace().jobs.in_flight(job.id))
            if job.state in ("running", "paused"):
                job_bar(job)
            shown_trouble(job.id)
            if job.state == "failed":
                show_error(job.error or "the job failed", job.hint)
            if paid := paid_words(job):
                st.caption(plain(paid if job.is_finished else f"{paid} so far"))
            request = FilmRequest.model_validate_json(job.request)
            drawn, beats = _drawn(job, request)
            states, stills = st.columns([1, 1.3], gap="medium")
            with states:
                state_list(workspace().film_states(job.id), drawn, beats)
            with stills:
                _so_far(job, request, drawn)


def _drawn(job: "Job", request: FilmRequest) -> tuple[int, int]:
    """Beats that are drawn, of how many."""
    if job.state != "running":
        return 0, 0
    before = len(WRITING) if request.source == "question" else 0
    return beats_drawn(job.done, job.total, before=before)


def state_list(states: Sequence[FilmState], drawn: int = 0, beats: int = 0) -> None:
    """States as a table: what, how long, and what it cost.

    Args:
        states: In order.
        drawn: Beats that are drawn already, for the state in which they are.
        beats: Of how many; 0 for nothing to say.
    """
    rows = ["| | State | Time | Cost |", "|---|:---|---:|---:|"]
    for state in states:
        words = stage_words(state.name)
        if state.name == "rendering_video" and state.state == "running" and beats:
            words += f", beat {min(drawn + 1, beats)} of {beats}"
        took = "" if state.seconds is None else format_length(state.seconds)
        cost = (
            "kept"
            if state.is_kept
            else ""
            if state.cost_usd is None
            else format_usd(state.cost_usd)
        )
        cells = (MARKS[state.state], plain(words), plain(took), plain(cost))
        rows.append(f"| {' | '.join(cells)} |")
    st.markdown("\n".join(rows))


def _so_far(job: "Job", request: FilmRequest, drawn: int) -> None:
    """What there is already: the texts of a question, and the beats that are drawn."""
    if request.source == "question":
        draft = workspace().film_texts(request)
        if job.is_finished:
            kept_texts(request, draft, key=job.id)
        else:
            told_texts(draft)
        story = draft.story
    else:
        story = workspace().storyboard(request) if drawn else None
    if story is None or not drawn:
        return
    text = write_storyboard(story)
    grid = st.grid(3, min_column_width=150)
    for number in range(min(drawn, FEW_BEATS)):
        with grid.cell(), st.container(key=f"frame_drawn_{number}"):
            beat_picture(text, number)


def how_made(job: "Job") -> None:
    """What the making of a film took and cost, state by state, behind a click."""
    with st.expander("How it was made", icon=":material/checklist:"):
        st.caption(plain(facts([paid_words(job) or "Nothing was paid.", *_told(job)])))
        state_list(workspace().film_states(job.id))


def _told(job: "Job") -> list[str]:
    if job.started_at is None or job.finished_at is None:
        return []
    return [f"took {format_length((job.finished_at - job.started_at).total_seconds())}"]
