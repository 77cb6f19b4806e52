"""Questions of the user's own on pages: asked in a table, answered in a table."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import ValidationError

from workbench.analysis.answers.merge_fields import sources_words
from workbench.analysis.fields import (
    Field,
    FieldPer,
    FieldType,
    fields_text,
    first_fault,
    unanswered,
)
from workbench.analysis.results import Analysis, FieldValue
from workbench.errors import RequestError
from workbench.reports import export
from workbench.reports.fields.tables import chunks_of
from workbench.reports.tables import chapter_table, headings
from workbench.ui import data
from workbench.ui.formats import facts, format_count, plain

if TYPE_CHECKING:
    import polars as pl

TYPES: dict[str, FieldType] = {
    "Text": "text",
    "Number": "number",
    "Yes or no": "yes_no",
    "Choice": "choice",
    "List": "list",
}
PERS: dict[str, FieldPer] = {"File": "video", "Chapter": "chapter"}
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ANSWERS_PX = 376
"""As high as the other lists are beside the player."""


def field_editor(*, key: str) -> tuple[Field, ...]:
    """Choose fields that were asked before, and write new ones.

    Args:
        key: Key of the table; that of the choice before it has `_before` behind it.

    Raises:
        RequestError: A row is no field.
    """
    import polars as pl

    before = {field.name: field for field in data.fields()}
    chosen: list[str] = []
    if before:
        chosen = st.multiselect(
            "Asked before",
            list(before),
            key=f"{key}_before",
            format_func=lambda name: f"{name}: {before[name].ask}" if name in before else name,
            placeholder="Ask the same again, for one table",
        )
    rows = st.data_editor(
        pl.DataFrame(schema=dict.fromkeys(("name", "ask", "type", "per", "choices"), pl.String)),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        height="content",
        column_config={
            "name": st.column_config.TextColumn(
                "Name",
                max_chars=40,
                validate=r"^[A-Za-z][A-Za-z0-9_]*$",
                help="The column's name: letters, digits and _.",
            ),
            "ask": st.column_config.TextColumn("Question", max_chars=300, width="medium"),
            "type": st.column_config.SelectboxColumn(
                "Answer", options=list(TYPES), default="Text", width="small"
            ),
            "per": st.column_config.SelectboxColumn(
                "For each", options=list(PERS), default="File", width="small"
            ),
            "choices": st.column_config.TextColumn("Choices", help="As in: none | light | heavy"),
        },
        alt="A table to write questions into: name, question, kind of answer.",
    )
    fields = (*(before[name] for name in chosen if name in before), *fields_of(rows.to_dicts()))
    st.caption("Each becomes a column. What the media do not tell stays empty.")
    if fields:
        st.download_button(
            "Keep as a file",
            fields_text(fields),
            file_name="fields.json",
            mime="application/json",
            type="tertiary",
            on_click="ignore",
            icon=":material/download:",
            key=f"{key}_file",
            help="For the command line: workbench analyse --fields fields.json",
        )
    return fields


def fields_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    """The fields that rows of the editor mean; a row without name or question is not ready yet.

    Raises:
        RequestError: A row is no field.

    Example:
        >>> [field] = fields_of([{"name": "wear", "ask": "How?", "type": "Choice", "choices": "a|b"}])
        >>> field.choices, field.per
        (('a', 'b'), 'video')
    """
    fields = []
    for row in rows:
        name, ask = (row.get("name") or "").strip(), (row.get("ask") or "").strip()
        if not name or not ask:
            continue
        kind = TYPES[row.get("type") or "Text"]
        words = (row.get("choices") or "") if kind == "choice" else ""
        try:
            fields.append(
                Field(
                    name=name,
                    ask=ask,
                    type=kind,
                    per=PERS[row.get("per") or "File"],
                    choices=tuple(each.strip() for each in words.split("|") if each.strip()),
                )
            )
        except ValidationError as error:
            raise RequestError(
                f"the question {name!r} cannot be asked: {first_fault(error)}",
                hint="change its row, or remove it",
            ) from None
    return tuple(fields)


def answer_view(analysis: Analysis) -> None:
    """Answers to the user's own questions: about the whole as cards, about chapters as a table."""
    asked = analysis.request.fields
    with st.container(height=ANSWERS_PX, border=False):
        if said := unanswered(asked, analysis.engine, analysis.model_name):
            st.caption(plain(said[0]))
            return
        asks = {field.name: field.ask for field in asked}
        for answer in analysis.fields:
            _card(answer, asks.get(answer.name, ""), chunks_of(analysis))
        fields = analysis.request.fields_per("chapter")
        if fields:
            _chapters(analysis, [field.name for field in fields])


def _card(answer: FieldValue, ask: str, chunks: int) -> None:
    with st.container(border=True):
        st.caption(plain(f"{answer.name}: {ask}"))
        if answer.value is None:
            st.markdown(":gray[not known]")
        else:
            st.text(answer.words)
            st.caption(plain(f"From {sources_words(answer, chunks)}"))
        if answer.note:
            st.caption(f":material/info: {plain(answer.note)}")


def _chapters(analysis: Analysis, names: list[str]) -> None:
    frame = chapter_table(analysis).select("number", "title", "start", *names)
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        placeholder="not known",
        column_config=headings(frame.columns),
        alt=f"Answers for {format_count(frame.height, 'chapter')}: {', '.join(names)}.",
    )
    for chapter in analysis.chapters:
        for answer in chapter.fields:
            if answer.note:
                words = f"{chapter.index + 1}. {chapter.title}, {answer.name}: {answer.note}"
                st.caption(f":material/info: {plain(words)}")


def library_answers() -> None:
    """The answers of the whole library as one table, with files to take it away."""
    fields = data.fields()
    st.subheader("Answers", anchor=False)
    if not fields:
        st.caption("Questions of your own become columns here: ask them on the Analyse page.")
        return
    kinds = [label for label, per in PERS.items() if any(f.per == per for f in fields)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.segmented_control(
            "A row for each",
            kinds,
            default=kinds[0],
            required=True,
            key="table_per",
            bind="query-params",
        )
        per = PERS[label]
        names = [field.name for field in fields if field.per == per]
        chosen = st.multiselect(
            "Columns", names, default=names, key=f"table_{per}", placeholder="All of them"
        )
    table = data.field_table(chosen, per)
    shown = table.frame.drop("asset_id", "analysis_id")
    st.dataframe(
        shown,
        hide_index=True,
        height="content" if shown.height <= 12 else "auto",
        placeholder="–",
        column_config=headings(shown.columns),
        alt=f"{format_count(shown.height, 'row')} of answers: {', '.join(chosen or names)}.",
    )
    st.caption(
        plain(facts([format_count(shown.height, "row"), "empty: not asked, or named as not known"]))
    )
    _downloads(table.frame)


def _downloads(frame: "pl.DataFrame") -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: export.to_csv(frame),
            file_name="answers.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Download Excel",
            lambda: _excel(frame),
            file_name="answers.xlsx",
            mime=EXCEL,
            on_click="ignore",
            icon=":material/table:",
        )


def _excel(frame: "pl.DataFrame") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.xlsx"
        return export.table_to_excel(frame, path, title="Answers").read_bytes()
