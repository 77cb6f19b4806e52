"""What a workspace does with proxies: say what is missing, make it, and weigh what that saves."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.errors import (
    DiskFull,
    MediaError,
    NotInLibrary,
    RequestError,
    SettingsError,
    ToolError,
)
from workbench.progress import Progress, silent
from workbench.workspace.library import LibraryWork

if TYPE_CHECKING:
    from workbench.library.proxies.batch import ProxyReport
    from workbench.library.proxies.making import ProxyWork
    from workbench.library.proxies.plan import ProxyPlan
    from workbench.library.proxies.savings import Savings


class ProxyMaking(LibraryWork):
    """Small copies of what is in the library."""

    def plan_proxies(
        self,
        asset_ids: Sequence[str],
        spec: str | None = None,
        *,
        limit: int | None = None,
        again: bool = False,
    ) -> "ProxyPlan":
        """Say what `make_proxies` would do: count, bytes, seconds, free disk. Nothing is made.

        Args:
            asset_ids: Of which assets.
            spec: Only this one; None for what models are sent, and a preview where browsers
                cannot play the original.
            limit: Make so many of the missing ones at most; None for all.
            again: Make those that are there again, too.

        Raises:
            NotInLibrary: An asset is not there.
            RequestError: There is no such spec, or it is for none of the assets.
        """
        from workbench.library.proxies.plan import plan_proxies

        every = {asset.id: asset for asset in self.store.assets()}
        assets = [every.get(each) or self.store.asset(each) for each in asset_ids]
        return plan_proxies(self._proxy_work(), assets, spec, limit=limit, again=again)

    def make_proxies(
        self,
        asset_ids: Sequence[str],
        spec: str | None = None,
        *,
        limit: int | None = None,
        again: bool = False,
        progress: Progress = silent,
        left: Callable[[float], None] | None = None,
    ) -> "ProxyReport":
        """Make the proxies that are missing; with `again` also those that are there.

        Args:
            asset_ids: Of which assets.
            spec: Only this one; None for what models are sent, and a preview where browsers
                cannot play the original.
            limit: Make so many of the missing ones at most; None for all.
            again: Make those that are there again; each stays until the new one is whole.
            progress: Told about each proxy.
            left: Told how many seconds are left, as soon as that can be said.

        Raises:
            NotInLibrary: An asset is not there.
            RequestError: There is no such spec, or it is for none of the assets.
            DiskFull: There is no room for what is expected; nothing was begun.
        """
        from workbench.library.proxies.batch import make_proxies

        plan = self.plan_proxies(asset_ids, spec, limit=limit, again=again)
        return make_proxies(self._proxy_work(), plan, progress, left)

    def _proxy_work(self) -> "ProxyWork":
        from workbench.library.proxies.making import ProxyWork

        return ProxyWork(self.store, self.data_dir, self.settings.read_key_frames)

    def make_posters(self, asset_ids: Sequence[str], *, progress: Progress = silent) -> int:
        """Make the small pictures that the Library page shows, before anybody asks for them.

        What has no picture, or cannot be read, is passed by: the page says so itself.

        Args:
            asset_ids: Of which assets.
            progress: Told about each.

        Returns:
            How many there are now.
        """
        from concurrent.futures import ThreadPoolExecutor

        from workbench.media.images.batch import usual_threads
        from workbench.media.priority import step_back

        made = 0
        with ThreadPoolExecutor(usual_threads(), "poster", initializer=step_back) as pool:
            try:
                for done, has_one in enumerate(pool.map(self._has_poster, asset_ids)):
                    made += has_one
                    progress(done, len(asset_ids), "making thumbnails")
            except BaseException:
                # Ctrl-C or a stopped job: what waits in the pool is not begun.
                pool.shutdown(cancel_futures=True)
                raise
        return made

    def _has_poster(self, asset_id: str) -> bool:
        try:
            self.poster(asset_id)
        except (MediaError, ToolError, RequestError, SettingsError, NotInLibrary, DiskFull):
            return False
        return True

    def savings(self, asset_ids: Sequence[str] | None = None) -> "Savings":
        """Weigh originals against the proxies that models are sent instead.

        Args:
            asset_ids: Of which assets; None for the whole library.

        Raises:
            NotInLibrary: An asset is not there.
        """
        from workbench.library.proxies.savings import savings_of

        assets = self.store.assets()
        if asset_ids is not None:
            every = {asset.id: asset for asset in assets}
            assets = [every.get(each) or self.store.asset(each) for each in asset_ids]
        return savings_of(
            assets, self.store.proxies(), self.catalog.all, self.settings.upload_mbit_s
        )
