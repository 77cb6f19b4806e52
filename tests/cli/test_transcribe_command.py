"""Speech that a service writes down, on the command line: its price is a line of the estimate."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.moto_s3 import S3Server
from tests.support.transcribe_server import TranscribeServer
from workbench.media.ffmpeg import run_ffmpeg


@pytest.fixture
def transcribe(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[TranscribeServer]:
    with TranscribeServer(s3.read, s3.write, looks=0) as running:
        for name, value in (s3.environment() | running.environment()).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/films")
        monkeypatch.setenv("WORKBENCH_TRANSCRIBER", "transcribe")
        yield running


def test_speech_is_a_line_of_the_estimate_and_of_the_costs(transcribe, run, tmp_path: Path):
    tone = tmp_path / "tone.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=r=8000", "-t", "3", tone])
    done = run("estimate", str(tone))
    assert done.code == 0, done.err
    assert "tone.wav, speech" in done.out
    assert "$0.0060, " in done.out
    assert "Amazon Transcribe first writes down the speech of 1 file" in done.out
    told = json.loads(run("estimate", str(tone), "--json").out)
    assert (told["cost_usd"], told["speech"][0]["billed_s"]) == (0.006, 15.0)
    assert transcribe.calls == []
    done = run("analyse", str(tone), "--find", "summary")
    assert done.code == 0, done.err
    assert "2 calls made, $0.0060 paid" in done.out
    costs = run("costs", "--by", "task")
    assert "Writing speech down" in costs.out


def test_doctor_has_a_line_about_it(transcribe, run):
    found = {f["name"]: f for f in json.loads(run("doctor", "--json").out)["findings"]}
    assert found["transcribe"]["is_ready"]
