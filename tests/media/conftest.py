"""Films and photos made for the tests of this room."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.numbered_film import write_film
from workbench.media.ffmpeg import run_ffmpeg


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


@pytest.fixture(scope="session")
def small_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds with sound, 160 × 90."""
    path = tmp_path_factory.mktemp("small") / "small.mp4"
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=3"]
    sound = ["-f", "lavfi", "-i", "sine=f=220:d=3"]
    run_ffmpeg([*pictures, *sound, "-c:v", "libx264", "-g", "10", "-c:a", "aac", path])
    return path


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
