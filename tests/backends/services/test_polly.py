"""Polly over HTTP: voices in pages, sound and the times of words, and every way to be refused."""

import base64
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.loopback import CUT
from tests.support.polly_server import (
    CUT_IN_SOUND,
    FALSE_MARKS,
    HANG,
    MISCOUNT,
    NOTHING,
    ODD,
    PAGE,
    SPEAK,
    TOO_LONG,
    VOICES,
    PollyServer,
)
from tests.support.service_model import error_names
from workbench.backends.catalog.file import load_catalog
from workbench.backends.protocol import ModelRequest
from workbench.backends.services.polly import LONGEST_TEXT, SAMPLE_RATE_HZ, Polly, read_marks
from workbench.backends.usage import Usage
from workbench.errors import (
    AccessDenied,
    BadModelRequest,
    BadReply,
    NoCredentials,
    ServiceDown,
    Throttled,
)

MODEL = load_catalog().get("polly")
TEXT = "Mary’s pump runs. Straße frei!"


@pytest.fixture(scope="module")
def desk(open_desk) -> Iterator[Any]:
    with open_desk(PollyServer(), partial(Polly, read_timeout_s=0.4)) as opened:
        yield opened


@pytest.fixture
def ask(backend: Polly) -> Callable[..., Any]:
    def asked(text: str = TEXT, output: str = "sound", **options: str) -> Any:
        return backend.invoke(question(text, output, **options), MODEL, gate=counted)

    sent: list[int | None] = []

    def counted(tokens: int | None = None) -> Callable[[int | None], None]:
        return sent.append

    asked.settled = sent
    return asked


def question(text: str, output: str, **options: str) -> ModelRequest:
    return ModelRequest(
        task="speak",
        model="polly",
        prompt=text,
        schema={},
        schema_name=output,
        options={
            "output": output,
            "voice": "Joanna",
            "engine": "neural",
            "language": "",
            **options,
        },
        max_output_tokens=0,
    )


def sound(reply: Any) -> bytes:
    return base64.b64decode(reply.data["pcm"])


def test_the_voices_of_all_pages_are_listed_once_with_their_engines(backend, server):
    listed = {voice.name: voice for voice in Polly().voices()}
    assert len(listed) == len(server.voices) == 7
    assert [call.arguments for call in server.log] == [
        {}, {"NextToken": "page-3"}, {"NextToken": "page-6"},
    ]  # fmt: skip
    assert listed["Ruth"].engines == ("neural", "long-form", "generative")
    assert [name for name, each in listed.items() if each.speaks("en-US")] == [
        *("Gregory", "Joanna", "Ruth")
    ]
    assert listed["Aditi"].speaks("HI")
    assert not listed["Aditi"].speaks("h")


def test_a_list_of_voices_without_an_end_is_a_bad_reply(server):
    server.repeats_pages = True
    with pytest.raises(BadReply, match="without an end"):
        Polly().voices()


def test_a_text_is_sound_of_sixteen_thousand_samples_a_second_and_billed_by_its_letters(
    ask, server
):
    reply = ask()
    assert len(sound(reply)) == 2 * SAMPLE_RATE_HZ * len(TEXT) * 60 // 1000
    assert reply.usage == Usage(characters=len(TEXT))
    assert server.billed == [("pcm", len(TEXT))]
    (asked,) = server.asked
    assert asked == {
        "Engine": "neural",
        "VoiceId": "Joanna",
        "Text": TEXT,
        "TextType": "text",
        "OutputFormat": "pcm",
        "SampleRate": "16000",
    }
    assert reply.model_id == "polly Joanna neural"


def test_sound_is_the_same_in_chunks_and_in_one_piece(ask, server):
    in_chunks = sound(ask())
    server.is_chunked = False
    assert sound(ask()) == in_chunks


def test_words_have_their_times_and_their_places_in_letters(ask, server):
    reply = ask(output="marks")
    words = [(at, TEXT[begin:end]) for at, begin, end in reply.data["marks"]]
    assert words == [(0, "Mary’s"), (420, "pump"), (720, "runs"), (1080, "Straße"), (1500, "frei")]
    assert server.billed == [("json", len(TEXT))]
    assert server.asked[0]["SpeechMarkTypes"] == ["word"]


def test_a_voice_without_times_of_words_has_none_and_costs_nothing_for_them(ask, server):
    reply = ask(output="marks", engine="generative")
    assert reply.data == {"marks": []}
    assert reply.usage == Usage()
    assert server.billed == []
    assert ask.settled == [0]


def test_the_language_is_said_where_it_is_not_the_voices_own(ask, server):
    ask(voice="Aditi", engine="standard", language="hi-IN")
    assert server.asked[0]["LanguageCode"] == "hi-IN"


def test_characters_are_those_that_the_service_counts(ask, server):
    server.script(SPEAK, MISCOUNT)
    assert ask().usage == Usage(characters=len(TEXT) + 10)
    assert server.billed_characters == len(TEXT) + 10


@pytest.mark.parametrize("text", ["", "  \n", "x" * (LONGEST_TEXT + 1)])
def test_a_text_that_polly_would_refuse_is_not_sent(ask, server, text):
    with pytest.raises(BadModelRequest, match="1 to 3,000 characters"):
        ask(text)
    assert server.log == []


def test_the_longest_text_is_taken(ask):
    assert ask("x" * LONGEST_TEXT).usage == Usage(characters=LONGEST_TEXT)


def test_a_voice_without_the_engine_is_refused_with_the_way_to_find_one(ask, server):
    with pytest.raises(BadModelRequest, match="EngineNotSupportedException") as caught:
        ask(voice="Ruth", engine="standard")
    assert "workbench voices" in caught.value.hint
    assert server.billed == []


@pytest.mark.parametrize("kind", error_names("polly", SPEAK))
def test_every_error_that_speaking_declares_is_told_once_or_waited_out(ask, server, kind):
    server.script(SPEAK, *[kind] * 6)
    with pytest.raises((BadModelRequest, ServiceDown)) as caught:
        ask()
    assert caught.value.message.startswith(f"Polly: {kind}")
    assert caught.value.hint
    is_waited_out = isinstance(caught.value, ServiceDown)
    assert len(server.log) == (6 if is_waited_out else 1)
    assert set(ask.settled) == {0}


@pytest.mark.parametrize(
    ("code", "kind", "sends"),
    [
        ("ThrottlingException", Throttled, 6),
        ("AccessDeniedException", AccessDenied, 1),
        ("UnrecognizedClientException", NoCredentials, 1),
    ],
)
def test_an_error_of_any_service_is_told_with_what_to_do(ask, server, code, kind, sends):
    server.script(SPEAK, *[code] * sends)
    with pytest.raises(kind) as caught:
        ask()
    assert len(server.log) == sends
    if kind is AccessDenied:
        assert caught.value.hint == "allow polly:SynthesizeSpeech"


def test_errors_that_pass_are_waited_out(ask, server, waits):
    server.script(SPEAK, "ThrottlingException", "ServiceFailureException")
    assert ask().attempts == 3
    assert waits == [1.0, 2.0]
    assert server.billed_characters == len(TEXT)


@pytest.mark.parametrize("is_chunked", [True, False])
@pytest.mark.parametrize("step", [CUT, CUT_IN_SOUND])
def test_sound_that_was_cut_off_is_asked_for_again_and_counts_as_perhaps_billed(
    ask, server, step, is_chunked
):
    server.is_chunked = is_chunked
    server.script(SPEAK, step)
    reply = ask()
    assert reply.attempts == 2
    assert len(sound(reply)) > 0
    # None: nobody knows whether it was billed; here it was, twice.
    assert ask.settled == [None, 0]
    assert server.billed_characters == 2 * len(TEXT)


def test_silence_is_not_asked_for_again(ask, server):
    server.script(SPEAK, HANG)
    with pytest.raises(ServiceDown, match="Read"):
        ask()
    assert len(server.log) == 1
    assert ask.settled == [None]


@pytest.mark.parametrize(
    ("step", "output", "words"),
    [
        (PAGE, "sound", "text/html instead of sound"),
        (ODD, "sound", "no sound of two bytes a sample"),
        (NOTHING, "sound", "0 bytes"),
        (TOO_LONG, "sound", "cut the sound off after 10 minutes"),
        (PAGE, "marks", "do not fit the text"),
        (FALSE_MARKS, "marks", "do not fit the text"),
    ],
)
def test_a_lie_is_told_with_what_it_has_cost(ask, server, step, output, words):
    server.script(SPEAK, step)
    with pytest.raises(BadReply, match=words) as caught:
        ask(output=output)
    assert caught.value.billed == Usage(characters=server.billed_characters)
    assert caught.value.hint


def test_readiness_calls_nothing_and_says_what_is_missing(backend, server, monkeypatch):
    assert backend.readiness().is_ready
    assert "region us-east-1" in backend.readiness().finding
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    missing = Polly().readiness()
    assert not missing.is_ready
    assert "aws configure" in missing.hint
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "Polly: ProfileNotFound" in Polly().readiness().finding
    assert server.log == []


def test_a_list_that_may_not_be_asked_for_names_the_action_to_allow(server):
    server.script(VOICES, "AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        Polly().voices()
    assert caught.value.hint == "allow polly:DescribeVoices"


@given(some.binary(max_size=60), some.text(max_size=20))
def test_whatever_comes_instead_of_times_is_read_or_refused(data, text):
    try:
        marks = read_marks(data, text, Usage())
    except BadReply:
        return
    assert all(0 <= begin < end <= len(text) for _, begin, end in marks)
