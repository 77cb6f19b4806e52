"""Results: watch and read together."""

import streamlit as st

from workbench.ui import data, shown_errors
from workbench.ui.formats import plain
from workbench.ui.jobs.running import running_line
from workbench.ui.requests.fields import answer_view
from workbench.ui.results.parts import (
    analysis_picker,
    export_popover,
    first_tab,
    provenance,
    shown_asset,
    status_line,
)
from workbench.ui.results.watching import (
    asset_player,
    chapter_list,
    chosen_lanes,
    detection_view,
    element_chips,
    element_list,
    evidence_view,
    summary_view,
    timeline,
    transcript_list,
)

with shown_errors():
    card = shown_asset()
    if card is None:
        st.title("Results", anchor=False)
        st.markdown("There is nothing here by that link.")
        st.page_link("pages/library.py", label="Open the library", icon=":material/video_library:")
    else:
        asset = card.asset
        title, choice, export = st.columns([5.2, 2, 1.5], vertical_alignment="bottom")
        title.title(plain(asset.name), anchor=False)
        with choice:
            header = analysis_picker(data.headers(asset.id))
        analysis = data.analysis(header.id) if header else None
        evidence = data.evidence(asset.id)
        with export:
            if analysis:
                export_popover(asset, analysis, evidence)
            else:
                st.page_link(
                    "pages/analyse.py",
                    label="Analyse…",
                    icon=":material/auto_awesome:",
                    query_params={"assets": [asset.id]},
                )
        status_line(card, analysis)
        if card.state == "running":
            running_line(card.job.id)

        watch, read = st.columns([1.45, 1], gap="medium")
        with watch, shown_errors():
            asset_player(asset, analysis, evidence)
        with read, shown_errors():
            tabs = ["Chapters", "Transcript", "Elements", "Summary", "Evidence"]
            if asset.kind == "image":
                tabs = ["Elements", "Summary", "Evidence"]
            elif analysis and "chapters" not in analysis.request.find:
                tabs.remove("Chapters")
            if analysis and analysis.request.fields:
                tabs.append("Answers")
            if analysis and analysis.detections:
                tabs.append("Detected")
            tab = st.segmented_control(
                "What to read",
                tabs,
                default=first_tab(tabs),
                key="tab",
                bind="query-params",
                required=True,
                wrap=True,
                # Six do not fit into one row, and the last alone would be as wide as it.
                width="stretch" if len(tabs) < 6 else "content",
                label_visibility="collapsed",
            )
            if tab == "Transcript":
                transcript_list(asset, evidence)
            elif tab == "Evidence":
                evidence_view(evidence)
            elif analysis is None:
                st.caption("Not analysed yet.")
            elif tab == "Summary":
                summary_view(analysis)
            elif tab == "Answers":
                answer_view(analysis)
            elif tab == "Detected":
                detection_view(analysis)
            elif tab == "Chapters":
                chapter_list(analysis)
            elif asset.kind == "image":
                element_chips(analysis)
            else:
                element_list(analysis, chosen_lanes())

        timeline(asset, analysis, evidence)
        if analysis:
            provenance(analysis)
