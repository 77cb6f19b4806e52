"""`workbench worker` and `app`: the processes of a data folder."""

import argparse
import os
import sys
from pathlib import Path

from workbench.cli.output import Command
from workbench.errors import ToolError
from workbench.settings import load_settings
from workbench.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[3]
"""Where app.py and its pages lie: beside the package."""


def _worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stop", action="store_true", help="stop the one that runs")


def _worker(arguments: argparse.Namespace) -> int:
    from workbench.jobs.processes.supervisor import stop_services
    from workbench.jobs.processes.worker import run_worker
    from workbench.library.calls.holders import holder_name
    from workbench.logs import log_json_lines

    settings = load_settings()
    if arguments.stop:
        stop_services(settings.data_dir.expanduser().resolve())
        return 0
    log_json_lines(settings.log_level, process="worker", name=holder_name())
    with Workspace.open(settings) as workspace:
        run_worker(
            workspace.data_dir,
            workspace.store,
            workspace,
            database_url=settings.database_url,
            batches_every_s=settings.batch_poll_s,
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
    "worker": Command("  workbench worker\n  workbench worker --stop", _worker_options, _worker),
    "app": Command("  workbench app\n  workbench app --port 8600", _app_options, _app),
}
