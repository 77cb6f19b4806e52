"""The sample is made once for all tests that need it.

`WORKBENCH_TEST_LIBRARY` names a library in which `make demo` has made and analysed it.
"""

import os
from pathlib import Path

import pytest

from workbench.evidence.evidence import Evidence
from workbench.evidence.gather import gather
from workbench.media.probe import probe
from workbench.sample import Sample, make_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A whole sample, made once; half a minute of work for two processors."""
    made = os.environ.get("WORKBENCH_TEST_LIBRARY")
    return make_sample(Path(made) / "sample" if made else tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def sample_evidence(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What the local engine measures in the film."""
    made = os.environ.get("WORKBENCH_TEST_LIBRARY")
    cache_dir = Path(made) if made else tmp_path_factory.mktemp("cache")
    return gather(probe(sample.video), cache_dir=cache_dir)
