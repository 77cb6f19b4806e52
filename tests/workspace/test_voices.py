"""Texts spoken by Polly: priced before, paid once, joined without a seam, in the ledger."""

import wave
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.polly_server import CUT_IN_SOUND, FALSE_MARKS, LETTER_MS, SPEAK, PollyServer
from workbench import Settings, Workspace
from workbench.backends.services.polly import SAMPLE_RATE_HZ, Polly
from workbench.errors import BadReply, BudgetReached, NoCredentials, RequestError, ServiceDown

LONG = " ".join(
    f"The {part} in the basement runs without oil." for part in ("pump", "rotor", "valve", "gear")
)
PIECE = 100
"""Most characters of a piece here, so that a text of 170 has two: sound has 4 kB a letter."""


@pytest.fixture(scope="module")
def shared() -> Iterator[PollyServer]:
    with PollyServer() as running:
        yield running


@pytest.fixture
def polly(shared: PollyServer, monkeypatch: pytest.MonkeyPatch) -> PollyServer:
    shared.reset()
    for name, value in shared.environment().items():
        monkeypatch.setenv(name, value)
    return shared


@pytest.fixture(scope="module")
def client() -> Polly:
    """One for all: opening it takes longer than most tests."""
    return Polly(sleep=lambda seconds: None)


@pytest.fixture
def workspace(
    polly: PollyServer, client: Polly, tmp_path: Path, monkeypatch
) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workbench.analysis.services.speaking.PIECE_CHARACTERS", PIECE)
    with Workspace.open(Settings(data_dir=tmp_path / "data")) as opened:
        opened.polly = client
        yield opened


def test_what_is_shown_is_what_is_paid_and_a_second_time_costs_nothing(workspace, polly):
    plan = workspace.plan_speech("Never run it dry.", "joanna")
    assert (plan.voice.name, plan.engine) == ("Joanna", "neural")
    # Sound and times, 17 characters each, at $16 a million.
    assert (plan.characters, plan.cost_usd) == (34, Decimal("0.000544"))
    assert polly.billed == []
    speech = workspace.speak(plan)
    assert (speech.characters, speech.cost_usd) == (34, plan.cost_usd)
    assert polly.billed_characters == 34
    assert speech.duration_s == pytest.approx(17 * LETTER_MS / 1000)
    assert [(mark.word, mark.at_s) for mark in speech.marks] == [
        ("Never", 0.0), ("run", 0.36), ("it", 0.6), ("dry", 0.78),
    ]  # fmt: skip
    again = workspace.plan_speech("Never run it dry.", "Joanna")
    assert (again.characters, again.cost_usd) == (0, 0)
    kept = workspace.speak(again)
    assert (kept.pcm, kept.marks, kept.characters, kept.cost_usd) == (
        speech.pcm, speech.marks, 0, 0,
    )  # fmt: skip
    assert len(polly.billed) == 2


def test_the_ledger_has_every_character_that_the_service_has_billed(workspace, polly):
    polly.script(SPEAK, "", FALSE_MARKS)
    with pytest.raises(BadReply):
        workspace.speak(workspace.plan_speech("Lies.", "Joanna"))
    workspace.speak(workspace.plan_speech("Lies.", "Joanna"))
    ledger = workspace.store.ledger()
    assert ledger["characters"].sum() == polly.billed_characters
    assert set(ledger["task"]) == {"speak"}
    assert set(ledger["outcome"]) == {"answered", "refused"}
    (line,) = workspace.costs().lines["task"]
    assert line.label == "Speaking texts"
    assert {each.label for each in workspace.costs().lines["asset"]} == {"Spoken texts"}


def test_a_long_text_is_spoken_in_pieces_that_meet_at_sentences(workspace, polly, tmp_path):
    plan = workspace.plan_speech(LONG, "Amy")
    speech = workspace.speak(plan)
    texts = [asked["Text"] for asked in polly.asked if asked["OutputFormat"] == "pcm"]
    assert len(texts) == 2
    assert all(text.endswith("oil.") and len(text) <= PIECE for text in texts)
    assert " ".join(texts) == LONG
    assert len(speech.pcm) == 2 * sum(
        len(text) * LETTER_MS * SAMPLE_RATE_HZ // 1000 for text in texts
    )
    assert len(speech.marks) == 4 * 8
    assert all(LONG[mark.begin : mark.end] == mark.word for mark in speech.marks)
    times = [mark.at_s for mark in speech.marks]
    assert times == sorted(times)
    # The first word of the second piece is heard where its sound begins.
    assert len(texts[0]) * LETTER_MS / 1000 in times
    speech.write(tmp_path / "long.wav")
    with wave.open(str(tmp_path / "long.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(file.getnframes()) == speech.pcm


def test_what_failed_half_way_goes_on_without_paying_twice(workspace, polly):
    plan = workspace.plan_speech(LONG, "Joanna", with_marks=False)
    polly.script(SPEAK, "", *["ServiceFailureException"] * 6)
    with pytest.raises(ServiceDown):
        workspace.speak(plan)
    assert len(polly.billed) == 1
    left = workspace.plan_speech(LONG, "Joanna", with_marks=False)
    assert left.characters == plan.characters - polly.billed_characters
    workspace.speak(left)
    assert polly.billed_characters == plan.characters


def test_a_piece_that_stands_in_a_text_twice_is_paid_once(workspace, polly):
    sentence = "The pump in the basement of the old mill runs without oil."
    plan = workspace.plan_speech(f"{sentence} {sentence}", "Joanna", with_marks=False)
    assert (len(plan.calls), plan.characters) == (2, len(sentence))
    speech = workspace.speak(plan)
    assert polly.billed_characters == speech.characters == len(sentence)
    assert speech.duration_s == pytest.approx(2 * len(sentence) * LETTER_MS / 1000)


def test_a_lost_reply_is_in_the_ledger_as_perhaps_billed(workspace, polly):
    polly.script(SPEAK, CUT_IN_SOUND)
    speech = workspace.speak(workspace.plan_speech("Lost.", "Joanna", with_marks=False))
    assert speech.cost_usd is None
    assert workspace.store.ledger()["outcome"].to_list() == ["lost", "answered"]


def test_the_cap_ends_it_between_two_calls(workspace, polly):
    plan = workspace.plan_speech(LONG, "Joanna", with_marks=False)
    with pytest.raises(BudgetReached):
        workspace.speak(plan, cap_usd=plan.cost_usd / 2)
    assert len(polly.billed) == 1


def test_a_generative_voice_speaks_without_times_of_words(workspace, polly):
    plan = workspace.plan_speech("No times.", "Ruth", engine="generative")
    assert plan.cost_usd == Decimal("0.00054")
    speech = workspace.speak(plan)
    assert speech.marks == ()
    assert speech.cost_usd == Decimal("0.00027")
    assert workspace.plan_speech("No times.", "Ruth", engine="generative").cost_usd == 0


@pytest.mark.parametrize(
    ("text", "voice", "options", "words"),
    [
        ("", "Joanna", {}, "1 to 100,000"),
        ("\x00\x07", "Joanna", {}, "1 to 100,000"),
        ("x" * 100_001, "Joanna", {}, "1 to 100,000"),
        ("half \ud83d", "Joanna", {}, "half of a character"),
        ("Text.", "Nobody", {}, "no voice 'Nobody'"),
        ("Text.", "Gregory", {"engine": "standard"}, "no engine 'standard'"),
        ("Text.", "Joanna", {"language": "hi-IN"}, "does not speak hi-IN"),
    ],
)
def test_what_cannot_be_spoken_is_refused_before_anything_is_paid(
    workspace, polly, text, voice, options, words
):
    with pytest.raises(RequestError, match=words) as caught:
        workspace.plan_speech(text, voice, **options)
    assert caught.value.hint
    assert polly.billed == []


def test_markup_and_control_characters_are_words_and_spaces(workspace, polly):
    text = "<speak>\x00Quit & </speak>"
    workspace.speak(workspace.plan_speech(text, "Joanna", with_marks=False))
    assert polly.asked[0]["Text"] == "<speak> Quit & </speak>"
    assert polly.asked[0]["TextType"] == "text"


def test_voices_are_those_of_a_language(workspace):
    assert [voice.name for voice in workspace.voices("en-gb")] == ["Amy"]
    assert len(workspace.voices()) == 7
    assert workspace.voices("xx") == ()


def test_without_credentials_nobody_is_asked(workspace, polly, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    with pytest.raises(NoCredentials):
        workspace.voices()
    assert polly.log == []
