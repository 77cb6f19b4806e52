"""What Rekognition is asked, and what of its replies is taken: names, times and confidence.

Times come in milliseconds and go out in seconds, inside of the video. Nothing is added: a label
is a label, a face is a face without a name, and a summary is a count.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.media.timecode import TimeSpan, covered_s, format_length, merge_spans
from workbench.speech.letters import drawn

LEAST_CONFIDENCE = 50
"""Percent below which nothing is reported: the service's own default, said so that it stays."""

SAMPLE_GAP_S = 1.0
"""Words and faces seen this close together are one stretch: the service looks every half second,
says Quantum's guide to it, so one missed look breaks nothing."""

EQUIPMENT = frozenset(
    {
        *("Tools and Machinery", "Technology and Computing", "Home Appliances"),
        *("Vehicles and Automotive", "Transport and Logistics"),
    }
)
"""Categories of labels that are taken as equipment (our choice); all others are objects."""

CUE_NAMES = {
    "ColorBars": "Colour bars",
    "EndCredits": "End credits",
    "BlackFrames": "Black frames",
    "OpeningCredits": "Opening credits",
    "StudioLogo": "Studio logo",
    "Slate": "Slate",
    "Content": "Content",
}
"""Technical cues by the service's word for them."""


NOUNS = {
    "labels": ("label", "labels"),
    "shots": ("shot", "shots"),
    "cues": ("technical cue", "technical cues"),
    "text": ("line of text", "lines of text"),
    "faces": ("face", "faces"),
    "moderation": ("moderation label", "moderation labels"),
}
"""What one and what several of a kind are called."""

NAMED = 5
"""Names in a summary at most; the lists have all."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing Rekognition can be asked for: its operations for videos and for pictures."""

    feature: str
    """`labels`, `shots`, `cues`, `text`, `faces` or `moderation`."""
    operation: str
    """What follows Start and Get: `LabelDetection` …"""
    results: str
    """Where the reply has what was found."""
    version: str = ""
    """Where the reply has the version of the model."""
    start: Mapping[str, Any] = field(default_factory=dict)
    get: Mapping[str, Any] = field(default_factory=dict)
    image_operation: str = ""
    """Empty where pictures have no such thing."""
    image_results: str = ""
    image: Mapping[str, Any] = field(default_factory=dict)


_BY_SEGMENTS = {"SortBy": "TIMESTAMP", "AggregateBy": "SEGMENTS"}
_LEAST = {"MinConfidence": LEAST_CONFIDENCE}
_SEGMENT_LEAST = {"MinSegmentConfidence": LEAST_CONFIDENCE}

DETECTIONS = {
    each.feature: each
    for each in (
        Detection(
            "labels", "LabelDetection", "Labels", "LabelModelVersion",
            start={**_LEAST, "Features": ["GENERAL_LABELS"]}, get=_BY_SEGMENTS,
            image_operation="DetectLabels", image_results="Labels",
            image={**_LEAST, "Features": ["GENERAL_LABELS"]},
        ),
        Detection(
            "shots", "SegmentDetection", "Segments",
            start={"SegmentTypes": ["SHOT"], "Filters": {"ShotFilter": _SEGMENT_LEAST}},
        ),
        Detection(
            "cues", "SegmentDetection", "Segments",
            start={
                "SegmentTypes": ["TECHNICAL_CUE"],
                "Filters": {"TechnicalCueFilter": _SEGMENT_LEAST},
            },
        ),
        Detection(
            "text", "TextDetection", "TextDetections", "TextModelVersion",
            start={"Filters": {"WordFilter": _LEAST}},
            image_operation="DetectText", image_results="TextDetections",
            image={"Filters": {"WordFilter": _LEAST}},
        ),
        Detection(
            "faces", "FaceDetection", "Faces",
            start={"FaceAttributes": "DEFAULT"},
            image_operation="DetectFaces", image_results="FaceDetails",
            image={"Attributes": ["DEFAULT"]},
        ),
        Detection(
            "moderation", "ContentModeration", "ModerationLabels", "ModerationModelVersion",
            start=_LEAST, get=_BY_SEGMENTS,
            image_operation="DetectModerationLabels", image_results="ModerationLabels",
            image=_LEAST,
        ),
    )
}  # fmt: skip


@dataclass(slots=True)
class _Seen:
    """One named thing, with every stretch it was seen."""

    name: str
    category: str = ""
    spans: list[TimeSpan] = field(default_factory=list)
    confidence: float | None = None
    most: int = 0
    """Most of it at one moment."""

    def add(self, confidence: object, span: TimeSpan | None) -> None:
        if span is not None:
            self.spans.append(span)
        if isinstance(confidence, int | float) and math.isfinite(confidence):
            share = round(min(1.0, max(0.0, confidence / 100)), 4)
            self.confidence = max(share, self.confidence or 0.0)


def video_answer(
    feature: str, found: Sequence[Mapping[str, Any]], duration_s: float
) -> dict[str, Any]:
    """Put what was found in a video into the form of an answer.

    Args:
        feature: A key of `DETECTIONS`.
        found: The rows of all pages.
        duration_s: The video's length; no time goes beyond it.

    Returns:
        `summary`, and `elements` for labels or `detections` for the rest.

    Example:
        >>> row = {"StartTimestampMillis": 500, "EndTimestampMillis": 2000,
        ...        "Label": {"Name": "Drill", "Categories": [{"Name": "Tools and Machinery"}]}}
        >>> answer = video_answer("labels", [row], 60)
        >>> answer["elements"][0]["kind"], answer["elements"][0]["spans"][0]["end_s"]
        ('equipment', 2.0)
    """
    if feature == "labels":
        seen = _labels(((row.get("Label") or {}), _stretch(row, duration_s)) for row in found)
        return {"summary": _label_summary(seen, duration_s), "elements": _elements(seen)}
    if feature == "moderation":
        seen = _moderation(
            ((row.get("ModerationLabel") or {}), _stretch(row, duration_s)) for row in found
        )
    elif feature in {"shots", "cues"}:
        seen = _segments(found, duration_s)
    elif feature == "text":
        seen = _lines(((row.get("TextDetection") or {}), _moment(row, duration_s)) for row in found)
    else:
        seen = _faces([((row.get("Face") or {}), _moment(row, duration_s)) for row in found])
    gap_s = SAMPLE_GAP_S if feature in {"text", "faces"} else 0.0
    return _detections(feature, seen, duration_s, gap_s)


def image_answer(feature: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put what was found in a picture into the form of an answer; see `video_answer`.

    Example:
        >>> image_answer("faces", [{"Confidence": 99.0}, {"Confidence": 90.0}])["summary"]
        '2 faces.'
    """
    rows = [(row, None) for row in found]
    if feature == "labels":
        seen = _labels(rows)
        return {"summary": _label_summary(seen, 0.0), "elements": _elements(seen)}
    by_feature = {"text": _lines, "faces": _faces, "moderation": _moderation}
    return _detections(feature, by_feature[feature](rows), 0.0, 0.0)


Row = tuple[Mapping[str, Any], TimeSpan | None]


def _labels(rows: Iterable[Row]) -> list[_Seen]:
    seen: dict[str, _Seen] = {}
    for label, span in rows:
        name = _words(label.get("Name"))
        if name:
            categories = [str(each.get("Name", "")) for each in label.get("Categories") or ()]
            category = next((each for each in categories if each in EQUIPMENT), "")
            known = seen.setdefault(name, _Seen(name, category or next(iter(categories), "")))
            known.add(label.get("Confidence"), span)
    return list(seen.values())


def _moderation(rows: Iterable[Row]) -> list[_Seen]:
    seen: dict[str, _Seen] = {}
    for label, span in rows:
        name = _words(label.get("Name"))
        if name:
            known = seen.setdefault(name, _Seen(name, str(label.get("ParentName") or "")))
            known.add(label.get("Confidence"), span)
    return list(seen.values())


def _lines(rows: Iterable[Row]) -> list[_Seen]:
    """Lines of text; the words they are made of say nothing more."""
    seen: dict[str, _Seen] = {}
    for text, span in rows:
        line = _words(text.get("DetectedText"))
        if line and text.get("Type") == "LINE":
            seen.setdefault(line, _Seen(line)).add(text.get("Confidence"), span)
    return list(seen.values())


def _faces(rows: Iterable[Row]) -> list[_Seen]:
    """All faces as one: they are not told apart, and not followed from one moment to the next."""
    faces, at_once = _Seen("Faces"), dict[float, int]()
    for face, span in rows:
        at_s = span.start_s if span else 0.0
        at_once[at_s] = at_once.get(at_s, 0) + 1
        faces.add(face.get("Confidence"), span)
    faces.most = max(at_once.values(), default=0)
    return [faces] if at_once else []


def _segments(found: Iterable[Mapping[str, Any]], duration_s: float) -> list[_Seen]:
    """Shots, each by its number, and technical cues of one kind together."""
    seen: dict[str, _Seen] = {}
    for row in found:
        cue, shot = row.get("TechnicalCueSegment") or {}, row.get("ShotSegment") or {}
        word = _words(cue.get("Type"))
        if row.get("Type") == "SHOT":
            name = f"Shot {int(shot.get('Index') or 0) + 1}"
        elif word:
            name = CUE_NAMES.get(word, word)
        else:
            continue
        known = seen.setdefault(name, _Seen(name))
        known.add((shot or cue).get("Confidence"), _stretch(row, duration_s))
    return list(seen.values())


def _words(told: object) -> str:
    """A name as a reader sees it, on one line; empty where nothing of it can be seen."""
    return " ".join(drawn(str(told or "")).split())


def _stretch(row: Mapping[str, Any], duration_s: float) -> TimeSpan:
    """From start to end; just the moment where the service gives no end."""
    start_s = _seconds(row.get("StartTimestampMillis", row.get("Timestamp")), duration_s)
    end_s = _seconds(row.get("EndTimestampMillis", row.get("StartTimestampMillis")), duration_s)
    return TimeSpan(start_s, max(start_s, end_s))


def _moment(row: Mapping[str, Any], duration_s: float) -> TimeSpan:
    at_s = _seconds(row.get("Timestamp"), duration_s)
    return TimeSpan(at_s, at_s)


def _seconds(milliseconds: object, duration_s: float) -> float:
    """Seconds inside of the video; the service gives -1 for what it does not know."""
    if not isinstance(milliseconds, int | float) or not math.isfinite(milliseconds):
        return 0.0
    return min(duration_s, max(0.0, milliseconds / 1000))


def _spans(seen: _Seen, gap_s: float) -> list[dict[str, float]]:
    return [
        {"start_s": span.start_s, "end_s": span.end_s}
        for span in merge_spans(seen.spans, gap_s=gap_s)
    ]


def _elements(seen: Sequence[_Seen]) -> list[dict[str, Any]]:
    return [
        {
            "kind": "equipment" if each.category in EQUIPMENT else "object",
            "name": each.name,
            "category": each.category,
            "confidence": each.confidence,
            "spans": [{**span, "presence": "shown"} for span in _spans(each, 0.0)],
        }
        for each in seen
    ]


def _detections(
    feature: str, seen: Sequence[_Seen], duration_s: float, gap_s: float
) -> dict[str, Any]:
    return {
        "summary": _summary(feature, seen, duration_s, gap_s),
        "detections": [
            {
                "kind": feature,
                "name": each.name,
                "category": each.category,
                "confidence": each.confidence,
                "most_at_once": each.most,
                "spans": _spans(each, gap_s),
            }
            for each in seen
        ],
    }


def _label_summary(seen: Sequence[_Seen], duration_s: float) -> str:
    if not seen:
        return "No labels."
    if not duration_s:
        return f"{_counted(len(seen), 'labels')}: {_listed(each.name for each in seen)}."
    longest = sorted(seen, key=lambda each: (-covered_s(each.spans), each.name))
    told = (f"{each.name} ({format_length(covered_s(each.spans))})" for each in longest)
    return f"{_counted(len(seen), 'labels')}; the longest in sight: {_listed(told)}."


def _summary(feature: str, seen: Sequence[_Seen], duration_s: float, gap_s: float) -> str:
    if not seen:
        return f"No {NOUNS[feature][1]}."
    if feature == "faces":
        faces = _counted(seen[0].most, feature)
        if not duration_s:
            return f"{faces}."
        total_s = covered_s(merge_spans(seen[0].spans, gap_s=gap_s))
        return f"At most {faces} at once, {format_length(total_s)} of {format_length(duration_s)}."
    count = _counted(len(seen), feature)
    if feature == "shots":
        return f"{count}."
    names = (f"“{each.name}”" if feature == "text" else each.name for each in seen)
    return f"{count}: {_listed(names)}."


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + more


def _counted(number: int, feature: str) -> str:
    one, many = NOUNS[feature]
    return f"{number} {one if number == 1 else many}"
