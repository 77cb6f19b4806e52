"""Turn texts into vectors on this machine, so that what is alike lies close together.

Vectors of two embedders are never compared: each has a name, and an index keeps one collection for
each name and dimension.
"""

import functools
import logging
import math
import re
import threading
import zlib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.errors import NotInstalled
from workbench.speech.weights import locate, weights

if TYPE_CHECKING:
    import numpy as np

LONGEST_TOKENS = 256
"""MiniLM was trained on texts up to this length; what follows is not read."""

BATCH = 32
"""Texts in one pass: more saves nothing on a processor without a graphics card."""

INSTALL_LINE = 'pip install "nova-workbench[local]"'

logger = logging.getLogger(__name__)


class Embedder(Protocol):
    """Makes vectors of texts."""

    @property
    def name(self) -> str:
        """Name and version: texts embedded under the same name can be compared."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Embed texts.

        Returns:
            float32, one row for each text, each of length 1: their dot product is the cosine.
        """
        ...


class MiniLM:
    """all-MiniLM-L6-v2 in int8, on onnxruntime. English first; 384 numbers; safe for threads.

    Opened when it is first used. The tokenizer beside this module is the model's own
    (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0).

    Raises:
        NotInstalled: The weights, onnxruntime or tokenizers are missing, or the weights are not
            the ones expected.
    """

    dimension = 384

    def __init__(
        self, cache_dir: Path | None = None, *, folder: Path | None = None, threads: int = 0
    ) -> None:
        self._weights = locate("minilm", cache_dir=cache_dir, folder=folder)
        self._threads = threads
        self._lock = threading.Lock()
        self.name = f"minilm-int8-{weights('minilm').version}"
        _require_packages()

    @functools.cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # A thread that waits must sleep: beside other work, spinning made it use 1.6 times the
        # processor time and half as long again.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            str(self._weights), options, providers=["CPUExecutionProvider"]
        )

    @functools.cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        text = resources.files(__package__).joinpath("minilm_tokenizer.json").read_text("utf-8")
        tokenizer = Tokenizer.from_str(text)
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST_TOKENS)
        return tokenizer

    def embed(self, texts: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Embed texts; see `Embedder.embed`. Some 140 short texts a second on two cores."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        with self._lock:
            session, tokenizer = self._session, self._tokenizer
        ids = [tokenizer.encode(text).ids for text in texts]
        # Texts of like length go together, so that little is spent on padding.
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            vectors[rows] = self._pooled(session, [ids[row] for row in rows])
        return vectors

    @staticmethod
    def _pooled(session: Any, ids: list[list[int]]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        import numpy as np

        longest = max(len(row) for row in ids)
        tokens = np.zeros((len(ids), longest), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for index, row in enumerate(ids):
            tokens[index, : len(row)] = row
            mask[index, : len(row)] = 1
        (states,) = session.run(
            ["last_hidden_state"],
            {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)},
        )
        weight = mask[:, :, None].astype(np.float32)
        mean = (states * weight).sum(axis=1) / weight.sum(axis=1)
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        return np.asarray(mean / np.maximum(length, 1e-12), dtype=np.float32)


class HashedNgrams:
    """Words and parts of words, counted into 384 places. Needs no weights; knows no meanings.

    The same text has the same vector on every machine. Safe for threads.

    Example:
        >>> a, b, c = HashedNgrams().embed(["pump seals", "the pump's seal", "blue sky"])
        >>> bool(a @ b > a @ c)
        True
    """

    name = "hashed-ngrams-1"
    dimension = 384

    def embed(self, texts: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Embed texts; see `Embedder.embed`."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(text):
                code = zlib.crc32(feature.encode())
                vectors[row, code % self.dimension] += weight if code & 0x80000000 else -weight
            # Features can cancel out, and an empty text has none: a vector still needs a length.
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)


_COMMON_WORDS = """
a an and are as at be been by can do for from had has have he her his how i if in into is
it its more no not of on or our she so than that the their them then there these they this
to was we were what when which who will with you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in re.findall(r"[^\W_]+", text.casefold()):
        is_common = word in _COMMON
        yield f"w:{word}", 0.1 if is_common else 0.7
        if is_common:
            continue
        padded = f"<{word}>"
        parts = [padded[i : i + 3] for i in range(len(padded) - 2)]
        # Parts weigh a little more than words: "seal" has to be near "seals".
        for part in parts:
            yield f"p:{part}", 1.0 / math.sqrt(len(parts))


def _require_packages() -> None:
    import importlib.util

    for package in ("onnxruntime", "tokenizers"):
        if importlib.util.find_spec(package) is None:
            raise NotInstalled(f"{package} is not installed", hint=INSTALL_LINE)


def best_embedder(cache_dir: Path | None = None, *, threads: int = 0) -> Embedder:
    """Choose MiniLM if its weights are here and whole, else hashed n-grams.

    Args:
        cache_dir: Folder for files made at run time.
        threads: Threads for one text; 0 for all cores.
    """
    try:
        return MiniLM(cache_dir, threads=threads)
    except NotInstalled as error:
        logger.info("Search uses hashed n-grams: %s (%s)", error.message, error.hint)
        return HashedNgrams()
