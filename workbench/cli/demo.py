"""`workbench demo`: the whole main job, once, with what was found against what is true."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import Failure, RunResult
from workbench.backends.usage import format_usd
from workbench.cli.analyses.analysis import analysis_json, print_analysis
from workbench.cli.output import FAILED, Command, plain, print_failures, print_json, shown_progress
from workbench.errors import MediaMissing, WorkbenchError
from workbench.explain.films.making import Film
from workbench.explain.request import FilmRequest
from workbench.library.records import ReportRecord
from workbench.media.asset import Asset
from workbench.media.timecode import format_length
from workbench.sample import Sample, Score, score
from workbench.workspace import Workspace


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, help="your own files (default: the sample library)"
    )


class _Stages:
    """Names each stage as it begins, and how long it took."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        if not self.quiet:
            print(f"== {name}", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began


def _media(
    workspace: Workspace, folder: Path | None, stages: _Stages
) -> tuple[list[Asset], list[Failure], Sample | None]:
    if folder is not None:
        if not folder.exists():
            raise MediaMissing(f"{folder} does not exist", hint="make demo MEDIA=folder")
        with stages("Import"), shown_progress(quiet=stages.quiet) as progress:
            report = workspace.import_media([folder], progress=progress)
        assets = [*report.added, *report.known]
        if not assets:
            if not stages.quiet:
                print_failures(report.failed)
            raise MediaMissing(
                f"{folder} holds no video, photo or sound file that can be read",
                hint="name another folder: make demo MEDIA=folder",
            )
        return assets, list(report.failed), None
    with stages("Make the sample"), shown_progress(quiet=stages.quiet) as progress:
        sample = workspace.make_sample(progress=progress)
    return [workspace.asset(path) for path in sample.media], [], sample


def _reports(
    workspace: Workspace, result: RunResult, failures: list[Failure], *, quiet: bool
) -> list[ReportRecord]:
    made = []
    films = [analysis for analysis in result.analyses if analysis.duration_s]
    with shown_progress(quiet=quiet) as progress:
        for analysis in films or result.analyses[:1]:
            request = analysis.request.model_dump(mode="json")
            try:
                made.append(workspace.report("video_report", request, progress=progress))
            except WorkbenchError as error:
                name = f"report on {analysis.asset_name}"
                failures.append(Failure(name, error.message, error.hint))
    return made


def _film(
    workspace: Workspace, sample: Sample | None, result: RunResult, stages: _Stages
) -> Film | None:
    """A short film of the sample's talk."""
    talk = workspace.asset(sample.video) if sample else None
    found = [analysis for analysis in result.analyses if talk and analysis.asset_id == talk.id]
    if not found:
        return None
    with stages("Film"), shown_progress(quiet=stages.quiet) as progress:
        return workspace.film(FilmRequest(analysis=found[0].id, length="short"), progress=progress)


def _against_truth(workspace: Workspace, sample: Sample, result: RunResult) -> Score | None:
    talk = workspace.asset(sample.video)
    evidence = workspace.evidence(talk.id)
    found = [analysis for analysis in result.analyses if analysis.asset_id == talk.id]
    if evidence is None or not found:
        return None
    return score(found[0], evidence, sample.truth)


def _truth_lines(scored: Score) -> Iterator[str]:
    errors = [b.error_s for b in scored.boundaries if b.error_s is not None]
    count = len(scored.boundaries)
    worst = f", the furthest {max(errors):.1f} s off" if errors else ""
    yield f"chapter starts  {len(errors)} of {count}{worst}"
    if scored.extra_boundaries_s:
        yield f"                {len(scored.extra_boundaries_s)} that are not in the truth"
    if scored.word_error_rate is not None:
        yield f"transcript      {scored.word_error_rate:.1%} of {scored.words} words wrong"
    titles = len(scored.titles_read) + len(scored.titles_missed)
    yield f"slide titles    {len(scored.titles_read)} of {titles} read"
    things = len(scored.equipment_found) + len(scored.equipment_missed)
    yield f"equipment       {len(scored.equipment_found)} of {things} found"
    if scored.equipment_missed:
        yield f"                missed: {', '.join(scored.equipment_missed)}"


def _run(arguments: argparse.Namespace) -> int:
    quiet = arguments.json
    stages = _Stages(quiet=quiet)
    with Workspace.open() as workspace:
        assets, failures, sample = _media(workspace, arguments.folder, stages)
        request = AnalysisRequest(assets=tuple(asset.id for asset in assets))
        with stages("Analyse"), shown_progress(quiet=quiet) as progress:
            result = workspace.analyse(request, progress)
        failures += result.failures
        with stages("Report"):
            reports = _reports(workspace, result, failures, quiet=quiet)
        film = _film(workspace, sample, result, stages)
        truth = _against_truth(workspace, sample, result) if sample else None
    cost = result.paid_usd
    if quiet:
        print_json(
            {
                "analyses": [analysis_json(analysis) for analysis in result.analyses],
                "reports": [plain(record) for record in reports],
                "film": plain(film) if film else None,
                "against_truth": plain(truth) if truth else None,
                "failures": plain(failures),
                "stages_s": stages.seconds,
                "cost_usd": None if cost is None else float(cost),
            }
        )
        return FAILED if failures else 0
    for analysis in result.analyses:
        print_analysis(analysis)
    if truth:
        print("\nFound against what is true:")
        for line in _truth_lines(truth):
            print(f"  {line}")
    print("\nTime: " + ", ".join(f"{n} {format_length(s)}" for n, s in stages.seconds.items()))
    for analysis in result.analyses:
        if analysis.duration_s >= 60 and analysis.stages_s:
            parts = ", ".join(f"{n} {s:.1f} s" for n, s in analysis.stages_s.items())
            print(f"  {analysis.asset_name}: {parts}")
    print(f"Cost: {format_usd(cost)}")
    for record in reports:
        print(f"Report: {record.path}")
    if film:
        print(f"Film: {film.path}")
    print_failures(failures)
    if not failures:
        print("\nNext: make app")
    return FAILED if failures else 0


COMMANDS = {
    "demo": Command("  workbench demo\n  workbench demo ~/recordings", _options, _run),
}
