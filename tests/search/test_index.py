"""The index keeps moments by meaning, has one owner, and can be made anew."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from workbench.errors import LibraryBusy, LibraryDamaged, LibraryError, SettingsError
from workbench.media.timecode import TimeSpan
from workbench.search.index import Index, collection_name
from workbench.search.moments import KeptVector, Moment, make_moment
from workbench.search.ownership import (
    FolderLock,
    ServerNote,
    forget_server,
    is_alive,
    live_server,
    write_server,
)

MakeMoments = Callable[..., list[Moment]]


def texts(found) -> list[str]:
    return [moment.text for moment, _ in found]


def test_the_closest_meaning_comes_first(index: Index, make_moments: MakeMoments):
    made = make_moments("The pump.", "The castle.", "Grease it.")
    kept = index.put("a", made)
    assert [row.moment for row in kept] == made
    assert index.count() == 3
    found = index.query("the machine and its impeller")
    assert found[0][0] == made[0]
    assert found[0][1] > 0.9
    similarities = [similarity for _, similarity in found]
    assert similarities == sorted(similarities, reverse=True)
    assert len(index.query("pump", limit=2)) == 2


def test_an_empty_index_finds_nothing(index: Index):
    assert index.count() == 0
    assert index.query("pump") == ()
    assert index.ids() == frozenset()
    index.remove("nobody")


def test_times_that_are_whole_numbers_or_parts_of_seconds_come_back(index: Index):
    moment = make_moment("a", TimeSpan(1, 2.25), "line\ntwo", "screen_text", "ocr 1")
    index.put("a", [moment])
    assert index.query("x")[0][0] == moment


def test_putting_moments_again_embeds_only_what_is_new(
    index: Index, make_moments: MakeMoments, embedder
):
    first = make_moments("The pump.", "The castle.")
    before = index.put("a", first)
    assert embedder.embedded == 2
    again = index.put("a", first)
    assert embedder.embedded == 2
    assert [row.moment for row in again] == [row.moment for row in before]
    for row, was in zip(again, before, strict=True):
        assert np.allclose(*(np.frombuffer(each.vector, "<f4") for each in (row, was)), atol=1e-6)
    index.put("a", [first[0], *make_moments("x", "y", "Grease it.")[2:]])
    assert embedder.embedded == 3
    assert sorted(texts(index.query("pump"))) == ["Grease it.", "The pump."]


def test_an_asset_can_be_taken_out_and_others_stay(index: Index, make_moments: MakeMoments):
    index.put("a", make_moments("The pump."))
    index.put("b", make_moments("The pump.", asset_id="b"))
    index.remove("a")
    assert [moment.asset_id for moment, _ in index.query("pump")] == ["b"]
    index.put("b", [])
    assert index.count() == 0


def test_a_query_can_be_limited_to_kinds_and_assets(index: Index, make_moments: MakeMoments):
    index.put("a", make_moments("The pump.") + make_moments("The pumps.", kind="chapter"))
    index.put("b", make_moments("The pump.", asset_id="b"))
    assert len(index.query("pump")) == 3
    assert texts(index.query("pump", kinds=["chapter"])) == ["The pumps."]
    assert len(index.query("pump", asset_ids=["b"])) == 1
    both = index.query("pump", kinds=["transcript"], asset_ids=["a", "b"])
    assert len(both) == 2


def test_more_moments_than_one_batch_are_all_written(index: Index):
    many = [
        make_moment("a", TimeSpan(n, n + 1), f"pump {n}", "transcript", "x") for n in range(1201)
    ]
    assert len(index.put("a", many)) == 1201
    assert index.count() == 1201
    assert index.ids() == {moment.id for moment in many}


def test_what_was_put_is_there_after_closing(tmp_path: Path, embedder, make_moments: MakeMoments):
    index = Index.open(tmp_path / "chroma", embedder)
    index.put("a", make_moments("The pump."))
    index.close()
    index.close()
    again = Index.open(tmp_path / "chroma", embedder)
    assert texts(again.query("pump")) == ["The pump."]
    again.close()
    assert texts(again.query("pump")) == ["The pump."]  # opens itself again
    again.close()


def test_each_embedder_has_its_own_collection(
    tmp_path: Path, embedder, make_moments: MakeMoments, index: Index
):
    class Other(type(embedder)):
        name = "other/2"
        dimension = 16

        def embed(self, texts):
            return np.ones((len(texts), 16), dtype=np.float32) / 4

    other = Index.open(tmp_path / "chroma", Other())
    index.put("a", make_moments("The pump."))
    assert other.count() == 0
    other.put("a", make_moments("The castle."))
    assert (index.count(), other.count()) == (1, 1)
    assert other.collection == "moments-other-2-16" != index.collection
    other.close()


def test_names_of_collections_are_what_chroma_allows():
    assert collection_name("a/b c:1.0_x", 384) == "moments-a-b-c-1.0-x-384"


def test_rebuilding_uses_kept_vectors_and_embeds_the_rest(
    index: Index, make_moments: MakeMoments, embedder
):
    made = make_moments("The pump.", "The castle.", "Grease it.")
    kept = index.put("a", made[:2])
    index.put("gone", make_moments("A stale moment.", asset_id="gone"))
    embedder.embedded = 0
    told: list[tuple[int, int, str]] = []
    new = index.rebuild(kept, made[2:], progress=lambda *step: told.append(step))
    assert embedder.embedded == 1
    assert [row.moment for row in new] == made[2:]
    assert index.ids() == {moment.id for moment in made}
    assert texts(index.query("grease", limit=1)) == ["Grease it."]
    assert told[-1] == (3, 3, "indexed")


def test_kept_vectors_are_plain_floats(index: Index, make_moments: MakeMoments, embedder):
    (kept,) = index.put("a", make_moments("The pump."))
    assert np.allclose(np.frombuffer(kept.vector, dtype="<f4"), embedder.embed(["The pump."])[0])


def test_a_damaged_index_is_told_and_rebuilding_repairs_it(
    tmp_path: Path, embedder, make_moments: MakeMoments
):
    folder = tmp_path / "chroma"
    index = Index.open(folder, embedder)
    kept = index.put("a", make_moments("The pump."))
    index.close()
    (folder / "chroma.sqlite3").write_bytes(b"this is no database" * 1000)
    with pytest.raises(LibraryDamaged) as caught:
        index.count()
    assert "rebuild" in caught.value.hint
    index.rebuild(kept)
    assert texts(index.query("pump")) == ["The pump."]
    index.close()


def test_a_collection_made_anew_by_another_is_found_again(
    tmp_path: Path, embedder, make_moments: MakeMoments, index: Index
):
    kept = index.put("a", make_moments("The pump."))
    other = Index.open(tmp_path / "chroma", embedder)
    other.rebuild(kept)
    assert texts(index.query("pump")) == ["The pump."]
    other.close()
    assert index.count() == 1


HOLD = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from workbench.search.ownership import FolderLock
    lock = FolderLock(Path(sys.argv[1]))
    print("held", flush=True)
    sys.stdin.readline()
    """
)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """An index folder that another process has."""
    folder = tmp_path / "held"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    yield folder
    holder.communicate("\n")


def test_a_folder_another_process_has_is_busy(held: Path, embedder):
    index = Index.open(held, embedder, wait_s=0.3)
    with pytest.raises(LibraryBusy, match="in use by another process") as caught:
        index.count()
    assert caught.value.hint


def test_a_killed_owner_leaves_the_folder_free(tmp_path: Path, embedder):
    folder = tmp_path / "chroma"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    index = Index.open(folder, embedder, wait_s=2.0)
    assert index.count() == 0
    index.close()


def test_a_child_inherits_the_lock(tmp_path: Path):
    lock = FolderLock(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.readline()"],
        stdin=subprocess.PIPE,
        pass_fds=[lock.fileno()],
    )
    lock.release()
    with pytest.raises(LibraryBusy):
        FolderLock(tmp_path)
    child.communicate(b"\n")
    FolderLock(tmp_path).release()


def test_two_indexes_of_one_process_share_the_folder(
    tmp_path: Path, embedder, make_moments: MakeMoments, index: Index
):
    index.put("a", make_moments("The pump."))
    second = Index.open(tmp_path / "chroma", embedder, wait_s=0.0)
    assert second.count() == 1
    second.put("b", make_moments("The pump.", asset_id="b"))
    assert index.count() == 2
    second.close()
    assert index.count() == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, embedder):
    (tmp_path / "file").touch()
    index = Index.open(tmp_path / "file" / "chroma", embedder)
    with pytest.raises(LibraryError, match="cannot be written"):
        index.count()


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://host", "http://", "http://h:port", "http://a b\x00:80"]
)
def test_an_address_that_is_none_is_a_setting_to_correct(tmp_path: Path, embedder, url: str):
    with pytest.raises(SettingsError, match="no address"):
        Index.open(tmp_path, embedder, url=url).count()


def test_a_server_that_is_not_there_is_told(tmp_path: Path, embedder):
    index = Index.open(tmp_path, embedder, url="http://127.0.0.1:9")
    with pytest.raises(LibraryError, match="does not answer") as caught:
        index.count()
    assert "WORKBENCH_CHROMA_URL" in caught.value.hint


def test_a_note_of_a_dead_server_is_passed_over(
    tmp_path: Path, embedder, make_moments: MakeMoments
):
    folder = tmp_path / "chroma"
    folder.mkdir()
    write_server(folder, ServerNote("127.0.0.1", 9, 1))
    assert live_server(folder) is None
    index = Index.open(folder, embedder, wait_s=0.0)
    index.put("a", make_moments("The pump."))
    index.close()
    (folder / "server.json").write_text("{half a no")
    assert live_server(folder) is None
    forget_server(folder)
    forget_server(folder)


def test_another_service_on_the_port_is_not_taken_for_chroma():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]

        def answer() -> None:
            peer, _ = listener.accept()
            peer.recv(1000)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        assert not is_alive("127.0.0.1", port)
        thread.join()


def chroma_server(folder: Path) -> subprocess.Popen:
    """A Chroma server as the supervisor starts it: it inherits the lock, then says its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lock = FolderLock(folder)
    command = [sys.executable, "-m", "workbench.search.server", "run", "--path", str(folder)]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[lock.fileno()],
        env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
    )
    lock.release()
    deadline = time.monotonic() + 90
    while not is_alive("127.0.0.1", port):
        assert server.poll() is None, "the server ended"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.1)
    write_server(folder, ServerNote("127.0.0.1", port, server.pid))
    return server


@pytest.mark.slow
def test_two_processes_share_a_server_and_survive_its_restart(
    tmp_path: Path, embedder, make_moments: MakeMoments
):
    folder = tmp_path / "chroma"
    folder.mkdir()
    index = Index.open(folder, embedder, wait_s=20.0)
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from conftest import ToyEmbedder
        from workbench.media.timecode import TimeSpan
        from workbench.search.index import Index
        from workbench.search.moments import make_moment
        index = Index.open(Path(sys.argv[1]), ToyEmbedder())
        made = [make_moment("b", TimeSpan(n, n + 1), f"pump {n}", "transcript", "x") for n in range(100)]
        index.put("b", made)
        print(index.count())
        index.close()
        """
    )
    server = chroma_server(folder)
    try:
        other = subprocess.Popen(
            [sys.executable, "-c", script, str(folder), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        kept: tuple[KeptVector, ...] = ()
        for turn in range(4):
            made = [
                make_moment("a", TimeSpan(n, n + 1), f"castle {n}", "transcript", "x")
                for n in range(25 * (turn + 1))
            ]
            kept = index.put("a", made)
        assert other.communicate(timeout=120)[0]
        assert other.returncode == 0
        assert index.count() == 200
        assert index.query("medieval", limit=1)[0][0].asset_id == "a"

        server.kill()
        server.wait()
        server = chroma_server(folder)  # on another port
        assert index.count() == 200
        assert index.query("medieval", limit=1)[0][0].asset_id == "a"
        assert len(kept) == 100
    finally:
        server.kill()
        server.wait()
    # Nobody serves the folder now: the index opens it itself.
    assert index.count() == 200
    index.close()
    assert json.loads((folder / "server.json").read_text())["host"] == "127.0.0.1"
