"""Jobs on screen: how far they are, what went wrong, and where their results are.

Progress is done of total; nothing here invents a percent. What runs is refreshed in a fragment,
so the rest of the page stays as it is.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import format_usd
from workbench.media.timecode import format_length
from workbench.ui import data, links
from workbench.ui.formats import advice, facts, format_count, format_moment, plain
from workbench.ui.frame import show_error, shown_errors
from workbench.ui.session import workspace
from workbench.ui.states import state_badge

if TYPE_CHECKING:
    from workbench.library.records import Job

REFRESH = "2s"

TABS = ("running", "waiting", "done", "failed")

ICONS = {
    "import": ":material/download:",
    "analyse": ":material/auto_awesome:",
    "report": ":material/description:",
    "proxies": ":material/compress:",
    "index": ":material/search:",
    "sample": ":material/play_circle:",
}

MOST_FINISHED = 50
"""Finished jobs shown at once."""


def time_left_s(job: "Job", now: datetime) -> float | None:
    """Seconds a job will still take if it goes on as it went; None while nothing is finished."""
    if job.started_at is None or not 0 < job.done < job.total:
        return None
    passed = (now - job.started_at).total_seconds()
    return max(0.0, passed / job.done * (job.total - job.done))


def job_seconds(job: "Job", now: datetime) -> float | None:
    """Seconds a job has taken so far, or in all."""
    if job.started_at is None:
        return None
    return ((job.finished_at or now) - job.started_at).total_seconds()


def _tab_of(job: "Job") -> str:
    return "done" if job.state == "cancelled" else job.state


def job_board() -> None:
    """All jobs in four tabs; refreshes itself while something waits or runs."""
    active = [job.id for job in data.active_jobs()]
    st.fragment(_board, run_every=REFRESH if active else None)(active)


def _board(active_before: Sequence[str]) -> None:
    with shown_errors():
        jobs = data.jobs()
        wanted = st.query_params.get("job", "")
        named = next((job for job in jobs if job.id == wanted), None)
        counts = Counter(_tab_of(job) for job in jobs)
        # A job that was just started is shown whatever its state; the tabs follow it.
        default = _tab_of(named) if named else next((t for t in TABS if counts[t]), "running")
        follow = links.linked_choice("state", TABS, default=default)
        st.segmented_control(
            "State",
            TABS,
            key="state",
            on_change=follow,
            required=True,
            label_visibility="collapsed",
            format_func=lambda tab: f"{tab.capitalize()} {counts[tab]}",
        )
        tab = st.session_state["state"]
        shown = [job for job in jobs if _tab_of(job) == tab]
        if named and _tab_of(named) == tab:
            shown = [named, *(job for job in shown if job.id != named.id)]
        for job in shown[:MOST_FINISHED]:
            job_card(job)
        if len(shown) > MOST_FINISHED:
            st.caption(f"and {len(shown) - MOST_FINISHED} more")
        if not shown:
            st.caption(
                {"running": "Nothing runs.", "waiting": "Nothing waits."}.get(tab, "None yet.")
            )
        if list(active_before) != [job.id for job in jobs if not job.is_finished]:
            # Something began or ended: the page decides anew whether to refresh.
            st.rerun()


def job_card(job: "Job") -> None:
    """Show one job: name, stage, progress, and what can be done with it."""
    now = datetime.now(UTC)
    with st.container(border=True, key=f"box_job_{job.id}"):
        name, state, action = st.columns([5, 3, 1.6], vertical_alignment="center")
        name.markdown(f"{ICONS.get(job.kind, '')} **{plain(job.title)}**")
        with state.container(horizontal=True, vertical_alignment="center"):
            _job_state(job, now)
        with action:
            _job_action(job)
        if job.state == "running" and job.total:
            st.progress(min(1.0, job.done / job.total), text=plain(job.stage) or None)
        elif job.state == "running":
            st.caption(plain(job.stage) or "Starting")
        if job.state == "failed":
            show_error(job.error or "the job failed", job.hint)
        if job.failures:
            with st.expander(f"{format_count(len(job.failures), 'file')} could not be done"):
                for failure in job.failures[:50]:
                    st.markdown(
                        f"**{plain(failure.name)}**: {plain(failure.message)}  \n{advice(failure.hint)}"
                    )
        st.caption(
            facts(
                [
                    format_moment(job.created_at),
                    f"took {format_length(seconds)}"
                    if job.is_finished and (seconds := job_seconds(job, now)) is not None
                    else "",
                    format_usd(job.cost_usd) if job.cost_usd is not None else "",
                ]
            )
        )


def _job_state(job: "Job", now: datetime) -> None:
    if job.state == "running":
        state_badge("running", word=f"{job.done} of {job.total}" if job.total else "")
        left = time_left_s(job, now)
        if left is not None:
            st.caption(f"≈ {format_length(max(10.0, left))} left", width="content")
    elif job.state == "done" and job.failures:
        state_badge("partial", word=f"Done, {len(job.failures)} failed")
    else:
        state_badge(job.state)


def _job_action(job: "Job") -> None:
    if not job.is_finished:
        if st.button(
            "Stop",
            key=f"stop_{job.id}",
            icon=":material/stop_circle:",
            help="The call in flight finishes and is kept.",
            width="stretch",
        ):
            workspace().jobs.cancel(job.id)
            st.rerun()
    elif job.state in ("failed", "cancelled"):
        if st.button(
            "Try again", key=f"retry_{job.id}", icon=":material/refresh:", width="stretch"
        ):
            st.query_params["job"] = workspace().jobs.retry(job.id)
            st.rerun()
    else:
        _job_result(job)


def _job_result(job: "Job") -> None:
    if job.kind == "analyse" and job.asset_ids:
        query = {"asset": job.asset_ids[0]}
        if len(job.asset_ids) == 1 and job.result_ids:
            query["analysis"] = job.result_ids[0]
        st.page_link(
            "pages/results.py", label="Results", icon=":material/view_timeline:", query_params=query
        )
    elif job.kind == "report" and job.result_ids:
        st.page_link(
            "pages/reports.py",
            label="Report",
            icon=":material/description:",
            query_params={"report": job.result_ids[0]},
        )
    elif job.kind in ("import", "proxies"):
        st.page_link("pages/library.py", label="Library", icon=":material/video_library:")


def running_line() -> None:
    """The jobs that run, one short line each; the page is drawn anew when one of them ends."""
    active = [job.id for job in data.active_jobs()]
    if active:
        st.fragment(_running, run_every=REFRESH)(active)


def _running(active_before: Sequence[str]) -> None:
    with shown_errors():
        active = data.active_jobs()
        if {job.id for job in active} != set(active_before):
            st.rerun()
        for job in active[:3]:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(f"{ICONS.get(job.kind, '')} **{plain(job.title)}**", width="content")
                state_badge(job.state, word=f"{job.done} of {job.total}" if job.total else "")
                st.caption(plain(job.stage), width="stretch")
                st.page_link("pages/jobs.py", label="Show", query_params={"job": job.id})
        if len(active) > 3:
            st.page_link("pages/jobs.py", label=f"and {len(active) - 3} more")
