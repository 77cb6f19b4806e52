"""What a workspace does with proxies: make those that are missing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.progress import Progress, silent
from workbench.workspace.services import Services

if TYPE_CHECKING:
    from workbench.library.proxy_batch import ProxyReport


class ProxyMaking(Services):
    """Small copies of what is in the library."""

    def make_proxies(
        self,
        asset_ids: Sequence[str],
        spec: str | None = None,
        *,
        progress: Progress = silent,
    ) -> "ProxyReport":
        """Make the proxies that are missing.

        Args:
            asset_ids: Of which assets.
            spec: Only this one; None for what models are sent, and a preview where browsers
                cannot play the original.
            progress: Told about each proxy.
        """
        from workbench.library.proxies import ProxyWork
        from workbench.library.proxy_batch import make_proxies

        work = ProxyWork(self.store, self.data_dir)
        return make_proxies(work, [self.store.asset(each) for each in asset_ids], spec, progress)
