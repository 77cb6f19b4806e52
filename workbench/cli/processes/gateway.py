"""`workbench gateway`: the process that makes the paid calls of a data folder's jobs."""

import argparse
import os

from workbench.cli.output import Command
from workbench.jobs.gateway.client import stop_gateway
from workbench.jobs.gateway.server import IDLE_S, run_gateway
from workbench.logs import log_json_lines
from workbench.settings import load_settings
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--idle-s",
        type=float,
        default=IDLE_S,
        metavar="SECONDS",
        help="end when no worker has asked for so long (default: %(default)g)",
    )
    parser.add_argument(
        "--stop", action="store_true", help="let the one that runs finish its calls, and end it"
    )


def _run(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    if arguments.stop:
        stop_gateway(settings.data_dir.expanduser().resolve())
        return 0
    log_json_lines(settings.log_level, process="gateway", pid=os.getpid())
    with Workspace.open(settings) as workspace:
        run_gateway(
            workspace.data_dir,
            lambda order, job_id, check: workspace.call(order, job_id=job_id, check=check),
            idle_s=arguments.idle_s,
        )
    return 0


COMMANDS = {
    "gateway": Command(
        "  workbench gateway --idle-s 600\n  workbench gateway --stop", _options, _run
    )
}
