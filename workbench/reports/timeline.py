"""The timeline: chapters, elements, speech and shots as lanes over one video's time.

Every bar carries `customdata = [start_s, "6:12", "9:00", name]`: a click can seek without asking
Python. Rows are sorted by the first time something occurs.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from workbench.analysis.results import Analysis, Element
from workbench.evidence.evidence import Evidence
from workbench.media.timecode import TimeSpan, format_length, format_time, merge_spans
from workbench.palette import LIGHT, Palette
from workbench.reports.figures import (
    LETTER_PX,
    SPAN_HOVER,
    empty_figure,
    house_figure,
    listed,
    name_axis,
    plot_text,
    span_data,
    time_axis,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW_PX = 25
FRAME_PX = 62
"""Height of a timeline: 25 px a row and 62 px around them."""

MOST_ROWS = 14
"""More elements than this are cut to the longest present; "Show all" lifts it."""

PLOT_PX = 850.0
"""A chapter's title is written if it fits at 6.4 px a letter in a plot 850 px wide."""

LEAST_LABEL_PX = 60
"""Room for the names of the lanes, and of the pictures the app shows over them."""

SPEECH_GAP_S = 0.9
"""Pauses in speech shorter than this are not drawn."""


def timeline_lanes(
    analysis: Analysis,
    evidence: Evidence | None = None,
    *,
    palette: Palette = LIGHT,
    kinds: Collection[str] | None = None,
    show_all: bool = False,
) -> "go.Figure":
    """Draw chapters, elements, speech and shots over the time of one video or recording.

    Args:
        analysis: What was found.
        evidence: Adds a lane for speech and one for shots.
        palette: The colours to draw with.
        kinds: Kinds of element to draw: `equipment`, `object`, `topic`; if not given, equipment,
            and the others where there is none.
        show_all: Draw more than the 14 elements that are present longest.

    Returns:
        A plotly figure; for a picture, which has no time, one that says so.
    """
    if analysis.duration_s <= 0:
        return empty_figure(palette, "A picture has no timeline.")
    elements = shown_elements(analysis, kinds, show_all=show_all)
    lanes = _Lanes(palette, analysis.duration_s)
    if analysis.chapters:
        lanes.add_chapters(analysis)
    for element in elements:
        lanes.add_element(element)
    if evidence is not None:
        lanes.add_speech(evidence)
        lanes.add_shots(evidence)
    if not lanes.labels:
        return empty_figure(palette, "No chapters, elements, speech or cuts were found.")
    return lanes.figure(timeline_alt(analysis, evidence, kinds=kinds, show_all=show_all))


def shown_elements(
    analysis: Analysis, kinds: Collection[str] | None, *, show_all: bool = False
) -> tuple[Element, ...]:
    """The elements a timeline draws, by their first moment; at most 14 unless `show_all`."""
    if kinds is None:
        kinds = ("equipment",) if analysis.elements_of("equipment") else ("object", "topic")
    found = [e for e in analysis.elements if e.kind in kinds and e.occurrences]
    if not show_all:
        found = sorted(found, key=lambda e: (-e.present_s, e.name))[:MOST_ROWS]
    return tuple(sorted(found, key=lambda e: (e.first_s, e.name)))


def timeline_alt(
    analysis: Analysis,
    evidence: Evidence | None = None,
    *,
    kinds: Collection[str] | None = None,
    show_all: bool = False,
) -> str:
    """Say in words what the timeline shows."""
    elements = shown_elements(analysis, kinds, show_all=show_all)
    said = [f"Timeline of {analysis.asset_name}, {format_time(analysis.duration_s)} long"]
    if analysis.chapters:
        chapters = [f"{format_time(c.span.start_s)} {c.title}" for c in analysis.chapters]
        said.append(f"{len(chapters)} chapters: {listed(chapters, most=20)}")
    if elements:
        names = [f"{e.name} ({e.presence}, {format_length(e.present_s)})" for e in elements]
        said.append(f"{len(names)} elements: {listed(names, most=MOST_ROWS)}")
    if evidence is not None and evidence.speech_s:
        said.append(f"{format_length(evidence.speech_s)} of speech")
    if evidence is not None and evidence.shots:
        said.append(f"{len(evidence.shots)} shots")
    return ". ".join(said) + ". The lists hold the same times."


class _Lanes:
    """Rows and traces while a timeline is put together."""

    def __init__(self, colours: Palette, duration_s: float) -> None:
        self.colours = colours
        self.duration_s = duration_s
        self.labels: list[str] = []
        self.marks: dict[str, list[tuple[int, TimeSpan, str]]] = {}
        """Presence → (row, span, name): one trace each, so that the legend has three entries."""
        self.traces: list[dict[str, Any]] = []

    def add_chapters(self, analysis: Analysis) -> None:
        row = self._row("Chapters")
        spans = [chapter.span for chapter in analysis.chapters]
        names = [chapter.title for chapter in analysis.chapters]
        tints = (self.colours.chapter_even, self.colours.chapter_odd)
        texts = [
            plot_text(name) if self._fits(name, span) else str(number)
            for number, (name, span) in enumerate(zip(names, spans, strict=True), start=1)
        ]
        colour = [tints[number % 2] for number in range(len(spans))]
        trace = self._bars([(row, s, n) for s, n in zip(spans, names, strict=True)], colour, 0.82)
        trace |= {
            "text": texts,
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "textfont": {"color": self.colours.text, "size": 11},
        }
        self.traces.append(trace)

    def add_element(self, element: Element) -> None:
        row = self._row(element.name)
        for presence in ("shown", "said", "both"):
            spans = merge_spans(o.span for o in element.occurrences if o.presence == presence)
            self.marks.setdefault(presence, []).extend((row, s, element.name) for s in spans)

    def add_speech(self, evidence: Evidence) -> None:
        if evidence.transcript is None or evidence.transcript.is_empty:
            return
        row = self._row("Speech")
        spans = merge_spans((u.span for u in evidence.transcript.utterances), gap_s=SPEECH_GAP_S)
        self.traces.append(
            self._bars([(row, span, "Speech") for span in spans], self.colours.speech, 0.38)
        )

    def add_shots(self, evidence: Evidence) -> None:
        if len(evidence.shots) < 2:
            return
        row = self._row("Shots")
        starts = [shot.span.start_s for shot in evidence.shots]
        self.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": starts,
                "y": [row] * len(starts),
                "marker": {
                    "symbol": "line-ns",
                    "size": 11,
                    "line": {"width": 1.2, "color": self.colours.shots},
                },
                "customdata": [
                    span_data(shot.span, f"Shot {shot.index + 1}") for shot in evidence.shots
                ],
                "hovertemplate": SPAN_HOVER,
                "showlegend": False,
            }
        )

    def figure(self, alt: str) -> "go.Figure":
        for presence, colour in (
            ("shown", self.colours.shown),
            ("said", self.colours.said),
            ("both", self.colours.both),
        ):
            if marks := self.marks.get(presence):
                trace = self._bars(marks, colour, 0.5)
                self.traces.append(trace | {"name": presence.capitalize(), "showlegend": True})
        figure = house_figure(
            self.colours,
            height_px=ROW_PX * len(self.labels) + FRAME_PX,
            alt=alt,
            barmode="overlay",
            barcornerradius=3,
            uniformtext={"minsize": 10.5, "mode": "hide"},
        )
        time_axis(figure, self.duration_s)
        name_axis(figure, self.colours, self.labels)
        if figure.layout.margin.l < LEAST_LABEL_PX:
            figure.update_layout(margin={"l": LEAST_LABEL_PX})
        return figure.add_traces(self.traces)

    def _row(self, label: str) -> int:
        self.labels.append(label)
        return len(self.labels) - 1

    def _fits(self, title: str, span: TimeSpan) -> bool:
        return len(title) * LETTER_PX <= span.duration_s / self.duration_s * PLOT_PX - 8

    def _bars(
        self,
        marks: Sequence[tuple[int, TimeSpan, str]],
        colour: str | list[str],
        width: float,
    ) -> dict[str, Any]:
        return {
            "type": "bar",
            "orientation": "h",
            "base": [span.start_s for _, span, _ in marks],
            # A mention of an instant stays visible: nothing is drawn thinner than 0.3 %.
            "x": [max(span.duration_s, self.duration_s * 0.003) for _, span, _ in marks],
            "y": [row for row, _, _ in marks],
            "width": width,
            "marker": {"color": colour, "line": {"width": 0}},
            "customdata": [span_data(span, name) for _, span, name in marks],
            "hovertemplate": SPAN_HOVER,
            "showlegend": False,
        }
