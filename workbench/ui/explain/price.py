"""What a film costs, on the button that makes it: the price of the workspace, and nothing else."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import streamlit as st
from pydantic import ValidationError

from workbench.analysis.fields import first_fault
from workbench.backends.usage import Cost, format_usd
from workbench.errors import RequestError
from workbench.explain.asking.states import stage_words
from workbench.explain.asking.writing import STATES
from workbench.explain.request import FilmRequest
from workbench.ui import data
from workbench.ui.formats import advice, format_price, plain
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.explain.price import FilmPrice, PriceLine


def film_request(values: Mapping[str, object]) -> FilmRequest:
    """A request of what a form holds.

    Raises:
        RequestError: A field is out of range.
    """
    try:
        return FilmRequest.model_validate(dict(values))
    except ValidationError as error:
        raise RequestError(first_fault(error), hint="change that part of the form") from error


def span_words(low: Cost, high: Cost) -> str:
    """The least and the most in one word for a button, rounded away from each other.

    Example:
        >>> span_words(Decimal("0.0193"), Decimal("0.0411"))
        '$0.019–0.042'
        >>> span_words(Decimal("0.00412"), Decimal("0.00412")), span_words(Decimal(0), Decimal(0))
        ('$0.0042', '$0')
        >>> span_words(Decimal("0.91"), Decimal("1.204")), span_words(None, Decimal(1))
        ('$0.91–1.21', '–')
        >>> span_words(Decimal("0.00031"), Decimal("0.0177"))
        '$0.0003–0.0177'
    """
    if low is None or high is None:
        return "–"
    if high == 0:
        return "$0"
    is_small = high < Decimal("0.01") or 0 < low < Decimal("0.001")
    step = Decimal("0.0001" if is_small else "0.01" if high >= 1 else "0.001")
    least, most = low.quantize(step, ROUND_FLOOR), high.quantize(step, ROUND_CEILING)
    return f"${most}" if low == high else f"${least}–{most}"


def price_words(verb: str, price: "FilmPrice") -> str:
    """What a button says: what it does, and what that costs.

    Example:
        >>> from workbench.explain.price import FilmPrice
        >>> price_words("Make film", FilmPrice())
        'Make film, free'
    """
    if price.high_usd is None:
        return f"{verb}, price unknown"
    if price.high_usd == 0:
        return f"{verb}, free"
    return f"{verb} for {span_words(price.low_usd, price.high_usd)}"


def make_button(request: FilmRequest, verb: str = "Make film", *, key: str = "make_film") -> None:
    """The button that makes a film, with its price and what the price is made of.

    Args:
        request: What it is to be made of.
        verb: What the button says it does.
        key: Key of the button.

    Raises:
        WorkbenchError: It cannot be made as asked, or has no price.
    """
    price = workspace().film_price(request)
    hint = _why_not(request, price)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            price_words(verb, price).replace("$", "\\$"),
            type="primary",
            icon=":material/movie:",
            disabled=bool(hint),
            key=key,
        )
        if price.expected_usd:
            st.caption(plain(f"≈ {format_price(price.expected_usd)} expected"), width="content")
        if price.lines:
            with st.popover("What it costs", icon=":material/payments:", key=f"{key}_price"):
                price_lines(price)
    if hint:
        st.caption(f":material/cloud_off: {advice(hint)}")
    if pressed:
        submit(request)


def submit(request: FilmRequest) -> None:
    """Have a film made by a job, and follow it."""
    workspace().start_services()
    job = workspace().jobs.submit_film(request)
    st.switch_page("pages/explain.py", query_params={"job": job})


def price_lines(price: "FilmPrice") -> None:
    """What each stage costs, who does it, and what is kept from before."""
    rows = ["| Stage | By | Expected | Least to most |", "|:---|:---|---:|---:|"]
    rows += [f"| {' | '.join(map(plain, _row(line)))} |" for line in price.lines]
    st.markdown("\n".join(rows))
    st.caption(
        plain(
            "Answers have no fixed length, so the price is a range; the most counts a second round"
            " where an answer cannot be shown. What is kept is not paid again."
        )
    )


def _row(line: "PriceLine") -> tuple[str, str, str, str]:
    # Drawing is never paid; what is, is a model that puts its scenes right.
    stage = "Puts scenes right" if line.stage == "rendering_video" else stage_words(line.stage)
    if line.is_kept:
        return stage, line.by, "kept, $0", ""
    return stage, line.by, format_usd(line.usual_usd), span_words(line.low_usd, line.high_usd)


def _why_not(request: FilmRequest, price: "FilmPrice") -> str:
    """Why a film cannot be made now; empty if it can. What is kept needs nobody."""
    due = {line.stage for line in price.lines if not line.is_kept}
    engines = ["polly"] if "synthesizing_narration" in due else []
    if due.intersection(STATES.values()):
        models = workspace().film_models(request)
        engines += [model.engine for role, model in models.items() if STATES[role] in due]
    for engine in dict.fromkeys(engines):
        state = data.engine_states().get(engine)
        if state is not None and not state.is_ready:
            return f"{state.finding.rstrip('.')}: {state.hint}" if state.hint else state.finding
    return ""
