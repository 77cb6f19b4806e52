"""`workbench proxies`: make the small copies that models are sent and browsers play."""

import argparse

from workbench.cli.output import (
    FAILED,
    Command,
    megabytes,
    plain,
    print_failures,
    print_json,
    shown_progress,
)
from workbench.workspace import Workspace


def _proxies_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "assets", nargs="*", metavar="FILE", help="files or ids (default: the whole library)"
    )
    parser.add_argument(
        "--spec",
        choices=("nova", "preview", "audio", "nova-896", "nova-1568", "original"),
        help="only this one (default: what models are sent, and a preview where one is needed)",
    )


def _proxies(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace, shown_progress(quiet=arguments.json) as progress:
        named = arguments.assets
        assets = [workspace.asset(name) for name in named] if named else workspace.assets()
        report = workspace.make_proxies(
            [asset.id for asset in assets], arguments.spec, progress=progress
        )
    if arguments.json:
        print_json(plain(report))
    else:
        for proxy in report.made:
            print(f"{megabytes(proxy.size_bytes):>9}  {proxy.path.name}")
        print(f"{len(report.made)} made, {len(report.known)} there before")
        if report.bytes_before:
            saved = 1 - report.bytes_after / report.bytes_before
            print(
                f"{megabytes(report.bytes_before)} of originals, "
                f"{megabytes(report.bytes_after)} of proxies ({saved:.0%} smaller)"
            )
        print_failures(report.failed)
    return FAILED if report.failed else 0


COMMANDS = {
    "proxies": Command(
        "  workbench proxies\n  workbench proxies talk.mp4 --spec preview",
        _proxies_options,
        _proxies,
    ),
}
