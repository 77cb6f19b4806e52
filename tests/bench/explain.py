"""Measure films by cards and by Manim, the sync of forty beats, and what the sandbox adds.

python -m tests.bench.explain
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image as Pillow

from tests.bench.sandbox import overhead
from tests.explain.conftest import WORD_S, hum
from tests.explain.test_film import cuts_s, tones_s
from workbench.explain.animation.availability import INSTALL, is_available
from workbench.explain.films.making import Film, make_film
from workbench.explain.films.pieces import Renderer
from workbench.explain.narration import FRAME_RATE, LEAD_S, Voice
from workbench.explain.storyboards.storyboard import Beat, Storyboard
from workbench.explain.storyboards.visuals import (
    Bar,
    Bullets,
    Chart,
    Curve,
    Image,
    Plot,
    Quote,
    Stretch,
    Timeline,
    Title,
)

VOICE = Voice("hum", hum)


def minute(folder: Path) -> Storyboard:
    """A storyboard of a minute with pictures of most kinds, one of them moving."""
    Pillow.effect_mandelbrot((1600, 900), (-2, -1.1, 1, 1.1), 60).save(folder / "still.png")
    shows = (
        Title("measured"), Bullets(tuple(f"point number {n}" for n in range(6))),
        Plot((Curve("sine", formula="sin(x)"), Curve("root", formula="sqrt(x)")), 0, 12),
        Chart(tuple(Bar(f"thing {n}", 9.0 - n) for n in range(8)), "min"),
        Timeline(tuple(Stretch(f"part {n}", n * 10, n * 10 + 9) for n in range(6)), 60),
        Image(str(folder / "still.png"), zoom=(0.5, 0.4, 0.8, 0.7)),
        Quote("It quotes and counts, it never invents."), Image(str(folder / "still.png")),
    )  # fmt: skip
    words = round((60 / len(shows) - 1.0) / WORD_S)
    beats = tuple(
        Beat(f"Beat {n}", show, " ".join(f"b{n}w{i}" for i in range(words)))
        for n, show in enumerate(shows)
    )
    return Storyboard("A minute", beats)


def processor_s() -> float:
    """Seconds of processors used by this process and by those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(make: Callable[[], Film]) -> tuple[Film, float, float]:
    """A film, and the seconds and processor seconds it took."""
    began, used = time.perf_counter(), processor_s()
    film = make()
    return film, time.perf_counter() - began, processor_s() - used


def speed(times: int, renderer: Renderer, goal_s: int) -> None:
    """A minute from nothing, and again with one beat changed."""
    whole, one = [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            story = minute(folder)
            make = partial(make_film, kept=folder / "kept", voice=VOICE, renderer=renderer)
            film, wall_s, used_s = timed(partial(make, story, folder / "a"))
            whole.append((wall_s / film.duration_s * 60, used_s / film.duration_s * 60))
            beats = list(story.beats)
            beats[2] = Beat("Other", beats[2].show, beats[2].say)
            other = Storyboard("Other", tuple(beats))
            again, *spent = timed(partial(make, other, folder / "b"))
            one.append(tuple(spent))
            if (film.beats_drawn, again.beats_drawn) != (len(beats), 1):
                raise SystemExit("the wrong beats were drawn")
            if film.notes:
                raise SystemExit(f"not drawn as asked: {film.notes}")
    for what, rows, goal in (("60 s, 720p30", whole, goal_s), ("one beat again", one, 10)):
        walls, used = (statistics.median(column) for column in zip(*rows, strict=True))
        print(
            f"{renderer:<6} {what:<16} {walls:6.1f} s   {used:6.1f} s of processors   goal {goal} s"
        )


def sync() -> None:
    """Forty beats, black and white in turn, each with a tone: how far apart they are in the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for color in ("white", "black"):
            Pillow.new("RGB", (640, 360), color).save(folder / f"{color}.png")
        beats = tuple(
            Beat(
                "",
                Image(str(folder / f"{('white', 'black')[n % 2]}.png")),
                " ".join(f"w{n}o{i}" for i in range(19 + n % 3)),
            )
            for n in range(40)
        )
        film = make_film(Storyboard("Sync", beats), folder / "f", folder / "kept", VOICE)
        cuts, tones = [0.0, *cuts_s(film.path)], tones_s(film.path)
    if not len(cuts) == len(tones) == 40:
        raise SystemExit(f"{len(cuts)} cuts and {len(tones)} tones of 40")
    late = [1000 * (tone[0] - LEAD_S - cut) for cut, tone in zip(cuts, tones, strict=True)]
    frame = 1000 / FRAME_RATE
    print(f"sound after picture     {min(late):+.0f} to {max(late):+.0f} ms   goal {frame:.0f} ms")
    print(f"drift over 40 beats     {late[-1] - late[0]:+.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    speed(arguments.times, "cards", 20)
    if is_available():
        speed(arguments.times, "manim", 45)
    else:
        print(f"no Manim here: {INSTALL}")
    sync()
    overhead()


if __name__ == "__main__":
    main()
