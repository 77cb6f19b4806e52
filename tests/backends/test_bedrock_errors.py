"""What becomes of Bedrock's failures: which error a person sees, and how often a call is sent."""

from dataclasses import replace

import pytest

from tests.support.bedrock_server import (
    STATUSES,
    BedrockServer,
    cut,
    cut_in_reply,
    empty,
    error,
    garbled,
    hang,
    says,
)
from tests.support.service_model import error_names
from workbench.analysis.answers.answer import answer_schema
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.bedrock.errors import CLIENT_POLICIES, POLICIES, failure_of
from workbench.backends.sending import LONGEST_WAIT_S
from workbench.errors import (
    AccessDenied,
    BackendError,
    BadModelRequest,
    BadReply,
    NoCredentials,
    QuotaExceeded,
    ServiceDown,
    Throttled,
)


@pytest.fixture(params=["converse", "converse-stream"])
def nova(request, nova, streaming) -> BedrockNova:
    return nova if request.param == "converse" else streaming


OPERATIONS = [
    ("bedrock-runtime", "Converse"),
    ("bedrock-runtime", "ConverseStream"),
    ("bedrock", "CreateModelInvocationJob"),
    ("bedrock", "GetModelInvocationJob"),
    ("bedrock", "ListModelInvocationJobs"),
    ("bedrock", "StopModelInvocationJob"),
    ("transcribe", "StartTranscriptionJob"),
    ("transcribe", "GetTranscriptionJob"),
    ("rekognition", "StartLabelDetection"),
    ("rekognition", "GetLabelDetection"),
    ("rekognition", "StartSegmentDetection"),
    ("rekognition", "GetSegmentDetection"),
    ("rekognition", "StartTextDetection"),
    ("rekognition", "GetTextDetection"),
    ("rekognition", "StartFaceDetection"),
    ("rekognition", "GetFaceDetection"),
    ("rekognition", "StartContentModeration"),
    ("rekognition", "GetContentModeration"),
    ("rekognition", "DetectLabels"),
    ("rekognition", "DetectText"),
    ("rekognition", "DetectFaces"),
    ("rekognition", "DetectModerationLabels"),
    ("polly", "DescribeVoices"),
    ("polly", "SynthesizeSpeech"),
]
"""Operations that are used to have something answered."""


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_error_that_an_operation_declares_is_one_of_ours_and_has_a_hint(service, operation):
    names = error_names(service, operation)
    assert names
    assert [name for name in names if name.lower() not in POLICIES] == []
    for name in names:
        policy = POLICIES[name.lower()]
        assert issubclass(policy.error, BackendError)
        assert policy.error is not BackendError
        assert policy.hint


def test_every_failure_of_botocore_is_one_of_ours():
    import botocore.exceptions
    from botocore.parsers import ResponseParserError

    kinds = [
        kind
        for kind in vars(botocore.exceptions).values()
        if isinstance(kind, type) and issubclass(kind, botocore.exceptions.BotoCoreError)
    ]
    assert len(kinds) > 50
    for kind in kinds:
        failure = failure_of(kind.__new__(kind))
        assert issubclass(failure.policy.error, BackendError)
        assert failure.policy.hint
    known = {kind.__name__ for kind in kinds} | {ResponseParserError.__name__}
    assert set(CLIENT_POLICIES) <= known


@pytest.mark.parametrize(
    ("name", "expected", "sends"),
    [
        ("ThrottlingException", Throttled, 6),
        ("ModelNotReadyException", Throttled, 6),
        ("ServiceUnavailableException", ServiceDown, 6),
        ("InternalServerException", ServiceDown, 6),
        ("ModelErrorException", ServiceDown, 2),
        ("ModelTimeoutException", ServiceDown, 1),
        ("ServiceQuotaExceededException", QuotaExceeded, 1),
        ("ValidationException", BadModelRequest, 1),
        ("AccessDeniedException", AccessDenied, 1),
        ("ResourceNotFoundException", BadModelRequest, 1),
        ("UnrecognizedClientException", NoCredentials, 1),
        ("ExpiredTokenException", NoCredentials, 1),
    ],
)
def test_a_failure_that_stays_is_sent_so_often_and_then_raised(
    nova, lite, question, server, name, expected, sends
):
    assert name in STATUSES
    server.always(error(name, "because of the test"))
    with pytest.raises(expected, match="because of the test") as caught:
        nova.invoke(question, lite)
    assert type(caught.value) is expected
    assert caught.value.hint
    assert server.received == sends


def test_throttled_twice_and_then_answered_is_an_answer(nova, lite, question, server, sleeper):
    server.script(error("ThrottlingException"), error("ThrottlingException"))
    reply = nova.invoke(question, lite)
    assert reply.attempts == server.received == 3
    assert server.answered == 1
    assert sleeper.waits_s == [2.0, 4.0]


def test_waits_double_up_to_a_limit_and_are_shortened_at_random(server, lite, question, sleeper):
    nova = BedrockNova("us-east-1", server.url, sleep=sleeper, jitter=lambda: 0.5)
    server.always(error("ServiceUnavailableException"))
    with pytest.raises(ServiceDown):
        nova.invoke(question, lite)
    assert sleeper.waits_s == [1, 2, 4, 8, 16]
    assert max(sleeper.waits_s) <= LONGEST_WAIT_S


def test_the_wait_the_service_asks_for_is_kept(nova, lite, question, server, sleeper):
    server.script(error("ThrottlingException", retry_after_s=17))
    nova.invoke(question, lite)
    assert sleeper.waits_s == [17.0]


def test_a_wait_that_is_no_number_is_not_kept(nova, lite, question, server, sleeper):
    step = error("ThrottlingException")
    server.script(replace(step, headers={"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"}))
    nova.invoke(question, lite)
    assert sleeper.waits_s == [2.0]


def test_the_case_of_an_error_code_does_not_matter(nova, lite, question, server):
    server.script(error("throttlingException", status=429))
    assert nova.invoke(question, lite).attempts == 2


def test_an_error_nobody_has_heard_of_is_judged_by_its_status(nova, lite, question, server):
    for status, expected in ((429, Throttled), (403, AccessDenied), (418, BadModelRequest)):
        server.always(error("SomethingNewException", status=status))
        with pytest.raises(expected, match="SomethingNewException"):
            nova.invoke(question, lite)


def test_a_call_that_times_out_is_sent_once_only(server, lite, question):
    with BedrockServer() as slow:
        nova = BedrockNova("us-east-1", slow.url, read_timeout_s=0.5)
        slow.script(hang())
        with pytest.raises(ServiceDown, match="ReadTimeoutError") as caught:
            nova.invoke(question, lite)
        assert "shorter chunks" in caught.value.hint
        assert slow.received == 1


def test_a_slow_answer_within_the_timeout_is_an_answer(nova, lite, question, server):
    server.script(hang(0.3))
    reply = nova.invoke(question, lite)
    assert reply.attempts == 1
    assert reply.latency_s >= 0.3


@pytest.mark.parametrize("step", [cut(), cut_in_reply(), garbled()])
def test_a_reply_that_is_cut_or_not_json_is_tried_once_more(nova, lite, question, server, step):
    server.script(step)
    assert nova.invoke(question, lite).attempts == 2
    server.reset()
    server.always(step)
    with pytest.raises(ServiceDown, match="sent 2 times"):
        nova.invoke(question, lite)
    assert server.received == 2


def test_a_gateway_that_fails_in_html_is_a_service_that_is_down(nova, lite, question, server):
    server.script(garbled(502))
    assert nova.invoke(question, lite).attempts == 2
    server.always(garbled(502))
    with pytest.raises(ServiceDown):
        nova.invoke(question, lite)


def test_an_answer_without_content_is_a_bad_reply(nova, lite, question, server):
    server.script(empty())
    with pytest.raises(BadReply, match="end_turn"):
        nova.invoke(question, lite)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InvalidSignatureException", "Signature expired: 20261121T100000Z is now earlier than"),
        ("InvalidSignatureException", "The request signature we calculated does not match"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match"),
    ],
)
def test_a_signature_that_does_not_count_may_be_a_wrong_clock(
    nova, lite, question, server, code, said
):
    server.always(error(code, said, status=403))
    with pytest.raises(NoCredentials, match=code) as caught:
        nova.invoke(question, lite)
    assert "clock" in caught.value.hint
    assert server.received == 1


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_gives_up_on_an_answer_is_asked_twice_at_most(
    nova, lite, question, server, status
):
    """The service behind it may have answered, and billed, each time."""
    server.always(garbled(status))
    told: list[int | None] = []
    with pytest.raises(ServiceDown):
        nova.invoke(question, lite, gate=lambda tokens=None: told.append)
    assert server.received == 2
    assert told == [None, None]


def test_half_an_emoji_is_a_question_mark_and_no_crash(nova, lite, question, server):
    server.script(says('{"summary": "A pump \\ud83d"}'))
    asked = replace(question, schema=answer_schema("combine", ("summary",)))
    assert nova.invoke(asked, lite).data["summary"] == "A pump ?"


def test_nobody_at_the_address_is_a_service_that_is_down(server, lite, question, sleeper):
    with BedrockServer() as gone:
        nova = BedrockNova("us-east-1", gone.url, sleep=sleeper)
    with pytest.raises(ServiceDown) as caught:
        nova.invoke(question, lite)
    assert "WORKBENCH_BEDROCK_ENDPOINT_URL" in caught.value.hint
    assert len(sleeper.waits_s) == 2


def test_an_address_that_is_none_is_refused(server, lite, question):
    with pytest.raises(BackendError) as caught:
        BedrockNova("us-east-1", "not an address").invoke(question, lite)
    assert caught.value.hint


def test_a_retired_model_is_refused_by_the_service_with_a_hint(nova, catalog, question, server):
    with pytest.raises(BadModelRequest, match="end of its life") as caught:
        nova.invoke(question, catalog.get("premier"))
    assert "workbench models" in caught.value.hint


@pytest.mark.parametrize(
    "said",
    [
        "Signature expired: 20261121T100000Z is now earlier than 20261121T103000Z",
        "Signature not yet current: 20261121T110000Z is still later than 20261121T103000Z",
    ],
)
def test_a_clock_that_is_wrong_is_told_as_such(nova, lite, question, server, said):
    server.script(error("InvalidSignatureException", said, status=403))
    with pytest.raises(NoCredentials, match="Signature") as caught:
        nova.invoke(question, lite)
    assert "clock" in caught.value.hint


def test_s3_tells_of_a_wrong_clock_in_its_own_words():
    from botocore.exceptions import ClientError

    said = "The difference between the request time and the current time is too large."
    told = {"Error": {"Code": "RequestTimeTooSkewed", "Message": said}}
    failure = failure_of(ClientError(told, "PutObject"), "S3")
    assert "clock" in failure.policy.hint
    assert str(failure.as_error(1)).startswith("S3: RequestTimeTooSkewed")
