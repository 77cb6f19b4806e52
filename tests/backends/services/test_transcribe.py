"""Transcribe over HTTP: a job is started once, waited for, read, and never paid twice."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.loopback import CUT
from tests.support.moto_s3 import S3Server
from tests.support.transcribe_server import SAID, START, TranscribeServer
from workbench.backends.catalog.file import load_catalog
from workbench.backends.protocol import MediaPart, ModelRequest
from workbench.backends.services.job_calls import LONGEST_LOOK_S
from workbench.backends.services.transcribe import Transcribe, billed_s
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

MODEL = load_catalog().get("transcribe")
LENGTH_S = 20.0


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "talk.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=r=16000", "-t", str(LENGTH_S), "-ac", "1", path])
    return path


@pytest.fixture(scope="module")
def desk(open_desk, shared_s3: S3Server, staging: Staging) -> Iterator[Any]:
    server = TranscribeServer(shared_s3.read, shared_s3.write)
    with open_desk(server, partial(Transcribe, staging=staging)) as opened:
        yield opened


@pytest.fixture
def ask(backend: Transcribe, sound: Path) -> Callable[..., Any]:
    def asked(language: str = "", *, length_s: float = LENGTH_S, form: str = "wav") -> Any:
        span = TimeSpan(0.0, length_s)
        part = MediaPart("audio", "0123456789abcdef", "audio", span, sound, form, 1)
        question = ModelRequest(
            task="transcribe",
            model="transcribe",
            prompt="",
            schema={},
            schema_name="transcript",
            media=(part,),
            options={"language": language},
            max_output_tokens=0,
        )
        return backend.invoke(question, MODEL)

    return asked


def test_a_job_is_waited_for_and_its_transcript_read(ask, server, waits, s3):
    reply = ask()
    assert [each["text"] for each in reply.data["transcript"]["utterances"]] == [
        "The pump is running.", "Close the valve now.",
    ]  # fmt: skip
    assert " ".join(each["text"] for each in reply.data["transcript"]["utterances"]) == SAID
    assert reply.usage == Usage(media_s=LENGTH_S)
    assert (reply.model_id, reply.attempts) == ("transcribe en-US", 1)
    (job,) = server.jobs
    assert job.arguments["IdentifyLanguage"] is True
    assert job.arguments["OutputKey"].startswith("films/")
    assert server.billed_s == LENGTH_S
    assert len(waits) == 2
    assert max(waits) <= LONGEST_LOOK_S
    assert s3.faults() == []


def test_a_language_that_is_named_is_not_guessed(ask, server):
    assert ask("de-DE").data["transcript"]["language"] == "de"
    (job,) = server.jobs
    assert job.arguments["LanguageCode"] == "de-DE"
    assert "IdentifyLanguage" not in job.arguments


def test_asked_again_it_is_attached_to_the_same_job_and_pays_nothing(ask, server):
    first = ask()
    assert ask().data == first.data
    assert len(server.jobs) == 1
    ask("de-DE")
    assert len(server.jobs) == 2


def test_a_start_whose_reply_is_lost_begins_no_second_job(ask, server):
    server.script(START, CUT)
    assert ask().attempts == 2
    assert len(server.jobs) == 1


def test_a_job_that_had_failed_before_is_followed_by_another(ask, server):
    server.fails = 1
    with pytest.raises(ServiceDown, match="could not be decoded") as caught:
        ask()
    assert "WORKBENCH_TRANSCRIBER=local" in caught.value.hint
    assert ask().data["transcript"]["utterances"]
    assert [job.is_failed for job in server.jobs] == [True, False]


def test_a_transcript_that_was_cleaned_away_is_made_again(ask, server, s3, backend):
    ask()
    staging = Staging(f"s3://{s3.bucket}/films")
    staging.delete(each.uri for each in staging.list() if each.uri.endswith(".json"))
    assert ask().data["transcript"]["utterances"]
    assert len(server.jobs) == 2


def test_housekeeping_knows_transcripts_by_their_names(ask, s3):
    ask()
    s3.age(10)
    gone = Staging(f"s3://{s3.bucket}/films").clean(7)
    assert {each.uri.rsplit(".", 1)[-1] for each in gone} == {"wav", "json"}


@pytest.mark.parametrize(
    ("code", "kind", "sends"),
    [
        ("AccessDeniedException", AccessDenied, 1),
        ("BadRequestException", BadModelRequest, 1),
        ("InternalFailureException", ServiceDown, 6),
        ("ThrottlingException", Throttled, 6),
        ("UnrecognizedClientException", NoCredentials, 1),
    ],
)
def test_an_error_is_told_with_what_to_do(ask, server, code, kind, sends):
    server.script(START, *[code] * sends)
    with pytest.raises(kind) as caught:
        ask()
    assert caught.value.message.startswith(f"Transcribe: {code}")
    assert caught.value.hint
    assert server.calls == [START] * sends
    if kind is AccessDenied:
        assert caught.value.hint == (
            "allow transcribe:StartTranscriptionJob, and s3:GetObject and s3:PutObject on the"
            " staging folder"
        )


def test_errors_that_pass_are_waited_out(ask, server):
    server.script(START, "ThrottlingException", "InternalFailureException")
    assert ask().attempts == 3
    assert len(server.jobs) == 1


def test_as_many_jobs_as_allowed_are_waited_for(ask, server, waits, monkeypatch):
    server.script(START, "LimitExceededException")
    assert ask().attempts == 1
    assert waits[0] == 30.0
    monkeypatch.setattr("workbench.backends.services.job_calls.QUEUE_WAIT_S", 60.0)
    server.script(START, *["LimitExceededException"] * 3)
    with pytest.raises(QuotaExceeded, match="LimitExceededException"):
        ask("de-DE")


def test_limits_are_seen_before_anything_is_sent(ask, server, sound):
    with pytest.raises(BadModelRequest, match="takes 4 h"):
        ask(length_s=4 * 3600 + 1)
    with pytest.raises(BadModelRequest, match="does not read mkv"):
        ask(form="mkv")
    assert server.calls == []


def test_a_transcript_that_cannot_be_read_is_told(ask, server, s3, monkeypatch):
    monkeypatch.setattr(server, "write", lambda key, _, kind: s3.write(key, b"{", kind))
    with pytest.raises(BadReply, match=r"cannot be read about talk\.wav"):
        ask()


def test_without_a_folder_in_s3_nothing_is_asked(server, sound):
    alone = Transcribe()
    state = alone.readiness()
    assert not state.is_ready
    assert "WORKBENCH_STAGING_URI" in state.hint


def test_access_is_tried_without_a_job(backend, server):
    backend.require_access()
    server.script("GetTranscriptionJob", "AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        backend.require_access()
    assert caught.value.hint == "allow transcribe:GetTranscriptionJob"
    assert server.jobs == []


@given(some.floats(0.01, 4 * 3600))
def test_every_second_that_has_begun_is_billed_and_fifteen_at_least(length_s):
    billed = billed_s(length_s)
    assert billed == int(billed) >= 15
    assert billed >= length_s - 0.001
    assert billed < max(15, length_s) + 1
