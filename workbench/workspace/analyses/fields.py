"""What a workspace says about the questions of the user's own, over the whole library."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.analysis.fields import Field, FieldPer
from workbench.workspace.analyses.analysis import AnalysisWork

if TYPE_CHECKING:
    from workbench.reports.fields.tables import FieldTable


class FieldWork(AnalysisWork):
    """Fields that were asked, and what was answered."""

    def fields(self) -> tuple[Field, ...]:
        """Every field that was asked, by its newest wording, the newest first."""
        known: dict[str, Field] = {}
        for analysis in self.store.analyses_with_fields():
            for field in analysis.request.fields:
                known.setdefault(field.name.casefold(), field)
        return tuple(known.values())

    def field_table(
        self,
        names: Sequence[str] = (),
        *,
        per: FieldPer = "video",
        assets: Sequence[str] = (),
    ) -> "FieldTable":
        """What the library's files answer: a row for each file or chapter, a column for each field.

        Args:
            names: Only these fields, in this order; all if empty.
            per: `video` or `chapter`.
            assets: Only these files, by id, path or name; all if empty.

        Raises:
            NotInLibrary: There is no such file.
            RequestError: A field was never asked.
        """
        from workbench.reports.fields.tables import library_fields

        ids = [self.asset(name).id for name in assets]
        return library_fields(self.store.analyses_with_fields(ids), per=per, names=names)
