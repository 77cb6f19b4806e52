"""`workbench sample`, `import` and `list`: what is in the library."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.cli.output import (
    FAILED,
    Command,
    megabytes,
    plain,
    print_failures,
    print_json,
    shown_progress,
)
from workbench.errors import RequestError
from workbench.media.asset import Asset
from workbench.media.timecode import format_length
from workbench.workspace import Workspace
from workbench.workspace.analyses.analysis import NO_MEDIA, NO_MEDIA_HINT

if TYPE_CHECKING:
    from workbench.library.imports.importer import ImportReport
    from workbench.library.proxies.batch import ProxyReport


def _no_options(_: argparse.ArgumentParser) -> None:
    return


def _sample(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace, shown_progress(quiet=arguments.json) as progress:
        sample = workspace.make_sample(progress=progress)
    if arguments.json:
        print_json(plain(sample))
        return 0
    print(f"The sample library is in {sample.folder}:")
    for path in (sample.video, *sample.photos):
        print(f"  {path.name}  {megabytes(path.stat().st_size)}")
    for note in sample.notes:
        print(note)
    return 0


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    parser.add_argument(
        "--dry-run", action="store_true", help="list what would be imported, and import nothing"
    )
    parser.add_argument(
        "--proxies",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="make the proxies of what is imported as well (default: WORKBENCH_PROXIES_ON_IMPORT)",
    )


def _import(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        if arguments.dry_run:
            return _look_inside(workspace, arguments.paths, as_json=arguments.json)
        with shown_progress(quiet=arguments.json) as progress:
            report = workspace.import_media(arguments.paths, progress=progress)
        if not (report.added or report.known or report.failed):
            raise RequestError(f"{', '.join(arguments.paths)} {NO_MEDIA}", hint=NO_MEDIA_HINT)
        made = _proxies_of(workspace, report, arguments)
    failed = [*report.failed, *(made.failed if made else ())]
    if arguments.json:
        print_json(plain(report) | ({"proxies": plain(made)} if made else {}))
        return FAILED if failed else 0
    for asset in report.added:
        print("  ".join(_facts(asset)))
        for warning in asset.warnings:
            print(f"{'':18}{warning}")
    known = len(report.known)
    print(f"{len(report.added)} added, {known} known before, {len(report.failed)} not read")
    if made:
        count = len(made.made)
        proxies = "1 proxy" if count == 1 else f"{count} proxies"
        print(f"{proxies} made, {len(made.known)} there before")
    print_failures(failed)
    return FAILED if failed else 0


def _look_inside(workspace: Workspace, paths: Sequence[str], *, as_json: bool) -> int:
    listings = [workspace.look_inside(path) for path in paths]
    if as_json:
        print_json([plain(listing) for listing in listings])
        return 0
    for listing in listings:
        for found in listing.files:
            print(f"{found.kind_guess:5}  {megabytes(found.size_bytes):>9}  {found.path}")
        size = megabytes(listing.total_bytes)
        print(f"{len(listing.files)} files, {size}; {len(listing.skipped)} skipped")
    return 0


def _proxies_of(
    workspace: Workspace, report: "ImportReport", arguments: argparse.Namespace
) -> "ProxyReport | None":
    """The proxies of what was imported, if they are wanted."""
    wanted = arguments.proxies
    if wanted is None:
        wanted = workspace.settings.proxies_on_import
    ids = [asset.id for asset in (*report.added, *report.known)]
    if not (wanted and ids):
        return None
    with shown_progress(quiet=arguments.json) as progress:
        return workspace.make_proxies(ids, progress=progress)


def _facts(asset: Asset) -> list[str]:
    size = f"{asset.width_px}×{asset.height_px}" if asset.width_px else "sound"
    length = format_length(asset.duration_s) if asset.duration_s else ""
    return [asset.id, f"{asset.kind:5}", f"{size:>9}", f"{length:>12}", asset.name]


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=("video", "image", "audio"), help="only these")


def _list(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        cards = [c for c in workspace.cards() if arguments.kind in (None, c.asset.kind)]
    if arguments.json:
        print_json([{**plain(card.asset), "state": card.state} for card in cards])
    elif not cards:
        print("Nothing yet. `workbench import FOLDER` adds files, `workbench sample` makes some.")
    else:
        for card in cards:
            print("  ".join([f"{card.state:11}", *_facts(card.asset)]))
    return 0


COMMANDS = {
    "sample": Command("  workbench sample", _no_options, _sample),
    "import": Command(
        "  workbench import ~/recordings\n  workbench import talk.mp4 photo.jpg --proxies",
        _import_options,
        _import,
    ),
    "list": Command("  workbench list\n  workbench list --kind video --json", _list_options, _list),
}
