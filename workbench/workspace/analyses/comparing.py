"""What a workspace does with two analyses of one file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.analysis.comparisons.side_by_side import MOST, SideBySide, unlike
from workbench.analysis.results import Analysis
from workbench.errors import NotInLibrary, RequestError
from workbench.workspace.analyses.analysis import AnalysisWork

if TYPE_CHECKING:
    from workbench.analysis.comparisons.compare import Comparison


class ComparingWork(AnalysisWork):
    """Two analyses, side by side."""

    def two_to_compare(self, asset_id: str, a_id: str = "", b_id: str = "") -> tuple[str, str]:
        """Ids of two analyses of an asset: those given, else the newest of different models or prompts.

        Args:
            asset_id: The asset.
            a_id: Analysis A; empty to choose it.
            b_id: Analysis B; empty to choose it.

        Raises:
            NotInLibrary: There is no analysis with a given id.
            RequestError: One is of another asset, or there are not two.
        """
        asset = self.store.asset(asset_id)
        for named in filter(None, (a_id, b_id)):
            if (found := self.analysis(named)).asset_id != asset_id:
                raise RequestError(
                    f"analysis {named} is of {found.asset_name}, not of {asset.name}",
                    hint="choose two analyses of the same file",
                )
        if a_id and b_id:
            return a_id, b_id
        headers = self.analyses(asset_id)
        if len(headers) < 2:
            had = "one analysis" if headers else "no analysis"
            raise RequestError(
                f"{asset.name} has {had}; to compare needs two",
                hint="analyse it with another engine, model or instructions",
            )
        first = self.analysis(a_id or b_id or headers[0].id)
        others = [header.id for header in headers if header.id != first.id]
        other = next((each for each in others if self._is_unlike(first, each)), others[0])
        return (other, first.id) if b_id else (first.id, other)

    def side_by_side(self, name: str = "", ids: Sequence[str] = ()) -> SideBySide:
        """Analyses of one asset, to be compared each with each.

        What is missing is said in the result and raises nothing: a report of a library that is
        still empty says what to do next.

        Args:
            name: Name or id of the asset; empty for the one with the newest analysis.
            ids: Which analyses, A first; empty for the newest of each model, engine and wording.
        """
        hint = "analyse one file with two engines, models or prompts, on the Analyse page or with `workbench analyse`"
        headers = self.analyses()
        if not headers:
            return SideBySide(name, missing="No file has been analysed yet", hint=hint)
        try:
            asset = self.asset(name or headers[0].asset_id)
            found = [self.analysis(each) for each in ids]
        except NotInLibrary as error:
            return SideBySide(name, missing=error.message.rstrip("."), hint=error.hint or hint)
        if strange := [each for each in found if each.asset_id != asset.id]:
            missing = f"Analysis {strange[0].id} is of {strange[0].asset_name}, not of {asset.name}"
            return SideBySide(asset.name, missing=missing, hint="choose analyses of the same file")
        if not ids:
            found = [self.analysis(h.id) for h in headers if h.asset_id == asset.id]
            found = list(unlike(found))
        if len(found) < 2:
            had = "one analysis" if found else "no analysis"
            return SideBySide(
                asset.name, missing=f"{asset.name} has {had}; to compare needs two", hint=hint
            )
        return SideBySide(asset.name, tuple(found[:MOST]))

    def _is_unlike(self, analysis: Analysis, other_id: str) -> bool:
        other = self.analysis(other_id)
        return (other.model, other.prompt_hash) != (analysis.model, analysis.prompt_hash)

    def compare(self, a_id: str, b_id: str) -> "Comparison":
        """Where two kept analyses of one asset agree, and where they differ.

        Raises:
            NotInLibrary: There is no analysis with one of these ids.
            RequestError: They are of different assets.
        """
        from workbench.analysis.comparisons.compare import compare

        return compare(self.analysis(a_id), self.analysis(b_id))
