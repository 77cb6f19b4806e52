"""Jobs that go on, in a line on the pages that start them.

The lines follow the jobs by themselves, after a reload and in any browser. The page around them is
drawn anew once a job has ended, because what it shows has changed then.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui import data
from workbench.ui.formats import plain
from workbench.ui.frame import shown_errors
from workbench.ui.jobs.card import job_bar, job_row, paid_words
from workbench.ui.live import live
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.records import Job

LINES = 3
"""Jobs shown on other pages than Jobs."""

LOG_LINES = 200
"""Lines of a job's log that are looked through."""


def running_line(job_id: str = "", *, redraw: bool = True) -> None:
    """Show what goes on: stage, done of total, time left and cost so far.

    Args:
        job_id: Only this job; empty for the first few of all.
        redraw: Is the page drawn anew when a job has ended? Else the page follows by itself.
    """
    live(lambda: _lines(job_id, redraw=redraw))


def _lines(job_id: str, *, redraw: bool) -> None:
    with shown_errors():
        counts = data.job_counts()
        if redraw and data.is_page_old(counts):
            st.rerun()
        if job_id:
            job = workspace().jobs.job(job_id)
            if not job.is_finished:
                _line(job, answered_calls(job))
            return
        shown = data.jobs_page(("running",), limit=LINES)
        if len(shown) < LINES:
            shown += data.jobs_page(("waiting", "paused"), limit=LINES - len(shown))
        for job in shown:
            _line(job)
        if (rest := data.active(counts) - len(shown)) > 0:
            st.page_link("pages/jobs.py", label=f"and {rest:,} more", icon=":material/checklist:")


def answered_calls(job: "Job") -> list[str]:
    """What has been answered for a job already, such as `chunk 2 of 7`."""
    events = workspace().jobs.log(job.id, LOG_LINES)
    labels = [str(each.facts.get("label", "")) for each in events if each.event == "call.answered"]
    if len(job.asset_ids) == 1:
        # Every label begins with the name of the one file.
        labels = [label.rpartition(", ")[2] for label in labels]
    return list(dict.fromkeys(label for label in reversed(labels) if label))


def _line(job: "Job", answered: Sequence[str] = ()) -> None:
    with st.container(border=True, key=f"line_job_{job.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            job_row(job)
            if paid := paid_words(job):
                st.caption(plain(f"{paid} so far"), width="content")
            st.page_link("pages/jobs.py", label="Show", query_params={"job": job.id})
        job_bar(job)
        if answered:
            st.caption(plain("Answered: " + ", ".join(answered)))
