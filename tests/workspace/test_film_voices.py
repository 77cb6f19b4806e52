"""Films spoken by Polly: priced before, paid once, in step with the pictures, never by another voice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.explain.test_film import cuts_s, tones_s
from tests.support.polly_server import CUT_IN_SOUND, LETTER_MS, NOTHING, SPEAK, PollyServer
from workbench import Settings, Workspace
from workbench.backends.services.polly import Polly
from workbench.errors import (
    BadModelRequest,
    BadReply,
    BudgetReached,
    NoCredentials,
    RequestError,
    ServiceDown,
    Throttled,
)
from workbench.explain.narration import FRAME_RATE, LEAD_S
from workbench.explain.request import FilmRequest
from workbench.explain.storyboards.storyboard import Beat, Storyboard, write_storyboard
from workbench.explain.storyboards.visuals import Image, Quote, Visual
from workbench.speech.subtitles.files import read_subtitles

TEXTS = (
    "The pump runs. It is never dry!",
    "Dr. Lee looks at the seal. Then she says: stop.",
    "Oil it",
)
LETTERS = sum(map(len, TEXTS))


@pytest.fixture(scope="module")
def shared() -> Iterator[PollyServer]:
    with PollyServer() as running:
        yield running


@pytest.fixture
def polly(shared: PollyServer, monkeypatch: pytest.MonkeyPatch) -> PollyServer:
    shared.reset()
    shared.hums = True
    for name, value in shared.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    return shared


@pytest.fixture(scope="module")
def client() -> Polly:
    """One for all: opening it takes longer than most tests."""
    return Polly(sleep=lambda seconds: None)


@pytest.fixture
def workspace(
    polly: PollyServer, client: Polly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    with Workspace.open(Settings(data_dir=tmp_path / "data")) as opened:
        opened.polly = client
        yield opened


def story_of(texts: tuple[str, ...], *, language: str = "en", shows: tuple[Visual, ...] = ()):
    shows = shows or tuple(Quote(f"quote {n}") for n in range(len(texts)))
    beats = tuple(Beat("", show, text) for show, text in zip(shows, texts, strict=True))
    return write_storyboard(Storyboard("A film", beats, language=language))


def asked(texts: tuple[str, ...] = TEXTS, voice: str = "Joanna", **more: object) -> FilmRequest:
    language = str(more.pop("language", "en"))
    story = story_of(texts, language=language)
    return FilmRequest.model_validate({"storyboard": story, "voice": voice, **more})


def test_a_film_is_in_step_with_its_voice_and_captions_are_on_the_words(
    workspace: Workspace, tmp_path: Path
) -> None:
    for name in ("white", "black"):
        Pillow.new("RGB", (640, 360), name).save(tmp_path / f"{name}.png")
    texts = tuple(f"{text.rstrip('.')}. Number {n}." for n, text in enumerate(TEXTS * 2))
    shows = tuple(Image(str(tmp_path / f"{('white', 'black')[n % 2]}.png")) for n in range(6))
    film = workspace.film(FilmRequest(storyboard=story_of(texts, shows=shows), voice="Joanna"))
    assert (film.voice, film.voice_engine, film.notes) == ("Joanna", "neural", ())
    begins = [0.0, *cuts_s(film.path)]
    assert len(begins) == len(film.beats)
    tones = tones_s(film.path)
    captions = [u.span for u in read_subtitles(film.srt_path).utterances]
    for beat, text, begin_s in zip(film.beats, texts, begins, strict=True):
        assert abs(begin_s - beat.start_s) <= 1 / FRAME_RATE
        said_s = begin_s + LEAD_S
        assert min(abs(start - said_s) for start, _ in tones) <= 1 / FRAME_RATE
        for at in (0, text.index("Number")):
            heard_s = beat.start_s + LEAD_S + at * LETTER_MS / 1000
            assert min(abs(start - heard_s) for start, _ in tones) <= 0.02
            assert min(abs(span.start_s - heard_s) for span in captions) <= 0.1
        last_s = beat.start_s + LEAD_S + (len(text) - 1) * LETTER_MS / 1000
        assert min(abs(span.end_s - last_s) for span in captions) <= 0.1


def test_what_is_shown_is_what_is_paid_and_a_second_film_costs_nothing(
    workspace: Workspace, polly: PollyServer
) -> None:
    price = workspace.film_price(asked())
    (line,) = price.lines
    # Sound and times of words, at $16 a million characters.
    assert (line.by, line.characters) == ("Joanna, neural", 2 * LETTERS)
    assert price.low_usd == price.high_usd == 2 * LETTERS * Decimal("0.000016")
    assert polly.billed == []
    film = workspace.film(asked())
    assert (film.characters, film.cost_usd) == (2 * LETTERS, price.high_usd)
    assert polly.billed_characters == 2 * LETTERS
    assert workspace.film_price(asked()).high_usd == 0
    assert workspace.film(asked()) == film
    other = workspace.film(asked(("A new beat.", *TEXTS)))
    assert polly.billed_characters == 2 * (LETTERS + len("A new beat."))
    assert other.cost_usd == 2 * len("A new beat.") * Decimal("0.000016")


def test_words_that_were_swept_away_are_taken_from_the_replies_that_were_paid(
    workspace: Workspace, polly: PollyServer
) -> None:
    film = workspace.film(asked())
    before = film.path.read_bytes()
    workspace.delete_film(film.id)
    for path in (workspace.data_dir / "film_parts").rglob("*.*"):
        path.unlink()
    (line,) = workspace.film_price(asked()).lines
    assert (line.is_kept, line.high_usd) == (True, 0)
    assert workspace.film(asked()).path.read_bytes() == before
    assert polly.billed_characters == 2 * LETTERS


@pytest.mark.parametrize(
    ("fault", "error"),
    [("ServiceFailureException", ServiceDown), ("ThrottlingException", Throttled)],
)
def test_a_film_that_failed_in_the_middle_goes_on_and_pays_nothing_twice(
    workspace: Workspace, polly: PollyServer, fault: str, error: type[Exception]
) -> None:
    polly.script(SPEAK, "", "", "", *[fault] * 12)
    with pytest.raises(error) as caught:
        workspace.film(asked())
    assert caught.value.hint
    assert workspace.films() == []
    assert list((workspace.data_dir / "films").iterdir()) == []
    polly.forget()
    film = workspace.film(asked())
    assert polly.billed_characters == 2 * LETTERS
    assert workspace.store.ledger()["characters"].sum() == 2 * LETTERS
    assert film.characters == 2 * LETTERS


def test_a_voice_without_times_of_words_speaks_sentence_by_sentence(
    workspace: Workspace, polly: PollyServer
) -> None:
    film = workspace.film(asked(voice="Ruth", voice_engine="generative"))
    texts = [call["Text"] for call in polly.asked]
    assert texts == [
        "The pump runs.", "It is never dry!", "Dr. Lee looks at the seal.", "Then she says: stop.",
        "Oil it",
    ]  # fmt: skip
    assert film.characters == polly.billed_characters == sum(map(len, texts))
    tones = tones_s(film.path)
    captions = [u.span for u in read_subtitles(film.srt_path).utterances]
    assert len(captions) == 5
    for span in captions:
        assert min(abs(start - span.start_s) for start, _ in tones) <= 0.1
        assert min(abs(end - span.end_s) for _, end in tones) <= 0.1


def test_a_voice_of_another_language_is_refused_with_those_that_speak_it(
    workspace: Workspace, polly: PollyServer
) -> None:
    for ask in (workspace.film, workspace.film_price):
        with pytest.raises(RequestError, match="Joanna speaks en-US, not 'de'") as caught:
            ask(asked(language="de"))
        assert "Vicki" in caught.value.hint
    with pytest.raises(RequestError) as caught:
        workspace.film(asked(language="tlh"))
    assert "--voice none" in caught.value.hint
    assert polly.billed == []
    workspace.film(asked(("Hallo.",), voice="vicki", language="de"))
    workspace.film(asked(("Namaste.",), voice="Aditi", language="hi"))
    assert [call.get("LanguageCode") for call in polly.asked] == [None, None, "hi-IN", "hi-IN"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"voice": "Nobody"}, "no voice 'Nobody'"),
        ({"voice": "Gregory", "voice_engine": "standard"}, "no engine 'standard'"),
    ],
)
def test_a_voice_that_is_not_there_is_refused_before_anything_is_spoken(
    workspace: Workspace, polly: PollyServer, more: dict[str, str], words: str
) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        workspace.film(asked(**more))
    assert caught.value.hint
    assert polly.billed == []


def test_a_voice_that_polly_refuses_is_no_silent_film(
    workspace: Workspace, polly: PollyServer
) -> None:
    workspace.voices()
    # It was listed, and has gone since.
    polly.voices = [each for each in polly.voices if each["Id"] != "Joanna"]
    with pytest.raises(BadModelRequest) as caught:
        workspace.film(asked())
    assert caught.value.hint
    assert workspace.films() == []
    assert polly.billed == []


def test_a_beat_that_alone_cannot_be_spoken_is_silent_and_says_so(
    workspace: Workspace, polly: PollyServer
) -> None:
    polly.script(SPEAK, "", "", NOTHING)
    film = workspace.film(asked(("One.", "Two.", "…", "Three.")))
    assert [bool(beat.warnings) for beat in film.beats] == [False, True, True, False]
    assert all(note.startswith("nobody speaks over it: ") for note in film.notes)
    assert len(film.notes) == 2
    assert film.voice == "Joanna"
    assert workspace.store.ledger()["characters"].sum() == polly.billed_characters


def test_a_voice_that_says_nothing_at_all_is_no_silent_film(
    workspace: Workspace, polly: PollyServer
) -> None:
    polly.script(SPEAK, *[NOTHING] * 9)
    with pytest.raises(BadReply):
        workspace.film(asked())
    with pytest.raises(BadReply):
        workspace.film(asked(("Only one.",)))


def test_a_cap_below_the_price_is_refused_before_a_word_is_spoken(
    workspace: Workspace, polly: PollyServer
) -> None:
    price = workspace.film_price(asked()).high_usd
    with pytest.raises(BudgetReached, match="over the cap") as caught:
        workspace.film(asked(max_cost_usd=price / 2))
    assert caught.value.hint
    assert polly.billed == []
    assert workspace.film(asked(max_cost_usd=price)).cost_usd == price


def test_a_cost_that_nobody_knows_is_not_told_as_nothing(
    workspace: Workspace, polly: PollyServer
) -> None:
    polly.script(SPEAK, CUT_IN_SOUND)
    film = workspace.film(asked())
    assert film.cost_usd is None
    assert "lost" in workspace.store.ledger()["outcome"].to_list()


def test_without_credentials_nobody_else_speaks(
    workspace: Workspace, polly: PollyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    workspace.polly = Polly()
    with pytest.raises(NoCredentials) as caught:
        workspace.film(asked())
    assert caught.value.hint
    assert workspace.films() == []


def test_a_job_pays_for_the_voice_under_its_own_name(workspace: Workspace) -> None:
    film = workspace.film(asked(), job_id="0123456789abcdef")
    assert workspace.store.spent_usd("0123456789abcdef") == film.cost_usd > 0
    assert set(workspace.store.ledger()["job_id"]) == {"0123456789abcdef"}


MAKES_IT = """
import sys
from pathlib import Path
from workbench import Settings, Workspace
from workbench.explain.request import FilmRequest
with Workspace.open(Settings(data_dir=Path(sys.argv[1]))) as workspace:
    film = workspace.film(FilmRequest(storyboard=sys.argv[2], voice="Joanna"))
    print(film.id, film.path.stat().st_size)
"""


def test_two_programs_that_make_the_same_film_at_once_pay_once_and_both_have_it(
    polly: PollyServer, tmp_path: Path, project: Path
) -> None:
    data_dir = tmp_path / "data"
    Workspace.open(Settings(data_dir=data_dir)).close()
    words = [sys.executable, "-c", MAKES_IT, str(data_dir), story_of(TEXTS)]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    both = [
        subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1] != ""
    assert polly.billed_characters == 2 * LETTERS
    assert [path.name for path in (data_dir / "films").iterdir()] == [said[0].split()[0]]
