"""`workbench explain`: short narrated films of an analysis, of notes or of a storyboard."""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from workbench.cli.output import Command, megabytes, plain, print_json, shown_progress, table
from workbench.errors import NotInLibrary, RequestError
from workbench.explain.request import FilmRequest
from workbench.explain.storyboard import write_storyboard
from workbench.media.timecode import format_time
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    about = parser.add_mutually_exclusive_group()
    about.add_argument(
        "asset", nargs="?", metavar="FILE", help="a video report of its newest analysis"
    )
    about.add_argument("--notes", metavar="FILE", help="notes in Markdown; - for standard input")
    about.add_argument("--storyboard", metavar="FILE", help="a storyboard as JSON")
    about.add_argument("--list", action="store_true", help="list the films that were made")
    parser.add_argument("--analysis", default="", metavar="ID", help="this analysis of the file")
    parser.add_argument(
        "--chapter", type=int, metavar="NUMBER", help="explain one chapter, from 1 on"
    )
    parser.add_argument(
        "--length",
        choices=("short", "medium", "long"),
        default="medium",
        help="how much of an analysis is told (default: medium)",
    )
    parser.add_argument(
        "--voice", choices=("local", "none"), default="local", help="who speaks (default: local)"
    )
    parser.add_argument(
        "--theme", choices=("light", "dark"), default="light", help="colours (default: light)"
    )
    parser.add_argument(
        "--moving", action="store_true", help="show pieces of the source instead of stills"
    )
    parser.add_argument(
        "--storyboard-only", action="store_true", help="print the storyboard and make no film"
    )


def _read(name: str) -> tuple[str, str]:
    """A file's text, and the folder its pictures lie in."""
    if name == "-":
        return sys.stdin.read(), str(Path.cwd())
    path = Path(name).expanduser()
    try:
        return path.read_text(encoding="utf-8"), str(path.absolute().parent)
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(
            f"{name} cannot be read: {error}", hint="name a text file, in UTF-8"
        ) from None


def _request(arguments: argparse.Namespace, workspace: Workspace) -> FilmRequest:
    values: dict[str, object] = {
        "length": arguments.length,
        "voice": arguments.voice,
        "theme": arguments.theme,
        "moving": arguments.moving,
        "chapter": None if arguments.chapter is None else arguments.chapter - 1,
    }
    if arguments.notes:
        values["notes"], values["folder"] = _read(arguments.notes)
    elif arguments.storyboard:
        values["storyboard"], values["folder"] = _read(arguments.storyboard)
    elif arguments.analysis:
        values["analysis"] = arguments.analysis
    elif arguments.asset:
        values["analysis"] = _newest(workspace, arguments.asset)
    else:
        raise RequestError(
            "nothing to explain", hint="name a file that was analysed, --notes or --storyboard"
        )
    try:
        return FilmRequest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise RequestError(
            first["msg"].removeprefix("Value error, "), hint="see workbench explain --help"
        ) from None


def _newest(workspace: Workspace, name: str) -> str:
    asset = workspace.asset(name)
    headers = workspace.store.analyses(asset.id)
    if not headers:
        raise NotInLibrary(
            f"{asset.name} is not analysed yet", hint=f"workbench analyse {asset.name}"
        )
    return headers[0].id


def _run(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        if arguments.list:
            return _list(arguments, workspace)
        request = _request(arguments, workspace)
        if arguments.storyboard_only:
            print(write_storyboard(workspace.storyboard(request)), end="")
            return 0
        with shown_progress(quiet=arguments.json) as progress:
            film = workspace.film(request, progress=progress)
    if arguments.json:
        print_json(plain(film))
        return 0
    for beat in film.beats:
        print(f"{format_time(beat.start_s):>6}  {beat.heading}")
    for note in film.notes:
        print(note)
    length = format_time(film.duration_s)
    print(f"{film.title}: {length}, {megabytes(film.size_bytes)}, voice: {film.voice}\n{film.path}")
    return 0


def _list(arguments: argparse.Namespace, workspace: Workspace) -> int:
    films = workspace.films()
    if arguments.json:
        print_json([plain(film) for film in films])
    elif films:
        rows = [
            [film.id, film.title, format_time(film.duration_s), f"{film.created_at:%Y-%m-%d %H:%M}"]
            for film in films
        ]
        print(table(["id", "title", "length", "made (UTC)"], rows))
    else:
        print("No films yet. Make one: workbench explain talk.mp4")
    return 0


COMMANDS = {
    "explain": Command(
        "  workbench explain talk.mp4\n"
        "  workbench explain talk.mp4 --chapter 3 --moving\n"
        "  workbench explain --notes notes.md --theme dark\n"
        "  workbench explain talk.mp4 --storyboard-only > film.json\n"
        "  workbench explain --storyboard film.json",
        _options,
        _run,
    )
}
