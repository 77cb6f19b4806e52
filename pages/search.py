"""Search: find the moment."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.results.search import (
    find,
    found_line,
    hit_cards,
    hit_player,
    how_control,
    kinds_control,
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
    how = how_control("collapsed")
    with st.popover("Filter", icon=":material/filter_alt:"):
        kinds = kinds_control()

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
