"""`workbench team`: Postgres, Chroma and some workers on this machine, to try what a team needs."""

import argparse
import contextlib
import fcntl
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal, TextIO

from workbench.cli.output import Command, counted, print_json, shown_progress, table
from workbench.errors import JobError, RequestError
from workbench.jobs.team.local import FOLDER, LocalTeam, TeamStatus
from workbench.library.records import FINISHED, Job, JobState
from workbench.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Group

MOST_WORKERS = 32

LOOK_S = 1.0
"""How often the table is drawn anew."""

END_S = 600.0
"""How long `--stop` waits: a model call in flight is let finish."""

STATES: tuple[JobState, ...] = ("running", "waiting", "paused", "done", "failed", "cancelled")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="how many do jobs (default: 2)"
    )
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="of Postgres on 127.0.0.1 (default: any)"
    )
    parser.add_argument("--stop", action="store_true", help="end the one that runs")


def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    folder = settings.data_dir.expanduser().resolve() / FOLDER
    if not 1 <= arguments.workers <= MOST_WORKERS:
        raise RequestError(
            f"{arguments.workers} workers cannot be started",
            hint=f"choose 1 to {MOST_WORKERS}; each takes memory for its models",
        )
    if not 0 <= arguments.port <= 65535:
        raise RequestError(f"there is no port {arguments.port}", hint="leave it out for any")
    team = LocalTeam(
        folder,
        workers=arguments.workers,
        port=arguments.port,
        cpu_threads=settings.cpu_threads,
    )
    if arguments.stop:
        return _stop(team, as_json=arguments.json)
    with _sole(folder), _told_to_end() as told:
        try:
            with shown_progress(quiet=arguments.json) as progress:
                environment = team.start(progress=progress)
            if arguments.json:
                print_json({"environment": environment})
                sys.stdout.flush()
                told.wait()
            else:
                print(_how_to_use(environment), flush=True)
                _watch(team, told)
        except KeyboardInterrupt:
            pass
        finally:
            with shown_progress(quiet=arguments.json) as progress:
                team.stop(progress=progress)
    if not arguments.json:
        print("The team has ended. Its library stays: the next start goes on with it.")
    return 0


def _stop(team: LocalTeam, *, as_json: bool) -> int:
    """Tell the process that shows the team to end it; where that has died, end it here."""
    was_running = team.is_running
    pid = _owner(team.folder)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + END_S
        while _owner(team.folder):
            if time.monotonic() > deadline:
                raise JobError(f"the team (process {pid}) does not end", hint="wait for its calls")
            time.sleep(0.1)
    if team.is_running:
        with shown_progress(quiet=as_json) as progress:
            team.stop(progress=progress)
    if as_json:
        print_json({"stopped": was_running})
    else:
        print("The team has ended." if was_running else "No team runs here.")
    return 0


def _how_to_use(environment: dict[str, str]) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return "\n".join(
        [
            "The team is ready. In another terminal:\n",
            *(f"  {line}" for line in lines),
            "\n  workbench import recordings/\n  workbench app\n",
            "To see one take over from another, kill a worker: kill -9 PID",
            "Ctrl+C ends the team; its jobs go on at the next start.\n",
        ]
    )


def _watch(team: LocalTeam, told: threading.Event) -> None:
    """Show workers and jobs until told to end."""
    if not sys.stdout.isatty():
        last = ""
        while not told.is_set():
            line = _line(team.status())
            if line != last:
                print(line, flush=True)
                last = line
            told.wait(LOOK_S)
        return
    from rich.live import Live

    with Live(_picture(team.status()), auto_refresh=False) as live:
        while not told.wait(LOOK_S):
            live.update(_picture(team.status()), refresh=True)


def _line(status: TeamStatus) -> str:
    if status.problem:
        return status.problem
    counts = [f"{status.counts[state]} {state}" for state in STATES if state in status.counts]
    return f"{counted(len(status.workers), 'worker')}; jobs: {', '.join(counts) or 'none'}"


def _picture(status: TeamStatus) -> "Group":
    from rich.console import Group
    from rich.text import Text

    parts = [_line(status), ""]
    if status.workers:
        by_worker = {
            worker.name: [job for job in status.newest if job.worker == worker.name]
            for worker in status.workers
        }
        rows = [
            [str(worker.pid), worker.host, f"{worker.silent_s:.0f} s ago",
             ", ".join(job.title for job in by_worker[worker.name] if not job.is_finished) or "–"]
            for worker in status.workers
        ]  # fmt: skip
        parts += [table(["worker", "machine", "heard of", "does"], rows, right="rlrl"), ""]
    if status.newest:
        headings = ["job", "state", "done", "usd", "what", "now"]
        parts.append(table(headings, [_job_row(job) for job in status.newest], right="llrrll"))
    return Group(*(Text(part, no_wrap=True, overflow="ellipsis") for part in parts))


def _job_row(job: Job) -> list[str]:
    count = f"{job.done}/{job.total}" if job.total else ""
    usd = "" if job.cost_usd is None else f"{job.cost_usd:.4f}"
    now = job.error if job.state in FINISHED else job.stage
    return [job.id, job.state, count, usd, job.title, now]


@contextlib.contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    """An event that Ctrl+C or SIGTERM sets; while the team starts, it stops that, too."""
    told = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        if not told.is_set():  # a second one does not cut the end short
            told.set()
            raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _sole(folder: Path) -> Iterator[None]:
    """The right to show and end a team."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _held(folder, "a+")
    if file is None:
        raise JobError(
            f"a team runs in {folder} already", hint="end it with Ctrl+C or `workbench team --stop`"
        )
    with file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _owner(folder: Path) -> int:
    """The process that shows the team; 0 when none does."""
    if not (folder / "team.lock").exists():
        return 0
    if file := _held(folder, "r"):
        file.close()
        return 0
    text = (folder / "team.lock").read_text(encoding="ascii").strip()
    return int(text) if text.isdigit() else 0


def _held(folder: Path, mode: Literal["a+", "r"]) -> TextIO | None:
    """The open lock file, or None if another process holds it."""
    file = (folder / "team.lock").open(mode, encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


COMMANDS = {
    "team": Command("  workbench team --workers 2\n  workbench team --stop", _options, _run),
}
