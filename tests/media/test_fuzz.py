"""500 damaged files of every kind: a result or an error of ours, never a crash."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.fuzzed_media import write_seeds
from workbench.media.ffmpeg import run_ffmpeg

FILES = 500
BATCHES = 4
"""Processes one after the other: a decoder that crashes takes only its own with it."""

ONCE_WRONG = (1535, 2492)
"""Files of a longer run that ended in errors of the readers: AVIF without its picture, TIFF whose
second picture has no size."""

LONGEST_S = 10.0
"""Seconds of processor for one file; the usual one takes 0.02."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    for name in write_seeds(folder, run_ffmpeg):
        assert 100 < (folder / name).stat().st_size < 40_000, name
    return folder


@pytest.mark.parametrize(
    "numbers", [*(range(FILES)[batch::BATCHES] for batch in range(BATCHES)), ONCE_WRONG]
)
def test_damage_of_any_kind_ends_in_a_result_or_an_error_of_ours(
    project: Path, seeds: Path, tmp_path: Path, numbers: Sequence[int]
) -> None:
    command = ["-X", "faulthandler", "-W", "error", "-m", "tests.support.fuzzed_media"]
    done = subprocess.run(
        [sys.executable, *command, str(seeds), str(tmp_path / "out"), *map(str, numbers)],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    told: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    begun = [each for each in told if "begun" in each]
    assert done.returncode == 0, f"{begun[-1:]} ended the process: {done.stderr[-3000:]}"
    ended = [each for each in told if "came" in each]
    assert len(ended) == len(begun) == len(numbers)
    wrong = [
        {**start, **end}
        for start, end in zip(begun, ended, strict=True)
        if end["came"] not in {"read", "refused"} or end["left"] or end["s"] > LONGEST_S
    ]
    assert wrong == []
    # Damage that nothing survives, or that nothing minds, would test nothing.
    if numbers is not ONCE_WRONG:
        assert {each["came"] for each in ended} == {"read", "refused"}
