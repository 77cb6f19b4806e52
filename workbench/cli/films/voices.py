"""`workbench voices`: who can speak, what it costs, and a text spoken into a file."""

import argparse
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.backends.catalog.models import ModelInfo, price_of
from workbench.backends.usage import Cost, format_usd
from workbench.cli.output import (
    FAILED,
    Command,
    counted,
    plain,
    print_json,
    report_error,
    table,
    usd,
)
from workbench.errors import BackendError, NoCredentials, RequestError
from workbench.workspace import Workspace

LOCAL_VOICE = "heart"
LOCAL_ENGINE = "local"


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--language",
        default="",
        metavar="CODE",
        help="only those who speak it, such as en-GB or de",
    )
    parser.add_argument("--say", metavar="TEXT", help="have a text spoken; shows its price first")
    parser.add_argument("--voice", default=LOCAL_VOICE, metavar="NAME", help="who speaks it")
    parser.add_argument(
        "--engine",
        default="",
        choices=("", "standard", "neural", "long-form", "generative"),
        help="by which engine (default: neural where the voice has it, else standard)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the WAV file to write")
    parser.add_argument("--no-marks", action="store_true", help="without the times of words")
    parser.add_argument("--yes", action="store_true", help="pay the price without being asked")


def _thousand(model: ModelInfo, engine: str) -> Cost:
    """Dollars for a thousand characters."""
    price = price_of(model, engine)
    return None if price is None or price.usd_per_mchar is None else price.usd_per_mchar / 1000


def _local(language: str) -> list[dict[str, Any]]:
    from workbench.speech.voice import local_voice

    if not local_voice.is_available() or not "en-us".startswith(language.lower()):
        return []
    return [
        {
            "name": LOCAL_VOICE,
            "language": "en-US",
            "language_name": "US English",
            "gender": "Female",
            "also": [],
            "prices_usd": {LOCAL_ENGINE: 0.0},
        }
    ]


def _list(workspace: Workspace, language: str) -> tuple[list[dict[str, Any]], BackendError | None]:
    rows, problem = _local(language), None
    model = workspace.catalog.get("polly")
    try:
        voices = workspace.voices(language)
    except BackendError as error:
        voices, problem = (), error
    for voice in voices:
        told = plain(voice)
        engines = told.pop("engines")
        rows.append(told | {"prices_usd": {each: usd(_thousand(model, each)) for each in engines}})
    return rows, problem


def _shown(row: dict[str, Any]) -> list[str]:
    languages = " ".join((row["language"], *row["also"]))
    prices = (
        f"{engine} {format_usd(None if price is None else Decimal(str(price)))}"
        for engine, price in row["prices_usd"].items()
    )
    return [row["name"], languages, row["language_name"], row["gender"], ", ".join(prices)]


def _print_list(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        rows, problem = _list(workspace, arguments.language)
        as_of = workspace.catalog.as_of
    if arguments.json:
        error = problem and {"message": problem.message, "hint": problem.hint}
        print_json({"voices": rows, "error": error})
    else:
        headings = ["voice", "language", "", "gender", "engines, dollars per 1,000 characters"]
        print(table(headings, [_shown(row) for row in rows]))
        print(f"\n{counted(len(rows), 'voice')}. Prices as of {as_of}, not verified by AWS's list.")
        if problem:
            print("Amazon Polly's voices are not listed:")
            report_error(problem, as_json=False)
    # A machine without an account lacks nothing.
    return FAILED if problem and not isinstance(problem, NoCredentials) else 0


def _say_here(text: str, path: Path, *, as_json: bool) -> int:
    from workbench.speech.voice import local_voice

    spoken = local_voice.speak(text, path)
    length_s = spoken[-1].span.end_s
    if as_json:
        told = {"out": str(path), "duration_s": length_s, "characters": 0, "cost_usd": 0.0}
        print_json(told | {"marks": []})
    else:
        print(f"{path}: {length_s:.1f} s, spoken on this machine, $0")
    return 0


def _say(arguments: argparse.Namespace) -> int:
    if arguments.out is None:
        raise RequestError("--say needs a file to write", hint="add --out speech.wav")
    if arguments.voice.lower() == LOCAL_VOICE:
        return _say_here(arguments.say, arguments.out, as_json=arguments.json)
    with Workspace.open() as workspace:
        plan = workspace.plan_speech(
            arguments.say,
            arguments.voice,
            engine=arguments.engine,
            with_marks=not arguments.no_marks,
        )
        is_due = plan.cost_usd != 0
        if is_due and not arguments.yes:
            told = {"characters": plan.characters, "cost_usd": usd(plan.cost_usd)}
            if arguments.json:
                print_json({**told, "out": None})
            else:
                print(_price(plan.characters, plan.cost_usd, plan.voice.name, plan.engine))
                print("Nothing was sent. Add --yes to pay for it.")
            return 0
        if not arguments.json:
            print(_price(plan.characters, plan.cost_usd, plan.voice.name, plan.engine))
        speech = workspace.speak(plan)
    speech.write(arguments.out)
    if arguments.json:
        print_json(
            {
                "out": str(arguments.out),
                "duration_s": speech.duration_s,
                "characters": speech.characters,
                "cost_usd": usd(speech.cost_usd),
                "marks": [plain(mark) for mark in speech.marks],
            }
        )
    else:
        marks = f", {counted(len(speech.marks), 'word')} with a time" if speech.marks else ""
        print(
            f"{arguments.out}: {speech.duration_s:.1f} s{marks},"
            f" {speech.characters:,} characters paid, {format_usd(speech.cost_usd)}"
        )
    return 0


def _price(characters: int, cost: Cost, voice: str, engine: str) -> str:
    if characters == 0:
        return f"{voice}, {engine}: spoken before and kept, $0"
    return f"{voice}, {engine}: {characters:,} characters, {format_usd(cost)}"


def _run(arguments: argparse.Namespace) -> int:
    return _print_list(arguments) if arguments.say is None else _say(arguments)


COMMANDS = {
    "voices": Command(
        "  workbench voices --language en-GB\n"
        '  workbench voices --say "The pump runs." --voice Joanna --out pump.wav\n'
        '  workbench voices --say "The pump runs." --voice Joanna --out pump.wav --yes',
        _options,
        _run,
    )
}
