"""Small media of every kind, damaged at random, and a program that uses them.

`python -m tests.support.fuzzed_media SEEDS OUT NUMBER…` uses the damaged files of these numbers and
prints a line of JSON for each: its number is printed before it is begun, so that a crash of a
decoder names the file it happened on.
"""

import json
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SECONDS = 1.2
PICTURES = ["-f", "lavfi", "-i", f"testsrc2=s=64x36:r=10:d={SECONDS}"]
SOUND = ["-f", "lavfi", "-i", f"sine=f=220:d={SECONDS}:r=8000"]
BOTH = [*PICTURES, *SOUND, "-ac", "1", "-shortest"]

# Name of the seed → arguments of ffmpeg.
FILMS: dict[str, list[str]] = {
    "h264.mp4": [*BOTH, "-c:v", "libx264", "-g", "5", "-c:a", "aac"],
    "front.mp4": [*BOTH, "-c:v", "libx264", "-c:a", "aac", "-movflags", "+faststart"],
    "parts.mp4": [*BOTH, "-c:v", "libx264", "-c:a", "aac", "-movflags", "+frag_keyframe"],
    "mpeg4.mov": [*BOTH, "-c:v", "mpeg4", "-c:a", "pcm_s16le"],
    "motion.mov": [*PICTURES, "-c:v", "mjpeg"],
    "h264.mkv": [*BOTH, "-c:v", "libx264", "-c:a", "flac"],
    "vp8.webm": [*BOTH, "-c:v", "libvpx", "-c:a", "libvorbis"],
    "vp9.webm": [*BOTH, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"],
    "mpeg4.avi": [*BOTH, "-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "mpeg2.mpg": [*PICTURES, "-r", "25", "-c:v", "mpeg2video"],
    "h264.ts": [*BOTH, "-c:v", "libx264", "-g", "5", "-c:a", "aac"],
    "flash.flv": [*BOTH, "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "22050"],
    "windows.wmv": [*BOTH, "-c:v", "wmv2", "-c:a", "wmav2"],
    "raw.h264": [*PICTURES, "-c:v", "libx264"],
    "sound.wav": SOUND,
    "sound.mp3": [*SOUND, "-c:a", "libmp3lame", "-b:a", "32k"],
    "sound.flac": SOUND,
    "sound.m4a": [*SOUND, "-c:a", "aac"],
    "sound.aac": [*SOUND, "-c:a", "aac"],
    "sound.ogg": [*SOUND, "-c:a", "libvorbis"],
    "sound.opus": [*SOUND, "-c:a", "libopus"],
    "sound.aiff": SOUND,
    "sound.ac3": [*SOUND, "-c:a", "ac3"],
}

PHOTOS: dict[str, dict[str, Any]] = {
    "photo.jpg": {"quality": 85},
    "progressive.jpg": {"progressive": True},
    "photo.png": {},
    "palette.png": {"mode": "P"},
    "deep.png": {"mode": "I;16"},
    "moving.gif": {"mode": "P", "save_all": True, "again": 3},
    "photo.webp": {},
    "moving.webp": {"save_all": True, "again": 3},
    "photo.tiff": {},
    "packed.tif": {"compression": "tiff_lzw"},
    "photo.bmp": {},
    "photo.ppm": {},
    "photo.ico": {},
    "photo.avif": {},
    "photo.jp2": {},
}


def write_seeds(folder: Path, run_ffmpeg: Callable[[list[str | Path]], None]) -> list[str]:
    """Make every seed; returns their names in order."""
    for name, arguments in FILMS.items():
        run_ffmpeg([*arguments, folder / name])
    across = np.linspace(0, 255, 96)[None, :, None] * np.ones((64, 1, 3))
    noise = np.random.default_rng(5).normal(0, 9, across.shape)
    picture = Image.fromarray(np.clip(across + noise, 0, 255).astype(np.uint8))
    for name, wanted in PHOTOS.items():
        options = dict(wanted)
        mode, again = options.pop("mode", "RGB"), options.pop("again", 0)
        one = picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode)
        if again:
            options["append_images"] = [one.rotate(30 * turn) for turn in range(1, again)]
        one.save(folder / name, **options)
    return sorted([*FILMS, *PHOTOS])


def damaged(content: bytes, dice: random.Random) -> bytes:
    """A copy with one kind of damage, or two."""
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2))):
        if len(changed) > 16:
            dice.choice((_flip, _cut, _double, _blank, _swap, _scramble_head))(changed, dice)
    return bytes(changed)


def _flip(content: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 5, 40))):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def _cut(content: bytearray, dice: random.Random) -> None:
    del content[dice.randrange(1, len(content)) :]


def _double(content: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(content))
    content[start:start] = content[start : start + dice.choice((4, 188, 2000))]


def _blank(content: bytearray, dice: random.Random) -> None:
    count = min(len(content), dice.choice((4, 16, 64)))
    content[:count] = bytes(count)


def _swap(content: bytearray, dice: random.Random) -> None:
    """Lengths are four bytes in most formats: put one where another was, or a huge one."""
    one, other = (4 * dice.randrange(len(content) // 4) for _ in range(2))
    former = bytes(content[one : one + 4])
    content[one : one + 4] = dice.choice((content[other : other + 4], b"\x7f\xff\xff\xff"))
    content[other : other + 4] = former


def _scramble_head(content: bytearray, dice: random.Random) -> None:
    for _ in range(3):
        content[dice.randrange(min(100, len(content)))] = dice.randrange(256)


def use(path: Path, out: Path, turn: int) -> str:
    """Probe a file, and make something of it; what came of it in a word."""
    from workbench.errors import WorkbenchError
    from workbench.media.frames.moments import save_frame
    from workbench.media.images.proxy import make_image_proxy
    from workbench.media.probe import probe
    from workbench.media.video.proxy import make_video_proxy

    try:
        asset = probe(path)
        if asset.kind == "image":
            make_image_proxy(asset, "nova-896", out)
        elif asset.has_pictures and turn % 2:
            save_frame(asset, asset.duration_s * 0.7, out / "frame.jpg")
        else:
            make_video_proxy(asset, "nova" if asset.has_pictures else "audio", out)
    except WorkbenchError as error:
        if not error.hint or "\n" in error.message:
            return f"no hint, or lines: {error.message!r}"
        return "refused"
    return "read"


def _processor_s() -> float:
    return sum(os.times()[:4])


def main(seeds: Path, out: Path, numbers: Iterable[int]) -> None:
    """Use the damaged files of these numbers: each is the same one every time."""
    names = sorted(path.name for path in seeds.iterdir())
    out.mkdir(parents=True)
    for number in numbers:
        name = names[number % len(names)]
        path = out.parent / f"{out.name}_{name}"
        path.write_bytes(damaged((seeds / name).read_bytes(), random.Random(number)))
        print(json.dumps({"begun": number, "name": name}), flush=True)
        started = _processor_s()
        try:
            came = use(path, out, number // len(names))
        except BaseException:  # noqa: BLE001 - anything that is not ours is what we look for
            came = traceback.format_exc()
        left = [each.name for each in out.glob(".*")]
        took_s = _processor_s() - started
        print(json.dumps({"number": number, "came": came, "left": left, "s": took_s}), flush=True)
        path.unlink()
        for each in out.iterdir():
            each.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(each) for each in sys.argv[3:]])
