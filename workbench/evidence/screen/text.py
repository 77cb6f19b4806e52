"""Read the words on the screen, with the time they stay there.

Each shot is read once, long ones again from time to time. A picture that looks like one read
before is not read again, and a line that stays is one block, however many pictures show it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from workbench.errors import MediaUnsupported
from workbench.evidence.evidence import Shot, TextBlock
from workbench.evidence.screen import ocr
from workbench.evidence.screen.ocr import Line, LineReader
from workbench.media.asset import Asset
from workbench.media.frames.moments import read_frames
from workbench.media.images.opening import plain_picture
from workbench.media.timecode import TimeSpan
from workbench.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, Any]

FRAME_SIDE_PX = 1280
"""Longest side of the pictures that are read: text of 1 % of the height is still 7 px tall."""

PHOTO_SIDE_PX = 2000
"""The same for photos, whose text is smaller, and of which there is one."""

STEP_S = 20.0
"""A shot longer than this is looked at again, every so many seconds."""

THUMB_PX = (192, 108)
"""Width and height of the thumbnails that are compared."""

SAME_MEAN = 2.0
"""Pictures are alike when their thumbnails differ less than this on average, of 255 …"""

SAME_WORST = 24.0
"""… and nowhere by more than this: a letter that changes in small text differs by 40 and more,
coding the same slide twice by less than 10."""

REMEMBERED = 12
"""How many readings are kept for comparison: talks go back and forth between a few pictures."""

FLAT_SHARE = 0.75
"""A slide is flat in at least this share of the picture; photos reach half of that."""

SAME_LINE = 0.85
"""From this similarity on, two lines are one line read twice."""

VERSION = "1"
"""Changes when the same pictures would give other blocks."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One picture: when it is taken, and the time it stands for."""

    moment_s: float
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one picture says."""

    thumb: "Pixels"
    lines: tuple[Line, ...]
    title: Line | None


def version() -> str:
    """What the blocks depend on besides the video and its shots."""
    return f"{ocr.version()}, blocks {VERSION}"


def read_screen_text(
    asset: Asset,
    shots: Sequence[Shot],
    *,
    progress: Progress = silent,
    reader: LineReader | None = None,
) -> tuple[TextBlock, ...]:
    """Read the text in a video's shots, or in a picture.

    Args:
        asset: A video or picture.
        shots: The video's shots, in order; not used for a picture.
        progress: Called with pictures done and their total.
        reader: What reads a picture; None: RapidOCR.

    Returns:
        Blocks by start, then from top to bottom. A picture's blocks have the span 0 to 0.

    Raises:
        MediaUnsupported: The asset has no pictures.
        MediaError: It cannot be read.
        NotInstalled: RapidOCR or its models are missing or altered.
    """
    if not asset.has_pictures:
        raise MediaUnsupported(f"{asset.name} has no pictures", hint="choose a video or photo")
    read = reader or ocr.open_reader()
    if asset.kind == "image":
        progress(0, 1, "screen text")
        reading = _read(read, _photo(asset))
        progress(1, 1, "screen text")
        return tuple(_block(line, TimeSpan(0, 0), reading) for line in reading.lines)
    looks = sorted(_looks(shots), key=lambda look: look.moment_s)
    blocks = _Blocks()
    remembered: list[_Reading] = []
    progress(0, len(looks), "screen text")
    # Two shots may ask for the same picture; every look gets its own from the iterator.
    pictures = read_frames(asset.path, [k.moment_s for k in looks], max_side_px=FRAME_SIDE_PX)
    for index, (look, (_, picture)) in enumerate(zip(looks, pictures, strict=True), start=1):
        thumb = _thumbnail(picture)
        alike = [known for known in remembered if _is_alike(known.thumb, thumb)]
        reading = alike[-1] if alike else _read(read, picture, thumb)
        remembered = [known for known in remembered if known is not reading]
        remembered = [*remembered[-REMEMBERED + 1 :], reading]
        blocks.add(reading, look.span)
        progress(index, len(looks), "screen text")
    return blocks.finished()


def _looks(shots: Sequence[Shot]) -> Iterator[_Look]:
    """One look for each shot; in a long one, one for each step."""
    for shot in sorted(shots, key=lambda shot: shot.span):
        count = max(1, round(shot.span.duration_s / STEP_S))
        if count == 1:
            yield _Look(shot.frame_s, shot.span)
            continue
        step_s = shot.span.duration_s / count
        for index in range(count):
            start_s = shot.span.start_s + index * step_s
            end_s = shot.span.end_s if index == count - 1 else start_s + step_s
            yield _Look((start_s + end_s) / 2, TimeSpan(start_s, end_s))


def _photo(asset: Asset) -> "Pixels":
    import numpy as np
    from PIL import Image

    picture = plain_picture(asset.path, largest_px=PHOTO_SIDE_PX)
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        picture = paper
    return np.asarray(picture.convert("RGB"))


def _read(read: LineReader, picture: "Pixels", thumb: "Pixels | None" = None) -> _Reading:
    lines = read(picture)
    title = _title(lines) if lines and _is_flat(picture) else None
    return _Reading(_thumbnail(picture) if thumb is None else thumb, lines, title)


def _title(lines: Sequence[Line]) -> Line | None:
    """The tallest line of words; page numbers and clocks are no titles."""
    worded = [line for line in lines if sum(letter.isalpha() for letter in line.text) > 2]
    return max(worded, key=lambda line: (line.height, -line.top), default=None)


def _thumbnail(picture: "Pixels") -> "Pixels":
    import cv2
    import numpy as np

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small: Pixels = cv2.resize(grey, THUMB_PX, interpolation=cv2.INTER_AREA)
    return small.astype(np.int16)


def _is_alike(one: "Pixels", other: "Pixels") -> bool:
    import numpy as np

    difference = np.abs(one - other)
    return bool(difference.mean() < SAME_MEAN and difference.max() < SAME_WORST)


def _is_flat(picture: "Pixels") -> bool:
    """Is most of the picture one even surface after another, as slides are and photos are not?"""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    small = cv2.resize(
        grey, (320, max(2, round(320 * height / width))), interpolation=cv2.INTER_AREA
    ).astype(np.int16)
    across = np.abs(np.diff(small, axis=1))[:-1]
    down = np.abs(np.diff(small, axis=0))[:, :-1]
    return bool((np.maximum(across, down) <= 2).mean() >= FLAT_SHARE)


def _block(line: Line, span: TimeSpan, reading: _Reading) -> TextBlock:
    return TextBlock(
        span=span,
        text=line.text,
        confidence=line.confidence,
        height=line.height,
        top=line.top,
        is_title=line is reading.title,
    )


class _Blocks:
    """Lines put together into blocks over time."""

    def __init__(self) -> None:
        self._open: list[TextBlock] = []
        self._closed: list[TextBlock] = []

    def add(self, reading: _Reading, span: TimeSpan) -> None:
        """Take in what is read during a span that begins where the last one ended."""
        staying: list[TextBlock] = []
        for line in reading.lines:
            new = _block(line, span, reading)
            before = next((old for old in self._open if _is_same(old, new)), None)
            if before is not None:
                self._open.remove(before)
                new = _joined(before, new)
            staying.append(new)
        self._closed += self._open
        self._open = staying

    def finished(self) -> tuple[TextBlock, ...]:
        """All blocks, by start and then from top to bottom."""
        return tuple(
            sorted(self._closed + self._open, key=lambda block: (block.span.start_s, block.top))
        )


def _is_same(old: TextBlock, new: TextBlock) -> bool:
    """Is this the same line, seen again at the same place right after?"""
    if abs(old.top - new.top) > 0.03 or new.span.start_s - old.span.end_s > 0.5:
        return False
    if old.text == new.text:
        return True
    # A number or part number that changes is news; a letter misread in a word is not.
    if _numbers(old.text) != _numbers(new.text):
        return False
    return SequenceMatcher(None, old.text, new.text, autojunk=False).ratio() >= SAME_LINE


def _numbers(text: str) -> list[str]:
    return [word for word in text.split() if any(letter.isdigit() for letter in word)]


def _joined(old: TextBlock, new: TextBlock) -> TextBlock:
    """One block for both, in the words of the surer reading."""
    surer = old if old.confidence >= new.confidence else new
    return TextBlock(
        span=TimeSpan(old.span.start_s, new.span.end_s),
        text=surer.text,
        confidence=surer.confidence,
        height=surer.height,
        top=surer.top,
        is_title=old.is_title or new.is_title,
    )
