"""An Amazon Polly on loopback that speaks rest-json, for tests.

It checks every request against botocore's own model of the service and against Polly's limits,
lists its voices in pages, speaks every letter for 60 ms, counts what it would bill, and throttles,
hangs, cuts and lies on command.

with PollyServer() as server:
    server.script("SynthesizeSpeech", "ThrottlingException", CUT_IN_SOUND)
    ...                              # point AWS_ENDPOINT_URL_POLLY at server.url
    assert server.billed_characters == 120
"""

import json
import math
import re
import struct
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from tests.support.loopback import (
    CUT,
    Call,
    LoopbackHandler,
    Refusal,
    ScriptedServer,
    aws_environment,
)
from tests.support.service_model import faults_of

VOICES = "DescribeVoices"
SPEAK = "SynthesizeSpeech"

CUT_IN_SOUND = "cut in sound"
"""A step: speak, bill it, and drop the connection in the middle of the sound."""
HANG = "hang"
"""A step: speak, bill it, and keep silent for a second."""
PAGE = "a page"
"""A step: answer with a page of HTML, as something in between does."""
ODD = "odd"
"""A step: lose the last byte of the sound, and say that it was all."""
NOTHING = "nothing"
"""A step: bill it, and send no sound."""
TOO_LONG = "too long"
"""A step: speak for ten minutes and stop without a word, as Polly does."""
FALSE_MARKS = "false marks"
"""A step: tell times of words that the text does not have."""
MISCOUNT = "miscount"
"""A step: bill ten characters more than there are."""

TALKS = (CUT, CUT_IN_SOUND, HANG, PAGE, ODD, NOTHING, TOO_LONG, FALSE_MARKS, MISCOUNT)

LETTER_MS = 60
MOST_BILLED = 3_000
RATES = {"8000", "16000"}

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def _listed(
    name: str, language: str, gender: str, *engines: str, also: tuple[str, ...] = ()
) -> Any:
    return {
        "Id": name,
        "Name": name,
        "Gender": gender,
        "LanguageCode": language,
        "LanguageName": {"en-US": "US English", "en-GB": "British English"}.get(language, language),
        "SupportedEngines": list(engines),
        **({"AdditionalLanguageCodes": list(also)} if also else {}),
    }


ALL_VOICES = [
    _listed("Ruth", "en-US", "Female", "neural", "long-form", "generative"),
    _listed("Joanna", "en-US", "Female", "generative", "neural", "standard"),
    _listed("Amy", "en-GB", "Female", "generative", "neural", "standard"),
    _listed("Aditi", "en-IN", "Female", "standard", also=("hi-IN",)),
    _listed("Vicki", "de-DE", "Female", "generative", "neural", "standard"),
    _listed("Takumi", "ja-JP", "Male", "neural", "standard"),
    _listed("Gregory", "en-US", "Male", "neural", "long-form"),
]


class PollyServer(ScriptedServer):
    """The server: started by `with`.

    Args:
        page_voices: Most voices of one page.
    """

    statuses: ClassVar = {
        "ServiceFailureException": 500,
        "LexiconNotFoundException": 404,
        "ThrottlingException": 400,
        "AccessDeniedException": 403,
        "UnrecognizedClientException": 403,
    }

    def __init__(self, *, page_voices: int = 3) -> None:
        super().__init__(_Handler)
        self.page_voices = page_voices
        self.reset()

    def reset(self) -> None:
        """Forget the log and the script."""
        self.voices = list(ALL_VOICES)
        self.without_marks = {"generative"}
        """Engines that have no times of words."""
        self.repeats_pages = False
        self.hums = False
        """Is a word a tone and what is between words silence? Else a text is one level of sound."""
        self.is_chunked = True
        """Does sound come in chunks, without its length said before?"""
        self.billed: list[tuple[str, int]] = []
        """Output format and characters of each answer that would be billed."""
        self.forget()

    def environment(self) -> dict[str, str]:
        """What a process needs to know to use it."""
        return aws_environment(self.url, "POLLY")

    @property
    def billed_characters(self) -> int:
        """Characters that would be billed."""
        return sum(count for _, count in self.billed)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The arguments of every text that was sent."""
        return [call.arguments for call in self.log if call.operation == SPEAK]

    def answer(self, operation: str, read: dict[str, Any]) -> tuple[Call, Refusal | None, Any]:
        """What is to be said to a request: a page of voices, or sound with its characters."""
        with self._lock:
            call, refusal = self.take(operation, lambda: self._checked(operation, read), TALKS)
            if refusal is not None:
                return call, refusal, None
            if operation == VOICES:
                return call, None, self._page(call.arguments)
            characters = len(call.arguments["Text"]) + 10 * (call.outcome == MISCOUNT)
            self.billed.append((call.arguments["OutputFormat"], characters))
            return call, None, (self._spoken(call), characters)

    def _checked(self, operation: str, read: dict[str, Any]) -> dict[str, Any]:
        if faults := faults_of("polly", operation, read):
            raise Refusal("ValidationException", "; ".join(faults))
        if operation == VOICES:
            if not re.fullmatch(r"page-\d+", read.get("NextToken", "page-0")):
                raise Refusal("InvalidNextTokenException")
            return read
        voice = next((each for each in self.voices if each["Id"] == read["VoiceId"]), None)
        if voice is None:
            raise Refusal("ValidationException", "This voice is not in this region.")
        for kind in _broken_rules(read, voice, self.without_marks):
            raise Refusal(kind, f"{kind} because of the rules")
        return read

    def _page(self, arguments: dict[str, Any]) -> dict[str, Any]:
        offset = int(arguments.get("NextToken", "page-0").removeprefix("page-"))
        end = offset + self.page_voices
        page: dict[str, Any] = {"Voices": self.voices[offset:end]}
        if self.repeats_pages:
            page["NextToken"] = "page-0"
        elif end < len(self.voices):
            page["NextToken"] = f"page-{end}"
        return page

    def _spoken(self, call: Call) -> bytes:
        text = call.arguments["Text"]
        if call.arguments["OutputFormat"] == "json":
            shift = 10_000 if call.outcome == FALSE_MARKS else 0
            return "\n".join(json.dumps(each) for each in marks_of(text, shift)).encode()
        rate = int(call.arguments.get("SampleRate", "16000"))
        length_ms = 600_000 if call.outcome == TOO_LONG else len(text) * LETTER_MS
        if self.hums and call.outcome != NOTHING:
            return hummed(text, rate)
        # Every text has a sound of its own, so that a test can see which one it has.
        sound = struct.pack("<h", len(text) % 30_000) * (rate * length_ms // 1000)
        return b"" if call.outcome == NOTHING else sound[: -1 if call.outcome == ODD else None]


def _broken_rules(read: dict[str, Any], voice: Any, without_marks: set[str]) -> list[str]:
    """Errors by which Polly refuses a text, in the order it is looked at."""
    # What real Polly does, and moto does not: without an engine it is the standard one.
    engine, form = read.get("Engine", "standard"), read["OutputFormat"]
    languages = (None, voice["LanguageCode"], *voice.get("AdditionalLanguageCodes", ()))
    rules = {
        "EngineNotSupportedException": engine in voice["SupportedEngines"]
        and not (form == "json" and engine in without_marks),
        "LanguageNotSupportedException": read.get("LanguageCode") in languages,
        "InvalidSsmlException": read.get("TextType") != "ssml" or _is_xml(read["Text"]),
        "TextLengthExceededException": len(read["Text"]) <= MOST_BILLED,
        "InvalidSampleRateException": form != "pcm" or read.get("SampleRate", "16000") in RATES,
        "MarksNotSupportedForFormatException": (form == "json")
        == bool(read.get("SpeechMarkTypes")),
    }
    return [kind for kind, is_kept in rules.items() if not is_kept]


def _is_xml(text: str) -> bool:
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return False
    return True


def hummed(text: str, rate_hz: int) -> bytes:
    """A tone of 500 Hz over each word of a text, and silence between them."""
    letters = [False] * len(text)
    for match in _WORD.finditer(text):
        letters[match.start() : match.end()] = [True] * len(match[0])
    each = rate_hz * LETTER_MS // 1000
    tone = [round(12_000 * math.sin(2 * math.pi * 500 * n / rate_hz)) for n in range(each)]
    samples = [level for is_loud in letters for level in (tone if is_loud else [0] * each)]
    return struct.pack(f"<{len(samples)}h", *samples)


def marks_of(text: str, shift: int = 0) -> list[dict[str, Any]]:
    """The times of words, in bytes of the text."""
    return [
        {
            "time": match.start() * LETTER_MS,
            "type": "word",
            "start": len(text[: match.start()].encode()) + shift,
            "end": len(text[: match.end()].encode()) + shift,
            "value": match[0],
        }
        for match in _WORD.finditer(text)
    ]


class _Handler(LoopbackHandler[PollyServer]):
    def get(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/v1/voices":
            self.send_error(404)
            return
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._reply(VOICES, asked)

    def post(self) -> None:
        raw = self.body()
        if self.path != "/v1/speech":
            self.send_error(404)
            return
        self._reply(SPEAK, json.loads(raw))

    def _reply(self, operation: str, asked: dict[str, Any]) -> None:
        if not self.is_signed():
            self._refuse(Refusal("MissingAuthenticationTokenException"), 403)
            return
        call, refusal, told = self.owner.answer(operation, asked)
        if refusal is not None:
            self._refuse(refusal, self.owner.statuses.get(refusal.kind, 400))
        elif call.outcome == CUT:
            self.drop()
        elif operation == VOICES:
            self.send_json(200, told)
        else:
            self._speak(call, *told)

    def _refuse(self, refusal: Refusal, status: int) -> None:
        self.send_json(status, {"message": str(refusal)}, {"x-amzn-errortype": refusal.kind})

    def _speak(self, call: Call, sound: bytes, characters: int) -> None:
        is_sound = call.arguments["OutputFormat"] == "pcm"
        headers = {
            "Content-Type": "audio/pcm" if is_sound else "application/x-json-stream",
            "x-amzn-RequestCharacters": str(characters),
        }
        if call.outcome == HANG:
            self.owner.waits(1.0)
        if call.outcome == PAGE:
            self.send_data(200, b"<html>Welcome</html>", {**headers, "Content-Type": "text/html"})
        elif self.owner.is_chunked:
            self._send_chunks(sound, headers, is_cut=call.outcome == CUT_IN_SOUND)
        elif call.outcome == CUT_IN_SOUND:
            headers["Content-Length"] = str(len(sound))
            self.send_data(200, sound[: len(sound) // 2], headers)
            self.drop()
        else:
            self.send_data(200, sound, headers)

    def _send_chunks(self, sound: bytes, headers: dict[str, str], *, is_cut: bool) -> None:
        self.send_response(200)
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        step = max(1, len(sound) // 3)
        for begin in range(0, len(sound), step):
            chunk = sound[begin : begin + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            if is_cut:
                self.drop()
                return
        self.wfile.write(b"0\r\n\r\n")
