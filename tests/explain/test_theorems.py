"""Theorems that others collected, as storyboards: every card is tidy, whatever the words are."""

import json
from pathlib import Path

import pytest

from tests.explain.test_cards import assert_tidy
from workbench.explain.cards.drawing import card_of
from workbench.explain.storyboards.notes import storyboard_of_notes
from workbench.explain.storyboards.storyboard import Beat
from workbench.explain.storyboards.visuals import Title


@pytest.fixture(scope="module")
def theorems(media_dir: Path) -> list[tuple[str, str]]:
    """Titles with their descriptions, where there are any."""
    found = []
    for path in sorted((media_dir / "theorems").glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            if isinstance(entry, str):
                found.append((entry, ""))
            else:
                found.append((entry["theorem"], entry["description"]))
    assert len(found) > 200
    return found


def test_every_title_of_a_theorem_fits_its_card_whole(theorems: list[tuple[str, str]]) -> None:
    for title, _ in theorems:
        (step,) = card_of(Beat(title, Title("A theorem"), title), "light").steps
        sheet = step.draw()
        assert_tidy(sheet)
        assert not sheet.cut


def test_descriptions_become_storyboards_whose_cards_are_tidy(
    theorems: list[tuple[str, str]],
) -> None:
    # Every other one: each card takes a twentieth of a second.
    for title, description in [pair for pair in theorems if pair[1]][::2]:
        story = storyboard_of_notes(f"# {title}\n\n## In words\n\n{description}")
        assert story.title == title
        for beat in story.beats:
            assert_tidy(card_of(beat, "dark").steps[-1].draw())
