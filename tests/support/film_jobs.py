"""Jobs of films done in this process: their paid calls are made here, and not by the gateway."""

from typing import Any

from workbench.explain.request import FilmRequest
from workbench.jobs.performing import perform
from workbench.jobs.telling import Crew, JobTools
from workbench.workspace import Workspace


class InThisProcess:
    """A workspace whose films are made, and paid for, here."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workspace, name)

    def film(self, request: FilmRequest, *, execute: object, **more: Any) -> Any:
        del execute
        return self._workspace.film(request, **more)


def do_film(workspace: Workspace, job_id: str) -> str:
    """Do the job of a film; returns the state it ends in."""
    tools: Any = InThisProcess(workspace)
    return perform(job_id, 0, JobTools(workspace.store, tools, workspace.data_dir, Crew()))
