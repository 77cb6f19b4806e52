"""Costs on a page: what was spent in a month and on what, and the prices it comes from.

An unknown price is `–` with the number of its calls, never 0.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from workbench.backends.usage import format_usd
from workbench.reports.charts import palette, spent_chart
from workbench.reports.money.cost_charts import count_chart
from workbench.reports.money.cost_lines import TYPES, By
from workbench.reports.money.costs import CostLine, Costs, TroubledCall, month_span, month_title
from workbench.ui.charts import show_figure
from workbench.ui.components import theme
from workbench.ui.data import catalog_stamp
from workbench.ui.formats import format_count, format_date, format_moment, plain
from workbench.ui.links import linked_choice
from workbench.ui.session import workspace

if TYPE_CHECKING:
    import polars as pl

WHAT_IF = "What would it cost"
TABS = ("Spent", WHAT_IF, "Prices")

LINES: dict[str, By] = {
    "Model": "model",
    "Day": "day",
    "Asset": "asset",
    "Job": "job",
    "Kind of file": "kind",
    "Task": "task",
    "Engine": "engine",
}
"""Labels of what the table may list."""

ALL_TIME = "all"
MOST_LINES = 200

USD = "$%.4f"

OUTCOMES = {
    "refused": "Answer not usable",
    "unkept": "No room to keep it",
    "lost": "Lost",
}


@st.cache_data(max_entries=8, show_spinner=False)
def _costs(stamp: tuple[str, int, int], month: str) -> Costs:  # noqa: ARG001 - the cache's key
    since, until = (None, None) if month == ALL_TIME else month_span(month)
    return workspace().costs(since, until)


def costs_in(month: str) -> Costs:
    """The costs of a month such as `2026-11`, or of `all` time."""
    folder, catalog = catalog_stamp()
    return _costs((folder, catalog, workspace().store.revision("jobs")), month)


def cost_tab() -> str:
    """Let the reader choose a tab, which is in the link."""
    return str(
        st.segmented_control(
            "What to see",
            TABS,
            default=TABS[0],
            key="tab",
            bind="query-params",
            required=True,
            label_visibility="collapsed",
        )
    )


def spent_view() -> None:
    """What was spent in a month: sums, a bar for each day, and a table."""
    ever = costs_in(ALL_TIME)
    if not ever.lines["month"]:
        st.markdown("**Nothing has been spent: no call was made yet.**")
        st.caption("What a run costs is shown before it starts; what it did cost is shown here.")
        st.page_link("pages/analyse.py", label="Analyse…", icon=":material/auto_awesome:")
        return
    now = f"{datetime.now(UTC):%Y-%m}"
    used = {line.key for line in ever.lines["month"]}
    months = [*sorted({*used, now}, reverse=True), ALL_TIME]
    follow = linked_choice("month", months, default=now)
    month = st.selectbox(
        "Month",
        months,
        key="month",
        on_change=follow,
        format_func=lambda each: "All time" if each == ALL_TIME else month_title(each),
        width=220,
    )
    costs = costs_in(month)
    _figures(costs, month)
    if not costs.lines["day"]:
        st.caption("No call was made in this month. Choose another month above.")
        return
    chosen = str(
        st.segmented_control(
            "One line for each",
            list(LINES),
            default="Model",
            key="by",
            bind="query-params",
            required=True,
        )
    )
    _chart(costs, chosen)
    _table(costs, chosen)
    _counting(costs)
    _troubled(costs.troubled)


def _figures(costs: Costs, month: str) -> None:
    check = costs.estimate
    spent, saved, estimates, hour = st.columns(4, border=True)
    with spent:
        st.metric("Spent", _of_budget(costs, month))
        st.caption(costs.spent.gap or format_count(costs.spent.calls, "call"))
    with saved:
        st.metric("Saved by kept replies", str(costs.saved))
        st.caption(costs.saved.gap or format_count(costs.saved.calls, "reply", "replies"))
    with estimates:
        off = check.sum_percent
        st.metric("Estimate against bill", "–" if off is None else f"{off:+.1f} %")
        st.caption(
            "No paid call to compare with"
            if check.median_percent is None
            else f"A call is off by {check.median_percent:.1f} % (median of {check.calls:,})"
        )
    with hour:
        st.metric("Per hour of media", format_usd(costs.per_hour_usd))
        st.caption("Over files whose length and prices are known")
    if month != ALL_TIME and costs.budget_usd is not None:
        st.caption(
            "No call is made that could pass the budget of a month. A lost call counts as the most "
            "it can have cost. Set in `WORKBENCH_MONTHLY_BUDGET_USD`."
        )


def _of_budget(costs: Costs, month: str) -> str:
    if month == ALL_TIME or costs.budget_usd is None:
        return str(costs.spent)
    budget = f"${costs.budget_usd:,.2f}".removesuffix(".00")
    return f"{costs.spent} of {budget}"


def _chart(costs: Costs, chosen: str) -> None:
    is_type = LINES[chosen] in TYPES
    by = LINES[chosen] if is_type else "model"
    st.subheader(f"By day and {chosen.casefold() if is_type else 'model'}", anchor=False)
    show_figure(spent_chart(costs.parts[by], palette=palette(theme())), key="spent_chart")
    st.caption("Known prices only. Days are those of UTC, as on the bill.")


def _counting(costs: Costs) -> None:
    """How right the counter of words is, and what it is corrected by."""
    st.subheader("How words are counted", anchor=False)
    if not costs.corrections:
        st.caption(
            "Nothing to learn from yet: no call has been answered whose words were counted, or "
            "`WORKBENCH_CALIBRATE_FROM` is off."
        )
        return
    names = {model.key: model.name for model in workspace().catalog.all}
    for each in costs.corrections:
        st.markdown(f"**{plain(names.get(each.model, each.model))}:** {plain(str(each))}.")
    if costs.checks:
        show_figure(count_chart(costs.checks, palette=palette(theme())), key="count_chart")
    st.caption(
        "Nobody publishes how Nova cuts words into tokens; media tokens are known exactly. Each "
        "call is corrected by those before it. To begin anew, set `WORKBENCH_CALIBRATE_FROM` to a "
        "day, or to `off`."
    )


def _table(costs: Costs, chosen: str) -> None:
    by = LINES[chosen]
    lines = costs.lines[by]
    st.dataframe(
        _frame(lines[-MOST_LINES:][::-1] if by == "day" else lines[:MOST_LINES], by),
        hide_index=True,
        height="content" if len(lines) <= 20 else 600,
        placeholder="–",
        column_config={
            "label": st.column_config.TextColumn(chosen, width="medium"),
            "spent": st.column_config.NumberColumn("Spent", format=USD),
            "calls": st.column_config.NumberColumn("Calls"),
            "unknown": st.column_config.NumberColumn("Of unknown price"),
            "kept": st.column_config.NumberColumn("Kept replies"),
            "saved": st.column_config.NumberColumn("Saved", format=USD),
            "hour": st.column_config.NumberColumn("Per hour of media", format=USD),
        },
        alt=f"Costs by {by}: " + ", ".join(f"{each.label} {each.spent}" for each in lines[:8]),
    )
    if any(line.spent.unknown_calls for line in lines):
        st.caption("Spent is – where the price of a call is unknown; it is not counted as nothing.")
    if len(lines) > MOST_LINES:
        st.caption(f"{MOST_LINES} of {len(lines):,}; `workbench costs --json` lists all.")


def _frame(lines: tuple[CostLine, ...], by: By) -> "pl.DataFrame":
    import polars as pl

    rows = [
        {
            "label": line.label,
            "spent": _number(line.spent.total_usd),
            "calls": line.spent.calls,
            "unknown": line.spent.unknown_calls,
            "kept": line.saved.calls,
            "saved": _number(line.saved.total_usd),
            "hour": _number(line.per_hour_usd),
        }
        for line in lines
    ]
    money = dict.fromkeys(("spent", "saved", "hour"), pl.Float64)
    frame = pl.DataFrame(rows, schema_overrides=money)
    return frame if by == "asset" else frame.drop("hour")


def _number(cost: object) -> float | None:
    return None if cost is None else float(str(cost))


def _troubled(calls: tuple[TroubledCall, ...]) -> None:
    if not calls:
        return
    import polars as pl

    st.subheader("Calls that gave nothing to keep", anchor=False)
    st.caption(
        "A lost call may have been billed: its reply never came. Its estimate is the most it can cost."
    )
    rows = [
        {
            "at": format_moment(call.at),
            "what": OUTCOMES.get(call.outcome, call.outcome),
            "billed": "unknown" if call.cost_usd is None else format_usd(call.cost_usd),
            "estimate": format_usd(call.estimated_usd),
            "asset": call.asset,
            "model": call.model,
        }
        for call in calls[:MOST_LINES]
    ]
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        height="content" if len(rows) <= 20 else 600,
        column_config={
            "at": "At",
            "what": "What came of it",
            "billed": st.column_config.TextColumn("Billed", alignment="right"),
            "estimate": st.column_config.TextColumn("Estimate", alignment="right"),
            "asset": st.column_config.TextColumn("Asset", width="medium"),
            "model": "Model",
        },
        alt=f"{format_count(len(calls), 'call')} that gave nothing to keep.",
    )
    if len(calls) > MOST_LINES:
        st.caption(f"The newest {MOST_LINES} of {len(calls):,}.")


def prices_view() -> None:
    """Prices of the catalog with their source and date; rows of the reader's own file are marked."""
    import polars as pl

    catalog = workspace().catalog
    st.caption(
        f"US dollars per million tokens or characters, minute or picture, as of {format_date(catalog.as_of)}. "
        + (f"With your own prices from {plain(catalog.origin)}." if catalog.origin else "")
        + (" Other prices: a file of yours in `WORKBENCH_CATALOG_FILE`." * (not catalog.origin))
    )
    rows = [
        {
            "model": model.name,
            "input": None if price.is_by_media else float(price.input_usd_per_mtok),
            "output": None if price.is_by_media else float(price.output_usd_per_mtok),
            "cached": _number(price.cached_usd_per_mtok),
            "minute": _number(price.usd_per_media_min),
            "image": _number(price.usd_per_image),
            "characters": _number(price.usd_per_mchar),
            "route": price.route,
            "tier": price.tier,
            "as_of": format_date(price.as_of),
            "source": f"your file: {price.source}" if price.is_edited else price.source,
        }
        for model in catalog.models(purpose=None)
        for price in model.prices
    ]
    unknown = [model.name for model in catalog.models() if not model.prices and not model.is_free]
    per_mtok = "$%.3f"
    st.dataframe(
        pl.DataFrame(
            rows,
            schema_overrides=dict.fromkeys(
                ("input", "output", "cached", "minute", "image", "characters"), pl.Float64
            ),
            infer_schema_length=None,
        ),
        hide_index=True,
        height=600,
        placeholder="–",
        column_config={
            "model": st.column_config.TextColumn("Model", width="medium"),
            "input": st.column_config.NumberColumn("In", format=per_mtok),
            "output": st.column_config.NumberColumn("Out", format=per_mtok),
            "cached": st.column_config.NumberColumn("Cached", format=per_mtok),
            "minute": st.column_config.NumberColumn("A minute", format=per_mtok),
            "image": st.column_config.NumberColumn("A picture", format="$%.4f"),
            "characters": st.column_config.NumberColumn("Characters", format=per_mtok),
            "route": "Route",
            "tier": "Tier",
            "as_of": "As of",
            "source": st.column_config.TextColumn("Source", width="large"),
        },
        alt=f"{format_count(len(rows), 'price')} of models, by route and tier.",
    )
    if unknown:
        st.caption(f"No price is known for {plain(', '.join(unknown))}.")
