"""Somebody who asks the gateway for one call: `python asker_program.py DATA_DIR NUMBER JOB [CAP]`."""

import sys
from decimal import Decimal
from pathlib import Path

from tests.support.orders import order_of
from workbench.errors import WorkbenchError
from workbench.jobs.gateway.client import call_through_gateway
from workbench.jsonable import to_json


def main(data_dir: str, number: str, job_id: str, cap: str = "") -> None:
    order = order_of(int(number), cap_usd=Decimal(cap) if cap else None)
    try:
        outcome = call_through_gateway(Path(data_dir), order, job_id, lambda: None)
    except WorkbenchError as error:
        print(f"{type(error).__name__}: {error.message} | {error.hint}")
    else:
        print(to_json(outcome))


if __name__ == "__main__":
    main(*sys.argv[1:])
