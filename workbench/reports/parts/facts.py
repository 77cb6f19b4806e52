"""Blocks of numbers and origins: costs, provenance, and any table."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from workbench.analysis.results import Analysis
from workbench.backends.usage import format_usd, total_cost
from workbench.evidence.evidence import Evidence
from workbench.media.asset import Asset
from workbench.media.timecode import format_length
from workbench.reports.parts.markup import Block, escaped, number, section, table, tag, tiles
from workbench.reports.tables import headings

if TYPE_CHECKING:
    import polars as pl


def cost_block(analysis: Analysis) -> Block:
    """What was paid, against the estimate, call by call."""
    rows = [
        (
            escaped(call.label),
            escaped(call.model_id),
            number(f"{call.usage.input_tokens:,}"),
            number(f"{call.usage.output_tokens:,}"),
            number(format_usd(call.estimated_usd)),
            number(format_usd(call.cost_usd)),
            "kept" if call.was_kept else escaped(format_length(call.latency_s)),
        )
        for call in analysis.calls
    ]
    estimate = total_cost(call.estimated_usd for call in analysis.calls)
    cost, paid = analysis.cost_usd, analysis.paid_usd
    speed = (
        f"{analysis.seconds / analysis.duration_s:.2f} × real time" if analysis.duration_s else ""
    )
    facts = [
        ("Cost", format_usd(cost), f"{format_usd(estimate)} estimated"),
        ("Paid in this run", format_usd(paid), f"{_kept(analysis)} kept replies"),
        ("Model calls", str(len(analysis.calls)), _tokens(analysis)),
        ("Time", format_length(analysis.seconds), speed),
    ]
    heads = ("Call", "Model", "Tokens in", "Tokens out", "Estimate", "Cost", "Time")
    listed = table(heads, rows, "nova-calls", numbers=(2, 3, 4, 5)) if rows else ""
    return section("Costs", tiles(facts) + listed)


def _kept(analysis: Analysis) -> int:
    return sum(call.was_kept for call in analysis.calls)


def _tokens(analysis: Analysis) -> str:
    usage = analysis.usage
    total = usage.input_tokens + usage.output_tokens + usage.cached_tokens
    return f"{total:,} tokens"


def provenance(
    analysis: Analysis, evidence: Evidence | None = None, asset: Asset | None = None
) -> Block:
    """Where everything comes from: engine, versions, request, hashes."""
    models = ", ".join(dict.fromkeys(call.model_id for call in analysis.calls)) or "–"
    facts: dict[str, str] = {
        "Engine": analysis.engine,
        "Model": f"{analysis.model_name} ({analysis.model})",
        "Model id": models,
        "Engine version": analysis.engine_version or "–",
        "Prompt hash": analysis.prompt_hash or "–",
        "Catalog of": analysis.catalog_as_of or "–",
        "Frames per second": f"{analysis.effective_fps:g}" if analysis.effective_fps else "–",
        "Analysis": analysis.id,
        "File (SHA-256, first 16)": analysis.asset_id,
        "Made": f"{analysis.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "Nova Workbench": _version(),
    }
    if asset:
        facts["Format"] = " · ".join(
            [asset.format, *(f"{stream.kind} {stream.codec}" for stream in asset.streams)]
        )
    for signal, engine in (evidence.engines if evidence else {}).items():
        facts[f"Measured: {signal.replace('_', ' ')}"] = engine
    if analysis.stages_s:
        facts["Seconds by stage"] = ", ".join(
            f"{stage.replace('_', ' ')} {seconds:.1f}"
            for stage, seconds in analysis.stages_s.items()
        )
    request = analysis.request.model_dump_json(indent=2)
    rows = "".join(
        f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in facts.items()
    )
    keys = "".join(f"<li><code>{escaped(call.cache_key)}</code></li>" for call in analysis.calls)
    kept = f"<h3>Kept replies</h3><ul class='nova-keys'>{keys}</ul>" if keys else ""
    return section(
        "Provenance",
        f'<dl class="nova-facts-list">{rows}</dl>'
        f'<h3>Request</h3><pre class="nova-request">{escaped(request)}</pre>{kept}',
    )


def _version() -> str:
    try:
        return version("nova-workbench")
    except PackageNotFoundError:
        return "from a checkout"


def table_block(frame: "pl.DataFrame", title: str = "", columns: Sequence[str] = ()) -> Block:
    """Any table, with words for people over its columns.

    Args:
        frame: The table.
        title: A heading above it.
        columns: Which columns to show, in this order; all if empty.
    """
    shown = frame.select(columns) if columns else frame
    numbers = [at for at, kind in enumerate(shown.dtypes) if kind.is_numeric()]
    rows = [tuple(_value(value) for value in row) for row in shown.iter_rows()]
    cells = table(tuple(headings(shown.columns).values()), rows, "", numbers=numbers)
    words = f"{title or 'Table'}: {shown.height} rows"
    if title:
        return section(title, cells, count=shown.height)
    return Block(tag("div", "nova", cells), words)


def _value(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return number(f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}")
        case int():
            return number(f"{value:,}")
        case _:
            return escaped(str(value))
