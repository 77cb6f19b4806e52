"""The AWS account on screen: whether it can be used, and whether the catalog is still right.

AWS is asked only when a button is pressed; no model is called.
"""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.formats import advice, format_count, plain
from workbench.ui.session import workspace
from workbench.ui.states import state_badge

if TYPE_CHECKING:
    from workbench.backends.bedrock.access_check import AccessFinding
    from workbench.backends.catalog.check import CatalogCheck

BADGES = {
    "ok": ("ready", "In order"),
    "warn": ("warning", ""),
    "fail": ("failed", "Missing"),
    "off": ("off", ""),
}
"""State of a finding → badge and word."""


def account_view() -> None:
    """Access and catalog, each behind a button; what was found last stays on the page."""
    st.subheader("Access", anchor=False)
    st.caption(
        "Credentials, models, quotas, the folder in S3 and batches, one by one. No model is called."
    )
    if st.button("Check access", icon=":material/key:", key="check_access"):
        with st.spinner("Asking AWS"):
            st.session_state["access"] = list(workspace().check_access())
    for finding in st.session_state.get("access", ()):
        _row(finding)
    st.subheader("Catalog", anchor=False)
    st.caption("Ids, lifecycles and prices, compared with the region and the AWS price list.")
    if st.button("Compare the catalog", icon=":material/sell:", key="check_catalog"):
        with st.spinner("Asking AWS"):
            st.session_state["catalog_check"] = workspace().check_catalog()
    if check := st.session_state.get("catalog_check"):
        _comparison(check)


def _row(found: "AccessFinding") -> None:
    with st.container(border=True):
        name, words, state = st.columns([2, 6, 1.4], vertical_alignment="center")
        name.markdown(f"**{plain(found.name)}**")
        words.text(found.finding)
        if found.hint:
            words.caption(advice(found.hint))
        with state:
            badge, word = BADGES[found.state]
            state_badge(badge, word=word)


def _comparison(check: "CatalogCheck") -> None:
    from workbench.backends.catalog.overlay import overlay_text

    count = format_count(len(check.differences), "difference")
    st.markdown(
        f"{count}, {check.agreed} the same, in {plain(check.region)} on"
        f" {check.checked_on}. Prices are dollars per million tokens, in / out."
    )
    if check.differences:
        st.dataframe(
            [
                {
                    "what": each.kind,
                    "catalog": each.ours,
                    "now": each.theirs,
                    "model": each.model,
                    "where": each.where,
                }
                for each in check.differences
            ],
            hide_index=True,
            height="content",
            column_config={
                name: name.capitalize() for name in ("what", "catalog", "now", "model", "where")
            },
        )
    for part in check.not_compared:
        st.warning(
            f"Not compared, {plain(part.part)}: {plain(part.reason)}  \n{advice(part.hint)}",
            icon=":material/warning:",
        )
    st.download_button(
        "Download as a catalog file",
        overlay_text(check),
        file_name="prices.toml",
        mime="application/toml",
        icon=":material/download:",
        help="Prices with source and date; they count once WORKBENCH_CATALOG_FILE names the file.",
    )
