"""Look at how a JPEG is built, without decoding it."""

from pathlib import Path

_START_OF_SCAN = 0xDA
_FRAMES = range(0xC0, 0xD0)
_NO_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
_USUAL_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_END_OF_IMAGE = b"\xff\xd9"

LOOKED_AT_BYTES = 65_536
"""How far before the end of the file the end of the picture may lie."""


def is_whole_jpeg(path: Path) -> bool:
    """Does a JPEG of the usual kind go on to its end?

    A decoder finds out no more than this: it notices that bytes are missing at the end, and makes
    something of whatever stands before. This costs a thousandth of decoding.

    Returns:
        False as well where it cannot be told: an unusual coding, or a long film or other matter
        behind the picture. Such a file has to be decoded to know.

    Source: ITU-T T.81, annex B.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            return False
        is_usual = False
        while (head := file.read(2)) and len(head) == 2:
            if head[0] != 0xFF:
                return False
            if head[1] == 0xFF:
                # Any marker may be filled up with more of these.
                file.seek(-1, 1)
                continue
            if head[1] in _WITHOUT_LENGTH:
                continue
            length = int.from_bytes(file.read(2), "big")
            if length < 2:
                return False
            if head[1] in _FRAMES and head[1] not in _NO_FRAMES:
                # Eight bits a channel is what Pillow decodes.
                is_usual = file.read(1) == b"\x08" and head[1] in _USUAL_FRAMES
                file.seek(length - 3, 1)
                continue
            file.seek(length - 2, 1)
            if head[1] == _START_OF_SCAN:
                file.seek(max(file.tell(), size_bytes - LOOKED_AT_BYTES))
                return is_usual and _END_OF_IMAGE in file.read()
    return False
