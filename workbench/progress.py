"""How work says where it is: a callback with done, total and the name of the stage.

Progress is a count of things finished, never an invented percent.
"""

from typing import Protocol


class Progress(Protocol):
    """Called when a unit of work is finished or a stage begins."""

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Say that `done` of `total` units are finished and `stage` is under way."""
        ...


def silent(done: int, total: int, stage: str) -> None:
    """Say nothing."""
