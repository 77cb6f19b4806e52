"""Make the proxies of a plan: pictures side by side, videos one after the other.

A file that cannot be done is reported and the rest goes on. What is finished is kept at once, so
whoever is interrupted goes on where it was. All of it steps back behind other work of the machine.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import cast

from workbench.analysis.results import Failure
from workbench.errors import WorkbenchError
from workbench.library.imports.sources import reading_source
from workbench.library.proxies.again import Anew
from workbench.library.proxies.making import PREVIEW_SPEC, ProxyWork
from workbench.library.proxies.plan import PlannedProxy, ProxyPlan, share_of_time
from workbench.media.asset import Asset, Proxy
from workbench.media.images.batch import make_image_proxies
from workbench.media.priority import step_back
from workbench.progress import Progress, silent

Left = Callable[[float], None]
"""Told how many seconds are left, before the progress that it goes with."""


@dataclass(frozen=True, slots=True)
class ProxyReport:
    """What came of making proxies."""

    made: tuple[Proxy, ...]
    known: tuple[Proxy, ...]
    """Made before."""
    failed: tuple[Failure, ...]
    bytes_before: int
    """Bytes of the originals of the proxies made for models."""
    bytes_after: int
    """Bytes of those proxies."""
    unfit: tuple[str, ...] = ()
    """Files the spec is not for."""
    later: int = 0
    """Missing ones that were left for another time."""


def make_proxies(
    work: ProxyWork, plan: ProxyPlan, progress: Progress = silent, left: Left | None = None
) -> ProxyReport:
    """Do what a plan says.

    Args:
        work: Where proxies are kept.
        plan: What to make, by `plan_proxies`.
        progress: Told about each proxy, and how far a long one is.
        left: Told how many seconds are left, as soon as that can be said.

    Raises:
        DiskFull: There is no room for what is expected; nothing was begun.
    """
    plan.require_room()
    run = _Run(work, plan, progress, left or _nothing)
    with ExitStack() as cleared:
        run.anew = cleared.enter_context(Anew.beside(work)) if plan.again else None
        pictures = [item for item in plan.todo if item.asset.kind == "image"]
        for spec in dict.fromkeys(item.spec for item in pictures):
            run.make_pictures([item for item in pictures if item.spec == spec])
        run.make_others([item for item in plan.todo if item.asset.kind != "image"])
    progress(run.done, run.total, "proxies made")
    known = [item.known for item in plan.there if item.known]
    before, after = _weighed(plan, [*run.made, *known])
    return ProxyReport(
        tuple(run.made), tuple(known), tuple(run.failed), before, after, plan.unfit, plan.later
    )


@dataclass(slots=True)
class _Run:
    """One run over a plan."""

    work: ProxyWork
    plan: ProxyPlan
    progress: Progress
    left: Left
    anew: Anew | None = None
    made: list[Proxy] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    began_s: float = field(default_factory=time.monotonic)
    done_s: float = 0.0
    """Expected seconds of what is finished."""

    @property
    def total(self) -> int:
        return len(self.plan.items)

    @property
    def done(self) -> int:
        return len(self.plan.there) + len(self.made) + len(self.failed)

    def make_pictures(self, items: Sequence[PlannedProxy]) -> None:
        """Make proxies of one spec of pictures, several at a time."""
        if not items:
            return
        (spec,) = {item.spec for item in items}
        planned = {item.asset.id: item for item in items}
        folder = (self.anew.work if self.anew else self.work).data_dir / "proxy_image"

        @contextmanager
        def around(asset: Asset) -> Iterator[None]:
            step_back()
            with reading_source(self.work.store, asset):
                yield

        self._tell(items[0], 0.0)
        assets = [item.asset for item in items]
        finished = make_image_proxies(assets, spec, folder, around=around)
        # Whoever stops here stops its threads as well.
        with closing(cast("Generator[object]", finished)):
            for asset, result in finished:
                if isinstance(result, WorkbenchError):
                    self._failed(asset, result)
                else:
                    try:
                        proxy = self.anew.put(result) if self.anew else result
                        self.work.store.add_proxy(proxy)
                    except WorkbenchError as error:
                        self._failed(asset, error)
                    else:
                        self.made.append(proxy)
                self._finished(planned[asset.id])

    def make_others(self, items: Sequence[PlannedProxy]) -> None:
        """Make proxies of videos and sounds one after the other: each takes all cores."""
        halt = threading.Event()
        with ThreadPoolExecutor(1, "proxy", initializer=step_back) as pool:
            for item in items:
                try:
                    future = pool.submit(self._make, item, halt)
                    self.made.append(future.result())
                except WorkbenchError as error:
                    self._failed(item.asset, error)
                except BaseException:
                    # Ctrl-C comes to this thread: the other one stops at its next word.
                    halt.set()
                    raise
                self._finished(item)

    def _make(self, item: PlannedProxy, halt: threading.Event) -> Proxy:
        def tell(done: int, total: int, stage: str) -> None:  # noqa: ARG001 - our own says more
            if halt.is_set():
                raise _Halted
            self._tell(item, done / max(1, total))

        self._tell(item, 0.0)
        if self.anew is None:
            return self.work.make(item.asset, item.spec, tell)
        with reading_source(self.work.store, item.asset):
            proxy = self.anew.work.made(item.asset, item.spec, tell)
        proxy = self.anew.put(proxy)
        self.work.store.add_proxy(proxy)
        return proxy

    def _failed(self, asset: Asset, error: WorkbenchError) -> None:
        self.failed.append(Failure(asset.name, error.message, error.hint))

    def _finished(self, item: PlannedProxy) -> None:
        self.done_s += item.seconds.expected * share_of_time(item.asset.kind)
        if item.asset.kind == "image":
            self._tell(item, 1.0)

    def _tell(self, item: PlannedProxy, share: float) -> None:
        """Say where it is; the plan's seconds are put right by those that have passed."""
        passed_s = time.monotonic() - self.began_s
        in_this_s = item.seconds.expected * share if share < 1 else 0.0
        behind_s = self.done_s + in_this_s
        all_s = self.plan.seconds.expected
        if behind_s > 0 and passed_s > 1:
            self.left(max(0.0, (all_s - behind_s) * passed_s / behind_s))
        part = f" ({share * 100:.0f} %)" if 0 < share < 1 else ""
        self.progress(self.done, self.total, f"{item.asset.name}: {item.spec}{part}")


class _Halted(BaseException):
    """The thread that waits has been stopped."""


def _weighed(plan: ProxyPlan, proxies: Sequence[Proxy]) -> tuple[int, int]:
    """Bytes of originals, and of the proxies of them that models are sent."""
    sizes = {item.asset.id: item.asset.size_bytes for item in plan.items}
    sent = [proxy for proxy in proxies if proxy.spec != PREVIEW_SPEC]
    return sum(sizes[proxy.asset_id] for proxy in sent), sum(p.size_bytes for p in sent)


def _nothing(_: float) -> None:
    return
