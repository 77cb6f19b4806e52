"""The package's face: about fifteen names, loaded when they are used."""

import subprocess
import sys

import workbench

HEAVY = (
    "streamlit",
    "boto3",
    "chromadb",
    "polars",
    "plotly",
    "av",
    "pydantic",
    "sqlalchemy",
    "numpy",
)


def test_every_public_name_can_be_had_and_knows_its_home():
    for name in workbench.__all__:
        assert getattr(workbench, name).__name__ == name
    assert sorted(workbench.__all__) == sorted(workbench._HOMES)


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in HEAVY if name in done.stdout.split()}


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import workbench") == set()


def test_help_loads_nothing_heavy():
    assert loaded_by("from workbench.cli import main; main(['--help'])") == set()


def test_opening_a_workspace_loads_no_model_no_app_and_no_cloud_library():
    code = "import tempfile\nfrom workbench import Settings, Workspace\n"
    code += "Workspace.open(Settings(data_dir=tempfile.mkdtemp())).close()"
    assert loaded_by(code) & {"streamlit", "boto3", "chromadb", "plotly", "av", "polars"} == set()
