"""Who does the work, how much of it at once, and what the account may send: seen and changed.

What is set here holds for every worker and for every machine that shares the library.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import format_usd
from workbench.library.records import RateLimit
from workbench.media.timecode import format_length
from workbench.ui import data
from workbench.ui.formats import format_moment, plain
from workbench.ui.frame import act, shown_errors, shown_trouble
from workbench.ui.jobs.running import running_line
from workbench.ui.live import live
from workbench.ui.session import workspace
from workbench.ui.states import state_badge

if TYPE_CHECKING:
    from workbench.jobs.queues import QueueInfo
    from workbench.library.records import CallInFlight, WorkerRecord

EVERY_OTHER = "*"
"""Stands for every model without limits of its own."""

MOST_AT_ONCE = 64
MOST_PER_MINUTE = 1_000_000_000

SAVED = "limits_saved"


def work_view() -> None:
    """Workers, queues and limits."""
    live(_workers)
    st.subheader("Queues", anchor=False)
    st.caption(
        "A job waits in the queue of its kind. Every worker does so many of them at once: more is "
        "faster while the machine has cores and memory left, or while a service is waited for."
    )
    queues = workspace().jobs.queues()
    grid = st.grid(len(queues), min_column_width=230, border=True)
    for queue in queues:
        with grid.cell():
            _queue_cell(queue)
    shown_trouble("queues")
    st.subheader("Limits of models", anchor=False)
    st.caption(
        "What the account may send, as the quotas of its service say. Every send counts, also a "
        "repeated one; who would pass a limit waits. 0 is no limit."
    )
    _limits_form()
    st.subheader("Search index", anchor=False)
    st.caption("Made from what is kept, in a minute or so. Nothing is paid and nothing is lost.")
    st.button(
        "Make the search index anew",
        icon=":material/search:",
        on_click=act,
        args=("index", workspace().jobs.submit_index),
    )
    shown_trouble("index")
    running_line(redraw=False)


def _workers() -> None:
    with shown_errors():
        st.subheader("Workers", anchor=False)
        workers = data.living_workers()
        if not workers:
            st.caption("None is running. It starts with the app; by itself: `workbench worker`")
        for worker in workers:
            _worker_row(worker)
        calls = workspace().jobs.in_flight()
        if calls:
            st.markdown("**Calls in flight**")
            _calls_table(calls)


def _worker_row(worker: "WorkerRecord") -> None:
    doing = len(workspace().store.jobs("running", worker=worker.name))
    with st.container(border=True):
        name, since, heard, state = st.columns([3, 3, 3, 1.4], vertical_alignment="center")
        name.markdown(f"**{plain(worker.host)}**, process {worker.pid}")
        since.caption(f"Since {format_moment(worker.started_at)}")
        heard.caption(f"Heard of {format_length(worker.silent_s)} ago")
        with state:
            if doing:
                state_badge("running", word=f"{doing} running")
            else:
                state_badge("ready", word="Idle")


def _calls_table(calls: "Sequence[CallInFlight]") -> None:
    import polars as pl

    now_s = datetime.now(UTC).timestamp()
    rows = [
        {
            "label": call.label,
            "model": call.model,
            "for": format_length(max(0.0, now_s - call.started_at_s)),
            "most": format_usd(call.most_usd),
        }
        for call in calls
    ]
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            "label": st.column_config.TextColumn("Call", width="large"),
            "model": "Model",
            "for": "For",
            "most": st.column_config.TextColumn("At most", alignment="right"),
        },
        alt="Calls in flight: " + ", ".join(call.label for call in calls[:8]),
    )


def _queue_cell(queue: "QueueInfo") -> None:
    key = f"queue_{queue.name}"
    st.session_state[key] = queue.per_worker

    def follow() -> None:
        act("queues", lambda: workspace().jobs.set_queue(queue.name, st.session_state[key]))

    name = queue.what[:1].upper() + queue.what[1:]
    st.number_input(f"**{plain(name)}**, at once", 1, MOST_AT_ONCE, key=key, on_change=follow)
    st.caption(f"{queue.running:,} running, {queue.waiting:,} waiting")


def _limits_form() -> None:
    catalog = workspace().catalog
    names = {model.key: model.name for model in catalog.models() if not model.is_free}
    limits = {limit.model: limit for limit in workspace().store.limits()}
    others = [key for key in names if key not in limits]
    added = st.selectbox(
        "Give a model limits of its own",
        others,
        index=None,
        key="limit_model",
        format_func=lambda key: names[key],
        placeholder="Choose a model",
        width=320,
    )
    if added:
        limits[added] = workspace().store.limit(added)
    with st.form("limits"):
        for number, limit in enumerate(limits.values()):
            title = names.get(limit.model, limit.model)
            _limit_row("Every other model" if limit.model == EVERY_OTHER else title, limit, number)
        st.form_submit_button(
            "Save limits", icon=":material/check:", on_click=_save_limits, args=(list(limits),)
        )
    shown_trouble("limits")
    if st.session_state.pop(SAVED, False):
        st.caption(":material/check_circle: Saved. They hold from the next call on.")


FIELDS = {
    "at_once": ("At once", MOST_AT_ONCE),
    "requests_per_minute": ("Requests a minute", MOST_PER_MINUTE),
    "tokens_per_minute": ("Tokens a minute", MOST_PER_MINUTE),
}


def _limit_row(title: str, limit: RateLimit, number: int) -> None:
    name, *places = st.columns([3, 1.6, 2, 2.4], vertical_alignment="bottom")
    name.markdown(f"**{plain(title)}**")
    for place, (field, (label, most)) in zip(places, FIELDS.items(), strict=True):
        place.number_input(
            f"{label}: {title}" if number else label,
            0,
            most,
            getattr(limit, field),
            key=f"limit_{limit.model}_{field}",
            label_visibility="collapsed" if number else "visible",
        )


def _save_limits(models: Sequence[str]) -> None:
    def save() -> None:
        for model in models:
            values = {field: int(st.session_state[f"limit_{model}_{field}"]) for field in FIELDS}
            limit = RateLimit(model, **values)
            # One that was not changed stays without limits of its own.
            if workspace().store.limit(model) != limit:
                workspace().store.set_limit(limit)
        st.session_state[SAVED] = True

    act("limits", save)
