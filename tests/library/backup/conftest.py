"""A library with something of everything, and its backup."""

from pathlib import Path

import pytest

from tests.support.small_library import fill
from workbench.jobs.keeping.backup import BackupReport, make_backup
from workbench.library.store import Store


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "backups" / "library.zip"


@pytest.fixture
def library(store: Store, data_dir: Path, make_asset, make_analysis, measured) -> Store:
    fill(store, data_dir, make_asset, make_analysis, measured)
    return store


@pytest.fixture
def backup(library: Store, data_dir: Path, target: Path) -> BackupReport:
    return make_backup(data_dir, library, target)
