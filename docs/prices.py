"""Make the price tables of the documents again: `make prices`.

A table stands between two markers; the first one holds the command that prints it. Settings, prices
of one's own and what a library has learned are left out: these are the tables of a fresh install.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workbench.cli import main

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = (PROJECT / "README.md", PROJECT / "docs" / "costs.md")

BLOCK = re.compile(r"<!-- made by: workbench (.+?) -->\n.*?<!-- end -->", re.DOTALL)
FRESH = {"AWS_DEFAULT_REGION": "us-east-1"}


@contextlib.contextmanager
def fresh_install() -> Iterator[None]:
    """No setting of ours, an empty library, and calls that start in one region."""
    kept, folder = dict(os.environ), Path.cwd()
    with tempfile.TemporaryDirectory() as data_dir:
        for name in [name for name in kept if name.startswith(("WORKBENCH_", "AWS_"))]:
            del os.environ[name]
        os.environ.update(FRESH, WORKBENCH_DATA_DIR=data_dir)
        os.chdir(data_dir)  # away from a `.env`
        try:
            yield
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(kept)


def made_again(text: str) -> str:
    """A document with its tables as their commands print them now."""

    def block(found: re.Match[str]) -> str:
        said = io.StringIO()
        with fresh_install(), contextlib.redirect_stdout(said):
            code = main(found[1].split())
        if code:
            sys.exit(f"workbench {found[1]} ended with {code}")
        return f"<!-- made by: workbench {found[1]} -->\n\n{said.getvalue()}\n<!-- end -->"

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    for document in DOCUMENTS:
        before = document.read_text(encoding="utf-8")
        after = made_again(before)
        document.write_text(after, encoding="utf-8")
        print(f"{document.name}  {'written anew' if after != before else 'as it was'}")
