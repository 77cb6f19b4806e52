"""Costs: what was spent, on what, what would be spent, and the prices it comes from."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.account.costs import WHAT_IF, cost_tab, prices_view, spent_view
from workbench.ui.requests.what_if import what_if_view

st.title("Costs", anchor=False)

tab = cost_tab()

with shown_errors():
    if tab == "Prices":
        prices_view()
    elif tab == WHAT_IF:
        what_if_view()
    else:
        spent_view()
