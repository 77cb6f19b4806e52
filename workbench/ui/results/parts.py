"""Parts of the Results page beside player and lists: header, choice of analysis, export, provenance."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.results import Analysis
from workbench.backends.usage import format_usd, total_cost
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.timecode import format_length, format_time
from workbench.reports import export
from workbench.reports.tables import call_table, headings
from workbench.ui import data, links
from workbench.ui.formats import (
    facts,
    format_bytes,
    format_count,
    format_date,
    format_moment,
    plain,
)
from workbench.ui.states import state_badge

if TYPE_CHECKING:
    from workbench.library.overview import AssetCard
    from workbench.library.records import AnalysisHeader

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def shown_asset() -> "AssetCard | None":
    """The asset the link names; without one, the last that was open, else the newest analysed."""
    cards = data.cards()
    by_id = {card.asset.id: card for card in cards}
    named = st.query_params.get("asset") or st.session_state.get("last_asset", "")
    card = by_id.get(named)
    if card is None and not st.query_params.get("asset"):
        card = next((each for each in cards if each.analysis), cards[0] if cards else None)
    if card is not None:
        st.session_state["last_asset"] = card.asset.id
        st.query_params["asset"] = card.asset.id
    return card


def analysis_picker(found: "Sequence[AnalysisHeader]") -> "AnalysisHeader | None":
    """Choose one of an asset's analyses; the newest unless the link says otherwise."""
    if not found:
        return None
    by_id = {header.id: header for header in found}
    follow = links.linked_choice("analysis", list(by_id), default=found[0].id)
    st.selectbox(
        "Analysis",
        list(by_id),
        key="analysis",
        on_change=follow,
        label_visibility="collapsed",
        format_func=lambda name: (
            f"{by_id[name].model_name} · {format_date(by_id[name].created_at)}"
        ),
    )
    return by_id[st.session_state["analysis"]]


def first_tab(tabs: Sequence[str]) -> str:
    """The tab that is open at first: what was found rather than what was measured.

    Example:
        >>> first_tab(["Transcript", "Elements", "Summary", "Evidence", "Detected"])
        'Elements'
    """
    return next((tab for tab in ("Chapters", "Elements") if tab in tabs), tabs[0])


def status_line(card: "AssetCard", analysis: Analysis | None) -> None:
    """State, facts and costs of what is shown, in one line."""
    asset = card.asset
    shape = [
        format_time(asset.duration_s) if asset.duration_s else "",
        f"{asset.width_px}×{asset.height_px}" if asset.width_px else "",
        format_bytes(asset.size_bytes),
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if analysis is None:
            if card.state != "running":
                state_badge("new", word="Not analysed yet")
            st.caption(facts(shape), width="stretch")
            return
        state_badge("complete")
        if analysis.notes:
            notes = "  \n".join(plain(note) for note in analysis.notes)
            state_badge("warning", word=format_count(len(analysis.notes), "note"), help_text=notes)
        chunks = sum(1 for call in analysis.calls if call.chunk_index is not None)
        estimated = total_cost(call.estimated_usd for call in analysis.calls)
        price = format_usd(analysis.cost_usd)
        if estimated:
            price += f" of {format_usd(estimated)} estimated"
        st.caption(
            facts(
                [
                    *shape,
                    plain(analysis.model_name),
                    format_count(chunks, "chunk") if chunks > 1 else "",
                    price,
                    format_length(analysis.seconds),
                ]
            ),
            width="stretch",
        )
        if len(data.headers(asset.id)) > 1:
            st.page_link(
                "pages/compare.py",
                label="Compare",
                icon=":material/compare_arrows:",
                query_params={"asset": asset.id, "a": analysis.id},
                width="content",
            )


def export_popover(asset: Asset, analysis: Analysis, evidence: Evidence | None) -> None:
    """Downloads of an analysis, each made when it is asked for."""
    stem = asset.path.stem
    with st.popover("Export", icon=":material/download:", width="stretch"):
        st.download_button(
            "Excel workbook",
            lambda: _excel(analysis, evidence),
            file_name=f"{stem}.xlsx",
            mime=EXCEL,
            type="tertiary",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "JSON",
            lambda: export.to_json(analysis, evidence),
            file_name=f"{stem}.json",
            mime="application/json",
            type="tertiary",
            on_click="ignore",
            icon=":material/data_object:",
        )
        if analysis.chapters:
            st.download_button(
                "Chapters as WebVTT",
                lambda: export.to_vtt_chapters(analysis),
                file_name=f"{stem}.chapters.vtt",
                mime="text/vtt",
                type="tertiary",
                on_click="ignore",
                icon=":material/subtitles:",
            )
            st.download_button(
                "Chapters as text",
                lambda: export.to_chapter_text(analysis),
                file_name=f"{stem}.chapters.txt",
                mime="text/plain",
                type="tertiary",
                on_click="ignore",
                icon=":material/notes:",
            )
        if st.button("HTML report…", type="tertiary", icon=":material/description:"):
            st.switch_page("pages/reports.py", query_params={"assets": [asset.id]})
        if st.button("Video report…", type="tertiary", icon=":material/movie:"):
            st.switch_page("pages/explain.py", query_params={"analysis": analysis.id})


def _excel(analysis: Analysis, evidence: Evidence | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export.to_excel(analysis, evidence, Path(folder) / "analysis.xlsx").read_bytes()


def provenance(analysis: Analysis) -> None:
    """Where an analysis comes from: engine, request, prices, and every call it rests on."""
    with st.expander("How this was made", icon=":material/fact_check:"):
        st.markdown(
            "  \n".join(
                f"**{label}** {plain(value)}"
                for label, value in {
                    "Engine": f"{analysis.engine}, {analysis.model_name}, {analysis.engine_version}",
                    "Made": f"{format_moment(analysis.created_at)}, in {format_length(analysis.seconds)}",
                    "Stages": ", ".join(
                        f"{stage.replace('_', ' ')} {format_length(seconds)}"
                        for stage, seconds in analysis.stages_s.items()
                    ),
                    "Frames": f"{analysis.effective_fps:g} a second"
                    if analysis.effective_fps
                    else "",
                    "Prompts": analysis.prompt_hash,
                    "Prices as of": analysis.catalog_as_of,
                    "Paid in this run": format_usd(analysis.paid_usd),
                    "Analysis": analysis.id,
                }.items()
                if value
            )
        )
        calls = call_table(analysis)
        st.dataframe(
            calls,
            hide_index=True,
            height="content",
            placeholder="–",
            column_config=headings(calls.columns),
            alt=f"The {format_count(len(analysis.calls), 'model call')} of this analysis.",
        )
        st.caption("Request")
        st.code(analysis.request.model_dump_json(indent=2), language="json")
        for note in analysis.notes:
            st.caption(f":material/info: {plain(note)}")
