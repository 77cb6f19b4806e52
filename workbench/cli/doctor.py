"""`workbench doctor`: every setting with its origin, what works here, and what the account allows."""

import argparse
import os
import platform
from importlib.metadata import version

from workbench.backends.protocol import Readiness
from workbench.cli.output import FAILED, Command, plain, print_json, table
from workbench.errors import WorkbenchError
from workbench.settings import Settings, load_settings, origin
from workbench.workspace import Workspace

OPTIONAL = frozenset(
    {
        "nova",
        "rekognition",
        "transcribe",
        "polly",
        "Animation",
        "Sandbox",
        "openai",
        "Worker",
        "Last backup",
        "Search index",
        "Proxies",
        "Kept replies",
    }
)
"""Findings that are no fault when they are off."""


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read databases from one end to the other, and compare index and files with them",
    )
    parser.add_argument(
        "--aws",
        action="store_true",
        help="look only at the AWS account: access, models, quotas, S3; calls no model",
    )


def _findings(settings: Settings, *, deep: bool) -> list[Readiness]:
    try:
        with Workspace.open(settings) as workspace:
            return [*workspace.health(), *workspace.storage(deep=deep)]
    except WorkbenchError as error:
        # A library that cannot be opened is what one asks a doctor about.
        return [Readiness("Library", False, error.message, error.hint)]


def _aws(*, as_json: bool) -> int:
    """Print what the account can do, each finding as soon as it is known."""
    has_fault = False
    found = []
    with Workspace.open() as workspace:
        for finding in workspace.check_access():
            has_fault |= finding.state == "fail"
            found.append(plain(finding))
            if as_json:
                continue
            print(f"{finding.state:<5} {finding.name:<13} {finding.finding}", flush=True)
            if finding.hint:
                print(f"{'':<20}{finding.hint}", flush=True)
    if as_json:
        print_json(found)
    return FAILED if has_fault else 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.aws:
        return _aws(as_json=arguments.json)
    settings = load_settings()
    findings = _findings(settings, deep=arguments.deep)
    folder = settings.data_dir.expanduser().resolve()
    values = [
        {"name": name, "value": _shown(getattr(settings, name)), "origin": origin(name)}
        for name in Settings.model_fields
    ]
    faults = [f for f in findings if not f.is_ready and f.name not in OPTIONAL]
    if arguments.json:
        print_json(
            {
                "version": version("nova-workbench"),
                "python": platform.python_version(),
                "data_dir": str(folder),
                "settings": values,
                "findings": [plain(finding) for finding in findings],
            }
        )
        return FAILED if faults else 0
    print(f"Nova Workbench {version('nova-workbench')}, Python {platform.python_version()}")
    print(f"Library in {folder}, {os.cpu_count()} cores\n")
    rows = [[f"WORKBENCH_{v['name'].upper()}", v["value"] or "–", v["origin"]] for v in values]
    print(table(["setting", "value", "from"], rows))
    print()
    states = {True: "ready", False: "off"}
    print(
        table(
            ["part", "state", "finding"],
            [[f.name, states[f.is_ready], f.finding] for f in findings],
        )
    )
    todo = [f for f in findings if not f.is_ready and f.hint]
    if todo:
        print("\nTo put right:")
        for finding in todo:
            print(f"  {finding.name}: {finding.hint}")
    return FAILED if faults else 0


def _shown(value: object) -> str:
    return "" if value is None else str(value)


COMMANDS = {
    "doctor": Command(
        "  workbench doctor\n  workbench doctor --deep\n  workbench doctor --aws", _options, _run
    )
}
