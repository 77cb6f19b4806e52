"""What a workspace has learned about how services count words."""

from dataclasses import replace
from datetime import date

from workbench.backends.calibration import Correction, CountedText, corrections
from workbench.backends.catalog.models import Catalog
from workbench.workspace.library import LibraryWork


class CorrectionWork(LibraryWork):
    """The ledger's say in the next estimates."""

    def counted_texts(self) -> list[CountedText]:
        """Words of calls as they were counted and as they were reported, oldest first.

        Nothing where `WORKBENCH_CALIBRATE_FROM` is `off`.
        """
        since = self.settings.calibrate_from
        if since == "off":
            return []
        return self.store.counted_texts(since if isinstance(since, date) else None)

    def corrections(self) -> tuple[Correction, ...]:
        """What the calls so far say about the counter of words, for each model."""
        return corrections(self.counted_texts())

    def _corrected_catalog(self) -> Catalog:
        """The catalog, with models that count words the way they were seen to."""
        factors = {each.model: each.factor for each in self.corrections() if each.is_used}
        models = tuple(
            model.model_copy(update={"text_factor": factors[model.key]})
            if model.key in factors
            else model
            for model in self.catalog.all
        )
        return replace(self.catalog, all=models) if factors else self.catalog
