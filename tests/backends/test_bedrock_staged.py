"""Media too large for a request go through S3, and the service reads them there."""

from dataclasses import replace

import pytest

from tests.backends.conftest import clip_bytes
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.bedrock.wire import STAGED_LIMIT_BYTES, VIDEO_TYPES, converse_call
from workbench.backends.staging.folder import Staging
from workbench.errors import BadModelRequest, StagingError

LIMIT_BYTES = 1000
"""Stands for the 18 MB of a request; the clip has some 2 kB."""


@pytest.fixture
def staging(s3, server):
    def read(uri: str) -> tuple[bytes, str]:
        kept = s3.read(uri)
        return kept.data, kept.content_type

    server.read_s3 = read
    return Staging(f"s3://{s3.bucket}/staging", region="us-east-1")


@pytest.fixture(params=["converse", "converse-stream"])
def nova(request, server, staging) -> BedrockNova:
    return BedrockNova(
        "us-east-1",
        server.url,
        inline_limit_bytes=LIMIT_BYTES,
        staging=staging,
        stream=request.param == "converse-stream",
    )


def test_a_clip_over_the_limit_is_read_from_s3(nova, lite, question, server, s3, clip):
    assert clip.stat().st_size > LIMIT_BYTES
    reply = nova.invoke(question, lite)
    assert reply.data["chapters"]
    (call,) = server.calls
    (media,) = call.media
    assert media.uri.startswith("s3://workbench-tests/staging/media/")
    assert media.uri.endswith(".mp4")
    assert media.duration_s == 180
    assert s3.read(media.uri).content_type == "video/mp4"
    assert call.body_bytes < 10_000


def test_the_same_clip_is_staged_once(nova, lite, question, server, s3):
    nova.invoke(question, lite)
    nova.invoke(replace(question, prompt="What is shown?"), lite)
    assert len(s3.objects()) == 1
    first, second = server.calls
    assert first.media == second.media


def test_a_clip_within_the_limit_goes_inside_the_request(server, staging, lite, question, s3):
    nova = BedrockNova("us-east-1", server.url, staging=staging)
    nova.invoke(question, lite)
    (call,) = server.calls
    assert call.media[0].uri == ""
    assert s3.objects() == {}


def test_only_the_largest_pictures_go_through_s3(
    server, staging, lite, photo_question, part, tmp_path, s3
):
    from PIL import Image

    paths = []
    for name, side_px in (("small.png", 8), ("large.png", 800), ("other.png", 9)):
        paths.append(tmp_path / name)
        Image.effect_noise((side_px, side_px), 50).save(paths[-1])
    nova = BedrockNova("us-east-1", server.url, inline_limit_bytes=100_000, staging=staging)
    nova.invoke(replace(photo_question, media=tuple(part(path) for path in paths)), lite)
    (call,) = server.calls
    assert [bool(media.uri) for media in call.media] == [False, True, False]
    assert [media.width_px for media in call.media] == [8, 800, 9]
    (kept,) = s3.objects().values()
    assert kept.content_type == "image/png"


def test_a_repair_sends_no_media_again(nova, lite, question, server):
    from tests.support.bedrock_server import tool_input

    server.script(tool_input({"nothing": 1}))
    nova.invoke(question, lite)
    assert [len(call.media) for call in server.calls] == [1, 0]


def test_without_a_staging_folder_the_setting_is_named(server, lite, question):
    nova = BedrockNova("us-east-1", server.url, inline_limit_bytes=LIMIT_BYTES)
    with pytest.raises(BadModelRequest, match="a call carries") as caught:
        nova.invoke(question, lite)
    assert "WORKBENCH_STAGING_URI" in caught.value.hint
    assert server.received == 0


def test_a_video_over_a_gigabyte_is_refused_before_it_is_sent(
    nova, lite, question, part, tmp_path, server, s3
):
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.truncate(STAGED_LIMIT_BYTES + 1)
    with pytest.raises(BadModelRequest, match="through S3 a call carries 1 GB"):
        nova.invoke(replace(question, media=(part(path),)), lite)
    assert server.received == 0
    assert s3.objects() == {}


def test_a_bucket_that_is_not_there_ends_the_call_before_it_is_sent(server, s3, lite, question):
    nova = BedrockNova(
        "us-east-1", server.url, inline_limit_bytes=LIMIT_BYTES,
        staging=Staging("s3://nobody-has-this/staging"),
    )  # fmt: skip
    with pytest.raises(StagingError, match="NoSuchBucket"):
        nova.invoke(question, lite)
    assert server.received == 0


def test_an_object_the_service_cannot_read_is_refused(nova, lite, question, server, s3):
    server.read_s3 = lambda uri: (s3.read(uri).data, "binary/octet-stream")
    with pytest.raises(BadModelRequest, match="Content-Type"):
        nova.invoke(question, lite)
    server.read_s3 = lambda uri: {}[uri]
    with pytest.raises(BadModelRequest, match="could not be read"):
        nova.invoke(question, lite)


def test_every_video_format_has_the_type_that_the_service_expects(
    staging, lite, question, part, tmp_path, s3
):
    from tests.support.bedrock_rules import TYPES, VIDEO_FORMATS

    assert set(VIDEO_TYPES) == VIDEO_FORMATS
    for seconds, name in enumerate(sorted(VIDEO_FORMATS), 2):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(clip_bytes(seconds))
        asked = replace(question, media=(part(path, format=name),))
        call = converse_call(asked, lite, "any", limit_bytes=1, staging=staging)
        (block,) = (each["video"] for each in call["messages"][0]["content"] if "video" in each)
        assert block["format"] == name
        assert s3.read(block["source"]["s3Location"]["uri"]).content_type == TYPES[name]
