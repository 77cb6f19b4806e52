"""The loopback Bedrock keeps the service's rules; otherwise tests against it mean nothing."""

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.support.bedrock_rules import Refusal, checked
from tests.support.bedrock_server import credentials_for_tests, error
from tests.support.event_stream import event
from workbench.backends.bedrock.converse import BedrockNova

LITE = "us.amazon.nova-lite-v1:0"


def said(*content):
    return {"messages": [{"role": "user", "content": list(content)}]}


@pytest.fixture
def video(clip):
    data = base64.b64encode(clip.read_bytes()).decode()
    return {"video": {"format": "mp4", "source": {"bytes": data}}}


@pytest.fixture
def image(photo):
    data = base64.b64encode(photo.read_bytes()).decode()
    return {"image": {"format": "jpeg", "source": {"bytes": data}}}


WORDS = {"text": "What is shown?"}


def test_a_good_request_is_read(video):
    received = checked(LITE, said(video, WORDS))
    assert received.video.duration_s == 180
    assert received.input_tokens == 180 * 288 + len(WORDS["text"]) // 4


def test_requests_that_break_a_rule_are_refused(video, image):
    not_base64 = {"video": {"format": "mp4", "source": {"bytes": "…"}}}
    not_a_video = {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}}
    jpg = {"image": {**image["image"], "format": "jpg"}}
    png = {"image": {**image["image"], "format": "png"}}
    tool = {"toolSpec": {"name": "t", "inputSchema": {"json": {"type": "object", "title": "T"}}}}
    for body, why in [
        ({"messages": []}, "must not be empty"),
        (said(), "is empty"),
        (said(WORDS, video), "come last"),
        (said(video, video, WORDS), "Only one video"),
        (said(*[image] * 6, WORDS), "At most 5 images"),
        (said(video, {"text": " "}), "blank"),
        (said(jpg, WORDS), "format 'jpg'"),
        (said(png, WORDS), "is jpeg, not png"),
        (said(not_base64, WORDS), "not base64"),
        (said(not_a_video, WORDS), "could not be processed"),
        ({**said(WORDS), "inferenceConfig": {"maxTokens": 5001}}, "maxTokens"),
        ({**said(WORDS), "inferenceConfig": {"temperature": 1.5}}, "temperature"),
        ({**said(WORDS), "outputConfig": {}}, "not supported"),
        ({**said(WORDS), "toolConfig": {"tools": [tool]}}, "takes no"),
        (said({"text": "x" * 1_300_000}), "too long"),
    ]:
        with pytest.raises(Refusal, match=why):
            checked(LITE, body)


@pytest.mark.parametrize(
    ("model_id", "why"),
    [
        ("amazon.nova-2-lite-v1:0", "on-demand throughput"),
        ("us.amazon.nova-premier-v1:0", "end of its life"),
        ("amazon.nova-9", "identifier is invalid"),
        ("global.amazon.nova-pro-v1:0", "identifier is invalid"),
    ],
)
def test_ids_the_service_does_not_answer_to_are_refused(model_id, why):
    with pytest.raises(Refusal, match=why):
        checked(model_id, said(WORDS))


def test_a_request_without_a_signature_or_with_a_huge_body_is_refused(server):
    def post(body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        address = f"{server.url}/model/{LITE.replace(':', '%3A')}/converse"
        request = urllib.request.Request(address, body, headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value as refused:
            return refused.code, refused.headers["x-amzn-errortype"]

    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test"}
    assert post(b"{}", {}) == (403, "MissingAuthenticationTokenException")
    assert post(b" " * 25_000_001, signed) == (400, "ValidationException")
    assert post(b"{half", signed) == (400, "SerializationException")
    assert [call.outcome for call in server.calls] == ["refused"] * 3


def test_a_refused_request_does_not_use_up_the_script(server, nova, catalog, lite, question):
    server.script(error("ThrottlingException"))
    with pytest.raises(Exception, match="end of its life"):
        nova.invoke(question, catalog.get("premier"))
    assert nova.invoke(question, lite).attempts == 2
    assert [call.outcome for call in server.calls] == ["refused", "ThrottlingException", "answered"]


def test_answers_to_one_question_are_equal_and_overlapping_parts_agree(nova, lite, question):
    from dataclasses import replace

    assert nova.invoke(question, lite).data == nova.invoke(question, lite).data
    later = replace(question, prompt=question.prompt.replace("0:00 to 3:00", "1:30 to 4:30"))
    starts = [chapter["start_s"] for chapter in nova.invoke(later, lite).data["chapters"]]
    # Minutes of the source, on the clock of a clip that starts at 1:30.
    assert starts == [0, 30, 90, 150]


def test_it_serves_by_itself_and_keeps_a_log(tmp_path, project, lite, question, monkeypatch):
    for name, value in credentials_for_tests().items():
        monkeypatch.setenv(name, value)
    log = tmp_path / "calls.jsonl"
    program = project / "tests" / "support" / "bedrock_server.py"
    with subprocess.Popen(
        [sys.executable, program, "--log", log], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            address = process.stdout.readline().strip()
            BedrockNova("us-east-1", address).invoke(question, lite)
        finally:
            process.terminate()
    (call,) = map(json.loads, log.read_text().splitlines())
    assert (call["outcome"], call["number"]) == ("answered", 1)


def test_a_short_recording_has_chapters_too(nova, lite, question, tmp_path, part):
    from dataclasses import replace

    from tests.backends.conftest import clip_bytes

    path = tmp_path / "short.mp4"
    path.write_bytes(clip_bytes(25))
    short = replace(
        question,
        prompt=question.prompt.replace("0:00 to 3:00 of 3 min", "0:00 to 0:25 of 33 s"),
        media=(part(path, seconds=25),),
    )
    starts = [chapter["start_s"] for chapter in nova.invoke(short, lite).data["chapters"]]
    assert starts == [0, 10, 20]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"topK": 3}, 'Unknown parameter in input: "topK"'),
        ({"inferenceConfig": {"maxTokens": "many"}}, "inferenceConfig"),
        ({"serviceTier": {"type": "standard"}}, "serviceTier.type is 'standard'"),
        ({"messages": [{"role": "user", "content": [{"txt": "x"}, WORDS]}]}, "txt"),
        ({"requestMetadata": {"a": 1}}, "Invalid type for parameter"),
    ],
)
@pytest.mark.parametrize("operation", ["converse", "converse-stream"])
def test_a_request_is_held_against_the_services_own_model(server, operation, wrong, why):
    request = urllib.request.Request(
        f"{server.url}/model/{LITE.replace(':', '%3A')}/{operation}",
        json.dumps({**said(WORDS), **wrong}).encode(),
        {"Authorization": "AWS4-HMAC-SHA256 Credential=test"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as refused:
        assert refused.code == 400
        assert why in json.loads(refused.read())["message"]
    assert server.refused


def test_a_message_of_an_event_stream_is_framed_as_botocore_reads_it():
    from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

    framed = event("messageStop", {"stopReason": "end_turn"})
    buffer = EventStreamBuffer()
    for byte in framed:  # in any pieces
        buffer.add_data(bytes([byte]))
    (read,) = buffer
    assert read.headers[":event-type"] == "messageStop"
    assert json.loads(read.payload)["stopReason"] == "end_turn"

    broken = EventStreamBuffer()
    broken.add_data(framed[:-1] + bytes([framed[-1] ^ 1]))
    with pytest.raises(ChecksumMismatch):
        next(broken)


def test_media_in_s3_are_refused_where_there_is_no_s3():
    staged = {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://films/a.mp4"}}}}
    with pytest.raises(Refusal, match="not served here"):
        checked(LITE, said(staged, WORDS))
