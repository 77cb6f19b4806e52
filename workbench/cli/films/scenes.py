"""Options of `workbench explain` for Manim scenes that somebody wrote: check one, or film it."""

import argparse
from pathlib import Path

from workbench.cli.output import FAILED, plain, print_json
from workbench.explain.scripts.findings import Checked, Finding
from workbench.explain.storyboards.storyboard import Beat, Storyboard, write_storyboard
from workbench.explain.storyboards.visuals import Scene
from workbench.workspace import Workspace


def scene_options(parser: argparse.ArgumentParser) -> None:
    """Add what goes with a scene."""
    parser.add_argument("--say", default="", metavar="TEXT", help="what is said over the scene")
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run scenes without walls: only your own, and only if you trust every line",
    )


def scene_storyboard(code: str, name: str, say: str) -> str:
    """A storyboard of one scene, as JSON."""
    title = "A scene" if name == "-" else Path(name).stem
    return write_storyboard(Storyboard(title, (Beat("", Scene(code), say),)))


def check_scene(code: str, *, as_json: bool) -> int:
    """Print what is found in a scene, and what would be changed; 1 if it cannot be run."""
    with Workspace.open() as workspace:
        checked = workspace.check_scene(code)
    if as_json:
        print_json(plain(checked))
    else:
        _print(checked)
    return 0 if checked.is_ready else FAILED


def _print(checked: Checked) -> None:
    for finding in checked.findings:
        print(f"{_grade(finding):<8} {finding}")
    if checked.diff:
        print(f"\n{checked.diff}", end="")
    if checked.is_ready:
        print(f"{checked.class_name} can be run.")


def _grade(finding: Finding) -> str:
    if finding.is_fixed:
        return "fixed"
    return "error" if finding.is_error else "warning"
