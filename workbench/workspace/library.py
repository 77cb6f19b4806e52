"""What a workspace does with files: import, sample, thumbnails, and the library at a glance."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import NotInLibrary, RequestError
from workbench.media.asset import Asset, AssetKind
from workbench.progress import Progress, silent
from workbench.workspace.services import Services, make_folder

if TYPE_CHECKING:
    from workbench.library.imports.importer import FolderListing, ImportReport
    from workbench.library.overview import AssetCard, LibraryTotals
    from workbench.sample import Sample


class LibraryWork(Services):
    """Files in, and what there is."""

    def look_inside(self, folder: Path | str) -> "FolderListing":
        """List what an import of a folder would find, without reading the files."""
        from workbench.library.imports.importer import look_inside

        return look_inside(_named_path(folder), roots=self.settings.roots, exclude=(self.data_dir,))

    def import_media(
        self, paths: Sequence[Path | str], *, progress: Progress = silent
    ) -> "ImportReport":
        """Add files and folders to the library; nothing is moved or copied.

        Raises:
            RequestError: A path is an empty text.
        """
        from workbench.library.imports.importer import import_media

        return import_media(
            self.store,
            [_named_path(path) for path in paths],
            roots=self.settings.roots,
            exclude=(self.data_dir,),
            progress=progress,
        )

    def make_sample(self, *, progress: Progress = silent) -> "Sample":
        """Make the sample library in the data folder, once, and import it."""
        from workbench.sample import make_sample

        sample = make_sample(self.data_dir / "sample", progress=progress)
        self.import_media(sample.media)
        return sample

    def assets(self, kind: AssetKind | None = None) -> list[Asset]:
        """Everything in the library, newest first."""
        return self.store.assets(kind=kind)

    def asset(self, name: Path | str) -> Asset:
        """Find an asset by id, by path, or by a file name only one asset has.

        A file that is there is never taken for another of the same name.

        Raises:
            NotInLibrary: There is none, or the name fits several.
        """
        text = str(name)
        try:
            return self.store.asset(text)
        except NotInLibrary:
            pass
        path = existing_path(text)
        if found := self._asset_at(path or Path(text)):
            return found
        if path is not None:
            raise NotInLibrary(
                f"{text} is not in the library", hint=f"import it: workbench import {text}"
            )
        fitting = [a for a in self.store.assets(name_like=Path(text).name) if a.name == text]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise NotInLibrary(
                f"{len(fitting)} files are called {text}",
                hint="name it by id: " + ", ".join(asset.id for asset in fitting),
            )
        raise NotInLibrary(
            f"{text or 'an empty name'} is neither a file nor in the library",
            hint="check the path and the rights; `workbench list` shows what there is",
        )

    def _asset_at(self, path: Path) -> Asset | None:
        try:
            return self.store.asset_by_path(path)
        except (OSError, RuntimeError, ValueError):
            return None  # no path at all: too long, or of a user there is not

    def cards(self) -> list["AssetCard"]:
        """Every asset with its state, for the Library page."""
        from workbench.library.overview import cards

        return cards(self.store)

    def totals(self) -> "LibraryTotals":
        """What the library holds in all."""
        from workbench.library.overview import totals

        return totals(self.store)

    def poster(self, asset_id: str, at_s: float | None = None, width_px: int = 480) -> Path:
        """A small JPEG of a moment, made once; without a moment, one that stands for the whole.

        Raises:
            NotInLibrary: There is no such asset.
            MediaError: The file is gone, or holds no pictures.
        """
        from workbench.media.frames.moments import save_frame
        from workbench.media.frames.posters import save_poster

        asset = self.store.asset(asset_id)
        moment = None if at_s is None else min(at_s, asset.duration_s)
        what = "best" if moment is None else f"{moment:.2f}"
        target = self.data_dir / "posters" / asset.id[:2] / f"{asset.id}_{what}_{width_px}.jpg"
        if target.is_file():
            return target
        make_folder(target.parent)
        if moment is None:
            return save_poster(asset, target, width_px=width_px)
        return save_frame(asset, moment, target, width_px=width_px)

    def player_file(self, asset_id: str) -> Path:
        """The file a browser plays: the original where it can, else the preview proxy.

        Raises:
            NotInLibrary: There is no such asset, or no browser can play it and it has no preview.
        """
        from workbench.media.video.proxy import is_browser_playable

        asset = self.store.asset(asset_id)
        if asset.kind != "video" or is_browser_playable(asset):
            return asset.path
        for proxy in self.store.proxies(asset_id):
            if proxy.spec == "preview" and proxy.path.is_file():
                return proxy.path
        raise NotInLibrary(
            f"browsers cannot play {asset.name} as it is",
            hint="make a preview: select it on the Library page, or `workbench proxies`",
        )

    def captions(self, asset_id: str) -> str:
        """What was said as WebVTT text; empty when nothing was, or nobody has listened yet."""
        from workbench.speech.subtitles.files import write_vtt

        evidence = self.store.evidence(asset_id)
        if evidence is None or evidence.transcript is None or evidence.transcript.is_empty:
            return ""
        return write_vtt(evidence.transcript)


def existing_path(text: str) -> Path | None:
    """The path a text names, where something is there.

    Example:
        >>> existing_path("/"), existing_path(""), existing_path("no such file")
        (PosixPath('/'), None, None)
    """
    if not text.strip():
        return None
    try:
        path = Path(text).expanduser()
        path.stat()
    except (OSError, RuntimeError, ValueError):
        return None
    return path


def _named_path(path: Path | str) -> Path:
    # To Python an empty path is the current folder; to a script it is a variable that is not set.
    if not str(path).strip():
        raise RequestError("a path is empty", hint="name a file or a folder; `.` is this one")
    return Path(path)
