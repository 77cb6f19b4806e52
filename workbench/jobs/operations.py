"""What a worker can be asked to do, as it sees it: a few verbs and what comes of them.

A `Workspace` has these methods. Jobs know nothing else of it, so this room stays below it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure, RunResult
from workbench.analysis.runs.run import Executor
from workbench.backends.order import CallOrder, CallOutcome
from workbench.explain.request import FilmRequest
from workbench.library.records import ReportRecord
from workbench.media.asset import Asset, Proxy
from workbench.progress import Progress

if TYPE_CHECKING:
    from workbench.explain.films.making import Film


class Imported(Protocol):
    """What came of an import."""

    @property
    def added(self) -> Sequence[Asset]:
        """New in the library."""
        ...

    @property
    def known(self) -> Sequence[Asset]:
        """There before."""
        ...

    @property
    def failed(self) -> Sequence[Failure]:
        """What could not be read."""
        ...


class Proxied(Protocol):
    """What came of making proxies."""

    @property
    def made(self) -> Sequence[Proxy]:
        """Made now."""
        ...

    @property
    def failed(self) -> Sequence[Failure]:
        """What could not be made."""
        ...


class Operations(Protocol):
    """The verbs of a workspace that jobs call."""

    def import_media(self, paths: Sequence[Path | str], *, progress: Progress) -> Imported:
        """Add files and folders to the library."""
        ...

    def make_sample(self, *, progress: Progress) -> Any:
        """Make the sample library and import it."""
        ...

    def make_posters(self, asset_ids: Sequence[str], *, progress: Progress) -> int:
        """Make the pictures the Library page shows."""
        ...

    def make_proxies(
        self,
        asset_ids: Sequence[str],
        spec: str | None = None,
        *,
        limit: int | None = None,
        again: bool = False,
        progress: Progress,
    ) -> Proxied:
        """Make the proxies that are missing, or also those that are there."""
        ...

    def analyse(
        self,
        request: AnalysisRequest,
        progress: Progress,
        execute: Executor | None,
        *,
        job_id: str,
    ) -> RunResult:
        """Plan and run a request; every paid reply is kept before it is used."""
        ...

    def send_batch(
        self, request: AnalysisRequest, progress: Progress, *, job_id: str
    ) -> tuple[str, ...]:
        """Send what a request asks as a batch; the batches to wait for, none if it can be run."""
        ...

    def look_after_batches(self) -> None:
        """Follow open batches, and keep what has come of them."""
        ...

    def call(self, order: CallOrder, *, job_id: str, check: Callable[[], None]) -> CallOutcome:
        """Make one model call in this process."""
        ...

    def settle_calls(self) -> int:
        """Write down what came of calls whose makers have died."""
        ...

    def collect_garbage(self) -> object:
        """Remove what can be made again or is past its time."""
        ...

    def report(
        self, notebook: str, parameters: dict[str, object], *, progress: Progress
    ) -> ReportRecord:
        """Execute a notebook as a report."""
        ...

    def film(
        self,
        request: FilmRequest,
        *,
        progress: Progress,
        job_id: str,
        execute: Executor | None,
        check: Callable[[], None],
    ) -> "Film":
        """Make an explainer film; every paid reply is kept before it is used."""
        ...

    def rebuild_index(self, *, progress: Progress) -> int:
        """Make the search index anew."""
        ...
