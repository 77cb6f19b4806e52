"""What would it cost: lengths or files, by every model, mode and tier, on a page.

Nothing is sent or measured here, and an unknown price is `–`, never 0.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.plans.prices import PriceRow
from workbench.analysis.plans.what_if import DEPTHS, TIERS
from workbench.analysis.request import ENGINES
from workbench.backends.usage import format_usd
from workbench.media.timecode import parse_length
from workbench.reports.charts import palette, price_chart
from workbench.reports.money.cost_charts import price_bars, what_if_chart
from workbench.reports.money.price_table import price_frame, reasons, to_csv
from workbench.ui import data
from workbench.ui.charts import show_figure
from workbench.ui.components import theme
from workbench.ui.formats import plain
from workbench.ui.frame import shown_errors
from workbench.ui.requests.form import asset_labels
from workbench.ui.session import workspace

if TYPE_CHECKING:
    import polars as pl

USUAL = ("5m", "30m", "2h")
"""Lengths that are there without typing."""

USD = "$%.4f"


Chosen = tuple[str, ...]


@st.cache_data(max_entries=16, show_spinner=False)
def _rows(
    stamp: tuple[str, int, int],  # noqa: ARG001 - the cache's key
    subjects: tuple[Chosen, Chosen],
    ways: tuple[Chosen, Chosen, Chosen],
) -> tuple[PriceRow, ...]:
    lengths, files = subjects
    models, depths, tiers = ways
    return workspace().what_if(
        files=files,
        lengths_s=[parse_length(text) for text in lengths],
        models=models,
        depths=[each for each in DEPTHS if each in depths],
        tiers=[each for each in TIERS if each in tiers],
    )


def what_if_view() -> None:
    """Ask for lengths and files, and show what they would cost by every way to ask."""
    subjects, ways = _subjects(), _ways()
    if not any(subjects):
        st.markdown("**Choose a length, or a file of the library, to see what it would cost.**")
        st.caption("Nothing is sent: these are the plans that Analyse would run.")
        return
    if not all(ways[1:]):
        st.caption("Choose at least one mode and one tier.")
        return
    with shown_errors():
        stamp = (*data.catalog_stamp(), workspace().store.revision("jobs"))
        rows = _rows(stamp, subjects, ways)
        if not rows:
            st.caption("None of these models can look at what was chosen.")
            return
        _charts(rows)
        _table(rows)


def _subjects() -> tuple[Chosen, Chosen]:
    assets = data.assets()
    labels = asset_labels(assets)
    made_up, real = st.columns(2)
    with made_up:
        lengths = st.multiselect(
            "Lengths of videos with speech",
            USUAL,
            default=USUAL,
            key="lengths",
            accept_new_options=True,
            placeholder="Choose or write a length, such as 45m",
            help="No file is needed. Write 90s, 45m, 1h30m or 1:30:00.",
        )
    files: list[str] = []
    with real:
        if assets:
            files = st.multiselect(
                "Files of the library, priced together",
                list(assets),
                format_func=lambda key: labels[key],
                key="what_if_files",
                placeholder="None",
            )
        else:
            st.caption("Files of the library can be priced too, once there are any.")
    return tuple(map(str, lengths)), tuple(files)


def _ways() -> tuple[Chosen, Chosen, Chosen]:
    every = workspace().catalog.models()
    known = {model.key: model.name for model in every if model.engine in ENGINES}
    which, how, when = st.columns([1.6, 1, 1.4])
    with which:
        models = st.multiselect(
            "Models",
            list(known),
            format_func=lambda key: known[key],
            key="what_if_models",
            placeholder="All but previews",
        )
    with how:
        depths = st.pills(
            "Modes",
            DEPTHS,
            default=DEPTHS,
            selection_mode="multi",
            key="what_if_depths",
            format_func=str.capitalize,
            wrap=True,
        )
    with when:
        tiers = st.pills(
            "Tiers",
            TIERS,
            default=TIERS,
            selection_mode="multi",
            key="what_if_tiers",
            format_func=str.capitalize,
            wrap=True,
        )
    return tuple(models), tuple(depths), tuple(tiers)


def _charts(rows: Sequence[PriceRow]) -> None:
    subjects = list(dict.fromkeys(row.subject for row in rows))
    # The longest says most: modes are the same for short ones.
    shown = max(rows, key=lambda row: row.duration_s).subject
    if len(subjects) > 1:
        # Its options change with what is chosen above, so its name does too.
        key = "what_if_shown_" + "_".join(subjects)
        chosen = st.segmented_control("Draw", subjects, default=shown, key=key, required=True)
        shown = str(chosen)
    drawn = [row for row in rows if row.subject == shown]
    colours = palette(theme())
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Dollars against frames a second", anchor=False)
        show_figure(what_if_chart(drawn, palette=colours), key="what_if_chart")
        hidden = dict.fromkeys(
            f"{row.name} ({format_usd(row.cost_usd)})"
            for row in drawn
            if not (row.frames_per_s and row.cost_usd)
        )
        if hidden:
            st.caption(f"Without a mark: {plain(', '.join(hidden))}.")
    with right:
        st.subheader("Expected, and least to most", anchor=False)
        show_figure(price_chart(price_bars(drawn), palette=colours), key="what_if_bars")
        tiers = {row.tier for row in drawn if row.engine == "nova"}
        if len(tiers) > 1:
            st.caption(f"At the {next(each for each in TIERS if each in tiers)} tier.")
    for doubt in reasons(drawn):
        st.caption(f":material/help: {plain(doubt)}.")


def _table(rows: Sequence[PriceRow]) -> None:
    import polars as pl

    frame = price_frame(rows).with_columns(
        # What looks at no frames and is sent no words has neither.
        pl.col("frames_per_s", "input_tokens").replace(0, None),
        minutes=_minutes(rows),
    )
    order = (
        "subject", "name", "cost_usd", "cost_low_usd", "cost_high_usd", "depth", "tier", "calls",
        "frames_per_s", "input_tokens", "minutes", "doubt", "note",
    )  # fmt: skip
    st.dataframe(
        frame.select(order),
        hide_index=True,
        height="content" if len(rows) <= 20 else 600,
        placeholder="–",
        column_config={
            "subject": "What",
            "name": st.column_config.TextColumn("Model", width="medium"),
            "cost_usd": st.column_config.NumberColumn("Expected", format=USD),
            "cost_low_usd": st.column_config.NumberColumn("Least", format=USD),
            "cost_high_usd": st.column_config.NumberColumn("Most", format=USD),
            "depth": "Mode",
            "tier": "Tier",
            "calls": st.column_config.NumberColumn("Calls"),
            "frames_per_s": st.column_config.NumberColumn("Frames/s", format="%.2f"),
            "input_tokens": st.column_config.NumberColumn("Tokens in", format="localized"),
            "minutes": st.column_config.NumberColumn("Minutes", format="%.0f"),
            "doubt": st.column_config.TextColumn("Why the range", width="medium"),
            "note": st.column_config.TextColumn("Note", width="medium"),
        },
        alt="Prices: "
        + ", ".join(f"{r.subject} {r.name} {format_usd(r.cost_usd)}" for r in rows[:8]),
    )
    st.download_button(
        "Download as CSV",
        to_csv(rows),
        file_name="what_would_it_cost.csv",
        mime="text/csv",
        icon=":material/download:",
    )
    names = {model.key: model.name for model in workspace().catalog.all}
    said = [
        f"Prices of {workspace().catalog.as_of}",
        *(f"{names.get(each.model, each.model)}: {each}" for each in workspace().corrections()),
    ]
    st.caption(
        plain(". ".join(said)) + ". The same on the command line: `workbench estimate --table`."
    )


def _minutes(rows: Sequence[PriceRow]) -> "pl.Series":
    import polars as pl

    # No time is promised for a batch.
    return pl.Series([None if row.tier == "batch" else row.seconds / 60 for row in rows])
