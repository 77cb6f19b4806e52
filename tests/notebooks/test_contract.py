"""The parameters cell of a report notebook is a request."""

import ast

import nbformat
import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.reports.notebook import find_notebook, notebooks


def test_the_parameters_of_the_video_report_are_the_fields_of_a_request():
    info = find_notebook("video_report")
    assert list(info.parameters) == [*AnalysisRequest.model_fields, "data_dir"]


def test_their_defaults_are_those_of_a_request():
    parameters = find_notebook("video_report").parameters
    asked = {name: parameters[name] for name in AnalysisRequest.model_fields}
    assert AnalysisRequest.model_validate(asked) == AnalysisRequest(assets=tuple(asked["assets"]))


def test_every_parameter_is_handed_to_the_request():
    cells = nbformat.read(find_notebook("video_report").path, as_version=4).cells
    calls = [
        node
        for cell in cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AnalysisRequest"
    ]
    assert [word.arg for word in calls[0].keywords] == list(AnalysisRequest.model_fields)


@pytest.mark.parametrize("info", notebooks(), ids=lambda info: info.name)
def test_a_notebook_is_kept_without_outputs_and_explains_itself(info):
    cells = nbformat.read(info.path, as_version=4).cells
    assert info.title
    assert info.summary
    assert all(info.helps.values())
    assert not any(cell.get("outputs") for cell in cells)
    assert not any(cell.get("execution_count") for cell in cells)
