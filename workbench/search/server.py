"""The index server of a data folder: `python -m workbench.search.server run --path ...`.

The `chroma` command does the same after importing all of Chroma, which takes three seconds of
processor time where the server itself takes 0.05.
"""

import sys

import chromadb_rust_bindings

if __name__ == "__main__":
    chromadb_rust_bindings.cli(["chroma", *sys.argv[1:]])
