"""The shipped storyboards: they can be drawn, and what they state is so."""

import pytest

from tests.explain.test_cards import assert_tidy
from workbench.backends.catalog.file import load_catalog
from workbench.errors import RequestError
from workbench.explain.cards.drawing import card_of
from workbench.explain.examples import examples, read_example
from workbench.explain.storyboards.formula import points_of
from workbench.explain.storyboards.storyboard import read_storyboard, write_storyboard
from workbench.explain.storyboards.visuals import Chart, Plot, Timeline
from workbench.media.chunks import plan_chunks

NAMES = [each.name for each in examples()]


def test_there_are_four_and_each_says_that_it_is_an_example() -> None:
    assert NAMES == ["chunk-plan", "cosine-similarity", "frame-sampling", "pythagoras"]
    for each in examples():
        story = read_example(each.name)
        assert story.origin == "example"
        assert (each.title, each.beats) == (story.title, len(story.beats))
        assert read_storyboard(write_storyboard(story)) == story


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_card_of_an_example_is_drawn_tidily_and_without_a_warning(
    name: str, theme: str
) -> None:
    for beat in read_example(name).beats:
        card = card_of(beat, theme)
        assert card.warnings == (), beat.heading
        for step in card.steps:
            assert_tidy(step.draw())


@pytest.mark.parametrize("name", NAMES)
def test_every_beat_of_an_example_is_spoken_and_kinds_change(name: str) -> None:
    story = read_example(name)
    assert all(beat.say and beat.heading for beat in story.beats)
    assert len({beat.show.kind for beat in story.beats}) >= 6


@pytest.mark.parametrize("name", ["", "nothing", "../pythagoras", "Pythagoras.json"])
def test_an_example_that_is_not_there_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_example(name)
    assert "pythagoras" in caught.value.hint


def test_the_chunks_of_the_example_are_those_that_are_planned() -> None:
    half_hour, rest = (
        beat.show for beat in read_example("chunk-plan").beats if isinstance(beat.show, Timeline)
    )
    planned = plan_chunks(1800)
    told = {each.name: (each.start_s, each.end_s) for each in half_hour.stretches}
    assert told == {
        f"{what} {chunk.index + 1}": (span.start_s, span.end_s)
        for chunk in planned
        for what, span in (("core", chunk.core), ("sent", chunk.sent))
    }
    cores = [(each.start_s, each.end_s) for each in rest.stretches[:2]]
    assert cores == [(c.core.start_s, c.core.end_s) for c in plan_chunks(rest.duration_s)]
    (bars,) = (b.show.bars for b in read_example("chunk-plan").beats if isinstance(b.show, Chart))
    sent_s = sum(chunk.sent.duration_s for chunk in plan_chunks(7200))
    assert [bar.value for bar in bars] == [sent_s, 960]
    assert len(plan_chunks(7200)) == 12


def test_the_pictures_of_the_example_are_those_of_the_catalog() -> None:
    sampling = load_catalog().get("lite").sampling
    assert sampling is not None
    assert (sampling.max_frames, sampling.tokens_per_frame, sampling.frames_per_s) == (960, 288, 1)
    counts, rates = (
        beat.show for beat in read_example("frame-sampling").beats if isinstance(beat.show, Plot)
    )
    for graph, expected in (
        (counts, lambda minutes: min(60 * minutes, 960)),
        (rates, lambda minutes: min(1, 960 / (60 * minutes))),
    ):
        for x, y in points_of(graph.curves[0], graph.x_from, graph.x_to):
            assert y == pytest.approx(expected(x), abs=1e-9)
    assert load_catalog().get("2_lite").sampling.full_rate_until_s_high == 45 * 60
