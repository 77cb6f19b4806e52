"""Rekognition from end to end: priced by the minute, run once, compared with another engine."""

from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from workbench import AnalysisRequest, Workspace
from workbench.errors import RequestError
from workbench.media.ffmpeg import run_ffmpeg
from workbench.reports.detection_table import detection_table

MINUTE_USD = Decimal("0.10")


@pytest.fixture
def asked(film: Path) -> AnalysisRequest:
    return AnalysisRequest(assets=(str(film),), engine="rekognition")


def test_labels_are_priced_by_the_minute_and_the_bill_is_the_price(rekognition, workspace, asked):
    plan = workspace.plan(asked)
    assert [call.label for call in plan.calls] == ["long talk.mp4, labels"]
    assert plan.cost == 25 * MINUTE_USD
    assert plan.cost_high == plan.cost
    assert plan.warnings[0] == "Amazon Rekognition is not asked for chapters and topics."
    result = workspace.analyse(asked)
    assert result.failures == ()
    assert result.paid_usd == plan.cost
    assert rekognition.billed_s == 1500
    ledger = workspace.store.ledger()
    assert ledger["media_s"].to_list() == [1500.0]
    assert ledger["cost_usd"].to_list() == [plan.cost]


def test_an_analysis_holds_what_was_detected_as_what_it_is(rekognition, workspace, asked):
    everything = asked.model_copy(
        update={"detect": ("shots", "cues", "text", "faces", "moderation")}
    )
    plan = workspace.plan(everything)
    assert plan.cost == 25 * (4 * MINUTE_USD + 2 * MINUTE_USD / 2)
    (analysis,) = workspace.analyse(everything).analyses
    assert analysis.cost_usd == plan.cost
    assert sorted(rekognition.billed) == sorted(c.part.feature for c in plan.calls)
    assert analysis.chapters == ()
    assert {e.kind for e in analysis.elements} == {"equipment", "object"}
    assert {d.kind for d in analysis.detections} == {
        "shots", "cues", "text", "faces", "moderation",
    }  # fmt: skip
    assert analysis.summary.is_extractive
    assert analysis.summary.text.splitlines()[0].startswith("3 labels; the longest in sight:")
    assert "2 shots." in analysis.summary.text
    # It comes back from the catalog as it was.
    assert workspace.analysis(analysis.id) == analysis
    assert set(detection_table(analysis)["kind"]) == {each.kind for each in analysis.detections}
    hit = workspace.search("PUMP 7", how="words")[0]
    assert (hit.moment.kind, hit.moment.text) == ("screen_text", "PUMP 7")


def test_only_the_kinds_that_were_asked_for_are_in_the_analysis(rekognition, workspace, asked):
    objects = asked.model_copy(update={"find": ("objects",)})
    (analysis,) = workspace.analyse(objects).analyses
    assert {e.kind for e in analysis.elements} == {"object"}
    assert analysis.summary is None
    # The labels are kept: another view of them is not paid again.
    again = workspace.plan(asked.model_copy(update={"find": ("equipment",)}))
    assert (again.kept_calls, again.cost) == (1, Decimal(0))
    assert rekognition.billed == ["labels"]


def test_a_second_run_pays_nothing_and_calls_nothing(rekognition, workspace, asked):
    workspace.analyse(asked)
    before = len(rekognition.calls)
    again = workspace.analyse(asked)
    assert (again.paid_usd, again.calls_made, len(rekognition.calls)) == (Decimal(0), 0, before)


def test_a_video_of_another_codec_is_sent_as_a_proxy_that_has_all_its_pictures(
    rekognition, workspace, s3, tmp_path
):
    path = tmp_path / "old.avi"
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=10", "-t", "4"]
    run_ffmpeg([*source, "-c:v", "mpeg4", path])
    request = AnalysisRequest(assets=(str(path),), engine="rekognition", find=("objects",))
    result = workspace.analyse(request)
    assert result.failures == ()
    (kept,) = s3.objects().values()
    assert kept.content_type == "video/mp4"
    assert rekognition.billed_s == pytest.approx(4, abs=0.2)


def test_a_picture_costs_what_a_picture_costs(rekognition, workspace, tmp_path):
    path = tmp_path / "pump.webp"
    Image.new("RGB", (300, 200), "red").save(path)
    request = AnalysisRequest(assets=(str(path),), engine="rekognition", detect=("text", "shots"))
    plan = workspace.plan(request)
    assert [call.part.feature for call in plan.calls] == ["labels", "text"]
    assert plan.cost == Decimal("0.002")
    result = workspace.analyse(request)
    assert result.failures == ()
    assert result.paid_usd == plan.cost
    assert [d.name for d in result.analyses[0].detections] == ["PUMP 7"]


def test_the_cap_ends_a_run_between_two_detections(rekognition, workspace, asked):
    capped = asked.model_copy(update={"detect": ("text",), "max_cost_usd": Decimal(3)})
    result = workspace.analyse(capped)
    assert "over the cap of" in result.failures[0].message
    assert result.paid_usd == 25 * MINUTE_USD
    assert len(rekognition.billed) == 1


def test_a_price_that_is_not_known_stays_unknown(rekognition, workspace, asked):
    model = workspace.catalog.get("rekognition")
    prices = tuple(p for p in model.prices if p.route != "faces")
    without = model.model_copy(update={"prices": prices})
    object.__setattr__(
        workspace.catalog, "all", tuple(without if m is model else m for m in workspace.catalog.all)
    )
    faces = asked.model_copy(update={"detect": ("faces",)})
    assert workspace.plan(faces).cost is None
    assert workspace.plan(asked).cost == 25 * MINUTE_USD
    with pytest.raises(RequestError, match="no price is known"):
        workspace.plan(faces.model_copy(update={"max_cost_usd": Decimal(5)}))


def test_without_a_staging_folder_a_plan_says_so_before_anything_is_spent(workspace, asked):
    with pytest.raises(RequestError) as raised:
        workspace.plan(asked)
    assert "WORKBENCH_STAGING_URI" in raised.value.hint


@pytest.mark.parametrize("find", [("chapters",), ("topics", "summary")])
def test_what_it_cannot_find_is_refused_when_nothing_else_is_asked(
    rekognition, workspace, asked, find
):
    with pytest.raises(RequestError, match="finds no"):
        workspace.plan(asked.model_copy(update={"find": find}))


def test_two_engines_in_one_run_cost_the_sum_and_can_be_compared(
    rekognition, workspace, server, request_of_film
):
    both = request_of_film.model_copy(update={"also": ("rekognition",)})
    nova, labels = workspace.plans(both)
    assert (nova.model.engine, labels.model.engine) == ("nova", "rekognition")
    told: list[tuple[int, int]] = []
    result = workspace.analyse(both, lambda done, total, stage: told.append((done, total)))
    assert result.failures == ()
    assert [each.engine for each in result.analyses] == ["nova", "rekognition"]
    assert result.calls_made == len(nova.calls) + len(labels.calls)
    assert result.paid_usd == workspace.store.ledger()["cost_usd"].sum()
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] == result.calls_made + 4
    first, second = workspace.two_to_compare(result.analyses[0].asset_id)
    comparison = workspace.compare(first, second)
    # What one engine was not asked for is not held against it.
    assert comparison.asked_of_one == ("chapters", "topics")
    assert comparison.element_tally.total > 0


def test_one_cap_holds_over_both_engines(rekognition, workspace, server, request_of_film):
    both = request_of_film.model_copy(
        update={"also": ("rekognition",), "max_cost_usd": Decimal("2.4")}
    )
    result = workspace.analyse(both)
    assert [each.engine for each in result.analyses] == ["nova"]
    assert result.failures[0].message.startswith("Amazon Rekognition: stopped before")
    assert result.paid_usd <= Decimal("2.4")
    assert rekognition.billed == []


def test_nothing_is_begun_that_the_second_engine_cannot_finish(
    workspace: Workspace, server, request_of_film
):
    both = request_of_film.model_copy(update={"also": ("rekognition",)})
    with pytest.raises(RequestError, match="S3"):
        workspace.analyse(both)
    assert server.received == 0
