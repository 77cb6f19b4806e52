"""Strips and waveforms are made once, from a proxy where there is one, and kept with the posters."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.errors import MediaError, NotInLibrary
from workbench.media.asset import Asset
from workbench.media.ffmpeg import run_ffmpeg
from workbench.settings import load_settings
from workbench.workspace import Workspace


@pytest.fixture
def library(tmp_path: Path, empty_catalog: Path) -> Iterator[Workspace]:
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(empty_catalog, data / "app.db")
    with Workspace.open(load_settings(data_dir=data)) as opened:
        yield opened


@pytest.fixture
def asset(library: Workspace, tmp_path: Path) -> Asset:
    path = tmp_path / "talk.mp4"
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=3"]
    sound = ["-f", "lavfi", "-i", "sine=f=220:d=3"]
    run_ffmpeg([*pictures, *sound, "-c:v", "libx264", "-g", "10", "-c:a", "aac", path])
    (added,) = library.import_media([path]).added
    return added


def test_they_are_made_once_and_kept_without_the_file(library: Workspace, asset: Asset) -> None:
    strip, waveform = library.strip(asset.id), library.waveform(asset.id)
    assert strip.path.is_relative_to(library.data_dir / "posters")
    made = strip.path.stat().st_mtime_ns
    asset.path.unlink()
    assert library.strip(asset.id) == strip
    assert library.waveform(asset.id) == waveform
    assert strip.path.stat().st_mtime_ns == made


def test_one_that_is_not_whole_is_made_again(library: Workspace, asset: Asset) -> None:
    strip = library.strip(asset.id)
    strip.path.write_bytes(b"\xff\xd8")
    assert library.strip(asset.id) == strip
    waveform = library.waveform(asset.id)
    (kept,) = strip.path.parent.glob("*_sound*")
    kept.write_text("{")
    assert library.waveform(asset.id) == waveform


def test_proxies_are_read_where_the_original_is_gone(library: Workspace, asset: Asset) -> None:
    for spec in ("nova", "audio"):
        library.make_proxies([asset.id], spec)
    asset.path.unlink()
    assert len(library.strip(asset.id).moments_s) == 3
    assert max(library.waveform(asset.id).peaks) > 0


def test_nothing_is_drawn_of_a_file_that_has_changed(library: Workspace, asset: Asset) -> None:
    with asset.path.open("ab") as file:
        file.write(b"more")
    for draw in (library.strip, library.waveform):
        with pytest.raises(MediaError, match="has changed since it was imported"):
            draw(asset.id)
        with pytest.raises(NotInLibrary):
            draw("0" * 16)
    assert list((library.data_dir / "posters").rglob("*.*")) == []


def test_housekeeping_takes_them_with_the_posters(library: Workspace, asset: Asset) -> None:
    library.strip(asset.id)
    library.waveform(asset.id)
    library.poster(asset.id)
    library.poster(asset.id, at_s=1.5)
    kept = list((library.data_dir / "posters").rglob("*.*"))
    assert len(kept) == 4
    two_days_ago = time.time() - 2 * 86_400
    for path in kept:
        os.utime(path, (two_days_ago, two_days_ago))
    library.store.remove_asset(asset.id)
    report = library.collect_garbage(dry_run=True)
    assert {each.kind: each.count for each in report.removed}["posters"] == 4
