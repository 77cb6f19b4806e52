"""Parts of the Library page: the grid and the table of assets, and what selected ones can do."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.media.timecode import format_length
from workbench.ui import data, links
from workbench.ui.components import WallCard, wall
from workbench.ui.formats import (
    advice,
    facts,
    format_bytes,
    format_count,
    format_percent,
    format_shape,
)
from workbench.ui.library.proxies import proxies_dialog, sizes
from workbench.ui.states import KIND_ICONS, LOOKS, material, state_badge

if TYPE_CHECKING:
    from workbench.library.overview import AssetCard, LibraryTotals
    from workbench.library.records import Job

CARDS_A_PAGE = 1000
"""A card costs the browser nothing before it comes into sight, and some bytes of the page."""

TABLE_PX = 640

STATES = {
    "Any state": "",
    "New": "new",
    "Proxy ready": "proxy ready",
    "Running": "running",
    "Analysed": "analysed",
    "Failed": "failed",
}
KINDS = {"Video": "video", "Image": "image", "Audio": "audio"}
WORKS_NOW = (
    ("Speech", "mic", ("transcript", "speech")),
    ("Shots and screen text", "text_fields", ("shots", "screen text")),
    ("Search", "search", ("search", "index")),
    ("Local engine", "computer", ("local", "local engine")),
    ("Amazon Nova", "cloud", ("nova", "amazon nova")),
)
"""What a newcomer is told about: title, icon, and the parts of health that stand for it."""

SORTS = ("Newest", "Oldest", "Name", "Longest", "Largest")


def totals_line(totals: "LibraryTotals") -> str:
    """The library in one line.

    Returns:
        Items, length, sizes and what proxies save, as Markdown.
    """
    sizes = format_bytes(totals.size_bytes)
    if totals.saved is not None:
        saved = format_percent(totals.saved)
        sizes += f" originals, {format_bytes(totals.proxy_bytes)} proxies ({saved} smaller)"
    return facts(
        [
            format_count(totals.items, "item"),
            format_length(totals.duration_s) if totals.duration_s else "",
            sizes,
        ]
    )


def filtered_cards(
    cards: "Sequence[AssetCard]", *, name: str, kinds: Sequence[str], state: str, sort: str
) -> "list[AssetCard]":
    """Keep the cards that fit the filters, in the asked-for order.

    Args:
        cards: All of them, the newest first.
        name: Part of the file name, in any case.
        kinds: Labels of `KINDS`; empty for all.
        state: A label of `STATES`.
        sort: One of `SORTS`.
    """
    wanted_kinds = {KINDS[label] for label in kinds}
    wanted_state = STATES.get(state, "")
    found = [
        card
        for card in cards
        if name.casefold() in card.asset.name.casefold()
        and (not wanted_kinds or card.asset.kind in wanted_kinds)
        and (not wanted_state or card.state == wanted_state)
    ]
    if sort == "Oldest":
        found.reverse()
    elif sort == "Name":
        found.sort(key=lambda card: card.asset.name.casefold())
    elif sort == "Longest":
        found.sort(key=lambda card: -card.asset.duration_s)
    elif sort == "Largest":
        found.sort(key=lambda card: -card.asset.size_bytes)
    return found


def wall_card(card: "AssetCard", running: "Mapping[str, Job]") -> WallCard:
    """An asset as it stands on the wall; one that is worked on says how far that is.

    Args:
        card: The asset.
        running: Jobs that run, as far as they are now: a card may be older.
    """
    asset, job = card.asset, card.job
    state, word, help_text = str(card.state), "", ""
    if card.state == "running" and job is not None:
        job = running.get(job.id, job)
        state = job.state
        if job.state == "running" and job.total and len(job.asset_ids) == 1:
            word = f"{job.done} of {job.total}"
    elif card.state == "failed" and job is not None:
        help_text = job.error or "The last job failed."
    size, saved = sizes(asset, card.sent)
    return WallCard(
        asset.id,
        asset.name,
        asset.kind,
        state,
        format_shape(asset),
        size,
        saved,
        word,
        help_text,
        f"Picture of {asset.name}" if asset.has_pictures else f"Sound: {asset.name}",
    )


def asset_grid(cards: "Sequence[AssetCard]") -> None:
    """Show assets as pictures with their state and sizes; a card leads to the results."""
    pages = -(-len(cards) // CARDS_A_PAGE)
    page = 1
    if pages > 1:
        with st.bottom:
            page = st.pagination(pages, key="page", bind="query-params")
    running = data.running_jobs()
    shown = cards[(page - 1) * CARDS_A_PAGE : page * CARDS_A_PAGE]
    opened = wall(
        [wall_card(card, running) for card in shown],
        key="wall",
        label=f"{format_count(len(shown), 'asset')} with state and sizes",
        poster=links.poster_path("{id}"),
        href="/results?asset={id}",
        looks={name: look._asdict() for name, look in LOOKS.items()},
        kinds=KIND_ICONS,
    )
    if opened:
        st.switch_page("pages/results.py", query_params={"asset": opened})


def asset_table(cards: "Sequence[AssetCard]") -> "list[AssetCard]":
    """Show assets as a table.

    Returns:
        The selected ones, in the order of the table.
    """
    import polars as pl

    rows = [
        {
            "picture": links.poster_url(card.asset.id, width_px=160),
            "name": card.asset.name,
            "state": LOOKS[card.state].word,
            "kind": card.asset.kind.capitalize(),
            "length": format_shape(card.asset),
            "size": format_bytes(card.asset.size_bytes),
            "proxy": format_bytes(card.sent.size_bytes) if card.sent else None,
            "saved": format_percent(1 - card.sent.size_bytes / card.asset.size_bytes)
            if card.sent and card.asset.size_bytes
            else None,
            "analysis": card.analysis.model_name if card.analysis else None,
        }
        for card in cards
    ]
    chosen = st.dataframe(
        pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)),
        key="rows",
        hide_index=True,
        row_height=44,
        height=TABLE_PX if len(rows) > TABLE_PX // 44 else "auto",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="–",
        column_config={
            "picture": st.column_config.ImageColumn("", width=76),
            "name": st.column_config.TextColumn("Name", width="medium"),
            "state": "State",
            "kind": "Kind",
            "length": "Length or size",
            "size": "Original",
            "proxy": "Proxy",
            "saved": "Saved",
            "analysis": "Analysed by",
        },
        alt=f"Table of {format_count(len(cards), 'asset')} with state, kind, length, size and what its proxy saves.",
    )
    return [cards[row] for row in chosen.selection.rows if row < len(cards)]


def selection_bar(chosen: "Sequence[AssetCard]") -> None:
    """Show what can be done with the selected assets, at the bottom of the screen."""
    if not chosen:
        return
    ids = [card.asset.id for card in chosen]
    size = sum(card.asset.size_bytes for card in chosen)
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(chosen)} selected** · {format_bytes(size)}", width="content")
        if st.button("Analyse…", icon=":material/auto_awesome:"):
            st.switch_page("pages/analyse.py", query_params={"assets": ids})
        if st.button("Make proxies…", icon=":material/compress:"):
            proxies_dialog(ids)
        if st.button("Report…", icon=":material/description:"):
            st.switch_page("pages/reports.py", query_params={"assets": ids})


def readiness_cards() -> None:
    """Show what works right now, a card for each part."""
    st.subheader("What works right now", anchor=False)
    health = {part.name.casefold().replace("_", " "): part for part in data.health()}
    shown = [
        (title, icon, [health[name] for name in names if name in health])
        for title, icon, names in WORKS_NOW
    ]
    shown = [each for each in shown if each[2]]
    if not shown:
        return
    grid = st.grid(len(shown), min_column_width=210, border=True)
    for title, icon, found in shown:
        worst = next((each for each in found if not each.is_ready), found[0])
        with grid.cell():
            st.markdown(f"**{material(icon)} {title}**")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                state_badge("ready" if worst.is_ready else "off")
                st.caption(advice(worst.finding), help=advice(worst.hint) or None)
