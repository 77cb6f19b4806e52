"""What a detector reported, as a table: a row for each stretch of time."""

from typing import TYPE_CHECKING

from workbench.analysis.results import Analysis
from workbench.media.timecode import format_time
from workbench.reports.tables import frame_of

if TYPE_CHECKING:
    import polars as pl


def detection_table(analysis: Analysis) -> "pl.DataFrame":
    """Shots, cues, text, faces and moderation labels; a picture's have no times."""
    return frame_of(
        {
            "start": str,
            "end": str,
            "kind": str,
            "name": str,
            "category": str,
            "confidence": float,
            "most_at_once": int,
            "start_s": float,
            "end_s": float,
        },
        (
            {
                "start": format_time(span.start_s) if span else None,
                "end": format_time(span.end_s) if span else None,
                "kind": each.kind,
                "name": each.name,
                "category": each.category,
                "confidence": each.confidence,
                "most_at_once": each.most_at_once or None,
                "start_s": span.start_s if span else None,
                "end_s": span.end_s if span else None,
            }
            for each in analysis.detections
            for span in each.spans or (None,)
        ),
    )
