"""Films whose every frame carries its own number, so that times are read and not guessed."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

BITS = 12
WIDTH, HEIGHT = 384, 216


def numbered_picture(number: int, colour: int) -> np.ndarray:
    """A picture with `number` as black and white bars over a plain colour."""
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    bar = WIDTH // BITS
    for bit in range(BITS):
        picture[:96, bit * bar : (bit + 1) * bar] = 255 if number >> bit & 1 else 0
    return picture


def scene_picture(number: int, colour: int) -> np.ndarray:
    """A picture of one scene: what stands in it depends on the colour, and a little moves."""
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    furniture = np.random.default_rng(colour)
    for _ in range(12):
        top, left = furniture.integers(0, HEIGHT - 40), furniture.integers(0, WIDTH - 60)
        picture[top : top + 40, left : left + 60] = furniture.integers(0, 255, 3)
    left = number * 2 % (WIDTH - 20)
    picture[100:120, left : left + 20] = 255 - colour
    return picture


def number_in(picture: np.ndarray) -> int:
    """The number a picture shows, at whatever size."""
    row = picture[picture.shape[0] // 6].astype(float).mean(axis=1)
    bar = len(row) / BITS
    return sum(1 << bit for bit in range(BITS) if row[int((bit + 0.5) * bar)] > 127)


def write_film(
    path: Path,
    *,
    frames: int,
    rate: int = 25,
    gop: int = 50,
    b_frames: int = 2,
    colours: Callable[[int], int] = lambda number: 90,
    scenecut: int = 0,
    picture: Callable[[int, int], np.ndarray] = numbered_picture,
) -> Path:
    """Encode a film; `picture` draws each frame from its number and its colour."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {
            "preset": "ultrafast",
            "bf": str(b_frames),
            "g": str(gop),
            "sc_threshold": str(scenecut),
            "crf": "20",
        }
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, colours(number)), "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def names_in(folder: Path) -> list[str]:
    """The names of everything in a folder, hidden files too, in order."""
    return sorted(path.name for path in folder.iterdir())
