"""Several analyses of one film, each compared with each; what is missing is said, not raised."""

import pytest

from workbench import Workspace


@pytest.fixture
def asked(request_of_film):
    """The film in one call."""
    return request_of_film.model_copy(update={"depth": "overview"})


def test_the_newest_of_each_model_is_compared(workspace: Workspace, asked, film):
    for model in ("lite", "2_lite", "pro"):
        workspace.analyse(asked.model_copy(update={"model": model}))
    found = workspace.side_by_side(film.name)
    assert found.missing == ""
    assert [each.model for each in found.analyses] == ["pro", "2_lite", "lite"]
    assert len(found.pairs) == 3
    assert all(pair.chapter_tally.total for _, pair in found.pairs)
    ids = [each.id for each in found.analyses[::2]]
    assert [each.id for each in workspace.side_by_side(ids=ids).analyses] == ids


def test_what_is_missing_is_said_with_the_next_step(workspace: Workspace, asked, film):
    assert workspace.side_by_side().missing == "No file has been analysed yet"
    workspace.analyse(asked)
    one = workspace.side_by_side()
    assert one.missing == f"{film.name} has one analysis; to compare needs two"
    assert "workbench analyse" in one.hint
    assert "elsewhere.mp4" in workspace.side_by_side("elsewhere.mp4").missing
    assert workspace.side_by_side(film.name, ["f" * 32]).missing
    assert all(not found.pairs for found in (one, workspace.side_by_side("elsewhere.mp4")))
