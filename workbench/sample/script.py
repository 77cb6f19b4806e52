"""What the sample talk says and shows, as written in `script.toml`.

The script is data: parts, each with shots, each with a picture and the sentences spoken over it.
"""

import functools
import tomllib
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field


class _ScriptPiece(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ShotPlan(_ScriptPiece):
    """One picture and what is said while it is on the screen."""

    picture: str
    """A name in `pictures.PICTURES`."""
    shows: tuple[str, ...] = ()
    """Equipment that can be seen, by the first of its names."""
    say: tuple[str, ...] = Field(min_length=1)
    """Sentences, in order."""


class Part(_ScriptPiece):
    """A chapter of the talk."""

    title: str
    subtitle: str
    shots: tuple[ShotPlan, ...] = Field(alias="shot", min_length=1)


class EquipmentNames(_ScriptPiece):
    """A piece of equipment in the talk, with the words that say it."""

    names: tuple[str, ...] = Field(min_length=1)
    category: str
    is_key: bool = False
    """Should an analysis find it?"""


class Script(_ScriptPiece):
    """The whole talk."""

    version: int
    """Raised when the words or pictures change, so that a kept sample is made again."""
    name: str
    parts: tuple[Part, ...] = Field(alias="part", min_length=1)
    equipment: tuple[EquipmentNames, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Everything that is said, in order."""
        return tuple(s for part in self.parts for shot in part.shots for s in shot.say)


@functools.lru_cache(maxsize=1)
def script_text() -> str:
    """The text of `script.toml`."""
    return resources.files("workbench.sample").joinpath("script.toml").read_text(encoding="utf-8")


@functools.lru_cache(maxsize=1)
def load_script() -> Script:
    """Read the script that comes with the package.

    Example:
        >>> [part.title for part in load_script().parts][1]
        'How a centrifugal pump works'
    """
    return Script.model_validate(tomllib.loads(script_text()))
