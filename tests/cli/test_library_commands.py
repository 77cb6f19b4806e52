"""`import`, `list`, `proxies` and `sample`."""

import shutil
from pathlib import Path

import workbench.sample
from workbench.sample import Sample, Truth


def test_an_import_lists_what_it_added_and_knows_it_the_second_time(run, shelf):
    done = run("import", shelf)
    assert done.code == 0
    assert "4 added, 0 known before, 0 not read" in done.out
    assert "video     160×90         6.0 s  talk.mp4" in done.out
    assert "image    320×240                plate.jpg" in done.out
    again = run("import", shelf)
    assert again.code == 0
    assert "0 added, 4 known before" in again.out


def test_progress_is_plain_lines_without_a_terminal(run, shelf):
    lines = run("import", shelf).err.splitlines()
    assert lines[0] == "[0/4] plate.jpg"
    assert lines[-1] == "[4/4] imported"


def test_with_json_nothing_but_json_is_printed(run, shelf, has_shape):
    done = run("import", shelf, "--json")
    assert done.err == ""
    has_shape(
        done.json,
        {
            "added": [{"id": str, "path": str, "kind": str, "duration_s": float, "width_px": int}],
            "known": list,
            "failed": list,
            "skipped": int,
        },
    )


def test_a_dry_run_lists_files_and_imports_none(run, shelf):
    done = run("import", shelf, "--dry-run")
    assert done.code == 0
    assert "4 files" in done.out
    assert run("list").out.startswith("Nothing yet.")
    (listing,) = run("import", shelf, "--dry-run", "--json").json
    assert {found["kind_guess"] for found in listing["files"]} == {"video", "image", "audio"}


def test_the_list_shows_each_file_with_its_state(run, shelf, analysed):
    done = run("list")
    assert len(done.out.splitlines()) == 4
    assert all(line.startswith("analysed ") for line in done.out.splitlines())
    (photo,) = run("list", "--kind", "image", "--json").json
    assert (photo["state"], photo["kind"], photo["width_px"]) == ("analysed", "image", 320)


def test_proxies_are_made_once(run, shelf, data_dir):
    run("import", shelf)
    done = run("proxies")
    assert done.code == 0
    assert "3 made, 0 there before" in done.out
    assert "smaller)" in done.out
    again = run("proxies", "--json").json
    assert (len(again["made"]), len(again["known"])) == (0, 3)
    assert {proxy["spec"] for proxy in again["known"]} == {"nova", "nova-1568"}
    assert all(proxy["path"].startswith(str(data_dir)) for proxy in again["known"])


def test_one_spec_of_one_file_can_be_asked_for(run, shelf):
    run("import", shelf)
    done = run("proxies", shelf / "talk.mp4", "--spec", "audio", "--json")
    (made,) = done.json["made"]
    assert (made["spec"], made["size_bytes"] > 100_000) == ("audio", True)


def test_the_sample_is_made_in_the_data_folder(run, shelf, data_dir, monkeypatch):
    def make_sample(folder, *, progress):
        progress(1, 2, "slides")
        folder.mkdir()
        film, photo = (
            Path(shutil.copy(shelf / name, folder)) for name in ("talk.mp4", "plate.jpg")
        )
        truth = Truth("1", "Talk", "talk.mp4", 0, 6.0, False, (), (), (), (), (), ())
        return Sample(folder, film, (photo,), folder / "t", truth, None, False, ("No voice.",))

    monkeypatch.setattr(workbench.sample, "make_sample", make_sample)
    done = run("sample")
    assert done.code == 0
    assert f"The sample library is in {data_dir / 'sample'}:" in done.out
    assert "talk.mp4" in done.out
    assert "No voice." in done.out
    assert len(run("list", "--json").json) == 2
