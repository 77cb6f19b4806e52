"""Read the lines of text in one picture, with RapidOCR on this machine.

The models lie inside the package, are checked before loading, and are named by path: nothing is
downloaded. One thread and one line at a time: on two cores that took a third less CPU time than
batches of six, which pad every line to the longest, and 200 MB less memory.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import NotInstalled
from workbench.speech import weights

if TYPE_CHECKING:
    import numpy as np


SURE_ENOUGH = 0.6
"""Lines the recogniser is less sure of are dropped: they are mostly leaves and bricks."""

SURE_ENOUGH_SHORT = 0.8
"""The same for lines of one or two characters, which textures imitate best."""

SEARCH_SIDE_PX = 960
"""Longest side of the picture lines are looked for in; they are then read at full size."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and where it stands, in shares of the picture, 0 to 1."""

    text: str
    confidence: float
    top: float
    left: float
    height: float


LineReader = Callable[["np.ndarray[Any, Any]"], tuple[Line, ...]]
"""Reads an RGB picture: an array of 8-bit values, shape (height, width, 3)."""


def version() -> str:
    """What the reading depends on besides the picture."""
    return f"rapidocr {_package_version() or 'missing'}, PP-OCRv6 small"


def readiness() -> tuple[bool, str, str]:
    """Say whether text can be read: ready or not, what was found, the line that puts it right."""
    if _package_version() is None or not weights.is_installed("ocr-letters"):
        return False, "rapidocr is not installed", weights.weights("ocr-letters").install_line
    if importlib.util.find_spec("onnxruntime") is None:
        return False, "onnxruntime is not installed", "pip install onnxruntime"
    return True, version(), ""


def open_reader() -> LineReader:
    """Load the models and give a function that reads pictures.

    Raises:
        NotInstalled: The package or its models are missing or altered.
    """
    is_ready, finding, hint = readiness()
    if not is_ready:
        raise NotInstalled(finding, hint=hint)
    finder, letters = weights.locate("ocr-lines"), weights.locate("ocr-letters")
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            # Upside-down lines are rare on slides and nameplates, and the check costs a model.
            "Global.use_cls": False,
            "Global.text_score": SURE_ENOUGH,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.model_path": str(finder),
            "Det.limit_side_len": SEARCH_SIDE_PX,
            "Det.limit_type": "max",
            "Rec.model_path": str(letters),
            "Rec.rec_batch_num": 1,
        }
    )

    def read(picture: "np.ndarray[Any, Any]") -> tuple[Line, ...]:
        return _lines(engine(picture[:, :, ::-1]), picture.shape[0], picture.shape[1])

    return read


def _package_version() -> str | None:
    if importlib.util.find_spec("rapidocr") is None:
        return None
    return importlib.metadata.version("rapidocr")


def _lines(found: Any, height_px: int, width_px: int) -> tuple[Line, ...]:
    if found.boxes is None or found.txts is None:
        return ()
    lines = []
    for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
        letters = " ".join(text.split())
        if not is_plausible(letters, float(score)):
            continue
        top_left, top_right, bottom_right, bottom_left = (tuple(map(float, p)) for p in box)
        tall_px = (_distance(top_left, bottom_left) + _distance(top_right, bottom_right)) / 2
        lines.append(
            Line(
                text=letters,
                confidence=round(float(score), 3),
                top=_share(min(top_left[1], top_right[1]), height_px),
                left=_share(min(top_left[0], bottom_left[0]), width_px),
                height=_share(tall_px, height_px),
            )
        )
    return tuple(sorted(lines, key=lambda line: (round(line.top, 2), line.left)))


def is_plausible(text: str, confidence: float) -> bool:
    """Is this text, rather than a texture that looks like some?

    Example:
        >>> is_plausible("Pump 4", 0.7), is_plausible("||", 0.9), is_plausible("T", 0.7)
        (True, False, False)
    """
    count = sum(letter.isalnum() for letter in text)
    if count == 0:
        return False
    return confidence >= (SURE_ENOUGH if count > 2 else SURE_ENOUGH_SHORT)


def _distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5)


def _share(length_px: float, whole_px: int) -> float:
    return round(min(1.0, max(0.0, length_px / whole_px)), 4)
