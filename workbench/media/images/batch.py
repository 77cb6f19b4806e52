"""Make the smaller copies of many pictures, several at a time.

Pillow lets other threads run while it decodes, resizes and encodes, so threads do what processes
would, and each holds one picture.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path

from workbench.errors import MediaError, WorkbenchError
from workbench.media.asset import Asset, Proxy
from workbench.media.images.proxy import image_spec, make_image_proxy

MOST_THREADS = 4
"""More than four gain nothing that a disk and the memory of four pictures would not cost."""

Around = Callable[[Asset], AbstractContextManager[object]]


def usual_threads() -> int:
    """One for each core this process may use, at most `MOST_THREADS`."""
    return max(1, min(MOST_THREADS, len(os.sched_getaffinity(0))))


def make_image_proxies(
    assets: Iterable[Asset],
    spec: str,
    folder: Path,
    *,
    threads: int = 0,
    around: Around = lambda _asset: nullcontext(),
) -> Iterator[tuple[Asset, Proxy | WorkbenchError]]:
    """Make one proxy of each picture, as `make_image_proxy`, and tell of each when it is finished.

    A picture that cannot be done does not stop the others. Whoever stops asking stops the work:
    pictures that are begun are finished, no other is begun. After `DiskFull` that is wise.

    Args:
        assets: Pictures; they are taken one by one as threads get free.
        spec: As for `make_image_proxy`.
        folder: Where the proxies go.
        threads: Pictures at a time, 1 or more; 0 for one for each core, at most `MOST_THREADS`.
        around: Entered in the thread around the making of each proxy; where it says at its end
            that the picture is not what it was, by a `MediaError`, the proxy is removed.

    Yields:
        Each asset with its proxy, or with the error that says why it has none, in the order in
        which they are finished.

    Raises:
        RequestError: There is no such spec.
    """
    image_spec(spec)
    return _finished(iter(assets), spec, folder, threads or usual_threads(), around)


def _finished(
    assets: Iterator[Asset], spec: str, folder: Path, threads: int, around: Around
) -> Iterator[tuple[Asset, Proxy | WorkbenchError]]:
    running: set[Future[tuple[Asset, Proxy | WorkbenchError]]] = set()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="picture")
    try:
        while True:
            # One more than there are threads: none waits while the caller looks at a result.
            for asset in islice(assets, threads + 1 - len(running)):
                running.add(pool.submit(_one, asset, spec, folder, around))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one(
    asset: Asset, spec: str, folder: Path, around: Around
) -> tuple[Asset, Proxy | WorkbenchError]:
    made: Proxy | None = None
    try:
        with around(asset):
            made = make_image_proxy(asset, spec, folder)
    except MediaError as error:
        if made is not None:
            # It may show another picture than its name says.
            made.path.unlink(missing_ok=True)
        return asset, error
    except WorkbenchError as error:
        return asset, error
    return asset, made
