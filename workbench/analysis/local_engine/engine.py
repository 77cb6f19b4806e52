"""The engine that runs on this machine: it quotes and counts, and never invents.

Everything it answers has a time and a quotation, or a count, behind it. It reads the evidence
that travels with a request and looks at no picture itself.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.analysis.answers.answer import Answer, AnsweredElement, ElementKind, Quote
from workbench.analysis.local_engine.chapters import Part, answered_chapters, find_parts
from workbench.analysis.local_engine.elements import find_things
from workbench.analysis.local_engine.mentions import lines_of
from workbench.analysis.local_engine.summary import (
    CLEAR_TITLE,
    LANGUAGES,
    Embed,
    choose_sentences,
    facts_line,
    quote_of,
    quoted,
)
from workbench.analysis.local_engine.topics import find_topics
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, Readiness, open_gate
from workbench.backends.usage import Usage
from workbench.errors import BadModelRequest
from workbench.evidence.evidence import Evidence, TextBlock
from workbench.evidence.screen.slides import slide_titles
from workbench.evidence.text.sentences import sentences_of
from workbench.evidence.text.words import looks_english
from workbench.media.timecode import TimeSpan, format_time

if TYPE_CHECKING:
    import numpy as np

LOCAL_ENGINE_VERSION = "1"
"""Part of the cache key: a new number makes kept answers of the old engine stale."""

SUMMARY_SENTENCES = {"brief": 2, "standard": 8, "detailed": 20}
"""Quoted sentences in a summary at most."""
PER_CHAPTER = {"brief": 1, "standard": 1, "detailed": 2}
WITHOUT_CHAPTERS = {"brief": 2, "standard": 4, "detailed": 8}
"""Quoted sentences of a video that is one stretch."""
MOST_LINES_OF_IMAGE = 12
EVERYTHING = "summary,chapters,equipment,objects,topics"


class LocalEngine:
    """Answers from measured evidence alone; a `Backend`.

    Args:
        embed: Turns texts into unit vectors, to rank sentences by meaning; without it, words are
            counted.

    Example:
        >>> LocalEngine().readiness().is_ready
        True
    """

    engine = "local"

    def __init__(self, *, embed: Embed | None = None) -> None:
        self._embed = embed

    def readiness(self) -> Readiness:
        """Say that it can be used: it needs nothing but the evidence."""
        how = "ranks sentences by meaning" if self._embed else "ranks sentences by shared words"
        return Readiness("local engine", is_ready=True, finding=f"quotes and counts; {how}")

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Answer one request from its evidence.

        Args:
            request: `analyse_chunk` or `analyse_image`, with evidence on the source's clock. Of
                the options `find`, `summary_length` and `language` are read.
            model: Not looked at: there is one local model.
            gate: Not passed: nothing is sent.

        Returns:
            An `Answer` on the clip's clock, as plain data. It used no tokens and cost nothing.

        Raises:
            BadModelRequest: There is no evidence, or the task is one for models that write.
        """
        del model, gate
        began = time.monotonic()
        if request.task == "combine":
            raise BadModelRequest(
                "the local engine answers a whole video at once; it has no parts to combine",
                hint="plan the video as one chunk for this engine",
            )
        if request.evidence is None:
            raise BadModelRequest(
                "the local engine was asked without evidence",
                hint="measure the file first: gather its transcript, shots and screen text",
            )
        work = _Reading(request, request.evidence, self._remembering())
        answer = work.image() if request.task == "analyse_image" else work.video()
        return ModelReply(
            data=answer.model_dump(mode="json"),
            usage=Usage(),
            model_id=f"local {LOCAL_ENGINE_VERSION}",
            stop_reason="end_turn",
            latency_s=round(time.monotonic() - began, 3),
        )

    def _remembering(self) -> Embed | None:
        """The embedder with a memory for one answer: chapters and summary rank the same texts."""
        embed = self._embed
        if embed is None:
            return None
        known: dict[str, np.ndarray[Any, Any]] = {}

        def remembered(texts: Sequence[str]) -> "np.ndarray[Any, Any]":
            import numpy as np

            new = [text for text in dict.fromkeys(texts) if text not in known]
            if new:
                known.update(zip(new, embed(new), strict=True))
            return np.stack([known[text] for text in texts])

        return remembered


class _Reading:
    """One request being answered."""

    def __init__(self, request: ModelRequest, evidence: Evidence, embed: Embed | None) -> None:
        clips = [part.span for part in request.media if part.span is not None]
        self.evidence = _on_clip_clock(evidence, clips[0]) if clips else evidence
        self.embed = embed
        options = request.options
        asked = options.get("find", EVERYTHING) or EVERYTHING
        self.find = {word.strip() for word in asked.split(",")}
        self.length = options.get("summary_length", "standard")
        if self.length not in SUMMARY_SENTENCES:
            self.length = "standard"
        self.language = options.get("language", "")
        self.sentences = sentences_of(self.evidence.transcript)

    @property
    def spoken(self) -> str:
        """The language that was spoken, a code; empty when unknown."""
        transcript = self.evidence.transcript
        return transcript.language.lower().split("-")[0] if transcript else ""

    @property
    def is_english(self) -> bool:
        """May phrases be looked for? Subtitle files seldom say their language."""
        if self.spoken:
            return self.spoken == "en"
        return looks_english(" ".join(sentence.text for sentence in self.sentences[:200]))

    @property
    def kinds(self) -> list[ElementKind]:
        kinds: list[ElementKind] = []
        if "equipment" in self.find:
            kinds.append("equipment")
        if "objects" in self.find:
            kinds.append("object")
        return kinds

    def video(self) -> Answer:
        """Answer about a video or a sound file."""
        parts: list[Part] = []
        if self.find & {"summary", "chapters", "topics"}:
            parts = find_parts(
                self.evidence, self.sentences, is_english=self.is_english, embed=self.embed
            )
        answer = Answer()
        if "summary" in self.find:
            answer.summary, answer.summary_quotes = self.summary(parts)
        if "chapters" in self.find:
            answer.chapters = answered_chapters(
                parts,
                self.evidence,
                self.sentences,
                per_chapter=PER_CHAPTER[self.length],
                embed=self.embed,
            )
        answer.elements = self.elements(parts)
        return answer

    def elements(self, parts: Sequence[Part]) -> list[AnsweredElement]:
        """Equipment and objects, then topics, as far as they were asked for."""
        # Names on slides can be English under speech in another language.
        lines = lines_of(self.sentences if self.is_english else (), self.evidence.screen_text)
        found = find_things(lines, self.kinds) if self.kinds else []
        if "topics" in self.find and self.is_english:
            found += find_topics(lines, parts)
        return found

    def summary(self, parts: Sequence[Part]) -> tuple[str, list[Quote]]:
        """The facts, then quoted sentences with their times."""
        paragraphs = [facts_line(self.evidence)]
        groups = [part.span for part in parts] or [self.whole]
        is_divided = len(groups) > 1
        per_group = PER_CHAPTER[self.length] if is_divided else WITHOUT_CHAPTERS[self.length]
        chosen = choose_sentences(
            self.sentences,
            groups,
            per_group=per_group,
            most=SUMMARY_SENTENCES[self.length],
            embed=self.embed,
            about=[part.title for part in parts],
        )
        said = [sentence for own in chosen for sentence in own]
        if said:
            paragraphs.append(
                " ".join(f"{quoted(s.text)} ({format_time(s.span.start_s)})" for s in said)
            )
            quotes = [quote_of(sentence) for sentence in said]
        else:
            read, quotes = self.lines_read(4)
            paragraphs += read
        paragraphs += self.language_note()
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph), quotes

    @property
    def whole(self) -> TimeSpan:
        ends = [sentence.span.end_s for sentence in self.sentences]
        return TimeSpan(0.0, max([self.evidence.duration_s, *ends]) + 1.0)

    def language_note(self) -> list[str]:
        """Say so when the quotations are not in the language that was asked for."""
        if not self.sentences or not self.spoken or self.language in {"", self.spoken}:
            return []
        name = LANGUAGES.get(self.spoken, self.spoken)
        return [f"The quotations are in {name}, as spoken: the local engine does not translate."]

    def lines_read(self, most: int) -> tuple[list[str], list[Quote]]:
        """Titles, or else the largest lines on the screen, quoted in order as a paragraph."""
        best = largest_lines(self.evidence.screen_text, most)
        titles = [t for t in slide_titles(self.evidence.screen_text) if t.weight >= CLEAR_TITLE]
        if len(titles) > 2:
            starts = {title.span.start_s for title in titles}
            marked = [b for b in self.evidence.screen_text if b.is_title]
            best = [b for b in marked if b.span.start_s in starts][: 2 * most]
        if not best:
            return [], []
        is_timed = self.evidence.duration_s > 0
        words = ", ".join(
            quoted(b.text) + (f" ({format_time(b.span.start_s)})" if is_timed else "") for b in best
        )
        quotes = [
            Quote(start_s=b.span.start_s, end_s=b.span.end_s, text=b.text, kind="screen_text")
            for b in best
        ]
        return [f"On the screen: {words}." if is_timed else f"It reads: {words}."], quotes

    def image(self) -> Answer:
        """Answer about a picture: what can be read in it."""
        answer = Answer()
        if "summary" in self.find:
            read, quotes = self.lines_read(MOST_LINES_OF_IMAGE)
            answer.summary = " ".join([facts_line(self.evidence, is_image=True), *read])
            answer.summary_quotes = quotes
        lines = lines_of((), self.evidence.screen_text)
        answer.elements = find_things(lines, self.kinds) if self.kinds else []
        return answer


def largest_lines(screen_text: Sequence[TextBlock], most: int) -> list[TextBlock]:
    """The largest different lines with words in them, in order of time and place."""
    blocks: dict[str, TextBlock] = {}
    for block in sorted(screen_text, key=lambda b: -b.height):
        blocks.setdefault(block.text.strip().casefold(), block)
    # Readings on a dial say nothing on their own: words come first.
    worded = [b for b in blocks.values() if sum(letter.isalpha() for letter in b.text) > 1]
    chosen = (worded or list(blocks.values()))[:most]
    return sorted(chosen, key=lambda b: (b.span.start_s, b.top))


def _on_clip_clock(evidence: Evidence, clip: TimeSpan) -> Evidence:
    """The same facts with times from the clip's start; nothing changes for a whole video."""
    if clip.start_s == 0:
        return evidence
    by_s = -clip.start_s
    transcript = evidence.transcript
    if transcript is not None:
        utterances = tuple(
            replace(
                u,
                span=u.span.shifted(by_s),
                words=tuple(replace(word, span=word.span.shifted(by_s)) for word in u.words),
            )
            for u in transcript.utterances
        )
        transcript = replace(transcript, utterances=utterances)
    return replace(
        evidence,
        duration_s=clip.duration_s,
        transcript=transcript,
        shots=tuple(replace(s, span=s.span.shifted(by_s)) for s in evidence.shots),
        screen_text=tuple(replace(b, span=b.span.shifted(by_s)) for b in evidence.screen_text),
    )
