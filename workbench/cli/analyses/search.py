"""`workbench search` and `index`: moments by words and by meaning, and what they are found with."""

import argparse

from workbench.cli.output import Command, counted, plain, print_json, shown_progress, table
from workbench.media.timecode import format_time
from workbench.workspace import Workspace


def add_search_options(parser: argparse.ArgumentParser) -> None:
    """How to search, and for what kinds of moment."""
    parser.add_argument(
        "--how",
        choices=("hybrid", "words", "meaning"),
        default="hybrid",
        help="search by words, by meaning, or by both (default: hybrid)",
    )
    parser.add_argument(
        "--kind",
        nargs="+",
        default=(),
        choices=("transcript", "screen_text", "chapter", "element", "summary"),
        help="search only these kinds of moment",
    )


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", help="what to look for")
    add_search_options(parser)
    parser.add_argument("--asset", nargs="+", default=(), metavar="FILE", help="only in these")
    parser.add_argument("--limit", type=int, default=10, help="most moments (default: 10)")


def _run(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        asset_ids = [workspace.asset(name).id for name in arguments.asset]
        hits = workspace.search(
            arguments.text,
            how=arguments.how,
            kinds=arguments.kind,
            asset_ids=asset_ids,
            limit=arguments.limit,
        )
        names = {asset.id: asset.name for asset in workspace.assets()}
    if arguments.json:
        print_json(
            [
                {**plain(hit.moment), "score": hit.score, "why": hit.why, "is_weak": hit.is_weak}
                for hit in hits
            ]
        )
        return 0
    if not hits:
        print(f"Nothing in the library matches {arguments.text!r}.")
        return 0
    rows = [
        [
            names.get(hit.moment.asset_id, hit.moment.asset_id),
            format_time(hit.moment.span.start_s),
            hit.moment.kind,
            ("less sure: " if hit.is_weak else "") + hit.moment.text.replace("\n", " ")[:90],
        ]
        for hit in hits
    ]
    print(table(["file", "time", "kind", "words"], rows, right="lrll"))
    return 0


def _index_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        choices=("count", "rebuild"),
        default="count",
        help="say how many moments it holds, or make it anew from the catalog (default: count)",
    )


def _index(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        if arguments.what == "rebuild":
            with shown_progress(quiet=arguments.json) as progress:
                indexed = workspace.rebuild_index(progress=progress)
        else:
            indexed = workspace.index.count()
        moments = len(workspace.store.moments())
        collection = workspace.index.collection
    if arguments.json:
        print_json({"indexed": indexed, "moments": moments, "collection": collection})
        return 0
    print(f"{counted(indexed, 'moment')} in the index, {moments} in the library ({collection})")
    if indexed != moments:
        print("The next search brings it up to date; `workbench index rebuild` makes it anew.")
    return 0


COMMANDS = {
    "search": Command(
        '  workbench search "dry start"\n'
        '  workbench search "bearing temperature" --how words --kind transcript --json',
        _options,
        _run,
    ),
    "index": Command("  workbench index\n  workbench index rebuild", _index_options, _index),
}
