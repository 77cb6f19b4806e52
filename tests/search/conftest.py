"""Moments and an embedder to search with; nothing is downloaded or loaded."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from workbench.media.timecode import TimeSpan
from workbench.search.index import Index
from workbench.search.moments import Moment, make_moment

MEANINGS = (
    {"pump", "pumps", "impeller", "machine"},
    {"seal", "gasket", "leak", "ruins", "burn"},
    {"dry", "waterless", "empty"},
    {"bearing", "bearings", "grease", "lubricate"},
    {"castle", "medieval"},
)


class ToyEmbedder:
    """Knows five meanings, and counts how many texts it was given."""

    name = "toy-1"
    dimension = 8

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded += len(texts)
        vectors = np.full((len(texts), self.dimension), 0.01, dtype=np.float32)
        for row, text in enumerate(texts):
            words = set(text.lower().replace(".", "").split())
            for column, meaning in enumerate(MEANINGS):
                vectors[row, column] += len(words & meaning)
            vectors[row, 5 + len(text) % 3] += 0.1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def embedder() -> ToyEmbedder:
    return ToyEmbedder()


@pytest.fixture
def index(tmp_path: Path, embedder: ToyEmbedder) -> Iterator[Index]:
    """An open, empty index in a folder of its own."""
    index = Index.open(tmp_path / "chroma", embedder, wait_s=0.0)
    yield index
    index.close()


@pytest.fixture
def make_moments() -> Callable[..., list[Moment]]:
    """A function that makes one moment of each text, ten seconds apart."""

    def make(*texts: str, asset_id: str = "a", kind: str = "transcript") -> list[Moment]:
        return [
            make_moment(asset_id, TimeSpan(10.0 * n, 10.0 * n + 5), text, kind, "sidecar")
            for n, text in enumerate(texts)
        ]

    return make
