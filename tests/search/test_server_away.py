"""A Chroma server that is away, or has something else in its place."""

import http.server
import os
import socket
import threading
from pathlib import Path

import httpx
import pytest

from workbench.errors import LibraryError
from workbench.search.index import Index
from workbench.search.ownership import ServerNote, live_server, write_server


def test_a_server_that_is_gone_is_asked_again_after_a_while_only(
    tmp_path: Path, embedder, monkeypatch: pytest.MonkeyPatch
):
    asked = []
    real = httpx.get
    monkeypatch.setattr(httpx, "get", lambda *a, **k: (asked.append(a), real(*a, **k))[1])
    index = Index.open(tmp_path, embedder, url="http://127.0.0.1:9")
    for _ in range(3):
        with pytest.raises(LibraryError, match="does not answer"):
            index.query("pump")
    assert len(asked) == 1
    monkeypatch.setattr("workbench.search.index.GONE_S", 0.0)
    index = Index.open(tmp_path, embedder, url="http://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(LibraryError, match="does not answer"):
            index.query("pump")
    assert len(asked) > 2


@pytest.mark.parametrize("status", [404, 502, 503])
def test_a_proxy_that_answers_in_its_place_is_no_damage(tmp_path: Path, embedder, status: int):
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html>Bad gateway</html>")

        def log_message(self, *args) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        index = Index.open(tmp_path, embedder, url=f"http://127.0.0.1:{proxy.server_port}")
        with pytest.raises(LibraryError, match="does not answer"):
            index.query("pump")
        proxy.shutdown()
        thread.join()


def test_a_note_of_another_machine_is_passed_over(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        note = ServerNote("127.0.0.1", listener.getsockname()[1], os.getpid(), "another")
        write_server(tmp_path, note)
        assert live_server(tmp_path) is None  # its loopback is not ours; nobody was asked
