"""The index server holds its folder's lock for as long as it lives, and no longer."""

import time

import pytest

from workbench.errors import LibraryBusy
from workbench.jobs.processes.supervisor import ensure_chroma, stop_services
from workbench.search.ownership import FolderLock, live_server


def test_a_folder_that_a_process_has_opened_gets_no_server(data_dir):
    folder = data_dir / "chroma"
    lock = FolderLock(folder)
    with pytest.raises(LibraryBusy):
        ensure_chroma(folder)
    lock.release()
    assert live_server(folder) is None


@pytest.mark.slow
def test_a_server_is_started_once_owns_the_folder_and_gives_it_back_at_its_end(data_dir):
    folder = data_dir / "chroma"
    first = ensure_chroma(folder)
    assert first.host == "127.0.0.1"
    assert ensure_chroma(folder) == first
    with pytest.raises(LibraryBusy):
        FolderLock(folder)
    stop_services(data_dir)
    assert live_server(folder) is None
    deadline = time.monotonic() + 10
    while True:
        try:
            FolderLock(folder).release()
            break
        except LibraryBusy:
            assert time.monotonic() < deadline
            time.sleep(0.1)
