"""The `workbench` command: one short verb for each thing a `Workspace` does.

Help is printed without loading what does the work. Exit codes: 0 all done, 1 something failed
(listed at the end), 2 the command cannot be understood or done as asked.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS: dict[str, tuple[str, str]] = {
    "sample": (
        "library.files",
        "Make the sample library: a narrated talk and photos, with the truth.",
    ),
    "import": (
        "library.files",
        "Add files and folders to the library; nothing is moved or copied.",
    ),
    "proxies": ("library.proxies", "Make the small copies that models are sent and browsers play."),
    "estimate": ("analyses.analysis", "Show what an analysis would cost, without calling a model."),
    "analyse": (
        "analyses.analysis",
        "Analyse files: summary, chapters, equipment, objects and topics.",
    ),
    "show": (
        "analyses.analysis",
        "Print what was found in a file, or write it as JSON, Excel or chapters.",
    ),
    "compare": (
        "analyses.compare",
        "Compare two analyses of a file: agreement, differences and cost.",
    ),
    "table": ("analyses.table", "Answers to your own questions, as one table over the library."),
    "list": ("library.files", "List what is in the library, with its state."),
    "search": ("analyses.search", "Find the moments where something is said, shown or written."),
    "index": ("analyses.search", "Count what can be searched, or make the search index anew."),
    "report": ("analyses.reports", "Make an HTML report from a notebook."),
    "explain": ("films.explain", "Make a short narrated film of an analysis or of notes."),
    "models": ("prices.models", "List the models, what they accept, their limits and prices."),
    "voices": ("films.voices", "List who can speak and what it costs, or have a text spoken."),
    "costs": (
        "prices.costs",
        "Show what was spent, what kept replies saved, and how right estimates were.",
    ),
    "doctor": ("doctor", "Check what works here, and print what puts the rest right."),
    "gc": ("library.housekeeping", "Remove what can be made again or is past its time."),
    "backup": (
        "library.housekeeping",
        "Write the library into one checked file while everything runs.",
    ),
    "restore": ("library.housekeeping", "Make a library of a backup; its jobs go on."),
    "jobs": (
        "processes.jobs",
        "List jobs, watch them, stop, pause or retry them, or read their log.",
    ),
    "batches": (
        "analyses.batches",
        "List batches of calls at Bedrock, show what failed, or stop them.",
    ),
    "queues": ("processes.jobs", "Show and set how many jobs and calls are under way at once."),
    "worker": ("processes.services", "Run the worker of this data folder until it is stopped."),
    "gateway": (
        "processes.gateway",
        "Make the paid calls of a data folder's jobs; a worker starts it.",
    ),
    "team": (
        "processes.team",
        "Start Postgres, Chroma and two workers on this machine, to try a team.",
    ),
    "app": ("processes.services", "Open the app on 127.0.0.1."),
    "demo": ("demo", "Do the whole main job once, on the sample or on a folder of yours."),
}
"""Command → module that holds it, and its line of help."""

ALIASES = {"analyze": "analyse"}

USAGE_ERROR = 2


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [
        "usage: workbench COMMAND [OPTIONS]",
        "",
        "Point it at a folder of videos and photos; get chapters, equipment, search and reports.",
        "",
        "  workbench demo",
        "  workbench import ~/recordings",
        "  workbench estimate talk.mp4 --engine nova",
        '  workbench search "dry start"',
        "",
        "commands:",
        *(f"  {name:<{width}}  {line}" for name, (_, line) in COMMANDS.items()),
        "",
        "`workbench COMMAND --help` shows the options of one. Settings are listed by doctor.",
    ]
    return "\n".join(lines)


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command, with its options and examples."""
    module_name, line = COMMANDS[name]
    module = importlib.import_module(f"workbench.cli.{module_name}")
    command = module.COMMANDS[name]
    parser = argparse.ArgumentParser(
        prog=f"workbench {name}",
        description=f"{line}\n\n{command.examples}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    command.options(parser)
    parser.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after `workbench`; None for those of this process.

    Returns:
        0 when all was done, 1 when something failed, 2 when it could not be done as asked.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = ALIASES.get(words[0], words[0]) if words else "--help"
    if name in ("--help", "-h", "help"):
        print(_overview())
        return 0
    if name == "--version":
        from importlib.metadata import version

        print(version("nova-workbench"))
        return 0
    if name not in COMMANDS:
        print(f"workbench: there is no command {name!r}\n\n{_overview()}", file=sys.stderr)
        return USAGE_ERROR
    from workbench.cli.output import finish

    return finish(parser_of(name), words[1:])
