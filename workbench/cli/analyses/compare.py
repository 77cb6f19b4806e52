"""`workbench compare`: where two analyses of a file agree, where they differ, and what they cost."""

import argparse
from typing import Any

from workbench.analysis.comparisons.compare import ChapterPair, Comparison, Pair, Tally
from workbench.analysis.results import Analysis
from workbench.backends.usage import format_usd
from workbench.cli.output import Command, plain, print_json, table, usd
from workbench.media.timecode import format_length
from workbench.reports.comparison.table import Difference, differences
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="FILE", help="a file or id")
    parser.add_argument(
        "--a",
        default="",
        metavar="ID",
        help="analysis A (default: the newest; `workbench show` prints ids)",
    )
    parser.add_argument(
        "--b",
        default="",
        metavar="ID",
        help="analysis B (default: the newest of another model or prompt)",
    )


def _run(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        asset = workspace.asset(arguments.asset)
        ids = workspace.two_to_compare(asset.id, arguments.a, arguments.b)
        comparison = workspace.compare(*ids)
    if arguments.json:
        print_json(comparison_json(comparison))
    else:
        _print(comparison)
    return 0


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain JSON: shares of 0 to 1, null where there is nothing to compare."""
    return {
        "asset_id": comparison.a.asset_id,
        "asset_name": comparison.a.asset_name,
        "a": _side_json(comparison.a),
        "b": _side_json(comparison.b),
        "chapters": _tally_json(comparison.chapter_tally),
        "elements": _tally_json(comparison.element_tally),
        "time_overlap": comparison.time_overlap,
        "asked_of_one": list(comparison.asked_of_one),
        "only_in_a": [_pair_json(pair) for pair in comparison.only_in_a],
        "only_in_b": [_pair_json(pair) for pair in comparison.only_in_b],
        "differences": plain(differences(comparison)),
    }


def _side_json(analysis: Analysis) -> dict[str, Any]:
    return {
        "id": analysis.id,
        "engine": analysis.engine,
        "model": analysis.model,
        "model_name": analysis.model_name,
        "prompt_hash": analysis.prompt_hash,
        "created_at": analysis.created_at.isoformat(),
        "cost_usd": usd(analysis.cost_usd),
        "seconds": analysis.seconds,
    }


def _tally_json(tally: Tally) -> dict[str, Any]:
    return {"both": tally.both, "total": tally.total, "agreement": tally.share}


def _pair_json(pair: Pair) -> dict[str, Any]:
    if isinstance(pair, ChapterPair):
        found = pair.a or pair.b
        return {"kind": "chapter", "name": found.title if found else "", "at_s": pair.at_s}
    return {"kind": pair.kind, "name": pair.name, "at_s": pair.at_s}


def _print(comparison: Comparison) -> None:
    print(comparison.a.asset_name)
    for side, analysis in (("A", comparison.a), ("B", comparison.b)):
        facts = [
            analysis.model_name,
            format_usd(analysis.cost_usd),
            format_length(analysis.seconds),
        ]
        print(f"  {side}  {' · '.join(facts)}  [{analysis.id}]")
    overlap = comparison.time_overlap
    print(f"\nchapters in both  {_counted(comparison.chapter_tally)}")
    print(f"elements in both  {_counted(comparison.element_tally)}")
    print(f"time overlap      {_percent(overlap)}")
    if comparison.asked_of_one:
        print(f"asked of one only, not compared: {', '.join(comparison.asked_of_one)}")
    rows = differences(comparison)
    if not rows:
        print("\nThey do not differ.")
        return
    headings = ["kind", "name", "overlap", "A", "B", "why"]
    print("\n" + table(headings, [_cells(row) for row in rows], right="llr"))


def _cells(row: Difference) -> list[str]:
    return [
        row.kind,
        " ".join(row.name.split())[:48],
        _percent(row.overlap),
        row.a,
        row.b,
        row.why,
    ]


def _counted(tally: Tally) -> str:
    return f"{tally.both} of {tally.total}" if tally.total else "–"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f} %"


COMMANDS = {
    "compare": Command(
        "  workbench compare talk.mp4\n  workbench compare talk.mp4 --a ID --b ID --json",
        _options,
        _run,
    ),
}
