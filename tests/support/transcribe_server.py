"""An Amazon Transcribe on loopback that speaks json-1.1, for tests.

It checks every request against botocore's own model of the service, takes jobs through QUEUED and
IN_PROGRESS to COMPLETED, writes their transcripts to S3, counts what it would bill, and fails on
command.

with TranscribeServer(read=s3.read, write=s3.write) as server:
    server.script("StartTranscriptionJob", "InternalFailureException")
    ...                              # point AWS_ENDPOINT_URL_TRANSCRIBE at server.url
    assert server.billed_s == 20.0
"""

import io
import json
import math
import threading
import wave
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.loopback import LoopbackHandler, LoopbackServer, aws_environment
from tests.support.service_model import faults_of

TARGET = "Transcribe."
CONTENT_TYPE = "application/x-amz-json-1.1"
START = "StartTranscriptionJob"
STATUSES = {"InternalFailureException": 500, "ServiceUnavailableException": 503}
CUT = "cut"
"""A step: do what was asked, and drop the connection without an answer."""

SAID = "The pump is running. Close the valve now."
"""What is heard in every file, a word every half second."""


def transcript_of(said: str, language: str) -> dict[str, Any]:
    """The file that a job writes, in the documented form."""
    items: list[dict[str, Any]] = []
    for number, word in enumerate(said.split()):
        bare = word.rstrip(".,")
        items.append(
            {
                "type": "pronunciation",
                "start_time": f"{number / 2:.2f}",
                "end_time": f"{number / 2 + 0.4:.2f}",
                "alternatives": [{"confidence": "0.987", "content": bare}],
            }
        )
        if word != bare:
            mark = {"confidence": "0.0", "content": word[-1]}
            items.append({"type": "punctuation", "alternatives": [mark]})
    return {
        "jobName": "job",
        "accountId": "123456789012",
        "status": "COMPLETED",
        "results": {
            "language_code": language,
            "transcripts": [{"transcript": said}],
            "items": items,
        },
    }


@dataclass
class Job:
    """A job that was started, and is billed."""

    name: str
    arguments: dict[str, Any]
    length_s: float
    looks_left: int
    is_failed: bool = False


class Refusal(Exception):
    """A request that breaks a rule."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind


@dataclass
class _State:
    jobs: dict[str, Job] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    steps: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))


class TranscribeServer(LoopbackServer):
    """The server: started by `with`.

    Args:
        read: Gives an object at an S3 address, with `data` and `content_type`; KeyError if none.
        write: Puts an object there: key, bytes and Content-Type.
        looks: Looks at a job that find it unfinished, the first of them queued.
    """

    def __init__(
        self,
        read: Callable[[str], Any],
        write: Callable[[str, bytes, str], str],
        *,
        looks: int = 2,
    ) -> None:
        super().__init__(_Handler)
        self.read = read
        self.write = write
        self._usual = looks
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget every job, the log and the script."""
        self.looks = self._usual
        self.said = SAID
        self.heard_language = "en-US"
        self.fails = 0
        """How many of the jobs to be started next will fail."""
        self.failure = "The media could not be decoded."
        self._state = _State()

    def environment(self) -> dict[str, str]:
        """What a process needs to know to use it."""
        return aws_environment(self.url, "TRANSCRIBE")

    def script(self, operation: str, *steps: str) -> None:
        """Play these steps for the next requests of an operation: error codes, or `CUT`."""
        with self._lock:
            self._state.steps[operation].extend(steps)

    @property
    def calls(self) -> list[str]:
        """The operations of everything that came in."""
        with self._lock:
            return list(self._state.calls)

    @property
    def jobs(self) -> list[Job]:
        """Every job that was started."""
        with self._lock:
            return list(self._state.jobs.values())

    @property
    def billed_s(self) -> float:
        """Seconds that would be billed: every one that has begun, 15 at least."""
        return sum(max(15.0, math.ceil(job.length_s)) for job in self.jobs if not job.is_failed)

    def answer(self, operation: str, raw: bytes) -> tuple[int, dict[str, Any] | None]:
        """Status and body of a reply; no body for a dropped connection."""
        with self._lock:
            steps = self._state.steps[operation]
            step = steps.popleft() if steps else ""
            self._state.calls.append(operation)
            try:
                if step and step != CUT:
                    raise Refusal(step)  # noqa: TRY301
                arguments = json.loads(raw)
                if faults := faults_of("transcribe", operation, arguments):
                    raise Refusal("BadRequestException", "; ".join(faults))  # noqa: TRY301
                done = self._start if operation == START else self._look
                body = done(arguments)
            except Refusal as refusal:
                status = STATUSES.get(refusal.kind, 400)
                return status, {"__type": refusal.kind, "Message": str(refusal)}
            return (200, None) if step == CUT else (200, body)

    def _start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name = arguments["TranscriptionJobName"]
        if name in self._state.jobs:
            raise Refusal("ConflictException", "The requested job name already exists.")
        if ("LanguageCode" in arguments) == bool(arguments.get("IdentifyLanguage")):
            raise Refusal("BadRequestException", "Name one of the ways to know the language.")
        try:
            kept = self.read(arguments["Media"]["MediaFileUri"])
        except KeyError:
            raise Refusal("BadRequestException", "The media is not there.") from None
        job = Job(name, arguments, _length_s(kept, arguments["MediaFormat"]), self.looks)
        if self.fails > 0:
            self.fails -= 1
            job.is_failed = True
        self._state.jobs[name] = job
        return {"TranscriptionJob": self._told(job)}

    def _look(self, arguments: dict[str, Any]) -> dict[str, Any]:
        job = self._state.jobs.get(arguments["TranscriptionJobName"])
        if job is None:
            raise Refusal("BadRequestException", "The requested job couldn't be found.")
        told = self._told(job)
        if job.looks_left > 0:
            job.looks_left -= 1
        if told["TranscriptionJobStatus"] == "COMPLETED" and job.looks_left == 0:
            job.looks_left = -1
            told_of = transcript_of(self.said, told["LanguageCode"])
            self.write(job.arguments["OutputKey"], json.dumps(told_of).encode(), "application/json")
        return {"TranscriptionJob": told}

    def _told(self, job: Job) -> dict[str, Any]:
        told: dict[str, Any] = {"TranscriptionJobName": job.name}
        if job.looks_left > 0:
            is_new = job.looks_left == self.looks
            told["TranscriptionJobStatus"] = "QUEUED" if is_new else "IN_PROGRESS"
        elif job.is_failed:
            told |= {"TranscriptionJobStatus": "FAILED", "FailureReason": self.failure}
        else:
            told["TranscriptionJobStatus"] = "COMPLETED"
            told["LanguageCode"] = job.arguments.get("LanguageCode", self.heard_language)
        return told


def _length_s(kept: Any, form: str) -> float:
    """Length of a staged sound, which has to be 16 kHz mono."""
    if form != "wav" or kept.content_type != "audio/wav":
        raise Refusal("BadRequestException", "The media format does not fit the media.")
    with wave.open(io.BytesIO(kept.data)) as sound:
        if (sound.getframerate(), sound.getnchannels()) != (16_000, 1):
            raise Refusal("BadRequestException", "Not the proxy.")
        return sound.getnframes() / sound.getframerate()


class _Handler(LoopbackHandler[TranscribeServer]):
    def post(self) -> None:
        raw = self.body()
        target = self.headers.get("X-Amz-Target", "")
        if not self.is_signed():
            status, body = 400, {"__type": "UnrecognizedClientException"}
        elif self.headers.get("Content-Type") != CONTENT_TYPE:
            status, body = 400, {"__type": "SerializationException"}
        else:
            status, body = self.owner.answer(target.removeprefix(TARGET), raw)
        if body is None:
            self.drop()
        else:
            self.send_json(status, body, {"Content-Type": CONTENT_TYPE})
