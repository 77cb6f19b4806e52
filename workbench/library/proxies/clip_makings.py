"""Proxies that are made in the background while the first pieces of them are already asked about.

A piece is given out as soon as its pictures are there. Two runs that want pieces of the same film
wait for one making.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from workbench.library.imports.sources import require_source
from workbench.media.asset import Asset, Proxy
from workbench.media.timecode import TimeSpan
from workbench.media.video.clips import cut_chunk
from workbench.progress import Progress

if TYPE_CHECKING:
    from workbench.library.proxies.making import ProxyWork

POLL_S = 0.5
"""How often a run that waits is asked whether it goes on."""

_Key = tuple[Path, str, str]

_running: dict[_Key, "_Making"] = {}
_lock = threading.Lock()


class _GivenUpError(Exception):
    """Nobody wants what is being made any more."""


class ClipMakings:
    """The proxies that one run has made in the background.

    Use it as a context. Left as usual, it waits until they are whole; left by an exception, those
    that no other run waits for are given up.
    """

    def __init__(self) -> None:
        self._used: dict[_Key, _Making] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        with _lock:
            used = list(self._used.values())
            for making in used:
                making.users -= 1
                making.is_given_up = kind is not None and not making.users
        for making in used:
            if kind is None or making.is_given_up:
                making.thread.join()

    def clip(
        self,
        work: "ProxyWork",
        asset: Asset,
        spec: str,
        span: TimeSpan,
        *,
        spans: Sequence[TimeSpan],
        progress: Progress,
    ) -> Path:
        """A piece of a proxy, as soon as it is there.

        Args:
            work: Where proxies are kept.
            asset: What the proxy is of.
            spec: Which proxy.
            span: The piece.
            spans: All pieces that will be wanted, for a proxy that is not made yet.
            progress: Told about the making while it is waited for; what it raises ends the wait.

        Raises:
            MediaError: The original cannot be used, or is not what was imported any more.
            DiskFull: There is no room.
        """
        proxy = work.existing(asset, spec)
        if proxy is None:
            making = self._join(work, asset, spec, spans)
            path = making.wait(span, progress)
            if path is not None:
                require_source(work.store, asset)
                return path
            proxy = work.make(asset, spec, progress)
        return cut_chunk(proxy, span, work.clip_folder)

    def _join(
        self, work: "ProxyWork", asset: Asset, spec: str, spans: Sequence[TimeSpan]
    ) -> "_Making":
        key = (work.data_dir, asset.id, spec)
        with _lock:
            if key in self._used:
                return self._used[key]
            making = _running.get(key)
            if making is None or making.is_given_up:
                making = _running[key] = _Making(key, work, asset, spec, spans)
                making.thread.start()
            making.users += 1
            self._used[key] = making
            return making


class _Making:
    """One proxy that is being made."""

    def __init__(
        self, key: _Key, work: "ProxyWork", asset: Asset, spec: str, spans: Sequence[TimeSpan]
    ) -> None:
        self.users = 0
        self.is_given_up = False
        self.thread = threading.Thread(target=self._run, name=f"proxy {asset.name}", daemon=True)
        self._key = key
        self._work, self._asset, self._spec, self._spans = work, asset, spec, spans
        self._changed = threading.Condition()
        self._clips: dict[TimeSpan, Path] = {}
        self._said: tuple[int, int, str] | None = None
        self._fault: BaseException | None = None
        self._is_over = False

    def wait(self, span: TimeSpan, progress: Progress) -> Path | None:
        """Wait for a piece; None where all of the proxy is there and the piece has to be cut."""
        while True:
            with self._changed:
                if span in self._clips:
                    return self._clips[span]
                if self._fault is not None:
                    raise self._fault
                if self._is_over:
                    return None
                self._changed.wait(POLL_S)
                said = self._said
            if said is not None:
                # Also where nothing has changed: it may raise to end the wait.
                progress(*said)

    def _run(self) -> None:
        fault: BaseException | None = None
        try:
            self._made()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            fault = error
        with _lock:
            if _running.get(self._key) is self:
                del _running[self._key]
        with self._changed:
            self._fault, self._is_over = fault, True
            self._changed.notify_all()

    def _made(self) -> Proxy:
        return self._work.make(
            self._asset, self._spec, self._tell, clips=self._spans, on_clip=self._note
        )

    def _note(self, span: TimeSpan, path: Path) -> None:
        with self._changed:
            self._clips[span] = path
            self._changed.notify_all()

    def _tell(self, done: int, total: int, stage: str) -> None:
        if self.is_given_up:
            raise _GivenUpError
        with self._changed:
            self._said = done, total, stage
