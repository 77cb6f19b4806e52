"""Whoever makes a call is known by name, and is heard of for as long as it does."""

import subprocess
import sys
import threading
import time

import workbench.library.calls.holders
from workbench.errors import LibraryGone
from workbench.library.calls.holders import Flights, holder_name, is_alive

NAME = "from workbench.library.calls.holders import holder_name; print(holder_name(), flush=True); input()"


def test_a_process_is_alive_until_it_ends_also_when_it_is_not_reaped_yet(project):
    words = [sys.executable, "-c", NAME]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, cwd=project) as process:
        name = process.stdout.readline().strip()
        assert is_alive(name, 9999.0)
        process.kill()
        process.stdout.read()
        # Not waited for yet, so the kernel still has an entry for it.
        while is_alive(name, 0.0):
            time.sleep(0.01)


def test_another_process_of_the_same_number_is_another(project):
    host, pid, started = holder_name().rsplit(":", 2)
    assert is_alive(holder_name(), 0.0)
    assert not is_alive(f"{host}:{pid}:{int(started) + 1}", 0.0)


def test_calls_are_told_of_while_they_are_made_and_no_longer(monkeypatch):
    monkeypatch.setattr(workbench.library.calls.holders, "BEAT_S", 0.01)
    flights, heard = Flights(), threading.Semaphore(0)

    def beat(holder: str) -> None:
        assert holder == holder_name()
        heard.release()
        raise LibraryGone("away for a moment")

    assert flights.enter("k", beat)
    for _ in range(3):
        assert heard.acquire(timeout=30)
    flights.leave("k")
    while any(thread.name == "beat" for thread in threading.enumerate()):
        time.sleep(0.01)
    while heard.acquire(blocking=False):
        pass
    assert flights.enter("k2", beat)
    assert heard.acquire(timeout=30)
    flights.leave("k2")


def test_a_question_is_asked_by_one_thread_at_a_time():
    flights = Flights()
    assert flights.enter("k", print)
    assert not flights.enter("k", print)
    assert "k" in flights
    flights.leave("k")
    assert flights.enter("k", print)
    flights.leave("k")


def test_who_waits_is_woken_when_a_call_has_ended():
    flights = Flights()
    flights.enter("k", print)
    threading.Timer(0.05, flights.leave, ["k"]).start()
    flights.wait(60.0)
    assert "k" not in flights
