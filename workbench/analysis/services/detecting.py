"""What Amazon Rekognition is asked: one call for each kind of detection, each with its price.

It names what it sees and writes nothing, so chapters, topics and fields are not asked of it; its
shots and technical cues are shown as what they are and never as chapters.
"""

from typing import Any

from workbench.analysis.request import DETECTABLE, AnalysisRequest, Find
from workbench.analysis.results import Failure
from workbench.errors import RequestError
from workbench.media.asset import Asset
from workbench.media.timecode import format_length

ENGINE = "rekognition"

FINDABLE: tuple[Find, ...] = ("summary", "equipment", "objects")
"""What it can find; a summary only counts."""

IN_PICTURES = ("text", "faces", "moderation")
"""What can be detected in a picture too."""

LABELS = {"cues": "technical cues"}
"""What a detection is called where its own word does not say it."""

LONGEST_S = 6 * 3600.0
LEAST_PX = 80
"""Longest video and shortest side of a picture (developer guide, limits)."""

MOST_BYTES = 10_000_000_000
"""A larger original is sent as its proxy."""

PLAIN_SPEC = "plain-1568"
PREVIEW_SPEC = "preview"
ORIGINAL_SPEC = "original"


def sent_spec(asset: Asset) -> str:
    """What is sent: a picture as JPEG or PNG, a video as it is where it is H.264 in MP4 or MOV.

    Other videos go as a proxy. The one for browsers has all pictures; the one for models has one a
    second, in which no shot can be found.
    """
    if asset.kind == "image":
        return PLAIN_SPEC
    pictures = [stream.codec for stream in asset.streams if stream.kind == "video"]
    is_plain = asset.format in {"mp4", "mov"} and pictures == ["h264"]
    return ORIGINAL_SPEC if is_plain and asset.size_bytes <= MOST_BYTES else PREVIEW_SPEC


def narrowed(request: AnalysisRequest) -> tuple[AnalysisRequest, tuple[str, ...]]:
    """The part of a request that can be asked, and what to know about the rest.

    Args:
        request: What is asked, of this engine.

    Raises:
        RequestError: Nothing of it can be.
    """
    left = tuple(find for find in request.find if find in FINDABLE)
    if not {"equipment", "objects"} & set(left) and not request.detect:
        raise RequestError(
            f"Amazon Rekognition finds no {' or '.join(request.find)} by itself",
            hint=f"ask it for equipment or objects, or to detect {', '.join(DETECTABLE)}",
        )
    dropped: list[str] = [find for find in request.find if find not in FINDABLE]
    if request.fields:
        dropped.append("questions of your own")
    *rest, last = dropped or [""]
    words = f"{', '.join(rest)} and {last}" if rest else last
    notes = (f"Amazon Rekognition is not asked for {words}.",) if last else ()
    changes: dict[str, Any] = {
        "find": left or ("summary",),
        "fields": (),
        "tier": "standard",
        "carry": False,
        "also": (),
    }
    return request.model_copy(update=changes), notes


def features_of(request: AnalysisRequest, asset: Asset) -> tuple[str, ...]:
    """What is detected in an asset, in the order it is asked for; each is a call.

    Args:
        request: What is asked, of this engine.
        asset: A video or a picture.
    """
    labels = ("labels",) if {"equipment", "objects"} & set(request.find) else ()
    is_image = asset.kind == "image"
    return (*labels, *(each for each in request.detect if not is_image or each in IN_PICTURES))


def problem_with(request: AnalysisRequest, asset: Asset, *, can_stage: bool) -> Failure | None:
    """Why an asset cannot be done; None if it can.

    Args:
        request: What is asked, of this engine.
        asset: The asset.
        can_stage: Is there a folder in S3 that videos are read from?
    """
    if asset.kind == "audio":
        return Failure(
            asset.name, "Amazon Rekognition looks at pictures only", "choose another engine"
        )
    if asset.kind == "image":
        return _problem_with_picture(request, asset)
    if asset.duration_s > LONGEST_S:
        return Failure(
            asset.name,
            f"it lasts {format_length(asset.duration_s)}; Amazon Rekognition takes 6 h",
            "cut it, or choose another engine",
        )
    if not can_stage:
        return Failure(
            asset.name,
            "Amazon Rekognition reads videos from S3, and no folder there is set",
            "set WORKBENCH_STAGING_URI=s3://bucket/folder",
        )
    return None


def _problem_with_picture(request: AnalysisRequest, asset: Asset) -> Failure | None:
    if not features_of(request, asset):
        return Failure(
            asset.name,
            "a picture has no shots and no technical cues",
            f"detect {', '.join(IN_PICTURES)} in it, or find objects",
        )
    if min(asset.width_px, asset.height_px) < LEAST_PX:
        return Failure(
            asset.name,
            f"{asset.width_px} × {asset.height_px} px are too few for Amazon Rekognition",
            f"a picture needs {LEAST_PX} px on each side",
        )
    return None
