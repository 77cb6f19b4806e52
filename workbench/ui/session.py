"""The one workspace of the app, opened on first use and closed when the server stops.

Pages, routes and the start-up hook share it: nothing else in the app opens the library.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    import streamlit as st

    from workbench.workspace import Workspace

LOOK_AFTER_S = 10.0
"""How often the app looks whether somebody does the jobs that wait, in seconds."""

LOG = logging.getLogger(__name__)


class _Opened:
    """The workspace of this process, behind a lock: two sessions may ask at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.workspace: Workspace | None = None


_opened = _Opened()


def workspace() -> "Workspace":
    """The app's workspace.

    Raises:
        SettingsError: A setting cannot be used.
        LibraryError: The library cannot be opened.
    """
    from workbench.workspace import Workspace

    with _opened.lock:
        if _opened.workspace is None:
            _opened.workspace = Workspace.open()
        return _opened.workspace


def close_workspace() -> None:
    """Close the workspace; the next use opens it again."""
    with _opened.lock:
        if _opened.workspace is not None:
            _opened.workspace.close()
        _opened.workspace = None


def _start_services() -> None:
    try:
        workspace().start_services()
    except WorkbenchError as error:
        # The app opens all the same: its pages show the trouble, Settings says what to do.
        LOG.warning("%s %s", error, error.hint)


def _replace_dead_worker() -> None:
    """Start a worker again that was killed; one that was stopped with nothing to do stays so."""
    try:
        counts = workspace().jobs.counts()
    except WorkbenchError:
        return  # the pages show the trouble
    if counts.keys() & {"waiting", "running"}:
        _start_services()


async def _look_after_services() -> None:
    await asyncio.to_thread(_start_services)
    while True:
        await asyncio.sleep(LOOK_AFTER_S)
        await asyncio.to_thread(_replace_dead_worker)


@contextlib.asynccontextmanager
async def lifespan(app: "st.App") -> AsyncIterator[None]:  # noqa: ARG001 - Starlette passes it
    """Keep the worker and the index server running beside the app; close the library at the end.

    Both may take seconds to start, so the first page does not wait for them.
    """
    looking = asyncio.create_task(_look_after_services())
    yield
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
    await asyncio.to_thread(close_workspace)
