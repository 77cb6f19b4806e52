"""Figures of `reports` on a page: in the app's own font, with the words for those who cannot see."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.reports.charts import alt_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

FONT = "Source Sans, sans-serif"
"""The font that comes with Streamlit; reports name fonts that a reader may have."""


def show_figure(figure: "go.Figure", *, key: str) -> None:
    """Draw a figure as wide as its place.

    Args:
        figure: A figure of `workbench.reports`, drawn with the palette of the page's theme.
        key: Stable name.
    """
    figure.update_layout(font_family=FONT, hoverlabel_font_family=FONT)
    st.plotly_chart(
        figure, key=key, theme=None, config={"displayModeBar": False}, alt=alt_text(figure)
    )
