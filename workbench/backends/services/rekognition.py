"""Amazon Rekognition: labels, shots, technical cues, text, faces and moderation.

A video is put into the staging folder and a job is started on it; a picture goes with the call. A
job is named by its question, so whoever asks again, also after a crash, is attached to the job
that runs or has run, and nothing is paid twice. AWS ended the following of persons (People
Pathing) on 31 October 2025; it is not offered.
"""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import (
    Gate,
    MediaPart,
    ModelReply,
    ModelRequest,
    Readiness,
    open_gate,
)
from workbench.backends.services.job_calls import JobCalls
from workbench.backends.services.rekognition_wire import (
    DETECTIONS,
    Detection,
    image_answer,
    video_answer,
)
from workbench.backends.staging.folder import Staging, split_uri
from workbench.backends.usage import Usage
from workbench.errors import BadModelRequest, BadReply, ServiceDown

SERVICE = "Rekognition"

VIDEO_LIMIT_BYTES = 10_000_000_000
VIDEO_LIMIT_S = 6 * 3600.0
"""Largest and longest video (developer guide, limits)."""

IMAGE_LIMIT_BYTES = 5_242_880
"""Most bytes of a picture inside a call (service model)."""

IMAGE_FORMATS = frozenset({"png", "jpeg"})

PAGE_ROWS = 1000
"""Most rows of one reply (service model)."""

STARTS = 3
"""Jobs that are started for one question: another one only when the one before it had failed."""

NO_STAGING_HINT = (
    "set WORKBENCH_STAGING_URI=s3://bucket/folder to a folder in the region that Rekognition is"
    " called in"
)


@dataclass(frozen=True, slots=True)
class _Job:
    """A job of the service."""

    id: str
    number: int
    """Which start for this question it came of, from 1."""
    sends: int


class Rekognition:
    """The `rekognition` engine. Safe for threads; the client is opened with the first call.

    Args:
        region: AWS region; empty for boto3's own default, else us-east-1.
        staging: The folder in S3 that videos are read from; None for pictures only.
        sleep: Waits between sends and between looks at a job.
        jitter: Gives a number from 0 to 1 by which a wait between sends is shortened.
    """

    engine = "rekognition"

    def __init__(
        self,
        region: str = "",
        staging: Staging | None = None,
        *,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._calls = JobCalls(SERVICE, region, sleep=sleep, jitter=jitter)
        self._staging = staging
        self._lock = threading.Lock()
        self._under_way: dict[Path, threading.Lock] = {}

    def readiness(self) -> Readiness:
        """Say whether credentials and a staging folder are there. Nothing is called or paid."""
        found = self._calls.readiness(self.engine)
        if not found.is_ready:
            return found
        where = f"videos through {self._staging.uri}" if self._staging else "pictures only"
        return replace(
            found,
            finding=f"{found.finding.rstrip('.')}; {where}. Not called yet.",
            hint="" if self._staging else NO_STAGING_HINT,
        )

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Answer one request: one kind of detection in one file.

        Args:
            request: Its option `feature` is one of `labels`, `shots`, `cues`, `text`, `faces` and
                `moderation`; its only medium is the video or picture.
            model: Named in errors.
            gate: Passed before every send that may be billed; not by looks at a job.

        Returns:
            An answer with a summary that only counts, `elements` for labels, `detections` for the
            rest. It used seconds of video or a picture.

        Raises:
            NoCredentials: None were found, or they have run out.
            AccessDenied: The account may not call Rekognition, or Rekognition not read the file.
            Throttled: Still too many requests after several waits.
            QuotaExceeded: As many jobs as allowed run for an hour already.
            ServiceDown: The service failed, or could not finish the job.
            BadModelRequest: The file is over a limit, or was refused.
            BadReply: The reply has no end, or no job.
            StagingError: The file cannot be put into S3.
            MediaMissing: A file to send is not there.
        """
        started = time.monotonic()
        detection, (part,) = DETECTIONS[request.options["feature"]], request.media
        if part.kind == "image":
            answer, usage, version, sends = self._image(detection, part, model, gate)
        else:
            answer, usage, version, sends = self._video(detection, part, request, model, gate)
        return ModelReply(
            data=answer,
            usage=usage,
            model_id=" ".join(filter(None, ("rekognition", detection.feature, version))),
            stop_reason="end_turn",
            latency_s=round(time.monotonic() - started, 3),
            attempts=sends,
        )

    def _image(
        self, detection: Detection, part: MediaPart, model: ModelInfo, gate: Gate
    ) -> tuple[dict[str, Any], Usage, str, int]:
        if not detection.image_operation:
            raise BadModelRequest(f"{model.name} finds no {detection.feature} in pictures")
        if part.format not in IMAGE_FORMATS:
            raise BadModelRequest(
                f"{model.name} takes PNG and JPEG, not {part.format}", hint="convert the picture"
            )
        if part.size_bytes > IMAGE_LIMIT_BYTES:
            raise BadModelRequest(
                f"{part.path.name} has {part.size_bytes / 1e6:.1f} MB; {model.name} takes 5.2 MB",
                hint="make the picture smaller",
            )
        data = part.read()
        reply, sends = self._calls.call(
            detection.image_operation, {"Image": {"Bytes": data}, **detection.image}, gate
        )
        answer = image_answer(detection.feature, reply.get(detection.image_results) or [])
        return answer, Usage(images=1), str(reply.get(detection.version) or ""), sends

    def _video(
        self,
        detection: Detection,
        part: MediaPart,
        request: ModelRequest,
        model: ModelInfo,
        gate: Gate,
    ) -> tuple[dict[str, Any], Usage, str, int]:
        length_s = part.span.duration_s if part.span else 0.0
        if part.size_bytes > VIDEO_LIMIT_BYTES or length_s > VIDEO_LIMIT_S:
            raise BadModelRequest(
                f"{part.path.name} has {part.size_bytes / 1e9:.1f} GB and {length_s / 3600:.1f} h;"
                f" {model.name} takes 10 GB and 6 h",
                hint="cut the video, or use another engine",
            )
        if self._staging is None:
            raise BadModelRequest(
                f"{model.name} reads videos from S3, and no folder there is set",
                hint=NO_STAGING_HINT,
            )
        with self._one_at_a_time(part.path):
            uri = self._staging.put(part.path, "video/mp4")
        job, first = self._attached(detection, request.cache_key(), uri, gate)
        first = self._ended(detection, job, first, part)
        rows = self._rows(detection, job)
        measured_s = _length_s(first.get("VideoMetadata")) or length_s
        answer = video_answer(detection.feature, rows, measured_s)
        usage = Usage(media_s=measured_s)
        return answer, usage, str(first.get(detection.version) or ""), job.sends

    def _one_at_a_time(self, path: Path) -> threading.Lock:
        """Detections of one video begin together: the first brings it to S3, the others find it."""
        with self._lock:
            return self._under_way.setdefault(path, threading.Lock())

    def _attached(
        self, detection: Detection, key: str, uri: str, gate: Gate
    ) -> tuple[_Job, dict[str, Any]]:
        """The job of a question, with the first look at it.

        The same token gives the same job. One that is found to have failed at the first look is an
        earlier one, so the next number is started.
        """
        bucket, name = split_uri(uri)
        video = {"S3Object": {"Bucket": bucket, "Name": name}}
        sends = 0
        for number in range(1, STARTS + 1):
            # The address belongs to it: the same token with other arguments would be refused.
            token = hashlib.sha256(f"{key} {uri} {number}".encode()).hexdigest()
            arguments = {"Video": video, "ClientRequestToken": token, **detection.start}
            reply, sent = self._calls.call(
                f"Start{detection.operation}", arguments, gate, is_free=True
            )
            sends += sent
            job = _Job(str(reply.get("JobId") or ""), number, sends)
            if not job.id:
                raise BadReply(f"{SERVICE} started a job without a name", hint="run again")
            first = self._look(detection, job)
            if first.get("JobStatus") != "FAILED":
                break
        return job, first

    def _ended(
        self, detection: Detection, job: _Job, look: dict[str, Any], part: MediaPart
    ) -> dict[str, Any]:
        """Wait until a job has succeeded; gives the last look at it."""
        look = self._calls.wait_for(
            job.id,
            look,
            lambda: self._look(detection, job),
            is_running=lambda told: told.get("JobStatus") == "IN_PROGRESS",
            what=f"{detection.feature} of {part.path.name}",
        )
        if look.get("JobStatus") == "SUCCEEDED":
            return look
        said = str(look.get("StatusMessage") or "no reason was given")[:500]
        again = "run again to start another job" if job.number < STARTS else "try another engine"
        raise ServiceDown(
            f"{SERVICE} could not finish {detection.feature} of {part.path.name}: {said}",
            hint=f"{again}; job {job.id} has failed",
        )

    def _look(self, detection: Detection, job: _Job) -> dict[str, Any]:
        arguments = {"JobId": job.id, "MaxResults": 1, **detection.get}
        return self._calls.call(f"Get{detection.operation}", arguments, is_free=True)[0]

    def _rows(self, detection: Detection, job: _Job) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        token, seen = "", set[str]()
        while True:
            arguments = {"JobId": job.id, "MaxResults": PAGE_ROWS, **detection.get}
            if token:
                arguments["NextToken"] = token
            page, _ = self._calls.call(f"Get{detection.operation}", arguments, is_free=True)
            rows += page.get(detection.results) or []
            token = str(page.get("NextToken") or "")
            if not token:
                return rows
            if token in seen:
                raise BadReply(
                    f"{SERVICE} gives the same page of {detection.feature} again and again",
                    hint="run again: it is attached to the same job and not paid twice",
                )
            seen.add(token)


def _length_s(told: Any) -> float:
    """Length in seconds; segments have a list of metadata, the other jobs one."""
    first = (told[0] if told else {}) if isinstance(told, list) else (told or {})
    milliseconds = first.get("DurationMillis")
    return (
        milliseconds / 1000 if isinstance(milliseconds, int | float) and milliseconds > 0 else 0.0
    )
