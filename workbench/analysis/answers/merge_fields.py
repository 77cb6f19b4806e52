"""Make one value of what several calls answered to one field.

Choices, numbers and yes or no: the most frequent wins, and who differed is noted. Lists are united
and texts put one after the other, in the order of time. A call that could not tell has no voice.
"""

from collections.abc import Sequence

from workbench.analysis.answers.answer import Answer, AnsweredChapter
from workbench.analysis.fields import Field, Value, united, value_of, value_words
from workbench.analysis.results import FieldSource, FieldValue
from workbench.media.chunks import Chunk
from workbench.media.timecode import TimeSpan, format_time

VOTED = ("number", "yes_no", "choice")
"""Types of which one value is right and the others are wrong."""


def merge_values(field: Field, sources: Sequence[FieldSource]) -> FieldValue:
    """One value of several; the same in whatever order they come.

    Args:
        field: The question.
        sources: What each call said, also None.
    """
    known = _in_time([source for source in sources if source.value is not None])
    if not known:
        return FieldValue(field.name, None)
    if field.type == "list":
        items = united(item for s in known if isinstance(s.value, tuple) for item in s.value)
        return FieldValue(field.name, items, known)
    if field.type == "text":
        texts = united(str(source.value) for source in known)
        note = "Several calls answered; their words stand one after the other."
        return FieldValue(field.name, "; ".join(texts), known, note if len(texts) > 1 else "")
    camps: dict[Value, list[FieldSource]] = {}
    for source in known:
        camps.setdefault(source.value, []).append(source)
    # Among equals the one that was seen for longer, then the one that was seen first.
    best = max(camps.values(), key=lambda camp: (len(camp), sum(map(_length_s, camp))))
    note = f"Calls disagree: {_told(known)}." if len(camps) > 1 else ""
    return FieldValue(field.name, best[0].value, known, note)


def combined_value(
    field: Field, sources: Sequence[FieldSource], combined: Value, duration_s: float
) -> FieldValue:
    """One value where a last call has seen what the chunks said, and decides.

    Args:
        field: The question.
        sources: What each chunk's call said, also None.
        combined: What the last call said; it has seen no pictures.
        duration_s: Length of the whole in seconds.
    """
    merged = merge_values(field, sources)
    if field.type == "list":
        return merged
    if merged.value is None:
        # Whoever looked could not tell: what is said without looking would be a guess.
        note = f"“{value_words(combined)}” was left out: no chunk tells it."
        return FieldValue(field.name, None, (), note if combined is not None else "")
    if combined is None:
        return merged
    last = FieldSource(None, TimeSpan(0.0, duration_s), combined)
    differs = field.type in VOTED and {s.value for s in merged.sources} != {combined}
    note = f"Decided from the chunks, which say: {_told(merged.sources)}." if differs else ""
    return FieldValue(field.name, combined, (*merged.sources, last), note)


def video_values(
    fields: Sequence[Field],
    parts: Sequence[tuple[Chunk, Answer]],
    combined: Answer | None,
    duration_s: float,
) -> tuple[FieldValue, ...]:
    """Answers about a whole video, sound or picture.

    Args:
        fields: What was asked about the whole.
        parts: Each chunk with its answer, in any order; one for a picture.
        combined: Answer of the call that combines chunks, if there was one.
        duration_s: Length in seconds; 0 for a picture.
    """
    values = []
    for field in fields:
        sources = [
            FieldSource(
                chunk.index if duration_s else None,
                chunk.sent if duration_s else None,
                value_of(field, answer.values.get(field.name)),
            )
            for chunk, answer in parts
        ]
        if combined is None:
            values.append(merge_values(field, sources))
        else:
            last = value_of(field, combined.values.get(field.name))
            values.append(combined_value(field, sources, last, duration_s))
    return tuple(values)


def chapter_values(
    fields: Sequence[Field], pieces: Sequence[tuple[Chunk, AnsweredChapter]]
) -> tuple[FieldValue, ...]:
    """Answers about one chapter, of which each chunk has seen a piece.

    Args:
        fields: What was asked about every chapter.
        pieces: The chapter as each chunk saw it.
    """
    return tuple(
        merge_values(
            field,
            [
                FieldSource(
                    chunk.index, _seen(chunk, piece), value_of(field, piece.values.get(field.name))
                )
                for chunk, piece in pieces
            ],
        )
        for field in fields
    )


def part_told(fields: Sequence[Field], answer: Answer) -> str:
    """What the combining call is told of one chunk: its summary, and its answers about the whole.

    Example:
        >>> field = Field(name="maker", ask="Who made it?")
        >>> part_told([field], Answer(summary="Pumps.", maker="KSB"))
        'Pumps. | maker: KSB'
    """
    lines = [answer.summary.strip()] if answer.summary.strip() else []
    for field in fields:
        if field.per == "video" and field.type != "list":
            value = value_of(field, answer.values.get(field.name))
            lines.append(f"{field.name}: {value_words(value)}")
    return " | ".join(lines)


def sources_words(value: FieldValue, chunks: int) -> str:
    """Which calls gave a value and when, in words; empty when it is not known.

    Args:
        value: An answer.
        chunks: How many chunks its analysis has.
    """
    return ", ".join(_source_words(source, chunks) for source in value.sources)


def _source_words(source: FieldSource, chunks: int) -> str:
    if source.span is None or chunks <= 1:
        return _when(source)
    if source.chunk_index is None:
        return "all chunks"
    return f"chunk {source.chunk_index + 1} ({_when(source)})"


def _seen(chunk: Chunk, piece: AnsweredChapter) -> TimeSpan:
    start = max(0.0, piece.start_s)
    return chunk.to_video_time(TimeSpan(start, max(start, piece.end_s)))


def _in_time(sources: Sequence[FieldSource]) -> tuple[FieldSource, ...]:
    """In the order of time; two of the same moment in the order of what they say."""
    return tuple(
        sorted(sources, key=lambda s: (s.span or TimeSpan(0, 0), str(s.chunk_index), str(s.value)))
    )


def _length_s(source: FieldSource) -> float:
    return source.span.duration_s if source.span else 0.0


def _told(sources: Sequence[FieldSource]) -> str:
    """What each stretch says: `12 (0:00 – 5:00), 14 (5:00 – 10:00)`."""
    told: dict[str, list[str]] = {}
    for source in sources:
        told.setdefault(value_words(source.value), []).append(_when(source))
    return ", ".join(f"{words} ({'; '.join(times)})" for words, times in told.items())


def _when(source: FieldSource) -> str:
    if source.span is None:
        return "the picture"
    return f"{format_time(source.span.start_s)} – {format_time(source.span.end_s)}"
