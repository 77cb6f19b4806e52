"""What every backend owes its callers. A new backend adds itself to `ENGINES` and nothing else."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from workbench.analysis.answers.answer import Answer, answer_schema
from workbench.analysis.local_engine import LocalEngine
from workbench.backends.call_cache import CallCache
from workbench.backends.catalog.models import ModelInfo
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.form import fitted
from workbench.backends.protocol import Backend, ModelRequest
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance

ENGINES = ("local", "nova", "streaming", "openai")
TASKS = ("analyse_chunk", "analyse_image")

SAID = (
    "The centrifugal pump stands in the basement.",
    "Its mechanical seal leaks when it runs dry.",
    "We change the seal with the motor locked out.",
    "Now let us look at the control valve.",
    "The valve sticks because of scale from hard water.",
    "Citric acid takes the scale off the valve seat.",
)


@dataclass(frozen=True)
class Subject:
    backend: Backend
    model: ModelInfo
    ask: Callable[..., ModelRequest]

    def answer(self, task: str = "analyse_chunk", **changes: object) -> Answer:
        return Answer.model_validate(
            self.backend.invoke(self.ask(task, **changes), self.model).data
        )


@pytest.fixture(params=ENGINES)
def subject(request, catalog, question, photo_question) -> Subject:
    evidence = Evidence(
        asset_id="0123456789abcdef",
        duration_s=180.0,
        transcript=Transcript(
            tuple(
                Utterance(TimeSpan(30.0 * n + 1, 30.0 * n + 9), text) for n, text in enumerate(SAID)
            ),
            "en",
            "sidecar",
        ),
        shots=tuple(Shot(n, TimeSpan(60.0 * n, 60.0 * n + 60), 60.0 * n + 30) for n in range(3)),
        screen_text=(
            TextBlock(TimeSpan(0, 85), "The pump", 0.9, 0.12, 0.1, is_title=True),
            TextBlock(TimeSpan(90, 180), "The control valve", 0.9, 0.12, 0.1, is_title=True),
        ),
    )

    def ask(task: str, *, find: str = "summary,chapters,equipment,objects,topics") -> ModelRequest:
        base = question if task == "analyse_chunk" else photo_question
        return replace(
            base,
            # What takes no video is asked about the words that go with it.
            media=tuple(part for part in base.media if part.kind in model.accepts),
            model=model.key,
            schema=answer_schema(task, find.split(",")),
            evidence=evidence,
            options={"find": find, "summary_length": "standard", "language": "en"},
        )

    if request.param == "local":
        model = catalog.get("local")
        return Subject(LocalEngine(), model, ask)
    model = catalog.get("2_lite") if request.param != "openai" else request.getfixturevalue("qwen")
    return Subject(request.getfixturevalue(request.param), model, ask)


def test_the_engine_has_the_name_the_catalog_uses(subject):
    assert subject.backend.engine == subject.model.engine


def test_readiness_is_told_in_words_without_a_call(subject, server, openai_server):
    ready = subject.backend.readiness()
    assert ready.is_ready
    assert ready.name
    assert ready.finding
    assert server.received == openai_server.received == 0


@pytest.mark.parametrize("task", TASKS)
def test_an_answer_has_the_form_that_was_asked_for(subject, task):
    request = subject.ask(task)
    reply = subject.backend.invoke(request, subject.model)
    _, problems = fitted(reply.data, request.schema)
    assert problems == ()
    assert Answer.model_validate(reply.data).summary


@pytest.mark.parametrize("task", TASKS)
def test_a_reply_says_what_it_used_and_which_model_gave_it(subject, task):
    reply = subject.backend.invoke(subject.ask(task), subject.model)
    assert reply.model_id
    assert reply.stop_reason
    assert reply.attempts == 1
    assert reply.latency_s >= 0
    cost = cost_of(reply.usage, subject.model, next(iter(subject.model.ids)))
    assert (cost == 0) == subject.model.is_free


def test_times_lie_within_the_clip(subject):
    answer = subject.answer()
    spans = [*answer.chapters, *(span for element in answer.elements for span in element.spans)]
    assert spans
    for span in spans:
        assert 0 <= span.start_s <= span.end_s <= 181


def test_chapters_come_in_order(subject):
    starts = [chapter.start_s for chapter in subject.answer().chapters]
    assert len(starts) >= 2
    assert starts == sorted(starts)


def test_what_is_named_in_the_evidence_is_found(subject):
    names = " ".join(element.name.lower() for element in subject.answer().elements)
    assert "pump" in names
    assert "seal" in names


def test_the_same_question_has_the_same_answer(subject):
    assert subject.answer() == subject.answer()


@pytest.mark.parametrize("find", ["summary", "chapters", "equipment"])
def test_only_what_was_asked_for_is_answered(subject, find):
    answer = subject.answer(find=find)
    assert bool(answer.summary) == (find == "summary")
    assert bool(answer.chapters) == (find == "chapters")
    assert bool(answer.elements) == (find == "equipment")
    assert {element.kind for element in answer.elements} <= {"equipment"}


def test_a_reply_can_be_kept_and_comes_back_equal(subject, tmp_path):
    request = subject.ask("analyse_chunk")
    reply = subject.backend.invoke(request, subject.model)
    json.dumps(reply.data, allow_nan=False)
    cache = CallCache(tmp_path)
    cache.put(request.cache_key(), "test", reply)
    assert cache.get(request.cache_key()) == reply


def test_several_threads_may_ask_at_once(subject):
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: subject.answer(), range(3)))
    assert answers[0] == answers[1] == answers[2]
