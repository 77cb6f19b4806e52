"""How much a call will use and how long it takes, before it is made.

Media tokens follow the model's own sampling rule exactly; text is counted, or bounded while the
transcript is unknown; answers are a range from a third of the expected length to the limit.
"""

import json
from dataclasses import dataclass

from workbench.analysis.question import Part, build_question
from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog import ModelInfo
from workbench.backends.pricing import image_tokens, text_tokens, video_tokens
from workbench.backends.usage import Usage
from workbench.evidence.evidence import Evidence

SPEECH_TOKENS_PER_S = (0.0, 2.0, 4.5)
"""Tokens of transcript a second while it is unknown: silence, half speech, fast speech.
150 words a minute at 1.35 tokens a word are 3.4 tokens a second (our arithmetic)."""

SUMMARY_TOKENS = {"brief": 90, "standard": 260, "detailed": 650}
"""Expected tokens of a summary: 60, 190 and 480 words at 1.35 tokens a word (our choice)."""

CHAPTER_EVERY_S = 150.0
"""Chapters a model is expected to report: one in 2.5 minutes of what is sent (guess)."""

CHAPTER_TOKENS = 70
ELEMENT_TOKENS = 90
ELEMENTS_EACH_KIND = 6


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds of work, for the time shown before a run."""

    start_s: float = 3.0
    """Loading the models once (measured)."""
    transcript_s_per_s: float = 0.09
    """Whisper base on two cores, beside the pictures (measured on talks of 3 and 10 minutes)."""
    pictures_s_per_s: float = 0.09
    """Shots and screen text, beside the speech (measured; 0.07 on slides, 0.10 on a fast film)."""
    proxy_s_per_s: float = 0.07
    """The one-frame-a-second proxy of 720p (measured)."""
    image_s: float = 1.5
    call_s: float = 3.0
    """A model call before its first token (guess)."""
    input_tokens_per_s: float = 12_000
    """How fast a service reads (guess)."""
    output_tokens_per_s: float = 90
    """How fast a service writes (guess)."""


def answer_tokens(request: AnalysisRequest, part: Part) -> int:
    """Expected tokens of an answer, from what is asked and how much is sent."""
    expected = 40
    if "summary" in request.find or part.task == "combine":
        expected += SUMMARY_TOKENS[request.summary_length]
    if part.task == "analyse_chunk" and part.chunk:
        if "chapters" in request.find:
            chapters = max(1, round(part.chunk.sent.duration_s / CHAPTER_EVERY_S))
            expected += CHAPTER_TOKENS * chapters
        share = min(1.0, part.chunk.sent.duration_s / 300)
        expected += round(len(request.element_kinds) * ELEMENTS_EACH_KIND * ELEMENT_TOKENS * share)
    elif part.task == "analyse_image":
        expected += len(request.element_kinds) * ELEMENTS_EACH_KIND * 20
    return expected


def call_usages(
    request: AnalysisRequest,
    model: ModelInfo,
    part: Part,
    evidence: Evidence | None,
) -> tuple[Usage, Usage, Usage]:
    """Least, expected and most that one call uses.

    Args:
        request: What is asked.
        model: Who is asked.
        part: What the call is about.
        evidence: What was measured, or None while it is not: its words are then bounded.
    """
    if model.engine == "local":
        return Usage(), Usage(), Usage()
    known = evidence or Evidence(part.asset.id, part.asset.duration_s)
    question = build_question(request, model, part, known)
    words = question.system + question.prompt + json.dumps(question.schema)
    if part.task == "combine":
        text = text_tokens(words) + part.parts * SUMMARY_TOKENS[request.summary_length]
        texts = (round(text * 0.6), text, round(text * 1.8))
    else:
        text = text_tokens(words)
        sent_s = part.chunk.sent.duration_s if part.chunk and part.asset.has_sound else 0.0
        unknown = SPEECH_TOKENS_PER_S if evidence is None else (0.0, 0.0, 0.0)
        low, mid, high = (round(sent_s * each) for each in unknown)
        texts = (round(text * 0.85) + low, text + mid, round(text * 1.15) + high)
    media_low = media_high = images = 0
    if part.task == "analyse_image":
        media_low = media_high = image_tokens(model, part.asset.width_px, part.asset.height_px)
        images = 1
    elif part.task == "analyse_chunk" and part.asset.kind == "video" and part.chunk:
        media_low, media_high = video_tokens(model, part.chunk.sent.duration_s)
    answer = answer_tokens(request, part)
    most = min(question.max_output_tokens, model.max_output_tokens)
    return (
        Usage(media_low + texts[0], min(most, answer // 3), images=images),
        Usage(media_low + texts[1], min(most, answer), images=images),
        Usage(media_high + texts[2], most, images=images),
    )
