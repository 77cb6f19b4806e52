"""`workbench models`: the catalog, with dates and sources."""

import argparse

from workbench.backends.catalog import ModelInfo
from workbench.backends.pricing import video_tokens
from workbench.backends.usage import format_usd
from workbench.cli.output import Command, plain, print_json, table
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="also those that no longer answer")


def _price(model: ModelInfo, part: str) -> str:
    if model.is_free:
        return "$0"
    prices = [getattr(p, f"{part}_usd_per_mtok") for p in model.prices if p.tier == "standard"]
    return format_usd(min(prices)) if prices else "–"


def _ten_minutes(model: ModelInfo) -> str:
    if model.sampling is None:
        return ""
    low, high = video_tokens(model, 600)
    return f"{low:,}" if low == high else f"{low:,} – {high:,}"


def _run(arguments: argparse.Namespace) -> int:
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
    "models": Command("  workbench models\n  workbench models --all --json", _options, _run)
}
