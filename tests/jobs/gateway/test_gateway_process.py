"""The gateway as a process: one a folder, ended, replaced, and closed to strangers."""

import json
import shutil
import socket
import stat
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

import pytest

from tests.support.gateway import (
    JOB,
    call,
    holder,
    outcomes,
    pid_of,
    until,
    was_paid,
)
from workbench.errors import JobError
from workbench.jobs.gateway import wire
from workbench.jobs.gateway.wire import note_path, prove, read_note, write_note
from workbench.library.records import RateLimit


def test_a_gateway_ends_when_nobody_asks(data_dir, gateway):
    assert gateway("--idle-s", "0.3").wait(60) == 0
    assert read_note(data_dir) is None


def test_a_gateway_that_is_told_to_end_finishes_what_it_has_sent(
    data_dir, store, server, asker, gateway, let_go
):
    running = gateway()
    waiting = asker()
    until(lambda: server.under_way)
    running.terminate()
    until(lambda: not holder(data_dir))
    let_go.set()
    assert was_paid(waiting)
    assert running.wait(60) == 0
    assert server.received == 1
    assert outcomes(store) == ["answered"]


def test_a_gateway_that_is_told_to_end_leaves_what_waits_to_the_next(
    data_dir, store, server, asker, gateway, let_go
):
    store.set_limit(RateLimit("*", at_once=1))
    running = gateway()
    first = asker(1)
    until(lambda: server.under_way)
    second = asker(2)
    until(lambda: "call.waits" in [event.event for event in store.events(JOB)])
    running.terminate()
    until(lambda: holder(data_dir) and pid_of(holder(data_dir)) != running.pid)
    let_go.set()
    assert was_paid(first)
    assert was_paid(second)
    assert running.wait(60) == 0
    assert server.received == 2
    assert outcomes(store) == ["answered"] * 2


def test_a_gateway_of_another_version_is_replaced(data_dir, server, gateway, job):
    running = gateway()
    write_note(data_dir, replace(read_note(data_dir), version="0.0.1"))
    assert call(data_dir).was_paid
    assert running.wait(60) == 0
    assert pid_of(holder(data_dir)) != running.pid


def test_a_gateway_of_this_version_that_knows_other_orders_is_one_of_another_version(monkeypatch):
    before = wire.spoken_version()

    @dataclass(frozen=True)
    class AskedOtherwise(wire.Asked):
        tier: str = "standard"

    with monkeypatch.context() as patch:
        patch.setattr(wire, "Asked", AskedOtherwise)
        wire.spoken_version.cache_clear()
        other = wire.spoken_version()
    wire.spoken_version.cache_clear()
    assert wire.spoken_version() == before != other


def test_there_is_one_gateway_for_a_folder(data_dir, gateway):
    gateway()
    second = gateway()
    assert second.wait(60) != 0
    assert "another gateway makes the calls" in (data_dir / "gateway.txt").read_text()


def test_a_gateway_ends_with_its_data_folder(data_dir, store, gateway):
    running = gateway()
    store.close()
    shutil.rmtree(data_dir)
    assert running.wait(60) == 0
    assert not data_dir.exists()


def test_only_the_owner_may_read_where_to_ask(data_dir, gateway):
    gateway()
    assert stat.S_IMODE(note_path(data_dir).stat().st_mode) == 0o600


def opened(port: int) -> Connection:
    return Connection(socket.create_connection(("127.0.0.1", port)).detach())


def test_a_stranger_is_not_heard_and_one_who_says_nothing_is_in_nobodys_way(
    data_dir, server, gateway, job
):
    gateway()
    port = read_note(data_dir).port
    with opened(port), opened(port) as guessing, opened(port) as shouting:
        with pytest.raises(PermissionError):
            prove(guessing, "00" * 32, "asker")
        with pytest.raises((OSError, EOFError)):
            guessing.recv_bytes()
        shouting.send_bytes(b"GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n")
        shouting.recv_bytes()  # the gateway's own challenge
        with pytest.raises((OSError, EOFError)):
            shouting.recv_bytes()
        assert call(data_dir).was_paid


def test_another_program_at_the_port_of_a_dead_gateway_is_not_told_anything(
    data_dir, server, gateway, job
):
    running = gateway()
    note = read_note(data_dir)
    running.kill()
    running.wait()
    with socket.create_server(("127.0.0.1", note.port)) as other:
        other.settimeout(0.0)
        write_note(data_dir, note)
        assert call(data_dir).was_paid
        with pytest.raises(BlockingIOError):
            other.accept()


def test_a_gateway_that_cannot_start_says_why(data_dir, store):
    store.close()
    (data_dir / "app.db").write_bytes(b"no catalog" * 1000)
    for suffix in ("-wal", "-shm"):
        (data_dir / f"app.db{suffix}").unlink(missing_ok=True)
    with pytest.raises(JobError, match=r"the gateway did not start: .*is not a catalog") as caught:
        call(data_dir)
    assert "gateway.log" in caught.value.hint


def test_the_log_of_the_gateway_is_lines_of_json_without_words_of_the_question(
    data_dir, server, job
):
    call(data_dir)
    text = (data_dir / "logs" / "gateway.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines if "event" in line] == ["call.sent", "call.answered"]
    assert {line["job"] for line in lines if "event" in line} == {JOB}
    assert all({"at", "level", "process", "pid"} <= line.keys() for line in lines)
    assert "Make one summary" not in text
    assert read_note(data_dir).key not in text
