"""From a question to a published film, over loopback Bedrock, Polly and S3: resumed, and paid once."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.explain.test_film import tones_s
from tests.support.bedrock_server import BedrockServer, error
from tests.support.moto_s3 import S3Server
from tests.support.polly_server import SPEAK, PollyServer
from workbench import Settings, Workspace
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.services.polly import Polly
from workbench.errors import AccessDenied, RequestError, ServiceDown
from workbench.explain.films.making import Film
from workbench.explain.request import FilmRequest
from workbench.jobs.performing import perform
from workbench.jobs.telling import Crew, JobTools
from workbench.library.records import Job

QUESTION = FilmRequest(
    question="How does a mechanical seal fail?", voice="Joanna", length="short", publish=True
)


@pytest.fixture
def bedrock() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def polly() -> Iterator[PollyServer]:
    with PollyServer() as running:
        running.hums = True
        yield running


@pytest.fixture
def workspace(
    bedrock: BedrockServer,
    polly: PollyServer,
    s3: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    for name, value in polly.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKBENCH_BEDROCK_ENDPOINT_URL", bedrock.url)
    settings = Settings(data_dir=tmp_path / "data", publish_uri=f"s3://{s3.bucket}/films")
    with Workspace.open(settings) as opened:
        opened.nova = BedrockNova(
            endpoint_url=bedrock.url, region="us-east-1", sleep=lambda seconds: None
        )
        opened.polly = Polly(sleep=lambda seconds: None)
        yield opened


def paid(workspace: Workspace) -> Decimal:
    ledger = workspace.store.ledger()
    return sum((usd for usd in ledger["cost_usd"] if usd is not None), Decimal(0))


def test_each_stage_fails_once_and_nothing_is_paid_twice(
    workspace: Workspace, bedrock: BedrockServer, polly: PollyServer, s3: S3Server
) -> None:
    price = workspace.film_price(QUESTION)
    assert price.lines[-1].stage == "synthesizing_narration"
    assert (bedrock.received, polly.billed) == (0, [])
    bedrock.script(None, None, error("AccessDeniedException"))
    with pytest.raises(AccessDenied):
        workspace.film(QUESTION)
    polly.script(SPEAK, "", "", *["ServiceFailureException"] * 12)
    with pytest.raises(ServiceDown):
        workspace.film(QUESTION)
    polly.forget()
    exact = workspace.film_price(QUESTION)
    # What is written by now is kept, so that only the voice is left to pay, to the letter.
    assert exact.low_usd == exact.high_usd == exact.lines[-1].high_usd
    before = paid(workspace)
    film = workspace.film(QUESTION)
    assert paid(workspace) == before + exact.high_usd
    assert film.cost_usd == exact.high_usd
    ledger = workspace.store.ledger()
    assert ledger["characters"].sum() == polly.billed_characters == film.characters
    assert ledger["task"].to_list().count("script") == 1
    assert price.low_usd <= paid(workspace) <= price.high_usd
    assert len(tones_s(film.path)) > len(film.beats)
    assert_published(film, s3)
    again = workspace.film(QUESTION)
    assert again.id == film.id
    assert workspace.publish_film(film.id).sent == 0
    assert paid(workspace) == before + exact.high_usd


def assert_published(film: Film, s3: S3Server) -> None:
    objects = s3.objects()
    assert objects[f"films/{film.id}/film.mp4"].data == film.path.read_bytes()
    told = json.loads(objects[f"films/{film.id}/provenance.json"].data)
    assert told["texts"]["question"] == QUESTION.question
    assert set(told["texts"]) == {"question", "explanation", "refined"}
    assert (told["origin"], told["voice"], told["voice_engine"]) == ("model", "Joanna", "neural")


def test_a_voice_of_another_language_is_refused_before_a_model_is_asked(
    workspace: Workspace, bedrock: BedrockServer
) -> None:
    for more in ({"language": "de"}, {"voice": "Nobody"}):
        with pytest.raises(RequestError):
            workspace.film(QUESTION.model_copy(update=more))
    assert bedrock.received == 0


def test_a_job_tells_that_it_speaks_and_uploads(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workbench.jobs.telling.call_through_gateway",
        lambda data_dir, order, job_id, check: workspace.call(order, job_id=job_id, check=check),
    )
    job_id = workspace.jobs.submit_film(QUESTION)
    tools = JobTools(workspace.store, workspace, workspace.data_dir, Crew())
    assert perform(job_id, 0, tools) == "done"
    job: Job = workspace.jobs.job(job_id)
    states = {each.name: each for each in workspace.film_states(job_id)}
    assert [each.state for each in states.values()] == ["done"] * len(states)
    spoken = states["synthesizing_narration"].cost_usd
    assert spoken is not None
    assert spoken > 0
    assert states["uploading_to_s3"].seconds is not None
    (film_id,) = job.result_ids
    assert workspace.find_film(film_id).cost_usd == job.cost_usd
