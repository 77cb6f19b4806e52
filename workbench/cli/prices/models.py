"""`workbench models`: the catalog, with dates and sources, and its comparison with the account."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import video_tokens
from workbench.backends.usage import format_usd
from workbench.cli.output import (
    FAILED,
    Command,
    counted,
    plain,
    print_json,
    shown_progress,
    table,
)
from workbench.errors import RequestError
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.backends.catalog.check import CatalogCheck


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="also those that no longer answer")
    parser.add_argument(
        "--served",
        action="store_true",
        help="what the server at WORKBENCH_OPENAI_BASE_URL has, and which of it the catalog names",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare ids, lifecycles and prices with the account's region; changes nothing",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="with --check: write what was found into a catalog file of your own",
    )


def _price(model: ModelInfo, part: str) -> str:
    if model.is_free:
        return "$0"
    minutes = [p.usd_per_media_min for p in model.prices if p.usd_per_media_min is not None]
    if minutes:
        return f"{format_usd(min(minutes))}/min" if part == "input" else ""
    letters = [p.usd_per_mchar for p in model.prices if p.usd_per_mchar is not None]
    if letters:
        return f"{format_usd(min(letters))} chars" if part == "input" else ""
    prices = [getattr(p, f"{part}_usd_per_mtok") for p in model.prices if p.tier == "standard"]
    return format_usd(min(prices)) if prices else "–"


def _ten_minutes(model: ModelInfo) -> str:
    if model.sampling is None:
        return ""
    low, high = video_tokens(model, 600)
    return f"{low:,}" if low == high else f"{low:,} – {high:,}"


def _check(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        with shown_progress(quiet=arguments.json) as progress:
            check = workspace.check_catalog(progress=progress)
        prices = workspace.write_catalog(check, arguments.write) if arguments.write else 0
        in_use = workspace.settings.catalog_file
    if arguments.json:
        told = plain(check) | {"written_prices": prices}
        del told["models"]  # what a file is written from
        print_json(told)
    else:
        _print_check(check)
    if arguments.write and not arguments.json:
        print(f"\n{counted(prices, 'price')} written to {arguments.write}.")
        if in_use is None or in_use.resolve() != arguments.write.resolve():
            print(f"They count with WORKBENCH_CATALOG_FILE={arguments.write}")
    return FAILED if check.not_compared else 0


def _print_check(check: "CatalogCheck") -> None:
    if check.differences:
        rows = [[d.kind, d.model, d.where, d.ours, d.theirs] for d in check.differences]
        print(table(["what", "model", "where", "catalog", f"{check.region} now"], rows))
        print()
    count = len(check.differences) or "no"
    print(
        f"{count} differences, {check.agreed} the same, in {check.region} on {check.checked_on}."
        " Prices: dollars per million tokens, in / out."
    )
    if check.not_compared:
        print("\nNot compared:")
    for part in check.not_compared:
        print(f"  {part.part}: {part.reason}\n    {part.hint}")


def _served(*, as_json: bool) -> int:
    """Print what the OpenAI-compatible server has."""
    with Workspace.open() as workspace:
        served = workspace.served_models()
        known = workspace.catalog.models("openai", purpose=None)
    keys = {model.model_id: model.key for model in known}
    if as_json:
        print_json([{"model_id": name, "key": keys.get(name)} for name in served])
        return 0
    print(table(["model", "key in the catalog"], [[name, keys.get(name, "–")] for name in served]))
    if new := [name for name in served if name not in keys]:
        print("\nA model is used once the file of WORKBENCH_CATALOG_FILE names it, such as:\n")
        print(
            f'[models.mine]\nname = {json.dumps(new[0])}\nengine = "openai"\n'
            f'model_id = {json.dumps(new[0])}\naccepts = ["text"]\nmax_output_tokens = 8000'
        )
    return 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.served:
        return _served(as_json=arguments.json)
    if arguments.check:
        return _check(arguments)
    if arguments.write:
        raise RequestError(
            "--write goes with --check", hint=f"workbench models --check --write {arguments.write}"
        )
    with Workspace.open() as workspace:
        catalog = workspace.catalog
    models = catalog.models(purpose=None, include_retired=arguments.all)
    if arguments.json:
        print_json([plain(model) for model in models])
        return 0
    rows = [
        [
            model.key,
            model.name,
            " ".join(sorted(model.accepts)),
            f"{model.window_tokens:,}" if model.window_tokens else "",
            _price(model, "input"),
            _price(model, "output"),
            _ten_minutes(model),
            model.lifecycle + (f", ends {model.ends}" if model.ends else ""),
        ]
        for model in models
    ]
    headings = ["key", "name", "accepts", "window", "in/1M", "out/1M", "10 min video", "state"]
    print(table(headings, rows, right="lllrrrrl"))
    print(f"\nTokens, and dollars per million tokens by the cheapest route, as of {catalog.as_of}.")
    return 0


COMMANDS = {
    "models": Command(
        "  workbench models\n"
        "  workbench models --all --json\n"
        "  workbench models --served\n"
        "  workbench models --check --write prices.toml",
        _options,
        _run,
    )
}
