"""Figures of `reports` on a page, with the words for those who cannot see them."""

from typing import TYPE_CHECKING

import streamlit as st

from workbench.reports.charts import alt_text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def show_figure(figure: "go.Figure", *, key: str) -> None:
    """Draw a figure as wide as its place.

    Args:
        figure: A figure of `workbench.reports`, drawn with the palette of the page's theme.
        key: Stable name.
    """
    st.plotly_chart(
        figure, key=key, theme=None, config={"displayModeBar": False}, alt=alt_text(figure)
    )
