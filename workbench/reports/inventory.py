"""What was found across a whole library: one row a name, and how much of it is in each video."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

from workbench.analysis.results import Analysis, Element
from workbench.media.timecode import format_time
from workbench.reports.tables import frame_of

if TYPE_CHECKING:
    import polars as pl

Count = Literal["minutes", "videos", "mentions"]


def inventory_table(
    analyses: Sequence[Analysis], kinds: Collection[str] = ("equipment",)
) -> "pl.DataFrame":
    """Everything found across a library, one row a name, the most present first.

    Args:
        analyses: One analysis for each asset (the newest, as a rule).
        kinds: Kinds of element to list.
    """
    found: dict[tuple[str, str], list[tuple[Analysis, Element]]] = defaultdict(list)
    for analysis in analyses:
        for element in analysis.elements:
            if element.kind in kinds:
                found[element.kind, element.name.casefold()].append((analysis, element))
    rows: list[dict[str, Any]] = []
    for (kind, _), seen in found.items():
        first_analysis, first_element = seen[0]
        ways = {element.presence for _, element in seen}
        rows.append(
            {
                "kind": kind,
                "name": first_element.name,
                "category": next((e.category for _, e in seen if e.category), ""),
                "presence": ways.pop() if len(ways) == 1 else "both",
                "minutes": round(sum(e.present_s for _, e in seen) / 60, 2),
                "videos": len({analysis.asset_id for analysis, _ in seen}),
                "mentions": sum(len(e.occurrences) for _, e in seen),
                "first_in": first_analysis.asset_name,
                "first": format_time(first_element.first_s),
                "first_s": first_element.first_s,
                "asset_id": first_analysis.asset_id,
            }
        )
    rows.sort(key=lambda row: (-row["minutes"], -row["mentions"], row["name"]))
    return frame_of(
        {
            "kind": str,
            "name": str,
            "category": str,
            "presence": str,
            "minutes": float,
            "videos": int,
            "mentions": int,
            "first_in": str,
            "first": str,
            "first_s": float,
            "asset_id": str,
        },
        rows,
    )


def inventory_cells(
    analyses: Sequence[Analysis], kinds: Collection[str] = ("equipment",), count: Count = "minutes"
) -> dict[tuple[str, str], float]:
    """(element name, asset name) → amount: the cells of the heat strip.

    Args:
        analyses: One analysis for each asset.
        kinds: Kinds of element to count.
        count: `minutes` present, `mentions`, or `videos` (1 where it occurs).
    """
    names: dict[str, str] = {}
    cells: dict[tuple[str, str], float] = defaultdict(float)
    for analysis in analyses:
        for element in analysis.elements:
            if element.kind not in kinds:
                continue
            name = names.setdefault(element.name.casefold(), element.name)
            cell = name, analysis.asset_name
            if count == "minutes":
                cells[cell] += element.present_s / 60
            elif count == "mentions":
                cells[cell] += len(element.occurrences)
            else:
                cells[cell] = 1.0
    return dict(cells)
