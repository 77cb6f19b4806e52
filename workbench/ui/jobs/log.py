"""The log of a job in plain words: what happened, when, and what it cost."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import Cost, format_usd
from workbench.media.timecode import format_length
from workbench.ui.formats import facts, format_clock, format_count, plain
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.records import Job, JobEvent

Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]

LINES_SHOWN = 100

WORDS: dict[str, str] = {
    "job.asked": "Asked for",
    "job.started": "Started",
    "job.paused": "Paused",
    "job.resumed": "Goes on",
    "job.rests": "Rests",
    "job.cancelled": "Stopped",
    "job.taken_over": "Its worker ended; another takes it over",
    "job.done": "Done",
    "job.failed": "Failed",
    "call.sent": "Asked",
    "call.answered": "Answered",
    "call.failed": "Not answered",
    "call.refused": "Billed, but its answer cannot be used",
    "call.unkept": "Billed, but there was no room to keep its answer",
    "call.lost": "Nobody knows whether it was billed: its reply never came",
    "call.left": "Goes on at the service; whoever asks again gets its answer",
    "call.waits": "Waits",
}
"""Event → how its line begins."""

CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _cost(usd: Fact) -> Cost:
    try:
        return None if usd is None else Decimal(str(usd))
    except InvalidOperation:
        return None


def _number(fact: Fact) -> float:
    return float(fact) if isinstance(fact, int | float) else 0.0


def _count(one: str) -> Callable[[Fact], str]:
    return lambda fact: format_count(int(_number(fact)), one) if fact else ""


def _reason(fact: Fact) -> str:
    """A sentence as it is; the name of an error as words."""
    text = str(fact or "")
    return text if " " in text else CAPITALS.sub(" ", text).lower()


def _host(fact: Fact) -> str:
    host = str(fact or "").split(":", maxsplit=1)[0]
    return f"on {host}" if host else ""


TOLD: dict[str, Callable[[Fact], str]] = {
    "label": lambda fact: str(fact or ""),
    "reason": _reason,
    "why": _reason,
    "error": _reason,
    "usd": lambda fact: format_usd(_cost(fact)),
    "paid_usd": lambda fact: "" if fact is None else f"{format_usd(_cost(fact))} paid",
    "calls": _count("call"),
    "tokens": _count("token"),
    "s": lambda fact: format_length(_number(fact)),
    "failures": lambda fact: f"{fact} failed" if fact else "",
    "priority": lambda fact: "" if fact == "normal" else f"{fact} priority",
    "worker": _host,
}
"""Fact of an event → how it is written; others are for the log file."""


def event_words(event: str, known: Facts) -> str:
    """Say what happened in a sentence.

    Example:
        >>> event_words("call.answered", {"label": "chunk 2 of 7", "usd": "0.0137", "s": 12.4})
        'Answered: chunk 2 of 7 · $0.0137 · 12 s'
        >>> event_words("call.failed", {"label": "chunk 2 of 7", "error": "ServiceBusy"})
        'Not answered: chunk 2 of 7 · service busy'
        >>> event_words("job.odd_thing", {})
        'Job odd thing'
    """
    begins = WORDS.get(event, event.replace(".", " ").replace("_", " ").capitalize())
    told = facts(write(known[name]) for name, write in TOLD.items() if name in known)
    return f"{begins}: {told}" if told else begins


def event_line(event: "JobEvent") -> str:
    """One line of a log, as Markdown."""
    return f"`{format_clock(event.at)}` {plain(event_words(event.event, event.facts))}"


def job_log(job: "Job") -> None:
    """The log of a job behind a click, the newest line first; read only while it is open."""
    log = st.expander("Log", key=f"log_{job.id}", on_change="rerun")
    if not log.open:
        return
    events = workspace().jobs.log(job.id, LINES_SHOWN)
    with log:
        if not events:
            st.caption("Nothing has happened yet.")
            return
        st.markdown("  \n".join(event_line(event) for event in events))
        if len(events) == LINES_SHOWN:
            st.caption(f"The newest {LINES_SHOWN} lines; logs/worker.log has the rest.")
