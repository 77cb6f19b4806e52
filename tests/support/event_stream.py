"""The framing of event streams, and a Converse answer as the events of ConverseStream.

A message: total length, length of headers, CRC-32 of those eight bytes, headers, payload, CRC-32 of
all before it; big-endian. A header: length of its name, name, type 7 (letters), length, value.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

CONTENT_TYPE = "application/vnd.amazon.eventstream"
PIECE_LETTERS = 60
"""Letters of an answer in one event."""

_LETTERS = 7


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One framed message."""
    packed = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", _LETTERS, len(value))
        + value.encode()
        for name, value in headers.items()
    )  # fmt: skip
    start = struct.pack("!II", 16 + len(packed) + len(payload), len(packed))
    framed = start + struct.pack("!I", zlib.crc32(start)) + packed + payload
    return framed + struct.pack("!I", zlib.crc32(framed))


def event(name: str, body: Mapping[str, Any]) -> bytes:
    """An event; the letters in `p` only hide its length, as the service does."""
    return message(
        {":event-type": name, ":content-type": "application/json", ":message-type": "event"},
        json.dumps({**body, "p": "abcdefghijk"}).encode(),
    )


def exception(name: str, words: str) -> bytes:
    """An error inside of a stream; its name begins with a small letter there."""
    return message(
        {
            ":exception-type": name[:1].lower() + name[1:],
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        json.dumps({"message": words}).encode(),
    )


def converse_events(body: Mapping[str, Any]) -> list[bytes]:
    """A Converse answer in pieces; the last one, with what is billed, is `metadata`."""
    events = [event("messageStart", {"role": "assistant"})]
    for index, block in enumerate(body["output"]["message"]["content"]):
        if "toolUse" in block:
            used = block["toolUse"]
            start = {"toolUseId": used["toolUseId"], "name": used["name"]}
            events.append(
                event(
                    "contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": start}}
                )
            )
            given = used["input"]
            letters = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        else:
            letters = block["text"]
        for at in range(0, len(letters), PIECE_LETTERS):
            piece = letters[at : at + PIECE_LETTERS]
            delta = {"toolUse": {"input": piece}} if "toolUse" in block else {"text": piece}
            events.append(event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}))
        events.append(event("contentBlockStop", {"contentBlockIndex": index}))
    events.append(event("messageStop", {"stopReason": body["stopReason"]}))
    told = {name: body[name] for name in ("usage", "metrics", "serviceTier") if name in body}
    events.append(event("metadata", told))
    return events
