"""A question becomes a film in four stages: priced before, paid once, kept, and open to edits."""

import json
from decimal import Decimal

import pytest

from tests.support.bedrock_server import error
from tests.support.questions import ANSWER, QUESTION, STAGES, billed, paid
from workbench import Workspace
from workbench.backends.bedrock.converse import BedrockNova
from workbench.errors import AccessDenied, BudgetReached, NoCredentials
from workbench.explain.request import FilmRequest
from workbench.explain.storyboards.storyboard import write_storyboard
from workbench.settings import load_settings


def test_a_question_becomes_a_film_of_four_paid_calls(workspace, server):
    price = workspace.film_price(QUESTION)
    assert server.received == 0
    assert [line.is_kept for line in price.lines] == [False] * 4
    film = workspace.film(QUESTION)
    assert server.refused == ()
    assert [call.tool for call in server.calls] == STAGES
    assert [call.temperature for call in server.calls] == [0.0] * 4
    assert paid(workspace)[:2] == billed(server)
    assert price.low_usd <= paid(workspace)[2] <= price.high_usd
    assert film.path.is_file()
    assert (film.origin, film.made_by, film.title) == (
        "model",
        "Nova 2 Lite",
        "A question answered",
    )
    ledger = workspace.store.ledger()
    assert ledger["task"].to_list() == ["explain", "refine", "script", "validate"]
    assert ledger["expected_output_tokens"].min() > 0
    lines = {line.label for line in workspace.costs().lines["task"]}
    assert "Writing scripts of films" in lines
    assert [(each.model, each.calls) for each in workspace.corrections()] == [("2_lite", 4)]
    assert {line.label for line in workspace.costs().lines["asset"]} == {"Films of questions"}


def test_the_same_question_is_never_paid_twice(workspace, server):
    first = workspace.film(QUESTION)
    before = server.received
    price = workspace.film_price(QUESTION)
    assert [line.is_kept for line in price.lines] == [True] * 4
    assert price.high_usd == 0
    assert workspace.film(QUESTION) == first
    other = workspace.film(QUESTION.model_copy(update={"theme": "dark"}))
    assert other.id != first.id
    assert server.received == before


def test_kept_replies_need_no_credentials(workspace, server, monkeypatch):
    workspace.storyboard(QUESTION)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    workspace.nova = BedrockNova(endpoint_url=server.url, region="us-east-1")
    assert workspace.storyboard(QUESTION).beats


def test_without_credentials_a_question_is_refused_with_what_works_without(workspace, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    workspace.nova = BedrockNova(region="us-east-1")
    assert workspace.film_price(QUESTION).high_usd > 0
    with pytest.raises(NoCredentials) as caught:
        workspace.film(QUESTION)
    for word in ("aws configure", "report", "--notes", "--storyboard", "--example"):
        assert word in caught.value.hint


@pytest.mark.parametrize("stage", range(4))
def test_a_stage_that_fails_is_the_only_one_asked_again(workspace, server, stage):
    server.script(*[ANSWER] * stage, error("AccessDeniedException"))
    with pytest.raises(AccessDenied):
        workspace.film(QUESTION)
    texts = workspace.film_texts(QUESTION)
    kept = [texts.explanation, texts.refined, texts.written, texts.story]
    assert [bool(each) for each in kept] == [place < stage for place in range(4)]
    price = workspace.film_price(QUESTION)
    assert [line.is_kept for line in price.lines] == [place < stage for place in range(4)]
    before = paid(workspace)[2]
    film = workspace.film(QUESTION)
    assert film.path.is_file()
    assert server.answered == 4
    assert paid(workspace)[:2] == billed(server)
    assert price.low_usd <= paid(workspace)[2] - before <= price.high_usd


def test_what_was_written_lies_in_the_folder_of_the_film(workspace):
    film = workspace.film(QUESTION)
    asked = json.loads((film.folder / "question.json").read_text())
    assert asked["request"]["question"] == QUESTION.question
    assert asked["models"]["script"] == "2_lite"
    assert len(asked["prompt_hash"]) == 12
    explanation = (film.folder / "explanation.md").read_text()
    refined = (film.folder / "refined.md").read_text()
    assert "two rings" in explanation
    assert refined.startswith(explanation.strip())
    assert "A sentence was added" in (film.folder / "problems.md").read_text()
    assert (film.folder / "storyboard.json").is_file()


def test_an_edited_explanation_goes_on_from_there(workspace, server):
    workspace.film(QUESTION)
    server.reset()
    edit = {"explanation": "A seal fails because its rings run dry. They touch, and they crack."}
    request = QUESTION.model_copy(update=edit)
    assert workspace.film_price(request).lines[0].stage == "refining_explanation"
    film = workspace.film(request)
    assert [call.tool for call in server.calls] == STAGES[1:]
    assert edit["explanation"] in server.calls[0].prompt
    assert (film.folder / "explanation.md").read_text().strip() == edit["explanation"]


def test_an_edited_refinement_is_only_made_a_script_of(workspace, server):
    edit = {"refined": "A seal fails because its rings run dry. They touch, and they crack."}
    film = workspace.film(QUESTION.model_copy(update=edit))
    assert [call.tool for call in server.calls] == STAGES[2:]
    assert not (film.folder / "explanation.md").exists()


def test_an_edited_storyboard_costs_nothing(workspace, server):
    story = workspace.storyboard(QUESTION)
    server.reset()
    edited = FilmRequest(storyboard=write_storyboard(story), voice="none", renderer="cards")
    assert workspace.film_price(edited).high_usd == 0
    assert workspace.film(edited).path.is_file()
    assert server.received == 0


def test_the_cap_holds_over_all_stages(workspace, server):
    price = workspace.film_price(QUESTION)
    tight = QUESTION.model_copy(update={"max_cost_usd": price.lines[0].high_usd / 2})
    with pytest.raises(BudgetReached):
        workspace.film(tight)
    assert server.answered < 4
    assert paid(workspace)[2] <= tight.max_cost_usd
    assert workspace.film(QUESTION).path.is_file()
    assert server.answered == 4


def test_a_spent_monthly_budget_sends_nothing(workspace, server, tmp_path):
    settings = load_settings(data_dir=tmp_path / "poor", monthly_budget_usd=Decimal("0.0001"))
    with Workspace.open(settings) as poor, pytest.raises(BudgetReached):
        poor.film(QUESTION)
    assert server.received == 0
