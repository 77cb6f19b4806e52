"""A finished page draws its charts in a browser under its own policy."""

import json
import shutil
import subprocess

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from workbench.reports import blocks, charts
from workbench.reports.html_report import CHART, render_html

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=5000", "--window-size=1200,2000",
)  # fmt: skip


@pytest.fixture
def page(analysis, evidence, tmp_path):
    figure = charts.timeline_lanes(analysis, evidence)
    shown = [
        {"text/html": blocks.report_header(analysis).html},
        {CHART: json.loads(figure.to_json())},
        {"text/html": blocks.chapter_cards(analysis).html},
    ]
    cells = [new_code_cell("x", outputs=[new_output("display_data", data)]) for data in shown]
    path = tmp_path / "page.html"
    path.write_text(render_html(new_notebook(cells=cells), title="x"), encoding="utf-8")
    return path


def drawn(page, profile, *flags):
    return subprocess.run(
        [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it to draw pages")
@pytest.mark.parametrize(
    ("flags", "colour"),
    [
        ((), "rgb(47, 116, 208)"),
        (("--blink-settings=preferredColorScheme=0",), "rgb(98, 164, 242)"),
    ],
    ids=["light", "dark"],
)
def test_charts_are_drawn_in_the_readers_theme_and_nothing_is_refused(
    page, tmp_path, flags, colour
):
    seen = drawn(page, tmp_path / "profile", *flags)
    assert 'class="main-svg"' in seen.stdout
    assert "Mechanical seals" in seen.stdout
    assert colour in seen.stdout
    assert "Content Security Policy" not in seen.stderr
    assert "Uncaught" not in seen.stderr
