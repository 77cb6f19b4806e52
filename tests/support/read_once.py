"""What every test of a process reads anew without need: the embedder's weights, botocore's models.

A vector depends on its text only, and a file of a package does not change: so each is made or read
once in a process, and tests that open many workspaces or clients prove the same in less time.
Programs that a test starts, and tests of the embedder itself, are not touched.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from workbench.backends import embedders


class RememberingEmbedder:
    """MiniLM that is opened once, and knows the vectors of the texts it has read."""

    def __init__(self, model: embedders.MiniLM) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self._model = model
        self._known: dict[str, Any] = {}

    def embed(self, texts: Sequence[str]) -> Any:
        """The vectors of texts; see `Embedder.embed`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._model.embed(new), strict=True))
        if not len(texts):
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])


def share_embedder(patch: pytest.MonkeyPatch) -> None:
    """Give every workspace of this process the same embedder."""
    make = embedders.best_embedder
    shared: dict[str, RememberingEmbedder] = {}

    def best_embedder(*given: Any, **options: Any) -> Any:
        made = make(*given, **options)
        if isinstance(made, embedders.MiniLM):
            return shared.setdefault(made.name, RememberingEmbedder(made))
        return made

    patch.setattr(embedders, "best_embedder", best_embedder)


def read_service_models_once(patch: pytest.MonkeyPatch) -> None:
    """Parse each JSON file of botocore once; a client of its own is still opened each time."""
    from botocore.loaders import JSONFileLoader

    read = JSONFileLoader.load_file

    @functools.cache
    def load_file(path: str) -> Any:
        return read(JSONFileLoader(), path)

    patch.setattr(JSONFileLoader, "load_file", lambda self, path: load_file(path))
