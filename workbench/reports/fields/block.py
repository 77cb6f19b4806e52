"""The block of a report with the answers to the user's own questions."""

from workbench.analysis.answers.merge_fields import sources_words
from workbench.analysis.fields import unanswered
from workbench.analysis.results import Analysis, FieldValue
from workbench.media.timecode import format_time
from workbench.reports.fields.tables import chunks_of
from workbench.reports.parts.markup import Block, escaped, number, section, table


def field_block(analysis: Analysis) -> Block:
    """Answers about the whole with where they come from, and a table of those about chapters.

    Nothing is shown where nothing was asked.
    """
    fields = analysis.request.fields
    if not fields:
        return Block("")
    if said := unanswered(fields, analysis.engine, analysis.model_name):
        return section("Answers", f'<p class="nova-empty">{escaped(said[0])}</p>')
    body = _facts(analysis) + _chapters(analysis)
    return section("Answers", body, count=len(fields))


def _facts(analysis: Analysis) -> str:
    asks = {field.name: field.ask for field in analysis.request.fields}
    chunks = chunks_of(analysis)
    rows = [
        (
            f"<b>{escaped(answer.name)}</b>",
            escaped(asks.get(answer.name, "")),
            _value(answer),
            escaped(sources_words(answer, chunks)),
        )
        for answer in analysis.fields
    ]
    return table(("Field", "Question", "Answer", "From"), rows, "nova-fields") if rows else ""


def _chapters(analysis: Analysis) -> str:
    fields = analysis.request.fields_per("chapter")
    if not fields or not analysis.chapters:
        return ""
    asks = "".join(f"<li><b>{escaped(f.name)}</b> {escaped(f.ask)}</li>" for f in fields)
    rows = []
    for chapter in analysis.chapters:
        answers = {answer.name: answer for answer in chapter.fields}
        cells = [_value(answers[f.name]) if f.name in answers else "" for f in fields]
        start = number(format_time(chapter.span.start_s))
        rows.append((str(chapter.index + 1), start, escaped(chapter.title), *cells))
    heads = ("#", "Start", "Chapter", *(field.name for field in fields))
    return f"<h3>In each chapter</h3><ul>{asks}</ul>" + table(heads, rows, "")


def _value(answer: FieldValue) -> str:
    words = escaped(answer.words)
    if answer.value is None:
        words = f"<i>{words}</i>"
    return words + (f'<p class="nova-note">{escaped(answer.note)}</p>' if answer.note else "")
