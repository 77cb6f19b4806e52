"""Amazon Transcribe: what is said in a file, with the time of every word.

The sound is put into the staging folder and a job is started on it, which writes its transcript
there. A job is named by its sound and language, so whoever asks again, also after a crash, is
attached to the job that runs or has run, and nothing is paid twice.
"""

import hashlib
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import Gate, ModelReply, ModelRequest, Readiness, open_gate
from workbench.backends.services.job_calls import JobCalls
from workbench.backends.staging.folder import Staging, split_uri
from workbench.backends.usage import Usage
from workbench.errors import BadModelRequest, BadReply, ServiceDown
from workbench.jsonable import to_jsonable
from workbench.speech.transcribe import read_transcript

ENGINE = "transcribe"
SERVICE = "Transcribe"

START = "StartTranscriptionJob"
LOOK = "GetTranscriptionJob"

FORMATS = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "amr": "audio/amr",
    "webm": "audio/webm",
}
"""`MediaFormat` → Content-Type. No mkv and no mov (service model)."""

LONGEST_S = 4 * 3600.0
"""Longest sound of one job (quoted by third parties; the account's quota page has the last word)."""

LEAST_BILLED_S = 15.0
"""Shortest length that is billed; beyond it every second that has begun (AWS, pricing page)."""

STARTS = 3
"""Jobs that are started for one sound: another one only when the one before it had failed."""

RUNNING = frozenset({"QUEUED", "IN_PROGRESS"})
"""States of a job that is under way (service model)."""

NAME_TAKEN = "conflictexception"

NO_STAGING_HINT = (
    "set WORKBENCH_STAGING_URI=s3://bucket/folder to a folder in the region that Transcribe is"
    " called in"
)


def billed_s(length_s: float) -> float:
    """Seconds that are billed for a sound.

    Example:
        >>> billed_s(3.2), billed_s(61.01)
        (15.0, 62.0)
    """
    return max(LEAST_BILLED_S, float(math.ceil(round(length_s, 3))))


class Transcribe:
    """The `transcribe` engine. Safe for threads; the client is opened with the first call.

    Args:
        region: AWS region; empty for boto3's own default, else us-east-1.
        staging: The folder in S3 that sound is read from and transcripts are written to.
        sleep: Waits between sends and between looks at a job.
        jitter: Gives a number from 0 to 1 by which a wait between sends is shortened.
    """

    engine = ENGINE

    def __init__(
        self,
        region: str = "",
        staging: Staging | None = None,
        *,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        also = "s3:GetObject and s3:PutObject on the staging folder"
        self._calls = JobCalls(SERVICE, region, also=also, sleep=sleep, jitter=jitter)
        self._staging = staging

    def readiness(self) -> Readiness:
        """Say whether credentials and a staging folder are there. Nothing is called or paid."""
        found = self._calls.readiness(self.engine)
        if not found.is_ready:
            return found
        if self._staging is None:
            finding = f"{found.finding.rstrip('.')}; no folder in S3 is set."
            return Readiness(self.engine, is_ready=False, finding=finding, hint=NO_STAGING_HINT)
        return replace(
            found,
            finding=f"{found.finding.rstrip('.')}; through {self._staging.uri}. Not called yet.",
        )

    def require_access(self) -> None:
        """Ask for a job that is not there, which costs nothing.

        Raises:
            BackendError: The service cannot be reached, or the account may not ask.
        """
        absent = ("notfoundexception", "badrequestexception")
        self._calls.call(LOOK, {"TranscriptionJobName": "none"}, is_free=True, passed=absent)

    def invoke(self, request: ModelRequest, model: ModelInfo, gate: Gate = open_gate) -> ModelReply:
        """Have the sound of one file written down.

        Args:
            request: Its only medium is the sound; its option `language` is a code of the service's,
                as `en-US`, or empty to have it found out.
            model: Named in errors.
            gate: Passed before every start; not by looks at a job.

        Returns:
            The `transcript` as plain JSON. It used seconds of sound, as they are billed.

        Raises:
            NoCredentials: None were found, or they have run out.
            AccessDenied: The account may not call Transcribe, or Transcribe not use the folder.
            Throttled: Still too many requests after several waits.
            QuotaExceeded: As many jobs as allowed run for an hour already.
            ServiceDown: The service failed, or could not finish the job.
            BadModelRequest: The file is over a limit, or was refused.
            BadReply: The transcript cannot be read.
            StagingError: The file cannot be put into S3, or the transcript not be read there.
            MediaMissing: A file to send is not there.
        """
        started = time.monotonic()
        (part,) = request.media
        length_s = part.span.duration_s if part.span else 0.0
        language = request.options.get("language", "")
        if part.format not in FORMATS:
            raise BadModelRequest(
                f"{model.name} does not read {part.format}",
                hint=f"send one of: {', '.join(FORMATS)}",
            )
        if length_s > LONGEST_S:
            raise BadModelRequest(
                f"{part.path.name} lasts {length_s / 3600:.1f} h; {model.name} takes"
                f" {LONGEST_S / 3600:.0f} h",
                hint="cut the file, or set WORKBENCH_TRANSCRIBER=local",
            )
        if self._staging is None:
            raise BadModelRequest(
                f"{model.name} reads sound from S3, and no folder there is set",
                hint=NO_STAGING_HINT,
            )
        sound = self._staging.put(part.path, FORMATS[part.format])
        written, sends = self._written(self._staging, sound, part.format, language, gate)
        usage = Usage(media_s=billed_s(length_s))
        try:
            transcript = read_transcript(json.loads(self._staging.read(written)), language)
        except ValueError as error:
            raise BadReply(
                f"{SERVICE} wrote what cannot be read about {part.path.name}: {error}",
                hint="run again: it is attached to the same job and not paid twice",
            ) from None
        return ModelReply(
            data={"transcript": to_jsonable(transcript)},
            usage=usage,
            model_id=f"{ENGINE} {transcript.source_detail}",
            stop_reason="end_turn",
            latency_s=round(time.monotonic() - started, 3),
            attempts=sends,
        )

    def _written(
        self, staging: Staging, sound: str, form: str, language: str, gate: Gate
    ) -> tuple[str, int]:
        """Where the transcript of a sound is, and how often a start was sent.

        A job that is found to have failed at the first look is an earlier one, so the next number
        is started; so is one whose transcript has been cleaned away.
        """
        sends = 0
        for number in range(1, STARTS + 1):
            # A staged file is named by its bytes. The folder belongs to it: the job writes there.
            name = hashlib.sha256(f"{sound} {language} {number}".encode()).hexdigest()
            written = f"{staging.uri}/{name}.json"
            bucket, key = split_uri(written)
            spoken = {"LanguageCode": language} if language else {"IdentifyLanguage": True}
            _, sent = self._calls.call(
                START,
                {
                    "TranscriptionJobName": name,
                    "Media": {"MediaFileUri": sound},
                    "MediaFormat": form,
                    "OutputBucketName": bucket,
                    "OutputKey": key,
                    **spoken,
                },
                gate,
                is_free=True,
                passed=(NAME_TAKEN,),
            )
            sends += sent
            job = self._look(name)
            is_last = number == STARTS
            if job.get("TranscriptionJobStatus") == "FAILED" and not is_last:
                continue
            was_done = job.get("TranscriptionJobStatus") == "COMPLETED"
            if was_done and not is_last and not staging.list(written):
                continue
            self._end(name, job, number)
            break
        return written, sends

    def _end(self, name: str, job: dict[str, Any], number: int) -> None:
        """Wait until a job has succeeded; the number says which start for its sound it came of."""
        job = self._calls.wait_for(
            name,
            job,
            lambda: self._look(name),
            is_running=lambda told: told.get("TranscriptionJobStatus") in RUNNING,
        )
        if job.get("TranscriptionJobStatus") != "COMPLETED":
            said = str(job.get("FailureReason") or "no reason was given")[:500]
            again = "run again to start another job, or " if number < STARTS else ""
            raise ServiceDown(
                f"{SERVICE} could not finish: {said}",
                hint=f"{again}set WORKBENCH_TRANSCRIBER=local; job {name} has failed",
            )

    def _look(self, name: str) -> dict[str, Any]:
        told, _ = self._calls.call(LOOK, {"TranscriptionJobName": name}, is_free=True)
        job: dict[str, Any] = told.get("TranscriptionJob") or {}
        return job
