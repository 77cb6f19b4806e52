"""Equipment, objects and topics that are named in speech or on the screen, with every time.

Found by word lists and counting, never by looking at pictures: "shown" means that the name was
read on the screen. A bare "pump" belongs to the "centrifugal pump" if no other kind of pump is
named. English only.
"""

import itertools
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.analysis.answers.answer import AnsweredElement, AnsweredSpan, ElementKind, Presence
from workbench.analysis.local_engine.lexicon import Entry, lexicon
from workbench.analysis.local_engine.mentions import LONGEST_QUOTE, Line, Mention, find_mentions
from workbench.evidence.text.words import singular, word_lists
from workbench.media.timecode import TimeSpan, merge_spans

SAID_GAP_S = 4.0
"""Two sentences with the name this close together are one occurrence."""
SHOWN_GAP_S = 2.0
SLIVER_S = 1.0
"""A stretch of one presence at most this long beside a `both` belongs to it."""
MOST_ELEMENTS = 60
"""Of each kind; the most present are kept."""
NEAR_S = 60.0
"""An unsure name counts with two sure ones of its kind this close in time."""


@dataclass(slots=True)
class _Thing:
    name: tuple[str, ...]
    entry: Entry
    mentions: list[Mention] = field(default_factory=list)


def find_things(lines: Sequence[Line], kinds: Iterable[ElementKind]) -> list[AnsweredElement]:
    """Find equipment and objects by name.

    Args:
        lines: What was said and read.
        kinds: `equipment`, `object` or both.

    Returns:
        Elements in order of their first time; names are singular, with a capital.
    """
    wanted = set(kinds)
    mentions = find_mentions(lines)
    certain = _Certain(mentions)
    things: dict[tuple[str, ...], _Thing] = {}
    for mention in mentions:
        if mention.is_head and _is_believed(mention, certain):
            things.setdefault(mention.name, _Thing(mention.name, mention.entry)).mentions.append(
                mention
            )
    _join_bare_names(things)
    _add_descriptions(things, mentions)
    found = [_element(thing) for thing in things.values() if thing.entry.kind in wanted]
    return _most_present(found)


class _Certain:
    """Things that are named with certainty, by kind and in order of time."""

    def __init__(self, mentions: Iterable[Mention]) -> None:
        self._named: defaultdict[str, list[tuple[float, tuple[str, ...]]]] = defaultdict(list)
        for mention in mentions:
            if mention.entry.is_sure and mention.is_head:
                middle_s = mention.line.span.middle_s
                self._named[mention.entry.kind].append((middle_s, mention.entry.words))
        for named in self._named.values():
            named.sort()

    def near(self, mention: Mention) -> int:
        """How many different things of its kind are named close to a mention."""
        named = self._named.get(mention.entry.kind, [])
        span = mention.line.span
        first = bisect_left(named, (span.start_s - NEAR_S, ()))
        last = bisect_left(named, (span.end_s + NEAR_S, ()))
        return len({words for _, words in named[first:last]})


def _is_believed(mention: Mention, certain: _Certain) -> bool:
    """Is this the thing, and not the word in another meaning?"""
    entry = mention.entry
    if entry.is_sure or certain.near(mention) >= 2:
        return True
    if entry.kind != "equipment" or not mention.modifiers:
        return False
    nearest = mention.modifiers[-1]
    described = lexicon().entries.get((nearest,))
    is_machine_part = bool(described and described.kind == "equipment" and described.is_sure)
    return is_machine_part or nearest in word_lists().classifying


def _join_bare_names(things: dict[tuple[str, ...], _Thing]) -> None:
    """Give the mentions of a bare name to the only longer name with the same ending, if one."""
    for name in sorted(things, key=len):
        longer = [
            other for other in things if len(other) > len(name) and other[-len(name) :] == name
        ]
        if len(longer) == 1 and things[longer[0]].entry.kind == things[name].entry.kind:
            things[longer[0]].mentions.extend(things.pop(name).mentions)


def _add_descriptions(things: dict[tuple[str, ...], _Thing], mentions: Iterable[Mention]) -> None:
    """Count "bearing temperature" as a mention of the bearing that is named elsewhere."""
    owners: dict[tuple[str, ...], _Thing] = {}
    for name, thing in things.items():
        for size in range(1, len(name) + 1):
            owners.setdefault(name[-size:], thing)
        owners[name] = thing
    for mention in mentions:
        if not mention.is_head:
            owner = owners.get(mention.name) or owners.get(mention.entry.words)
            if owner and owner.entry.words == mention.entry.words:
                owner.mentions.append(mention)


def _element(thing: _Thing) -> AnsweredElement:
    mentions = sorted(thing.mentions, key=lambda m: (m.line.span, m.line.way))
    spellings = Counter(
        " ".join(m.spelling) for m in mentions if m.name == thing.name and m.is_head
    )
    known = [m.line.confidence for m in mentions if m.line.confidence is not None]
    return AnsweredElement(
        kind=thing.entry.kind,
        name=tidy_name(spellings),
        category=thing.entry.category,
        spans=presence_spans(
            (m.line.span, m.line.way, m.line.text[:LONGEST_QUOTE]) for m in mentions
        ),
        confidence=round(sum(known) / len(known), 3) if known else None,
    )


def tidy_name(spellings: Counter[str]) -> str:
    """Write a name in the singular with a capital first; proper names and acronyms stay.

    Args:
        spellings: How often it was written in which way; at least one.

    Example:
        >>> tidy_name(Counter({"mechanical seals": 2, "Mechanical seal": 1}))
        'Mechanical seal'
        >>> tidy_name(Counter({"LED lamps": 1})), tidy_name(Counter({"Webb space telescope": 1}))
        ('LED lamp', 'Webb space telescope')
    """
    best = max(spellings, key=lambda s: (spellings[s], s.islower(), s))
    head, space, last = best.rpartition(" ")
    if last.isupper() or not last.isascii():
        single = last
    elif last[:-1].isupper() and last.endswith("s"):
        single = last[:-1]
    else:
        single = singular(last)
        single = last[:1] + single[1:] if last[:1].isupper() else single
    return sentence_case(head + space + single)


def sentence_case(text: str) -> str:
    """The text with a capital first and the rest as it is."""
    return text[:1].upper() + text[1:]


def presence_spans(
    named: Iterable[tuple[TimeSpan, Literal["shown", "said"], str]],
) -> list[AnsweredSpan]:
    """Turn single mentions into spans that are shown, said or both.

    Mentions of one way are merged within a gap; where speech and screen overlap it is both.

    Example:
        >>> spans = presence_spans([(TimeSpan(0, 10), "shown", "Seal"), (TimeSpan(6, 9), "said", "The seal.")])
        >>> [(s.start_s, s.end_s, s.presence) for s in spans]
        [(0.0, 6.0, 'shown'), (6.0, 10.0, 'both')]
    """
    known = sorted(named, key=lambda mention: (mention[0], mention[1]))
    said = merge_spans((s for s, way, _ in known if way == "said"), gap_s=SAID_GAP_S)
    shown = merge_spans((s for s, way, _ in known if way == "shown"), gap_s=SHOWN_GAP_S)
    edges = sorted({edge for span in (*said, *shown) for edge in (span.start_s, span.end_s)})
    if len(edges) == 1:
        return [_answered(known, TimeSpan(edges[0], edges[0]), _presence(bool(shown), bool(said)))]
    pieces: list[tuple[TimeSpan, Presence]] = []
    for start, end in itertools.pairwise(edges):
        piece = TimeSpan(start, end)
        is_shown, is_said = (any(s.overlap_s(piece) > 0 for s in run) for run in (shown, said))
        if is_shown or is_said:
            pieces.append((piece, _presence(is_shown, is_said)))
    return [_answered(known, span, presence) for span, presence in _without_slivers(pieces)]


def _presence(is_shown: bool, is_said: bool) -> Presence:
    return "both" if is_shown and is_said else "shown" if is_shown else "said"


def _without_slivers(
    pieces: Iterable[tuple[TimeSpan, Presence]],
) -> list[tuple[TimeSpan, Presence]]:
    kept: list[tuple[TimeSpan, Presence]] = []
    for span, presence in pieces:
        if kept and kept[-1][0].end_s == span.start_s:
            last, last_presence = kept[-1]
            joined = TimeSpan(last.start_s, span.end_s)
            if presence == last_presence or (
                last_presence == "both" and span.duration_s <= SLIVER_S
            ):
                kept[-1] = (joined, last_presence)
                continue
            if presence == "both" and last.duration_s <= SLIVER_S:
                kept[-1] = (joined, presence)
                continue
        kept.append((span, presence))
    return kept


def _answered(
    known: Sequence[tuple[TimeSpan, Literal["shown", "said"], str]],
    span: TimeSpan,
    presence: Presence,
) -> AnsweredSpan:
    wanted = ("shown", "said") if presence == "both" else (presence,)
    inside = [
        (way, text)
        for own, way, text in known
        if way in wanted and (own.overlap_s(span) > 0 or own == span)
    ]
    # What was said is the better quotation: a line on the screen is often the name alone.
    inside.sort(key=lambda entry: entry[0] != "said")
    return AnsweredSpan(
        start_s=round(span.start_s, 3),
        end_s=round(span.end_s, 3),
        presence=presence,
        text=inside[0][1] if inside else "",
    )


def _most_present(found: Sequence[AnsweredElement]) -> list[AnsweredElement]:
    def seconds(element: AnsweredElement) -> float:
        return sum(span.end_s - span.start_s for span in element.spans)

    kept: list[AnsweredElement] = []
    for kind in ("equipment", "object"):
        own = sorted((e for e in found if e.kind == kind), key=seconds, reverse=True)
        kept += own[:MOST_ELEMENTS]
    return sorted(kept, key=lambda e: (e.kind, e.spans[0].start_s if e.spans else 0.0, e.name))
