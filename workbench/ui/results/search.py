"""Parts of the Search page: hits in a card for each asset, and the player of the chosen one."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import streamlit as st

from workbench.ui import data, links
from workbench.ui.components import MomentRow, moments, player
from workbench.ui.formats import format_count, mark_words, plain
from workbench.ui.results.watching import player_source
from workbench.ui.session import workspace
from workbench.ui.states import KIND_ICONS, MOMENT_WORDS, material

if TYPE_CHECKING:
    from workbench.media.asset import Asset
    from workbench.search.query import Hit

WAYS = {"Hybrid": "hybrid", "Words": "words", "Meaning": "meaning"}
KINDS = {
    "Said": "transcript",
    "On screen": "screen_text",
    "Chapters": "chapter",
    "Elements": "element",
    "Summaries": "summary",
}
MOST_HITS = 60
HITS_PX = 330
"""Height of the hits of one asset before they scroll."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave."""

    query: str
    how: str
    kinds: tuple[str, ...]
    hits: "tuple[Hit, ...]"
    seconds: float

    def by_asset(self, *, is_weak: bool) -> "dict[str, list[Hit]]":
        """Hits of each asset, the best asset first, in the order they were found."""
        groups: dict[str, list[Hit]] = {}
        for hit in self.hits:
            if hit.is_weak == is_weak:
                groups.setdefault(hit.moment.asset_id, []).append(hit)
        return groups


def how_control(label_visibility: Literal["visible", "collapsed"] = "visible") -> str:
    """How to search: a label of `WAYS`, kept in the link."""
    return st.segmented_control(
        "How",
        list(WAYS),
        default="Hybrid",
        key="how",
        bind="query-params",
        required=True,
        label_visibility=label_visibility,
        help="Words finds what was said or written; meaning finds what is like it.",
    )


def kinds_control() -> list[str]:
    """What kinds of moment to search for: labels of `KINDS`, kept in the link."""
    return st.pills(
        "Kind of moment", list(KINDS), selection_mode="multi", key="kind", bind="query-params"
    )


def find(text: str, *, how: str, kinds: Sequence[str]) -> Found:
    """Search the library.

    Args:
        text: What is looked for.
        how: A label of `WAYS`.
        kinds: Labels of `KINDS`; empty for all.

    Raises:
        LibraryError: The index cannot be used.
    """
    began = perf_counter()
    hits = workspace().search(
        text, how=WAYS[how], kinds=tuple(KINDS[label] for label in kinds), limit=MOST_HITS
    )
    return Found(text, how, tuple(kinds), tuple(hits), perf_counter() - began)


def found_line(found: Found) -> None:
    """How much was found, where, and how fast, and the way to a film of it."""
    videos = len({hit.moment.asset_id for hit in found.hits})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{format_count(len(found.hits), 'moment')} in {format_count(videos, 'file')} "
            f"· {found.seconds:.2f} s",
            width="content",
        )
        st.page_link(
            "pages/explain.py",
            label="Make a film of these",
            icon=":material/movie:",
            query_params={"search": found.query, "how": found.how, "kind": found.kinds},
        )


def hit_cards(found: Found) -> None:
    """Hits in a card for each asset; those that are less sure come after, under their own name."""
    assets = data.assets()
    sure, weak = found.by_asset(is_weak=False), found.by_asset(is_weak=True)
    for asset_id, hits in sure.items():
        if asset_id in assets:
            _card(assets[asset_id], hits, found.query, "sure")
    if weak:
        st.subheader("Less sure", anchor=False)
        for asset_id, hits in weak.items():
            if asset_id in assets:
                _card(assets[asset_id], hits, found.query, "weak")


def _card(asset: "Asset", hits: "Sequence[Hit]", query: str, group: str) -> None:
    with st.container(border=True, key=f"box_{group}_{asset.id}"):
        picture, head = st.columns([1, 3.2], vertical_alignment="center")
        with picture, st.container(key=f"frame_{group}_{asset.id}"):
            st.image(
                links.poster_url(asset.id, at_s=hits[0].moment.span.start_s or None, width_px=240),
                width="stretch",
                alt=f"{asset.name} at the first of these moments",
            )
        with head:
            st.page_link(
                "pages/results.py",
                label=f"**{plain(asset.name)}**",
                icon=material(KIND_ICONS[asset.kind]),
                query_params={"asset": asset.id},
            )
            st.caption(format_count(len(hits), "moment"))
        words = query.split()
        moments(
            [
                MomentRow(
                    id=hit.moment.id,
                    asset=asset.id,
                    t=hit.moment.span.start_s,
                    end=hit.moment.span.end_s,
                    text=mark_words(hit.moment.text, words),
                    note=MOMENT_WORDS.get(hit.moment.kind, hit.moment.kind),
                )
                for hit in hits
            ],
            key=f"hits_{group}_{asset.id}",
            label=f"Moments in {asset.name}",
            look="lines",
            fits=False,
            plays=True,
            most_px=HITS_PX,
        )


def hit_player(found: Found) -> None:
    """Play the hit the link names, else the best one; other hits load into the same player."""
    assets = data.assets()
    playable = [
        hit
        for hit in found.hits
        if hit.moment.asset_id in assets and assets[hit.moment.asset_id].kind != "image"
    ]
    if not playable:
        return
    # Remembered for these results: the link's `hit` moves on while the reader clicks.
    names = tuple(hit.moment.id for hit in playable)
    if st.session_state.get("hits_shown") != names:
        st.session_state["hits_shown"] = names
        named = st.query_params.get("hit", "")
        st.session_state["hit_first"] = named if named in names else names[0]
        st.session_state["hits_round"] = st.session_state.get("hits_round", 0) + 1
    first = next(h for h in playable if h.moment.id == st.session_state["hit_first"])
    ids = dict.fromkeys(hit.moment.asset_id for hit in playable)
    headers = {asset_id: data.headers(asset_id) for asset_id in ids}
    sources = {
        asset_id: player_source(
            assets[asset_id],
            data.analysis(headers[asset_id][0].id) if headers[asset_id] else None,
            data.evidence(asset_id),
        )
        for asset_id in ids
    }
    opened = player(
        sources[first.moment.asset_id],
        key="hit_player",
        start_s=first.moment.span.start_s,
        n=st.session_state["hits_round"],
        sources=sources,
        link_key="hit",
        open_label="Open in Results",
    )
    if opened:
        st.switch_page(
            "pages/results.py", query_params={"asset": opened["asset"], "t": str(opened["t"])}
        )


def nothing_found(query: str) -> None:
    """Say that nothing fits, and what comes near."""
    from workbench.search.query import nearest_words

    near = nearest_words(query, moments=workspace().store.moments())
    st.markdown(f"Nothing in the library fits **{plain(query)}**.")
    if near:
        st.caption("Words that do occur:")
        with st.container(horizontal=True):
            for word in near:
                st.page_link("pages/search.py", label=plain(word), query_params={"q": word})
