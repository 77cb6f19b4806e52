"""Analyse: choose, see the price, run."""

import streamlit as st

from workbench.ui import data, shown_errors, workspace
from workbench.ui.requests.form import request_form
from workbench.ui.requests.plan import plan_card, price_table

st.title("Analyse", anchor=False)

with shown_errors():
    if data.cards():
        form, plan = st.columns([1.15, 1], gap="large")
        request = None
        with form, shown_errors():
            request = request_form()
        with plan, shown_errors():
            if request:
                wanted = plan_card(request)
                if wanted:
                    job = workspace().submit(wanted)
                    st.switch_page("pages/jobs.py", query_params={"job": job})
            else:
                st.caption("Choose a file and what to find, to see the price.")
        if request:
            with shown_errors():
                price_table(request)
    else:
        st.markdown("There is nothing to analyse yet.")
        st.page_link("pages/library.py", label="Import media", icon=":material/video_library:")
