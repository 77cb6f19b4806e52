"""The pieces of a film: every beat drawn and encoded by itself, and kept for the next film.

A piece is kept under a name made of all its pictures depend on. Cards and Manim give pieces that
are encoded alike and have the same number of frames, so they can stand beside each other.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.errors import MediaError
from workbench.explain.animation.availability import is_available as has_manim
from workbench.explain.animation.availability import manim_version, require_manim
from workbench.explain.animation.compiling import CompiledBeat, compile_beat, source_of
from workbench.explain.animation.drawing import Order, draw_scenes
from workbench.explain.cards.drawing import Card, plain_card
from workbench.explain.cards.equations import is_available as has_typst
from workbench.explain.cards.fonts import source_sans
from workbench.explain.films.film import encode_beat, step_frames
from workbench.explain.narration import TimedBeat
from workbench.explain.storyboards.storyboard import Storyboard
from workbench.explain.storyboards.visuals import Clip, Image, Visual
from workbench.jsonable import to_json
from workbench.media.outputs import atomic_output

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Renderer = Literal["cards", "manim"]
RendererChoice = Literal["auto", "cards", "manim"]

CARDS = 1
"""Number of the way cards are drawn and encoded: another number draws every beat again."""

SCENES = 1
"""The same for the way scenes are."""

STILL_WIDTH_PX = 480

Told = Callable[[int, str], None]
"""Told of a number of beats that are done, and what is under way."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A beat as a file without sound."""

    path: Path
    is_new: bool
    """Was it drawn now?"""
    warnings: tuple[str, ...]
    card: Card | None
    """What it shows, if it was drawn as a card."""


def choose_renderer(wanted: RendererChoice, story: Storyboard) -> Renderer:
    """By what a film is drawn.

    Args:
        wanted: `auto` leaves it to the storyboard: Manim, where it is installed and a beat has an
            equation or a curve, which are understood while they are drawn; else cards, which show
            points, charts and pictures as well for half of the work (12 s of processors for a
            minute, and 26 s by Manim).
        story: What is shown.

    Raises:
        NotInstalled: Manim is wanted and is not there.
    """
    if wanted == "manim":
        require_manim()
        return "manim"
    moves = any(beat.show.kind in ("equation", "plot") for beat in story.beats)
    return "manim" if wanted == "auto" and moves and has_manim() else "cards"


def renderer_name(renderer: Renderer) -> str:
    """A renderer and the number of its way of drawing, as films remember it."""
    return f"manim {manim_version()} {SCENES}" if renderer == "manim" else f"cards {CARDS}"


def draw_pieces(
    story: Storyboard,
    cards: Sequence[Card],
    beats: Sequence[TimedBeat],
    folder: Path,
    renderer: Renderer,
    *,
    told: Told,
) -> Iterator[Piece]:
    """Draw the beats that are not kept, and give all of them in order.

    Args:
        story: What is shown.
        cards: Its beats as cards.
        beats: Its beats with their times.
        folder: Where pieces are kept.
        renderer: By what.
        told: Told after each beat.

    Raises:
        NotInstalled: Manim is missing.
        DiskFull: There is no room.
    """
    scenes: dict[int, Piece | str] = {}
    if renderer == "manim":
        scenes = _animated(story, beats, folder, told)
    for card, timed in zip(cards, beats, strict=True):
        scene = scenes.get(timed.index, "")
        if isinstance(scene, Piece):
            yield scene
            continue
        if not scenes:
            told(timed.index, f"draws: {_name(timed)}")
        piece = _carded(card, timed, story.theme, folder)
        why = (f"{_name(timed)}: drawn as a card: {scene}",) if scene else ()
        yield replace(piece, warnings=(*piece.warnings, *why))


def save_still(piece: Piece, target: Path) -> str:
    """Save a small picture of how a piece ends; returns its file's name."""
    picture = piece.card.ends() if piece.card else _last_frame(piece.path)
    height = round(picture.height * STILL_WIDTH_PX / picture.width)
    with atomic_output(target) as temporary:
        picture.resize((STILL_WIDTH_PX, height)).save(temporary, "JPEG", quality=82)
    return target.name


def _name(timed: TimedBeat) -> str:
    return timed.beat.heading or timed.beat.show.kind


def _animated(
    story: Storyboard, beats: Sequence[TimedBeat], folder: Path, told: Told
) -> dict[int, Piece | str]:
    """Beats as scenes, by their index: what was drawn, or why it was not."""
    found: dict[int, Piece | str] = {}
    wanted: dict[str, tuple[TimedBeat, CompiledBeat]] = {}
    orders: list[Order] = []
    for timed in beats:
        try:
            compiled = compile_beat(timed, story.theme)
        except MediaError:
            continue  # its card says why
        if compiled is None:
            continue
        target = folder / f"{_scene_key(compiled, timed, story.theme)}.mp4"
        found[timed.index] = Piece(target, False, compiled.warnings, None)
        if target.is_file():
            target.touch()  # housekeeping goes by the time of last use
        else:
            wanted[compiled.name] = timed, compiled
            orders.append(Order(compiled.name, timed.frames, target))
    if not orders:
        return found
    kept = len(beats) - len(orders)
    source = source_of(story.title, story.theme, list(wanted.values()))
    problems = draw_scenes(
        source, orders,
        lambda done: told(kept + done, f"draws {done + 1} of {len(orders)} scenes"),
        fonts=folder,
    )  # fmt: skip
    for name, (timed, _) in wanted.items():
        piece = found[timed.index]
        if isinstance(piece, Piece):
            found[timed.index] = problems.get(name) or replace(piece, is_new=True)
    return found


def _scene_key(compiled: CompiledBeat, timed: TimedBeat, theme: str) -> str:
    """Everything the frames of a scene depend on."""
    return _key([
        "manim", SCENES, manim_version(), theme, timed.frames, _file(timed.beat.show),
        source_sans() is not None, compiled.lines,
    ])  # fmt: skip


def _carded(card: Card, timed: TimedBeat, theme: str, folder: Path) -> Piece:
    target = folder / f"{_card_key(card, timed, theme)}.mp4"
    if target.is_file():
        target.touch()  # housekeeping goes by the time of last use
        return Piece(target, False, card.warnings, card)
    try:
        encode_beat(card, timed, target)
    except MediaError as error:
        card = plain_card(timed.beat, theme, error.message)
        target = folder / f"{_card_key(card, timed, theme)}.mp4"
        encode_beat(card, timed, target)
    return Piece(target, True, card.warnings, card)


def _card_key(card: Card, timed: TimedBeat, theme: str) -> str:
    """Everything the pictures of a card depend on."""
    # Words are drawn only where they stand in for a picture.
    drawn = timed.beat if card.warnings else replace(timed.beat, say="")
    return _key([
        CARDS, theme, timed.frames, step_frames(card, timed), _file(timed.beat.show),
        source_sans() is not None, has_typst(), card.warnings, card.made_of, to_json(drawn),
    ])  # fmt: skip


def _file(show: Visual) -> list[int]:
    if not isinstance(show, Image | Clip):
        return []
    facts = Path(show.path).stat()
    return [facts.st_size, facts.st_mtime_ns]


def _key(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:32]


def _last_frame(path: Path) -> "Picture":
    """How an encoded beat ends."""
    import av

    last = None
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            last = frame
    if last is None:
        raise MediaError(f"{path.name} has no pictures", hint="delete it and make the film again")
    picture: Picture = last.to_image()
    return picture
