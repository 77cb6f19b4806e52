"""Jobs: what is going on."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.jobs.board import job_board

st.title("Jobs", anchor=False)

with shown_errors():
    job_board()
