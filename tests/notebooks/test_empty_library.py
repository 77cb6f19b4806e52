"""A report of a library that is still empty is a page with a next step, not an error."""

from pathlib import Path

import pytest

from workbench.reports.notebook import run_report
from workbench.settings import load_settings
from workbench.workspace import Workspace


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        (
            "model_comparison",
            {},
            ("Nothing to compare yet", "No file has been analysed yet", "workbench analyse"),
        ),
        ("cost_what_if", {"lengths": ["45m"]}, ("45 min", "Dollars against frames", "overview")),
        ("cost_what_if", {"lengths": []}, ("Nothing to price", "Name a length")),
    ],
)
def test_a_report_of_an_empty_library_says_what_to_do(tmp_path: Path, name, parameters, said):
    data_dir = tmp_path / "data"
    Workspace.open(load_settings(data_dir=data_dir)).close()
    files = run_report(name, parameters, tmp_path / "report", data_dir=data_dir)
    page = files.html.read_text(encoding="utf-8")
    assert [words for words in said if words not in page] == []
    assert "Traceback" not in page
