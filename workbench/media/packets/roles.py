"""Read from the first bytes of a film's packets what each is to the others.

Only what stands in the headers of pictures counts: the marks of a container are not always right.
"""

from collections.abc import Callable
from typing import Any


class UnfitError(Exception):
    """The packets of a source cannot be chosen among: all of it has to be decoded."""


Look = Callable[[Any], tuple[bool, bool]]
"""Reads a packet: can decoding begin with it, and do other pictures refer to it?"""


def look_for(codec: str, extradata: bytes | None) -> Look | None:
    """How to read the packets of a codec; None where we cannot.

    Args:
        codec: Its canonical name.
        extradata: What the container keeps for the decoder.
    """
    if codec == "mjpeg":
        return lambda _: (True, True)
    if codec == "vp9":
        return _vp9_look
    if codec == "av1":
        return _av1_look
    data = extradata or b""
    if codec == "h264" and len(data) > 6 and data[0] == 1:
        return _h264_reader((data[4] & 3) + 1)
    if codec == "hevc" and len(data) > 22 and data[0] == 1:
        return _hevc_reader((data[21] & 3) + 1)
    return None


def _units(data: memoryview, length_bytes: int) -> list[int]:
    """First two bytes of the units of a packet, as numbers."""
    heads = []
    place, end = 0, len(data)
    while place + length_bytes + 1 < end:
        size = int.from_bytes(data[place : place + length_bytes], "big")
        place += length_bytes
        heads.append(data[place] << 8 | data[place + 1])
        place += size
    return heads


def _h264_reader(length_bytes: int) -> Look:
    def look(packet: Any) -> tuple[bool, bool]:
        # Rec. ITU-T H.264, 7.3.1: nal_ref_idc in bits 5 and 6, nal_unit_type in bits 0 to 4.
        heads = [head >> 8 for head in _units(memoryview(packet), length_bytes)]
        kinds = {head & 31 for head in heads}
        if kinds & {2, 3, 4, 20, 21} or not kinds & {1, 5}:
            raise UnfitError
        return 5 in kinds, any(head & 0x60 for head in heads if head & 31 in (1, 5))

    return look


def _hevc_reader(length_bytes: int) -> Look:
    def look(packet: Any) -> tuple[bool, bool]:
        # Rec. ITU-T H.265, 7.3.1.2 and table 7-1: pictures are types 0 to 31; even ones up to 14
        # are referred to by none of their own layer.
        heads = _units(memoryview(packet), length_bytes)
        kinds = {head >> 9 & 63 for head in heads} & set(range(32))
        if not kinds or any(head & 7 != 1 for head in heads if head >> 9 & 63 < 32):
            raise UnfitError
        return bool(kinds & {19, 20}), not all(kind <= 14 and kind % 2 == 0 for kind in kinds)

    return look


def _vp9_look(packet: Any) -> tuple[bool, bool]:
    # VP9 bitstream specification, 7.2: the mark of a frame, its profile, whether it shows another
    # again, and whether it is no key frame. A key frame replaces all that could be referred to.
    head = memoryview(packet)[0]
    if head >> 6 != 2 or head & 0x30 == 0x30:
        raise UnfitError
    return not head & 0x0C, True


_AV1_FRAME_HEADER, _AV1_FRAME = 3, 6


def _av1_look(packet: Any) -> tuple[bool, bool]:
    # AV1 bitstream specification, 5.3.2 and 5.9.2: the first frame of a packet shows another again
    # (bit 7), is a key frame (0 in bits 5 and 6), and is shown (bit 4), or not.
    data = memoryview(packet)
    place = 0
    while place + 1 < len(data):
        head = data[place]
        if head & 0x84 or not head & 2:
            raise UnfitError
        size, place = _leb128(data, place + 1)
        if head >> 3 in {_AV1_FRAME_HEADER, _AV1_FRAME} and place < len(data):
            return data[place] & 0xF0 == 0x10, True
        place += size
    raise UnfitError


def _leb128(data: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place behind it."""
    value = 0
    for shift in range(0, 56, 7):
        if place >= len(data):
            break
        value |= (data[place] & 0x7F) << shift
        place += 1
        if not data[place - 1] & 0x80:
            return value, place
    raise UnfitError
