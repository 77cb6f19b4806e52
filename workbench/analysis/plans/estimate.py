"""How much a call will use and how long it takes, before it is made.

Media tokens follow the model's own sampling rule exactly; text is counted, or bounded while the
transcript is unknown; answers are a range from a third of the expected length to the limit. The
most a call uses has an answer at the limit, and a second round to put its form right.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.analysis import prompts
from workbench.analysis.answers.answer import Answer
from workbench.analysis.answers.carrying import Carried, expected_tokens
from workbench.analysis.fields import Field
from workbench.analysis.plans.question import OVERVIEW_SPEC, Part, build_question, video_spec_of
from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import image_tokens, text_tokens, video_frames, video_tokens
from workbench.backends.protocol import ModelRequest
from workbench.backends.usage import Usage
from workbench.evidence.evidence import Evidence
from workbench.media.chunks import LONGEST_SENT_S, Chunk

SPEECH_TOKENS_PER_S = (0.0, 2.0, 4.5)
"""Tokens of transcript a second while it is unknown: silence, half speech, fast speech.
150 words a minute at 1.35 tokens a word are 3.4 tokens a second (our arithmetic)."""

SUMMARY_TOKENS = {"brief": 90, "standard": 260, "detailed": 650}
"""Expected tokens of a summary: 60, 190 and 480 words at 1.35 tokens a word (our choice)."""

CHAPTER_EVERY_S = 150.0
"""Chapters a model is expected to report: one in 2.5 minutes of what is sent (guess)."""

REPAIR_TOKENS = 500
"""Words of a second round besides question and answer: what is wrong, ten sentences at most."""

CHAPTER_TOKENS = 70
VALUE_TOKENS = 12
"""The name of a field with a number, yes or no, or a choice (our arithmetic)."""
WORDS_TOKENS = 40
"""The name of a field with a sentence or a short list (guess)."""
ELEMENT_TOKENS = 90
ELEMENTS_EACH_KIND = 6

NUMBER_TOKENS = 6
"""What an entry about one picture among several has besides its answer: its number, with the name
of that (our arithmetic)."""

NAME_TOKENS = 4
"""A name of two words in a list (our arithmetic)."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Seconds of work, for the time shown before a run."""

    start_s: float = 3.0
    """Loading the models once (measured)."""
    transcript_s_per_s: float = 0.09
    """Whisper base on two cores, beside the pictures (measured on talks of 3 and 10 minutes)."""
    hearing_s_per_s: float = 0.25
    """A job of Amazon Transcribe (guess)."""
    pictures_s_per_s: float = 0.09
    """Shots and screen text, beside the speech (measured; 0.07 on slides, 0.10 on a fast film)."""
    proxy_s_per_s: float = 0.07
    """The one-frame-a-second proxy of 720p, before only the needed packets were read (measured)."""
    image_s: float = 1.5
    call_s: float = 3.0
    """A model call before its first token (guess)."""
    input_tokens_per_s: float = 12_000
    """How fast a service reads (guess)."""
    output_tokens_per_s: float = 90
    """How fast a service writes (guess)."""
    detection_s_per_s: float = 0.25
    """A job of Rekognition (guess)."""


def answer_tokens(request: AnalysisRequest, part: Part) -> int:
    """Expected tokens of an answer, from what is asked and how much is sent."""
    if part.others:
        one = answer_tokens(request, replace(part, others=()))
        return len(part.assets) * (one + NUMBER_TOKENS)
    expected = 40
    if "summary" in request.find:
        expected += SUMMARY_TOKENS[request.summary_length]
    if part.task == "analyse_chunk" and part.chunk:
        if "chapters" in request.find:
            chapters = max(1, round(part.chunk.sent.duration_s / CHAPTER_EVERY_S))
            values = field_tokens(request.fields_per("chapter"))
            expected += (CHAPTER_TOKENS + values) * chapters
        share = min(1.0, part.chunk.sent.duration_s / 300)
        expected += round(len(request.element_kinds) * ELEMENTS_EACH_KIND * ELEMENT_TOKENS * share)
    elif part.task == "analyse_image":
        expected += len(request.element_kinds) * ELEMENTS_EACH_KIND * 20
    return expected + field_tokens(request.fields_per("video"))


def field_tokens(fields: Iterable[Field]) -> int:
    """Expected tokens of the answers to these fields."""
    return sum(WORDS_TOKENS if f.type in ("text", "list") else VALUE_TOKENS for f in fields)


def call_usages(
    request: AnalysisRequest,
    model: ModelInfo,
    part: Part,
    evidence: Evidence | None,
    *,
    before: Sequence[tuple[Chunk, Answer]] | None = (),
    more: Sequence[Evidence | None] = (),
) -> tuple[Usage, Usage, Usage]:
    """Least, expected and most that one call uses; the most is that of both its rounds.

    Args:
        request: What is asked.
        model: Who is asked.
        part: What the call is about.
        evidence: What was measured, or None while it is not: its words are then bounded.
        before: The answers a chunk is told of, or None while they are not known: bounded as well.
        more: What was measured on the other pictures of the part, in their order.
    """
    if model.engine == "local":
        return Usage(), Usage(), Usage()
    if part.feature:
        return _detection_usages(part)
    known, *rest = (
        found or Evidence(asset.id, asset.duration_s)
        for asset, found in zip(part.assets, (evidence, *more), strict=True)
    )
    question = build_question(request, model, part, known, more=rest, before=before or ())
    counted = text_tokens(question.system + question.prompt + json.dumps(question.schema))
    text = round(counted * model.text_factor)
    # A correction makes no cap less safe: the most is that of the larger number.
    fewest, largest = min(counted, text), max(counted, text)
    if part.task == "combine":
        summary = SUMMARY_TOKENS[request.summary_length] if "summary" in request.find else 0
        told = part.parts * (summary + field_tokens(request.fields_per("video")))
        texts = (round((fewest + told) * 0.6), text + told, round((largest + told) * 1.8))
    else:
        sent_s = part.chunk.sent.duration_s if part.chunk and part.asset.has_sound else 0.0
        unknown = SPEECH_TOKENS_PER_S if evidence is None else (0.0, 0.0, 0.0)
        speech = [round(sent_s * each) for each in unknown]
        carried = _told(request, part) if before is None else (0, 0, 0)
        low, mid, high = (said + each for said, each in zip(speech, carried, strict=True))
        texts = (round(fewest * 0.85) + low, text + mid, round(largest * 1.15) + high)
    media_low = media_high = images = 0
    if part.task == "analyse_image":
        media_low = media_high = sum(
            image_tokens(model, asset.width_px, asset.height_px) for asset in part.assets
        )
        images = len(part.assets)
    elif part.task == "analyse_chunk" and part.asset.kind == "video" and part.chunk:
        media_low, media_high = clip_tokens(model, part.chunk)
    answer = answer_tokens(request, part)
    most = min(question.max_output_tokens, model.max_output_tokens)
    return (
        Usage(media_low + texts[0], min(most, answer // 3), images=images),
        Usage(media_low + texts[1], min(most, answer), images=images),
        Usage(media_high + texts[2], most, images=images) + repair_usage(texts[2], most),
    )


def tokens_of_a_send(request: ModelRequest, most: Usage) -> int:
    """Most tokens of one round of a call, input and reserved output, as a minute's limit counts them.

    Args:
        request: The question as it is sent.
        most: The most both rounds of the call use, as `call_usages` gives it.
    """
    words = text_tokens(request.system + request.prompt + json.dumps(request.schema))
    answer = most.output_tokens // 2
    return max(0, most.input_tokens - repair_usage(words, answer).input_tokens) + answer


def proxied_s(part: Part) -> float:
    """Seconds of video that a proxy takes as long as, for a call that is sent one.

    Of a long film that is sent as a whole, only the pictures that are looked at are read.
    """
    if part.asset.kind != "video" or part.chunk is None:
        return 0.0
    is_overview = video_spec_of(part.asset, part.chunk) == OVERVIEW_SPEC
    return LONGEST_SENT_S if is_overview else part.chunk.sent.duration_s


def clip_frames(model: ModelInfo, chunk: Chunk) -> tuple[int, int]:
    """Frames of a chunk that the model looks at, fewest and most; for models that take video."""
    return video_frames(model, _sent_s(chunk))


def clip_tokens(model: ModelInfo, chunk: Chunk) -> tuple[int, int]:
    """Tokens of the pictures of a chunk as it is sent, fewest and most."""
    return video_tokens(model, _sent_s(chunk))


def _sent_s(chunk: Chunk) -> int:
    """Length of the file that is sent: it holds a frame for every second that has begun."""
    return math.ceil(round(chunk.sent.duration_s, 3))


def repair_usage(question_tokens: int, answer_tokens: int) -> Usage:
    """Most that a second round uses: the words without the media, and the first answer twice.

    What is wrong with an answer may quote all of it.

    Args:
        question_tokens: Tokens of the words of the question, at most.
        answer_tokens: Tokens of an answer, at most.
    """
    said = question_tokens + 2 * answer_tokens + REPAIR_TOKENS
    return Usage(said, answer_tokens)


def _told(request: AnalysisRequest, part: Part) -> tuple[int, int, int]:
    """Tokens of what a chunk will be told of those before it, which are not answered yet."""
    low, mid, high = expected_tokens(
        part.chunk.index if part.chunk else 0,
        SUMMARY_TOKENS[request.summary_length] if "summary" in request.find else CHAPTER_TOKENS,
        len(request.element_kinds) * ELEMENTS_EACH_KIND * NAME_TOKENS,
    )
    words = text_tokens(prompts.carried_words(Carried("", ""))) if high else 0
    return low, words + mid, round(words * 1.15) + high


def _detection_usages(part: Part) -> tuple[Usage, Usage, Usage]:
    """Seconds of video, or a picture; the most is a whole minute.

    Part of a minute is billed as such, says an undated copy of the price page.
    """
    if part.asset.kind == "image":
        return (Usage(images=1),) * 3
    length_s = part.asset.duration_s
    usage = Usage(media_s=length_s)
    return usage, usage, Usage(media_s=60.0 * math.ceil(length_s / 60))
