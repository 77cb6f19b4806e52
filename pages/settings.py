"""Settings: what works and what to do about the rest, who does the work, and the AWS account."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.account.aws import account_view
from workbench.ui.account.health import check_again, health_rows
from workbench.ui.jobs.work import work_view

title, action = st.columns([6, 1.4], vertical_alignment="bottom")
title.title("Settings", anchor=False)

tab = st.segmented_control(
    "What to see",
    ["Health", "Work", "AWS"],
    default="Health",
    key="tab",
    bind="query-params",
    required=True,
    label_visibility="collapsed",
)

with shown_errors():
    if tab == "Work":
        work_view()
    elif tab == "AWS":
        account_view()
    else:
        with action:
            check_again()
        health_rows()
