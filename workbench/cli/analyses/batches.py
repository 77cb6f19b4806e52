"""`workbench batches`: calls that Bedrock answers together, within hours and at half the price."""

import argparse
import sys

from workbench.analysis.request import AnalysisRequest
from workbench.backends.usage import format_usd, total_cost
from workbench.cli.output import Command, counted, plain, print_json, table
from workbench.errors import RequestError
from workbench.library.calls.batch import Batch, BatchRecord
from workbench.workspace import Workspace

HEADINGS = ("batch", "state", "records", "failed", "at most", "model", "made", "what")
SIDES = "llrrr"


def submit_batch(request: AnalysisRequest, *, as_json: bool) -> int:
    """Ask the worker for an analysis by a batch, and say how to follow it."""
    with Workspace.open() as workspace:
        job_id = workspace.submit(request)
        has_worker = bool(workspace.jobs.workers())
    if as_json:
        print_json({"job_id": job_id})
        return 0
    print(f"Job {job_id} was asked for. A worker sends the batch, and finalises it hours later.")
    print(f"  workbench jobs {job_id} --watch\n  workbench batches")
    if not has_worker:
        print("No worker runs: start one with `workbench worker`.", file=sys.stderr)
    return 0


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="these batches, with what failed")
    parser.add_argument("--stop", action="store_true", help="stop them; what is answered is billed")
    parser.add_argument(
        "--forget",
        action="store_true",
        help="close one whose results can never be read; written down as lost, at the most",
    )
    parser.add_argument("--yes", action="store_true", help="forget it without asking again")
    parser.add_argument("--open", action="store_true", help="list only those that go on")


def _batches(arguments: argparse.Namespace) -> int:
    if (arguments.stop or arguments.forget) and not arguments.ids:
        raise RequestError("name a batch", hint="`workbench batches` lists their ids")
    with Workspace.open() as workspace:
        if not arguments.ids:
            found = workspace.batches(only_open=arguments.open)
            _print_list(found, as_json=arguments.json)
            return 0
        does = workspace.batch
        if arguments.stop:
            does = workspace.stop_batch
        elif arguments.forget:
            if not arguments.yes:
                raise _unconfirmed([workspace.batch(each) for each in arguments.ids])
            does = workspace.forget_batch
        shown = [(does(each), workspace.batch_records(each)) for each in arguments.ids]
    if arguments.json:
        print_json([{**plain(batch), "of": plain(records)} for batch, records in shown])
        return 0
    for batch, records in shown:
        _print_one(batch, records)
        if arguments.stop:
            print(_stopped(batch))
    return 0


def _unconfirmed(batches: list[Batch]) -> RequestError:
    most = format_usd(total_cost(batch.most_usd for batch in batches if batch.is_open))
    return RequestError(
        f"to forget it gives up its answers, and writes {most} into the ledger as lost",
        hint="stop it first with --stop, so that it costs no more; then add --yes",
    )


def state_of(batch: Batch) -> str:
    """The state of a batch in a word: Bedrock's own, or ours before it has it."""
    return (batch.service_state or batch.state).lower() if batch.arn else batch.state


def _row(batch: Batch) -> list[str]:
    done = batch.processed if batch.is_open else batch.answered + batch.failed
    return [
        batch.id,
        state_of(batch),
        f"{done}/{batch.records}",
        "" if batch.is_open else str(batch.failed),
        format_usd(batch.most_usd),
        batch.model,
        batch.created_at.astimezone().strftime("%Y-%m-%d %H:%M"),
        batch.title,
    ]


def _print_list(found: list[Batch], *, as_json: bool) -> None:
    if as_json:
        print_json([plain(batch) for batch in found])
    elif not found:
        print("No batches. `workbench analyse FILES --engine nova --tier batch` makes one.")
    else:
        print(table(HEADINGS, [_row(batch) for batch in found], right=SIDES))


def _print_one(batch: Batch, records: list[BatchRecord]) -> None:
    print(table(HEADINGS, [_row(batch)], right=SIDES))
    print(
        f"\njob {batch.job_id}\n{batch.arn or 'not at Bedrock yet'}\nresults in {batch.output_uri}"
    )
    for said in (batch.trouble, batch.message):
        if said:
            print(said)
    if not batch.is_open:
        print(f"billed: {batch.input_tokens:,} tokens in, {batch.output_tokens:,} out")
    failed = [record for record in records if record.state == "failed"]
    if failed:
        rows = [[each.record_id, each.label, each.error, each.message] for each in failed]
        print("\n" + table(["record", "about", "error", ""], rows))


def _stopped(batch: Batch) -> str:
    if not batch.is_open:
        answered = counted(batch.answered, "record")
        return f"It has ended: {answered} answered and billed, and kept."
    return (
        f"It is being stopped. What Bedrock has answered by then is billed, at most"
        f" {format_usd(batch.most_usd)} in all, and a worker keeps it."
    )


COMMANDS = {
    "batches": Command(
        "  workbench batches\n"
        "  workbench batches 3f2a91c05d7e4b68\n"
        "  workbench batches 3f2a91c05d7e4b68 --stop\n"
        "  workbench batches 3f2a91c05d7e4b68 --forget --yes",
        _options,
        _batches,
    ),
}
