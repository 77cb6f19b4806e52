"""Import reads media where they are, reports what it cannot read, and goes on."""

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest
from PIL import Image

from workbench.errors import MediaMissing, RequestError
from workbench.library.imports import folders, importer
from workbench.library.imports.importer import import_media, look_inside
from workbench.library.store import Store
from workbench.media.probe import asset_id


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of small pictures with everything a real folder has in it."""
    shelf = tmp_path / "shelf"
    (shelf / "deep" / "deeper").mkdir(parents=True)
    for number, name in enumerate(["clip 10.png", "clip 2.png", "deep/deeper/lens.JPG"]):
        picture(shelf / name, number)
    (shelf / "clip 2.srt").write_text("1\n")
    (shelf / "deep" / "lens.truth.json").write_text("{}")
    (shelf / "notes.txt").write_text("notes")
    (shelf / ".hidden.png").write_bytes(b"")
    (shelf / "__MACOSX").mkdir()
    picture(shelf / "__MACOSX" / "copy.png", 9)
    return shelf


def picture(path: Path, shade: int = 0) -> Path:
    Image.new("RGB", (16, 12), (shade, 20, 30)).save(path, "PNG")
    return path


def names(found) -> list[str]:
    return [item.path.name for item in found]


def test_a_folder_is_listed_with_everything_below_it_in_counting_order(shelf: Path):
    listing = look_inside(shelf)
    assert names(listing.files) == ["clip 2.png", "clip 10.png", "lens.JPG"]
    assert listing.total_bytes == sum(found.path.stat().st_size for found in listing.files)
    assert listing.count("image") == 3
    assert listing.count("video") == 0
    assert listing.skipped == ((shelf / "notes.txt", folders.NOT_MEDIA),)


def test_looking_inside_reads_no_file(shelf: Path, monkeypatch: pytest.MonkeyPatch):
    def opened(*args, **kwargs):
        raise AssertionError(f"opened {args}")

    monkeypatch.setattr(Path, "open", opened)
    monkeypatch.setattr("builtins.open", opened)
    assert len(look_inside(shelf).files) == 3


def test_a_loop_of_links_ends_and_names_each_file_once(shelf: Path):
    (shelf / "deep" / "up").symlink_to(shelf)
    (shelf / "deep" / "deeper" / "self").symlink_to(shelf / "deep" / "deeper")
    (shelf / "again.png").symlink_to(shelf / "clip 2.png")
    (shelf / "nothing.png").symlink_to(shelf / "gone.png")
    (shelf / "ouroboros.png").symlink_to(shelf / "ouroboros.png")
    listing = look_inside(shelf)
    assert names(listing.files) == ["clip 2.png", "clip 10.png", "lens.JPG"]
    reasons = {path.name: reason for path, reason in listing.skipped}
    assert reasons["nothing.png"] == reasons["ouroboros.png"] == folders.LINK_TO_NOTHING


def test_a_link_out_of_the_roots_is_not_followed(shelf: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    picture(outside / "secret.png", 77)
    (shelf / "way out").symlink_to(outside)
    (shelf / "secret.png").symlink_to(outside / "secret.png")
    inside = look_inside(shelf, roots=[shelf])
    assert "secret.png" not in names(inside.files)
    assert (shelf / "way out", folders.LINK_OUTSIDE) in inside.skipped
    assert names(look_inside(shelf).files).count("secret.png") == 1


@pytest.mark.parametrize("way", ["../outside", "link", ""])
def test_a_folder_outside_the_roots_is_refused(tmp_path: Path, way: str):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    with pytest.raises(RequestError, match="outside the folders") as caught:
        look_inside(root / way if way else tmp_path, roots=[root])
    assert "WORKBENCH_MEDIA_ROOTS" in caught.value.hint


def test_a_root_may_itself_be_a_link(shelf: Path, tmp_path: Path):
    (tmp_path / "mount").symlink_to(shelf)
    assert len(look_inside(tmp_path / "mount" / "deep", roots=[tmp_path / "mount"]).files) == 1


def test_an_excluded_folder_is_left_out_unless_it_is_the_one_asked_for(shelf: Path):
    assert names(look_inside(shelf, exclude=[shelf / "deep"]).files) == [
        "clip 2.png",
        "clip 10.png",
    ]
    assert names(look_inside(shelf / "deep", exclude=[shelf / "deep"]).files) == ["lens.JPG"]
    assert names(look_inside(shelf / "deep" / "deeper", exclude=[shelf]).files) == ["lens.JPG"]


def test_a_folder_that_is_not_there_is_missing(tmp_path: Path):
    with pytest.raises(MediaMissing, match="nowhere is not there"):
        look_inside(tmp_path / "nowhere")


def test_pipes_and_sockets_are_never_opened(shelf: Path, store: Store):
    os.mkfifo(shelf / "pipe.mp4")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(shelf / "socket.mp4"))
    listing = look_inside(shelf)
    reasons = {path.name: reason for path, reason in listing.skipped}
    assert reasons["pipe.mp4"] == reasons["socket.mp4"] == folders.NOT_A_FILE
    report = import_media(store, [shelf / "pipe.mp4"])
    assert [failure.name for failure in report.failed] == ["pipe.mp4"]
    listener.close()


def test_a_folder_that_may_not_be_read_is_reported_and_the_rest_is_imported(
    shelf: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    whole = os.scandir

    def closed(folder):
        if Path(folder).name == "deep":
            raise PermissionError(13, "Permission denied")
        return whole(folder)

    monkeypatch.setattr(os, "scandir", closed)
    report = import_media(store, [shelf])
    assert {asset.name for asset in report.added} == {"clip 2.png", "clip 10.png"}
    assert [failure.name for failure in report.failed] == ["deep"]
    assert "may not be read" in report.failed[0].message
    with pytest.raises(MediaMissing, match="may not be read"):
        look_inside(shelf / "deep")


def test_an_import_adds_each_file_where_it_is(shelf: Path, store: Store):
    before = {path: path.read_bytes() for path in shelf.rglob("*") if path.is_file()}
    told: list[tuple[int, int, str]] = []
    report = import_media(store, [shelf], progress=lambda *step: told.append(step))
    assert [asset.name for asset in report.added] == ["clip 2.png", "clip 10.png", "lens.JPG"]
    assert report.known == report.failed == ()
    assert report.skipped == 1
    assert {asset.path for asset in store.assets()} == {asset.path for asset in report.added}
    assert told == [
        (0, 3, "clip 2.png"),
        (1, 3, "clip 10.png"),
        (2, 3, "lens.JPG"),
        (3, 3, "imported"),
    ]
    after = {path: path.read_bytes() for path in shelf.rglob("*") if path.is_file()}
    assert before == after


def test_the_same_bytes_under_another_name_are_known(shelf: Path, store: Store):
    shutil.copy(shelf / "clip 2.png", shelf / "copy of clip 2.png")
    report = import_media(store, [shelf])
    assert len(report.added) == 3
    again = import_media(store, [shelf])
    assert again.added == ()
    assert len(again.known) == 3
    (asset,) = [asset for asset in again.known if asset.name == "clip 2.png"]
    assert store.paths(asset.id) == (shelf / "clip 2.png", shelf / "copy of clip 2.png")


def test_a_file_that_has_not_changed_is_not_read_again(
    shelf: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    import_media(store, [shelf])
    read: list[Path] = []
    monkeypatch.setattr(importer, "probe", lambda path: read.append(path) or asset_id(path))
    assert len(import_media(store, [shelf]).known) == 3
    assert read == []


def test_a_changed_file_is_a_new_asset(shelf: Path, store: Store):
    import_media(store, [shelf])
    picture(shelf / "clip 2.png", 200)
    report = import_media(store, [shelf])
    assert [asset.name for asset in report.added] == ["clip 2.png"]
    assert len(report.known) == 2
    assert len(store.assets()) == 4


def test_a_bad_file_is_reported_by_name_and_the_batch_goes_on(shelf: Path, store: Store):
    (shelf / "empty.mp4").touch()
    (shelf / "words.png").write_text("this is no picture")
    report = import_media(store, [shelf, shelf / "gone.mp4"])
    assert len(report.added) == 3
    failed = {failure.name: failure for failure in report.failed}
    assert set(failed) == {"empty.mp4", "words.png", "gone.mp4"}
    assert all(failure.message for failure in report.failed)


def test_a_disk_that_fails_is_reported_by_name(
    shelf: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def broken(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(importer, "probe", broken)
    report = import_media(store, [shelf / "clip 2.png"])
    assert "Input/output error" in report.failed[0].message


def test_a_file_named_by_its_path_is_tried_whatever_its_suffix(shelf: Path, store: Store):
    odd = shelf / "notes.txt"
    picture(odd)
    assert [asset.name for asset in import_media(store, [odd]).added] == ["notes.txt"]


@pytest.mark.parametrize(
    "name",
    ['it\'s "quoted".png', "two\nlines.png", "$(touch x).png", "-rf.png", "日本語 тест.png"],
)
def test_any_name_can_be_imported(shelf: Path, store: Store, name: str):
    picture(shelf / name, 111)
    report = import_media(store, [shelf / name])
    assert [asset.name for asset in report.added] == [name]


def test_a_name_that_is_not_text_is_reported(shelf: Path, store: Store):
    raw = os.fsencode(shelf) + b"/bad\xff.png"
    shutil.copy(os.fsencode(shelf / "clip 2.png"), raw)
    for paths in ([shelf], [Path(os.fsdecode(raw))]):
        report = import_media(store, paths)
        assert [failure.name for failure in report.failed] == ["bad?.png"]
        assert report.failed[0].hint == "rename it"


def test_an_import_that_is_stopped_keeps_what_it_has(shelf: Path, store: Store):
    class Stopped(Exception):
        pass

    def stop(done: int, total: int, stage: str) -> None:
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        import_media(store, [shelf], progress=stop)
    assert len(store.assets()) == 2


def test_a_file_that_changes_between_reading_and_keeping_is_not_kept(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    first, second = picture(tmp_path / "a.png", 1), picture(tmp_path / "b.png", 2)
    has_been_read = threading.Event()
    real = importer.probe

    def probe(path: Path):
        asset = real(path)
        if path.name == second.name:
            has_been_read.set()
        return asset

    def write_over(done: int, total: int, stage: str) -> None:
        if stage == first.name:
            assert has_been_read.wait(20)
            picture(second, 3)

    monkeypatch.setattr(importer, "probe", probe)
    report = import_media(store, [first, second], progress=write_over)
    assert [asset.name for asset in report.added] == ["a.png"]
    assert [failure.message for failure in report.failed] == ["b.png changed while it was read"]
    assert import_media(store, [second]).added[0].id == asset_id(second)


@pytest.mark.media
def test_a_folder_of_awkward_pictures_is_imported_without_a_crash(media_dir: Path, store: Store):
    folder = media_dir / "awkward_image"
    report = import_media(store, [folder])
    paths = sum(len(store.paths(asset.id)) for asset in store.assets())
    assert paths + len(report.failed) == len(look_inside(folder).files)
    assert "zero_bytes.jpg" in {failure.name for failure in report.failed}
    assert "hopper.jpg" in {asset.name for asset in report.added}
