"""Write what a comparison found into the user's own catalog file.

Only the part between two marks is written, and written anew each time. Everything else in the file
is the user's: it stays as it is, and a price that stands there wins over the price list.
"""

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.backends.catalog.check import CatalogCheck, CheckedModel
from workbench.backends.catalog.file import load_catalog
from workbench.errors import RequestError, SettingsError

BEGIN = "# >>> written by `workbench models --check`; the next check replaces it"
END = "# <<<"


def write_overlay(check: CatalogCheck, path: Path) -> int:
    """Write prices, new ids and lifecycles that were found into a catalog file.

    The file is replaced in one step, and only when it can be read as a catalog afterwards.

    Args:
        check: What was found.
        path: The user's own catalog file; it is made when it is not there.

    Returns:
        How many prices were written.

    Raises:
        RequestError: The file cannot be written, or is not one that can be added to.
    """
    try:
        if path.exists():
            load_catalog(path)
        text = overlay_text(check, path.read_text(encoding="utf-8") if path.exists() else "")
        _replace(path, text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, SettingsError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RequestError(
            f"{path} was left as it is: {reason}",
            hint="correct the file, or name another with --write",
        ) from None
    return text.partition(BEGIN)[2].count("[[models.")


def overlay_text(check: CatalogCheck, before: str = "") -> str:
    """The text of a catalog file with what was found.

    Args:
        check: What was found.
        before: The text of the file so far.

    Raises:
        tomllib.TOMLDecodeError: The text so far is not TOML.
    """
    own = _own_part(before)
    block = "\n".join(_block(check, tomllib.loads(own)))
    return f"{own}\n\n{block}\n" if own else f"{block}\n"


def _own_part(text: str) -> str:
    """The file without what was written before."""
    before, mark, rest = text.partition(BEGIN)
    if not mark:
        return text.strip("\n")
    return (before.rstrip("\n") + "\n" + rest.partition(END)[2]).strip("\n")


def _block(check: CatalogCheck, own: Mapping[str, Any]) -> Iterator[str]:
    yield BEGIN
    if not own:
        yield f"as_of = {check.checked_on}"
    their_models = own.get("models", {})
    for key, found in check.models.items():
        theirs = their_models.get(key, {})
        yield from _model_lines(check, key, found, theirs)
        yield from _price_lines(check, key, found, theirs)
    yield END


def _model_lines(
    check: CatalogCheck, key: str, found: CheckedModel, own: Mapping[str, Any]
) -> Iterator[str]:
    # A table may be opened once: where the user has opened it, it is the user's.
    if not (found.ids or found.is_legacy) or set(own) - {"prices"}:
        return
    yield f"\n# As Bedrock listed it in {check.region} on {check.checked_on}."
    yield f"[models.{key}]"
    if found.is_legacy:
        yield 'lifecycle = "legacy"'
    if found.ends:
        yield f"ends = {found.ends}"
    if found.ids:
        pairs = ", ".join(f'{route} = "{model_id}"' for route, model_id in found.ids.items())
        yield f"ids = {{ {pairs} }}"


def _price_lines(
    check: CatalogCheck, key: str, found: CheckedModel, own: Mapping[str, Any]
) -> Iterator[str]:
    kept = {
        (row.get("route"), tier)
        for row in own.get("prices", ())
        for tier in (row.get("tier", "standard"), *row.get("tiers", ()))
    }
    for (route, tier), rates in sorted(found.prices.items()):
        if (route, tier) in kept:
            continue
        yield f"\n[[models.{key}.prices]]"
        yield f'route = "{route}"'
        yield f'tier = "{tier}"'
        for part, usd in (
            ("input", rates.input), ("output", rates.output), ("cached", rates.cached)
        ):  # fmt: skip
            if usd is not None:
                yield f'{part}_usd_per_mtok = "{usd.normalize():f}"'
        yield f"as_of = {check.checked_on}"
        yield f'source = "AWS Price List API, {check.region}"'
        yield "verified = true"


def _replace(path: Path, text: str) -> None:
    """Put a text in place of a file, once it has been read as a catalog.

    Raises:
        OSError: There is no room, or no permission.
        SettingsError: The text is no catalog.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        load_catalog(new)
        new.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        new.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
