"""`workbench report`: notebooks executed as HTML reports."""

import argparse
from typing import Any

from workbench.cli.analyses.options import add_request_options, request_of
from workbench.cli.output import Command, plain, print_json, shown_progress, table
from workbench.errors import RequestError
from workbench.reports.notebook import NotebookInfo, find_notebook, read_value
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--notebook", default="video_report", metavar="NAME", help="which (default: video_report)"
    )
    parser.add_argument(
        "--list", action="store_true", help="list the notebooks and their parameters"
    )
    parser.add_argument(
        "--set",
        nargs="+",
        metavar="NAME=VALUE",
        help="parameters of the notebook by name; lists have commas",
    )
    add_request_options(parser, files="*")


def _parameters(arguments: argparse.Namespace, info: NotebookInfo) -> dict[str, Any]:
    """What the options say to a notebook: all it shares with a request, and what was set by name."""
    request = request_of(arguments, assets=tuple(arguments.assets) or ("any",))
    given = {
        name: value
        for name, value in request.model_dump(mode="json").items()
        if name != "assets" and (name in info.parameters or name in request.model_fields_set)
    }
    for pair in arguments.set or ():
        name, sign, text = pair.partition("=")
        if not sign:
            raise RequestError(f"{pair!r} sets nothing", hint="write --set NAME=VALUE")
        given[name] = read_value(info, name, text)
    return given


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
        info = find_notebook(arguments.notebook)
        if not arguments.assets and info.parameters.get("assets"):
            raise RequestError("name a file to report on", hint="workbench report talk.mp4")
        parameters = _parameters(arguments, info)
        if arguments.assets:
            parameters["assets"] = [workspace.asset(name).id for name in arguments.assets]
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
        "  workbench report --notebook cost_what_if --set lengths=10m,45m tiers=standard,batch\n"
        "  workbench report talk.mp4 --notebook model_comparison\n"
        "  workbench report --list",
        _options,
        _run,
    )
}
