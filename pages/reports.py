"""Reports: hand it out."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.jobs.running import running_line
from workbench.ui.requests.fields import library_answers
from workbench.ui.results.reports import linked_report, made_reports, notebook_cards, shown_report

st.title("Reports", anchor=False)

with shown_errors():
    shown_report()
    notebook_cards()
    running_line(redraw=False)
    made_reports()
    library_answers()
    linked_report()
