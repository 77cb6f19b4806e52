"""Write the storyboard of a question: explain, refine, write the script, check it.

Each stage is an answer that is kept, so whatever ends this half way, the next time only what is
missing is paid. What cannot be drawn is asked for once more, and then told in words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.backends.catalog.models import ModelInfo
from workbench.backends.protocol import ModelRequest
from workbench.errors import AnswerCut, BadReply, LibraryError, RequestError
from workbench.explain.asking import prompts
from workbench.explain.asking.replies import KeptReplies
from workbench.explain.asking.reviewing import review
from workbench.explain.asking.roles import ROLES, Role
from workbench.explain.asking.script import (
    MOST_SCENES,
    Script,
    WrittenBeat,
    as_written,
    beat_of,
    clean,
    in_words,
    read_script,
    script_schema,
    validation_schema,
)
from workbench.explain.asking.sizes import (
    SHORTER,
    SIZES,
    Length,
    expected_tokens,
    most_tokens,
)
from workbench.explain.asking.states import WRITING, StageLog, StateName
from workbench.explain.request import FilmRequest
from workbench.explain.storyboards.storyboard import Beat, Storyboard
from workbench.speech.letters import drawn

SHORTEST_TEXT = 20
"""Letters below which an explanation is none."""

LEAST_KEPT = 0.5
"""A check that gives back fewer of the beats has not given the whole script (our choice)."""

MOST_SENTENCES = 20
"""Changes or problems that are taken from a model."""

STATES: Mapping[Role, StateName] = {
    role: state for state, task in WRITING.items() for role in ROLES if role == task
}


@dataclass(slots=True)
class Draft:
    """What the stages have written so far."""

    explanation: str = ""
    refined: str = ""
    changes: tuple[str, ...] = ()
    """What was changed in refining, as the model tells it."""
    written: tuple[WrittenBeat, ...] = ()
    """The script before it was checked."""
    found: tuple[str, ...] = ()
    """What was wrong with it by our own rules."""
    told: tuple[str, ...] = ()
    """What the check has found."""
    left: tuple[str, ...] = ()
    """What is still wrong with the storyboard by our own rules."""
    notes: list[str] = field(default_factory=list)
    """What viewers should know."""
    story: Storyboard | None = None
    """None until all is written."""

    def finished(self) -> Storyboard:
        """The storyboard, when all is written.

        Raises:
            LibraryError: It is not.
        """
        if self.story is None:
            raise LibraryError(
                "the storyboard is not written yet",
                hint="run again; what is kept is not paid again",
            )
        return self.story


class Writer:
    """Writes the storyboard of one question.

    Args:
        request: The question.
        models: Who does what.
        replies: Gives answers.
        stages: Told which stage is under way.
    """

    def __init__(
        self,
        request: FilmRequest,
        models: Mapping[Role, ModelInfo],
        replies: KeptReplies,
        stages: StageLog,
    ) -> None:
        self.draft = Draft()
        self._request = request
        self._models = models
        self._replies = replies
        self._stages = stages
        self._title = ""
        self._language = request.language

    def write(self) -> Draft:
        """Have everything written; `draft` has what there is, also when this fails.

        Raises:
            BackendError: A service gave no usable answer; what was answered before is kept.
            BudgetReached: A call could cost more than what is left under the cap or of the budget.
            LibraryError: A reply was not kept.
        """
        request = self._request
        skipped = skipped_roles(request)
        work: dict[Role, Callable[[], None]] = {
            "explain": self._explain,
            "refine": self._refine,
            "script": self._script,
            "validate": self._validate,
        }
        self.draft.explanation, self.draft.refined = request.explanation, request.refined
        for role in ROLES:
            if role in skipped:
                self._stages.skip(STATES[role])
                continue
            self._stages.enter(STATES[role])
            before = self._replies.calls_made
            work[role]()
            if self._replies.calls_made == before:
                self._stages.kept()
        return self.draft

    def question(self, role: Role, length: Length) -> ModelRequest:
        """The question of a stage, from what is written by now."""
        draft, asked = self.draft, self._request
        size, language = SIZES[length], asked.language
        match role:
            case "explain":
                prompt = prompts.explain_prompt(asked.question, language, size.text_words)
                schema = _text_schema()
            case "refine":
                prompt = prompts.refine_prompt(
                    asked.question, draft.explanation, language, size.text_words
                )
                schema = _text_schema(changes=True)
            case "script":
                prompt = prompts.script_prompt(
                    asked.question, draft.refined, language,
                    beats=size.beats, words=size.spoken_words, scenes=asked.scenes,
                )  # fmt: skip
                schema = script_schema(scenes=asked.scenes)
            case _:
                prompt = prompts.validate_prompt(
                    asked.question, draft.refined, as_written(draft.written), draft.found,
                    self._language,
                )  # fmt: skip
                schema = validation_schema(scenes=asked.scenes)
        model = self._models[role]
        return ModelRequest(
            task=role,
            model=model.key,
            prompt=prompt,
            system=prompts.system_prompt(),
            schema=schema,
            schema_name={"script": "storyboard", "validate": "review"}.get(role, "explanation"),
            max_output_tokens=min(most_tokens(role, length), model.max_output_tokens),
        )

    def _explain(self) -> None:
        data, _ = self._answer("explain")
        self.draft.explanation = _text_in(data)

    def _refine(self) -> None:
        data, _ = self._answer("refine")
        self.draft.refined = _text_in(data)
        self.draft.changes = _sentences(data.get("changes"))

    def _script(self) -> None:
        data, repair = self._answer("script")
        script = read_script(data)
        script, beats, faults = self._drawable("script", script, repair, data)
        self.draft.written = script.beats
        self._title = script.title or self._title
        self._language = self._language or script.language or "en"
        self.draft.found = (
            *review(beats, self._ground, self._request.length),
            *(fault for fault in faults if fault not in script.unread),
        )

    def _validate(self) -> None:
        draft, written = self.draft, self.draft.written
        beats, faults = _drawn(written, scenes=self._request.scenes)
        if written:
            try:
                data, repair = self._answer("validate")
            except AnswerCut:
                draft.notes.append("The check of the script was cut: it is as it was written.")
            else:
                draft.told = _sentences(data.get("problems"))
                corrected = read_script({"beats": data.get("beats")})
                if len(corrected.beats) >= max(1, LEAST_KEPT * len(written)):
                    # What could not be put right once is not paid for again.
                    again = None if faults else repair
                    _, beats, faults = self._drawable("validate", corrected, again, data)
        draft.notes += [f"{fault}: its words are shown instead." for fault in faults]
        self._make_story(beats)

    def _drawable(
        self,
        role: Role,
        script: Script,
        repair: ModelRequest | None,
        data: Mapping[str, Any],
    ) -> tuple[Script, tuple[Beat, ...], tuple[str, ...]]:
        """A script whose beats can be drawn; those that cannot are asked for once more.

        Returns:
            The script, its beats, and what was wrong with those that stand in words.
        """
        beats, faults = _drawn(script.beats, scenes=self._request.scenes)
        wrong = (*script.unread, *faults) or (() if script.beats else ("it has no beats",))
        if not wrong or repair is None:
            return script, beats, faults
        answer = as_written(script.beats) or str(dict(data))[:4000]
        again = _repair(repair, answer, wrong)
        try:
            expected = expected_tokens(role, self._request.length)
            better = read_script(self._replies.ask(role, again, expected, is_repair=True))
        except AnswerCut:
            return script, beats, faults
        if len(better.beats) < max(1, LEAST_KEPT * len(script.beats)):
            return script, beats, faults
        beats, faults = _drawn(better.beats, scenes=self._request.scenes)
        title, language = better.title or script.title, better.language or script.language
        return Script(title, language, better.beats, better.unread), beats, faults

    def _make_story(self, beats: Sequence[Beat]) -> None:
        draft = self.draft
        if not beats:
            beats = _paragraphs(self._ground)
            draft.notes.append("No script came of it: the explanation is shown as it is.")
        title = self._title or beats[0].heading or clean(self._request.question)[:120]
        names = dict.fromkeys(self._models[role].name for role in self._asked_roles)
        draft.left = review(beats, self._ground, self._request.length)
        draft.story = Storyboard(
            title,
            tuple(beats),
            language=self._language or "en",
            theme=self._request.theme,
            origin="model",
            made_by=", ".join(names),
            notes=tuple(draft.notes),
        )

    @property
    def _ground(self) -> str:
        """What the film is made of."""
        return self.draft.refined

    @property
    def _asked_roles(self) -> list[Role]:
        return [role for role in ROLES if role not in skipped_roles(self._request)]

    def _answer(self, role: Role) -> tuple[Mapping[str, Any], ModelRequest | None]:
        """An answer, a shorter one where it is cut.

        Returns:
            The answer, and the question a second round may be asked with; None where a second
            call was made already.
        """
        length = self._request.length
        question = self.question(role, length)
        try:
            return self._replies.ask(role, question, expected_tokens(role, length)), question
        except AnswerCut:
            shorter = SHORTER.get(length)
            if shorter is None or role == "validate":
                raise
            told = "The answer was cut at the most tokens it may have, so a shorter film was asked for."
            if told not in self.draft.notes:
                self.draft.notes.append(told)
            question = self.question(role, shorter)
            return self._replies.ask(role, question, expected_tokens(role, shorter)), None


def skipped_roles(request: FilmRequest) -> tuple[Role, ...]:
    """The stages whose text somebody has given.

    Example:
        >>> skipped_roles(FilmRequest(question="How does a seal fail?", refined="It runs dry."))
        ('explain', 'refine')
    """
    if request.refined:
        return ("explain", "refine")
    return ("explain",) if request.explanation else ()


def _drawn(
    written: Sequence[WrittenBeat], *, scenes: bool
) -> tuple[tuple[Beat, ...], tuple[str, ...]]:
    """Beats as they are drawn, and what is wrong with those that are told in words instead."""
    beats: list[Beat] = []
    faults: list[str] = []
    left = MOST_SCENES if scenes else 0
    for number, each in enumerate(written, start=1):
        try:
            beats.append(beat_of(each, number, scenes=left > 0))
            left -= each.kind == "scene"
        except RequestError as error:
            faults.append(error.message)
            told = in_words(each)
            if told is not None:
                beats.append(told)
    return tuple(beats), tuple(faults)


def _paragraphs(text: str) -> tuple[Beat, ...]:
    """An explanation as beats, a paragraph each."""
    told = (in_words(WrittenBeat(say=line)) for line in text.splitlines() if line.strip())
    return tuple(beat for beat in told if beat is not None)


def _repair(question: ModelRequest, answer: str, problems: Sequence[str]) -> ModelRequest:
    return replace(question, prompt=prompts.repair_prompt(question.prompt, answer, problems))


def _text_schema(*, changes: bool = False) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "explanation": {"type": "string", "minLength": SHORTEST_TEXT, "description": "The text."}
    }
    if changes:
        properties["changes"] = {
            "type": "array",
            "description": "What was changed, one short sentence each.",
            "items": {"type": "string"},
        }
    return {"type": "object", "required": ["explanation"], "properties": properties}


def _text_in(data: Mapping[str, Any]) -> str:
    text = data.get("explanation")
    paragraphs = drawn(text).splitlines() if isinstance(text, str) else []
    lines = [" ".join(line.split()) for line in paragraphs]
    told = "\n\n".join(line for line in lines if line)
    if len(told) < SHORTEST_TEXT:
        raise BadReply(
            "a model has written no explanation", hint="ask in other words, or choose another model"
        )
    return told


def _sentences(given: object) -> tuple[str, ...]:
    told = (
        (clean(each) for each in given if isinstance(each, str)) if isinstance(given, list) else ()
    )
    return tuple(each[:400] for each in told if each)[:MOST_SENTENCES]
