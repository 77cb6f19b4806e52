"""The first pieces of a film are given out while the rest of its proxy is still being made."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.numbered_film import names_in, write_film
from workbench.errors import MediaError
from workbench.library.proxies import making as proxies
from workbench.library.proxies.clip_makings import ClipMakings
from workbench.library.proxies.making import ProxyWork, media_for
from workbench.library.store import Store
from workbench.media.asset import Asset
from workbench.media.chunks import Chunk
from workbench.media.probe import probe
from workbench.media.timecode import TimeSpan
from workbench.progress import silent

SPANS = [TimeSpan(0, 20), TimeSpan(10, 30), TimeSpan(20, 40)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds, of which proxies are made."""
    return write_film(tmp_path_factory.mktemp("films") / "film.mp4", frames=400, rate=10)


@pytest.fixture
def asset(film: Path, store: Store) -> Asset:
    """That film, in the library."""
    known = probe(film)
    store.add_asset(known)
    return known


@pytest.fixture
def work(store: Store, tmp_path: Path) -> ProxyWork:
    """Where proxies are kept."""
    return ProxyWork(store, tmp_path / "data")


def part(
    work: ProxyWork,
    asset: Asset,
    span: TimeSpan,
    makings: ClipMakings | None,
    progress: Callable[..., None] = silent,
) -> Path:
    (found,) = media_for(work, asset, Chunk(0, span, span), progress, makings=makings, spans=SPANS)
    assert (found.span, found.spec) == (span, "nova")
    return found.path


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The making of a proxy goes on after its first piece only when this is set."""
    go_on = threading.Event()
    make = proxies.make_video_proxy

    def held_up(*args: Any, on_clip: Any, progress: Any, **options: Any) -> Any:
        def note(span: TimeSpan, path: Path) -> None:
            on_clip(span, path)
            while not go_on.wait(0.02):
                progress(1, 40, "held up")

        return make(*args, on_clip=note, progress=progress, **options)

    monkeypatch.setattr(proxies, "make_video_proxy", held_up)
    return go_on


def test_a_piece_is_there_before_its_proxy(
    work: ProxyWork, asset: Asset, held: threading.Event
) -> None:
    with ClipMakings() as makings:
        first = part(work, asset, SPANS[0], makings)
        assert first.stat().st_size > 0
        assert work.existing(asset, "nova") is None
        held.set()
        rest = [part(work, asset, span, makings) for span in SPANS]
        assert rest[0] == first
    assert work.existing(asset, "nova")
    assert len(names_in(work.clip_folder)) == 3


def test_two_runs_wait_for_one_making(
    work: ProxyWork, asset: Asset, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    make = ProxyWork.make
    monkeypatch.setattr(
        ProxyWork, "make", lambda self, *a, **o: (made.append("once"), make(self, *a, **o))[1]
    )
    with ClipMakings() as one, ClipMakings() as other:
        assert part(work, asset, SPANS[0], one) == part(work, asset, SPANS[0], other)
        held.set()
        assert part(work, asset, SPANS[2], one) == part(work, asset, SPANS[2], other)
    assert made == ["once"]


class StoppedError(Exception):
    """The run was stopped."""


def test_a_stopped_run_ends_what_nobody_else_waits_for(
    work: ProxyWork, asset: Asset, held: threading.Event
) -> None:
    def stop(done: int, total: int, stage: str) -> None:
        raise StoppedError

    def run() -> None:
        with ClipMakings() as makings:
            part(work, asset, SPANS[0], makings)
            part(work, asset, SPANS[1], makings, stop)

    with pytest.raises(StoppedError):
        run()
    assert not held.is_set()
    assert work.existing(asset, "nova") is None
    # The whole piece stays, the half-written ones do not.
    assert len(names_in(work.clip_folder)) == 1
    assert names_in(work.data_dir / "proxy_video") == ["chunks"]


def test_what_goes_wrong_reaches_everybody_who_waits(
    work: ProxyWork, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise MediaError("it cannot be read")

    monkeypatch.setattr(proxies, "make_video_proxy", fail)
    with ClipMakings() as makings:
        for span in SPANS:
            with pytest.raises(MediaError, match="cannot be read"):
                part(work, asset, span, makings)


def test_without_a_background_the_pieces_are_the_same(work: ProxyWork, asset: Asset) -> None:
    paths = [part(work, asset, span, None) for span in SPANS]
    with ClipMakings() as makings:
        assert [part(work, asset, span, makings) for span in SPANS] == paths
