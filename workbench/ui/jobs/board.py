"""All jobs in four tabs, a page of them at a time, following what the worker does."""

from collections.abc import Mapping

import streamlit as st

from workbench.errors import NotInLibrary
from workbench.library.records import Job, JobState
from workbench.ui import data, links
from workbench.ui.formats import format_count
from workbench.ui.frame import act, shown_errors, shown_trouble
from workbench.ui.jobs.card import job_card
from workbench.ui.live import live
from workbench.ui.session import workspace

TABS: dict[str, tuple[JobState, ...]] = {
    "running": ("running",),
    "waiting": ("paused", "waiting"),
    "done": ("done", "cancelled"),
    "failed": ("failed",),
}

BOARD = "board"
"""Where trouble with all jobs at once is shown."""

JOBS_A_PAGE = 25

MOST_AT_ONCE = 200
"""Up to so many jobs are paused or resumed by one click, which waits for them."""


def job_board() -> None:
    """All jobs; the board follows them by itself, the page around it stays as it is."""
    live(_board, changes=_is_moving)


def _is_moving() -> bool:
    # What waits or has ended changes seldom, and there may be a whole page of it to draw.
    rests = st.session_state.get("state") in ("waiting", "done", "failed")
    return not rests and data.has_active_jobs()


def _tab_of(job: Job) -> str:
    return next(tab for tab, states in TABS.items() if job.state in states)


def _board() -> None:
    with shown_errors():
        by_state = data.job_counts()
        counts = {tab: sum(by_state.get(s, 0) for s in states) for tab, states in TABS.items()}
        if not any(counts.values()):
            _no_jobs()
            return
        named = _named_job()
        with st.container(horizontal=True, vertical_alignment="center"):
            tab = _chosen_tab(counts, named)
            st.space("stretch")
            _all_at_once(by_state)
        shown_trouble(BOARD)
        pages = max(1, -(-counts[tab] // JOBS_A_PAGE))
        follow = links.linked_page("page", pages)
        page = st.session_state["page"]
        jobs = data.jobs_page(TABS[tab], limit=JOBS_A_PAGE, offset=(page - 1) * JOBS_A_PAGE)
        if named and page == 1 and _tab_of(named) == tab:
            jobs = [named, *(job for job in jobs if job.id != named.id)]
        calls = data.calls_in_flight() if tab in ("running", "waiting") else {}
        if tab == "waiting":
            _why_waiting(by_state)
        for job in jobs:
            job_card(job, calls.get(job.id, ()))
        if not jobs:
            _nothing(tab, counts)
        if pages > 1:
            st.pagination(pages, key="page", on_change=follow)


def _named_job() -> Job | None:
    """The job the link names."""
    wanted = st.query_params.get("job", "")
    if not wanted:
        return None
    try:
        return workspace().jobs.job(wanted)
    except NotInLibrary:
        return None  # forgotten, or of another library


def _chosen_tab(counts: Mapping[str, int], named: Job | None) -> str:
    # A job that was just started is shown whatever its state; the tabs follow it.
    default = _tab_of(named) if named else next((tab for tab in TABS if counts[tab]), "running")
    follow = links.linked_choice("state", list(TABS), default=default)

    def turn() -> None:
        st.query_params.pop("page", None)
        follow()

    st.segmented_control(
        "State",
        list(TABS),
        key="state",
        on_change=turn,
        required=True,
        label_visibility="collapsed",
        format_func=lambda tab: f"{tab.capitalize()} {counts[tab]:,}",
    )
    return str(st.session_state["state"])


def _all_at_once(by_state: Mapping[JobState, int]) -> None:
    going, paused = data.active(by_state) - by_state.get("paused", 0), by_state.get("paused", 0)
    jobs = workspace().jobs

    def pause_all() -> None:
        # Those that wait come first: else a worker begins one for each that is paused.
        for job in data.jobs_page(("waiting",), limit=MOST_AT_ONCE):
            jobs.pause(job.id)
        for job in data.jobs_page(("running",), limit=MOST_AT_ONCE):
            jobs.pause(job.id)

    def resume_all() -> None:
        for job in data.jobs_page(("paused",), limit=MOST_AT_ONCE):
            jobs.resume(job.id)

    if 1 < going <= MOST_AT_ONCE:
        st.button(
            "Pause all",
            key="pause_all",
            icon=":material/pause:",
            on_click=act,
            args=(BOARD, pause_all),
        )
    if 1 < paused <= MOST_AT_ONCE:
        st.button(
            "Resume all",
            key="resume_all",
            icon=":material/play_arrow:",
            on_click=act,
            args=(BOARD, resume_all),
        )


def _why_waiting(by_state: Mapping[JobState, int]) -> None:
    if by_state.get("waiting") and not data.living_workers():
        st.warning(
            "**No worker is running.**  \nIt starts with the app; by itself: `workbench worker`",
            icon=":material/warning:",
        )


def _no_jobs() -> None:
    st.markdown("Nothing was started yet: imports, analyses and reports are listed here.")
    with st.container(horizontal=True):
        st.page_link("pages/library.py", label="Import media", icon=":material/video_library:")
        st.page_link("pages/analyse.py", label="Analyse…", icon=":material/auto_awesome:")


def _nothing(tab: str, counts: Mapping[str, int]) -> None:
    """Say that a tab is empty, and where to go on."""
    waiting = counts["waiting"]
    if tab == "running" and waiting:
        st.caption(f"Nothing runs. {format_count(waiting, 'job')} waiting or paused.")
    elif tab in ("running", "waiting"):
        st.caption("Nothing runs." if tab == "running" else "Nothing waits.")
        st.page_link("pages/analyse.py", label="Analyse…", icon=":material/auto_awesome:")
    elif tab == "failed":
        st.caption("Nothing has failed.")
    else:
        st.caption("Nothing is done yet. What runs and waits is in the tabs before.")
