"""Many pictures at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from tests.support.numbered_film import names_in
from workbench.errors import MediaDamaged, MediaError, RequestError
from workbench.media.asset import Asset, Proxy
from workbench.media.images import opening as pictures
from workbench.media.images.batch import MOST_THREADS, make_image_proxies, usual_threads
from workbench.media.probe import probe


@pytest.fixture
def twelve(tmp_path: Path) -> list[Asset]:
    found = []
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 255, (90, 120, 3), dtype=np.uint8)
        path = tmp_path / f"{number:02}.png"
        Image.fromarray(noise).save(path)
        found.append(probe(path))
    return found


@pytest.mark.parametrize("threads", [1, 3, 0])
def test_every_picture_gets_its_proxy(twelve: list[Asset], tmp_path: Path, threads: int) -> None:
    done = list(make_image_proxies(twelve, "nova-896", tmp_path / "out", threads=threads))
    assert sorted(asset.id for asset, _ in done) == sorted(asset.id for asset in twelve)
    for asset, proxy in done:
        assert isinstance(proxy, Proxy)
        assert (proxy.asset_id, proxy.path.is_file()) == (asset.id, True)


def test_a_bad_picture_is_told_and_the_others_are_done(twelve: list[Asset], tmp_path: Path) -> None:
    path = twelve[4].path
    path.write_bytes(path.read_bytes()[:5000])
    twelve[4] = replace(twelve[4], size_bytes=5000)
    twelve[7] = replace(twelve[7], kind="audio")
    done = {
        asset.id: made
        for asset, made in make_image_proxies(twelve, "nova-896", tmp_path / "out", threads=2)
    }
    assert isinstance(done[twelve[4].id], MediaDamaged)
    assert isinstance(done[twelve[7].id], MediaError)
    assert sum(isinstance(made, Proxy) for made in done.values()) == 10
    assert len(names_in(tmp_path / "out")) == 10


def test_who_stops_asking_stops_the_work(twelve: list[Asset], tmp_path: Path) -> None:
    taken: list[str] = []

    def offered() -> Iterator[Asset]:
        for asset in twelve:
            taken.append(asset.id)
            yield asset

    making = make_image_proxies(offered(), "nova-896", tmp_path / "out", threads=2)
    next(making)
    making.close()  # type: ignore[attr-defined]
    assert len(names_in(tmp_path / "out")) <= len(taken) <= 4
    assert not [name for name in names_in(tmp_path / "out") if name.startswith(".")]
    assert not [each for each in threading.enumerate() if each.name.startswith("picture")]


def test_no_more_pictures_are_open_than_there_are_threads(
    twelve: list[Asset], tmp_path: Path
) -> None:
    open_now, most = 0, 0
    lock = threading.Lock()

    @contextmanager
    def counted(_asset: Asset) -> Iterator[None]:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        yield
        with lock:
            open_now -= 1

    done = list(make_image_proxies(twelve, "nova-896", tmp_path, threads=2, around=counted))
    assert len(done) == 12
    assert most <= 2
    assert 1 <= usual_threads() <= MOST_THREADS


def test_a_picture_that_turns_out_to_be_another_leaves_no_proxy(
    twelve: list[Asset], tmp_path: Path
) -> None:
    @contextmanager
    def changed(asset: Asset) -> Iterator[None]:
        yield
        if asset is twelve[0]:
            raise MediaError(f"{asset.name} has changed")

    done = list(make_image_proxies(twelve[:3], "nova-896", tmp_path / "out", around=changed))
    assert [made for asset, made in done if asset is twelve[0] if isinstance(made, Proxy)] == []
    assert len(names_in(tmp_path / "out")) == 2


def test_an_unknown_spec_is_refused_at_once(twelve: list[Asset], tmp_path: Path) -> None:
    with pytest.raises(RequestError):
        make_image_proxies(twelve, "nova-7", tmp_path)


def test_no_picture_waits_until_another_is_decoded(
    twelve: list[Asset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []
    read = PngImageFile.load_read

    def watched(picture: PngImageFile, wanted_bytes: int) -> bytes:
        waited.append(pictures._filters_lock.locked())
        return read(picture, wanted_bytes)

    monkeypatch.setattr(PngImageFile, "load_read", watched)
    assert len(list(make_image_proxies(twelve, "nova-896", tmp_path / "out", threads=1))) == 12
    assert set(waited) == {False}
