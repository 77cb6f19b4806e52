"""Films whose every frame carries its own number, so that times are read and not guessed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from workbench.media.ffmpeg import run_ffmpeg

BITS = 12
WIDTH, HEIGHT = 384, 216


def numbered_picture(number: int, colour: int) -> np.ndarray:
    """A picture with `number` as black and white bars over a plain colour."""
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    bar = WIDTH // BITS
    for bit in range(BITS):
        picture[:96, bit * bar : (bit + 1) * bar] = 255 if number >> bit & 1 else 0
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
) -> Path:
    """Encode a film of numbered pictures."""
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
            frame = av.VideoFrame.from_ndarray(numbered_picture(number, colours(number)), "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def numbered_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """62.4 seconds at 25 frames a second, a keyframe every 2 seconds."""
    return write_film(tmp_path_factory.mktemp("films") / "numbered.mp4", frames=1560)


@pytest.fixture(scope="session")
def remuxed(numbered_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The numbered film in another container."""
    folder = tmp_path_factory.mktemp("remuxed")

    def remux(suffix: str) -> Path:
        target = folder / f"numbered{suffix}"
        if not target.exists():
            run_ffmpeg(["-i", numbered_film, "-c", "copy", target])
        return target

    return remux


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture as noisy as a photo, 1600 × 1200."""
    noise = np.random.default_rng(5).normal(0, 12, (1200, 1600, 3))
    across = np.linspace(30, 220, 1600)[None, :, None]
    down = np.linspace(0, 30, 1200)[:, None, None]
    pixels = np.clip(across + down + noise, 0, 255).astype(np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(pixels).save(path, quality=95)
    return path


@pytest.fixture
def copied(media_dir: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copy a test file under another name."""

    def copy(source: str, name: str) -> Path:
        return Path(shutil.copy(media_dir / source, tmp_path / name))

    return copy
