"""What is true of the sample: its chapters, words, pictures and equipment, with their times.

Written beside the film when it is made, from the script and the cuts themselves; never measured.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from workbench.errors import MediaDamaged, MediaMissing
from workbench.jsonable import from_json
from workbench.media.timecode import TimeSpan, merge_spans
from workbench.sample.narration import Narration, TimedShot
from workbench.sample.pictures.shown import Picture
from workbench.sample.script import EquipmentNames, Script


@dataclass(frozen=True, slots=True)
class TrueChapter:
    """A part of the talk; chapters tile the film."""

    title: str
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class TrueSentence:
    """A spoken sentence, from its first sound to its last."""

    span: TimeSpan
    text: str


@dataclass(frozen=True, slots=True)
class TrueShot:
    """A picture from cut to cut."""

    span: TimeSpan
    picture: str


@dataclass(frozen=True, slots=True)
class TrueText:
    """A line that can be read on the screen, for as long as it stays."""

    span: TimeSpan
    text: str
    is_title: bool
    """Is it the title of the part?"""


@dataclass(frozen=True, slots=True)
class TrueEquipment:
    """A piece of equipment: when it can be seen and when it is named."""

    name: str
    also: tuple[str, ...]
    """Other words for it in the talk."""
    category: str
    is_key: bool
    """Should an analysis find it?"""
    shown: tuple[TimeSpan, ...]
    said: tuple[TimeSpan, ...]


@dataclass(frozen=True, slots=True)
class TruePhoto:
    """A photo of the sample and the words that can be read on it."""

    file: str
    words: tuple[str, ...]
    equipment: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that is true of one sample."""

    version: str
    """Of the script, the drawings and the voice; another version is made again."""
    name: str
    video: str
    """File name of the film."""
    video_bytes: int
    """Its size; another size is not the film this belongs to."""
    duration_s: float
    is_narrated: bool
    chapters: tuple[TrueChapter, ...]
    sentences: tuple[TrueSentence, ...]
    shots: tuple[TrueShot, ...]
    screen_text: tuple[TrueText, ...]
    equipment: tuple[TrueEquipment, ...]
    photos: tuple[TruePhoto, ...]

    @property
    def text(self) -> str:
        """Everything that is said, a space between sentences."""
        return " ".join(sentence.text for sentence in self.sentences)


def read_truth(path: Path) -> Truth:
    """Read a truth file.

    Raises:
        MediaMissing: There is no such file, or it may not be read.
        MediaDamaged: It is not a truth file, or one of another form.
    """
    try:
        return from_json(Truth, path.read_bytes())
    except OSError as error:
        raise MediaMissing(
            f"{path.name} cannot be read in {path.parent}: {error.strerror}",
            hint="make the sample: workbench sample",
        ) from error
    except ValidationError:
        raise MediaDamaged(
            f"{path.name} is not the truth of a sample",
            hint="delete it and make the sample again: workbench sample",
        ) from None


def true_chapters(script: Script, narration: Narration) -> tuple[TrueChapter, ...]:
    """The parts of the script on the film's clock."""
    return tuple(
        TrueChapter(part.title, narration.part_span(index))
        for index, part in enumerate(script.parts)
    )


def true_screen_text(
    script: Script, narration: Narration, pictures: Callable[[TimedShot], Picture]
) -> tuple[TrueText, ...]:
    """Every line on every slide; a line that stays over a cut is one entry."""
    spans: dict[tuple[str, bool], list[TimeSpan]] = {}
    for shot in narration.shots:
        title = script.parts[shot.part_index].title
        for words in pictures(shot).words:
            spans.setdefault((words, words == title), []).append(shot.span)
    found = [
        TrueText(span, words, is_title)
        for (words, is_title), places in spans.items()
        for span in merge_spans(places, gap_s=0.05)
    ]
    return tuple(sorted(found, key=lambda text: (text.span.start_s, not text.is_title, text.text)))


def true_equipment(script: Script, narration: Narration) -> tuple[TrueEquipment, ...]:
    """When each piece of equipment is shown and said.

    A word counts for the longest name it is part of: "suction pipe" is not also a "pipe".
    """
    all_names = [name for piece in script.equipment for name in piece.names]
    found: list[TrueEquipment] = []
    for piece in script.equipment:
        own = _pattern(piece.names)
        longer = [n for n in all_names if n not in piece.names and own.search(n)]
        others = _pattern(longer) if longer else None
        said = [
            sentence.span
            for shot in narration.shots
            for sentence in shot.sentences
            if own.search(others.sub(" ", sentence.text) if others else sentence.text)
        ]
        found.append(_entry(piece, narration, said))
    return tuple(found)


def _entry(piece: EquipmentNames, narration: Narration, said: list[TimeSpan]) -> TrueEquipment:
    shown = [shot.span for shot in narration.shots if piece.names[0] in shot.plan.shows]
    return TrueEquipment(
        name=piece.names[0],
        also=piece.names[1:],
        category=piece.category,
        is_key=piece.is_key,
        shown=merge_spans(shown, gap_s=0.05),
        said=tuple(said),
    )


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    choices = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\b(?:{choices})(?:s|es)?\b", re.IGNORECASE)
