"""The index follows the catalog, whatever came between them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.backends.embedders import HashedNgrams
from workbench.errors import LibraryBusy
from workbench.evidence.evidence import Evidence
from workbench.library.indexing import catch_up, index_asset, rebuild_index
from workbench.library.store import Store
from workbench.media.asset import Asset
from workbench.search.index import Index
from workbench.search.moments import moments_of
from workbench.search.query import search


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index.open(tmp_path / "chroma", HashedNgrams(), wait_s=0.0)
    yield index
    index.close()


@pytest.fixture
def asset(store: Store, make_asset: Callable[..., Asset]) -> Asset:
    asset = make_asset()
    store.add_asset(asset)
    return asset


def test_an_indexed_asset_is_found_with_its_time(
    store: Store, index: Index, asset: Asset, measured: Evidence
):
    index_asset(store, index, asset.id, moments_of(measured))
    (hit, *_) = search("starting dry", moments=store.moments(), index=index)
    assert "dry" in hit.moment.text
    assert hit.moment.span.start_s == 0.0
    assert len(store.vectors(index.collection)) == index.count() == len(store.moments())


def test_an_index_that_fell_behind_catches_up(
    store: Store, index: Index, asset: Asset, measured: Evidence
):
    moments = moments_of(measured)
    store.put_moments(asset.id, moments)  # the index was busy then
    assert catch_up(store, index) == len(moments)
    assert index.ids() == {moment.id for moment in moments}
    assert store.without_vectors(index.collection) == []
    assert catch_up(store, index) == 0
    store.remove_asset(asset.id)
    assert catch_up(store, index) == len(moments)
    assert index.count() == 0


def test_a_lost_index_is_rebuilt_from_kept_vectors_without_embedding(
    store: Store, index: Index, asset: Asset, measured: Evidence, monkeypatch: pytest.MonkeyPatch
):
    index_asset(store, index, asset.id, moments_of(measured))
    before = index.query("mechanical seal")
    index.rebuild([])
    assert index.count() == 0
    with monkeypatch.context() as patch:
        patch.setattr(HashedNgrams, "embed", lambda *args: pytest.fail("embedded again"))
        assert rebuild_index(store, index) == len(store.moments())
    assert index.query("mechanical seal") == before


def test_an_empty_index_in_the_place_of_a_full_one_is_filled_without_embedding(
    store: Store, index: Index, asset: Asset, measured: Evidence, monkeypatch: pytest.MonkeyPatch
):
    index_asset(store, index, asset.id, moments_of(measured))
    index.rebuild([])
    with monkeypatch.context() as patch:
        patch.setattr(HashedNgrams, "embed", lambda *args: pytest.fail("embedded again"))
        assert catch_up(store, index) == len(store.moments())
        assert catch_up(store, index) == 0


def test_a_busy_index_leaves_the_moments_in_the_catalog(
    store: Store, index: Index, asset: Asset, measured: Evidence, monkeypatch: pytest.MonkeyPatch
):
    def busy(*args):
        raise LibraryBusy("in use", hint="wait")

    monkeypatch.setattr(index, "put", busy)
    with pytest.raises(LibraryBusy):
        index_asset(store, index, asset.id, moments_of(measured))
    assert store.moments() != []
