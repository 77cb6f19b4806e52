"""`workbench report`: notebooks executed as HTML reports."""

import argparse
from typing import Any

from workbench.cli.output import Command, plain, print_json, shown_progress, table
from workbench.cli.request_options import add_request_options, request_of
from workbench.errors import RequestError
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--notebook", default="video_report", metavar="NAME", help="which (default: video_report)"
    )
    parser.add_argument(
        "--list", action="store_true", help="list the notebooks and their parameters"
    )
    add_request_options(parser, files="*")


def _run(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        if arguments.list:
            found = workspace.notebooks()
            if arguments.json:
                print_json([plain(info) for info in found])
            else:
                rows = [[info.name, info.title, ", ".join(info.parameters)] for info in found]
                print(table(["notebook", "title", "parameters"], rows))
            return 0
        if not arguments.assets:
            raise RequestError("name a file to report on", hint="workbench report talk.mp4")
        request = request_of(arguments)
        parameters: dict[str, Any] = request.model_dump(mode="json")
        parameters["assets"] = [workspace.asset(name).id for name in request.assets]
        with shown_progress(quiet=arguments.json) as progress:
            record = workspace.report(arguments.notebook, parameters, progress=progress)
    if arguments.json:
        print_json(plain(record))
    else:
        print(f"{record.title}\n{record.path}")
    return 0


COMMANDS = {
    "report": Command(
        "  workbench report talk.mp4\n"
        "  workbench report talk.mp4 --engine nova --max-cost-usd 0.25\n"
        "  workbench report --list",
        _options,
        _run,
    )
}
