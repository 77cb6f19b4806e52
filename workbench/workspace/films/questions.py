"""What a workspace does with films of questions: price them, have them written, say where they are."""

import functools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.analysis.runs.making import Executor
from workbench.backends.catalog.models import ModelInfo
from workbench.errors import BackendError, NoCredentials, NotInLibrary
from workbench.library.journal import note
from workbench.progress import Progress, silent
from workbench.workspace.analyses.analysis import AnalysisWork

if TYPE_CHECKING:
    from workbench.explain.asking.replies import KeptReplies
    from workbench.explain.asking.roles import Role
    from workbench.explain.asking.states import FilmState, StageLog
    from workbench.explain.asking.writing import Draft
    from workbench.explain.price import PriceLine
    from workbench.explain.request import FilmRequest
    from workbench.explain.scripts.rendering import Repair

WITHOUT = (
    "without a model: a video report of an analysis (workbench explain FILE), a film of your notes"
    " (--notes) or of a storyboard (--storyboard), or an example (--example)"
)

SHOWN_LETTERS = 40
"""Letters of a question that are its name in the ledger and the log."""


class QuestionWork(AnalysisWork):
    """Questions that become storyboards."""

    def film_models(self, request: "FilmRequest") -> "dict[Role, ModelInfo]":
        """Which model does what for a question; words are counted as was learned.

        Raises:
            RequestError: There is no such model, or it does not write.
        """
        from workbench.explain.asking.roles import choose_models

        settings = self.settings
        wanted: dict[Role, str] = {
            "explain": settings.explain_model,
            "refine": settings.refine_model,
            "script": settings.script_model,
            "validate": settings.validate_model,
        }
        return choose_models(self._corrected_catalog(), wanted, request.written_by)

    def writing_price(self, request: "FilmRequest") -> "tuple[PriceLine, ...]":
        """What the models of a question cost; nothing is sent.

        Raises:
            RequestError: There is no such model, or it cannot be called from the region.
        """
        from workbench.explain.asking.price import writing_price

        models = self.film_models(request)
        return writing_price(request, models, self._routes(models), self.cache)

    def film_texts(self, request: "FilmRequest") -> "Draft":
        """What is written for a question by now and kept; nobody is asked.

        Raises:
            RequestError: There is no such model.
        """
        from workbench.errors import AnswerCut
        from workbench.explain.asking.replies import KeptReplies, NotKept
        from workbench.explain.asking.states import StageLog
        from workbench.explain.asking.writing import Writer

        replies = KeptReplies(self.cache)
        writer = Writer(request, self.film_models(request), replies, StageLog())
        with suppress(NotKept, AnswerCut):
            writer.write()
        return writer.draft

    def write_film(
        self,
        request: "FilmRequest",
        stages: "StageLog",
        *,
        job_id: str,
        execute: Executor | None,
        check: Callable[[], None],
    ) -> "Draft":
        """Have the storyboard of a question written; what is kept is not paid again.

        Args:
            request: The question.
            stages: Told which stage is under way.
            job_id: The job or run that pays.
            execute: Has a call made; None makes it in this process.
            check: Called often while nothing is sent; it raises to give up.

        Raises:
            NoCredentials: A model has to be asked, and cannot be from here.
            NotInstalled: Scenes are wanted, and Manim is not there.
            BackendError: A service gave no usable answer; what was answered before is kept.
            BudgetReached: A call could cost more than what is left under the cap or of the budget.
            LibraryError: A reply could not be kept.
        """
        from workbench.explain.animation.availability import require_manim
        from workbench.explain.asking.writing import Writer

        if request.scenes:
            require_manim()
        models = self.film_models(request)
        self._require_writers(request, models)
        make = execute or functools.partial(self.call, job_id=job_id, check=check)
        return Writer(request, models, self._replies(request, models, make), stages).write()

    def _replies(
        self, request: "FilmRequest", models: "Mapping[Role, ModelInfo]", execute: Executor
    ) -> "KeptReplies":
        from workbench.explain.asking.replies import PaidReplies

        return PaidReplies(
            self.cache,
            models,
            self._routes(models),
            execute,
            about=_short(request.question),
            cap_usd=request.max_cost_usd,
        )

    def _scene_repair(self, request: "FilmRequest", execute: Executor) -> "Repair | None":
        """Who puts scenes of a film right; nobody where no model has written them."""
        from workbench.explain.asking.scenes import scene_repair

        if request.source != "question" or not request.scenes:
            return None
        models = self.film_models(request)
        return scene_repair(models["validate"], self._replies(request, models, execute))

    def film_states(self, job_id: str) -> "tuple[FilmState, ...]":
        """Where a film is, from the log of its job: its states by name, in order.

        Raises:
            NotInLibrary: There is no such job, or it makes no film.
        """
        from workbench.explain.asking.states import states_of
        from workbench.explain.request import FilmRequest

        job = self.jobs.job(job_id)
        if job.kind != "film":
            raise NotInLibrary(f"{job.title!r} makes no film", hint="`workbench jobs` lists them")
        request = FilmRequest.model_validate_json(job.request)
        events = list(reversed(self.store.events(job_id, limit=MOST_EVENTS)))
        return states_of(
            job,
            request,
            events,
            self.store.paid_by_task(job_id),
            now=datetime.now(UTC),
            has_notes=self._has_notes(job.result_ids),
        )

    def _has_notes(self, film_ids: tuple[str, ...]) -> bool:
        """Do any of these films carry notes for the viewer?"""
        path = self.data_dir / "films"
        return any(
            bool(json.loads((path / each / "film.json").read_bytes()).get("notes"))
            for each in film_ids
            if (path / each / "film.json").is_file()
        )

    def _keep_texts(self, folder: Path, request: "FilmRequest", draft: "Draft") -> None:
        from workbench.explain.asking.texts import write_texts

        write_texts(folder, request, draft, self.film_models(request))

    def _require_writers(self, request: "FilmRequest", models: "Mapping[Role, ModelInfo]") -> None:
        """See that who has to be asked can be.

        Raises:
            NoCredentials: A service cannot be called from here.
        """
        from workbench.explain.asking.writing import STATES

        due = {line.stage for line in self.writing_price(request) if not line.is_kept}
        engines = {model.engine for role, model in models.items() if STATES[role] in due}
        for engine in sorted(engines):
            state = self.backends.get(engine).readiness()
            if not state.is_ready:
                hint = f"{state.hint}; {WITHOUT}" if state.hint else WITHOUT
                raise NoCredentials(state.finding.rstrip("."), hint=hint)

    def _routes(self, models: "Mapping[Role, ModelInfo]") -> "dict[Role, str]":
        from workbench.backends.catalog.models import route_for

        region = ""
        if any(model.engine == "nova" for model in models.values()):
            # Without an account there is no region either: prices are those of the usual one.
            with suppress(BackendError):
                region = self.nova.region
        return {
            role: route_for(model, self.settings.nova_route, region)
            for role, model in models.items()
        }


MOST_EVENTS = 2000
"""Lines of a job's log that are looked at for its states."""


def stage_log(work: QuestionWork, job_id: str, progress: Progress = silent) -> "StageLog":
    """Tells the stages of a film into the log of its job, and those of writing to people."""
    from workbench.explain.asking.states import WORDS, WRITING, StageLog, StateName

    def entered(name: StateName) -> None:
        if name in WRITING:
            progress(list(WRITING).index(name), len(WRITING) + 1, WORDS[name])

    return StageLog(functools.partial(note, work.store, job_id), entered)


def _short(question: str) -> str:
    words = " ".join(question.split())
    return words if len(words) <= SHOWN_LETTERS else f"{words[: SHOWN_LETTERS - 1].rstrip()}…"
