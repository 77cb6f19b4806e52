"""Summaries that quote: the sentences a talk leans on, in its own words and order.

Sentences are ranked by how much the others resemble them (LexRank: Erkan and Radev, JAIR 2004), and
repetition is avoided by maximal marginal relevance. Nothing is reworded.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.analysis.answers.answer import Quote
from workbench.evidence.boundaries import announces
from workbench.evidence.evidence import Evidence
from workbench.evidence.screen.slides import slide_titles
from workbench.evidence.text.sentences import Sentence
from workbench.evidence.text.words import content_stems, tokens
from workbench.media.timecode import TimeSpan, covered_s, format_length, format_time

if TYPE_CHECKING:
    import numpy as np

Embed = Callable[[Sequence[str]], "np.ndarray[Any, Any]"]
"""Texts to unit vectors, one row each."""

MOST_RANKED = 2000
"""Longer talks are ranked by every n-th sentence: ranking is quadratic."""
DAMPING = 0.85
CLEAR_TITLE = 0.5
"""Titles that look less like one are not counted as titles."""
LEAST_READABLE = 0.3
"""Sentences that stand alone worse than this are not quoted, even if there is no other."""
REPETITION = 0.5
"""How much likeness to what is already quoted counts against a sentence."""

# Sentences that lean on the one before, greet, or only announce read badly on their own.
_LEANING = re.compile(
    r"^\W*(?:and|but|so|or|because|then|also|which|it|its|it's|they|their|them|this|that|these|those|he|she|his|her|there|such|otherwise|for (?:example|instance)|let's|let me"
    r"|however|therefore|thus|yes|no|ok|okay|well|oh|um|uh|do this)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:welcome|thank you|thanks for|good (?:morning|afternoon|evening|day)|hello|hi everyone|goodbye|see you|subscribe|my name is"
    r"|in this (?:video|talk|lecture|film)|have a (?:nice|good|safe|great))\b",
    re.IGNORECASE,
)

LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "ru": "Russian",
    "uk": "Ukrainian",
    "cs": "Czech",
    "sv": "Swedish",
    "da": "Danish",
    "no": "Norwegian",
    "fi": "Finnish",
    "tr": "Turkish",
    "ar": "Arabic",
    "he": "Hebrew",
    "hi": "Hindi",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
    "vi": "Vietnamese",
    "id": "Indonesian",
    "el": "Greek",
    "hu": "Hungarian",
    "ro": "Romanian",
}


def text_vectors(texts: Sequence[str]) -> "np.ndarray[Any, Any]":
    """TF-IDF vectors of texts against each other, one unit row each; zero for an empty text."""
    import numpy as np

    stems = [Counter(content_stems(text)) for text in texts]
    holding = Counter(stem for words in stems for stem in words)
    columns = {stem: at for at, stem in enumerate(holding)}
    vectors = np.zeros((len(texts), max(1, len(columns))), dtype=np.float32)
    for row, words in enumerate(stems):
        for stem, count in words.items():
            weight = math.log((len(texts) + 1) / holding[stem]) + 0.1
            vectors[row, columns[stem]] = (1 + math.log(count)) * weight
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    unit: np.ndarray[Any, Any] = vectors / lengths
    return unit


def centrality(vectors: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """How much the other rows resemble each row, the mean being 1.

    Args:
        vectors: Unit rows.
    """
    import numpy as np

    size = len(vectors)
    likeness = np.clip(vectors @ vectors.T, 0, None).astype(float)
    np.fill_diagonal(likeness, 0)
    totals = likeness.sum(axis=1, keepdims=True)
    moves = np.divide(likeness, totals, out=np.full_like(likeness, 1 / size), where=totals > 0)
    rank = np.full(size, 1 / size)
    for _ in range(50):
        new = (1 - DAMPING) / size + DAMPING * (rank @ moves)
        if float(np.abs(new - rank).sum()) < 1e-6:
            break
        rank = new
    return rank * size


def readability(text: str, *, is_punctuated: bool = True) -> float:
    """How well a sentence stands alone, 0 to 1.

    Args:
        text: One sentence.
        is_punctuated: Do the talk's sentences end with full stops? If not, none is missed here.

    Example:
        >>> readability("A worn seal lets the liquid escape along the shaft.")
        1.0
        >>> readability("So it does.") < 0.2
        True
    """
    words = len(tokens(text))
    if words < 4:
        return 0.05
    is_question = text.rstrip(" \"'”’").endswith("?")
    doubts = (
        (words < 7, 0.6),
        (words > 32, max(0.3, 1 - (words - 32) / 40)),
        (bool(_LEANING.search(text)), 0.55),
        (announces(text), 0.35),
        (bool(_COURTESY.search(text)), 0.15),
        (is_question, 0.4),
        (is_punctuated and not is_question and not _is_finished(text), 0.25),
        (is_punctuated and text.lstrip(" \"'“‘(")[:1].islower(), 0.7),
        (len(set(content_stems(text))) < 3, 0.4),
    )
    return math.prod((factor for holds, factor in doubts if holds), start=1.0)


def _is_finished(text: str) -> bool:
    return text.rstrip(" \"'”’").endswith((".", "!", "?", "。", "！", "？"))


def choose_sentences(
    sentences: Sequence[Sentence],
    groups: Sequence[TimeSpan],
    *,
    per_group: int,
    most: int,
    embed: Embed | None = None,
    about: Sequence[str] = (),
) -> list[list[Sentence]]:
    """Choose the sentences that stand for each stretch of a talk.

    Args:
        sentences: What was said, in order.
        groups: Stretches of time, usually the chapters.
        per_group: Sentences for each at most.
        most: Sentences in all at most; the most central stay.
        embed: Turns texts into unit vectors; without it, words are counted.
        about: For each group, words to prefer: its title.

    Returns:
        For each group its sentences in order of time.
    """
    if not sentences:
        return [[] for _ in groups]
    step = -(-len(sentences) // MOST_RANKED)
    ranked = list(sentences)[::step]
    vectors = (embed or text_vectors)([sentence.text for sentence in ranked])
    finished = sum(1 for sentence in ranked if _is_finished(sentence.text))
    readable = [readability(s.text, is_punctuated=finished * 2 >= len(ranked)) for s in ranked]
    ranking = _Ranking(ranked, readable, vectors, centrality(vectors))
    chosen: list[list[int]] = []
    picked: list[int] = []
    for index, span in enumerate(groups):
        inside = [at for at, s in enumerate(ranked) if span.holds(s.span.middle_s)]
        wanted = set(content_stems(about[index])) if index < len(about) else set()
        own: list[int] = []
        for _ in range(per_group):
            best = _best(ranking, inside, wanted, picked)
            if best is None:
                break
            own.append(best)
            picked.append(best)
        chosen.append(own)
    if len(picked) > most:
        by_worth = sorted(picked, key=lambda at: -ranking.central[at] * readable[at])
        kept = set(by_worth[:most])
        chosen = [[at for at in own if at in kept] for own in chosen]
    return [[ranked[at] for at in sorted(own)] for own in chosen]


@dataclass(frozen=True, slots=True)
class _Ranking:
    sentences: Sequence[Sentence]
    readable: Sequence[float]
    vectors: "np.ndarray[Any, Any]"
    central: "np.ndarray[Any, Any]"


def _best(
    ranking: _Ranking, inside: Sequence[int], wanted: set[str], picked: Sequence[int]
) -> int | None:
    sentences, vectors, central = ranking.sentences, ranking.vectors, ranking.central
    best, best_score = None, 0.0
    local = centrality(vectors[list(inside)]) if len(inside) > 2 else None
    for place, at in enumerate(inside):
        if at in picked:
            continue
        text = sentences[at].text
        score = float(central[at]) + (float(local[place]) if local is not None else 0.0)
        if wanted:
            score *= 1 + 0.5 * len(wanted.intersection(content_stems(text))) / len(wanted)
        confidence = sentences[at].confidence
        score *= ranking.readable[at] * (1.0 if confidence is None else 0.5 + 0.5 * confidence)
        alike = max((float(vectors[at] @ vectors[other]) for other in picked), default=0.0)
        score *= 1 - REPETITION * max(0.0, alike)
        if score > best_score:
            best, best_score = at, score
    # A greeting or a fragment is no summary, even where nothing else was said.
    return best if best is not None and ranking.readable[best] >= LEAST_READABLE else None


def quote_of(sentence: Sentence) -> Quote:
    """A sentence as a quotation with its time."""
    return Quote(
        start_s=round(sentence.span.start_s, 3),
        end_s=round(sentence.span.end_s, 3),
        text=sentence.text,
    )


def quoted(text: str) -> str:
    """A text in quotation marks; its own double marks become single ones.

    Example:
        >>> quoted('He said "stop".')
        '“He said ‘stop’.”'
    """
    inner = re.sub(r"[\"“”]([^\"“”]*)[\"“”]", r"‘\1’", text.strip())
    return f"“{inner}”"


def facts_line(evidence: Evidence, *, is_image: bool = False) -> str:
    """What was measured, in two or three short sentences: counts and lengths only."""
    if is_image:
        lines = len(evidence.screen_text)
        if not lines:
            return "No text was found in the picture. The local engine does not describe pictures."
        return f"{_count(lines, 'line')} of text read in the picture."
    shots = f"{_count(len(evidence.shots), 'shot')} in " if evidence.shots else ""
    length = format_time(evidence.duration_s)
    said = evidence.transcript is not None and not evidence.transcript.is_empty
    if not said and not evidence.screen_text:
        return (
            f"{_absent(evidence)} {shots}{length}."
            if shots
            else f"{_absent(evidence)} {length} long."
        )
    parts = [f"{shots}{length}." if shots else f"{length} long."]
    parts.append(_speech_fact(evidence) if said else _absent(evidence))
    titles = [t for t in slide_titles(evidence.screen_text) if t.weight >= CLEAR_TITLE]
    if titles:
        parts.append(f"{_count(len(titles), 'title')} read on the screen.")
    elif evidence.screen_text:
        parts.append(f"{_count(len(evidence.screen_text), 'line')} of text read on the screen.")
    return " ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _speech_fact(evidence: Evidence) -> str:
    transcript = evidence.transcript
    if transcript is None:
        return ""
    spoken_s = evidence.speech_s or covered_s(u.span for u in transcript.utterances)
    language = LANGUAGES.get(transcript.language, transcript.language)
    share = min(1.0, spoken_s / evidence.duration_s) if evidence.duration_s else 0.0
    of = f" ({share:.0%})" if share else ""
    return f"Speech for {format_length(spoken_s)}{of}" + (f", in {language}." if language else ".")


def _absent(evidence: Evidence) -> str:
    """Say what was not found, and what was not looked for; the two are not the same."""
    transcript = evidence.transcript
    is_silent = transcript is not None and transcript.is_empty
    is_read = not evidence.engines or "screen_text" in evidence.engines
    has_text = bool(evidence.screen_text)
    if is_silent and is_read and not has_text:
        return "No speech and no screen text were found."
    found = []
    if is_silent:
        found.append("No speech was found.")
    elif transcript is None:
        no_sound = (note for note in evidence.notes if "no sound" in note)
        found.append(next(no_sound, "Speech was not transcribed."))
    is_sound_only = bool(evidence.engines) and not {"shots", "screen_text"} & set(evidence.engines)
    if not has_text and not is_sound_only:
        found.append("No screen text was found." if is_read else "Screen text was not read.")
    return " ".join(found)
