"""Amazon Transcribe as the transcriber: priced before, planned, capped, paid once, in the ledger."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.moto_s3 import S3Server
from tests.support.transcribe_server import SAID, START, TranscribeServer
from workbench import AnalysisRequest, Workspace
from workbench.analysis.services.hearing import plan_hearing, problem_with_hearing
from workbench.errors import NoCredentials, RequestError
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset, Stream
from workbench.media.ffmpeg import run_ffmpeg

PRICE = Decimal("0.008")
"""20 s at $0.024 a minute."""


@pytest.fixture
def transcribe(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TranscribeServer]:
    with TranscribeServer(s3.read, s3.write, looks=0) as running:
        for name, value in (s3.environment() | running.environment()).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("WORKBENCH_STAGING_URI", f"s3://{s3.bucket}/films")
        monkeypatch.setenv("WORKBENCH_TRANSCRIBER", "transcribe")
        yield running


@pytest.fixture
def opened(transcribe: TranscribeServer) -> Iterator[Workspace]:
    with Workspace.open() as workspace:
        yield workspace


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "talk.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=r=8000", "-t", "20", path])
    return path


@pytest.fixture
def talk(tone: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tone, tmp_path))


@pytest.fixture
def asked(talk: Path) -> AnalysisRequest:
    return AnalysisRequest(assets=(str(talk),), find=("summary",))


def test_speech_is_priced_before_it_is_paid_and_the_bill_is_the_price(transcribe, opened, asked):
    plan = opened.plan(asked)
    assert [call.label for call in plan.hearing] == ["talk.wav, speech"]
    assert (plan.cost_low, plan.cost, plan.cost_high) == (PRICE, PRICE, PRICE)
    assert plan.warnings[-1] == (
        "Amazon Transcribe first writes down the speech of 1 file, 20 s, for $0.0080 at most."
    )
    assert transcribe.calls == []
    result = opened.analyse(asked)
    assert result.failures == ()
    assert (result.paid_usd, result.calls_made) == (PRICE, 2)
    assert transcribe.billed_s == 20
    ledger = opened.store.ledger()
    paid = ledger.filter(ledger["engine"] == "transcribe")
    assert paid["media_s"].to_list() == [20.0]
    assert paid["cost_usd"].to_list() == [PRICE]
    (analysis,) = result.analyses
    evidence = opened.evidence(analysis.asset_id)
    assert evidence.transcript.text == SAID
    assert evidence.engines["transcript"] == "transcribe (en-US)"
    again = opened.plan(asked)
    assert (again.hearing, again.cost) == ((), Decimal(0))
    assert opened.analyse(asked).paid_usd == Decimal(0)
    assert transcribe.calls.count(START) == 1


def test_a_kept_reply_is_not_paid_again_when_the_evidence_is_gone(transcribe, opened, asked):
    (analysis,) = opened.analyse(asked).analyses
    opened.store.remove_asset(analysis.asset_id)
    plan = opened.plan(asked)
    assert [call.is_kept for call in plan.hearing] == [True]
    assert plan.cost == Decimal(0)
    assert opened.analyse(asked).paid_usd == Decimal(0)
    assert len(transcribe.jobs) == 1


def test_a_subtitle_file_beside_it_is_used_and_nothing_is_paid(transcribe, opened, asked, talk):
    talk.with_suffix(".srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nIt is written here.\n")
    assert opened.plan(asked).hearing == ()
    (analysis,) = opened.analyse(asked).analyses
    assert opened.evidence(analysis.asset_id).transcript.source == "sidecar"
    assert transcribe.calls == []


def test_a_subtitle_file_that_cannot_be_read_leaves_the_speech_to_be_paid(opened, asked, talk):
    talk.with_suffix(".srt").write_bytes(b"\x00\x01\x02")
    assert [call.cost for call in opened.plan(asked).hearing] == [PRICE]
    assert opened.analyse(asked).failures == ()


def test_words_of_another_transcriber_are_not_taken_for_this_ones(opened, asked, monkeypatch):
    (asset,) = opened.import_media([asked.assets[0]]).added
    whisper = Evidence(asset.id, 20.0, engines={"transcript": "whisper-base (base)"})
    opened.store.put_evidence(whisper)
    assert len(opened.plan(asked).hearing) == 1
    monkeypatch.setenv("WORKBENCH_TRANSCRIBER", "local")
    with Workspace.open() as local:
        assert local.plan(asked).hearing == ()
        assert [each.is_measured for each in local.plan(asked).assets] == [True]
        theirs = replace(whisper, engines={"transcript": "transcribe (en-US)"})
        local.store.put_evidence(theirs)
        assert [each.is_measured for each in local.plan(asked).assets] == [False]


def test_speech_counts_against_the_cap(transcribe, opened, asked):
    capped = asked.model_copy(update={"max_cost_usd": Decimal("0.007")})
    result = opened.analyse(capped)
    assert "0.007" in result.failures[0].message
    assert transcribe.calls == []
    assert opened.analyse(asked.model_copy(update={"max_cost_usd": PRICE})).failures == ()


def test_of_several_engines_only_the_first_pays_for_the_speech(transcribe, opened, asked):
    both = asked.model_copy(update={"also": ("nova",)})
    local, nova = opened.plans(both)
    assert [each.cost for plan in (local, nova) for each in plan.hearing] == [PRICE, 0]
    assert not any("speech" in warning for warning in nova.warnings)


def test_measuring_alone_pays_nobody(transcribe, opened, talk):
    (asset,) = opened.import_media([talk]).added
    with pytest.raises(RequestError, match="was not in the price that was shown"):
        opened.gather(asset)
    assert transcribe.calls == []


def test_a_job_that_fails_is_told_with_the_file(transcribe, opened, asked):
    transcribe.fails = 3
    (failure,) = opened.analyse(asked).failures
    assert failure.name == "talk.wav"
    assert "The media could not be decoded." in failure.message
    assert failure.hint.startswith("set WORKBENCH_TRANSCRIBER=local")
    assert opened.store.ledger().height == 0


def test_without_a_folder_in_s3_it_is_said_before_anything_is_measured(
    transcribe, asked, monkeypatch
):
    monkeypatch.setenv("WORKBENCH_STAGING_URI", "")
    with Workspace.open() as workspace, pytest.raises(NoCredentials) as caught:
        workspace.analyse(asked)
    assert "WORKBENCH_STAGING_URI" in caught.value.hint


def test_captions_inside_a_video_make_the_price_a_range(opened):
    streams = (Stream(0, "audio", "aac"), Stream(1, "subtitle", "mov_text"))
    asset = Asset("0" * 16, Path("talk.mp4"), "video", "mp4", 1, duration_s=60.0, streams=streams)
    call = plan_hearing(asset, opened.catalog.get("transcribe"), "", None)
    assert (call.cost_low, call.cost, call.cost_high) == (0, 0, Decimal("0.024"))
    assert problem_with_hearing(call) is None
    long = plan_hearing(
        replace(asset, duration_s=5 * 3600.0), opened.catalog.get("transcribe"), "", None
    )
    assert "takes 4 h" in problem_with_hearing(long).message


def test_health_and_access_have_a_line_about_it(transcribe, opened):
    lines = {each.name: each for each in opened.health()}
    assert lines["Speech"].finding.startswith("Amazon Transcribe. Credentials found")
    line = lines["transcribe"]
    assert line.is_ready
    assert "films" in line.finding
    assert transcribe.jobs == []
