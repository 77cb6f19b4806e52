"""One job on screen: how far it is, what it has cost, what went wrong, and what can be done with it.

Progress is done of total; nothing here invents a percent. What a button does happens in its
callback, before the card is drawn again, so nothing but the fragment has to run.
"""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.results import told_once
from workbench.backends.usage import format_usd
from workbench.library.calls.batch import IN_BATCH
from workbench.library.calls.holders import is_batched
from workbench.library.records import Job, Priority
from workbench.media.timecode import format_length
from workbench.ui.formats import advice, facts, format_about, format_count, format_moment, plain
from workbench.ui.frame import act, show_error, shown_trouble
from workbench.ui.jobs.log import job_log
from workbench.ui.session import workspace
from workbench.ui.states import state_badge

if TYPE_CHECKING:
    from workbench.library.records import CallInFlight

ICONS = {
    "import": ":material/download:",
    "analyse": ":material/auto_awesome:",
    "report": ":material/description:",
    "proxies": ":material/compress:",
    "index": ":material/search:",
    "film": ":material/movie:",
}

PRIORITIES: tuple[Priority, ...] = ("urgent", "normal", "low")

FAILURES_SHOWN = 50


def job_seconds(job: Job, now: datetime) -> float | None:
    """Seconds a job has taken so far, or in all."""
    if job.started_at is None:
        return None
    return ((job.finished_at or now) - job.started_at).total_seconds()


def left_words(job: Job) -> str:
    """How long a job will still take; empty while nothing is measured."""
    if job.left_s is None or job.state != "running":
        return ""
    return f"{format_about(job.left_s)} left"


def paid_words(job: Job) -> str:
    """What was paid for a job so far; empty when nothing was."""
    if not job.calls_paid:
        return ""
    calls = format_count(job.calls_paid, "call")
    return f"{calls} paid, price unknown" if job.cost_usd is None else (
        f"{format_usd(job.cost_usd)} for {calls}"
    )  # fmt: skip


def stop_words(job: Job, calls: "Sequence[CallInFlight]") -> str:
    """What a person should know before a job is stopped: what is paid, and what still will be."""
    paid = paid_words(job)
    said = [f"Paid so far: {paid}." if paid else "Nothing has been paid so far."]
    batched = [call for call in calls if is_batched(call)]
    alone = [call for call in calls if not is_batched(call)]
    if batched:
        said.append(
            f"Its batch of {format_count(len(batched), 'record')} is stopped: those that Bedrock has"
            f" answered by then are billed{_at_most(batched)}, and kept."
        )
    if alone:
        verb, each = (
            ("finish", "their replies are") if len(alone) > 1 else ("finishes", "its reply is")
        )
        count = format_count(len(alone), "call")
        said.append(f"{count} in flight {verb}{_at_most(alone)}, and {each} kept.")
    elif not calls and job.state == "running" and job.kind == "analyse":
        said.append("A call in flight finishes, and its reply is kept.")
    if paid or job.done:
        said.append("What is finished is kept: the same request takes up where this one stops.")
    return " ".join(said)


def _at_most(calls: "Sequence[CallInFlight]") -> str:
    """What calls may cost together, in words; empty where no price is known."""
    most = [call.most_usd for call in calls if call.most_usd is not None]
    return f", for at most {format_usd(sum(most[1:], most[0]))}" if most else ""


def is_parked(job: Job) -> bool:
    """Does a job wait for a batch, and not for a worker?"""
    return job.state == "waiting" and job.queue == IN_BATCH


def job_row(job: Job) -> None:
    """Name, state and time left of a job, side by side, for a horizontal container."""
    st.markdown(f"{ICONS.get(job.kind, '')} **{plain(job.title)}**", width="stretch")
    if job.state == "running":
        state_badge("running", word=f"{job.done:,} of {job.total:,}" if job.total else "")
    elif job.state == "done" and job.failures:
        state_badge("partial", word=f"Done, {len(job.failures):,} failed")
    else:
        state_badge(job.state)
    if left := left_words(job):
        st.caption(left, width="content")


def job_bar(job: Job) -> None:
    """How far a job is, with the stage it is in."""
    # The name of a file, if the stage begins with one, stays as it is.
    of_file = Path(job.stage.partition(": ")[0]).suffix
    stage = job.stage if of_file else job.stage[:1].upper() + job.stage[1:]
    # The badge of a running job says how far it is already, the stage of one in a batch does.
    done = "" if job.state == "running" or is_parked(job) else f"{job.done:,} of {job.total:,}"
    if job.total:
        words = plain(facts([done, stage]))
        st.progress(min(1.0, job.done / job.total), text=words or None)
    elif job.state == "running":
        st.caption(plain(stage) or "Starting")


def job_card(job: Job, calls: "Sequence[CallInFlight]" = ()) -> None:
    """Show one job.

    Args:
        job: The job as it is now.
        calls: Those that are being made for it.
    """
    with st.container(border=True, key=f"box_job_{job.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            job_row(job)
            job_actions(job, calls)
        if is_parked(job) or job.state in ("running", "paused"):
            job_bar(job)
        shown_trouble(job.id)
        if job.state == "failed":
            show_error(job.error or "the job failed", job.hint)
        _failures(job)
        st.caption(plain(_facts(job)))
        # The stage of a job in a batch says how far its calls are.
        if calls and not is_parked(job):
            st.caption(plain(_flying(calls)))
        job_log(job)


def _facts(job: Job) -> str:
    seconds = job_seconds(job, datetime.now(UTC))
    took = "" if seconds is None else format_length(seconds)
    since = "" if seconds is None else format_about(seconds).removeprefix("≈ ")
    # A job that waits has its priority on a button.
    shows_priority = job.priority != "normal" and job.state != "waiting"
    return facts(
        [
            format_moment(job.created_at),
            took and (f"took {took}" if job.is_finished else f"begun {since} ago"),
            paid_words(job) + (" so far" if job.calls_paid and not job.is_finished else ""),
            f"{job.priority} priority" if shows_priority else "",
            _elsewhere(job),
        ]
    )


def _elsewhere(job: Job) -> str:
    """The machine a job is done on, if it is another one."""
    host = job.worker.partition(":")[0]
    return f"on {host}" if host not in ("", os.uname().nodename) else ""


def _flying(calls: "Sequence[CallInFlight]") -> str:
    named = "; ".join(call.label for call in calls[:4])
    more = f" and {len(calls) - 4} more" if len(calls) > 4 else ""
    return f"In flight: {named}{more}"


def _failures(job: Job) -> None:
    if not job.failures:
        return
    count = len(job.failures)
    with st.expander(f"{format_count(count, 'file')} could not be done"):
        told = told_once(job.failures)
        for failure in told[:FAILURES_SHOWN]:
            st.markdown(
                f"**{plain(failure.name)}**: {plain(failure.message)}  \n{advice(failure.hint)}"
            )
        if len(told) > FAILURES_SHOWN:
            st.caption(f"and {len(told) - FAILURES_SHOWN:,} more")


def job_actions(job: Job, calls: "Sequence[CallInFlight]") -> None:
    """What can be done with a job now: stop, pause, try again, open what it made."""
    if job.is_finished:
        if job.state != "done" or job.failures:
            _retry_button(job)
        if job.state == "done":
            _result_link(job)
        return
    if job.state == "waiting":
        _priority_menu(job)
    if job.state == "paused":
        _button("Resume", "play_arrow", job, lambda: workspace().jobs.resume(job.id))
    else:
        _button("Pause", "pause", job, lambda: workspace().jobs.pause(job.id))
    with st.popover("Stop", icon=":material/stop_circle:", key=f"stopping_{job.id}"):
        st.markdown(plain(stop_words(job, calls)))
        _button(
            "Stop", "stop_circle", job, lambda: workspace().jobs.cancel(job.id), "Stop this job"
        )


def _button(verb: str, icon: str, job: Job, action: Callable[[], object], label: str = "") -> None:
    st.button(
        label or verb,
        key=f"{verb.lower()}_{job.id}",
        icon=f":material/{icon}:",
        on_click=act,
        args=(job.id, action),
    )


def _priority_menu(job: Job) -> None:
    key = f"priority_{job.id}"

    def choose() -> None:
        chosen: Priority | None = st.session_state.get(key)
        if chosen:
            act(job.id, lambda: workspace().jobs.set_priority(job.id, chosen))

    st.menu_button(
        f"Priority: {job.priority}",
        PRIORITIES,
        key=key,
        icon=":material/low_priority:",
        format_func=str.capitalize,
        on_click=choose,
        help="Urgent jobs are begun first, low ones last.",
    )


def _retry_button(job: Job) -> None:
    def again() -> None:
        # The link follows the new job, into whichever tab it is.
        named = workspace().jobs.retry(job.id)
        for parameter in ("state", "page"):
            st.query_params.pop(parameter, None)
        st.query_params["job"] = named

    failed = len(job.failures)
    label = f"Try the {failed:,} failed again" if failed and job.state == "done" else "Try again"
    _button("Retry", "refresh", job, again, label)


def _result_link(job: Job) -> None:
    if job.kind == "analyse" and job.asset_ids:
        query = {"asset": job.asset_ids[0]}
        if len(job.asset_ids) == 1 and job.result_ids:
            query["analysis"] = job.result_ids[0]
        st.page_link(
            "pages/results.py", label="Results", icon=":material/view_timeline:", query_params=query
        )
        if len(job.asset_ids) == 1 and len(job.result_ids) > 1:
            sides = {"asset": job.asset_ids[0], "a": job.result_ids[0], "b": job.result_ids[1]}
            st.page_link(
                "pages/compare.py",
                label="Compare",
                icon=":material/compare_arrows:",
                query_params=sides,
            )
    elif job.kind == "report" and job.result_ids:
        st.page_link(
            "pages/reports.py",
            label="Report",
            icon=":material/description:",
            query_params={"report": job.result_ids[0]},
        )
    elif job.kind == "film" and job.result_ids:
        st.page_link(
            "pages/explain.py",
            label="Film",
            icon=":material/movie:",
            query_params={"film": job.result_ids[0]},
        )
    elif job.kind in ("import", "proxies"):
        st.page_link("pages/library.py", label="Library", icon=":material/video_library:")
    elif job.kind == "index":
        st.page_link("pages/search.py", label="Search", icon=":material/search:")
