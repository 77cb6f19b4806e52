"""The states of a film by name: told into the log of its job, and read from there.

Nothing is estimated here: a state has begun, has ended after so many seconds, or has not begun.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Protocol

from workbench.backends.protocol import Task
from workbench.backends.usage import Cost
from workbench.explain.request import FilmRequest
from workbench.logs import Fact

EVENT = "film.stage"

StateName = Literal[
    "queued",
    "generating_initial_explanation",
    "refining_explanation",
    "generating_script",
    "validating_script",
    "synthesizing_narration",
    "rendering_video",
    "uploading_to_s3",
    "completed",
    "completed_with_warnings",
    "failed",
    "cancelled",
]
Mark = Literal["waiting", "running", "done", "skipped", "failed"]

WORDS: Mapping[StateName, str] = {
    "queued": "waits for its turn",
    "generating_initial_explanation": "writes the explanation",
    "refining_explanation": "refines the explanation",
    "generating_script": "writes the script",
    "validating_script": "checks the script",
    "synthesizing_narration": "speaks the narration",
    "rendering_video": "draws the film",
    "uploading_to_s3": "uploads it to S3",
    "completed": "completed",
    "completed_with_warnings": "completed, with notes",
    "failed": "failed",
    "cancelled": "stopped",
}
"""What people read."""

WRITING: Mapping[StateName, Task] = {
    "generating_initial_explanation": "explain",
    "refining_explanation": "refine",
    "generating_script": "script",
    "validating_script": "validate",
}
"""States in which a model is asked, with the task that the ledger has."""

TASKS: Mapping[StateName, Task] = {**WRITING, "synthesizing_narration": "speak"}


def stage_words(name: str) -> str:
    """A stage of a film as people read it in a list.

    Example:
        >>> stage_words("generating_script")
        'Writes the script'
    """
    words = next((words for known, words in WORDS.items() if known == name), name)
    return words[:1].upper() + words[1:]


@dataclass(frozen=True, slots=True)
class FilmState:
    """One state of a film."""

    name: StateName
    state: Mark
    seconds: float | None = None
    """How long it took, or has taken by now; None before it begins."""
    cost_usd: Cost = None
    """Dollars paid in it for the job; None where nothing is paid in it, or no price is known."""
    is_kept: bool = False
    """Was everything it gives kept from before?"""

    @property
    def words(self) -> str:
        """What people read."""
        return WORDS[self.name]


class Event(Protocol):
    """A line of a job's log."""

    @property
    def at(self) -> datetime:
        """When."""
        ...

    @property
    def event(self) -> str:
        """What."""
        ...

    @property
    def facts(self) -> Mapping[str, str | int | float | bool | None]:
        """The rest of it."""
        ...


class FilmJob(Protocol):
    """The job of a film, as far as its states go."""

    @property
    def state(self) -> str:
        """`waiting`, `running`, `paused`, `done`, `failed` or `cancelled`."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""
        ...

    @property
    def started_at(self) -> datetime | None:
        """When it was begun for the first time."""
        ...


def _unheard(event: str, **facts: Fact) -> None:
    """Nobody is told."""
    del event, facts


class StageLog:
    """Tells which stage a film is in; used by `with`, so that the last one has an end.

    Args:
        tell: Writes an event into the job's log.
        entered: Told when a stage begins, for people.
    """

    def __init__(
        self,
        tell: Callable[..., None] = _unheard,
        entered: Callable[[StateName], None] | None = None,
    ) -> None:
        self._tell = tell
        self._entered = entered
        self._name: StateName | None = None
        self._began = 0.0
        self._is_kept = False

    def enter(self, name: StateName) -> None:
        """A stage begins, and the one before it is done; the same one again goes on."""
        if name == self._name:
            return
        self._end("done")
        self._name, self._began, self._is_kept = name, time.monotonic(), False
        self._write("running")
        if self._entered:
            self._entered(name)

    def skip(self, name: StateName) -> None:
        """A stage is left out: somebody has written what it would give."""
        self._end("done")
        self._tell(EVENT, stage=name, state="skipped")

    def kept(self) -> None:
        """All that the stage gives was kept from before."""
        self._is_kept = True

    def __enter__(self) -> "StageLog":
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the stage: done, failed, or stopped where nothing went wrong."""
        del error, trace
        if kind is None:
            self._end("done")
        else:
            self._end("failed" if issubclass(kind, Exception) else "stopped")

    def _end(self, state: str) -> None:
        if self._name is not None:
            self._write(state, s=round(time.monotonic() - self._began, 3))
        self._name = None

    def _write(self, state: str, **facts: Fact) -> None:
        kept: dict[str, Fact] = {"kept": True} if self._is_kept else {}
        self._tell(EVENT, stage=self._name, state=state, **facts, **kept)


def names_of(request: FilmRequest) -> tuple[StateName, ...]:
    """The states that a request passes through when nothing goes wrong, without its end.

    Example:
        >>> names_of(FilmRequest(notes="# Pumps", voice="none"))
        ('queued', 'rendering_video')
    """
    names: list[StateName] = ["queued"]
    if request.source == "question":
        names += WRITING
    if request.voice != "none":
        names.append("synthesizing_narration")
    names.append("rendering_video")
    if request.publish:
        names.append("uploading_to_s3")
    return tuple(names)


def states_of(
    job: FilmJob,
    request: FilmRequest,
    events: Sequence[Event],
    paid: Mapping[str, Cost],
    *,
    now: datetime,
    has_notes: bool = False,
) -> tuple[FilmState, ...]:
    """Read the states of a film.

    Args:
        job: Its job.
        request: What was asked.
        events: The log of the job, oldest line first.
        paid: Task → what the job has paid for it.
        now: For what is under way.
        has_notes: Of a finished film: does it carry notes?
    """
    names = names_of(request)
    found: dict[StateName, FilmState] = {}
    for event in events:
        name = str(event.facts.get("stage", ""))
        for known in names:
            if event.event == EVENT and name == known:
                found[known] = _read(known, event, job.state, now)
    states = [_queued(job, now)]
    for name in names[1:]:
        gone = "skipped" if job.state in ("done", "failed", "cancelled") else "waiting"
        state = found.get(name, FilmState(name, "skipped" if gone == "skipped" else "waiting"))
        cost = paid.get(TASKS[name]) if name in TASKS and TASKS[name] in paid else None
        states.append(FilmState(name, state.state, state.seconds, cost, state.is_kept))
    return (*states, _end_of(job, has_notes=has_notes))


def _read(name: StateName, event: Event, job_state: str, now: datetime) -> FilmState:
    said, seconds = event.facts.get("state"), event.facts.get("s")
    took = float(seconds) if isinstance(seconds, int | float) else None
    is_kept = bool(event.facts.get("kept"))
    if said == "running":
        if job_state == "running":
            return FilmState(name, "running", max(0.0, (now - event.at).total_seconds()))
        # Its worker was killed: it is begun again, unless the job has ended with it.
        if job_state == "failed":
            return FilmState(name, "failed")
        return FilmState(name, "skipped" if job_state in ("done", "cancelled") else "waiting")
    if said == "stopped":
        return FilmState(name, "skipped" if job_state == "cancelled" else "waiting", took)
    mark: Mark = "done" if said == "done" else "failed" if said == "failed" else "skipped"
    return FilmState(name, mark, took, is_kept=is_kept)


def _queued(job: FilmJob, now: datetime) -> FilmState:
    if job.started_at is not None:
        return FilmState("queued", "done", (job.started_at - job.created_at).total_seconds())
    if job.state in ("waiting", "paused"):
        return FilmState("queued", "running", max(0.0, (now - job.created_at).total_seconds()))
    return FilmState("queued", "skipped")


def _end_of(job: FilmJob, *, has_notes: bool) -> FilmState:
    if job.state == "done":
        return FilmState("completed_with_warnings" if has_notes else "completed", "done")
    if job.state == "failed":
        return FilmState("failed", "failed")
    if job.state == "cancelled":
        return FilmState("cancelled", "done")
    return FilmState("completed", "waiting")
