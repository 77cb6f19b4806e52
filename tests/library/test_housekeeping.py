"""Housekeeping takes what can be made again, and nothing that was paid for, imported or in use."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from workbench.backends.call_cache import CallCache
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.library import housekeeping
from workbench.library.housekeeping import Retention, collect_garbage, folder_sizes
from workbench.library.records import CallInFlight, Job, LedgerEntry, ReportRecord
from workbench.library.store import Store
from workbench.media.asset import Proxy
from workbench.media.timecode import TimeSpan
from workbench.media.video.proxy import cut_chunk

ASSET, GONE = "a" * 16, "b" * 16
DAY_S = 86_400.0
REPLY = ModelReply({"text": "x" * 900}, Usage(), "m", "end_turn", 1.0)


@pytest.fixture
def cache(data_dir: Path) -> CallCache:
    return CallCache(data_dir / "calls")


@pytest.fixture
def collect(store: Store, data_dir: Path, cache: CallCache):
    """A function that does the housekeeping, within limits, and gives counts by kind."""

    def do(*, dry_run: bool = False, **limits: int):
        report = collect_garbage(store, data_dir, cache, Retention(**limits), dry_run=dry_run)
        return report, {each.kind: each.count for each in report.removed if each.count}

    return do


def put(path: Path, days: float = 0.0, text: str = "some bytes") -> Path:
    """A file that was written so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - days * DAY_S
    os.utime(path, (then, then))
    return path


def files_in(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def key(number: int) -> str:
    return f"{number:064x}"


def keep(cache: CallCache, number: int, days: float) -> Path:
    """A reply that was used so many days ago; it takes about a kilobyte."""
    cache.put(key(number), "", REPLY)
    path = cache.path(key(number))
    then = time.time() - days * DAY_S
    os.utime(path, (then, then))
    return path


def report_of(id_: str, folder: Path) -> ReportRecord:
    return ReportRecord(id_, "video_report", "A report", datetime.now(UTC), folder / "r.html", None)


GARBAGE = {
    "uploads/.0123456789ab.part.mp4": 2,
    "calls/aa/.tmp_a1b2.part": 2,
    ".0123456789ab.part.db": 2,
    "reports/aaaaaaaaaaaa/.nova-a1b2c3d4.html": 2,
    f"proxy_video/chunks/talk_{ASSET}_nova_0-600.mp4": 8,
    f"proxy_video/talk_{GONE}_nova.mp4": 2,
    f"proxy_image/photo_{GONE}_nova-896.jpg": 2,
    f"proxy_image/photo_{ASSET}_original.png": 2,
    f"posters/bb/{GONE}_1.50_480.jpg": 2,
    "reports/0123456789ab/video_report.html": 2,
    "reports/0123456789ab/video_report.ipynb": 2,
    f"film_parts/beats/{'c' * 32}.mp4": 31,
    f"film_parts/speech/{'d' * 24}.wav": 31,
    f"film_parts/scenes/{'d' * 32}.json": 31,
    "films/bbbbbbbbbbbb/still-01.jpg": 2,
    f"films/.0123456789ab.part/{'b' * 12}/film.mp4": 2,
    "logs/worker.old.log": 31,
    "logs/gateway.log.3": 31,
}
KEPT = {
    "uploads/.0123456789ab.part.mp3": 0.5,
    "uploads/talk_9f2c4e1ab0d3c577.mp4": 900,
    "uploads/.hidden.part.mp4": 900,
    "sample/pump_room_talk.mp4": 900,
    f"proxy_video/chunks/talk_{ASSET}_nova_600-900.mp4": 6,
    "proxy_video/chunks/notes.txt": 900,
    f"proxy_video/talk_{ASSET}_nova.mp4": 900,
    f"proxy_video/talk_{GONE}_preview.mp4": 0.5,
    "proxy_video/my own film.mp4": 900,
    f"posters/aa/{ASSET}_1.50_480.jpg": 900,
    f"film_parts/beats/{'e' * 32}.mp4": 29,
    "film_parts/beats/mine.mp4": 900,
    "films/aaaaaaaaaaaa/film.mp4": 900,
    "films/aaaaaaaaaaaa/film.json": 900,
    f"films/.0123456789ac.part/{'b' * 12}/film.mp4": 0.5,
    "films/my films/film.mp4": 900,
    "reports/aaaaaaaaaaaa/r.html": 900,
    "reports/bbbbbbbbbbbb/video_report.ipynb": 0.5,
    "reports/a folder of mine/r.html": 900,
    "logs/worker.log": 900,
    "logs/worker.old.log.txt": 900,
    "chroma/.0123456789ab.part": 900,
    "weights/minilm/model.bin": 900,
    "notes.md": 900,
}


@pytest.fixture
def lived_in(store: Store, data_dir: Path, make_asset) -> Path:
    """A data folder with something of every kind, wanted and not."""
    store.add_asset(make_asset("talk.mp4", ASSET))
    path = data_dir / "proxy_video" / f"talk_{ASSET}_nova.mp4"
    store.add_proxy(Proxy(ASSET, path, "nova", 10, 64, 36, 60.0, 1.0, ()))
    store.add_report(report_of("aaaaaaaaaaaa", data_dir / "reports" / "aaaaaaaaaaaa"))
    for name, days in {**GARBAGE, **KEPT}.items():
        put(data_dir / name, days)
    return data_dir


def test_what_can_be_made_again_or_is_past_its_time_goes_and_nothing_else(lived_in, collect):
    before = files_in(lived_in)
    report, counts = collect()
    assert before - files_in(lived_in) == set(GARBAGE)
    assert counts == {
        "half-written files": 4,
        "cut chunks": 1,
        "pieces of films": 3,
        "unfinished films": 2,
        "proxies without a record": 3,
        "posters": 1,
        "reports without a record": 1,
        "old logs": 2,
    }
    assert report.size_bytes == 10 * len(GARBAGE)
    assert (report.failed, report.notes) == ((), ())
    assert collect()[1] == {}


def test_a_dry_run_says_the_same_and_removes_nothing(lived_in, collect):
    before = files_in(lived_in)
    told = collect(dry_run=True)[0]
    assert files_in(lived_in) == before
    done = collect()[0]
    assert told.is_dry_run
    assert replace(told, is_dry_run=False) == done


def test_links_are_neither_followed_nor_removed(lived_in, collect, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    chunk = f"talk_{ASSET}_nova_0-600.mp4"
    put(elsewhere / "chunks" / chunk, 99)
    put(elsewhere / f"talk_{GONE}_nova.mp4", 99)
    put(elsewhere / "0123456789ab" / "r.html", 99)
    (lived_in / "proxy_video").rename(tmp_path / "proxy_video")
    (lived_in / "proxy_video").symlink_to(elsewhere)
    (lived_in / "proxy_image" / f"link_{GONE}_nova.mp4").symlink_to(
        elsewhere / f"talk_{GONE}_nova.mp4"
    )
    (lived_in / "reports" / "cccccccccccc").symlink_to(elsewhere / "0123456789ab")
    (lived_in / "posters" / "cc").symlink_to(elsewhere)
    collect()
    assert len(files_in(elsewhere)) == 3
    assert (lived_in / "proxy_image" / f"link_{GONE}_nova.mp4").is_symlink()
    assert (lived_in / "reports" / "cccccccccccc").is_symlink()


def test_an_original_is_never_touched_wherever_it_lies(store, data_dir, collect, make_asset):
    names = (
        f"proxy_video/talk_{GONE}_nova.mp4",
        f"proxy_video/chunks/talk_{GONE}_nova_0-9.mp4",
        ".0123456789ab.part.mp4",
    )
    for number, name in enumerate(names):
        path = put(data_dir / name, 99, str(number))
        store.add_asset(replace(make_asset(id_=f"{number:016}"), path=path))
    assert collect()[1] == {}
    assert all((data_dir / name).exists() for name in names)


def test_posters_go_the_oldest_first_until_they_fit(store, data_dir, collect, make_asset):
    store.add_asset(make_asset("talk.mp4", ASSET))
    posters = [
        put(data_dir / "posters" / "aa" / f"{ASSET}_{n}.00_480.jpg", 9 - n) for n in range(5)
    ]
    assert collect(poster_bytes=30)[1] == {"posters": 2}
    assert [path.exists() for path in posters] == [False, False, True, True, True]


def test_replies_go_the_least_used_first_until_they_fit(cache, collect):
    paths = [keep(cache, number, days=10 - number) for number in range(6)]
    size_bytes = paths[0].stat().st_size
    assert collect(call_cache_bytes=6 * size_bytes)[1] == {}
    _, counts = collect(call_cache_bytes=4 * size_bytes)
    assert counts == {"kept replies": 2}
    assert [path.exists() for path in paths] == [False] * 2 + [True] * 4


def test_replies_that_are_cited_owed_or_asked_for_stay_whatever_the_limit(
    store, cache, collect, make_analysis, make_asset
):
    store.add_asset(make_asset("talk.mp4", ASSET))
    made = make_analysis()
    calls = [replace(made.calls[0], cache_key=key(number)) for number in (0, 1)]
    store.add_analysis(replace(made, calls=tuple(calls)))
    for state, job_id, number in (("paused", "open", 2), ("done", "ended", 3)):
        store.put_job(Job(job_id, "analyse", "Analyse", state, datetime.now(UTC)))
        store.record_call(paid(job_id, number))
    flying = CallInFlight(
        key(4), "lite", "run-1", "elsewhere:1:0", 0.0, 0.0, None, "c", ASSET, "Talk", None
    )
    store.admit(flying, cap_usd=None, is_alive=lambda call: True)
    paths = [keep(cache, number, days=400) for number in range(6)]
    report, counts = collect(call_cache_bytes=0)
    assert counts == {"kept replies": 2}
    assert [path.exists() for path in paths] == [True] * 3 + [False, True, False]
    assert "cited by analyses" in report.notes[0]


def paid(job_id: str, number: int) -> LedgerEntry:
    return LedgerEntry(
        datetime.now(UTC), "", ASSET, f"c{number}", key(number), "nova", "lite", "m", False,
        None, Decimal("0.01"), Usage(), job_id,
    )  # fmt: skip


def test_a_reply_that_was_used_lately_stays_because_a_run_may_count_on_it(cache, collect):
    keep(cache, 1, days=1.5)
    keep(cache, 2, days=2.5)
    assert collect(call_cache_bytes=0)[1] == {"kept replies": 1}
    assert cache.get(key(1)) == REPLY
    assert cache.get(key(2)) is None


def test_reading_a_reply_counts_as_use_and_is_noted_once_a_day(cache):
    path = keep(cache, 1, days=30)
    assert cache.get(key(1)) == REPLY
    noted = path.stat().st_mtime_ns
    assert time.time() - noted / 1e9 < 60
    assert cache.get(key(1)) == REPLY
    assert path.stat().st_mtime_ns == noted


def test_a_reply_that_is_used_while_housekeeping_looks_stays(cache, collect, monkeypatch):
    keep(cache, 1, days=30)
    look = CallCache.to_drop

    def look_and_use(self, *words, **more):
        found = look(self, *words, **more)
        self.get(key(1))
        return found

    monkeypatch.setattr(CallCache, "to_drop", look_and_use)
    assert collect(call_cache_bytes=0)[1] == {}
    assert cache.get(key(1)) == REPLY


def test_a_chunk_that_is_found_again_counts_as_used(data_dir, collect):
    folder = data_dir / "proxy_video" / "chunks"
    chunk = put(folder / f"talk_{ASSET}_nova_0-60.mp4", 30)
    proxy = Proxy(ASSET, data_dir / f"talk_{ASSET}_nova.mp4", "nova", 1, 64, 36, 90.0, 1.0, ())
    assert cut_chunk(proxy, TimeSpan(0.0, 60.0), folder) == chunk
    assert collect()[1] == {}
    assert chunk.exists()


def test_ended_jobs_go_after_their_time_with_their_logs(store, collect):
    for state in ("done", "failed", "cancelled", "waiting", "running", "paused"):
        for days in (89, 91):
            made = datetime.now(UTC) - timedelta(days=days)
            store.put_job(Job(f"{state}-{days}", "import", "Import", state, made))
            store.add_event(f"{state}-{days}", "job.started", {})
    assert collect(dry_run=True)[1] == {"ended jobs": 3}
    assert collect()[1] == {"ended jobs": 3}
    left = {job.id for job in store.jobs()}
    assert {"waiting-91", "running-91", "paused-91"} < left
    assert not left & {"done-91", "failed-91", "cancelled-91"}
    assert store.events("done-91") == []
    assert store.events("done-89") != []
    assert collect(job_days=30)[1] == {"ended jobs": 3}


def test_the_time_of_a_job_counts_from_its_end(store, collect):
    now = datetime.now(UTC)
    made = now - timedelta(days=200)
    long_one = Job("long", "import", "Import", "done", made, finished_at=now - timedelta(days=1))
    store.put_job(long_one)
    store.put_job(replace(long_one, id="old", finished_at=now - timedelta(days=100)))
    assert collect(dry_run=True)[1] == collect()[1] == {"ended jobs": 1}
    assert [job.id for job in store.jobs()] == ["long"]


def test_what_cannot_be_removed_is_told_and_the_rest_goes(lived_in, collect, monkeypatch):
    real = Path.unlink

    def refuse(self, *words, **more):
        if self.suffix == ".jpg":
            raise PermissionError(13, "Permission denied")
        real(self, *words, **more)

    monkeypatch.setattr(Path, "unlink", refuse)
    report, counts = collect()
    assert {failure.name for failure in report.failed} == {
        f"photo_{GONE}_nova-896.jpg", f"{GONE}_1.50_480.jpg",
    }  # fmt: skip
    assert all("cannot be removed" in f.message and f.hint for f in report.failed)
    assert (counts["half-written files"], counts["proxies without a record"]) == (4, 2)


def test_a_folder_without_anything_in_it_is_no_fault(collect):
    assert collect()[1] == {}


def test_every_name_of_a_file_that_is_being_written_is_known(data_dir, cache, monkeypatch):
    from workbench.media.outputs import atomic_output

    seen = []
    with atomic_output(data_dir / "film.mp4") as part:
        part.write_text("half")
        seen.append(part.name)
    real = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: (seen.append(self.name), real(self, target))[1]
    )
    cache.put(key(1), "", REPLY)
    assert len(seen) == 2
    assert all(housekeeping.HALF_WRITTEN.fullmatch(name) for name in seen)


def test_sizes_of_the_data_folder_leave_links_out(lived_in, tmp_path):
    put(tmp_path / "big", text="x" * 10_000)
    (lived_in / "uploads" / "link").symlink_to(tmp_path / "big")
    sizes = folder_sizes(lived_in)
    assert sizes["uploads"] == 10 * sum(name.startswith("uploads") for name in {**GARBAGE, **KEPT})
    assert sizes["notes.md"] == 10
    assert sizes["app.db"] > 4096


def test_the_catalog_answers_the_same_on_every_database(any_store, make_analysis, make_asset):
    store = any_store
    store.add_asset(make_asset("talk.mp4", ASSET))
    for number in range(120):
        made = make_analysis(f"run{number}")
        call = replace(made.calls[0], cache_key=key(number))
        store.add_analysis(replace(made, calls=(call,)))
    assert store.cited_keys() == {key(number) for number in range(120)}
    assert store.asset_ids() == {ASSET}
    path = store.asset(ASSET).path
    assert store.originals_in(path.parent) == {str(path)}
    assert store.originals_in(path.parent / "me") == frozenset()
    assert store.faults() == store.faults(deep=True) == []
    assert store.keys_of_open_jobs() == store.report_ids() == frozenset()
