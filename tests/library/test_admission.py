"""Calls are admitted one at a time: never twice, never too many, never past a cap or a limit."""

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from workbench.backends.usage import Usage
from workbench.library.calls.holders import holder_name
from workbench.library.records import CallInFlight, LedgerEntry, RateLimit
from workbench.library.store import Store

PRICE = Decimal("0.01")

CROWD = textwrap.dedent(
    """
    import json, os, random, sys, threading, time
    from datetime import UTC, datetime
    from decimal import Decimal
    from pathlib import Path
    from workbench.backends.usage import Usage
    from workbench.library.calls.holders import holder_name, is_call_alive
    from workbench.library.records import CallInFlight, LedgerEntry
    from workbench.library.store import Store

    url, folder, cap, threads, keys = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:6]
    cap = Decimal(cap) if cap else None
    log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    me = holder_name()

    def say(*words):
        os.write(log, (json.dumps(words) + chr(10)).encode())

    def order(key):
        return CallInFlight(
            key, "pro" if int(key) % 2 else "lite", "job", me, 0.0, 0.0,
            Decimal("0.01"), "c", "a", key, None,
        )

    def entry(key):
        return LedgerEntry(
            datetime.now(UTC), "", "a", key, key, "nova", "lite", "id", False,
            None, Decimal("0.006"), Usage(), job_id="job",
        )

    def ask(store, key):
        call = order(key)
        while not (folder / key).exists():
            verdict = store.admit(call, cap_usd=cap, is_alive=is_call_alive).verdict
            if verdict == "over":
                say("over", key)
                return
            if verdict != "go":
                time.sleep(0.01)
                continue
            say("go", call.model, key)
            if not (folder / key).exists():
                say("paid", call.model, key)
                time.sleep(random.uniform(0, 0.02))
                (folder / key).touch()
                store.record_call(entry(key))
            say("landed", call.model, key)
            store.landed(key, me)

    def work(store):
        mine = [str(n) for n in range(int(keys))]
        random.shuffle(mine)
        for key in mine:
            ask(store, key)

    with Store.open(url) as store:
        sys.stdin.readline()
        many = [threading.Thread(target=work, args=(store,)) for _ in range(int(threads))]
        for each in many: each.start()
        for each in many: each.join()
    """
)


def run_crowd(url: str, folder: Path, *, cap: str = "", threads: int = 8, keys: int = 24) -> list:
    """Two processes of many threads that all want all keys; what happened, in order."""
    words = [sys.executable, "-c", CROWD, url, str(folder), cap, str(threads), str(keys)]
    crowd = [subprocess.Popen(words, stdin=subprocess.PIPE, text=True) for _ in range(2)]
    go(crowd)
    for process in crowd:
        process.communicate(timeout=300)
        assert process.returncode == 0
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def go(crowd: list[subprocess.Popen]) -> None:
    """Let all of them begin at once."""
    for process in crowd:
        process.stdin.write("\n")
        process.stdin.flush()


def most_at_once(lines: list) -> Counter:
    """Model → most of its calls that were in flight at one moment; a call twice is a fault."""
    flying: set[str] = set()
    most: Counter = Counter()
    for word, *rest in lines:
        if word == "go":
            assert rest[1] not in flying, f"{rest[1]} twice"
            flying.add(rest[1])
            model = rest[0]
            count = sum(1 for key in flying if ("pro" if int(key) % 2 else "lite") == model)
            most[model] = max(most[model], count)
        elif word == "landed":
            flying.remove(rest[1])
    assert flying == set()
    return most


@pytest.fixture
def address(any_store: Store) -> str:
    """The address of the store, for other processes."""
    url = any_store._database._engine.url
    return url.database if url.drivername == "sqlite" else url.render_as_string(hide_password=False)


def test_a_crowd_makes_each_call_once_and_never_too_many_at_once(
    any_store: Store, address: str, tmp_path: Path
):
    any_store.set_limit(RateLimit("*", at_once=3))
    any_store.set_limit(RateLimit("pro", at_once=1))
    lines = run_crowd(address, tmp_path)
    assert Counter(key for word, *_, key in lines if word == "paid") == {
        str(number): 1 for number in range(24)
    }
    most = most_at_once(lines)
    assert most["pro"] == 1
    assert most["lite"] in {2, 3}
    assert any_store.calls_in_flight() == []


def test_a_crowd_never_passes_the_cap(any_store: Store, address: str, tmp_path: Path):
    lines = run_crowd(address, tmp_path, cap="0.05")
    paid = [key for word, *_, key in lines if word == "paid"]
    # The eighth could cost 0.01 on top of 7 × 0.006.
    assert len(paid) == 7
    assert any_store.spent_usd("job") == Decimal("0.042")
    assert {word for word, *_ in lines} >= {"over"}
    assert most_at_once(lines).total() <= 10


SENDERS = textwrap.dedent(
    """
    import os, sys, threading
    from workbench.library.store import Store

    def work(store, model):
        for _ in range(10):
            send, wait_s = store.reserve_send(model, 100)
            said = f"{model} {int(bool(send))} {0.0 < wait_s < 70.0}"
            os.write(1, said.encode() + bytes([10]))

    with Store.open(sys.argv[1]) as store:
        sys.stdin.readline()
        many = [
            threading.Thread(target=work, args=(store, model)) for model in ("pro", "lite", "free") * 2
        ]
        for each in many: each.start()
        for each in many: each.join()
    """
)


def test_a_crowd_sends_as_many_as_a_minute_allows_and_waits_with_the_rest(
    any_store: Store, address: str
):
    any_store.set_limit(RateLimit("pro", requests_per_minute=7))
    any_store.set_limit(RateLimit("lite", tokens_per_minute=1150))
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", SENDERS, address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    go(crowd)
    said = [
        line.split()
        for process in crowd
        for line in process.communicate(timeout=120)[0].splitlines()
    ]
    granted = Counter(model for model, was_granted, _ in said if was_granted == "1")
    assert granted == {"pro": 7, "lite": 11, "free": 40}
    assert all(waits == "True" for _, was_granted, waits in said if was_granted == "0")
    assert len(said) == 120


def call(key: str = "k", **facts) -> CallInFlight:
    facts = {"model": "lite", "job_id": "j", "holder": holder_name(), "most_usd": PRICE} | facts
    return CallInFlight(
        key, facts["model"], facts["job_id"], facts["holder"], 0.0, 0.0, facts["most_usd"],
        "c1", "a1", "Talk, chunk 1", None,
    )  # fmt: skip


def entry(cost: str, job_id: str = "j") -> LedgerEntry:
    return LedgerEntry(
        datetime.now(UTC), "", "a", "c", f"key {cost}", "nova", "lite", "id", False,
        None, Decimal(cost), Usage(), job_id=job_id,
    )  # fmt: skip


def alive(_: CallInFlight) -> bool:
    return True


def test_a_call_in_flight_is_held_until_it_landed(any_store: Store):
    assert any_store.admit(call(), cap_usd=None, is_alive=alive).verdict == "go"
    other = call(holder="elsewhere:1:1", job_id="j2")
    assert any_store.admit(other, cap_usd=None, is_alive=alive).verdict == "held"
    any_store.landed("k", "elsewhere:1:1")  # not its call
    assert any_store.admit(other, cap_usd=None, is_alive=alive).verdict == "held"
    any_store.landed("k", holder_name())
    assert any_store.admit(other, cap_usd=None, is_alive=alive).verdict == "go"
    (flying,) = any_store.calls_in_flight("j2")
    assert replace(flying, started_at_s=0.0, silent_s=0.0) == other
    assert any_store.calls_in_flight("j") == []


def test_calls_of_the_dead_have_to_be_settled_before_another_is_admitted(any_store: Store):
    dead = call("old", holder="elsewhere:1:1")
    any_store.admit(dead, cap_usd=None, is_alive=alive)

    def lives(each: CallInFlight) -> bool:
        return each.holder == holder_name()

    admission = any_store.admit(call(), cap_usd=None, is_alive=lives)
    assert admission.verdict == "stale"
    assert [each.cache_key for each in admission.stale] == ["old"]
    assert admission.stale[0].started_at_s > 0
    any_store.landed("old", "elsewhere:1:1")
    admission = any_store.admit(call(), cap_usd=None, is_alive=lives)
    assert admission.verdict == "go"
    (flying,) = any_store.calls_in_flight()
    assert flying.started_at_s == admission.began_at_s


def test_a_cap_counts_what_was_paid_and_waits_for_what_is_in_flight(any_store: Store):
    any_store.record_call(entry("0.02"))
    any_store.record_call(entry("5", job_id="another"))
    first = any_store.admit(call("one"), cap_usd=Decimal("0.035"), is_alive=alive)
    assert first.verdict == "go"
    second = any_store.admit(call("two"), cap_usd=Decimal("0.035"), is_alive=alive)
    assert second.verdict == "busy"  # it fits if the first costs less than it may
    any_store.record_call(entry("0.009"))
    any_store.landed("one", holder_name())
    third = any_store.admit(call("two"), cap_usd=Decimal("0.035"), is_alive=alive)
    assert (third.verdict, third.spent_usd) == ("over", Decimal("0.029"))


def test_a_call_whose_price_nobody_knows_passes_a_cap_that_is_not_used_up(any_store: Store):
    unknown = call(most_usd=None)
    assert any_store.admit(unknown, cap_usd=Decimal(0), is_alive=alive).verdict == "go"


def test_the_budget_of_a_month_counts_every_job_and_waits_for_what_is_in_flight(any_store: Store):
    budget = {"cap_usd": None, "is_alive": alive, "budget_usd": Decimal("0.035")}
    any_store.record_call(entry("0.01"))
    any_store.record_call(entry("0.0101", job_id="another"))
    assert any_store.admit(call("one", job_id="third"), **budget).verdict == "go"
    assert any_store.admit(call("two"), **budget).verdict == "busy"
    any_store.record_call(entry("0.009", job_id="third"))
    any_store.landed("one", holder_name())
    refused = any_store.admit(call("two"), **budget)
    assert (refused.verdict, refused.spent_usd) == ("over_budget", Decimal("0.0291"))


def test_what_was_spent_before_this_month_is_not_of_its_budget(any_store: Store):
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    any_store.record_call(replace(entry("5"), at=month - timedelta(microseconds=1)))
    budget = {"cap_usd": None, "is_alive": alive, "budget_usd": Decimal("0.02")}
    assert any_store.admit(call("one"), **budget).verdict == "go"
    any_store.landed("one", holder_name())
    any_store.record_call(replace(entry("0.011"), at=month))
    assert any_store.admit(call("two"), **budget).verdict == "over_budget"


def test_a_lost_call_counts_against_the_budget_as_it_was_estimated(any_store: Store):
    lost = replace(entry("1"), cost_usd=None, estimated_usd=Decimal("0.015"), outcome="lost")
    any_store.record_call(lost)
    admission = any_store.admit(call(), cap_usd=None, is_alive=alive, budget_usd=Decimal("0.02"))
    assert (admission.verdict, admission.spent_usd) == ("over_budget", Decimal("0.015"))


def test_a_call_whose_price_nobody_knows_is_not_made_under_a_budget(any_store: Store):
    unknown = call(most_usd=None)
    admission = any_store.admit(unknown, cap_usd=None, is_alive=alive, budget_usd=Decimal(25))
    assert admission.verdict == "over_budget"


def test_a_beat_says_that_all_calls_of_a_process_are_still_made(any_store: Store):
    for key, holder in (("a", "here:1:1"), ("b", "here:1:1"), ("c", "elsewhere:1:1")):
        any_store.admit(call(key, holder=holder), cap_usd=None, is_alive=alive)
    with any_store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE calls_in_flight SET beat_at_s = beat_at_s - 0.5")
    any_store.beat_calls("here:1:1")
    silent_s = {each.cache_key: each.silent_s for each in any_store.calls_in_flight()}
    assert silent_s["c"] > max(silent_s["a"], silent_s["b"])


def test_what_a_send_has_not_used_is_free_again(any_store: Store):
    any_store.set_limit(RateLimit("lite", tokens_per_minute=100))
    send, wait_s = any_store.reserve_send("lite", 80)
    assert (send > 0, wait_s) == (True, 0.0)
    assert any_store.reserve_send("lite", 40)[0] == 0
    any_store.settle_send(send, 30)
    assert any_store.reserve_send("lite", 40)[0] > 0
    assert any_store.reserve_send("lite", 40)[0] == 0


def test_limits_are_by_model_with_one_for_every_other(any_store: Store):
    assert any_store.limits() == [RateLimit("*")]
    any_store.set_limit(RateLimit("pro", 2, 10, 1000))
    any_store.set_limit(RateLimit("pro", 3, 10, 1000))
    assert any_store.limits() == [RateLimit("*"), RateLimit("pro", 3, 10, 1000)]
    any_store.set_limit(RateLimit("*", 9))
    assert any_store.limit("lite") == RateLimit("lite", 9)
    assert any_store.limit("pro").at_once == 3
    assert len(any_store.limits()) == 2


def test_the_names_of_two_processes_differ(project: Path):
    script = "from workbench.library.calls.holders import holder_name; print(holder_name())"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(project)},
    )  # fmt: skip
    assert done.stdout.strip() != holder_name()
