"""The plan of a request and its price, before anything is spent.

What is shown is the plan that will be run. An unknown price is `–` and never 0.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, get_args

import streamlit as st

from workbench.analysis.request import AnalysisRequest
from workbench.backends.catalog.models import Tier
from workbench.backends.usage import format_usd, total_cost
from workbench.reports.charts import chunk_plan_chart, palette
from workbench.ui import data
from workbench.ui.charts import show_figure
from workbench.ui.components import theme
from workbench.ui.formats import advice, facts, format_about, format_count, format_price, plain
from workbench.ui.requests.form import with_cap
from workbench.ui.session import workspace
from workbench.ui.states import material

if TYPE_CHECKING:
    from workbench.analysis.plans.plan import AnalysisPlan, PlannedCall
    from workbench.analysis.plans.prices import PriceRow
    from workbench.backends.usage import Cost

STEPS_SHOWN = 8

BATCH_TIME = "Hours"
"""The service promises no time for a batch, so none is estimated."""


def price_range(low: "Cost", high: "Cost") -> str:
    """The least and the most something can cost; empty when both are the same or unknown.

    Example:
        >>> from decimal import Decimal
        >>> price_range(Decimal("0.11"), Decimal("0.19"))
        '$0.110 to $0.190'
    """
    if low is None or high is None or low == high:
        return ""
    return f"{format_price(low)} to {format_price(high)}"


def run_label(cost: "Cost") -> str:
    """What the button says: what it does and what that costs."""
    return "Run, price unknown" if cost is None else f"Run for {format_price(cost)}"


def plan_card(request: AnalysisRequest) -> AnalysisRequest | None:
    """Show price, time and steps of a request, over all engines it names.

    Args:
        request: What is asked; a cap is set in the card.

    Returns:
        The request with its cap in the run in which the button was pressed, else None.

    Raises:
        RequestError: It cannot be done as asked.
    """
    plans = workspace().plans(request)
    plan = plans[0]
    is_free = all(each.model.is_free and not each.hearing for each in plans)
    cost = total_cost(each.cost for each in plans)
    low, high = (total_cost(ends) for ends in zip(*map(_ends, plans), strict=True))
    with st.container(border=True):
        st.markdown("**What this will do**")
        price, time, calls = st.columns(3)
        between = price_range(low, high)
        price.metric(
            "Price",
            format_price(cost),
            help=f"{plain(between)}. Answers have no fixed length." if between else None,
        )
        takes = format_about(sum(each.seconds for each in plans))
        time.metric("Time", BATCH_TIME if plan.request.tier == "batch" else takes)
        calls.metric(
            "Model calls", f"{sum(len(each.hearing) + len(each.calls) for each in plans):,}"
        )
        _steps(plans)
        for each in plans:
            _remarks(each, price_range(each.cost_low, each.cost_high))
        cap = None
        if not is_free and cost is not None:
            cap = st.number_input(
                "Stop at",
                min_value=0.0,
                value=None,
                step=0.05,
                format="%.2f",
                key="max_cost_usd",
                icon=":material/front_hand:",
                placeholder="no cap",
                help="The run stops cleanly before a call that would pass this many dollars.",
            )
        hint = next(filter(None, map(_why_not, plans)), "")
        pressed = st.button(
            run_label(cost).replace("$", "\\$"),
            type="primary",
            icon=":material/play_arrow:",
            shortcut="Mod+Enter",
            disabled=bool(hint),
            key="run",
        )
        if hint:
            st.caption(f":material/cloud_off: {advice(hint)}")
    if plan.assets and any(asset.chunks for asset in plan.assets):
        st.caption(
            "Chunk plan: the dark core is what a chunk answers for, the pale rim is context it also sees."
        )
        figure = chunk_plan_chart(plan, palette=palette(theme()))
        show_figure(figure, key="plan_chart")
    return with_cap(request, cap) if pressed else None


def _ends(plan: "AnalysisPlan") -> "tuple[Cost, Cost]":
    return plan.cost_low, plan.cost_high


def _why_not(plan: "AnalysisPlan") -> str:
    """Why the plan cannot be run now; empty if it can."""
    hears = not all(call.is_kept for call in plan.hearing)
    for engine in (plan.model.engine, *(["transcribe"] if hears else [])):
        state = data.engine_states().get(engine)
        if state is not None and not state.is_ready:
            return f"{state.finding.rstrip('.')}: {state.hint}" if state.hint else state.finding
    return ""


def _steps(plans: "Sequence[AnalysisPlan]") -> None:
    import polars as pl

    heard = [call for plan in plans for call in plan.hearing if not call.is_kept]
    name = heard[0].label if len(heard) == 1 else f"Speech of {len(heard)} files"
    groups = [(name, heard)] if heard else []
    groups += [
        (name if len(plans) == 1 else f"{plan.model.name} · {name}", list(calls))
        for plan in plans
        for name, calls in groupby(plan.calls, key=lambda call: call.asset_name)
    ]
    rows = [_step(name, calls) for name, calls in groups[:STEPS_SHOWN]]
    if len(groups) > STEPS_SHOWN:
        rest = [call for _, calls in groups[STEPS_SHOWN:] for call in calls]
        rows.append(_step(f"{len(groups) - STEPS_SHOWN} more files", rest))
    schema = {"step": pl.String, "price": pl.String, "calls": pl.Int64, "tokens": pl.Int64}
    st.dataframe(
        pl.DataFrame(rows, schema=schema, orient="row"),
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "step": st.column_config.TextColumn("Step", width=180),
            "price": st.column_config.TextColumn("Price", width=70, alignment="right"),
            "calls": st.column_config.NumberColumn("Calls", width=50),
            "tokens": st.column_config.NumberColumn("Tokens in", width=80, format="localized"),
        },
        alt="Steps of the plan with price, calls and tokens.",
    )


def _step(name: str, calls: "Sequence[PlannedCall]") -> tuple[str, str, int, int | None]:
    return (
        name,
        format_usd(total_cost(call.cost for call in calls)),
        len(calls),
        sum(call.usage.input_tokens for call in calls) or None,
    )


def _remarks(plan: "AnalysisPlan", between: str) -> None:
    kept = plan.kept_calls
    frames = sum(asset.frames for asset in plan.assets)
    rates = [asset.effective_fps for asset in plan.assets if asset.effective_fps]
    looks = f"{frames:,} frames, {min(rates):.2g} a second" if frames and rates else ""
    st.caption(
        plain(
            facts(
                [
                    plan.model.name,
                    looks,
                    "" if plan.request.tier == "standard" else f"{plan.request.tier} tier",
                    between,
                    "" if plan.model.is_free else f"prices of {plan.catalog_as_of}",
                ]
            )
        )
    )
    if kept:
        st.caption(
            f"{material('savings')} {kept} of {format_count(len(plan.calls), 'call')} "
            + ("is kept and costs nothing." if kept == 1 else "are kept and cost nothing.")
        )
    if plan.cost is None:
        st.warning("No price in the catalog for this model.", icon=":material/warning:")
    if plan.warnings:
        st.warning("\n\n".join(map(plain, plan.warnings)), icon=":material/warning:")
    for problem in plan.problems:
        st.warning(
            f"**{plain(problem.name)}** {plain(problem.message)}  \n{advice(problem.hint)}",
            icon=":material/warning:",
        )


def price_table(request: AnalysisRequest) -> None:
    """Show the same request priced for every model and depth, side by side.

    Service tiers are the standard one and the one that is asked for, or all on demand.
    """
    import polars as pl

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**The same with other models**", width="stretch")
        every = st.toggle("All service tiers", key="all_tiers")
    options = workspace().prices(request, get_args(Tier) if every else ())
    rows = [_option(option) for option in options]
    if not rows:
        st.caption("No model can be used for this.")
        return
    schema = dict.fromkeys(
        ("model", "price", "range", "time", "calls", "frames", "state"), pl.String
    )
    st.dataframe(
        pl.DataFrame(rows, schema=schema, orient="row"),
        hide_index=True,
        height="content",
        column_config={
            "model": st.column_config.TextColumn("Model", width="medium"),
            "price": st.column_config.TextColumn("Price", width=70, alignment="right"),
            "range": st.column_config.TextColumn("Least to most", width=130, alignment="right"),
            "time": st.column_config.TextColumn("Time", width=95, alignment="right"),
            "calls": st.column_config.TextColumn("Calls", width=50, alignment="right"),
            "frames": st.column_config.TextColumn("Frames/s", width=75, alignment="right"),
            "state": st.column_config.TextColumn("Note", width="large"),
        },
        placeholder="–",
        alt="Price of this request with every model: "
        + ", ".join(f"{option.name} {format_usd(option.cost_usd)}" for option in options[:8]),
    )


def _option(option: "PriceRow") -> tuple[str | None, ...]:
    depth = f", {option.depth}" if option.engine == "nova" else ""
    tier = "" if option.tier == "standard" else f", {option.tier}"
    note = option.note.replace(".; ", "; ")
    return (
        f"{option.name}{depth}{tier}",
        format_usd(option.cost_usd),
        price_range(option.cost_low_usd, option.cost_high_usd) or None,
        BATCH_TIME if option.tier == "batch" else format_about(option.seconds),
        f"{option.calls:,}",
        f"{option.least_frames_per_s:.2g}" if option.least_frames_per_s else None,
        note or None,
    )
