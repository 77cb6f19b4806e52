"""Settings: what works, and what to do about the rest."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.health_parts import check_again, health_rows

title, action = st.columns([6, 1.4], vertical_alignment="bottom")
title.title("Settings", anchor=False)

with shown_errors():
    with action:
        check_again()
    health_rows()
