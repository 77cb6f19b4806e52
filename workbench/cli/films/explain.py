"""`workbench explain`: short films of what was analysed, found, written, shipped or asked."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from workbench.backends.usage import format_usd
from workbench.cli.analyses.search import add_search_options
from workbench.cli.films.price import (
    add_question_options,
    is_agreed,
    price_json,
    print_price,
    question_values,
)
from workbench.cli.films.scenes import check_scene, scene_options, scene_storyboard
from workbench.cli.output import (
    Command,
    counted,
    megabytes,
    plain,
    print_json,
    shown_progress,
    table,
)
from workbench.errors import NotInLibrary, RequestError
from workbench.explain.request import FilmRequest
from workbench.explain.storyboards.storyboard import write_storyboard
from workbench.media.timecode import format_time
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.explain.films.making import Film
    from workbench.explain.films.publishing import Published


def _options(parser: argparse.ArgumentParser) -> None:
    about = parser.add_mutually_exclusive_group()
    about.add_argument(
        "asset", nargs="?", metavar="FILE", help="a video report of its newest analysis"
    )
    about.add_argument("--notes", metavar="FILE", help="notes in Markdown; - for standard input")
    about.add_argument(
        "--search", metavar="WORDS", help="the best moments found, with the sound of your films"
    )
    about.add_argument("--storyboard", metavar="FILE", help="a storyboard as JSON")
    about.add_argument("--scene", metavar="FILE", help="a Manim scene: a film of it alone")
    about.add_argument(
        "--check-scene", metavar="FILE", help="check a Manim scene without running it"
    )
    about.add_argument(
        "--ask", metavar="QUESTION", help="a question that models answer; its price comes first"
    )
    about.add_argument("--example", metavar="NAME", help="a storyboard that is shipped")
    about.add_argument("--examples", action="store_true", help="list the storyboards shipped")
    about.add_argument("--list", action="store_true", help="list the films that were made")
    about.add_argument(
        "--publish", metavar="FILM_ID", help="put a film into the S3 folder and print its link"
    )
    add_search_options(parser)
    parser.add_argument("--analysis", default="", metavar="ID", help="this analysis of the file")
    parser.add_argument(
        "--chapter", type=int, metavar="NUMBER", help="explain one chapter, from 1 on"
    )
    parser.add_argument(
        "--length",
        choices=("short", "medium", "long"),
        default="medium",
        help="how much of an analysis is told; of a search 3, 6 or 12 moments (default: medium)",
    )
    parser.add_argument(
        "--voice",
        default="local",
        metavar="NAME",
        help="who speaks: local, none, or a voice from `workbench voices` (default: local)",
    )
    parser.add_argument(
        "--voice-engine",
        default="",
        choices=("standard", "neural", "long-form", "generative"),
        help="how a voice of Polly speaks (default: neural where it has it, else standard)",
    )
    add_question_options(parser)
    parser.add_argument("--max-cost-usd", metavar="DOLLARS", help="stop before this many dollars")
    parser.add_argument("--yes", action="store_true", help="pay the price without being asked")
    parser.add_argument(
        "--theme", choices=("light", "dark"), default="light", help="colours (default: light)"
    )
    parser.add_argument(
        "--renderer",
        choices=("auto", "cards", "manim"),
        default="auto",
        help="what draws it: cards are still, manim moves (default: auto, manim where it is "
        "installed and there is an equation or a curve)",
    )
    parser.add_argument(
        "--moving", action="store_true", help="show pieces of the source instead of stills"
    )
    parser.add_argument(
        "--and-publish", action="store_true", help="put the film into the S3 folder when it is made"
    )
    parser.add_argument(
        "--storyboard-only", action="store_true", help="print the storyboard and make no film"
    )
    scene_options(parser)


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
        "how": arguments.how,
        "kinds": arguments.kind,
        "length": arguments.length,
        "voice": arguments.voice,
        "voice_engine": arguments.voice_engine,
        "max_cost_usd": arguments.max_cost_usd,
        "publish": arguments.and_publish,
        "theme": arguments.theme,
        "renderer": arguments.renderer,
        "moving": arguments.moving,
        "chapter": None if arguments.chapter is None else arguments.chapter - 1,
    }
    if arguments.notes:
        values["notes"], values["folder"] = _read(arguments.notes)
    elif arguments.storyboard:
        values["storyboard"], values["folder"] = _read(arguments.storyboard)
    elif arguments.scene:
        code, values["folder"] = _read(arguments.scene)
        values["storyboard"] = scene_storyboard(code, arguments.scene, arguments.say)
    elif arguments.ask is not None:
        values |= question_values(arguments)
    elif arguments.search is not None:
        values["search"] = arguments.search
    elif arguments.example:
        values["example"] = arguments.example
    elif arguments.analysis:
        values["analysis"] = arguments.analysis
    elif arguments.asset:
        values["analysis"] = _newest(workspace, arguments.asset)
    else:
        raise RequestError(
            "nothing to explain",
            hint="name a file that was analysed, --search, --notes, --storyboard, --ask or --example",
        )
    try:
        return FilmRequest.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        why = first["msg"].removeprefix("Value error, ")
        where = f"--{str(first['loc'][0]).replace('_', '-')}: " if first["loc"] else ""
        raise RequestError(f"{where}{why}", hint="see workbench explain --help") from None


def _newest(workspace: Workspace, name: str) -> str:
    asset = workspace.asset(name)
    headers = workspace.store.analyses(asset.id)
    if not headers:
        raise NotInLibrary(
            f"{asset.name} is not analysed yet", hint=f"workbench analyse {asset.name}"
        )
    return headers[0].id


def _run(arguments: argparse.Namespace) -> int:
    if arguments.examples:
        return _examples(as_json=arguments.json)
    if arguments.check_scene:
        return check_scene(_read(arguments.check_scene)[0], as_json=arguments.json)
    return _made(arguments)


def _made(arguments: argparse.Namespace) -> int:
    with Workspace.open() as workspace:
        if arguments.list:
            return _list(arguments, workspace)
        if arguments.publish:
            return _publish(arguments, workspace)
        request = _request(arguments, workspace)
        if not _is_paid_for(arguments, workspace, request):
            return 0
        if arguments.storyboard_only:
            print(write_storyboard(workspace.storyboard(request)), end="")
            return 0
        with shown_progress(quiet=arguments.json) as progress:
            walls: Literal["auto", "off"] = "off" if arguments.no_sandbox else "auto"
            film = workspace.film(request, progress=progress, walls=walls)
        link = workspace.film_link(film.id) if request.publish and film.published_uri else None
    if arguments.json:
        print_json(plain(film))
    else:
        _print_film(film)
        if link:
            _print_link(link)
    return 0


def _is_paid_for(arguments: argparse.Namespace, workspace: Workspace, request: FilmRequest) -> bool:
    """Show the price of what is paid; False where that is all that is wanted, or it is too much."""
    if arguments.storyboard_only:
        request = request.model_copy(update={"voice": "none"})
    if not (request.source == "question" or request.has_paid_voice or arguments.dry_run):
        return True
    price = workspace.film_price(request)
    is_due = price.high_usd != 0 and not arguments.yes
    if arguments.json:
        if arguments.dry_run or is_due:
            print_json({"price": price_json(price), "film": None})
            return False
        return True
    if arguments.dry_run or is_due or not arguments.storyboard_only:
        print_price(price)
    return not arguments.dry_run and is_agreed(price, yes=arguments.yes)


def _print_film(film: "Film") -> None:
    for beat in film.beats:
        print(f"{format_time(beat.start_s):>6}  {beat.heading}")
    for note in film.notes:
        print(note)
    length = format_time(film.duration_s)
    voice = f"{film.voice}, {film.voice_engine}" if film.voice_engine else film.voice
    paid = f", {format_usd(film.cost_usd)} paid" if film.voice_engine else ""
    print(f"{film.title}: {length}, {megabytes(film.size_bytes)}, voice: {voice}{paid}")
    print(film.path)


def _publish(arguments: argparse.Namespace, workspace: Workspace) -> int:
    published = workspace.publish_film(arguments.publish)
    if arguments.json:
        print_json(plain(published))
    else:
        print(f"{published.uri}, {counted(published.sent, 'file')} sent")
        _print_link(published)
    return 0


def _print_link(published: "Published") -> None:
    until = f"until {published.expires_at:%Y-%m-%d %H:%M} UTC" if published.expires_at else ""
    print(f"Link {until or 'without an end'}: {published.url}")
    if published.note:
        print(published.note)


def _examples(*, as_json: bool) -> int:
    from workbench.explain.examples import examples

    found = examples()
    if as_json:
        print_json([plain(each) for each in found])
    else:
        rows = [[each.name, each.title, str(each.beats), f"{each.letters:,}"] for each in found]
        print(table(["name", "title", "beats", "letters said"], rows, right="llrr"))
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
        '  workbench explain --search "mechanical seal" --length short\n'
        "  workbench explain --notes notes.md --theme dark\n"
        "  workbench explain talk.mp4 --storyboard-only > film.json\n"
        "  workbench explain --storyboard film.json\n"
        '  workbench explain --ask "How does a mechanical seal fail?" --dry-run\n'
        '  workbench explain --ask "How does a mechanical seal fail?" --length short --yes\n'
        "  workbench explain --example pythagoras\n"
        "  workbench explain --check-scene scene.py\n"
        "  workbench explain --scene scene.py --say 'A square turns into a circle.'\n"
        "  workbench explain --notes notes.md --voice Joanna --max-cost-usd 0.10\n"
        "  workbench explain --publish 3f2a91c0b7de",
        _options,
        _run,
    )
}
