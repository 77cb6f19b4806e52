"""`workbench proxies`: make the small copies of a library, say what that would do, or what it saves."""

import argparse
from typing import Any

from workbench.cli.output import (
    FAILED,
    Command,
    counted,
    megabytes,
    plain,
    print_failures,
    print_json,
    shown_progress,
    table,
)
from workbench.errors import RequestError
from workbench.library.proxies.batch import ProxyReport
from workbench.library.proxies.plan import (
    OFFERED_IMAGE_SPECS,
    PlannedProxy,
    ProxyPlan,
    share_of_time,
    spec_meanings,
)
from workbench.library.proxies.rates import Guess
from workbench.library.proxies.savings import Savings
from workbench.media.timecode import format_length
from workbench.media.video.proxy import VIDEO_SPECS
from workbench.progress import Progress
from workbench.workspace import Workspace

NAME_LETTERS = 44
"""Longer names are cut in tables; JSON has all of them."""


def _proxies_options(parser: argparse.ArgumentParser) -> None:
    meanings = "; ".join(f"{name}: {what}" for name, what in spec_meanings().items())
    parser.add_argument(
        "assets", nargs="*", metavar="FILE", help="files or ids (default: the whole library)"
    )
    parser.add_argument(
        "--spec",
        metavar="NAME",
        choices=(*VIDEO_SPECS, *OFFERED_IMAGE_SPECS),
        help="only this one (default: what models are sent, and a preview where browsers cannot "
        f"play the original). {meanings}".replace("%", "%%"),
    )
    parser.add_argument("--limit", type=int, metavar="N", help="make N of the missing ones at most")
    parser.add_argument(
        "--force",
        action="store_true",
        help="make those that are there again; each stays until the new one is whole",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--dry-run",
        action="store_true",
        help="list what would be made with its size and time, and make nothing",
    )
    instead.add_argument(
        "--savings",
        action="store_true",
        help="show what the proxies save: bytes, upload time, tokens",
    )


def _proxies(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        if arguments.limit is not None and arguments.limit < 0:
            raise RequestError(f"--limit cannot be {arguments.limit}", hint="at least 0")
        named = arguments.assets
        assets = [workspace.asset(name) for name in named] if named else workspace.assets()
        ids = [asset.id for asset in assets]
        if arguments.savings:
            return _savings(workspace.savings(ids), as_json=arguments.json)
        wanted: dict[str, Any] = {"limit": arguments.limit, "again": arguments.force}
        if arguments.dry_run:
            plan = workspace.plan_proxies(ids, arguments.spec, **wanted)
            return _dry_run(plan, as_json=arguments.json)
        with shown_progress(quiet=arguments.json, is_timed=False) as shown:
            told = _Timed(shown)
            report = workspace.make_proxies(
                ids, arguments.spec, **wanted, progress=told, left=told.left
            )
    _report(report, as_json=arguments.json)
    return FAILED if report.failed else 0


class _Timed:
    """Progress that says how much time is left, by the seconds of the plan and not by files."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._left_s: float | None = None

    def left(self, seconds: float) -> None:
        """So many seconds are left."""
        self._left_s = seconds

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Say where it is."""
        if self._left_s is not None and done < total:
            stage = f"{stage} (≈ {format_length(max(1, round(self._left_s)))} left)"
        self._shown(done, total, stage)


def _report(report: ProxyReport, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(report))
        return
    for proxy in report.made:
        print(f"{_size(proxy.size_bytes):>9}  {proxy.path.name}")
    print(f"{len(report.made)} made, {len(report.known)} there before")
    if report.later:
        more = "1 more is" if report.later == 1 else f"{report.later:,} more are"
        print(f"{more} missing: run it again to go on")
    _print_unfit(report.unfit)
    if report.bytes_before:
        saved = _percent(1 - report.bytes_after / report.bytes_before)
        print(
            f"{_size(report.bytes_before)} of originals, "
            f"{_size(report.bytes_after)} of proxies ({saved})"
        )
    print_failures(report.failed)


def _dry_run(plan: ProxyPlan, *, as_json: bool) -> int:
    seconds, sizes = plan.seconds, plan.size_bytes
    if as_json:
        totals = {
            "to_make": len(plan.todo), "there": len(plan.there), "later": plan.later,
            "original_bytes": plan.original_bytes, "size_bytes": plain(sizes),
            "seconds": plain(seconds), "free_bytes": plan.free_bytes, "has_room": plan.has_room,
        }  # fmt: skip
        rows = [_planned_json(item) for item in plan.items]
        print_json({"spec": plan.spec, **totals, "unfit": plan.unfit, "proxies": rows})
        return 0
    if plan.items:
        heads = ["file", "kind", "original", "proxy", "makes", "size", "time"]
        print(table(heads, [_planned_row(item) for item in plan.items], right="llrllrr"))
        print()
    print(
        f"{counted(len(plan.todo), 'proxy').replace('proxys', 'proxies')} to make, {len(plan.there)} there"
    )
    if plan.later:
        print(f"{plan.later:,} more are missing, beyond the limit")
    _print_unfit(plan.unfit)
    if plan.todo:
        size = f"≈ {_size(sizes.expected)}"
        print(
            f"{size} ({_size(sizes.low)} to {_size(sizes.high)}) "
            f"of {_size(plan.original_bytes)} of originals"
        )
        print(f"{_about(seconds.expected)} ({_length(seconds.low)} to {_length(seconds.high)})")
    room = "" if plan.has_room else ": too little for what is expected"
    print(f"{_size(plan.free_bytes)} free in {plan.folder}{room}")
    return 0


def _planned_row(item: PlannedProxy) -> list[str]:
    shape = f"{item.width_px}×{item.height_px}" if item.width_px else "sound"
    cells = [_name(item.asset.name), item.asset.kind, _size(item.asset.size_bytes), item.spec]
    if item.problem:
        return [*cells, item.problem, "", ""]
    if not item.will_be_made and item.known:
        return [*cells, "there", _size(item.known.size_bytes), ""]
    again = " again" if item.known else ""
    seconds = item.seconds.times(share_of_time(item.asset.kind))
    return [
        *cells, f"{shape}{again}", f"≈ {_size(item.size_bytes.expected)}",
        _about(seconds.expected),
    ]  # fmt: skip


def _planned_json(item: PlannedProxy) -> dict[str, Any]:
    return {
        "asset_id": item.asset.id,
        "name": item.asset.name,
        "kind": item.asset.kind,
        "original_bytes": item.asset.size_bytes,
        "spec": item.spec,
        "will_be_made": item.will_be_made,
        "width_px": item.width_px,
        "height_px": item.height_px,
        "size_bytes": _range(item.size_bytes) if item.will_be_made else None,
        "seconds": _range(item.seconds) if item.will_be_made else None,
        "there_bytes": item.known.size_bytes if item.known else None,
        "problem": item.problem,
    }


def _range(guess: Guess) -> dict[str, float]:
    return {"low": guess.low, "expected": guess.expected, "high": guess.high}


def _savings(savings: Savings, *, as_json: bool) -> int:
    if as_json:
        print_json(_savings_json(savings))
        return 0
    if not savings.files:
        print("No proxy has been made yet: workbench proxies")
        return 0
    heads = ["file", "proxy", "original", "proxy", "saved", "upload", "instead of"]
    right = "llrrrrr"
    has_tokens = savings.original_tokens is not None
    if has_tokens:
        heads, right = [*heads, "tokens", "instead of"], right + "rr"
    rows = []
    for each in savings.files:
        cells = [
            _name(each.name), each.spec, _size(each.original_bytes),
            _size(each.proxy_bytes), f"{each.share:.0%}",
            _length(savings.upload_s(each.proxy_bytes)),
            _length(savings.upload_s(each.original_bytes)),
        ]  # fmt: skip
        tokens = (each.proxy_tokens, each.original_tokens)
        rows.append([*cells, *("" if n is None else f"{n:,}" for n in tokens if has_tokens)])
    print(table(heads, rows, right=right))
    print(
        f"\n{counted(len(savings.files), 'file')}: {_size(savings.original_bytes)} of "
        f"originals, {_size(savings.proxy_bytes)} of proxies "
        f"({_percent(savings.share or 0.0)})"
    )
    print(
        f"Sent once at {savings.upload_mbit_s:g} Mbit/s: "
        f"{_length(savings.upload_s(savings.proxy_bytes))} instead of "
        f"{_length(savings.upload_s(savings.original_bytes))}"
    )
    if has_tokens:
        print(
            f"Tokens of the pictures by {savings.by_pixels[0]}, which bills pixels: "
            f"{savings.proxy_tokens:,} instead of {savings.original_tokens:,}"
        )
    if savings.flat:
        names = ", ".join(name for name, _ in savings.flat)
        print(f"{names}: {savings.flat[0][1]} tokens a picture, whatever its size")
    if savings.without:
        print(
            f"{counted(savings.without, 'file')} of {_size(savings.without_bytes)} without "
            "one: workbench proxies"
        )
    return 0


def _savings_json(savings: Savings) -> dict[str, Any]:
    files = [
        {
            **plain(each),
            "saved_bytes": each.saved_bytes,
            "share": each.share,
            "original_upload_s": savings.upload_s(each.original_bytes),
            "proxy_upload_s": savings.upload_s(each.proxy_bytes),
        }
        for each in savings.files
    ]
    return {
        "original_bytes": savings.original_bytes,
        "proxy_bytes": savings.proxy_bytes,
        "share": savings.share,
        "original_upload_s": savings.upload_s(savings.original_bytes),
        "proxy_upload_s": savings.upload_s(savings.proxy_bytes),
        "upload_mbit_s": savings.upload_mbit_s,
        "original_tokens": savings.original_tokens,
        "proxy_tokens": savings.proxy_tokens,
        "billed_by_pixels": savings.by_pixels,
        "billed_flat": dict(savings.flat),
        "without": savings.without,
        "without_bytes": savings.without_bytes,
        "kinds": [{**plain(kind), "share": kind.share} for kind in savings.kinds],
        "files": files,
    }


def _print_unfit(names: tuple[str, ...]) -> None:
    if names:
        first = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        print(f"not for {first}")


def _percent(share: float) -> str:
    return f"{share:.0%} smaller" if share >= 0 else f"{-share:.0%} larger"


def _length(seconds: float) -> str:
    return "< 0.1 s" if seconds < 0.1 else format_length(seconds)


def _about(seconds: float) -> str:
    return _length(seconds) if seconds < 0.1 else f"≈ {format_length(seconds)}"


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e3:.0f} kB" if size_bytes < 1e6 else megabytes(size_bytes)


def _name(name: str) -> str:
    line = " ".join(name.split())
    return line if len(line) <= NAME_LETTERS else line[: NAME_LETTERS - 1] + "…"


COMMANDS = {
    "proxies": Command(
        "  workbench proxies --dry-run\n"
        "  workbench proxies talk.mp4 --spec preview\n"
        "  workbench proxies --limit 100\n"
        "  workbench proxies --savings",
        _proxies_options,
        _proxies,
    ),
}
