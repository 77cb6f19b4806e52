"""Kept replies: durable, never half there, never paid twice."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.backends.call_cache import CallCache
from workbench.backends.protocol import ModelReply
from workbench.backends.usage import Usage
from workbench.errors import DiskFull, LibraryError, RequestError

KEY = "0f" * 32
REPLY = ModelReply(
    data={"summary": "Ein Überblick – 概要", "chapters": [{"start_s": 1.5}]},
    usage=Usage(input_tokens=12, output_tokens=3, images=1, media_s=1.25),
    model_id="us.amazon.nova-lite-v1:0",
    stop_reason="tool_use",
    latency_s=2.5,
    attempts=3,
)


@pytest.fixture
def cache(tmp_path):
    return CallCache(tmp_path / "calls")


def test_a_kept_reply_comes_back_as_it_was(cache):
    assert cache.get(KEY) is None
    cache.put(KEY, "Talk, chunk 1 of 2", REPLY)
    assert cache.get(KEY) == REPLY
    assert CallCache(cache.folder).get(KEY) == REPLY


def test_the_file_can_be_read_by_people(cache):
    cache.put(KEY, {"label": "Talk, chunk 1 of 2"}, REPLY)
    kept = json.loads(cache.path(KEY).read_text(encoding="utf-8"))
    assert kept["request"] == {"label": "Talk, chunk 1 of 2"}
    assert kept["kept_at"]
    assert "Überblick" in cache.path(KEY).read_text(encoding="utf-8")


def test_the_last_of_two_replies_to_one_question_is_kept_whole(cache):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: cache.put(KEY, n, REPLY), range(12)))
    assert cache.get(KEY) == REPLY
    assert [path.name for path in cache.path(KEY).parent.iterdir()] == [f"{KEY}.json"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[: len(text) // 2],
        lambda text: b"\xff\xfe\x00",
        lambda text: b"[]",
        lambda text: text.replace(b'"usage"', b'"used"'),
        lambda text: text.replace(KEY.encode(), b"00" * 32),
        lambda text: text.replace(b'"form": 1', b'"form": 99'),
    ],
)
def test_a_damaged_file_counts_as_absent_and_is_set_aside(cache, damage):
    cache.put(KEY, "", REPLY)
    path = cache.path(KEY)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(KEY) is None
    assert not path.exists()
    assert path.with_suffix(".damaged").exists()
    cache.put(KEY, "", REPLY)
    assert cache.get(KEY) == REPLY


def test_what_is_left_of_a_crash_is_never_read(cache):
    cache.put(KEY, "", REPLY)
    (cache.path(KEY).parent / f".{KEY}.part").write_bytes(b"{half")
    assert cache.get(KEY) == REPLY


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "XY" * 32, "0f/" * 10])
def test_a_key_cannot_lead_out_of_the_folder(cache, key):
    with pytest.raises(RequestError, match="no key"):
        cache.get(key)
    with pytest.raises(RequestError, match="no key"):
        cache.put(key, "", REPLY)


def test_a_full_disk_is_told_and_leaves_nothing(cache, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull) as caught:
        cache.put(KEY, "", REPLY)
    assert "not paid again" in caught.value.hint
    assert list(cache.path(KEY).parent.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "calls").write_text("a file in its place")
    with pytest.raises(LibraryError, match="cannot be kept"):
        CallCache(tmp_path / "calls").put(KEY, "", REPLY)


def test_a_reply_that_may_not_be_read_is_not_taken_for_absent(cache):
    cache.path(KEY).mkdir(parents=True)
    with pytest.raises(LibraryError, match="cannot be read"):
        cache.get(KEY)
