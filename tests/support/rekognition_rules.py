"""What Rekognition's own model of its service asks of a request, and what it reads of a video."""

import base64
import functools
import io
import json
import re
from typing import Any

from tests.support.loopback import Refusal

JOBS = ("LabelDetection", "SegmentDetection", "TextDetection", "FaceDetection", "ContentModeration")
IMAGES = {
    "DetectLabels": "labels",
    "DetectText": "text",
    "DetectFaces": "faces",
    "DetectModerationLabels": "moderation",
}
KINDS = {
    "labels": "LabelDetection",
    "shots": "SegmentDetection",
    "cues": "SegmentDetection",
    "text": "TextDetection",
    "faces": "FaceDetection",
    "moderation": "ContentModeration",
}


def feature_of(kind: str, arguments: dict[str, Any]) -> str:
    """What a job finds."""
    if kind == "SegmentDetection":
        return "shots" if arguments["SegmentTypes"] == ["SHOT"] else "cues"
    return {v: k for k, v in KINDS.items()}[kind]


def duration_ms_of(kept: Any) -> int:
    """Length of a staged video, which has to be H.264 in MP4 or MOV."""
    import av

    try:
        with av.open(io.BytesIO(kept.data)) as container:
            codec = container.streams.video[0].codec_context.codec.canonical_name
            is_mp4 = "mp4" in container.format.name
            duration_ms = int((container.duration or 0) / 1000)
    except (av.FFmpegError, IndexError):
        raise Refusal("InvalidS3ObjectException", "Not a video.") from None
    if codec != "h264" or not is_mp4 or not kept.content_type.startswith("video/"):
        raise Refusal("InvalidS3ObjectException", f"Unsupported codec/format: {codec}")
    return duration_ms


@functools.cache
def service_model() -> Any:
    """botocore's own description of Rekognition."""
    import botocore.session

    return botocore.session.get_session().get_service_model("rekognition")


def checked(operation: str, raw: bytes) -> dict[str, Any]:
    """The arguments of a request that keeps every rule of the service's model."""
    from botocore.validate import ParamValidator

    if operation not in service_model().operation_names or (
        operation not in IMAGES and operation.removeprefix("Start").removeprefix("Get") not in JOBS
    ):
        raise Refusal("UnknownOperationException")
    shape = service_model().operation_model(operation).input_shape
    arguments = _decoded(json.loads(raw), shape)
    report = ParamValidator().validate(arguments, shape)
    if report.has_errors():
        raise Refusal("InvalidParameterException", report.generate_report())
    _check(arguments, shape, operation)
    return arguments


def _decoded(value: Any, shape: Any) -> Any:
    if shape.type_name == "blob":
        return base64.b64decode(value)
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            raise Refusal("InvalidParameterException", f"unknown: {unknown}")
        return {name: _decoded(each, shape.members[name]) for name, each in value.items()}
    if shape.type_name == "list":
        return [_decoded(each, shape.member) for each in value]
    return value


def _check(value: Any, shape: Any, where: str) -> None:
    """What botocore leaves to the service: choices, patterns and the largest sizes."""
    limits = shape.metadata
    if shape.type_name == "structure":
        for name, each in value.items():
            _check(each, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for each in value:
            _check(each, shape.member, where)
    size = value if isinstance(value, int | float) else len(value)
    if "max" in limits and size > limits["max"]:
        raise Refusal("InvalidParameterException", f"{where} is over {limits['max']}")
    if getattr(shape, "enum", None) and value not in shape.enum:
        raise Refusal("InvalidParameterException", f"{where} is {value!r}")
    pattern = limits.get("pattern")
    if pattern and not re.fullmatch(pattern.strip("^$"), value):
        raise Refusal("InvalidParameterException", f"{where} is {value!r}")
