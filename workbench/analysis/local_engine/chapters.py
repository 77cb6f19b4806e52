"""Chapters of the local engine: where they start, what they are called, what stands in them.

A title is a slide's title, quoted, or else the chapter's key phrase; a summary is a quotation.
Without speech and without slides there are no chapters: a cut alone means nothing.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.analysis.answers.answer import AnsweredChapter, Quote
from workbench.analysis.local_engine.elements import sentence_case
from workbench.analysis.local_engine.summary import Embed, choose_sentences, quote_of, quoted
from workbench.evidence.boundaries import chapter_starts
from workbench.evidence.evidence import Evidence
from workbench.evidence.screen.slides import SlideTitle, is_same_text, slide_titles
from workbench.evidence.text.keyphrases import keyphrases
from workbench.evidence.text.sentences import Sentence
from workbench.evidence.text.words import content_stems
from workbench.media.timecode import TimeSpan, covered_s

TITLE_WITHIN = 0.35
"""A slide's title names a chapter if it appears in this first share of it …"""
TITLE_WITHIN_S = 20.0
"""… or in its first seconds."""
LEAST_WEIGHT = 0.3
"""Titles that look less like one than this are labels in a picture."""
LEAST_COVERED = 0.5
"""Without speech, titles have to stay on the screen for this share of the video."""
LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter before it is written down."""

    span: TimeSpan
    title: str
    slide: SlideTitle | None
    """The slide that the title was read from; None where it is a key phrase."""


def find_parts(
    evidence: Evidence,
    sentences: Sequence[Sentence],
    *,
    is_english: bool = True,
    embed: Embed | None = None,
) -> list[Part]:
    """Divide a video into titled parts, or give none if nothing speaks for dividing it.

    Args:
        evidence: What was measured.
        sentences: The transcript's sentences.
        is_english: May phrases of the speech be used as titles?
        embed: Turns texts into unit vectors, for changes of meaning.
    """
    duration_s = evidence.duration_s
    titles = [title for title in slide_titles(evidence.screen_text) if title.weight > 0]
    if not sentences and not _titles_suffice(titles, duration_s):
        return []
    starts = chapter_starts(
        sentences,
        duration_s,
        titles=titles,
        cuts_s=[shot.span.start_s for shot in evidence.shots],
        embed=embed,
    )
    edges = [*starts, duration_s]
    spans = [TimeSpan(a, b) for a, b in itertools.pairwise(edges) if b > a]
    slides = [_slide_of(span, titles) for span in spans]
    texts = [" ".join(s.text for s in _inside(sentences, span)) for span in spans]
    parts: list[Part] = []
    for index, (span, slide) in enumerate(zip(spans, slides, strict=True)):
        if slide is not None:
            title = _tidy_title(slide.text)
        else:
            others = [text for at, text in enumerate(texts) if at != index]
            taken = [part.title for part in parts]
            inside = _inside(sentences, span)
            title = _phrase_title(inside, others, taken) if is_english else ""
            title = title or _opening_words(inside)
        if not title:
            title = f"Part {index + 1}"
        if parts and slide and parts[-1].slide and is_same_text(parts[-1].title, title):
            last = parts.pop()
            parts.append(Part(TimeSpan(last.span.start_s, span.end_s), last.title, last.slide))
        else:
            parts.append(Part(span, title, slide))
    return parts


def _titles_suffice(titles: Sequence[SlideTitle], duration_s: float) -> bool:
    strong = [title for title in titles if title.weight >= LEAST_WEIGHT]
    return len(strong) >= 2 and covered_s(t.span for t in strong) >= LEAST_COVERED * duration_s


def _inside(sentences: Sequence[Sentence], span: TimeSpan) -> list[Sentence]:
    return [sentence for sentence in sentences if span.holds(sentence.span.middle_s)]


def _slide_of(span: TimeSpan, titles: Sequence[SlideTitle]) -> SlideTitle | None:
    """The slide that opens a part: the weightiest of those that appear early in it."""
    until = span.start_s + max(TITLE_WITHIN_S, TITLE_WITHIN * span.duration_s)
    early = [
        title
        for title in titles
        if title.weight >= LEAST_WEIGHT
        and span.start_s - 1.0 <= title.span.start_s < min(until, span.end_s)
    ]
    return max(early, key=lambda t: (round(t.weight, 1), -t.span.start_s), default=None)


def _tidy_title(text: str) -> str:
    title = " ".join(text.split())
    title = title.capitalize() if title.isupper() and len(title) > 5 else title
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


def _phrase_title(inside: Sequence[Sentence], others: Sequence[str], taken: Sequence[str]) -> str:
    used = {content_stems(title) for title in taken}
    for phrase in keyphrases([s.text for s in inside], background=others, limit=8):
        if content_stems(phrase.text) not in used:
            return sentence_case(phrase.text)
    return ""


def _opening_words(inside: Sequence[Sentence], count: int = 7) -> str:
    """The first words that were said, quoted: for languages whose phrases we cannot find."""
    if not inside:
        return ""
    words = inside[0].text.split()
    return quoted(" ".join(words[:count]) + (" …" if len(words) > count else ""))


def answered_chapters(
    parts: Sequence[Part],
    evidence: Evidence,
    sentences: Sequence[Sentence],
    *,
    per_chapter: int,
    embed: Embed | None = None,
) -> list[AnsweredChapter]:
    """Write chapters down, each with the sentences that stand for it.

    Args:
        parts: The chapters' spans and titles.
        evidence: What was measured.
        sentences: The transcript's sentences.
        per_chapter: Quoted sentences for each at most.
        embed: Turns texts into unit vectors.
    """
    chosen = choose_sentences(
        sentences,
        [part.span for part in parts],
        per_group=per_chapter,
        most=per_chapter * max(1, len(parts)),
        embed=embed,
        about=[part.title for part in parts],
    )
    chapters = []
    for part, own in zip(parts, chosen, strict=True):
        quotes = [_title_quote(part.slide)] if part.slide else []
        if own:
            quotes += [quote_of(sentence) for sentence in own]
            summary = " ".join(quoted(sentence.text) for sentence in own)
        else:
            summary, read = _on_screen(part, evidence)
            quotes += read
        chapters.append(
            AnsweredChapter(
                title=part.title,
                start_s=round(part.span.start_s, 3),
                end_s=round(part.span.end_s, 3),
                summary=summary,
                quotes=quotes,
            )
        )
    return chapters


def _title_quote(slide: SlideTitle) -> Quote:
    return Quote(
        start_s=round(slide.span.start_s, 3),
        end_s=round(slide.span.end_s, 3),
        text=slide.text,
        kind="screen_text",
    )


def _on_screen(part: Part, evidence: Evidence) -> tuple[str, list[Quote]]:
    """What a part without quotable speech shows: its longest lines, or a count of shots."""
    blocks = [b for b in evidence.screen_text if part.span.holds(b.span.middle_s)]
    lines = {b.text.strip(): b for b in blocks if not is_same_text(b.text, part.title)}
    best = sorted(lines.values(), key=lambda b: -len(b.text))[:3]
    best.sort(key=lambda b: (b.span.start_s, b.top))
    if best:
        text = "On the screen: " + ", ".join(quoted(b.text) for b in best) + "."
        return text, [
            Quote(start_s=b.span.start_s, end_s=b.span.end_s, text=b.text, kind="screen_text")
            for b in best
        ]
    shots = sum(1 for shot in evidence.shots if part.span.holds(shot.span.middle_s))
    return (f"{shots} shots without quotable speech." if shots > 1 else ""), []
