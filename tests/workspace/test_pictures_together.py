"""Five pictures in one call: each has its own answer and its own price, and nothing is paid twice."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.bedrock_server import BedrockServer, error, stopped
from tests.support.nova_answers import answer_to, lying
from tests.workspace.conftest import environment
from workbench import AnalysisRequest, Workspace
from workbench.analysis.results import RunResult
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.sharing import Share
from workbench.backends.usage import Usage
from workbench.evidence.evidence import Evidence, TextBlock
from workbench.jobs.gateway.client import call_through_gateway
from workbench.jobs.gateway.server import Gateway
from workbench.jsonable import from_json
from workbench.media.asset import Asset
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress

HEIGHT_PX = 48


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Twelve pictures, each of another width."""
    paths = [tmp_path / f"plate {number:02}.png" for number in range(12)]
    for number, path in enumerate(paths):
        Image.new("RGB", (64 + number, HEIGHT_PX), (20 * number, 90, 90)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def album(
    tmp_path: Path, server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """A new library whose Bedrock is the server; a line is read in each picture, by nobody."""

    def read(asset: Asset, *, progress: Progress, **_: Any) -> Evidence:
        line = TextBlock(TimeSpan(0, 0), f"PUMP {asset.width_px}", 0.9, 0.1, 0.1)
        return Evidence(asset.id, 0.0, screen_text=(line,))

    monkeypatch.setattr("workbench.evidence.gather.gather", read)
    # What is found can be searched; that is tested elsewhere, and takes longest here.
    monkeypatch.setattr("workbench.library.indexing.index_asset", lambda *_: None)
    for name, value in environment(tmp_path / "data", server).items():
        monkeypatch.setenv(name, value)
    with Workspace.open() as opened:
        yield opened


def asked(photos: list[str], **changes: Any) -> AnalysisRequest:
    return AnalysisRequest(assets=tuple(photos), engine="nova", model="2_lite", **changes)


def widths_answered(result: RunResult) -> list[tuple[str, bool]]:
    """Name of each picture, and whether its answer is about a picture of its size."""
    return [
        (each.asset_name, f" {64 + int(each.asset_name[6:8])} x {HEIGHT_PX} " in each.summary.text)
        for each in result.analyses
    ]


def require_bill_of_the_service(album: Workspace, server: BedrockServer) -> None:
    """What the ledger has is what the service counts, and so are the shares of each call."""
    model = album.catalog.get("2_lite")
    ledger = album.store.ledger()
    billed = ledger.filter(~ledger["was_kept"])
    answered = [call for call in server.calls if call.output_tokens]
    assert billed.height == len(answered)
    assert billed["input_tokens"].sum() == sum(call.input_tokens for call in answered)
    assert billed["output_tokens"].sum() == sum(call.output_tokens for call in answered)
    usages = [Usage(call.input_tokens, call.output_tokens) for call in answered]
    total = sum((cost_of(each, model, "global") for each in usages), Decimal(0))
    assert billed["cost_usd"].sum() == total
    assert server.refused == ()
    for row in billed.rows(named=True):
        shares = from_json(list[Share], row["shares"] or "[]")
        if shares:
            assert sum(share.usage.input_tokens for share in shares) == row["input_tokens"]
            assert sum(share.usage.output_tokens for share in shares) == row["output_tokens"]
            assert sum(share.usage.images for share in shares) == row["images"]
            assert sum(share.cost_usd for share in shares) == row["cost_usd"]
    by_asset = album.costs().lines["asset"]
    assert sum(line.spent.known_usd for line in by_asset) == total


def sizes(server: BedrockServer) -> list[int]:
    """How many pictures each call was about, the largest first."""
    return sorted((len(call.media) for call in server.calls), reverse=True)


def test_twelve_pictures_are_three_calls_and_each_has_its_own_answer(album, server, photos):
    plan = album.plan(asked(photos))
    assert [len(call.asset_ids) for call in plan.calls] == [5, 5, 2]
    assert plan.calls[0].label == "plate 00.png and 4 more"
    result = album.analyse(asked(photos))
    assert result.failures == ()
    assert widths_answered(result) == [(Path(path).name, True) for path in photos]
    assert sizes(server) == [5, 5, 2]
    assert result.calls_made == 3
    require_bill_of_the_service(album, server)
    # No share is left over: what the analyses cost is what was paid.
    assert sum(each.cost_usd for each in result.analyses) == result.paid_usd
    assert all(0 < each.cost_usd < result.paid_usd / 6 for each in result.analyses)
    (record,) = result.analyses[0].calls
    assert record.label == "plate 00.png, with 4 more in one call"
    assert "with 4 more in one call" in " ".join(result.analyses[0].notes)
    lines = {line.label: line.spent for line in album.costs().lines["asset"]}
    assert lines["plate 00.png"].known_usd == result.analyses[0].cost_usd
    assert album.costs().spent.calls == 3


def test_pictures_of_one_call_are_told_apart_by_their_order(album, server, photos):
    album.analyse(asked(photos[:3]))
    (call,) = server.calls
    assert [media.width_px for media in call.media] == [64, 65, 66]
    assert call.texts[:3] == ("Image 1:", "Image 2:", "Image 3:")
    for number in range(3):
        words = f'Image {number + 1} is called "plate {number:02}.png". What was read in it:'
        assert f"{words}\n<quoted>\nPUMP {64 + number}\n</quoted>" in call.prompt


def test_an_answer_is_found_again_whoever_it_was_asked_with(album, server, photos):
    alone = album.analyse(asked(photos[:2], pictures_per_call=1))
    assert sizes(server) == [1, 1]
    plan = album.plan(asked(photos[:6]))
    assert plan.kept_calls == 2
    both = album.analyse(asked(photos[:6]))
    assert sizes(server) == [4, 1, 1]
    assert [each.id for each in both.analyses[:2]] == [each.id for each in alone.analyses]
    again = album.analyse(asked(photos[:6], pictures_per_call=1))
    assert (again.calls_made, again.paid_usd) == (0, Decimal(0))
    assert [each.id for each in again.analyses] == [each.id for each in both.analyses]
    require_bill_of_the_service(album, server)
    saved = album.costs().saved
    # What it saved is what was paid for it: its share, not the whole of the call.
    worth = sum((each.cost_usd for each in both.analyses), Decimal(0))
    first_two = sum((each.cost_usd for each in alone.analyses), Decimal(0))
    assert saved.known_usd == worth + first_two


LIES = {
    "one is left out": (lambda told: told[:2] + told[3:], [5, 1]),
    "all are left out": (lambda told: [], [5, 1, 1, 1, 1, 1]),
    "one is there twice, with different words": (
        lambda told: [*told, {**told[0], "summary": "A car of another maker."}], [5, 1]
    ),
    "one is there twice, with the same words": (lambda told: [*told, told[0]], [5]),
    "numbers that no picture has": (
        lambda told: [{**each, "number": each["number"] - 1} for each in told][::-1], None
    ),
    "another order": (lambda told: told[::-1], [5]),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_what_is_missing_is_asked_alone_and_the_rest_is_kept(album, server, photos, lie):
    change, expected = LIES[lie]
    server.answer = lying(change)
    result = album.analyse(asked(photos[:5]))
    assert result.failures == ()
    assert len(result.analyses) == 5
    require_bill_of_the_service(album, server)
    if expected is not None:
        assert sizes(server) == expected
        assert all(is_right for _, is_right in widths_answered(result))
    assert album.analyse(asked(photos[:5])).calls_made == 0


def test_an_answer_that_is_cut_is_asked_again_in_halves(album, server, photos):
    server.script(stopped("max_tokens"))
    result = album.analyse(asked(photos[:5]))
    assert result.failures == ()
    assert sizes(server) == [5, 3, 2]
    require_bill_of_the_service(album, server)
    assert result.paid_usd == album.store.ledger()["cost_usd"].sum()


def test_a_plan_knows_that_the_answer_about_a_group_was_cut(album, server, photos):
    server.script(stopped("max_tokens"), error("AccessDeniedException"))
    album.analyse(asked(photos[:5]))
    plan = album.plan(asked(photos[:5]))
    assert [len(call.asset_ids) for call in plan.calls] == [3, 2]
    before = server.received
    assert album.analyse(asked(photos[:5])).failures == ()
    assert server.received == before + 2


def test_one_picture_that_is_refused_costs_the_others_no_answer(album, server, photos):
    def answer(received: Any) -> dict[str, Any]:
        if "plate 02" in received.prompt:
            return {"pictures": "none"} if len(received.media) > 1 else {"summary": 5}
        return answer_to(received)

    server.answer = answer
    result = album.analyse(asked(photos[:5]))
    assert [each.name for each in result.failures] == ["plate 02.png"]
    assert len(result.analyses) == 4
    # Two rounds for all, two for the one, and one for each of the others.
    assert server.received == 2 + 2 + 4
    assert result.paid_usd == album.store.ledger()["cost_usd"].sum()


def test_the_estimate_follows_the_groups_and_is_near_the_bill(album, server, photos):
    alone = album.plan(asked(photos, pictures_per_call=1))
    plan = album.plan(asked(photos))
    assert plan.usage.input_tokens < alone.usage.input_tokens * 0.7
    assert plan.usage.images == 12
    result = album.analyse(asked(photos))
    assert result.paid_usd <= plan.cost_high
    for row in album.store.ledger().rows(named=True):
        assert row["media_tokens"] == row["images"] * 230
        # The server bills every letter, but not the form of the answer.
        assert row["expected_input_tokens"] == pytest.approx(row["input_tokens"], rel=0.35)


def test_in_a_batch_every_picture_has_its_own_record(album, photos):
    assert len(album.plan(asked(photos, tier="batch")).calls) == 12
    rows = album.prices(asked(photos), tiers=("standard", "batch"))
    calls = {row.tier: row.calls for row in rows if row.model == "2_lite"}
    assert calls == {"standard": 3, "batch": 12}


def test_a_picture_that_is_gone_is_left_out_and_the_others_are_asked(album, server, photos):
    for path in photos[:5]:
        album.import_media([Path(path)])
    Path(photos[1]).unlink()
    result = album.analyse(asked([asset.id for asset in album.assets()]))
    assert len(result.failures) == 1
    assert sizes(server) == [4]
    require_bill_of_the_service(album, server)


def test_jobs_ask_about_pictures_together_through_the_gateway(album, server, photos):
    def make(order: Any, job_id: str, check: Any) -> Any:
        return album.call(order, job_id=job_id, check=check)

    gateway = Gateway(album.data_dir, make)
    listening = threading.Thread(target=gateway.run)
    listening.start()
    try:
        # One answer is cut and one leaves a picture out, on the way through another process.
        server.script(stopped("max_tokens"))
        server.answer = lying(lambda told: told[1:])
        result = album.analyse(
            asked(photos[:5]),
            execute=lambda order: call_through_gateway(
                album.data_dir, order, "job-1", lambda: None
            ),
            job_id="job-1",
        )
    finally:
        gateway.end()
        listening.join(30)
    assert result.failures == ()
    assert all(is_right for _, is_right in widths_answered(result))
    assert sizes(server) == [5, 3, 2, 1, 1]
    require_bill_of_the_service(album, server)
    assert result.paid_usd == album.store.ledger()["cost_usd"].sum()
    assert set(album.store.ledger()["job_id"]) == {"job-1"}
