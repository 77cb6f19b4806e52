"""A film made by a job: its voice is paid through the gateway, under the job's name, and once."""

import pytest

from tests.support.gateway import holder
from tests.support.polly_server import SPEAK, PollyServer
from workbench import Settings, Workspace
from workbench.errors import AccessDenied
from workbench.explain.request import FilmRequest
from workbench.jobs.performing import _PERFORM, Outcome
from workbench.jobs.telling import Crew, JobTools, Telling

NOTES = "# Pumps\n\nThey move water.\n\n## Seals\n\nThey keep it in.\n"


def performed(workspace: Workspace, job_id: str) -> Outcome:
    job = workspace.store.change_job(job_id, ("waiting", "running"), of_attempt=0, state="running")
    assert job is not None
    tools = JobTools(workspace.store, workspace, workspace.data_dir, Crew())
    return _PERFORM["film"](job, workspace, Telling(job, tools))


def test_a_job_pays_for_its_voice_through_the_gateway_and_once(
    data_dir, store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PollyServer() as polly:
        for name, value in polly.environment().items():
            monkeypatch.setenv(name, value)
        with Workspace.open(Settings(data_dir=data_dir)) as workspace:
            request = FilmRequest(notes=NOTES, voice="Joanna")
            price = workspace.film_price(request)
            job_id = workspace.jobs.submit_film(request)
            polly.script(SPEAK, "", "", "AccessDeniedException")
            with pytest.raises(AccessDenied):
                performed(workspace, job_id)
            assert holder(data_dir)
            assert 0 < polly.billed_characters < price.lines[0].characters
            outcome = performed(workspace, job_id)
            (film_id,) = outcome.result_ids
            film = workspace.find_film(film_id)
            ledger = workspace.store.ledger()
            assert set(ledger["job_id"]) == {job_id}
            assert ledger["characters"].sum() == polly.billed_characters == film.characters
            assert workspace.store.spent_usd(job_id) == film.cost_usd == price.high_usd
            states = {each.name: each.state for each in workspace.film_states(job_id)}
            assert states["synthesizing_narration"] == "done"
