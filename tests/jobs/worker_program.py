"""A worker whose operations count what they are asked: `python worker_program.py DATA_DIR`."""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from workbench.analysis.results import Analysis, Failure, RunResult
from workbench.errors import MediaDamaged
from workbench.jobs.worker import run_worker
from workbench.library.records import ReportRecord
from workbench.library.store import Store

CALLS = 6
CALL_S = 0.4


class Counting:
    """Operations that write a line for every paid call and keep replies as the call cache does."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def note(self, line: str) -> None:
        with (self.data_dir / "paid.log").open("a") as file:
            file.write(line + "\n")

    def analyse(self, request, progress, execute):
        for index in range(CALLS):
            kept = self.data_dir / f"kept_{request.model}_{index}"
            progress(index, CALLS, f"asking about part {index + 1}")

            def call(index=index, kept=kept) -> str:
                self.note(f"{request.model} {index}")
                time.sleep(CALL_S)
                kept.write_text("reply")
                return kept.name

            if not kept.exists():
                execute(f"call {index}", call)
        made = Analysis(
            id=f"analysis_{request.model}", asset_id=request.assets[0], asset_name="talk.mp4",
            duration_s=60.0, request=request, engine=request.engine, model=request.model,
            model_name=request.model, created_at=datetime.now(UTC), summary=None, chapters=(),
            elements=(), calls=(), prompt_hash="", catalog_as_of="", engine_version="", seconds=1.0,
        )  # fmt: skip
        return RunResult((made,), (Failure("other.mp4", "it ends early"),))

    def import_media(self, paths, *, progress):
        self.note(f"import {json.dumps([str(path) for path in paths])}")
        if paths[0].name == "damaged":
            raise MediaDamaged("damaged ends early", hint="copy it again")
        if paths[0].name == "fault":
            raise ZeroDivisionError("a fault of the program")
        if paths[0].name == "deadly":
            os._exit(9)

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
        return ReportRecord("r1", notebook, "t", datetime.now(UTC), None, None)

    def rebuild_index(self, *, progress):
        return 0


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["WORKBENCH_DATA_DIR"])
    run_worker(folder, Store.open(folder / "app.db"), Counting(folder), grace_s=5.0)
