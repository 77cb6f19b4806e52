"""The rules of the house hold, and each of them notices when it is broken."""

import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.cli import COMMANDS, parser_of

PAGE_IMPORTS = {"streamlit", "workbench"}


def page_faults(path: Path) -> list[str]:
    """What a page does that a page must not: it only composes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    faults = [] if ast.get_docstring(tree) else ["has no docstring"]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            faults.append(f"defines {node.name}")
        elif isinstance(node, ast.Try | ast.TryStar):
            faults.append("holds a try")
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
            faults += [f"imports {name}" for name in names if name not in PAGE_IMPORTS]
        elif isinstance(node, ast.ImportFrom):
            name = (node.module or "").split(".")[0]
            faults += [] if name in PAGE_IMPORTS else [f"imports {name}"]
    return faults


def pages(project: Path) -> list[Path]:
    return sorted((project / "pages").glob("*.py"))


def test_pages_only_compose(project: Path):
    assert pages(project)
    assert {p.name: page_faults(p) for p in pages(project) if page_faults(p)} == {}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("import boto3", "imports boto3"),
        ("from pathlib import Path", "imports pathlib"),
        ("def helper(): ...", "defines helper"),
        ("try:\n    pass\nfinally:\n    pass", "holds a try"),
    ],
)
def test_a_planted_fault_in_a_page_is_found(tmp_path: Path, line: str, fault: str):
    page = tmp_path / "page.py"
    page.write_text(f'"""A page."""\n\nimport streamlit as st\n\n{line}\nst.title("x")\n')
    assert page_faults(page) == [fault]


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [program, "--no-cache"], cwd=project, capture_output=True, text=True, check=False
    )


def test_rooms_import_only_rooms_above_them(project: Path):
    done = lint_imports(project)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("media", "from workbench.speech import transcript", "Rooms import only rooms above them"),
        ("search", "from workbench import settings", "Settings are read only"),
        ("reports", "import streamlit", "Only ui knows Streamlit"),
        ("library", "import boto3", "Only AWS modules know boto3"),
        ("evidence", "import subprocess", "Only ffmpeg starts media programs"),
    ],
)
def test_each_contract_breaks_on_a_planted_import(
    project: Path, tmp_path: Path, room: str, line: str, contract: str
):
    shutil.copytree(project / "workbench", tmp_path / "workbench")
    shutil.copy(project / "pyproject.toml", tmp_path)
    (tmp_path / "workbench" / room / "planted.py").write_text(f'"""Planted."""\n\n{line}\n')
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    broken = [row for row in done.stdout.splitlines() if " BROKEN" in row]
    assert any(row.startswith(contract) for row in broken), done.stdout


def test_a_new_room_has_to_be_placed(project: Path, tmp_path: Path):
    shutil.copytree(project / "workbench", tmp_path / "workbench")
    shutil.copy(project / "pyproject.toml", tmp_path)
    (tmp_path / "workbench" / "attic").mkdir()
    (tmp_path / "workbench" / "attic" / "__init__.py").write_text('"""Attic."""\n')
    assert "attic" in lint_imports(tmp_path).stdout


def test_no_file_is_longer_than_four_hundred_lines(project: Path):
    sources = [
        *(project / "workbench").rglob("*.py"),
        *(project / "tests").rglob("*.py"),
        *pages(project),
        project / "app.py",
    ]
    long = {
        str(path.relative_to(project)): count
        for path in sources
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_no_folder_holds_more_than_ten_modules(project: Path):
    held = Counter(
        path.parent.relative_to(project)
        for path in (project / "workbench").rglob("*.py")
        if path.name != "__init__.py"
    )
    assert not {folder: count for folder, count in held.items() if count > 10}


def test_request_fields_are_the_options_of_the_command_line():
    options = {action.dest for action in parser_of("analyse")._actions} - {"help", "json"}
    assert options == set(AnalysisRequest.model_fields)


def test_request_fields_are_the_parameters_of_the_notebook(project: Path):
    notebook = json.loads((project / "notebooks" / "video_report.ipynb").read_text())
    (cell,) = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", [])]
    tree = ast.parse("".join(cell["source"]))
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    assert names - {"data_dir"} == set(AnalysisRequest.model_fields)


def widget_keys(path: Path) -> set[str]:
    """Keys given to widgets in a file, and the usual keys of its functions."""
    keys = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "key":
            keys |= {node.value.value} if isinstance(node.value, ast.Constant) else set()
        elif isinstance(node, ast.arguments):
            defaults = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            keys |= {d.value for a, d in defaults if a.arg == "key" and isinstance(d, ast.Constant)}
    return keys


def test_request_fields_are_the_widget_keys_of_the_analyse_page(project: Path):
    parts = ("pages/analyse.py", "workbench/ui/requests/form.py", "workbench/ui/requests/plan.py")
    keys = set().union(*(widget_keys(project / part) for part in parts))
    assert set(AnalysisRequest.model_fields) <= keys


def test_every_command_shows_help_with_an_example(capsys: pytest.CaptureFixture[str]):
    for name in COMMANDS:
        text = parser_of(name).format_help()
        assert f"  workbench {name}" in text, name
    capsys.readouterr()


def test_the_lock_names_no_host(project: Path):
    lock = (project / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
