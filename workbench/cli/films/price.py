"""The options of a film that models write, and its price: shown, and agreed to before it is paid."""

import argparse
import sys
from pathlib import Path
from typing import Any

from workbench.backends.usage import format_usd
from workbench.cli.output import plain, table, usd
from workbench.errors import RequestError
from workbench.explain.asking.states import WORDS
from workbench.explain.price import FilmPrice


def add_question_options(parser: argparse.ArgumentParser) -> None:
    """The options that go with `--ask`."""
    parser.add_argument(
        "--written-by",
        default="auto",
        metavar="KEY",
        help="who writes the film of a question: a key from `workbench models` (default: as set"
        " for each role)",
    )
    parser.add_argument(
        "--language",
        default="",
        metavar="CODE",
        help="language of the answer, as en or de (default: that of the question)",
    )
    parser.add_argument(
        "--scenes",
        action="store_true",
        help="let the model write scenes in Manim's own code, run in the sandbox",
    )
    parser.add_argument(
        "--explanation", metavar="FILE", help="go on from this explanation, as text"
    )
    parser.add_argument("--refined", metavar="FILE", help="write the script of this text")
    parser.add_argument(
        "--dry-run", action="store_true", help="print what it costs, send nothing, make no film"
    )


def question_values(arguments: argparse.Namespace) -> dict[str, object]:
    """The fields of a request that `--ask` and its options give.

    Raises:
        RequestError: A file cannot be read.
    """
    return {
        "question": arguments.ask,
        "written_by": arguments.written_by,
        "language": arguments.language,
        "scenes": arguments.scenes,
        "explanation": _text(arguments.explanation),
        "refined": _text(arguments.refined),
    }


def _text(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(
            f"{name} cannot be read: {error}", hint="name a text file, in UTF-8"
        ) from None


def print_price(price: FilmPrice) -> None:
    """Print what a film costs, a line for each stage that is paid."""
    if not price.lines:
        print("It costs nothing: no model and no service is asked.")
        return
    words = {str(name): said for name, said in WORDS.items()}
    rows = [
        [
            words.get(line.stage, line.stage),
            line.by,
            f"{line.characters:,}" if line.characters else "",
            *(
                ("kept", "kept", "kept")
                if line.is_kept
                else map(format_usd, (line.low_usd, line.usual_usd, line.high_usd))
            ),
        ]
        for line in price.lines
    ]
    headings = ["stage", "by", "characters", "least", "expected", "most"]
    print(table(headings, rows, right="llrrrr"))
    print(
        f"\n≈ {format_usd(price.expected_usd)} ({format_usd(price.low_usd)} –"
        f" {format_usd(price.high_usd)})"
    )


def price_json(price: FilmPrice) -> dict[str, Any]:
    """A price as plain JSON."""
    return {
        "low_usd": usd(price.low_usd),
        "expected_usd": usd(price.expected_usd),
        "high_usd": usd(price.high_usd),
        "lines": [plain(line) for line in price.lines],
    }


def is_agreed(price: FilmPrice, *, yes: bool) -> bool:
    """May a price be paid? What costs nothing needs no word; at a terminal it is asked for.

    Args:
        price: What the film costs.
        yes: Was it agreed to beforehand?
    """
    if yes or price.high_usd == 0:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print("Nothing was sent. Add --yes to pay for it.")
        return False
    most = "an unknown price" if price.high_usd is None else f"up to {format_usd(price.high_usd)}"
    print(f"Pay {most}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    print("Nothing was sent.")
    return False
