"""`workbench voices`: who can speak and what it costs, and a text spoken into a file."""

import wave
from collections.abc import Iterator

import pytest

from tests.support.polly_server import VOICES, PollyServer


@pytest.fixture
def polly(monkeypatch: pytest.MonkeyPatch) -> Iterator[PollyServer]:
    with PollyServer() as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def test_the_table_has_every_voice_with_engines_and_prices(polly, run):
    done = run("voices", "--language", "en-US")
    assert done.code == 0, done.err
    rows = {line.split()[0]: line for line in done.out.splitlines()[1:] if line}
    assert {"Joanna", "Ruth", "Gregory"} <= set(rows)
    assert "Vicki" not in rows
    assert "neural $0.0160, long-form $0.1000, generative $0.0300" in rows["Ruth"]
    assert "not verified" in done.out
    told = {each["name"]: each for each in run("voices", "--json").json["voices"]}
    assert told["Aditi"]["prices_usd"] == {"standard": 0.004}
    assert told["Aditi"]["also"] == ["hi-IN"]


def test_a_text_is_priced_first_and_spoken_when_the_price_is_agreed_to(polly, run, desk):
    say = ("voices", "--say", "The pump runs.", "--voice", "Joanna", "--out", "pump.wav")
    asked = run(*say)
    assert asked.code == 0, asked.err
    assert asked.out.splitlines() == [
        "Joanna, neural: 28 characters, $0.0004",
        "Nothing was sent. Add --yes to pay for it.",
    ]
    assert (polly.billed, list(desk.iterdir())) == ([], [])
    done = run(*say, "--yes")
    assert done.out.splitlines()[-1] == (
        "pump.wav: 0.8 s, 3 words with a time, 28 characters paid, $0.0004"
    )
    assert polly.billed_characters == 28
    with wave.open(str(desk / "pump.wav")) as file:
        assert file.getnframes() == 16_000 * 14 * 60 // 1000
    # What is kept needs no --yes: it costs nothing.
    again = run(*say, "--json").json
    assert (again["characters"], again["cost_usd"], len(again["marks"])) == (0, 0.0, 3)
    assert polly.billed_characters == 28
    assert "Amazon Polly" in run("costs", "--by", "engine").out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--say", "Hello."), "--say needs a file to write"),
        (("--say", "Hello.", "--out", "a.wav", "--voice", "Nobody"), "there is no voice 'Nobody'"),
    ],
)
def test_what_cannot_be_said_is_one_line_and_a_hint(polly, run, words, problem):
    done = run("voices", *words)
    assert (done.code, done.problem) == (2, problem)
    assert "  hint: " in done.err


def test_without_an_account_the_rest_is_listed_and_nothing_is_wrong(run):
    done = run("voices")
    assert done.code == 0
    assert "Amazon Polly's voices are not listed" in done.out
    assert "aws configure" in done.err


def test_an_account_that_may_not_ask_is_a_failure(polly, run):
    polly.script(VOICES, "AccessDeniedException")
    done = run("voices")
    assert done.code == 1
    assert "allow polly:DescribeVoices" in done.err
