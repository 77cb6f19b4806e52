"""The store keeps records and gives them back as they were, on SQLite and on Postgres alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from workbench.analysis.results import Analysis, Failure
from workbench.backends.usage import Usage
from workbench.errors import NotInLibrary
from workbench.evidence.evidence import Evidence
from workbench.library.records import Job, LedgerEntry, ReportRecord
from workbench.library.store import Store
from workbench.media.asset import Asset, Proxy, Stream
from workbench.media.timecode import TimeSpan
from workbench.search.moments import KeptVector, make_moment

MakeAsset = Callable[..., Asset]
MakeAnalysis = Callable[..., Analysis]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def proxy_of(asset: Asset, spec: str = "nova") -> Proxy:
    return Proxy(asset.id, asset.path.with_suffix(f".{spec}.mp4"), spec, 100, 1280, 720, 60.0)


def entry(call_id: str = "c1", cost: Decimal | None = Decimal("0.01"), **changes) -> LedgerEntry:
    made = LedgerEntry(
        at=NOON,
        analysis_id="run1",
        asset_id="a" * 16,
        call_id=call_id,
        cache_key="0" * 64,
        engine="nova",
        model="lite",
        model_id="amazon.nova-lite-v1:0",
        was_kept=False,
        estimated_usd=Decimal("0.012"),
        cost_usd=cost,
        usage=Usage(input_tokens=1000, output_tokens=50, media_s=60.0),
    )
    return replace(made, **changes)


def test_an_asset_reads_back_as_it_was(any_store: Store, make_asset: MakeAsset):
    asset = make_asset(
        width_px=1920,
        height_px=1080,
        duration_s=61.5,
        frame_rate=Fraction(30000, 1001),
        streams=(Stream(0, "video", "h264"), Stream(1, "audio", "aac", "en", 2, 48000)),
        warnings=("The frame rate varies.",),
    )
    assert any_store.add_asset(asset)
    assert any_store.asset(asset.id) == asset
    assert any_store.asset_by_path(asset.path) == asset


def test_names_of_any_script_and_sign_are_kept(any_store: Store, make_asset: MakeAsset):
    names = ['it\'s 100%_"fine".mp4', "новый\nфильм.mp4", "-rf $(x).mp4", "映画🎬.mp4"]
    for number, name in enumerate(names):
        any_store.add_asset(make_asset(name, f"{number:016d}"))
    assert {asset.name for asset in any_store.assets()} == set(names)
    assert [asset.name for asset in any_store.assets(name_like="100%_")] == [names[0]]
    assert [asset.name for asset in any_store.assets(name_like="НОВЫЙ")] == [names[1]]


def test_a_wildcard_in_a_name_filter_is_an_ordinary_letter(store: Store, make_asset: MakeAsset):
    store.add_asset(make_asset("plain.mp4"))
    assert store.assets(name_like="%") == []
    assert store.assets(name_like="p_ain") == []
    assert [asset.name for asset in store.assets(name_like="PLAIN")] == ["plain.mp4"]


def test_assets_are_listed_newest_first_and_by_kind(store: Store, make_asset: MakeAsset):
    first = make_asset("b.mp4", "1" * 16)
    second = make_asset("a.jpg", "2" * 16, kind="image")
    store.add_asset(first)
    store.add_asset(second)
    assert store.assets() == [second, first]
    assert store.assets(kind="image") == [second]


def test_an_asset_that_is_not_there_is_not_in_the_library(store: Store):
    with pytest.raises(NotInLibrary, match="no asset 'x'") as caught:
        store.asset("x")
    assert "import" in caught.value.hint


def test_the_same_bytes_at_another_path_are_one_asset_with_two_paths(
    store: Store, make_asset: MakeAsset
):
    first = make_asset("one.mp4")
    second = make_asset("two.mp4")
    assert store.add_asset(first)
    assert not store.add_asset(second)
    assert store.assets() == [first]
    assert store.paths(first.id) == (first.path, second.path)
    assert store.asset_by_path(second.path) == first


def test_a_moved_file_is_found_at_its_new_path(store: Store, make_asset: MakeAsset):
    before = make_asset("before.mp4")
    store.add_asset(before)
    before.path.unlink()
    after = make_asset("after.mp4")
    assert not store.add_asset(after)
    assert store.asset(before.id).path == after.path


def test_a_file_that_changed_is_not_taken_for_what_it_was(store: Store, make_asset: MakeAsset):
    old = make_asset("talk.mp4", "1" * 16)
    store.add_asset(old)
    old.path.write_bytes(b"other bytes, another length")
    assert store.asset_by_path(old.path) is None
    new = replace(old, id="2" * 16)
    assert store.add_asset(new)
    assert store.asset_by_path(old.path) == new
    assert "changed" in store.asset(old.id).warnings[0]


def test_an_overwritten_file_is_read_from_its_copy(store: Store, make_asset: MakeAsset):
    old = make_asset("talk.mp4", "1" * 16)
    copy = make_asset("copy.mp4", "1" * 16)
    store.add_asset(old)
    store.add_asset(copy)
    store.add_asset(make_asset("talk.mp4", "2" * 16))
    assert store.asset(old.id).path == copy.path
    assert store.asset(old.id).warnings == ()


def test_a_proxy_takes_the_place_of_the_one_before_it(any_store: Store, make_asset: MakeAsset):
    asset = make_asset()
    any_store.add_asset(asset)
    any_store.add_proxy(proxy_of(asset))
    newer = replace(proxy_of(asset), size_bytes=50)
    any_store.add_proxy(newer)
    any_store.add_proxy(proxy_of(asset, "audio"))
    assert any_store.proxies(asset.id) == [proxy_of(asset, "audio"), newer]
    assert any_store.proxies() == any_store.proxies(asset.id)


def test_a_proxy_needs_its_asset(store: Store, make_asset: MakeAsset):
    with pytest.raises(NotInLibrary):
        store.add_proxy(proxy_of(make_asset()))


def test_removing_an_asset_takes_all_but_its_calls_and_its_file(
    any_store: Store, make_asset: MakeAsset, make_analysis: MakeAnalysis, measured: Evidence
):
    asset = make_asset()
    any_store.add_asset(asset)
    any_store.add_proxy(proxy_of(asset))
    any_store.put_evidence(measured)
    any_store.save(asset.id, "shots", "1", "[]")
    any_store.add_analysis(make_analysis())
    any_store.record_call(entry())
    moment = make_moment(asset.id, TimeSpan(0, 1), "hello", "transcript", "sidecar")
    any_store.put_vectors("c", [KeptVector(moment, b"1234")])

    assert any_store.remove_asset(asset.id) == (proxy_of(asset),)

    assert any_store.assets() == []
    assert any_store.proxies(asset.id) == []
    assert any_store.evidence(asset.id) is None
    assert any_store.load(asset.id, "shots", "1") is None
    assert any_store.analyses() == []
    assert any_store.moments() == []
    assert any_store.vectors("c") == []
    assert any_store.asset_by_path(asset.path) is None
    assert any_store.ledger().height == 1
    assert asset.path.exists()
    with pytest.raises(NotInLibrary):
        any_store.remove_asset(asset.id)


def test_evidence_reads_back_as_it_was(any_store: Store, measured: Evidence):
    assert any_store.evidence(measured.asset_id) is None
    any_store.put_evidence(measured)
    assert any_store.evidence(measured.asset_id) == measured
    any_store.put_evidence(replace(measured, notes=()))
    kept = any_store.evidence(measured.asset_id)
    assert kept is not None
    assert kept.notes == ()


def test_only_the_newest_version_of_a_signal_is_kept(any_store: Store):
    any_store.save("a", "transcript", "1", "old")
    any_store.save("a", "shots", "1", "cuts")
    any_store.save("a", "transcript", "2", "new")
    any_store.save("a", "transcript", "2", "newer")
    assert any_store.load("a", "transcript", "1") is None
    assert any_store.load("a", "transcript", "2") == "newer"
    assert any_store.load("a", "shots", "1") == "cuts"
    assert any_store.load("b", "shots", "1") is None


def test_an_analysis_reads_back_as_it_was_and_is_never_changed(
    any_store: Store, make_analysis: MakeAnalysis
):
    analysis = make_analysis()
    any_store.add_analysis(analysis)
    any_store.add_analysis(replace(analysis, model_name="Something else"))
    assert any_store.analysis(analysis.id) == analysis
    with pytest.raises(NotInLibrary):
        any_store.analysis("none")


def test_headers_of_analyses_come_newest_first_with_their_counts(
    any_store: Store, make_analysis: MakeAnalysis
):
    any_store.add_analysis(make_analysis("old"))
    later = NOON + timedelta(seconds=0.5)
    any_store.add_analysis(make_analysis("new", created_at=later, cost_usd=None))
    any_store.add_analysis(make_analysis("other", asset_id="b" * 16))
    headers = any_store.analyses("a" * 16)
    assert [header.id for header in headers] == ["new", "old"]
    assert headers[0].cost_usd is None
    assert headers[1].cost_usd == Decimal("0.0123")
    assert headers[0].created_at == later
    assert (headers[1].chapters, headers[1].elements, headers[1].seconds) == (1, 1, 3.5)
    assert len(any_store.analyses()) == 3


def test_the_ledger_keeps_dollars_exact_and_unknown_prices_unknown(any_store: Store):
    any_store.record_call(entry("c1", Decimal("0.1")))
    any_store.record_call(entry("c2", Decimal("0.2"), at=NOON + timedelta(hours=1)))
    any_store.record_call(entry("c3", None, was_kept=True, at=NOON - timedelta(hours=1)))
    frame = any_store.ledger()
    assert frame["call_id"].to_list() == ["c3", "c1", "c2"]
    assert frame["cost_usd"].sum() == Decimal("0.3")
    assert frame["cost_usd"].null_count() == 1
    assert frame["at"][1] == NOON
    assert frame["was_kept"].to_list() == [True, False, False]
    assert frame["input_tokens"].sum() == 3000


def test_an_empty_ledger_has_the_columns_of_a_full_one(store: Store):
    empty = store.ledger()
    store.record_call(entry())
    assert empty.height == 0
    assert empty.schema == store.ledger().schema


def test_a_call_recorded_again_after_a_crash_counts_once(any_store: Store):
    any_store.record_call(entry())
    any_store.record_call(entry())
    assert any_store.ledger().height == 1


def test_a_job_reads_back_and_changes_a_field_at_a_time(any_store: Store):
    job = Job("j1", "analyse", "Analyse 2 videos", "waiting", NOON, asset_ids=("a", "b"))
    any_store.put_job(job)
    assert any_store.job("j1") == job
    running = any_store.update_job("j1", state="running", done=1, total=4, stage="calls")
    assert (running.state, running.title) == ("running", "Analyse 2 videos")
    done = any_store.update_job(
        "j1",
        state="done",
        cost_usd=Decimal("0.5"),
        finished_at=NOON,
        failures=(Failure("b.mp4", "it ends early", "copy it again"),),
    )
    assert any_store.job("j1") == done
    assert done.is_finished
    assert not running.is_finished


def test_jobs_are_listed_newest_first_and_by_state(any_store: Store):
    for number in range(3):
        state = "done" if number == 1 else "running"
        made_at = NOON + timedelta(seconds=number)
        any_store.put_job(Job(f"j{number}", "import", "Import", state, made_at))
    assert [job.id for job in any_store.jobs()] == ["j2", "j1", "j0"]
    assert [job.id for job in any_store.jobs("running")] == ["j2", "j0"]
    assert [job.id for job in any_store.jobs(limit=1)] == ["j2"]


def test_a_job_nobody_knows_is_not_in_the_library(store: Store):
    with pytest.raises(NotInLibrary):
        store.job("none")
    with pytest.raises(NotInLibrary):
        store.update_job("none", done=1)


def test_a_report_reads_back_and_can_be_finished(any_store: Store, tmp_path: Path):
    report = ReportRecord(
        "r1",
        "video_report",
        "Pump talk",
        NOON,
        None,
        None,
        ("a",),
        {"assets": ["a"], "chunk_s": 600.0, "language": "en", "cap": None},
        state="running",
    )
    any_store.add_report(report)
    done = replace(report, path=tmp_path / "r1.html", state="done")
    any_store.add_report(done)
    any_store.add_report(replace(report, id="r2", created_at=NOON + timedelta(days=1)))
    assert any_store.report("r1") == done
    assert [kept.id for kept in any_store.reports()] == ["r2", "r1"]
    with pytest.raises(NotInLibrary):
        any_store.report("none")


def test_moments_of_an_asset_are_replaced_and_take_their_vectors_along(
    any_store: Store, make_asset: MakeAsset
):
    asset = make_asset()
    any_store.add_asset(asset)
    stays = make_moment(asset.id, TimeSpan(5, 6), "the seal", "transcript", "sidecar")
    goes = make_moment(asset.id, TimeSpan(0, 1), "wel\x00come", "screen_text", "ocr")
    any_store.put_vectors("c-1", [KeptVector(stays, b"abcd"), KeptVector(goes, b"efgh")])
    assert [moment.text for moment in any_store.moments()] == ["welcome", "the seal"]
    assert any_store.moments(kinds=["transcript"]) == [stays]
    assert any_store.moments(asset_ids=["b" * 16]) == []

    comes = make_moment(asset.id, TimeSpan(7, 8), "the bearing", "transcript", "sidecar")
    any_store.put_moments(asset.id, [stays, comes])
    assert any_store.moments() == [stays, comes]
    assert any_store.vectors("c-1") == [KeptVector(stays, b"abcd")]
    assert any_store.vectors("c-2") == []
    assert any_store.without_vectors("c-1") == [comes]


def test_moments_need_their_asset(store: Store):
    moment = make_moment("nobody", TimeSpan(0, 1), "x", "transcript", "sidecar")
    with pytest.raises(NotInLibrary):
        store.put_moments("nobody", [moment])
    with pytest.raises(NotInLibrary):
        store.put_vectors("c", [KeptVector(moment, b"")])


def test_every_write_moves_the_revision_of_its_part_only(
    any_store: Store, make_asset: MakeAsset, make_analysis: MakeAnalysis
):
    asset = make_asset()
    moment = make_moment(asset.id, TimeSpan(0, 1), "x", "transcript", "sidecar")
    writes = [
        ("catalog", lambda: any_store.add_asset(asset)),
        ("catalog", lambda: any_store.add_proxy(proxy_of(asset))),
        ("catalog", lambda: any_store.save(asset.id, "shots", "1", "[]")),
        ("catalog", lambda: any_store.add_analysis(make_analysis())),
        ("jobs", lambda: any_store.record_call(entry())),
        ("jobs", lambda: any_store.put_job(Job("j", "import", "Import", "running", NOON))),
        ("jobs", lambda: any_store.update_job("j", done=1)),
        ("moments", lambda: any_store.put_moments(asset.id, [moment])),
    ]
    parts = ("catalog", "jobs", "moments")
    for part, write in writes:
        before = {name: any_store.revision(name) for name in parts}
        whole = any_store.revision()
        write()
        after = {name: any_store.revision(name) for name in parts}
        assert {name for name in parts if after[name] != before[name]} == {part}
        assert any_store.revision() > whole
    calm = any_store.revision()
    any_store.assets(), any_store.jobs(), any_store.ledger()
    assert any_store.revision() == calm
