"""Make proxies again that are there: the old file stays until the new one is whole.

New files are made in a folder beside and take the place of the old ones by renaming, so that a
call which is about to read a proxy or a piece of it finds the old bytes or the new ones, and a
path that somebody was given never leads nowhere.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.errors import MediaError, RequestError
from workbench.library.proxies.making import ProxyWork
from workbench.media.asset import Proxy
from workbench.media.outputs import atomic_output
from workbench.media.timecode import TimeSpan
from workbench.media.video.proxy import cut_chunk

PREFIX = ".again-"

LEFT_BEHIND_S = 86_400.0
"""Nobody makes proxies for longer than a day without writing to their folder."""

_CHUNK = re.compile(r"_(\d+)-(\d+)$")


@dataclass(frozen=True, slots=True)
class Anew:
    """A place beside the library's own where proxies are made without finding the old ones."""

    work: ProxyWork
    """Makes proxies there."""
    data_dir: Path
    """Where they belong."""

    @classmethod
    @contextmanager
    def beside(cls, work: ProxyWork) -> Iterator["Anew"]:
        """Such a place; it is gone at the end with whatever is still in it.

        Raises:
            RequestError: The data folder cannot be written to.
        """
        _remove_left_behind(work.data_dir)
        try:
            scratch = tempfile.TemporaryDirectory(prefix=PREFIX, dir=work.data_dir)
        except OSError as error:
            raise RequestError(
                f"{work.data_dir} cannot be written to: {error.strerror}",
                hint="choose a folder you may write to",
            ) from error
        with scratch as folder:
            yield cls(replace(work, data_dir=Path(folder)), work.data_dir)

    def put(self, proxy: Proxy) -> Proxy:
        """Move a finished proxy, and the pieces that were cut of it, to where they belong.

        Raises:
            DiskFull: There is no room.
            RequestError: The folder cannot be written to.
        """
        self._cut_again(proxy)
        name = proxy.path.stem
        target = self._place(proxy.path)
        for made in sorted(self.work.data_dir.rglob("*")):
            if made.is_file() and made != proxy.path and made.stem.startswith(f"{name}_"):
                self._move(made)
        self._move(proxy.path)
        return replace(proxy, path=target)

    def _cut_again(self, proxy: Proxy) -> None:
        """Cut the pieces there are out of the new proxy as well."""
        chunks = self._place(proxy.path).parent / "chunks"
        for old in chunks.glob(f"{proxy.path.stem}_*"):
            if not (span := _CHUNK.search(old.stem)):
                continue
            # What begins after the end of the new one is of no use to anybody.
            with suppress(MediaError, RequestError):
                cut_chunk(
                    proxy,
                    TimeSpan(float(span[1]), float(span[2])),
                    self.work.data_dir / chunks.relative_to(self.data_dir),
                )

    def _place(self, made: Path) -> Path:
        return self.data_dir / made.relative_to(self.work.data_dir)

    def _move(self, made: Path) -> None:
        with atomic_output(self._place(made)) as temporary:
            shutil.move(made, temporary)


def _remove_left_behind(data_dir: Path) -> None:
    """Remove what a run that was killed has left."""
    for folder in data_dir.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - LEFT_BEHIND_S:
                shutil.rmtree(folder)
