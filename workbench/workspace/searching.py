"""What a workspace finds: moments of the library, by words and by meaning."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.errors import LibraryError
from workbench.progress import Progress, silent
from workbench.workspace.services import Services

if TYPE_CHECKING:
    from workbench.search.query import Hit


class SearchWork(Services):
    """Finding moments again."""

    def search(
        self,
        text: str,
        *,
        how: str = "hybrid",
        kinds: Sequence[str] = (),
        asset_ids: Sequence[str] = (),
        limit: int = 20,
    ) -> tuple["Hit", ...]:
        """Find moments by words, by meaning, or by both.

        Args:
            text: What to look for.
            how: `hybrid`, `words` or `meaning`.
            kinds: Only these kinds of moment: transcript, screen_text, chapter, element, summary.
            asset_ids: Only in these assets.
            limit: Most moments to return.
        """
        from workbench.library.indexing import catch_up
        from workbench.search.query import search

        moved_to = self.store.revision("moments")
        if how != "words" and (moved_to, self.index.reached) != self._caught_up_at:
            with contextlib.suppress(LibraryError):  # words are found without the index
                catch_up(self.store, self.index)
                self._caught_up_at = moved_to, self.index.reached
        return search(
            text,
            moments=self.store.moments(),
            index=self.index,
            how=how,
            kinds=tuple(kinds),
            asset_ids=tuple(asset_ids),
            limit=limit,
        )

    def rebuild_index(self, *, progress: Progress = silent) -> int:
        """Make the search index anew from what is kept; returns the number of moments."""
        from workbench.library.indexing import rebuild_index

        return rebuild_index(self.store, self.index, progress=progress)
