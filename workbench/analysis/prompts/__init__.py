"""The words sent to a model. They are kept as text files beside this module, one for each task.

Media go first and these words last; the answer's form travels as a schema. A change of wording
changes `prompt_hash`, which every analysis keeps. What others have said, shown or written goes in
as quoted material; see `quoting`.
"""

import functools
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources
from string import Template

from workbench.analysis.answers.carrying import Carried
from workbench.analysis.fields import Field
from workbench.analysis.quoting import one_line, quoted, title_line
from workbench.analysis.request import AnalysisRequest
from workbench.evidence.evidence import Evidence, TextBlock
from workbench.media.chunks import Chunk
from workbench.media.timecode import format_length, format_time
from workbench.speech.transcript import Utterance

TRANSCRIPT_LETTERS = 40_000
"""Most letters of transcript in one prompt: some 10,000 tokens, an hour of slow speech."""

SCREEN_TEXT_LETTERS = 8_000
"""Most letters of screen text in one prompt."""

SUMMARY_LENGTHS = {
    "brief": "two or three sentences",
    "standard": "one or two paragraphs",
    "detailed": "three to five paragraphs",
}

LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "ja": "Japanese", "zh": "Chinese", "ar": "Arabic",
}  # fmt: skip


@functools.cache
def template(name: str) -> Template:
    """The wording of one task: `analyse_chunk`, `analyse_image` …, or a part of it."""
    text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    return Template(text.strip())


@functools.cache
def prompt_hash() -> str:
    """Name of the present wording: 12 hexadecimal digits over all templates."""
    digest = hashlib.sha256()
    for name in (
        "system",
        "analyse_chunk",
        "carried",
        "analyse_image",
        "analyse_pictures",
        "combine",
        "fields",
        "combine_fields",
    ):
        digest.update(template(name).template.encode())
    return digest.hexdigest()[:12]


def system_prompt() -> str:
    """Who the model is asked to be."""
    return template("system").template


def language_name(code: str) -> str:
    """The English name of a language, or its code."""
    return LANGUAGES.get(code, code)


def _wanted(request: AnalysisRequest, *, is_image: bool) -> str:
    lines = []
    if "summary" in request.find:
        lines.append(f"- a summary in {SUMMARY_LENGTHS[request.summary_length]};")
    if "chapters" in request.find and not is_image:
        lines.append(
            "- chapters: where the subject changes, each with a short title, start, end and one"
            " sentence on what it is about; together they cover this part without gaps;"
        )
    times = "" if is_image else ", with every stretch of time it is shown, said, or both"
    if "equipment" in request.find:
        lines.append(f"- equipment: machines, tools, instruments and their parts{times};")
    if "objects" in request.find:
        lines.append(f"- objects: other things that matter to what happens{times};")
    if "topics" in request.find:
        lines.append(f"- topics: what is talked about{times};")
    if request.element_kinds:
        lines.append(
            "Give every element a name in the singular and a category of one or two words."
        )
    return "\n".join(lines)


def _fields(fields: Iterable[Field]) -> str:
    """The reader's own questions, set off from what stands before; empty if there are none."""
    lines = [_asked(field) for field in fields]
    words = template("fields").substitute(questions="\n".join(lines)) if lines else ""
    return f"\n\n{words}" if words else ""


def _asked(field: Field) -> str:
    kinds = {"number": "a number", "yes_no": "yes or no", "list": "a list", "text": "a few words"}
    kind = kinds.get(field.type) or "one of: " + ", ".join(field.choices)
    where = " (of every chapter)" if field.per == "chapter" else ""
    return f"- {field.name}{where}: {field.ask} ({kind})"


def _instructions(request: AnalysisRequest) -> str:
    text = request.instructions.strip()
    return f"\n\nThe reader also asks: {text}" if text else ""


def _within_letters(lines: Iterable[str], limit: int) -> str:
    kept: list[str] = []
    used = 0
    for line in lines:
        if used + len(line) > limit:
            kept.append("(cut here for length)")
            break
        kept.append(line)
        used += len(line) + 1
    return quoted("\n".join(kept) or "(nothing)")


def _said(utterances: Iterable[Utterance], start_s: float) -> str:
    return _within_letters(
        (f"[{max(0.0, u.span.start_s - start_s):.0f}] {one_line(u.text)}" for u in utterances),
        TRANSCRIPT_LETTERS,
    )


def _read(blocks: Iterable[TextBlock], start_s: float) -> str:
    return _within_letters(
        (
            f"[{max(0.0, b.span.start_s - start_s):.0f} to {max(0.0, b.span.end_s - start_s):.0f}]"
            f" {one_line(b.text)}"
            for b in blocks
        ),
        SCREEN_TEXT_LETTERS,
    )


def chunk_prompt(
    request: AnalysisRequest,
    name: str,
    chunk: Chunk,
    parts: int,
    evidence: Evidence,
    *,
    before: Carried | None = None,
) -> str:
    """The question about one chunk of a recording, with what was heard and read in it.

    `before` is what it is told of the chunks before it; None where it stands by itself.
    """
    there = evidence.within(chunk.sent)
    return template("analyse_chunk").substitute(
        part=chunk.index + 1,
        parts=parts,
        name=title_line(name),
        from_time=format_time(chunk.sent.start_s),
        to_time=format_time(chunk.sent.end_s),
        duration=format_length(evidence.duration_s),
        sent_s=f"{chunk.sent.duration_s:.0f}",
        before=f"\n\n{carried_words(before)}" if before else "",
        wanted=_wanted(request, is_image=False) + _fields(request.fields),
        language=language_name(request.language),
        instructions=_instructions(request),
        transcript=_said(
            there.transcript.utterances if there.transcript else (), chunk.sent.start_s
        ),
        screen_text=_read(there.screen_text, chunk.sent.start_s),
    )


def carried_words(before: Carried) -> str:
    """What a chunk is told of the chunks before it."""
    story, names = (
        quoted("\n".join(one_line(line) for line in lines.splitlines()))
        for lines in (before.story, before.names)
    )
    return template("carried").substitute(story=story, names=names)


def image_prompt(request: AnalysisRequest, name: str, evidence: Evidence) -> str:
    """The question about one picture, with what was read in it."""
    return template("analyse_image").substitute(
        name=title_line(name),
        wanted=_wanted(request, is_image=True) + _fields(request.fields_per("video")),
        language=language_name(request.language),
        instructions=_instructions(request),
        screen_text=_within_letters(
            (one_line(b.text) for b in evidence.screen_text), SCREEN_TEXT_LETTERS
        ),
    )


def pictures_prompt(request: AnalysisRequest, pictures: Sequence[tuple[str, Evidence]]) -> str:
    """The question about several pictures in one call, with what was read in each.

    Args:
        request: What is asked of each.
        pictures: Name and evidence of each, in the order they are sent.
    """
    return template("analyse_pictures").substitute(
        count=len(pictures),
        wanted=_wanted(request, is_image=True) + _fields(request.fields_per("video")),
        language=language_name(request.language),
        instructions=_instructions(request),
        pictures="\n\n".join(
            picture_words(number, name, evidence)
            for number, (name, evidence) in enumerate(pictures, start=1)
        ),
    )


def picture_words(number: int, name: str, evidence: Evidence) -> str:
    """What is said of one picture among several: its number, its name and what was read in it."""
    read = _within_letters((one_line(b.text) for b in evidence.screen_text), SCREEN_TEXT_LETTERS)
    return f'Image {number} is called "{title_line(name)}". What was read in it:\n{read}'


def combine_prompt(
    request: AnalysisRequest, name: str, duration_s: float, parts: Iterable[tuple[Chunk, str]]
) -> str:
    """The question that makes one summary, and one answer to each field, of the parts'."""
    fields = _fields(field for field in request.fields_per("video") if field.type != "list")
    told = "\n\n".join(
        f"{format_time(chunk.core.start_s)} to {format_time(chunk.core.end_s)}: {one_line(summary)}"
        for chunk, summary in parts
    )
    wanted = "combine" if "summary" in request.find else "combine_fields"
    return template(wanted).substitute(
        name=title_line(name),
        duration=format_length(duration_s),
        parts=quoted(told),
        fields=fields,
        length=SUMMARY_LENGTHS[request.summary_length],
        language=language_name(request.language),
        instructions=_instructions(request),
    )
