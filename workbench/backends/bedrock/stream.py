"""ConverseStream: an answer that comes piece by piece, put together as Converse would give it.

What a reply is billed by comes last of all. A stream that ends before that is no reply: it may
have been billed, and nobody can say how much.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.backends.bedrock.errors import UNREADABLE, CallFailure, failure_of

SILENCE_S = 900.0
"""Seconds without a byte after which a stream is given up (our choice). Only the reading of the
media comes before the first piece; a whole answer may take four times as long."""

Event = Mapping[str, Any]


@dataclass(slots=True)
class Gathered:
    """The pieces of one answer so far."""

    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Number of a block of content → the block; the input of a tool is letters until it is whole."""
    stop_reason: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def texts(self, events: Iterable[Event]) -> Iterator[str]:
        """Take in events; gives each piece of text as it comes."""
        for name, told in (item for event in events for item in event.items()):
            if name == "contentBlockStart" and "toolUse" in told.get("start", {}):
                self._block(told, {"toolUse": {**told["start"]["toolUse"], "input": ""}})
            elif name == "contentBlockDelta":
                delta = told.get("delta", {})
                if "toolUse" in delta:
                    block = self._block(told, {"toolUse": {"input": ""}})
                    block["toolUse"]["input"] += delta["toolUse"].get("input", "")
                elif "text" in delta:
                    self._block(told, {"text": ""})["text"] += delta["text"]
                    yield delta["text"]
            elif name == "messageStop":
                self.stop_reason = str(told.get("stopReason", ""))
            elif name == "metadata":
                self.metadata = told

    def _block(self, told: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        return self.blocks.setdefault(told.get("contentBlockIndex", 0), new)

    def response(self) -> dict[str, Any] | None:
        """The answer as `converse` gives it; None while something is missing."""
        if not self.stop_reason or "usage" not in self.metadata:
            return None
        content = [_whole(block) for _, block in sorted(self.blocks.items())]
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": self.stop_reason,
            **self.metadata,
        }


def _whole(block: dict[str, Any]) -> dict[str, Any]:
    """A block with its tool's input read; one that is no JSON is words, to be put right."""
    if "toolUse" not in block:
        return block
    letters = block["toolUse"]["input"]
    try:
        return {"toolUse": {**block["toolUse"], "input": json.loads(letters or "{}")}}
    except ValueError:
        return {"text": letters}


def converse_by_stream(client: Any, call: dict[str, Any]) -> dict[str, Any] | CallFailure:
    """Send a call with `converse_stream` and wait for all of its answer.

    Args:
        client: A client of `bedrock-runtime`.
        call: The arguments of `converse`; those of the stream are the same.

    Returns:
        The reply as `converse` gives it, or what went wrong once the stream had begun.

    Raises:
        ClientError: The service refused before the stream began.
        BotoCoreError: It could not be reached.
    """
    from botocore.eventstream import ParserError
    from botocore.exceptions import EventStreamError, ReadTimeoutError, ResponseStreamingError
    from urllib3.exceptions import HTTPError
    from urllib3.exceptions import ReadTimeoutError as SocketTimeout

    gathered = Gathered()
    stream = client.converse_stream(**call)["stream"]
    try:
        for _ in gathered.texts(stream):
            pass
    except EventStreamError as error:
        failure = failure_of(error)
        return _broken(failure) if gathered.blocks else failure
    except (HTTPError, OSError) as error:
        # botocore gives a stream's own errors of the network through as they are.
        kind = ReadTimeoutError if isinstance(error, SocketTimeout) else ResponseStreamingError
        return failure_of(kind(endpoint_url=client.meta.endpoint_url, error=error))
    except ParserError:
        return UNREADABLE
    finally:
        stream.close()
    return gathered.response() or UNREADABLE


def _broken(failure: CallFailure) -> CallFailure:
    """A failure in the middle of an answer: what had come by then may be billed."""
    sends = min(failure.policy.sends, UNREADABLE.policy.sends)
    return replace(failure, policy=replace(failure.policy, sends=sends), may_be_billed=True)
