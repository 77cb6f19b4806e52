"""`workbench estimate`, `analyse` and `show`: what a file holds, and what finding out costs."""

import argparse
from pathlib import Path
from typing import Any

from workbench.analysis.plans.plan import AnalysisPlan
from workbench.analysis.results import Analysis
from workbench.backends.usage import Cost, format_usd, total_cost
from workbench.cli.analyses.options import add_request_options, request_of
from workbench.cli.output import (
    FAILED,
    Command,
    counted,
    plain,
    print_failures,
    print_json,
    shown_progress,
    table,
    usd,
)
from workbench.cli.prices.table import add_table_options, print_prices, require_subject
from workbench.errors import NotInLibrary
from workbench.media.timecode import format_length, format_time
from workbench.workspace import Workspace


def _range(low: Cost, expected: Cost, high: Cost) -> str:
    if low == expected == high:
        return format_usd(expected)
    return f"≈ {format_usd(expected)} ({format_usd(low)} – {format_usd(high)})"


def plan_json(plan: AnalysisPlan) -> dict[str, Any]:
    """A plan as plain JSON: calls with spans, tokens and dollars."""
    return {
        "engine": plan.model.engine,
        "model": plan.model.key,
        "model_name": plan.model.name,
        "route": plan.route,
        "tier": plan.request.tier,
        "cost_usd": usd(plan.cost),
        "cost_low_usd": usd(plan.cost_low),
        "cost_high_usd": usd(plan.cost_high),
        "seconds": round(plan.seconds, 1),
        "kept_calls": plan.kept_calls,
        "catalog_as_of": plan.catalog_as_of,
        "assets": [
            {
                "asset_id": a.asset_id,
                "name": a.name,
                "kind": a.kind,
                "duration_s": a.duration_s,
                "chunks": len(a.chunks),
                "frames": a.frames,
                "effective_fps": round(a.effective_fps, 4),
            }
            for a in plan.assets
        ],
        "calls": [
            {
                "id": c.id,
                "asset_id": c.asset_id,
                "asset_ids": list(c.asset_ids),
                "task": c.task,
                "label": c.label,
                "start_s": c.chunk.sent.start_s if c.chunk else None,
                "end_s": c.chunk.sent.end_s if c.chunk else None,
                "input_tokens": c.usage.input_tokens,
                "output_tokens": c.usage.output_tokens,
                "cost_usd": usd(c.cost),
                "is_kept": c.is_kept,
            }
            for c in plan.calls
        ],
        "speech": [
            {
                "id": c.id,
                "asset_id": c.asset_id,
                "label": c.label,
                "billed_s": c.usage_high.media_s,
                "cost_usd": usd(c.cost),
                "cost_high_usd": usd(c.cost_high),
                "is_kept": c.is_kept,
            }
            for c in plan.hearing
        ],
        "warnings": list(plan.warnings),
        "problems": plain(list(plan.problems)),
    }


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """An analysis as plain JSON, with its sums."""
    return {
        **plain(analysis),
        "cost_usd": usd(analysis.cost_usd),
        "usage": plain(analysis.usage),
    }


def _estimate_options(parser: argparse.ArgumentParser) -> None:
    add_request_options(parser, files="*")
    add_table_options(parser)


def _estimate(arguments: argparse.Namespace) -> int:
    require_subject(arguments)
    with Workspace.open() as workspace:
        if arguments.table:
            print_prices(arguments, workspace)
            return 0
        plans = workspace.plans(request_of(arguments))
    if arguments.json:
        others = [plan_json(plan) for plan in plans[1:]]
        print_json({**plan_json(plans[0]), **({"also": others} if others else {})})
    else:
        for plan in plans:
            _print_plan(plan)
        if len(plans) > 1:
            ends = [
                total_cost(costs)
                for costs in zip(*((p.cost_low, p.cost, p.cost_high) for p in plans), strict=True)
            ]
            print(f"\nTogether: {_range(*ends)}")
    return FAILED if any(plan.problems for plan in plans) else 0


def _print_plan(plan: AnalysisPlan) -> None:
    rows = [
        [
            call.label,
            "kept" if call.is_kept else f"{call.usage.input_tokens:,}",
            f"{call.usage.output_tokens:,}",
            format_usd(call.cost),
        ]
        for call in (*plan.hearing, *plan.calls)
    ]
    tier = "" if plan.request.tier == "standard" else f", {plan.request.tier} tier"
    print(f"{plan.model.name}{tier}, prices of {plan.catalog_as_of}")
    print(table(["call", "tokens in", "tokens out", "price"], rows, right="lrrr"))
    for asset in plan.assets:
        if asset.effective_fps:
            print(f"{asset.name}: {asset.frames} frames, {asset.effective_fps:.2f} a second")
    price = _range(plan.cost_low, plan.cost, plan.cost_high)
    calls = (*plan.hearing, *plan.calls)
    print(f"\n{price}, ≈ {format_length(plan.seconds)}, {counted(len(calls), 'call')}")
    if kept := sum(1 for call in calls if call.is_kept):
        print(f"Kept from before, at no cost: {kept} of them.")
    for warning in plan.warnings:
        print(warning)
    print_failures(plan.problems)


def _analyse(arguments: argparse.Namespace) -> int:
    request = request_of(arguments)
    if request.tier == "batch":
        from workbench.cli.analyses.batches import submit_batch

        return submit_batch(request, as_json=arguments.json)
    with Workspace.open() as workspace, shown_progress(quiet=arguments.json) as progress:
        result = workspace.analyse(request, progress)
    if arguments.json:
        print_json(
            {
                "analyses": [analysis_json(analysis) for analysis in result.analyses],
                "failures": plain(list(result.failures)),
                "calls_made": result.calls_made,
                "paid_usd": usd(result.paid_usd),
            }
        )
    else:
        for analysis in result.analyses:
            print_analysis(analysis)
        made = counted(result.calls_made, "call")
        print(f"\n{made} made, {format_usd(result.paid_usd)} paid")
        print_failures(result.failures)
    return FAILED if result.failures else 0


def print_analysis(analysis: Analysis) -> None:
    """Print an analysis for people: facts, summary, chapters and elements."""
    facts = [
        format_time(analysis.duration_s) if analysis.duration_s else "picture",
        analysis.model_name,
        counted(len(analysis.calls), "call"),
        format_usd(analysis.cost_usd),
        format_length(analysis.seconds),
    ]
    print(f"\n{analysis.asset_name}  {' · '.join(facts)}  [{analysis.id}]")
    if analysis.summary:
        print(f"\n{analysis.summary.text}\n")
    for answer in analysis.fields:
        print(f"  {answer.name}: {answer.words}")
    for chapter in analysis.chapters:
        print(f"  {format_time(chapter.span.start_s):>8}  {chapter.title}")
        for answer in chapter.fields:
            print(f"            {answer.name}: {answer.words}")
    for kind in ("equipment", "object", "topic"):
        found = analysis.elements_of(kind)
        if found:
            names = ", ".join(f"{e.name} ({e.presence})" for e in found[:12])
            more = f" and {len(found) - 12} more" if len(found) > 12 else ""
            print(f"  {kind}: {names}{more}")
    for each in analysis.detections:
        if each.kind != "shots":
            times = ", ".join(format_time(span.start_s) for span in each.spans[:6])
            print(f"  {each.kind}: {each.name}{f' ({times})' if times else ''}")
    for note in analysis.notes:
        print(f"  note: {note}")


def _show_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="FILE", help="a file or id")
    parser.add_argument("--excel", type=Path, metavar="PATH", help="write a workbook")
    parser.add_argument(
        "--chapters", action="store_true", help="print chapters as text for a video description"
    )


def _show(arguments: argparse.Namespace) -> int:
    from workbench.reports import export

    with Workspace.open() as workspace:
        asset = workspace.asset(arguments.asset)
        headers = workspace.analyses(asset.id)
        if not headers:
            raise NotInLibrary(
                f"{asset.name} has not been analysed",
                hint=f"workbench analyse {arguments.asset}",
            )
        analysis = workspace.analysis(headers[0].id)
        if arguments.excel:
            export.to_excel(analysis, workspace.evidence(asset.id), arguments.excel)
    if arguments.json:
        print_json(analysis_json(analysis))
    elif arguments.chapters:
        print(export.to_chapter_text(analysis))
    elif arguments.excel:
        print(f"written to {arguments.excel}")
    else:
        print_analysis(analysis)
    return 0


COMMANDS = {
    "estimate": Command(
        "  workbench estimate talk.mp4 --engine nova --model 2_lite\n"
        "  workbench estimate recordings/*.mp4 --table --tiers standard batch\n"
        "  workbench estimate --table --lengths 5m 30m 2h",
        _estimate_options,
        _estimate,
    ),
    "analyse": Command(
        "  workbench analyse talk.mp4\n"
        "  workbench analyse talk.mp4 --engine nova --max-cost-usd 0.25\n"
        "  workbench analyse talk.mp4 --engine nova --also rekognition --detect text\n"
        "  workbench analyse photo.jpg --find equipment objects --json\n"
        "  workbench analyse recordings/*.mp4 --engine nova --tier batch",
        add_request_options,
        _analyse,
    ),
    "show": Command(
        "  workbench show talk.mp4\n  workbench show talk.mp4 --excel talk.xlsx",
        _show_options,
        _show,
    ),
}
