"""Stores to test with: SQLite always, Postgres where its server is installed."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.calls import CATALOG, JOB
from tests.support.orders import Scripted
from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import (
    Analysis,
    CallRecord,
    Chapter,
    Citation,
    Element,
    Occurrence,
    Summary,
)
from workbench.backends.call_cache import CallCache
from workbench.backends.usage import Usage
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.library.calls.making import CallTools
from workbench.library.records import Job
from workbench.library.store import Store
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance, Word


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty data folder whose name has to be quoted."""
    folder = tmp_path / "it's data #1 %41"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def catalog(data_dir: Path) -> Path:
    """Where a test's catalog lies."""
    return data_dir / "app.db"


@pytest.fixture
def store(catalog: Path, empty_catalog: Path) -> Iterator[Store]:
    """An open, empty store on SQLite."""
    shutil.copy(empty_catalog, catalog)
    with Store.open(catalog) as store:
        yield store


@pytest.fixture(params=["sqlite", "postgres"])
def any_store(
    request: pytest.FixtureRequest, catalog: Path, empty_catalog: Path
) -> Iterator[Store]:
    """An open, empty store on each database that is supported."""
    if request.param == "sqlite":
        shutil.copy(empty_catalog, catalog)
        with Store.open(catalog) as store:
            yield store
        return
    with Store.open(request.getfixturevalue("postgres_url")) as store:
        yield store


@pytest.fixture
def backend() -> Scripted:
    """A service that answers every call; a test gives it steps to play instead."""
    return Scripted()


@pytest.fixture
def tools(any_store: Store, backend: Scripted, tmp_path: Path) -> CallTools:
    """What it takes to make calls for the job of `tests.support.calls`."""
    now = datetime.now(UTC)
    any_store.put_job(Job(id=JOB, kind="analyse", title="t", state="running", created_at=now))
    cache = CallCache(tmp_path / "calls")
    return CallTools(lambda _: backend, CATALOG.get, cache, any_store, patience_s=0.0)


@pytest.fixture
def make_asset(tmp_path: Path) -> Callable[..., Asset]:
    """A function that makes a file and an asset of it."""

    def make(name: str = "talk.mp4", id_: str = "a" * 16, *, there: bool = True, **facts) -> Asset:
        path = tmp_path / "media" / name
        path.parent.mkdir(exist_ok=True)
        if there:
            path.write_bytes(id_.encode())
        facts = {"kind": "video", "format": "mp4", "size_bytes": len(id_), **facts}
        return Asset(id=id_, path=path, **facts)

    return make


@pytest.fixture
def make_analysis() -> Callable[..., Analysis]:
    """A function that makes a small analysis with a chapter, an element and a call."""

    def make(
        id_: str = "run1",
        asset_id: str = "a" * 16,
        cost_usd: Decimal | None = Decimal("0.0123"),
        created_at: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        engine: str = "nova",
    ) -> Analysis:
        span = TimeSpan(0.0, 60.0)
        words = Citation("transcript", TimeSpan(1.0, 4.0), "Never start it dry.")
        call = CallRecord(
            call_id="c1",
            cache_key="0" * 64,
            label="Pump talk, chunk 1 of 1",
            chunk_index=0,
            model_id="amazon.nova-lite-v1:0",
            was_kept=False,
            usage=Usage(input_tokens=1000, output_tokens=200),
            cost_usd=cost_usd,
            estimated_usd=Decimal("0.012"),
            latency_s=2.5,
        )
        return Analysis(
            id=id_,
            asset_id=asset_id,
            asset_name="talk.mp4",
            duration_s=60.0,
            request=AnalysisRequest(assets=(asset_id,)),
            engine=engine,
            model="lite",
            model_name="Nova Lite",
            created_at=created_at,
            summary=Summary("A talk about pumps. Never start it dry.", True, (words,)),
            chapters=(Chapter(0, "Dry start", span, "Why the seal fails.", (words,)),),
            elements=(
                Element(
                    "equipment",
                    "mechanical seal",
                    "seal",
                    (
                        Occurrence(TimeSpan(1.0, 4.0), "said", "the seal"),
                        Occurrence(TimeSpan(20.0, 30.0), "shown"),
                    ),
                ),
            ),
            calls=(call,),
            prompt_hash="1" * 64,
            catalog_as_of="2026-03-01",
            engine_version="1",
            seconds=3.5,
            stages_s={"calls": 2.5},
        )

    return make


@pytest.fixture
def measured() -> Evidence:
    """Evidence of a minute of talk."""
    said = [
        (0.0, 4.0, "Welcome to the pump room."),
        (4.5, 9.0, "Today we look at the mechanical seal."),
        (9.5, 14.0, "Never start the pump dry."),
        (30.0, 36.0, "The bearing is the second thing to watch."),
    ]
    return Evidence(
        asset_id="a" * 16,
        duration_s=60.0,
        transcript=Transcript(
            tuple(
                Utterance(TimeSpan(start, end), text, (Word(TimeSpan(start, end), "x", 0.9),))
                for start, end, text in said
            ),
            "en",
            "sidecar",
            "talk.srt",
        ),
        shots=(Shot(0, TimeSpan(0.0, 60.0), 30.0),),
        screen_text=(
            TextBlock(TimeSpan(0.0, 20.0), "The mechanical seal", 0.97, 0.08, 0.1, is_title=True),
        ),
        speech_s=18.0,
        engines={"transcript": "sidecar"},
        notes=("One note.",),
        seconds={"shots": 0.25},
    )
