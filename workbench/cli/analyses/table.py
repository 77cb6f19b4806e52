"""`workbench table`: what the library's files answer to the user's own questions."""

import argparse
from pathlib import Path
from typing import Any

from workbench.analysis.fields import value_words
from workbench.cli.output import Command, counted, print_json, table
from workbench.media.outputs import atomic_output
from workbench.workspace import Workspace

CELL_LETTERS = 40
"""Longer cells are cut on a terminal; files have all of it."""

HIDDEN = ("not_known", "asset_id", "analysis_id")
"""Columns for programs, and the words of `not known`, which stand in the cells."""


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "assets", nargs="*", metavar="FILE", help="only these files, by name, path or id"
    )
    parser.add_argument(
        "--field",
        dest="names",
        action="append",
        default=[],
        metavar="NAME",
        help="only this field; give it as often as you like (default: all that were asked)",
    )
    parser.add_argument(
        "--per",
        choices=("video", "chapter"),
        default="video",
        help="a row for each file, or for each chapter (default: video)",
    )
    parser.add_argument("--csv", type=Path, metavar="PATH", help="write the table as CSV")
    parser.add_argument("--excel", type=Path, metavar="PATH", help="write it as a workbook")


def _run(arguments: argparse.Namespace) -> int:
    from workbench.reports import export

    with Workspace.open() as workspace:
        found = workspace.field_table(arguments.names, per=arguments.per, assets=arguments.assets)
    frame = found.frame
    if arguments.csv:
        with atomic_output(arguments.csv) as path:
            path.write_text(export.to_csv(frame), encoding="utf-8")
    if arguments.excel:
        export.table_to_excel(frame, arguments.excel, title="Fields")
    if arguments.json:
        fields = [field.model_dump(mode="json") for field in found.fields]
        print_json({"per": arguments.per, "fields": fields, "rows": frame.to_dicts()})
        return 0
    for written in filter(None, (arguments.csv, arguments.excel)):
        print(f"{counted(frame.height, 'row')} written to {written}")
    if not frame.height:
        print("No field was asked yet: workbench analyse FILE --engine nova --field …")
    elif not (arguments.csv or arguments.excel):
        columns = [column for column in frame.columns if column not in HIDDEN]
        names = {field.name for field in found.fields}
        rows = [[_cell(row, column, names) for column in columns] for row in frame.to_dicts()]
        print(table(columns, rows))
    return 0


def _cell(row: dict[str, Any], column: str, fields: set[str]) -> str:
    value = row[column]
    if value is None:
        return "not known" if column in str(row["not_known"]).split(", ") else ""
    words = value_words(value) if column in fields else str(value)
    words = " ".join(words.split())
    return words if len(words) <= CELL_LETTERS else words[: CELL_LETTERS - 1] + "…"


COMMANDS = {
    "table": Command(
        "  workbench table\n"
        "  workbench table --field maker --field pressure --csv pumps.csv\n"
        "  workbench table talk.mp4 --per chapter --excel chapters.xlsx",
        _options,
        _run,
    ),
}
