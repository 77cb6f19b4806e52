"""What libraries do at their import, put off until somebody needs it."""

import importlib.util
import sys
from typing import Any

ADDRESSES = "rfc3987_syntax"
"""What `jsonschema` checks international addresses (IRI) with, where it is installed."""


def put_off_addresses() -> None:
    """Let the grammar of addresses be built when the first address is checked.

    It builds 35 Earley parsers at its import: 1.9 s of processor time of every process that reads
    a notebook, draws a chart or opens the search index, since `jsonschema` imports it (its issue
    1428). No schema of theirs asks for an address. What is checked stays the same.
    """
    if ADDRESSES in sys.modules or (spec := importlib.util.find_spec(ADDRESSES)) is None:
        return
    stand_in = importlib.util.module_from_spec(spec)

    def real() -> Any:
        if sys.modules.get(ADDRESSES) is stand_in:
            del sys.modules[ADDRESSES]
        return importlib.import_module(ADDRESSES)

    def is_valid_syntax(term: str, value: str) -> bool:
        return bool(real().is_valid_syntax(term, value))

    def attribute(name: str) -> object:
        return getattr(real(), name)

    vars(stand_in).update(is_valid_syntax=is_valid_syntax, __getattr__=attribute)
    sys.modules[ADDRESSES] = stand_in
