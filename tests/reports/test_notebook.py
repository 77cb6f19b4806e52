"""A notebook becomes a page that stands alone; a failure names its cell and keeps the notebook."""

import json
import re
from decimal import Decimal
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.errors import ReportError, RequestError
from workbench.reports import charts
from workbench.reports.html_report import CHART, render_html
from workbench.reports.notebook import (
    find_notebook,
    notebooks,
    read_notebook,
    run_report,
)

PARAMETERS = """\
name = "pump"  # what to call it
count = 3
parts = ["a", "b"]
most = None
data_dir = "data"
"""


@pytest.fixture
def notebook_file(tmp_path):
    """Writes a notebook with our parameters cell and the given cells."""

    def write(*code: str):
        cells = [
            new_markdown_cell(
                "# A small report\n\nFor tests.", metadata={"tags": ["notebook-only"]}
            ),
            new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
            *(new_code_cell(text) for text in code),
        ]
        kernel = {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        }
        path = tmp_path / "a {small} report.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata=kernel), path)
        return path

    return write


def test_title_parameters_and_their_comments_are_read_from_the_cells(notebook_file):
    info = read_notebook(notebook_file())
    assert (info.title, info.summary) == ("A small report", "For tests.")
    assert info.parameters == {
        "name": "pump", "count": 3, "parts": ["a", "b"], "most": None, "data_dir": "data",
    }  # fmt: skip
    assert info.helps["name"] == "what to call it"


def test_the_notebooks_that_come_with_the_package_are_listed():
    assert "video_report" in [info.name for info in notebooks()]
    assert find_notebook("video_report").title


@pytest.mark.parametrize("name", ["nothing", "../video_report", "/etc/passwd", "nothing.ipynb"])
def test_a_notebook_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(RequestError) as caught:
        find_notebook(name)
    assert "video_report" in caught.value.hint


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text("{")
    with pytest.raises(ReportError, match="no notebook"):
        read_notebook(path)


def test_an_unknown_parameter_is_refused_before_anything_runs(notebook_file, tmp_path):
    with pytest.raises(RequestError, match="takes no parameter 'colour'") as caught:
        run_report(notebook_file(), {"colour": 1}, tmp_path / "out")
    assert "name, count" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_a_value_that_fits_in_no_cell_is_refused(notebook_file, tmp_path):
    with pytest.raises(RequestError, match="cannot be a dict"):
        run_report(notebook_file(), {"name": {}}, tmp_path / "out")


def test_a_run_hands_on_awkward_values_exactly_and_says_where_it_is(notebook_file, tmp_path):
    awkward = 'it\'s "$(rm)" {x} \\n\n<b> ümlaut 日本'
    code = "# Look\nimport json\nprint(json.dumps([name, count, parts, most, data_dir]))"
    stages = []
    files = run_report(
        notebook_file(code),
        {"name": awkward, "count": Decimal("2.50"), "parts": ("x", "y")},
        tmp_path / "out {1}",
        data_dir=tmp_path,
        progress=lambda done, total, stage: stages.append((done, total, stage)),
    )
    cells = nbformat.read(files.ipynb, as_version=4).cells
    said = json.loads(cells[-1].outputs[0].text)
    assert said == [awkward, "2.50", ["x", "y"], None, str(tmp_path)]
    assert (3, 4, "Look") in stages
    assert stages[-1] == (4, 4, "writing the page")
    page = files.html.read_text(encoding="utf-8")
    assert "For tests." not in page
    assert "json.dumps" not in page
    assert "<b>" not in page


def test_a_failing_cell_is_named_and_the_notebook_kept_up_to_there(notebook_file, tmp_path):
    path = notebook_file("print('before')", "# Divide\n1 / 0", "print('after')")
    with pytest.raises(ReportError, match=r"\(Divide\): ZeroDivisionError") as caught:
        run_report(path, {}, tmp_path / "out")
    kept = tmp_path / "out" / path.name
    assert str(kept) in caught.value.hint
    text = kept.read_text(encoding="utf-8")
    assert "before" in text
    assert '"after\\n"' not in text
    assert not list((tmp_path / "out").glob("*.html"))


def page_of(*outputs, **more):
    cells = [
        new_code_cell("secret_code()", outputs=[new_output("display_data", data)])
        for data in outputs
    ]
    return render_html(new_notebook(cells=cells), title="A <title>", **more)


def without_plotly(page: str) -> str:
    return re.sub(r"<script>.*?</script>", "", page, count=1, flags=re.DOTALL)


def addresses(page: str) -> list[str]:
    """What the page's elements point at."""
    found: list[str] = []

    class Addresses(HTMLParser):
        def handle_starttag(self, tag, attrs):
            names = {"src", "href", "action", "srcset", "poster", "data", "background"}
            found.extend(value for name, value in attrs if name in names)

    Addresses(convert_charrefs=True).feed(page)
    return found


def test_a_page_asks_no_other_host_and_forbids_it_too(analysis, evidence):
    figure = json.loads(charts.timeline_lanes(analysis, evidence).to_json())
    page = page_of({CHART: figure, "text/html": "not this"}, {"text/html": "<p>hello</p>"})
    rest = without_plotly(page)
    assert "default-src &#39;none&#39;" in rest or "default-src 'none'" in rest
    assert not addresses(rest)
    assert "@import" not in rest
    assert "<link" not in rest
    assert "secret_code" not in rest
    assert "not this" not in rest
    assert "A &lt;title&gt;" in rest


def test_plotly_is_in_the_page_once_and_only_when_there_is_a_chart(analysis):
    figure = json.loads(charts.timeline_lanes(analysis).to_json())
    assert len(page_of({"text/html": "<p>hello</p>"})) < 50_000
    two = page_of({CHART: figure}, {CHART: figure})
    assert 4_000_000 < len(two) < 6_000_000


def test_text_in_a_chart_cannot_end_its_script(analysis):
    figure = json.loads(charts.timeline_lanes(analysis).to_json())
    figure["layout"]["title"] = "</script><script>alert(1)</script>"
    figure["layout"]["meta"] = {"alt": '"><script>alert(2)</script>'}
    rest = without_plotly(page_of({CHART: figure}))
    assert "<script>alert" not in rest
    assert '"title":"\\u003c/script>' in rest


def test_printed_text_and_plain_results_are_escaped():
    cell = new_code_cell("x", outputs=[
        new_output("stream", name="stdout", text="<i>out</i>"),
        new_output("stream", name="stderr", text="a warning"),
        new_output("execute_result", {"text/plain": "<object at 0x1>"}),
    ])  # fmt: skip
    page = render_html(new_notebook(cells=[cell]), title="x")
    assert "&lt;i&gt;out" in page
    assert "&lt;object" in page
    assert "a warning" not in page
