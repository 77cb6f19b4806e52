"""An executed notebook as one HTML file: no code, no prompts, charts drawn, no other host asked.

The page carries a policy that forbids requests, so what a notebook displays cannot cause one.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from workbench.palette import dark_of_light
from workbench.reports.parts.markup import style

CHART = "application/vnd.plotly.v1+json"
"""The type plotly figures have in a notebook."""

TEMPLATES = Path(__file__).with_name("template")

FOOTER = "Made by Nova Workbench. The notebook beside this file makes it again."


def render_html(notebook: Mapping[str, Any], *, title: str, language: str = "en") -> str:
    """Turn an executed notebook into a page that stands alone.

    Cells tagged `notebook-only` are left out; of the others only what they display is shown.

    Args:
        notebook: The notebook, as nbformat reads it.
        title: The title of the browser's tab.
        language: ISO 639-1 code of the report's language.

    Returns:
        HTML text; plotly.js (4.8 MB) is part of it when there is a chart.
    """
    from nbconvert import HTMLExporter

    has_charts = any(
        CHART in output.get("data", {})
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
    )
    exporter = HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        filters={
            "chart_alt": _chart_alt,
            "chart_height": _chart_height,
            "chart_json": _script_json,
        },
    )
    exporter.environment.globals["report"] = {
        "title": title,
        "language": language,
        "chart": CHART,
        "footer": FOOTER,
        "style": style() + _part("page.css"),
        "plotly_js": _plotly_js() if has_charts else "",
        "charts_js": _part("charts.js"),
        "colours": _script_json(dark_of_light()),
    }
    page, _ = exporter.from_notebook_node(notebook)
    return str(page)


def _chart_alt(figure: Mapping[str, Any]) -> str:
    meta = figure.get("layout", {}).get("meta") or {}
    return str(meta.get("alt", "A chart.")) if isinstance(meta, Mapping) else "A chart."


def _chart_height(figure: Mapping[str, Any]) -> int:
    return int(figure.get("layout", {}).get("height") or 360)


def _script_json(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _plotly_js() -> str:
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return text.replace("</script", "<\\/script")


@cache
def _part(name: str) -> str:
    return (TEMPLATES / "report" / name).read_text(encoding="utf-8")
