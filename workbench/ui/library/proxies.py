"""Proxies on the Library page: what making them takes, before it is asked for, and what they save."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.library.proxies.plan import offered_specs, spec_meanings
from workbench.media.timecode import format_length
from workbench.reports.charts import palette
from workbench.reports.savings.charts import kinds_chart, savers_chart, share_words
from workbench.reports.savings.table import billing_facts, savings_frame
from workbench.ui import data
from workbench.ui.charts import show_figure
from workbench.ui.components import theme
from workbench.ui.formats import advice, format_about, format_bytes, format_count, plain
from workbench.ui.frame import shown_errors
from workbench.ui.session import workspace

if TYPE_CHECKING:
    from workbench.library.overview import AssetCard
    from workbench.library.proxies.plan import PlannedProxy, ProxyPlan
    from workbench.library.proxies.savings import Savings
    from workbench.media.asset import Asset, Proxy

NEEDED = "What each file needs"

MOST_ROWS = 200

SPEC_WORDS = {
    "nova": "For models",
    "nova-2fps": "For models, two pictures a second",
    "nova-overview": "For models, an overview of a long video",
    "preview": "For players",
    "audio": "Sound only",
    "nova-896": "Pictures, small",
    "nova-1568": "Pictures, small print stays readable",
    "original": "Pictures in full size",
}


def sizes(asset: "Asset", sent: "Proxy | None") -> tuple[str, str]:
    """Bytes of an original and of the proxy that models are sent, and how much smaller that is.

    Args:
        asset: The original.
        sent: Its proxy; None while there is none, and nothing is said of savings.
    """
    whole = format_bytes(asset.size_bytes)
    if sent is None:
        return whole, ""
    saved = 1 - sent.size_bytes / asset.size_bytes if asset.size_bytes else 0.0
    return f"{whole} → {format_bytes(sent.size_bytes)}", share_words(saved)


def proxies_button(cards: "Sequence[AssetCard]") -> None:
    """Offer proxies for everything that has none."""
    missing = [card.asset for card in cards if not card.proxies and card.asset.has_pictures]
    if missing and st.button(
        f"Make {format_count(len(missing), 'missing proxy', 'missing proxies')}…",
        type="tertiary",
        icon=":material/compress:",
        help="Smaller copies for models and players. Originals stay where they are.",
    ):
        proxies_dialog([asset.id for asset in missing])


@st.dialog("Make proxies", width="medium")
def proxies_dialog(asset_ids: "Sequence[str]") -> None:
    """Ask which proxies of some assets to make, show what that takes, and hand it to the worker.

    Args:
        asset_ids: Of what.
    """
    assets = data.assets()
    chosen = [assets[each] for each in asset_ids if each in assets]
    meanings = spec_meanings()
    spec = st.selectbox(
        f"Which proxies of {format_count(len(chosen), 'file')}",
        [NEEDED, *offered_specs(chosen)],
        format_func=lambda name: (
            name if name == NEEDED else f"{SPEC_WORDS.get(name, name)} ({name})"
        ),
        key="proxy_spec",
    )
    st.caption(
        "What models are sent, and a preview where browsers cannot play the original."
        if spec == NEEDED
        else advice(f"{meanings[spec]}.")
    )
    again = st.checkbox(
        "Also those that are there",
        key="proxy_again",
        help="Each stays until the new one is whole.",
    )
    with shown_errors():
        wanted = None if spec == NEEDED else spec
        plan = data.proxy_plan([asset.id for asset in chosen], wanted, again=again)
        _plan_figures(plan)
        count = len(plan.todo)
        if st.button(
            f"Make {format_count(count, 'proxy', 'proxies')}" if count else "Nothing to make",
            type="primary",
            icon=":material/compress:",
            disabled=not count or not plan.has_room,
            key="proxy_make",
        ):
            ids = list(dict.fromkeys(item.asset.id for item in plan.todo))
            job = workspace().jobs.submit_proxies(ids, wanted, again=again)
            st.switch_page("pages/jobs.py", query_params={"job": job})
        if count:
            with st.expander("Each file"):
                _plan_table(plan)


def _plan_figures(plan: "ProxyPlan") -> None:
    count, size, time, disk = st.columns(4, border=True)
    sizes, seconds = plan.size_bytes, plan.seconds
    with count:
        st.metric("To make", f"{len(plan.todo):,}")
        st.caption(f"{len(plan.there):,} there already" if plan.there else "none there yet")
    with size:
        st.metric("Size", f"≈ {format_bytes(sizes.expected)}" if plan.todo else "–")
        st.caption(f"of {format_bytes(plan.original_bytes)}" if plan.todo else "nothing to write")
    with time:
        st.metric("Time", _about(seconds.expected) if plan.todo else "–")
        st.caption(
            f"{_seconds(seconds.low)} to {_seconds(seconds.high)}" if plan.todo else "no work"
        )
    with disk:
        st.metric("Free disk", format_bytes(plan.free_bytes))
        st.caption("enough" if plan.has_room else "too little for this")
    if not plan.has_room:
        st.warning("Free some space first, or choose fewer files.", icon=":material/warning:")
    if plan.unfit:
        st.caption(f"Not for {format_count(len(plan.unfit), 'other file')} of the selection.")
    troubled = [item for item in plan.todo if item.problem]
    for item in troubled[:5]:
        st.caption(f":material/warning: {plain(item.asset.name)}: {plain(item.problem)}")


def _plan_table(plan: "ProxyPlan") -> None:
    import polars as pl

    rows = [_plan_row(item) for item in plan.todo[:MOST_ROWS]]
    st.dataframe(
        pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)),
        hide_index=True,
        height="auto",
        column_config={
            "name": st.column_config.TextColumn("File", width="medium"),
            "original": "Original",
            "spec": "Proxy",
            "shape": "Pixels",
            "size": "Size",
        },
        alt=f"{format_count(len(rows), 'proxy', 'proxies')} that would be made, with their sizes.",
    )
    if len(plan.todo) > MOST_ROWS:
        st.caption(f"and {len(plan.todo) - MOST_ROWS:,} more")


def _plan_row(item: "PlannedProxy") -> dict[str, str]:
    return {
        "name": item.asset.name,
        "original": format_bytes(item.asset.size_bytes),
        "spec": item.spec,
        "shape": f"{item.width_px}×{item.height_px}" if item.width_px else "sound",
        "size": item.problem or f"≈ {format_bytes(item.size_bytes.expected)}",
    }


def savings_view(cards: "Sequence[AssetCard]") -> None:
    """What the proxies of some assets save: first as pictures, then each file in a table.

    Args:
        cards: The assets that are looked at.
    """
    savings = data.savings([card.asset.id for card in cards])
    if not savings.files:
        st.markdown("**No proxy has been made of these yet.**")
        st.caption("Proxies are small copies for models and players; their savings are shown here.")
        return
    _savings_figures(savings)
    colours = palette(theme())
    kinds, savers = st.columns(2, gap="large")
    with kinds:
        st.markdown("**Originals against proxies**")
        show_figure(kinds_chart(savings, palette=colours), key="savings_kinds")
        for fact in billing_facts(savings):
            st.caption(plain(fact))
    with savers:
        st.markdown("**The biggest savers**")
        show_figure(savers_chart(savings, most=8, palette=colours), key="savings_savers")
    _savings_table(savings)


def _savings_figures(savings: "Savings") -> None:
    before, after = savings.original_bytes, savings.proxy_bytes
    smaller, upload, tokens, without = st.columns(4, border=True)
    with smaller:
        st.metric("Bytes", share_words(savings.share or 0.0))
        st.caption(f"{format_bytes(before)} → {format_bytes(after)}")
    with upload:
        st.metric("Sending all once", _seconds(savings.upload_s(after)))
        st.caption(
            f"instead of {_seconds(savings.upload_s(before))}, at {savings.upload_mbit_s:g} Mbit/s"
        )
    with tokens:
        if savings.proxy_tokens is None or savings.original_tokens is None:
            st.metric("Tokens", "the same")
            st.caption("Videos cost by the frames looked at")
        else:
            st.metric("Tokens of pictures", f"{savings.proxy_tokens:,}")
            st.caption(f"instead of {savings.original_tokens:,} by {plain(savings.by_pixels[0])}")
    with without:
        st.metric("Without a proxy", f"{savings.without:,}")
        st.caption(format_bytes(savings.without_bytes) if savings.without else "all have one")


def _savings_table(savings: "Savings") -> None:
    import polars as pl

    frame = savings_frame(savings).drop("kind")
    if savings.original_tokens is None:
        frame = frame.drop("proxy_tokens", "original_tokens")
    sizes = [
        pl.Series(name, [format_bytes(size) for size in frame[name]], dtype=pl.String)
        for name in ("original_bytes", "proxy_bytes")
    ]
    st.dataframe(
        frame.with_columns(*sizes, (frame["saved"] * 100).clip(upper_bound=99)),
        key="savings_rows",
        hide_index=True,
        placeholder="–",
        column_config={
            "name": st.column_config.TextColumn("File", width="medium"),
            "spec": "Proxy",
            "original_bytes": "Original",
            "proxy_bytes": "Made",
            "saved": st.column_config.ProgressColumn(
                "Saved", format="%.0f %%", min_value=0, max_value=100
            ),
            "original_upload_s": st.column_config.NumberColumn("Upload before, s", format="%.2f"),
            "proxy_upload_s": st.column_config.NumberColumn("Upload now, s", format="%.2f"),
            "original_tokens": st.column_config.NumberColumn("Tokens before", format="localized"),
            "proxy_tokens": st.column_config.NumberColumn("Tokens now", format="localized"),
        },
        alt=f"{format_count(len(savings.files), 'file')} with bytes, seconds and tokens saved.",
    )


def _about(seconds: float) -> str:
    short = _seconds(seconds)
    return format_about(seconds) if seconds >= 10 else f"≈ {short}".replace("≈ <", "<")


def _seconds(seconds: float) -> str:
    return "< 0.1 s" if seconds < 0.1 else format_length(seconds)
