"""A log line is one JSON object that a program can read."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

START = "import logging; from workbench.logs import *; log_json_lines('WARNING', worker='w1')\n"


def logged(project: Path, script: str) -> list[dict[str, Any]]:
    """What a process logs that logs as a worker does."""
    done = subprocess.run(
        [sys.executable, "-c", START + script],
        cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_an_event_is_told_whatever_the_level(project):
    facts = {"job": "j1", "usd": "0.01", "s": 1.5, "label": "Vortrag Ü\n2"}
    (line,) = logged(project, f"log_event('call.answered', {facts})")
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "info", "worker": "w1", "event": "call.answered", **facts}


def test_other_messages_keep_to_the_level(project):
    script = "log = logging.getLogger('some.where'); log.info('no'); log.warning('%d of %d', 1, 2)"
    (line,) = logged(project, script)
    assert (line["message"], line["logger"]) == ("1 of 2", "some.where")


def test_a_fault_is_one_line_with_its_trace(project):
    script = "try: int('nothing')\nexcept ValueError: logging.getLogger('x').exception('a fault')"
    (line,) = logged(project, script)
    assert line["message"] == "a fault"
    assert line["trace"].startswith("Traceback")
    assert "nothing" in line["trace"]
