"""The options that make an `AnalysisRequest`: one for each of its fields, by the same name."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from workbench.analysis.fields import FORM, Field, field_of_words, fields_of_file
from workbench.analysis.request import DETECTABLE, ENGINES, EVERYTHING, AnalysisRequest
from workbench.backends.catalog.models import Tier


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
        "--engine",
        choices=ENGINES,
        help="local is free, nova is Amazon Bedrock, rekognition is Amazon Rekognition",
    )
    parser.add_argument(
        "--also",
        nargs="+",
        choices=ENGINES,
        metavar="ENGINE",
        help="ask these engines about the same files too, to compare them",
    )
    parser.add_argument(
        "--detect",
        nargs="+",
        choices=DETECTABLE,
        metavar="WHAT",
        help=f"what Rekognition detects besides objects: {', '.join(DETECTABLE)}; each has its"
        " price; it follows no persons (AWS ended that on 31 October 2025)",
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
        "--carry",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="ask about chunks one after another, each told what those before it hold and what"
        " they call things (default: all at once)",
    )
    parser.add_argument(
        "--pictures-per-call",
        type=int,
        metavar="N",
        help="most pictures Amazon Nova is asked about in one call, 1 to 5 (default:"
        f" {fields['pictures_per_call'].default}; in a batch 1)",
    )
    parser.add_argument(
        "--tier",
        choices=get_args(Tier),
        help="service tier: flex may wait longer for half the price, priority goes first for more,"
        " batch takes hours for half the price (default: standard)",
    )
    parser.add_argument(
        "--instructions", metavar="TEXT", help="anything else the model should know"
    )
    parser.add_argument(
        "--field",
        dest="fields",
        action="append",
        metavar=FORM,
        help="a question of your own, answered as a column; TYPE: text, number, yes_no, list or"
        " choice=A|B|C; PER: video or chapter; give it as often as you like,"
        " as in --field 'wear:choice=none|light|heavy:chapter:How worn is it?'",
    )
    parser.add_argument(
        "--fields",
        action="append",
        type=Path,
        metavar="FILE.json",
        help="the same from a file: a list of objects with name, ask, type, choices and per",
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
    if given.get("fields"):
        given["fields"] = fields_of(given["fields"])
    return AnalysisRequest.model_validate({**given, **changes})


def fields_of(given: Iterable[str | Path]) -> tuple[Field, ...]:
    """The fields that were typed, and those of files, in the order they were given.

    Raises:
        RequestError: One cannot be read.
    """
    found: list[Field] = []
    for each in given:
        found += fields_of_file(each) if isinstance(each, Path) else [field_of_words(each)]
    return tuple(found)
