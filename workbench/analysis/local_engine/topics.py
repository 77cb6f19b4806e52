"""Topics: the phrases a talk keeps coming back to, with every time they are said or shown.

A topic is a key phrase of a chapter or of the whole; it has to occur at least twice, or stand in a
slide's title. English only.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from workbench.analysis.answers.answer import AnsweredElement
from workbench.analysis.local_engine.chapters import Part
from workbench.analysis.local_engine.elements import presence_spans, tidy_name
from workbench.analysis.local_engine.lexicon import lexicon
from workbench.analysis.local_engine.mentions import Line, calm
from workbench.evidence.text.keyphrases import Keyphrase, keyphrases
from workbench.evidence.text.phrases import noun_phrases
from workbench.evidence.text.words import singular, stem, tokens, word_lists

MOST_TOPICS = 15
PER_CHAPTER = 2
LEAST_OCCURRENCES = 2
MOST_SINGLE = 5
"""Single words among the topics, not counting those of slide titles."""
LEAST_OF_ONE_WORD = 3
"""A single word says less than a phrase, so it has to come back more often."""


def find_topics(lines: Sequence[Line], parts: Sequence[Part]) -> list[AnsweredElement]:
    """Find what a talk is about.

    Args:
        lines: What was said and read, in order of time.
        parts: The chapters; each gives its own best phrases a place.

    Returns:
        Topics in order of their first time.
    """
    stems = [_stems(line.text) for line in lines]
    found: list[AnsweredElement] = []
    taken: set[tuple[str, ...]] = set()
    single = 0
    for phrase in _candidates(lines, parts):
        key = _stems(phrase.text)
        if len(found) >= MOST_TOPICS:
            break
        if (
            not key
            or names_thing(phrase.text)
            or any(_holds(other, key) or _holds(key, other) for other in taken)
        ):
            continue
        holding = [line for line, words in zip(lines, stems, strict=True) if _holds(words, key)]
        is_title = any(_holds(_stems(part.title), key) for part in parts if part.slide)
        least = LEAST_OCCURRENCES if len(key) > 1 else LEAST_OF_ONE_WORD
        if len(holding) < (1 if is_title else least):
            continue
        if len(key) == 1 and not is_title:
            if single >= MOST_SINGLE:
                continue
            single += 1
        taken.add(key)
        known = [line.confidence for line in holding if line.confidence is not None]
        found.append(
            AnsweredElement(
                kind="topic",
                name=tidy_name(Counter([phrase.text])),
                category=lexicon().topic_category(phrase.text),
                spans=presence_spans((line.span, line.way, line.text) for line in holding),
                confidence=round(sum(known) / len(known), 3) if known else None,
            )
        )
    return sorted(found, key=lambda e: (e.spans[0].start_s, e.name))


def names_thing(phrase: str) -> bool:
    """Is this the name of a thing, which is listed as equipment or object?

    Example:
        >>> names_thing("mechanical seals"), names_thing("shaft alignment")
        (True, False)
    """
    words = [singular(token.text) for token in tokens(phrase)]
    entry = lexicon().ending_at(words, len(words) - 1) if words else None
    return entry is not None


def _candidates(lines: Sequence[Line], parts: Sequence[Part]) -> Iterator[Keyphrase]:
    """The phrases of slide titles first, then the best of each chapter, then of the whole."""
    for part in parts:
        if part.slide:
            yield from _title_phrases(calm(part.title))
    texts = [[line.text for line in lines if part.span.holds(line.span.middle_s)] for part in parts]
    whole = keyphrases([line.text for line in lines], limit=3 * MOST_TOPICS)
    if len(parts) > 1:
        by_part = []
        joined = [" ".join(text) for text in texts]
        for index, own in enumerate(texts):
            others = [text for at, text in enumerate(joined) if at != index]
            by_part.append(keyphrases(own, background=others, limit=PER_CHAPTER))
        for place in range(PER_CHAPTER):
            yield from (phrases[place] for phrases in by_part if place < len(phrases))
    yield from whole


def _title_phrases(title: str) -> tuple[Keyphrase, ...]:
    """A title that is one noun phrase is a topic as it stands: "soft foot" is not a foot."""
    phrases = noun_phrases(title)
    articles = [token for token in tokens(title) if token.lower in word_lists().determiners]
    if len(phrases) == 1 and len(phrases[0].words) + len(articles) == len(tokens(title)):
        return (Keyphrase(phrases[0].text, 1.0, 1, (0,)),)
    return keyphrases([title], limit=PER_CHAPTER)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(token.lower) for token in tokens(text))


def _holds(words: Sequence[str], key: Sequence[str]) -> bool:
    size = len(key)
    wanted = tuple(key)
    return any(tuple(words[at : at + size]) == wanted for at in range(len(words) - size + 1))
