"""What a film is made of, besides a question: an analysis, a search, notes, and so on."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import RequestError
from workbench.explain.request import LONGEST_SEARCH
from workbench.ui import data
from workbench.ui.formats import format_count, format_moment, plain
from workbench.ui.results.search import KINDS, WAYS, how_control, kinds_control
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.analysis.results import Analysis
    from workbench.library.records import AnalysisHeader

Values = dict[str, object]
"""Fields of a request."""

LENGTHS = ("short", "medium", "long")

EXAMPLE = """# How the seal fails

Water cools the two rings of a mechanical seal.

## What goes wrong

- The pump runs dry
- The rings touch and heat up
- The seal leaks

## Minutes until it leaks

| Start | Minutes |
|---|---|
| Dry | 1 |
| Half full | 9 |
| Full | 600 |
"""


def length_field() -> str:
    """How long a film is to be."""
    return st.selectbox(
        "Length", LENGTHS, index=1, format_func=str.capitalize, width=130, key="length"
    )


def from_analysis() -> Values | None:
    """Choose an analysis, and what of it is told."""
    headers = data.headers()
    if not headers:
        st.markdown("Nothing is analysed yet.")
        st.page_link("pages/analyse.py", label="Analyse…", icon=":material/auto_awesome:")
        return None
    known = {header.id: header for header in headers}
    named = st.query_params.get("analysis", "")
    chosen = st.selectbox(
        "Analysis",
        list(known),
        index=list(known).index(named) if named in known else 0,
        format_func=lambda name: _analysis_label(known[name]),
    )
    analysis = data.analysis(chosen)
    values: Values = {"analysis": chosen}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        values["chapter"] = _chapter(analysis)
        if values["chapter"] is None:
            values["length"] = length_field()
        asset = data.assets().get(analysis.asset_id)
        if asset and asset.kind == "video":
            values["moving"] = st.checkbox("Pieces of the video instead of stills")
    return values


def _analysis_label(header: "AnalysisHeader") -> str:
    asset = data.assets().get(header.asset_id)
    name = asset.name if asset else header.asset_id
    return f"{name} · {header.model} · {format_moment(header.created_at)}"


def _chapter(analysis: "Analysis") -> int | None:
    if len(analysis.chapters) < 2:
        return None
    titles = {chapter.index: chapter.title for chapter in analysis.chapters}
    linked = st.query_params.get("chapter", "")
    options: list[int | None] = [None, *titles]
    index = 0
    if linked.isdecimal() and int(linked) in titles:
        index = options.index(int(linked))
    return st.selectbox(
        "Chapter",
        options,
        index=index,
        format_func=lambda i: "All of it" if i is None else f"{i + 1}. {titles[i]}",
        width=320,
    )


def from_search() -> Values | None:
    """Look for something; the best moments are shown, as they sound."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search the library",
            value=st.query_params.get("search", ""),
            max_chars=LONGEST_SEARCH,
            key="film_search",
            placeholder="a dry start ruins the seal",
            icon=":material/search:",
            width="stretch",
            help="A film of pieces of your own files with their own sound: the best 3, 6 or 12"
            " moments, with their sources. No model is asked.",
        )
        length = length_field()
        with st.popover("Filter", icon=":material/filter_alt:"):
            how, kinds = how_control(), kinds_control()
    if not text.strip():
        return None
    return {
        "search": text,
        "how": WAYS[how],
        "kinds": tuple(KINDS[label] for label in kinds),
        "length": length,
    }


def from_notes() -> Values | None:
    """Write notes; a heading begins a beat."""
    text = st.text_area(
        "Notes in Markdown",
        key="film_notes",
        height=240,
        placeholder=EXAMPLE,
        help="A heading begins a beat. Below it: text to be said, a list, a table of numbers, a"
        " quotation, or an equation between $$.",
    )
    if text.strip():
        return {"notes": text}
    st.button("Try an example", on_click=_fill_notes, icon=":material/lightbulb:")
    return None


def _fill_notes() -> None:
    st.session_state["film_notes"] = EXAMPLE


def from_storyboard() -> Values | None:
    """Upload a storyboard."""
    file = st.file_uploader("Storyboard", type=["json"], help="As this page lets you download it.")
    if file is None:
        return None
    try:
        return {"storyboard": file.getvalue().decode("utf-8")}
    except UnicodeDecodeError:
        raise RequestError(f"{file.name} is no text", hint="choose a storyboard in JSON") from None


def from_example() -> Values | None:
    """Choose a storyboard that comes with the product."""
    known = {example.name: example for example in workspace().examples()}
    chosen = st.selectbox(
        "Example",
        list(known),
        format_func=lambda name: f"{known[name].title} · {format_count(known[name].beats, 'beat')}",
        key="example",
    )
    st.caption(plain("Written by hand, with facts one can check; no model has written it."))
    return {"example": chosen}
