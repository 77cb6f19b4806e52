"""`workbench explain --ask`: the price first, then the film; nothing is sent without a word."""

import io
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer, credentials_for_tests
from workbench.cli.films.price import is_agreed
from workbench.explain.price import FilmPrice, PriceLine

QUESTION = "How does a mechanical seal fail?"
SHORT = (
    "explain",
    "--ask",
    QUESTION,
    "--length",
    "short",
    "--voice",
    "none",
    "--renderer",
    "cards",
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        for name, value in credentials_for_tests().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("WORKBENCH_BEDROCK_ENDPOINT_URL", running.url)
        yield running


def test_the_price_is_shown_stage_by_stage_and_nothing_is_sent(run, server):
    for more in (("--dry-run",), (), ("--storyboard-only",)):
        done = run(*SHORT, *more)
        assert done.code == 0
        for stage in ("writes the explanation", "refines", "writes the script", "checks"):
            assert stage in done.out
        assert "Nova 2 Lite" in done.out
    assert "Nothing was sent. Add --yes to pay for it." in done.out
    assert server.received == 0


def test_the_price_as_json_has_dollars_as_numbers(run, server):
    told = run(*SHORT, "--dry-run", "--json").json
    assert told["film"] is None
    assert 0 < told["price"]["low_usd"] < told["price"]["expected_usd"] < told["price"]["high_usd"]
    assert len(told["price"]["lines"]) == 4
    assert server.received == 0


def test_with_a_word_it_is_paid_made_and_found_again_for_nothing(run, server):
    done = run(*SHORT, "--yes")
    assert done.code == 0
    assert Path(done.out.strip().splitlines()[-1]).is_file()
    assert server.answered == 4
    again = run(*SHORT)
    assert again.code == 0
    assert "kept" in again.out
    assert Path(again.out.strip().splitlines()[-1]).is_file()
    assert server.answered == 4


def test_the_storyboard_alone_is_printed_as_json(run, server):
    story = run(*SHORT, "--storyboard-only", "--yes").json
    assert story["origin"] == "model"
    assert story["beats"][0]["show"]["kind"] == "title"


def test_a_text_of_ones_own_replaces_what_a_model_would_write(run, server, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("A seal fails because its rings run dry and then crack.")
    done = run(*SHORT, "--refined", tmp_path / "mine.txt", "--yes")
    assert done.code == 0
    assert server.answered == 2


@pytest.mark.parametrize(("said", "is_paid"), [("y\n", True), ("n\n", False), ("", False)])
def test_at_a_terminal_the_price_is_agreed_to_by_a_word(monkeypatch, said, is_paid):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(said))
    monkeypatch.setattr(sys, "stderr", shown)
    line = PriceLine("generating_script", "Nova 2 Lite", Decimal("0.01"), Decimal("0.04"))
    assert is_agreed(FilmPrice((line,)), yes=False) is is_paid
    assert "Pay up to $0.0400? [y/N]" in shown.getvalue()


def test_without_an_account_the_hint_says_what_works(run):
    done = run(*SHORT, "--yes")
    assert done.code == 1
    assert "No AWS credentials" in done.err
    assert "--notes" in done.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--ask", "Why this?"), "10 to 10,000 letters"),
        (("--ask", "q" * 10_001), "10 to 10,000 letters"),
        (("--ask", QUESTION, "--written-by", "local"), "does not write"),
        (("--ask", QUESTION, "--written-by", "nobody"), "no model 'nobody'"),
        (("--ask", QUESTION, "--refined", "nowhere.md"), "nowhere.md cannot be read"),
        (("--ask", QUESTION, "--language", "German"), "should match pattern"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_hint(run, words, why):
    done = run("explain", *words)
    assert done.code != 0
    assert why in done.problem
    assert "hint:" in done.err
