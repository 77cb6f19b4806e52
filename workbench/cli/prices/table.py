"""`workbench estimate --table`: prices of lengths or files, by every model, mode and tier."""

import argparse
from collections.abc import Sequence

from workbench.analysis.plans.prices import PriceRow
from workbench.analysis.plans.what_if import DEPTHS, TIERS
from workbench.cli.analyses.options import request_of
from workbench.cli.output import plain, print_json, table
from workbench.errors import RequestError
from workbench.media.timecode import parse_length
from workbench.reports.money.price_table import (
    HEADS,
    RIGHT,
    marked_cells,
    reasons,
    to_compact_markdown,
    to_csv,
    to_markdown,
)
from workbench.workspace import Workspace


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add what only the table knows."""
    parser.add_argument(
        "--table", action="store_true", help="price every model and mode side by side"
    )
    parser.add_argument(
        "--lengths",
        nargs="+",
        metavar="LENGTH",
        help="lengths of videos with speech, as 5m 90s 2h, that need no file (default of --table:"
        " 5m 30m 2h)",
    )
    parser.add_argument(
        "--models", nargs="+", metavar="KEY", help="only these keys of `workbench models`"
    )
    parser.add_argument(
        "--tiers",
        nargs="+",
        choices=TIERS,
        metavar="TIER",
        help=f"service tiers: {', '.join(TIERS)} (default: standard)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print the table as CSV")
    form.add_argument("--markdown", action="store_true", help="print it as Markdown")
    form.add_argument(
        "--compact", action="store_true", help="the same with one column for each length"
    )


def require_subject(arguments: argparse.Namespace) -> None:
    """See that there is something to estimate: files, or a table of lengths.

    Raises:
        RequestError: There is neither.
    """
    if not arguments.assets and not arguments.table:
        raise RequestError(
            "name a file to estimate",
            hint="or see what any video costs: workbench estimate --table",
        )


def print_prices(arguments: argparse.Namespace, workspace: Workspace) -> None:
    """Print the table in the form that was asked for."""
    asked = request_of(arguments, assets=tuple(arguments.assets) or ("any",))
    lengths = [parse_length(text) for text in arguments.lengths or ()]
    rows = workspace.what_if(
        files=arguments.assets,
        lengths_s=lengths or None,
        asked=asked,
        models=arguments.models or ([] if asked.model == "auto" else [asked.model]),
        depths=[arguments.depth] if arguments.depth else DEPTHS,
        tiers=arguments.tiers or [asked.tier],
    )
    if arguments.json:
        print_json([plain(row) for row in rows])
    elif arguments.csv:
        print(to_csv(rows), end="")
    elif arguments.markdown:
        print(to_markdown(rows), end="")
    elif arguments.compact:
        print(to_compact_markdown(rows), end="")
    else:
        _print(rows)
        learned = [f"{each.model}: {each}" for each in workspace.corrections()]
        print("\n".join([f"Prices of {workspace.catalog.as_of}.", *learned]))


def _print(rows: Sequence[PriceRow]) -> None:
    if not rows:
        print("No model can be used for this.")
        return
    lines = [[*cells, row.note] for cells, row in zip(marked_cells(rows), rows, strict=True)]
    print(table([*HEADS, "note"], lines, right=RIGHT))
    print()
    for doubt, mark in reasons(rows).items():
        print(f"{mark} {doubt}.")
