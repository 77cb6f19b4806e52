"""Proxies of many files: what is planned, what is made, made again, interrupted, and what it costs."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import workbench.library.proxies.batch
import workbench.library.proxies.plan
from workbench.errors import DiskFull, RequestError
from workbench.library.imports.importer import import_media
from workbench.library.proxies.batch import make_proxies
from workbench.library.proxies.making import ProxyWork
from workbench.library.proxies.plan import offered_specs, plan_proxies
from workbench.library.proxies.rates import FOUND_AGAIN, Rates
from workbench.library.store import Store
from workbench.media.asset import Asset, Proxy
from workbench.media.ffmpeg import run_ffmpeg
from workbench.media.priority import NICENESS
from workbench.media.timecode import TimeSpan
from workbench.media.video.proxy import cut_chunk

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, a film with sound, a film that no browser plays, and a sound."""
    folder = tmp_path_factory.mktemp("shelf")
    random = np.random.default_rng(5)
    for number in range(3):
        noise = random.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        size = (2400, 1800) if number == 0 else (640, 480)
        photo = Image.fromarray(noise).resize(size, Image.Resampling.BILINEAR)
        photo.save(folder / f"photo {number}.jpg", quality=95)
    film = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=300"]
    run_ffmpeg([*film, *tone, *H264, "-c:a", "aac", "-t", "4", folder / "talk.mp4"])
    run_ffmpeg([*film, "-c:v", "mpeg4", "-t", "3", folder / "old.avi"])
    run_ffmpeg([*tone, "-t", "2", folder / "tone.mp3"])
    return folder


@pytest.fixture
def work(store: Store, data_dir: Path) -> ProxyWork:
    return ProxyWork(store, data_dir)


@pytest.fixture
def imported(work: ProxyWork, shelf: Path, tmp_path: Path) -> dict[str, Asset]:
    """A copy of the shelf in the library, by name."""
    media = shutil.copytree(shelf, tmp_path / "media")
    import_media(work.store, [media])
    return {asset.name: asset for asset in work.store.assets()}


def photos(imported: dict[str, Asset]) -> list[Asset]:
    return [asset for asset in imported.values() if asset.kind == "image"]


def files_of(data_dir: Path) -> set[str]:
    """Names of all that proxies have left behind, hidden or not."""
    return {
        path.name
        for path in data_dir.rglob("*")
        if path.is_file() and not path.name.startswith("app.db")
    }


def test_a_plan_names_what_each_file_needs_and_makes_nothing(work, imported, data_dir):
    plan = plan_proxies(work, list(imported.values()))
    wanted = {(item.asset.name, item.spec) for item in plan.todo}
    assert wanted == {
        *((f"photo {number}.jpg", "nova-1568") for number in range(3)),
        ("talk.mp4", "nova"),
        ("old.avi", "nova"),
        ("old.avi", "preview"),
    }
    assert (plan.there, plan.later, plan.unfit, plan.has_room) == ((), 0, (), True)
    sizes = {(item.asset.name, item.width_px, item.height_px) for item in plan.todo}
    assert {("photo 0.jpg", 2091, 1568), ("talk.mp4", 160, 90)} <= sizes
    assert files_of(data_dir) == set()


def test_what_was_expected_holds_what_is_made(work, imported):
    plan = plan_proxies(work, list(imported.values()))
    report = make_proxies(work, plan)
    assert report.failed == ()
    made = sum(proxy.size_bytes for proxy in report.made)
    assert plan.size_bytes.low < plan.size_bytes.expected < plan.size_bytes.high
    assert made < plan.size_bytes.high
    assert 0 < plan.seconds.low < plan.seconds.expected < plan.seconds.high


def test_a_library_tells_how_large_its_next_proxies_become(imported):
    asset = photos(imported)[0]
    proxy = Proxy(asset.id, Path("p.jpg"), "nova-896", 107_000, 1195, 896, seconds_to_make=0.08)
    few = Rates({asset.id: asset}, [proxy] * 2).size_bytes(asset, "nova-896")
    known = Rates({asset.id: asset}, [proxy] * 12)
    assert known.size_bytes(asset, "nova-896").expected == pytest.approx(107_000)
    assert few.expected != pytest.approx(107_000)
    assert known.seconds(asset, "nova-896").expected == pytest.approx(0.08)
    again = Proxy(asset.id, Path("p.jpg"), "nova-896", 1, 9, 9, 0, 9e9, (FOUND_AGAIN,))
    slow = Rates({asset.id: asset}, [proxy] * 12 + [again] * 12)
    assert slow.seconds(asset, "nova-896").expected == pytest.approx(0.08)


def test_what_is_there_is_not_made_again(work, imported):
    assets = photos(imported)
    first = make_proxies(work, plan_proxies(work, assets))
    second = plan_proxies(work, assets)
    assert (len(first.made), second.todo, len(second.there)) == (3, (), 3)
    assert set(make_proxies(work, second).known) == set(work.store.proxies())


def test_a_limit_leaves_the_rest_for_another_time(work, imported):
    assets = photos(imported)
    report = make_proxies(work, plan_proxies(work, assets, limit=2))
    assert (len(report.made), report.later) == (2, 1)
    rest = plan_proxies(work, assets, limit=2)
    assert (len(rest.todo), len(rest.there), rest.later) == (1, 2, 0)
    assert plan_proxies(work, assets, limit=0).later == 1


@pytest.mark.parametrize(
    ("spec", "names", "said"),
    [
        ("gigantic", ["talk.mp4"], "there is no proxy 'gigantic'"),
        ("nova", ["photo 0.jpg"], "'nova' is not for photo 0.jpg: it is for videos"),
        ("nova-896", ["talk.mp4", "tone.mp3"], "for none of 2 files: it is for pictures"),
        ("audio", ["old.avi"], "it is for files with sound"),
    ],
)
def test_a_spec_that_fits_nothing_is_told(work, imported, spec, names, said):
    with pytest.raises(RequestError) as caught:
        plan_proxies(work, [imported[name] for name in names], spec)
    assert said in caught.value.message
    assert caught.value.hint


def test_a_spec_is_made_of_the_files_it_is_for(work, imported):
    plan = plan_proxies(work, list(imported.values()), "audio")
    assert {item.asset.name for item in plan.todo} == {"talk.mp4", "tone.mp3"}
    assert set(plan.unfit) == {"old.avi", "photo 0.jpg", "photo 1.jpg", "photo 2.jpg"}
    report = make_proxies(work, plan)
    assert (len(report.made), report.failed, len(report.unfit)) == (2, (), 4)


def test_only_specs_that_fit_something_are_offered(imported):
    assert set(offered_specs([imported["photo 0.jpg"]])) == {"nova-896", "nova-1568", "original"}
    assert offered_specs([imported["tone.mp3"]]) == ("audio",)
    assert {"nova", "preview"} <= set(offered_specs([imported["old.avi"]]))
    assert "audio" not in offered_specs([imported["old.avi"]])


def test_bad_files_are_named_and_the_rest_goes_on(work, imported):
    imported["photo 0.jpg"].path.unlink()
    imported["old.avi"].path.unlink()
    imported["photo 1.jpg"].path.write_bytes(b"something else")
    plan = plan_proxies(work, list(imported.values()))
    troubled = {item.asset.name for item in plan.todo if item.problem}
    assert troubled == {"photo 0.jpg", "old.avi"}
    report = make_proxies(work, plan)
    assert {failure.name for failure in report.failed} == {"photo 0.jpg", "photo 1.jpg", "old.avi"}
    assert {"photo-2", "talk"} == {proxy.path.name.split("_")[0] for proxy in report.made}
    assert len(work.store.proxies()) == 2


def test_a_disk_without_room_stops_it_before_anything_begins(work, imported, data_dir, monkeypatch):
    monkeypatch.setattr(workbench.library.proxies.plan, "free_bytes", lambda folder: 50_000_001)
    plan = plan_proxies(work, list(imported.values()))
    assert not plan.has_room
    with pytest.raises(DiskFull, match=r"50 MB free; about 5\d MB are needed for 6 proxies"):
        make_proxies(work, plan)
    assert files_of(data_dir) == set()


def test_a_folder_that_cannot_be_written_to_is_told_for_each_file(work, imported, data_dir):
    (data_dir / "proxy_image").write_text("in the way")
    report = make_proxies(work, plan_proxies(work, photos(imported)))
    assert report.made == ()
    assert len(report.failed) == 3
    assert all("cannot be written to" in failure.message for failure in report.failed)


def stopping_after(count: int) -> Callable[[int, int, str], None]:
    """Progress that stops the run when so many are done, as a pressed key would."""

    def tell(done: int, total: int, stage: str) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return tell


def test_whoever_is_interrupted_keeps_what_was_finished_and_goes_on(work, imported, data_dir):
    assets = photos(imported)
    with pytest.raises(KeyboardInterrupt):
        make_proxies(work, plan_proxies(work, assets), stopping_after(1))
    assert len(work.store.proxies()) >= 1
    assert not [name for name in files_of(data_dir) if ".part" in name]
    still = [each.name for each in threading.enumerate()]
    assert not [name for name in still if name.startswith(("picture", "proxy"))]
    report = make_proxies(work, plan_proxies(work, assets))
    assert len(report.made) + len(report.known) == 3
    assert len(files_of(data_dir)) == 3


def test_a_film_that_is_interrupted_leaves_nothing_half_written(work, imported, data_dir):
    def tell(done: int, total: int, stage: str) -> None:
        if "%" in stage or done:
            raise KeyboardInterrupt

    film = [imported["old.avi"]]
    with pytest.raises(KeyboardInterrupt):
        make_proxies(work, plan_proxies(work, film), tell)
    assert not [name for name in files_of(data_dir) if ".part" in name]
    assert make_proxies(work, plan_proxies(work, film)).failed == ()
    assert {proxy.spec for proxy in work.store.proxies()} == {"nova", "preview"}


def test_made_again_a_proxy_takes_the_place_of_the_old_one_at_once(work, imported, data_dir):
    film = imported["talk.mp4"]
    make_proxies(work, plan_proxies(work, [film]))
    (old,) = work.store.proxies()
    chunk = cut_chunk(old, TimeSpan(0, 2), data_dir / "proxy_video" / "chunks")
    held = old.path.open("rb")
    before = {path: path.stat().st_ino for path in (old.path, chunk)}
    missing = []

    def tell(done: int, total: int, stage: str) -> None:
        missing.extend(path for path in before if not path.is_file())

    plan = plan_proxies(work, [film], again=True)
    assert plan.todo[0].known == old
    report = make_proxies(work, plan, tell)
    assert (len(report.made), missing) == (1, [])
    assert all(path.stat().st_ino != inode for path, inode in before.items())
    with held:
        assert len(held.read()) == old.size_bytes
    (kept,) = work.store.proxies()
    assert kept.path == old.path
    assert FOUND_AGAIN not in kept.notes
    assert files_of(data_dir) == {old.path.name, chunk.name}


def test_a_failure_to_make_it_again_leaves_the_old_one(work, imported, data_dir):
    asset = photos(imported)[0]
    make_proxies(work, plan_proxies(work, [asset]))
    (old,) = work.store.proxies()
    asset.path.write_bytes(b"damaged")
    report = make_proxies(work, plan_proxies(work, [asset], again=True))
    assert [failure.name for failure in report.failed] == [asset.name]
    assert work.store.proxies() == [old]
    assert old.path.stat().st_size == old.size_bytes
    assert files_of(data_dir) == {old.path.name}


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has no priorities")
def test_the_work_steps_back_and_whoever_asked_for_it_does_not(work, imported, monkeypatch):
    seen: list[int] = []
    real = workbench.library.proxies.batch.reading_source

    def watched(store: Store, asset: Asset):
        seen.append(os.getpriority(os.PRIO_PROCESS, 0))
        return real(store, asset)

    monkeypatch.setattr(workbench.library.proxies.batch, "reading_source", watched)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    make_proxies(work, plan_proxies(work, photos(imported)))
    assert seen == [max(mine, NICENESS)] * 3
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine
