"""`workbench jobs` and `queues`: what the worker does, how far it is, and how much at once."""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from workbench.backends.usage import format_usd
from workbench.cli.output import FAILED, Command, counted, plain, print_failures, print_json, table
from workbench.errors import RequestError
from workbench.library.calls.holders import is_batched
from workbench.library.records import Job, JobEvent, JobState, Priority
from workbench.media.timecode import format_length
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.jobs.client import JobClient

LIST = 30
"""Jobs listed unless told otherwise."""

WATCH_S = 1.0

HEADINGS = ("job", "state", "done", "left", "cost", "what", "now")
SIDES = "llrrr"


def _jobs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="these jobs (default: the newest)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--stop", action="store_true", help="stop them; the call in flight is kept")
    what.add_argument("--pause", action="store_true", help="let them rest; what they have is kept")
    what.add_argument("--resume", action="store_true", help="let paused ones go on")
    what.add_argument(
        "--retry", action="store_true", help="do again what failed; kept replies are reused"
    )
    what.add_argument("--priority", choices=get_args(Priority), help="urgent, normal or low")
    what.add_argument("--log", action="store_true", help="print what happened to them")
    then = parser.add_mutually_exclusive_group()
    then.add_argument("--wait", action="store_true", help="wait until they have ended")
    then.add_argument("--watch", action="store_true", help="show them until they have ended")
    parser.add_argument(
        "--state", choices=get_args(JobState), action="append", help="list only these; repeatable"
    )
    parser.add_argument(
        "--limit", type=int, default=LIST, metavar="N", help=f"list at most so many ({LIST})"
    )


def _jobs(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        client = workspace.jobs
        ids = list(arguments.ids)
        action = next(
            (a for a in ("stop", "pause", "resume", "retry") if getattr(arguments, a)), ""
        )
        if not ids and (action or arguments.priority or arguments.log or arguments.wait):
            raise RequestError("name a job", hint="`workbench jobs` lists their ids")
        if arguments.log:
            return _print_logs(client, ids, as_json=arguments.json)
        ids = _steered(client, ids, action, arguments.priority)

        def read() -> list[Job]:
            if ids:
                return [client.job(each) for each in ids]
            return client.page(arguments.state or (), limit=arguments.limit)

        if arguments.wait or arguments.watch:
            _hint_at_worker(client, read())
        if arguments.wait:
            found = [client.wait(each, math.inf) for each in ids]
        elif arguments.watch and not arguments.json:
            found = _watch(read)
            return FAILED if ids and any(job.state == "failed" for job in found) else 0
        else:
            found = read()
        if arguments.json:
            print_json([plain(job) for job in found])
        else:
            _print_jobs(client, found, named=bool(ids), stopped=action == "stop")
    return FAILED if ids and any(job.state == "failed" for job in found) else 0


def _steered(
    client: "JobClient", ids: Sequence[str], action: str, priority: Priority | None
) -> list[str]:
    """Do what was asked with each job; gives the ids of the jobs it is about now."""
    if action == "retry":
        return [client.retry(each) for each in ids]
    does: dict[str, Callable[[str], Job]] = {
        "stop": client.cancel, "pause": client.pause, "resume": client.resume
    }  # fmt: skip
    for each in ids:
        if action:
            does[action](each)
        elif priority:
            client.set_priority(each, priority)
    return list(ids)


def _row(job: Job) -> list[str]:
    return [
        job.id,
        job.state,
        f"{job.done}/{job.total}" if job.total else "",
        "" if job.left_s is None else f"≈ {format_length(max(10.0, job.left_s))}",
        _paid(job),
        job.title,
        job.error or job.stage,
    ]


def _paid(job: Job) -> str:
    return format_usd(job.cost_usd) if job.calls_paid or job.cost_usd is not None else ""


def _print_jobs(
    client: "JobClient", found: Sequence[Job], *, named: bool, stopped: bool = False
) -> None:
    if not found:
        print("No jobs yet. The app starts them; `workbench analyse` works at once.")
        return
    print(table(HEADINGS, [_row(job) for job in found], right=SIDES))
    if not named:
        counts = client.counts()
        if sum(counts.values()) > len(found):
            print("\nIn all: " + ", ".join(f"{counts[s]} {s}" for s in counts))
        return
    for job in found:
        if stopped and job.state == "cancelled":
            print(f"\n{_stopped(client, job)}")
        print_failures(job.failures)


def _stopped(client: "JobClient", job: Job) -> str:
    """What a stopped job has cost, and what still comes."""
    said = f"{job.title}: nothing was paid."
    if job.calls_paid:
        said = f"{job.title}: {_paid(job)} was paid for {counted(job.calls_paid, 'call')}."
    flying = client.in_flight(job.id)
    if batched := sum(1 for call in flying if is_batched(call)):
        said += (
            f" Its batch is stopped: of {counted(batched, 'record')}, those answered are billed."
        )
    if alone := len(flying) - batched:
        verb = "finishes and is" if alone == 1 else "finish and are"
        said += f" {counted(alone, 'call')} in flight {verb} kept."
    return said + " What is finished is kept: asked again, it costs nothing."


def _print_logs(client: "JobClient", ids: Sequence[str], *, as_json: bool) -> int:
    logs = {each: client.log(client.job(each).id)[::-1] for each in ids}
    if as_json:
        print_json([plain(event) for log in logs.values() for event in log])
        return 0
    for number, (each, log) in enumerate(logs.items()):
        print(f"{'' if not number else chr(10)}{client.job(each).title}")
        print(table(["at", "event", ""], [_event_row(event) for event in log]))
    return 0


def _event_row(event: JobEvent) -> list[str]:
    at = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    facts = (f"{name} {value}" for name, value in event.facts.items() if value is not None)
    return [at, event.event, ", ".join(facts)]


def _hint_at_worker(client: "JobClient", found: Sequence[Job]) -> None:
    if not client.workers() and any(job.state == "waiting" for job in found):
        print("No worker runs: start one with `workbench worker`.", file=sys.stderr)


def _watch(read: Callable[[], list[Job]]) -> list[Job]:
    """Show jobs until all have ended or rest: a live table on a terminal, else a line a change."""
    try:
        return _watch_live(read) if sys.stdout.isatty() else _watch_plain(read)
    except KeyboardInterrupt:
        return []  # they go on without anybody watching


def _seen(read: Callable[[], list[Job]]) -> Iterator[list[Job]]:
    while True:
        found = read()
        yield found
        if not any(job.state in ("waiting", "running") for job in found):
            return
        time.sleep(WATCH_S)


def _watch_live(read: Callable[[], list[Job]]) -> list[Job]:
    from rich.live import Live
    from rich.text import Text

    found: list[Job] = []
    with Live(auto_refresh=False) as live:
        for found in _seen(read):
            text = table(HEADINGS, [_row(job) for job in found], right=SIDES)
            live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)
    return found


def _watch_plain(read: Callable[[], list[Job]]) -> list[Job]:
    said: dict[str, list[str]] = {}
    found: list[Job] = []
    for found in _seen(read):
        for job in found:
            row = _row(job)
            # The time left changes every second, and is no news.
            news = [cell for cell, heading in zip(row, HEADINGS, strict=True) if heading != "left"]
            if said.get(job.id) != news:
                said[job.id] = news
                print("  ".join(cell for cell in row if cell), flush=True)
    return found


def _queues_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="a queue, a model's key, or '*'")
    parser.add_argument(
        "--at-once", type=int, metavar="N", help="jobs at once per worker, or calls to the model"
    )
    parser.add_argument(
        "--requests", type=int, metavar="N", help="requests to the model per minute; 0: no limit"
    )
    parser.add_argument(
        "--tokens", type=int, metavar="N", help="tokens to the model per minute; 0: no limit"
    )


def _queues(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        _set(workspace, arguments)
        queues, limits = workspace.jobs.queues(), workspace.store.limits()
    if arguments.json:
        print_json({"queues": plain(queues), "limits": plain(limits)})
        return 0
    rows = [[q.name, str(q.per_worker), str(q.running), str(q.waiting), q.what] for q in queues]
    print(table(["queue", "per worker", "running", "waiting", "jobs"], rows, right="lrrr"))
    every = [
        [limit.model, *(str(number) if number else "any" for number in (
            limit.at_once, limit.requests_per_minute, limit.tokens_per_minute
        ))]
        for limit in limits
    ]  # fmt: skip
    headings = ["model", "calls at once", "requests/min", "tokens/min"]
    print("\n" + table(headings, every, right="lrrr"))
    return 0


def _set(workspace: Workspace, arguments: argparse.Namespace) -> None:
    """Change the settings that were given."""
    from workbench.jobs.queues import QUEUES

    given = {
        name: value
        for name, value in (
            ("at_once", arguments.at_once),
            ("requests_per_minute", arguments.requests),
            ("tokens_per_minute", arguments.tokens),
        )
        if value is not None
    }
    name = arguments.name
    if name is None or not given:
        if given or name is not None:
            raise RequestError(
                "a setting needs a name and a value",
                hint="for example: workbench queues media --at-once 2",
            )
        return
    if any(value < 0 for value in given.values()):
        raise RequestError("a limit cannot be negative", hint="0 stands for no limit")
    if name in QUEUES:
        if set(given) != {"at_once"}:
            raise RequestError(
                f"the queue {name} knows --at-once only",
                hint="requests and tokens are limits of a model, such as 2_lite",
            )
        workspace.jobs.set_queue(name, given["at_once"])
        return
    if name != "*":
        name = workspace.catalog.get(name).key
    workspace.store.set_limit(replace(workspace.store.limit(name), model=name, **given))


COMMANDS = {
    "jobs": Command(
        "  workbench jobs --watch\n"
        "  workbench jobs 3f2a91c05d7e4b68 --stop\n"
        "  workbench jobs 3f2a91c05d7e4b68 --priority urgent",
        _jobs_options,
        _jobs,
    ),
    "queues": Command(
        "  workbench queues\n"
        "  workbench queues media --at-once 2\n"
        "  workbench queues 2_lite --requests 60 --tokens 200000 --at-once 8",
        _queues_options,
        _queues,
    ),
}
