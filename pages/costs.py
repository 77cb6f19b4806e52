"""Costs: what was spent, on what, and the prices it comes from."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.cost_parts import cost_tab, prices_view, spent_view

st.title("Costs", anchor=False)

tab = cost_tab()

with shown_errors():
    if tab == "Prices":
        prices_view()
    else:
        spent_view()
