"""Nova from end to end with service tiers, carried answers, cut answers and a refused account."""

import re
from decimal import Decimal

import pytest

from tests.support.bedrock_control_server import wait_until
from tests.support.bedrock_server import error, stopped
from tests.support.bedrock_steps import billed_at
from tests.support.nova_answers import answer_to
from workbench import AnalysisRequest
from workbench.backends.catalog.pricing import cost_of
from workbench.backends.usage import Usage
from workbench.errors import AccessDenied
from workbench.library.calls.making import circuits
from workbench.library.records import RateLimit

ANSWER = None
CUT = stopped("max_tokens")


def changed(request: AnalysisRequest, **fields: object) -> AnalysisRequest:
    return request.model_copy(update=fields)


def billed(server, plan, tier="standard") -> Decimal:
    """What the server has counted, at the price of a tier."""
    used = sum((Usage(call.input_tokens, call.output_tokens) for call in server.calls), Usage())
    return cost_of(used, plan.model, plan.route, tier)


@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_the_bill_of_a_tier_is_what_the_service_counts_at_its_price(
    workspace, server, request_of_film, tier
):
    plan = workspace.plan(changed(request_of_film, tier=tier))
    result = workspace.run(plan)
    assert {call.tier for call in server.calls} == {tier}
    assert result.paid_usd == billed(server, plan, tier) <= plan.cost_high
    assert workspace.store.ledger()["cost_usd"].sum() == result.paid_usd
    assert result.analyses[0].cost_usd == result.paid_usd


def test_a_call_that_was_served_at_another_tier_is_billed_at_that_one(
    workspace, server, request_of_film
):
    server.script(*[billed_at("default")] * 6)
    plan = workspace.plan(changed(request_of_film, tier="flex"))
    assert workspace.run(plan).paid_usd == billed(server, plan, "standard")
    assert workspace.store.ledger()["cost_usd"].sum() == billed(server, plan, "standard")


def test_a_batch_in_a_run_without_a_worker_ends_before_anything_is_sent(
    workspace, server, request_of_film
):
    result = workspace.analyse(changed(request_of_film, tier="batch"))
    assert server.received == 0
    (failure,) = result.failures
    assert "in a batch" in failure.message
    assert "flex" in failure.hint


def test_chunks_that_carry_are_asked_in_turn_and_keep_their_names(
    workspace, server, request_of_film
):
    asked = changed(request_of_film, carry=True)
    plan = workspace.plan(asked)
    result = workspace.run(plan)
    assert (result.calls_made, result.failures) == (6, ())
    assert server.most_at_once == 1
    assert result.paid_usd <= plan.cost_high
    parts = [re.search(r"part (\d) of 5", call.prompt) for call in server.calls[:5]]
    assert [found.group(1) for found in parts] == list("12345")
    told = [call.prompt.partition("Names in use")[2] for call in server.calls[:5]]
    assert told[0] == ""
    # Said in the second minute only: the others know the name from the first chunk.
    assert all("bearing" in words for words in told[1:])
    again = workspace.plan(asked)
    assert (again.kept_calls, again.cost) == (6, Decimal(0))
    assert workspace.analyse(asked).analyses == result.analyses


def test_a_cut_answer_is_asked_again_in_halves_and_its_bill_is_in_the_ledger(
    workspace, server, request_of_film, subjects
):
    server.script(ANSWER, CUT)
    plan = workspace.plan(request_of_film)
    seen = []
    result = workspace.run(plan, progress=lambda done, total, _: seen.append((done, total)))
    assert result.failures == ()
    (analysis,) = result.analyses
    # Five chunks, one of them as two halves, one call to combine, and the one that was cut.
    assert (server.received, result.calls_made, len(analysis.calls)) == (8, 7, 7)
    assert result.paid_usd == billed(server, plan)
    ledger = workspace.store.ledger()
    assert sorted(ledger["outcome"]) == ["answered"] * 7 + ["refused"]
    assert ledger["cost_usd"].sum() == result.paid_usd
    (note,) = [note for note in analysis.notes if "was cut" in note]
    assert "in 2 pieces" in note
    # One unit for each planned call: what is done of it never goes back nor beyond.
    assert seen[-1] == (8, 8)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    titles = [chapter.title for chapter in analysis.chapters]
    assert all(subject in title for subject, title in zip(subjects, titles, strict=True))
    starts = [chapter.span.start_s for chapter in analysis.chapters]
    assert starts == pytest.approx([60.0 * minute for minute in range(25)], abs=1.0)


def test_a_question_whose_answer_was_cut_is_not_paid_for_again(workspace, server, request_of_film):
    server.script(CUT, error("ValidationException"))
    workspace.store.set_limit(RateLimit("*", at_once=1))
    failed = workspace.analyse(request_of_film)
    assert len(failed.failures) == 1
    assert server.received == 2
    plan = workspace.plan(request_of_film)
    assert [call.label.rpartition(", ")[2] for call in plan.calls[:2]] == [
        "0:00 to 2:30",
        "2:30 to 5:00",
    ]
    assert len(plan.calls) == 7
    result = workspace.run(plan)
    assert (result.calls_made, server.received) == (7, 9)
    assert [record.call_id for record in result.analyses[0].calls] == [c.id for c in plan.calls]
    again = workspace.analyse(request_of_film)
    assert (again.calls_made, again.analyses) == (0, result.analyses)


def test_halves_carry_as_well(workspace, server, request_of_film):
    server.script(ANSWER, CUT)
    result = workspace.analyse(changed(request_of_film, carry=True))
    assert (server.received, result.failures) == (8, ())
    first, second, after = (call.prompt for call in server.calls[2:5])
    assert "0:00 to 5:00: " in first
    assert "5:00 to 7:30: " in second
    assert "7:30 to 10:00: " in after


def test_an_answer_that_stays_cut_ends_at_a_minute(workspace, server, film):
    server.always(CUT)
    request = AnalysisRequest(assets=(str(film),), engine="nova", depth="overview")
    result = workspace.analyse(request)
    # 25 min, then halves of 12:30, 6:15, 3:07 and 1:33: none is asked about in less than a minute.
    assert server.received == 5
    (failure,) = result.failures
    assert "cut" in failure.message
    assert result.paid_usd == billed(server, workspace.plan(request))
    assert workspace.analyse(request).calls_made == 0
    assert server.received == 5


@pytest.mark.parametrize(
    "kind",
    ["AccessDeniedException", "ServiceQuotaExceededException", "ExpiredTokenException"],
)
def test_a_refused_account_ends_the_run_after_one_call(
    workspace, server, request_of_film, film, tmp_path, kind
):
    server.always(error(kind))
    workspace.store.set_limit(RateLimit("*", at_once=1))
    result = workspace.analyse(request_of_film)
    assert server.received == 1
    (failure,) = result.failures
    assert kind in failure.message
    assert failure.hint


def test_what_is_in_flight_when_an_account_is_refused_is_kept(workspace, server, request_of_film):
    workspace.store.set_limit(RateLimit("*", at_once=2))
    run = "run-1"

    def is_told() -> bool:
        try:
            circuits.require_closed(run, "nova")
        except AccessDenied:
            return True
        return False

    def answer(received):
        wait_until(is_told)
        return answer_to(received)

    server.answer = answer
    server.script(ANSWER, error("AccessDeniedException"))
    result = workspace.analyse(request_of_film, job_id=run)
    assert server.received == 2
    assert result.calls_made == server.answered == 1
    server.answer = answer_to
    assert workspace.plan(request_of_film).kept_calls == 1
    assert workspace.analyse(request_of_film).failures == ()
    assert server.received == 7


def test_a_reason_that_stops_many_files_is_told_once(workspace, server, film, capsys, tmp_path):
    from workbench.cli.output import print_failures
    from workbench.media.ffmpeg import run_ffmpeg

    stills = []
    for number in range(3):
        still = tmp_path / f"plate {number}.png"
        colour = f"color=c=0x3355{number}0:size=160x90"
        run_ffmpeg(["-f", "lavfi", "-i", colour, "-frames:v", "1", still])
        stills.append(str(still))
    server.always(error("AccessDeniedException"))
    workspace.store.set_limit(RateLimit("*", at_once=1))
    result = workspace.analyse(AnalysisRequest(assets=tuple(stills), engine="nova"))
    assert len(result.failures) == 3
    assert server.received == 1
    print_failures(result.failures)
    told = capsys.readouterr().err
    assert told.count(result.failures[0].hint) == 1
    assert "plate 0.png, plate 1.png, plate 2.png: " in told
