"""What a workspace draws of a film's length: a strip of pictures, and how loud it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MediaDamaged
from workbench.workspace.services import Services, make_folder

if TYPE_CHECKING:
    from workbench.media.asset import Asset
    from workbench.media.frames.strips import Strip
    from workbench.media.sound.waveform import Waveform

STRIP_RECIPE = SOUND_RECIPE = 1
"""Part of the files' names: another recipe makes new files."""

SHORT_BY_S = 2.0
"""A proxy that ends earlier than its source by more than this does not show all of it."""


class StripWork(Services):
    """Made once for an asset, kept beside the posters, and cleaned up with them."""

    def strip(self, asset_id: str) -> "Strip":
        """Small pictures spread evenly over a film, from a proxy where there is one.

        Raises:
            NotInLibrary: There is no such asset.
            MediaError: The file is gone, has changed, or has no moving pictures.
            DiskFull: There is no room.
        """
        from workbench.library.imports.sources import reading_source
        from workbench.media.frames.strips import make_strip, read_strip

        asset = self.store.asset(asset_id)
        target = self._beside_posters(asset, f"strip{STRIP_RECIPE}.jpg")
        try:
            return read_strip(target)
        except MediaDamaged:
            pass  # not made yet, or not whole
        # The preview has a key frame every two seconds, the models' copy every ten.
        if source := self._copy_of(asset, ("preview", "nova")):
            return make_strip(asset, target, source=source)
        with reading_source(self.store, asset):
            return make_strip(asset, target)

    def waveform(self, asset_id: str) -> "Waveform":
        """How loud a film or recording is; 1,000 times as fast as it plays when it is made.

        Raises:
            NotInLibrary: There is no such asset.
            MediaError: The file is gone, has changed, or has no sound.
            DiskFull: There is no room.
        """
        from workbench.library.imports.sources import reading_source
        from workbench.media.sound.waveform import load_waveform, read_waveform, save_waveform

        asset = self.store.asset(asset_id)
        target = self._beside_posters(asset, f"sound{SOUND_RECIPE}.json")
        try:
            return load_waveform(target)
        except MediaDamaged:
            pass  # not made yet, or not whole
        if source := self._copy_of(asset, ("audio",)):
            waveform = read_waveform(asset, source=source)
        else:
            with reading_source(self.store, asset):
                waveform = read_waveform(asset)
        save_waveform(waveform, target)
        return waveform

    def _beside_posters(self, asset: "Asset", name: str) -> Path:
        folder = self.data_dir / "posters" / asset.id[:2]
        make_folder(folder)
        return folder / f"{asset.id}_{name}"

    def _copy_of(self, asset: "Asset", specs: tuple[str, ...]) -> Path | None:
        proxies = {proxy.spec: proxy for proxy in self.store.proxies(asset.id)}
        for spec in specs:
            proxy = proxies.get(spec)
            if (
                proxy is not None
                and asset.duration_s - proxy.duration_s <= SHORT_BY_S
                and proxy.path.is_file()
            ):
                return proxy.path
        return None
