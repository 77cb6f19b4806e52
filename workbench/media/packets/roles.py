"""Read from the first bytes of a film's packets what each is to the others.

Only what stands in the headers of pictures counts: the marks of a container are not always right.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class UnfitError(Exception):
    """The packets of a source cannot be chosen among: all of it has to be decoded."""


class Role(NamedTuple):
    """What a packet is to the others."""

    begins: bool
    """Can decoding begin with it?"""
    is_needed: bool
    """Do other pictures refer to it?"""
    is_open: bool = False
    """Begins, but pictures that follow it in the file are shown before it and need what was before."""
    leads: bool = False
    """One of those pictures."""


Look = Callable[[Any], Role]
"""Reads a packet; its first bytes are enough."""


class Reader(NamedTuple):
    """How the packets of a film are read, and an open one made a beginning."""

    look: Look
    begin: Callable[[Any], bytes] = bytes


def reader_for(codec: str, extradata: bytes | None) -> Reader | None:
    """How to read the packets of a codec; None where we cannot.

    Args:
        codec: Its canonical name.
        extradata: What the container keeps for the decoder.
    """
    if codec == "mjpeg":
        return Reader(lambda _: Role(begins=True, is_needed=True))
    if codec == "vp9":
        return Reader(_vp9_look)
    if codec == "av1":
        return Reader(_av1_look)
    data = extradata or b""
    if codec == "h264" and len(data) > 6 and data[0] == 1:
        length_bytes = (data[4] & 3) + 1
        return Reader(lambda packet: _h264_look(packet, length_bytes))
    if codec == "hevc" and len(data) > 22 and data[0] == 1:
        # ISO/IEC 14496-15, 8.3.3.1.2: numTemporalLayers in bits 3 to 5; 0 is unknown.
        length_bytes, layers = (data[21] & 3) + 1, data[21] >> 3 & 7
        return Reader(
            lambda packet: _hevc_look(packet, length_bytes, max(1, layers)),
            lambda packet: _hevc_begin(packet, length_bytes),
        )
    return None


def _units(data: memoryview | bytearray, length_bytes: int) -> Iterator[tuple[int, int]]:
    """Of each unit of a packet: where it is, and its first two bytes as a number."""
    place, end = 0, len(data)
    while place + length_bytes + 1 < end:
        size = int.from_bytes(data[place : place + length_bytes], "big")
        place += length_bytes
        yield place, data[place] << 8 | data[place + 1]
        place += size


def _h264_look(packet: Any, length_bytes: int) -> Role:
    # Rec. ITU-T H.264, 7.3.1: nal_ref_idc in bits 5 and 6, nal_unit_type in bits 0 to 4.
    heads = [head >> 8 for _, head in _units(memoryview(packet), length_bytes)]
    kinds = {head & 31 for head in heads}
    if kinds & {2, 3, 4, 20, 21} or not kinds & {1, 5}:
        raise UnfitError
    return Role(5 in kinds, any(head & 0x60 for head in heads if head & 31 in (1, 5)))


# Rec. ITU-T H.265, table 7-1. Pictures are types 0 to 31; RASL ones are shown before the CRA picture
# that they follow, and need what was decoded before it.
_RASL, _IDR, _CRA, _BLA_N_LP = {8, 9}, {19, 20}, 21, 18


def _hevc_look(packet: Any, length_bytes: int, layers: int) -> Role:
    # 7.3.1.2: nal_unit_type in bits 9 to 14, nuh_layer_id in bits 3 to 8 (0 but for a second eye),
    # and nuh_temporal_id_plus1 in bits 0 to 2.
    heads = [head for _, head in _units(memoryview(packet), length_bytes) if not head & 0x1F8]
    kinds = {head >> 9 & 63 for head in heads} & set(range(32))
    heights = {head & 7 for head in heads if head >> 9 & 63 < 32}
    if not kinds or max(heights) > layers:
        raise UnfitError
    is_open = kinds == {_CRA}
    return Role(
        begins=is_open or bool(kinds & _IDR),
        # Even ones up to 14 are referred to by none of their own temporal layer, and by none below.
        is_needed=max(heights) < layers or not all(kind <= 14 and kind % 2 == 0 for kind in kinds),
        is_open=is_open,
        leads=kinds <= _RASL,
    )


def _hevc_begin(packet: Any, length_bytes: int) -> bytes:
    """Make a CRA picture one that a decoder begins with wherever it stands, as a splicer does."""
    data = bytearray(packet)
    for place, head in _units(data, length_bytes):
        if head >> 9 & 63 == _CRA:
            data[place] = data[place] & 0x81 | _BLA_N_LP << 1
    return bytes(data)


def _vp9_look(packet: Any) -> Role:
    # VP9 bitstream specification, 7.2: the mark of a frame, its profile, whether it shows another
    # again, and whether it is no key frame. A key frame replaces all that could be referred to.
    head = memoryview(packet)[0]
    if head >> 6 != 2 or head & 0x30 == 0x30:
        raise UnfitError
    return Role(begins=not head & 0x0C, is_needed=True)


_AV1_FRAME_HEADER, _AV1_FRAME = 3, 6


def _av1_look(packet: Any) -> Role:
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
            return Role(begins=data[place] & 0xF0 == 0x10, is_needed=True)
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
