"""Manim's signatures, asked once; and what a machine needs for the tests that run scenes."""

from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.explain.animation.availability import INSTALL, is_available
from workbench.explain.sandbox.running import Layer, best_layer
from workbench.explain.scripts.reading.signatures import signatures


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the signatures of the installed Manim."""
    if not is_available():
        pytest.skip(f"Manim is not installed: {INSTALL}")
    folder = tmp_path_factory.mktemp("signatures")
    signatures(folder)
    return folder


@pytest.fixture(scope="session")
def layer(kept: Path) -> Layer:
    """What keeps scripts in on this machine."""
    try:
        return best_layer()
    except WorkbenchError as error:
        pytest.skip(f"nothing keeps a script in here: {error.message}")
