"""The options that make an `AnalysisRequest`: one for each of its fields, by the same name."""

import argparse
from typing import Any

from workbench.analysis.request import EVERYTHING, AnalysisRequest


def add_request_options(parser: argparse.ArgumentParser, *, files: str = "+") -> None:
    """Add an option for each field of `AnalysisRequest`; the files are the plain arguments.

    Args:
        parser: Where to add them.
        files: `+` when at least one file has to be named, `*` when none may be.
    """
    fields = AnalysisRequest.model_fields
    parser.add_argument(
        "assets", nargs=files, metavar="FILE", help="files, folders or ids; new files are imported"
    )
    parser.add_argument(
        "--find",
        nargs="+",
        choices=EVERYTHING,
        metavar="WHAT",
        help=f"what to look for: {', '.join(EVERYTHING)} (default: all)",
    )
    parser.add_argument(
        "--engine", choices=("local", "nova"), help="local is free, nova is Amazon Bedrock"
    )
    parser.add_argument(
        "--model", metavar="KEY", help="a key from `workbench models` (default: auto)"
    )
    parser.add_argument(
        "--quality",
        choices=("fast", "balanced", "best"),
        help="what auto weighs (default: balanced)",
    )
    parser.add_argument(
        "--depth",
        choices=("detailed", "overview"),
        help="chunks at 1 frame/s, or one call for the whole video (default: detailed)",
    )
    parser.add_argument(
        "--summary-length",
        choices=("brief", "standard", "detailed"),
        help="length of the summary (default: standard)",
    )
    parser.add_argument("--language", metavar="CODE", help="language of the answer (default: en)")
    parser.add_argument(
        "--chunk-s",
        type=float,
        metavar="SECONDS",
        help=f"seconds each call answers for (default: {fields['chunk_s'].default:.0f})",
    )
    parser.add_argument(
        "--context-s",
        type=float,
        metavar="SECONDS",
        help=f"context on each side of a chunk (default: {fields['context_s'].default:.0f})",
    )
    parser.add_argument(
        "--instructions", metavar="TEXT", help="anything else the model should know"
    )
    parser.add_argument(
        "--max-cost-usd", metavar="USD", help="stop cleanly before this many dollars"
    )


def request_of(arguments: argparse.Namespace, **changes: Any) -> AnalysisRequest:
    """The request that the options mean; options not given keep the field's default."""
    given = {
        name: value
        for name in AnalysisRequest.model_fields
        if (value := getattr(arguments, name, None)) is not None
    }
    return AnalysisRequest.model_validate({**given, **changes})
