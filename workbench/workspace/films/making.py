"""What a workspace does to make explainer films: storyboards, prices, and the films themselves."""

import functools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.analysis.runs.making import Executor
from workbench.backends.usage import format_usd, total_cost
from workbench.errors import BackendError, BudgetReached, RequestError
from workbench.library.calls.making import go_on
from workbench.library.journal import RUN_PREFIX
from workbench.progress import Progress, silent
from workbench.workspace.films.kept import NOT_PUBLISHED, FilmWork
from workbench.workspace.films.questions import QuestionWork, stage_log
from workbench.workspace.searching import SearchWork

if TYPE_CHECKING:
    from workbench.explain.asking.states import StageLog
    from workbench.explain.asking.writing import Draft
    from workbench.explain.films.making import Film
    from workbench.explain.narration import Voice
    from workbench.explain.paid_voice import PaidVoice
    from workbench.explain.price import FilmPrice
    from workbench.explain.request import FilmRequest
    from workbench.explain.scripts.beats import SceneWays
    from workbench.explain.scripts.findings import Checked
    from workbench.explain.storyboards.storyboard import Storyboard

STILL_WIDTH_PX = 1280
"""Stills of the source are as wide as the film."""


REEL_KINDS = ("transcript", "screen_text", "chapter", "element")
"""Kinds of moments that films are made of; a summary is of all of a file."""

MOST_REEL_HITS = 120
"""Moments that are looked at for a film; many lie in each other's pieces."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """Who speaks a film, and what viewers are told about it."""

    voice: "Voice"
    paid: "PaidVoice | None" = None
    notes: tuple[str, ...] = ()


class ExplainingWork(QuestionWork, FilmWork, SearchWork):
    """Short narrated films."""

    def storyboard(self, request: "FilmRequest", *, progress: Progress = silent) -> "Storyboard":
        """The film before it is made: to read, to change, and to make.

        That of a question is written by models, and paid for where it is not kept: ask
        `film_price` before.

        Raises:
            RequestError: There is nothing to tell, nothing was found, or a beat cannot be drawn.
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
        from workbench.explain.examples import read_example
        from workbench.explain.storyboards.notes import storyboard_of_notes
        from workbench.explain.storyboards.report import Footage, storyboard_of_analysis
        from workbench.explain.storyboards.storyboard import read_storyboard

        folder = Path(request.folder).expanduser() if request.folder else None
        if request.source == "notes":
            return storyboard_of_notes(request.notes, folder=folder, theme=request.theme)
        if request.source == "storyboard":
            return read_storyboard(request.storyboard, folder=folder)
        if request.source == "example":
            return replace(read_example(request.example), theme=request.theme)
        if request.source == "search":
            return self._reel(request)
        analysis = self.store.analysis(request.analysis)
        asset = self.store.asset(analysis.asset_id)
        still = functools.partial(self.poster, asset.id, width_px=STILL_WIDTH_PX)
        return storyboard_of_analysis(
            analysis,
            Footage(asset, still, moving=request.moving),
            length=request.length,
            theme=request.theme,
            chapter=request.chapter,
        )

    def _reel(self, request: "FilmRequest") -> "Storyboard":
        """A film of the best moments that a search finds."""
        from workbench.explain.storyboards.reel import FoundMoment, storyboard_of_moments

        hits = self.search(
            request.search,
            how=request.how,
            kinds=request.kinds or REEL_KINDS,
            limit=MOST_REEL_HITS,
        )
        assets = {id_: self.store.asset(id_) for id_ in {hit.moment.asset_id for hit in hits}}
        return storyboard_of_moments(
            request.search,
            [
                FoundMoment(
                    assets[hit.moment.asset_id], hit.moment.span, hit.moment.text, hit.is_weak
                )
                for hit in hits
            ],
            length=request.length,
            theme=request.theme,
        )

    def film_price(self, request: "FilmRequest") -> "FilmPrice":
        """What a film costs now, stage by stage; nothing is paid. What is kept costs nothing.

        Polly is asked for its voices where one of them is to speak, which is free.

        Raises:
            RequestError: It cannot be done as asked, or the voice does not speak so.
            NoCredentials: The voice is one of Polly, and none were found.
            BackendError: The voices cannot be asked for.
        """
        from workbench.explain.asking.sizes import spoken_letters
        from workbench.explain.price import FilmPrice

        is_question = request.source == "question"
        lines = self.writing_price(request) if is_question else ()
        if not request.has_paid_voice:
            return FilmPrice(lines)
        story = self.film_texts(request).story if is_question else self.storyboard(request)
        if story is None:
            paid = self._paid_voice(request, request.language, self.call)
            return FilmPrice((*lines, paid.likely_price(spoken_letters(request.length))))
        speaking = self._speaking(request, story, self.call)
        if speaking.paid is None or self._is_made(self._film_id(request, story, speaking)):
            return FilmPrice(lines)
        return FilmPrice((*lines, speaking.paid.price(story, self._speech_dir)))

    def film(
        self,
        request: "FilmRequest",
        *,
        progress: Progress = silent,
        job_id: str = "",
        execute: Executor | None = None,
        check: Callable[[], None] = go_on,
        walls: Literal["auto", "off"] = "auto",
    ) -> "Film":
        """Make a film, and keep it in the data folder; one that was made before is found again.

        Beats that were drawn for an earlier film, and words that were spoken, are used again. What
        a service has spoken is paid once, also when the film fails later and is asked for again.

        Args:
            request: What to make.
            progress: Told about finished units.
            job_id: The job that pays; without one, the run itself.
            execute: Has a call made; None makes it in this process.
            check: Called often while a call waits or a scene runs; it raises to give up.
            walls: What keeps scripts of scenes in: the strongest there is, or `off` where a person
                at the command line has said so.

        Raises:
            RequestError: There is nothing to tell, a beat cannot be drawn, or the voice does not
                speak so.
            NotInLibrary: There is no such analysis.
            NotInstalled: The voice or Manim is missing.
            MediaError: The source cannot be read.
            BackendError: The service that speaks did not; what was spoken before is kept.
            BudgetReached: It could cost more than the cap or what is left of the budget.
            SettingsError: It is to be published, and no folder is set.
            DiskFull: There is no room.
        """
        from workbench.explain.animation.availability import require_manim
        from workbench.explain.asking.states import WRITING
        from workbench.explain.scripts.beats import SceneWays

        if request.renderer == "manim":
            require_manim()
        if request.publish:
            self._require_shelf()
        run_id = job_id or f"{RUN_PREFIX}{uuid.uuid4().hex}"
        make = execute or functools.partial(self.call, job_id=run_id, check=check)
        draft: Draft | None = None
        with stage_log(self, run_id, progress) as stages:
            if request.source == "question":
                if request.has_paid_voice:
                    # A voice that is not there is found out before anything is paid.
                    self._paid_voice(request, request.language, make)
                draft = self.write_film(
                    request, stages, job_id=run_id, execute=execute, check=check
                )
                story = draft.finished()
                progress = _after(len(WRITING), progress)
            else:
                story = self.storyboard(request)
            speaking = self._speaking(request, story, make)
            film_id = self._film_id(request, story, speaking)
            if not self._is_made(film_id) or self._lacks_a_scene(film_id):
                self._require_under_cap(request, story, speaking, run_id)
                ways = SceneWays(walls, self._scene_repair(request, make), check)
                self._make(
                    request, story, speaking, run_id, progress=progress, stages=stages, scenes=ways
                )
            if draft is not None:
                self._keep_texts(self._films_dir / film_id, request, draft)
            if request.publish:
                stages.enter("uploading_to_s3")
                self._publish(film_id)
        return self.find_film(film_id)

    def _make(
        self,
        request: "FilmRequest",
        story: "Storyboard",
        speaking: Speaking,
        run_id: str,
        *,
        progress: Progress,
        stages: "StageLog",
        scenes: "SceneWays",
    ) -> None:
        """Make a film in a folder of its own, and give it its name when it is whole."""
        from workbench.explain.films.making import make_film, write_record
        from workbench.explain.films.pieces import choose_renderer

        film_id = self._film_id(request, story, speaking)
        with self._workshop() as workshop:
            film = make_film(
                _noted(story, speaking),
                workshop / film_id,
                self.data_dir / "film_parts",
                speaking.voice,
                renderer=choose_renderer(request.renderer, story),
                progress=progress,
                stages=stages,
                scenes=scenes,
            )
            film = replace(
                film,
                folder=self._films_dir / film_id,
                characters=speaking.paid.characters(story) if speaking.paid else 0,
                cost_usd=total_cost(self.store.paid_by_task(run_id).values()),
            )
            write_record(film, workshop / film_id)
            if self._is_made(film_id) and self._lacks_a_scene(film_id):
                self.delete_film(film_id)
            self._put_in_place(workshop / film_id)

    def _lacks_a_scene(self, film_id: str) -> bool:
        """Did a scene of a film fail? Manim or the sandbox may be there by now: it is tried again."""
        return any(not scene.is_made for scene in self.find_film(film_id).scenes)

    def check_scene(self, code: str) -> "Checked":
        """Check a Manim scene without running it: what is wrong with it, and what is put right.

        Raises:
            ToolError: Manim is there and cannot be imported.
        """
        from workbench.explain.scripts.check import check_script

        return check_script(code, kept=self.data_dir / "film_parts" / "manim")

    def _publish(self, film_id: str) -> None:
        """Publish a film that is made; where that fails it stays, and says so."""
        from workbench.explain.films.making import write_record

        try:
            self.publish_film(film_id)
        except BackendError as error:
            film = self.find_film(film_id)
            notes = [note for note in film.notes if not note.startswith(NOT_PUBLISHED)]
            hint = f" ({error.hint})" if error.hint else ""
            write_record(replace(film, notes=(*notes, f"{NOT_PUBLISHED}{error.message}{hint}")))

    def _require_under_cap(
        self, request: "FilmRequest", story: "Storyboard", speaking: Speaking, run_id: str
    ) -> None:
        """See that no voice is begun that the cap would cut off: half a film is for nobody.

        Raises:
            BudgetReached: It would cost more than is left under the cap.
            RequestError: No price is known, so that a cap cannot be kept.
        """
        if request.max_cost_usd is None or speaking.paid is None:
            return
        price = speaking.paid.price(story, self._speech_dir)
        if price.high_usd is None:
            raise RequestError(
                f"no price is known for {price.by}, so a cap cannot be kept",
                hint="give it a price in WORKBENCH_CATALOG_FILE, or leave the cap out",
            )
        spent = self.store.spent_usd(run_id)
        if spent + price.high_usd > request.max_cost_usd:
            raise BudgetReached(
                f"the voice {price.by} costs {format_usd(price.high_usd)} for"
                f" {price.characters:,} characters and {format_usd(spent)} is spent, over the cap"
                f" of {format_usd(request.max_cost_usd)}",
                hint="raise the cap, or choose a voice that costs less; nothing was spoken",
            )

    @property
    def _speech_dir(self) -> Path:
        return self.data_dir / "film_parts" / "speech"

    @staticmethod
    def _film_id(request: "FilmRequest", story: "Storyboard", speaking: Speaking) -> str:
        from workbench.explain.films.making import film_id
        from workbench.explain.films.pieces import choose_renderer

        renderer = choose_renderer(request.renderer, story)
        return film_id(_noted(story, speaking), speaking.voice, renderer)

    def _speaking(self, request: "FilmRequest", story: "Storyboard", execute: Executor) -> Speaking:
        """Who speaks; a service's voice is never replaced by another."""
        if request.has_paid_voice:
            return self._speaking_by_polly(request, story, execute)
        from workbench.explain.narration import SILENT, Voice
        from workbench.speech.voice import local_voice

        if request.voice == "none":
            return Speaking(SILENT)
        if story.language.partition("-")[0] != "en":
            note = f"Nobody speaks: the local voice speaks English, not {story.language!r}."
            return Speaking(SILENT, notes=(note,))
        if not local_voice.is_available():
            return Speaking(SILENT, notes=("Nobody speaks: the local voice is not installed.",))
        return Speaking(Voice("heart", local_voice.speak))

    def _speaking_by_polly(
        self, request: "FilmRequest", story: "Storyboard", execute: Executor
    ) -> Speaking:
        paid = self._paid_voice(request, story.language, execute)
        paid.beats = sum(1 for beat in story.beats if beat.say.strip())
        return Speaking(paid.voice, paid)

    def _paid_voice(self, request: "FilmRequest", language: str, execute: Executor) -> "PaidVoice":
        from workbench.explain.paid_voice import PaidVoice, choose_voice

        return PaidVoice(
            choose_voice(self.voices(), request.voice, language, request.voice_engine),
            self.catalog.get("polly"),
            self.cache,
            execute,
            cap_usd=request.max_cost_usd,
        )


def _noted(story: "Storyboard", speaking: Speaking) -> "Storyboard":
    return replace(story, notes=(*story.notes, *speaking.notes))


def _after(units: int, progress: Progress) -> Progress:
    """Tells how far it is when so many units were done before."""

    def told(done: int, total: int, stage: str) -> None:
        progress(units + done, units + total, stage)

    return told
