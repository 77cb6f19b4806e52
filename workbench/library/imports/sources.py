"""The file an asset was imported from: is it still there, and still the same bytes?

An asset is its bytes, so nothing that is read from another file may be kept under its id. Size and
time of change tell; no byte is read. What was read counts only if this is asked again afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workbench.errors import MediaError, MediaMissing, ToolError
from workbench.library.store import Store
from workbench.library.store.assets import fingerprint
from workbench.media.asset import Asset


def require_source(store: Store, asset: Asset) -> None:
    """Check that an asset's file is the one that was imported.

    Raises:
        MediaMissing: It is gone.
        MediaError: It has changed since.
    """
    if fingerprint(asset.path) is None:
        raise MediaMissing(
            f"{asset.name} is no longer in {asset.path.parent}",
            hint="put it back, or import it from where it is now",
        )
    known = store.asset_by_path(asset.path)
    if known is None or known.id != asset.id:
        raise MediaError(
            f"{asset.name} has changed since it was imported",
            hint=f"import it again: workbench import {asset.path}",
        )


@contextmanager
def reading_source(store: Store, asset: Asset) -> Iterator[None]:
    """Do something with an asset's file; it is for nothing if the file did not stay what it is.

    Raises:
        MediaMissing: The file is gone.
        MediaError: It has changed since it was imported.
    """
    require_source(store, asset)
    try:
        yield
    except (MediaError, ToolError):
        # A film that is damaged because it is being written over has changed.
        require_source(store, asset)
        raise
    require_source(store, asset)


@dataclass(frozen=True, slots=True)
class SourceKeep:
    """Keeps what was measured on an asset, if it was measured on the file that was imported."""

    store: Store
    asset: Asset

    def load(self, asset_id: str, signal: str, version: str) -> str | None:
        """What was saved under these three names, or None."""
        return self.store.load(asset_id, signal, version)

    def save(self, asset_id: str, signal: str, version: str, json_text: str) -> None:
        """Keep a measurement.

        Raises:
            MediaError: The file is gone or has changed.
        """
        require_source(self.store, self.asset)
        self.store.save(asset_id, signal, version, json_text)
