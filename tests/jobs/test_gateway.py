"""The gateway makes each paid call once, whoever asks for it and whoever is killed meanwhile."""

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import workbench.library.store.calls
from tests.support.bedrock_server import BedrockServer, credentials_for_tests, error, stopped
from tests.support.nova_answers import answer_to
from tests.support.orders import in_threads, order_of
from workbench import Settings, Workspace
from workbench.errors import AccessDenied, BadReply, JobError
from workbench.jobs import processes
from workbench.jobs.gateway import wire
from workbench.jobs.gateway.client import call_through_gateway
from workbench.jobs.gateway.wire import note_path, prove, read_note, write_note
from workbench.library.holders import is_alive
from workbench.library.records import Job, RateLimit
from workbench.library.store import Store

ASKER = Path(__file__).with_name("asker_program.py")
JOB = "0123456789abcdef"


@pytest.fixture
def server() -> Iterator[BedrockServer]:
    with BedrockServer() as running:
        yield running


@pytest.fixture
def let_go(server: BedrockServer) -> Iterator[threading.Event]:
    """The service gives no answer before this is set."""
    event = threading.Event()
    server.answer = lambda received: event.wait(120) and answer_to(received)
    yield event
    event.set()


@pytest.fixture(autouse=True)
def surroundings(
    data_dir: Path, server: BedrockServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the gateway and askers need to know to call the server and nothing else."""
    known = {
        **credentials_for_tests(),
        "AWS_CONFIG_FILE": str(data_dir / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(data_dir / "none"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(project),
        "WORKBENCH_DATA_DIR": str(data_dir),
        "WORKBENCH_BEDROCK_ENDPOINT_URL": server.url,
    }
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    # No `.env` of whoever runs the tests.
    monkeypatch.chdir(data_dir)


@pytest.fixture(autouse=True)
def no_gateway_left(data_dir: Path) -> Iterator[None]:
    """End the gateway that the test has started."""
    yield
    ended = 0
    note = read_note(data_dir)
    if note is not None and is_alive(note.holder, 0.0):
        ended = pid_of(note.holder)
        os.kill(ended, signal.SIGKILL)
        until(lambda: not is_alive(note.holder, 0.0))
    for child in processes._children:
        # Python warns at its end about programs it has not seen end.
        if child.pid == ended:
            child.wait(60)
        child.poll()


@pytest.fixture
def job(store: Store) -> str:
    now = datetime.now(UTC)
    store.put_job(Job(id=JOB, kind="analyse", title="t", state="running", created_at=now))
    return JOB


@pytest.fixture
def asker(data_dir: Path, job: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts somebody who asks for a call."""
    started: list[subprocess.Popen[str]] = []

    def start(number: int = 1, job_id: str = job, cap: str = "") -> subprocess.Popen[str]:
        words = [sys.executable, str(ASKER), str(data_dir), str(number), job_id, cap]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def gateway(data_dir: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts a gateway as a person may."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> "subprocess.Popen[bytes]":
        with (data_dir / "gateway.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "workbench", "gateway", *words], stderr=output
            )
        started.append(process)
        until(lambda: process.poll() is not None or f":{process.pid}:" in holder(data_dir))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def until(is_so: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def holder(data_dir: Path) -> str:
    note = read_note(data_dir)
    return note.holder if note else ""


def lines_to(data_dir: Path) -> list[str]:
    """The gateway's lines to askers, as the kernel has them: open, or with nobody at the end."""
    kinds = {"01": "open", "08": "left"}
    port = f":{read_note(data_dir).port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()]
    return [kinds[row[3]] for row in rows if row[1].endswith(port) and row[3] in kinds]


def pid_of(name: str) -> int:
    return int(name.split(":")[-2])


def answer_of(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=60)[0].strip()


def was_paid(process: "subprocess.Popen[str]") -> bool:
    return json.loads(answer_of(process))["was_paid"]


def outcomes(store: Store) -> list[str]:
    return list(store.ledger()["outcome"])


def call(data_dir: Path, number: int = 1, job_id: str = JOB):
    return call_through_gateway(data_dir, order_of(number), job_id, lambda: None)


def test_a_gateway_is_started_for_the_first_call_and_used_for_the_next(
    data_dir, store, server, job
):
    outcome = call(data_dir)
    first = holder(data_dir)
    assert outcome.was_paid
    assert outcome.cost_usd == store.spent_usd(JOB) > 0
    assert not call(data_dir).was_paid
    assert call(data_dir, 2).was_paid
    assert holder(data_dir) == first
    assert (server.answered, outcomes(store)) == (2, ["answered"] * 2)
    assert store.job(JOB).calls_paid == 2


def test_an_asker_that_is_killed_while_its_call_is_in_flight_loses_nothing(
    data_dir, store, server, asker, let_go
):
    killed = asker()
    until(lambda: server.under_way)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = asker()
    until(lambda: lines_to(data_dir) == ["open"])
    let_go.set()
    answer = answer_of(again)
    assert '"was_paid"' in answer
    assert server.received == server.answered == 1
    assert outcomes(store) == ["answered"]
    assert store.job(JOB).calls_paid == 1
    assert store.calls_in_flight() == []


def test_two_who_ask_for_the_same_call_get_one(store, server, asker):
    server.delay_s = 1.0
    both = [asker(1, JOB), asker(1, "another job")]
    assert sorted(was_paid(each) for each in both) == [False, True]
    assert server.received == 1
    assert outcomes(store) == ["answered"]


def test_a_gateway_that_is_killed_in_flight_is_replaced_and_its_call_written_down_as_lost(
    data_dir, store, server, asker, let_go
):
    waiting = asker()
    until(lambda: server.under_way)
    os.kill(pid_of(holder(data_dir)), signal.SIGKILL)
    let_go.set()
    assert was_paid(waiting)
    assert outcomes(store) == ["lost", "answered"]
    assert "call.lost" in [event.event for event in store.events(JOB)]
    assert store.calls_in_flight() == []


def test_a_call_nobody_waits_for_any_more_is_not_made(
    data_dir, store, server, asker, gateway, let_go
):
    store.set_limit(RateLimit("*", at_once=1))
    running = gateway("--idle-s", "2.5")
    first = asker(1)
    until(lambda: server.under_way)
    second = asker(2)
    until(lambda: "call.waits" in [event.event for event in store.events(JOB)])
    second.send_signal(signal.SIGKILL)
    second.wait()
    until(lambda: "left" not in lines_to(data_dir))
    let_go.set()
    assert was_paid(first)
    assert running.wait(60) == 0
    assert server.received == 1
    assert store.calls_in_flight() == []


def test_a_call_that_two_jobs_want_is_made_when_one_of_them_gives_up(
    data_dir, store, server, asker, let_go
):
    store.set_limit(RateLimit("*", at_once=1))
    first = asker(1)
    until(lambda: server.under_way)
    stopped_job = asker(2, JOB)
    until(lambda: "call.waits" in [event.event for event in store.events(JOB)])
    other = asker(2, "another job")
    until(lambda: lines_to(data_dir) == ["open"] * 3)
    stopped_job.send_signal(signal.SIGKILL)
    stopped_job.wait()
    until(lambda: lines_to(data_dir) == ["open"] * 2)
    let_go.set()
    assert was_paid(first)
    assert was_paid(other)
    assert sorted(store.ledger()["job_id"]) == sorted([JOB, "another job"])


class Stopped(BaseException):
    """The user has stopped the job."""


def test_a_stopped_job_makes_no_new_call(data_dir, store, server, asker):
    store.set_limit(RateLimit("micro", requests_per_minute=1))
    assert was_paid(asker(1))

    def check() -> None:
        if "call.waits" in [event.event for event in store.events(JOB)]:
            raise Stopped

    with pytest.raises(Stopped):
        call_through_gateway(data_dir, order_of(2), JOB, check)
    until(lambda: store.calls_in_flight() == [])
    assert server.received == 1


def test_the_cap_of_a_job_holds_across_processes(store, server, asker):
    server.delay_s = 0.5
    # The calls cost some 0.00002; the next may cost 0.01.
    crowd = [asker(number, JOB, "0.0100001") for number in range(4)]
    answers = [answer_of(each) for each in crowd]
    assert sum(answer.startswith("BudgetReached: stopped before") for answer in answers) == 3
    assert all("raise the cap and run again" in a for a in answers if a.startswith("Budget"))
    assert server.received == 1


def test_the_cap_holds_for_a_run_in_this_process_too(data_dir, store, server, asker):
    server.delay_s = 1.0
    order = order_of(2, cap_usd=Decimal("0.0100001"))
    with Workspace.open(Settings()) as workspace:
        other = asker(1)
        until(lambda: server.under_way)
        (found,) = in_threads([lambda: workspace.call(order, job_id=JOB)])
    assert was_paid(other)
    assert type(found).__name__ == "BudgetReached"
    assert server.received == 1


def test_errors_come_back_as_our_own(data_dir, server, job):
    server.always(error("AccessDeniedException"))
    with pytest.raises(AccessDenied, match="AccessDeniedException on command") as caught:
        call(data_dir)
    assert "bedrock:InvokeModel" in caught.value.hint
    server.always(stopped("max_tokens"))
    with pytest.raises(BadReply) as caught:
        call(data_dir)
    assert caught.value.billed.input_tokens == server.calls[-1].input_tokens


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


def test_the_limit_of_a_minute_is_kept_by_many_who_ask_at_once(
    data_dir, store, server, job, monkeypatch
):
    """Told by the catalog's clock, which decides; the minute is a short one."""
    calls = workbench.library.store.calls
    monkeypatch.setattr(calls, "WINDOW_S", 1.5)
    monkeypatch.setattr(calls, "SPARE_S", 0.3)
    granted_s: list[float] = []
    wait_for = calls.wait_for

    def watched(limit: RateLimit, recent: object, tokens: int, now_s: float) -> float:
        wait_s = wait_for(limit, recent, tokens, now_s)
        if not wait_s:
            granted_s.append(now_s)
        return wait_s

    monkeypatch.setattr(calls, "wait_for", watched)
    store.set_limit(RateLimit("micro", at_once=0, requests_per_minute=5))
    with Workspace.open(Settings()) as one, Workspace.open(Settings()) as other:
        asked = [
            lambda n=n, each=each: each.call(order_of(n), job_id=JOB)
            for n in range(6)
            for each in (one, other)
        ]
        asked += [lambda n=n: one.call(order_of(n), job_id=JOB) for n in range(6, 13)]
        found = in_threads(asked)
    assert sum(outcome.was_paid for outcome in found) == 13
    # The service got as many as were allowed, and no six of them were in one such minute. When it
    # has read a request it cannot tell: a busy machine puts that off.
    assert server.received == len(granted_s) == 13
    granted_s.sort()
    assert all(later - first > 1.79 for first, later in zip(granted_s, granted_s[5:], strict=False))
