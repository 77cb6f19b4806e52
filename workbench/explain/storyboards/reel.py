"""A storyboard of what a search has found: pieces of somebody's own films, with their own sound.

Nothing is written about them but where they come from. The best moments come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import RequestError
from workbench.explain.storyboards.report import Length, cut
from workbench.explain.storyboards.storyboard import Beat, Source, Storyboard, checked
from workbench.explain.storyboards.visuals import Clip, Closing, Image, Quote, Title, Visual
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan, format_time

MOMENTS = {"short": 3, "medium": 6, "long": 12}
"""Most pieces in a film."""

SHORTEST_S = 6.0
LONGEST_S = 20.0

BEFORE_S = 1.0
AFTER_S = 1.5
"""A piece begins before its moment and ends after it: times of words are not exact."""

TITLE_LETTERS = 120
CAPTION_LETTERS = 160
QUOTE_LETTERS = 480


@dataclass(frozen=True, slots=True)
class FoundMoment:
    """A moment that was found."""

    asset: Asset
    span: TimeSpan
    """In seconds of the asset; not used for pictures."""
    text: str
    """The words that are found there."""
    is_weak: bool = False
    """Does it only resemble what was looked for?"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an asset that is shown, and the words found in it."""

    asset: Asset
    span: TimeSpan
    texts: tuple[str, ...]


def storyboard_of_moments(
    query: str,
    moments: Sequence[FoundMoment],
    *,
    length: Length = "medium",
    theme: str = "light",
) -> Storyboard:
    """Make the storyboard of a film of moments.

    Args:
        query: What was looked for.
        moments: What was found, the best first. Those that only resemble it are shown where there
            are no others, and the film says so.
        length: 3, 6 or 12 pieces.
        theme: `light` or `dark`.

    Raises:
        RequestError: Nothing was found.
    """
    sure = [moment for moment in moments if not moment.is_weak]
    pieces = pieces_of(sure or moments, MOMENTS[length])
    if not pieces:
        raise RequestError(
            f"nothing in the library fits {cut(query, TITLE_LETTERS)!r}",
            hint="look for other words, or analyse more files first",
        )
    files = len({piece.asset.id for piece in pieces})
    count = f"{len(pieces)} moment{'s' * (len(pieces) > 1)}"
    where = f"{files} file{'s' * (files > 1)}"
    title = f"“{cut(query, TITLE_LETTERS)}”"
    beats = [
        Beat(title, Title(f"{count} in {where}, the best first"), f"{count} from {where}."),
        *(_beat(piece) for piece in pieces),
        Beat("Sources", Closing(tuple(_place(piece) for piece in pieces))),
    ]
    weak = "Nothing fits well: these moments only resemble what was looked for."
    story = Storyboard(
        title,
        tuple(beats),
        theme="dark" if theme == "dark" else "light",
        origin="search",
        made_by="search of the library",
        notes=() if sure else (weak,),
    )
    return checked(story)


def pieces_of(moments: Sequence[FoundMoment], most: int) -> tuple[Piece, ...]:
    """The pieces around moments, in the order of the moments; nothing is shown twice.

    Moments whose pieces overlap become one piece, as long as it is not too long; what would be too
    long stays with the better moment.
    """
    pieces: list[Piece] = []
    for moment in moments:
        span = _around(moment)
        near = [
            index
            for index, piece in enumerate(pieces)
            if piece.asset.id == moment.asset.id
            and (piece.span.overlap_s(span) > 0 or moment.asset.kind == "image")
        ]
        if not near:
            if len(pieces) < most:
                pieces.append(Piece(moment.asset, span, (moment.text,)))
            continue
        piece = pieces[near[0]]
        start_s = min(piece.span.start_s, span.start_s)
        end_s = max(piece.span.end_s, span.end_s)
        fits = len(near) == 1 and end_s - start_s <= LONGEST_S
        is_inside = piece.span.start_s <= moment.span.start_s < piece.span.end_s
        if fits:
            pieces[near[0]] = Piece(
                piece.asset, TimeSpan(start_s, end_s), _with(piece.texts, moment.text)
            )
        elif is_inside:
            pieces[near[0]] = Piece(piece.asset, piece.span, _with(piece.texts, moment.text))
    return tuple(pieces)


def _with(texts: tuple[str, ...], text: str) -> tuple[str, ...]:
    return texts if any(text in each for each in texts) else (*texts, text)


def _around(moment: FoundMoment) -> TimeSpan:
    """The piece around a moment, inside of its file."""
    if moment.asset.kind == "image":
        return TimeSpan(0, 0)
    start_s = moment.span.start_s - BEFORE_S
    length_s = min(max(moment.span.end_s + AFTER_S - start_s, SHORTEST_S), LONGEST_S)
    until_s = moment.asset.duration_s or start_s + length_s
    start_s = max(0.0, min(start_s, until_s - length_s))
    return TimeSpan(start_s, max(start_s, min(start_s + length_s, until_s)))


def _beat(piece: Piece) -> Beat:
    is_timed = piece.asset.kind != "image"
    source = Source(
        piece.asset.id,
        piece.asset.name,
        piece.span.start_s if is_timed else None,
        piece.span.end_s if is_timed else None,
    )
    at = f", {format_time(piece.span.start_s)}" if is_timed else ""
    return Beat(f"{cut(piece.asset.name, TITLE_LETTERS)}{at}", _shown(piece), "", (source,))


def _shown(piece: Piece) -> Visual:
    words = " … ".join(" ".join(text.split()) for text in piece.texts)
    asset = piece.asset
    if not asset.path.is_file():
        said = cut(words, QUOTE_LETTERS) or asset.name
        return Quote(said, f"{asset.name} is no longer where it was imported from")
    if asset.kind == "image":
        return Image(str(asset.path), cut(words, CAPTION_LETTERS))
    if asset.kind == "video" and piece.span.duration_s > 0:
        return Clip(
            str(asset.path),
            piece.span.start_s,
            piece.span.end_s,
            cut(words, CAPTION_LETTERS),
            sound=True,
        )
    return Quote(cut(words, QUOTE_LETTERS) or asset.name, asset.name)


def _place(piece: Piece) -> str:
    name = cut(piece.asset.name, TITLE_LETTERS)
    if piece.asset.kind == "image":
        return name
    return f"{name}, {format_time(piece.span.start_s)} to {format_time(piece.span.end_s)}"
