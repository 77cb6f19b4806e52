"""Parts of the Compare page: which two, how far they agree, when, and where they differ.

The link holds the asset and both analyses. Every element of the chart that differs is also a
row of the table, and choosing a row plays its moment.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.comparisons.compare import Comparison
from workbench.media.asset import Asset
from workbench.reports.charts import compare_lanes, palette
from workbench.reports.comparison.table import Difference, agreement_figures, differences
from workbench.ui import data, links
from workbench.ui.charts import show_figure
from workbench.ui.components import chart_link, player, theme
from workbench.ui.formats import format_count, format_date, format_moment, plain
from workbench.ui.requests.form import asset_labels
from workbench.ui.results.watching import FIRST_LANES, KIND_OF_LANE, player_source
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.records import AnalysisHeader

NEEDED = 2
"""Analyses that a comparison needs."""

ROW_WORDS = {"chapter": "Chapter", "equipment": "Equipment", "object": "Object", "topic": "Topic"}


def compare_pickers() -> tuple[Asset | None, Comparison | None]:
    """Choose a file and two of its analyses, all of them kept in the link.

    Returns:
        The file, None if nothing has been analysed; and the comparison, None if it needs more.

    Raises:
        WorkbenchError: The library cannot be read.
    """
    assets = data.assets()
    counts = Counter(header.asset_id for header in data.headers() if header.asset_id in assets)
    named = st.query_params.get("asset", "")
    options = {key: each for key, each in assets.items() if counts[key] or key == named}
    if not options:
        return None, None
    what, first, second = st.columns([2, 1.4, 1.4])
    labels = asset_labels(options)
    with what:
        follow = links.linked_choice("asset", list(options), default=_usual(options, counts))
        chosen: str = st.selectbox(
            "File",
            list(options),
            key="asset",
            on_change=lambda: _other_asset(follow),
            format_func=lambda key: labels.get(key, key),
        )
    st.session_state["last_asset"] = chosen
    headers = data.headers(chosen)
    if len(headers) < NEEDED:
        return options[chosen], None
    with first:
        a_id = _analysis_choice("A", headers, default=headers[0].id)
    with second:
        others = [header for header in headers if header.id != a_id]
        usual = workspace().two_to_compare(chosen, a_id)[1]
        b_id = _analysis_choice("B", others, default=usual)
    return options[chosen], data.comparison(a_id, b_id)


def _usual(options: dict[str, Asset], counts: Counter[str]) -> str:
    """The asset that was open last, if it can be compared; else the first that can."""
    able = [key for key in options if counts[key] >= NEEDED] or list(options)
    last = st.session_state.get("last_asset", "")
    return last if last in able else able[0]


def _other_asset(follow: Callable[[], None]) -> None:
    follow()
    for side in ("a", "b"):
        st.query_params.pop(side, None)


def _analysis_choice(side: str, headers: "Sequence[AnalysisHeader]", *, default: str) -> str:
    by_id = {header.id: header for header in headers}
    days = Counter(_label(header) for header in headers)
    key = side.lower()
    chosen: str = st.selectbox(
        side,
        list(by_id),
        key=key,
        on_change=links.linked_choice(key, list(by_id), default=default),
        format_func=lambda name: _label(by_id[name], by_minute=days[_label(by_id[name])] > 1),
    )
    return chosen


def _label(header: "AnalysisHeader", *, by_minute: bool = False) -> str:
    made = (format_moment if by_minute else format_date)(header.created_at)
    return f"{header.model_name} · {made}"


def needs_two(asset: Asset | None) -> None:
    """Say what is missing, with the way to it."""
    if asset is None:
        st.markdown("Compare needs two analyses of one file; nothing has been analysed yet.")
    else:
        st.markdown(f"Compare needs two: {plain(asset.name)} has not been analysed twice.")
    st.page_link(
        "pages/analyse.py",
        label="Analyse with another engine…" if asset else "Analyse…",
        icon=":material/auto_awesome:",
        query_params={"assets": [asset.id]} if asset else None,
    )


def agreement_cards(comparison: Comparison) -> None:
    """How far the two agree, and what they cost, in four figures."""
    figures = agreement_figures(comparison)
    grid = st.grid(len(figures), min_column_width=240)
    for label, value, small in figures:
        with grid.cell():
            st.metric(
                label,
                plain(value),
                plain(small),
                delta_color="off",
                delta_arrow="off",
                border=True,
            )
    if comparison.asked_of_one:
        only = ", ".join(comparison.asked_of_one)
        st.caption(f":material/info: Asked of one only, so not compared: {only}")


def two_track_chart(comparison: Comparison) -> None:
    """Both on one timeline, A above B: a click plays that moment."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Timeline", anchor=False, width="stretch")
        lanes = st.pills(
            "Lanes",
            list(KIND_OF_LANE),
            selection_mode="multi",
            default=list(FIRST_LANES),
            key="compare_lanes",
            label_visibility="collapsed",
        )
    colours = palette(theme())
    kinds = [KIND_OF_LANE[lane] for lane in lanes]
    figure = compare_lanes(comparison.a, comparison.b, palette=colours, kinds=kinds)
    show_figure(figure, key="compare_chart")
    chart_link(
        "compare_chart",
        key="compare_link",
        asset_id=comparison.a.asset_id,
        colour=colours.accent,
    )


def difference_list(asset: Asset, comparison: Comparison) -> None:
    """Where they differ, beside a player that goes to the moment of the chosen row."""
    st.subheader("Where they differ", anchor=False)
    rows = differences(comparison)
    if asset.kind == "image":
        _table(comparison, rows)
        return
    table, watch = st.columns([2.4, 1], gap="medium")
    with table:
        chosen = _table(comparison, rows)
    with watch:
        # A new number sends the player to the moment again; without a row it stays where it is.
        moment = rows[chosen].at_s if chosen is not None else None
        player(
            player_source(asset, comparison.a, data.evidence(asset.id)),
            key="compare_player",
            start_s=moment,
            n=0 if chosen is None else chosen + 1,
            stamp=comparison.a.id,
            link_key="",
        )


def _table(comparison: Comparison, rows: Sequence[Difference]) -> int | None:
    """The table; returns the number of the chosen row."""
    import polars as pl

    if not rows:
        agree = comparison.chapters or comparison.elements
        st.caption("They do not differ." if agree else "Neither found anything to compare.")
        return None
    cells = {
        "name": [" ".join(row.name.split()) for row in rows],
        "a": [row.a or None for row in rows],
        "b": [row.b or None for row in rows],
        "why": [row.why for row in rows],
        "overlap": [None if row.overlap is None else 100 * row.overlap for row in rows],
        "kind": [ROW_WORDS[row.kind] for row in rows],
    }
    schema = dict.fromkeys(cells, pl.String) | {"overlap": pl.Float64}
    chosen = st.dataframe(
        pl.DataFrame(cells, schema=schema),
        # Another pair starts without a chosen row.
        key=f"differences_{comparison.a.id}_{comparison.b.id}",
        hide_index=True,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "name": st.column_config.TextColumn("Name", width=130),
            "a": st.column_config.TextColumn("In A", width=130),
            "b": st.column_config.TextColumn("In B", width=130),
            "why": st.column_config.TextColumn("Why", width=175),
            "overlap": st.column_config.ProgressColumn(
                "Overlap", format="%.0f %%", min_value=0, max_value=100, width=100
            ),
            "kind": st.column_config.TextColumn("Kind", width=90),
        },
        alt=f"Table of {format_count(len(rows), 'difference')} with times in A and in B.",
    )
    picked: list[int] = chosen.selection.rows
    return picked[0] if picked and picked[0] < len(rows) else None
