"""The price tables of the documents are what their commands print now."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def program(project: Path) -> ModuleType:
    """The program that makes the tables: `make prices`."""
    spec = importlib.util.spec_from_file_location("prices", project / "docs" / "prices.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_not_stale(program: ModuleType):
    for document in program.DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert program.BLOCK.search(text), document.name
        assert program.made_again(text) == text, f"{document.name} is stale: make prices"


def test_settings_of_this_machine_do_not_reach_them(program: ModuleType, monkeypatch, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("not even TOML")
    monkeypatch.setenv("WORKBENCH_CATALOG_FILE", str(own))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    table = (
        "<!-- made by: workbench estimate --table --lengths 5m --models pro --csv -->\n<!-- end -->"
    )
    assert "5 min,300.0,pro" in program.made_again(table)
