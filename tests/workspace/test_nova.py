"""Nova from end to end: what is priced is what is called, and nothing is called twice."""

import re
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bedrock_server import error, hang, tool_input
from tests.support.nova_answers import answer_to
from workbench import AnalysisRequest
from workbench.backends.bedrock.converse import BedrockNova
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.usage import Usage
from workbench.errors import DiskFull
from workbench.library.records import RateLimit

ANSWER = None
"""A step of the server's script: answer as usual."""


def test_the_calls_of_the_plan_are_the_calls_the_service_gets(workspace, server, request_of_film):
    plan = workspace.plan(request_of_film)
    assert server.received == 0
    assert [call.task for call in plan.calls] == ["analyse_chunk"] * 5 + ["combine"]
    result = workspace.analyse(request_of_film)
    assert result.failures == ()
    assert server.refused == ()
    assert server.received == server.answered == result.calls_made == len(plan.calls)
    sent_s = [call.media[0].duration_s for call in server.calls if call.media]
    planned_s = [call.chunk.sent.duration_s for call in plan.calls if call.chunk]
    assert sorted(sent_s) == pytest.approx(sorted(planned_s), abs=1)
    (analysis,) = result.analyses
    assert [record.call_id for record in analysis.calls] == [call.id for call in plan.calls]


def test_the_bill_is_near_the_estimate_and_never_above_its_highest(workspace, request_of_film):
    plan = workspace.plan(request_of_film)
    result = workspace.analyse(request_of_film)
    assert result.paid_usd <= plan.cost_high
    # The server bills every frame and letter, but not the form of the answer.
    assert float(result.paid_usd) == pytest.approx(float(plan.cost), rel=0.2)
    assert sum(workspace.store.ledger()["cost_usd"]) == result.paid_usd


def test_a_second_run_makes_no_call_and_is_the_same_analysis(workspace, server, request_of_film):
    first = workspace.analyse(request_of_film)
    before = server.received
    plan = workspace.plan(request_of_film)
    assert (plan.kept_calls, plan.cost) == (6, Decimal(0))
    again = workspace.analyse(request_of_film)
    assert server.received == before
    assert (again.calls_made, again.paid_usd) == (0, Decimal(0))
    assert again.analyses == first.analyses


def test_kept_replies_need_no_credentials(workspace, server, request_of_film, monkeypatch):
    workspace.analyse(request_of_film)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    workspace.nova = BedrockNova(endpoint_url=server.url, region="us-east-1")
    assert not workspace.nova.readiness().is_ready
    assert workspace.analyse(request_of_film).failures == ()


def test_chapters_of_all_chunks_lie_on_one_clock(workspace, request_of_film, subjects):
    """The server begins a chapter at every whole minute of the source, and names it."""
    (analysis,) = workspace.analyse(request_of_film).analyses
    starts = [chapter.span.start_s for chapter in analysis.chapters]
    assert starts == pytest.approx([60.0 * minute for minute in range(25)], abs=1.0)
    titles = [chapter.title for chapter in analysis.chapters]
    assert all(subject in title for subject, title in zip(subjects, titles, strict=True))
    ends = [chapter.span.end_s for chapter in analysis.chapters]
    assert ends[:-1] == starts[1:]
    assert ends[-1] == pytest.approx(1500.0, abs=1.0)


def test_words_in_the_prompt_are_on_the_clock_of_the_clip(workspace, server, request_of_film):
    workspace.analyse(request_of_film)
    (second,) = (call.prompt for call in server.calls if "part 2 of 5" in call.prompt)
    # The second clip begins at 4:30; minute 5 is about the manifold.
    (at_s,) = re.findall(r"^\[(\d+)(?: to \d+)?\] Manifold is", second, flags=re.MULTILINE)
    assert int(at_s) == 31


def test_what_was_found_can_be_searched(workspace, request_of_film):
    workspace.analyse(request_of_film)
    best = workspace.search("thermostat", how="words")[0]
    assert best.moment.span.start_s == pytest.approx(18 * 60, abs=1.5)


def test_the_cap_ends_the_run_before_it_is_passed(workspace, server, request_of_film):
    plan = workspace.plan(request_of_film)
    first, second, third = plan.calls[:3]
    # Room for two calls at their expected price, not for a third at its highest.
    cap = first.cost + second.cost + third.cost_high * Decimal("0.9")
    capped = request_of_film.model_copy(update={"max_cost_usd": cap})
    result = workspace.analyse(capped)
    assert result.analyses == ()
    assert result.paid_usd <= cap
    assert 1 <= server.received < 6
    (failure,) = result.failures
    assert "over the cap of" in failure.message
    assert "raise the cap and run again" in failure.hint
    made = server.received
    raised = workspace.analyse(request_of_film)
    assert (raised.calls_made, server.received) == (6 - made, 6)


@pytest.mark.parametrize("room_for", [1, 2, 3, 4])
def test_calls_made_at_once_never_pass_the_cap_together(
    workspace, server, request_of_film, room_for
):
    plan = workspace.plan(request_of_film)
    chunks = [call for call in plan.calls if call.chunk]
    workspace.store.set_limit(RateLimit(plan.model.key, at_once=8))
    server.delay_s = 0.05
    cap = sum(call.cost for call in chunks[: room_for - 1]) + chunks[0].cost_high
    result = workspace.analyse(request_of_film.model_copy(update={"max_cost_usd": cap}))
    billed = [
        cost_of(Usage(call.input_tokens, call.output_tokens), plan.model, plan.route)
        for call in server.calls
    ]
    assert sum(billed) == result.paid_usd <= cap
    assert workspace.store.ledger()["cost_usd"].sum() == result.paid_usd
    # Calls that turn out cheaper than they might have been leave room for others.
    assert server.answered == result.calls_made >= room_for
    assert result.calls_made < 6
    assert [failure.message[:15] for failure in result.failures] == ["stopped before "]


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_model_gets_as_many_calls_at_once_as_its_limit_says(
    workspace, server, request_of_film, at_once
):
    model = workspace.plan(request_of_film).model
    workspace.store.set_limit(RateLimit(model.key, at_once=at_once))

    def answer(received):
        until(lambda: server.most_at_once >= at_once)
        return answer_to(received)

    server.answer = answer
    server.delay_s = 0.1
    assert workspace.analyse(request_of_film).failures == ()
    assert server.most_at_once == at_once


class Stopped(BaseException):
    """The user stopped the job."""


def test_a_stopped_run_waits_for_no_answer_and_makes_no_new_call(
    workspace, server, request_of_film
):
    model = workspace.plan(request_of_film).model
    workspace.store.set_limit(RateLimit(model.key, at_once=2))
    let_go = threading.Event()
    server.answer = lambda received: let_go.wait(60) and answer_to(received)

    def stops(order):
        if order.label.endswith("chunk 2 of 5"):
            until(lambda: server.most_at_once == 1)
            raise Stopped
        return workspace.call(order, job_id="run-1")

    with pytest.raises(Stopped):
        workspace.analyse(request_of_film, execute=stops)
    assert server.received == 0
    let_go.set()
    until(lambda: not workspace.store.calls_in_flight())
    assert server.received == 1
    assert workspace.analyses() == []
    # What was in flight is paid for, and kept.
    assert workspace.analyse(request_of_film).calls_made == 5


def test_the_ledger_knows_the_run_and_the_analysis_of_every_call(workspace, request_of_film):
    (analysis,) = workspace.analyse(request_of_film).analyses
    paid = workspace.store.ledger()
    assert set(paid["analysis_id"]) == {analysis.id}
    assert sorted(paid["cache_key"]) == sorted(call.cache_key for call in analysis.calls)
    (run_id,) = set(paid["job_id"])
    assert run_id.startswith("run-")
    assert workspace.store.spent_usd(run_id) == analysis.cost_usd
    workspace.analyse(request_of_film, job_id="job-2")
    again = workspace.store.ledger().tail(6)
    assert again["was_kept"].all()
    assert set(again["analysis_id"]) == {analysis.id}
    assert set(again["job_id"]) == {"job-2"}
    assert workspace.store.spent_usd("job-2") == 0


def test_a_cap_of_nothing_makes_no_call(workspace, server, request_of_film):
    capped = request_of_film.model_copy(update={"max_cost_usd": Decimal(0)})
    result = workspace.analyse(capped)
    assert (server.received, result.calls_made) == (0, 0)
    assert "stopped before " in result.failures[0].message


@pytest.fixture
def waits(workspace, server) -> list[float]:
    """Seconds that would have been waited between sends; nobody waits."""
    waited: list[float] = []
    workspace.nova = BedrockNova(region="us-east-1", endpoint_url=server.url, sleep=waited.append)
    return waited


def test_a_service_that_asks_to_slow_down_gets_the_call_again(
    workspace, server, request_of_film, waits
):
    server.script(error("ThrottlingException"), error("ThrottlingException", retry_after_s=3))
    result = workspace.analyse(request_of_film)
    assert result.failures == ()
    assert (server.received, server.answered, result.calls_made) == (8, 6, 6)
    assert sum(record.attempts for record in result.analyses[0].calls) == 8
    assert len(waits) == 2
    assert max(waits) >= 3


def test_a_service_that_stays_busy_is_a_failure_and_what_was_answered_is_kept(
    workspace, server, request_of_film, waits
):
    server.script(ANSWER, ANSWER)
    server.always(error("ThrottlingException"))
    result = workspace.analyse(request_of_film)
    assert result.analyses == ()
    assert "long talk.mp4" in result.failures[0].name
    assert result.calls_made == server.answered == 2
    server.always(None)
    again = workspace.analyse(request_of_film)
    assert (again.calls_made, again.failures) == (4, ())
    assert server.answered == 6


def test_an_answer_in_the_wrong_form_is_put_right_by_one_more_round(
    workspace, server, request_of_film
):
    server.script(tool_input({"chapters": "none"}))
    result = workspace.analyse(request_of_film)
    assert result.failures == ()
    assert server.received == 7


def test_a_failed_last_step_does_not_lose_the_parts(workspace, server, request_of_film, waits):
    server.script(*[ANSWER] * 5)
    server.always(error("ValidationException"))
    (analysis,) = workspace.analyse(request_of_film).analyses
    assert len(analysis.chapters) == 25
    assert any("could not be made into one summary" in note for note in analysis.notes)
    server.always(None)
    (whole,) = workspace.analyse(request_of_film).analyses
    assert whole.summary.text == "A recording in 5 parts."
    assert server.answered == 6


def test_an_overview_is_one_call(workspace, server, film):
    request = AnalysisRequest(assets=(str(film),), engine="nova", depth="overview")
    plan = workspace.plan(request)
    assert len(plan.calls) == 1
    assert plan.assets[0].effective_fps < 1
    result = workspace.analyse(request)
    assert (server.received, result.failures) == (1, ())


def test_every_row_of_the_price_table_is_a_plan(workspace, film):
    request = AnalysisRequest(assets=(str(film),), chunk_s=300)
    for option in workspace.prices(request):
        varied = request.model_copy(
            update={"engine": option.engine, "model": option.model, "depth": option.depth}
        )
        plan = workspace.plan(varied)
        assert (option.calls, option.cost_usd) == (len(plan.calls), plan.cost)


def test_after_a_kill_only_unfinished_calls_are_made(film, server, data_dir, process_environment):
    words = ["analyse", str(film), "--engine", "nova", "--chunk-s", "300", "--json"]
    command = [sys.executable, "-m", "workbench", *words]
    server.script(ANSWER, ANSWER)
    server.always(hang())
    running = subprocess.Popen(
        command, env=process_environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        # An answer that nobody has kept yet would die with the process.
        until(lambda: kept(data_dir) == 2, running)
        until(lambda: any(call.outcome == "hang" for call in server.calls), running)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stderr.close()
    assert server.answered == 2
    server.always(None)
    done = subprocess.run(
        command, env=process_environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert server.answered == 6
    assert '"calls_made": 4' in done.stdout


def kept(data_dir: Path) -> int:
    """How many replies are in the call cache."""
    return sum(1 for _ in data_dir.glob("calls/*/*.json"))


def until(is_so, running: subprocess.Popen[bytes] | None = None, timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert running is None or running.poll() is None, running.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_was_paid_for_a_reply_there_is_no_room_for_is_in_the_sum(
    workspace, request_of_film, monkeypatch
):
    def full(*_: object) -> None:
        raise DiskFull("there is no room", hint="free some space")

    monkeypatch.setattr(workspace.cache, "put", full)
    result = workspace.analyse(request_of_film)
    ledger = workspace.store.ledger()
    assert set(ledger["outcome"]) == {"unkept"}
    assert result.paid_usd == sum(ledger["cost_usd"]) > 0
