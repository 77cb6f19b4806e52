"""What this machine can measure: one line for each signal, with the command that adds it."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from workbench.evidence.screen import ocr
from workbench.speech import weights, whisper
from workbench.speech.voice import local_voice


@dataclass(frozen=True, slots=True)
class SignalState:
    """Whether a signal can be measured on this machine, and what to do if not."""

    name: str
    is_ready: bool
    finding: str
    """What was found, a short phrase."""
    hint: str = ""
    """The line that puts it right, empty when ready."""


def signals(*, model_dir: Path | None = None) -> tuple[SignalState, ...]:
    """Look at every signal, without loading a model.

    Args:
        model_dir: A folder with another Whisper model.
    """
    voice = weights.weights("hibari-heart")
    has_voice = local_voice.is_available()
    return (
        SignalState("Speech", *whisper.readiness(model_dir=model_dir)),
        SignalState("Shots", *_shots()),
        SignalState("Screen text", *ocr.readiness()),
        SignalState(
            "Voice",
            has_voice,
            voice.title if has_voice else "no voice is installed",
            "" if has_voice else voice.install_line,
        ),
    )


def _shots() -> tuple[bool, str, str]:
    for package, requirement in (("av", "av"), ("cv2", "opencv-python-headless")):
        if importlib.util.find_spec(package) is None:
            return False, f"{requirement} is not installed", f"pip install {requirement}"
    return True, "found by differences between frames", ""
