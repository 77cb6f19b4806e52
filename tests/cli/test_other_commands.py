"""`models`, `doctor`, `worker`, `app`, `report` and `demo`, and the command itself."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

import workbench.jobs.processes.worker
import workbench.logs
from workbench.cli import COMMANDS
from workbench.errors import ReportError
from workbench.library.records import ReportRecord
from workbench.workspace import Workspace


@pytest.mark.parametrize("words", [[], ["--help"], ["help"], ["-h"]])
def test_help_names_every_command(run, words):
    done = run(*words)
    assert done.code == 0
    assert all(f"\n  {name} " in done.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run, name):
    done = run(name, "--help")
    assert done.code == 0
    assert f"usage: workbench {name}" in done.out
    assert f"\n  workbench {name}" in done.out


def test_the_version_is_the_packages(run):
    assert run("--version").out == version("nova-workbench") + "\n"


@pytest.mark.parametrize("words", [["fly"], ["analyse"], ["import", "--far", "x"], ["index", "x"]])
def test_a_command_that_cannot_be_understood_ends_with_2(run, words):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert words[0] in done.err


def test_a_stopped_command_says_that_what_was_done_is_kept(run, analysed, monkeypatch):
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Workspace, "analyse", stopped)
    done = run("analyse", "talk.mp4")
    assert done.code == 130
    assert done.err == "\nStopped. What was finished is kept; run it again to go on.\n"


def test_a_reader_that_goes_away_is_no_failure(data_dir, project):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "workbench", "models"],
            stdout=gone, stderr=subprocess.PIPE, check=False, text=True,
            env={**os.environ, "PYTHONPATH": str(project)},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_models_are_listed_with_prices_and_their_date(run, has_shape):
    done = run("models")
    assert done.code == 0
    assert done.out.splitlines()[0].split()[:3] == ["key", "name", "accepts"]
    assert "\nmicro " in done.out
    assert " as of 20" in done.out
    models = run("models", "--json").json
    has_shape(models, [{"key": str, "name": str, "accepts": [str], "lifecycle": str}])
    every = run("models", "--all", "--json").json
    assert {m["lifecycle"] for m in every} - {m["lifecycle"] for m in models} == {"retired"}


def test_doctor_lists_settings_findings_and_what_to_do(run, analysed, has_shape):
    done = run("doctor")
    assert ["WORKBENCH_DATA_DIR", str(analysed), "environment"] in [
        line.split() for line in done.out.splitlines()
    ]
    assert "Library       ready  4 items" in done.out
    assert "nova          off    No AWS credentials were found." in done.out
    assert "  nova: run `aws configure`" in done.out
    told = run("doctor", "--json").json
    has_shape(
        told,
        {
            "version": str,
            "settings": [{"name": str, "value": str, "origin": str}],
            "findings": [{"name": str, "is_ready": bool, "finding": str, "hint": str}],
        },
    )


def test_the_worker_works_on_the_data_folder(run, data_dir, monkeypatch):
    calls, logs = [], []
    monkeypatch.setattr(workbench.logs, "log_json_lines", lambda level, **facts: logs.append(facts))
    monkeypatch.setattr(
        workbench.jobs.processes.worker, "run_worker", lambda *words, **more: calls.append(words)
    )
    assert run("worker").code == 0
    ((folder, store, operations),) = calls
    assert folder == data_dir
    assert operations.store is store
    (facts,) = logs
    assert facts["process"] == "worker"


def test_a_worker_that_does_not_run_can_be_stopped(run):
    assert run("worker", "--stop").code == 0


def test_the_app_listens_on_this_machine_and_knows_the_data_folder(run, data_dir, monkeypatch):
    started = []

    def become(program, words):
        started.append(words)
        raise SystemExit

    monkeypatch.setattr(os, "execv", become)
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(data_dir))
    with pytest.raises(SystemExit):
        run("app", "--port", "8777", "--no-browser")
    (words,) = started
    assert words[1:4] == ["-m", "streamlit", "run"]
    assert words[-4:] == ["--server.port", "8777", "--server.headless", "true"]
    assert os.environ["WORKBENCH_DATA_DIR"] == str(data_dir)


def test_the_notebooks_are_listed_with_their_parameters(run):
    done = run("report", "--list")
    assert done.code == 0
    assert "video_report" in done.out
    (info,) = [i for i in run("report", "--list", "--json").json if i["name"] == "video_report"]
    assert "max_cost_usd" in info["parameters"]


def test_a_report_needs_a_file(run):
    done = run("report")
    assert (done.code, done.problem) == (2, "name a file to report on")


def test_a_report_about_prices_needs_none_and_takes_its_parameters_by_name(run, data_dir, reports):
    words = ["--set", "lengths=10m, 45m", "tiers=flex"]
    assert run("report", "--notebook", "cost_what_if", *words).code == 0
    (given,) = reports
    assert (given["lengths"], given["tiers"]) == (["10m", "45m"], ["flex"])
    assert "find" not in given


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--set", "lengths"], "'lengths' sets nothing"),
        (["--set", "weather=rain"], "cost_what_if takes no parameter 'weather'"),
    ],
)
def test_what_a_notebook_does_not_take_cannot_be_set(run, data_dir, words, problem):
    done = run("report", "--notebook", "cost_what_if", *words)
    assert (done.code, done.problem) == (2, problem)


def test_a_notebook_there_is_not_cannot_be_run(run, analysed, shelf):
    done = run("report", shelf / "talk.mp4", "--notebook", "poem")
    assert done.code == 2
    assert "poem" in done.problem


def test_a_report_is_one_page_in_the_data_folder(run, analysed, shelf, has_shape):
    done = run("report", shelf / "talk.mp4", "--json")
    assert done.code == 0, done.out
    has_shape(done.json, {"id": str, "title": str, "path": str, "asset_ids": [str]})
    page = Path(done.json["path"])
    assert page.is_relative_to(analysed / "reports")
    assert "Never start the pump dry." in page.read_text(encoding="utf-8")


@pytest.fixture
def reports(monkeypatch):
    """Reports that are not made, and the requests they were asked with."""
    asked = []

    def report(self, notebook, parameters, *, progress):
        asked.append(parameters)
        return ReportRecord(
            "r1", notebook, "Talk", datetime.now(UTC), Path("r1.html"), Path("r1.ipynb")
        )

    monkeypatch.setattr(Workspace, "report", report)
    return asked


def test_the_demo_does_a_folder_of_mine(run, shelf, reports, has_shape):
    done = run("demo", shelf)
    assert done.code == 0
    assert [line for line in done.err.splitlines() if line.startswith("== ")] == [
        "== Import", "== Analyse", "== Report"
    ]  # fmt: skip
    assert "Time: Import " in done.out
    assert "Cost: $0\n" in done.out
    assert done.out.endswith("\nNext: make app\n")
    assert len(reports) == done.out.count("Report: ") == 3
    told = run("demo", shelf, "--json")
    assert told.err == ""
    has_shape(
        told.json,
        {"analyses": [dict], "reports": [dict], "stages_s": {"Analyse": float}, "cost_usd": float},
    )


def test_a_report_that_fails_is_listed_and_the_demo_ends_with_1(run, analysed, shelf, monkeypatch):
    def report(self, notebook, parameters, *, progress):
        raise ReportError("cell 4 failed", hint="look into it")

    monkeypatch.setattr(Workspace, "report", report)
    done = run("demo", shelf)
    assert done.code == 1
    (line,) = [line for line in done.err.splitlines() if "cell 4 failed (look into it)" in line]
    assert line.startswith("  report on ")
    assert line.count("report on ") == 3
    assert "report on talk.mp4" in line
