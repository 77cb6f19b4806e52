"""Media for Nova are named as the service names them; what it does not take is never sent."""

from dataclasses import replace

import pytest

from workbench.backends.bedrock.converse import BedrockNova
from workbench.errors import BadModelRequest, MediaMissing


def test_several_pictures_are_numbered(nova, catalog, photo_question, photo, part, server):
    asked = replace(photo_question, media=(part(photo),) * 3)
    reply = nova.invoke(asked, catalog.get("2_lite"))
    assert server.calls[0].texts[:3] == ("Image 1:", "Image 2:", "Image 3:")
    assert reply.usage.images == 3


@pytest.mark.parametrize(
    ("media", "says_what"),
    [
        (("clip", "clip"), "one video"),
        (("photo",) * 6, "takes 5 pictures"),
    ],
)
def test_too_many_media_are_refused_before_sending(
    nova, lite, question, clip, photo, part, server, media, says_what
):
    paths = {"clip": clip, "photo": photo}
    asked = replace(question, media=tuple(part(paths[name]) for name in media))
    with pytest.raises(BadModelRequest, match=says_what):
        nova.invoke(asked, lite)
    assert server.received == 0


def test_media_over_the_limit_are_refused_with_the_way_out(server, lite, question, tmp_path, part):
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.truncate(18_000_001)
    nova = BedrockNova("us-east-1", server.url)
    with pytest.raises(BadModelRequest, match=r"long\.mp4: 18\.0 MB") as caught:
        nova.invoke(replace(question, media=(part(path),)), lite)
    assert "shorter chunks" in caught.value.hint
    assert server.received == 0


def test_the_largest_media_we_send_fit_the_services_body(
    server, lite, question, clip, tmp_path, part
):
    path = tmp_path / "full.mp4"
    # What follows the last box of an MP4 is not read.
    path.write_bytes(clip.read_bytes().ljust(18_000_000, b"\0"))
    BedrockNova("us-east-1", server.url).invoke(replace(question, media=(part(path),)), lite)
    assert 24_000_000 < server.calls[0].body_bytes < 25_000_000


def test_a_model_without_eyes_is_not_sent_a_video(nova, catalog, question, server):
    with pytest.raises(BadModelRequest, match="Nova Micro takes no video"):
        nova.invoke(question, catalog.get("micro"))
    assert server.received == 0


def test_formats_are_given_the_services_names(nova, lite, photo_question, photo, part, server):
    nova.invoke(replace(photo_question, media=(part(photo, format="jpg"),)), lite)
    assert server.calls[0].media[0].format == "jpeg"


def test_a_format_the_service_does_not_read_is_refused(nova, lite, photo_question, photo, part):
    asked = replace(photo_question, media=(part(photo, format="tiff"),))
    with pytest.raises(BadModelRequest, match="no image of format 'tiff'"):
        nova.invoke(asked, lite)


def test_a_file_that_is_gone_says_so(nova, lite, question, tmp_path, part):
    asked = replace(question, media=(part(tmp_path / "gone.mp4"),))
    with pytest.raises(MediaMissing, match=r"gone\.mp4 cannot be read"):
        nova.invoke(asked, lite)
