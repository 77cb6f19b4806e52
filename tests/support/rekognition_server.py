"""A Rekognition on loopback that speaks json-1.1, for tests.

It checks every request against botocore's own model of the service, runs jobs that are in progress
for a few looks, pages its results, counts what it would bill, and fails on command.

with RekognitionServer(read=s3.read) as server:
    server.script("StartLabelDetection", "ThrottlingException")
    ...                              # point AWS_ENDPOINT_URL_REKOGNITION at server.url
    assert server.billed == ["labels"]
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.support.loopback import Call, JobServer, Refusal, aws_environment
from tests.support.rekognition_rules import IMAGES, KINDS, checked, duration_ms_of, feature_of

RESULTS = {
    "labels": "Labels",
    "shots": "Segments",
    "cues": "Segments",
    "text": "TextDetections",
    "faces": "Faces",
    "moderation": "ModerationLabels",
}

LABELS = [
    {"Name": "Drill", "Confidence": 93.5, "Categories": [{"Name": "Tools and Machinery"}]},
    {"Name": "Person", "Confidence": 99.1, "Categories": [{"Name": "Person Description"}]},
    {"Name": "Plant", "Confidence": 71.0, "Categories": [{"Name": "Plants and Flowers"}]},
]


def label_rows(duration_ms: int, every_ms: int = 60_000) -> list[dict[str, Any]]:
    """A label at a time, each for half of its turn, as AggregateBy=SEGMENTS gives them."""
    return [
        {
            "Timestamp": start,
            "StartTimestampMillis": start,
            "EndTimestampMillis": min(duration_ms, start + every_ms // 2),
            "DurationMillis": min(duration_ms, start + every_ms // 2) - start,
            "Label": {**LABELS[number % len(LABELS)], "Instances": [], "Parents": []},
        }
        for number, start in enumerate(range(0, duration_ms, every_ms))
    ]


def default_rows(feature: str, duration_ms: int) -> list[dict[str, Any]]:
    """What a job finds when a test has said nothing else."""
    half = duration_ms // 2
    segment = {"StartTimestampMillis": 0, "EndTimestampMillis": half, "DurationMillis": half}
    line = {"DetectedText": "PUMP 7", "Type": "LINE", "Id": 0, "Confidence": 98.0}
    word = {"DetectedText": "PUMP", "Type": "WORD", "Id": 1, "ParentId": 0, "Confidence": 98.5}
    moments = range(0, half, 500)
    rows: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "labels": lambda: label_rows(duration_ms),
        "shots": lambda: [
            {**segment, "Type": "SHOT", "ShotSegment": {"Index": 0, "Confidence": 99.0}},
            {
                "StartTimestampMillis": half,
                "EndTimestampMillis": duration_ms,
                "Type": "SHOT",
                "ShotSegment": {"Index": 1, "Confidence": 87.0},
            },
        ],
        "cues": lambda: [
            {
                **segment,
                "Type": "TECHNICAL_CUE",
                "TechnicalCueSegment": {"Type": "OpeningCredits", "Confidence": 88.0},
            }
        ],
        "text": lambda: [
            {"Timestamp": at, "TextDetection": each} for at in moments for each in (line, word)
        ],
        "faces": lambda: [
            {"Timestamp": at, "Face": {"Confidence": 97.0}} for at in moments for _ in range(2)
        ],
        "moderation": lambda: [
            {
                "Timestamp": 0,
                **segment,
                "ModerationLabel": {
                    "Name": "Smoking", "ParentName": "Drugs & Tobacco", "Confidence": 64.0,
                },
            }
        ],
    }  # fmt: skip
    return rows[feature]()


@dataclass
class Job:
    """A job that was started, and is billed."""

    id: str
    feature: str
    token: str
    arguments: dict[str, Any]
    duration_ms: int
    looks_left: int
    is_failed: bool = False
    looks: int = 0


class RekognitionServer(JobServer):
    """The server: started by `with`.

    Args:
        read: Gives an object at an S3 address, with `data` and `content_type`; KeyError if none.
        looks: Looks at a job that find it in progress.
        page_rows: Most rows of one reply, whatever is asked for.
        at_once: Jobs that may run at the same time.
    """

    target = "RekognitionService."
    statuses: ClassVar = {"InternalServerError": 500}

    def __init__(
        self,
        read: Callable[[str], Any],
        *,
        looks: int = 2,
        page_rows: int = 10,
        at_once: int = 20,
    ) -> None:
        super().__init__()
        self.read = read
        self.at_once = at_once
        self._usual = looks, page_rows
        self.reset()

    def reset(self) -> None:
        """Forget every job, the log and the script."""
        self.looks, self.page_rows = self._usual
        self.rows: Callable[[str, int], list[dict[str, Any]]] = default_rows
        """Feature and length in milliseconds → what a job finds."""
        self.fails = 0
        """How many of the jobs to be started next will fail."""
        self.failure = "The video could not be decoded."
        self.repeats_pages = False
        """Give the same page token for ever."""
        self._jobs: dict[str, Job] = {}
        self._images: list[str] = []
        self.forget()

    def environment(self) -> dict[str, str]:
        """What a process needs to know to use it."""
        return aws_environment(self.url, "REKOGNITION")

    @property
    def calls(self) -> list[Call]:
        """Everything that came in."""
        return self.log

    @property
    def jobs(self) -> list[Job]:
        """Every job that was started."""
        with self._lock:
            return list(self._jobs.values())

    @property
    def billed(self) -> list[str]:
        """What would be billed: the features of jobs that were started, and of pictures."""
        with self._lock:
            return [each.feature for each in self._jobs.values()] + self._images

    @property
    def billed_s(self) -> float:
        """Seconds of video that would be billed."""
        return sum(job.duration_ms for job in self.jobs) / 1000

    def arguments_of(self, operation: str, raw: bytes) -> dict[str, Any]:
        """The arguments of a request that keeps every rule of the service's model."""
        return checked(operation, raw)

    def done(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look at a picture, start a job, or look at one."""
        if operation in IMAGES:
            return self._picture(operation, arguments)
        if operation.startswith("Start"):
            return self._start(operation.removeprefix("Start"), arguments)
        return self._get(operation.removeprefix("Get"), arguments)

    def _picture(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        data = arguments["Image"]["Bytes"]
        if not data.startswith((b"\xff\xd8", b"\x89PNG")):
            raise Refusal("InvalidImageFormatException")
        feature = IMAGES[operation]
        self._images.append(feature)
        rows = {
            "DetectLabels": {"Labels": LABELS},
            "DetectText": {
                "TextDetections": [{"DetectedText": "PUMP 7", "Type": "LINE", "Confidence": 98.0}]
            },
            "DetectFaces": {"FaceDetails": [{"Confidence": 97.0}]},
            "DetectModerationLabels": {"ModerationLabels": []},
        }
        return rows[operation]

    def _start(self, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
        token = arguments.get("ClientRequestToken", "")
        for job in self._jobs.values():
            if token and job.token == token:
                if job.arguments != arguments:
                    raise Refusal("IdempotentParameterMismatchException")
                return {"JobId": job.id}
        running = [j for j in self._jobs.values() if j.looks_left > 0 and not j.is_failed]
        if len(running) >= self.at_once:
            raise Refusal("LimitExceededException", "too many open jobs")
        place = arguments["Video"]["S3Object"]
        try:
            kept = self.read(f"s3://{place['Bucket']}/{place['Name']}")
        except KeyError:
            raise Refusal("InvalidS3ObjectException", "Unable to get object metadata.") from None
        number = len(self._jobs) + 1
        job = Job(
            f"{number:064x}", feature_of(kind, arguments), token, arguments,
            duration_ms_of(kept), self.looks,
        )  # fmt: skip
        if self.fails > 0:
            self.fails -= 1
            job.is_failed = True
        self._jobs[job.id] = job
        return {"JobId": job.id}

    def _get(self, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
        job = self._jobs.get(arguments["JobId"])
        if job is None or KINDS[job.feature] != kind:
            raise Refusal("ResourceNotFoundException", "Could not find JobId")
        job.looks += 1
        if job.looks_left > 0:
            job.looks_left -= 1
            return {"JobStatus": "IN_PROGRESS", "JobId": job.id}
        if job.is_failed:
            return {"JobStatus": "FAILED", "StatusMessage": self.failure, "JobId": job.id}
        every = self.rows(job.feature, job.duration_ms)
        offset = 0
        if token := arguments.get("NextToken"):
            found = re.fullmatch(rf"page-{job.id[-8:]}-(\d+)", token)
            if not found:
                raise Refusal("InvalidPaginationTokenException")
            offset = int(found[1])
        end = offset + min(self.page_rows, arguments.get("MaxResults", 1000))
        metadata = {"DurationMillis": job.duration_ms, "Codec": "h264", "Format": "QuickTime / MOV"}
        body: dict[str, Any] = {
            "JobStatus": "SUCCEEDED",
            "JobId": job.id,
            "VideoMetadata": [metadata] if kind == "SegmentDetection" else metadata,
            RESULTS[job.feature]: every[offset:end],
        }
        if kind == "LabelDetection":
            body["LabelModelVersion"] = "3.0"
        if self.repeats_pages:
            body["NextToken"] = f"page-{job.id[-8:]}-0"
        elif end < len(every):
            body["NextToken"] = f"page-{job.id[-8:]}-{end}"
        return body
