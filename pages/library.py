"""Library: what there is, and what state it is in."""

import streamlit as st

from workbench.ui import data, shown_errors
from workbench.ui.jobs.running import running_line
from workbench.ui.library.assets import (
    KINDS,
    SORTS,
    STATES,
    asset_grid,
    asset_table,
    filtered_cards,
    readiness_cards,
    selection_bar,
    totals_line,
)
from workbench.ui.library.importing import import_popover, newcomer
from workbench.ui.library.proxies import proxies_button, savings_view

title, action = st.columns([6, 1.1], vertical_alignment="bottom")
title.title("Library", anchor=False)

with shown_errors():
    cards = data.cards()
    if cards:
        with action:
            import_popover()
        with st.container(horizontal=True, vertical_alignment="center"):
            name = st.text_input(
                "Filter by name",
                key="q",
                bind="query-params",
                placeholder="Filter by name",
                icon=":material/search:",
                label_visibility="collapsed",
                width=260,
            )
            kinds = st.pills(
                "Kind",
                list(KINDS),
                selection_mode="multi",
                key="kind",
                bind="query-params",
                label_visibility="collapsed",
            )
            state = st.selectbox(
                "State",
                list(STATES),
                key="state",
                bind="query-params",
                label_visibility="collapsed",
                width=150,
            )
            sort = st.selectbox(
                "Order",
                SORTS,
                key="sort",
                bind="query-params",
                label_visibility="collapsed",
                width=136,
            )
            st.space("stretch")
            view = st.segmented_control(
                "View",
                ["Grid", "Table", "Savings"],
                default="Grid",
                key="view",
                bind="query-params",
                required=True,
                label_visibility="collapsed",
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(totals_line(data.totals()), width="content")
            proxies_button(cards)
        running_line()
        found = filtered_cards(cards, name=name or "", kinds=kinds, state=state, sort=sort)
        if not found:
            st.markdown("Nothing matches.")
            st.page_link("pages/library.py", label="Clear filter", icon=":material/filter_alt_off:")
        elif view == "Grid":
            asset_grid(found)
        elif view == "Savings":
            savings_view(found)
        else:
            selection_bar(asset_table(found))
    else:
        newcomer()
        running_line()
        readiness_cards()
