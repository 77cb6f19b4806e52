"""`workbench costs`: what was spent, what kept replies saved, and how right the estimates were."""

import argparse
from typing import Any, get_args

from workbench.backends.usage import Cost, format_usd
from workbench.cli.output import Command, counted, plain, print_json, table, usd
from workbench.reports.money.cost_lines import By
from workbench.reports.money.costs import Amount, CostLine, Costs, month_span, month_title
from workbench.workspace import Workspace

MOST_LINES = 30
MOST_TROUBLED = 10


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--month", metavar="YYYY-MM", help="only this month, in UTC (default: everything)"
    )
    parser.add_argument(
        "--by", choices=get_args(By), default="model", help="one line for each (default: model)"
    )


def _run(arguments: argparse.Namespace) -> int:
    since, until = month_span(arguments.month) if arguments.month else (None, None)
    with Workspace.open() as workspace:
        costs = workspace.costs(since, until)
    if arguments.json:
        print_json(_as_json(costs, arguments.by))
    else:
        _print(costs, arguments.by, arguments.month)
    return 0


def _print(costs: Costs, by: By, month: str | None) -> None:
    lines = costs.lines[by]
    when = f" in {month_title(month)}" if month else ""
    if not lines:
        print(
            f"No calls{when}. `workbench estimate FILE --engine nova` shows what they would cost."
        )
        return
    rows = [_row(line) for line in lines[:MOST_LINES]]
    print(
        table([by, "calls", "spent", "unknown", "kept", "saved", "an hour"], rows, right="lrrrrrr")
    )
    if len(lines) > MOST_LINES:
        print(f"and {len(lines) - MOST_LINES} more; --json lists all")
    print(f"\nSpent{when}: {_of_budget(costs, month)}{_in_brackets(costs.spent)}")
    if costs.saved.calls:
        replies = f"{costs.saved.calls} kept " + ("reply" if costs.saved.calls == 1 else "replies")
        print(f"Saved: {costs.saved} by {replies}{_in_brackets(costs.saved)}")
    print(f"Estimates: {_estimates(costs)}")
    for correction in costs.corrections:
        print(f"{correction.model}: {correction}")
    if costs.per_hour_usd is not None:
        print(f"For an hour of media: {format_usd(costs.per_hour_usd)}")
    if costs.troubled:
        print(f"\n{counted(len(costs.troubled), 'call')} gave nothing to keep:")
        for call in costs.troubled[:MOST_TROUBLED]:
            told = "billed " + format_usd(call.cost_usd) if call.cost_usd is not None else "unknown"
            print(
                f"  {call.at:%Y-%m-%d %H:%M} UTC  {call.outcome}, {told}: {call.asset}, {call.model}"
            )
        if len(costs.troubled) > MOST_TROUBLED:
            print(f"  and {len(costs.troubled) - MOST_TROUBLED} more; --json lists all")


def _of_budget(costs: Costs, month: str | None) -> str:
    if month is None or costs.budget_usd is None:
        return str(costs.spent)
    return f"{costs.spent} of {format_usd(costs.budget_usd)}"


def _in_brackets(amount: Amount) -> str:
    return f" ({amount.gap})" if amount.gap else ""


def _estimates(costs: Costs) -> str:
    check = costs.estimate
    if check.sum_percent is None or check.median_percent is None:
        return "no paid call to compare with"
    return (
        f"{format_usd(check.estimated_usd)} for {format_usd(check.billed_usd)} billed "
        f"({check.sum_percent:+.1f} %); a call is off by {check.median_percent:.1f} % (median)"
    )


def _row(line: CostLine) -> list[str]:
    return [
        line.label,
        str(line.spent.calls),
        str(line.spent),
        str(line.spent.unknown_calls or ""),
        str(line.saved.calls or ""),
        str(line.saved) if line.saved.calls else "",
        _known(line.per_hour_usd),
    ]


def _known(cost: Cost) -> str:
    return "" if cost is None else format_usd(cost)


def _amount(amount: Amount) -> dict[str, Any]:
    return {
        "calls": amount.calls,
        "total_usd": usd(amount.total_usd),
        "known_usd": usd(amount.known_usd),
        "unknown_calls": amount.unknown_calls,
    }


def _as_json(costs: Costs, by: By) -> dict[str, Any]:
    return {
        "since": costs.since.isoformat() if costs.since else None,
        "until": costs.until.isoformat() if costs.until else None,
        "budget_usd": usd(costs.budget_usd),
        "spent": _amount(costs.spent),
        "saved": _amount(costs.saved),
        "estimate": {**plain(costs.estimate), "sum_percent": costs.estimate.sum_percent},
        "corrections": [
            {
                "model": each.model,
                "calls": each.calls,
                "off_percent": round(each.off_percent, 2),
                "factor": each.factor,
                "is_used": each.is_used,
            }
            for each in costs.corrections
        ],
        "per_hour_usd": usd(costs.per_hour_usd),
        "by": by,
        "lines": [
            {
                "key": line.key,
                "label": line.label,
                "spent": _amount(line.spent),
                "saved": _amount(line.saved),
                "per_hour_usd": usd(line.per_hour_usd),
            }
            for line in costs.lines[by]
        ],
        "troubled": [plain(call) for call in costs.troubled],
    }


COMMANDS = {
    "costs": Command(
        "  workbench costs --month 2026-11\n"
        "  workbench costs --by asset\n"
        "  workbench costs --by day --json",
        _options,
        _run,
    )
}
