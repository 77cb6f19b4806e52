"""Compare: where two analyses of one file agree, and where they differ."""

import streamlit as st

from workbench.ui import shown_errors
from workbench.ui.results.compare import (
    agreement_cards,
    compare_pickers,
    difference_list,
    needs_two,
    two_track_chart,
)

st.title("Compare", anchor=False)

with shown_errors():
    asset, comparison = compare_pickers()
    if asset and comparison:
        agreement_cards(comparison)
        if asset.kind != "image":
            two_track_chart(comparison)
        difference_list(asset, comparison)
    else:
        needs_two(asset)
