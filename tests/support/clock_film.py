"""Films whose every frame carries the moment it is shown at, for machines to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROWS, COLUMNS = 4, 6
BITS = ROWS * COLUMNS
TICKS = 90_000


def clock_picture(time_ms: int, size_px: tuple[int, int]) -> np.ndarray:
    """A picture with a time in black and white blocks: 24 bits, so up to 4.6 hours."""
    bits = [time_ms >> bit & 1 for bit in range(BITS)]
    blocks = np.array(bits, np.uint8).reshape(ROWS, COLUMNS) * 215 + 20
    width, height = size_px
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return np.repeat(blocks[rows][:, columns, None], 3, axis=2)


def time_in(picture: np.ndarray) -> int:
    """The time that a picture shows, in milliseconds."""
    height, width = picture.shape[:2]
    grey = picture.astype(float).mean(axis=2)
    time_ms = 0
    for bit in range(BITS):
        row, column = divmod(bit, COLUMNS)
        block = grey[
            int((row + 0.3) * height / ROWS) : int((row + 0.7) * height / ROWS) + 1,
            int((column + 0.3) * width / COLUMNS) : int((column + 0.7) * width / COLUMNS) + 1,
        ]
        time_ms |= int(block.mean() > 127) << bit
    return time_ms


def shown(path: Path) -> list[tuple[float, int]]:
    """Each frame of a film: when it is shown in seconds, and the time it shows."""
    with av.open(str(path)) as container:
        return [
            (float(frame.pts * frame.time_base), time_in(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(video=0)
        ]


def packets_in(path: Path) -> int:
    """Pictures that a file holds, shown or not."""
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)


@dataclass(frozen=True)
class Look:
    """How a film is encoded."""

    gop: int = 50
    b_frames: int = 2
    size_px: tuple[int, int] = (160, 96)
    start_s: float = 0.0
    """What the container's clock says at the first frame."""
    rotation_deg: int = 0
    codec: str = "libx264"


def write_clock(path: Path, times_s: Sequence[Fraction], look: Look) -> Path:
    """Encode a film with a frame at each of some times.

    A rotated film is encoded lying down, with the note that players set it upright by.
    """
    width, height = look.size_px
    is_lying = look.rotation_deg % 180 == 90
    with av.open(str(path), "w") as container:
        rate = Fraction(len(times_s), 1) / max(times_s[-1], Fraction(1))
        stream = container.add_stream(look.codec, rate=rate.limit_denominator(1001))
        stream.width, stream.height = (height, width) if is_lying else (width, height)
        stream.pix_fmt = "yuvj420p" if look.codec == "mjpeg" else "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS)
        if look.codec == "libx264":
            stream.options = {
                "preset": "ultrafast",
                "crf": "18",
                "bf": str(look.b_frames),
                "g": str(look.gop),
                "sc_threshold": "0",
                "threads": "1",
            }
        if look.rotation_deg:
            stream.set_display_rotation(look.rotation_deg)
        for time_s in times_s:
            picture = clock_picture(round(time_s * 1000), look.size_px)
            turned = np.ascontiguousarray(np.rot90(picture, -look.rotation_deg // 90))
            frame = av.VideoFrame.from_ndarray(turned, "rgb24")
            frame.pts = round((time_s + Fraction(look.start_s)) * TICKS)
            frame.time_base = Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def even_times(rate: Fraction, length_s: int) -> list[Fraction]:
    """The times of a film with a constant frame rate."""
    return [number / rate for number in range(int(length_s * rate))]


def uneven_times(length_s: int, seed: int = 5) -> list[Fraction]:
    """The times of a film whose frames come as they like: some at once, some after a long wait."""
    waits = np.random.default_rng(seed).choice([17, 33, 40, 250, 1730], size=100_000)
    times, now_ms = [], 0
    for wait_ms in waits:
        if now_ms >= length_s * 1000:
            break
        times.append(Fraction(now_ms, 1000))
        now_ms += int(wait_ms)
    return times
