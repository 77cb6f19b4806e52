"""Compare what an analysis found in the sample with what is true of it.

Everything is counted: seconds off, words wrong, titles read, equipment found. Nothing is weighed
into one mark.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.analysis.results import Analysis
from workbench.evidence.evidence import Evidence
from workbench.sample.truth import TrueEquipment, Truth

BOUNDARY_WINDOW_S = 15.0
"""A boundary further away than this from a true one is another boundary."""

TITLE_LIKENESS = 0.9
"""Share of letters in order that make a title read; one letter in ten may be wrong."""


@dataclass(frozen=True, slots=True)
class BoundaryScore:
    """One true chapter start and the found one that belongs to it."""

    title: str
    true_s: float
    found_s: float | None
    """None if none was found within `BOUNDARY_WINDOW_S`."""
    found_title: str = ""

    @property
    def error_s(self) -> float | None:
        """Seconds between them, 0 or more; None if it was missed."""
        return None if self.found_s is None else abs(self.found_s - self.true_s)


@dataclass(frozen=True, slots=True)
class Score:
    """How much of the truth was found."""

    boundaries: tuple[BoundaryScore, ...]
    """Chapter starts, without the one at 0."""
    extra_boundaries_s: tuple[float, ...]
    """Found chapter starts that belong to no true one."""
    word_error_rate: float | None
    """Wrong, missing and added words per true word; None without a transcript."""
    words: int
    """Words that are said."""
    titles_read: tuple[str, ...]
    titles_missed: tuple[str, ...]
    equipment_found: tuple[str, ...]
    """Key equipment that was found, by its true name."""
    equipment_missed: tuple[str, ...]
    equipment_wrong: tuple[str, ...]
    """Names found as equipment that are neither shown nor said."""
    equipment_right: int
    """Names found as equipment that are shown or said, key or not."""

    @property
    def largest_boundary_error_s(self) -> float | None:
        """The worst of the boundaries, in seconds; None if one was missed or there are none."""
        errors = [boundary.error_s for boundary in self.boundaries]
        known = [error for error in errors if error is not None]
        return max(known) if known and len(known) == len(errors) else None

    @property
    def boundaries_found(self) -> int:
        """How many true boundaries have a found one."""
        return sum(boundary.found_s is not None for boundary in self.boundaries)

    @property
    def equipment_recall(self) -> float:
        """Share of the key equipment that was found, 0 to 1."""
        total = len(self.equipment_found) + len(self.equipment_missed)
        return len(self.equipment_found) / total if total else 0.0

    @property
    def equipment_precision(self) -> float:
        """Share of the names found as equipment that are right, 0 to 1; 1 if there are none."""
        total = self.equipment_right + len(self.equipment_wrong)
        return self.equipment_right / total if total else 1.0


def score(analysis: Analysis, evidence: Evidence, truth: Truth) -> Score:
    """Compare an analysis of the sample, and its evidence, with the truth.

    Args:
        analysis: Chapters and elements; those that were not asked for count as missed.
        evidence: Transcript and screen text.
        truth: What is true of the same film.
    """
    found = [(chapter.span.start_s, chapter.title) for chapter in analysis.chapters]
    starts = [(s, title) for s, title in found if s > 0.5]
    boundaries, extra = match_boundaries(
        [(chapter.span.start_s, chapter.title) for chapter in truth.chapters[1:]], starts
    )
    read, missed = _titles(evidence, truth)
    names = [element.name for element in analysis.elements_of("equipment")]
    right = [name for name in names if any(_is_same(name, piece) for piece in truth.equipment)]
    key = [piece for piece in truth.equipment if piece.is_key]
    got = [piece.name for piece in key if any(_is_same(name, piece) for name in names)]
    transcript = evidence.transcript
    return Score(
        boundaries=boundaries,
        extra_boundaries_s=extra,
        word_error_rate=(
            None if transcript is None else word_error_rate(truth.text, transcript.text)
        ),
        words=len(normal_words(truth.text)),
        titles_read=read,
        titles_missed=missed,
        equipment_found=tuple(got),
        equipment_missed=tuple(piece.name for piece in key if piece.name not in got),
        equipment_wrong=tuple(name for name in names if name not in right),
        equipment_right=len(right),
    )


def match_boundaries(
    true: Sequence[tuple[float, str]], found: Sequence[tuple[float, str]]
) -> tuple[tuple[BoundaryScore, ...], tuple[float, ...]]:
    """Give each true boundary at most one found one, nearest pairs first.

    Args:
        true: Moments in seconds, with titles.
        found: The same, in any order.

    Returns:
        One score for each true boundary, and the found moments left over.

    Example:
        >>> scores, extra = match_boundaries([(60.0, "Seal")], [(61.5, "Seals"), (63.0, "More")])
        >>> scores[0].error_s, extra
        (1.5, (63.0,))
    """
    pairs = sorted(
        (abs(t - f), i, j)
        for i, (t, _) in enumerate(true)
        for j, (f, _) in enumerate(found)
        if abs(t - f) <= BOUNDARY_WINDOW_S
    )
    partner: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in partner and j not in partner.values():
            partner[i] = j
    scores = tuple(
        BoundaryScore(title, moment, *(found[partner[i]] if i in partner else (None, "")))
        for i, (moment, title) in enumerate(true)
    )
    left = (moment for j, (moment, _) in enumerate(found) if j not in partner.values())
    return scores, tuple(sorted(left))


def word_error_rate(true: str, heard: str) -> float:
    """Wrong, missing and added words per true word.

    Case, punctuation, hyphens and the way numbers are written do not count.

    Example:
        >>> word_error_rate("Turn it twenty-five times.", "turn it 25 times")
        0.0
    """
    a, b = normal_words(true), normal_words(heard)
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
            diagonal, row[j] = row[j], cost
    return row[-1] / max(1, len(a))


_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def normal_words(text: str) -> list[str]:
    """Split a text into words as they are said: lower case, numbers in words.

    Example:
        >>> normal_words("At 3,000 turns, 85% isn't much.")
        ['at', 'three', 'thousand', 'turns', 'eighty', 'five', 'percent', "isn't", 'much']
    """
    text = text.lower().replace("’", "'").replace("%", " percent ").replace("-", " ")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    words: list[str] = []
    for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*", text):
        words += _number_words(int(word)) if word.isdecimal() and len(word) < 7 else [word]
    return words


def _number_words(number: int) -> list[str]:
    if number < 20:
        return [_ONES[number]]
    if number < 100:
        rest = [_ONES[number % 10]] if number % 10 else []
        return [_TENS[number // 10 - 2], *rest]
    unit, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    rest = _number_words(number % unit) if number % unit else []
    return [*_number_words(number // unit), name, *rest]


def _titles(evidence: Evidence, truth: Truth) -> tuple[tuple[str, ...], tuple[str, ...]]:
    read: list[str] = []
    missed: list[str] = []
    for chapter in truth.chapters:
        blocks = [b.text for b in evidence.screen_text if b.span.overlap_s(chapter.span) > 0]
        is_read = any(likeness(chapter.title, text) >= TITLE_LIKENESS for text in blocks)
        (read if is_read else missed).append(chapter.title)
    return tuple(read), tuple(missed)


def likeness(title: str, text: str) -> float:
    """How alike two lines are, 0 to 1; case, spaces and punctuation do not count."""
    a, b = (re.sub(r"[\W_]+", "", words).lower() for words in (title, text))
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def _is_same(name: str, piece: TrueEquipment) -> bool:
    """Does a found name mean this piece of equipment?

    The same words, singular or plural; or a longer name for the same head: "carbon seal" is a seal.
    """
    own = _stems(name)
    for other in (piece.name, *piece.also):
        true = _stems(other)
        if own == true or (own[-1:] == true[-1:] and set(true) <= set(own)):
            return True
    return False


def _stems(name: str) -> list[str]:
    return [
        word.removesuffix("es") if word.endswith(("ses", "xes", "ches")) else word.removesuffix("s")
        for word in normal_words(name)
    ]
