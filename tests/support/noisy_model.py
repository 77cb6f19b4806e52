"""A film of two hours whose truth is known, and a model that has seen it but is no perfect witness.

It answers about whatever clip it gets: times are off by up to a second and a half, names change from
clip to clip, and a chapter that runs into a clip is told as beginning there. The same question has
the same answer.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.bedrock_rules import Received
from tests.support.long_film import make_film

MOST_OFF_S = 1.5
SHORTEST_CHAPTER_S = 120

_PART = re.compile(r": (\d+:\d\d(?::\d\d)?) to (\d+:\d\d(?::\d\d)?) of")
_NAMES = re.compile(r"(?<=^Names in use)[\s\S]*?<quoted>([\s\S]*?)</quoted>", re.MULTILINE)

# fmt: off
SUBJECTS = (
    "Impeller balance", "Bearing lubrication", "Coupling alignment", "Gasket replacement",
    "Strainer cleaning", "Manifold pressure", "Governor settings", "Flywheel inspection",
    "Camshaft timing", "Rotor cooling", "Stator winding", "Bushing wear", "Gearbox oil",
    "Pulley tension", "Spindle runout", "Nozzle erosion", "Diffuser geometry", "Housing cracks",
    "Thermostat calibration", "Solenoid valves", "Relay logic", "Breaker trips", "Inverter faults",
    "Insulation tests", "Regulator drift", "Turbine blades", "Condenser tubes", "Boiler chemistry",
    "Hoist limits", "Crane signals", "Ladder safety", "Permit to work", "Fire watch", "Gas testing",
    "Spill response", "Shift handover", "Spare parts", "Budget review", "Training plan", "Closing",
)
THINGS = (
    ("equipment", "torque wrench"), ("equipment", "dial gauge"), ("equipment", "laser tracker"),
    ("equipment", "grease gun"), ("object", "notebook"), ("object", "safety helmet"),
    ("topic", "maintenance cost"), ("topic", "vibration limit"),
)
# fmt: on


@dataclass(frozen=True)
class TrueChapter:
    """What a chapter of the film really is."""

    start_s: float
    end_s: float
    title: str


@dataclass(frozen=True)
class TrueThing:
    """When a thing is really there."""

    kind: str
    name: str
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Truth:
    """What is really in the film."""

    duration_s: float
    chapters: tuple[TrueChapter, ...]
    things: tuple[TrueThing, ...]


def true_film(duration_s: int = 7200, seed: int = 7) -> Truth:
    """Chapters of two to six minutes, and things that come and go."""
    chance = random.Random(seed)
    starts = [0]
    while starts[-1] + 360 + SHORTEST_CHAPTER_S < duration_s:
        starts.append(starts[-1] + chance.randrange(SHORTEST_CHAPTER_S, 361))
    edges = [*starts, duration_s]
    chapters = tuple(
        TrueChapter(float(edges[n]), float(edges[n + 1]), SUBJECTS[n]) for n in range(len(starts))
    )
    things = []
    for kind, name in THINGS:
        spans, at = [], float(chance.randrange(30, 600))
        while at < duration_s - 400:
            end = at + chance.randrange(60, 360)
            spans.append((at, end))
            at = end + chance.randrange(120, 1500)
        things.append(TrueThing(kind, name, tuple(spans)))
    return Truth(float(duration_s), chapters, tuple(things))


def make_true_film(path: Path, truth: Truth) -> Path:
    """The film, with somebody who begins to speak when a chapter begins."""
    make_film(path, [""] * round(truth.duration_s / 60))
    cues = [
        f"{n}\n{_clock(c.start_s + 0.2)} --> {_clock(c.start_s + 5)}\n{c.title} comes now.\n"
        for n, c in enumerate(truth.chapters, start=1)
    ]
    path.with_suffix(".srt").write_text("\n".join(cues), encoding="utf-8")
    return path


class NoisyModel:
    """Answers from the truth, with noise that depends on the question only."""

    def __init__(self, truth: Truth, *, most_off_s: float = MOST_OFF_S) -> None:
        self._truth = truth
        self._most_off_s = most_off_s

    def __call__(self, request: Received) -> dict[str, Any]:
        """Answer in the form of the schema."""
        chance = random.Random(request.prompt)
        properties = request.schema["properties"]
        if request.video is None:
            return dict.fromkeys(properties, "A working day at the plant.")
        start_s, end_s = _sent(request)
        known = {
            "summary": f"Minutes {start_s / 60:.0f} to {end_s / 60:.0f} of a day at the plant.",
            "chapters": self._chapters(start_s, end_s, chance),
            "elements": self._elements(start_s, end_s, chance, _names_in_use(request.prompt)),
        }
        return {name: known[name] for name in properties}

    def _off(self, moment_s: float, length_s: float, chance: random.Random) -> float:
        moved = moment_s + chance.uniform(-self._most_off_s, self._most_off_s)
        return round(min(length_s, max(0.0, moved)), 2)

    def _chapters(
        self, start_s: float, end_s: float, chance: random.Random
    ) -> list[dict[str, Any]]:
        length_s = end_s - start_s
        seen = []
        for chapter in self._truth.chapters:
            if chapter.end_s <= start_s + self._most_off_s or chapter.start_s >= end_s - 3:
                continue
            opens = chapter.start_s <= start_s
            at = 0.0 if opens else self._off(chapter.start_s - start_s, length_s, chance)
            seen.append((at, _retitled(chapter.title, chance)))
        ends = [at for at, _ in seen[1:]] + [length_s]
        return [
            {"title": title, "start_s": at, "end_s": end, "summary": f"{title} is explained."}
            for (at, title), end in zip(seen, ends, strict=True)
        ]

    def _elements(
        self, start_s: float, end_s: float, chance: random.Random, in_use: Sequence[str]
    ) -> list[dict[str, Any]]:
        found = []
        for thing in self._truth.things:
            inside = [
                (max(a, start_s) - start_s, min(b, end_s) - start_s)
                for a, b in thing.spans
                if a < end_s and b > start_s
            ]
            if not inside:
                continue
            name = _renamed(thing.name, chance)
            spans = [
                {
                    "start_s": a if a == 0 else self._off(a, end_s - start_s, chance),
                    "end_s": b if b == end_s - start_s else self._off(b, end_s - start_s, chance),
                    "presence": "shown",
                }
                for a, b in inside
            ]
            # A model that is told which names are in use keeps to them.
            used = next((each for each in in_use if thing.name in each.casefold()), name)
            found.append({"kind": thing.kind, "name": used, "category": "plant", "spans": spans})
        return found


def _sent(request: Received) -> tuple[float, float]:
    """From when to when the clip is, on the film's clock: the prompt tells its begin."""
    told = _PART.search(request.prompt)
    start_s = _seconds(told.group(1)) if told else 0.0
    return start_s, start_s + (request.video.duration_s if request.video else 0.0)


def _names_in_use(prompt: str) -> list[str]:
    told = _NAMES.search(prompt)
    return re.findall(r"[\w ]+", told.group(1)) if told else []


def _retitled(title: str, chance: random.Random) -> str:
    return chance.choice((title, title, f"The {title.lower()}", f"{title}.", title.upper()))


def _renamed(name: str, chance: random.Random) -> str:
    return chance.choice((name, name.title(), f"the {name}", f"{name}s"))


def _seconds(clock: str) -> float:
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def _clock(seconds: float) -> str:
    whole = int(seconds)
    thousandths = round((seconds - whole) * 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{thousandths:03}"
