"""Search: find the moment."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.results.search import (
    KINDS,
    WAYS,
    find,
    found_line,
    hit_cards,
    hit_player,
    nothing_found,
)

st.title("Search", anchor=False)

with st.container(horizontal=True, vertical_alignment="center"):
    query = st.text_input(
        "Search the library",
        key="q",
        bind="query-params",
        placeholder="a dry start ruins the seal",
        icon=":material/search:",
        label_visibility="collapsed",
        width="stretch",
    )
    how = st.segmented_control(
        "How",
        list(WAYS),
        default="Hybrid",
        key="how",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
        help="Words finds what was said or written; meaning finds what is like it.",
    )
    with st.popover("Filter", icon=":material/filter_alt:"):
        kinds = st.pills(
            "Kind of moment", list(KINDS), selection_mode="multi", key="kind", bind="query-params"
        )

with shown_errors():
    if query and query.strip():
        with st.skeleton(360):
            found = find(query.strip(), how=how, kinds=kinds)
        if found.hits:
            found_line(found)
            left, right = st.columns([1, 1.1], gap="medium")
            with right:
                hit_player(found)
            with left:
                hit_cards(found)
        else:
            nothing_found(query.strip())
    else:
        st.caption("Type what was said, shown or written, and press Enter.")
