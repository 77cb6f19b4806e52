"""Proxies through the workspace and its jobs: with an import, in parts, and again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from workbench.errors import NotInLibrary
from workbench.jobs.performing import perform
from workbench.jobs.telling import Crew, JobTools
from workbench.library.records import Job
from workbench.settings import load_settings
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three small pictures."""
    folder = tmp_path_factory.mktemp("plates")
    for number, colour in enumerate(("navy", "teal", "olive")):
        Image.new("RGB", (320, 240), colour).save(folder / f"plate {number}.jpg")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(load_settings(data_dir=tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def work_off(shop: Workspace) -> Callable[[str], Job]:
    """A function that does a job as a worker would."""

    def do(job_id: str) -> Job:
        tools = JobTools(shop.store, shop, shop.data_dir, Crew())
        perform(job_id, 0, tools)
        return shop.store.job(job_id)

    return do


def posters(shop: Workspace) -> list[Path]:
    return list((shop.data_dir / "posters").rglob("*.jpg"))


def test_an_import_has_its_thumbnails_made_before_anybody_looks(shop, plates, work_off):
    job = work_off(shop.jobs.submit_import([plates]))
    assert (job.state, len(job.asset_ids)) == ("done", 3)
    assert len(posters(shop)) == 3
    assert shop.store.proxies() == []


def test_an_import_makes_proxies_where_that_is_asked(shop, plates, work_off):
    job = work_off(shop.jobs.submit_import([plates], proxies=True))
    assert job.state == "done"
    assert {proxy.spec for proxy in shop.store.proxies()} == {"nova-1568"}
    assert len(shop.store.proxies()) == 3


def test_a_job_makes_no_more_than_its_limit_and_the_same_again_goes_on(shop, plates, work_off):
    shop.import_media([plates])
    ids = [asset.id for asset in shop.assets()]
    for expected in (2, 3):
        job = work_off(shop.jobs.submit_proxies(ids, limit=2))
        assert job.state == "done"
        assert len(shop.store.proxies()) == expected


def test_a_job_makes_again_what_is_there_if_that_is_asked(shop, plates, work_off):
    shop.import_media([plates])
    ids = [asset.id for asset in shop.assets()]
    shop.make_proxies(ids)
    first = {proxy.path: proxy.path.stat().st_ino for proxy in shop.store.proxies()}
    work_off(shop.jobs.submit_proxies(ids))
    assert {path: path.stat().st_ino for path in first} == first
    work_off(shop.jobs.submit_proxies(ids, again=True))
    assert all(path.stat().st_ino != inode for path, inode in first.items())


def test_a_file_that_fails_is_named_by_the_job_and_tried_again_alone(
    shop, tmp_path, plates, work_off
):
    copied = tmp_path / "plate.jpg"
    copied.write_bytes((plates / "plate 0.jpg").read_bytes() + b"more")
    shop.import_media([plates, copied])
    copied.unlink()
    ids = [asset.id for asset in shop.assets()]
    job_id = shop.jobs.submit_proxies(ids)
    job = work_off(job_id)
    assert job.state == "done"
    assert [failure.name for failure in job.failures] == ["plate.jpg"]
    again = shop.jobs.job(shop.jobs.retry(job_id))
    assert again.asset_ids == (shop.asset("plate.jpg").id,)


def test_a_plan_of_what_is_not_in_the_library_says_so(shop):
    with pytest.raises(NotInLibrary):
        shop.plan_proxies(["0" * 16])


def test_savings_go_by_the_line_that_is_set(tmp_path, plates):
    settings = load_settings(data_dir=tmp_path / "data", upload_mbit_s=8.0)
    with Workspace.open(settings) as shop:
        shop.import_media([plates])
        shop.make_proxies([asset.id for asset in shop.assets()])
        savings = shop.savings()
        assert savings.upload_s(1_000_000) == pytest.approx(1.0)
        assert len(savings.files) == 3
        one = shop.savings([shop.assets()[0].id])
        assert (len(one.files), one.without) == (1, 0)
