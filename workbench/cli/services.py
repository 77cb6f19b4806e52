"""`workbench jobs`, `worker` and `app`: the processes of a data folder, and what they do."""

import argparse
import os
import sys
from pathlib import Path

from workbench.cli.output import FAILED, Command, plain, print_failures, print_json, table
from workbench.errors import ToolError
from workbench.library.records import Job
from workbench.settings import load_settings
from workbench.workspace import Workspace

PROJECT = Path(__file__).resolve().parent.parent.parent
"""Where app.py and its pages lie: beside the package."""


def _jobs_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="one job (default: list all)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--stop", action="store_true", help="stop it; the call in flight is kept")
    what.add_argument("--retry", action="store_true", help="try it again; kept replies are reused")
    what.add_argument("--wait", action="store_true", help="wait until it has ended")


def _row(job: Job) -> list[str]:
    count = f"{job.done} of {job.total}" if job.total else ""
    return [job.id, job.state, count, job.title, job.error or job.stage]


def _jobs(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        client = workspace.jobs
        if arguments.id is None:
            found = client.jobs()
        elif arguments.stop:
            found = [client.cancel(arguments.id)]
        elif arguments.retry:
            found = [client.job(client.retry(arguments.id))]
        elif arguments.wait:
            found = [client.wait(arguments.id)]
        else:
            found = [client.job(arguments.id)]
    if arguments.json:
        print_json([plain(job) for job in found])
    elif not found:
        print("No jobs yet. The app starts them; `workbench analyse` works at once.")
    else:
        print(table(["job", "state", "done", "what", "now"], [_row(job) for job in found]))
        for job in found if arguments.id else ():
            print_failures(job.failures)
    is_bad = arguments.id is not None and found[0].state == "failed"
    return FAILED if is_bad else 0


def _worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stop", action="store_true", help="stop the one that runs")


def _worker(arguments: argparse.Namespace) -> int:
    import logging

    from workbench.jobs.supervisor import stop_services
    from workbench.jobs.worker import run_worker

    settings = load_settings()
    if arguments.stop:
        stop_services(settings.data_dir.expanduser().resolve())
        return 0
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    with Workspace.open(settings) as workspace:
        run_worker(
            workspace.data_dir, workspace.store, workspace, database_url=settings.database_url
        )
    return 0


def _app_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port on 127.0.0.1 (default: the setting)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def _app(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    script = PROJECT / "app.py"
    if not script.is_file():
        raise ToolError(
            "app.py is not beside the package",
            hint="run the app from a checkout of the project: make app",
        )
    with Workspace.open(settings) as workspace:
        data_dir = workspace.data_dir
    port = arguments.port or settings.app_port
    words = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    if arguments.no_browser:
        words += ["--server.headless", "true"]
    print(f"The app is on http://127.0.0.1:{port} (Ctrl+C ends it)", flush=True)
    # Streamlit reads its configuration from the folder it is started in.
    os.chdir(PROJECT)
    os.environ["WORKBENCH_DATA_DIR"] = str(data_dir)
    os.execv(sys.executable, words)  # noqa: S606 - no shell; this process becomes the app


COMMANDS = {
    "jobs": Command("  workbench jobs\n  workbench jobs 3f2a91 --stop", _jobs_options, _jobs),
    "worker": Command("  workbench worker\n  workbench worker --stop", _worker_options, _worker),
    "app": Command("  workbench app\n  workbench app --port 8600", _app_options, _app),
}
