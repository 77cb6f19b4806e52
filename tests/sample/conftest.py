"""The sample is made once for all tests that need it.

`WORKBENCH_TEST_LIBRARY` names a library in which `make demo` has made and analysed it, or will have.
"""

import functools
import os
from pathlib import Path

import pytest

from workbench.evidence.evidence import Evidence
from workbench.evidence.gather import gather
from workbench.media.probe import probe
from workbench.sample import Sample, make_sample
from workbench.settings import load_settings
from workbench.workspace import Workspace


@functools.cache
def made() -> Path | None:
    """The library of the demo, if it is there by now."""
    library = Path(os.environ.get("WORKBENCH_TEST_LIBRARY", ""))
    return library.resolve() if library.name and library.exists() else None


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A whole sample, made once; half a minute of work for two processors."""
    library = made()
    return make_sample(library / "sample" if library else tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def sample_evidence(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What the local engine measures in the film."""
    film = probe(sample.video)
    if library := made():
        with Workspace.open(load_settings(data_dir=library)) as workspace:
            if kept := workspace.store.evidence(film.id):
                return kept
    return gather(film, cache_dir=tmp_path_factory.mktemp("cache"))
