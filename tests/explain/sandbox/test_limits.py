"""No program takes more than it may, and none takes longer."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.explain.sandbox import attacks
from tests.explain.sandbox.conftest import SMALL, World
from workbench.errors import RequestError, SandboxMissing, ToolError, WorkbenchError
from workbench.explain.sandbox import running
from workbench.explain.sandbox.running import (
    Layer,
    Limits,
    best_layer,
    run_sandboxed,
    sandbox_readiness,
)

SHORT = replace(SMALL, wall_s=1)
QUICK = replace(SMALL, cpu_s=1)
LEAN = replace(SMALL, memory_bytes=300_000_000)

STOPPED: dict[str, tuple[str, Limits, str]] = {
    "sleeps": (attacks.ASLEEP, SHORT, "time"),
    "is busy": (attacks.BUSY, QUICK, "processor"),
    "is busy in many processes": (attacks.BUSY_TOGETHER, replace(SMALL, cpu_s=2), "processor"),
    "takes memory": (attacks.MEMORY, LEAN, "memory"),
    "takes memory in many processes": (attacks.MEMORY_OF_MANY, LEAN, "memory"),
    "writes a large file": (attacks.LARGE_FILE, SMALL, "output"),
    "writes many files": (attacks.MANY_FILES, SMALL, "output"),
    "writes files without names": (attacks.NAMELESS_FILES, SMALL, "output"),
    "talks without end": (attacks.TALKATIVE, replace(SMALL, file_bytes=10**8), "output"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_a_program_is_stopped_when_it(name: str, layer: Layer, world: World):
    code, limits, why = STOPPED[name]
    ran = world.attack(code, layer, limits)
    assert "ESCAPED" not in ran.output
    assert ran.stopped == why
    assert ran.returncode != 0


@pytest.mark.parametrize("name", STOPPED)
def test_nobody_would_stop_it_without_a_limit_when_it(name: str, world: World):
    assert "ESCAPED" in world.plainly(STOPPED[name][0])


BOMBS = {"forks": attacks.FORKS, "threads": attacks.THREADS}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_more_processes_when_it(name: str, layer: Layer, world: World):
    ran = world.attack(BOMBS[name], layer)
    assert "ESCAPED" not in ran.output
    assert "stopped at" in ran.output


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_without_a_limit_when_it(name: str, world: World):
    code = BOMBS[name].replace("os.killpg(0, signal.SIGTERM)", "os.killpg(os.getpid(), 15)")
    assert "ESCAPED" in world.plainly("os.setpgid(0, 0)\n" + code)


def test_files_in_memory_that_no_limit_counts_cannot_be_made(layer: Layer, world: World):
    assert "ESCAPED" in world.plainly(attacks.MEMORY_IN_FILES)
    assert "ESCAPED" not in world.attack(attacks.MEMORY_IN_FILES, layer).output


def test_who_waits_may_give_up(layer: Layer, world: World):
    class GivenUp(Exception):
        pass

    def check() -> None:
        raise GivenUp

    with pytest.raises(GivenUp):
        world.attack(attacks.ASLEEP, layer, check=check)


def test_it_runs_in_any_thread(layer: Layer, world: World):
    said = []
    thread = threading.Thread(
        target=lambda: said.append(world.attack("print('here')", layer).output)
    )
    thread.start()
    thread.join()
    assert said == ["here\n"]


def test_a_program_finds_packages_its_folder_and_what_it_may_read_beside(
    layer: Layer, world: World
):
    picture = world.outside / "credentials"
    code = """
import numpy, tempfile, workbench.errors
from pathlib import Path
Path("a").mkdir()
Path("b").mkdir()
Path("a/x").write_text("kept")
os.replace("a/x", "b/x")
with tempfile.TemporaryFile() as file:
    file.write(b"x")
import shutil, subprocess
shutil.copy2("b/x", "copied")
print(subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout)
print(os.getcwd() == world["work"], len(open(world["secret"]).read()) > 10)
"""
    world.told["work"] = str(world.work)
    ran = world.attack(code, layer, readable=[picture])
    assert ran.output.split() == ["42", "True", "True"]
    assert ran.returncode == 0
    assert {path.name for path in world.work.iterdir()} == {"attack.py", "a", "b", "copied"}


def test_how_a_program_ended_is_known(layer: Layer, world: World):
    assert world.attack("sys.exit(3)", layer).returncode == 3
    assert world.attack("os.abort()", layer).returncode == -6
    assert "ZeroDivisionError" in world.attack("1 / 0", layer).output


def test_only_the_end_of_what_it_says_is_kept(layer: Layer, world: World):
    ran = world.attack("print('first', 'x' * 200_000, 'last')", layer)
    assert ran.output.endswith("last\n")
    assert len(ran.output) == 64 * 1024


def test_processor_time_is_that_of_all_processes(layer: Layer, world: World):
    ran = world.attack(attacks.BUSY_TOGETHER.replace("0.8 + world['patience']", "0.3"), layer)
    assert ran.cpu_s >= 0.9


def test_a_program_that_is_not_there_is_said(layer: Layer, world: World):
    with pytest.raises(ToolError, match="could not be started"):
        run_sandboxed(["/no/such/program"], world.work, layer=layer)


def test_a_work_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(RequestError):
        run_sandboxed([sys.executable], tmp_path / "nowhere", layer="off")


def test_off_is_never_chosen_by_itself():
    assert best_layer("off") == "off"
    try:
        found = best_layer()
    except SandboxMissing as missing:
        pytest.skip(f"{missing}: {missing.hint}")
    assert found in {"bwrap", "landlock"}


def test_a_layer_that_lets_a_trial_out_is_refused(monkeypatch: pytest.MonkeyPatch):
    ours = running.run_sandboxed
    running._prove.cache_clear()
    monkeypatch.setattr(
        running, "run_sandboxed", lambda *words, **more: ours(*words, **{**more, "layer": "off"})
    )
    try:
        with pytest.raises(SandboxMissing, match="did not hold") as refused:
            best_layer()
        assert sandbox_readiness().is_ready is False
        assert isinstance(refused.value, WorkbenchError)
    finally:
        running._prove.cache_clear()
