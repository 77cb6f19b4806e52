"""What any model on loopback can be told to do instead of answering a request."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from tests.support.loopback import LoopbackHandler, LoopbackServer


@dataclass(frozen=True)
class Step:
    """What to do with one request instead of answering it."""

    name: str
    status: int = 200
    seconds: float = 0.0
    payload: Any = None
    after: int = 0
    """Events of a stream that are sent before."""
    headers: dict[str, str] = field(default_factory=dict)


def hang(seconds: float = 3600) -> Step:
    """Take the request and say nothing for so long; then answer."""
    return Step("hang", seconds=seconds)


def cut() -> Step:
    """Close the connection without a word."""
    return Step("cut")


def cut_in_reply() -> Step:
    """Close the connection in the middle of the reply."""
    return Step("cut_in_reply")


def garbled(status: int = 200) -> Step:
    """Send something that is not JSON, as a proxy in between might."""
    return Step("garbled", status)


class Billed(Protocol):
    """A request in the log."""

    @property
    def output_tokens(self) -> int: ...


Call = TypeVar("Call", bound=Billed)


class SteppedServer(LoopbackServer, Generic[Call]):
    """A server that keeps a log of its calls, and plays steps."""

    def __init__(self, handler: "type[LoopbackHandler[Any]]", *, port: int = 0) -> None:
        super().__init__(handler, port=port)
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._steps: deque[Step | None] = deque()
        self._always: Step | None = None

    def forget(self) -> None:
        """Begin with an empty log and an empty script."""
        with self._lock:
            self._calls.clear()
            self._steps.clear()
            self._always = None

    def script(self, *steps: Step | None) -> None:
        """Play these steps for the next requests that keep the rules, one each; None answers."""
        with self._lock:
            self._steps.extend(steps)

    def always(self, step: Step | None) -> None:
        """Play this step whenever the script is empty; None to answer again."""
        with self._lock:
            self._always = step

    @property
    def calls(self) -> tuple[Call, ...]:
        """Everything that came in, in order of arrival's end."""
        with self._lock:
            return tuple(self._calls)

    @property
    def received(self) -> int:
        """How many requests came in."""
        return len(self.calls)

    @property
    def answered(self) -> int:
        """How many were answered, and so would be billed."""
        return sum(1 for call in self.calls if call.output_tokens)

    def next_step(self) -> Step | None:
        """What to do with a request instead of answering it."""
        with self._lock:
            return self._steps.popleft() if self._steps else self._always

    def note(self, call: Call) -> None:
        """Write a request into the log."""
        with self._lock:
            self._calls.append(call)
