"""Reports: hand it out."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.job_parts import running_line
from workbench.ui.report_parts import linked_report, made_reports, notebook_cards, shown_report

st.title("Reports", anchor=False)

with shown_errors():
    shown_report()
    notebook_cards()
    running_line()
    made_reports()
    linked_report()
