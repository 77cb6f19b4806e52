"""Answers about chunks become one answer on one clock."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis.answers.answer import Answer, AnsweredChapter, AnsweredElement, AnsweredSpan
from workbench.analysis.answers.merge import merge_answers, merge_chapters, merge_elements
from workbench.media.chunks import Chunk, plan_chunks, whole_video
from workbench.media.timecode import covered_s

TITLES = (
    "Pump curve", "Suction and cavitation", "Mechanical seals", "Bearing lubrication",
    "Shaft alignment", "Vibration routes", "Motor checks", "Spare parts", "Safety briefing",
    "Start-up sequence", "Oil sampling", "Flow metering",
)  # fmt: skip


def chapter(title: str, start_s: float, end_s: float = 0.0) -> AnsweredChapter:
    return AnsweredChapter(title=title, start_s=start_s, end_s=max(start_s, end_s))


def seen_by(chunk: Chunk, truth: list[tuple[float, str]]) -> Answer:
    """What a perfect model says about a clip: it opens with whatever is running."""
    running = [title for start, title in truth if start <= chunk.sent.start_s]
    chapters = [chapter(running[-1], 0.0)] if running else []
    chapters += [
        chapter(title, start - chunk.sent.start_s)
        for start, title in truth
        if chunk.sent.start_s < start < chunk.sent.end_s
    ]
    return Answer(chapters=chapters)


def starts_of(parts: list[tuple[Chunk, Answer]], duration_s: float) -> list[tuple[float, str]]:
    chapters, _, _ = merge_chapters(parts, duration_s)
    return [(c.span.start_s, c.title) for c in chapters]


@st.composite
def films(draw: st.DrawFn) -> tuple[float, list[tuple[float, str]], tuple[Chunk, ...]]:
    """A film of up to three hours with chapters at least two minutes long, and a chunk plan."""
    titles = draw(st.permutations(TITLES))
    lengths = draw(st.lists(st.integers(120, 900), min_size=1, max_size=len(titles)))
    truth, at = [], 0.0
    for title, length in zip(titles, lengths, strict=False):
        truth.append((at, title))
        at += length
    chunk_s = draw(st.sampled_from([300, 600, 900]))
    return at, truth, plan_chunks(at, chunk_s=chunk_s, context_s=draw(st.sampled_from([30, 60])))


@given(films())
def test_a_perfect_model_gives_back_the_true_chapters_once_each(film):
    duration_s, truth, chunks = film
    assert starts_of([(c, seen_by(c, truth)) for c in chunks], duration_s) == truth


@given(films(), st.randoms(use_true_random=False))
def test_the_order_of_the_chunks_does_not_matter(film, chance: random.Random):
    duration_s, truth, chunks = film
    parts = [(c, seen_by(c, truth)) for c in chunks]
    mixed = list(parts)
    chance.shuffle(mixed)
    assert merge_answers(mixed, duration_s) == merge_answers(parts, duration_s)


@st.composite
def noisy_parts(draw: st.DrawFn) -> tuple[float, list[tuple[Chunk, Answer]]]:
    """Anything a model may say, also nonsense times."""
    duration_s = draw(st.floats(40, 8000))
    chunks = plan_chunks(duration_s, chunk_s=draw(st.integers(30, 900)), context_s=30)
    parts = []
    for chunk in chunks[:12]:
        times = draw(st.lists(st.floats(0, chunk.sent.duration_s + 50), max_size=6))
        spans = draw(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 2000)), max_size=4))
        parts.append(
            (
                chunk,
                Answer(
                    chapters=[chapter(draw(st.sampled_from(TITLES)), t) for t in times],
                    elements=[
                        AnsweredElement(
                            kind="equipment",
                            name=draw(st.sampled_from(["Pump", "pumps", "The Seal"])),
                            spans=[
                                AnsweredSpan(
                                    start_s=a,
                                    end_s=b,
                                    presence=draw(st.sampled_from(["shown", "said", "both"])),
                                )
                                for a, b in spans
                            ],
                        )
                    ],
                ),
            )
        )
    return duration_s, parts


@given(noisy_parts())
def test_chapters_tile_the_video_whatever_the_model_says(noise):
    duration_s, parts = noise
    chapters, _, _ = merge_chapters(parts, duration_s)
    if chapters:
        edges = [edge for c in chapters for edge in (c.span.start_s, c.span.end_s)]
        assert edges[0] == 0
        assert edges[-1] == pytest.approx(duration_s)
        assert edges[1:-1:2] == edges[2::2]
        assert all(c.span.duration_s > 0 for c in chapters)
        assert [c.index for c in chapters] == list(range(len(chapters)))


@given(noisy_parts())
def test_occurrences_of_an_element_never_overlap_and_stay_inside_the_video(noise):
    duration_s, parts = noise
    for element in merge_elements(parts):
        spans = [o.span for o in element.occurrences]
        assert all(s.end_s <= duration_s + 0.001 for s in spans)
        assert covered_s(spans) == pytest.approx(sum(s.duration_s for s in spans))


@given(noisy_parts(), st.floats(10, 5000))
def test_one_chunk_comes_back_as_it_is(noise, duration_s):
    del duration_s
    length, parts = noise
    (whole,) = whole_video(length)
    answer = parts[0][1]
    chapters, notes, agreement = merge_chapters([(whole, answer)], length)
    given_titles = {c.title for c in answer.chapters}
    assert {c.title for c in chapters} <= given_titles
    assert agreement is None
    assert len(notes) == sum(1 for c in answer.chapters if c.start_s > length + 2)


def test_a_chapter_in_the_overlap_is_reported_by_one_chunk_only():
    chunks = plan_chunks(1200, chunk_s=600, context_s=30)
    first = Answer(chapters=[chapter("Start", 0), chapter("Mechanical seals", 592)])
    second = Answer(chapters=[chapter("Start", 0), chapter("The mechanical seal", 26)])
    merged = merge_answers([(chunks[0], first), (chunks[1], second)], 1200)
    assert [c.title for c in merged.chapters] == ["Start", "Mechanical seals"]
    assert merged.overlap_agreement == 1.0
    assert "Seen by chunks 1 and 2" in merged.chapters[1].note


def test_times_are_counted_from_what_was_sent_and_not_from_the_core():
    chunks = plan_chunks(1200, chunk_s=600, context_s=30)
    parts = [
        (chunks[0], Answer(chapters=[chapter("Start", 0)])),
        (chunks[1], Answer(chapters=[chapter("Start", 0), chapter("Bearings", 330)])),
    ]
    assert starts_of(parts, 1200) == [(0, "Start"), (900, "Bearings")]


def test_a_detection_at_the_edge_that_the_owner_did_not_see_is_left_out_and_said():
    chunks = plan_chunks(1200, chunk_s=600, context_s=30)
    parts = [
        (chunks[0], Answer(chapters=[chapter("Start", 0), chapter("Ghost", 620)])),
        (chunks[1], Answer(chapters=[chapter("Start", 0)])),
    ]
    merged = merge_answers(parts, 1200)
    assert [c.title for c in merged.chapters] == ["Start"]
    assert any("Ghost" in note for note in merged.notes)


def test_nothing_is_lost_without_overlap():
    chunks = plan_chunks(1200, chunk_s=600, context_s=0)
    parts = [
        (chunks[0], Answer(chapters=[chapter("Pump curve", 0), chapter("Seals", 300)])),
        (chunks[1], Answer(chapters=[chapter("Bearings", 0), chapter("Alignment", 300)])),
    ]
    assert [t for _, t in starts_of(parts, 1200)] == [
        "Pump curve", "Seals", "Bearings", "Alignment",
    ]  # fmt: skip


def test_a_start_near_a_seam_moves_to_the_nearest_cut_or_pause():
    chunks = plan_chunks(1200, chunk_s=600, context_s=30)
    parts = [
        (chunks[0], Answer(chapters=[chapter("Start", 0), chapter("Seals", 303)])),
        (chunks[1], Answer(chapters=[chapter("Seals", 0)])),
    ]
    chapters, _, _ = merge_chapters(parts, 1200, snap_to_s=[0, 300.5, 320])
    assert chapters[1].span.start_s == 300.5


def test_all_kinds_of_element_are_merged_and_not_equipment_only():
    chunks = plan_chunks(1200, chunk_s=600, context_s=30)

    def answer(at: float) -> Answer:
        return Answer(
            elements=[
                AnsweredElement(
                    kind=kind, name=name, spans=[AnsweredSpan(start_s=at, end_s=at + 10)]
                )
                for kind, name in (
                    ("equipment", "Pump"), ("object", "Table"), ("topic", "Wear"),
                )
            ]
        )  # fmt: skip

    merged = merge_elements([(chunks[0], answer(10)), (chunks[1], answer(100))])
    assert {(e.kind, len(e.occurrences)) for e in merged} == {
        ("equipment", 2), ("object", 2), ("topic", 2),
    }  # fmt: skip


def test_shown_and_said_at_the_same_time_is_both():
    (whole,) = whole_video(100)
    element = AnsweredElement(
        kind="equipment",
        name="Pump",
        spans=[
            AnsweredSpan(start_s=0, end_s=20, presence="shown"),
            AnsweredSpan(start_s=10, end_s=30, presence="said"),
        ],
    )
    (merged,) = merge_elements([(whole, Answer(elements=[element]))])
    assert [(o.span.start_s, o.span.end_s, o.presence) for o in merged.occurrences] == [
        (0, 10, "shown"), (10, 20, "both"), (20, 30, "said"),
    ]  # fmt: skip


def test_the_same_thing_by_another_spelling_is_one_element():
    (whole,) = whole_video(100)
    answer = Answer(
        elements=[
            AnsweredElement(
                kind="equipment", name=name, spans=[AnsweredSpan(start_s=i, end_s=i + 1)]
            )
            for i, name in enumerate(["Centrifugal pump", "the centrifugal pumps"])
        ]
    )
    (merged,) = merge_elements([(whole, answer)])
    assert merged.name == "Centrifugal pump"
