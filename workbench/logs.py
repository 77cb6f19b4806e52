"""Logs of processes nobody watches: one JSON object a line, so that a program can read them.

What happens to jobs and calls goes to the logger `workbench.events`, one line an event. A fact is a
name, a number or an id; never a prompt, a transcript or a credential.
"""

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

Fact = str | int | float | bool | None
"""What a line may say about an event."""

events = logging.getLogger("workbench.events")
"""Where every event of a job is told, at level INFO."""


def log_event(event: str, facts: Mapping[str, Fact] | None = None) -> None:
    """Write one line about something that happened.

    Args:
        event: A word with a dot: `job.started`, `call.answered`.
        facts: What is known about it.
    """
    events.info("%s", event, extra={"event": event, "facts": dict(facts or {})})


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: `at`, `level`, `event` or `message`, and its facts.

    Args:
        always: Facts that go into every line, such as the name of the process.

    Example:
        >>> record = logging.LogRecord("workbench", logging.INFO, "", 1, "%d done", (3,), None)
        >>> json.loads(JsonLines({"worker": "w1"}).format(record))["message"]
        '3 done'
    """

    def __init__(self, always: Mapping[str, Fact] | None = None) -> None:
        super().__init__()
        self._always = dict(always or {})

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"at": at, "level": record.levelname.lower(), **self._always}
        event = getattr(record, "event", None)
        if event is None:
            line |= {"logger": record.name, "message": record.getMessage()}
        else:
            line |= {"event": event, **getattr(record, "facts", {})}
        if record.exc_info:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json_lines(level: str = "WARNING", **always: Fact) -> None:
    """Log to standard error as JSON lines from now on; events are always told.

    Args:
        level: Least level of other messages: DEBUG, INFO, WARNING or ERROR.
        **always: Facts that go into every line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(always))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    events.setLevel(logging.INFO)
