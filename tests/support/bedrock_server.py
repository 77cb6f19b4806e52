"""A Bedrock on loopback that speaks the real wire protocol, for tests and trials.

It checks every request the way the service would, answers analyse requests plausibly, keeps a log
of what came in, and fails on command.

    with BedrockServer() as server:
        server.script(error("ThrottlingException"), error("ThrottlingException"))
        ...                                  # point WORKBENCH_BEDROCK_ENDPOINT_URL at server.url
        assert server.answered == 1

By itself: `python tests/support/bedrock_server.py --port 8600 --delay-s 2 --log calls.jsonl`.
"""

import argparse
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.support.bedrock_handler import Call, Handler
from tests.support.bedrock_rules import ReadS3, Received
from tests.support.bedrock_steps import (
    STATUSES,
    billed_at,
    cut_in_stream,
    empty,
    ends_early,
    error,
    error_in_stream,
    garbled_in_stream,
    hang_in_stream,
    says,
    stopped,
    tool_input,
)
from tests.support.loopback import credentials_for_tests
from tests.support.nova_answers import answer_to
from tests.support.steps import Step, SteppedServer, cut, cut_in_reply, garbled, hang

__all__ = [
    "STATUSES",
    "BedrockServer",
    "Call",
    "Step",
    "billed_at",
    "credentials_for_tests",
    "cut",
    "cut_in_reply",
    "cut_in_stream",
    "empty",
    "ends_early",
    "error",
    "error_in_stream",
    "garbled",
    "garbled_in_stream",
    "hang",
    "hang_in_stream",
    "says",
    "stopped",
    "tool_input",
]


class BedrockServer(SteppedServer[Call]):
    """The server: started by `with`, or by `start`."""

    def __init__(
        self,
        *,
        port: int = 0,
        delay_s: float = 0.0,
        log: Path | None = None,
        answer: Callable[[Received], dict[str, Any]] = answer_to,
    ) -> None:
        super().__init__(Handler, port=port)
        self.delay_s = delay_s
        """Seconds every answer takes."""
        self.answer = answer
        self.read_s3: ReadS3 | None = None
        """Opens an object in S3; without, requests that name one are refused."""
        self.most_at_once = 0
        """Most requests that were under way at the same moment."""
        self._log = log
        self._under_way = 0
        self._started = time.monotonic()

    def reset(self) -> None:
        """Forget the log, the script and the delay."""
        self.forget()
        with self._lock:
            self.delay_s = 0.0
            self.read_s3 = None
            self.most_at_once = 0

    @property
    def under_way(self) -> int:
        """How many requests are being answered at this moment."""
        with self._lock:
            return self._under_way

    @property
    def refused(self) -> tuple[Call, ...]:
        """Those that broke a rule."""
        return tuple(call for call in self.calls if call.outcome == "refused")

    def enter(self) -> None:
        """A request is under way."""
        with self._lock:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)

    def leave(self) -> None:
        """It is no more."""
        with self._lock:
            self._under_way -= 1

    def note(self, call: Call) -> None:
        """Write a request into the log."""
        with self._lock:
            call = replace(call, number=len(self._calls) + 1, at_s=time.monotonic() - self._started)
            self._calls.append(call)
            if self._log:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(call)) + "\n")


def main(arguments: Iterable[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    chosen = parser.parse_args(list(arguments) if arguments is not None else None)
    with BedrockServer(port=chosen.port, delay_s=chosen.delay_s, log=chosen.log) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
