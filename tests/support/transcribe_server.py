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
import wave
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.support.loopback import JobServer, Refusal, aws_environment
from tests.support.service_model import faults_of

START = "StartTranscriptionJob"

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


class TranscribeServer(JobServer):
    """The server: started by `with`.

    Args:
        read: Gives an object at an S3 address, with `data` and `content_type`; KeyError if none.
        write: Puts an object there: key, bytes and Content-Type.
        looks: Looks at a job that find it unfinished, the first of them queued.
    """

    target = "Transcribe."
    statuses: ClassVar = {"InternalFailureException": 500, "ServiceUnavailableException": 503}

    def __init__(
        self,
        read: Callable[[str], Any],
        write: Callable[[str, bytes, str], str],
        *,
        looks: int = 2,
    ) -> None:
        super().__init__()
        self.read = read
        self.write = write
        self._usual = looks
        self.reset()

    def reset(self) -> None:
        """Forget every job, the log and the script."""
        self.looks = self._usual
        self.said = SAID
        self.heard_language = "en-US"
        self.fails = 0
        """How many of the jobs to be started next will fail."""
        self.failure = "The media could not be decoded."
        self._jobs: dict[str, Job] = {}
        self.forget()

    def environment(self) -> dict[str, str]:
        """What a process needs to know to use it."""
        return aws_environment(self.url, "TRANSCRIBE")

    @property
    def calls(self) -> list[str]:
        """The operations of everything that came in."""
        return [call.operation for call in self.log]

    @property
    def jobs(self) -> list[Job]:
        """Every job that was started."""
        with self._lock:
            return list(self._jobs.values())

    @property
    def billed_s(self) -> float:
        """Seconds that would be billed: every one that has begun, 15 at least."""
        return sum(max(15.0, math.ceil(job.length_s)) for job in self.jobs if not job.is_failed)

    def arguments_of(self, operation: str, raw: bytes) -> dict[str, Any]:
        """The arguments of a request that keeps every rule of the service's model."""
        arguments: dict[str, Any] = json.loads(raw)
        if faults := faults_of("transcribe", operation, arguments):
            raise Refusal("BadRequestException", "; ".join(faults))
        return arguments

    def done(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Start a job, or look at one."""
        return self._start(arguments) if operation == START else self._look(arguments)

    def _start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        name = arguments["TranscriptionJobName"]
        if name in self._jobs:
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
        self._jobs[name] = job
        return {"TranscriptionJob": self._told(job)}

    def _look(self, arguments: dict[str, Any]) -> dict[str, Any]:
        job = self._jobs.get(arguments["TranscriptionJobName"])
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
