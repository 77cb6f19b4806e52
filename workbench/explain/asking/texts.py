"""What was written for a film, kept in its folder: to be read, changed, and gone on from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.backends.catalog.models import ModelInfo
from workbench.errors import LibraryDamaged
from workbench.explain.asking import prompts
from workbench.explain.asking.roles import Role
from workbench.explain.asking.writing import Draft, skipped_roles
from workbench.explain.request import FilmRequest
from workbench.jsonable import from_json, to_json
from workbench.media.outputs import atomic_output


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was asked: `question.json` in a film's folder."""

    request: FilmRequest
    models: Mapping[str, str]
    """Role → model id or key; empty for a stage whose text somebody has given."""
    prompt_hash: str
    """Wording of our prompts."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What was written for a film, as it is kept in its folder."""

    request: FilmRequest
    models: Mapping[str, str]
    """Role → model; empty for a stage whose text somebody has given."""
    explanation: str
    """Empty where nobody was asked for one."""
    refined: str
    problems: str
    """As Markdown."""


def read_texts(folder: Path) -> Texts | None:
    """Read what was written for a film; None for a film of anything but a question.

    Args:
        folder: The film's.

    Raises:
        LibraryDamaged: It cannot be read.
    """
    path = folder / "question.json"
    if not path.is_file():
        return None
    try:
        asked = from_json(Asked, path.read_bytes())
        texts = {
            name: (folder / f"{name}.md").read_text(encoding="utf-8").strip()
            for name in ("explanation", "refined", "problems")
            if (folder / f"{name}.md").is_file()
        }
    except (OSError, ValueError) as error:
        raise LibraryDamaged(
            f"what was written for the film {folder.name} cannot be read",
            hint="delete the film and make it again; what is kept is not paid again",
        ) from error
    return Texts(
        asked.request,
        asked.models,
        texts.get("explanation", ""),
        texts.get("refined", ""),
        texts.get("problems", ""),
    )


def write_texts(
    folder: Path, request: FilmRequest, draft: Draft, models: Mapping[Role, ModelInfo]
) -> None:
    """Write what the stages gave into a film's folder.

    Args:
        folder: The film's.
        request: The question.
        draft: What was written.
        models: Who did what.

    Raises:
        DiskFull: There is no room.
    """
    skipped = skipped_roles(request)
    by: dict[str, str] = {
        role: "" if role in skipped else model.key for role, model in models.items()
    }
    asked = Asked(request, by, prompts.prompt_hash())
    _write(folder / "question.json", to_json(asked, indent=2))
    if draft.explanation:
        _write(folder / "explanation.md", draft.explanation + "\n")
    _write(folder / "refined.md", draft.refined + "\n")
    _write(folder / "problems.md", problems_page(draft))


def problems_page(draft: Draft) -> str:
    """What was changed and found on the way, as Markdown."""
    parts = [
        ("Changed in refining", draft.changes),
        ("Found in the script by rules", draft.found),
        ("Found in the script by the model that checks it", draft.told),
        ("Left in the storyboard, by rules", draft.left),
        ("Notes", draft.notes),
    ]
    return "# Problems\n\n" + "\n".join(_part(title, lines) for title, lines in parts)


def _part(title: str, lines: Sequence[str]) -> str:
    listed = "\n".join(f"- {line}" for line in lines) or "Nothing."
    return f"## {title}\n\n{listed}\n"


def _write(path: Path, text: str) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
