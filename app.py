"""Nova Workbench in the browser: names the pages and their order, nothing else."""

import streamlit as st

from workbench.ui import lifespan, middleware, page_frame, routes

app = st.App(__file__, routes=routes(), middleware=middleware(), lifespan=lifespan)

with page_frame():
    st.navigation(
        {
            "Library": [
                st.Page(
                    "pages/library.py",
                    title="Library",
                    icon=":material/video_library:",
                    default=True,
                ),
                st.Page("pages/search.py", title="Search", icon=":material/search:"),
            ],
            "Analysis": [
                st.Page("pages/analyse.py", title="Analyse", icon=":material/auto_awesome:"),
                st.Page("pages/results.py", title="Results", icon=":material/view_timeline:"),
                st.Page("pages/compare.py", title="Compare", icon=":material/compare_arrows:"),
            ],
            "Answers": [
                st.Page("pages/explain.py", title="Explain", icon=":material/movie:"),
                st.Page("pages/reports.py", title="Reports", icon=":material/description:"),
            ],
            "Workshop": [
                st.Page("pages/jobs.py", title="Jobs", icon=":material/checklist:"),
                st.Page("pages/costs.py", title="Costs", icon=":material/payments:"),
                st.Page("pages/settings.py", title="Settings", icon=":material/tune:"),
            ],
        },
        expanded=True,
    ).run()
