"""Watching and reading together: the player of an asset and the lists that follow it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.results import Analysis, Citation
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan, format_length, format_time
from workbench.reports.charts import palette, timeline_lanes
from workbench.reports.timeline import MOST_ROWS
from workbench.ui import links
from workbench.ui.charts import show_figure
from workbench.ui.components import (
    MomentRow,
    PlayerChapter,
    PlayerSource,
    StripColours,
    chart_link,
    moments,
    player,
    strip,
    theme,
)
from workbench.ui.formats import format_count, plain

if TYPE_CHECKING:
    from workbench.ui.components import Marked

DETECTED = {
    "shots": "shot",
    "cues": "technical cue",
    "text": "text",
    "faces": "faces",
    "moderation": "moderation",
}
"""Word for each kind of detection."""

SUMMARY_PX = 376
"""As high as the other lists are beside the player of a page of 1440 pixels."""

LANES_CHART = "lanes_chart"
FIRST_LANES = ("Equipment",)
KIND_OF_LANE = {"Equipment": "equipment", "Objects": "object", "Topics": "topic"}


def player_source(
    asset: Asset, analysis: Analysis | None = None, evidence: Evidence | None = None
) -> PlayerSource:
    """What the player needs to know of an asset: addresses, chapters and captions."""
    transcript = evidence.transcript if evidence else None
    has_words = transcript is not None and not transcript.is_empty
    return PlayerSource(
        asset=asset.id,
        title=asset.name,
        src=links.media_path(asset.id),
        duration=asset.duration_s,
        poster=links.poster_path(asset.id, width_px=960),
        captions=links.captions_path(asset.id) if has_words else "",
        language=transcript.language if transcript else "",
        chapters=tuple(
            PlayerChapter(chapter.title, chapter.span.start_s, chapter.span.end_s)
            for chapter in (analysis.chapters if analysis else ())
        ),
    )


def asset_player(
    asset: Asset, analysis: Analysis | None = None, evidence: Evidence | None = None
) -> None:
    """Play a video or sound from the moment in the link, or show a picture."""
    if asset.kind == "image":
        st.image(
            links.poster_url(asset.id, width_px=1568),
            width="stretch",
            alt=f"The picture {asset.name}",
        )
        return
    start = links.linked_number("t")
    player(
        player_source(asset, analysis, evidence),
        key="player",
        start_s=start,
        stamp=analysis.id if analysis else "",
    )


def _row(asset_id: str, name: str, span: TimeSpan, **shown: "Marked") -> MomentRow:
    return MomentRow(name, asset_id, span.start_s, span.end_s, **shown)  # type: ignore[arg-type]


def chapter_list(analysis: Analysis) -> None:
    """Chapters with their summaries."""
    rows = [
        _row(
            analysis.asset_id,
            f"chapter{chapter.index}",
            chapter.span,
            title=chapter.title,
            text=chapter.summary,
            note=format_time(chapter.span.duration_s),
        )
        for chapter in analysis.chapters
    ]
    empty = "No chapters were found: nothing was said, and no titles were shown."
    moments(rows, key="list_chapters", label="Chapters", empty=empty)
    if len(analysis.chapters) > 1:
        with st.popover("Explain a chapter", icon=":material/movie:"):
            st.caption("A short film of it, with its pictures and words.")
            for chapter in analysis.chapters:
                st.page_link(
                    "pages/explain.py",
                    label=f"Chapter {chapter.index + 1}, {format_time(chapter.span.start_s)}",
                    query_params={"analysis": analysis.id, "chapter": str(chapter.index)},
                )


def transcript_list(asset: Asset, evidence: Evidence | None) -> None:
    """What was said, line by line."""
    transcript = evidence.transcript if evidence else None
    rows = [
        _row(asset.id, f"said{number}", utterance.span, text=utterance.text)
        for number, utterance in enumerate(transcript.utterances if transcript else ())
    ]
    empty = "Nothing has been measured yet: analyse it first."
    if evidence is not None:
        empty = "The file has no sound." if not asset.has_sound else "No speech was found."
    moments(rows, key="list_transcript", label="Transcript", look="lines", empty=empty)


def element_list(analysis: Analysis, lanes: Sequence[str]) -> None:
    """Every occurrence of the elements, in order of time, with shown, said or both."""
    kinds = {KIND_OF_LANE[lane] for lane in lanes}
    rows = [
        _row(
            analysis.asset_id,
            f"{element.kind}{number}_{turn}",
            occurrence.span,
            title=element.name,
            text=occurrence.text or element.category,
            note=occurrence.presence,
            tag=occurrence.presence,
        )
        for number, element in enumerate(analysis.elements)
        for turn, occurrence in enumerate(element.occurrences)
        if element.kind in kinds
    ]
    rows.sort(key=lambda row: (row.t, row.title))
    wanted = ", ".join(lane.lower() for lane in lanes) or "elements"
    moments(rows, key="list_elements", label="Elements", empty=f"No {wanted} found.")


def element_chips(analysis: Analysis) -> None:
    """The elements of a picture, by kind."""
    for lane, kind in KIND_OF_LANE.items():
        names = [element.name for element in analysis.elements_of(kind)]
        if names:
            st.markdown(f"**{lane}**")
            with st.container(horizontal=True, gap="small"):
                for name in names:
                    st.badge(plain(name), color="gray")


def summary_view(analysis: Analysis) -> None:
    """The summary, and the moments it rests on."""
    if analysis.summary is None:
        st.caption("No summary was asked for.")
        return
    with st.container(border=True, height=SUMMARY_PX):
        st.text(analysis.summary.text)
        st.caption(_made_by(analysis))
        rows = _citations(analysis.asset_id, analysis.summary.evidence)
        if rows:
            st.markdown("**It rests on**")
            moments(rows, key="list_summary", label="Quotations", look="lines", fits=False)


def _made_by(analysis: Analysis) -> str:
    name = plain(analysis.model_name)
    if analysis.summary is None or not analysis.summary.is_extractive:
        return f"Written by {name} from the pictures and the transcript."
    if analysis.engine == "local":
        return "Only quotations and counts: the local engine invents no prose."
    return f"Only counts: {name} writes no prose."


def detection_view(analysis: Analysis) -> None:
    """What a detector reported, in order of time; in a picture, by kind."""
    rows = [
        _row(
            analysis.asset_id,
            f"{each.kind}{number}_{turn}",
            span,
            title=each.name,
            text=each.category,
            note=DETECTED[each.kind],
        )
        for number, each in enumerate(analysis.detections)
        for turn, span in enumerate(each.spans)
    ]
    rows.sort(key=lambda row: (row.t, row.title))
    if rows:
        moments(rows, key="list_detections", label="Detected", empty="")
    for kind, words in DETECTED.items():
        still = [each.name for each in analysis.detections if each.kind == kind and not each.spans]
        if still:
            st.markdown(f"**{words[:1].upper()}{words[1:]}**")
            st.text("\n".join(still))
    st.caption(
        "As Amazon Rekognition reports it. Faces are counted and have no names, and nobody is followed."
    )


def _citations(asset_id: str, citations: Sequence[Citation]) -> list[MomentRow]:
    return [
        _row(asset_id, f"quote{number}", citation.span, text=citation.text or citation.kind)
        for number, citation in enumerate(citations)
        if citation.span is not None
    ]


def evidence_view(evidence: Evidence | None) -> None:
    """What was measured without a model: words on the screen, and which engine found what."""
    if evidence is None:
        st.caption("Nothing has been measured yet.")
        return
    rows = [
        _row(
            evidence.asset_id,
            f"text{number}",
            block.span,
            title=block.text if block.is_title else "",
            text="" if block.is_title else block.text,
            note="title" if block.is_title else "",
        )
        for number, block in enumerate(evidence.screen_text)
    ]
    said = [
        format_count(len(evidence.transcript.utterances), "line") + " of transcript"
        if evidence.transcript
        else "",
        format_count(len(evidence.shots), "shot") if evidence.shots else "",
        f"{format_length(evidence.speech_s)} of speech" if evidence.speech_s else "",
    ]
    st.caption(" · ".join(part for part in said if part) or "Nothing was found.")
    moments(
        rows,
        key="list_evidence",
        label="Words on the screen",
        empty="No words were read on the screen.",
        spare_px=90,
    )
    measured = [
        f"{signal.replace('_', ' ')} by {engine}"
        + (f" in {format_length(evidence.seconds[signal])}" if evidence.seconds.get(signal) else "")
        for signal, engine in evidence.engines.items()
    ]
    if measured:
        st.caption(plain("Measured: " + ", ".join(measured)))
    for note in evidence.notes:
        st.caption(f":material/info: {plain(note)}")


def timeline(asset: Asset, analysis: Analysis | None, evidence: Evidence | None) -> None:
    """Pictures, sound and the lanes chart on one axis: a click seeks, a line follows the player."""
    if asset.kind == "image":
        return
    if analysis is None:
        _strip(asset)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Timeline", anchor=False, width="stretch")
        place = st.container(width="content")
        lanes = st.pills(
            "Lanes",
            list(KIND_OF_LANE),
            selection_mode="multi",
            default=list(FIRST_LANES),
            key="lanes",
            bind="query-params",
            label_visibility="collapsed",
        )
    kinds = [KIND_OF_LANE[lane] for lane in lanes]
    found = sum(1 for e in analysis.elements if e.kind in kinds and e.occurrences)
    show_all = False
    if found > MOST_ROWS:
        show_all = place.toggle(f"Show all {found}", key="all_lanes")
    _strip(asset)
    colours = palette(theme())
    figure = timeline_lanes(analysis, evidence, palette=colours, kinds=kinds, show_all=show_all)
    show_figure(figure, key=LANES_CHART)
    chart_link(LANES_CHART, key="lanes_link", asset_id=analysis.asset_id, colour=colours.accent)


def _strip(asset: Asset) -> None:
    colours = palette(theme())
    strip(
        asset.id,
        asset.duration_s,
        key="strip",
        chart_key=LANES_CHART,
        colours=StripColours(colours.speech, colours.shots, colours.accent),
        pictures=links.strip_path(asset.id) if asset.kind == "video" else "",
        sound=links.sound_path(asset.id) if asset.has_sound else "",
    )


def chosen_lanes() -> tuple[str, ...]:
    """The lanes chosen over the timeline, which is drawn after the lists; at first the link's."""
    if "lanes" in st.session_state:
        return tuple(st.session_state["lanes"])
    named = [lane for lane in st.query_params.get_all("lanes") if lane in KIND_OF_LANE]
    return tuple(named) or FIRST_LANES
