"""A worker whose operations count what they are asked.

`python worker_program.py DATA_DIR [DATABASE_URL]`
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from workbench.analysis.results import Analysis, Failure, RunResult
from workbench.backends.order import CallOrder, CallOutcome
from workbench.backends.protocol import ModelRequest
from workbench.errors import MediaDamaged
from workbench.jobs.processes.worker import run_worker
from workbench.library.calls.holders import holder_name
from workbench.library.records import ReportRecord
from workbench.library.store import Store
from workbench.logs import log_json_lines

CALLS = 6
CALL_S = 0.4


def order_for(key: str, asset_id: str) -> CallOrder:
    """A call to the local engine, which needs no gateway."""
    return CallOrder(
        key=key, call_id=key, label=key, asset_id=asset_id, engine="local", model="local", route="",
        request=ModelRequest("chapters", "local", "", {}, "answer"), most_tokens=1,
        estimated_usd=None, most_usd=None, cap_usd=None,
    )  # fmt: skip


class Counting:
    """Operations that write a line for every call and keep replies as the call cache does."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def note(self, line: str) -> None:
        with (self.data_dir / "paid.log").open("a") as file:
            file.write(line + "\n")

    def settle_calls(self):
        return 0

    def look_after_batches(self):
        pass

    def send_batch(self, request, progress, *, job_id):
        return ()

    def collect_garbage(self):
        raise NotImplementedError

    def analyse(self, request, progress, execute, *, job_id):
        for index in range(CALLS):
            order = order_for(f"{request.model} {index}", request.assets[0])
            progress(index, CALLS, f"asking about {order.label}")
            if not self.kept(order).exists():
                execute(order)
            progress(index + 1, CALLS, f"answered: {order.label}")
        made = Analysis(
            id=f"analysis_{request.model}", asset_id=request.assets[0], asset_name="talk.mp4",
            duration_s=60.0, request=request, engine=request.engine, model=request.model,
            model_name=request.model, created_at=datetime.now(UTC), summary=None, chapters=(),
            elements=(), calls=(), prompt_hash="", catalog_as_of="", engine_version="", seconds=1.0,
        )  # fmt: skip
        return RunResult((made,), (Failure("other.mp4", "it ends early"),))

    def kept(self, order) -> Path:
        return self.data_dir / f"kept {order.key}"

    def call(self, order, *, job_id, check):
        self.note(order.key)
        time.sleep(CALL_S)
        self.kept(order).write_text("reply")
        return CallOutcome(was_paid=True, cost_usd=Decimal(0))

    def import_media(self, paths, *, progress):
        self.note(f"import {json.dumps([str(path) for path in paths])}")
        match paths[0].name:
            case "damaged":
                raise MediaDamaged("damaged ends early", hint="copy it again")
            case "fault":
                raise ZeroDivisionError("a fault of the program")
            case "deadly":
                os._exit(9)
            case "long":
                time.sleep(60)  # a work without a safe point

        class Report:
            added = ()
            known = ()
            failed = ()

        return Report()

    def make_sample(self, *, progress):
        self.note("sample")

    def make_proxies(self, asset_ids, spec=None, *, progress):
        raise NotImplementedError

    def report(self, notebook, parameters, *, progress):
        self.note(f"report {parameters.get('title')}")
        return ReportRecord("r1", notebook, "t", datetime.now(UTC), None, None)

    def rebuild_index(self, *, progress):
        return 0


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["WORKBENCH_DATA_DIR"])
    url = sys.argv[2] if len(sys.argv) > 2 else ""
    log_json_lines("INFO", process="worker", name=holder_name())
    with Store.open(url or folder / "app.db") as store:
        run_worker(folder, store, Counting(folder), database_url=url)
