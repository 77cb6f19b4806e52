"""Nova Workbench: a folder of videos and photos in; chapters, equipment, search and reports out.

    from workbench import AnalysisRequest, Workspace

    with Workspace.open() as workspace:
        result = workspace.analyse(AnalysisRequest(assets=("talk.mp4",)))

The public names below are loaded when they are first used, so importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

from workbench.startup import put_off_addresses

if TYPE_CHECKING:
    from workbench.analysis.fields import Field
    from workbench.analysis.plans.plan import AnalysisPlan
    from workbench.analysis.request import AnalysisRequest
    from workbench.analysis.results import Analysis, Chapter, Element, RunResult, Summary
    from workbench.backends.usage import Usage
    from workbench.errors import WorkbenchError
    from workbench.evidence.evidence import Evidence
    from workbench.media.asset import Asset
    from workbench.media.timecode import TimeSpan, format_time
    from workbench.settings import Settings
    from workbench.speech.transcript import Transcript
    from workbench.workspace import Workspace

_HOMES = {
    "Analysis": "analysis.results",
    "AnalysisPlan": "analysis.plans.plan",
    "AnalysisRequest": "analysis.request",
    "Asset": "media.asset",
    "Chapter": "analysis.results",
    "Element": "analysis.results",
    "Evidence": "evidence.evidence",
    "Field": "analysis.fields",
    "RunResult": "analysis.results",
    "Settings": "settings",
    "Summary": "analysis.results",
    "TimeSpan": "media.timecode",
    "Transcript": "speech.transcript",
    "Usage": "backends.usage",
    "WorkbenchError": "errors",
    "Workspace": "workspace",
    "format_time": "media.timecode",
}

__all__ = [
    "Analysis",
    "AnalysisPlan",
    "AnalysisRequest",
    "Asset",
    "Chapter",
    "Element",
    "Evidence",
    "Field",
    "RunResult",
    "Settings",
    "Summary",
    "TimeSpan",
    "Transcript",
    "Usage",
    "WorkbenchError",
    "Workspace",
    "format_time",
]

put_off_addresses()


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"workbench.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
