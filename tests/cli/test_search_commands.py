"""`search` and `index`."""

import shutil

import pytest


def test_a_search_names_file_time_and_words(run, analysed):
    done = run("search", "pump dry")
    assert done.code == 0
    assert done.out.splitlines()[0].split() == ["file", "time", "kind", "words"]
    assert "talk.mp4  0:00  transcript" in done.out


def test_a_search_as_json_has_times_in_seconds(run, analysed, has_shape):
    done = run("search", "seal", "--how", "words", "--kind", "transcript", "--json")
    has_shape(
        done.json,
        [{"asset_id": str, "start_s": float, "end_s": float, "text": str, "score": float}],
    )
    assert {hit["kind"] for hit in done.json} == {"transcript"}


def test_a_search_can_be_kept_to_one_file(run, analysed, shelf):
    hits = run("search", "pump", "--asset", shelf / "tone.mp3", "--json").json
    ids = {asset["id"] for asset in run("list", "--kind", "audio", "--json").json}
    assert {hit["asset_id"] for hit in hits} == ids


def test_nothing_found_is_no_failure(run, analysed):
    done = run("search", "zebra", "--how", "words")
    assert (done.code, done.out) == (0, "Nothing in the library matches 'zebra'.\n")


@pytest.mark.parametrize("words", [[""], ["   "], ["pump", "--limit", "0"]])
def test_a_search_for_nothing_is_refused(run, analysed, words):
    assert run("search", *words).code == 2


def test_the_index_is_counted_against_the_library(run, analysed):
    done = run("index", "--json").json
    assert done["indexed"] == done["moments"] > 0
    assert run("index").out.startswith(f"{done['indexed']} moments in the index")


def test_the_index_is_made_anew_from_the_catalog(run, analysed):
    count = run("index", "--json").json["moments"]
    shutil.rmtree(analysed / "chroma")
    done = run("index")
    assert done.out.startswith("0 moments in the index")
    assert "`workbench index rebuild`" in done.out
    done = run("index", "rebuild")
    assert done.code == 0
    assert done.out.startswith(f"{count} moments in the index, {count} in the library")


def test_a_damaged_index_is_named_with_the_command_that_makes_it_anew(run, analysed):
    (analysed / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 2000)
    done = run("search", "pump", "--how", "meaning")
    assert done.code == 1
    assert "workbench index rebuild" in done.err
    assert run("search", "pump").code == 0
    assert run("index", "rebuild").code == 0
    assert run("search", "pump", "--how", "meaning").code == 0


def test_the_index_is_looked_at_only_after_moments_were_written(analysed, monkeypatch):
    import workbench.library.indexing
    from workbench import Settings, Workspace

    looks = []
    real = workbench.library.indexing.catch_up

    def counted(store, index, **more):
        looks.append(store.revision("moments"))
        return real(store, index, **more)

    monkeypatch.setattr(workbench.library.indexing, "catch_up", counted)
    with Workspace.open(Settings(data_dir=analysed)) as workspace:
        for _ in range(3):
            workspace.search("pump")
        assert len(looks) == 1
        (talk,) = [asset for asset in workspace.assets() if asset.name == "talk.mp4"]
        workspace.store.put_moments(talk.id, workspace.store.moments(asset_ids=[talk.id])[1:])
        for _ in range(3):
            workspace.search("pump")
        assert len(looks) == 2
