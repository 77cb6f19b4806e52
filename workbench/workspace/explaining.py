"""What a workspace does with explainer films: storyboards, films, and those there are."""

import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from workbench.analysis.making import Executor
from workbench.errors import LibraryDamaged, NotInLibrary
from workbench.jsonable import from_json
from workbench.library.calls import go_on
from workbench.library.journal import RUN_PREFIX
from workbench.progress import Progress, silent
from workbench.workspace.questions import QuestionWork, stage_log

if TYPE_CHECKING:
    from workbench.explain.asking.states import StageLog
    from workbench.explain.making import Film
    from workbench.explain.narration import Voice
    from workbench.explain.price import FilmPrice
    from workbench.explain.request import FilmRequest
    from workbench.explain.storyboard import Storyboard

STILL_WIDTH_PX = 1280
"""Stills of the source are as wide as the film."""

_FILM = re.compile(r"[0-9a-f]{12}")


class ExplainingWork(QuestionWork):
    """Short narrated films."""

    def film_price(self, request: "FilmRequest") -> "FilmPrice":
        """What a film costs, stage by stage; nothing is sent. What is kept costs nothing.

        Raises:
            RequestError: It cannot be done as asked.
        """
        from workbench.explain.price import FilmPrice

        return FilmPrice(self.writing_price(request) if request.source == "question" else ())

    def storyboard(self, request: "FilmRequest", *, progress: Progress = silent) -> "Storyboard":
        """The film before it is made: to read, to change, and to make.

        That of a question is written by models, and paid for where it is not kept: ask
        `film_price` before.

        Raises:
            RequestError: There is nothing to tell, or a beat cannot be drawn.
            NotInLibrary: There is no such analysis.
            MediaError: The source cannot be read.
            BackendError: A model gave no usable answer; what was answered before is kept.
            BudgetReached: A call could cost more than what is left under the cap or of the budget.
        """
        if request.source == "question":
            run_id = f"{RUN_PREFIX}{uuid.uuid4().hex}"
            with stage_log(self, run_id, progress) as stages:
                draft = self.write_film(request, stages, job_id=run_id, execute=None, check=go_on)
            return draft.finished()
        from workbench.explain.notes_story import storyboard_of_notes
        from workbench.explain.report_story import Footage, storyboard_of_analysis
        from workbench.explain.storyboard import read_storyboard

        folder = Path(request.folder).expanduser() if request.folder else None
        if request.source == "notes":
            return storyboard_of_notes(request.notes, folder=folder, theme=request.theme)
        if request.source == "storyboard":
            return read_storyboard(request.storyboard, folder=folder)
        analysis = self.store.analysis(request.analysis)
        asset = self.store.asset(analysis.asset_id)
        still = partial(self.poster, asset.id, width_px=STILL_WIDTH_PX)
        return storyboard_of_analysis(
            analysis,
            Footage(asset, still, moving=request.moving),
            length=request.length,
            theme=request.theme,
            chapter=request.chapter,
        )

    def film(
        self,
        request: "FilmRequest",
        *,
        progress: Progress = silent,
        job_id: str = "",
        execute: Executor | None = None,
        check: Callable[[], None] = go_on,
    ) -> "Film":
        """Make a film, and keep it in the data folder; one that was made before is found again.

        Beats that were drawn for an earlier film, and words that were spoken, are used again.

        Args:
            request: What it is made of.
            progress: Told about finished units; what it raises stops the work.
            job_id: The job that pays; without one, the run itself.
            execute: Has a call made; None makes it in this process.
            check: Called often while nothing is sent; it raises to give up.

        Raises:
            RequestError: There is nothing to tell, or a beat cannot be drawn.
            NotInLibrary: There is no such analysis.
            NotInstalled: The voice is missing.
            MediaError: The source cannot be read.
            DiskFull: There is no room.
            BackendError: A model gave no usable answer; what was answered before is kept.
            BudgetReached: A call could cost more than what is left under the cap or of the budget.
        """
        from workbench.explain.asking.states import WRITING

        run_id = job_id or f"{RUN_PREFIX}{uuid.uuid4().hex}"
        if request.source != "question":
            with stage_log(self, run_id) as stages:
                return self._made(self.storyboard(request), request, progress, stages)
        with stage_log(self, run_id, progress) as stages:
            draft = self.write_film(request, stages, job_id=run_id, execute=execute, check=check)

            def drawing(done: int, total: int, stage: str) -> None:
                progress(len(WRITING) + done, len(WRITING) + total, stage)

            film = self._made(draft.finished(), request, drawing, stages)
        self._keep_texts(film.folder, request, draft)
        return film

    def _made(
        self,
        story: "Storyboard",
        request: "FilmRequest",
        progress: Progress,
        stages: "StageLog",
    ) -> "Film":
        from workbench.explain.making import film_id, make_film

        voice, notes = self._voice(request.voice, story.language)
        story = replace(story, notes=(*story.notes, *notes))
        folder = self.data_dir / "films" / film_id(story, voice)
        if (folder / "film.json").is_file():
            return self.find_film(folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return make_film(
                story, folder, self.data_dir / "film_parts", voice, progress=progress, stages=stages
            )
        except BaseException:
            # Ctrl-C or a stopped job too: no half film stays. What was drawn is kept apart.
            if not (folder / "film.json").is_file():
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def films(self) -> list["Film"]:
        """The films that were made, newest first."""
        found = [self._read_film(path) for path in (self.data_dir / "films").glob("*/film.json")]
        return sorted(found, key=lambda film: film.created_at, reverse=True)

    def find_film(self, film_id: str) -> "Film":
        """The film of this id.

        Raises:
            NotInLibrary: There is none.
        """
        path = self.data_dir / "films" / film_id / "film.json"
        if not _FILM.fullmatch(film_id) or not path.is_file():
            raise NotInLibrary(
                f"there is no film {film_id[:40]!r}", hint="`workbench explain --list` lists them"
            )
        return self._read_film(path)

    def delete_film(self, film_id: str) -> None:
        """Delete a film with its captions and storyboard.

        Raises:
            NotInLibrary: There is none.
        """
        shutil.rmtree(self.find_film(film_id).folder)

    def _read_film(self, path: Path) -> "Film":
        from workbench.explain.making import Film

        try:
            film = from_json(Film, path.read_bytes())
        except ValidationError as error:
            raise LibraryDamaged(
                f"the record of the film {path.parent.name} cannot be read",
                hint=f"delete {path.parent} and make the film again",
            ) from error
        # The library may have been moved or restored since.
        return replace(film, folder=path.parent)

    def _voice(self, wanted: str, language: str) -> tuple["Voice", tuple[str, ...]]:
        from workbench.explain.narration import SILENT, Voice
        from workbench.speech import local_voice

        if wanted == "none":
            return SILENT, ()
        if language != "en":
            return SILENT, (f"Nobody speaks: the local voice speaks English, not {language!r}.",)
        if not local_voice.is_available():
            return SILENT, ("Nobody speaks: the local voice is not installed.",)
        return Voice("heart", local_voice.speak), ()
