"""Batches of a short film: what is asked, sent, and paid."""

from collections.abc import Callable
from pathlib import Path

from workbench import AnalysisRequest, Workspace

CHUNKS = 6


def asked_of(film: Path) -> AnalysisRequest:
    return AnalysisRequest(
        assets=(str(film),), engine="nova", model="lite", chunk_s=30, context_s=0,
        find=("chapters",), tier="batch",
    )  # fmt: skip


def sent(workspace: Workspace, work: Callable[[], None], request: AnalysisRequest) -> str:
    job_id = workspace.submit(request)
    work()
    return job_id


def paid(workspace: Workspace) -> tuple[int, int]:
    """Tokens that the ledger has as paid."""
    calls = workspace.store.ledger().filter(~_column("was_kept"))
    return calls["input_tokens"].sum(), calls["output_tokens"].sum()


def _column(name: str):
    import polars

    return polars.col(name)
