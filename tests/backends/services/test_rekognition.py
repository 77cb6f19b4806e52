"""Rekognition over HTTP: jobs are started once, waited for, paged, and never paid twice."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from PIL import Image

from tests.support.loopback import CUT
from tests.support.moto_s3 import S3Server
from tests.support.rekognition_server import RekognitionServer
from workbench.analysis.answers.answer import Answer
from workbench.backends.catalog.file import load_catalog
from workbench.backends.protocol import MediaPart, ModelRequest
from workbench.backends.services.rekognition import Rekognition
from workbench.backends.services.rekognition_wire import DETECTIONS, image_answer, video_answer
from workbench.backends.staging.folder import Staging
from workbench.backends.usage import Usage
from workbench.errors import (
    AccessDenied,
    BadModelRequest,
    BadReply,
    NoCredentials,
    QuotaExceeded,
    ServiceDown,
    Throttled,
)
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.timecode import TimeSpan

MODEL = load_catalog().get("rekognition")
LENGTH_S = 20.0


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=2", "-t", str(LENGTH_S)]
    run_ffmpeg([*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", path])
    return path


@pytest.fixture(scope="module")
def desk(open_desk, shared_s3: S3Server, staging: Staging) -> Iterator[Any]:
    with open_desk(
        RekognitionServer(shared_s3.read), partial(Rekognition, staging=staging)
    ) as opened:
        yield opened


@pytest.fixture
def ask(backend: Rekognition, clip: Path) -> Callable[..., Any]:
    def asked(feature: str, path: Path = clip, **options: Any) -> Any:
        return backend.invoke(question(feature, path, **options), MODEL)

    return asked


def question(feature: str, path: Path, length_s: float = LENGTH_S) -> ModelRequest:
    is_video = path.suffix == ".mp4"
    kind = "video" if is_video else "image"
    span = TimeSpan(0.0, length_s) if is_video else None
    form = {".jpg": "jpeg"}.get(path.suffix, path.suffix.lstrip("."))
    size = path.stat().st_size if path.exists() else 1
    return ModelRequest(
        task="analyse_chunk" if is_video else "analyse_image",
        model="rekognition",
        prompt="",
        schema={},
        schema_name="detections",
        media=(MediaPart(kind, "0123456789abcdef", "original", span, path, form, size),),
        options={"feature": feature},
        max_output_tokens=0,
    )


@pytest.mark.parametrize("feature", DETECTIONS)
def test_every_detection_in_a_video_is_one_job_with_an_answer_in_the_house_form(
    ask, server, feature
):
    reply = ask(feature)
    answer = Answer.model_validate(reply.data)
    assert answer.summary.endswith(".")
    assert answer.elements if feature == "labels" else answer.detections
    assert {each.kind for each in answer.detections} <= {feature}
    assert server.billed == [feature]
    assert reply.usage == Usage(media_s=LENGTH_S)
    assert reply.attempts == 1
    assert {call.outcome for call in server.calls} == {"answered"}
    spans = [s for each in (*answer.elements, *answer.detections) for s in each.spans]
    assert all(0 <= span.start_s <= span.end_s <= LENGTH_S for span in spans)


def test_a_job_is_looked_at_with_one_row_and_then_paged(ask, server, waits):
    server.page_rows = 7
    reply = ask("text")
    (text,) = reply.data["detections"]
    assert text["name"] == "PUMP 7"
    # Sampled every half second for ten seconds: one stretch, not twenty.
    assert text["spans"] == [{"start_s": 0.0, "end_s": 9.5}]
    looks = [call.arguments for call in server.calls if call.operation == "GetTextDetection"]
    assert [look["MaxResults"] for look in looks[:3]] == [1, 1, 1]
    pages = [look for look in looks if look["MaxResults"] == 1000]
    assert len(pages) == 6
    assert [("NextToken" in page) for page in pages] == [False] + [True] * 5
    assert waits == [2.0, 3.0]


def test_labels_of_machines_are_equipment_and_keep_their_category(ask):
    answer = Answer.model_validate(ask("labels").data)
    (drill,) = answer.elements
    assert (drill.kind, drill.name, drill.category) == ("equipment", "Drill", "Tools and Machinery")
    assert drill.confidence == 0.935
    assert [(s.start_s, s.end_s, s.presence) for s in drill.spans] == [(0.0, 20.0, "shown")]


def test_faces_are_counted_and_not_told_apart(ask):
    reply = ask("faces")
    (faces,) = reply.data["detections"]
    assert (faces["name"], faces["most_at_once"]) == ("Faces", 2)
    assert reply.data["summary"] == "At most 2 faces at once, 9.5 s of 20 s."


@pytest.mark.parametrize("feature", ["labels", "text", "faces", "moderation"])
def test_a_picture_goes_with_the_call_and_is_billed_as_one(ask, server, s3, tmp_path, feature):
    path = tmp_path / "pump.jpg"
    Image.new("RGB", (100, 100), "red").save(path)
    reply = ask(feature, path)
    Answer.model_validate(reply.data)
    assert reply.usage == Usage(images=1)
    assert server.billed == [feature]
    assert s3.objects() == {}


def test_the_same_question_is_attached_to_the_job_that_was_paid(ask, server):
    first, second = ask("labels"), ask("labels")
    assert second.data == first.data
    assert server.billed == ["labels"]


def test_a_lost_reply_to_a_start_does_not_start_a_second_job(ask, server):
    server.script("StartLabelDetection", CUT, CUT, CUT)
    assert ask("labels").attempts == 4
    assert server.billed == ["labels"]


ASKER = """
import json, os, sys
from pathlib import Path
from tests.backends.services.test_rekognition import MODEL, question
from workbench.backends.services.rekognition import Rekognition
from workbench.backends.staging.folder import Staging

def die(seconds):
    os._exit(9)

backend = Rekognition(
    staging=Staging(sys.argv[1]), sleep=die if sys.argv[3] == "die" else lambda seconds: None
)
print(json.dumps(backend.invoke(question("labels", Path(sys.argv[2])), MODEL).data))
"""


def test_a_process_killed_while_it_waits_leaves_a_job_that_the_next_one_finds(
    server, s3, clip, project
):
    def run(how: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", ASKER, f"s3://{s3.bucket}/films", str(clip), how],
            cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip

    killed = run("die")
    assert (killed.returncode, killed.stdout) == (9, "")
    assert server.billed == ["labels"]
    again = run("live")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["elements"]
    assert server.billed == ["labels"]
    assert len(s3.objects()) == 1


@pytest.mark.parametrize(
    "code",
    ["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError"],
)
def test_what_passes_with_time_is_sent_again_after_a_wait(ask, server, waits, code):
    server.script("StartLabelDetection", code, code)
    server.script("GetLabelDetection", code)
    assert ask("labels").attempts == 3
    assert waits[:3] == [1.0, 2.0, 1.0]
    assert server.billed == ["labels"]


def test_a_storm_ends_in_an_error_after_six_sends(ask, server):
    server.script("StartLabelDetection", *["ThrottlingException"] * 20)
    with pytest.raises(Throttled, match=r"Rekognition: ThrottlingException.*sent 6 times"):
        ask("labels")
    assert server.billed == []


def test_too_many_jobs_are_waited_for_and_no_failure(ask, server, waits):
    server.script("StartLabelDetection", *["LimitExceededException"] * 5)
    assert ask("labels").attempts == 1
    assert waits[:5] == [30.0] * 5
    assert server.billed == ["labels"]


def test_too_many_jobs_for_too_long_end_in_an_error(ask, server, monkeypatch):
    monkeypatch.setattr("workbench.backends.services.job_calls.QUEUE_WAIT_S", 150.0)
    server.script("StartLabelDetection", *["LimitExceededException"] * 20)
    with pytest.raises(QuotaExceeded):
        ask("labels")
    assert server.billed == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidS3ObjectException", BadModelRequest),
        ("VideoTooLargeException", BadModelRequest),
        ("InvalidParameterException", BadModelRequest),
        ("IdempotentParameterMismatchException", BadModelRequest),
        ("AccessDeniedException", AccessDenied),
        ("ExpiredTokenException", NoCredentials),
    ],
)
def test_what_no_wait_can_cure_is_sent_once(ask, server, waits, code, error):
    server.script("StartLabelDetection", code)
    with pytest.raises(error) as raised:
        ask("labels")
    assert raised.value.hint
    assert waits == []
    assert len(server.calls) == 1


def test_a_refusal_names_the_action_to_allow(ask, server):
    server.script("StartFaceDetection", "AccessDeniedException")
    with pytest.raises(AccessDenied) as raised:
        ask("faces")
    assert "rekognition:StartFaceDetection" in raised.value.hint
    assert "s3:GetObject" in raised.value.hint


def test_a_failed_job_says_why_and_the_next_run_starts_another(ask, server):
    server.fails = 1
    with pytest.raises(ServiceDown, match="video could not be decoded"):
        ask("labels")
    assert server.billed == ["labels"]
    assert ask("labels").data["elements"]
    assert server.billed == ["labels", "labels"]


def test_no_more_than_three_jobs_are_started_for_one_question(ask, server):
    server.fails = 100
    for _ in range(6):
        with pytest.raises(ServiceDown):
            ask("labels")
    assert len(server.billed) == 3


def test_a_page_that_never_ends_is_a_bad_reply(ask, server):
    server.repeats_pages = True
    with pytest.raises(BadReply, match="same page"):
        ask("labels")


def test_without_a_staging_folder_a_video_is_refused_before_anything_is_sent(server, clip):
    with pytest.raises(BadModelRequest) as raised:
        Rekognition().invoke(question("labels", clip), MODEL)
    assert "WORKBENCH_STAGING_URI" in raised.value.hint
    assert server.calls == []


@pytest.mark.parametrize(("gb", "hours"), [(10.1, 1), (1, 6.01)])
def test_a_video_over_a_limit_is_refused_before_it_is_staged(backend, server, s3, clip, gb, hours):
    asked = question("labels", clip, length_s=hours * 3600)
    (part,) = asked.media
    large = replace(asked, media=(replace(part, size_bytes=int(gb * 1e9)),))
    with pytest.raises(BadModelRequest, match="takes 10 GB and 6 h"):
        backend.invoke(large, MODEL)
    assert server.calls == []
    assert s3.objects() == {}


def test_a_picture_over_a_limit_or_of_another_format_is_refused(ask, server, tmp_path):
    path = tmp_path / "pump.gif"
    Image.new("RGB", (100, 100)).save(path)
    with pytest.raises(BadModelRequest, match="takes PNG and JPEG"):
        ask("labels", path)
    big = tmp_path / "pump.png"
    big.write_bytes(b"\x89PNG" + bytes(6_000_000))
    with pytest.raises(BadModelRequest, match=r"takes 5\.2 MB"):
        ask("labels", big)
    assert server.calls == []


def test_readiness_calls_nothing_and_says_what_is_missing(backend, server, monkeypatch):
    assert backend.readiness().is_ready
    assert "s3://" in backend.readiness().finding
    assert "WORKBENCH_STAGING_URI" in Rekognition().readiness().hint
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    missing = Rekognition().readiness()
    assert not missing.is_ready
    assert missing.hint
    assert server.calls == []


ODD = some.one_of(some.none(), some.floats(), some.integers(-5_000, 90_000), some.text(max_size=3))
ROW = some.fixed_dictionaries(
    {},
    optional={
        "Timestamp": ODD,
        "StartTimestampMillis": ODD,
        "EndTimestampMillis": ODD,
        "Type": some.sampled_from(["SHOT", "TECHNICAL_CUE", ""]),
        **dict.fromkeys(
            ("Label", "ModerationLabel", "TextDetection", "Face", "TechnicalCueSegment"),
            some.one_of(
                some.none(),
                some.fixed_dictionaries(
                    {},
                    optional={
                        "Name": some.text(max_size=4),
                        "DetectedText": some.text(max_size=4),
                        "Type": some.sampled_from(["LINE", "WORD", "Slate", "New"]),
                        "Confidence": ODD,
                    },
                ),
            ),
        ),
    },
)


@given(feature=some.sampled_from(sorted(DETECTIONS)), rows=some.lists(ROW, max_size=8))
@example(feature="moderation", rows=[{"ModerationLabel": {"Name": "\x1b"}}])
def test_whatever_a_reply_holds_becomes_an_answer_with_times_inside_of_the_video(feature, rows):
    answer = Answer.model_validate(video_answer(feature, rows, 60.0))
    found = (*answer.elements, *answer.detections)
    assert all(0 <= s.start_s <= s.end_s <= 60.0 for each in found for s in each.spans)
    assert all(e.confidence is None or 0 <= e.confidence <= 1 for e in found)
    assert answer.summary


@given(feature=some.sampled_from(["labels", "text", "faces", "moderation"]), rows=some.lists(ROW))
def test_whatever_is_found_in_a_picture_becomes_an_answer(feature, rows):
    Answer.model_validate(image_answer(feature, rows))
