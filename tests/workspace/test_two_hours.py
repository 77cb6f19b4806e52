"""A video of two hours, in chunks and in one call, by a model that is no perfect witness."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bedrock_server import BedrockServer, Call
from tests.support.long_film import measure
from tests.support.noisy_model import NoisyModel, Truth, make_true_film, true_film
from tests.workspace.conftest import environment
from workbench import AnalysisRequest, Workspace
from workbench.analysis.plans.plan import AnalysisPlan
from workbench.analysis.results import Analysis, RunResult
from workbench.analysis.titles import element_key, normal_title
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.usage import Usage
from workbench.media.timecode import TimeSpan, merge_spans

NEAR_S = 2.0


@pytest.fixture(scope="module")
def truth() -> Truth:
    return true_film()


@pytest.fixture(scope="module")
def long_film(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two hours at one frame a second, and a data folder in which it is measured.

    What is said comes from the file beside it, and there is nothing to read: no model is loaded.
    """
    folder = tmp_path_factory.mktemp("two hours")
    film = make_true_film(folder / "plant day.mp4", truth)
    measure(film, folder / "data")
    return film, folder / "data"


@dataclass
class Done:
    """One run of the film, and what the service has counted."""

    plan: AnalysisPlan
    result: RunResult
    calls: tuple[Call, ...]
    most_at_once: int
    progress: list[tuple[int, int]]
    ledger: list[dict]

    @property
    def analysis(self) -> Analysis:
        (analysis,) = self.result.analyses
        return analysis


WAYS = {
    "detailed": {},
    "overview": {"depth": "overview"},
    "carried": {"carry": True},
}


@pytest.fixture(scope="module", params=list(WAYS))
def done(
    request: pytest.FixtureRequest,
    truth: Truth,
    long_film: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Done]:
    """The film analysed in each way."""
    film, measured = long_film
    data_dir = Path(shutil.copytree(measured, tmp_path_factory.mktemp(request.param) / "data"))
    asked = AnalysisRequest(assets=(str(film),), engine="nova", model="lite", **WAYS[request.param])
    with pytest.MonkeyPatch.context() as patch, BedrockServer(answer=NoisyModel(truth)) as server:
        for name, value in environment(data_dir, server).items():
            patch.setenv(name, value)
        with Workspace.open() as workspace:
            progress: list[tuple[int, int]] = []
            plan = workspace.plan(asked)
            result = workspace.analyse(asked, lambda at, total, _: progress.append((at, total)))
            assert result.failures == ()
            assert server.refused == ()
            yield Done(
                plan,
                result,
                server.calls,
                server.most_at_once,
                progress,
                workspace.store.ledger().rows(named=True),
            )


def is_overview(done: Done) -> bool:
    return done.plan.request.depth == "overview"


def test_the_chunks_are_those_of_the_plan(done):
    wanted = 1 if is_overview(done) else 13
    assert len(done.calls) == done.result.calls_made == len(done.plan.calls) == wanted
    clips_s = sorted(call.media[0].duration_s for call in done.calls if call.media)
    assert clips_s == sorted(c.chunk.sent.duration_s for c in done.plan.calls if c.chunk)
    assert max(clips_s) <= (7200 if is_overview(done) else 960)


def test_every_true_chapter_is_found_once_and_near_its_time(done, truth):
    found = [(c.span.start_s, normal_title(c.title)) for c in done.analysis.chapters]
    assert [title for _, title in found] == [normal_title(c.title) for c in truth.chapters]
    for (start_s, _), chapter in zip(found, truth.chapters, strict=True):
        assert abs(start_s - chapter.start_s) <= NEAR_S
    assert done.analysis.chapters[-1].span.end_s == truth.duration_s


def test_the_times_of_every_thing_are_those_of_the_truth(done, truth):
    found = {(e.kind, element_key(e.name)): e for e in done.analysis.elements}
    assert set(found) == {(thing.kind, element_key(thing.name)) for thing in truth.things}
    for thing in truth.things:
        element = found[thing.kind, element_key(thing.name)]
        true = [TimeSpan(a, b) for a, b in thing.spans]
        seen = merge_spans(o.span for o in element.occurrences)
        both = sum(one.overlap_s(other) for one in true for other in seen)
        either = sum(s.duration_s for s in true) + sum(s.duration_s for s in seen) - both
        assert both / either > 0.97
        assert len(seen) == len(true)


def test_progress_never_goes_back_and_ends_at_the_total(done):
    counts = [at for at, _ in done.progress]
    assert counts == sorted(counts)
    assert {total for _, total in done.progress} == {2 + len(done.plan.calls)}
    assert done.progress[-1] == (2 + len(done.plan.calls),) * 2


def test_the_ledger_is_the_services_count(done):
    assert {row["outcome"] for row in done.ledger} == {"answered"}
    told = sorted((row["input_tokens"], row["output_tokens"]) for row in done.ledger)
    assert told == sorted((call.input_tokens, call.output_tokens) for call in done.calls)
    model, route = done.plan.model, done.plan.route
    billed = sum((cost_of(Usage(*each), model, route) for each in told), Decimal(0))
    assert sum(row["cost_usd"] for row in done.ledger) == billed
    assert done.result.paid_usd == done.analysis.cost_usd == billed
    assert billed <= done.plan.cost_high


def test_a_chunk_is_told_of_those_before_it_only_when_it_is_asked_for(done):
    prompts = {
        int(found.group(1)): call.prompt
        for call in done.calls
        if (found := re.search(r"This is part (\d+) of", call.prompt))
    }
    told = {number for number, prompt in prompts.items() if "Names in use" in prompt}
    if not done.plan.request.carry:
        assert told == set()
        return
    assert told == set(range(2, 13))
    assert done.most_at_once == 1
    assert "Minutes 0 to" in prompts[2]
    # Whoever is told a name keeps to it.
    names = {(e.kind, element_key(e.name)) for e in done.analysis.elements}
    assert len(names) == len(done.analysis.elements)
