"""A talk about pumps, analysed by hand, with text in it that is out to do harm."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from workbench.analysis.request import AnalysisRequest
from workbench.analysis.results import (
    Analysis,
    CallRecord,
    Chapter,
    Citation,
    Element,
    Occurrence,
    Summary,
)
from workbench.backends.usage import Usage
from workbench.evidence.evidence import Evidence, Shot, TextBlock
from workbench.media.asset import Asset, Stream
from workbench.media.timecode import TimeSpan
from workbench.speech.transcript import Transcript, Utterance

LENGTH_S = 1200.0
EVIL = "<script>alert('x')</script><img src=http://evil.example/p.png>"

CHAPTERS = (
    ("What a pump curve tells", 0, 90, "Head, flow and the duty point."),
    ("Head and flow", 90, 231, "Why running far left of the best point shakes the shaft."),
    ("Suction side and cavitation", 231, 372, "The gravel sound, and a strainer never cleaned."),
    (
        "Mechanical seals",
        372,
        540,
        "Face materials, flush plans, and how a dry start ruins a seal.",
    ),
    ("Bearings and lubrication", 540, 668, "Grease quantity by bearing size."),
    ("Laser shaft alignment", 668, 822, "Soft foot first, then offset and angle."),
    ("Vibration routes", 822, 938, "Same spot, every week."),
    (EVIL, 938, 1040, EVIL),
    ("Spares", 1040, 1110, ""),
    ("Questions", 1110, 1200, "The budget, mostly."),
)

EQUIPMENT = (
    (
        "Centrifugal pump",
        "rotating",
        (
            (12, 88, "both"),
            (110, 205, "shown"),
            (240, 360, "both"),
            (700, 810, "shown"),
            (1120, 1150, "said"),
        ),
    ),
    (
        "Mechanical seal",
        "sealing",
        ((38, 52, "said"), (372, 470, "both"), (470, 536, "shown"), (1050, 1072, "said")),
    ),
    ("Laser alignment kit", "instrument", ((668, 690, "said"), (690, 820, "both"))),
    (
        "Accelerometer",
        "instrument",
        ((822, 840, "both"), (840, 914, "shown"), (1090, 1100, "said")),
    ),
    ("Grease gun", "tool", ((552, 640, "both"),)),
    ("Suction strainer", "piping", ((262, 300, "both"), (300, 330, "shown"))),
    (
        "Pressure gauge",
        "instrument",
        ((150, 172, "shown"), (236, 262, "shown"), (880, 880.4, "said")),
    ),
    (EVIL, EVIL, ((950, 990, "both"),)),
)

SAID = (
    "A pump does not move pressure, it moves water.",
    "Look at the curve before you look at the motor.",
    "The gravel sound is cavitation, and it eats the impeller.",
    "A dry start ruins the seal in under a minute.",
    "Count the strokes of the grease gun, do not guess them.",
    "Soft foot first, always, otherwise you are bending the frame to please the laser.",
    "Place the accelerometer on the bearing housing, never on the guard.",
    EVIL,
    "Keep one seal kit and one coupling insert on the shelf.",
    "So the question is how to convince the person who owns the budget.",
)


def made_analysis(**changes: object) -> Analysis:
    """The talk as Nova saw it."""
    quote = SAID[3]
    fields: dict[str, object] = {
        "id": "an01",
        "asset_id": "00aa11bb22cc33dd",
        "asset_name": "Pump maintenance talk.mp4",
        "duration_s": LENGTH_S,
        "request": AnalysisRequest(assets=("00aa11bb22cc33dd",), engine="nova"),
        "engine": "nova",
        "model": "2_lite",
        "model_name": "Nova 2 Lite",
        "created_at": datetime(2026, 6, 14, 9, 30, tzinfo=UTC),
        "summary": Summary(
            "A maintenance engineer walks through a centrifugal pump.\n\nSeals fail when started dry.",
            is_extractive=False,
            evidence=(Citation("transcript", TimeSpan(377, 381), quote),),
        ),
        "chapters": tuple(
            Chapter(i, title, TimeSpan(a, b), text)
            for i, (title, a, b, text) in enumerate(CHAPTERS)
        ),
        "elements": (
            *(
                Element(
                    "equipment",
                    name,
                    category,
                    tuple(Occurrence(TimeSpan(a, b), how) for a, b, how in times),  # type: ignore[arg-type]
                )
                for name, category, times in EQUIPMENT
            ),
            Element("object", "Hard hat", "clothing", (Occurrence(TimeSpan(0, 90), "shown"),)),
            Element(
                "topic",
                "Cavitation",
                "failure",
                (Occurrence(TimeSpan(231, 372), "said", "cavitation"),),
            ),
        ),
        "calls": tuple(
            CallRecord(
                f"call{i}",
                f"{i:064x}",
                f"Pump talk, chunk {i + 1} of 2",
                i,
                "amazon.nova-2-lite-v1:0",
                was_kept=i == 1,
                usage=Usage(input_tokens=31_000, output_tokens=1200),
                cost_usd=Decimal("0.0206"),
                estimated_usd=Decimal("0.0215"),
                latency_s=41.5,
            )
            for i in range(2)
        ),
        "prompt_hash": "9f3c1a",
        "catalog_as_of": "2026-06-01",
        "engine_version": "1",
        "seconds": 112.4,
        "effective_fps": 1.0,
        "stages_s": {"transcript": 61.2, "shots": 4.0, "calls": 44.1},
        "notes": ("One time was out of range and was dropped.",),
    }
    return Analysis(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def analysis() -> Analysis:
    return made_analysis()


@pytest.fixture
def quoted() -> Analysis:
    """The same talk from the local engine: its summary is made of quotations."""
    text = f"20:00, 42 shots, speech in English. “{SAID[0]}” (0:05) “{SAID[3]}” (6:17)"
    evidence = (
        Citation("transcript", TimeSpan(5, 9), SAID[0]),
        Citation("transcript", TimeSpan(377, 381), SAID[3]),
    )
    return made_analysis(
        engine="local",
        model="local",
        model_name="Local engine",
        calls=(),
        summary=Summary(text, is_extractive=True, evidence=evidence),
        request=AnalysisRequest(assets=("00aa11bb22cc33dd",)),
    )


@pytest.fixture
def evidence() -> Evidence:
    step = LENGTH_S / len(SAID)
    utterances = tuple(
        Utterance(TimeSpan(i * step + 5, i * step + 11), text) for i, text in enumerate(SAID)
    )
    shots = tuple(Shot(i, TimeSpan(i * 30, i * 30 + 30), i * 30 + 15) for i in range(40))
    return Evidence(
        asset_id="00aa11bb22cc33dd",
        duration_s=LENGTH_S,
        transcript=Transcript(utterances, "en", "whisper-base", "1.0.0"),
        shots=shots,
        screen_text=(TextBlock(TimeSpan(372, 400), "Mechanical seals", 0.98, 0.08, 0.1, True),),
        speech_s=60.0,
        engines={"transcript": "whisper-base 1.0.0", "shots": "adaptive 1"},
    )


@pytest.fixture
def asset() -> Asset:
    return Asset(
        id="00aa11bb22cc33dd",
        path=Path("Pump maintenance talk.mp4"),
        kind="video",
        format="mp4",
        size_bytes=186_400_000,
        width_px=1920,
        height_px=1080,
        duration_s=LENGTH_S,
        frame_rate=Fraction(30),
        streams=(Stream(0, "video", "h264"), Stream(1, "audio", "aac")),
    )


@pytest.fixture
def frame_file(tmp_path: Path) -> Path:
    """A small JPEG."""
    from PIL import Image

    path = tmp_path / "frame.jpg"
    Image.linear_gradient("L").resize((480, 270)).convert("RGB").save(path, quality=80)
    return path
