"""Nothing gets out of a layer, and everything would without one."""

import importlib.util
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.explain.sandbox import attacks
from tests.explain.sandbox.conftest import World
from workbench.explain.sandbox.returned import media_from
from workbench.explain.sandbox.running import Layer, Limits
from workbench.media.probe import probe

ATTACKS = {
    f"{kind}: {name}": code
    for kind, codes in (
        ("reads", attacks.READING),
        ("writes", attacks.WRITING),
        ("talks by", attacks.TALKING),
        ("harms by", attacks.HARMING),
    )
    for name, code in codes.items()
}


@pytest.fixture
def manim_here() -> None:
    """Manim is there."""
    if importlib.util.find_spec("manim") is None:
        pytest.skip("Manim is not installed: pip install 'nova-workbench[explainer]'")


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_comes_to_nothing_in_a_layer(name: str, layer: Layer, world: World):
    ran = world.attack(ATTACKS[name], layer)
    assert "ESCAPED" not in ran.output
    assert attacks.SECRET not in ran.output
    assert world.harm() == []
    assert ran.stopped == ""


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_works_without_a_layer(name: str, world: World):
    try:
        assert "ESCAPED" in world.plainly(ATTACKS[name])
    finally:
        Path(world.told["packages"], "planted.pth").unlink(missing_ok=True)


@pytest.mark.usefixtures("manim_here")
def test_manim_draws_in_a_layer_and_reads_nothing_outside(layer: Layer, world: World):
    ran = world.attack(attacks.MANIM, layer, Limits(cpu_s=120, wall_s=300))
    assert "DRAWN" in ran.output, ran.output
    assert "ESCAPED" not in ran.output
    assert world.harm() == []
    films = media_from(world.work, endings=frozenset({".mp4"}))
    (film,) = [path for path in films if path.name == "Honest.mp4"]
    assert probe(film).duration_s == pytest.approx(0.4, abs=0.1)


@pytest.mark.usefixtures("manim_here")
def test_manim_would_draw_a_secret_and_read_it_for_a_shell(world: World):
    said = world.plainly(attacks.MANIM)
    assert "ESCAPED by Code" in said
    assert "ESCAPED by a shell" in said


def test_a_daemon_dies_with_the_program(
    layer: Layer, world: World, has_ended: Callable[[Path], bool]
):
    ran = world.attack(attacks.DAEMON, layer)
    assert "ESCAPED" in ran.output
    assert has_ended(world.work / "beat")


def test_a_daemon_survives_a_plain_process(world: World, has_ended: Callable[[Path], bool]):
    assert "ESCAPED" in world.plainly(attacks.DAEMON.replace("range(400)", "range(40)"))
    assert not has_ended(world.work / "beat")


def test_a_daemon_dies_even_where_nothing_confines_it(
    world: World, has_ended: Callable[[Path], bool]
):
    assert "ESCAPED" in world.attack(attacks.DAEMON, "off").output
    assert has_ended(world.work / "beat")


def test_traps_in_the_work_folder_are_gone_before_anybody_looks(layer: Layer, world: World):
    for line in attacks.TRAPS.strip().splitlines():
        world.attack(line, layer)
    left = [path for path in world.work.rglob("*") if not path.is_file() and not path.is_dir()]
    links = [path for path in world.work.rglob("*") if path.is_symlink()]
    assert left == links == []
    assert media_from(world.work) == []


def test_traps_would_be_followed_without_that(world: World):
    assert "ESCAPED" in world.plainly(attacks.TRAPS)
    assert attacks.SECRET in (world.work / "film.mp4").read_text()
    # Even then none of them is handed on as media.
    assert media_from(world.work) == []


def test_what_is_left_can_be_removed_however_deep_it_is(layer: Layer, world: World):
    ran = world.attack(attacks.DEEP_FOLDERS, layer)
    assert ran.stopped == "output"
    shutil.rmtree(world.work)
    assert not world.work.exists()


def test_media_come_back_as_plain_files(layer: Layer, world: World):
    code = "os.makedirs('media/480p15')\nopen('media/480p15/film.mp4', 'w').write('film')"
    world.attack(code + "\nos.chmod('media/480p15/film.mp4', 0o4777)\n", layer)
    (film,) = media_from(world.work)
    assert film == world.work / "media" / "480p15" / "film.mp4"
    assert film.read_text() == "film"
    assert stat.S_IMODE(film.stat().st_mode) & 0o7111 == 0
    assert film.stat().st_uid == world.work.stat().st_uid


def test_nothing_is_left_when_the_workbench_itself_is_killed(
    layer: Layer, world: World, has_ended: Callable[[Path], bool]
):
    words = world.words(attacks.DAEMON + "time.sleep(20)", 0)
    code = """
import json, sys
from pathlib import Path
from workbench.explain.sandbox.running import run_sandboxed
layer, work, *words = sys.argv[1:]
run_sandboxed(words, Path(work), layer=layer)
"""
    command = [sys.executable, "-c", code, layer, str(world.work), *words]
    workbench = subprocess.Popen(command, cwd=Path(__file__).parents[3])
    try:
        while not (world.work / "beat").exists():
            assert workbench.poll() is None
            time.sleep(0.02)
    finally:
        workbench.kill()
        workbench.wait()
    for _ in range(50):
        if has_ended(world.work / "beat"):
            return
    pytest.fail("it goes on")
